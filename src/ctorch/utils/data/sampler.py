"""Samplers: the order in which a loader takes samples; random ones draw what PyTorch's draw."""
import itertools
from typing import Generic, TypeVar

import ctorch

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]

_T_co = TypeVar("_T_co", covariant=True)


def _random_seed(generator=None):
    """A seed drawn from a generator, or from the global one."""
    return int(ctorch.empty((), dtype=ctorch.int64).random_(generator=generator).item())


class Sampler(Generic[_T_co]):
    """Base class of samplers; a subclass defines ``__iter__`` over numbers of samples, or over lists of them.

    Examples
    --------
    >>> from ctorch.utils.data import DataLoader, Sampler
    >>> class Backward(Sampler):
    ...     def __iter__(self):
    ...         return iter([2, 1, 0])
    >>> list(DataLoader(["a", "b", "c"], sampler=Backward(), batch_size=None))
    ['c', 'b', 'a']
    """

    def __iter__(self):
        raise NotImplementedError(f"{type(self).__name__} does not define __iter__")


class SequentialSampler(Sampler[int]):
    """All samples in order.

    Parameters
    ----------
    data_source : sized

    Examples
    --------
    >>> from ctorch.utils.data import SequentialSampler
    >>> list(SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source):
        self.data_source = data_source

    def __iter__(self):
        return iter(range(len(self.data_source)))

    def __len__(self):
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Samples in random order.

    Parameters
    ----------
    data_source : sized
    replacement : bool
        Whether a sample may come again.
    num_samples : int, optional
        How many to draw; all by default.
    generator : Generator, optional
        Source of the draws; by default a new one, seeded from the global one.

    Examples
    --------
    >>> from ctorch.utils.data import RandomSampler
    >>> sorted(RandomSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source, replacement=False, num_samples=None, generator=None):
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            raise ValueError(
                f"num_samples should be a positive integer value, but got num_samples={self.num_samples}"
            )

    @property
    def num_samples(self):
        """How many samples are drawn."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self):
        generator = self.generator
        if generator is None:
            generator = ctorch.Generator()
            generator.manual_seed(_random_seed())
        n, wanted = len(self.data_source), self.num_samples
        if self.replacement:
            # Blocks of 32 are part of the stream: another size would draw other numbers.
            for _ in range(wanted // 32):
                yield from ctorch.randint(n, (32,), dtype=ctorch.int64, generator=generator).tolist()
            yield from ctorch.randint(n, (wanted % 32,), dtype=ctorch.int64, generator=generator).tolist()
            return
        for _ in range(wanted // n):
            yield from ctorch.randperm(n, generator=generator).tolist()
        yield from ctorch.randperm(n, generator=generator).tolist()[: wanted % n]

    def __len__(self):
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given numbers in random order.

    Parameters
    ----------
    indices : sequence of int
    generator : Generator, optional

    Examples
    --------
    >>> from ctorch.utils.data import SubsetRandomSampler
    >>> sorted(SubsetRandomSampler([5, 7]))
    [5, 7]
    """

    def __init__(self, indices, generator=None):
        self.indices = indices
        self.generator = generator

    def __iter__(self):
        for i in ctorch.randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[i]

    def __len__(self):
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Numbers drawn with the given weights.

    Parameters
    ----------
    weights : sequence of float
        They need not sum to one.
    num_samples : int
    replacement : bool
        Whether a number may come again.
    generator : Generator, optional

    Examples
    --------
    >>> from ctorch.utils.data import WeightedRandomSampler
    >>> list(WeightedRandomSampler([0.0, 1.0], 3))
    [1, 1, 1]
    """

    def __init__(self, weights, num_samples, replacement=True, generator=None):
        if not isinstance(num_samples, int) or isinstance(num_samples, bool) or num_samples <= 0:
            raise ValueError(
                f"num_samples should be a positive integer value, but got num_samples={num_samples}"
            )
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        weights = ctorch.as_tensor(weights, dtype=ctorch.float64)
        if weights.dim() != 1:
            raise ValueError("weights should be a 1d sequence but given weights have shape "
                             f"{tuple(weights.shape)}")
        self.weights = weights
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self):
        draws = ctorch.multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator)
        return iter(draws.tolist())

    def __len__(self):
        return self.num_samples


class BatchSampler(Sampler[list]):
    """Lists of the numbers that another sampler gives.

    Parameters
    ----------
    sampler : Sampler or iterable of int
    batch_size : int
    drop_last : bool
        Leave out a last list that is shorter.

    Examples
    --------
    >>> from ctorch.utils.data import BatchSampler
    >>> list(BatchSampler(range(5), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler, batch_size, drop_last):
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(
                f"batch_size should be a positive integer value, but got batch_size={batch_size}"
            )
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self):
        numbers = iter(self.sampler)
        while batch := list(itertools.islice(numbers, self.batch_size)):
            if self.drop_last and len(batch) < self.batch_size:
                return
            yield batch

    def __len__(self):
        extra = 0 if self.drop_last else self.batch_size - 1
        return (len(self.sampler) + extra) // self.batch_size

"""Datasets: samples by number, or one after the other."""
import bisect
import itertools
import math
import warnings
from typing import Generic, TypeVar

import ctorch

__all__ = [
    "ChainDataset", "ConcatDataset", "Dataset", "IterableDataset", "StackDataset", "Subset", "TensorDataset",
    "random_split",
]

_T_co = TypeVar("_T_co", covariant=True)


class Dataset(Generic[_T_co]):
    """Base class of datasets whose samples have numbers.

    A subclass defines ``__getitem__`` and mostly ``__len__``. It may define ``__getitems__``, which takes a
    list of numbers and returns a list of samples, where that is faster than one by one.

    Examples
    --------
    >>> import ctorch
    >>> class Squares(ctorch.utils.data.Dataset):
    ...     def __len__(self):
    ...         return 3
    ...
    ...     def __getitem__(self, index):
    ...         return index**2
    >>> list(ctorch.utils.data.DataLoader(Squares(), batch_size=3))
    [tensor([0, 1, 4])]
    """

    def __getitem__(self, index):
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other):
        return ConcatDataset([self, other])


class IterableDataset(Dataset[_T_co]):
    """Base class of datasets that give their samples one after the other, by ``__iter__``.

    Examples
    --------
    >>> import ctorch
    >>> class Countdown(ctorch.utils.data.IterableDataset):
    ...     def __iter__(self):
    ...         return iter([3, 2, 1])
    >>> list(ctorch.utils.data.DataLoader(Countdown(), batch_size=2))
    [tensor([3, 2]), tensor([1])]
    """

    def __add__(self, other):
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple]):
    """Rows of tensors of equal length.

    Parameters
    ----------
    *tensors : Tensor
        Sample ``i`` is the tuple of their rows ``i``.

    Examples
    --------
    >>> import ctorch
    >>> data = ctorch.utils.data.TensorDataset(ctorch.tensor([[1.0], [2.0]]), ctorch.tensor([0, 1]))
    >>> data[1]
    (tensor([2.]), tensor(1))
    """

    def __init__(self, *tensors):
        if any(tensors[0].size(0) != tensor.size(0) for tensor in tensors):
            raise AssertionError("Size mismatch between tensors")
        self.tensors = tensors

    def __getitem__(self, index):
        return tuple(tensor[index] for tensor in self.tensors)

    def __getitems__(self, indices):
        if type(self).__getitem__ is not TensorDataset.__getitem__:
            return [self[index] for index in indices]
        return list(zip(*(batch.unbind(0) for batch in self._batch(indices))))

    def _batch(self, indices):
        """The batch that `default_collate` would make of these rows, or None where it may differ."""
        if type(self).__getitem__ is not TensorDataset.__getitem__:
            return None
        rows = ctorch.tensor(indices, dtype=ctorch.int64)
        return [tensor[rows] for tensor in self.tensors]

    def __len__(self):
        return self.tensors[0].size(0)


class StackDataset(Dataset):
    """Datasets of equal length side by side.

    Parameters
    ----------
    *args, **kwargs : Dataset
        Sample ``i`` is the tuple, or the dictionary, of their samples ``i``.

    Examples
    --------
    >>> from ctorch.utils.data import StackDataset
    >>> StackDataset(image=["a", "b"], label=[0, 1])[1]
    {'image': 'b', 'label': 1}
    """

    def __init__(self, *args, **kwargs):
        if args and kwargs:
            raise ValueError("Supported either ``tuple``- (via ``args``) or``dict``- (via ``kwargs``) like "
                             "input/output, but both types are given.")
        if not args and not kwargs:
            raise ValueError("At least one dataset should be passed")
        self.datasets = args or kwargs
        parts = self._parts()
        self._length = len(parts[0])
        if any(len(dataset) != self._length for dataset in parts):
            raise ValueError("Size mismatch between datasets")

    def _parts(self):
        return list(self.datasets.values() if isinstance(self.datasets, dict) else self.datasets)

    def _sample(self, parts):
        return dict(zip(self.datasets, parts)) if isinstance(self.datasets, dict) else tuple(parts)

    def __getitem__(self, index):
        return self._sample(dataset[index] for dataset in self._parts())

    def __getitems__(self, indices):
        columns = []
        for dataset in self._parts():
            items = _get_items(dataset, indices)
            if len(items) != len(indices):
                raise ValueError("Nested dataset's output size mismatch. "
                                 f"Expected {len(indices)}, got {len(items)}")
            columns.append(items)
        return [self._sample(parts) for parts in zip(*columns)]

    def __len__(self):
        return self._length


class ConcatDataset(Dataset[_T_co]):
    """Datasets one after the other.

    Parameters
    ----------
    datasets : iterable of Dataset

    Examples
    --------
    >>> from ctorch.utils.data import ConcatDataset
    >>> ConcatDataset([["a", "b"], ["c"]])[2]
    'c'
    """

    def __init__(self, datasets):
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset")
        self.cumulative_sizes = self.cumsum(self.datasets)

    @staticmethod
    def cumsum(sequence):
        """Where each dataset ends."""
        return list(itertools.accumulate(map(len, sequence)))

    def __len__(self):
        return self.cumulative_sizes[-1]

    def __getitem__(self, index):
        if index < 0:
            if -index > len(self):
                raise ValueError("absolute value of index should not exceed dataset length")
            index += len(self)
        i = bisect.bisect_right(self.cumulative_sizes, index)
        return self.datasets[i][index - (self.cumulative_sizes[i - 1] if i else 0)]


class ChainDataset(IterableDataset):
    """Iterable datasets one after the other.

    Parameters
    ----------
    datasets : iterable of IterableDataset

    Examples
    --------
    >>> from ctorch.utils.data import ChainDataset, IterableDataset
    >>> class Count(IterableDataset):
    ...     def __iter__(self):
    ...         return iter([1, 2])
    >>> list(ChainDataset([Count(), Count()]))
    [1, 2, 1, 2]
    """

    def __init__(self, datasets):
        self.datasets = datasets

    def __iter__(self):
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError("ChainDataset only supports IterableDataset")
            yield from dataset

    def __len__(self):
        total = 0
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError("ChainDataset only supports IterableDataset")
            total += len(dataset)
        return total


class Subset(Dataset[_T_co]):
    """Some samples of a dataset.

    Parameters
    ----------
    dataset : Dataset
    indices : sequence of int
        Their numbers in `dataset`.

    Examples
    --------
    >>> from ctorch.utils.data import Subset
    >>> list(Subset(["a", "b", "c"], [2, 0]))
    ['c', 'a']
    """

    def __init__(self, dataset, indices):
        self.dataset = dataset
        self.indices = indices
        kind = type(self)
        if kind.__getitem__ is not Subset.__getitem__ and kind.__getitems__ is Subset.__getitems__:
            raise NotImplementedError(
                f"{kind.__name__} overrides __getitem__ but not __getitems__. A subclass of "
                "Subset must override both, for DataLoader uses __getitems__; for instance "
                "return [self[index] for index in indices]"
            )

    def __getitem__(self, index):
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices):
        return _get_items(self.dataset, [self.indices[i] for i in indices])

    def _batch(self, indices):
        """As `TensorDataset._batch`."""
        if type(self).__getitems__ is not Subset.__getitems__ or not hasattr(self.dataset, "_batch"):
            return None
        return self.dataset._batch([self.indices[i] for i in indices])

    def __len__(self):
        return len(self.indices)


def _get_items(dataset, indices):
    """Samples by their numbers, all at once where the dataset can."""
    if callable(getattr(dataset, "__getitems__", None)):
        return dataset.__getitems__(indices)
    return [dataset[index] for index in indices]


def random_split(dataset, lengths, generator=None):
    """Divide a dataset at random.

    Parameters
    ----------
    dataset : Dataset
    lengths : sequence of int or of float
        Lengths of the parts, or fractions that sum to one.
    generator : Generator, optional
        Source of the permutation.

    Returns
    -------
    list of Subset

    Examples
    --------
    >>> from ctorch.utils.data import random_split
    >>> [len(part) for part in random_split(range(10), [0.75, 0.25])]
    [8, 2]
    """
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        lengths = _lengths_of_fractions(len(dataset), lengths)
    if sum(lengths) != len(dataset):
        raise ValueError("Sum of input lengths does not equal the length of the input dataset!")
    indices = ctorch.randperm(sum(lengths), generator=generator).tolist()
    ends = itertools.accumulate(lengths)
    return [Subset(dataset, indices[end - length:end]) for end, length in zip(ends, lengths)]


def _lengths_of_fractions(total, fractions):
    for i, fraction in enumerate(fractions):
        if fraction < 0 or fraction > 1:
            raise ValueError(f"Fraction at index {i} is not between 0 and 1")
    lengths = [math.floor(total * fraction) for fraction in fractions]
    # What rounding down has left goes round.
    for i in range(total - sum(lengths)):
        lengths[i % len(lengths)] += 1
    for i, length in enumerate(lengths):
        if length == 0:
            warnings.warn(f"Length of split at index {i} is 0. This might result in an empty dataset.",
                          stacklevel=3)
    return lengths

"""DataLoader: iterates over a dataset in batches, in the calling process."""
import itertools
import math
import warnings

import ctorch

from .collate import default_collate, default_convert
from .dataset import IterableDataset, _get_items
from .pinning import pin_memory
from .sampler import BatchSampler, RandomSampler, SequentialSampler, _random_seed

__all__ = ["DataLoader", "get_worker_info"]

FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")


def get_worker_info():
    """Return None: samples are loaded by the calling process.

    Examples
    --------
    >>> from ctorch.utils.data import get_worker_info
    >>> get_worker_info() is None
    True
    """
    return None


class _Endless:
    """Stands for the sampler of iterable datasets, which have an order of their own."""

    def __iter__(self):
        return itertools.repeat(None)


class DataLoader:
    """Iterable over the batches of a dataset.

    Parameters
    ----------
    dataset : Dataset or IterableDataset
    batch_size : int or None
        Samples in a batch; None gives single samples.
    shuffle : bool, optional
        New random order in every epoch.
    sampler : Sampler or iterable of int, optional
        Order of the samples, instead of `shuffle`.
    batch_sampler : Sampler or iterable of list, optional
        Batches of numbers of samples, instead of `batch_size`, `shuffle`, `sampler` and `drop_last`.
    num_workers : int
        Processes that load samples; only 0, the calling process, is available.
    collate_fn : callable, optional
        Makes a batch of a list of samples; `default_collate` by default.
    pin_memory : bool
        Put the tensors of each batch into page-locked memory, for `to("cuda", non_blocking=True)`; without a device
        it has no effect.
    drop_last : bool
        Leave out a last batch that is smaller.
    timeout, worker_init_fn, multiprocessing_context, prefetch_factor, persistent_workers, in_order
        For worker processes.
    generator : Generator, optional
        Source of the random order.
    pin_memory_device : str
        Deprecated.

    Examples
    --------
    >>> import ctorch
    >>> from ctorch.utils.data import DataLoader, TensorDataset
    >>> data = TensorDataset(ctorch.arange(3), ctorch.ones(3))
    >>> for x, y in DataLoader(data, batch_size=2):
    ...     print(x, y)
    tensor([0, 1]) tensor([1., 1.])
    tensor([2]) tensor([1.])
    """

    _initialized = False

    def __init__(
        self,
        dataset,
        batch_size=1,
        shuffle=None,
        sampler=None,
        batch_sampler=None,
        num_workers=0,
        collate_fn=None,
        pin_memory=False,
        drop_last=False,
        timeout=0,
        worker_init_fn=None,
        multiprocessing_context=None,
        generator=None,
        *,
        prefetch_factor=None,
        persistent_workers=False,
        pin_memory_device="",
        in_order=True,
    ):
        _check_workers(num_workers, timeout, multiprocessing_context, prefetch_factor, persistent_workers)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        iterable = isinstance(dataset, IterableDataset)
        if iterable:
            _check_iterable(shuffle, sampler, batch_sampler)
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and "
                    "drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError(
                "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
            )
        if sampler is None:
            if iterable:
                sampler = _Endless()
            else:
                sampler = (
                    RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
                )
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.generator = generator
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        self.collate_fn = collate_fn
        self.persistent_workers = persistent_workers
        self._length_asked = None
        self._initialized = True

    def __setattr__(self, name, value):
        if self._initialized and name in FIXED:
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    @property
    def _auto_collation(self):
        return self.batch_sampler is not None

    @property
    def _index_sampler(self):
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __iter__(self):
        return _Iterator(self)

    def __len__(self):
        if not isinstance(self.dataset, IterableDataset):
            return len(self._index_sampler)
        # Such a dataset may report any length: it is noted, to warn where more samples come.
        length = self._length_asked = len(self.dataset)
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else math.ceil(length / self.batch_size)


def _check_workers(num_workers, timeout, multiprocessing_context, prefetch_factor, persistent_workers):
    if num_workers < 0:
        raise ValueError(
            "num_workers option should be non-negative; use num_workers=0 to disable multiprocessing."
        )
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if num_workers > 0:
        raise NotImplementedError(
            f"DataLoader: num_workers={num_workers} is not available; samples are loaded by the "
            "calling process, num_workers=0"
        )
    if prefetch_factor is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing."
            "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
        )
    if persistent_workers:
        raise ValueError("persistent_workers option needs num_workers > 0")
    if multiprocessing_context is not None:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading (num_workers > 0), "
            f"but got num_workers={num_workers}"
        )


def _check_iterable(shuffle, sampler, batch_sampler):
    for name, value in (("shuffle", shuffle or None), ("sampler", sampler), ("batch_sampler", batch_sampler)):
        if value is not None:
            raise ValueError(f"DataLoader with IterableDataset: expected unspecified {name} option, but got "
                             f"{name}={value}")


class _Iterator:
    """One pass over a loader's batches."""

    def __init__(self, loader):
        self._pins = loader.pin_memory and ctorch.cuda.is_available()
        if loader.pin_memory and not self._pins:
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, then device pinned "
                "memory won't be used.",
                stacklevel=3,
            )
        self._loader = loader
        self._collate = loader.collate_fn
        self._indices = iter(loader._index_sampler)
        # Workers would be seeded with it; drawn without them too, for what is drawn later depends on it.
        self._base_seed = _random_seed(loader.generator)
        self._num_yielded = 0
        if isinstance(loader.dataset, IterableDataset):
            self._samples = iter(loader.dataset)
            self._next = self._next_of_iterable
        else:
            self._next = self._next_of_map

    def __iter__(self):
        return self

    def __len__(self):
        return len(self._loader._index_sampler)

    def __next__(self):
        batch = self._next()
        self._num_yielded += 1
        return pin_memory(batch) if self._pins else batch

    def _next_of_map(self):
        index = next(self._indices)
        loader = self._loader
        dataset = loader.dataset
        if not loader._auto_collation:
            return self._collate(dataset[index])
        if self._collate is default_collate and hasattr(dataset, "_batch"):
            # Rows of tensors come as a batch already.
            batch = dataset._batch(index)
            if batch is not None:
                return batch
        return self._collate(_get_items(dataset, index))

    def _next_of_iterable(self):
        index = next(self._indices)
        loader = self._loader
        if not loader._auto_collation:
            data = next(self._samples)
        else:
            data = list(itertools.islice(self._samples, len(index)))
            if not data or (loader.drop_last and len(data) < len(index)):
                raise StopIteration
        asked = loader._length_asked
        if asked is not None and self._num_yielded >= asked:
            warnings.warn(
                f"Length of IterableDataset {loader.dataset} was reported to be {asked}(when accessing "
                f"len(dataloader)), but {self._num_yielded + 1} samples have been fetched. ",
                stacklevel=4,
            )
        return self._collate(data)

    def __getstate__(self):
        raise NotImplementedError("an iterator of a DataLoader cannot be pickled")

"""Batches from samples: equal parts of the samples become one tensor each."""
import copy
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence

import numpy as np

import ctorch

__all__ = ["collate", "default_collate", "default_collate_fn_map", "default_convert"]


def _check_numeric(array):
    if array.dtype.kind in "SUO":
        raise TypeError("default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; "
                        f"found {array.dtype}")


def collate_tensor_fn(batch, *, collate_fn_map=None):
    return ctorch.stack(batch, 0)


def collate_numpy_array_fn(batch, *, collate_fn_map=None):
    _check_numeric(batch[0])
    return collate([ctorch.as_tensor(array) for array in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch, *, collate_fn_map=None):
    return ctorch.as_tensor(np.asarray(batch))


def collate_float_fn(batch, *, collate_fn_map=None):
    return ctorch.tensor(batch, dtype=ctorch.float64)


def collate_int_fn(batch, *, collate_fn_map=None):
    return ctorch.tensor(batch)


def collate_str_fn(batch, *, collate_fn_map=None):
    return batch


default_collate_fn_map = {
    ctorch.Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number, np.object_): collate_numpy_scalar_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}


def collate(batch, *, collate_fn_map=None):
    """Make a batch by the functions that `collate_fn_map` has for the types of the samples' parts.

    Parameters
    ----------
    batch : list
        The samples.
    collate_fn_map : dict
        Functions by type or tuple of types.

    Examples
    --------
    >>> from ctorch.utils.data.collate import collate
    >>> functions = {int: lambda batch, **_: sum(batch), str: lambda batch, **_: batch}
    >>> collate([(1, "a"), (2, "b")], collate_fn_map=functions)
    [3, ('a', 'b')]
    """
    sample = batch[0]
    kind = type(sample)
    if collate_fn_map is not None:
        if kind in collate_fn_map:
            return collate_fn_map[kind](batch, collate_fn_map=collate_fn_map)
        for types, fn in collate_fn_map.items():
            if isinstance(sample, types):
                return fn(batch, collate_fn_map=collate_fn_map)
    if isinstance(sample, Mapping):
        columns = {key: collate([s[key] for s in batch], collate_fn_map=collate_fn_map) for key in sample}
        return _like_mapping(sample, columns)
    if not isinstance(sample, Sequence):
        raise TypeError("default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; "
                        f"found {kind}")
    named = isinstance(sample, tuple) and hasattr(sample, "_fields")
    if not named and any(len(s) != len(sample) for s in batch):
        raise RuntimeError("each element in list of batch should be of equal size")
    columns = [collate(column, collate_fn_map=collate_fn_map) for column in zip(*batch)]
    if named:
        return kind(*columns)
    return columns if isinstance(sample, tuple) else _like_sequence(sample, columns)


def _like_mapping(sample, columns):
    """`columns` in a mapping of the sample's type, with what else the type keeps, where that can be made."""
    try:
        if isinstance(sample, MutableMapping):
            clone = copy.copy(sample)
            clone.update(columns)
            return clone
        return type(sample)(columns)
    except TypeError:
        return columns


def _like_sequence(sample, columns):
    """As `_like_mapping`, for sequences."""
    try:
        if isinstance(sample, MutableSequence):
            clone = copy.copy(sample)
            for i, column in enumerate(columns):
                clone[i] = column
            return clone
        return type(sample)(columns)
    except TypeError:
        return columns


def default_collate(batch):
    """Make a batch: tensors are stacked, numbers become a tensor, tuples and dictionaries go part by part.

    Parameters
    ----------
    batch : list
        Samples of one structure.

    Examples
    --------
    >>> from ctorch.utils.data import default_collate
    >>> default_collate([{"x": 0, "name": "a"}, {"x": 1, "name": "b"}])
    {'x': tensor([0, 1]), 'name': ['a', 'b']}
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)


def default_convert(data):
    """Turn the NumPy arrays and numbers within a sample into tensors; anything else stays.

    Examples
    --------
    >>> import numpy as np
    >>> from ctorch.utils.data import default_convert
    >>> default_convert([np.array([0, 1]), "text"])
    [tensor([0, 1]), 'text']
    """
    if isinstance(data, ctorch.Tensor):
        return data
    if isinstance(data, np.ndarray):
        return data if data.dtype.kind in "SUO" else ctorch.as_tensor(data)
    if isinstance(data, (np.bool_, np.number)):
        return ctorch.as_tensor(data)
    if isinstance(data, Mapping):
        return _like_mapping(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, tuple):
        parts = [default_convert(part) for part in data]
        return type(data)(*parts) if hasattr(data, "_fields") else parts
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _like_sequence(data, [default_convert(part) for part in data])
    return data

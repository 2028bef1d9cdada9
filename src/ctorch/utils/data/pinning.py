"""Batches in page-locked memory, which a device copies while the program goes on."""
from collections.abc import Mapping

import ctorch

__all__ = ["pin_memory"]


def pin_memory(data):
    """Tensors of a batch in page-locked memory, in the same dicts, tuples and lists.

    Parameters
    ----------
    data : object
        Tensors and objects with a `pin_memory` method are pinned, also within mappings and sequences; the rest stays.

    Returns
    -------
    object
        The same with its tensors pinned.

    Examples
    --------
    >>> from ctorch.utils.data.pinning import pin_memory
    >>> pin_memory(["a", 1])
    ['a', 1]
    """
    if isinstance(data, ctorch.Tensor) or hasattr(data, "pin_memory"):
        return data.pin_memory()
    if isinstance(data, str | bytes):
        return data
    if isinstance(data, Mapping):
        pinned = {key: pin_memory(value) for key, value in data.items()}
        return pinned if type(data) is dict else type(data)(pinned)
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(pin_memory(value) for value in data))
    if type(data) in (list, tuple):
        return type(data)(pin_memory(value) for value in data)
    return data

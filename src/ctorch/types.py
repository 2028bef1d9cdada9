"""Types of numbers, devices and sizes, for annotations: PyTorch's module ``torch.types``."""
import builtins
import os
from typing import Any, TypeAlias

from ctorch._core import Tensor
from ctorch._device import device
from ctorch._dtype import dtype as _dtype
from ctorch._size import Size

__all__ = ["Device", "FileLike", "IntLikeType", "Number"]

_TensorOrTensors: TypeAlias = Tensor | tuple[Tensor, ...]
_size: TypeAlias = Size | list[int] | tuple[int, ...]
_dispatchkey: TypeAlias = str
_device: TypeAlias = device
Number: TypeAlias = builtins.int | builtins.float | builtins.bool
Device: TypeAlias = device | str | builtins.int | None
FileLike: TypeAlias = str | os.PathLike[str] | Any
IntLikeType: TypeAlias = builtins.int
DType: TypeAlias = _dtype

"""What the core asks of this package; the other side of ctorch._accelerator."""
import functools
import importlib

import ctorch
from ctorch.cuda import memory
from ctorch.cuda._elementwise import run as elementwise
from ctorch.cuda._indexing import index, index_put, positions
from ctorch.cuda._optimizer import adam, sgd
from ctorch.cuda._random import draw
from ctorch.cuda._reduce import run as reduce
from ctorch.cuda._transfer import copy
from ctorch.cuda.device import index_of as device_index
from ctorch.cuda.pinned import empty as pinned_empty
from ctorch.cuda.pinned import is_pinned, pin

__all__ = ["Block", "adam", "allocate", "copy", "device_index", "draw", "elementwise", "forward", "index",
           "index_put", "is_pinned", "pin", "pinned_empty", "positions", "reduce", "sgd"]

_MODULES = ("copies", "indexing", "losses", "masks", "matrix_functions", "normalizations", "products", "reductions",
            "selection", "windows")
_forwards = {}


class Block:
    """Memory of a device that a storage owns; it goes back to the allocator with this object."""

    __slots__ = ("index", "pointer")

    def __init__(self, index, nbytes):
        self.pointer, self.index = 0, index
        self.pointer = memory.allocate(nbytes, index) if nbytes else 0

    def __del__(self):
        if self.pointer:
            memory.free(self.pointer, self.index)


def allocate(index, nbytes):
    """Memory for a storage."""
    return Block(index, nbytes)


def _unrecorded(function):
    # The row that calls it is what the tape records.
    @functools.wraps(function)
    def call(*args):
        with ctorch.no_grad():
            return function(*args)
    return call


def forward(name):
    """The function that runs a kernel row's forward on the device."""
    if not _forwards:
        for module in _MODULES:
            found = importlib.import_module(f"ctorch.cuda._forward.{module}")
            _forwards.update({n: _unrecorded(f) for n, f in vars(found).items() if n.endswith(("_forward", "_into"))})
    if name not in _forwards:
        row = name.removesuffix("_forward").removesuffix("_into")
        raise NotImplementedError(f"{row}: not implemented for device 'cuda'")
    return _forwards[name]

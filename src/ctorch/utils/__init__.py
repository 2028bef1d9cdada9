"""Helpers around the core: hooks, data loading, checkpoints, pictures of graphs."""
import importlib

from . import _mode_utils, data, hooks
from ._drawing import draw_graph

__all__ = ["_mode_utils", "data", "draw_graph", "hooks"]

_LAZY = ("checkpoint",)                  # modules that import much


def __getattr__(name):
    if name in _LAZY:
        return importlib.import_module(f"ctorch.utils.{name}")
    raise AttributeError(f"module 'ctorch.utils' has no attribute {name!r}")

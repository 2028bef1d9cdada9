"""Helpers around the core: hooks, data loading, checkpoints."""
import importlib

from . import _mode_utils, data, hooks

__all__ = ["_mode_utils", "checkpoint", "data", "hooks"]

_LAZY = ("checkpoint",)                  # modules that import much


def __getattr__(name):
    if name in _LAZY:
        return importlib.import_module(f"ctorch.utils.{name}")
    raise AttributeError(f"module 'ctorch.utils' has no attribute {name!r}")

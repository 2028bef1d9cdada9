"""Helpers around the core: hooks and data loading."""
from . import _mode_utils, data, hooks

__all__ = ["_mode_utils", "data", "hooks"]

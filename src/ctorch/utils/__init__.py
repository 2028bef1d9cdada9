"""Helpers around the core: hooks and data loading."""
from . import hooks

__all__ = ["hooks"]

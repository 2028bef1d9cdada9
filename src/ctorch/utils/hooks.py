"""Handles by which registered hooks are taken away again."""
from .._handles import RemovableHandle

__all__ = ["RemovableHandle"]

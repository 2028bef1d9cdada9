"""Signals: windows."""
from ctorch.signal import windows

__all__ = ["windows"]

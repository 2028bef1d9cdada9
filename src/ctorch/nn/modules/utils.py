"""Helpers that PyTorch keeps beside its layers."""
from .._functional.ntuple import _ntuple, _pair, _quadruple, _single, _triple

__all__ = ["_ntuple", "_pair", "_quadruple", "_single", "_triple"]

"""Transforms of functions: PyTorch's module ``torch.func``."""
from ctorch.func._vmap import vmap

__all__ = ["vmap"]

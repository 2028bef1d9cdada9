"""Transforms of functions: PyTorch's module ``torch.func``."""
from ctorch.func._forward import jacfwd, jvp, linearize
from ctorch.func._vmap import vmap

__all__ = ["jacfwd", "jvp", "linearize", "vmap"]

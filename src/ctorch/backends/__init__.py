"""What the machine that computes can do."""
from ctorch.backends import cpu, cuda

__all__ = ["cpu", "cuda"]

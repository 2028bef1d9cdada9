"""What the machine that computes can do."""
from ctorch.backends import cpu

__all__ = ["cpu"]

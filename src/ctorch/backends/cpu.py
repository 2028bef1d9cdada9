"""The processor."""
from ctorch._kernels._load import get_cpu_capability

__all__ = ["get_cpu_capability"]

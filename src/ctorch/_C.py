"""Names of PyTorch's private module ``torch._C`` that scripts use.

ctorch has no functional transforms at this level, so there is nothing to switch off and the context does nothing.
"""
from ctorch._random import Generator, shared_generator

__all__ = ["Generator", "_DisableFuncTorch", "default_generator"]

default_generator = shared_generator


class _DisableFuncTorch:
    """Does nothing: no transform stands between a call and its operator."""

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return None

"""Names of PyTorch's private module ``torch.utils._mode_utils`` that scripts use.

ctorch has no dispatch modes, so there is nothing to switch off and the context does nothing.
"""
import contextlib

__all__ = ["no_dispatch"]


@contextlib.contextmanager
def no_dispatch():
    """Does nothing: no mode stands between a call and its operator."""
    yield

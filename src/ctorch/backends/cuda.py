"""CUDA: how matrix products are made there. Asking and setting touch no device."""

__all__ = ["matmul", "preferred_blas_library"]

_LIBRARIES = ("default", "cublas", "ctorch")
_preferred = "default"


class _Matmul:
    """Settings of matrix products."""

    __slots__ = ("_allow_tf32",)

    def __init__(self):
        self._allow_tf32 = False

    @property
    def allow_tf32(self):
        """Whether cuBLAS may round the factors of float32 products to 10 bits; False by default."""
        return self._allow_tf32

    @allow_tf32.setter
    def allow_tf32(self, value):
        if not isinstance(value, bool):
            raise RuntimeError(f"allow_tf32 must be a bool, got {type(value).__name__}")
        self._allow_tf32 = value


matmul = _Matmul()


def preferred_blas_library(backend=None):
    """The library that makes matrix products, after it was chosen.

    Parameters
    ----------
    backend : str, optional
        "cublas" insists on it, "ctorch" takes the kernels of this package, "default" cuBLAS where it is present;
        None only asks.

    Returns
    -------
    str
        The choice in force.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.backends.cuda.preferred_blas_library()
    'default'
    """
    global _preferred
    if backend is not None:
        if backend not in _LIBRARIES:
            raise RuntimeError(f"preferred_blas_library: unknown library {backend!r}; there are "
                               f"{', '.join(_LIBRARIES)}")
        _preferred = backend
    return _preferred

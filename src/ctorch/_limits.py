"""Limits of the dtypes: finfo and iinfo."""
from ctorch import _dtype

_TYPES = _dtype.public_names
# bits, mantissa bits, largest exponent
_FLOATS = {"float16": (16, 10, 15), "bfloat16": (16, 7, 127), "float32": (32, 23, 127), "float64": (64, 52, 1023)}


class finfo:
    """Limits of a float dtype.

    See https://docs.pytorch.org/docs/stable/type_info.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.finfo(ctorch.float32).eps
    1.1920928955078125e-07
    """

    def __init__(self, type=None):
        type = _dtype.get_default_dtype() if type is None else type
        type = type.to_real() if type.is_complex else type
        if not type.is_floating_point:
            raise TypeError("torch.finfo() requires a floating point input type. Use torch.iinfo to handle "
                            "'torch.finfo'")
        self.bits, mantissa, exponent = _FLOATS[type.name]
        self.dtype = type.name
        self.eps = 2.0 ** -mantissa
        self.resolution = float(f"1e{-int(mantissa * 0.30103)}")
        self.max = (2.0 - self.eps) * 2.0 ** exponent
        self.min = -self.max
        self.tiny = self.smallest_normal = 2.0 ** (1 - exponent)

    def __repr__(self):
        return (f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
                f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})")


class iinfo:
    """Limits of an integer dtype.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.iinfo(ctorch.int8).max
    127
    """

    def __init__(self, type):
        if type.is_floating_point or type.is_complex:
            raise TypeError("torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.iinfo'")
        if type.name == "bool":
            raise TypeError("torch.bool is not supported by torch.iinfo")
        self.bits = 8 * type.itemsize
        self.dtype = type.name
        self.min = -(1 << (self.bits - 1)) if type.is_signed else 0
        self.max = (1 << (self.bits - 1 if type.is_signed else self.bits)) - 1

    def __repr__(self):
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"

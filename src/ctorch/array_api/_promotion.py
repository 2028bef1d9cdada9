"""The standard's promotion: tensors of any rank weigh the same, and all pairs of integer dtypes but uint64 promote."""
import ctorch
from ctorch._dtype import promote_types

_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def _pairs():
    # Mixed integers that PyTorch does not promote.
    table = {}
    for a in _INTEGERS:
        for b in _INTEGERS:
            x, y = getattr(ctorch, a), getattr(ctorch, b)
            if x.is_signed == y.is_signed:
                table[x, y] = x if x.itemsize >= y.itemsize else y
                continue
            signed, unsigned = (x, y) if x.is_signed else (y, x)
            bits = max(signed.itemsize, 2 * unsigned.itemsize) * 8
            if bits <= 64:
                table[x, y] = getattr(ctorch, f"int{bits}")
    return table


_TABLE = _pairs()


def promoted(a, b):
    """The dtype that two dtypes promote to."""
    if a == b:
        return a
    common = _TABLE.get((a, b))
    if common is not None:
        return common
    if a == ctorch.bool and b.itemsize and not (b.is_floating_point or b.is_complex):
        return b
    if b == ctorch.bool and not (a.is_floating_point or a.is_complex):
        return a
    try:
        return promote_types(a, b)
    except RuntimeError:
        raise TypeError(f"{a} and {b} have no common dtype") from None


def with_scalar(dtype, scalar):
    """The dtype of an operation between a tensor of a dtype and a Python number."""
    if isinstance(scalar, bool):
        return dtype
    if isinstance(scalar, int):
        return ctorch.int64 if dtype == ctorch.bool else dtype
    if isinstance(scalar, float):
        return dtype if dtype.is_floating_point or dtype.is_complex else ctorch.get_default_dtype()
    if dtype.is_complex:
        return dtype
    return (dtype if dtype.is_floating_point else ctorch.get_default_dtype()).to_complex()


def common_dtype(*values):
    """The dtype of an operation between tensors, dtypes and Python numbers."""
    kinds = [v if isinstance(v, ctorch.dtype) else v.dtype for v in values
             if isinstance(v, ctorch.dtype | ctorch.Tensor)]
    if not kinds:
        raise ValueError("at least one tensor or dtype is needed")
    common = kinds[0]
    for kind in kinds[1:]:
        common = promoted(common, kind)
    for v in values:
        if isinstance(v, bool | int | float | complex):
            common = with_scalar(common, v)
        elif not isinstance(v, ctorch.dtype | ctorch.Tensor):
            raise TypeError(f"expected tensors, dtypes and Python numbers, got {type(v).__name__}")
    return common


def together(*values):
    """Tensors and Python numbers as tensors of their common dtype, on one device."""
    first = values[0]
    if all(isinstance(v, ctorch.Tensor) and v.dtype == first.dtype for v in values):
        return values
    common = common_dtype(*values)
    place = next(v.device for v in values if isinstance(v, ctorch.Tensor))
    return tuple(v.to(common) if isinstance(v, ctorch.Tensor) else ctorch.full((), v, dtype=common, device=place)
                 for v in values)

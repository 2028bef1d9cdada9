"""Helps for tests: comparison of tensors with a telling message, and random tensors of any dtype."""
import collections.abc
import math
import warnings

import numpy as np

import ctorch

__all__ = ["assert_close", "make_tensor"]

# rtol and atol per dtype; exact dtypes compare exactly.
_TOLERANCES = {
    "float16": (1e-3, 1e-5), "bfloat16": (1.6e-2, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5), "complex128": (1e-7, 1e-7),
}
_NUMBERS = {bool: "bool", int: "int64", float: "float64", complex: "complex128"}


def assert_close(actual, expected, *, allow_subclasses=True, rtol=None, atol=None, equal_nan=False,
                 check_device=True, check_dtype=True, check_layout=True, check_stride=False, msg=None):
    """Raise AssertionError where two tensors, numbers or containers of them differ too much.

    Values are close where ``|actual - expected| <= atol + rtol * |expected|``.
    See https://docs.pytorch.org/docs/stable/testing.html#torch.testing.assert_close

    Parameters
    ----------
    actual, expected : Tensor, ndarray, number, None, or sequence or mapping of them
        What to compare. Containers are compared item by item.
    allow_subclasses : bool
        Whether a subclass may be compared with its base class.
    rtol, atol : float, optional
        Tolerances, given together; by default those of the dtype, the larger of two.
    equal_nan : bool
        Take two NaN as equal.
    check_device, check_dtype, check_layout, check_stride : bool
        Whether these must be the same too.
    msg : str or callable, optional
        Message in place of the usual one, or a function that makes it of the usual one.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.tensor([1., 2.])
    >>> ctorch.testing.assert_close(x, x + 1e-7)
    """
    if (rtol is None) != (atol is None):
        missing = "atol" if atol is None else "rtol"
        raise ValueError(f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}.")
    checks = {"device": check_device, "dtype": check_dtype, "layout": check_layout, "stride": check_stride}
    tolerances = None if rtol is None else (rtol, atol)
    try:
        _compare(actual, expected, "", allow_subclasses, tolerances, equal_nan, checks)
    except AssertionError as error:
        if msg is None:
            raise
        raise AssertionError(msg(str(error)) if callable(msg) else msg) from None


# ---- walking through containers

def _compare(actual, expected, path, allow_subclasses, tolerances, equal_nan, checks):
    options = (allow_subclasses, tolerances, equal_nan, checks)
    if _both(actual, expected, collections.abc.Mapping):
        _check_keys(actual, expected, path)
        for key in actual:
            _compare(actual[key], expected[key], f"{path}[{key!r}]", *options)
    elif _both(actual, expected, collections.abc.Sequence) and not isinstance(actual, str | bytes):
        if len(actual) != len(expected):
            _fail(f"The length of the sequences mismatch: {len(actual)} != {len(expected)}", path)
        for i, (a, b) in enumerate(zip(actual, expected)):
            _compare(a, b, f"{path}[{i}]", *options)
    elif actual is None or expected is None:
        if actual is not expected:
            _fail(f"None mismatch: {actual} is not {expected}", path)
    elif _is_number(actual) and _is_number(expected):
        _compare_numbers(_plain(actual), _plain(expected), path, tolerances, equal_nan, checks)
    elif _are_tensors(actual, expected, allow_subclasses):
        _compare_tensors(_as_tensor(actual), _as_tensor(expected), path, tolerances, equal_nan, checks)
    else:
        raise TypeError(f"No comparison pair was able to handle inputs of type {type(actual)} and "
                        f"{type(expected)}.{_where(path)}")


def _both(a, b, kind):
    return isinstance(a, kind) and isinstance(b, kind)


def _where(path):
    return f"\n\nThe failure occurred for item {path}" if path else ""


def _fail(message, path):
    raise AssertionError(message + _where(path))


def _check_keys(actual, expected, path):
    missing = [key for key in expected if key not in actual]
    additional = [key for key in actual if key not in expected]
    if missing or additional:
        _fail("The keys of the mappings do not match:\n"
              f"Missing keys in the actual mapping: {sorted(missing, key=repr)}\n"
              f"Additional keys in the actual mapping: {sorted(additional, key=repr)}", path)


def _are_tensors(a, b, allow_subclasses):
    for x in (a, b):
        if not isinstance(x, ctorch.Tensor) and not (isinstance(x, np.ndarray) and x.dtype.kind in "biufcV"):
            return False
    if allow_subclasses:
        return isinstance(a, type(b)) or isinstance(b, type(a))
    return type(a) is type(b)


def _as_tensor(x):
    return x.detach() if isinstance(x, ctorch.Tensor) else ctorch.from_numpy(x)


def _is_number(x):
    return isinstance(x, bool | int | float | complex | np.generic)


def _plain(x):
    return x.item() if isinstance(x, np.generic) else x


# ---- leaves

def _defaults(*names):
    pairs = [_TOLERANCES.get(name, (0.0, 0.0)) for name in names]
    return max(p[0] for p in pairs), max(p[1] for p in pairs)


def _compare_numbers(actual, expected, path, tolerances, equal_nan, checks):
    if checks["dtype"] and type(actual) is not type(expected):
        _fail(f"The (d)types do not match: {type(actual)} != {type(expected)}.", path)
    if _both(actual, expected, bool):
        if actual is not expected:
            _fail(f"Booleans mismatch: {actual} is not {expected}", path)
        return
    rtol, atol = tolerances or _defaults(*[_NUMBERS[type(x)] for x in (actual, expected)])
    if not _close(np.asarray(actual), np.asarray(expected), rtol, atol, equal_nan):
        distance = abs(actual - expected)
        relative = distance / abs(expected) if expected else math.inf
        _fail(_scalar_message(actual, expected, distance, relative, rtol, atol), path)


def _compare_tensors(actual, expected, path, tolerances, equal_nan, checks):
    attributes = {"shape": True, **checks}
    for name, wanted in attributes.items():
        a, b = (x.stride() if name == "stride" else getattr(x, name) for x in (actual, expected))
        if wanted and a != b:
            shown = "stride()" if name == "stride" else name
            _fail(f"The values for attribute '{shown}' do not match: {a} != {b}.", path)
    rtol, atol = tolerances or _defaults(actual.dtype.name, expected.dtype.name)
    common = _common_dtype(actual.dtype, expected.dtype)
    a, e = _array(actual, common), _array(expected, common)
    close = _close(a, e, rtol, atol, equal_nan)
    if close.all():
        return
    distance, relative = (_rounded(v, common) for v in _differences(a, e, close))
    if not a.ndim:
        _fail(_scalar_message(a.item(), e.item(), distance.item(), relative.item(), rtol, atol), path)
    exact = rtol == atol == 0
    wrong = int(close.size - close.sum())
    lines = [f"Tensor-likes are not {'equal' if exact else 'close'}!", "",
             f"Mismatched elements: {wrong} / {close.size} ({wrong / close.size:.1%})"]
    for kind, values, allowed in (("absolute", distance, atol), ("relative", relative, rtol)):
        index = tuple(int(i) for i in np.unravel_index(values.argmax(), values.shape))
        limit = "" if exact else f" (up to {allowed} allowed)"
        lines.append(f"Greatest {kind} difference: {values[index].item()} at index {index}{limit}")
    _fail("\n".join(lines), path)


def _common_dtype(a, b):
    if a == b and (a.is_floating_point or a.is_complex or a == ctorch.uint64):
        return a
    if a.is_floating_point or a.is_complex or b.is_floating_point or b.is_complex:
        return ctorch.promote_types(a, b)
    return ctorch.int64                        # so that differences do not wrap around


def _array(x, dtype):
    # NumPy has no bfloat16.
    x = x.to(dtype)
    return (x.float() if dtype == ctorch.bfloat16 else x).cpu().numpy()


def _rounded(values, dtype):
    if dtype != ctorch.bfloat16:
        return values
    return np.asarray(ctorch.from_numpy(np.asarray(values)).to(dtype).float().numpy())


def _same_type(a, e):
    common = np.int64 if a.dtype == e.dtype == np.bool_ else np.result_type(a, e)
    return a.astype(common, copy=False), e.astype(common, copy=False)


def _distance(a, e):
    if a.dtype.kind == "u":       # the difference of unsigned integers would wrap around
        return np.where(a > e, a - e, e - a)
    return np.abs(a - e)


def _close(a, e, rtol, atol, equal_nan):
    a, e = _same_type(a, e)
    with np.errstate(all="ignore"):
        close = a == e
        if rtol or atol:
            distance = _distance(a, e)
            close |= np.isfinite(distance) & (distance <= atol + rtol * np.abs(e))
        if equal_nan:
            close |= np.isnan(a) & np.isnan(e)
    return close


def _differences(a, e, close):
    # Where the values are close enough, no difference is shown.
    with np.errstate(all="ignore"):
        distance = np.asarray(np.where(close, 0, _distance(a, e)))
        size = np.abs(e)
        if a.dtype.kind in "iu":
            relative = distance.astype(np.float32) / size.astype(np.float32)
        else:
            relative = distance / size
        return distance, np.asarray(np.where(close, relative.dtype.type(0), relative))


def _scalar_message(actual, expected, distance, relative, rtol, atol):
    exact = rtol == atol == 0
    lines = [f"Scalars are not {'equal' if exact else 'close'}!", "",
             f"Expected {expected} but got {actual}."]
    for kind, value, allowed in (("Absolute", distance, atol), ("Relative", relative, rtol)):
        lines.append(f"{kind} difference: {value}" + ("" if exact else f" (up to {allowed} allowed)"))
    return "\n".join(lines)


# ---- random tensors

def make_tensor(*shape, dtype, device="cpu", low=None, high=None, requires_grad=False, noncontiguous=False,
                exclude_zero=False, memory_format=None):
    """A tensor of random values of any dtype, equally distributed over ``[low, high)``.

    See https://docs.pytorch.org/docs/stable/testing.html#torch.testing.make_tensor

    Parameters
    ----------
    *shape : int or sequence of int
        Shape of the tensor.
    dtype : dtype
        Its dtype.
    device : device or str
        Its device.
    low, high : float, optional
        Range of the values; by default -9 to 9, within what the dtype holds.
    requires_grad : bool
        Record operations on it.
    noncontiguous : bool
        Leave gaps in memory, where there is more than one element.
    exclude_zero : bool
        Replace zeros by the smallest positive number.
    memory_format : memory_format, optional
        Order of the elements in memory; not together with `noncontiguous`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.testing.make_tensor(2, 3, dtype=ctorch.int8).shape
    torch.Size([2, 3])
    """
    if noncontiguous and memory_format is not None:
        raise ValueError("The parameters `noncontiguous` and `memory_format` are mutually exclusive, but got "
                         f"{noncontiguous=} and {memory_format=}")
    if len(shape) == 1 and isinstance(shape[0], collections.abc.Sequence):
        shape = shape[0]
    shape = tuple(shape)
    exact = not (dtype.is_floating_point or dtype.is_complex)
    if requires_grad and exact:
        raise ValueError("`requires_grad=True` is not supported for boolean and integral dtypes, but got "
                         f"dtype={dtype}")
    low, high = _bounds(dtype, low, high, exact)
    x = _random(shape, dtype, low, high, exact).to(device)
    if exclude_zero:
        x[x == 0] = 1 if exact else _limits(dtype)[2]
    if noncontiguous and math.prod(shape) > 1:
        spaced = ctorch.empty((*shape[:-1], 2 * shape[-1]), dtype=dtype, device=device)[..., ::2]
        x = spaced.copy_(x)
    if memory_format is not None:
        x = x.clone(memory_format=memory_format)
    return x.requires_grad_() if requires_grad else x


def _limits(dtype):
    # Least and greatest value, and the smallest positive one.
    if dtype == ctorch.bool:
        return 0, 2, 1
    if dtype == ctorch.bfloat16:
        return -3.3895313892515355e38, 3.3895313892515355e38, 2.0**-126
    kind = dtype.to_real().name if dtype.is_complex else dtype.name
    if not (dtype.is_floating_point or dtype.is_complex):
        info = np.iinfo(kind)
        return info.min, info.max + 1, 1
    info = np.finfo(kind)
    return float(info.min), float(info.max), float(info.tiny)


def _bounds(dtype, low, high, exact):
    least, greatest, _ = _limits(dtype)
    low = (max(least, -9) if low is None else low)
    high = (min(greatest, 10 if exact else 9) if high is None else high)
    if math.isnan(low) or math.isnan(high):
        raise ValueError(f"`low` and `high` cannot be NaN, but got {low=} and {high=}")
    if low == high and not exact:
        warnings.warn("make_tensor: low == high; use ctorch.full for a constant tensor", FutureWarning,
                      stacklevel=3)
    elif low >= high:
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    if high < least or low >= greatest:
        raise ValueError(f"The value interval specified by `low` and `high` is [{low}, {high}), but {dtype} "
                         f"only supports [{least}, {greatest})")
    low, high = max(low, least), min(high, greatest)
    return (math.ceil(low), math.ceil(high)) if exact else (low, high)


def _random(shape, dtype, low, high, exact):
    if exact:
        return ctorch.randint(low, high, shape, dtype=dtype)
    if dtype.is_complex:
        parts = _random((*shape, 2), dtype.to_real(), low, high, False)
        return parts.view(dtype).reshape(shape)
    x = ctorch.empty(shape, dtype=dtype)
    if high - low >= _limits(dtype)[1]:      # the width itself would overflow
        return x.uniform_(low / 2, high / 2).mul_(2)
    return x.uniform_(low, high)

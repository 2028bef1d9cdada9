"""What NumPy's functions do with tensors.

Universal functions calculate in NumPy, by its promotion, and give tensors, as PyTorch's do; only where a number of
NumPy's meets a tensor the tensor's own operator is taken, since that number is weak in PyTorch. Other functions
return what NumPy makes of the tensors' arrays. Nothing is copied from a device, and tensors in a graph are refused.
"""
import numpy as np

import ctorch
from ctorch import _dlpack, _dtype, _factories

# Operators whose tensor method answers where the other operand is a NumPy number.
_OPERATORS = {
    np.add: "add", np.subtract: "sub", np.multiply: "mul", np.true_divide: "truediv", np.floor_divide: "floordiv",
    np.remainder: "mod", np.power: "pow", np.bitwise_and: "and", np.bitwise_or: "or", np.bitwise_xor: "xor",
    np.left_shift: "lshift", np.right_shift: "rshift",
}
_MIRRORED = {np.equal: ("__eq__", "__eq__"), np.not_equal: ("__ne__", "__ne__"), np.less: ("__lt__", "__gt__"),
             np.less_equal: ("__le__", "__ge__"), np.greater: ("__gt__", "__lt__"),
             np.greater_equal: ("__ge__", "__le__")}
_METHODS = _MIRRORED | {ufunc: (f"__{name}__", f"__r{name}__") for ufunc, name in _OPERATORS.items()}

# Functions that NumPy passes on to methods of the same name, whose keywords are not PyTorch's.
_OF_ARRAYS = {np.all, np.any, np.amax, np.amin, np.argmax, np.argmin, np.argsort, np.clip, np.cumprod, np.cumsum,
              np.max, np.mean, np.min, np.prod, np.std, np.sum, np.var, np.repeat, np.take, np.trace, np.diagonal,
              np.round, np.size, np.swapaxes, np.transpose, np.reshape, np.squeeze}
# of these the results are plain numbers
_PLAIN = {np.size}


def array_of(x, dtype, copy):
    """What ``Tensor.__array__`` returns, by the rules of NumPy 2."""
    array = _bfloat16_array(x) if x.dtype == ctorch.bfloat16 else x.numpy()
    if dtype is not None and np.dtype(dtype) != array.dtype:
        if copy is False:
            raise ValueError("Unable to avoid copy while creating an array as requested: the dtype differs.")
        return array.astype(dtype)
    return array.copy() if copy else array


def _bfloat16_array(x):
    try:
        import ml_dtypes
    except ImportError:
        raise TypeError("Got unsupported ScalarType BFloat16: NumPy has it with the package ml_dtypes; "
                        "Tensor.float() is a way without") from None
    if x.is_cuda:
        return x.numpy()                       # raises
    return x.detach().view(ctorch.int16).numpy().view(ml_dtypes.bfloat16)


def wrapped(result):
    """Arrays as tensors over their memory; NumPy's numbers as tensors without dimensions."""
    if isinstance(result, tuple):
        return tuple(wrapped(r) for r in result)
    if isinstance(result, ctorch.Tensor) or not isinstance(result, np.ndarray | np.generic):
        return result
    array = np.asarray(result)
    return _factories.from_numpy(array) if array.dtype.name in _dtype.public_names else result


def _array(x):
    if isinstance(x, ctorch.Tensor):
        return x.__array__()
    if type(x) in (list, tuple):
        return type(x)(_array(v) for v in x)
    return x


def call_ufunc(ufunc, method, inputs, kwargs):
    """What ``Tensor.__array_ufunc__`` returns."""
    if method == "__call__" and len(inputs) == 2 and not kwargs and ufunc in _METHODS:
        a, b = inputs
        straight, mirrored = _METHODS[ufunc]
        if isinstance(a, np.generic) and isinstance(b, ctorch.Tensor):
            return getattr(b, mirrored)(a)
        if isinstance(b, np.generic) and isinstance(a, ctorch.Tensor):
            return getattr(a, straight)(b)
    if any(isinstance(x, _others()) for x in inputs):
        return NotImplemented
    out = kwargs.pop("out", None)
    if out is not None:
        kwargs["out"] = tuple(_written(x) for x in out)
    result = getattr(ufunc, method)(*[_array(x) for x in inputs], **{k: _array(v) for k, v in kwargs.items()})
    if method == "at":
        _changed(inputs[0])
        return None
    if out is None:
        return wrapped(result)
    results = result if isinstance(result, tuple) else (result,)
    given = tuple(wrapped(r) if o is None else o for o, r in zip(out, results))
    for x in out:
        _changed(x)
    return given if isinstance(result, tuple) else given[0]


def _others():
    # Types that know better than a tensor what a ufunc of both is.
    import sys
    pandas = sys.modules.get("pandas")
    return (pandas.Series, pandas.DataFrame, pandas.Index) if pandas is not None else ()


def _written(x):
    if not isinstance(x, ctorch.Tensor):
        return x
    if x.requires_grad and not x.is_leaf:
        raise RuntimeError("out=: a tensor that is part of a graph cannot be written by NumPy")
    return x.__array__()


def _changed(x):
    # The values are NumPy's now: graphs that saved the tensor must know of it.
    if isinstance(x, ctorch.Tensor):
        _dlpack.mark_changed(x)


def call_function(func, args, kwargs):
    """What ``Tensor.__array_function__`` returns."""
    if func in _OF_ARRAYS:
        out = kwargs.get("out")
        result = func(*[_array(x) for x in args], **{k: _array(v) for k, v in kwargs.items()})
        if out is not None:
            _changed(out)
            return out
        return result if func in _PLAIN else wrapped(result)
    try:
        return func._implementation(*args, **kwargs)
    except (AttributeError, TypeError):        # it called a method as arrays have it
        return wrapped(func(*[_array(x) for x in args], **{k: _array(v) for k, v in kwargs.items()}))

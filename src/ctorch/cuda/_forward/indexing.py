"""Operators that take elements from places along a dimension on CUDA, and put them there."""
import ctorch
from ctorch.cuda import _indexing
from ctorch.cuda._forward.common import (
    WORDS,
    dense,
    empty,
    first_outside,
    index_of,
    number_like,
    numel,
    unsupported,
    zeros,
)
from ctorch.cuda.launch import Kernel, blocks_for

_DIMS = 16                           # PLACES_DIMS of kernels/places.cuh
_PLACES = "3q16q16q"
_gather = Kernel("gather", "ct_gather", "PPP" + _PLACES)
_scatter_add = Kernel("index", "ct_scatter_add", "PPP" + _PLACES)


def launch_gather(index, itemsize, x, numbers, y, places):
    """y[i] = x[place of numbers[i]]; `places` is the tuple of struct Places."""
    if places[0]:
        _gather(index, WORDS[itemsize], (blocks_for(places[0]),), (256,), x, numbers, y, *places)


def launch_scatter_add(index, dtype, g, numbers, out, places):
    """out[place of numbers[i]] += g[i]"""
    if places[0]:
        _scatter_add(index, dtype, (blocks_for(places[0]),), (256,), g, numbers, out, *places)


def _check_index(shape, dim, index, op):
    if index.dtype not in (ctorch.int64, ctorch.int32):
        raise RuntimeError(f"{op}(): Expected dtype int32/int64 for index")
    if len(index.shape) != len(shape) and not (len(index.shape) <= 1 and len(shape) <= 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    if len(shape) > _DIMS:
        raise NotImplementedError(f"{op}: not implemented for device 'cuda' and {len(shape)} dimensions, at most "
                                  f"{_DIMS}")
    for i, (given, size) in enumerate(zip(index.shape, shape)):
        if len(shape) == len(index.shape) and i != dim and given > size:
            raise RuntimeError(f"Size does not match at dimension {i} expected index {list(index.shape)} to be no "
                               f"larger than self {list(shape)} apart from dimension {dim}")


def _numbers(shape, dim, index):
    """The index as dense int64, checked."""
    numbers, size = dense(index, ctorch.int64), shape[dim] if len(shape) else 1
    bad = first_outside(numbers, size)
    if bad is not None:
        raise RuntimeError(f"index {bad} is out of bounds for dimension {dim} with size {size}")
    return numbers


def _places(shape, dim, index_shape):
    """struct Places for a contiguous tensor of `shape`."""
    shape, sizes = tuple(shape) or (1,), tuple(index_shape) or (1,)
    strides = [1] * len(shape)
    for d in range(len(shape) - 2, -1, -1):
        strides[d] = strides[d + 1] * shape[d + 1]
    rest = [1] * (_DIMS - len(sizes))
    return (numel(sizes), len(sizes), dim, *sizes, *rest, *strides, *rest)


def gather_forward(x, dim, index, sparse_grad=False):
    if numel(index.shape) == 0:
        return empty(index.shape, x.dtype, x.device)
    _check_index(x.shape, dim, index, "gather")
    numbers, a, y = _numbers(x.shape, dim, index), dense(x), empty(index.shape, x.dtype, x.device)
    launch_gather(index_of(x), x.dtype.itemsize, a.data_ptr(), numbers.data_ptr(), y.data_ptr(),
                  _places(x.shape, dim, index.shape))
    return y


def scatter_add_forward(grad, dim, index, shape):
    """Zeros of `shape` with grad added at the places that gather would read."""
    shape = tuple(shape)
    dtype = ctorch.float32 if grad.dtype.name in ("float16", "bfloat16") else grad.dtype
    if dtype.name not in ("float32", "float64", "int32", "int64"):
        raise unsupported("scatter_add", grad)
    out = zeros(shape, dtype, grad.device)
    if numel(index.shape) == 0:
        return out if dtype == grad.dtype else out.to(grad.dtype)
    _check_index(shape, dim, index, "scatter_add")
    numbers, g = _numbers(shape, dim, index), dense(grad, dtype)
    launch_scatter_add(index_of(grad), dtype.name, g.data_ptr(), numbers.data_ptr(), out.data_ptr(),
                       _places(shape, dim, index.shape))
    return out if dtype == grad.dtype else out.to(grad.dtype)


# ---- slices

def index_select_forward(x, dim, index):
    """The slices of one dimension that an index names."""
    if index.dim() > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if index.dtype not in (ctorch.int64, ctorch.int32):
        raise RuntimeError(f"index_select(): Expected dtype int32 or int64 for index but got: {index.dtype}")
    numbers = index.to(ctorch.int64).reshape(-1)
    if x.dim() == 0:
        return _indexing.index(x.reshape(1), [(0, numbers)]).reshape(())
    return _indexing.index(x, [(dim, numbers)])


def index_embed_forward(grad, dim, index, shape):
    """Zeros of `shape` with grad added at the slices that index_select would read."""
    out = zeros(tuple(shape), grad.dtype, grad.device)
    wide = out.reshape(1) if out.dim() == 0 else out
    _indexing.index_put(wide, [(dim, index.to(ctorch.int64).reshape(-1))], grad.reshape(1) if grad.dim() == 0 else grad,
                        True)
    return out


# ---- a copy of x, changed at places along a dimension

def _changed(x, dim, index, source, add, op):
    """x with the elements of `source` put at the places that gather would read."""
    if index.numel() == 0:
        return x.clone()
    _check_index(source.shape, -1, index, op)
    _check_index(x.shape, dim, index, op)
    y, index = _wide(x.clone()), _wide(index.to(ctorch.int64))
    source = _wide(source)[tuple(slice(size) for size in index.shape)]
    grids = [index if d == dim else _along(d, size, index) for d, size in enumerate(index.shape)]
    _indexing.index_put(y, list(enumerate(grids)), source, add)
    return y.reshape(x.shape)


def _wide(x):
    return x.reshape(1) if x.dim() == 0 else x


def _along(dim, size, like):
    """0 .. size - 1 along one dimension of a tensor."""
    shape = [1] * like.dim()
    shape[dim] = size
    return ctorch.arange(size, device=like.device).reshape(shape)


def scatter_src_into(x, dim, index, src):
    return _changed(x, dim, index, src, False, "scatter")


def scatter_value_into(x, dim, index, value):
    return _changed(x, dim, index, number_like(value, x).reshape(()).expand(index.shape), False, "scatter")


def scatter_add_into(x, dim, index, src):
    return _changed(x, dim, index, src, True, "scatter_add")


# ---- a copy of x, changed in the slices that an index names

def _slices_changed(x, dim, index, source, add, op):
    if index.dim() > 1:
        raise IndexError(f"{op}(): Index is supposed to be a vector, but got dim: {index.dim()}")
    y = _wide(x.clone())
    _indexing.index_put(y, [(dim, index.to(ctorch.int64).reshape(-1))], _wide(source), add)
    return y.reshape(x.shape)


def index_add_into(x, dim, index, source, alpha):
    return _slices_changed(x, dim, index, source if alpha == 1 else source * alpha, True, "index_add")


def index_copy_into(x, dim, index, source):
    return _slices_changed(x, dim, index, source, False, "index_copy")


def index_fill_into(x, dim, index, value):
    return _slices_changed(x, dim, index, number_like(value, x).reshape(()), False, "index_fill")


# ---- places in the flattened tensor

def take_forward(x, index):
    return _indexing.index(x.reshape(-1), [(0, _wide(index))]).reshape(index.shape)


def put_into(x, index, source, accumulate):
    flat = x.clone().reshape(-1)
    _indexing.index_put(flat, [(0, index.reshape(-1))], source.reshape(-1), accumulate)
    return flat.reshape(x.shape)

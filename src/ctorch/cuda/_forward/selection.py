"""Operators that choose elements on CUDA: gather, scatter_add, embedding, the place of an extremum."""
import ctorch
from ctorch.cuda import _indexing
from ctorch.cuda._forward.common import (
    around,
    dense,
    empty,
    first_outside,
    float_name,
    index_of,
    numel,
    team_for,
    unsupported,
    zeros,
)
from ctorch.cuda.launch import Kernel, blocks_for

_DIMS = 16                           # PLACES_DIMS of kernels/places.cuh
_PLACES = "3q16q16q"
_gather = Kernel("gather", "ct_gather", "PPP" + _PLACES)
_gather_rows = Kernel("gather", "ct_gather_rows", "PPPqq")
_scatter_add = Kernel("index", "ct_scatter_add", "PPP" + _PLACES)
_embedding_backward = Kernel("index", "ct_embedding_backward", "PPPqqq")
_extremum = Kernel("index", "ct_extremum", "PPPqqqii")
_WORDS = {1: "uint8", 2: "uint16", 4: "uint32", 8: "uint64", 16: "complex128"}       # by size, whatever they mean


def launch_gather(index, itemsize, x, numbers, y, places):
    """y[i] = x[place of numbers[i]]; `places` is the tuple of struct Places."""
    if places[0]:
        _gather(index, _WORDS[itemsize], (blocks_for(places[0]),), (256,), x, numbers, y, *places)


def launch_scatter_add(index, dtype, g, numbers, out, places):
    """out[place of numbers[i]] += g[i]"""
    if places[0]:
        _scatter_add(index, dtype, (blocks_for(places[0]),), (256,), g, numbers, out, *places)


def launch_gather_rows(index, row_bytes, table, numbers, to, count):
    """Row i of `to` is row numbers[i] of the table."""
    if count * row_bytes:
        word = next(size for size in (16, 8, 4, 2, 1) if row_bytes % size == 0)
        width = row_bytes // word
        _gather_rows(index, _WORDS[word], (blocks_for(count * width),), (256,), table, numbers, to, count, width)


def launch_embedding_backward(index, dtype, gy, numbers, gw, count, width, padding_idx):
    """gw[numbers[i]] += gy[i]"""
    if count * width:
        _embedding_backward(index, dtype, (blocks_for(count * width),), (256,), gy, numbers, gw, count, width,
                            padding_idx)


def launch_extremum(index, dtype, x, values, places, sizes, largest):
    """Values and places of the extrema of raw memory along the middle of (outer, n, inner)."""
    outer, n, inner = sizes
    if outer * inner:
        team, grid, block = team_for(outer * inner, n, inner)
        _extremum(index, dtype, grid, block, x, values, places, outer, n, inner, largest, team)


# ---- gather

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


# ---- embedding

def embedding_forward(weight, indices, padding_idx):
    if len(weight.shape) != 2:
        raise RuntimeError(f"'weight' must be 2-D, got {list(weight.shape)}")
    if indices.dtype not in (ctorch.int64, ctorch.int32):
        raise RuntimeError("Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, "
                           f"Int; but got {indices.dtype} instead (while checking arguments for embedding)")
    w, numbers = dense(weight), dense(indices, ctorch.int64)
    bad = first_outside(numbers, weight.shape[0])
    if bad is not None:
        raise IndexError(f"index out of range in self: embedding: index {bad} is not below {weight.shape[0]}")
    y = empty((*indices.shape, weight.shape[1]), weight.dtype, weight.device)
    launch_gather_rows(index_of(weight), weight.shape[1] * weight.dtype.itemsize, w.data_ptr(), numbers.data_ptr(),
                       y.data_ptr(), numel(indices.shape))
    return y


def embedding_backward_forward(grad, indices, rows, padding_idx):
    dtype = ctorch.float64 if float_name(grad, "embedding") == "float64" else ctorch.float32
    g, numbers = dense(grad, dtype), dense(indices, ctorch.int64)
    gw = zeros((rows, grad.shape[-1]), dtype, grad.device)
    launch_embedding_backward(index_of(grad), dtype.name, g.data_ptr(), numbers.data_ptr(), gw.data_ptr(),
                              numel(indices.shape), grad.shape[-1], padding_idx)
    return gw if dtype == grad.dtype else gw.to(grad.dtype)


# ---- the place of an extremum

def extremum_forward(x, dim, keepdim, largest):
    """Values and int64 places of the extrema along a dimension."""
    name = x.dtype.name
    if name.startswith("complex"):
        raise unsupported("max" if largest else "min", x)
    if name not in ("float32", "float64", "int32", "int64"):
        name = "float32" if "float" in name else "int64" if name in ("uint32", "uint64") else "int32"
    dtype, sizes = getattr(ctorch, name), around(x.shape, dim)
    if sizes[1] == 0:
        raise IndexError(f"{'max' if largest else 'min'}(): Expected reduction dim {dim} to have non-zero size.")
    shape = tuple(1 if i == dim else size for i, size in enumerate(x.shape) if i != dim or keepdim)
    a, values, places = dense(x, dtype), empty(shape, dtype, x.device), empty(shape, ctorch.int64, x.device)
    launch_extremum(index_of(x), name, a.data_ptr(), values.data_ptr(), places.data_ptr(), sizes, bool(largest))
    return values if dtype == x.dtype else values.to(x.dtype), places

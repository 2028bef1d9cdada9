"""Indexing by tensors on CUDA, for the core's `_indexing`: rows of a tensor by offsets, and positions in a mask.

Index tensors are int64, on the tensor's device, each with its dimension. Nothing here is recorded; the host waits for
one number per index tensor, whether all are within bounds, or for the count of a mask's true elements.
"""
import ctorch
from ctorch.cuda import _layout, _transfer, copy
from ctorch.cuda._forward.common import WORDS, empty, index_of, numel, read_int64, unsupported
from ctorch.cuda.launch import Kernel, blocks_for

STRETCH, MOST_DIMS = 4096, 16        # STRETCH and POSITION_DIMS of kernels/nonzero.cu
_count = Kernel("nonzero", "ct_count", "PqP")
_starts = Kernel("nonzero", "ct_starts", "PqP")
_positions = Kernel("nonzero", "ct_positions", f"PqPPqq{MOST_DIMS}q")
_offsets = Kernel("check", "ct_offsets", "PPqqqiP")
_take = Kernel("gather", "ct_take", "PPP208s208s")
_put = Kernel("gather", "ct_put", "PPP208s208s")
_put_add = Kernel("index", "ct_put_add", "PPP208s208s")
_SUMMED = {"float16": "float32", "bfloat16": "float32", "uint8": "int32", "int8": "int32", "int16": "int32",
           "float32": "float32", "float64": "float64", "int32": "int32", "int64": "int64",
           "complex64": "complex64", "complex128": "complex128"}                     # dtypes in which sums are made


class _Rows:
    """A tensor as rows that index tensors address.

    With `parts` of 2 the elements of a complex tensor are pairs of real numbers, in all that the kernel gets.
    """

    def __init__(self, x, tensors, parts=1):
        self.parts = parts
        dims = [d for d, _ in tensors]
        rest = [d for d in range(x.dim()) if d not in dims]
        self.x, self.at = x, dims[0] if dims == list(range(dims[0], dims[0] + len(dims))) else 0
        self.index_shape = _broadcast([t.shape for _, t in tensors])
        self.rest_shape, self.rest_strides = [x.shape[d] for d in rest], [x.stride(d) for d in rest]
        self.shape = (*self.rest_shape[:self.at], *self.index_shape, *self.rest_shape[self.at:])
        self.offsets = empty(self.index_shape, ctorch.int64, x.device)
        self._find(tensors)

    def _find(self, tensors):
        count, index = self.offsets.numel(), index_of(self.x)
        if count == 0:
            return
        first = empty((len(tensors),), ctorch.int64, self.x.device)
        copy.memset(first.data_ptr(), 0xFF, 8 * len(tensors), index)
        for k, (dim, t) in enumerate(tensors):
            wide = t.expand(self.index_shape).contiguous()
            _offsets(index, "int64", (blocks_for(count),), (256,), wide.data_ptr(), self.offsets.data_ptr(), count,
                     self.x.shape[dim], self.x.stride(dim) * self.parts, k > 0, first.data_ptr() + 8 * k)
        for (dim, t), place in zip(tensors, first.tolist()):
            if place >= 0:
                bad = read_int64(t.expand(self.index_shape).contiguous().data_ptr() + 8 * place, index)
                raise IndexError(f"index {bad} is out of bounds for dimension {dim} with size {self.x.shape[dim]}")

    def run(self, op, kernel, dtype, y):
        """Launch over all elements of the rows and of y, which has the shape of the indexed result."""
        count, strides = y.numel() * self.parts, [stride * self.parts for stride in y.stride()]
        if count == 0:
            return
        end, last = self.at + len(self.index_shape), [1] * (self.parts - 1)
        rows = _layout.packed(op, self.index_shape, [self.offsets.stride(), strides[self.at:end]])
        rest = _layout.packed(op, [*self.rest_shape, *[2] * (self.parts - 1)],
                              [[*(stride * self.parts for stride in self.rest_strides), *last],
                               [*strides[:self.at], *strides[end:], *last]])
        kernel(index_of(y), dtype, (blocks_for(count),), (256,), self.x.data_ptr(), self.offsets.data_ptr(),
               y.data_ptr(), rows, rest)


def _broadcast(shapes):
    ndim = max(len(shape) for shape in shapes)
    padded = [(1,) * (ndim - len(shape)) + tuple(shape) for shape in shapes]
    sizes = [{size for size in column if size != 1} for column in zip(*padded)]
    if any(len(size) > 1 for size in sizes):
        raise IndexError("shape mismatch: indexing tensors could not be broadcast together with shapes "
                         + ", ".join(str(list(shape)) for shape in shapes))
    return tuple(size.pop() if size else 1 for size in sizes)


@ctorch.no_grad()
def index(x, tensors):
    """x indexed by (dimension, index tensor) pairs."""
    rows = _Rows(x, tensors)
    y = empty(rows.shape, x.dtype, x.device)
    rows.run("index", _take, WORDS[x.dtype.itemsize], y)
    return y


@ctorch.no_grad()
def index_put(x, tensors, values, add):
    """x at the index tensors = values, or += values. Floats that meet at a place are added in no fixed order."""
    if add and x.dtype.name not in _SUMMED:
        raise unsupported("index_put_ with accumulate", x)
    rows = _Rows(x, tensors, 2 if add and x.dtype.is_complex else 1)
    v = values.to(device=x.device, dtype=x.dtype)
    try:
        v = v.expand(rows.shape)
    except RuntimeError:
        raise IndexError(f"shape mismatch: value tensor of shape {list(values.shape)} cannot be broadcast to indexing "
                         f"result of shape {list(rows.shape)}") from None
    if not add:
        rows.run("index_put_", _put, WORDS[x.dtype.itemsize], v)
    elif x.dtype.is_complex:
        rows.run("index_put_", _put_add, "float32" if x.dtype.itemsize == 8 else "float64", v)
    elif _SUMMED[x.dtype.name] != x.dtype.name:
        wide = x.to(getattr(ctorch, _SUMMED[x.dtype.name]))
        index_put(wide, tensors, v, True)
        _transfer.copy(x, wide)
    else:
        rows.run("index_put_", _put_add, x.dtype.name, v)


@ctorch.no_grad()
def positions(mask):
    """Places of a contiguous mask's true elements in row-major order, a tensor for each dimension."""
    shape, n, index = tuple(mask.shape), numel(mask.shape), index_of(mask)
    if len(shape) > MOST_DIMS:
        raise NotImplementedError(f"nonzero: not implemented for device 'cuda' and {len(shape)} dimensions, at most "
                                  f"{MOST_DIMS}")
    stretches = -(-n // STRETCH)
    starts = empty((stretches + 1,), ctorch.int64, mask.device)
    total = starts.data_ptr() + 8 * stretches
    if n:
        _count(index, "bool", (blocks_for(stretches, 1),), (256,), mask.data_ptr(), n, starts.data_ptr())
        _starts(index, "bool", (1,), (256,), starts.data_ptr(), stretches, total)
    count = read_int64(total, index) if n else 0
    out = empty((len(shape), count), ctorch.int64, mask.device)
    if count:
        _positions(index, "bool", (blocks_for(stretches, 1),), (256,), mask.data_ptr(), n, starts.data_ptr(),
                   out.data_ptr(), count, len(shape), *shape, *[1] * (MOST_DIMS - len(shape)))
    return list(out)

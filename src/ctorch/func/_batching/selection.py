"""Batching rules of ops/selection.toml."""
import ctorch
from ctorch import _functions as _f
from ctorch._batched import batched, is_batched, real
from ctorch.func._batching._indexing import index as index_by
from ctorch.func._batching._indexing import index_put
from ctorch.func._batching._shapes import apart, merged, several

__all__ = ["embedding", "embedding_backward", "embedding_bag", "embedding_bag_backward", "embedding_bag_max",
           "embedding_bag_weights", "index_add", "index_copy", "index_embed", "index_fill", "index_reduce",
           "index_select", "masked_fill", "masked_scatter", "masked_select", "put", "take"]


def _value(value, x):
    # A number, or a tensor without dimensions, in x's dtype.
    if isinstance(value, ctorch.Tensor):
        return value.to(x.dtype)
    return ctorch.full((), value, dtype=x.dtype, device=x.device)


def _copy(x, levels):
    # The examples of x, each in memory of its own, to be changed.
    return batched(real(x, levels, True).clone(memory_format=ctorch.contiguous_format), levels)


# ---- masks

def masked_fill(levels, x, mask, value):
    return _f.where(mask, _value(value, x), x)


def masked_select(levels, x, mask):
    if is_batched(mask):
        raise RuntimeError("vmap: Attempted to vmap over `mask` in masked_select(self, mask). We cannot support this "
                           "because for each batch this would return a differently shaped Tensor.")
    shape = ctorch.broadcast_shapes(x.shape, mask.shape)
    return x.expand(shape)[mask.expand(shape)].reshape(-1)


def masked_scatter(levels, x, mask, source):
    flat = mask.expand(x.shape).reshape(-1)
    source = source.reshape(-1)
    if flat.numel() == 0 or source.numel() == 0:
        return _copy(x, levels)
    place = (_f.cumsum(flat, 0) - 1).clamp(min=0)
    return _f.where(flat, source[place].to(x.dtype), x.reshape(-1)).reshape(x.shape)


# ---- numbers of one dimension

def index_select(levels, x, dim, index):
    if x.ndim == 0:
        return index_select(levels, x.unsqueeze(0), 0, index.reshape(1)).squeeze(0)
    return index_by(x, [(dim, index.reshape(-1))])


def index_embed(levels, grad, dim, index, shape):
    if not shape:
        return grad.reshape(())
    out = batched(ctorch.zeros(*(size for _, size in levels), *shape, dtype=grad.dtype, device=grad.device), levels)
    index_put(out, [(dim, index.reshape(-1))], grad, True)
    return out


def _into(levels, x, dim, index, source, add):
    # A copy of x with a source put at the numbers of a dimension, or added there.
    out = _copy(x, levels)
    view = out.unsqueeze(0) if x.ndim == 0 else out
    index_put(view, [(dim, index.reshape(-1))], source.unsqueeze(0) if x.ndim == 0 and source.ndim == 0 else source,
              add)
    return out


def index_add(levels, x, dim, index, source, alpha):
    return _into(levels, x, dim, index, source if alpha == 1 else source * alpha, True)


def index_copy(levels, x, dim, index, source):
    return _into(levels, x, dim, index, source, False)


def index_fill(levels, x, dim, index, value):
    return _into(levels, x, dim, index, _value(value, x), False)


def index_reduce(levels, x, dim, index, source, reduce, include_self):
    shape = [1] * max(source.ndim, 1)
    shape[dim] = -1
    places = index.reshape(shape).expand(source.shape) if source.ndim else index.reshape(())
    return _f.scatter_reduce(x, dim, places, source, reduce, include_self=include_self)


# ---- numbers of all elements

def take(levels, x, index):
    return index_by(x.reshape(-1), [(0, index)])


def put(levels, x, index, source, accumulate):
    out = _copy(x, levels)
    index_put(out.view(-1), [(0, index)], source.reshape(index.shape), accumulate)
    return out


# ---- rows of a table

def _need_rows(indices):
    # Of a table of each example's own, the rows are counted from its first.
    if indices.numel() and bool((real(indices, ()) if not is_batched(indices) else _whole(indices)).lt(0).any()):
        raise IndexError("index out of range in self")


def _whole(x):
    return real(x, ctorch._batched.levels(x))


def embedding(levels, weight, indices, padding_idx):
    if not is_batched(weight):
        return batched(_f.embedding(weight, real(indices, levels), padding_idx), levels)
    _need_rows(indices)
    return index_by(weight, [(0, indices)])


def _offset(indices, levels, rows):
    # The numbers of rows in all examples' tables, one after the other.
    whole = real(indices, levels, True).reshape(several(levels), -1)
    return whole + rows * ctorch.arange(several(levels), dtype=whole.dtype, device=whole.device).unsqueeze(1)


def embedding_backward(levels, grad, indices, rows, padding_idx):
    if padding_idx >= 0:
        grad = _f.where((indices == padding_idx).unsqueeze(-1), 0.0, grad)
    count, width = several(levels), grad.shape[-1]
    flat = real(grad, levels, True).reshape(count * indices.numel(), width)
    return apart(_f._embedding_backward(flat, _offset(indices, levels, rows).reshape(-1), count * rows, -1), levels)


# ---- bags of rows

def _bags(indices, offsets, levels, include_last_offset):
    """The bags of all examples, one after the other."""
    whole = real(indices, levels, True).reshape(several(levels) * indices.shape[0], *indices.shape[1:])
    if offsets is None:
        return whole, None
    count, n = several(levels), indices.shape[0]
    starts = real(offsets, levels, True).reshape(count, -1)
    starts = starts + n * ctorch.arange(count, dtype=starts.dtype, device=starts.device).unsqueeze(1)
    if not include_last_offset:
        return whole, starts.reshape(-1)
    return whole, ctorch.cat([starts[:, :-1].reshape(-1), starts[-1:, -1]])


def _tables(weight, indices, levels, padding_idx):
    """All examples' tables as one, with a row of zeros behind them, and the numbers of rows there."""
    rows = weight.shape[0]
    _need_rows(indices)
    if indices.numel() and bool(_whole(indices).ge(rows).any()):
        raise IndexError(f"index out of range in self: embedding_bag: an index is not below {rows}")
    table = merged(weight, levels)
    table = ctorch.cat([table, ctorch.zeros(1, table.shape[1], dtype=table.dtype, device=table.device)])
    return table, _offset_bags(indices, levels, rows, padding_idx)


def _offset_bags(indices, levels, rows, padding_idx):
    moved = batched(_offset(indices, levels, rows).reshape(*(size for _, size in levels), *indices.shape), levels)
    if padding_idx >= 0:
        moved = _f.where(indices == padding_idx, several(levels) * rows, moved)
    return moved


def _padding(levels, rows, padding_idx):
    return several(levels) * rows if padding_idx >= 0 else -1


def embedding_bag(levels, weight, indices, offsets, per_sample_weights, mean, padding_idx, include_last_offset):
    table = weight
    if is_batched(weight):
        table, indices = _tables(weight, indices, levels, padding_idx)
        padding_idx = _padding(levels, weight.shape[0], padding_idx)
    factors = None if per_sample_weights is None else merged(per_sample_weights, levels)
    return apart(_f._embedding_bag(table, *_bags(indices, offsets, levels, include_last_offset), factors, mean,
                                   padding_idx, include_last_offset), levels)


def embedding_bag_max(levels, weight, indices, offsets, padding_idx, include_last_offset):
    table, rows = weight, weight.shape[0]
    if is_batched(weight):
        table, indices = _tables(weight, indices, levels, padding_idx)
        padding_idx = _padding(levels, rows, padding_idx)
    y, places = (apart(r, levels) for r in _f._embedding_bag_max(
        table, *_bags(indices, offsets, levels, include_last_offset), padding_idx, include_last_offset))
    if is_batched(weight):
        places = _f.where(places < 0, places, places % rows)
    return y, places


def embedding_bag_backward(levels, grad, indices, offsets, per_sample_weights, rows, mean, padding_idx,
                           include_last_offset):
    count = several(levels)
    factors = None if per_sample_weights is None else merged(per_sample_weights, levels)
    moved = _offset_bags(indices, levels, rows, padding_idx)
    table = _f._embedding_bag_backward(merged(grad, levels), *_bags(moved, offsets, levels, include_last_offset),
                                       factors, count * rows + 1, mean, _padding(levels, rows, padding_idx),
                                       include_last_offset)
    return apart(table[:count * rows], levels)


def embedding_bag_weights(levels, grad, weight, indices, offsets, padding_idx, include_last_offset):
    table = weight
    if is_batched(weight):
        table, indices = _tables(weight, indices, levels, padding_idx)
        padding_idx = _padding(levels, weight.shape[0], padding_idx)
    return apart(_f._embedding_bag_weights(merged(grad, levels), table,
                                           *_bags(indices, offsets, levels, include_last_offset), padding_idx,
                                           include_last_offset), levels)

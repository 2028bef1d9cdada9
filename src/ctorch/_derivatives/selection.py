"""Gradients of elements that masks and numbers of places choose."""
import math

import ctorch
from ctorch import _functions as _f
from ctorch._batched import is_batched


def embedding_gradient(g, indices, padding_idx):
    """Rows of g by number; those of the padding index get nothing."""
    rows = _f.embedding(g, indices, padding_idx)
    if padding_idx < 0:
        return rows
    return rows * (indices != padding_idx).unsqueeze(-1).to(g.dtype)


def bag_maxima_gradient(g, places, rows):
    """Gradient of the largest of each bag: g at the rows that they are from; empty bags have none."""
    empty = places < 0
    return _f._scatter_add(g.masked_fill(empty, 0), 0, places.clamp(min=0), (rows, g.shape[1]))


def masked_spread(g, mask, shape):
    """Gradient of masked_select: zeros with g where the mask is true, summed over what was broadcast."""
    wide = ctorch.broadcast_shapes(shape, mask.shape)
    zeros = g.new_zeros(wide)
    return zeros.masked_scatter(mask.expand(wide), g).sum_to_size(shape)


def masked_source(g, mask, shape):
    """Gradient of masked_scatter's source: what went to the mask, in order, and zeros for the rest."""
    if is_batched(mask):                 # how many there are differs: each goes to its number
        flat, size = mask.expand(g.shape).reshape(-1), math.prod(shape)
        place = (flat.cumsum(0) - 1).clamp(0, max(size - 1, 0))
        return g.new_zeros(size).index_add(0, place, ctorch.where(flat, g.reshape(-1), 0)).reshape(shape)
    chosen = ctorch.masked_select(g, mask)
    return ctorch.constant_pad_nd(chosen, (0, math.prod(shape) - chosen.numel())).reshape(shape)


def gathered(g, dim, index, shape):
    """Gradient of what scatter reads: g at the index, and zeros where src is larger than that."""
    chosen = _f.gather(g, dim, index)
    if index.dim() == len(shape) and tuple(index.shape) != tuple(shape):
        pad = [n for s, i in zip(reversed(shape), reversed(index.shape)) for n in (0, s - i)]
        return ctorch.constant_pad_nd(chosen, pad)
    return chosen.reshape(shape)


def scatter_reduce_gradient(g, x, y, dim, index, src, reduce, include_self, needs):
    """Gradients of scatter_reduce; extrema share theirs among ties."""
    read = src if src.dim() != index.dim() else src[tuple(slice(n) for n in index.shape)]
    if read.shape != src.shape:              # the index covers a corner of src
        gx, _, gsrc = scatter_reduce_gradient(g, x, y, dim, index, read, reduce, include_self, needs)
        pad = [n for s, i in zip(reversed(src.shape), reversed(index.shape)) for n in (0, s - i)]
        return gx, None, ctorch.constant_pad_nd(gsrc, pad)
    if reduce == "sum":
        gx, gsrc = g, _f.gather(g, dim, index)
    elif reduce == "mean":
        counts = ctorch.ones_like(g) if include_self else ctorch.zeros_like(g)
        counts = counts.scatter_add(dim, index, ctorch.ones_like(src)).clamp(min=1)
        gx = g / counts
        gsrc = _f.gather(gx, dim, index)
    elif reduce == "prod":
        gx, gsrc = _prod_gradients(g, x, y, dim, index, src, include_self)
    else:
        of_x, of_src = x == y, src == _f.gather(y, dim, index)
        ties = (of_x.to(g.dtype) if include_self else ctorch.zeros_like(g)).scatter_add(dim, index, of_src.to(g.dtype))
        share = (g / ties.clamp(min=1)).masked_fill(y != y, float("nan"))
        gx, gsrc = _chosen(of_x, share), _chosen(of_src, _f.gather(share, dim, index))
    if not include_self:
        gx = _f._scatter_value(gx, dim, index, 0)
        if reduce in ("amax", "amin"):
            gx = ctorch.where(_f._scatter_value(ctorch.ones_like(g), dim, index, 0) == 0, gx, g)   # untouched
    return gx, None, gsrc


def _chosen(mask, share):
    """Nought elsewhere, NaN beside infinities: a constant, since tangents there count for nothing."""
    return _f.where(mask, share, (share * 0).detach())


def _prod_gradients(g, x, y, dim, index, src, include_self):
    """Gradients of a product, right where factors are zero: one zero leaves its own factor's gradient."""
    # without a quotient by x, whose derivative has no digits where x is small
    gx = g * _f.scatter_reduce(ctorch.ones_like(x), dim, index, src, "prod", include_self=True)
    zero = src == 0
    zeros = ctorch.zeros_like(x).scatter_add(dim, index, zero.to(x.dtype))
    alone = zero & (_f.gather(zeros, dim, index) == 1)
    others = _f.scatter_reduce(x, dim, index, src.masked_fill(alone, 1), "prod", include_self=include_self)
    gsrc = ctorch.where(alone, _f.gather(g * others, dim, index),
                        _f.gather(g * y, dim, index) / src.masked_fill(zero, 1))
    return gx, gsrc


def index_reduce_gradient(g, x, y, dim, index, source, reduce, include_self, needs):
    """Gradients of index_reduce: those of scatter_reduce with the index stretched over the source."""
    shape = [-1 if d == dim else 1 for d in range(source.dim())]
    wide = index.reshape(shape).expand(source.shape) if source.dim() else index
    return scatter_reduce_gradient(g, x, y, dim, wide, source, reduce, include_self, needs)


def take_spread(g, index, shape):
    """Gradient of take: zeros with g added at the elements that it read."""
    return g.new_zeros(shape).put(index, g, True)


def put_kept(g, index, accumulate):
    """Gradient of what put changed: nothing comes through where it was replaced."""
    return g if accumulate else g.put(index, ctorch.zeros(index.shape, dtype=g.dtype, device=g.device))


def repeats_added(g, dim, times, shape):
    """Gradient of repeated indices: the sum over the repetitions."""
    return g.reshape(*shape[:dim + 1], times, *shape[dim + 1:]).sum(dim + 1)


def scatter_along(g, places, shape, dim):
    """Gradient of elements that were chosen along a dimension: g put where they came from."""
    if not shape:
        return g
    return _f._scatter_add(g, dim, places, shape)


# ---- borders

REFLECT, REPLICATE = 0, 1


def _edge_places(n, before, after, mode):
    """Which elements of a dimension its borders and the dimension itself show."""
    places = range(-before, n + after)
    if mode == REFLECT:
        return [-p if p < 0 else 2 * (n - 1) - p if p >= n else p for p in places]
    return [min(max(p, 0), n - 1) if mode == REPLICATE else p % n for p in places]


def rolled_back(g, shifts, dims):
    return _f._roll(g, [-shift for shift in shifts], dims)


def pad_edges_gradient(g, shape, pad, mode):
    """Borders are added to the elements that they show, the dimension that was padded last first."""
    for i in reversed(range(len(pad) // 2)):
        d, before, after = len(shape) - 1 - i, *pad[2 * i:2 * i + 2]
        if before or after:
            places = ctorch.tensor(_edge_places(shape[d], before, after, mode), device=g.device)
            sizes = [*g.shape[:d], shape[d], *g.shape[d + 1:]]
            g = ctorch.zeros(sizes, dtype=g.dtype, device=g.device).index_add(d, places, g)
    return g

"""Sorting, selection by rank and search, written with other operators."""
import ctorch
from ctorch import _functions as ops
from ctorch import return_types as named
from ctorch._batched import any_true
from ctorch._shape import wrap
from ctorch._tape import _recorded


def _refuse_complex(input, op):
    if input.is_complex():
        raise RuntimeError(f" {op} does not support complex dtypes on CPU")


def sort(input, dim=-1, descending=False, stable=False):
    dim = wrap(dim, input.dim(), "sort")
    _refuse_complex(input, "Sort")
    return named.sort(*ops._sort(input, dim, descending))


def argsort(input, dim=-1, descending=False, stable=False):
    _refuse_complex(input, "Sort")
    return ops._sort(input.detach(), dim, descending)[1]


def msort(input):
    return sort(input, 0)[0]


def topk(input, k, dim=-1, largest=True, sorted=True):
    dim = wrap(dim, input.dim(), "topk")
    if input.dtype == ctorch.bool or input.is_complex():
        raise RuntimeError(f"topk does not support {'bool' if input.dtype == ctorch.bool else 'complex'} dtypes on CPU")
    if k == 0 and not input.dim():    # a number has one place, which is shown
        k = 1
    return named.topk(*ops._topk(input, k, dim, largest, sorted))


def _one(name, values, places, dim, keepdim):
    # One element along a dimension, which a number does not have.
    if not keepdim and values.dim():
        values, places = values.squeeze(dim), places.squeeze(dim)
    return getattr(named, name)(values, places)


def kthvalue(input, k, dim=-1, keepdim=False):
    return _one("kthvalue", *ops._kthvalue(input, k, dim), dim, keepdim)


def _median(name, input, dim, keepdim, skip_nan):
    if dim is not None:
        return _one(name, *ops._median(input, dim, skip_nan), dim, keepdim)
    if input.numel() == 0:
        missing = (ctorch.nan if input.is_floating_point() else True if input.dtype == ctorch.bool
                   else ctorch.iinfo(input.dtype).min)
        return ctorch.full((), missing, dtype=input.dtype)
    return ops._median_of_all(input.reshape(-1), skip_nan)


def median(input, dim=None, keepdim=False):
    return _median("median", input, dim, keepdim, False)


def nanmedian(input, dim=None, keepdim=False):
    return _median("nanmedian", input, dim, keepdim, True)


def mode(input, dim=-1, keepdim=False):
    dim = wrap(dim, input.dim(), "mode")
    if input.dim() == 0:
        return named.mode(input.clone(), ctorch.zeros((), dtype=ctorch.int64))
    if input.shape[dim] == 0:
        raise IndexError(f"mode(): Expected reduction dim {dim} to have non-zero size.")
    last = input.detach().movedim(dim, -1)
    values, places = ops._mode(*ops._sort(last, -1, False))
    if _recorded(input):
        values = ops.gather(input, dim, places.unsqueeze(dim)).squeeze(dim)
    if keepdim:
        values, places = values.unsqueeze(dim), places.unsqueeze(dim)
    return named.mode(values, places)

# ---- quantiles

INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _check_quantile(input, q, interpolation):
    if input.numel() == 0:
        raise RuntimeError("quantile() input tensor must be non-empty")
    if isinstance(q, ctorch.Tensor) and q.dim() > 1:
        raise RuntimeError("quantile() q must be a scalar or 1D tensor")
    if input.dtype not in (ctorch.float32, ctorch.float64):
        raise RuntimeError("quantile() input tensor must be either float or double dtype")
    if interpolation not in INTERPOLATIONS:
        raise RuntimeError("quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but "
                           f"got {interpolation}")
    if not isinstance(q, ctorch.Tensor):
        if not 0 <= q <= 1:
            raise RuntimeError(f"quantile() q must be in the range [0, 1] but got {q}")
        return ctorch.tensor(q, dtype=input.dtype)
    if q.dtype != input.dtype:
        raise RuntimeError("quantile() q tensor must be same dtype as the input tensor")
    if any_true((q < 0) | (q > 1)):
        raise RuntimeError("quantile() q values must be in the range [0, 1]")
    return q


def _between(low, high, weight):
    # As PyTorch's lerp: from the nearer end.
    gap = high - low
    return ctorch.where(weight < 0.5, low + weight * gap, high - gap * (1 - weight))


def _quantile(input, q, dim, keepdim, interpolation, skip_nan):
    q = _check_quantile(input, q, interpolation)
    if dim is None:
        rows, kept = input.reshape(-1), [1] * input.dim()
    else:
        dim = wrap(dim, input.dim(), "quantile")
        rows = input.movedim(dim, -1) if input.dim() else input.reshape(1)
        kept = [1 if i == dim else s for i, s in enumerate(input.shape)]
    n = rows.shape[-1]
    recorded = _recorded(input)
    rows = ops._sort(rows, -1, False)[0] if recorded else ops._sort_values(rows.detach(), -1)
    broken = ctorch.isnan(rows.detach())
    if skip_nan:
        ranks = q.reshape(-1) * (n - 1 - broken.sum(-1, True)).clamp(min=0)
    else:
        ranks = (q.reshape(-1) * (n - 1)).expand(*rows.shape[:-1], q.numel())
        ranks = ctorch.where(broken[..., -1:], float(n - 1), ranks)      # there a NaN is
    if interpolation in ("lower", "higher", "nearest"):
        ranks = {"lower": ops.floor, "higher": ops.ceil, "nearest": ops.round}[interpolation](ranks)
    low = ops.floor(ranks)
    found = ops.gather(rows, -1, low.detach().to(ctorch.int64))
    if interpolation in ("linear", "midpoint"):
        weight = ranks - low if interpolation == "linear" else ctorch.full_like(ranks, 0.5)
        found = _between(found, ops.gather(rows, -1, ops.ceil(ranks.detach()).to(ctorch.int64)), weight)
    found = found.movedim(-1, 0)
    shape = kept if keepdim else [s for i, s in enumerate(kept) if dim is not None and i != dim]
    return found.reshape([*([] if q.dim() == 0 else [q.numel()]), *shape])


def quantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    return _quantile(input, q, dim, keepdim, interpolation, False)


def nanquantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    return _quantile(input, q, dim, keepdim, interpolation, True)

# ---- elements once


def _asked(values, inverse, counts, return_inverse, return_counts):
    found = (values, *([inverse] if return_inverse else []), *([counts] if return_counts else []))
    return found if len(found) > 1 else values


def _slices_in_order(rows):
    # Lexicographic: by the last column first, each sort keeping the order of the ones before.
    order = ctorch.arange(rows.shape[0])
    for column in range(rows.shape[1] - 1, -1, -1):
        keys = ctorch.index_select(rows[:, column], 0, order)
        order = ctorch.index_select(order, 0, ops._sort(keys, 0, False)[1])
    return order


def _unique_slices(input, dim, in_order, return_inverse, return_counts):
    if input.dim() == 0:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    dim = wrap(dim, input.dim(), "unique")
    empty = sum(size == 0 for size in input.shape)
    if input.shape[dim] == 0:
        if empty > 1:
            raise RuntimeError("Number of zero sized dimensions is more than one, so unique cannot be applied ")
        nothing = ctorch.zeros(0, dtype=ctorch.int64)
        return _asked(input.clone(), nothing, nothing.clone(), return_inverse, return_counts)
    if empty:
        raise RuntimeError("There are 0 sized dimensions, and they aren't selected, so unique cannot be applied")
    input = input.detach()
    slices = input.movedim(dim, 0)
    rows = slices.reshape(input.shape[dim], -1)
    order = _slices_in_order(rows) if in_order else ctorch.arange(rows.shape[0])
    rows = ctorch.index_select(rows, 0, order)
    new = ctorch.ones(rows.shape[0], dtype=ctorch.bool)
    new[1:] = (rows[1:] != rows[:-1]).any(1)
    first = ctorch.nonzero(new).reshape(-1)
    numbers = ops._cumsum(new.to(ctorch.int64), 0, False) - 1
    inverse = ops._scatter_add(numbers, 0, order, (rows.shape[0],))
    values = ctorch.index_select(slices, 0, ctorch.index_select(order, 0, first)).movedim(0, dim).contiguous()
    counts = ctorch.cat([first, ctorch.tensor([rows.shape[0]])])
    return _asked(values, inverse, counts[1:] - counts[:-1], return_inverse, return_counts)


def _unique(input, in_order, return_inverse, return_counts, dim):
    if dim is not None:
        return _unique_slices(input, dim, in_order, return_inverse, return_counts)
    values, places, flat = input.detach(), None, input.detach().reshape(-1)
    if in_order and return_inverse:
        values, places = ops._sort(flat, 0, False)
    elif in_order:
        values = ops._sort_values(flat, 0)
    values, inverse, counts = ops._unique(values, places, return_inverse, return_counts)
    if return_inverse:
        inverse = inverse.reshape(input.shape)
    return _asked(values, inverse, counts, return_inverse, return_counts)


def unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None):
    return _unique(input, True, return_inverse, return_counts, dim)


def unique_consecutive(input, return_inverse=False, return_counts=False, dim=None):
    return _unique(input, False, return_inverse, return_counts, dim)

# ---- search


def isin(elements, test_elements, *, assume_unique=False, invert=False):
    if not isinstance(elements, ctorch.Tensor) and not isinstance(test_elements, ctorch.Tensor):
        raise TypeError(f"isin() received an invalid combination of arguments - got ({type(elements).__name__}, "
                        f"{type(test_elements).__name__}), but expected at least one Tensor")
    x, among = (t.detach() if isinstance(t, ctorch.Tensor) else ctorch.tensor(t) for t in (elements, test_elements))
    dtype = ctorch.promote_types(x.dtype, among.dtype)
    for t in (x, among):
        if t.dtype == ctorch.bool or t.is_complex():
            raise RuntimeError(f"Unsupported input type encountered for isin(): {t.dtype}")
    x, among = x.to(dtype), among.to(dtype).reshape(-1)
    if among.numel() < 8:
        found = ctorch.zeros(x.shape, dtype=ctorch.bool)
        for i in range(among.numel()):
            found = found | (x == among[i])
    else:
        among = ops._sort_values(among, 0)
        places = ops._searchsorted(among, x, None, False, True).clamp(max=among.numel() - 1)
        found = ctorch.index_select(among, 0, places.reshape(-1)).reshape(x.shape) == x
    return ~found if invert else found


def _check_sorter(sequence, sorter):
    if sorter.dtype != ctorch.int64:
        raise RuntimeError("torch.searchsorted(): sorter must be a tensor of long dtype but got dtype "
                           f"{sorter.dtype}")
    if sorter.shape != sequence.shape:
        raise RuntimeError("torch.searchsorted(): boundary and sorter must have the same size, but got boundary tensor "
                           f"{list(sequence.shape)}and got sorter tensor {list(sorter.shape)}")
    if sorter.numel() and any_true((sorter < 0) | (sorter >= sequence.shape[-1])):
        raise RuntimeError("torch.searchsorted(): sorter index out of range")


def searchsorted(sorted_sequence, input, *, out_int32=False, right=False, side=None, sorter=None):
    sequence = sorted_sequence.detach()
    if side not in (None, "left", "right"):
        raise RuntimeError(f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError("torch.searchsorted(): side and right can't be set to opposites, got side of left while "
                           "right was True")
    if sequence.dim() == 0:
        raise RuntimeError("torch.searchsorted(): boundaries tensor should have positive dimension, but got 0 "
                           "dimension")
    x = input.detach() if isinstance(input, ctorch.Tensor) else ctorch.tensor(input)
    shared = sequence.dim() == 1
    if not shared and (x.dim() != sequence.dim() or x.shape[:-1] != sequence.shape[:-1]):
        raise RuntimeError("torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions "
                           "of boundaries tensor and input value tensor must match, but we got boundaries tensor "
                           f"{list(sequence.shape)} and input value tensor {list(x.shape)}")
    if sorter is not None:
        _check_sorter(sequence, sorter)
    if x.dtype != sequence.dtype:
        dtype = ctorch.promote_types(x.dtype, sequence.dtype)
        x, sequence = x.to(dtype), sequence.to(dtype)
    places = ops._searchsorted(sequence, x, sorter, right or side == "right", shared)
    return places.to(ctorch.int32) if out_int32 else places


def bucketize(input, boundaries, *, out_int32=False, right=False):
    if boundaries.dim() != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries.dim()})")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


def aminmax(input, *, dim=None, keepdim=False):
    if dim is None and input.numel() == 0:
        raise RuntimeError("aminmax(): cannot compute aminmax over an empty dimension as the operation has no "
                           "identity.")
    if dim is not None and input.dim() and input.shape[wrap(dim, input.dim(), "aminmax")] == 0:
        raise IndexError(f"aminmax: Expected reduction dim {dim} to have non-zero size.")
    plain = not (keepdim or _recorded(input) or input.is_complex())
    if dim is None and plain and input.device.type == "cpu":
        return named.aminmax(*ops._extent(input))
    over = () if dim is None else dim
    return named.aminmax(ops.amin(input, over, keepdim), ops.amax(input, over, keepdim))

"""Where ctorch differs from PyTorch on purpose: the reason of each, and how such a call is known."""

import numpy as np
import scipy.linalg
from comparison import resolve
from strategies import torch

WHOLE = ("int64", "int32", "int16", "int8", "uint8", "bool")


def _says(outcome, *texts):
    return outcome.error is not None and any(text in str(outcome.error) for text in texts)


def _tensors(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [tensor for item in value for tensor in _tensors(item)]
    return [value] if hasattr(value, "layout") else []


def _nothing_in(call):
    """Whether a tensor among the arguments is empty."""
    return any(t.values.size == 0 for t in _tensors([call.args, call.kwargs]))


def _degenerate(call):
    """Whether a tensor among the arguments is empty or has no dimension."""
    return any(t.values.size == 0 or t.values.ndim == 0 for t in _tensors([call.args, call.kwargs]))


def _empty(result):
    """Whether a result is tensors without elements."""
    if isinstance(result, list):
        return all(map(_empty, result))
    return isinstance(result, tuple) and result[1].size == 0


def _refuses_dtype(outcome):
    return isinstance(outcome.error, NotImplementedError) or _says(outcome, "floating point or complex tensor", "dtype")


def several_faults(call, ours, theirs):
    """An empty tensor, or one without dimensions, breaks several rules at once: either may be named."""
    return ours.error is not None and theirs.error is not None and _degenerate(call)


def nothing_to_do(call, ours, theirs):
    """Where no element is read or written, PyTorch's checks are those that its loops happen to make."""
    if not _degenerate(call):
        return False
    if ours.error is None:
        return theirs.error is not None and _empty(ours.result)
    unwritten = call.name == "Tensor.__setitem__" and call.args[0].values.size == 0
    return theirs.error is None and (unwritten or _empty(theirs.result))


def no_dtype_of_nothing(call, ours, theirs):
    """PyTorch looks at a dtype only where there is something to calculate."""
    return _refuses_dtype(ours) and theirs.error is None and (_nothing_in(call) or _empty(theirs.result))


def median_of_no_integers(call, ours, theirs):
    """The median of no whole numbers is NaN made an integer, which C leaves undefined."""
    return (call.name in ("median", "nanmedian") and call.args[0].dtype in WHOLE and call.args[0].values.size == 0
            and ours.error is None)


def no_channels(call, ours, theirs):
    """Without channels, PyTorch refuses a convolution or returns nothing, of the weight's number of channels."""
    if "conv" not in call.name or not any(t.values.size == 0 for t in _tensors(call.args[:2])):
        return False
    return (theirs.error is None and _empty(theirs.result)) or (theirs.error is not None and ours.error is None)


def longer_kernel(call, ours, theirs):
    """PyTorch's conv_tbc does not look whether the kernel is longer than the input."""
    return call.name == "conv_tbc" and _says(ours, "Kernel size can't be greater")


def overlapping_in_place(call, ours, theirs):
    """An element that lies twice in a tensor is written twice: PyTorch changes it twice, ctorch once or not at all."""
    changed = call.form == "inplace" or call.name.endswith("_") or call.kwargs.get("inplace")
    if not changed or _tensors(call.args)[0].layout not in ("overlapping", "expanded"):
        return False
    return ours.error is None or _says(ours, "single memory location")


def matrix_exponential_of_halves(call, ours, theirs):
    """PyTorch scales matrices of half precision wrongly: its result is not that of double precision."""
    x = call.args[0]
    if "matrix_exp" not in call.name or x.dtype not in ("float16", "bfloat16") or ours.error or theirs.error:
        return False
    matrices = x.values.astype("float64")
    want = scipy.linalg.expm(matrices) if matrices.size else matrices
    return np.allclose(ours.result[1], want, rtol=5e-3 if x.dtype == "float16" else 4e-2, atol=1e-2)


def gelu_of_infinity(call, ours, theirs):
    """PyTorch's vectors make NaN of gelu of infinity, where x * Phi(x) is infinite, and infinity of large numbers."""
    if "gelu" not in call.name or ours.error or theirs.error or not isinstance(theirs.result, tuple):
        return False
    mine, other = ours.result[1], theirs.result[1]
    far = np.isposinf(mine) & np.isnan(other) | (mine.astype(float) > 1e38) & np.isposinf(other)
    return far.any() and np.allclose(mine[~far], other[~far], rtol=4e-2, atol=4e-2, equal_nan=True)


def sizes_of_a_grid(call, ours, theirs):
    """Of more sizes than dimensions PyTorch raises ValueError, where it raises RuntimeError for any other number."""
    return "adaptive" in call.name and _says(theirs, "Input dimension should be at least") and ours.error is not None


def edges_by_one_rounding(call, ours, theirs):
    """PyTorch's edges may be rounded once less: what lies on one falls to its other side."""
    if not call.name.startswith("histogram") or ours.error or theirs.error:
        return False
    mine, other = (np.concatenate([np.ravel(r[1]) for r in flat(o.result[1:])]) for o in (ours, theirs))
    counts, others = ours.result[0][1], theirs.result[0][1]
    rtol = 1e-4 if call.kwargs.get("density") else 0
    return (mine != other).any() and np.allclose(mine, other, rtol=1e-5, atol=1e-6) and (
        np.isclose(counts.sum(), others.sum(), rtol=rtol, atol=0))


def flat(result):
    return [r for v in result for r in flat(v)] if isinstance(result, list) else [result]


def rates_beyond_integers(call, ours, theirs):
    """PyTorch draws the least int64 for an infinite rate."""
    return call.name == "poisson" and _says(ours, "non-negative and finite") and theirs.error is None and (
        np.isinf(call.args[0].values).any())


def extremum_without_itself(call, ours, theirs):
    """PyTorch shares the gradient of an extremum with equal elements of the tensor, though these are left out."""
    return (call.name in ("index_reduce", "scatter_reduce") and call.grad and not call.kwargs.get("include_self", True)
            and ours.error is None and theirs.error is None and call.args[4] in ("amax", "amin")
            and (np.isin(call.args[0].values, call.args[3].values) | np.isnan(call.args[0].values)).any())


def gradient_of_a_product_by_a_quotient(call, ours, theirs):
    """PyTorch divides the gradient of a product by the tensor: NaN where that is not finite, though it is left out."""
    if call.name not in ("index_reduce", "scatter_reduce") or not call.grad or ours.error or theirs.error:
        return False
    mine, other = ours.grads[0][1], theirs.grads[0][1]
    lost = np.isnan(other) & np.isfinite(mine) & ~np.isfinite(call.args[0].values)
    return call.args[4] == "prod" and lost.any() and np.allclose(mine[~lost], other[~lost], equal_nan=True)


def inverse_of_a_singular_matrix(call, ours, theirs):
    """The inverse of a singular matrix is what rounding leaves of it."""
    if call.name not in ("linalg.inv", "inverse") or ours.error or theirs.error or not call.args[0].values.size:
        return False
    with np.errstate(all="ignore"):
        condition = np.linalg.cond(call.args[0].values)
    lost = ~(condition * np.finfo(ours.result[1].dtype).eps < 0.05)
    mine, other = ours.result[1], theirs.result[1]
    return lost.any() and np.allclose(mine[~lost], other[~lost], rtol=1e-3, equal_nan=True)


def logarithm_of_no_determinant(call, ours, theirs):
    """The determinant of a singular matrix is what rounding leaves of it."""
    if call.name not in ("linalg.slogdet", "slogdet", "logdet") or ours.error or theirs.error:
        return False
    x = call.args[0].values
    with np.errstate(all="ignore"):
        return _without_determinant(x, ours, theirs)


def _without_determinant(x, ours, theirs):
    largest = np.log(np.maximum(np.linalg.norm(x, axis=-1), 1e-300)).sum(-1)
    nothing = np.log(1e-12 if x.dtype in ("float64", "complex128") else 1e-4) + largest
    sizes = [np.asarray((flat(o.result)[-1])[1]).real for o in (ours, theirs)]
    return ((sizes[0] < nothing) & ((sizes[1] < nothing) | np.isnan(sizes[1]))).any()


def angle_at_the_cut(call, ours, theirs):
    """The angle of a negative determinant among complex ones is pi or -pi, by the sign of a zero that is left."""
    if call.name != "logdet" or ours.error or theirs.error or "complex" not in call.args[0].dtype:
        return False
    mine, other = ours.result[1], theirs.result[1]
    cut = np.isfinite(mine) & (np.abs(np.abs(mine.imag) - np.pi) < 1e-5)
    turned = np.where(cut & (mine.imag * other.imag < 0), mine.conj(), mine)
    rtol = 1e-3 if mine.dtype == "complex64" else 1e-7
    pairs = [(turned, other), *((a[1], b[1]) for a, b in zip(ours.grads, theirs.grads))]
    return (turned != mine).any() and all(np.allclose(a, b, rtol, rtol, equal_nan=True) for a, b in pairs)


def right_sides_of_nothing(call, ours, theirs):
    """PyTorch does not broadcast right sides where there are no elements."""
    return call.name == "linalg.lstsq" and _nothing_in(call) and ours.error is None and (
        _says(theirs, "must match the size of tensor b"))


def one_matrix_of_right_sides(call, ours, theirs):
    """PyTorch takes the rows of one matrix of right sides for a batch, to which the matrices are broadcast."""
    if call.name != "linalg.lstsq" or ours.error or call.args[0].values.ndim != 1 + call.args[1].values.ndim:
        return False
    batch, rows = call.args[0].values.shape[:-2], call.args[1].values.shape[:-1]
    return batch != rows and (_says(theirs, "must match the size of tensor b") or (
        theirs.error is None and theirs.result[0][1].shape[:-2] == np.broadcast_shapes(batch, rows) != batch))


def logit_at_its_limit(call, ours, theirs):
    """PyTorch rounds 1 - eps to one in half precision: the logit there is infinite, not that of eps."""
    if call.name != "logit" or call.args[0].dtype not in ("float16", "bfloat16") or ours.error or theirs.error:
        return False
    eps, mine, other = (call.args[1:] or [None])[0], ours.result[1], theirs.result[1]
    if not eps or not 0 < eps < 0.01:
        return False
    limit = np.isposinf(other) & np.isclose(mine, np.log((1 - eps) / eps), rtol=1e-2)
    return limit.any() and np.allclose(mine[~limit], other[~limit], rtol=4e-2, atol=4e-2, equal_nan=True)


def dilation_of_nought(call, ours, theirs):
    """PyTorch takes a dilation of nought where the kernel has one element, in some of its kernels."""
    return "conv_transpose" in call.name and _says(ours, "dilation should be at least 1") and theirs.error is None


def indices_of_no_bag(call, ours, theirs):
    """PyTorch looks at indices that belong to no bag too."""
    return (call.name.endswith("embedding_bag") and ours.error is None and _empty(ours.result)
            and _says(theirs, "Expected idx >= 0"))


def bias_of_another_dtype(call, ours, theirs):
    """PyTorch adds a bias of any dtype to the product with a vector."""
    return call.name.endswith("linear") and _says(ours, "same dtype") and theirs.error is None and (
        call.args[0].values.ndim != 2)


def sum_with_no_product(call, ours, theirs):
    """Where a product has no terms, PyTorch leaves the shape of what it is added to."""
    if call.name != "addmv" or not _nothing_in(call) or call.args[0].values.size != 1 or ours.error:
        return False
    mine, other = ours.result[1], theirs.result[1] if theirs.error is None else None
    return mine.shape == call.args[1].values.shape[:1] and (
        other is None or (other.size == 1 and np.array_equal(mine, np.broadcast_to(other, mine.shape), equal_nan=True)))


def shape_of_what_is_added(call, ours, theirs):
    """In place PyTorch's addbmm gives the tensor the shape of the products."""
    return call.name == "addbmm" and call.form == "inplace" and (
        _says(ours, "doesn't match the broadcast shape") and theirs.error is None)


def products_that_do_not_count(call, ours, theirs):
    """PyTorch multiplies infinities by an alpha of nought where it has no BLAS: in half precision, in small batches."""
    if call.name not in ("addmm", "addmv", "addbmm", "baddbmm") or ours.error or theirs.error or call.kwargs["alpha"]:
        return False
    mine, other = ours.result[1], theirs.result[1]
    lost = np.isnan(other) & ~np.isnan(mine)
    unbound = call.name == "baddbmm" or call.args[1].dtype in ("float16", "bfloat16", "complex64", "complex128")
    return unbound and mine.shape == other.shape and lost.any() and (
        np.allclose(mine[~lost], other[~lost], rtol=1e-2, equal_nan=True))


def two_arguments_wrong(call, ours, theirs):
    """A way to reduce that there is not, and another fault: either may be named."""
    if ours.error is None or theirs.error is None:
        return False
    return call.name == "index_copy" or (call.name == "index_reduce" and _says(theirs, "reduce to be one of"))


def vector_of_one_and_none(call, ours, theirs):
    """PyTorch's dot product of two vectors does not broadcast them."""
    return call.name == "linalg.vecdot" and ours.error is None and _says(theirs, "inconsistent tensor size")


def order_of_products(call, ours, theirs):
    """Which of several products is made first decides what becomes of infinities."""
    several = call.name in ("linalg.multi_dot", "chain_matmul") or (call.name == "einsum" and len(call.args) > 3)
    return several and ours.error is None and theirs.error is None and (
        not all(np.isfinite(t.values).all() for t in _tensors(call.args)))


def gradient_of_repeated_memory(call, ours, theirs):
    """PyTorch's stft is made of as_strided, which shares the gradient among the elements that lie at one place."""
    return call.name == "stft" and bool(call.grad) and ours.error is None and theirs.error is None and (
        call.args[0].layout in ("expanded", "overlapping"))


def edges_of_halves(call, ours, theirs):
    """PyTorch finds the bin in half precision."""
    if call.name != "histc" or call.args[0].dtype not in ("float16", "bfloat16") or ours.error or theirs.error:
        return False
    return ours.result[1].shape == theirs.result[1].shape and ours.result[1].sum() == theirs.result[1].sum()


def overflow_of_halves(call, ours, theirs):
    """PyTorch's soft margin overflows in half precision, where exp does; the loss itself is small."""
    if not call.name.endswith("soft_margin_loss") or ours.error or theirs.error:
        return False
    mine, other = ours.result[1], theirs.result[1]
    with np.errstate(all="ignore"):
        exponents = -call.args[0].values.astype(float) * call.args[1].values
    over = np.isposinf(other) & np.where(mine.ndim, mine > 11, (exponents > 11).any())
    return call.args[0].dtype == "float16" and over.any() and (
        np.allclose(mine[~over], other[~over], rtol=1e-2, atol=1e-2, equal_nan=True))


def reduction_and_a_fault(call, ours, theirs):
    """A way to reduce that there is not, and another fault: either may be named."""
    return _says(ours, "is not a valid value for reduction") and theirs.error is not None


def mean_of_nothing_unwritten(call, ours, theirs):
    """PyTorch returns what lay in memory for the loss of an empty batch."""
    return call.name.endswith(("multilabel_margin_loss", "multi_margin_loss")) and _nothing_in(call) and (
        ours.error is None and theirs.error is None)


def median_of_repeated_memory(call, ours, theirs):
    """PyTorch's median of elements that lie at one place reads memory beside them."""
    return call.name == "masked.median" and call.args[0].layout in ("expanded", "overlapping") and (
        ours.error is None and theirs.error is None)


def adaptive_mean_of_nothing(call, ours, theirs):
    """PyTorch takes an adaptive mean to one element for a mean, which is NaN of nothing."""
    return "adaptive_avg_pool" in call.name and _nothing_in(call) and theirs.error is None and (
        _says(ours, "non-zero size"))


def no_groups(call, ours, theirs):
    """PyTorch divides by the number of groups before it looks at it."""
    return call.name.endswith("group_norm") and _says(ours, "greater than 0") and _says(theirs, "division")


def product_into_steps(call, ours, theirs):
    """PyTorch's batches times a matrix take their size from the memory of an out= with steps."""
    return call.name == "matmul" and call.form == "out" and (
        ours.error is None and _says(theirs, "must match the size of tensor b"))


def dimension_of_vectors(call, ours, theirs):
    """PyTorch does not look at the dimension of vectors, only at their sizes."""
    return call.name == "linalg.vecdot" and _says(ours, "Dimension out of range") and (
        theirs.error is None or _says(theirs, "inconsistent tensor size")) and (
        all(t.values.ndim == 1 for t in _tensors(call.args)))


def window_of_one(call, ours, theirs):
    """PyTorch asks for a dtype of a window only where there is more than one element."""
    return call.name.endswith("_window") and call.args[0] <= 1 and (
        _says(ours, "floating point dtypes") and theirs.error is None)


def unshuffled_nothing(call, ours, theirs):
    """PyTorch returns an image without elements as it is."""
    return call.name.endswith(("pixel_unshuffle", "pixel_shuffle")) and _nothing_in(call) and ours.error is None


def window_of_nothing(call, ours, theirs):
    """PyTorch takes the maximum of windows of no elements."""
    return "fractional_max_pool" in call.name and _says(ours, "kernel_size should be greater") and theirs.error is None


def residuals_without_columns(call, ours, theirs):
    """PyTorch's gels leaves nought for the residuals where no column explains anything."""
    return call.name == "linalg.lstsq" and call.args[0].values.shape[-1:] == (0,) and (
        call.kwargs.get("driver") == "gels" and ours.error is None and theirs.error is None)


def means_of_halves(call, ours, theirs):
    """PyTorch rounds the means of instances to half precision, and then takes them away."""
    if call.name != "nn.functional.instance_norm" or call.args[0].dtype not in ("float16", "bfloat16") or (
            ours.error is not None or theirs.error is not None):
        return False
    if call.args[0].values.size == 0 or call.args[0].layout == "expanded":      # which shows one number only
        return call.args[0].values.size > 0
    values = call.args[0].values.astype("float64")
    over = tuple(range(2, values.ndim))
    with np.errstate(invalid="ignore"):
        return bool((np.abs(values.mean(over)) > 4 * values.std(over)).any())


def no_dtype_and_a_fault(call, ours, theirs):
    """A dtype without a kernel, and another fault: either may be named."""
    return ours.error is not None and theirs.error is not None and (_refuses_dtype(ours) or _refuses_dtype(theirs))


def steps_of_out(call, ours, theirs):
    """PyTorch leaves an out= with steps unwritten."""
    return call.name in ("fft.ihfft2", "fft.ihfftn", "linalg.lu") and call.form == "out" and ours.error is None


def no_pivots(call, ours, theirs):
    """There is no LU without pivoting on the CPU; PyTorch looks only where there is a matrix."""
    return _says(ours, "LU without pivoting") and theirs.error is None


def beyond_a_dimension(call, ours, theirs):
    """An index beyond its dimension raises IndexError or RuntimeError, as the kernel that PyTorch chooses has it."""
    return call.name in ("index_add", "index_select", "index_copy") and (
        _says(ours, "out of range", "out of bounds") and _says(theirs, "out of"))


def gradient_of_a_larger_source(call, ours, theirs):
    """PyTorch's gradient of a source that is larger than its index has the index's shape."""
    return ours.error is None and (
        _says(theirs, "returned an invalid gradient")
        or (call.name == "scatter_reduce" and bool(call.grad) and _says(theirs, "must match the size of tensor b")))


def gradient_beyond_the_index(call, ours, theirs):
    """PyTorch gives a gradient to elements of a source that lie beyond its index and are not read."""
    if call.name != "scatter_reduce" or not call.grad or ours.error or theirs.error or len(ours.grads) < 2:
        return False
    index, source = call.args[2].values.shape, call.args[3].values.shape
    if index == source or len(index) != len(source) or None in ours.grads or None in theirs.grads:
        return False
    read = np.zeros(source, bool)
    read[tuple(slice(n) for n in index)] = True
    (_, mine), (_, other) = ours.grads[1], theirs.grads[1]
    return not mine[~read].any() and other[~read].any() and (
        np.allclose(mine[read], other[read], equal_nan=True)
        and np.allclose(ours.grads[0][1], theirs.grads[0][1], equal_nan=True))


def gradient_of_one_target(call, ours, theirs):
    """PyTorch takes a vector with a target of one dimension, and then refuses its gradient."""
    return call.name == "nn.functional.nll_loss" and ours.error is None and (
        _says(theirs, "size mismatch (got input: [")
        and call.args[0].values.ndim == 1 and call.args[1].values.shape == (1,))


def no_place_in_the_output(call, ours, theirs):
    """Of a transposed convolution without output, one of PyTorch's backends returns nothing, others refuse it."""
    return "conv_transpose" in call.name and _says(ours, "Output size is too small") and (
        isinstance(theirs.error, RuntimeError) or (theirs.error is None and _empty(theirs.result)))


def antialiased_column(call, ours, theirs):
    """PyTorch resizes a column to a column as though it were a row; two equal columns it resizes right."""
    if call.name != "nn.functional.interpolate" or not call.kwargs.get("antialias") or ours.error or theirs.error:
        return False
    x, made = call.args[0], ours.result[1]
    if x.values.ndim != 4 or x.values.shape[3] != 1 or made.shape[3] != 1 or not x.consistent:
        return False
    twice = torch.from_numpy(np.ascontiguousarray(np.repeat(x.values, 2, 3).astype("float64")))
    kwargs = {k: v for k, v in call.kwargs.items() if k not in ("size", "scale_factor", "recompute_scale_factor")}
    scale = call.kwargs.get("scale_factor")
    if scale is None or call.kwargs.get("recompute_scale_factor"):
        kwargs["size"] = (made.shape[2], 2)
    else:
        kwargs["scale_factor"] = (scale if isinstance(scale, (int, float)) else scale[0], 1.0)
    want = torch.nn.functional.interpolate(twice, **kwargs)[..., :1].numpy()
    return np.allclose(made, want, rtol=3e-2 if x.dtype in ("float16", "bfloat16") else 1e-4, atol=1e-2)


def size_of_infinity_and_nan(call, ours, theirs):
    """The size of a complex number of infinity and NaN is infinite to PyTorch; its square, which norms add, is NaN."""
    normalizes = call.name.endswith("normalize")
    if not (normalizes or call.name == "linalg.norm") or ours.error or theirs.error or call.args[0].dtype not in (
            "complex64", "complex128"):
        return False
    x, mine, other = call.args[0].values, ours.result[1], theirs.result[1]
    half = (np.isinf(x.real) & np.isnan(x.imag)) | (np.isnan(x.real) & np.isinf(x.imag))
    lines = half.any(call.kwargs.get("dim"), keepdims=normalizes) if x.ndim else half
    lines = np.broadcast_to(lines, mine.shape)
    return half.any() and np.allclose(mine[~lines], other[~lines], rtol=1e-4, equal_nan=True)


def infinity_beside_a_window(call, ours, theirs):
    """PyTorch's convolutions of bfloat16 make NaN of what has an infinite number beside its window."""
    if "conv" not in call.name or call.args[0].dtype != "bfloat16" or ours.error or theirs.error:
        return False
    mine, other = ours.result[1], theirs.result[1]
    if not (np.isnan(other) & ~np.isnan(mine)).any():
        return False
    args = [None if t is None else t.make(torch)[0].double() for t in call.args]
    want = resolve(torch, call.name)(*args, **call.kwargs).numpy()
    largest = np.abs(want[np.isfinite(want)]).max(initial=0)
    return np.allclose(mine, want, 8e-2, 8e-2 * largest, equal_nan=True)


def sums_of_integers_before_a_product(call, ours, theirs):
    """PyTorch's einsum sums integers of one operand alone in int64, and then refuses or mixes the dtypes."""
    return call.name == "einsum" and ours.error is None and ours.result[0] == "int64" and (
        _says(theirs, "expected scalar type") or (theirs.error is None and theirs.result[0] == "int32"
                                                  and np.array_equal(ours.result[1], theirs.result[1])))


PRODUCTS = ["mm", "mv", "dot", "matmul", "einsum", "linear", "conv", "attention", "addr", "outer", "inner"]


def subnormals_of_bfloat16(call, ours, theirs):
    """Products of bfloat16 take subnormals for noughts, as their instruction and PyTorch's larger products do."""
    tensors = _tensors(call.args)
    if (ours.error or theirs.error or {t.dtype for t in tensors} != {"bfloat16"} or len(tensors) != len(call.args)
            or not any(name in call.name for name in PRODUCTS)):
        return False
    args = [t.make(torch)[0].double() for t in tensors]
    normal = [t.where(t.abs() >= 2.0**-126, t * 0) for t in args]
    if all(t.equal(n) for t, n in zip(args, normal)):
        return False
    mine, want = ours.result[1], resolve(torch, call.name)(*normal, **call.kwargs).numpy()
    return np.allclose(mine, want, 8e-2, 8e-2 * np.abs(want[np.isfinite(want)]).max(initial=0), equal_nan=True)


def neighbours_of_the_same_size(call, ours, theirs):
    """Where a size stays, some of PyTorch's kernels of nearest neighbours leave each in its place, at any factor."""
    if call.name != "nn.functional.interpolate" or call.kwargs["mode"] != "nearest" or ours.error or theirs.error:
        return False
    x, factors, (_, mine), (_, other) = call.args[0], call.kwargs.get("scale_factor"), ours.result, theirs.result
    if not factors or not x.consistent:
        return False
    by_factor = in_place = x.values
    for k in range(2, x.values.ndim):
        n, factor = x.values.shape[k], factors[k - 2] if isinstance(factors, tuple) else factors
        places = np.minimum(np.arange(mine.shape[k], dtype="float32") * np.float32(1 / factor), n - 1).astype(int)
        by_factor = by_factor.take(places, k)
        in_place = in_place.take(np.arange(n) if n == mine.shape[k] else places, k)
    if np.array_equal(by_factor, in_place) or not np.array_equal(mine, by_factor):
        return False
    alone = not ours.grads or np.isclose(ours.grads[0][1].sum(), theirs.grads[0][1].sum())
    return alone and (np.array_equal(other, in_place) or (np.array_equal(other, mine) and bool(ours.grads)))


def gradient_of_the_same_size(call, ours, theirs):
    """Where a size stays, PyTorch's gradient of bicubic interpolation is the incoming one itself, at any factor."""
    if call.name != "nn.functional.interpolate" or call.kwargs["mode"] != "bicubic" or ours.error or theirs.error:
        return False
    x, (_, mine), (_, other) = call.args[0], ours.result, theirs.result
    if not ours.grads or mine.shape != x.values.shape or not np.allclose(mine, other, 1e-4, 1e-5, equal_nan=True):
        return False
    back, incoming = ours.grads[0][1], theirs.grads[0][1]          # linear: both ways round the product is the same
    return bool(np.isclose((back * x.values).sum(), (incoming * mine).sum(), 1e-3, 1e-4))


def attention_of_overlapping_queries(call, ours, theirs):
    """PyTorch's attention lays its result out as the queries lie: where these overlap, it writes over itself."""
    if call.name != "nn.functional.scaled_dot_product_attention" or ours.error or theirs.error:
        return False
    if call.args[0].layout not in ("overlapping", "expanded"):
        return False
    given = [[t.make(torch)[0].contiguous() if hasattr(t, "layout") else t for t in some]
             for some in (call.args, call.kwargs.values())]
    want = torch.nn.functional.scaled_dot_product_attention(*given[0], **dict(zip(call.kwargs, given[1])))
    rtol = 3e-2 if "16" in call.args[0].dtype else 1e-4
    return np.allclose(ours.result[1], want.detach().double().numpy(), rtol, rtol, equal_nan=True)


def no_dimension_of_channels(call, ours, theirs):
    """Without channels PyTorch raises IndexError, or RuntimeError where a weight or statistics are given."""
    return call.name.endswith("batch_norm") and _says(ours, "at least 2 dimensions") and (
        isinstance(theirs.error, IndexError) and call.args[1:] == [None] * 4)


def statistics_with_steps(call, ours, theirs):
    """PyTorch's gradient of a normalization by given statistics reads these and the scale as though without steps."""
    if call.name != "nn.functional.batch_norm" or call.kwargs["training"] or ours.error or theirs.error or not (
            call.grad and any(t is not None and t.layout == "strided" for t in call.args[1:4])):
        return False
    args = [None if t is None else t.make(torch, True)[0] for t in call.args]
    if not call.args[0].consistent or args[0].numel() == 0:
        return False
    leaves = [args[i].requires_grad_() for i in call.grad]
    y = torch.nn.functional.batch_norm(*args, **call.kwargs)
    seeds = np.cos(np.arange(y.numel()) + 0.3).reshape(tuple(y.shape))
    found = torch.autograd.grad(y, leaves, torch.from_numpy(seeds).to(y.dtype))
    rtol = 3e-2 if "16" in call.args[0].dtype else 1e-5
    return all(np.allclose(mine, g.double().numpy(), rtol, rtol * float(g.abs().max()), equal_nan=True)
               for (_, mine), g in zip(ours.grads, found, strict=True))


def bytes_of_images(call, ours, theirs):
    """PyTorch takes bytes as classes of samples, not of images, and says so before it looks at them."""
    return call.name in ("nn.functional.nll_loss", "nn.functional.cross_entropy") and ours.error is not None and (
        _says(theirs, "expected scalar type Long but found Byte"))


def scale_of_nothing(call, ours, theirs):
    """PyTorch's gradient of the scale of groups without elements is NaN; ctorch's is nought."""
    if call.name != "nn.functional.group_norm" or ours.error or theirs.error or call.args[0].values.size:
        return False
    return bool(ours.grads) and all((mine == 0).all() and (np.isnan(other) | (other == 0)).all()
                                    for (_, mine), (_, other) in zip(ours.grads, theirs.grads, strict=True))


def logit_of_crossed_limits(call, ours, theirs):
    """Above a half, eps and 1 - eps have no number between: PyTorch's vectors and single numbers choose another one."""
    if call.name != "logit" or ours.error or theirs.error or not call.args[1:] or not (call.args[1] or 0) > 0.5:
        return False
    return np.allclose(np.abs(ours.result[1]), np.abs(theirs.result[1]), 4e-2 if "16" in call.args[0].dtype else 1e-4)


# Calls that PyTorch refuses and ctorch makes: of which functions (all where none is named), what PyTorch says, and why.
REFUSED = [
    ((), "view size is not compatible", "PyTorch's kernel asks for a layout that it does not make itself"),
    ((), "INTERNAL ASSERT", "an assertion inside PyTorch fails"),
    ((), "MKL FFT error", "MKL refuses batches of no transforms"),
    ((), "modified by an inplace operation", "PyTorch's own formula changes what it kept"),
    (("index_reduce",), "index_fill_(): Expected dtype int64", "a gradient by index_fill, which wants int64"),
    (("baddbmm", "addbmm", "addmm", "addmv"), "can't be cast to the desired output type",
     "without products to add, PyTorch scales by a float that whole numbers cannot take"),
    (("fft.fftshift", "fft.ifftshift"), "`shifts` required", "a number has nothing to shift"),
    (("nn.functional.group_norm",), "tensor does not have a device", "PyTorch fails on a bias without a weight"),
    (("nn.functional.native_channel_shuffle",), "is not implemented", "PyTorch has no derivative of it"),
    (("addr",), "addmv input tensors must have", "PyTorch has no gradient of vectors of two dtypes"),
    (("addr",), "input_is_complex == grad_is_complex", "PyTorch has no gradient of real and complex tensors"),
    (("Tensor.__setitem__",), "masked_fill_ only supports boolean masks",
     "PyTorch puts many values where bytes are not nought, and refuses one value there"),
    (("istft",), "Expected reduction dim to be specified", "PyTorch fails where all samples are those that overlap"),
    (("nn.functional.nll_loss", "nn.functional.cross_entropy"), "grad_input must be contiguous",
     "PyTorch has no gradient of a permuted input"),
    (("lu_unpack",), "must have at least 2 dimensions", "PyTorch fails where nothing is to be unpacked"),
    ((), "Expected grad_output to have non-zero size", "PyTorch has no gradient of no windows"),
    (("nn.functional.fractional_max_pool3d",), "too large relative to input", "the windows just fit"),
]
DIFFERENCES = [several_faults, nothing_to_do, no_dtype_of_nothing, median_of_no_integers, no_channels, longer_kernel,
               steps_of_out, no_pivots, beyond_a_dimension, gradient_of_a_larger_source, overlapping_in_place,
               matrix_exponential_of_halves, gelu_of_infinity, no_groups, adaptive_mean_of_nothing,
               median_of_repeated_memory, edges_of_halves, overflow_of_halves, reduction_and_a_fault,
               mean_of_nothing_unwritten, vector_of_one_and_none, order_of_products, gradient_of_repeated_memory,
               dilation_of_nought, indices_of_no_bag, bias_of_another_dtype, sum_with_no_product,
               two_arguments_wrong, logit_at_its_limit, inverse_of_a_singular_matrix, logarithm_of_no_determinant,
               right_sides_of_nothing,
               product_into_steps, sizes_of_a_grid, edges_by_one_rounding, rates_beyond_integers,
               extremum_without_itself, gradient_of_a_product_by_a_quotient, dimension_of_vectors, window_of_one,
               unshuffled_nothing, window_of_nothing, residuals_without_columns, means_of_halves,
               no_dtype_and_a_fault, products_that_do_not_count,
               shape_of_what_is_added, size_of_infinity_and_nan,
               gradient_beyond_the_index, gradient_of_one_target, no_place_in_the_output, antialiased_column,
               statistics_with_steps, angle_at_the_cut, one_matrix_of_right_sides,
               no_dimension_of_channels, infinity_beside_a_window, subnormals_of_bfloat16, neighbours_of_the_same_size,
               gradient_of_the_same_size, sums_of_integers_before_a_product,
               attention_of_overlapping_queries, bytes_of_images, scale_of_nothing, logit_of_crossed_limits]


def differs_on_purpose(call, ours, theirs):
    """The first of the reasons that holds for a call, or None."""
    for names, text, reason in REFUSED:
        if (ours.error is None or text == "INTERNAL ASSERT") and _says(theirs, text) and (
                not names or call.name in names):
            return reason
    return next((" ".join(holds.__doc__.split()) for holds in DIFFERENCES if holds(call, ours, theirs)), None)

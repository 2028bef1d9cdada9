"""Running sums, products and extrema, differences and integrals, written with other operators."""
import ctorch
from ctorch import _functions as ops
from ctorch import return_types as named
from ctorch._shape import wrap


def _summable(input, dtype):
    if dtype is None:
        dtype = input.dtype if input.is_floating_point() or input.is_complex() else ctorch.int64
    return input if input.dtype == dtype else input.to(dtype)


def cumsum(input, dim, *, dtype=None):
    return ops._cumsum(_summable(input, dtype), dim, False)


def cumprod(input, dim, *, dtype=None):
    return ops._cumprod(_summable(input, dtype), dim)


def cummax(input, dim):
    return named.cummax(*ops._cumextremum(input, dim, True))


def cummin(input, dim):
    return named.cummin(*ops._cumextremum(input, dim, False))


def logcumsumexp(input, dim):
    dim = wrap(dim, input.dim(), "logcumsumexp")
    if dim >= input.dim() - 1:
        return ops._logcumsumexp(input, dim)
    return ops._logcumsumexp(input.movedim(dim, -1), -1).movedim(-1, dim).contiguous()


def diff(input, n=1, dim=-1, prepend=None, append=None):
    if input.dim() == 0:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    if n == 0:
        return input.clone()
    dim = wrap(dim, input.dim(), "diff")
    if prepend is not None or append is not None:
        input = ctorch.cat([t for t in (prepend, input, append) if t is not None], dim)
    for _ in range(min(n, input.shape[dim])):
        size = input.shape[dim] - 1
        after, before = input.narrow(dim, 1, size), input.narrow(dim, 0, size)
        input = after ^ before if input.dtype == ctorch.bool else after - before
    return input


# ---- derivatives of samples


def _spacings(input, spacing, dim):
    """Pairs of a dimension and its spacing: a number, or the samples' coordinates."""
    given = range(input.dim()) if dim is None else dim if isinstance(dim, tuple | list) else (dim,)
    dims = [wrap(d, input.dim(), "gradient") for d in given]
    if len(set(dims)) != len(dims):
        raise RuntimeError("dim appears multiple times in the list of dims")
    if not isinstance(spacing, tuple | list):
        return [(d, spacing) for d in dims]
    if len(spacing) != len(dims):
        if dim is None:
            raise RuntimeError("torch.gradient expected spacing to be unspecified, a scalar, or a list of length equal "
                               f"to 'self.dim() = {input.dim()}', since dim argument was not given, but got a list of "
                               f"length {len(spacing)}")
        raise RuntimeError(f"torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim "
                           f"arguments to have the same length, but got a spacing argument of length {len(spacing)} "
                           f"and a dim argument of length {len(dims)}.")
    return list(zip(dims, spacing))


def _gaps(coordinates, ndim, dim, size):
    if coordinates.dim() != 1 or coordinates.shape[0] != size:
        raise RuntimeError("torch.gradient expected each element of spacing to have one dimension of the input's size "
                           f"{size}, but got {list(coordinates.shape)}")
    gaps = coordinates[1:] - coordinates[:-1]
    return gaps.reshape([-1 if i == dim else 1 for i in range(ndim)])


def _inner_by_gaps(x, dim, gaps):
    """Derivatives at all but the ends, of samples at uneven distances."""
    size = x.shape[dim] - 2
    before, after = gaps.narrow(dim, 0, size), gaps.narrow(dim, 1, size)
    both = before + after
    return (x.narrow(dim, 2, size) * (before / (after * both))
            + x.narrow(dim, 1, size) * ((after - before) / (before * after))
            - x.narrow(dim, 0, size) * (after / (before * both)))


def _derivative(x, dim, spacing, edge_order):
    size = x.shape[dim]
    if isinstance(spacing, ctorch.Tensor) and spacing.dim():
        gaps = _gaps(spacing, x.dim(), dim, size)
        inner = _inner_by_gaps(x, dim, gaps)
    else:
        gaps = None
        inner = (x.narrow(dim, 2, size - 2) - x.narrow(dim, 0, size - 2)) * (0.5 / spacing)
    ends = []
    for sign, first, second, third, near, far in ((1, 0, 1, 2, 0, 1), (-1, -1, -2, -3, -1, -2)):
        step = x.narrow(dim, second, 1) - x.narrow(dim, first, 1)
        h = spacing if gaps is None else gaps.narrow(dim, near, 1)
        slope = step / h
        if edge_order == 2:          # the parabola through three samples
            k = spacing if gaps is None else gaps.narrow(dim, far, 1)
            bend = ((x.narrow(dim, third, 1) - x.narrow(dim, second, 1)) / k - slope) / (h + k)
            slope = slope - bend * h
        ends.append(slope * sign)
    return ctorch.cat([ends[0], inner, ends[1]], dim)


def gradient(input, *, spacing=1, dim=None, edge_order=1):
    spacing = 1 if spacing is None else spacing
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    if input.dtype == ctorch.uint8:
        raise RuntimeError("torch.gradient does not support uint8 input.")
    pairs = _spacings(input, spacing, dim)
    if pairs and input.dtype == ctorch.bool:
        raise RuntimeError("Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
                           "`logical_xor()` operator instead.")
    x = input if input.is_floating_point() or input.is_complex() else input.to(ctorch.get_default_dtype())
    for d, _ in pairs:
        if x.shape[d] < edge_order + 1:
            raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
    return tuple(_derivative(x, d, h, edge_order) for d, h in pairs)

# ---- integrals


def _steps(y, x, dim, op):
    """The samples' distances along `dim`, to be multiplied with the sums of neighbours."""
    if x.dim() == 1:
        if x.shape[0] != y.shape[dim]:
            raise RuntimeError(f"{op}: There must be one `x` value for each sample point")
        gaps = x[1:] - x[:-1]
        return gaps.reshape([-1 if i == dim else 1 for i in range(y.dim())])
    if x.dim() < y.dim():
        x = x.reshape([1] * (y.dim() - x.dim()) + list(x.shape))
    if x.shape[dim] != y.shape[dim]:
        raise RuntimeError(f"{op}: There must be one `x` value for each sample point")
    return diff(x, 1, dim)


def _check_samples(y, x, dx, dim, op):
    """The dimension and the distance of even samples; errors as PyTorch's."""
    if y.dim() == 0:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    dim = wrap(dim, y.dim(), op)
    if x is not None and dx is not None:
        raise TypeError(f"{op}() received an invalid combination of arguments: x and dx together")
    if y.dtype == ctorch.bool and y.shape[dim]:
        raise RuntimeError(f"{op}: received a bool input for `y`, but bool is not supported")
    if isinstance(dx, ctorch.Tensor) and dx.dim() == 0:
        dx = dx.item()
    if dx is not None and not isinstance(dx, int | float | complex):
        raise RuntimeError(f"{op}: Currently, we only support dx as a real number.")
    return dim, 1.0 if dx is None else dx * 1.0          # whole numbers of samples and distances do not wrap


def _sums(y, dim):
    # Of neighbours.
    size = max(y.shape[dim] - 1, 0)
    return y.narrow(dim, min(1, y.shape[dim]), size) + y.narrow(dim, 0, size)


def trapezoid(y, x=None, *, dx=None, dim=-1):
    dim, dx = _check_samples(y, x, dx, dim, "trapezoid")
    if y.shape[dim] == 0:
        return ctorch.zeros([s for i, s in enumerate(y.shape) if i != dim], dtype=y.dtype)
    if x is not None:
        return (_sums(y, dim) * _steps(y, x, dim, "trapezoid")).sum(dim) * 0.5
    return (y.sum(dim) - (y.select(dim, 0) + y.select(dim, -1)) * 0.5) * dx


def cumulative_trapezoid(y, x=None, *, dx=None, dim=-1):
    dim, dx = _check_samples(y, x, dx, dim, "cumulative_trapezoid")
    if y.dtype == ctorch.bool:
        raise RuntimeError("cumulative_trapezoid: received a bool input for `y`, but bool is not supported")
    if x is not None:
        return cumsum(_sums(y, dim) * _steps(y, x, dim, "cumulative_trapezoid"), dim) * 0.5
    return cumsum(_sums(y, dim), dim) * (dx / 2)

"""Interpolation along one dimension, differentiable in the points, in their values and in where they are asked for."""
import ctorch
from ctorch.scipy._calls import as_float
from ctorch.scipy.sparse import csr_array, spsolve

__all__ = ["CubicSpline", "interp"]


def _points(caller, name, x):
    x = as_float(caller, name, x)
    if x.dim() != 1 or not len(x):
        raise ValueError(f"{caller}: {name} must have one dimension and at least one element, got shape "
                         f"{tuple(x.shape)}")
    if x.is_complex():
        raise TypeError(f"{caller}: {name} must be real, got {x.dtype}")
    return x


def _intervals(xp, x):
    """The number of the interval between points in which each x is; the first and the last go on to infinity."""
    return (ctorch.searchsorted(xp.detach(), x.detach().contiguous(), right=True) - 1).clamp(0, len(xp) - 2)


def _wrapped(x, xp, fp, period):
    """Points of one period in order, with the last before and the first after them."""
    if not period:
        raise ValueError("interp: period must be a non-zero value")
    period = abs(period)
    x, xp = x % period, xp % period
    order = ctorch.argsort(xp.detach())
    xp, fp = xp[order], fp[order]
    return x, ctorch.cat([xp[-1:] - period, xp, xp[:1] + period]), ctorch.cat([fp[-1:], fp, fp[:1]])


def interp(x, xp, fp, left=None, right=None, period=None):
    """Values between points of a piecewise linear function, as ``numpy.interp`` finds them; differentiable in all
    three.

    At a point the derivative is that of the interval to its right, or to its left at the last point.

    Parameters
    ----------
    x : Tensor
        Where values are wanted; of any shape.
    xp : Tensor
        The points, in rising order unless `period` is given.
    fp : Tensor
        The values at the points, real or complex.
    left, right : Tensor or float, optional
        What the function is before the first and after the last point; by default the value there.
    period : float, optional
        The function repeats with it; `left` and `right` are without effect then.

    Returns
    -------
    Tensor
        Of the shape of `x`.

    Examples
    --------
    >>> import ctorch
    >>> fp = ctorch.tensor([0., 10., 0.], requires_grad=True)
    >>> y = ctorch.scipy.interpolate.interp(ctorch.tensor([0.5, 1.25, 7.]), ctorch.tensor([0., 1., 2.]), fp)
    >>> y.detach()
    tensor([5.0000, 7.5000, 0.0000])
    >>> y.sum().backward()
    >>> fp.grad
    tensor([0.5000, 1.2500, 1.2500])
    """
    x, fp = as_float("interp", "x", x, True), as_float("interp", "fp", fp, True)
    xp = _points("interp", "xp", xp)
    if fp.shape != xp.shape:
        raise ValueError(f"interp: fp must have the shape {tuple(xp.shape)} of xp, got {tuple(fp.shape)}")
    if x.is_complex():
        raise TypeError(f"interp: x must be real, got {x.dtype}")
    dtype = ctorch.promote_types(ctorch.promote_types(x.dtype, xp.dtype), fp.dtype)
    x, xp = x.to(ctorch.float64), xp.to(ctorch.float64)
    fp = fp.to(ctorch.complex128 if fp.is_complex() else ctorch.float64)
    if period is not None:
        x, xp, fp = _wrapped(x, xp, fp, period)
        left = right = None
    if len(xp) == 1:
        inside = fp.expand(x.shape)
    else:
        k = _intervals(xp, x)
        start, value = xp[k], fp[k]
        # NaN stays; beyond the ends no interval is looked at, so that an infinite x leaves derivatives finite.
        beyond = (x < xp[0]) | (x > xp[-1])
        inside = value + ctorch.where(beyond, start, x).sub(start) * ((fp[k + 1] - value) / (xp[k + 1] - start))
    before, after = (default if given is None else ctorch.as_tensor(given, dtype=fp.dtype, device=fp.device)
                     for given, default in ((left, fp[0]), (right, fp[-1])))
    return ctorch.where(x < xp[0], before, ctorch.where(x > xp[-1], after, inside)).to(dtype)


class CubicSpline:
    """Piecewise cubic function through points, with two continuous derivatives, as ``scipy.interpolate.CubicSpline``.

    The slopes at the points are the solution of a sparse system of equations, so that the values are differentiable in
    the points, in the values there and in where they are asked for.

    Parameters
    ----------
    x : Tensor
        The points, in rising order; two at least.
    y : Tensor
        The values at the points along the first dimension.
    bc_type : {"not-a-knot", "natural", "clamped", "periodic"}
        At both ends: one cubic through the first, or last, three points; no curvature; no slope; or the same slope and
        curvature at both ends, where the last value must be the first.
    extrapolate : bool
        Go on with the first and the last cubic beyond the points (or with the period); else NaN.

    Examples
    --------
    >>> import ctorch
    >>> y = ctorch.tensor([0., 1., 8., 27.], requires_grad=True)
    >>> spline = ctorch.scipy.interpolate.CubicSpline(ctorch.tensor([0., 1., 2., 3.]), y)
    >>> spline(ctorch.tensor([0.5, 2.5])).detach()
    tensor([ 0.1250, 15.6250])
    >>> spline(ctorch.tensor(1.5), 1).detach()
    tensor(6.7500)
    """

    def __init__(self, x, y, bc_type="not-a-knot", extrapolate=True):
        x, y = _points("CubicSpline", "x", x), as_float("CubicSpline", "y", y, True)
        if len(x) < 2 or bool((x[1:] <= x[:-1]).any()):
            raise ValueError(f"CubicSpline: x must be two points or more in rising order, got {len(x)} points")
        if not y.dim() or len(y) != len(x):
            raise ValueError(f"CubicSpline: y must have {len(x)} values along its first dimension, as x has, got shape "
                             f"{tuple(y.shape)}")
        if bc_type not in ("not-a-knot", "natural", "clamped", "periodic"):
            raise ValueError("CubicSpline: bc_type must be 'not-a-knot', 'natural', 'clamped' or 'periodic', got "
                             f"{bc_type!r}")
        self.dtype = ctorch.promote_types(x.dtype, y.dtype)
        self.shape, self.extrapolate, self.periodic = y.shape[1:], extrapolate, bc_type == "periodic"
        self.x = x.to(ctorch.float64)
        self.y = y.to(ctorch.complex128 if y.is_complex() else ctorch.float64).reshape(len(y), -1)
        if self.periodic and not ctorch.allclose(self.y[0], self.y[-1], rtol=1e-15, atol=1e-15):
            raise ValueError("CubicSpline: the first and the last value must be the same for bc_type 'periodic'")
        self.steps = self.x.diff()
        self.rises = self.y.diff(dim=0) / self.steps[:, None]
        self.slopes = self._slopes(bc_type)

    def _slopes(self, kind):
        n, h, d = len(self.x), self.steps, self.rises
        if kind == "periodic":
            return self._periodic_slopes()
        if kind == "not-a-knot" and n < 4:
            return self._parabola()
        zero = h[:1] * 0
        if kind == "natural":
            first, last = (zero + 2, zero + 1, 3 * d[:1]), (zero + 1, zero + 2, 3 * d[-1:])
        elif kind == "clamped":
            first, last = (zero + 1, zero, 0 * d[:1]), (zero, zero + 1, 0 * d[:1])
        else:
            first, last = self._end(h[:1], h[1:2], d[:1], d[1:2]), self._end(h[-1:], h[-2:-1], d[-1:], d[-2:-1])
            last = last[1], last[0], last[2]
        # Of three slopes one after the other: h1 s0 + 2 (h0 + h1) s1 + h0 s2 = 3 (h1 d0 + h0 d1).
        rows = [first[0], first[1]], [h[1:], 2 * (h[1:] + h[:-1]), h[:-1]], [last[0], last[1]]
        middle = ctorch.stack(rows[1], 1).reshape(-1)
        data = ctorch.cat([*rows[0], middle, *rows[2]])
        columns = [0, 1, *[k + j for k in range(n - 2) for j in range(3)], n - 2, n - 1]
        starts = [0, *range(2, 2 + 3 * (n - 2) + 1, 3), len(columns)]
        right = ctorch.cat([first[2], 3 * (h[1:, None] * d[:-1] + h[:-1, None] * d[1:]), last[2]])
        return spsolve(csr_array((data, columns, starts), shape=(n, n)), right)

    @staticmethod
    def _end(h0, h1, d0, d1):
        # Third derivatives of the first two cubics are equal: what the slopes of the first two points then fulfil.
        total = h0 + h1
        return h1, total, (((h0 + 2 * total) * h1)[:, None] * d0 + (h0 ** 2)[:, None] * d1) / total[:, None]

    def _parabola(self):
        # Through two points a line, through three a parabola.
        h, d = self.steps[:, None], self.rises
        if len(self.x) == 2:
            return d.expand(2, -1)
        bend = (d[1:] - d[:1]) / (h[0] + h[1])
        return ctorch.cat([d[:1] - bend * h[0], d[:1] + bend * h[0], d[1:] + bend * h[1]])

    def _periodic_slopes(self):
        h, d = self.steps, self.rises
        n = len(h)
        if n == 1:
            return 0 * self.y
        before, left = h.roll(1), d.roll(1, 0)
        data = ctorch.stack([h, 2 * (h + before), before], 1).reshape(-1)
        columns = [(k + j) % n for k in range(n) for j in (-1, 0, 1)]
        right = 3 * (h[:, None] * left + before[:, None] * d)
        slopes = spsolve(csr_array((data, columns, range(0, 3 * n + 1, 3)), shape=(n, n)), right)
        return ctorch.cat([slopes, slopes[:1]])

    def __call__(self, x, nu=0):
        """The spline, or its `nu`-th derivative, at x; of shape ``(*x.shape, *y.shape[1:])``."""
        if nu not in (0, 1, 2, 3):
            raise ValueError(f"CubicSpline: nu must be 0, 1, 2 or 3, got {nu!r}")
        x = as_float("CubicSpline", "x", x, True)
        shape, x = x.shape, x.to(ctorch.float64).reshape(-1)
        if self.periodic and self.extrapolate:
            x = self.x[0] + (x - self.x[0]) % (self.x[-1] - self.x[0])
        k = _intervals(self.x, x)
        h, d, s, end = self.steps[k][:, None], self.rises[k], self.slopes[k], self.slopes[k + 1]
        u = (x - self.x[k])[:, None]
        b, c = (3 * d - 2 * s - end) / h, (s + end - 2 * d) / h ** 2
        y = (self.y[k] + u * (s + u * (b + u * c)), s + u * (2 * b + 3 * u * c), 2 * b + 6 * u * c, 6 * c + 0 * u)[nu]
        if not self.extrapolate:
            y = ctorch.where(((x < self.x[0]) | (x > self.x[-1]))[:, None], ctorch.full_like(y, float("nan")), y)
        return y.reshape(*shape, *self.shape).to(self.dtype)

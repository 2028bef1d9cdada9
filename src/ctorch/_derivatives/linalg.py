"""Gradients of linear algebra.

G of a complex tensor is the conjugate of the derivative, as in PyTorch. H stands for the conjugate transpose.
"""
import math

import ctorch
from ctorch import _functions as _f
from ctorch._batched import all_true, any_true
from ctorch._tape import _is_differentiable

_mm = _f.matmul


def sum_to(g, shape):
    """g summed over the dimensions that broadcasting stretched."""
    return g if tuple(g.shape) == tuple(shape) else g.sum_to_size(shape)


def _imaginary(x):
    """Real numbers times i."""
    return _f.complex(ctorch.zeros_like(x), x)


def _eye(x, n=None):
    return ctorch.eye(x.shape[-1] if n is None else n, dtype=x.dtype, device=x.device)


def _diagonal_matrix(v):
    return v.unsqueeze(-1) * _eye(v)


def _diagonal(x):
    return x.diagonal(0, -2, -1)


def _triangular(A, B, upper, unit=False):
    return _f._linalg_solve_triangular(A, B, upper, unit)


def _right_triangular(B, A, upper, unit=False):
    """X of X @ A = B."""
    return _triangular(A.mT, B.mT, not upper, unit).mT


# ---- systems

def solve_backward(g, A, B_shape, X, LU, pivots, needs):
    """From dX = A^-1 (dB - dA X)."""
    if _is_differentiable():
        gB = _f._linalg_solve(A.mH, g, False, "")[0]
    else:
        gB = _f._linalg_lu_solve(LU, pivots, g, True)
    gA = sum_to(-_mm(gB, X.mH), A.shape) if needs[0] else None
    return gA, sum_to(gB, B_shape) if needs[1] else None


def lu_solve_factors(g, LU, pivots, X, adjoint):
    """Gradient of the factors: that of A = P L U, taken back through the product."""
    L, U = LU.tril(-1) + _eye(LU), LU.triu()
    P = _f._linalg_permutation(pivots, LU)
    gB = _f._linalg_lu_solve(LU, pivots, g, not adjoint)
    gA = -_mm(X, gB.mH) if adjoint else -_mm(gB, X.mH)
    gM = _mm(P.mT, gA)
    return sum_to(_mm(gM, U.mH).tril(-1) + _mm(L.mH, gM).triu(), LU.shape)


def lu_factor_backward(g, LU, pivots):
    """From L^-1 dA U^-1 = L^-1 dL + dU U^-1, a strictly lower and an upper triangle."""
    m, n = LU.shape[-2:]
    k = min(m, n)
    P = _f._linalg_permutation(pivots, LU)
    square, gsquare = LU[..., :k, :k], g[..., :k, :k]
    L, U = square.tril(-1) + _eye(LU, k), square.triu()
    lower, upper = _mm(L.mH, gsquare.tril(-1)), _mm(gsquare.triu(), U.mH)
    if m > n:
        rest = _right_triangular(g[..., k:, :], U.mH, False)
        upper = upper - _mm(LU[..., k:, :].mH, g[..., k:, :])
    elif n > m:
        rest = _triangular(L.mH, g[..., k:], True, True)
        lower = lower - _mm(g[..., k:], LU[..., k:].mH)
    phi = lower.tril(-1) + upper.triu()
    result = _right_triangular(_triangular(L.mH, phi, True, True), U.mH, False)
    if m != n:
        result = ctorch.cat([result, rest], -2 if m > n else -1)
    return _mm(P, result)


def inv_backward(g, y):
    """From dY = -Y dA Y."""
    return -_mm(y.mH, _mm(g, y.mH))


def _adjugate_gradient(A):
    """Derivative of the determinant where the matrix may be singular: cofactors from the singular values."""
    U, S, Vh = _f._linalg_svd(A, False, True)
    others = ctorch.where(_eye(S).bool(), 1.0, S.unsqueeze(-2)).prod(-1)
    sign = (_f._linalg_det(U)[0] * _f._linalg_det(Vh)[0]).conj()
    return sign.unsqueeze(-1).unsqueeze(-1) * _mm(U * others.unsqueeze(-2), Vh)


def det_backward(g, A, det, LU, pivots):
    """g * conj(det) A^-H; by cofactors where a matrix is singular."""
    if not A.numel():
        return ctorch.zeros_like(A)
    if any_true(det.detach() == 0):
        return g.unsqueeze(-1).unsqueeze(-1) * _adjugate_gradient(A)
    d = (g * det.conj()).unsqueeze(-1).unsqueeze(-1) * _eye(A)
    return _f._linalg_solve(A.mH, d, False, "")[0] if _is_differentiable() else _f._linalg_lu_solve(
        LU, pivots, d, True)


def slogdet_backward(g_sign, g_size, A, sign, LU, pivots):
    """From d log det = tr(A^-1 dA): the real part is that of the size, the imaginary one that of the phase."""
    total = None
    if g_size is not None:
        total = g_size.to(A.dtype)
    if g_sign is not None and A.is_complex():
        turn = _imaginary(_f.imag(sign.conj() * g_sign))
        total = turn if total is None else total + turn
    if total is None:
        return ctorch.zeros_like(A)
    d = total.unsqueeze(-1).unsqueeze(-1) * _eye(A)
    return _f._linalg_solve(A.mH, d, False, "")[0] if _is_differentiable() else _f._linalg_lu_solve(
        LU, pivots, d, True)


def cholesky_backward(g, L, upper):
    """From L^-1 dA L^-H = M + M^H with a lower triangle M = L^-1 dL (Murray, arXiv:1602.07527)."""
    if upper:
        L, g = L.mH, g.mH
    phi = _mm(L.mH, g).tril()
    phi = phi - _diagonal_matrix(_diagonal(phi)) * 0.5
    phi = (phi + phi.mH) * 0.5
    return _triangular(L.mH, _triangular(L.mH, phi, True).mH, True).mH


def cholesky_inverse_backward(g, L, y, upper):
    """From dY = -Y d(L L^H) Y."""
    common = _mm(y, _mm(g + g.mH, y))
    return -_mm(L, common) if upper else -_mm(common, L)


def cholesky_solve_factor(g, L, X, upper):
    """Gradient of the factor, from that of L L^H."""
    common = _mm(_f._linalg_cholesky_solve(g, L, upper), X.mH)
    common = common + common.mH
    return sum_to(-_mm(L, common) if upper else -_mm(common, L), L.shape)


def solve_triangular_backward(g, A, B_shape, X, upper, unitriangular, needs):
    """As for a general system, for the triangle that is read."""
    gB = _triangular(A.mH, g, not upper, unitriangular)
    gA = None
    if needs[0]:
        gA = -_mm(gB, X.mH)
        inner = 1 if unitriangular else 0
        gA = sum_to(gA.triu(inner) if upper else gA.tril(-inner), A.shape)
    return gA, sum_to(gB, B_shape) if needs[1] else None


# ---- orthogonal factors

def qr_backward(gQ, gR, Q, R, complete, compute_q):
    """From Q^H dA R^-1 = Q^H dQ + dR R^-1: skew-Hermitian plus an upper triangle of real diagonal."""
    if not compute_q:
        raise RuntimeError("The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use "
                           "linalg.qr(A, mode='reduced') if you are going to require gradients")
    m, n = Q.shape[-2], R.shape[-1]
    if complete and m > n:
        raise RuntimeError("The QR decomposition is not differentiable when mode='complete' and nrows > ncols.")
    wide = m < n
    R1 = R[..., :m] if wide else R
    gR1 = gR[..., :m] if wide and gR is not None else gR
    if wide and gR is not None:
        rest = _mm(Q, gR[..., m:])
        more = _mm(_mm(Q, R[..., m:]), gR[..., m:].mH)
        gQ = more if gQ is None else gQ + more
    M = -_mm(gR1, R1.mH) if gR1 is not None else 0
    if gQ is not None:
        M = M + _mm(Q.mH, gQ)
    inner = -M.triu() - M.mH.tril(-1)
    if Q.is_complex():
        inner = inner + _diagonal_matrix(_imaginary(_f.imag(_diagonal(M))))
    gA = _mm(Q, inner)
    gA = _right_triangular(gA if gQ is None else gA + gQ, R1.mH, False)
    if not wide:
        return gA
    return ctorch.cat([gA, rest if gR is not None else ctorch.zeros_like(R[..., m:])], -1)


def _reflection(x, i):
    """Vector number i of the reflections that LAPACK keeps below a diagonal."""
    m = x.shape[-2]
    head = ctorch.zeros((*x.shape[:-2], i, 1), dtype=x.dtype, device=x.device)
    one = ctorch.ones((*x.shape[:-2], 1, 1), dtype=x.dtype, device=x.device)
    return ctorch.cat([head, one, x[..., i + 1:m, i:i + 1]], -2)


def _reflected(x, tau, other, left, transpose):
    """Q @ other, Q^H @ other, other @ Q or other @ Q^H, one reflection after the other."""
    order = range(tau.shape[-1])
    for i in (order if left == transpose else reversed(order)):
        v, t = _reflection(x, i), tau[..., i:i + 1].unsqueeze(-1)
        t = t.conj() if transpose else t
        other = other - (t * v) @ (v.mH @ other) if left else other - (other @ v) @ (t * v.mH)
    return other


def _through(function, g, inputs, needs):
    """Gradients of a function that is written with differentiable operators, run again."""
    graph = _is_differentiable()
    with ctorch.enable_grad():
        given = [x if not need or (graph and x.requires_grad) else
                 (x.view_as(x) if graph else x.detach()).requires_grad_() for x, need in zip(inputs, needs)]
        y = function(*given)
        if not y.requires_grad:              # no reflections
            return tuple(ctorch.zeros_like(x) if need else None for x, need in zip(inputs, needs))
        wanted = [x for x, need in zip(given, needs) if need]
        found = iter(ctorch.autograd.grad(y, wanted, g, create_graph=graph, allow_unused=True))
    return tuple(next(found) if need else None for need in needs)


def householder_backward(g, x, tau, needs):
    """By running the reflections again."""
    m, n = x.shape[-2:]
    identity = ctorch.eye(m, n, dtype=x.dtype, device=x.device)
    return _through(lambda x, tau: _reflected(x, tau, identity, True, False), g, (x, tau), needs)


def ormqr_backward(g, x, tau, other, left, transpose, needs):
    """By running the reflections again."""
    return _through(lambda x, tau, other: _reflected(x, tau, other, left, transpose), g, (x, tau, other), needs)


def pinv_backward(g, A, Y):
    """Golub and Pereyra, SIAM Journal on Numerical Analysis 10, 1973; the rank is taken as constant."""
    Yh = Y.mH
    gh = g.mH
    first = _mm(_mm(Yh, Y), gh)
    second = _mm(_mm(gh, Y), Yh)
    return (first - _mm(_mm(first, Y), A)) + (second - _mm(A, _mm(Y, second))) - _mm(_mm(Yh, g), Yh)


def lstsq_backward(g, A, B, X, needs):
    """The solution is pinv(A) @ B."""
    from ctorch.linalg import pinv

    Y = pinv(A)
    gB = sum_to(_mm(Y.mH, g), B.shape) if needs[1] else None
    return sum_to(pinv_backward(_mm(g, B.mH), A, Y), A.shape) if needs[0] else None, gB, None


# ---- eigenvalues and singular values

def _apart(x):
    """x_j - x_i, with ones on the diagonal."""
    return x.unsqueeze(-2) - x.unsqueeze(-1) + _eye(x)


def _check_phase(imaginary, size, message):
    """Eigenvectors are known up to a phase, so a loss that sees the phase has no derivative."""
    with ctorch.no_grad():
        if not all_true(imaginary.abs() <= 1e-2 + 1e-2 * size.abs()):
            raise RuntimeError(message + " are specified up to multiplication by e^{i phi}. The specified loss "
                               "function depends on this quantity, so it is ill-defined.")


def eigh_backward(gL, gV, L, V):
    """The Hermitian part of V (diag(gL) + (V^H gV) / (L_j - L_i)) V^H."""
    if gV is None:
        return _mm(V * gL.unsqueeze(-2), V.mH)
    inner = _mm(V.mH, gV)
    if V.is_complex():
        _check_phase(_f.imag(_diagonal(inner)), _f.real(_diagonal(inner)),
                     "linalg_eigh_backward: The eigenvectors in the complex case")
    inner = inner / _apart(L)
    inner = (inner + inner.mH) * 0.5
    inner = inner - _diagonal_matrix(_diagonal(inner))
    if gL is not None:
        inner = inner + _diagonal_matrix(gL.to(V.dtype))
    return _mm(V, _mm(inner, V.mH))


def eig_backward(gL, gV, A, L, V):
    """V^-H (diag(gL) + (V^H gV - V^H V diag(Re(V^H gV))) / conj(L_j - L_i)) V^H, for vectors of length one."""
    if gV is None:
        inner = gL.unsqueeze(-1) * V.mH
    else:
        inner = _mm(V.mH, gV)
        along = _diagonal(inner)
        _check_phase(_f.imag(along), _f.real(along), "linalg_eig_backward: The eigenvectors in the complex case")
        inner = inner - _mm(V.mH, V * _f.real(along).to(V.dtype).unsqueeze(-2))
        inner = inner / _apart(L).conj()
        inner = inner - _diagonal_matrix(_diagonal(inner))
        if gL is not None:
            inner = inner + _diagonal_matrix(gL)
        inner = _mm(inner, V.mH)
    gA = _f._linalg_solve(V.mH, inner, False, "")[0]
    return gA if A.is_complex() else _f.real(gA)


def _skew(x):
    return x - x.mH


def svd_backward(gU, gS, gVh, U, S, Vh):
    """Of the thin decomposition (Townsend, "Differentiating the singular value decomposition", 2016)."""
    k = S.shape[-1]
    m, n = U.shape[-2], Vh.shape[-1]
    U, Vh = U[..., :k], Vh[..., :k, :]
    row, column = S.unsqueeze(-2), S.unsqueeze(-1)
    if gU is None and gVh is None:
        return _mm(U * gS.unsqueeze(-2), Vh)
    squares = S * S
    gaps = squares.unsqueeze(-2) - squares.unsqueeze(-1) + _eye(S)
    left = _mm(U.mH, gU[..., :k]) if gU is not None else None
    right = _mm(Vh, gVh[..., :k, :].mH) if gVh is not None else None
    core = 0
    if left is not None:
        core = _skew(left) / gaps * row
    if right is not None:
        core = core + column * (_skew(right) / gaps)
    if U.is_complex():
        phases = [_f.imag(_diagonal(x)) for x in (left, right) if x is not None]
        _check_phase(sum(phases), ctorch.zeros_like(S),
                     "svd_backward: The singular vectors in the complex case")
        core = core - _diagonal_matrix(_diagonal(core))
        if left is not None:
            core = core + _diagonal_matrix(_imaginary(phases[0] / S))
    if gS is not None:
        core = core + _diagonal_matrix(gS.to(U.dtype))
    gA = _mm(U, _mm(core, Vh))
    if m > k and gU is not None:
        part = gU[..., :k] / row
        gA = gA + _mm(part - _mm(U, _mm(U.mH, part)), Vh)
    if n > k and gVh is not None:
        part = gVh[..., :k, :] / column
        gA = gA + _mm(U, part - _mm(_mm(part, Vh.mH), Vh))
    return gA


# ---- functions and norms

def matrix_exp_backward(g, A):
    """The upper right block of exp([[A^H, g], [0, A^H]]) is the derivative at A^H in the direction g."""
    Ah = A.mH
    n = A.shape[-1]
    top, bottom = ctorch.cat([Ah, g], -1), ctorch.cat([ctorch.zeros_like(Ah), Ah], -1)
    return _f._linalg_matrix_exp(ctorch.cat([top, bottom], -2))[..., :n, n:]


def vector_norm_backward(g, x, y, ord, dim, keepdim):
    """Zero where the norm is zero; shared among ties where it is an extremum."""
    if ord == 0:
        return None
    if not keepdim and x.dim():
        dims = range(x.dim()) if dim is None else [d % x.dim() for d in ([dim] if isinstance(dim, int) else dim)]
        shape = [1 if i in set(dims) else s for i, s in enumerate(x.shape)]
        g, y = g.reshape(shape), y.reshape(shape)
    if ord == 1:
        return _f.direction(x) * g
    if ord == 2:
        return g * (x / ctorch.where(y == 0, math.inf, y))       # g / y may be too large for half precision
    size = x.abs()
    if math.isinf(ord):
        hit = (size == y) | (ctorch.isnan(size) & ctorch.isnan(y))
        count = hit.sum(None if dim is None else dim, True) if x.dim() else hit
        return _f.direction(x) * (hit * (g / count))
    if ord < 1:
        power = ctorch.where(size == 0, 0.0, ctorch.where(size == 0, 1.0, size) ** (ord - 1))
        return _f.direction(x) * power * (g * y ** (1 - ord))
    scale = ctorch.where(y == 0, 0.0, g / ctorch.where(y == 0, 1.0, y) ** (ord - 1))
    if ord < 2:
        return _f.direction(x) * ctorch.where(size == 0, 0.0, ctorch.where(size == 0, 1.0, size) ** (ord - 1)) * scale
    return x * ctorch.where(size == 0, 0.0, ctorch.where(size == 0, 1.0, size) ** (ord - 2)) * scale

"""Linear equations with sparse matrices, differentiable in the values of the matrix and in the right sides."""
import warnings

import numpy as np

import ctorch
from ctorch import _tape
from ctorch.scipy._calls import as_float, numbers
from ctorch.scipy._pure import Transposed
from ctorch.scipy.sparse._matrices import csr_array, matched, narrowed

__all__ = ["bicgstab", "cg", "gmres", "spsolve"]


class _Direct:
    """Solves with one LU factorisation, kept for the solves of the derivatives."""

    def __init__(self, pattern, values):
        from scipy.sparse import linalg

        n = pattern.shape[0]
        # The arrays of a CSR matrix are those of the transposed one in CSC form, which is what is factored.
        try:
            self.factor = linalg.splu(pattern.matrix(values, True).copy())
        except RuntimeError as error:
            raise RuntimeError(f"spsolve: the {n} x {n} matrix is singular: {error}") from error

    def __call__(self, b, transposed):
        return self.factor.solve(b, "N" if transposed else "T")


class _Iterative:
    """Solves by a method of SciPy that needs products alone; one right side after the other."""

    def __init__(self, name, matrix, preconditioner, options):
        from scipy.sparse import linalg

        self.name, self.options = name, options
        self.matrix = matrix
        self.preconditioner = None if preconditioner is None else linalg.aslinearoperator(preconditioner)
        self.info = 0

    def __call__(self, b, transposed, x0=None, callback=None):
        from scipy.sparse import linalg

        matrix, m = self.matrix, self.preconditioner
        if transposed:
            matrix, m = matrix.T, None if m is None else m.T
        columns = b.reshape(len(b), -1)
        x, infos = np.empty_like(columns), []
        for k in range(columns.shape[1]):
            first = None if x0 is None else x0.reshape(len(b), -1)[:, k]
            x[:, k], info = getattr(linalg, self.name)(matrix, columns[:, k], x0=first, M=m, callback=callback,
                                                       **self.options)
            infos.append(info)
        self.info = next((info for info in infos if info), 0)          # the first that failed tells
        return x.reshape(b.shape)

    def failure(self, of):
        how = f"after {self.info} iterations" if self.info > 0 else f"for a breakdown (info {self.info})"
        kept = ", ".join(f"{key}={self.options[key]:g}" for key in ("rtol", "atol"))
        return f"{self.name}: no convergence of {of}, {how}, with {kept}"


class _Solve(Transposed):
    """``A x = b`` for the matrix of some values, or for its transpose, or for the conjugate of either."""

    @staticmethod
    def forward(solver, pattern, transposed, conjugated, known, data, b):
        if known is None:
            known = solver(numbers(b.conj() if conjugated else b), transposed)
            known = known.conj() if conjugated else known
            if getattr(solver, "info", 0):
                raise RuntimeError(solver.failure("the solve for a derivative"))
        return ctorch.from_numpy(np.array(known, order="C")).to(b.device)

    @staticmethod
    def setup_context(ctx, inputs, x):
        ctx.solver, ctx.pattern, ctx.transposed, ctx.conjugated, _, data, b = inputs
        ctx.known = numbers(x).copy()
        Transposed.keep(ctx, (data, b), (), x)

    @staticmethod
    def backward(ctx, g):
        kind = ctx.transposed, ctx.conjugated
        data, b = ctx.saved_tensors
        if _tape._is_differentiable():
            x = _Solve.apply(ctx.solver, ctx.pattern, *kind, ctx.known, data, b)
        else:
            x = ctorch.from_numpy(ctx.known).to(b.device)
        w = _Solve.apply(ctx.solver, ctx.pattern, not kind[0], data.is_complex() and not kind[1], None, data, g)
        of_data = None
        if ctx.needs_input_grad[5]:
            of_data = -ctx.pattern.outer(w, x, kind[0])
            of_data = of_data.conj() if kind[1] else of_data
        return None, None, None, None, None, of_data, w

    @staticmethod
    def vmap(info, in_dims, solver, pattern, transposed, conjugated, known, data, b):
        if in_dims[5] is not None or known is not None:
            return Transposed.vmap(info, in_dims)
        columns = b.movedim(in_dims[6], -1)              # the same matrix: more right sides
        x = _Solve.apply(solver, pattern, transposed, conjugated, None, data, columns.reshape(len(columns), -1))
        return x.reshape(columns.shape), columns.dim() - 1


def _checked(caller, A, b, batched=False):
    if not isinstance(A, csr_array):
        raise TypeError(f"{caller}: A must be a ctorch.scipy.sparse.csr_array, got {type(A).__name__}")
    if A.shape[0] != A.shape[1]:
        raise ValueError(f"{caller}: A must be square, got shape {A.shape}")
    b = as_float(caller, "b", b, batched)
    if b.dim() not in (1, 2) or b.shape[0] != A.shape[0]:
        raise ValueError(f"{caller}: b must have {A.shape[0]} rows for A of shape {A.shape}, and one dimension or "
                         f"two, got shape {tuple(b.shape)}")
    return b


def spsolve(A, b):
    """Solution of ``A x = b`` by an LU factorisation, as ``scipy.sparse.linalg.spsolve`` finds it, differentiable.

    The factorisation is kept for the solves with the transposed matrix that derivatives need. They come for the values
    of `A`, at the places of its pattern alone, and for `b`, and are again differentiable.

    Parameters
    ----------
    A : csr_array
        Square.
    b : Tensor
        One right side, or several as columns.

    Returns
    -------
    Tensor
        Of the shape of `b`. RuntimeError where the matrix is singular.

    Examples
    --------
    >>> import ctorch
    >>> data = ctorch.tensor([2., 1., 4.], requires_grad=True)
    >>> A = ctorch.scipy.sparse.csr_array((data, [0, 1, 1], [0, 2, 3]))
    >>> x = ctorch.scipy.sparse.linalg.spsolve(A, ctorch.tensor([4., 4.]))
    >>> x.detach()
    tensor([1.5000, 1.0000])
    >>> x[0].backward()
    >>> data.grad
    tensor([-0.7500, -0.5000,  0.1250])
    """
    b = _checked("spsolve", A, b, True)
    data, right = matched(A.data, b)
    solver = _Direct(A._pattern, numbers(data))
    return narrowed(_Solve.apply(solver, A._pattern, A._transposed, False, None, data, right), A.data, b)


def _iterate(name, A, b, x0, M, callback, options):
    b = _checked(name, A, b)
    if x0 is not None:
        x0 = as_float(name, "x0", x0)
        if x0.shape != b.shape:
            raise ValueError(f"{name}: x0 must have the shape {tuple(b.shape)} of b, got {tuple(x0.shape)}")
    data, right = matched(A.data, b)
    solver = _Iterative(name, A._pattern.matrix(numbers(data), False), M, options)
    known = solver(numbers(right), A._transposed, None if x0 is None else numbers(x0), callback)
    info = solver.info
    if info and _tape._recorded(data, right):
        warnings.warn(solver.failure("x, which is to be differentiated as a solution"), RuntimeWarning, stacklevel=3)
    solver.info = 0
    return narrowed(_Solve.apply(solver, A._pattern, A._transposed, False, known, data, right), A.data, b), info


_ITERATIVE = """{title}, as ``scipy.sparse.linalg.{name}`` does; differentiable.

    Derivatives, for the values of `A` at the places of its pattern and for `b`, are solutions by the same method, to
    the same tolerances, with the adjoint matrix and preconditioner; they are again differentiable.

    Parameters
    ----------
    A : csr_array
        {kind}
    b : Tensor
        One right side, or several as columns, which are solved one after the other.
    x0 : Tensor, optional
        Where to begin; it gets no gradient.
    rtol, atol, {more}
        As in SciPy.
    M : array, sparse array or LinearOperator of SciPy, optional
        Preconditioner: roughly the inverse of `A`.
    callback : callable, optional
        As in SciPy; it sees NumPy's arrays.

    Returns
    -------
    x : Tensor
        Of the shape of `b`.
    info : int
        Zero where all right sides converged, else what SciPy says of the first that did not; where x is to be
        differentiated there is a RuntimeWarning then.

    Examples
    --------
    >>> import ctorch
    >>> data = ctorch.tensor([2., 1., 1., 3.], requires_grad=True)
    >>> A = ctorch.scipy.sparse.csr_array((data, [0, 1, 0, 1], [0, 2, 4]))
    >>> x, info = ctorch.scipy.sparse.linalg.{name}(A, ctorch.tensor([4., 7.]), rtol=1e-10)
    >>> x.detach(), info
    (tensor([1., 2.]), 0)
    >>> x.sum().backward()
    >>> data.grad
    tensor([-0.4000, -0.8000, -0.2000, -0.4000])
    """


def cg(A, b, x0=None, *, rtol=1e-5, atol=0.0, maxiter=None, M=None, callback=None):
    return _iterate("cg", A, b, x0, M, callback, {"rtol": rtol, "atol": atol, "maxiter": maxiter})


def bicgstab(A, b, x0=None, *, rtol=1e-5, atol=0.0, maxiter=None, M=None, callback=None):
    return _iterate("bicgstab", A, b, x0, M, callback, {"rtol": rtol, "atol": atol, "maxiter": maxiter})


def gmres(A, b, x0=None, *, rtol=1e-5, atol=0.0, restart=None, maxiter=None, M=None, callback=None):
    return _iterate("gmres", A, b, x0, M, callback,
                    {"rtol": rtol, "atol": atol, "restart": restart, "maxiter": maxiter, "callback_type": "legacy"})


cg.__doc__ = _ITERATIVE.format(name="cg", title="Solve ``A x = b`` by conjugate gradients", more="maxiter",
                               kind="Symmetric (Hermitian where it is complex) and positive definite.")
bicgstab.__doc__ = _ITERATIVE.format(name="bicgstab", title="Solve ``A x = b`` by stabilised biconjugate gradients",
                                     more="maxiter", kind="Square.")
gmres.__doc__ = _ITERATIVE.format(name="gmres", title="Solve ``A x = b`` by generalised minimal residuals",
                                  more="restart, maxiter", kind="Square.")

"""Roots as functions of what their equations depend on, by the implicit function theorem."""
import warnings

import ctorch
from ctorch import _tape
from ctorch.linalg import LinAlgError
from ctorch.scipy._pure import Transposed, jacobian, leaves, products, pure

_NEAR = 1e-4            # of x: how far from a root Newton's step may lead
_DENSE = 500            # unknowns up to which the matrix of derivatives is made at once
_EXACT = 1e-12          # how exactly GMRES solves with it otherwise


class Equation:
    """``residual(x, *tensors) = 0`` with as many equations as unknowns.

    Parameters
    ----------
    caller : str
        For messages.
    residual : callable
        Of float64 vectors, made of differentiable operations.
    tensors, closed : list of Tensor
        What it depends on: as arguments, and leaves that it closes over.
    """

    def __init__(self, caller, residual, tensors, closed):
        self.caller, self.residual = caller, residual
        self.tensors, self.closed = tensors, closed

    def attach(self, x, tensors=None):
        """The root `x`, a vector, as a function of all that the equation depends on."""
        tensors = self.tensors if tensors is None else tensors
        if not (tensors or self.closed):
            return x
        return _Root.apply(self, len(tensors), x, *tensors, *self.closed)

    def check(self, x, method, result):
        """Warn where x, which is to be differentiated, is no root, as Newton's next step shows.

        That the solver says that it failed is not enough: some do so where they are asked for more digits than there
        are.
        """
        is_root = self._is_root(x) if len(x) <= _DENSE else result.success
        if not is_root:
            warnings.warn(f"{self.caller}: method {method!r} did not converge near enough to a solution for its "
                          f"derivatives to be right: {result.message}", RuntimeWarning, stacklevel=3)

    def _is_root(self, x):
        with ctorch.enable_grad():
            (x,) = leaves([x])
            residual = self.residual(x, *[t.detach() for t in self.tensors])
        try:
            step = ctorch.linalg.solve(jacobian(residual, x, False).cpu(), residual.detach().cpu())
        except LinAlgError:
            return False
        return bool(step.norm() <= _NEAR * x.detach().cpu().norm().clamp(min=1))

    def adjoint(self, x, g, *tensors):
        """The gradient `g` of the root as gradients of the tensors: -g (dF/dx)^-1 dF/dtensors."""
        create_graph = ctorch.is_grad_enabled()
        with ctorch.enable_grad():
            x, *tensors = leaves([x, *tensors])
            residual = self.residual(x, *tensors)
        w = self._by_products(residual, x, g) if len(x) > _DENSE else None
        if w is None:
            w = self._by_matrix(residual, x, g, create_graph)
        elif create_graph:
            w = self._transposed().attach(w, [x, g, *tensors])
        return products([residual], [*tensors, *self.closed], [w], create_graph)

    def _by_matrix(self, residual, x, g, create_graph):
        matrix = jacobian(residual, x, create_graph)
        try:
            return ctorch.linalg.solve(matrix.mT.cpu(), -g.cpu()).to(x.device)
        except LinAlgError as error:
            raise RuntimeError(f"{self.caller}: no derivative at this solution, where the {len(x)} x {len(x)} matrix "
                               "of the derivatives of the equations by the unknowns is singular") from error

    def _by_products(self, residual, x, g):
        """w of ``w dF/dx = -g`` by GMRES, or None where it does not converge."""
        from scipy.sparse import linalg

        def product(w):
            return products([residual], [x], [ctorch.from_numpy(w.copy()).to(x.device)], False)[0].cpu().numpy()

        n = len(x)
        operator = linalg.LinearOperator((n, n), product, dtype="float64")
        w, info = linalg.gmres(operator, -g.detach().cpu().numpy(), rtol=_EXACT, atol=0, restart=min(n, 100), maxiter=5)
        return None if info else ctorch.from_numpy(w).to(x.device)

    def _transposed(self):
        """The equation ``w dF/dx + g = 0`` for w, which depends on x, g and all that this one depends on."""
        def residual(w, x, g, *tensors):
            with ctorch.enable_grad():
                x, *tensors = leaves([x, *tensors])
                y = self.residual(x, *tensors)
            return products([y], [x], [w], True)[0] + g

        return Equation(self.caller, residual, (), self.closed)


class _Root(Transposed):
    @staticmethod
    def forward(equation, count, x, *tensors):
        return x.clone()

    @staticmethod
    def setup_context(ctx, inputs, root):
        ctx.equation, ctx.count, x, *tensors = inputs
        Transposed.keep(ctx, (x, *tensors), tensors[ctx.count:], root)

    @staticmethod
    def backward(ctx, g):
        equation, count = ctx.equation, ctx.count
        x, *tensors = ctx.saved_tensors
        if _tape._is_differentiable():           # the derivative depends on the root, which depends on the tensors
            x = _Root.apply(equation, count, x, *tensors)
        return None, None, None, *pure(equation.adjoint, [x, g, *tensors[:count]], tensors[count:])

"""Roots as functions of what their equations depend on, by the implicit function theorem."""
import warnings

import ctorch
from ctorch.autograd import Function
from ctorch.linalg import LinAlgError
from ctorch.scipy._pure import jacobian, leaves, products, pure

_NEAR = 1e-4            # of x: how far from a root Newton's step may lead


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

    def attach(self, x):
        """The root `x`, a vector, as a function of all that the equation depends on."""
        if not (self.tensors or self.closed):
            return x
        return _Root.apply(self, x, *self.tensors, *self.closed)

    def check(self, x, method, result):
        """Warn where x, which is to be differentiated, is no root, as Newton's next step shows.

        That the solver says that it failed is not enough: some do so where they are asked for more digits than there
        are.
        """
        with ctorch.enable_grad():
            (x,) = leaves([x])
            residual = self.residual(x, *[t.detach() for t in self.tensors])
        try:
            step = ctorch.linalg.solve(jacobian(residual, x, False), residual.detach())
            is_root = bool(step.norm() <= _NEAR * x.norm().clamp(min=1))
        except LinAlgError:
            is_root = False
        if not is_root:
            warnings.warn(f"{self.caller}: method {method!r} did not converge near enough to a solution for its "
                          f"derivatives to be right: {result.message}", RuntimeWarning, stacklevel=3)

    def adjoint(self, x, g, *tensors):
        """The gradient `g` of the root as gradients of the tensors: -g (dF/dx)^-1 dF/dtensors."""
        create_graph = ctorch.is_grad_enabled()
        with ctorch.enable_grad():
            x, *tensors = leaves([x, *tensors])
            residual = self.residual(x, *tensors)
        matrix = jacobian(residual, x, create_graph)
        try:
            w = ctorch.linalg.solve(matrix.mT, -g)
        except LinAlgError as error:
            raise RuntimeError(f"{self.caller}: no derivative at this solution, where the {len(x)} x {len(x)} matrix "
                               "of the derivatives of the equations by the unknowns is singular") from error
        return products([residual], [*tensors, *self.closed], [w], create_graph)


class _Root(Function):
    @staticmethod
    def forward(ctx, equation, x, *tensors):
        ctx.equation = equation
        ctx.save_for_backward(x, *tensors)
        return x.clone()

    @staticmethod
    def backward(ctx, g):
        equation = ctx.equation
        x, *tensors = ctx.saved_tensors
        if ctorch.is_grad_enabled():             # the derivative depends on the root, which depends on the tensors
            x = _Root.apply(equation, x, *tensors)
        count = len(equation.tensors)
        return None, None, *pure(equation.adjoint, [x, g, *tensors[:count]], tensors[count:])

"""Roots of systems of equations, and fixed points, which are roots of what moves them."""
import ctorch
from ctorch.scipy._calls import Call, Space, as_float
from ctorch.scipy._implicit import Equation
from ctorch.scipy._pure import jacobian, leaves

# Methods of scipy.optimize.root that take the Jacobian.
_WITH_JACOBIAN = ("hybr", "lm")


def _check_shape(call, x):
    if call.example.shape != x.shape:
        raise ValueError(f"{call.caller}: {call.name} must return as many numbers as x has, in its shape "
                         f"{tuple(x.shape)}; it returns {tuple(call.example.shape)}")
    if call.example.is_complex() and not x.is_complex():
        raise TypeError(f"{call.caller}: {call.name} returns {call.example.dtype} for x of {x.dtype}; give x0 as a "
                        "complex tensor")


def _equation(call, space, move=False):
    def residual(x, *tensors):
        y = space.vector(call([call.vector(space, x)], tensors))
        return y - x if move else y

    return Equation(call.caller, residual, call.tensors, call.closed)


def root(fun, x0, args=(), method="hybr", jac=None, tol=None, callback=None, options=None, *, params=None):
    """Root of a system of equations, as ``scipy.optimize.root`` finds it, differentiable in what `fun` depends on.

    Derivatives come from the implicit function theorem, with the Jacobian that autograd gives at the root; they are
    again differentiable. Of more than 500 unknowns no Jacobian is made, but GMRES solves with its products with
    vectors, unless it does not converge. The result does not depend on `x0`, which gets no gradient.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)`` gives a tensor of the shape of `x`.
    x0 : Tensor
        Where to begin; of any shape, real or complex.
    args : tuple
        Further arguments of `fun`; the tensors among them are differentiated.
    method : str
        Any of SciPy's. ``"hybr"`` and ``"lm"`` are given the exact Jacobian.
    jac : None
        For the order of SciPy's arguments: autograd gives the Jacobian.
    tol, callback, options
        As in SciPy; `callback` sees NumPy's arrays.
    params : sequence of Tensor, optional
        Leaves of the graph that `fun` closes over, where they are not to be found by themselves.

    Returns
    -------
    scipy.optimize.OptimizeResult
        With `x` a tensor of the shape and dtype of `x0`, and the rest as SciPy has it. Where ``success`` is False, x
        has derivatives and Newton's step there is longer than 1e-4 of x, there is a RuntimeWarning.

    Examples
    --------
    >>> import ctorch
    >>> a = ctorch.tensor([4., 9.], requires_grad=True)
    >>> roots = ctorch.scipy.optimize.root(lambda x, a: x * x - a, ctorch.ones(2), args=(a,)).x
    >>> roots.detach()
    tensor([2., 3.])
    >>> roots.sum().backward()
    >>> a.grad
    tensor([0.2500, 0.1667])
    """
    from scipy import optimize as solvers

    if jac is not None:
        raise TypeError("root: jac must be None: the Jacobian comes from autograd")
    x0 = as_float("root", "x0", x0).detach()
    call = Call("root", "fun", fun, [x0], args, params)
    _check_shape(call, x0)
    space = Space(x0)
    equation = _equation(call, space)
    fixed = [t.detach() for t in call.tensors]

    def value(x):
        with ctorch.no_grad():
            return equation.residual(space.from_numpy(x), *fixed).detach().cpu().numpy()

    def derivative(x):
        with ctorch.enable_grad():
            (x,) = leaves([space.from_numpy(x)])
            y = equation.residual(x, *fixed)
        return jacobian(y, x, False).cpu().numpy()

    result = solvers.root(value, space.vector(x0).cpu().numpy(), method=method, tol=tol, callback=callback,
                          jac=derivative if method in _WITH_JACOBIAN else None, options=options)
    x = space.from_numpy(result.x)
    if not result.success and (call.tensors or call.closed):
        equation.check(x, method, result)
    result.x = space.tensor(equation.attach(x))
    return result


def fixed_point(func, x0, args=(), xtol=1e-8, maxiter=500, method="del2", *, params=None):
    """Where ``func(x, *args) = x``, as ``scipy.optimize.fixed_point`` finds it, differentiable as `root` is.

    Parameters
    ----------
    func : callable
        Gives a tensor of the shape of its first argument.
    x0 : Tensor
        Where to begin.
    args : tuple
        Further arguments of `func`; the tensors among them are differentiated.
    xtol, maxiter, method
        As in SciPy: ``"del2"`` accelerates the convergence of each element by itself, ``"iteration"`` does not.
    params : sequence of Tensor, optional
        Leaves of the graph that `func` closes over, where they are not to be found by themselves.

    Returns
    -------
    Tensor
        Of the shape and dtype of `x0`. RuntimeError where there is no convergence, as in SciPy.

    Examples
    --------
    >>> import ctorch
    >>> a = ctorch.tensor(2., requires_grad=True)
    >>> x = ctorch.scipy.optimize.fixed_point(lambda x, a: (x + a / x) / 2, ctorch.tensor(1.), args=(a,))
    >>> x.backward()
    >>> x.detach(), a.grad
    (tensor(1.4142), tensor(0.3536))
    """
    from scipy import optimize as solvers

    x0 = as_float("fixed_point", "x0", x0).detach()
    call = Call("fixed_point", "func", func, [x0], args, params)
    _check_shape(call, x0)
    space = Space(x0)
    equation = _equation(call, space, move=True)
    fixed = [t.detach() for t in call.tensors]

    def moved(x):
        with ctorch.no_grad():
            x = space.from_numpy(x)
            return (equation.residual(x, *fixed) + x).cpu().numpy()

    try:
        x = solvers.fixed_point(moved, space.vector(x0).cpu().numpy(), xtol=xtol, maxiter=maxiter, method=method)
    except RuntimeError as error:
        raise RuntimeError(f"fixed_point: no convergence within {maxiter} iterations of method {method!r}; the last x "
                           f"has a shape of {tuple(x0.shape)}") from error
    return space.tensor(equation.attach(space.from_numpy(x)))

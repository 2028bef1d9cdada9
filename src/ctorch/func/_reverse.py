"""Transforms of functions by reverse mode: gradients, products with Jacobians, Jacobians and Hessians.

Each call is a level: its arguments are tensors of its own, over the same memory. A graph of the gradient is made only
where something outside can ask for it, that is where the result depends on leaves that are not the level's own.
"""
import functools

from ctorch import _backward, _tape
from ctorch._core import Tensor
from ctorch._grad_mode import enable_grad
from ctorch.autograd import grad as gradients_of
from ctorch.autograd._gradients import _in_full, unit_rows
from ctorch.func._arguments import need_real, places, with_aux
from ctorch.utils._pytree import tree_flatten, tree_leaves, tree_map, tree_unflatten

__all__ = ["grad", "grad_and_value", "hessian", "jacrev", "vjp"]


# ---- arguments

class _Level:
    """The arguments of one call, and what is known of the world around it."""

    __slots__ = ("connected", "inputs", "leaves", "originals")

    def __init__(self):
        self.connected = _tape.is_grad_enabled()     # else nobody outside follows what happens here
        self.inputs, self.originals = [], []

    def enter(self, x):
        """An argument as the function sees it."""
        if not isinstance(x, Tensor):
            raise ValueError(f"Thing passed to transform API must be Tensor, got {type(x)}")
        y = _tape._level_input(x, self.connected)
        self.inputs.append(y)
        self.originals.append(x)
        return y

    def enter_at(self, args, argnums):
        """Positional arguments of which those at `argnums` have entered."""
        args = list(args)
        for k in places(argnums, len(args)):
            args[k] = self.enter(args[k]) if isinstance(args[k], Tensor) else tree_map(self.enter, args[k])
        self.leaves = [x for x in self.inputs if x.is_leaf]
        return args

    def call(self, func, args, kwargs, given):
        """What a function returns; `given` are its arguments as they are outside."""
        opened = _tape._open_transform((given, kwargs), self.originals, self.inputs)
        try:
            return func(*args, **kwargs)
        finally:
            _tape._close_transform(opened)

    def leave(self, x):
        """A result as those outside see it."""
        return _tape._without_level(x, self.leaves, self.connected)

    def leave_aux(self, tree):
        """The same of what a function returns beside its result."""
        def leave(x):
            if not isinstance(x, Tensor):
                raise RuntimeError(f"Expected tensors, got unsupported type {type(x)}")
            return self.leave(x)
        return self.leave(tree) if isinstance(tree, Tensor) else tree_map(leave, tree)


def _shaped_as(flat, args, argnums):
    # Flat gradients in the shape of the arguments at `argnums`.
    one = isinstance(argnums, int)
    if one and isinstance(args[argnums], Tensor):
        return flat[0]
    picked = args[argnums] if one else tuple(args[k] for k in argnums)
    return tree_unflatten(flat, tree_flatten(picked)[1])


# ---- gradients

def _zeros(x):
    return x.detach().new_zeros(x.shape)


def _gradients_and_value(func, argnums, has_aux, args, kwargs):
    level = _Level()
    with enable_grad():
        given, args = args, level.enter_at(args, argnums)
        out, aux = with_aux(level.call(func, args, kwargs, given), has_aux, "grad_and_value(f)(*args)")
        if not isinstance(out, Tensor):
            raise RuntimeError(f"grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got {type(out)}")
        if out.ndim != 0:
            raise RuntimeError("grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor with "
                               f"{out.ndim} dims. Maybe you wanted to use the vjp or jacrev APIs instead?")
        inputs = level.inputs
        if not out.requires_grad:
            found = [_zeros(x) for x in inputs]
        else:
            wanted = level.connected and _tape._reaches_beyond((out,), level.leaves)
            # what leaves the level needs its graph still, where it is followed outside
            found = _backward._grad((out,), inputs, (None,), wanted, wanted)
            found = [_zeros(x) if g is None else level.leave(_in_full(g)) for g, x in zip(found, inputs)]
    value = level.leave(out)
    return _shaped_as(found, args, argnums), (value, level.leave_aux(aux)) if has_aux else value


def grad(func, argnums=0, has_aux=False):
    """The function that gives the gradient of a function of one number.

    See https://docs.pytorch.org/docs/stable/generated/torch.func.grad.html

    Parameters
    ----------
    func : callable
        Returns a tensor of no dimensions, and where `has_aux` a second thing.
    argnums : int or tuple of int
        The positional arguments to differentiate with respect to: tensors, or containers of them.
    has_aux : bool
        `func` returns a pair, of which the second part is handed on.

    Returns
    -------
    callable
        Takes what `func` takes; returns the gradient in the shape of the argument, a tuple of them where `argnums` is
        one, and where `has_aux` a pair of that and the second part.

    Examples
    --------
    >>> import ctorch
    >>> from ctorch.func import grad
    >>> x = ctorch.tensor(2.)
    >>> grad(lambda x: x ** 3)(x), grad(grad(lambda x: x ** 3))(x)
    (tensor(12.), tensor(12.))
    """
    @functools.wraps(func)
    def gradient(*args, **kwargs):
        found, value = _gradients_and_value(func, argnums, has_aux, args, kwargs)
        return (found, value[1]) if has_aux else found
    return gradient


def grad_and_value(func, argnums=0, has_aux=False):
    """The function that gives the gradient of a function of one number together with its value.

    See https://docs.pytorch.org/docs/stable/generated/torch.func.grad_and_value.html

    Parameters
    ----------
    func : callable
        As in `grad`.
    argnums : int or tuple of int
        As in `grad`.
    has_aux : bool
        As in `grad`.

    Returns
    -------
    callable
        Returns the gradient and the value; where `has_aux` that is a pair of the value and the second part.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.func.grad_and_value(lambda x: (x * x).sum())(ctorch.tensor([1., 2.]))
    (tensor([2., 4.]), tensor(5.))
    """
    @functools.wraps(func)
    def gradient_and_value(*args, **kwargs):
        return _gradients_and_value(func, argnums, has_aux, args, kwargs)
    return gradient_and_value


# ---- products of vectors with Jacobians

def _picture(spec):
    # A nest with stars for its leaves.
    parts = [_picture(c) for c in spec.children_specs]
    if spec.type is None:
        return "*"
    if spec.type is dict:
        return "{" + ", ".join(f"{key!r}: {part}" for key, part in zip(spec.context, parts)) + "}"
    if spec.type is list:
        return f"[{', '.join(parts)}]"
    if spec.type is tuple:
        return f"({', '.join(parts)}{',' * (len(parts) == 1)})"
    return f"{spec.type.__name__}({', '.join(parts)})"


def _checked_outputs(flat):
    who = "vjp(f, *primals)"
    if not flat or (len(flat) == 1 and flat[0] is None):
        raise RuntimeError(f"{who}: Expected f to be a function that has non-empty output (got output = {flat})")
    for y in flat:
        if not isinstance(y, Tensor):
            raise RuntimeError(f"{who}: expected f(*primals) to return only tensors, got unsupported type {type(y)}")
    for y in flat:
        if not (y.is_floating_point() or y.is_complex()):
            raise RuntimeError("vjp(f, ...): All outputs of f must be floating-point or complex Tensors, got Tensor "
                               f"with dtype {y.dtype}")
    return flat


def _pulled_back(outputs, inputs, cotangents, keep, create):
    # Gradients of those outputs that depend on something; zeros where none does.
    pairs = [(y, g) for y, g in zip(outputs, cotangents) if y.requires_grad]
    if not pairs:
        return [_zeros(x) for x in inputs]
    found = gradients_of([y for y, _ in pairs], inputs, [g for _, g in pairs], retain_graph=keep, create_graph=create,
                         allow_unused=True)
    return [_zeros(x) if g is None else g for g, x in zip(found, inputs)]


def _vjp(func, primals, argnums, has_aux):
    # The function's result and the function from cotangents to gradients of the arguments at `argnums`.
    argnums = tuple(range(len(primals))) if argnums is None else argnums
    level = _Level()
    with enable_grad():
        args = level.enter_at(primals, argnums)
        out, aux = with_aux(level.call(func, args, {}, primals), has_aux, "vjp(f, *primals)")
        flat, spec = tree_flatten(out)
        _checked_outputs(flat)
    results = tree_unflatten([level.leave(y) for y in flat], spec)
    followed = level.connected and _tape._reaches_beyond(flat, level.leaves)
    aux = level.leave_aux(aux) if has_aux else None

    def pull_back(cotangents, retain_graph=True, create_graph=None):
        given, given_spec = tree_flatten(cotangents)
        if given_spec != spec:
            raise RuntimeError("Expected pytree structure of cotangents to be the same as pytree structure of outputs "
                               f"to the function. cotangents: {_picture(given_spec)}, "
                               f"primal output: {_picture(spec)}")
        if create_graph is None:
            create_graph = _tape.is_grad_enabled() and (
                followed or any(isinstance(g, Tensor) and g.requires_grad for g in given))
        found = _pulled_back(flat, level.inputs, given, retain_graph, create_graph)
        return _shaped_as([_tape._without_level(g, level.leaves, create_graph) for g in found], args, argnums)

    return results, pull_back, aux


def vjp(func, *primals, has_aux=False):
    """The value of a function, and the function that multiplies vectors by its Jacobian from the left.

    See https://docs.pytorch.org/docs/stable/generated/torch.func.vjp.html

    Parameters
    ----------
    func : callable
        Returns tensors, or containers of them; where `has_aux` a pair of those and a second thing.
    *primals : Tensor
        Its arguments, or containers of them.
    has_aux : bool
        `func` returns a pair.

    Returns
    -------
    tuple
        The value; a function from a gradient for each output to a tuple of gradients, one for each argument; and the
        second part where `has_aux`.

    Examples
    --------
    >>> import ctorch
    >>> value, pull_back = ctorch.func.vjp(lambda x: x * x, ctorch.tensor([1., 2.]))
    >>> pull_back(ctorch.tensor([1., 10.]))
    (tensor([ 2., 40.]),)
    """
    value, pull_back, aux = _vjp(func, primals, None, has_aux)
    return (value, pull_back, aux) if has_aux else (value, pull_back)


# ---- Jacobians

def _rows_of_jacobian(pull_back, outputs, spec, start, stop, alone):
    # Rows start to stop, flat by input; `alone`: one at a time, without vmap.
    from ctorch.func import vmap
    basis = unit_rows(outputs, start, stop)
    if alone:
        return [g.unsqueeze(0) for g in tree_leaves(pull_back(tree_unflatten([b[0] for b in basis], spec)))]
    return tree_leaves(vmap(pull_back)(tree_unflatten(basis, spec)))


def _stacked(pull_back, outputs, spec, inputs, chunk_size, in_place):
    # The whole Jacobian, one tensor of rows per input.
    from ctorch import cat
    rows = sum(y.numel() for y in outputs)
    step = rows if chunk_size is None else min(chunk_size, rows)
    if step >= rows:
        return _rows_of_jacobian(pull_back, outputs, spec, 0, rows, chunk_size == 1)
    pieces = (_rows_of_jacobian(pull_back, outputs, spec, k, min(k + step, rows), chunk_size == 1)
              for k in range(0, rows, step))
    if not in_place:
        return [cat(p) for p in zip(*pieces)]
    whole = [x.detach().new_zeros((rows, *x.shape)) for x in inputs]
    for k, piece in enumerate(pieces):
        for w, p in zip(whole, piece):
            w[k * step:(k + 1) * step].copy_(p)
    return whole


def jacrev(func, argnums=0, *, has_aux=False, chunk_size=None, _preallocate_and_copy=False):
    """The function that gives the Jacobian of a function, row by row of it in one batch.

    See https://docs.pytorch.org/docs/stable/generated/torch.func.jacrev.html

    Parameters
    ----------
    func : callable
        Returns tensors, or containers of them; where `has_aux` a pair of those and a second thing.
    argnums : int or tuple of int
        The positional arguments to differentiate with respect to.
    has_aux : bool
        `func` returns a pair, of which the second part is handed on.
    chunk_size : int, optional
        At most so many rows at once, to save memory.

    Returns
    -------
    callable
        Takes what `func` takes; for each output a Jacobian of the output's shape followed by the argument's.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.func.jacrev(lambda x: x * x.sum())(ctorch.tensor([1., 2.]))
    tensor([[4., 1.],
            [2., 5.]])
    """
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    @functools.wraps(func)
    def jacobian(*args):
        need_real("jacrev", args, "inputs")
        value, pull_back, aux = _vjp(func, args, argnums, has_aux)
        outputs, spec = tree_flatten(value)
        need_real("jacrev", outputs, "outputs")
        inputs, input_spec = tree_flatten(tuple(args[k] for k in places(argnums, len(args))))
        whole = _stacked(pull_back, outputs, spec, inputs, chunk_size, _preallocate_and_copy)
        found, start = [], 0
        for y in outputs:
            rows = [w[start:start + y.numel()].reshape((*y.shape, *x.shape)) for w, x in zip(whole, inputs)]
            by_argument = tree_unflatten(rows, input_spec)
            found.append(by_argument[0] if isinstance(argnums, int) else by_argument)
            start += y.numel()
        result = tree_unflatten(found, spec)
        return (result, aux) if has_aux else result
    return jacobian


def hessian(func, argnums=0):
    """The function that gives the matrix of second derivatives: forward mode over reverse mode.

    See https://docs.pytorch.org/docs/stable/generated/torch.func.hessian.html

    Parameters
    ----------
    func : callable
        Returns tensors, or containers of them.
    argnums : int or tuple of int
        The positional arguments to differentiate with respect to.

    Returns
    -------
    callable
        Takes what `func` takes; for a tuple `argnums` it returns a tuple of tuples.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.func.hessian(lambda x: (x ** 3).sum())(ctorch.tensor([1., 2.]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    from ctorch.func import jacfwd
    return jacfwd(jacrev(func, argnums), argnums)

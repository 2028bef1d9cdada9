"""Transforms of functions by forward mode: products of Jacobians with vectors, Jacobians column by column."""
import functools

import ctorch
from ctorch import _tape
from ctorch._core import Tensor
from ctorch._grad_mode import enable_grad
from ctorch.autograd._gradients import grad as gradients_of
from ctorch.autograd._gradients import unit_rows
from ctorch.func._arguments import need_real, places, with_aux
from ctorch.utils._pytree import tree_flatten, tree_unflatten

__all__ = ["jacfwd", "jvp", "linearize"]

_WHO = "jvp(f, primals, tangents)"


def _need_tensors(leaves, name):
    if not leaves:
        raise RuntimeError(f"{_WHO}: Expected {name} to contain at least one Tensor.")
    for x in leaves:
        if not isinstance(x, Tensor):
            raise RuntimeError(f"{_WHO}: Expected {name} to only contain Tensors, got {type(x)}")


def _need_outputs(leaves):
    if not leaves or (len(leaves) == 1 and leaves[0] is None):
        raise RuntimeError(f"{_WHO}: Expected f to be a function that has non-empty output (got output = {leaves})")
    for y in leaves:
        if not isinstance(y, Tensor):
            raise RuntimeError(f"{_WHO}: expected f(*primals) to return only tensors, got unsupported type {type(y)}")


def _tangent_of(y, level, strict):
    t = _tape._tangent(y, level)
    if t is not None:
        return t
    if strict:
        raise RuntimeError("jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This "
                           "is not allowed with strict=True.")
    return ctorch.zeros_like(y.detach())


def _called(func, args, given, primals):
    # What a function returns; `given` are its arguments as they are outside.
    opened = _tape._open_transform(given, primals, [])
    try:
        return func(*args)
    finally:
        _tape._close_transform(opened)


def _along(func, args, varied, tangents, strict, has_aux):
    """The outputs of a function, their tangents, and its auxiliary result; `varied` are the arguments that vary."""
    primals, spec = tree_flatten(tuple([args[k] for k in varied]))
    directions, their_spec = tree_flatten(tangents)
    if spec != their_spec:
        raise RuntimeError(f"{_WHO}: Expected primals and tangents to have the same python structure. For example, if "
                           "primals is a tuple of 3 tensors, tangents also must be. Got primals with structure "
                           f"{spec} and tangents with structure {their_spec}")
    _need_tensors(primals, "primals")
    _need_tensors(directions, "tangents")
    enabled = _tape._set_fwd_grad(True)
    level = _tape._enter_level()
    try:
        duals = tree_unflatten([_tape._make_dual(p, t, level) for p, t in zip(primals, directions)], spec)
        given, args = args, list(args)
        for k, dual in zip(varied, duals):
            args[k] = dual
        result, aux = with_aux(_called(func, args, given, primals), has_aux, _WHO)
        outputs, spec = tree_flatten(result)
        _need_outputs(outputs)
        found = [_tangent_of(y, level, strict) for y in outputs]
    finally:
        _tape._exit_level(level)             # the outputs have no tangents in it from now on
        _tape._set_fwd_grad(enabled)
    return result, tree_unflatten(found, spec), aux


def jvp(func, primals, tangents, *, strict=False, has_aux=False):
    """The outputs of a function, and the product of its Jacobian with a vector.

    See https://docs.pytorch.org/docs/stable/generated/torch.func.jvp.html

    Parameters
    ----------
    func : callable
        Takes the primals; returns tensors, or nests of them in tuples, lists and dicts.
    primals : tuple
        The arguments: tensors or nests of them.
    tangents : tuple
        The vector, nested as the primals are.
    strict : bool
        Raise where an output does not depend on the primals, instead of returning zeros.
    has_aux : bool
        `func` returns a pair, of which the second part is handed on.

    Returns
    -------
    tuple
        The outputs and their tangents; where `has_aux`, the auxiliary result as well.

    Examples
    --------
    >>> import ctorch
    >>> from ctorch.func import jvp
    >>> x = ctorch.tensor([1., 2.])
    >>> jvp(lambda x: x ** 3, (x,), (ctorch.tensor([1., 10.]),))
    (tensor([1., 8.]), tensor([  3., 120.]))
    """
    if not isinstance(primals, tuple):
        raise RuntimeError(f"{_WHO}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals).")
    outputs, found, aux = _along(func, primals, range(len(primals)), tangents, strict, has_aux)
    return (outputs, found, aux) if has_aux else (outputs, found)


# ---- whole Jacobians

def _columns(rows, inputs, spec):
    # The parts of a Jacobian, whose columns come first, one for each input.
    parts = rows.movedim(0, -1).split([x.numel() for x in inputs], -1)
    return tree_unflatten([p.reshape(*p.shape[:-1], *x.shape) for p, x in zip(parts, inputs)], spec)


def jacfwd(func, argnums=0, has_aux=False, *, randomness="error"):
    """The function that gives the Jacobian of a function, by forward mode.

    See https://docs.pytorch.org/docs/stable/generated/torch.func.jacfwd.html

    All columns are worked out at once, by `vmap` of `jvp`.

    Parameters
    ----------
    func : callable
        Takes tensors, or nests of them; returns such.
    argnums : int or tuple of int or None
        The positional arguments to differentiate with respect to; None for all of them.
    has_aux : bool
        `func` returns a pair, of which the second part is handed on.
    randomness : {"error", "different", "same"}
        What random operators do, as in `vmap`.

    Returns
    -------
    callable
        Takes what `func` takes. Each of its results has the shape of an output, followed by that of an input.

    Examples
    --------
    >>> import ctorch
    >>> from ctorch.func import jacfwd
    >>> x = ctorch.tensor([1., 2.])
    >>> jacfwd(lambda x: x * x.sum())(x)
    tensor([[4., 1.],
            [2., 5.]])
    """
    from ctorch.func._vmap import vmap

    @functools.wraps(func)
    def jacobian(*args):
        need_real("jacfwd", args, "inputs")
        varied = range(len(args)) if argnums is None else places(argnums, len(args))
        inputs, spec = tree_flatten(tuple([args[k] for k in varied]))
        _need_tensors(inputs, "primals")

        def column(*directions):
            outputs, found, aux = _along(func, args, varied, tree_unflatten(directions, spec), False, has_aux)
            need_real("jacfwd", outputs, "outputs")
            return (found, aux) if has_aux else found

        found = vmap(column, randomness=randomness)(*unit_rows(inputs))
        if has_aux:
            found, aux = found
            values, aux_spec = tree_flatten(aux)
            aux = tree_unflatten([v[0] for v in values], aux_spec)       # the same in each column
        rows, output_spec = tree_flatten(found)
        parts = [_columns(r, inputs, spec) for r in rows]
        if isinstance(argnums, int):
            parts = [p[0] for p in parts]
        result = tree_unflatten(parts, output_spec)
        return (result, aux) if has_aux else result

    return jacobian


# ---- the function as a line

def _check_directions(tangents, primals, spec):
    leaves, their_spec = tree_flatten(tangents)
    if their_spec != spec:
        raise RuntimeError(f"Expected the tangents {their_spec} to have the same argspec as the primals {spec}")
    for k, (t, p) in enumerate(zip(leaves, primals)):
        for what in ("shape", "device", "dtype"):
            have, want = getattr(t, what), getattr(p, what)
            if have != want:
                raise RuntimeError(f"tangent:{k} with {what} {have} in flattened pytree doesn't match the {what} "
                                   f"{want} of the corresponding primal.")
    return leaves


def linearize(func, *primals):
    """The outputs of a function, and its linear approximation there.

    See https://docs.pytorch.org/docs/stable/generated/torch.func.linearize.html

    What the derivative needs of `func` is kept, so that many directions cost less than `jvp` for each.

    Parameters
    ----------
    func : callable
        Takes the primals; it is run twice.
    *primals : Tensor or nest of tensors
        Where the function is approximated.

    Returns
    -------
    tuple
        The outputs, and the function that takes tangents, nested as the primals, to those of the outputs.

    Examples
    --------
    >>> import ctorch
    >>> y, product = ctorch.func.linearize(lambda x: x.exp(), ctorch.zeros(2))
    >>> y, product(ctorch.tensor([1., 3.]))
    (tensor([1., 1.]), tensor([1., 3.]))
    """
    inputs, spec = tree_flatten(primals)
    _need_tensors(inputs, "primals")
    result = _called(func, primals, primals, [])
    with enable_grad():
        leaves = [_tape._again(p) for p in inputs]
        leaves = [x if x.requires_grad else x.requires_grad_() for x in leaves]
        outputs, output_spec = tree_flatten(_called(func, tree_unflatten(leaves, spec), primals, inputs))
        _need_outputs(outputs)
        seeds = [ctorch.zeros_like(y.detach()).requires_grad_() if y.requires_grad else None for y in outputs]
        # linear in the seeds: what maps them to gradients is the Jacobian's transpose, of which that is the Jacobian
        found = _transposed_graph(outputs, leaves, seeds)
    kept = [s for s in seeds if s is not None]

    def product(*tangents):
        directions = _check_directions(tangents, inputs, spec)
        graph = _tape.is_grad_enabled() and any(x.requires_grad for x in [*directions, *inputs])
        chosen = [(g, t) for g, t in zip(found, directions) if g is not None and g.requires_grad]
        parts = iter([None] * len(kept))
        if chosen:
            parts = iter(gradients_of([g for g, _ in chosen], kept, [t for _, t in chosen], retain_graph=True,
                                      create_graph=graph, allow_unused=True))
        parts = [None if s is None else next(parts) for s in seeds]
        return tree_unflatten([ctorch.zeros_like(y.detach()) if t is None else t for y, t in zip(outputs, parts)],
                              output_spec)

    return result, product


def _transposed_graph(outputs, leaves, seeds):
    chosen = [(y, s) for y, s in zip(outputs, seeds) if s is not None]
    if not chosen:
        return [None] * len(leaves)
    return gradients_of([y for y, _ in chosen], leaves, [s for _, s in chosen], create_graph=True, allow_unused=True)

"""Derivatives of any order of functions of tensors that may also depend on tensors they close over.

`pure` runs a function as one node of the graph, on inputs cut off from their history. The derivative of the node is
such a node again, so that gradients of gradients need no more than this file; and being cut off, an input that was
made from a tensor which the function closes over is not taken for that tensor.
"""
import ctorch
from ctorch import _tape
from ctorch.autograd import Function, grad


class Transposed(Function):
    """Functions whose derivative in forward mode is the transpose of their gradient.

    The gradient is linear in the gradients of the outputs, so it does not matter where by these it is differentiated.
    `setup_context` calls `keep` with the tensors that `backward` reads, with those that its function closes over, and
    with what it returns.
    """

    @staticmethod
    def keep(ctx, tensors, closed, *outputs):
        """Keep tensors, and what gradients of the outputs look like."""
        ctx.closed = closed
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)
        ctx.looks = [(y.shape, y.dtype, y.device) for y in outputs]
        ctx.set_materialize_grads(False)

    @staticmethod
    def jvp(ctx, *tangents):
        record = ctorch.is_grad_enabled()
        needed = ctx.needs_input_grad
        ctx.needs_input_grad = tuple([t is not None for t in tangents])
        plain = [x for x in ctx.closed if not x.requires_grad]
        try:
            for x in plain:                      # what is closed over is a leaf of graphs for as long as they are here
                x.requires_grad_()
            with ctorch.enable_grad():
                seeds = [ctorch.zeros(shape, dtype=dtype, device=device, requires_grad=True)
                         for shape, dtype, device in ctx.looks]
                found = ctx.apply(*seeds)
            pairs = [(x, t.to(x.dtype)) for x, t in zip(found, tangents) if x is not None and t is not None]
            along = products([x for x, _ in pairs], seeds, [t for _, t in pairs], record)
            along = [_tape._without_level(y, [*plain, *seeds], True) for y in along]
        finally:
            ctx.needs_input_grad = needed
            for x in plain:
                x.requires_grad_(False)
        return along[0] if len(along) == 1 else tuple(along)

    @staticmethod
    def vmap(info, in_dims, *args):
        raise NotImplementedError("vmap: functions of ctorch.scipy and their derivatives solve one problem at a time, "
                                  "in SciPy; write a loop over the examples")


def leaves(tensors):
    """The tensors, those that need no gradient as new leaves that do."""
    return [t if t.requires_grad else t.detach().requires_grad_() for t in tensors]


def products(outputs, inputs, seeds, create_graph):
    """Vector-Jacobian products, with zeros for inputs that the outputs do not depend on; the graph is kept."""
    chosen = [(y, g) for y, g in zip(outputs, seeds) if y.requires_grad]
    wanted = [x for x in inputs if x.requires_grad]      # others are closed over for their tangents alone
    if not chosen or not wanted:
        return [ctorch.zeros_like(x) for x in inputs]
    outputs, seeds = zip(*chosen)
    found = iter(grad(outputs, wanted, seeds, retain_graph=True, create_graph=create_graph, materialize_grads=True))
    return [next(found) if x.requires_grad else ctorch.zeros_like(x) for x in inputs]


def jacobian(y, x, create_graph):
    """The matrix of derivatives of the vector y by the vector x."""
    if not y.requires_grad or not len(y):
        return ctorch.zeros(len(y), len(x), dtype=x.dtype, device=x.device)
    # One row after the other: what runs in SciPy wants numbers, not a batch of them.
    return ctorch.stack([grad(y, x, row, retain_graph=True, create_graph=create_graph, materialize_grads=True)[0]
                         for row in ctorch.eye(len(y), dtype=y.dtype, device=y.device)])


class _Pure(Transposed):
    generate_vmap_rule = True
    vmap = Function.vmap

    @staticmethod
    def forward(ctx, function, count, *tensors):
        ctx.function, ctx.count = function, count
        found = tuple([y.detach() for y in function(*[t.detach() for t in tensors[:count]])])
        Transposed.keep(ctx, tensors, tensors[count:], *found)
        return found

    @staticmethod
    def backward(ctx, *seeds):
        function, count = ctx.function, ctx.count
        tensors = ctx.saved_tensors
        closed = tensors[count:]
        seeds = [ctorch.zeros(shape, dtype=dtype, device=device) if seed is None else seed
                 for seed, (shape, dtype, device) in zip(seeds, ctx.looks)]

        def derivative(*values):
            create_graph = ctorch.is_grad_enabled()
            with ctorch.enable_grad():
                inputs = leaves(values[:count])
                outputs = function(*inputs)
            return products(outputs, [*inputs, *closed], values[count:], create_graph)

        found = pure(derivative, [*tensors[:count], *seeds], closed)
        return None, None, *found


def pure(function, inputs, closed=()):
    """Run ``function(*inputs)``, a tuple of tensors, as one node of the graph.

    Parameters
    ----------
    function : callable
        Made of differentiable operations; with ``is_grad_enabled()`` its results are to be differentiable.
    inputs : sequence of Tensor
    closed : sequence of Tensor
        Leaves of the graph that the function uses besides.

    Returns
    -------
    tuple of Tensor
    """
    inputs, closed = list(inputs), list(closed)
    if _tape._is_differentiable():
        return _Pure.apply(function, len(inputs), *inputs, *closed)
    return tuple([y.detach() for y in function(*[t.detach() for t in inputs])])

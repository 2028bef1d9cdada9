"""Derivatives of any order of functions of tensors that may also depend on tensors they close over.

`pure` runs a function as one node of the graph, on inputs cut off from their history. The derivative of the node is
such a node again, so that gradients of gradients need no more than this file; and being cut off, an input that was
made from a tensor which the function closes over is not taken for that tensor.
"""
import ctorch
from ctorch.autograd import Function, grad


def leaves(tensors):
    """The tensors, those that need no gradient as new leaves that do."""
    return [t if t.requires_grad else t.detach().requires_grad_() for t in tensors]


def products(outputs, inputs, seeds, create_graph):
    """Vector-Jacobian products, with zeros for inputs that the outputs do not depend on; the graph is kept."""
    chosen = [(y, g) for y, g in zip(outputs, seeds) if y.requires_grad]
    if not chosen or not inputs:
        return [ctorch.zeros_like(x) for x in inputs]
    outputs, seeds = zip(*chosen)
    return list(grad(outputs, inputs, seeds, retain_graph=True, create_graph=create_graph, materialize_grads=True))


def jacobian(y, x, create_graph):
    """The matrix of derivatives of the vector y by the vector x."""
    if not y.requires_grad or not len(y):
        return ctorch.zeros(len(y), len(x), dtype=x.dtype, device=x.device)
    # One row after the other: what runs in SciPy wants numbers, not a batch of them.
    return ctorch.stack([grad(y, x, row, retain_graph=True, create_graph=create_graph, materialize_grads=True)[0]
                         for row in ctorch.eye(len(y), dtype=y.dtype, device=y.device)])


class _Pure(Function):
    @staticmethod
    def forward(ctx, function, count, *tensors):
        ctx.function, ctx.count = function, count
        ctx.save_for_backward(*tensors)
        return tuple([y.detach() for y in function(*[t.detach() for t in tensors[:count]])])

    @staticmethod
    def backward(ctx, *seeds):
        function, count = ctx.function, ctx.count
        tensors = ctx.saved_tensors
        closed = tensors[count:]

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
    if ctorch.is_grad_enabled():
        return _Pure.apply(function, len(inputs), *inputs, *closed)
    return tuple([y.detach() for y in function(*[t.detach() for t in inputs])])

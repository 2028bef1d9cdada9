"""Gradients of several tensors at once: what comes before the tape's walk."""
import warnings

import ctorch
from ctorch import _backward
from ctorch._core import Tensor
from ctorch._memory_format import contiguous_format
from ctorch._tape import is_grad_enabled
from ctorch.autograd.graph import GradientEdge, _tensor_of


def _as_tuple(tensors):
    return (tensors,) if isinstance(tensors, (Tensor, GradientEdge)) else tuple(tensors)


def _at_edges(tensors, gradients=None):
    # Edges of the graph replaced by tensors there, which have the shapes of their gradients where these are given.
    if not any(isinstance(t, GradientEdge) for t in tensors):
        return tensors
    likes = (None,) * len(tensors) if gradients is None else _as_tuple(gradients)
    return tuple(_tensor_of(t, like) if isinstance(t, GradientEdge) else t for t, like in zip(tensors, likes))


def _seeds(outputs, gradients, batched=False):
    # One gradient or None for each output; or several, along a first dimension.
    if gradients is None:
        return (None,) * len(outputs)
    gradients = _as_tuple(gradients)
    if len(gradients) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(gradients)} gradients")
    for i, (output, gradient) in enumerate(zip(outputs, gradients)):
        if batched and isinstance(gradient, Tensor) and gradient.shape[1:] != output.shape:
            raise RuntimeError("If `is_grads_batched=True`, we interpret the first dimension of each grad_output as "
                               "the batch dimension. The sizes of the remaining dimensions are expected to match the "
                               "shape of corresponding output, but a mismatch was detected: "
                               f"grad_output[{i}] has a shape of {gradient.shape} and output[{i}] has a shape of "
                               f"{output.shape}.")
        if not batched and isinstance(gradient, Tensor) and gradient.shape != output.shape:
            raise RuntimeError(f"Mismatch in shape: grad_output[{i}] has a shape of {gradient.shape} and "
                               f"output[{i}] has a shape of {output.shape}.")
        if isinstance(gradient, Tensor) and gradient.is_complex() != output.is_complex():
            raise RuntimeError("For complex Tensors, both grad_output and output are required to have the "
                               f"same dtype. Mismatch in dtype: grad_output[{i}] has a dtype of "
                               f"{gradient.dtype} and output[{i}] has a dtype of {output.dtype}.")
    return gradients


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, grad_variables=None,
             inputs=None):
    """Add the gradients of the sum of some tensors to ``.grad`` of the leaves that they came from.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.backward.html

    Parameters
    ----------
    tensors : Tensor or sequence of Tensor
        What to differentiate.
    grad_tensors : Tensor or sequence of Tensor or None, optional
        Gradients of something with respect to `tensors`; not needed for tensors of one element.
    retain_graph : bool, optional
        Keep what the graph saved, for another backward; by default the value of `create_graph`.
    create_graph : bool
        Record the backward itself, for gradients of gradients.
    grad_variables : Tensor or sequence of Tensor or None, optional
        The older name of `grad_tensors`.
    inputs : Tensor or sequence of Tensor, optional
        Only these get a gradient.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.tensor([1., 2.], requires_grad=True)
    >>> ctorch.autograd.backward([(x * x).sum(), 3 * x], [None, ctorch.ones(2)])
    >>> x.grad
    tensor([5., 7.])
    """
    if grad_variables is not None:
        warnings.warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning,
                      stacklevel=2)
        if grad_tensors is not None:
            raise RuntimeError("`grad_tensors` and `grad_variables` (deprecated) arguments both passed to "
                               "`backward()`. Please only use `grad_tensors`.")
        grad_tensors = grad_variables
    tensors = _at_edges(_as_tuple(tensors), grad_tensors)
    if inputs is not None:
        inputs = list(_at_edges(_as_tuple(inputs)))
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    if not tensors:
        return
    keep = create_graph if retain_graph is None else retain_graph
    _backward._backward(tensors, _seeds(tensors, grad_tensors), keep, create_graph, inputs)


def _batch(outputs, inputs, seeds, keep, create_graph):
    # The gradients of all rows of the seeds in one walk, as examples of one.
    counts = {len(s) for s in seeds if s is not None}
    if len(counts) != 1 or any(s is None for s in seeds):
        raise RuntimeError("is_grads_batched: expected a gradient for each output, with as many rows each, got "
                           f"{[None if s is None else tuple(s.shape) for s in seeds]}")
    (count,) = counts
    if not count:
        return [x.new_zeros((0, *x.shape)) for x in inputs]
    from ctorch._batched import close_level, open_level
    from ctorch._levels import enter_dim, leave_dim
    level = open_level(count)
    try:
        found = _backward._grad(outputs, inputs, tuple(enter_dim(s, level, 0) for s in seeds), keep, create_graph)
        return [None if g is None else leave_dim(g, level, count, 0) for g in found]
    finally:
        close_level(level)


def unit_rows(tensors, start=0, stop=None):
    """Of each tensor's elements rows `start` to `stop` of as many as there are in all: together the unit vectors."""
    stop = sum(x.numel() for x in tensors) if stop is None else stop
    found = []
    for x in tensors:
        rows = ctorch.zeros(stop - start, x.numel(), dtype=x.dtype, device=x.device)
        rows.diagonal(start).fill_(1)
        start, stop = start - x.numel(), stop - x.numel()
        found.append(rows.reshape(len(rows), *x.shape))
    return found


def _in_full(g):
    # An expanded gradient, such as that of a mean, gets memory for each element, so that one of them can be changed.
    if g is None or 0 not in g.stride() or (g.requires_grad and not is_grad_enabled()):
        return g
    return g.clone(memory_format=contiguous_format)


def grad(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, only_inputs=True,
         allow_unused=None, is_grads_batched=False, materialize_grads=False):
    """Gradients of the sum of `outputs` with respect to `inputs`; nothing is added to ``.grad``.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html

    Parameters
    ----------
    outputs : Tensor or sequence of Tensor
        What to differentiate.
    inputs : Tensor or sequence of Tensor
        With respect to what.
    grad_outputs : Tensor or sequence of Tensor or None, optional
        Gradients of something with respect to `outputs`; not needed for outputs of one element.
    retain_graph : bool, optional
        Keep what the graph saved, for another backward; by default the value of `create_graph`.
    create_graph : bool
        Record the backward itself, for gradients of gradients.
    only_inputs : bool
        Deprecated and ignored.
    allow_unused : bool, optional
        Give None for inputs that the outputs do not depend on, instead of an error; by default the value of
        `materialize_grads`.
    is_grads_batched : bool
        Take each of `grad_outputs` as several gradients along a first dimension, and give as many of each input. They
        are worked out together, as by ``vmap``.
    materialize_grads : bool
        Give zeros instead of None for inputs that the outputs do not depend on.

    Returns
    -------
    tuple of Tensor
        One gradient per input.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.tensor(3., requires_grad=True)
    >>> (first,) = ctorch.autograd.grad(x ** 3, x, create_graph=True)
    >>> ctorch.autograd.grad(first, x)
    (tensor(18.),)
    """
    if materialize_grads and allow_unused is False:
        raise ValueError("Expected allow_unused to be True or not passed when materialize_grads=True, but "
                         "got: allow_unused=False.")
    if not only_inputs:
        warnings.warn("only_inputs argument is deprecated and is ignored now (defaults to True). To "
                      "accumulate gradient for other parts of the graph, please use torch.autograd.backward.",
                      FutureWarning, stacklevel=2)
    outputs, inputs = _at_edges(_as_tuple(outputs), grad_outputs), _at_edges(_as_tuple(inputs))
    if not inputs:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    for kind, tensors in (("outputs", outputs), ("inputs", inputs)):
        for x in tensors:
            if not isinstance(x, Tensor):
                raise RuntimeError(f"grad(): all {kind} have to be Tensors, but got {type(x).__name__}")
    keep = create_graph if retain_graph is None else retain_graph
    seeds = _seeds(outputs, grad_outputs, is_grads_batched)
    walk = _batch if is_grads_batched else _backward._grad
    grads = [_in_full(g) for g in walk(outputs, inputs, seeds, keep, create_graph)]
    if materialize_grads:
        rows = (len(seeds[0]),) if is_grads_batched else ()
        grads = [ctorch.zeros_like(x.expand((*rows, *x.shape)), requires_grad=create_graph) if g is None else g
                 for x, g in zip(inputs, grads)]
    elif not allow_unused:
        for i, g in enumerate(grads):
            if g is None:
                raise RuntimeError(f"The differentiated Tensor at index {i} appears to not have been used in "
                                   "the graph. Set allow_unused=True if this is the desired behavior.")
    return tuple(grads)

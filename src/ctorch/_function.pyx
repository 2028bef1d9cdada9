"""autograd.Function: operations whose forward and backward are Python code."""
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF

from ctorch._dtype cimport *
from ctorch._tape cimport (Node, node_attach, node_edge, node_give, node_needs, node_new, node_outputs,
                           recording, set_recording)
from ctorch._tensor cimport *


class FunctionCtx:
    """What a Function's forward passes on to its backward."""

    def __init__(self, needs_input_grad):
        self.needs_input_grad = needs_input_grad
        self._saved = ()
        self._materialize = True
        self._dirty = ()
        self._non_differentiable = ()
        self._shapes = ()

    def save_for_backward(self, *tensors):
        """Keep tensors for backward; changing one of them in place until then is an error."""
        for t in tensors:
            if t is not None and not isinstance(t, TensorBase):
                raise TypeError(f"save_for_backward can only save variables, but argument is of type "
                                f"{type(t).__name__}")
        self._saved = tuple([None if t is None else (t, t._version) for t in tensors])

    @property
    def saved_tensors(self):
        """The tensors that forward saved."""
        if self._saved is None:
            raise RuntimeError("Trying to backward through the graph a second time (or directly access saved tensors "
                               "after they have already been freed). Specify retain_graph=True if you need to backward "
                               "through the graph a second time.")
        for pair in self._saved:
            if pair is not None and pair[0]._version != pair[1]:
                raise RuntimeError("one of the variables needed for gradient computation has been modified by an "
                                   f"inplace operation: it is at version {pair[0]._version}; expected version "
                                   f"{pair[1]} "
                                   "instead.")
        return tuple([None if pair is None else pair[0] for pair in self._saved])

    def mark_dirty(self, *tensors):
        """Say which inputs forward changed in place."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors):
        """Say which outputs have no gradient."""
        self._non_differentiable = tensors

    def set_materialize_grads(self, bint value):
        """Whether missing gradients come to backward as zeros (the default) or as None."""
        self._materialize = value


class Function:
    """An operation with its own derivative; subclass it with static ``forward`` and ``backward``.

    See https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.Function

    Examples
    --------
    >>> import ctorch
    >>> class Cube(ctorch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x * x
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         x, = ctx.saved_tensors
    ...         return 3 * g * x * x
    >>> x = ctorch.tensor(2., requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12.)
    """

    @staticmethod
    def forward(*args, **kwargs):
        """The operation; given the context first, unless ``setup_context`` is defined."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx, inputs, output):
        """What to keep for backward, where forward does not take the context."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx, *grad_outputs):
        """Gradients of the inputs, from those of the outputs."""
        raise NotImplementedError("You must implement either the backward or vjp method for your custom "
                                  "autograd.Function to use it with backward mode AD.")

    @classmethod
    def apply(cls, *args):
        """Run the operation and record it."""
        return apply_function(cls, args)


cdef object apply_function(object cls, tuple args):
    cdef bint wants = False, mode = recording()
    cdef list needs = []
    for a in args:
        needs.append(isinstance(a, TensorBase) and wants_grad(<TensorBase>a))
        wants = wants or needs[len(needs) - 1]
    ctx = FunctionCtx(tuple(needs))
    set_recording(False)
    try:
        if cls.setup_context is not Function.setup_context:
            result = cls.forward(*args)
            cls.setup_context(ctx, args, result)
        else:
            result = cls.forward(ctx, *args)
    finally:
        set_recording(mode)
    if not (wants and mode):
        return result
    outputs = result if isinstance(result, tuple) else (result,)
    attached = attach(cls, ctx, args, outputs)
    return attached if isinstance(result, tuple) else attached[0]


cdef tuple attach(object cls, object ctx, tuple args, tuple outputs):
    cdef Node node = node_new(function_backward, b"function", len(args), 0)
    cdef TensorBase t
    cdef int k
    cdef list out = []
    node_outputs(node, len(outputs))
    for k, a in enumerate(args):
        if isinstance(a, TensorBase):
            node_edge(node, k, <TensorBase>a, None)
    for k, o in enumerate(outputs):
        if not isinstance(o, TensorBase) or is_one_of(o, ctx._non_differentiable) \
                or category_of[(<TensorBase>o).dtype] < CATEGORY_FLOAT:
            out.append(o)
            continue
        t = <TensorBase>o
        if is_one_of(o, args) and not is_one_of(o, ctx._dirty):
            t = tensor_alias(t)      # an input handed back is a new tensor of the graph
        node_attach(node, t, k)
        out.append(t)
    ctx._shapes = tuple([(shape_tuple(<TensorBase>o), o.dtype) if isinstance(o, TensorBase) else None for o in outputs])
    kept = (cls, ctx)
    Py_INCREF(kept)
    node.args = <PyObject*>kept
    return tuple(out)


cdef bint is_one_of(object x, object candidates):
    for c in candidates:
        if c is x:
            return True
    return False


cdef int function_backward(Node node, PyObject** grads) except -1:
    cdef int k
    cdef list incoming = []
    cls, ctx = <tuple>node.args
    from ctorch import zeros
    for k in range(node.n_outputs):
        if grads[k] != NULL:
            incoming.append(<object>grads[k])
        elif ctx._materialize and ctx._shapes[k] is not None:
            incoming.append(zeros(ctx._shapes[k][0], dtype=ctx._shapes[k][1]))
        else:
            incoming.append(None)
    result = cls.backward(ctx, *incoming)
    results = result if isinstance(result, tuple) else (result,)
    if len(results) != node.n_edges:
        if len(results) < node.n_edges or any([r is not None for r in results[node.n_edges:]]):
            raise RuntimeError(f"function {cls.__name__}Backward returned an incorrect number of gradients (expected "
                               f"{node.n_edges}, got {len(results)})")
    if not node.call.keep_graph:
        ctx._saved = None
    for k in range(node.n_edges):
        if not node_needs(node, k) or results[k] is None:
            continue
        if not isinstance(results[k], TensorBase):
            raise TypeError(f"{cls.__name__}.backward: expected a Tensor or None as gradient {k}, got "
                            f"{type(results[k]).__name__}")
        node_give(node, k, <TensorBase>results[k])
    return 0

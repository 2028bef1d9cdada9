"""autograd.Function: nodes of the tape whose derivative is Python code."""
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from libc.stdint cimport uint32_t, uint64_t

from ctorch._dtype cimport *
from ctorch._tape cimport (VIEW_OF_FUNCTION, Node, all_levels, drop_tangents, duals_visible, levels_below, node_attach,
                           node_edge, node_give, node_name, node_needs, node_new, node_outputs, node_save, node_saved,
                           node_set_up, node_slots, recording, set_recording, set_tangent, set_visible, tangents_of,
                           tape_ops)
from ctorch._tensor cimport *

from ctorch._tape import _raw_saved_of

import warnings


cdef class FunctionNode(Node):
    """The context of a Function and its node on the tape in one; Python classes derive from it."""

    cdef public object needs_input_grad
    cdef public object to_save
    cdef public object saved_for_forward
    cdef public object dirty_tensors
    cdef public object non_differentiable
    cdef public bint materialize_grads
    cdef bint in_jvp                 # the tensors saved for forward mode are those that are asked for
    cdef list outputs                # shape, dtype and device of each, where there are several
    cdef list places                 # which arguments the edges belong to, where some are no tensors
    cdef int n_args

    def __cinit__(self):
        self.materialize_grads = True

    @property
    def saved_tensors(self):
        """The tensors that forward saved."""
        cdef int k
        if self.in_jvp and self.saved_for_forward is not None:
            return self.saved_for_forward
        return tuple([saved_tensor(self, k) for k in range(self.n_saved)])

    @property
    def _raw_saved_tensors(self):
        return _raw_saved_of(self)

    def maybe_clear_saved_tensors(self):
        """Kept for PyTorch's sake: the walk frees what it has used."""

    def save_for_backward(self, *tensors):
        """Keep tensors for backward; changing one of them in place until then is an error."""
        self.to_save = checked_saves("save_for_backward", tensors)

    def save_for_forward(self, *tensors):
        """Keep tensors for the derivative in forward mode."""
        self.saved_for_forward = checked_saves("save_for_forward", tensors)

    def __repr__(self):
        return object.__repr__(self)


cdef tuple checked_saves(str name, tuple tensors):
    for i, t in enumerate(tensors):
        if t is not None and not isinstance(t, TensorBase):
            raise TypeError(f"{name} can only save variables, but argument {i} is of type {type(t).__name__}")
    return tensors


cdef object saved_tensor(FunctionNode ctx, int k):
    # Outputs come back as parts of the graph even where nothing is recorded, as users see them.
    cdef bint mode
    if ctx.saved[k].tensor != NULL and <object>ctx.saved[k].tensor is None:
        return None
    mode = set_recording(True)
    try:
        return node_saved(ctx, k)
    finally:
        set_recording(mode)


cdef object own_setup = None             # Function.setup_context, which says that there is none


def _set_own_setup(function):
    global own_setup
    own_setup = function


cdef object batching():
    from ctorch.func import _custom
    return _custom


cdef bint own_batching(object cls) except -1:
    # Whether a Function brings a rule for many examples; one that is generated is its forward and backward as they are.
    return batching().has_rule(cls)


def apply_function(cls, tuple args not None, dict kwargs=None):
    """Run the forward of a Function and record it; keyword arguments count as inputs after the others."""
    cdef tuple positional = args
    cdef FunctionNode ctx = <FunctionNode?>cls._backward_cls()
    cdef bint mode = recording(), wants = False
    cdef int k, n = <int>len(args), tensors = 0
    cdef uint64_t visible = 0
    cdef list needs = [False] * n, tangents = None
    cdef tuple outputs
    if kwargs:
        args += tuple(kwargs.values())
        needs, n = [False] * <int>len(args), <int>len(args)
    for k in range(n):
        if isinstance(args[k], TensorBase):
            if (<TensorBase>args[k]).device == DEVICE_BATCHED and own_batching(cls):
                return batching().apply(cls, positional, kwargs)
            tensors += 1
            if wants_grad(<TensorBase>args[k]):
                needs[k] = wants = True
    node_set_up(ctx, function_backward, NULL, tensors, 0)
    may_close_cycle(<PyObject*>ctx)
    ctx.n_args = n
    ctx.needs_input_grad = tuple(needs)
    if tensors < n:
        ctx.places = [k for k in range(n) if isinstance(args[k], TensorBase)]
    setup = cls.setup_context
    if duals_visible():              # forward and what attaches its outputs know nothing of tangents
        tangents = tangents_of_arguments(args)
        visible = set_visible(0)
    try:
        if wants and mode:
            for k in range(tensors):
                node_edge(ctx, k, <TensorBase>args[k if ctx.places is None else ctx.places[k]], None)
        set_recording(False)
        if setup is not own_setup:
            result = cls.forward(*positional, **kwargs) if kwargs else cls.forward(*positional)
            setup(ctx, args, result)
        elif kwargs:
            result = cls.forward(ctx, *positional, **kwargs)
        else:
            result = cls.forward(ctx, *positional)
        set_recording(mode)
        outputs = <tuple>result if isinstance(result, tuple) else (result,)
        attached = attach(ctx, args, outputs, wants and mode)
    finally:
        set_recording(mode)
        if visible:
            set_visible(visible)
    if tangents is not None:
        attach_tangents(ctx, args, <tuple>attached, tangents, visible)
    ctx.saved_for_forward = None
    return attached if isinstance(result, tuple) else attached[0]


# ---- forward mode

cdef list tangents_of_arguments(tuple args):
    # Depth -> tangent, of each argument; None where there is none at all.
    cdef list found = [tangents_of(<TensorBase>a) if isinstance(a, TensorBase) else None for a in args]
    for own in found:
        if own:
            return found
    return None


cdef int attach_tangents(FunctionNode ctx, tuple args, tuple outputs, list tangents, uint64_t visible) except -1:
    # Runs jvp for each level, the lowest first, and gives the outputs what it returns.
    cdef uint64_t before
    cdef tuple results
    cdef int k
    depths = sorted({depth for own in tangents if own for depth in own})
    for y in outputs:
        if isinstance(y, TensorBase):
            drop_tangents(<TensorBase>y)
    for depth in depths:
        before = set_visible(levels_below(visible, depth))
        ctx.in_jvp = True
        try:
            given = [tangent_argument(ctx, a, own, depth) for a, own in zip(args, tangents)]
            result = ctx.apply_jvp(*given)
        finally:
            ctx.in_jvp = False
            set_visible(before)
        results = <tuple>result if isinstance(result, tuple) else (result,)
        if len(results) != len(outputs):
            raise RuntimeError("Function's jvp returned an invalid number of forward gradients (expected "
                               f"{len(outputs)} but got {len(results)})")
        for k in range(<int>len(outputs)):
            if results[k] is not None and isinstance(outputs[k], TensorBase):
                give_tangent(ctx, <TensorBase>outputs[k], results[k], k, depth)
    return 0


cdef object tangent_argument(FunctionNode ctx, object x, object own, int depth):
    if own is None:
        return None
    if depth in <dict>own:
        return (<dict>own)[depth]
    if ctx.materialize_grads and category_of[(<TensorBase>x).dtype] >= CATEGORY_FLOAT:
        return tape_ops.full_like(<TensorBase>x, 0)
    return None


cdef int give_tangent(FunctionNode ctx, TensorBase y, object t, int output_nr, int depth) except -1:
    cdef int i
    if category_of[y.dtype] < CATEGORY_FLOAT:
        return 0
    if not isinstance(t, TensorBase):
        raise RuntimeError(f"{node_name(ctx)}: jvp must return tensors or None, got {type(t).__name__}")
    if not same_shape(y, <TensorBase>t):
        raise RuntimeError("Trying to set a forward gradient that has a different size than that of the original "
                           f"Tensor, this is not supported. Tensor is of size {list(shape_tuple(y))} while the given "
                           f"forward gradient is of size {list(shape_tuple(<TensorBase>t))}.")
    if y.base != NULL and y.view_version != y.storage.version:
        give_base_tangent(ctx, y, tape_ops.spread(<TensorBase>t, y), depth)
    else:
        set_tangent(y, depth, tape_ops.spread(<TensorBase>t, y))
    for i in range(ctx.n_saved):     # backward reads saved outputs
        if ctx.saved[i].output and not ctx.saved[i].packed and ctx.saved[i].output_nr == output_nr:
            set_tangent(<TensorBase>ctx.saved[i].tensor, depth, tape_ops.spread(<TensorBase>t, y))
    return 0


cdef int give_base_tangent(FunctionNode ctx, TensorBase y, TensorBase t, int depth) except -1:
    # y is a view that was changed in place: it has the tangent of its part of the base, which is t from now on.
    cdef TensorBase base = <TensorBase>y.base
    cdef uint32_t version = y.view_version
    if not base.contiguous or base.dtype != y.dtype:
        raise NotImplementedError(f"{node_name(ctx)}: forward mode is not implemented for a Function that changes a "
                                  "view in place whose base is of another dtype or lies with gaps")
    before = set_visible(all_levels())
    try:
        old = tangents_of(base).get(depth)
    finally:
        set_visible(before)
    if old is None:
        old = tape_ops.full_like(base, 0)
    place = (y.data - base.data) // itemsize_of[y.dtype]
    set_tangent(base, depth, old.contiguous().as_strided_scatter(t, shape_tuple(y), stride_tuple(y), place))
    set_tangent(y, depth, None)
    y.view_version = version
    return 0


cdef bint is_one_of(object x, object candidates):
    for c in candidates:
        if c is x:
            return True
    return False


cdef tuple marked(object tensors, str name):
    # What was marked, checked.
    if tensors is None:
        return ()
    for i, t in enumerate(tensors):
        if not isinstance(t, TensorBase):
            raise RuntimeError(f"mark_dirty can only accept variables, but argument {i} is of type {type(t).__name__}"
                               if name == "mark_dirty" else
                               f"{name} only accepts variable arguments, but got {type(t).__name__}")
    return tuple(tensors)


cdef tuple attach(FunctionNode ctx, tuple args, tuple outputs, bint record):
    # The outputs as parts of the graph; what was marked and saved goes with them.
    cdef tuple dirty = marked(ctx.dirty_tensors, "mark_dirty")
    cdef tuple fixed = marked(ctx.non_differentiable, "mark_non_differentiable")
    cdef list out
    cdef int k, n = <int>len(outputs)
    saves = ctx.to_save
    ctx.to_save = ctx.dirty_tensors = ctx.non_differentiable = None
    for t in dirty:
        if is_one_of(t, args) and not is_one_of(t, outputs):
            raise RuntimeError("Some elements marked as dirty during the forward method were not returned as output. "
                               "The inputs that are modified inplace must all be outputs of the Function.")
    if record and n != 1:
        node_outputs(ctx, n)
        ctx.outputs = [(o.shape, o.dtype, o.device) if isinstance(o, TensorBase) else None for o in outputs]
    out = [attach_one(ctx, k, outputs[k], is_one_of(outputs[k], args), is_one_of(outputs[k], dirty),
                      record and not is_one_of(outputs[k], fixed), n)
           if isinstance(outputs[k], TensorBase) else outputs[k] for k in range(n)]
    if record and saves:
        save(ctx, <tuple>saves, outputs, fixed)
    return tuple(out)


cdef TensorBase attach_one(FunctionNode ctx, int k, TensorBase t, bint is_input, bint is_dirty, bint record, int n):
    if is_dirty:
        check_dirty(t, is_input, n)
        bump_version(t, b"a custom Function")
    record = record and category_of[t.dtype] >= CATEGORY_FLOAT
    if is_input and not is_dirty:
        t = view_of_input(t)          # an input handed back is a new tensor of the graph
    elif record and is_dirty and t.base != NULL:
        tape_ops.rebase(t, ctx)
        return t
    if record:
        if t.base != NULL:
            t.view_origin = VIEW_OF_FUNCTION if n == 1 else VIEW_MULTI_OUTPUT
            t.view_version = t.storage.version
        node_attach(ctx, t, k)
        may_close_cycle(<PyObject*>t)        # the context may keep it as an attribute
    return t


cdef int check_dirty(TensorBase t, bint is_input, int n) except -1:
    if not is_input:
        warnings.warn("ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that have been "
                      "mutated should be passed to ctx.mark_dirty().", stacklevel=2)
    if not recording():
        return 0
    if t.base == NULL:
        if t.requires_grad and t.grad_fn == NULL:
            raise RuntimeError("a leaf Variable that requires grad has been used in an in-place operation.")
        return 0
    if (<TensorBase>t.base).requires_grad and (<TensorBase>t.base).grad_fn == NULL:
        raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")
    if n > 1:
        raise RuntimeError("If your Function modifies inplace an input that is a view of another Tensor, your Function "
                           "cannot return more than one Tensor. This is not supported by the current autograd engine. "
                           "You should either make sure the input is not a view (using .clone() for example) or make "
                           "your Function only return one Tensor (potentially splitting it into two Functions: one "
                           "doing the inplace that returns a single Tensor and a second one that does the other "
                           "operations).")
    return 0


cdef TensorBase view_of_input(TensorBase x):
    cdef TensorBase v = tensor_alias(x)
    cdef PyObject* base = x.base if x.base != NULL else <PyObject*>x
    Py_INCREF(<object>base)
    v.base = base
    v.view_version = x.storage.version
    return v


cdef int save(FunctionNode ctx, tuple tensors, tuple outputs, tuple fixed) except -1:
    cdef int k, i
    cdef object t
    node_slots(ctx, <int>len(tensors))
    for k in range(<int>len(tensors)):
        t = tensors[k]
        if t is None:
            Py_INCREF(t)
            ctx.saved[k].tensor = <PyObject*>t
            continue
        for i in range(<int>len(outputs)):
            if outputs[i] is t and (<TensorBase>t).requires_grad and not is_one_of(t, fixed):
                # kept without its history, or output -> node -> output would never be freed
                node_save(ctx, k, <TensorBase>t, True)
                ctx.saved[k].output_nr = <int>i
                break
        else:
            node_save(ctx, k, <TensorBase>t, False)
    return 0


# ---- backward

cdef tuple incoming(FunctionNode ctx, PyObject** grads):
    cdef int k
    cdef list found = []
    for k in range(ctx.n_outputs):
        if grads[k] != NULL:
            found.append(<object>grads[k])
        elif ctx.materialize_grads and ctx.outputs is not None and ctx.outputs[k] is not None:
            from ctorch import zeros
            shape, dtype, device = ctx.outputs[k]
            found.append(zeros(shape, dtype=dtype, device=device))
        else:
            found.append(None)
    return tuple(found)


cdef int function_backward(Node node, PyObject** grads) except -1:
    cdef FunctionNode ctx = <FunctionNode>node
    cdef int k, n
    cdef tuple results
    result = ctx.apply(*incoming(ctx, grads))
    results = <tuple>result if isinstance(result, tuple) else (result,)
    n = <int>len(results)
    while n > ctx.n_args and results[n - 1] is None:
        n -= 1
    if n != ctx.n_args:
        raise RuntimeError(f"function {node_name(node)} returned an incorrect number of gradients (expected "
                           f"{ctx.n_args}, got {len(results)})")
    results = of_tensors(ctx, results)
    for k in range(ctx.n_edges):         # all are checked before one is passed on
        if results[k] is not None:
            check_gradient(ctx, k, results[k])
    for k in range(ctx.n_edges):
        if results[k] is not None and node_needs(ctx, k):
            node_give(ctx, k, <TensorBase>results[k])
    return 0


cdef tuple of_tensors(FunctionNode ctx, tuple results):
    # The gradients of those arguments that are tensors; others have none.
    cdef int k
    if ctx.places is None:
        return results
    for k in range(ctx.n_args):
        if results[k] is not None and k not in ctx.places:
            raise RuntimeError(f"function {node_name(ctx)} returned a gradient different than None at position "
                               f"{k + 1}, but the corresponding forward input was not a Variable")
    return tuple([results[k] for k in ctx.places])


cdef int check_gradient(FunctionNode ctx, int k, object g) except -1:
    if not isinstance(g, TensorBase):
        raise RuntimeError(f"expected Variable or None (got {type(g).__name__})")
    if ctx.edges[k].shape != NULL:
        check_shape(ctx, k, <TensorBase>g)
    return 0


cdef int check_shape(FunctionNode ctx, int k, TensorBase g) except -1:
    # A gradient may be of a shape that the input broadcasts to.
    cdef int i, ahead = g.ndim - ctx.edges[k].ndim
    cdef int64_t size
    cdef bint fits = ahead >= 0
    if fits:
        for i in range(ctx.edges[k].ndim):
            size = ctx.edges[k].shape[i]
            fits = fits and (size == 1 or size == g.shape[i + ahead])
    if not fits:
        expected = [ctx.edges[k].shape[i] for i in range(ctx.edges[k].ndim)]
        raise RuntimeError(f"Function {node_name(ctx)} returned an invalid gradient at index {k} - got "
                           f"{list(shape_tuple(g))} but expected shape compatible with {expected}")
    return 0


# ---- gradients that have no derivative of their own

cdef int delayed_error_backward(Node node, PyObject** grads) except -1:
    raise RuntimeError(<object>node.args)


def delayed_error(tensors, str message not None):
    """The tensors again, as results of an operation whose backward raises."""
    cdef Node node = node_new(delayed_error_backward, b"delayed_error", 0, 0)
    cdef int k
    cdef list out = []
    cdef TensorBase y
    Py_INCREF(message)
    node.args = <PyObject*>message
    node_outputs(node, <int>len(tensors))
    for k, t in enumerate(tensors):
        if isinstance(t, TensorBase) and category_of[(<TensorBase>t).dtype] >= CATEGORY_FLOAT:
            y = tensor_alias(<TensorBase>t)
            node_attach(node, y, k)
            out.append(y)
        else:
            out.append(t)
    return out

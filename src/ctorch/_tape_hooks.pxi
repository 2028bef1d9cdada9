# Hooks of tensors and nodes: kept in a dict of kinds, each an OrderedDict of number -> hook.
#
# Kinds of a node: the number of an output (its gradient), "retained" (tensors whose .grad is kept), "pre", "post",
# "metadata" and "outputs" (what is known of them). Kinds of a leaf: "grad", "accumulated", and "pre", "post" and
# "metadata" of the node that its gradients end in.

cdef dict hooks_of(PyObject** hooks, PyObject* owner):
    # The dict of a node or a leaf, made when first needed.
    may_close_cycle(owner)
    if hooks[0] == NULL:
        d = {}
        Py_INCREF(d)
        hooks[0] = <PyObject*>d
    return <dict>hooks[0]


cdef dict node_hooks(Node node):
    return hooks_of(&node.hooks, <PyObject*>node)


cdef dict leaf_hooks(TensorBase leaf):
    return hooks_of(&leaf.hooks, <PyObject*>leaf)


cdef object add_hook(dict hooks, object kind, object hook):
    from collections import OrderedDict

    from ctorch._handles import RemovableHandle
    if not callable(hook):
        raise TypeError(f"hook must be callable, not {type(hook).__name__}")
    own = hooks.setdefault(kind, OrderedDict())
    handle = RemovableHandle(own)
    own[handle.id] = hook
    return handle


cdef bint leaf_hooks_exist = False       # a leaf has got hooks in this process: backward counts what leads to leaves


cdef object add_leaf_hook(TensorBase leaf, str kind, object hook):
    global leaf_hooks_exist
    leaf_hooks_exist = True
    return add_hook(leaf_hooks(leaf), kind, hook)


def _add_tensor_hook(TensorBase x not None, hook, str kind="grad"):
    # kind: "grad" runs with the gradient of x and may replace it; "accumulated" runs after .grad was written.
    if not wants_grad(x):
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    cdef Node node = grad_fn_of(x)
    return add_leaf_hook(x, kind, hook) if node is None else add_hook(node_hooks(node), x.output_nr, hook)


def _retain_grad(TensorBase x not None):
    # Backward keeps the gradient of x, which is no leaf, in x.grad.
    cdef Node node = grad_fn_of(x)
    (<object>x)._retains_grad = True
    retain(x, node, x.output_nr)


cdef int retain(TensorBase x, Node node, int output_nr) except -1:
    from weakref import ref
    node_hooks(node).setdefault("retained", {}).setdefault(output_nr, []).append(ref(x))
    return 0


cdef int move_retained(TensorBase x, Node node, int output_nr) except -1:
    # x was changed in place: its new node keeps its gradient.
    if (<dict>x.extra).get("_retains_grad"):
        retain(x, node, output_nr)
    return 0


class InputMetadata:
    """What is known of the gradient that a node takes.

    Attributes
    ----------
    shape : list of int
        Its sizes.
    dtype : dtype
        Its dtype.
    device : device
        Where it is.
    is_nested_tensor, is_cpp_nested_tensor : bool
        False.
    """

    __slots__ = ("device", "dtype", "is_cpp_nested_tensor", "is_nested_tensor", "shape")

    def __init__(self, shape, dtype, device):
        self.shape, self.dtype, self.device = list(shape), dtype, device
        self.is_nested_tensor = self.is_cpp_nested_tensor = False

    def __repr__(self):
        return f"InputMetadata(shape={self.shape}, dtype={self.dtype}, device={self.device})"


cdef dict notes_of(Node node):
    # They close no cycle: the collector need not know of the node.
    if node.hooks == NULL:
        d = {}
        Py_INCREF(d)
        node.hooks = <PyObject*>d
    return (<dict>node.hooks).setdefault("outputs", {})


cdef object note_output(TensorBase x, Node node):
    """The node that made x, which does not know its outputs, with a note of what x is: Python may ask it."""
    notes = notes_of(node)
    if x.output_nr not in notes:
        notes[x.output_nr] = InputMetadata((<object>x).shape, dtype_object(x.dtype), (<object>x).device)
    return node


cdef int note_input(Node node, Edge* e) except -1:
    # What the target of an edge takes, as far as the node is known itself.
    cdef int i
    notes = None if node.hooks == NULL else (<dict>node.hooks).get("outputs")
    if not notes or 0 not in notes or node_name(node) == "ToCopyBackward0":
        return 0
    shape = notes[0].shape if e.shape == NULL else [e.shape[i] for i in range(e.ndim)]
    known = notes_of(<Node>e.target)
    known.setdefault(e.output_nr, InputMetadata(shape, dtype_object(e.dtype), notes[0].device))
    return 0


def _grad_fn(TensorBase x not None):
    """The node that made a tensor, or None."""
    cdef Node node = grad_fn_of(x) if wants_grad(x) else None
    return None if node is None else note_output(x, node)


class AccumulateGrad:
    """End of the graph at a leaf tensor, as seen in ``next_functions``.

    Attributes
    ----------
    variable : Tensor
        The leaf.
    """

    __slots__ = ("__weakref__", "variable")

    def __init__(self, variable):
        self.variable = variable

    @property
    def next_functions(self):
        """Empty: gradients go no further."""
        return ()

    @property
    def metadata(self):
        """A dictionary for notes about this node."""
        return leaf_hooks(<TensorBase>self.variable).setdefault("metadata", {})

    @property
    def _input_metadata(self):
        """What gradients this node takes."""
        return [InputMetadata(self.variable.shape, self.variable.dtype, self.variable.device)]

    @property
    def requires_grad(self):
        """True where the leaf gets gradients."""
        return self.variable.requires_grad

    def name(self):
        """Name of this node."""
        return "torch::autograd::AccumulateGrad"

    def _sequence_nr(self):
        return 2**64 - 1

    def register_hook(self, fn):
        """Call ``fn((), grad_outputs)`` after a gradient was added to the leaf."""
        return add_leaf_hook(self.variable, "post", fn)

    def register_prehook(self, fn):
        """Call ``fn(grad_outputs)`` before a gradient is added to the leaf; what it returns replaces `grad_outputs`."""
        return add_leaf_hook(self.variable, "pre", fn)

    def __call__(self, grad):
        """Add to the gradient of the leaf."""
        self.variable.backward(grad)

    def __repr__(self):
        return f"<AccumulateGrad object at {hex(id(self.variable))}>"


cdef object accumulators = None          # the AccumulateGrad of leaves, by address, while somebody holds it


cdef object accumulator_of(TensorBase leaf):
    global accumulators
    if accumulators is None:
        from weakref import WeakValueDictionary
        accumulators = WeakValueDictionary()
    found = accumulators.get(<uintptr_t><void*>leaf)
    if found is None:
        found = accumulators[<uintptr_t><void*>leaf] = AccumulateGrad(leaf)
    return found


def _accumulator(TensorBase x not None):
    """The AccumulateGrad of a leaf."""
    return accumulator_of(x)


# ---- running them

cdef str hook_name(object hook):
    return getattr(hook, "__name__", type(hook).__name__)


cdef int check_replaced(object hook, object was, object got) except -1:
    # May a hook put `got` in the place of the gradient `was`?
    if got is None:
        return 0
    if not isinstance(got, TensorBase):
        raise TypeError(f"expected Variable, but hook returned '{type(got).__name__}'")
    if was is None:
        raise RuntimeError("can't replace a None gradient with a non-None value")
    if (<TensorBase>got).dtype != (<TensorBase>was).dtype:
        raise RuntimeError(f"hook '{hook_name(hook)}' has changed the type of value (was "
                           f"torch.{dtype_title((<TensorBase>was).dtype)}Tensor got "
                           f"torch.{dtype_title((<TensorBase>got).dtype)}Tensor)")
    if not same_shape(<TensorBase>got, <TensorBase>was):
        raise RuntimeError(f"hook '{hook_name(hook)}' has changed the size of value")
    return 0


cdef TensorBase run_tensor_hooks(object hooks, TensorBase g):
    for hook in list(hooks.values()):
        r = hook(g)
        if r is not None:
            check_replaced(hook, g, r)
            g = <TensorBase>r
    return g


cdef tuple run_prehooks(object hooks, tuple given):
    # Hooks on what a node is given.
    for hook in list(hooks.values()):
        out = hook(given)
        if out is None:
            continue
        if not isinstance(out, tuple):
            raise TypeError(f"expected tuple, but hook returned '{type(out).__name__}'")
        given = replaced(hook, given, <tuple>out)
    return given


cdef tuple replaced(object hook, tuple was, tuple got):
    # What a hook returned, checked.
    if len(got) != len(was):
        raise RuntimeError(f"hook '{hook_name(hook)}' has returned an incorrect number of values (got {len(got)}, but "
                           f"expected {len(was)})")
    for a, b in zip(was, got):
        check_replaced(hook, a, b)
    return got


cdef tuple owned_gradients(PyObject** grads, int n):
    cdef int i
    return tuple([None if grads[i] == NULL else <object>grads[i] for i in range(n)])


cdef int put_gradient(PyObject** slot, object g) except -1:
    cdef PyObject* before = slot[0]
    if g is None:
        slot[0] = NULL
    else:
        Py_INCREF(g)
        slot[0] = <PyObject*>g
    Py_XDECREF(before)
    return 0


cdef int run_output_hooks(Node node, PyObject** grads) except -1:
    # Hooks of the tensors that a node made, and then what retains their gradients.
    cdef dict hooks = <dict>node.hooks
    cdef TensorBase x
    cdef int i
    for i in range(node.n_outputs):
        if grads[i] == NULL:
            continue
        own = hooks.get(i)
        if own:
            put_gradient(&grads[i], run_tensor_hooks(own, <TensorBase>grads[i]))
    retained = hooks.get("retained")
    if retained:
        for number, references in retained.items():
            i = number
            for reference in references:
                x = reference()
                if x is not None and grads[i] != NULL and x.grad_fn == <PyObject*>node and x.output_nr == i:
                    add_retained(x, <TensorBase>grads[i])
    return 0


cdef int add_retained(TensorBase x, TensorBase g) except -1:
    cdef TensorBase total
    if x.grad != NULL:
        total = tape_ops.add(<TensorBase>x.grad, g)
    else:
        total = tape_ops.clone(g)
    return put_gradient(&x.grad, total)


cdef tuple run_posthooks(object hooks, tuple grad_inputs, tuple grad_outputs):
    for hook in list(hooks.values()):
        out = hook(grad_inputs, grad_outputs)
        if out is None:
            continue
        if not isinstance(out, tuple):
            raise TypeError(f"expected tuple, but hook returned '{type(out).__name__}'")
        grad_inputs = replaced(hook, grad_inputs, <tuple>out)
    return grad_inputs

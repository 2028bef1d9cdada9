# Saved tensors that go through hooks, and saved tensors as attributes of a node.

def _set_pack(hooks):
    """Sets the pack and unpack function that this thread's saved tensors go through; returns those before, or None."""
    global ct_pack
    cdef PyObject* before = ct_pack
    ct_pack = NULL
    if hooks is not None:
        Py_INCREF(hooks)
        ct_pack = <PyObject*>hooks
    if before == NULL:
        return None
    was = <object>before
    Py_DECREF(was)
    return was


def _set_pack_used():
    """Whether this thread's saved tensors go through hooks."""
    return ct_pack != NULL


def _save(tuple tensors not None):
    """A node that keeps tensors as an operation would: through hooks, and watching that they are not changed."""
    cdef Node node = node_new(NULL, b"checkpoint", 0, <int>len(tensors))
    cdef int k
    for k in range(node.n_saved):
        node_save(node, k, <TensorBase?>tensors[k], False)
    return node


def _saved(Node node not None):
    """The tensors that a node keeps."""
    cdef int k
    return [node_saved(node, k) for k in range(node.n_saved)]


cdef object change_hook = None


cdef int before_change(TensorBase x, const char* op) except -1:
    if ct_transform != NULL:
        refuse_captured(x, op)
    if change_hook is not None:
        change_hook(x)
    return 0


cdef int watch_changes() except -1:
    tape_ops.before_change = NULL
    if change_hook is not None or transforms:
        tape_ops.before_change = before_change
    return 0


def _set_before_change(hook):
    """Sets what is called with each tensor before it is changed in place, or None; False where there is one already."""
    global change_hook
    if hook is not None and change_hook is not None:
        return False
    change_hook = hook
    watch_changes()
    return True


def _at_edge(Node node not None, int output_nr, TensorBase like not None):
    """A tensor with the values of `like` that a node seems to have made."""
    if not 0 <= output_nr < node.n_outputs:
        raise RuntimeError(f"{node_name(node)} has {node.n_outputs} outputs, not one of number {output_nr}")
    cdef TensorBase y = tensor_alias(like)
    node_link(node, y, output_nr)
    return y


cdef int save_packed(Node node, Saved* s, TensorBase kept, TensorBase x) except -1:
    # Gives a saved tensor to the pack hook, and keeps what it returns with what is needed to find x's place again.
    cdef Node maker = None
    cdef uint32_t version
    cdef bint mode
    pack, unpack = <tuple>ct_pack
    leaf = None
    if not s.output:
        maker = grad_fn_of(x) if wants_grad(x) else None
        if maker is None and wants_grad(x):
            leaf = x                     # hooks may want to know a parameter when they see it
        else:
            kept = tensor_alias(x)
    version = kept.storage.version
    mode = set_recording(False)
    try:
        value = pack(kept)
    finally:
        set_recording(mode)
    if kept.storage.version != version:
        raise RuntimeError("A saved tensor pack hook is modifying its input in place. Tensors provided as input to "
                           "pack hook cannot be modified by in-place operations as this can lead to unexpected "
                           "side-effects.")
    # an output gets its tangents later; see share_with_saved
    record = (value, unpack, maker, x.output_nr, leaf, [] if s.output else levels_and_tangents(x))
    Py_INCREF(record)
    s.tensor = <PyObject*>record
    s.packed = True
    may_close_cycle(<PyObject*>node)
    return 0


cdef TensorBase unpacked(Node node, Saved* s):
    # What the unpack hook gives back; once while a node runs, however often its derivative asks.
    cdef BackwardCall* call = <BackwardCall*>ct_call
    cdef bint running = call != NULL and call.running == <PyObject*>node
    cdef TensorBase y
    cdef Node entry
    key = s - node.saved
    if running and call.unpacked != NULL and key in <dict>call.unpacked:
        return <TensorBase>(<dict>call.unpacked)[key]
    value, unpack, maker, output_nr, leaf, tangents = <tuple>s.tensor
    got = unpack(value)
    if not isinstance(got, TensorBase):
        raise TypeError("Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                        f"{type(got).__name__}")
    if got is leaf:
        return <TensorBase>leaf
    y = tensor_alias(<TensorBase>got)
    for level, t in tangents:
        if level_is_open(<DualLevel>level):
            set_tangent(y, (<DualLevel>level).depth, t)
    if s.output:
        if ct_recording and has_real_edge(node):
            node_link(node, y, s.output_nr)
    elif maker is not None:
        node_link(<Node>maker, y, output_nr)
    elif leaf is not None:
        entry = node_new(pass_gradient, b"alias", 1, 0)
        node_edge(entry, 0, <TensorBase>leaf, y)
        node_attach(entry, y, 0)
    if running:
        if call.unpacked == NULL:
            d = {}
            Py_INCREF(d)
            call.unpacked = <PyObject*>d
        (<dict>call.unpacked)[key] = y
    return y


cdef int pass_gradient(Node node, PyObject** grads) except -1:
    return node_give(node, 0, <TensorBase>grads[0])


cdef dict SAVED_NAMES = {"_saved_self": 0, "_saved_input": 0, "_saved_other": 1, "_saved_exponent": 1, "_saved_mat2": 1,
                         "_saved_weight": 1}


class SavedTensor:
    """What a node keeps for backward in one place, as seen in ``grad_fn._raw_saved_self``."""

    __slots__ = ("_node", "_slot")

    def __init__(self, node, slot):
        self._node, self._slot = node, slot

    @property
    def data(self):
        """The tensor, or what a pack hook made of it; None once it was freed."""
        cdef Saved* s = &(<Node?>self._node).saved[<int>self._slot]
        if s.tensor == NULL:
            return None
        return (<tuple>s.tensor)[0] if s.packed else self.unpack()

    def unpack(self):
        """The tensor."""
        return node_saved(<Node?>self._node, self._slot)

    @property
    def unpack_hook(self):
        """The hook that gives the tensor back, or None."""
        cdef Saved* s = &(<Node?>self._node).saved[<int>self._slot]
        return (<tuple>s.tensor)[1] if s.packed and s.tensor != NULL else None

    def register_hooks(self, pack_hook, unpack_hook):
        """Keep what `pack_hook` makes of the tensor, and let `unpack_hook` give it back in backward."""
        cdef Node node = <Node?>self._node
        cdef Saved* s = &node.saved[<int>self._slot]
        cdef TensorBase x
        if s.tensor == NULL:
            raise RuntimeError("Calling register_hooks on a saved tensor after it has been freed. Saved intermediate "
                               "values of the graph are freed when you call .backward() or autograd.grad(). Specify "
                               "retain_graph=True if you need to backward through the graph a second time or if you "
                               "need to access saved variables after calling backward.")
        if s.packed:
            raise RuntimeError("Calling register_hooks on a saved tensor whose hooks have already been set. Hint: only "
                               "one pair of hooks is allowed at a time.")
        for hook in (pack_hook, unpack_hook):
            if not callable(hook):
                raise TypeError(f"register_hooks: hooks must be callable, not {type(hook).__name__}")
        x = <TensorBase>s.tensor
        before = _set_pack((pack_hook, unpack_hook))
        try:
            save_packed(node, s, x, x)
        finally:
            _set_pack(before)
        Py_DECREF(x)                     # of the slot, which holds the packed one now


def _raw_saved_of(Node node not None):
    """What a node keeps, in order."""
    return tuple([SavedTensor(node, k) for k in range(node.n_saved)])


def _plainly_saved(Node node not None):
    """The tensors that a node keeps as they are, and whether each is its result."""
    cdef int k
    return [(<object>node.saved[k].tensor, node.saved[k].output != 0) for k in range(node.n_saved)
            if node.saved[k].tensor != NULL and not node.saved[k].packed
            and isinstance(<object>node.saved[k].tensor, TensorBase)]


def _input_shapes(Node node not None, shape):
    """Shapes of a node's inputs, given that of its output; None for those that have no gradient."""
    cdef int k
    return [None if node.edges[k].target == NULL else shape if node.edges[k].shape == NULL
            else tuple([node.edges[k].shape[i] for i in range(node.edges[k].ndim)]) for k in range(node.n_edges)]


def _recorded_at(Node node not None):
    """File, line and function that recorded a node, or None."""
    return None if node.code == NULL else recorded_at(node)


cdef object saved_attribute(Node node, str name):
    # `_saved_self`, `_saved_other` and `_saved_result` of a recorded operator: slots are its outputs, then its inputs.
    # `_raw_saved_self` and so on are their places.
    cdef int k = -1
    if name.startswith("_raw_saved_"):
        return SavedTensor(node, saved_slot(node, name, name[4:]))
    k = saved_slot(node, name, name)
    if node.saved[k].tensor == NULL and not anything_saved(node):
        node_saved(node, k)              # raises: it was freed
    return None if node.saved[k].tensor == NULL else node_saved(node, k)


cdef int saved_slot(Node node, str asked, str name) except -1:
    cdef int k = -1
    if name == "_saved_result":
        k = 0
    elif name in SAVED_NAMES and SAVED_NAMES[name] < node.n_edges:
        k = node.n_saved - node.n_edges + <int>SAVED_NAMES[name]
    if k < 0 or k >= node.n_saved or node.backward == NULL:
        raise AttributeError(f"'{node_name(node)}' object has no attribute '{asked}'")
    return k


cdef bint anything_saved(Node node) noexcept:
    cdef int i
    for i in range(node.n_saved):
        if node.saved[i].tensor != NULL:
            return True
    return False

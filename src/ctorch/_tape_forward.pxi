# Forward mode: tangents beside tensors, one per open level, worked out where a node is attached to what it made.
#
# Levels nest, and a thread has its own. The tangent of a level is worked out with that level and all above it hidden,
# so that tensors are constants there but for the levels below, whose tangents the tangent itself may have. What an
# operation derives by comes from its backward function, which is linear in the gradient g that it is given: its
# derivative in g, against the tangents of the inputs, is the tangent of the output. Some have a quicker rule.

cdef extern from *:
    """
    CT_THREAD uint64_t ct_visible = 0;        /* the levels that operations see, a bit for each */
    CT_THREAD int ct_depth = 0;               /* how many levels are open */
    CT_THREAD PyObject **ct_levels = NULL;    /* the open levels, owned */
    CT_THREAD int ct_forward_off = 0;
    CT_THREAD uint64_t ct_put_away = 0;       /* what was visible when forward mode was switched off */
    """
    uint64_t ct_visible
    int ct_depth
    PyObject** ct_levels
    bint ct_forward_off
    uint64_t ct_put_away

cdef enum:
    DUAL_LEVELS = 64


@cython.no_gc
cdef class DualLevel:
    """A level of forward mode. It knows the tangents that tensors have in it, to take them away when it ends."""

    def __repr__(self):
        return f"<level {self.depth} of forward mode>"


@cython.freelist(128)
@cython.no_gc
cdef class Tangent:
    """What a tensor has in one level; its neighbours in the level's list are known by address alone."""

    def __dealloc__(self):
        if self.before != NULL:
            (<Tangent>self.before).after = self.after
        elif self.level is not None and self.level.first == <PyObject*>self:
            self.level.first = self.after
        if self.after != NULL:
            (<Tangent>self.after).before = self.before
        Py_XDECREF(self.next)


cdef inline bint level_seen(Tangent t) noexcept:
    return (ct_visible >> t.level.depth) & 1 and ct_levels[t.level.depth] == <PyObject*>t.level


cdef bint chain_seen(PyObject* chain) noexcept:
    while chain != NULL:
        if level_seen(<Tangent>chain):
            return True
        chain = (<Tangent>chain).next
    return False


cdef bint dual_seen(TensorBase x) noexcept:
    # Whether a tensor that has tangents has one in a level that is visible.
    if ct_visible == 0:
        return False
    return chain_seen(x.tangents) or (x.base != NULL and x.view_version != x.storage.version
                                      and chain_seen((<TensorBase>x.base).tangents))


cdef bint duals_visible() noexcept:
    return ct_visible != 0


cdef bint differentiable() noexcept:
    # Whether what is worked out now may have to be derived again, so that formulas on tensors are called for.
    return ct_recording or ct_visible != 0


cdef uint64_t set_visible(uint64_t levels) noexcept:
    # Returns the levels that were visible before.
    global ct_visible
    cdef uint64_t before = ct_visible
    ct_visible = levels
    return before


cdef uint64_t all_levels() noexcept:
    return 0 if ct_depth == 0 else (<uint64_t>-1) >> (64 - ct_depth)


cdef uint64_t levels_below(uint64_t levels, int depth) noexcept:
    return levels & ((<uint64_t>1 << depth) - 1)


# ---- tangents of a tensor

cdef int set_tangent(TensorBase x, int depth, object t) except -1:
    # x has the tangent t, or none, in an open level from now on.
    cdef PyObject** at = &x.tangents
    cdef PyObject* old
    cdef DualLevel level = <DualLevel>ct_levels[depth]
    cdef Tangent new
    while at[0] != NULL and (<Tangent>at[0]).level.depth < depth:
        at = &(<Tangent>at[0]).next
    while at[0] != NULL and (<Tangent>at[0]).level.depth == depth:     # of another thread's level too
        old = at[0]
        at[0] = (<Tangent>old).next
        (<Tangent>old).next = NULL
        Py_DECREF(<object>old)
    if t is None:
        return 0
    new = Tangent.__new__(Tangent)
    new.value, new.level, new.owner = <TensorBase>t, level, <PyObject*>x
    new.after = level.first
    if new.after != NULL:
        (<Tangent>new.after).before = <PyObject*>new
    level.first = <PyObject*>new
    new.next = at[0]
    Py_INCREF(new)
    at[0] = <PyObject*>new
    return 0


cdef int drop_tangents(TensorBase x) except -1:
    # Those of visible levels.
    cdef PyObject* chain = x.tangents
    cdef uint64_t gone = 0
    cdef int depth
    while chain != NULL:
        if level_seen(<Tangent>chain):
            gone |= <uint64_t>1 << (<Tangent>chain).level.depth
        chain = (<Tangent>chain).next
    for depth in range(ct_depth):
        if gone >> depth & 1:
            set_tangent(x, depth, None)
    return 0


cdef int refresh_view(TensorBase x) except -1:
    # A view whose base was changed in place since has the tangents of its part of the base.
    cdef bint mode
    if x.base != NULL and x.view_version != x.storage.version and tape_ops.regenerate != NULL:
        mode = set_recording(ct_recording and x.view_origin == VIEW_DEFAULT)     # the history of others is lost
        try:
            tape_ops.regenerate(x)
        finally:
            set_recording(mode)
    return 0


cdef dict tangents_of(TensorBase x):
    """Depth -> tangent, in the visible levels."""
    cdef dict found = {}
    cdef PyObject* chain
    if not is_dual(x) or not dual_seen(x):
        return found
    refresh_view(x)
    chain = x.tangents
    while chain != NULL:
        if level_seen(<Tangent>chain):
            found[(<Tangent>chain).level.depth] = (<Tangent>chain).value
        chain = (<Tangent>chain).next
    return found


cdef int share_tangents(TensorBase to, TensorBase frm) except -1:
    # Those of all levels that are open in this thread; another tensor over the same values.
    cdef uint64_t before = set_visible(all_levels())
    try:
        for depth, t in tangents_of(frm).items():
            set_tangent(to, depth, t)
    finally:
        set_visible(before)
    return 0


cdef bint level_is_open(DualLevel level) noexcept:
    return level.depth < ct_depth and ct_levels[level.depth] == <PyObject*>level


cdef list levels_and_tangents(TensorBase x):
    # What a pack hook's tensor is to have when it comes back.
    cdef uint64_t before = set_visible(all_levels())
    try:
        return [(<object>ct_levels[depth], t) for depth, t in tangents_of(x).items()]
    finally:
        set_visible(before)


# ---- tangents of what a node makes

cdef int add_tangents(Node node, int k, dict found) except -1:
    # Input k has these tangents.
    cdef dict own
    if not found:
        return 0
    if node.tangents == NULL:
        own = {}
        Py_INCREF(own)
        node.tangents = <PyObject*>own
    own = <dict>node.tangents
    for depth, t in found.items():
        own.setdefault(depth, []).append((k, t))
    return 0


cdef bint has_real_edge(Node node) noexcept:
    # Whether a gradient may flow through the node, or it is there for forward mode alone.
    cdef int k
    for k in range(node.n_edges):
        if node.edges[k].target != NULL and not node.edges[k].forward:
            return True
    return False


cdef bint attach_forward(Node node, TensorBase output, int output_nr) except -1:
    # Gives an output its tangents; returns whether it is to be attached for backward as well.
    cdef bint attached
    if output.tangents != NULL:
        drop_tangents(output)                # changed in place: these were of the old values
    if node.tangents != NULL:
        for depth, t in output_tangents(node, output, output_nr).items():
            set_tangent(output, depth, t)
    attached = node.n_edges == 0 or has_real_edge(node) or (ct_recording and wants_grad(output))
    if node.n_outputs == 1:
        node_settle(node)
    return attached


cdef int node_settle(Node node) except -1:
    # All outputs have their tangents: what was there for these alone goes.
    cdef PyObject* tangents = node.tangents
    cdef Edge* e
    cdef int k
    if tangents == NULL:
        return 0
    node.tangents = NULL
    Py_DECREF(<object>tangents)
    for k in range(node.n_edges):
        e = &node.edges[k]
        if e.forward:
            e.forward = e.leaf = False
            release_later(e.target)
            e.target = NULL
            edge_forget(node, e)
    release_pending()
    return 0


cdef dict output_tangents(Node node, TensorBase y, int output_nr):
    """Depth -> tangent of an output; lower levels first, since those above are derived in them too."""
    cdef PyObject* own = node.tangents
    cdef uint64_t before = ct_visible
    cdef dict found = {}
    cdef list entries
    if own == NULL:
        return found
    node.tangents = NULL                     # what the node's derivative attaches to it has its tangents already
    try:
        for depth in sorted(<dict>own):
            set_visible(levels_below(before, depth))
            entries = <list>(<dict>own)[depth]
            t = node_tangent(node, y, output_nr, entries)
            if t is not None:
                found[depth] = t
                share_with_saved(node, output_nr, depth, t)
    finally:
        set_visible(before)
        node.tangents = own
    return found


cdef int share_with_saved(Node node, int output_nr, int depth, TensorBase t) except -1:
    # The derivative reads saved outputs, which have the tangents of the output then.
    cdef Saved* s
    cdef int i
    for i in range(node.n_saved):
        s = &node.saved[i]
        if not s.output or s.tensor == NULL or s.output_nr != output_nr:
            continue
        if s.packed:
            (<list>(<tuple>s.tensor)[5]).append((<object>ct_levels[depth], t))
        else:
            set_tangent(<TensorBase>s.tensor, depth, t)
    return 0


cdef TensorBase node_tangent(Node node, TensorBase y, int output_nr, list entries):
    cdef PyObject** given = <PyObject**>calloc(node.n_edges + 1, sizeof(PyObject*))
    cdef ForwardFn rule = rule_of(node.backward)
    cdef TensorBase t = None
    if given == NULL:
        raise MemoryError()
    try:
        for k, value in entries:
            given[<int>k] = <PyObject*>value
        if rule != NULL:
            t = rule(node, y, given)
        if t is None:
            t = transposed(node, y, output_nr, given)
    finally:
        free(given)
    return t


cdef TensorBase transposed(Node node, TensorBase y, int output_nr, PyObject** given):
    """d/dg of sum_k <gradient of input k, tangent of input k>, where g is the gradient of the output."""
    cdef TensorBase g = tape_ops.full_like(y, 0)         # what is linear has the same derivative everywhere
    cdef list collected = [None] * node.n_edges, roots = [], seeds = []
    cdef bint graph = ct_recording and has_real_edge(node)
    cdef int k
    g.requires_grad = True
    for k in range(node.n_edges):
        graph = graph or (ct_recording and given[k] != NULL and wants_grad(<TensorBase>given[k]))
    record_gradients(node, g, output_nr, given, collected)
    for k in range(node.n_edges):
        if given[k] != NULL and collected[k] is not None and wants_grad(<TensorBase>collected[k]):
            roots.append(collected[k])
            seeds.append(<object>given[k])
    if not roots:
        return None
    return <TensorBase>run_backward(PySequence_Fast_ITEMS(roots), PySequence_Fast_ITEMS(seeds), len(roots),
                                    graph, graph, [g])[0]


cdef int record_gradients(Node node, TensorBase g, int output_nr, PyObject** given, list collected) except -1:
    # The gradients of those inputs that have tangents, recorded.
    cdef BackwardCall call
    cdef void* outer = ct_call
    cdef PyObject** grads = <PyObject**>calloc(node.n_outputs, sizeof(PyObject*))
    cdef uint8_t* hidden = <uint8_t*>calloc(node.n_edges + 1, 1)
    cdef bint mode
    cdef int k
    global ct_call
    if grads == NULL or hidden == NULL:
        free(grads)
        free(hidden)
        raise MemoryError()
    memset(&call, 0, sizeof(BackwardCall))
    call.create_graph = True
    call.collected, call.running = <PyObject*>collected, <PyObject*>node
    call.incoming, call.n_incoming = grads, node.n_outputs
    grads[output_nr] = <PyObject*>g
    for k in range(node.n_edges):
        hidden[k] = node.edges[k].hidden
        node.edges[k].hidden = hidden[k] or given[k] == NULL
    mode = set_recording(True)
    ct_call = &call
    try:
        node.backward(node, grads)
    finally:
        ct_call = outer
        set_recording(mode)
        for k in range(node.n_edges):
            node.edges[k].hidden = hidden[k]
        free(grads)
        free(hidden)
        Py_XDECREF(call.unpacked)
    return 0


# ---- rules of those nodes that have one

cdef BackwardFn rule_keys[32]
cdef ForwardFn rules[32]
cdef int n_rules = 0


cdef int forward_rule(BackwardFn backward, ForwardFn forward) except -1:
    global n_rules
    if n_rules == 32:
        raise RuntimeError("too many rules of forward mode")
    rule_keys[n_rules], rules[n_rules] = backward, forward
    n_rules += 1
    return 0


cdef ForwardFn rule_of(BackwardFn backward) noexcept:
    cdef int i
    for i in range(n_rules):
        if rule_keys[i] == backward:
            return rules[i]
    return NULL


# ---- levels

def _enter_level():
    """Open a level above all others of this thread; its depth."""
    global ct_depth, ct_levels, ct_visible
    cdef DualLevel level
    if ct_depth == DUAL_LEVELS:
        raise RuntimeError(f"forward mode has at most {DUAL_LEVELS} levels")
    if ct_levels == NULL:
        ct_levels = <PyObject**>calloc(DUAL_LEVELS, sizeof(PyObject*))
        if ct_levels == NULL:
            raise MemoryError()
    level = DualLevel.__new__(DualLevel)
    level.depth = ct_depth
    Py_INCREF(level)
    ct_levels[ct_depth] = <PyObject*>level
    if not ct_forward_off:
        ct_visible |= <uint64_t>1 << ct_depth
    ct_depth += 1
    return level.depth


def _exit_level(int depth):
    """Close the innermost level; tensors lose their tangents in it."""
    global ct_depth, ct_levels, ct_visible, ct_put_away
    cdef DualLevel level
    cdef Tangent t
    cdef PyObject** at
    cdef PyObject* gone
    if depth < 0 or depth != ct_depth - 1:
        raise RuntimeError("Trying to exit a forward AD level that was not the last one that was created. This is not "
                           "supported.")
    level = <DualLevel>ct_levels[depth]
    while level.first != NULL:
        t = <Tangent>level.first
        at = &(<TensorBase>t.owner).tangents
        while at[0] != <PyObject*>t:
            at = &(<Tangent>at[0]).next
        gone = at[0]
        at[0] = t.next
        t.next = NULL
        level.first = t.after
        if t.after != NULL:
            (<Tangent>t.after).before = NULL
        t.after = NULL
        Py_DECREF(<object>gone)
        t = None
    ct_visible &= ~(<uint64_t>1 << depth)
    ct_put_away &= ~(<uint64_t>1 << depth)
    ct_levels[depth] = NULL
    ct_depth -= 1
    if ct_depth == 0:
        free(ct_levels)
        ct_levels = NULL
    Py_DECREF(level)


def _open_levels():
    """How many levels are open in this thread."""
    return ct_depth


def _is_fwd_grad_enabled():
    """Whether operations work out tangents where a level is open."""
    return not ct_forward_off


def _set_fwd_grad(bint mode):
    """Switch forward mode on or off in this thread; returns what it was."""
    global ct_forward_off, ct_put_away, ct_visible
    before = not ct_forward_off
    if before and not mode:
        ct_put_away, ct_visible, ct_forward_off = ct_visible, 0, True
    elif mode and not before:
        ct_visible, ct_forward_off = ct_put_away, False
    return before


def _is_differentiable():
    """Whether what is worked out now may have to be derived again."""
    return differentiable()


def _recorded(*values):
    """Whether an operation on these would be recorded, for backward or for forward mode."""
    for x in values:
        if isinstance(x, TensorBase) and recorded(<TensorBase>x):
            return True
    return False


cdef int need_float(TensorBase x, str name) except -1:
    if category_of[x.dtype] < CATEGORY_FLOAT:
        raise ValueError(f"Expected {name} to be floating point or complex, but got: {dtype_object(x.dtype)}")
    return 0


def _make_dual(TensorBase x not None, TensorBase t not None, int depth):
    """Another tensor over the values of x, in its graph and with its tangents, and with the tangent t in a level."""
    cdef TensorBase y
    if not 0 <= depth < ct_depth:
        raise RuntimeError(f"level {depth} of forward mode is not open")
    need_float(x, "primal")
    need_float(t, "tangent")
    if not same_shape(x, t):
        raise RuntimeError("Trying to set a forward gradient that has a different size than that of the original "
                           f"Tensor, this is not supported. Tensor is of size {list(shape_tuple(x))} while the given "
                           f"forward gradient is of size {list(shape_tuple(t))}.")
    if x.dtype != t.dtype:
        raise RuntimeError("Trying to set a forward gradient that has a different dtype than that of the original "
                           "Tensor, this is not supported. Tensor has dtype "
                           f"{dtype_title(x.dtype).lower()} while the given forward gradient has dtype "
                           f"{dtype_title(t.dtype).lower()}.")
    if memory_of(x) == memory_of(t):
        t = tape_ops.clone(t)                # a change of the values in place is none of the tangent
    y = other_over(x)
    set_tangent(y, depth, t)
    return y


cdef TensorBase other_over(TensorBase x):
    # x again, as the result of an operation: a change of its tangents or of its history is not told to x.
    cdef TensorBase y = tensor_alias(x)
    cdef Node node
    cdef uint64_t before
    share_tangents(y, x)
    if ct_recording and wants_grad(x):
        before = set_visible(0)
        try:
            node = node_new(pass_gradient, b"alias", 1, 0)
            node_edge(node, 0, x, y)
            node_attach(node, y, 0)
        finally:
            set_visible(before)
    return y


def _again(TensorBase x not None):
    """Another tensor over the values of x, in its graph and with its tangents."""
    return other_over(x)


def _unpack_dual(TensorBase x not None, int depth):
    """The primal and the tangent, or None, of a tensor in a level."""
    cdef TensorBase y
    cdef uint64_t before = set_visible(all_levels())
    try:
        t = tangents_of(x).get(depth)
    finally:
        set_visible(before)
    y = other_over(x)
    if 0 <= depth < ct_depth:
        set_tangent(y, depth, None)
    return y, t


def _duals():
    """The tensors that have a tangent in a visible level."""
    cdef list found = []
    cdef PyObject* at
    cdef int depth
    for depth in range(ct_depth):
        if ct_visible >> depth & 1:
            at = (<DualLevel>ct_levels[depth]).first
            while at != NULL:
                found.append(<object>(<Tangent>at).owner)
                at = (<Tangent>at).after
    return found


def _tangent(TensorBase x not None, int depth):
    """The tangent of a tensor in a level, or None."""
    cdef uint64_t before = set_visible(all_levels())
    try:
        return tangents_of(x).get(depth)
    finally:
        set_visible(before)

# The walk: nodes are run newest first, and pass their gradients on.

cdef int heap_grow(BackwardCall* call) except -1:
    cdef PyObject** grown
    if call.heap == &call.room[0]:
        grown = <PyObject**>malloc(4 * sizeof(call.room))
        if grown != NULL:
            memcpy(grown, call.heap, sizeof(call.room))
    else:
        grown = <PyObject**>realloc(call.heap, 4 * call.capacity * sizeof(PyObject*))
    if grown == NULL:
        raise MemoryError()
    call.heap = grown
    call.capacity *= 4
    return 0


cdef int heap_push(BackwardCall* call, Node node) except -1:
    cdef Py_ssize_t i, parent
    cdef uint64_t s = node.sequence
    if call.size == call.capacity:
        heap_grow(call)
    i = call.size
    call.size += 1
    while i > 0:
        parent = (i - 1) >> 1
        if (<Node>call.heap[parent]).sequence >= s:
            break
        call.heap[i] = call.heap[parent]
        i = parent
    Py_INCREF(node)
    call.heap[i] = <PyObject*>node
    return 0


cdef PyObject* heap_pop(BackwardCall* call) noexcept:
    # The newest node; the heap's reference passes to the caller.
    cdef PyObject* newest = call.heap[0]
    cdef PyObject* last
    cdef Py_ssize_t i = 0, child
    call.size -= 1
    if call.size > 0:
        last = call.heap[call.size]
        while True:
            child = 2 * i + 1
            if child >= call.size:
                break
            if child + 1 < call.size and (<Node>call.heap[child + 1]).sequence > (<Node>call.heap[child]).sequence:
                child += 1
            if (<Node>call.heap[child]).sequence <= (<Node>last).sequence:
                break
            call.heap[i] = call.heap[child]
            i = child
        call.heap[i] = last
    return newest


cdef int accumulate(PyObject** slot, TensorBase g, bint create_graph) except -1:
    # slot += g, in place where nobody else can see the buffer.
    cdef TensorBase have, total
    if slot[0] == NULL:
        Py_INCREF(g)
        slot[0] = <PyObject*>g
        return 0
    have = <TensorBase>slot[0]
    # one reference is the slot's, one is `have`
    if (not create_graph and have.device != DEVICE_BATCHED and g.device != DEVICE_BATCHED
            and Py_REFCNT(<PyObject*>have) == 2 and have.storage.references == 1
            and have.dtype == g.dtype and have.contiguous and not have.requires_grad
            and have.tangents == NULL and g.tangents == NULL):
        tape_ops.add_(have, g)
        return 0
    total = tape_ops.add(have, g)
    Py_INCREF(total)
    Py_DECREF(have)
    slot[0] = <PyObject*>total
    return 0


# ---- leaves

# Leaves whose .grad is being changed now. Long additions let other threads run; those wait here for their turn.
cdef PyObject* busy[64]
cdef int n_busy = 0


cdef bint is_busy(PyObject* leaf) noexcept:
    cdef int i
    for i in range(n_busy):
        if busy[i] == leaf:
            return True
    return False


cdef int leaf_accumulate(TensorBase leaf, TensorBase g, bint owned, BackwardCall* call) except -1:
    # Adds to .grad of a leaf, or to what autograd.grad collects.
    global n_busy
    cdef int i
    if call.captures != NULL:
        key = <uintptr_t><void*>leaf
        if key in <dict>call.captures:
            return capture(call, key, g)
        return 0
    while n_busy == 64 or (n_busy and is_busy(<PyObject*>leaf)):
        with nogil:
            sched_yield()
    busy[n_busy] = <PyObject*>leaf
    n_busy += 1
    try:
        return add_to_leaf(leaf, g, owned, call)
    finally:
        i = 0
        while busy[i] != <PyObject*>leaf:
            i += 1
        n_busy -= 1
        busy[i] = busy[n_busy]


cdef int add_to_leaf(TensorBase leaf, TensorBase g, bint owned, BackwardCall* call) except -1:
    cdef TensorBase have
    if call.create_graph:
        may_close_cycle(<PyObject*>leaf)
    if leaf.grad == NULL:
        if not (call.create_graph or (owned and g.contiguous and g.storage.references == 1)):
            g = tape_ops.clone(g)
        elif not call.create_graph and g.requires_grad:
            have = g
            g = tensor_alias(have)
            if have.tangents != NULL:
                share_tangents(g, have)
        return put_gradient(&leaf.grad, g)
    have = <TensorBase>leaf.grad
    if call.create_graph or have.device == DEVICE_BATCHED or g.device == DEVICE_BATCHED:
        return put_gradient(&leaf.grad, tape_ops.add(have, g))
    tape_ops.add_(have, g)
    return 0


cdef int capture(BackwardCall* call, object key, TensorBase g) except -1:
    cdef dict captures = <dict>call.captures
    have = captures[key]
    if have is not None:
        g = tape_ops.add(<TensorBase>have, g)
    captures[key] = g
    return 0


cdef int hooked_leaf(BackwardCall* call, TensorBase leaf, TensorBase g) except -1:
    # Hooks see the whole gradient, so it is collected until all that leads to the leaf has run.
    cdef dict hooked
    if call.hooked == NULL:
        d = {}
        Py_INCREF(d)
        call.hooked = <PyObject*>d
    hooked = <dict>call.hooked
    key = <uintptr_t><void*>leaf
    have = hooked.get(key)
    hooked[key] = (leaf, g if have is None else tape_ops.add(<TensorBase>have[1], g))
    return 0


cdef int finish_leaf(BackwardCall* call, TensorBase leaf, TensorBase g) except -1:
    # The whole gradient of a leaf with hooks is there.
    cdef dict hooks = <dict>leaf.hooks
    g = run_tensor_hooks(hooks.get("grad", {}), g)
    if call.captures != NULL:
        return leaf_accumulate(leaf, g, False, call)
    (g,) = run_prehooks(hooks.get("pre", {}), (g,))
    if g is not None:
        leaf_accumulate(leaf, g, False, call)
    for hook in list(hooks.get("accumulated", {}).values()):
        hook(leaf)
    run_posthooks(hooks.get("post", {}), (), (g,))
    return 0


cdef int settle_leaves(BackwardCall* call, Node node) except -1:
    # A node has run: leaves with hooks to which no further edge leads are finished.
    cdef Edge* e
    cdef uint32_t* value
    cdef int k
    if not plan_get(call.plan, <PyObject*>node) & RUNS:
        return 0
    for k in range(node.n_edges):
        e = &node.edges[k]
        if not e.leaf or (<TensorBase>e.target).hooks == NULL:
            continue
        value = plan_at(call.plan, e.target)
        if value[0] < ONE_EDGE:
            continue                     # its hooks came after the plan
        value[0] -= ONE_EDGE
        if value[0] < ONE_EDGE and call.hooked != NULL:
            found = (<dict>call.hooked).pop(<uintptr_t>e.target, None)
            if found is not None:
                finish_leaf(call, <TensorBase>found[0], <TensorBase>found[1])
    return 0


# ---- nodes

cdef int node_give(Node node, int k, TensorBase g) except -1:
    """Pass the gradient of input k on: to its node's buffer, or to the leaf."""
    cdef Edge* e = &node.edges[k]
    cdef BackwardCall* call = <BackwardCall*>ct_call     # not node.call, which may be another thread's
    cdef TensorBase fitted
    cdef bint owned
    if e.target == NULL or g is None:
        return 0
    if call.selective and not plan_get(call.plan, e.target) & (RUNS | WANTED):
        return 0
    if g.device == DEVICE_BATCHED or e.levels != NULL:
        return give_batched(call, e, k, g)
    owned = Py_REFCNT(<PyObject*>g) <= 1 and not is_incoming(call, g)
    if e.shape != NULL or g.dtype != e.dtype:
        fitted = tape_ops.fit(g, e.dtype, e.ndim if e.shape != NULL else -1, e.shape)
        owned = owned or fitted is not g
    else:
        fitted = g
    if call.collected != NULL:
        return collect(call, k, fitted)
    return pass_on(call, e, fitted, owned)


cdef int give_batched(BackwardCall* call, Edge* e, int k, TensorBase g) except -1:
    # The same where the gradient or the input is one example of several.
    g = tape_ops.settle(tape_ops.fit(g, e.dtype, e.ndim if e.shape != NULL else -1, e.shape), e.levels)
    return collect(call, k, g) if call.collected != NULL else pass_on(call, e, g, False)


cdef int collect(BackwardCall* call, int k, TensorBase g) except -1:
    have = (<list>call.collected)[k]
    (<list>call.collected)[k] = g if have is None else tape_ops.add(<TensorBase>have, g)
    return 0


cdef int pass_on(BackwardCall* call, Edge* e, TensorBase g, bint owned) except -1:
    cdef TensorBase leaf
    if e.leaf:
        leaf = <TensorBase>e.target
        return hooked_leaf(call, leaf, g) if leaf.hooks != NULL else leaf_accumulate(leaf, g, owned, call)
    return give_node(call, <Node>e.target, e.output_nr, g)


cdef int give_node(BackwardCall* call, Node target, int output_nr, TensorBase g) except -1:
    if target.call != call:
        if target.call != NULL or call.foreign != NULL:
            return give_shared(call, target, output_nr, g)
        heap_push(call, target)
        target.call = call
    return accumulate(&target.grads[output_nr], g, call.create_graph)


cdef int give_shared(BackwardCall* call, Node target, int output_nr, TensorBase g) except -1:
    # The node may wait in another call, of another thread or around this one: then this call keeps its gradients.
    if call.foreign == NULL:
        d = {}
        Py_INCREF(d)
        call.foreign = <PyObject*>d
    key = <uintptr_t><void*>target
    own = (<dict>call.foreign).get(key)
    if own is None and target.call == NULL:
        heap_push(call, target)
        target.call = call
        return accumulate(&target.grads[output_nr], g, call.create_graph)
    if own is None:
        own = [None] * target.n_outputs
        heap_push(call, target)
        target.shared += 1
        (<dict>call.foreign)[key] = own
    have = own[output_nr]
    own[output_nr] = g if have is None else tape_ops.add(<TensorBase>have, g)
    return 0


cdef bint is_incoming(BackwardCall* call, TensorBase g) noexcept:
    cdef int i
    for i in range(call.n_incoming):
        if call.incoming[i] == <PyObject*>g:
            return True
    return False


cdef int run_node(BackwardCall* call, Node node, PyObject** grads) except -1:
    # As below; an error says where the node was recorded.
    cdef int ran
    if watch is not None:
        ran = (<int (*)(BackwardCall*, Node, PyObject**) noexcept>watch_node)(call, node, grads)
    else:
        ran = (<int (*)(BackwardCall*, Node, PyObject**) noexcept>try_node)(call, node, grads)
    if ran == -1:
        note_line(node)
    return ran


cdef tuple watch = None                  # of a profiler: what begins an event, and what ends it


def _set_watch(functions):
    """Sets the two functions that are called around each node that runs backward; None: none are."""
    global watch
    watch = functions


cdef int watch_node(BackwardCall* call, Node node, PyObject** grads) except -1:
    cdef str name = node_name(node)
    begin, end = watch
    whole = begin(f"autograd::engine::evaluate_function: {name}", node.sequence)
    own = begin(name, node.sequence)
    try:
        return try_node(call, node, grads)
    finally:
        end(own)
        end(whole)


cdef void note_line(Node node) noexcept:
    cdef PyObject* taken = ct_take_error()
    if taken == NULL:
        return
    error = <object>taken
    if node.code != NULL and isinstance(error, Exception):
        try:
            error.add_note(f"{node_name(node)}, recorded at {recorded_at(node)}")
        except Exception:                # the error itself matters more
            pass
    ct_set_error(taken)


cdef str recorded_at(Node node):
    # The user's line that recorded a node.
    code = <object>node.code
    return f"{code.co_filename}:{ct_line(node.code, node.place)} in {code.co_qualname}"


cdef bint leads_on(Node node) noexcept:
    # Whether a gradient goes anywhere from here: not where all inputs are views without a history.
    cdef int i
    for i in range(node.n_edges):
        if node.edges[i].target != NULL:
            return True
    return False


cdef int try_node(BackwardCall* call, Node node, PyObject** grads) except -1:
    # Returns whether its derivative has run, so that what it saved is used up.
    cdef uint32_t flags
    cdef int i
    call.running = <PyObject*>node
    call.incoming, call.n_incoming = grads, node.n_outputs
    if node.hooks != NULL:
        run_output_hooks(node, grads)
    if call.selective:
        flags = plan_get(call.plan, <PyObject*>node)
        if flags & WANTED and call.captures != NULL:
            for i in range(node.n_outputs):
                key = (<uintptr_t><void*>node, i)
                if grads[i] != NULL and key in <dict>call.captures:
                    capture(call, key, <TensorBase>grads[i])
        if not flags & RUNS:
            return 0
        for i in range(node.n_edges):    # what nobody asked for need not be worked out
            node.edges[i].hidden = (node.shared == 0 and node.edges[i].target != NULL
                                    and not plan_get(call.plan, node.edges[i].target) & (RUNS | WANTED))
    if node.n_edges and not leads_on(node):
        return 1
    if node.hooks != NULL or anomaly:
        run_watched(call, node, grads)
    else:
        node.backward(node, grads)
    if call.plan != NULL:
        settle_leaves(call, node)
    return 1


cdef int run_watched(BackwardCall* call, Node node, PyObject** grads) except -1:
    # With the node's own hooks and, in anomaly mode, a look at what comes out.
    cdef dict hooks = {} if node.hooks == NULL else <dict>node.hooks
    cdef list collected
    cdef int i
    prehooks, posthooks = hooks.get("pre"), hooks.get("post")
    if prehooks:
        for i, g in enumerate(run_prehooks(prehooks, owned_gradients(grads, node.n_outputs))):
            put_gradient(&grads[i], g)
    given = owned_gradients(grads, node.n_outputs)
    if given == (None,):
        return 0
    if not posthooks and not anomaly:
        return node.backward(node, grads)
    collected = [None] * node.n_edges
    call.collected = <PyObject*>collected
    try:
        node.backward(node, grads)
    except Exception:
        if anomaly:
            tell_anomaly(node)
        raise
    finally:
        call.collected = NULL
    if anomaly:
        check_gradients(node, collected)
    found = run_posthooks(posthooks or {}, tuple(collected), given)
    for i in range(node.n_edges):
        if found[i] is not None and node.edges[i].target != NULL:
            pass_on(call, &node.edges[i], <TensorBase>found[i], False)
    return 0


cdef void node_finish(BackwardCall* call, Node node, bint keep) noexcept:
    # Drops what the walk put into the node, and what it saved unless the graph is kept.
    cdef int i
    for i in range(node.n_outputs):
        release_later(node.grads[i])
        node.grads[i] = NULL
    node.call = NULL
    node_spend(call, node, keep)


cdef void node_spend(BackwardCall* call, Node node, bint keep) noexcept:
    cdef int i
    cdef PyObject* unpacked = call.unpacked
    if call.selective:
        for i in range(node.n_edges):
            node.edges[i].hidden = False
    if unpacked != NULL:
        call.unpacked = NULL
        Py_DECREF(<object>unpacked)
    if not keep and node.shared == 0 and node.call == NULL:
        for i in range(node.n_saved):
            release_later(node.saved[i].tensor)
            node.saved[i].tensor = NULL
    release_pending()


cdef int run_own(BackwardCall* call, Node node) except -1:
    cdef int ran = 0
    try:
        ran = run_node(call, node, node.grads)
    finally:                             # a node that failed keeps what it saved: the user may try again
        node_finish(call, node, call.keep_graph or not ran)
    return 0


cdef int run_shared(BackwardCall* call, Node node, list given) except -1:
    # Run a node that is, or was, part of another call too, with this call's gradients.
    cdef int i, ran = 0
    cdef PyObject** grads = <PyObject**>calloc(node.n_outputs, sizeof(PyObject*))
    if grads == NULL:
        node.shared -= 1
        raise MemoryError()
    for i in range(node.n_edges):
        node.edges[i].hidden = False
    try:
        for i in range(node.n_outputs):
            put_gradient(&grads[i], given[i])
        ran = run_node(call, node, grads)
    finally:
        for i in range(node.n_outputs):
            Py_XDECREF(grads[i])
        free(grads)
        node.shared -= 1
        node_spend(call, node, call.keep_graph or not ran)
    return 0


cdef int run_next(BackwardCall* call) except -1:
    cdef PyObject* top = heap_pop(call)
    cdef Node node = <Node>top
    Py_DECREF(node)
    if node.call != call and call.foreign != NULL:
        given = (<dict>call.foreign).pop(<uintptr_t>top, None)
        if given is not None:
            return run_shared(call, node, <list>given)
    return run_own(call, node)


# ---- a call from its roots to its end

cdef long tasks = -1                     # how many calls there have been


def _is_checkpoint_valid():
    """Whether no backward call that runs now in this thread gives gradients to some inputs alone."""
    return ct_selective == 0


cdef int seed_roots(BackwardCall* call, PyObject** roots, PyObject** grads, Py_ssize_t n) except -1:
    cdef TensorBase root, g
    cdef Levels levels
    cdef Node maker
    cdef PyObject* target
    cdef Py_ssize_t i
    for i in range(n):
        root, g = <TensorBase>roots[i], <TensorBase>grads[i]
        if root.device == DEVICE_BATCHED:
            levels = levels_of(root)
            g = tape_ops.settle(g, <PyObject*>levels)
        maker = grad_fn_of(root)
        target = <PyObject*>root if maker is None else <PyObject*>maker
        if call.selective and not plan_get(call.plan, target) & (RUNS | WANTED):
            continue
        if maker is not None:
            give_node(call, maker, root.output_nr, g)
        elif is_lost(root):
            raise RuntimeError(f"element {i} of tensors does not require grad and does not have a grad_fn")
        elif root.hooks != NULL:
            hooked_leaf(call, root, g)
        else:
            leaf_accumulate(root, g, False, call)
    return 0


cdef int walk(BackwardCall* call) except -1:
    cdef int steps = 0
    cdef TensorBase leaf, g
    while call.size > 0:
        run_next(call)
        steps += 1
        if steps & 255 == 0:
            PyErr_CheckSignals()
    while call.hooked != NULL and <dict>call.hooked:
        leaf, g = (<dict>call.hooked).popitem()[1]
        finish_leaf(call, leaf, g)
    return 0


cdef void abandon(BackwardCall* call) noexcept:
    # After an error: no gradient is left behind in the graph.
    cdef PyObject* top
    cdef Node node
    while call.size > 0:
        top = heap_pop(call)
        node = <Node>top
        if node.call == call:
            node_finish(call, node, True)
        else:
            node.shared -= 1
        node = None
        Py_DECREF(<object>top)


cdef list run_backward(PyObject** roots, PyObject** grads, Py_ssize_t n, bint keep_graph, bint create_graph,
                       list inputs, bint into_grad=False):
    """Walk from n roots, with a gradient each, and add to .grad of all leaves.

    Given `inputs`, return their gradients (or None) instead; with `into_grad` those go to .grad of the inputs.
    """
    cdef BackwardCall call
    cdef void* outer = ct_call
    cdef dict captures = None
    cdef list keys = None
    cdef bint mode
    cdef Node maker
    cdef long outer_task = ct_task
    global ct_call, ct_task, ct_selective, tasks
    memset(&call, 0, sizeof(BackwardCall))
    call.heap, call.capacity = &call.room[0], sizeof(call.room) // sizeof(PyObject*)
    call.create_graph, call.keep_graph = create_graph, keep_graph
    if inputs is not None and not into_grad:
        captures, keys = {}, []
        for x in inputs:
            maker = grad_fn_of(<TensorBase>x)
            key = <object><uintptr_t><void*>x
            if maker is not None:
                key = (<uintptr_t><void*>maker, (<TensorBase>x).output_nr)
            keys.append(key)
            captures[key] = None
        call.captures = <PyObject*>captures
    mode = set_recording(create_graph)
    ct_call = &call
    tasks += 1
    ct_task = tasks
    ct_selective += inputs is not None
    try:
        if inputs is not None or leaf_hooks_exist:
            make_plan(&call, roots, n, inputs)
        seed_roots(&call, roots, grads, n)
        walk(&call)
    finally:
        ct_call, ct_task = outer, outer_task
        ct_selective -= inputs is not None
        set_recording(mode)
        abandon(&call)
        if call.heap != &call.room[0]:
            free(call.heap)
        plan_free(call.plan)
        Py_XDECREF(call.hooked)
        Py_XDECREF(call.foreign)
        Py_XDECREF(call.unpacked)
    return None if keys is None else [captures[key] for key in keys]


cdef object call_node(Node node, tuple grad_outputs):
    """What a node's derivative gives for these gradients."""
    cdef BackwardCall call
    cdef void* outer = ct_call
    cdef list collected = [None] * node.n_edges
    cdef PyObject** grads
    cdef int i
    global ct_call
    if len(grad_outputs) != node.n_outputs:
        raise TypeError(f"{node_name(node)}: expected {node.n_outputs} gradients, got {len(grad_outputs)}")
    for g in grad_outputs:
        if g is not None and not isinstance(g, TensorBase):
            raise TypeError(f"{node_name(node)}: expected Tensors or None, got {type(g).__name__}")
    if grad_outputs == (None,):
        return None if node.n_edges == 1 else tuple(collected)
    memset(&call, 0, sizeof(BackwardCall))
    call.create_graph = ct_recording
    call.collected, call.running = <PyObject*>collected, <PyObject*>node
    grads = <PyObject**>calloc(node.n_outputs, sizeof(PyObject*))
    if grads == NULL:
        raise MemoryError()
    call.incoming, call.n_incoming = grads, node.n_outputs
    ct_call = &call
    try:
        for i in range(node.n_outputs):
            put_gradient(&grads[i], grad_outputs[i])
        node.backward(node, grads)
    finally:
        ct_call = outer
        for i in range(node.n_outputs):
            Py_XDECREF(grads[i])
        free(grads)
        Py_XDECREF(call.unpacked)
    return collected[0] if node.n_edges == 1 else tuple(collected)

"""The tape: nodes that remember how a tensor was made, and the walk that runs them backward.

Nodes carry a sequence number in order of recording. An input's node is always older than its consumer's, so taking
the newest node first from a heap visits every node after all that feed gradients into it: no counting pass is needed.
"""
cimport cython
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF, Py_XDECREF
from libc.stdint cimport uintptr_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy

from ctorch._dtype cimport dtype_title
from ctorch._tensor cimport (TensorBase, same_shape, shape_tuple, tensor_alias,
                             wants_grad)

cdef extern from *:
    """
    static __thread int ct_recording = 1;
    static __thread int ct_inference = 0;
    """
    bint ct_recording
    bint ct_inference
    Py_ssize_t Py_REFCNT(PyObject* o) noexcept

cdef uint64_t counter = 0


cdef bint recording() noexcept:
    return ct_recording


cdef bint set_recording(bint on) noexcept:
    # Returns the mode before.
    global ct_recording
    cdef bint before = ct_recording
    ct_recording = on
    return before


cdef bint in_inference() noexcept:
    return ct_inference


def is_grad_enabled():
    """True where operations are recorded for backward."""
    return ct_recording != 0


def _set_grad_enabled(bint mode):
    global ct_recording
    ct_recording = mode


def is_inference_mode_enabled():
    """True inside of ``inference_mode``."""
    return ct_inference != 0


def _set_inference_mode(bint mode):
    global ct_inference
    ct_inference = mode


# ---- releasing a graph: what a node owns goes on one stack that the outermost release empties, so that a chain of
# a million nodes needs no recursion

cdef PyObject** pending = NULL
cdef Py_ssize_t pending_size = 0
cdef Py_ssize_t pending_capacity = 0
cdef bint draining = False


cdef inline void release_later(PyObject* o) noexcept:
    global pending, pending_size, pending_capacity
    cdef PyObject** grown
    if o == NULL:
        return
    if Py_REFCNT(o) > 1:
        Py_DECREF(<object>o)
        return
    if pending_size == pending_capacity:
        grown = <PyObject**>realloc(pending, (2 * pending_capacity + 256) * sizeof(PyObject*))
        if grown == NULL:            # out of memory: recursion is the best that is left
            Py_DECREF(<object>o)
            return
        pending = grown
        pending_capacity = 2 * pending_capacity + 256
    pending[pending_size] = o
    pending_size += 1


cdef void release_pending() noexcept:
    global pending_size, draining
    if draining:
        return
    draining = True
    while pending_size > 0:
        pending_size -= 1
        Py_DECREF(<object>pending[pending_size])
    draining = False


@cython.freelist(512)
@cython.no_gc
cdef class Node:
    """One recorded operation, `grad_fn` of what it made."""

    def __cinit__(self):
        self.edges = &self.inline_edges[0]
        self.saved = &self.inline_saved[0]
        self.grads = &self.inline_grads[0]
        self.n_outputs = 1

    def __dealloc__(self):
        cdef int i
        for i in range(self.n_edges):
            release_later(self.edges[i].target)
            if self.edges[i].shape != NULL:
                free(self.edges[i].shape)
        for i in range(self.n_saved):
            release_later(self.saved[i].tensor)
        for i in range(self.n_outputs):
            release_later(self.grads[i])
        release_later(self.args)
        release_later(self.hooks)
        if self.edges != &self.inline_edges[0]:
            free(self.edges)
        if self.saved != &self.inline_saved[0]:
            free(self.saved)
        if self.grads != &self.inline_grads[0]:
            free(self.grads)
        release_pending()

    def name(self):
        """Name of the operation's derivative, such as ``MulBackward0``."""
        return display_name(self.title)

    @property
    def next_functions(self):
        """Pairs of node and output number, one per input; (None, 0) where no gradient flows."""
        cdef int i
        out = []
        for i in range(self.n_edges):
            if self.edges[i].target == NULL:
                out.append((None, 0))
            elif self.edges[i].leaf:
                out.append((AccumulateGrad(<object>self.edges[i].target), 0))
            else:
                out.append((<object>self.edges[i].target, self.edges[i].output_nr))
        return tuple(out)

    def _sequence_nr(self):
        return self.sequence

    def register_hook(self, hook):
        """Call ``hook(grad_inputs, grad_outputs)`` after this node has run; returns a handle with ``remove()``."""
        return add_node_hook(self, "post", hook)

    def register_prehook(self, hook):
        """Call ``hook(grad_outputs)`` before this node runs; returns a handle with ``remove()``."""
        return add_node_hook(self, "pre", hook)

    def __repr__(self):
        return f"<{display_name(self.title)} object at {hex(<uintptr_t><void*>self)}>"


class AccumulateGrad:
    """End of the graph at a leaf tensor, as seen in ``next_functions``."""

    def __init__(self, variable):
        self.variable = variable
        self.next_functions = ()

    def name(self):
        return "torch::autograd::AccumulateGrad"

    def __repr__(self):
        return f"<AccumulateGrad object at {hex(id(self.variable))}>"


cdef str display_name(const char* name):
    # PyTorch's style: max_pool2d -> MaxPool2DBackward0
    cdef str text = name.decode()
    parts = [p[:1].upper() + p[1:] for p in text.split("_") if p]
    return "".join(parts) + "Backward0"


class RemovableHandle:
    """What registering a hook returns; ``remove()`` takes the hook away again."""

    next_id = 0

    def __init__(self, hooks):
        self.hooks = hooks
        self.id = RemovableHandle.next_id
        RemovableHandle.next_id += 1

    def remove(self):
        """Take the hook away; harmless when it is gone already."""
        self.hooks.pop(self.id, None)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.remove()


cdef object add_node_hook(Node node, object kind, object hook):
    # hooks: {kind: {id: hook}}
    if not callable(hook):
        raise TypeError(f"hook must be callable, not {type(hook).__name__}")
    if node.hooks == NULL:
        d = {}
        Py_INCREF(d)
        node.hooks = <PyObject*>d
    own = (<dict>node.hooks).setdefault(kind, {})
    handle = RemovableHandle(own)
    own[handle.id] = hook
    return handle


def _add_tensor_hook(TensorBase x not None, hook, str kind="grad"):
    # kind: "grad" runs with the gradient of x and may replace it; "accumulated" runs after .grad was written.
    if not wants_grad(x):
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if not callable(hook):
        raise TypeError(f"hook must be callable, not {type(hook).__name__}")
    cdef Node node = grad_fn_of(x)
    if node is not None:
        return add_node_hook(node, x.output_nr, hook)
    if x.hooks == NULL:
        d = {}
        Py_INCREF(d)
        x.hooks = <PyObject*>d
    own = (<dict>x.hooks).setdefault(kind, {})
    handle = RemovableHandle(own)
    own[handle.id] = hook
    return handle


# ---- recording

cdef Node node_new(BackwardFn fn, const char* name, int edges, int saved):
    global counter
    cdef Node node = Node.__new__(Node)
    if edges > INLINE_EDGES:
        node.edges = <Edge*>calloc(edges, sizeof(Edge))
        if node.edges == NULL:
            node.edges = &node.inline_edges[0]
            raise MemoryError()
    if saved > INLINE_SAVED:
        node.saved = <Saved*>calloc(saved, sizeof(Saved))
        if node.saved == NULL:
            node.saved = &node.inline_saved[0]
            raise MemoryError()
    counter += 1
    node.sequence = counter
    node.backward = fn
    node.title = name
    node.n_edges = edges
    node.n_saved = saved
    return node


cdef int node_outputs(Node node, int n) except -1:
    # Room for the gradients of n outputs.
    if n > 1:
        node.grads = <PyObject**>calloc(n, sizeof(PyObject*))
        if node.grads == NULL:
            node.grads = &node.inline_grads[0]
            raise MemoryError()
        node.n_outputs = n
    return 0


cdef int node_attach(Node node, TensorBase output, int output_nr) except -1:
    Py_INCREF(node)
    Py_XDECREF(output.grad_fn)
    output.grad_fn = <PyObject*>node
    output.output_nr = output_nr
    output.requires_grad = True
    return 0


cdef Node grad_fn_of(TensorBase x):
    # The node that made x; for a view whose base was changed in place since, a new one.
    if x.base != NULL and x.view_version != x.storage.version and tape_ops.regenerate != NULL:
        return tape_ops.regenerate(x)
    return None if x.grad_fn == NULL else <Node>x.grad_fn


cdef int node_edge(Node node, int k, TensorBase x, TensorBase output) except -1:
    # Where the gradient of input k goes. `output` gives the shape that the gradient has unless noted.
    cdef Edge* e = &node.edges[k]
    cdef Node maker
    if not wants_grad(x):
        return 0
    maker = grad_fn_of(x) if x.base != NULL else (None if x.grad_fn == NULL else <Node>x.grad_fn)
    if maker is not None:
        Py_INCREF(maker)
        e.target = <PyObject*>maker
        e.output_nr = x.output_nr
    else:
        Py_INCREF(x)
        e.target = <PyObject*>x
        e.leaf = True
    e.dtype = x.dtype
    e.ndim = x.ndim
    if output is None or not same_shape(x, output):
        e.shape = <int64_t*>malloc((x.ndim + 1) * sizeof(int64_t))
        if e.shape == NULL:
            raise MemoryError()
        memcpy(e.shape, x.shape, x.ndim * sizeof(int64_t))
    return 0


cdef int node_save(Node node, int k, TensorBase x, bint output) except -1:
    # Keeps a tensor for backward. Outputs are kept as a plain alias, since x -> node -> x would never be freed.
    cdef Saved* s = &node.saved[k]
    cdef TensorBase kept = x
    if output:
        kept = tensor_alias(x)
    elif x.inference and not in_inference():
        raise RuntimeError("Inference tensors cannot be saved for backward. To work around you can make a clone to "
                           "get a normal tensor and use it in autograd.")
    Py_INCREF(kept)
    s.tensor = <PyObject*>kept
    s.version = x.storage.version
    s.output = output
    return 0


cdef TensorBase node_saved(Node node, int k):
    # A saved tensor, checked to be unchanged; an output comes back attached to this node when a graph is made.
    cdef Saved* s = &node.saved[k]
    cdef TensorBase x, y
    if s.tensor == NULL:
        raise RuntimeError("Trying to backward through the graph a second time (or directly access saved tensors "
                           "after they have already been freed). Saved intermediate values of the graph are freed "
                           "when you call .backward() or autograd.grad(). Specify retain_graph=True if you need to "
                           "backward through the graph a second time or if you need to access saved tensors after "
                           "calling backward.")
    x = <TensorBase>s.tensor
    if x.storage.version != s.version:
        who = "an unnamed operation" if x.storage.changed_by == NULL else x.storage.changed_by.decode()
        raise RuntimeError("one of the variables needed for gradient computation has been modified by an inplace "
                           f"operation: [torch.{dtype_title(x.dtype)}Tensor {list(shape_tuple(x))}], which "
                           f"{display_name(node.title)} saved, is at version {x.storage.version}; expected version "
                           f"{s.version} instead. The last inplace operation on it was {who}.")
    if s.output and ct_recording:
        y = tensor_alias(x)
        node_attach(node, y, k)          # outputs are saved first, in order
        return y
    return x


cdef object node_edge_shape(Node node, int k, TensorBase g):
    # Shape of input k; where it was the output's, the gradient has it.
    cdef Edge* e = &node.edges[k]
    if e.shape == NULL:
        return shape_tuple(g)
    return tuple([e.shape[i] for i in range(e.ndim)])


# ---- the walk

cdef int heap_push(BackwardCall* call, Node node) except -1:
    cdef PyObject** grown
    cdef Py_ssize_t i, parent
    cdef uint64_t s = node.sequence
    if call.size == call.capacity:
        grown = <PyObject**>realloc(call.heap, (2 * call.capacity + 64) * sizeof(PyObject*))
        if grown == NULL:
            raise MemoryError()
        call.heap = grown
        call.capacity = 2 * call.capacity + 64
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
    node.call = call
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


cdef inline bint solely_owned(TensorBase g) noexcept:
    return Py_REFCNT(<PyObject*>g) == 1 and g.storage.references == 1


cdef int accumulate(PyObject** slot, TensorBase g, bint create_graph) except -1:
    # slot += g, in place where nobody else can see the buffer.
    cdef TensorBase have, total
    if slot[0] == NULL:
        Py_INCREF(g)
        slot[0] = <PyObject*>g
        return 0
    have = <TensorBase>slot[0]
    # one reference is the slot's, one is `have`
    if (not create_graph and Py_REFCNT(<PyObject*>have) == 2 and have.storage.references == 1
            and have.dtype == g.dtype and have.contiguous and not have.requires_grad):
        tape_ops.add_(have, g)
        return 0
    total = tape_ops.add(have, g)
    Py_INCREF(total)
    Py_DECREF(have)
    slot[0] = <PyObject*>total
    return 0


cdef int leaf_accumulate(TensorBase leaf, TensorBase g, bint owned, BackwardCall* call) except -1:
    # Adds to .grad of a leaf, or to what autograd.grad collects.
    cdef TensorBase have
    if call.captures != NULL:
        key = <uintptr_t><void*>leaf
        if key in <dict>call.captures:
            return capture(call, key, g)
        return 0
    if leaf.grad == NULL:
        if not (call.create_graph or (owned and g.contiguous and g.storage.references == 1)):
            g = tape_ops.clone(g)
        elif not call.create_graph and g.requires_grad:
            g = tensor_alias(g)
        Py_INCREF(g)
        leaf.grad = <PyObject*>g
        return 0
    have = <TensorBase>leaf.grad
    if call.create_graph:
        g = tape_ops.add(have, g)
        Py_INCREF(g)
        leaf.grad = <PyObject*>g
        Py_DECREF(have)
        return 0
    tape_ops.add_(have, g)
    return 0


cdef int capture(BackwardCall* call, object key, TensorBase g) except -1:
    cdef dict captures = <dict>call.captures
    have = captures[key]
    if have is not None:
        g = tape_ops.add(<TensorBase>have, g)
    captures[key] = g
    return 0


cdef int node_give(Node node, int k, TensorBase g) except -1:
    """Pass the gradient of input k on: to its node's buffer, or to the leaf."""
    cdef Edge* e = &node.edges[k]
    cdef BackwardCall* call = node.call
    cdef Node target
    cdef TensorBase leaf, fitted
    cdef bint owned
    if e.target == NULL or g is None:
        return 0
    owned = Py_REFCNT(<PyObject*>g) <= 1 and not is_incoming(node, g)
    if e.shape != NULL or g.dtype != e.dtype:
        fitted = tape_ops.fit(g, e.dtype, e.ndim if e.shape != NULL else -1, e.shape)
        owned = owned or fitted is not g
    else:
        fitted = g
    if node.hooks != NULL:
        (<dict>node.hooks).setdefault("given", {})[k] = fitted
    if e.leaf:
        leaf = <TensorBase>e.target
        if leaf.hooks != NULL:
            return hooked_leaf(call, leaf, fitted)
        return leaf_accumulate(leaf, fitted, owned, call)
    target = <Node>e.target
    if call.wanted != NULL and <uintptr_t><void*>target not in <set>call.wanted:
        return 0
    if target.call != call:
        if target.call != NULL:
            raise RuntimeError(f"{display_name(target.title)} is part of another backward call that has not ended")
        heap_push(call, target)
    return accumulate(&target.grads[e.output_nr], fitted, call.create_graph)


cdef bint is_incoming(Node node, TensorBase g) noexcept:
    cdef int i
    for i in range(node.n_outputs):
        if node.grads[i] == <PyObject*>g:
            return True
    return False


cdef int hooked_leaf(BackwardCall* call, TensorBase leaf, TensorBase g) except -1:
    # Hooks see the whole gradient, so it is collected until the walk ends.
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


cdef TensorBase run_tensor_hooks(dict hooks, TensorBase g):
    for hook in list(hooks.values()):
        r = hook(g)
        if r is None:
            continue
        if not isinstance(r, TensorBase):
            raise TypeError(f"expected Tensor from a gradient hook, but hook returned '{type(r).__name__}'")
        if not same_shape(<TensorBase>r, g):
            raise RuntimeError(f"hook has changed the size of value: {shape_tuple(g)} to {shape_tuple(<TensorBase>r)}")
        g = <TensorBase>r
    return g


cdef int run_pre_hooks(Node node) except -1:
    # Tensor hooks per output, then the node's own pre-hooks.
    cdef dict hooks = <dict>node.hooks
    cdef int i
    cdef TensorBase g, r
    for i in range(node.n_outputs):
        own = hooks.get(i)
        if own and node.grads[i] != NULL:
            g = <TensorBase>node.grads[i]
            r = run_tensor_hooks(own, g)
            if r is not g:
                Py_INCREF(r)
                node.grads[i] = <PyObject*>r
                Py_DECREF(g)
    for hook in list(hooks.get("pre", {}).values()):
        given = tuple([None if node.grads[i] == NULL else <object>node.grads[i] for i in range(node.n_outputs)])
        out = hook(given)
        if out is None:
            continue
        for i, r in enumerate(out):
            if r is not None:
                Py_INCREF(r)
                Py_XDECREF(node.grads[i])
                node.grads[i] = <PyObject*>r
    return 0


cdef int run_post_hooks(Node node, object grad_outputs) except -1:
    # What was passed on is already in the buffers of the targets, so a hook may look but not replace.
    cdef dict hooks = <dict>node.hooks
    cdef dict given = hooks.pop("given", {})
    cdef int k
    grad_inputs = tuple([given.get(k) for k in range(node.n_edges)])
    for hook in list(hooks.get("post", {}).values()):
        if hook(grad_inputs, grad_outputs) is not None:
            raise NotImplementedError(f"{display_name(node.title)}: a node hook cannot replace gradients; use a tensor "
                                      "hook or a pre-hook")
    return 0


cdef int run_node(BackwardCall* call, Node node) except -1:
    cdef int i
    cdef object incoming = None
    if node.hooks != NULL:
        run_pre_hooks(node)
        incoming = tuple([None if node.grads[i] == NULL else <object>node.grads[i] for i in range(node.n_outputs)])
    if call.captures != NULL:
        for i in range(node.n_outputs):
            key = (<uintptr_t><void*>node, i)
            if node.grads[i] != NULL and key in <dict>call.captures:
                capture(call, key, <TensorBase>node.grads[i])
    node.backward(node, node.grads)
    if node.hooks != NULL:
        run_post_hooks(node, incoming)
    return 0


cdef void node_finish(BackwardCall* call, Node node, bint keep) noexcept:
    # Drops what the walk put into the node, and what it saved unless the graph is kept.
    cdef int i
    for i in range(node.n_outputs):
        release_later(node.grads[i])
        node.grads[i] = NULL
    node.call = NULL
    if not keep:
        for i in range(node.n_saved):
            release_later(node.saved[i].tensor)
            node.saved[i].tensor = NULL
    release_pending()


cdef set nodes_leading_to(list roots, list inputs):
    # Addresses of the nodes on a path from the roots to the wanted inputs.
    cdef dict consumers = {}
    cdef set seen = set()
    cdef set wanted = set()
    cdef list stack = []
    cdef Node node
    cdef int i
    cdef set leaves = {<uintptr_t><void*>x for x in inputs if (<TensorBase>x).grad_fn == NULL}
    cdef set ends = {<uintptr_t>(<TensorBase>x).grad_fn for x in inputs if (<TensorBase>x).grad_fn != NULL}
    for root in roots:
        maker = grad_fn_of(<TensorBase>root)
        if maker is not None:
            stack.append(maker)
    while stack:
        node = <Node>stack.pop()
        address = <uintptr_t><void*>node
        if address in seen:
            continue
        seen.add(address)
        if address in ends:
            wanted.add(address)
        for i in range(node.n_edges):
            if node.edges[i].target == NULL:
                continue
            if node.edges[i].leaf:
                if <uintptr_t>node.edges[i].target in leaves:
                    wanted.add(address)
                continue
            consumers.setdefault(<uintptr_t>node.edges[i].target, []).append(address)
            stack.append(<object>node.edges[i].target)
    frontier = list(wanted)
    while frontier:
        for address in consumers.get(frontier.pop(), ()):
            if address not in wanted:
                wanted.add(address)
                frontier.append(address)
    return wanted


cdef int finish_hooked_leaves(BackwardCall* call) except -1:
    cdef TensorBase leaf, g
    if call.hooked == NULL:
        return 0
    for leaf, g in list((<dict>call.hooked).values()):
        g = run_tensor_hooks((<dict>leaf.hooks).get("grad", {}), g)
        leaf_accumulate(leaf, g, False, call)
        if call.captures == NULL:
            for hook in list((<dict>leaf.hooks).get("accumulated", {}).values()):
                hook(leaf)
    return 0


cdef int seed_roots(BackwardCall* call, list roots, list grads) except -1:
    cdef TensorBase root, g
    cdef Node maker
    cdef Py_ssize_t i
    for i in range(len(roots)):
        root, g = <TensorBase>roots[i], <TensorBase>grads[i]
        maker = grad_fn_of(root)
        if maker is None:
            if root.hooks != NULL:
                hooked_leaf(call, root, g)
            else:
                leaf_accumulate(root, g, False, call)
            continue
        if call.wanted != NULL and <uintptr_t><void*>maker not in <set>call.wanted:
            continue
        if maker.call == NULL:
            heap_push(call, maker)
        elif maker.call != call:
            raise RuntimeError(f"{display_name(maker.title)} is part of another backward call that has not ended")
        accumulate(&maker.grads[root.output_nr], g, call.create_graph)
    return 0


cdef list run_backward(list roots, list grads, bint keep_graph, bint create_graph, list inputs):
    """Walk from the roots and add to .grad of all leaves; or, given `inputs`, return their gradients (or None)."""
    cdef BackwardCall call
    cdef bint mode, done
    cdef PyObject* top
    cdef Node node
    cdef dict captures
    cdef set wanted
    cdef list keys = None
    call.heap = NULL
    call.size = call.capacity = 0
    call.create_graph = create_graph
    call.keep_graph = keep_graph
    call.hooked = call.captures = call.wanted = NULL
    if inputs is not None:
        captures, keys = {}, []
        for x in inputs:
            maker = grad_fn_of(<TensorBase>x)
            if maker is None:
                key = <uintptr_t><void*>x
            else:
                key = (<uintptr_t><void*>maker, (<TensorBase>x).output_nr)
            keys.append(key)
            captures[key] = None
        wanted = nodes_leading_to(roots, inputs)
        call.captures = <PyObject*>captures
        call.wanted = <PyObject*>wanted
    mode = set_recording(create_graph)
    try:
        seed_roots(&call, roots, grads)
        while call.size > 0:
            top = heap_pop(&call)
            node = <Node>top
            Py_DECREF(node)
            done = False
            try:
                run_node(&call, node)
                done = True
            finally:                     # a node that failed keeps what it saved: the user may try again
                node_finish(&call, node, keep_graph or not done)
        finish_hooked_leaves(&call)
    finally:
        node = None
        set_recording(mode)
        while call.size > 0:         # only after an error: leave no gradient behind in the graph
            top = heap_pop(&call)
            node_finish(&call, <Node>top, True)
            Py_DECREF(<object>top)
        free(call.heap)
        Py_XDECREF(call.hooked)
    return None if keys is None else [captures[key] for key in keys]

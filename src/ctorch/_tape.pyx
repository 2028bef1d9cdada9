"""The tape: nodes that remember how a tensor was made, and the walk that runs them backward.

Nodes carry a sequence number in order of recording. An input's node is always older than its consumer's, so taking
the newest node first from a heap visits every node after all that feed gradients into it: no counting pass is needed.
"""
cimport cython
from cpython.exc cimport PyErr_CheckSignals
from cpython.object cimport PyObject, PyTypeObject, inquiry, traverseproc, visitproc
from cpython.ref cimport Py_DECREF, Py_INCREF, Py_XDECREF, Py_XINCREF
from cpython.sequence cimport PySequence_Fast_ITEMS
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memset

from ctorch._batched cimport Levels, levels_of, memory_of, real_tensor
from ctorch._dtype cimport CATEGORY_FLOAT, category_of, dtype_object, dtype_title
from ctorch._storage cimport Storage, storage_era
from ctorch._tensor cimport (DEVICE_BATCHED, VIEW_DEFAULT, VIEW_NO_GRAD, TensorBase, in_inference, is_dual,
                             may_close_cycle, same_shape, set_inference, shape_tuple, sizes_tuple, tensor_alias,
                             wants_grad)

cdef extern from "collector.h":
    bint ct_is_tracked(PyObject* o) noexcept
    bint ct_track(PyObject* o) noexcept
    void ct_make_collectable(PyTypeObject* t, traverseproc traverse, inquiry clear) noexcept

cdef extern from "frames.h":
    PyObject* ct_own_folder
    PyObject* ct_here(int* place) noexcept
    int ct_line(PyObject* code, int place) noexcept
    PyObject* ct_take_error() noexcept
    void ct_set_error(PyObject* error) noexcept

cdef extern from *:
    """
    #include <sched.h>
    #define CT_THREAD static __thread __attribute__((tls_model("initial-exec")))     /* no call to find them */
    CT_THREAD int ct_recording = 1;
    CT_THREAD void *ct_call = NULL;           /* the backward call that runs in this thread */
    CT_THREAD long ct_task = -1;
    CT_THREAD int ct_selective = 0;           /* how many of them give gradients to some inputs alone */
    CT_THREAD PyObject *ct_pack = NULL;       /* (pack, unpack) of saved_tensors_hooks, or NULL */
    """
    bint ct_recording
    void* ct_call
    long ct_task
    int ct_selective
    PyObject* ct_pack
    int sched_yield() noexcept nogil
    Py_ssize_t Py_REFCNT(PyObject* o) noexcept

from ctorch._tensor import _at_first_cycle, _cycles

import os

cdef uint64_t counter = 0


def _set_own_folder(str folder not None):
    """Lines in files of this folder are not the user's."""
    global ct_own_folder
    Py_INCREF(folder)
    ct_own_folder = <PyObject*>folder


_set_own_folder(os.path.dirname(__file__) + os.sep)


cdef bint recording() noexcept:
    return ct_recording


cdef bint set_recording(bint on) noexcept:
    # Returns the mode before.
    global ct_recording
    cdef bint before = ct_recording
    ct_recording = on
    return before


def is_grad_enabled():
    """True where operations are recorded for backward."""
    return ct_recording != 0


def _set_grad_enabled(bint mode):
    global ct_recording
    ct_recording = mode


def is_inference_mode_enabled():
    """True inside of ``inference_mode``."""
    return in_inference()


def _set_inference_mode(bint mode):
    set_inference(mode)


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
            edge_forget(self, &self.edges[i])
            Py_XDECREF(self.edges[i].levels)
        for i in range(self.n_saved):
            release_later(self.saved[i].tensor)
        for i in range(self.n_outputs):
            release_later(self.grads[i])
        release_later(self.args)
        release_later(self.hooks)
        release_later(self.tangents)
        Py_XDECREF(self.code)
        if self.edges != &self.inline_edges[0]:
            free(self.edges)
        if self.saved != &self.inline_saved[0]:
            free(self.saved)
        if self.grads != &self.inline_grads[0]:
            free(self.grads)
        release_pending()

    def __call__(self, *grad_outputs):
        """The gradients of the inputs, from those of the outputs; hooks are not called."""
        return call_node(self, grad_outputs)

    def __getattr__(self, name):
        return saved_attribute(self, name)

    def name(self):
        """Name of the operation's derivative, such as ``MulBackward0``."""
        name = node_name(self)
        return "torch::autograd::CopySlices" if name == "CopySlices" else name

    @property
    def next_functions(self):
        """Pairs of node and output number, one per input; (None, 0) where no gradient flows."""
        cdef int i
        out = []
        for i in range(self.n_edges):
            if self.edges[i].target == NULL:
                out.append((None, 0))
            elif self.edges[i].leaf:
                out.append((accumulator_of(<TensorBase>self.edges[i].target), 0))
            else:
                note_input(self, &self.edges[i])
                out.append((<object>self.edges[i].target, self.edges[i].output_nr))
        return tuple(out)

    @property
    def _input_metadata(self):
        """What gradients this node takes; None for an output whose ``grad_fn`` nobody has asked for."""
        notes = {} if self.hooks == NULL else (<dict>self.hooks).get("outputs", {})
        return [notes.get(i) for i in range(self.n_outputs)]

    @property
    def metadata(self):
        """A dictionary for notes about this node."""
        return node_hooks(self).setdefault("metadata", {})

    @property
    def requires_grad(self):
        """True: only what needs a gradient is recorded."""
        return True

    def _sequence_nr(self):
        return self.sequence

    def register_hook(self, fn):
        """Call ``fn(grad_inputs, grad_outputs)`` after this node has run; what it returns replaces `grad_inputs`.

        Returns
        -------
        RemovableHandle
            Takes the hook away by ``remove()``.
        """
        return add_hook(node_hooks(self), "post", fn)

    def register_prehook(self, fn):
        """Call ``fn(grad_outputs)`` before this node runs; what it returns replaces `grad_outputs`.

        Returns
        -------
        RemovableHandle
            Takes the hook away by ``remove()``.
        """
        return add_hook(node_hooks(self), "pre", fn)

    def __repr__(self):
        return f"<{node_name(self)} object at {hex(<uintptr_t><void*>self)}>"


include "_tape_cycles.pxi"


cdef str node_name(Node node):
    # PyTorch's style: max_pool2d -> MaxPool2DBackward0; nodes of Functions have the name of their class
    if node.title == NULL:
        return type(node).__name__
    cdef str text = node.title.decode()
    parts = [p[:1].upper() + p[1:] for p in text.split("_") if p]
    return "".join(parts) + ("" if text == "copy_slices" else "Backward0")


cdef str inplace_name(const char* op):
    cdef str name = op.decode()
    return name if name.endswith("_") else name + "_"


include "_tape_hooks.pxi"
include "_tape_anomaly.pxi"


# ---- recording

cdef Node node_new(BackwardFn fn, const char* name, int edges, int saved):
    cdef Node node = Node.__new__(Node)
    node_set_up(node, fn, name, edges, saved)
    return node


cdef int node_set_up(Node node, BackwardFn fn, const char* name, int edges, int saved) except -1:
    global counter
    if edges > INLINE_EDGES:
        node.edges = <Edge*>calloc(edges, sizeof(Edge))
        if node.edges == NULL:
            node.edges = &node.inline_edges[0]
            raise MemoryError()
    node.n_edges = edges
    if saved:
        node_slots(node, saved)
    counter += 2                     # between them is room for nodes of views that are made anew
    node.sequence = counter
    node.backward = fn
    node.title = name
    node.code = ct_here(&node.place)
    if anomaly:
        keep_traceback(node)
    return 0


cdef int node_slots(Node node, int saved) except -1:
    # Room for saved tensors, where none are saved yet.
    if saved > INLINE_SAVED:
        node.saved = <Saved*>calloc(saved, sizeof(Saved))
        if node.saved == NULL:
            node.saved = &node.inline_saved[0]
            raise MemoryError()
    node.n_saved = saved
    return 0


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
    if ct_visible != 0 and not attach_forward(node, output, output_nr):
        return 0
    return node_link(node, output, output_nr)


cdef int node_link(Node node, TensorBase output, int output_nr) except -1:
    if output.extra != NULL:
        move_retained(output, node, output_nr)
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


cdef inline bint is_lost(TensorBase x):
    # Whether x is a view that wants a gradient only as its base does, without a history of that: nothing takes it.
    return (x.base != NULL and x.view_origin == VIEW_NO_GRAD and x.grad_fn == NULL
            and x.view_version == x.storage.version and not x.own_grad)


cdef int node_edge(Node node, int k, TensorBase x, TensorBase output) except -1:
    # Where the gradient of input k goes. `output` gives the shape that the gradient has unless noted.
    cdef Edge* e = &node.edges[k]
    cdef Node maker = None
    cdef bint wants = wants_grad(x) and not (ct_visible == 0 and is_lost(x))
    if ct_visible != 0:
        wants = wants and ct_recording       # else it is there for its tangents
        if is_dual(x) and dual_seen(x):
            add_tangents(node, k, tangents_of(x))
            e.forward = not wants
    if not (wants or e.forward):
        return 0
    if wants:
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
    if x.device == DEVICE_BATCHED:
        edge_levels(e, x)
    if output is None or not same_shape(x, output):
        edge_shape(node, e, x.ndim, x.shape)
    return 0


cdef int edge_shape(Node node, Edge* e, int ndim, const int64_t* shape) except -1:
    cdef int i
    if ndim <= <int>(sizeof(node.inline_shape) // sizeof(int64_t)) and not node.shaped:
        node.shaped = True
        e.shape = &node.inline_shape[0]
    else:
        e.shape = <int64_t*>malloc(ndim * sizeof(int64_t) + 1)
        if e.shape == NULL:
            raise MemoryError()
    for i in range(ndim):
        e.shape[i] = shape[i]
    return 0


cdef void edge_forget(Node node, Edge* e) noexcept:
    # The shape that it notes.
    if e.shape != &node.inline_shape[0]:
        free(e.shape)
    e.shape = NULL


cdef int edge_levels(Edge* e, TensorBase x) except -1:
    # The gradient of an input that is one example of several is so too.
    cdef Levels levels
    if x.device == DEVICE_BATCHED:
        levels = levels_of(x)
        Py_INCREF(levels)
        e.levels = <PyObject*>levels
    return 0


cdef inline uint32_t memory_version(TensorBase x) noexcept:
    # How often the values were changed; those of many examples may be changed as a tensor that is not batched, too.
    return x.storage.version + (memory_of(x).version if x.device == DEVICE_BATCHED else 0)


cdef int node_save(Node node, int k, TensorBase x, bint output) except -1:
    # Keeps a tensor for backward. Outputs are kept as a plain alias, since x -> node -> x would never be freed.
    cdef Saved* s = &node.saved[k]
    cdef TensorBase kept = x
    if output:
        kept = tensor_alias(x)
        s.output_nr = k                  # outputs are saved first, in order
    elif x.inference and not in_inference():
        raise RuntimeError("Inference tensors cannot be saved for backward. To work around you can make a clone to "
                           "get a normal tensor and use it in autograd.")
    s.version = memory_version(x)
    s.output = output
    if ct_pack != NULL and (node.tangents == NULL or has_real_edge(node)):
        return save_packed(node, s, kept, x)
    Py_INCREF(kept)
    s.tensor = <PyObject*>kept
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
    if s.packed:
        return unpacked(node, s)
    x = <TensorBase>s.tensor
    if memory_version(x) != s.version:
        who = "an unnamed operation" if x.storage.changed_by == NULL else x.storage.changed_by.decode()
        raise RuntimeError("one of the variables needed for gradient computation has been modified by an inplace "
                           f"operation: [torch.{dtype_title(x.dtype)}Tensor {list(shape_tuple(x))}], which "
                           f"{node_name(node)} saved, is at version {memory_version(x)}; expected version "
                           f"{s.version} instead. The last inplace operation on it was {who}.")
    if s.output and ct_recording and (node.n_edges == 0 or has_real_edge(node)):
        y = tensor_alias(x)
        if x.tangents != NULL:
            share_tangents(y, x)
        node_link(node, y, s.output_nr)
        return y
    if ct_depth != 0 and ct_recording and node.n_edges and wants_grad(x) and not has_real_edge(node):
        y = tensor_alias(x)              # recorded for its tangents alone: x is a constant of the graph
        share_tangents(y, x)
        return y
    return x


cdef object node_edge_shape(Node node, int k, TensorBase g):
    # Shape of input k; where it was the output's, the gradient has it.
    cdef Edge* e = &node.edges[k]
    if e.shape == NULL:
        return shape_tuple(g)
    return sizes_tuple(e.ndim, e.shape)


cdef TensorBase node_flat(Node node, int k, TensorBase g):
    # The gradient of input k that depends on it by steps alone: where a graph is made, with a derivative of zero.
    cdef Edge* e = &node.edges[k]
    cdef Edge* to
    cdef Node flat
    cdef TensorBase y
    if not ct_recording or e.forward or (<BackwardCall*>ct_call).collected != NULL:
        return g
    flat = node_new(flat_backward, b"flat", 2, 0)
    node_edge(flat, 0, g, g)
    to = &flat.edges[1]
    to[0] = e[0]
    to.shape = NULL
    Py_INCREF(<object>e.target)
    Py_XINCREF(e.levels)
    if e.shape != NULL:
        edge_shape(flat, to, e.ndim, e.shape)
    y = tensor_alias(g)
    node_attach(flat, y, 0)
    return y


cdef int flat_backward(Node node, PyObject** grads) except -1:
    if node_needs(node, 0):
        node_give(node, 0, <TensorBase>grads[0])
    if node_needs(node, 1):
        node_give(node, 1, tape_ops.full_like(<TensorBase>grads[0], 0))
    return 0


cdef TensorBase flat_tangent(Node node, TensorBase y, PyObject** tangents):
    return <TensorBase>tangents[0]


include "_tape_forward.pxi"
include "_tape_saved.pxi"
include "_tape_plan.pxi"
include "_tape_walk.pxi"
include "_tape_levels.pxi"

forward_rule(flat_backward, flat_tangent)

# The tape: nodes that remember how a tensor was made, and the walk that runs them backward.
from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from ctorch._tensor cimport TensorBase, is_dual, wants_grad

cdef enum:
    INLINE_EDGES = 3
    INLINE_SAVED = 4
    VIEW_OF_FUNCTION = 3             # view_origin: an output of a Function, whose derivative in-place would lose

ctypedef int (*BackwardFn)(Node node, PyObject** grads) except -1

cdef struct Edge:
    PyObject* target                 # owned Node, or leaf Tensor; NULL where no gradient is wanted
    int64_t* shape                   # sizes of the input where they differ from the output's, else NULL
    PyObject* levels                 # owned Levels of a batched input, else NULL
    int output_nr                    # which output of the target the gradient belongs to
    int ndim
    uint8_t dtype
    uint8_t hidden                   # its gradient is not asked for by the call that runs now
    uint8_t forward                  # there for forward mode alone, until the outputs have their tangents
    bint leaf

cdef struct Saved:
    PyObject* tensor                 # owned; a tuple with what a pack hook made of it, where `packed`
    uint32_t version                 # of its storage when it was saved
    uint16_t output_nr               # which output it is
    uint8_t output                   # an output of this node, kept outside of the graph to avoid a cycle
    uint8_t packed

# A table of addresses with flags and a count each; see _tape_plan.pxi.
cdef struct Plan:
    PyObject** keys
    uint32_t* values
    size_t mask
    size_t used

cdef struct BackwardCall:
    PyObject** heap                  # owned Nodes, newest first: in `room` while they are few
    PyObject* room[16]
    Py_ssize_t size
    Py_ssize_t capacity
    bint create_graph
    bint keep_graph
    bint selective                   # only what leads to wanted inputs is run
    Plan* plan                       # which nodes run and how many edges lead to leaves with hooks; NULL: all, none
    PyObject* captures               # dict of gradients that autograd.grad collects instead of .grad; else NULL
    PyObject* hooked                 # dict of leaves with hooks -> total gradient; NULL until needed
    PyObject* foreign                # dict of nodes that wait in other calls too -> gradients in this; or NULL
    PyObject* collected              # list that takes the gradients which the running node gives; or NULL
    PyObject* unpacked               # dict of saved tensors that the running node has got from unpack hooks; or NULL
    PyObject* running                # the Node that runs
    PyObject** incoming              # gradients that it was given, one per output
    int n_incoming

cdef class Node:
    cdef uint64_t sequence
    cdef BackwardFn backward
    cdef const char* title
    cdef void* op                    # the row's C struct, for generic backward functions
    cdef int n_edges
    cdef int n_saved
    cdef int n_outputs
    cdef int shared                  # in how many backward calls besides `call` this node waits or runs
    cdef BackwardCall* call          # the backward call that this node waits or runs in
    cdef Edge* edges
    cdef Saved* saved
    cdef PyObject** grads            # owned incoming gradients, one per output
    cdef PyObject* args              # owned tuple of what else the derivative needs, or NULL
    cdef PyObject* hooks             # owned dict of kinds of hooks ("pre", "post", an output's number), or NULL
    cdef PyObject* tangents          # owned dict of depth -> [(input, tangent)], until the outputs have theirs; or NULL
    cdef PyObject* code              # owned code object of the user's line that recorded it, or NULL
    cdef int place                   # which byte of it
    cdef bint shaped                 # whether an edge notes its shape in inline_shape
    cdef Edge inline_edges[3]
    cdef int64_t inline_shape[4]     # of the first edge that notes one, if it fits
    cdef Saved inline_saved[4]
    cdef PyObject* inline_grads[1]

# A level of forward mode, and what a tensor has in one; see _tape_forward.pxi.
cdef class DualLevel:
    cdef int depth
    cdef PyObject* first             # a Tangent of this level, whose neighbours lead to all others

cdef class Tangent:
    cdef PyObject* owner             # the tensor, which owns this
    cdef PyObject* next              # owned Tangent of the same tensor in the next level above, or NULL
    cdef PyObject* before
    cdef PyObject* after
    cdef DualLevel level
    cdef TensorBase value

# What the tape needs from the layers above it; they register it when they are imported.
cdef struct TapeOps:
    TensorBase (*add)(TensorBase a, TensorBase b)
    int (*add_)(TensorBase a, TensorBase b) except -1
    TensorBase (*fit)(TensorBase g, int dtype, int ndim, const int64_t* shape)
    TensorBase (*clone)(TensorBase x)
    Node (*regenerate)(TensorBase view)
    int (*rebase)(TensorBase view, Node node) except -1
    TensorBase (*settle)(TensorBase g, PyObject* levels)
    int (*before_change)(TensorBase x, const char* op) except -1     # NULL unless somebody asks about changes in place
    TensorBase (*full_like)(TensorBase x, int value)
    TensorBase (*spread)(TensorBase t, TensorBase y)     # a tangent in the shape and the dtype of an output

cdef TapeOps tape_ops

cdef bint recording() noexcept
cdef bint set_recording(bint on) noexcept

cdef Node node_new(BackwardFn fn, const char* name, int edges, int saved)
cdef int node_set_up(Node node, BackwardFn fn, const char* name, int edges, int saved) except -1
cdef int node_slots(Node node, int saved) except -1
cdef int node_outputs(Node node, int n) except -1
cdef int node_attach(Node node, TensorBase output, int output_nr) except -1
cdef int node_edge(Node node, int k, TensorBase x, TensorBase output) except -1
cdef int node_save(Node node, int k, TensorBase x, bint output) except -1
cdef int edge_levels(Edge* e, TensorBase x) except -1
cdef TensorBase node_saved(Node node, int k)
cdef int node_give(Node node, int k, TensorBase g) except -1
cdef TensorBase node_flat(Node node, int k, TensorBase g)
cdef object node_edge_shape(Node node, int k, TensorBase g)
cdef Node grad_fn_of(TensorBase x)

cdef bint duals_visible() noexcept
cdef bint dual_seen(TensorBase x) noexcept
cdef bint differentiable() noexcept
cdef uint64_t set_visible(uint64_t levels) noexcept
cdef uint64_t all_levels() noexcept
cdef uint64_t levels_below(uint64_t levels, int depth) noexcept
cdef int node_settle(Node node) except -1
cdef dict output_tangents(Node node, TensorBase y, int output_nr)
cdef int add_tangents(Node node, int k, dict found) except -1
cdef dict tangents_of(TensorBase x)
cdef int set_tangent(TensorBase x, int depth, object t) except -1
cdef int drop_tangents(TensorBase x) except -1
cdef int share_tangents(TensorBase to, TensorBase frm) except -1
cdef bint has_real_edge(Node node) noexcept

# The derivative of output `y` in forward mode, from the tangents of the inputs (NULL where there is none); None where
# it is to be found by way of the node's backward function.
ctypedef TensorBase (*ForwardFn)(Node node, TensorBase y, PyObject** tangents)

cdef int forward_rule(BackwardFn backward, ForwardFn forward) except -1

cdef inline bint recorded(TensorBase x) noexcept:
    # Operations on x make nodes here and now: for backward, or for tangents of what they make.
    return (wants_grad(x) and recording()) or (is_dual(x) and dual_seen(x))

cdef inline bint node_needs(Node node, int k) noexcept:
    return node.edges[k].target != NULL and not node.edges[k].hidden

cdef str node_name(Node node)
cdef str inplace_name(const char* op)
cdef list run_backward(PyObject** roots, PyObject** grads, Py_ssize_t n, bint keep_graph, bint create_graph,
                       list inputs, bint into_grad=*)

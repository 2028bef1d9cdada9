# The tape: nodes that remember how a tensor was made, and the walk that runs them backward.
from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ctorch._tensor cimport TensorBase

cdef enum:
    INLINE_EDGES = 3
    INLINE_SAVED = 4

ctypedef int (*BackwardFn)(Node node, PyObject** grads) except -1

cdef struct Edge:
    PyObject* target                 # owned Node, or leaf Tensor; NULL where no gradient is wanted
    int64_t* shape                   # sizes of the input where they differ from the output's, else NULL
    int output_nr                    # which output of the target the gradient belongs to
    int ndim
    uint8_t dtype
    bint leaf

cdef struct Saved:
    PyObject* tensor                 # owned
    uint32_t version                 # of its storage when it was saved
    bint output                      # an output of this node, kept outside of the graph to avoid a cycle

cdef struct BackwardCall:
    PyObject** heap                  # owned Nodes, newest first
    Py_ssize_t size
    Py_ssize_t capacity
    bint create_graph
    bint keep_graph
    PyObject* captures               # dict of gradients that autograd.grad collects instead of .grad; else NULL
    PyObject* hooked                 # dict of leaves with hooks -> total gradient; NULL until needed
    PyObject* wanted                 # set of ids of nodes that lead to wanted inputs; NULL for all

cdef class Node:
    cdef uint64_t sequence
    cdef BackwardFn backward
    cdef const char* title
    cdef void* op                    # the row's C struct, for generic backward functions
    cdef int n_edges
    cdef int n_saved
    cdef int n_outputs
    cdef bint released
    cdef BackwardCall* call          # the backward call that this node waits in
    cdef Edge* edges
    cdef Saved* saved
    cdef PyObject** grads            # owned incoming gradients, one per output
    cdef PyObject* args              # owned tuple of what else the derivative needs, or NULL
    cdef PyObject* hooks             # owned dict: ("pre"|"post"|output_nr, ...) -> hook, or NULL
    cdef Edge inline_edges[3]
    cdef Saved inline_saved[4]
    cdef PyObject* inline_grads[1]

# What the tape needs from the layers above it; they register it when they are imported.
cdef struct TapeOps:
    TensorBase (*add)(TensorBase a, TensorBase b)
    int (*add_)(TensorBase a, TensorBase b) except -1
    TensorBase (*fit)(TensorBase g, int dtype, int ndim, const int64_t* shape)
    TensorBase (*clone)(TensorBase x)
    Node (*regenerate)(TensorBase view)
    int (*rebase)(TensorBase view, Node node) except -1

cdef TapeOps tape_ops

cdef bint recording() noexcept
cdef bint set_recording(bint on) noexcept
cdef bint in_inference() noexcept

cdef Node node_new(BackwardFn fn, const char* name, int edges, int saved)
cdef int node_outputs(Node node, int n) except -1
cdef int node_attach(Node node, TensorBase output, int output_nr) except -1
cdef int node_edge(Node node, int k, TensorBase x, TensorBase output) except -1
cdef int node_save(Node node, int k, TensorBase x, bint output) except -1
cdef TensorBase node_saved(Node node, int k)
cdef int node_give(Node node, int k, TensorBase g) except -1
cdef object node_edge_shape(Node node, int k, TensorBase g)
cdef Node grad_fn_of(TensorBase x)

cdef inline bint node_needs(Node node, int k) noexcept:
    return node.edges[k].target != NULL

cdef list run_backward(list roots, list grads, bint keep_graph, bint create_graph, list inputs)

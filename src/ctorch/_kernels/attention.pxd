from libc.stdint cimport int64_t

# softmax(scale * q k^T) v for every head, all contiguous; `share` heads of q read one head of k and v.
cdef struct Attention:
    int64_t heads, share
    int64_t queries, keys, depth, width     # depth of q and k, width of v
    bint causal                             # query i sees keys 0 to i
    double scale
    const void* q                           # (heads, queries, depth)
    const void* k                           # (heads / share, keys, depth)
    const void* v                           # (heads / share, keys, width)
    void* y                                 # (heads, queries, width)
    void* lse                               # (heads, queries): logarithm of the sum of exponentials
    const void* g                           # backward: like y
    void* gq                                # and what it writes
    void* gk
    void* gv
    int code                                # -1: out of memory

# Index 0 is float32, 1 is float64. depth, width and keys > 0.
cdef struct AttentionKernels:
    void (*forward[2])(Attention* a) noexcept nogil
    void (*backward[2])(Attention* a) noexcept nogil

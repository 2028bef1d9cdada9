from libc.stdint cimport int64_t

# Rows of a (vocabulary, width) table by number; indices and rows are contiguous. Any size may be 0.
cdef struct EmbeddingKernels:
    # to[i] = table[indices[i]], for rows of row_bytes bytes of any dtype. 0 ok, 1 an index is outside the table
    # (IndexError "index out of range in self"): *bad is the first one, and `to` is not to be used.
    int (*gather)(const void* table, int64_t vocabulary, int64_t row_bytes, const int64_t* indices, int64_t count,
                  void* to, int64_t* bad) noexcept nogil
    # gw (vocabulary, width), written whole: gw[indices[i]] += gy[i], in the order of i. Rows of padding_idx (-1:
    # none) get nothing. by_frequency divides each row's sum by how often its index comes. The indices are those
    # that gather has checked. [float32, float64]. 0 ok, -1 out of memory.
    int (*backward[2])(const void* gy, const int64_t* indices, int64_t count, int64_t vocabulary, int64_t width,
                       int64_t padding_idx, bint by_frequency, void* gw) noexcept nogil

from libc.stdint cimport int64_t

cdef enum:
    BAGS_SUM
    BAGS_MEAN
    BAGS_MAX

cdef enum:
    ROWS_DENSE                # of float32 or float64, as the kernel is
    ROWS_FLOAT16
    ROWS_BFLOAT16

# Bags of rows of a (vocabulary, width) table. Bag i begins at offsets[i] and ends where the next one begins or at
# `count`; without offsets all have `size` indices. Rows of padding_idx (-1: none) count for nothing.
cdef struct Bags:
    const int64_t* indices
    const int64_t* offsets
    int64_t count, given, size           # indices, offsets
    int64_t bags, width, vocabulary, padding_idx
    int mode
    int rows                             # what the table's elements are
    const char* table
    const void* weights                  # a factor for each index, or NULL
    void* y                              # (bags, width): the sums, or their gradient where that is read
    int64_t* places                      # (bags, width): the numbers of the largest, -1 in empty bags
    void* gw                             # (vocabulary, width): gradient of the table
    void* factors                        # (count,): gradient of the weights
    int64_t group                        # of bags or columns to a chunk
    bint failed                          # an index is outside the table

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
    # Bags of rows, see Bags. 0 ok, 1 an index is outside the table, which `bags` alone looks for. [float32, float64]
    int (*bags[2])(Bags* b) noexcept nogil
    int (*bags_backward[2])(Bags* b) noexcept nogil
    int (*bags_weights[2])(Bags* b) noexcept nogil

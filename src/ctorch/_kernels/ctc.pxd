from libc.stdint cimport int64_t

# Connectionist temporal classification. One target of length n stands for n labels with blanks around: 2 n + 1 states.
cdef struct Ctc:
    int64_t times, batch, classes, blank
    int64_t states              # 2 * the longest target + 1, or more
    const int64_t* targets      # all of them
    const int64_t* offset       # where each begins
    const int64_t* target_length
    const int64_t* input_length
    const void* x               # (times, batch, classes): logarithms of probabilities
    void* alpha                 # (batch, times, states): log-probability of all ways to a state, up to a time
    void* loss                  # (batch)
    const void* g               # (batch)
    void* gx                    # like x
    bint zero_infinity
    int code                    # -1: out of memory

# Index 0 is float32, 1 is float64.
cdef struct CtcKernels:
    void (*forward[2])(Ctc* c) noexcept nogil
    void (*backward[2])(Ctc* c) noexcept nogil

"""The loss of connectionist temporal classification: Graves et al. (2006), in logarithms."""
from cpython.pycapsule cimport PyCapsule_New
from libc.math cimport INFINITY, exp, expf, log, logf
from libc.stdint cimport int64_t

from ctorch._kernels.lanes cimport real
from ctorch._parallel cimport parallel_for

cdef extern from "scratch.h" nogil:
    void* ct_scratch(size_t size)


cdef inline real exp_(real x) noexcept nogil:
    if real is float:
        return expf(x)
    else:
        return exp(x)


cdef inline real log_(real x) noexcept nogil:
    if real is float:
        return logf(x)
    else:
        return log(x)


cdef inline real log_sum(real a, real b, real c) noexcept nogil:
    cdef real top = a if a > b else b
    top = top if top > c else c
    if top == -INFINITY:
        return top
    return top + log_(exp_(a - top) + exp_(b - top) + exp_(c - top))


cdef inline int64_t label(const Ctc* c, const int64_t* target, int64_t state) noexcept nogil:
    return target[state // 2] if state % 2 else c.blank


cdef inline bint skips(const int64_t* target, int64_t state) noexcept nogil:
    """Whether a way may come to a state from the one before the last: over a blank between different labels."""
    return state % 2 and state > 1 and target[state // 2] != target[state // 2 - 1]


cdef void forward_one(Ctc* c, int64_t i, real* tag) noexcept nogil:
    cdef const int64_t* target = c.targets + c.offset[i]
    cdef int64_t states = 2 * c.target_length[i] + 1, times = c.input_length[i], s, row = c.batch * c.classes
    cdef const real* x = <const real*>c.x + i * c.classes
    cdef real* alpha = <real*>c.alpha + i * c.times * c.states
    cdef real none = -INFINITY, last, second
    for s in range(c.times * c.states):
        alpha[s] = none
    if times == 0:
        (<real*>c.loss)[i] = 0 if states == 1 else INFINITY
        return
    alpha[0] = x[c.blank]
    if states > 1:
        alpha[1] = x[target[0]]
    for _ in range(1, times):
        x += row
        for s in range(states):
            last = alpha[s - 1] if s > 0 else none
            second = alpha[s - 2] if skips(target, s) else none
            alpha[c.states + s] = log_sum(alpha[s], last, second) + x[label(c, target, s)]
        alpha += c.states
    (<real*>c.loss)[i] = -log_sum(alpha[states - 1], alpha[states - 2] if states > 1 else none, none)


cdef void backward_one(Ctc* c, int64_t i, real* tag) noexcept nogil:
    cdef const int64_t* target = c.targets + c.offset[i]
    cdef int64_t states = 2 * c.target_length[i] + 1, times = c.input_length[i], t, s, k
    cdef const real* x
    cdef const real* alpha
    cdef real* gx
    cdef real none = -INFINITY, loss = (<real*>c.loss)[i], g = (<const real*>c.g)[i], own, after, second
    cdef real* beta = <real*>ct_scratch((c.states + 1) * sizeof(real))
    if beta == NULL:
        c.code = -1
        return
    for t in range(c.times):
        gx = <real*>c.gx + (t * c.batch + i) * c.classes
        for k in range(c.classes):
            gx[k] = 0 if t >= times or c.zero_infinity and loss == INFINITY else none
    if c.zero_infinity and loss == INFINITY:
        return
    for t in range(times - 1, -1, -1):
        x = <const real*>c.x + (t * c.batch + i) * c.classes
        gx = <real*>c.gx + (t * c.batch + i) * c.classes
        alpha = <const real*>c.alpha + (i * c.times + t) * c.states
        for s in range(states):         # upwards: the states after s are still those of the time after
            own = x[label(c, target, s)]
            if t == times - 1:
                beta[s] = own if s >= states - 2 else none
            else:
                after = beta[s + 1] if s + 1 < states else none
                second = beta[s + 2] if s + 2 < states and skips(target, s + 2) else none
                beta[s] = log_sum(beta[s], after, second) + own
            k = label(c, target, s)
            gx[k] = log_sum(gx[k], alpha[s] + beta[s], none)
        for k in range(c.classes):
            gx[k] = (exp_(x[k]) - exp_(gx[k] + loss - x[k])) * g


cdef void forward_f32_one(void* c, int64_t i) noexcept nogil:
    forward_one(<Ctc*>c, i, <float*>NULL)


cdef void forward_f64_one(void* c, int64_t i) noexcept nogil:
    forward_one(<Ctc*>c, i, <double*>NULL)


cdef void backward_f32_one(void* c, int64_t i) noexcept nogil:
    backward_one(<Ctc*>c, i, <float*>NULL)


cdef void backward_f64_one(void* c, int64_t i) noexcept nogil:
    backward_one(<Ctc*>c, i, <double*>NULL)


cdef void forward_f32(Ctc* c) noexcept nogil:
    parallel_for(forward_f32_one, c, c.batch)


cdef void forward_f64(Ctc* c) noexcept nogil:
    parallel_for(forward_f64_one, c, c.batch)


cdef void backward_f32(Ctc* c) noexcept nogil:
    parallel_for(backward_f32_one, c, c.batch)


cdef void backward_f64(Ctc* c) noexcept nogil:
    parallel_for(backward_f64_one, c, c.batch)


cdef CtcKernels table
table.forward[:] = [forward_f32, forward_f64]
table.backward[:] = [backward_f32, backward_f64]

kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)

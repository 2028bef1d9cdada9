"""Updates of all parameters of an optimizer's group in one call.

The tensors are seen as one long row that is cut into chunks of equal size, so that many small parameters and
one large one are shared out alike. The arithmetic is, operation by operation, that of PyTorch's updates of
single tensors.
"""
from cpython.pycapsule cimport PyCapsule_New
from libc.math cimport sqrt, sqrtf
from libc.stdint cimport int64_t

from ctorch._kernels.optimizer cimport (FIRST_STEP, AdamArgs, OptimizerKernels, SgdArgs, UpdateRow,
                                        UpdateTensor)
from ctorch._parallel cimport parallel_for

cdef enum:
    CHUNK = 16384

ctypedef fused real:
    float
    double


cdef inline real root(real x) noexcept nogil:
    return sqrtf(x) if real is float else sqrt(x)


cdef inline real larger(real a, real b) noexcept nogil:
    # NaN wins, as in torch.maximum.
    return a if a > b or a != a else b


cdef inline real direction(real g, real p, real sign, real decay) noexcept nogil:
    # Without decay an infinite parameter must not turn into NaN.
    return sign * g if decay == 0 else sign * g + decay * p


# ---- the row of all tensors

# Updates n elements of a tensor, from element k on.
ctypedef void (*piece_fn)(const void* args, const UpdateTensor* t, int64_t k, int64_t n) noexcept nogil

cdef struct Job:
    const UpdateRow* row
    piece_fn piece
    const void* args


cdef inline int64_t first_tensor(const UpdateRow* row, int64_t position) noexcept nogil:
    # The tensor that holds an element of the row: the last one that does not begin after it.
    cdef int64_t low = 0, high = row.count - 1, middle
    while low < high:
        middle = (low + high + 1) >> 1
        if row.tensors[middle].start <= position:
            low = middle
        else:
            high = middle - 1
    return low


cdef void run_chunk(void* arg, int64_t chunk) noexcept nogil:
    cdef Job* job = <Job*>arg
    cdef int64_t position = chunk * CHUNK
    cdef int64_t end = min(position + CHUNK, job.row.total)
    cdef int64_t n
    cdef const UpdateTensor* t = &job.row.tensors[first_tensor(job.row, position)]
    while position < end:
        n = min(t.start + t.numel, end) - position
        if n > 0:
            job.piece(job.args, t, position - t.start, n)
            position += n
        t += 1


cdef void run(const UpdateRow* row, piece_fn piece, const void* args) noexcept nogil:
    cdef Job job
    job.row = row
    job.piece = piece
    job.args = args
    parallel_for(run_chunk, &job, (row.total + CHUNK - 1) // CHUNK)


# ---- SGD

cdef inline void sgd_plain(real* p, const real* g, int64_t n, real sign, real decay, real lr) noexcept nogil:
    cdef int64_t i
    for i in range(n):
        p[i] = p[i] - lr * direction(g[i], p[i], sign, decay)


cdef inline void sgd_momentum(real* p, const real* g, real* buffer, int64_t n, real sign, real decay, real lr,
                              real momentum, real fresh, bint nesterov) noexcept nogil:
    # fresh: weight of the new gradient, one minus dampening
    cdef int64_t i
    cdef real d, b
    for i in range(n):
        d = direction(g[i], p[i], sign, decay)
        b = momentum * buffer[i] + fresh * d
        buffer[i] = b
        p[i] = p[i] - lr * (d + momentum * b if nesterov else b)


cdef inline void sgd_first(real* p, const real* g, real* buffer, int64_t n, real sign, real decay, real lr,
                           real momentum, bint nesterov) noexcept nogil:
    # The first step fills the buffer with the gradient, whatever the dampening.
    cdef int64_t i
    cdef real d
    for i in range(n):
        d = direction(g[i], p[i], sign, decay)
        buffer[i] = d
        p[i] = p[i] - lr * (d + momentum * d if nesterov else d)


cdef void sgd_piece(const SgdArgs* a, const UpdateTensor* t, int64_t k, int64_t n, real* tag) noexcept nogil:
    # tag only carries the type
    cdef real* p = <real*>t.param + k
    cdef const real* g = <const real*>t.grad + k
    cdef real* buffer = <real*>t.first + k
    cdef real sign = -1 if a.maximize else 1
    cdef real decay = <real>a.weight_decay, lr = <real>a.lr, momentum = <real>a.momentum
    if a.momentum == 0:
        sgd_plain(p, g, n, sign, decay, lr)
    elif t.flags & FIRST_STEP:
        sgd_first(p, g, buffer, n, sign, decay, lr, momentum, a.nesterov)
    else:
        sgd_momentum(p, g, buffer, n, sign, decay, lr, momentum, <real>(1 - a.dampening), a.nesterov)


cdef void sgd_piece_f32(const void* args, const UpdateTensor* t, int64_t k, int64_t n) noexcept nogil:
    sgd_piece(<const SgdArgs*>args, t, k, n, <float*>NULL)


cdef void sgd_piece_f64(const void* args, const UpdateTensor* t, int64_t k, int64_t n) noexcept nogil:
    sgd_piece(<const SgdArgs*>args, t, k, n, <double*>NULL)


cdef void sgd_f32(const SgdArgs* args) noexcept nogil:
    run(&args.row, sgd_piece_f32, args)


cdef void sgd_f64(const SgdArgs* args) noexcept nogil:
    run(&args.row, sgd_piece_f64, args)


# ---- Adam (Kingma and Ba 2015), AdamW (Loshchilov and Hutter 2019), AMSGrad (Reddi et al. 2018)

cdef struct AdamNumbers:
    double sign
    double l2
    double shrink
    double new1                      # 1 - beta1
    double beta2
    double new2                      # 1 - beta2
    double step_size
    double root_factor
    double eps


cdef inline void adam_loop(real* p, const real* grad, real* m, real* v, real* largest, int64_t n,
                           const AdamNumbers* c, bint amsgrad) noexcept nogil:
    cdef real sign = <real>c.sign, decay = <real>c.l2, shrink = <real>c.shrink, new1 = <real>c.new1
    cdef real beta2 = <real>c.beta2, new2 = <real>c.new2, step_size = <real>c.step_size
    cdef real root_factor = <real>c.root_factor, eps = <real>c.eps
    cdef real g, mean, square, denominator
    cdef int64_t i
    for i in range(n):
        g = direction(grad[i], p[i], sign, decay)
        mean = m[i] + new1 * (g - m[i])
        square = beta2 * v[i] + new2 * g * g
        m[i] = mean
        v[i] = square
        if amsgrad:
            square = larger(largest[i], square)
            largest[i] = square
        denominator = root(square) * root_factor + eps
        p[i] = shrink * p[i] - step_size * mean / denominator


cdef void adam_piece(const AdamArgs* a, const UpdateTensor* t, int64_t k, int64_t n,
                     real* tag) noexcept nogil:
    cdef real* p = <real*>t.param + k
    cdef const real* g = <const real*>t.grad + k
    cdef real* m = <real*>t.first + k
    cdef real* v = <real*>t.second + k
    cdef real* largest = <real*>t.largest + k
    cdef AdamNumbers c
    c.sign = -1 if a.maximize else 1
    c.l2 = a.l2
    c.shrink = a.shrink
    c.new1 = 1 - a.beta1
    c.beta2 = a.beta2
    c.new2 = 1 - a.beta2
    c.step_size = t.step_size
    c.root_factor = t.root_factor
    c.eps = a.eps
    if a.amsgrad:
        adam_loop(p, g, m, v, largest, n, &c, True)
    else:
        adam_loop(p, g, m, v, largest, n, &c, False)


cdef void adam_piece_f32(const void* args, const UpdateTensor* t, int64_t k, int64_t n) noexcept nogil:
    adam_piece(<const AdamArgs*>args, t, k, n, <float*>NULL)


cdef void adam_piece_f64(const void* args, const UpdateTensor* t, int64_t k, int64_t n) noexcept nogil:
    adam_piece(<const AdamArgs*>args, t, k, n, <double*>NULL)


cdef void adam_f32(const AdamArgs* args) noexcept nogil:
    run(&args.row, adam_piece_f32, args)


cdef void adam_f64(const AdamArgs* args) noexcept nogil:
    run(&args.row, adam_piece_f64, args)


cdef OptimizerKernels table
table.sgd[0] = sgd_f32
table.sgd[1] = sgd_f64
table.adam[0] = adam_f32
table.adam[1] = adam_f64

kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)

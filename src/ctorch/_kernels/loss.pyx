"""Losses over class numbers: negative log-likelihood, and cross entropy fused with its softmax."""
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from ctorch._kernels.lanes cimport dot_row, max_row, real, sum_row
from ctorch._parallel cimport parallel_for

cdef extern from "vmath.h" nogil:
    float ct_exp_f32(float x)
    double ct_exp_f64(double x)
    float ct_log_f32(float x)
    double ct_log_f64(double x)

cdef enum:
    CHUNK = 16384       # elements of x to a chunk
    SCATTERED = 8       # of them take as long as one that is read alone
    LANES = 512         # columns worked on together when the classes are not the last dimension
    BLOCK = 256         # elements of a row whose exponentials are held at a time
    NLL = 0
    CROSS_ENTROPY
    NLL_BACKWARD
    CROSS_ENTROPY_BACKWARD

cdef struct Sums:               # of one chunk; added in order afterwards
    double loss, weight
    bint failed
    int64_t bad_target

cdef struct Job:
    int op
    ClassLoss* loss
    Sums* sums
    int64_t groups, chunk       # groups of LANES columns in `inner`, and units (rows or groups) to a chunk

ctypedef void (*chunk_fn)(void* job, int64_t number) noexcept nogil


cdef inline real exp_(real x) noexcept nogil:
    if real is float:
        return ct_exp_f32(x)
    else:
        return ct_exp_f64(x)


cdef inline real log_(real x) noexcept nogil:
    if real is float:
        return ct_log_f32(x)
    else:
        return ct_log_f64(x)


cdef inline real weight_of(const ClassLoss* l, int64_t target, real* tag) noexcept nogil:
    """Weight of the target's class; 0 when it is ignored."""
    if target == l.ignore_index:
        return 0
    return (<const real*>l.weight)[target] if l.weight != NULL else 1


cdef inline bint check(const ClassLoss* l, int64_t target, Sums* s) noexcept nogil:
    if target == l.ignore_index or 0 <= target < l.classes:
        return True
    if not s.failed:
        s.failed = True
        s.bad_target = target
    return False


cdef inline void put(const ClassLoss* l, int64_t at, real value, real weight, Sums* s) noexcept nogil:
    """The loss of one target, to its place or to the chunk's sum."""
    if l.reduction == REDUCE_NONE:
        (<real*>l.loss)[at] = value
    s.loss += value
    s.weight += weight


cdef inline real scale_of(const ClassLoss* l, int64_t at, real* tag) noexcept nogil:
    """What the gradient of one target's loss is multiplied with."""
    cdef const real* g = <const real*>l.g
    if l.reduction == REDUCE_NONE:
        return g[at]
    if l.reduction == REDUCE_MEAN:
        return g[0] / (<const real*>l.total_weight)[0]
    return g[0]

# ------------------------------------------------------------------------------------------------------------
# Negative log-likelihood


cdef void nll_columns(ClassLoss* l, int64_t row, int64_t column, int64_t columns, Sums* s, real* tag) noexcept nogil:
    cdef const real* x = <const real*>l.x + row * l.classes * l.inner + column
    cdef int64_t at = row * l.inner + column, j, target
    cdef real weight
    for j in range(columns):
        target = l.target[at + j]
        if not check(l, target, s):
            continue
        weight = weight_of(l, target, tag)
        put(l, at + j, <real>0 if target == l.ignore_index else -weight * x[target * l.inner + j], weight, s)


cdef void nll_rows(ClassLoss* l, int64_t row, int64_t stop, Sums* s, real* tag) noexcept nogil:
    # Rows of classes, of which one number each is read.
    cdef const real* x = <const real*>l.x
    cdef int64_t at, target
    cdef real weight
    for at in range(row, stop):
        target = l.target[at]
        if not check(l, target, s):
            continue
        weight = weight_of(l, target, tag)
        put(l, at, <real>0 if target == l.ignore_index else -weight * x[at * l.classes + target], weight, s)


cdef void nll_backward_columns(const ClassLoss* l, int64_t row, int64_t column, int64_t columns,
                               real* tag) noexcept nogil:
    cdef real* gx = <real*>l.gx + row * l.classes * l.inner + column
    cdef int64_t at = row * l.inner + column, i, j, target
    for i in range(l.classes):
        memset(gx + i * l.inner, 0, columns * sizeof(real))
    for j in range(columns):
        target = l.target[at + j]
        if target != l.ignore_index:
            gx[target * l.inner + j] = -weight_of(l, target, tag) * scale_of(l, at + j, tag)

# ------------------------------------------------------------------------------------------------------------
# Cross entropy


cdef inline real smooth_sum(const ClassLoss* l, const real* x, real shift) noexcept nogil:
    """sum(weight * (x - shift)) over a row: with shift the log of the sum of exponentials, of weighted log p."""
    cdef const real* weight = <const real*>l.weight
    if weight == NULL:
        return sum_row(x, l.classes) - l.classes * shift
    return dot_row(weight, x, l.classes) - sum_row(weight, l.classes) * shift


cdef void cross_entropy_row(ClassLoss* l, int64_t row, Sums* s, real* tag) noexcept nogil:
    cdef const real* x = <const real*>l.x + row * l.classes
    cdef real* kept = <real*>l.probabilities + row * l.classes
    cdef real top = max_row(x, l.classes), total = 0, log_total, weight, value = 0
    cdef real powers[BLOCK]
    cdef real* p
    cdef int64_t start = 0, size, i, target = l.target[row]
    while start < l.classes:
        size = l.classes - start if l.classes - start < BLOCK else <int64_t>BLOCK
        p = kept + start if l.probabilities != NULL else powers
        for i in range(size):
            p[i] = exp_(x[start + i] - top)
        total += sum_row(<const real*>p, size)
        start += size
    log_total = log_(total)
    if l.probabilities != NULL:
        total = 1 / total
        for i in range(l.classes):
            kept[i] *= total
    if not check(l, target, s):
        return
    weight = weight_of(l, target, tag)
    if target != l.ignore_index:
        value = -weight * (x[target] - top - log_total)
        if l.smoothing != 0:
            value = <real>(1 - l.smoothing) * value - <real>(l.smoothing / l.classes) * smooth_sum(
                l, x, top + log_total)
    put(l, row, value, weight, s)


cdef void cross_entropy_columns(ClassLoss* l, int64_t row, int64_t column, int64_t columns, Sums* s,
                                real* tag) noexcept nogil:
    cdef int64_t at = row * l.inner + column, i, j, inner = l.inner, target
    cdef const real* x = <const real*>l.x + row * l.classes * inner + column
    cdef real* kept = <real*>l.probabilities + row * l.classes * inner + column
    cdef real top[LANES]
    cdef real total[LANES]
    cdef real smooth[LANES]
    cdef real weight, weights = 0, value
    for j in range(columns):
        top[j] = x[j]
        total[j] = 0
        smooth[j] = 0
    for i in range(1, l.classes):
        for j in range(columns):
            top[j] = x[i * inner + j] if x[i * inner + j] > top[j] else top[j]
    for i in range(l.classes):
        if l.probabilities != NULL:
            for j in range(columns):
                kept[i * inner + j] = exp_(x[i * inner + j] - top[j])
            for j in range(columns):
                total[j] += kept[i * inner + j]
        else:
            for j in range(columns):
                total[j] += exp_(x[i * inner + j] - top[j])
        weight = (<const real*>l.weight)[i] if l.weight != NULL else 1
        weights += weight
        if l.smoothing != 0:
            for j in range(columns):
                smooth[j] += weight * (x[i * inner + j] - top[j])
    if l.probabilities != NULL:
        for i in range(l.classes):
            for j in range(columns):
                kept[i * inner + j] /= total[j]
    for j in range(columns):
        target = l.target[at + j]
        if not check(l, target, s):
            continue
        total[j] = log_(total[j])
        weight = weight_of(l, target, tag)
        value = 0
        if target != l.ignore_index:
            value = -weight * (x[target * inner + j] - top[j] - total[j])
            if l.smoothing != 0:
                value = <real>(1 - l.smoothing) * value - <real>(l.smoothing / l.classes) * (
                    smooth[j] - weights * total[j])
        put(l, at + j, value, weight, s)


cdef void cross_entropy_backward_columns(const ClassLoss* l, int64_t row, int64_t column, int64_t columns,
                                         real* tag) noexcept nogil:
    """gx[c] = scale * (p[c] * ((1-s) * weight[t] + s/classes * sum(weight)) - (1-s) * weight[t] * (c == t)
    - s/classes * weight[c])"""
    cdef const real* p = <const real*>l.probabilities + row * l.classes * l.inner + column
    cdef real* gx = <real*>l.gx + row * l.classes * l.inner + column
    cdef const real* weights = <const real*>l.weight
    cdef int64_t at = row * l.inner + column, i, j, inner = l.inner, target
    cdef real keep = <real>(1 - l.smoothing), spread = <real>(l.smoothing / l.classes), weight, everything, scale
    cdef real by[LANES]         # factor of p
    cdef real off[LANES]        # factor of each class's own weight
    weights = NULL if l.smoothing == 0 else weights      # of classes that do not matter, perhaps NaN
    everything = l.classes if weights == NULL else sum_row(weights, l.classes)
    for j in range(columns):
        target = l.target[at + j]
        scale = <real>0 if target == l.ignore_index else scale_of(l, at + j, tag)
        by[j] = scale * (keep * weight_of(l, target, tag) + spread * everything)
        off[j] = scale * spread
    for i in range(l.classes):
        weight = 1 if weights == NULL else weights[i]
        if l.smoothing != 0:
            for j in range(columns):
                gx[i * inner + j] = p[i * inner + j] * by[j] - off[j] * weight
        else:
            for j in range(columns):
                gx[i * inner + j] = p[i * inner + j] * by[j]
    for j in range(columns):
        target = l.target[at + j]
        if target != l.ignore_index:
            gx[target * inner + j] -= scale_of(l, at + j, tag) * keep * weight_of(l, target, tag)
            continue
        for i in range(l.classes):      # where p may be NaN
            gx[i * inner + j] = 0


cdef void cross_entropy_backward_row(const ClassLoss* l, int64_t row, real* tag) noexcept nogil:
    cdef const real* p = <const real*>l.probabilities + row * l.classes
    cdef real* gx = <real*>l.gx + row * l.classes
    cdef const real* weights = <const real*>l.weight
    cdef int64_t i, target = l.target[row]
    cdef real keep = <real>(1 - l.smoothing), spread = <real>(l.smoothing / l.classes), by, scale, everything
    if target == l.ignore_index:
        memset(gx, 0, l.classes * sizeof(real))
        return
    scale = scale_of(l, row, tag)
    weights = NULL if l.smoothing == 0 else weights      # of classes that do not matter, perhaps NaN
    everything = l.classes if weights == NULL else sum_row(weights, l.classes)
    by = scale * (keep * weight_of(l, target, tag) + spread * everything)
    spread *= scale
    if weights == NULL:
        for i in range(l.classes):
            gx[i] = p[i] * by - spread
    else:
        for i in range(l.classes):
            gx[i] = p[i] * by - spread * weights[i]
    gx[target] -= scale * keep * weight_of(l, target, tag)

# ------------------------------------------------------------------------------------------------------------
# Chunks


cdef void chunk(Job* job, int64_t number, real* tag) noexcept nogil:
    cdef ClassLoss* l = job.loss
    cdef int64_t unit, row, column, columns, stop = (number + 1) * job.chunk
    cdef Sums s
    memset(&s, 0, sizeof(s))
    if stop > l.outer * job.groups:
        stop = l.outer * job.groups
    if job.op == NLL and l.inner == 1:
        nll_rows(l, number * job.chunk, stop, &s, tag)
        stop = 0
    for unit in range(number * job.chunk, stop):
        row = unit // job.groups
        column = unit % job.groups * LANES
        columns = l.inner - column if l.inner - column < LANES else <int64_t>LANES
        if job.op == NLL:
            nll_columns(l, row, column, columns, &s, tag)
        elif job.op == NLL_BACKWARD:
            nll_backward_columns(l, row, column, columns, tag)
        elif job.op == CROSS_ENTROPY:
            if l.inner == 1:
                cross_entropy_row(l, row, &s, tag)
            else:
                cross_entropy_columns(l, row, column, columns, &s, tag)
        elif l.inner == 1:
            cross_entropy_backward_row(l, row, tag)
        else:
            cross_entropy_backward_columns(l, row, column, columns, tag)
    if job.sums != NULL:
        job.sums[number] = s


cdef void chunk_f32(void* job, int64_t number) noexcept nogil:
    chunk(<Job*>job, number, <float*>NULL)


cdef void chunk_f64(void* job, int64_t number) noexcept nogil:
    chunk(<Job*>job, number, <double*>NULL)


cdef int64_t divide(Job* job, int op, ClassLoss* l) noexcept nogil:
    """Sets the size of a chunk; returns how many there are, at least one of them, though it may be empty."""
    cdef int64_t width = l.inner if l.inner < LANES else <int64_t>LANES, units, chunks
    job.op, job.loss, job.sums = op, l, NULL
    job.groups = (l.inner + LANES - 1) // LANES
    job.chunk = CHUNK // ((SCATTERED if op == NLL else l.classes) * width + 1) + 1
    units = l.outer * job.groups
    chunks = (units + job.chunk - 1) // job.chunk
    return chunks if chunks > 0 else 1


cdef int forward(int op, ClassLoss* l, chunk_fn fn, real* tag) noexcept nogil:
    cdef Job job
    cdef Sums one
    cdef Sums* sums = &one
    cdef int64_t chunks = divide(&job, op, l), i
    cdef double loss = 0, weight = 0
    cdef int code = 0
    if chunks > 1:
        sums = <Sums*>malloc(chunks * sizeof(Sums))
        if sums == NULL:
            return -1
    job.sums = sums
    parallel_for(fn, &job, chunks)
    for i in range(chunks):
        if sums[i].failed and code == 0:
            code = 1
            l.bad_target = sums[i].bad_target
        loss += sums[i].loss
        weight += sums[i].weight
    if chunks > 1:
        free(sums)
    (<real*>l.total_weight)[0] = weight
    if l.reduction == REDUCE_MEAN:
        (<real*>l.loss)[0] = loss / weight
    elif l.reduction == REDUCE_SUM:
        (<real*>l.loss)[0] = loss
    return code


cdef void backward(int op, const ClassLoss* l, chunk_fn fn) noexcept nogil:
    cdef Job job
    cdef int64_t chunks = divide(&job, op, <ClassLoss*>l)
    parallel_for(fn, &job, chunks)


cdef int nll_f32(ClassLoss* l) noexcept nogil:
    return forward(NLL, l, chunk_f32, <float*>NULL)


cdef int nll_f64(ClassLoss* l) noexcept nogil:
    return forward(NLL, l, chunk_f64, <double*>NULL)


cdef void nll_backward_f32(const ClassLoss* l) noexcept nogil:
    backward(NLL_BACKWARD, l, chunk_f32)


cdef void nll_backward_f64(const ClassLoss* l) noexcept nogil:
    backward(NLL_BACKWARD, l, chunk_f64)


cdef int cross_entropy_f32(ClassLoss* l) noexcept nogil:
    return forward(CROSS_ENTROPY, l, chunk_f32, <float*>NULL)


cdef int cross_entropy_f64(ClassLoss* l) noexcept nogil:
    return forward(CROSS_ENTROPY, l, chunk_f64, <double*>NULL)


cdef void cross_entropy_backward_f32(const ClassLoss* l) noexcept nogil:
    backward(CROSS_ENTROPY_BACKWARD, l, chunk_f32)


cdef void cross_entropy_backward_f64(const ClassLoss* l) noexcept nogil:
    backward(CROSS_ENTROPY_BACKWARD, l, chunk_f64)


cdef LossKernels table
table.nll[:] = [nll_f32, nll_f64]
table.nll_backward[:] = [nll_backward_f32, nll_backward_f64]
table.cross_entropy[:] = [cross_entropy_f32, cross_entropy_f64]
table.cross_entropy_backward[:] = [cross_entropy_backward_f32, cross_entropy_backward_f64]

kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)

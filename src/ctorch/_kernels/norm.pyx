"""Batch and layer normalisation. Variances are taken in a second pass, from the mean, so they do not cancel."""
from cpython.pycapsule cimport PyCapsule_New
from libc.math cimport sqrt
from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from ctorch._kernels.lanes cimport fold, real, sum_row
from ctorch._kernels.parts cimport least
from ctorch._parallel cimport parallel_for

cdef enum:
    CHUNK = 16384       # elements to a chunk
    WIDTH = 32          # channels worked on together when they are neighbours in memory
    STRETCH = 4096      # elements summed in lanes before they go to the double total
    SPLITS = 16         # chunks of rows whose sums for a layer norm's weights are kept apart

cdef struct Sums:
    double first, second


# ------------------------------------------------------------------------------------------------------------
# Batch norm, planes: each channel has runs of `inner` elements


cdef inline void add_lanes(real* lanes, double* total) noexcept nogil:
    total[0] += fold(lanes)


cdef double plane_sum(const BatchNorm* b, const real* x, real* tag) noexcept nogil:
    """Sum over one channel, whose first element x is."""
    cdef double total = 0
    cdef real lanes[32]
    cdef int64_t n, i, j, since = 0, step = b.channels * b.inner
    memset(lanes, 0, sizeof(lanes))
    for n in range(b.batch):  # no-cython-lint
        i = 0
        while i + 32 <= b.inner:
            for j in range(32):
                lanes[j] += x[i + j]
            i += 32
        for j in range(b.inner - i):
            lanes[j] += x[i + j]
        since += b.inner
        if since >= STRETCH:
            add_lanes(lanes, &total)
            memset(lanes, 0, sizeof(lanes))
            since = 0
        x += step
    add_lanes(lanes, &total)
    return total


cdef double plane_squares(const BatchNorm* b, const real* x, real mean) noexcept nogil:
    """Sum of (x - mean)^2 over one channel."""
    cdef double total = 0
    cdef real lanes[32]
    cdef int64_t n, i, j, since = 0, step = b.channels * b.inner
    memset(lanes, 0, sizeof(lanes))
    for n in range(b.batch):  # no-cython-lint
        i = 0
        while i + 32 <= b.inner:
            for j in range(32):
                lanes[j] += (x[i + j] - mean) * (x[i + j] - mean)
            i += 32
        for j in range(b.inner - i):
            lanes[j] += (x[i + j] - mean) * (x[i + j] - mean)
        since += b.inner
        if since >= STRETCH:
            add_lanes(lanes, &total)
            memset(lanes, 0, sizeof(lanes))
            since = 0
        x += step
    add_lanes(lanes, &total)
    return total


cdef Sums plane_gradient_sums(const BatchNorm* b, const real* gy, const real* x, real mean) noexcept nogil:
    """Sums of gy and of gy * (x - mean) over one channel."""
    cdef Sums s
    cdef real plain[32]
    cdef real along[32]
    cdef int64_t n, i, j, since = 0, step = b.channels * b.inner
    s.first = s.second = 0
    memset(plain, 0, sizeof(plain))
    memset(along, 0, sizeof(along))
    for n in range(b.batch):  # no-cython-lint
        i = 0
        while i + 32 <= b.inner:
            for j in range(32):
                plain[j] += gy[i + j]
                along[j] += gy[i + j] * (x[i + j] - mean)
            i += 32
        for j in range(b.inner - i):
            plain[j] += gy[i + j]
            along[j] += gy[i + j] * (x[i + j] - mean)
        since += b.inner
        if since >= STRETCH:
            add_lanes(plain, &s.first)
            add_lanes(along, &s.second)
            memset(plain, 0, sizeof(plain))
            memset(along, 0, sizeof(along))
            since = 0
        x += step
        gy += step
    add_lanes(plain, &s.first)
    add_lanes(along, &s.second)
    return s


cdef inline real element(const void* array, int64_t i, real otherwise) noexcept nogil:
    return (<const real*>array)[i] if array != NULL else otherwise


cdef void channel_statistics(const BatchNorm* b, int64_t c, double mean, double squares, real* tag) noexcept nogil:
    """Saves what forward found of a channel and moves the running statistics."""
    cdef double count = <double>b.batch * b.inner, m = b.momentum
    cdef real* running
    (<real*>b.mean)[c] = <real>mean
    (<real*>b.invstd)[c] = <real>(1 / sqrt(squares / count + b.eps))
    if b.running_mean != NULL:
        running = <real*>b.running_mean
        running[c] = <real>((1 - m) * running[c] + m * mean)
    if b.running_var != NULL:
        running = <real*>b.running_var
        running[c] = <real>((1 - m) * running[c] + m * (squares / (count - 1)))


cdef inline void channel_constants(const BatchNorm* b, int64_t c, real* mean, real* invstd) noexcept nogil:
    if b.training:
        mean[0] = (<const real*>b.mean)[c]
        invstd[0] = (<const real*>b.invstd)[c]
    else:
        mean[0] = (<const real*>b.running_mean)[c]
        invstd[0] = <real>(1 / sqrt(<double>(<const real*>b.running_var)[c] + b.eps))


cdef void plane_forward(const BatchNorm* b, int64_t c, real* tag) noexcept nogil:
    cdef const real* x = <const real*>b.x + c * b.inner
    cdef real* y = <real*>b.y + c * b.inner
    cdef int64_t n, i
    cdef double middle
    cdef real mean, invstd, scale, shift
    if b.training:
        middle = plane_sum(b, x, tag) / (<double>b.batch * b.inner)
        channel_statistics(b, c, middle, plane_squares(b, x, <real>middle), tag)
    channel_constants(b, c, &mean, &invstd)
    scale = invstd * element(b.weight, c, <real>1)
    shift = element(b.bias, c, <real>0) - mean * scale
    for n in range(b.batch):  # no-cython-lint
        for i in range(b.inner):
            y[i] = x[i] * scale + shift
        x += b.channels * b.inner
        y += b.channels * b.inner


cdef void plane_backward(const BatchNorm* b, int64_t c, real* tag) noexcept nogil:
    """gx = (gy - mean(gy) - (x - mean) * invstd^2 * mean(gy * (x - mean))) * invstd * weight"""
    cdef const real* x = <const real*>b.x + c * b.inner
    cdef const real* gy = <const real*>b.gy + c * b.inner
    cdef real* gx = <real*>b.gx + c * b.inner
    cdef int64_t n, i, step = b.channels * b.inner
    cdef double count = <double>b.batch * b.inner
    cdef real mean, invstd, scale, along, shift
    cdef Sums s
    channel_constants(b, c, &mean, &invstd)
    s = plane_gradient_sums(b, gy, x, mean)
    if b.gw != NULL:
        (<real*>b.gw)[c] = <real>(s.second * invstd)
    if b.gb != NULL:
        (<real*>b.gb)[c] = <real>s.first
    if b.gx == NULL:
        return
    scale = invstd * element(b.weight, c, <real>1)
    along = <real>(s.second / count * invstd * invstd) * scale
    shift = <real>(s.first / count) * scale
    for n in range(b.batch):  # no-cython-lint
        if b.training:
            for i in range(b.inner):
                gx[i] = gy[i] * scale - (x[i] - mean) * along - shift
        else:
            for i in range(b.inner):
                gx[i] = gy[i] * scale
        x += step
        gy += step
        gx += step

# ------------------------------------------------------------------------------------------------------------
# Batch norm, columns: inner is 1, and up to WIDTH neighbouring channels go together


cdef void column_forward(const BatchNorm* b, int64_t first, real* tag) noexcept nogil:
    cdef int64_t width = least(WIDTH, b.channels - first), n, j, c
    cdef const real* x = <const real*>b.x + first
    cdef real* y = <real*>b.y + first
    cdef double mean[WIDTH]
    cdef double squares[WIDTH]
    cdef real scale[WIDTH]
    cdef real shift[WIDTH]
    cdef real middle, invstd
    if b.training:
        memset(mean, 0, sizeof(mean))
        memset(squares, 0, sizeof(squares))
        for n in range(b.batch):  # no-cython-lint
            for j in range(width):
                mean[j] += x[n * b.channels + j]
        for j in range(width):
            mean[j] /= b.batch
        for n in range(b.batch):  # no-cython-lint
            for j in range(width):
                squares[j] += (x[n * b.channels + j] - mean[j]) * (x[n * b.channels + j] - mean[j])
        for j in range(width):
            channel_statistics(b, first + j, mean[j], squares[j], tag)
    for j in range(width):
        c = first + j
        channel_constants(b, c, &middle, &invstd)
        scale[j] = invstd * element(b.weight, c, <real>1)
        shift[j] = element(b.bias, c, <real>0) - middle * scale[j]
    for n in range(b.batch):  # no-cython-lint
        for j in range(width):
            y[n * b.channels + j] = x[n * b.channels + j] * scale[j] + shift[j]


cdef void column_backward(const BatchNorm* b, int64_t first, real* tag) noexcept nogil:
    cdef int64_t width = least(WIDTH, b.channels - first), n, j, c
    cdef const real* x = <const real*>b.x + first
    cdef const real* gy = <const real*>b.gy + first
    cdef real* gx = <real*>b.gx + first
    cdef real mean[WIDTH]
    cdef real invstd[WIDTH]
    cdef real scale[WIDTH]
    cdef real along[WIDTH]
    cdef real shift[WIDTH]
    cdef double plain_sum[WIDTH]
    cdef double along_sum[WIDTH]
    memset(plain_sum, 0, sizeof(plain_sum))
    memset(along_sum, 0, sizeof(along_sum))
    for j in range(width):
        channel_constants(b, first + j, &mean[j], &invstd[j])
    for n in range(b.batch):  # no-cython-lint
        for j in range(width):
            plain_sum[j] += gy[n * b.channels + j]
            along_sum[j] += gy[n * b.channels + j] * (x[n * b.channels + j] - mean[j])
    for j in range(width):
        c = first + j
        if b.gw != NULL:
            (<real*>b.gw)[c] = <real>(along_sum[j] * invstd[j])
        if b.gb != NULL:
            (<real*>b.gb)[c] = <real>plain_sum[j]
        scale[j] = invstd[j] * element(b.weight, c, <real>1)
        along[j] = shift[j] = 0
        if b.training:
            along[j] = <real>(along_sum[j] / b.batch * invstd[j] * invstd[j]) * scale[j]
            shift[j] = <real>(plain_sum[j] / b.batch) * scale[j]
    if b.gx == NULL:
        return
    for n in range(b.batch):  # no-cython-lint
        if b.training:
            for j in range(width):
                gx[n * b.channels + j] = (gy[n * b.channels + j] * scale[j]
                                          - (x[n * b.channels + j] - mean[j]) * along[j] - shift[j])
        else:
            for j in range(width):
                gx[n * b.channels + j] = gy[n * b.channels + j] * scale[j]

# ------------------------------------------------------------------------------------------------------------
# Batch norm, chunks of channels

cdef struct BatchJob:
    const BatchNorm* b
    bint backward
    int64_t channels        # to a chunk

ctypedef void (*chunk_fn)(void* job, int64_t number) noexcept nogil


cdef void batch_chunk(BatchJob* job, int64_t number, real* tag) noexcept nogil:
    cdef int64_t c = number * job.channels, stop = least(c + job.channels, job.b.channels)
    while c < stop:
        if job.b.inner == 1:
            if job.backward:
                column_backward(job.b, c, tag)
            else:
                column_forward(job.b, c, tag)
            c += WIDTH
        else:
            if job.backward:
                plane_backward(job.b, c, tag)
            else:
                plane_forward(job.b, c, tag)
            c += 1


cdef void batch_chunk_f32(void* job, int64_t number) noexcept nogil:
    batch_chunk(<BatchJob*>job, number, <float*>NULL)


cdef void batch_chunk_f64(void* job, int64_t number) noexcept nogil:
    batch_chunk(<BatchJob*>job, number, <double*>NULL)


cdef int run_batch_norm(const BatchNorm* b, bint backward, chunk_fn fn) noexcept nogil:
    cdef BatchJob job
    job.b, job.backward = b, backward
    job.channels = CHUNK // (b.batch * b.inner + 1) + 1
    if b.inner == 1:
        job.channels = (job.channels + WIDTH - 1) // WIDTH * WIDTH
    parallel_for(fn, &job, (b.channels + job.channels - 1) // job.channels)
    return 0


cdef int batch_norm_f32(const BatchNorm* b) noexcept nogil:
    return run_batch_norm(b, False, batch_chunk_f32)


cdef int batch_norm_f64(const BatchNorm* b) noexcept nogil:
    return run_batch_norm(b, False, batch_chunk_f64)


cdef int batch_norm_backward_f32(const BatchNorm* b) noexcept nogil:
    return run_batch_norm(b, True, batch_chunk_f32)


cdef int batch_norm_backward_f64(const BatchNorm* b) noexcept nogil:
    return run_batch_norm(b, True, batch_chunk_f64)

# ------------------------------------------------------------------------------------------------------------
# Layer norm

cdef struct LayerJob:
    const LayerNorm* l
    bint backward
    int64_t rows            # to a chunk
    void* sums              # backward: (chunks, 2, n) of gw and gb, or NULL


cdef inline real squares_row(const real* x, int64_t n, real mean) noexcept nogil:
    """Sum of (x - mean)^2."""
    cdef real lanes[32]
    cdef int64_t i = 0, j
    memset(lanes, 0, sizeof(lanes))
    while i + 32 <= n:
        for j in range(32):
            lanes[j] += (x[i + j] - mean) * (x[i + j] - mean)
        i += 32
    for j in range(n - i):
        lanes[j] += (x[i + j] - mean) * (x[i + j] - mean)
    return fold(lanes)


cdef void layer_row(const LayerNorm* l, int64_t row, real* tag) noexcept nogil:
    cdef const real* x = <const real*>l.x + row * l.n
    cdef const real* weight = <const real*>l.weight
    cdef const real* bias = <const real*>l.bias
    cdef real* y = <real*>l.y + row * l.n
    cdef real mean = sum_row(x, l.n) / l.n, invstd
    cdef int64_t i
    invstd = <real>(1 / sqrt(<double>squares_row(x, l.n, mean) / l.n + l.eps))
    (<real*>l.mean)[row] = mean
    (<real*>l.invstd)[row] = invstd
    if weight != NULL and bias != NULL:
        for i in range(l.n):
            y[i] = (x[i] - mean) * invstd * weight[i] + bias[i]
    else:
        for i in range(l.n):
            y[i] = (x[i] - mean) * invstd
        if weight != NULL:
            for i in range(l.n):
                y[i] *= weight[i]
        if bias != NULL:
            for i in range(l.n):
                y[i] += bias[i]


cdef inline void add_to_sums(const real* g, const real* x, real mean, int64_t n, real* plain,
                             real* along) noexcept nogil:
    cdef int64_t j
    for j in range(n):
        plain[j] += g[j]
        along[j] += g[j] * (x[j] - mean)


cdef void weighted_sums(const real* gy, const real* x, const real* weight, real mean, int64_t n, real* plain,
                        real* along) noexcept nogil:
    """Sums of h = gy * weight and of h * (x - mean)."""
    cdef real plain_lanes[32]
    cdef real along_lanes[32]
    cdef real weighted[32]
    cdef const real* h
    cdef int64_t i = 0, j
    memset(plain_lanes, 0, sizeof(plain_lanes))
    memset(along_lanes, 0, sizeof(along_lanes))
    while i < n:
        h = gy + i
        if weight != NULL:
            for j in range(least(32, n - i)):
                weighted[j] = gy[i + j] * weight[i + j]
            h = <const real*>weighted
        if i + 32 <= n:
            add_to_sums(h, x + i, mean, 32, <real*>plain_lanes, <real*>along_lanes)
        else:
            add_to_sums(h, x + i, mean, n - i, <real*>plain_lanes, <real*>along_lanes)
        i += 32
    plain[0] = fold(plain_lanes)
    along[0] = fold(along_lanes)


cdef void layer_row_backward(const LayerNorm* l, int64_t row, real* gw, real* gb, real* tag) noexcept nogil:
    """With h = gy * weight: gx = (h - mean(h) - (x - mean) * invstd^2 * mean(h * (x - mean))) * invstd"""
    cdef const real* x = <const real*>l.x + row * l.n
    cdef const real* gy = <const real*>l.gy + row * l.n
    cdef const real* weight = <const real*>l.weight
    cdef real* gx = <real*>l.gx + row * l.n
    cdef real mean = (<const real*>l.mean)[row], invstd = (<const real*>l.invstd)[row]
    cdef real plain, along
    cdef int64_t i
    if gw != NULL:
        for i in range(l.n):
            gw[i] += gy[i] * ((x[i] - mean) * invstd)
        for i in range(l.n):
            gb[i] += gy[i]
    if l.gx == NULL:
        return
    weighted_sums(gy, x, weight, mean, l.n, &plain, &along)
    plain /= l.n
    along = along / l.n * invstd * invstd
    if weight != NULL:
        for i in range(l.n):
            gx[i] = (gy[i] * weight[i] - plain - (x[i] - mean) * along) * invstd
    else:
        for i in range(l.n):
            gx[i] = (gy[i] - plain - (x[i] - mean) * along) * invstd


cdef void layer_chunk(LayerJob* job, int64_t number, real* tag) noexcept nogil:
    cdef const LayerNorm* l = job.l
    cdef int64_t row
    cdef real* gw = NULL
    if job.sums != NULL:
        gw = <real*>job.sums + number * 2 * l.n
        memset(gw, 0, 2 * l.n * sizeof(real))
    for row in range(number * job.rows, least((number + 1) * job.rows, l.rows)):
        if job.backward:
            layer_row_backward(l, row, gw, gw + l.n if gw != NULL else gw, tag)
        else:
            layer_row(l, row, tag)


cdef void layer_chunk_f32(void* job, int64_t number) noexcept nogil:
    layer_chunk(<LayerJob*>job, number, <float*>NULL)


cdef void layer_chunk_f64(void* job, int64_t number) noexcept nogil:
    layer_chunk(<LayerJob*>job, number, <double*>NULL)


cdef int layer_norm(const LayerNorm* l, chunk_fn fn) noexcept nogil:
    cdef LayerJob job
    job.l, job.backward, job.sums = l, False, NULL
    job.rows = CHUNK // (l.n + 1) + 1
    if l.n > 0:
        parallel_for(fn, &job, (l.rows + job.rows - 1) // job.rows)
    return 0


cdef int layer_norm_backward(const LayerNorm* l, chunk_fn fn, real* tag) noexcept nogil:
    cdef LayerJob job
    cdef int64_t chunks, i, k
    cdef real* sums
    job.l, job.backward, job.sums = l, True, NULL
    job.rows = CHUNK // (l.n + 1) + 1
    if job.rows < (l.rows + SPLITS - 1) // SPLITS:
        job.rows = (l.rows + SPLITS - 1) // SPLITS
    chunks = (l.rows + job.rows - 1) // job.rows
    if l.gw != NULL or l.gb != NULL:
        job.sums = malloc((chunks + 1) * 2 * l.n * sizeof(real) + 1)
        if job.sums == NULL:
            return -1
    if l.n > 0:
        parallel_for(fn, &job, chunks)
    sums = <real*>job.sums
    if sums != NULL:
        if chunks == 0:
            memset(sums, 0, 2 * l.n * sizeof(real))
        for k in range(1, chunks):
            for i in range(2 * l.n):
                sums[i] += sums[k * 2 * l.n + i]
        for i in range(l.n):
            if l.gw != NULL:
                (<real*>l.gw)[i] = sums[i]
            if l.gb != NULL:
                (<real*>l.gb)[i] = sums[l.n + i]
    free(job.sums)
    return 0


cdef int layer_norm_f32(const LayerNorm* l) noexcept nogil:
    return layer_norm(l, layer_chunk_f32)


cdef int layer_norm_f64(const LayerNorm* l) noexcept nogil:
    return layer_norm(l, layer_chunk_f64)


cdef int layer_norm_backward_f32(const LayerNorm* l) noexcept nogil:
    return layer_norm_backward(l, layer_chunk_f32, <float*>NULL)


cdef int layer_norm_backward_f64(const LayerNorm* l) noexcept nogil:
    return layer_norm_backward(l, layer_chunk_f64, <double*>NULL)


cdef NormKernels table
table.batch_norm[:] = [batch_norm_f32, batch_norm_f64]
table.batch_norm_backward[:] = [batch_norm_backward_f32, batch_norm_backward_f64]
table.layer_norm[:] = [layer_norm_f32, layer_norm_f64]
table.layer_norm_backward[:] = [layer_norm_backward_f32, layer_norm_backward_f64]

kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)

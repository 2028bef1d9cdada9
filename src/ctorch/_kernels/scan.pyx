"""Sums, products, extrema and log-sums of the elements so far, along one dimension."""
from cpython.pycapsule cimport PyCapsule_New
from libc.math cimport INFINITY, atan2, cos, exp, hypot, log, sin
from libc.stdint cimport int64_t

from ctorch._parallel cimport get_num_threads, parallel_for

cdef extern from "vmath_block.h" nogil:
    void ct_vexp_f32(const float* x, float* y, int64_t n)
    void ct_vexp_f64(const double* x, double* y, int64_t n)
    void ct_vlog_f32(const float* x, float* y, int64_t n)
    void ct_vlog_f64(const double* x, double* y, int64_t n)

cdef extern from "transpose.h" nogil:
    void ct_transpose_padded_f32(const float* x, int64_t x_row, int64_t rows, int64_t columns, float* to,
                                 int64_t to_row)
    void ct_transpose_padded_f64(const double* x, int64_t x_row, int64_t rows, int64_t columns, double* to,
                                 int64_t to_row)

cdef extern from "scan_pairs.h" nogil:
    void ct_sum_pairs_c64(const void* x, void* y, int64_t n, int64_t step, int64_t row)
    void ct_sum_pairs_c128(const void* x, void* y, int64_t n, int64_t step, int64_t row)

cdef enum:
    CHUNK = 16384       # elements of short rows to a chunk
    LANES = 256         # columns worked on together, at most, when the dimension is not the last,
    SHARES = 8          # in so many groups where that leaves them WIDE
    WIDE = 64
    BLOCK = 65536       # elements of a long row whose sum begins anew; part of the result
    MOST_BLOCKS = 1024  # blocks of a row whose sums are held at a time
    FEW = 4             # columns that are worked on together, or rows
    SHORT = 512         # of so many elements
    STEP = 256          # elements whose exponentials are taken together
    TILE = 16           # rows that are turned together

    SUM = 0
    PRODUCT

ctypedef float complex floatcomplex
ctypedef double complex doublecomplex

ctypedef fused number:
    float
    double
    int64_t
    floatcomplex
    doublecomplex

ctypedef fused ordered:
    float
    double
    int64_t

ctypedef fused real:
    float
    double

# In what sums and products are kept: float32 in float64, as PyTorch keeps it on the CPU.
ctypedef fused wide:
    double
    int64_t
    doublecomplex

ctypedef void (*chunk_fn)(void* job, int64_t chunk) noexcept nogil

cdef struct Scan:
    ScanJob* job
    int op
    int64_t chunk       # rows to a chunk, or groups of columns
    int64_t lanes       # columns of a group
    int64_t row, block  # of a long row: its number, and its first block now
    double* totals      # of blocks, two doubles each

# ------------------------------------------------------------------------------------------------------------
# Sums and products


cdef inline wide total_of(const number* x, int64_t n, int64_t step, wide zero) noexcept nogil:
    cdef wide a = zero, b = zero, c = zero, d = zero
    cdef int64_t i = 0
    while i + 4 <= n:
        a += <wide>x[i * step]
        b += <wide>x[(i + 1) * step]
        c += <wide>x[(i + 2) * step]
        d += <wide>x[(i + 3) * step]
        i += 4
    while i < n:
        a += <wide>x[i * step]
        i += 1
    return (a + b) + (c + d)


cdef inline void sum_row(const number* x, number* y, int64_t n, int64_t step, wide carry) noexcept nogil:
    # Four sums of neighbours at a time, so that the long chain has one addition for four elements.
    cdef wide a, b, c, d
    cdef int64_t i = 0
    while i + 4 <= n:
        a = <wide>x[i * step]
        b = a + <wide>x[(i + 1) * step]
        c = <wide>x[(i + 2) * step]
        d = b + (c + <wide>x[(i + 3) * step])
        c = b + c
        y[i * step] = <number>(carry + a)
        y[(i + 1) * step] = <number>(carry + b)
        y[(i + 2) * step] = <number>(carry + c)
        carry = carry + d
        y[(i + 3) * step] = <number>carry
        i += 4
    while i < n:
        carry = carry + <wide>x[i * step]
        y[i * step] = <number>carry
        i += 1


cdef inline void product_row(const number* x, number* y, int64_t n, int64_t step, wide carry) noexcept nogil:
    # As sums, where the product of two neighbours cannot overflow.
    cdef wide b, c
    cdef int64_t i = 0
    while number is float and i + 4 <= n:
        b = <wide>x[i * step] * <wide>x[(i + 1) * step]
        c = <wide>x[(i + 2) * step] * <wide>x[(i + 3) * step]
        y[i * step] = <number>(carry * <wide>x[i * step])
        y[(i + 1) * step] = <number>(carry * b)
        y[(i + 2) * step] = <number>(carry * (b * <wide>x[(i + 2) * step]))
        carry = carry * (b * c)
        y[(i + 3) * step] = <number>carry
        i += 4
    while i < n:
        carry = carry * <wide>x[i * step]
        y[i * step] = <number>carry
        i += 1


cdef inline void turn(const number* x, int64_t x_column, int64_t columns, int64_t rows, number* tile) noexcept nogil:
    # Columns of x, which are dense, as rows of LANES.
    cdef int64_t i, j
    if number is float and rows == TILE:
        ct_transpose_padded_f32(x, x_column, columns, rows, tile, LANES)
    elif (number is double or number is int64_t or number is floatcomplex) and rows == TILE:
        ct_transpose_padded_f64(<const double*>x, x_column, columns, rows, <double*>tile, LANES)
    else:
        for j in range(columns):
            for i in range(rows):
                tile[i * LANES + j] = x[j * x_column + i]


cdef inline void some_columns(int op, const number* x, int64_t x_step, int64_t x_column, number* y, int64_t n,
                              int64_t step, int64_t columns, wide zero) noexcept nogil:
    # Where the columns of x are not neighbours, a few of its rows at a time are brought side by side.
    cdef wide carry[LANES]
    cdef number tile[TILE * LANES]
    cdef const number* row = x
    cdef int64_t i, j, many
    for j in range(columns):
        carry[j] = zero + op
    for i in range(n):
        if x_column == 1:
            row = x + i * x_step
        elif i % TILE:
            row += LANES * x_step
        else:
            many = n - i if n - i < TILE else <int64_t>TILE
            turn(x + (i if x_step > 0 else 1 - many - i), x_column, columns, many, tile)
            row = &tile[0 if x_step > 0 else (many - 1) * LANES]
        if op == SUM:
            for j in range(columns):
                carry[j] += <wide>row[j]
        else:
            for j in range(columns):
                carry[j] *= <wide>row[j]
        for j in range(columns):
            y[i * step + j] = <number>carry[j]


cdef inline void side_by_side(int op, const number* x, number* y, int64_t n, int64_t step, int64_t apart, int64_t many,
                              wide zero) noexcept nogil:
    """Two to FEW chains of n elements, `apart` from each other: they run abreast, each in a register."""
    cdef wide a = zero + op, b = a, c = a, d = a
    cdef int64_t i
    if op == SUM and number is floatcomplex and many == FEW:
        ct_sum_pairs_c64(x, y, n, step, apart)
    elif op == SUM and number is doublecomplex and many == FEW:
        ct_sum_pairs_c128(x, y, n, step, apart)
    elif op == SUM:
        for i in range(n):  # no-cython-lint
            a, b = a + <wide>x[0], b + <wide>x[apart]
            y[0], y[apart] = <number>a, <number>b
            if many > 2:
                c = c + <wide>x[2 * apart]
                y[2 * apart] = <number>c
            if many > 3:
                d = d + <wide>x[3 * apart]
                y[3 * apart] = <number>d
            x, y = x + step, y + step
    else:
        for i in range(n):  # no-cython-lint
            a, b = a * <wide>x[0], b * <wide>x[apart]
            y[0], y[apart] = <number>a, <number>b
            if many > 2:
                c = c * <wide>x[2 * apart]
                y[2 * apart] = <number>c
            if many > 3:
                d = d * <wide>x[3 * apart]
                y[3 * apart] = <number>d
            x, y = x + step, y + step


cdef void chunk(Scan* s, int64_t number_, number* tag, wide zero) noexcept nogil:
    """Rows when inner is 1, else groups of columns."""
    cdef ScanJob* job = s.job
    cdef int64_t lanes = s.lanes, groups = (job.inner + lanes - 1) // lanes, unit, at, column, step = job.inner
    cdef int64_t stop = (number_ + 1) * s.chunk, x_step = 1 if job.turned else job.inner
    cdef const number* x = <const number*>job.x
    cdef number* y = <number*>job.y
    if stop > job.outer * groups:
        stop = job.outer * groups
    if job.reverse:
        x += (job.n - 1) * x_step
        y += (job.n - 1) * step
        x_step, step = -x_step, -step
    unit = number_ * s.chunk
    while job.inner == 1 and job.n <= SHORT and unit + FEW <= stop:
        side_by_side(s.op, x + unit * job.n, y + unit * job.n, job.n, step, job.n, FEW, zero)
        unit += FEW
    for unit in range(unit, stop):
        column = unit % groups * lanes
        at = unit // groups * job.n * job.inner + column
        if job.turned:
            some_columns(s.op, x + column * job.turned, x_step, job.turned, y + at, job.n, step,
                         job.inner - column if job.inner - column < lanes else lanes, zero)
        elif 1 < job.inner <= FEW:
            side_by_side(s.op, x + at, y + at, job.n, step, 1, job.inner, zero)
        elif job.inner > 1:
            some_columns(s.op, x + at, x_step, 1, y + at, job.n, step,
                         job.inner - column if job.inner - column < lanes else lanes, zero)
        elif s.op == SUM:
            sum_row(x + at, y + at, job.n, step, zero)
        else:
            product_row(x + at, y + at, job.n, step, zero + 1)


cdef void total_block(Scan* s, int64_t number_, number* tag, wide zero) noexcept nogil:
    cdef ScanJob* job = s.job
    cdef int64_t block = s.block + number_, step = -1 if job.reverse else 1
    cdef int64_t at = s.row * job.n + (job.n - 1 if job.reverse else 0) + block * BLOCK * step
    cdef int64_t n = job.n - block * BLOCK
    (<wide*>(s.totals + 2 * number_))[0] = total_of(<const number*>job.x + at, n if n < BLOCK else <int64_t>BLOCK, step,
                                                    zero)


cdef void scan_block(Scan* s, int64_t number_, number* tag, wide zero) noexcept nogil:
    cdef ScanJob* job = s.job
    cdef int64_t block = s.block + number_, step = -1 if job.reverse else 1
    cdef int64_t at = s.row * job.n + (job.n - 1 if job.reverse else 0) + block * BLOCK * step
    cdef int64_t n = job.n - block * BLOCK
    sum_row(<const number*>job.x + at, <number*>job.y + at, n if n < BLOCK else <int64_t>BLOCK, step,
            (<wide*>(s.totals + 2 * number_))[0])


cdef void long_rows(Scan* s, chunk_fn total, chunk_fn scan, wide zero) noexcept nogil:
    """Sums of rows of many blocks: the blocks' totals, then what comes before each, then the blocks."""
    cdef double totals[2 * MOST_BLOCKS]
    cdef int64_t blocks = (s.job.n + BLOCK - 1) // BLOCK, many, i
    cdef wide carry, this
    s.totals = totals
    for s.row in range(s.job.outer):
        carry = zero
        s.block = 0
        while s.block < blocks:
            many = blocks - s.block if blocks - s.block < MOST_BLOCKS else <int64_t>MOST_BLOCKS
            parallel_for(total, s, many)
            for i in range(many):
                this = (<wide*>(totals + 2 * i))[0]
                (<wide*>(totals + 2 * i))[0] = carry
                carry = carry + this
            parallel_for(scan, s, many)
            s.block += many


cdef void chunk_f32(void* s, int64_t i) noexcept nogil:
    chunk(<Scan*>s, i, <float*>NULL, <double>0)


cdef void chunk_f64(void* s, int64_t i) noexcept nogil:
    chunk(<Scan*>s, i, <double*>NULL, <double>0)


cdef void chunk_i64(void* s, int64_t i) noexcept nogil:
    chunk(<Scan*>s, i, <int64_t*>NULL, <int64_t>0)


cdef void chunk_c64(void* s, int64_t i) noexcept nogil:
    chunk(<Scan*>s, i, <float complex*>NULL, 0j)


cdef void chunk_c128(void* s, int64_t i) noexcept nogil:
    chunk(<Scan*>s, i, <double complex*>NULL, 0j)


cdef void total_f32(void* s, int64_t i) noexcept nogil:
    total_block(<Scan*>s, i, <float*>NULL, <double>0)


cdef void total_f64(void* s, int64_t i) noexcept nogil:
    total_block(<Scan*>s, i, <double*>NULL, <double>0)


cdef void total_i64(void* s, int64_t i) noexcept nogil:
    total_block(<Scan*>s, i, <int64_t*>NULL, <int64_t>0)


cdef void scan_f32(void* s, int64_t i) noexcept nogil:
    scan_block(<Scan*>s, i, <float*>NULL, <double>0)


cdef void scan_f64(void* s, int64_t i) noexcept nogil:
    scan_block(<Scan*>s, i, <double*>NULL, <double>0)


cdef void scan_i64(void* s, int64_t i) noexcept nogil:
    scan_block(<Scan*>s, i, <int64_t*>NULL, <int64_t>0)


cdef inline int64_t rows_of_chunk(ScanJob* job, int64_t units, int64_t lanes) noexcept nogil:
    # Enough for a task, and an even share for a few threads where there is little.
    cdef int64_t size = job.n * (job.inner if job.inner < lanes else lanes), grain = units * size // 16
    if units * size <= CHUNK:
        return units
    return (CHUNK if grain > CHUNK else grain if grain > CHUNK // 4 else CHUNK // 4) // size + 1


cdef void run(ScanJob* job, int op, chunk_fn fn) noexcept nogil:
    cdef Scan s
    cdef int64_t groups = (job.inner + LANES - 1) // LANES, units
    s.job, s.op = job, op
    if job.outer == 0 or job.n == 0 or job.inner == 0:
        return
    if job.outer * groups < SHARES:          # as even a share for a few threads as for one
        groups = (job.inner + WIDE - 1) // WIDE
        groups = groups if groups < SHARES else <int64_t>SHARES
    s.lanes = ((job.inner + groups - 1) // groups + 15) // 16 * 16
    units = job.outer * ((job.inner + s.lanes - 1) // s.lanes)
    s.chunk = rows_of_chunk(job, units, s.lanes)
    parallel_for(fn, &s, (units + s.chunk - 1) // s.chunk)


cdef void cumsum_f32(ScanJob* job) noexcept nogil:
    cdef Scan s
    s.job = job
    if job.n > BLOCK and job.inner == 1:
        long_rows(&s, total_f32, scan_f32, <double>0)
    else:
        run(job, SUM, chunk_f32)


cdef void cumsum_f64(ScanJob* job) noexcept nogil:
    cdef Scan s
    s.job = job
    if job.n > BLOCK and job.inner == 1:
        long_rows(&s, total_f64, scan_f64, <double>0)
    else:
        run(job, SUM, chunk_f64)


cdef void cumsum_i64(ScanJob* job) noexcept nogil:
    cdef Scan s
    s.job = job
    if job.n > BLOCK and job.inner == 1 and get_num_threads() > 1:      # exact, so blocks do not show
        long_rows(&s, total_i64, scan_i64, <int64_t>0)
    else:
        run(job, SUM, chunk_i64)


cdef void cumsum_c64(ScanJob* job) noexcept nogil:
    run(job, SUM, chunk_c64)


cdef void cumsum_c128(ScanJob* job) noexcept nogil:
    run(job, SUM, chunk_c128)


cdef void cumprod_f32(ScanJob* job) noexcept nogil:
    run(job, PRODUCT, chunk_f32)


cdef void cumprod_f64(ScanJob* job) noexcept nogil:
    run(job, PRODUCT, chunk_f64)


cdef void cumprod_i64(ScanJob* job) noexcept nogil:
    run(job, PRODUCT, chunk_i64)


cdef void cumprod_c64(ScanJob* job) noexcept nogil:
    run(job, PRODUCT, chunk_c64)


cdef void cumprod_c128(ScanJob* job) noexcept nogil:
    run(job, PRODUCT, chunk_c128)

# ------------------------------------------------------------------------------------------------------------
# Extrema


cdef inline void extremum_columns(const ordered* x, ordered* y, int64_t* places, int64_t n, int64_t step,
                                  int64_t columns, bint largest) noexcept nogil:
    # The column's best so far is read back from the row before; its place too.
    cdef int64_t i, j, at, before
    cdef ordered v, b
    for j in range(columns):
        y[j] = x[j]
        places[j] = 0
    for i in range(1, n):
        for j in range(columns):
            at = i * step + j
            before = at - step
            v = x[at]
            b = y[before]
            if v != v or (b == b and (v >= b if largest else v <= b)):
                y[at] = v
                places[at] = i
            else:
                y[at] = b
                places[at] = places[before]


cdef inline void extremum_row(const ordered* x, ordered* y, int64_t* places, int64_t n, bint largest) noexcept nogil:
    cdef int64_t i, place = 0, stop = n
    cdef ordered v, best = x[0]
    for i in range(n):
        v = x[i]
        if (not v < best) if largest else (not v > best):      # NaN as well, and it stays
            best = v
            place = i
            if v != v:
                stop = i
                break
        y[i] = best
        places[i] = place
    for i in range(stop, n):
        y[i] = best
        if x[i] != x[i]:
            place = i
        places[i] = place


cdef void extremum_chunk(Scan* s, int64_t number_, ordered* tag) noexcept nogil:
    cdef ScanJob* job = s.job
    cdef int64_t lanes = s.lanes, groups = (job.inner + lanes - 1) // lanes, unit, at, column
    cdef int64_t stop = (number_ + 1) * s.chunk
    cdef const ordered* x = <const ordered*>job.x
    cdef ordered* y = <ordered*>job.y
    if stop > job.outer * groups:
        stop = job.outer * groups
    for unit in range(number_ * s.chunk, stop):
        column = unit % groups * lanes
        at = unit // groups * job.n * job.inner + column
        if job.inner > 1:
            extremum_columns(x + at, y + at, job.places + at, job.n, job.inner,
                             job.inner - column if job.inner - column < lanes else lanes, job.largest)
        elif job.largest:
            extremum_row(x + at, y + at, job.places + at, job.n, True)
        else:
            extremum_row(x + at, y + at, job.places + at, job.n, False)


cdef void extremum_chunk_f32(void* s, int64_t i) noexcept nogil:
    extremum_chunk(<Scan*>s, i, <float*>NULL)


cdef void extremum_chunk_f64(void* s, int64_t i) noexcept nogil:
    extremum_chunk(<Scan*>s, i, <double*>NULL)


cdef void extremum_chunk_i64(void* s, int64_t i) noexcept nogil:
    extremum_chunk(<Scan*>s, i, <int64_t*>NULL)


cdef void extremum_f32(ScanJob* job) noexcept nogil:
    run(job, SUM, extremum_chunk_f32)


cdef void extremum_f64(ScanJob* job) noexcept nogil:
    run(job, SUM, extremum_chunk_f64)


cdef void extremum_i64(ScanJob* job) noexcept nogil:
    run(job, SUM, extremum_chunk_i64)

# ------------------------------------------------------------------------------------------------------------
# Logarithms of sums of exponentials: each sum is kept relative to the largest element so far


cdef inline void exp_block(real* x, int64_t n) noexcept nogil:
    if real is float:
        ct_vexp_f32(x, x, n)
    else:
        ct_vexp_f64(x, x, n)


cdef inline void log_block(real* x, int64_t n) noexcept nogil:
    if real is float:
        ct_vlog_f32(x, x, n)
    else:
        ct_vlog_f64(x, x, n)


cdef inline void logcumsumexp_row(const real* x, real* y, int64_t n) noexcept nogil:
    cdef real peak[STEP]            # the largest so far; 0 where that is infinite
    cdef real power[STEP]
    cdef real scale[STEP]           # of the sum before
    cdef real top = -INFINITY, base = 0, last
    cdef bint begun = False
    cdef double total = 0
    cdef int64_t i, start = 0, size
    while start < n:
        size = n - start if n - start < STEP else <int64_t>STEP
        for i in range(size):
            last = base
            if x[start + i] > top:
                top = x[start + i]
                base = top if top < INFINITY else 0
            scale[i] = last - base if begun else 0
            begun = top > -INFINITY
            peak[i] = base
            power[i] = x[start + i] - base
        exp_block(power, size)
        exp_block(scale, size)
        for i in range(size):
            total = total * scale[i] + power[i]
            power[i] = <real>total
        log_block(power, size)
        for i in range(size):
            y[start + i] = peak[i] + power[i]
        start += size


cdef void logcumsumexp_chunk(Scan* s, int64_t number_, real* tag) noexcept nogil:
    cdef ScanJob* job = s.job
    cdef int64_t row, stop = (number_ + 1) * s.chunk
    if stop > job.outer:
        stop = job.outer
    for row in range(number_ * s.chunk, stop):
        logcumsumexp_row(<const real*>job.x + row * job.n, <real*>job.y + row * job.n, job.n)


cdef void logcumsumexp_chunk_f32(void* s, int64_t i) noexcept nogil:
    logcumsumexp_chunk(<Scan*>s, i, <float*>NULL)


cdef void logcumsumexp_chunk_f64(void* s, int64_t i) noexcept nogil:
    logcumsumexp_chunk(<Scan*>s, i, <double*>NULL)


cdef void logcumsumexp_f32(ScanJob* job) noexcept nogil:
    run(job, SUM, logcumsumexp_chunk_f32)


cdef void logcumsumexp_f64(ScanJob* job) noexcept nogil:
    run(job, SUM, logcumsumexp_chunk_f64)


cdef inline void logcumsumexp_pairs(const real* x, real* y, int64_t n) noexcept nogil:
    # Of complex numbers: the sum so far is kept as exp(base) * total, with the largest real part as base.
    cdef double top = -INFINITY, base = 0, last, size, re = 0, im = 0
    cdef int64_t i
    for i in range(n):
        last = base
        if x[2 * i] > top:
            top = x[2 * i]
            base = top if top < INFINITY else 0
            re, im = re * exp(last - base), im * exp(last - base)
        if x[2 * i] != -INFINITY:
            size = exp(x[2 * i] - base)
            re, im = re + size * cos(x[2 * i + 1]), im + size * sin(x[2 * i + 1])
        y[2 * i] = <real>(base + log(hypot(re, im)))
        y[2 * i + 1] = <real>atan2(im, re)


cdef void logcumsumexp_c64_chunk(void* s, int64_t i) noexcept nogil:
    cdef ScanJob* job = (<Scan*>s).job
    cdef int64_t row
    for row in range(i * (<Scan*>s).chunk, min((i + 1) * (<Scan*>s).chunk, job.outer)):
        logcumsumexp_pairs(<const float*>job.x + 2 * row * job.n, <float*>job.y + 2 * row * job.n, job.n)


cdef void logcumsumexp_c128_chunk(void* s, int64_t i) noexcept nogil:
    cdef ScanJob* job = (<Scan*>s).job
    cdef int64_t row
    for row in range(i * (<Scan*>s).chunk, min((i + 1) * (<Scan*>s).chunk, job.outer)):
        logcumsumexp_pairs(<const double*>job.x + 2 * row * job.n, <double*>job.y + 2 * row * job.n, job.n)


cdef void logcumsumexp_c64(ScanJob* job) noexcept nogil:
    run(job, SUM, logcumsumexp_c64_chunk)


cdef void logcumsumexp_c128(ScanJob* job) noexcept nogil:
    run(job, SUM, logcumsumexp_c128_chunk)


cdef ScanKernels table
table.cumsum[:] = [cumsum_f32, cumsum_f64, cumsum_i64, cumsum_c64, cumsum_c128]
table.cumprod[:] = [cumprod_f32, cumprod_f64, cumprod_i64, cumprod_c64, cumprod_c128]
table.extremum[:] = [extremum_f32, extremum_f64, extremum_i64]
table.logcumsumexp[:] = [logcumsumexp_f32, logcumsumexp_f64, NULL, logcumsumexp_c64, logcumsumexp_c128]

kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)

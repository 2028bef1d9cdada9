"""Reductions over any dimensions, from the kernels of the reduction rows.

The work is cut into tiles of results, and where there are few results into parts of the reduced range as well. The
cut depends on shapes alone, so a result is the same for any number of threads.
"""
from libc.stdint cimport INT64_MAX, int64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from ctorch._accelerator cimport accelerator_reduce
from ctorch._batched cimport levels_of, real_tensor, wrapped
from ctorch._dispatch cimport cast_to, unsupported
from ctorch._dtype cimport *
from ctorch._iterator cimport LoopKernel, cast_kernel
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.half_sums cimport HalfSums
from ctorch._parallel cimport parallel_for
from ctorch._shape cimport once, reduce_dims
from ctorch._tensor cimport *

include "_gen/reductions.pxi"

cdef extern from *:
    void __builtin_prefetch(const void* x) nogil

cdef enum:
    TILE = 256                       # results of a tile, at most
    COLUMNS = 1024                   # and where rows are folded, a page of floats
    CAST = 512                       # elements that are cast together,
    ROWS_WORDS = 2048                # and 8 bytes each, of rows
    SHORT = 16                       # lines shorter than this are folded side by side,
    LONG = 64                        # strided ones up to this too,
    WHOLE = 4096                     # and dense ones up to this many at a time by `ReduceKernels.lines`
    GRAIN = 16384                    # elements of a tile, about
    MAX_PARTS = 256
    ROW_PARTS = 32                   # of all tiles of columns, whose states cost more

cdef set loaded = set()


cdef const ReduceKernels* find_kernels(Reduction* op, int compute) except? NULL:
    cdef ReduceKernels* e
    if op.kernels[compute] != NULL:
        return op.kernels[compute]
    family = ("_gen_reduce_int", "_gen_reduce_int", "_gen_reduce_real", "_gen_reduce_complex")[category_of[compute]]
    if family not in loaded:
        e = <ReduceKernels*>kernel_table(family)     # other threads may run meanwhile, and come here too
        while e.inner != NULL:
            REDUCTIONS[<int>REDUCE_NUMBERS[e.op]].kernels[e.dtype] = e
            e += 1
        loaded.add(family)
    return op.kernels[compute]


cdef struct Job:
    const ReduceKernels* kernels
    LoopKernel cast                  # from the tensor's dtype to the kernel's, or NULL
    const HalfSums* half_sums        # add up what is dense of a half type, where that is what is asked for
    LoopKernel gather                # strided lines of the kernel's dtype to dense ones
    char* data
    char* out
    int itemsize                     # of the tensor
    int native_size                  # of the kernel's dtype
    int out_size
    int kept                         # dimensions kept, outermost first
    int folded                       # dimensions reduced, outermost first
    int64_t kept_shape[MAX_DIMS]
    int64_t kept_stride[MAX_DIMS]    # bytes in the input
    int64_t out_stride[MAX_DIMS]     # elements of the output
    int64_t folded_shape[MAX_DIMS]
    int64_t folded_stride[MAX_DIMS]
    bint whole_lines                 # lines of SHORT to WHOLE elements, dense or evenly spaced, are all that is reduced
    bint short_lines                 # the same of SHORT to LONG elements, several of them for each result
    bint planes                      # dense lines, of one result after the other in memory, again and again
    bint columns                     # fold rows into lines of states, along the last kept dimension
    int64_t outer                    # results apart from the column dimension
    int64_t tile                     # results (or columns) of a tile
    int64_t tiles
    int64_t parts                    # pieces of the first reduced dimension
    int64_t count                    # elements per result
    char* states                     # of all parts, where there are several


cdef inline int64_t reach(int64_t stride) noexcept nogil:
    # The size of a stride; elements that are repeated are worst to go along.
    return (stride if stride > 0 else -stride) if stride else INT64_MAX


cdef void sort_by_stride(int n, int64_t* shape, int64_t* stride, int64_t* other) noexcept:
    # Largest stride first.
    cdef int i, j
    cdef int64_t s, t, o
    for i in range(1, n):
        s, t = shape[i], stride[i]
        o = other[i] if other != NULL else 0
        j = i - 1
        while j >= 0 and reach(stride[j]) < reach(t):
            shape[j + 1], stride[j + 1] = shape[j], stride[j]
            if other != NULL:
                other[j + 1] = other[j]
            j -= 1
        shape[j + 1], stride[j + 1] = s, t
        if other != NULL:
            other[j + 1] = o


cdef int merge(int n, int64_t* shape, int64_t* stride, int64_t* other) noexcept:
    # Joins neighbours that lie evenly; returns how many dimensions are left.
    cdef int i, m = 0
    for i in range(1, n):
        if stride[m] == stride[i] * shape[i] and (other == NULL or other[m] == other[i] * shape[i]):
            shape[m] *= shape[i]
        else:
            m += 1
            shape[m] = shape[i]
        stride[m] = stride[i]
        if other != NULL:
            other[m] = other[i]
    return m + 1 if n else 0


cdef void repeats_inward(Job* job) noexcept:
    # Repeated short lines become lines of repeated elements, of which a buffer is filled once.
    cdef int i, last = job.folded - 1
    cdef int64_t n = job.folded_shape[0]
    if job.folded_stride[0] != 0 or n <= job.folded_shape[last]:
        return
    for i in range(last):
        job.folded_shape[i], job.folded_stride[i] = job.folded_shape[i + 1], job.folded_stride[i + 1]
    job.folded_shape[last], job.folded_stride[last] = n, 0


cdef void plan(Job* job, TensorBase x, const bint* reduced) noexcept:
    cdef int i
    cdef int64_t out_stride = 1, a, b, n, total = 1
    cdef bint even                   # lines that lie as evenly as their elements
    cdef bint as_it_lies             # lines that kernels take without a copy
    job.kept = job.folded = 0
    for i in range(x.ndim - 1, -1, -1):
        if x.shape[i] == 1:
            continue
        if reduced[i]:
            job.folded_shape[job.folded] = x.shape[i]
            job.folded_stride[job.folded] = x.strides[i] * job.itemsize
            job.folded += 1
        else:
            job.kept_shape[job.kept] = x.shape[i]
            job.kept_stride[job.kept] = x.strides[i] * job.itemsize
            job.out_stride[job.kept] = out_stride
            out_stride *= x.shape[i]
            job.kept += 1
    sort_by_stride(job.kept, job.kept_shape, job.kept_stride, job.out_stride)
    sort_by_stride(job.folded, job.folded_shape, job.folded_stride, NULL)
    job.kept = merge(job.kept, job.kept_shape, job.kept_stride, job.out_stride)
    job.folded = merge(job.folded, job.folded_shape, job.folded_stride, NULL)
    if job.kept == 0 and job.folded > 1:
        repeats_inward(job)
    if job.folded == 0:
        job.folded = 1
        job.folded_shape[0] = 1
        job.folded_stride[0] = job.itemsize
    job.columns = job.whole_lines = job.short_lines = job.planes = False
    a = job.kept_stride[job.kept - 1] if job.kept else 0
    b = job.folded_stride[job.folded - 1]
    n = job.folded_shape[job.folded - 1]
    even = job.kept and job.folded == 1 and a == n * b and n <= CAST
    if job.kept:
        job.columns = reach(a) < reach(b) or n < 8 or (
            job.kept_shape[job.kept - 1] >= SHORT and n < (SHORT if b == job.itemsize or even else LONG))
    as_it_lies = b == job.itemsize or (b == 2 * job.itemsize and n > SHORT and job.kernels.seconds)
    if job.cast == NULL and (a == 2 * job.itemsize if job.columns else not as_it_lies and n >= SHORT):
        job.cast = job.gather
    if job.kept and not job.columns and SHORT <= n <= WHOLE:
        job.whole_lines = even if job.cast != NULL else job.folded == 1 and as_it_lies
        if job.folded == 2 and b == job.itemsize and job.cast == NULL:
            job.planes = job.kept_shape[job.kept - 1] >= 8 and 0 < a < reach(job.folded_stride[0])
            job.short_lines = n <= LONG and not job.planes
    for i in range(job.kept):
        total *= job.kept_shape[i]
    cut(job, total)


cdef void cut(Job* job, int64_t results) noexcept:
    # Tiles and parts from the layout alone.
    cdef int64_t wanted, widest, most = MAX_PARTS, grain = job.count * results // 16
    cdef int64_t large = job.count * results // 64 if job.count * results > 64 * GRAIN else GRAIN
    if job.columns:
        job.outer = results // job.kept_shape[job.kept - 1]
        job.tile = job.kept_shape[job.kept - 1]
        if job.kept_stride[job.kept - 1] != job.itemsize:
            widest = TILE
        else:                                # fewer where rows are cast, so that eight fit the buffer
            widest = COLUMNS if job.cast == NULL or job.half_sums != NULL else CAST
        if job.tile > widest:                # tiles of about one width, in whole vectors
            wanted = (job.tile + widest - 1) // widest
            job.tile = ((job.tile + wanted - 1) // wanted + 15) // 16 * 16
        job.tiles = job.outer * ((job.kept_shape[job.kept - 1] + job.tile - 1) // job.tile)
        # equal rows are soon folded, however many
        most = 1 if job.folded == 1 and job.folded_stride[0] == 0 else 2 * ROW_PARTS // (job.tiles + 1)
    else:
        job.outer = results
        # of what no cache holds larger stretches are read quicker
        grain = large if grain > GRAIN else (GRAIN // 8 if grain < GRAIN // 8 else grain)
        job.tile = grain // (job.count + 1) + 1
        if job.tile > TILE or job.planes:
            job.tile = TILE
        job.tiles = (results + job.tile - 1) // job.tile
    job.parts = 1
    if job.tiles < 16 and job.count * results >= 4 * GRAIN:
        wanted = job.count * results // job.tiles // large
        job.parts = wanted if wanted < most else most
        if job.parts > job.folded_shape[0]:
            job.parts = job.folded_shape[0]
        if job.parts < 1:
            job.parts = 1


cdef inline char* aligned(double* space) noexcept nogil:
    # Where no vector crosses a line of the cache.
    return <char*>((<size_t>space + 63) & ~<size_t>63)


cdef void fold_line(Job* job, void* state, char* x, int64_t stride, int64_t n) noexcept nogil:
    cdef double space[2 * CAST + 8]
    cdef char* buffer = aligned(space)
    cdef char* data[2]
    cdef int64_t strides[2]
    cdef int64_t start = 0
    if job.cast == NULL:
        job.kernels.inner(state, x, stride, n)
        return
    if job.half_sums != NULL and stride == job.itemsize:
        job.half_sums.lines(state, x, 0, 1, n)
        return
    data[0] = buffer
    strides[0], strides[1] = job.native_size, stride
    while start < n:
        data[1] = x + start * stride
        if start == 0 or stride != 0:        # what repeats is in the buffer already
            job.cast(data, strides, n - start if n - start < CAST else CAST, NULL)
        job.kernels.inner(state, buffer, job.native_size, n - start if n - start < CAST else CAST)
        start += CAST


cdef void fold_lines(Job* job, char* states, char* x, int64_t line_stride, int64_t lines) noexcept nogil:
    # Lines that the kernel takes as they lie; those to be cast lie as evenly as their elements.
    cdef double space[2 * CAST + 8]
    cdef char* buffer = aligned(space)
    cdef char* data[2]
    cdef int64_t strides[2]
    cdef int64_t n = job.folded_shape[0], start = 0, step = CAST // n, m, k
    if job.cast == NULL:
        if job.folded_stride[0] == job.itemsize:
            job.kernels.lines(states, x, line_stride, lines, n)
            return
        for k in range(lines):
            job.kernels.inner(states + k * job.kernels.state_size, x + k * line_stride, job.folded_stride[0], n)
        return
    if job.half_sums != NULL and job.folded_stride[0] == job.itemsize:
        job.half_sums.lines(states, x, line_stride, lines, n)
        return
    data[0] = buffer
    strides[0], strides[1] = job.native_size, job.folded_stride[0]
    while start < lines:
        m = lines - start if lines - start < step else step
        data[1] = x + start * line_stride
        job.cast(data, strides, m * n, NULL)
        job.kernels.lines(states + start * job.kernels.state_size, buffer, n * job.native_size, m, n)
        start += m


cdef inline void expect(const char* x, int64_t bytes) noexcept nogil:
    # what a row's end leads the processor to expect lies elsewhere
    cdef int64_t i
    for i in range(0, bytes, 64):
        __builtin_prefetch(x + i)


cdef void fold_rows(Job* job, void* state, char* x, int64_t row_stride, int64_t rows, int64_t stride,
                    int64_t n) noexcept nogil:
    # n <= COLUMNS columns; as many rows are cast together as the buffer holds
    cdef double space[ROWS_WORDS + 8]
    cdef char* buffer = aligned(space)
    cdef char* data[2]
    cdef int64_t strides[2]
    cdef int64_t start = 0, step = 8 * ROWS_WORDS // (n * job.native_size), m
    if job.cast == NULL:
        job.kernels.outer(state, x, row_stride, rows, stride, n)
        return
    if job.half_sums != NULL and job.half_sums.rows != NULL and stride == job.itemsize:
        job.half_sums.rows(state, x, row_stride, rows, n)
        return
    strides[0], strides[1] = job.native_size, stride
    while start < rows:
        m = rows - start if rows - start < step else step
        data[0], data[1] = buffer, x + start * row_stride
        if row_stride == n * stride:
            job.cast(data, strides, m * n, NULL)
        elif start == 0 or row_stride != 0:  # what repeats is in the buffer already
            for _ in range(m):
                expect(data[1] + m * row_stride, n * stride if start + m < rows else 0)
                job.cast(data, strides, n, NULL)
                data[0] += n * job.native_size
                data[1] += row_stride
        job.kernels.outer(state, buffer, n * job.native_size, m, job.native_size, n)
        start += m


cdef void fold_short_lines(Job* job, char* state, char* x) noexcept nogil:
    # Two reduced dimensions, the last of them short: each line by itself, and then halves of them onto each other.
    cdef double space[2 * TILE]
    cdef char* states = <char*>space
    cdef int64_t start = 0, lines = job.folded_shape[0], m, half
    cdef int size = job.kernels.state_size
    while start < lines:
        m = lines - start if lines - start < TILE else <int64_t>TILE
        job.kernels.init(states, m)
        job.kernels.lines(states, x + start * job.folded_stride[0], job.folded_stride[0], m, job.folded_shape[1])
        start += m
        while m > 1:
            half = (m + 1) // 2
            job.kernels.merge(states, states + half * size, m - half)
            m = half
        job.kernels.merge(state, states, 1)


cdef void fold_planes(Job* job, char* states, char* x, int64_t part, int64_t lines) noexcept nogil:
    # As memory lies: a line for each of so many results, then the next for each of them.
    cdef int64_t first = job.folded_shape[0] * part // job.parts, end = job.folded_shape[0] * (part + 1) // job.parts
    cdef int64_t plane
    for plane in range(first, end):
        job.kernels.lines(states, x + plane * job.folded_stride[0], job.kept_stride[job.kept - 1], lines,
                          job.folded_shape[1])


cdef void fold(Job* job, void* state, char* x, int64_t part, int64_t columns) noexcept nogil:
    # All reduced elements of one part: into one state, or row by row into `columns` states.
    cdef int64_t index[MAX_DIMS]
    cdef int d, last = job.folded - 1
    cdef int64_t first = 0, end = job.folded_shape[0], n = job.folded_shape[last]
    if job.parts > 1:                        # a division costs as much as a short line
        first, end = end * part // job.parts, end * (part + 1) // job.parts
    if job.short_lines and job.parts == 1:
        fold_short_lines(job, <char*>state, x)
        return
    if last == 0:
        n = end - first
    x += first * job.folded_stride[0]
    for d in range(job.folded):
        index[d] = 0
    index[0] = first
    while True:
        if job.columns:
            fold_rows(job, state, x, job.folded_stride[last], n, job.kept_stride[job.kept - 1], columns)
        else:
            fold_line(job, state, x, job.folded_stride[last], n)
        d = last - 1
        while d >= 0:
            index[d] += 1
            x += job.folded_stride[d]
            if index[d] < (end if d == 0 else job.folded_shape[d]):
                break
            if d == 0:
                return
            x -= job.folded_shape[d] * job.folded_stride[d]
            index[d] = 0
            d -= 1
        if d < 0:
            return


cdef void locate(Job* job, int dims, int64_t i, char** x, int64_t* out) noexcept nogil:
    # Input address and output index of result number i over the first `dims` kept dimensions.
    cdef int d
    cdef int64_t k
    x[0] = job.data
    out[0] = 0
    for d in range(dims - 1, 0, -1):
        k = i % job.kept_shape[d]
        i //= job.kept_shape[d]
        x[0] += k * job.kept_stride[d]
        out[0] += k * job.out_stride[d]
    if dims:                         # what is left needs no division
        x[0] += i * job.kept_stride[0]
        out[0] += i * job.out_stride[0]


cdef inline int64_t run_of(Job* job, int64_t i, int64_t n) noexcept nogil:
    # How many of n results from number i on follow each other in the last kept dimension.
    cdef int64_t left
    if job.kept == 0:
        return 1
    left = job.kept_shape[job.kept - 1] - i % job.kept_shape[job.kept - 1]
    return left if left < n else n


cdef void do_tile(void* arg, int64_t task) noexcept nogil:
    cdef Job* job = <Job*>arg
    cdef int64_t tile = task // job.parts, part = task % job.parts
    cdef double space[2 * COLUMNS]
    cdef char* states = <char*>space
    cdef char* x
    cdef int64_t i, first, n, per, out
    cdef int size = job.kernels.state_size
    if job.columns:
        per = (job.kept_shape[job.kept - 1] + job.tile - 1) // job.tile
        first = tile % per * job.tile
        n = job.kept_shape[job.kept - 1] - first
        n = n if n < job.tile else job.tile
        locate(job, job.kept - 1, tile // per, &x, &out)
        job.kernels.init(states, n)
        fold(job, states, x + first * job.kept_stride[job.kept - 1], part, n)
    else:
        first = tile * job.tile
        n = job.outer - first if job.outer - first < job.tile else job.tile
        job.kernels.init(states, n)
        i = 0
        while i < n:
            locate(job, job.kept, first + i, &x, &out)
            if job.whole_lines and job.parts == 1:
                per = run_of(job, first + i, n - i)
                fold_lines(job, states + i * size, x, job.kept_stride[job.kept - 1], per)
                i += per
            elif job.planes:
                per = run_of(job, first + i, n - i)
                fold_planes(job, states + i * size, x, part, per)
                i += per
            else:
                fold(job, states + i * size, x, part, 1)
                i += 1
    if job.parts == 1:
        finish_tile(job, tile, states)
    else:                                    # only now: threads slow each other down by writing side by side
        memcpy(job.states + (tile * job.parts + part) * job.tile * size, states, n * size)


cdef void finish_tile(Job* job, int64_t tile, char* states) noexcept nogil:
    cdef char* x
    cdef int64_t i, first, n, per, out
    cdef int size = job.kernels.state_size
    if job.columns:
        per = (job.kept_shape[job.kept - 1] + job.tile - 1) // job.tile
        first = tile % per * job.tile
        n = job.kept_shape[job.kept - 1] - first
        n = n if n < job.tile else job.tile
        locate(job, job.kept - 1, tile // per, &x, &out)
        out += first * job.out_stride[job.kept - 1]
        job.kernels.finish(states, job.out + out * job.out_size, job.out_stride[job.kept - 1] * job.out_size, n,
                           job.count)
    else:
        first = tile * job.tile
        n = job.outer - first if job.outer - first < job.tile else job.tile
        i = 0
        while i < n:
            locate(job, job.kept, first + i, &x, &out)
            per = run_of(job, first + i, n - i)
            job.kernels.finish(states + i * size, job.out + out * job.out_size,
                               job.out_stride[job.kept - 1] * job.out_size if job.kept else 0, per, job.count)
            i += per


cdef int run(Job* job) except -1:
    cdef int64_t tile, part
    cdef int size = job.kernels.state_size
    cdef char* first
    if job.parts > 1:
        job.states = <char*>malloc(job.tiles * job.parts * job.tile * size)
        if job.states == NULL:
            raise MemoryError("out of memory for partial results of a reduction")
    if job.tiles * job.parts == 1:
        do_tile(job, 0)
        return 0
    with nogil:
        if job.count * (job.tiles * job.tile if job.columns else job.outer) < 2 * GRAIN:
            for tile in range(job.tiles * job.parts):
                do_tile(job, tile)
        else:
            parallel_for(do_tile, job, job.tiles * job.parts)
        if job.parts > 1:
            for tile in range(job.tiles):
                first = job.states + tile * job.parts * job.tile * size
                for part in range(1, job.parts):
                    job.kernels.merge(first, first + part * job.tile * size, job.tile)
                finish_tile(job, tile, first)
            free(job.states)
    return 0


cdef int check_not_empty(Reduction* op, TensorBase x, const bint* reduced) except -1:
    cdef int i
    if op.has_identity:
        return 0
    for i in range(x.ndim):
        if reduced[i] and x.shape[i] == 0:
            raise IndexError(f"{op.name.decode()}(): Expected reduction dim {i} to have non-zero size.")
    return 0


cdef TensorBase reduce_marked(int which, TensorBase x, const bint* reduced, bint keepdim):
    """Reduce over the marked dimensions; not recorded."""
    cdef Reduction* op = &REDUCTIONS[which]
    cdef Job job
    cdef int64_t shape[MAX_DIMS]
    cdef bint kept[MAX_DIMS]
    cdef int compute = compute_of[x.dtype], i, n = 0, out_dtype
    cdef TensorBase out
    if not (op.categories >> category_of[x.dtype]) & 1:
        unsupported(op.name, x.dtype)
    if op.once and not x.contiguous and x.device == DEVICE_CPU:
        for i in range(x.ndim):
            kept[i] = not reduced[i]
        x = once(x, kept)
    job.count = 1
    for i in range(x.ndim):
        if reduced[i]:
            job.count *= x.shape[i]
            if keepdim:
                shape[n] = 1
                n += 1
        else:
            shape[n] = x.shape[i]
            n += 1
    if x.numel == 0:
        check_not_empty(op, x, reduced)
    out_dtype = x.dtype
    if op.out_bool:
        out_dtype = UINT8 if x.dtype == UINT8 else BOOL    # PyTorch's truth of bytes is older than its bool
    elif (op.to_int64 >> category_of[x.dtype]) & 1:
        out_dtype = INT64
    if x.device == DEVICE_BATCHED:
        return reduce_batched(which, x, reduced, keepdim)
    if x.device != DEVICE_CPU:
        out = tensor_empty_at(x, out_dtype, n, shape)
        accelerator_reduce(which, x, out, reduced)
        return out
    job.kernels = find_kernels(op, compute)
    if job.kernels == NULL:
        unsupported(op.name, x.dtype)
    out = tensor_empty(job.kernels.result, n, shape)
    job.data, job.out = x.data, out.data
    job.itemsize, job.native_size, job.out_size = itemsize_of[x.dtype], itemsize_of[compute], itemsize_of[out.dtype]
    job.gather = cast_kernel(compute, x.dtype)
    job.cast = NULL if x.dtype == compute else job.gather
    job.half_sums = half_sums_of(which, x.dtype)
    if x.numel == 0:
        fill_identity(&job, out)
    elif x.contiguous and out.numel == 1 and job.cast == NULL and x.numel < 2 * GRAIN:
        short_way(&job, x.numel, job.itemsize)
    else:
        plan(&job, x, reduced)
        run(&job)
    return cast_to(out, out_dtype)


cdef const HalfSums* half_sums_of(int which, int dtype) except? NULL:
    if (which != REDUCE_SUM and which != REDUCE_MEAN) or (dtype != FLOAT16 and dtype != BFLOAT16):
        return NULL
    return <const HalfSums*>kernel_table("half_sums") + (dtype == BFLOAT16)


cdef TensorBase reduce_batched(int which, TensorBase x, const bint* reduced, bint keepdim):
    cdef bint marked[MAX_DIMS]
    cdef TensorBase real = real_tensor(x)
    cdef int i, n = real.ndim - x.ndim
    for i in range(real.ndim):
        marked[i] = i >= n and reduced[i - n]
    return wrapped(reduce_marked(which, real, marked, keepdim), levels_of(x))


cdef void short_way(Job* job, int64_t n, int stride) noexcept:
    cdef double state[2]
    job.kernels.init(state, 1)
    job.kernels.inner(state, job.data, stride, n)
    job.kernels.finish(state, job.out, 0, 1, n)


cdef void fill_identity(Job* job, TensorBase out) noexcept:
    cdef double state[2]
    cdef int64_t i
    for i in range(out.numel):
        job.kernels.init(state, 1)
        job.kernels.finish(state, job.out + i * job.out_size, 0, 1, job.count)


cdef TensorBase reduce(int which, TensorBase x, object dim, bint keepdim, object dtype):
    """Reduce over `dim` (None for all); `dtype` casts the input first. Not recorded."""
    cdef bint reduced[MAX_DIMS]
    cdef TensorBase y
    cdef int i
    cdef bint nothing = type(dim) is tuple and not <tuple>dim and REDUCTIONS[which].out_bool
    if dim is None or nothing:               # any and all over no dimensions look at each element alone
        for i in range(x.ndim):
            reduced[i] = not nothing
    else:
        reduce_dims(dim, x.ndim, reduced, REDUCTIONS[which].name.decode())
    if dtype is None:
        return reduce_marked(which, x, reduced, keepdim)
    x = cast_to(x, as_dtype(dtype, REDUCTIONS[which].name.decode()))
    y = reduce_marked(which, x, reduced, keepdim)
    return cast_to(y, x.dtype) if REDUCTIONS[which].to_int64 else y      # 64 bits were only for adding up


cdef TensorBase sum_to(TensorBase x, int ndim, const int64_t* shape):
    # Sums the dimensions that broadcasting from `shape` made or stretched; not recorded.
    cdef bint reduced[MAX_DIMS]
    cdef int i, extra = x.ndim - ndim
    cdef bint any_reduced = False
    cdef TensorBase y = x
    for i in range(x.ndim):
        reduced[i] = i < extra or (shape[i - extra] == 1 and x.shape[i] != 1)
        any_reduced |= reduced[i]
    if any_reduced:
        y = reduce_marked(REDUCE_SUM, x, reduced, True)
    if extra:
        y = tensor_view(y, ndim, y.shape + extra, y.strides + extra, y.data)
    return y

"""Loops over several strided operands: dimensions are merged and sorted, then one-dimensional kernels run over them.

A kernel knows one dtype per operand, and dense lines. Where a tensor has another dtype or lies otherwise, blocks of it
pass through a small buffer on the stack, so that mixed dtypes and strides need neither a kernel nor a temporary tensor
of their own.
"""
from cpython.object cimport PyObject
from libc.stdint cimport int64_t
from libc.string cimport memcpy

from ctorch._accelerator cimport accelerator_copy
from ctorch._batched cimport levels_of, real_in, real_target
from ctorch._dtype cimport DTYPE_COUNT, itemsize_of
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.along cimport AlongKernels, PlaneFn
from ctorch._parallel cimport parallel_for
from ctorch._tensor cimport DEVICE_BATCHED, DEVICE_CPU, MAX_DIMS, TensorBase

cdef enum:
    BLOCK_WORDS = 256                # 8 bytes each, of one operand that pass through its buffer at a time
    LARGE = 1 << 22                  # elements that no cache holds: shorter blocks mix their reading more with the work
    SERIAL = 32768                   # elements that one thread does alone
    NUMBERED = 64                    # elements of a row for which a kernel's loop of one number is called
    NARROW = 32                      # or any of its loops, where the rows of all operands are dense
    TINY = 16                        # elements of a row that are moved one by one, and of a cast's that pass together
    REPEATED = 4096                  # elements from which what repeats
    REPEATS = 16                     # so often is calculated once: a copy costs as much as a sum
    ALONG = 32                       # or so often along the lines
    RAW_WORDS = 512                  # 8 bytes each, of short rows before they are cast

cdef extern from "lines.h" nogil:
    void ct_fill(char* to, const char* value, int size, int64_t n)
    void ct_spread_rows(char* to, const char* frm, int64_t row, int64_t rows, int size, int64_t n)
    void ct_gather_rows(char* to, const char* frm, int64_t row, int64_t rows, int64_t step, int size, int64_t n)

ctypedef LoopKernel CastTable[DTYPE_COUNT][DTYPE_COUNT]
cdef CastTable* casts = NULL


cdef LoopKernel cast_kernel(int to, int frm) except NULL:
    global casts
    if casts == NULL:
        casts = <CastTable*>kernel_table("_gen_cast")
    return casts[0][to][frm]


cdef int loop_init(Loop* loop, int ndim, const int64_t* shape, int outputs, LoopKernel kernel,
                   const Scalar* params) except -1:
    cdef int i
    loop.ndim = ndim
    loop.operands = 0
    loop.outputs = outputs
    loop.buffered = False
    loop.group = 1
    loop.numbers = ANY_STRIDES
    loop.kernel = kernel
    loop.params = params
    loop.numel = 1
    for i in range(ndim):
        loop.shape[i] = shape[i]
        loop.numel *= shape[i]
    return 0


cdef int loop_add(Loop* loop, TensorBase t, int native) except -1:
    # Adds an operand that broadcasts to the loop's shape.
    cdef Operand* o = &loop.operand[loop.operands]
    cdef int i, own, size = itemsize_of[t.dtype]
    cdef int64_t zero[2]
    cdef char* data[2]
    o.data = t.data
    o.dtype = t.dtype
    o.native = native
    for i in range(loop.ndim):
        own = i - (loop.ndim - t.ndim)
        o.strides[i] = 0 if own < 0 or t.shape[own] == 1 else t.strides[own] * size
    if t.dtype != native:
        if t.numel == 1 and loop.operands >= loop.outputs:
            zero[0] = zero[1] = 0
            data[0] = o.scalar
            data[1] = t.data
            cast_kernel(native, t.dtype)(data, zero, 1, NULL)
            o.data = o.scalar
            o.dtype = native
        else:
            cast_kernel(native, t.dtype)     # loads the table before the GIL is released
    loop.operands += 1
    return 0


cdef void order_dims(Loop* loop) noexcept nogil:
    # Largest stride outermost, judged by the first operand that tells two dimensions apart; drops sizes of one.
    cdef int i, j, k, n = 0
    cdef int64_t a, b, t
    for i in range(loop.ndim):
        if loop.shape[i] != 1:
            if n != i:
                loop.shape[n] = loop.shape[i]
                for k in range(loop.operands):
                    loop.operand[k].strides[n] = loop.operand[k].strides[i]
            n += 1
    loop.ndim = n
    for i in range(1, n):
        j = i
        while j > 0:
            a = b = 0
            for k in range(loop.operands):
                a = loop.operand[k].strides[j - 1]
                b = loop.operand[k].strides[j]
                a = a if a >= 0 else -a
                b = b if b >= 0 else -b
                if a != b and a != 0 and b != 0:
                    break
            if a == 0 or b == 0 or a >= b:
                break
            t = loop.shape[j]
            loop.shape[j] = loop.shape[j - 1]
            loop.shape[j - 1] = t
            for k in range(loop.operands):
                t = loop.operand[k].strides[j]
                loop.operand[k].strides[j] = loop.operand[k].strides[j - 1]
                loop.operand[k].strides[j - 1] = t
            j -= 1


cdef void merge_dims(Loop* loop) noexcept nogil:
    # Neighbours that all operands walk evenly become one dimension.
    cdef int i, k, n = 0
    cdef bint even
    if loop.ndim == 0:
        loop.ndim = 1
        loop.shape[0] = 1
        for k in range(loop.operands):
            loop.operand[k].strides[0] = 0
        return
    for i in range(1, loop.ndim):
        even = True
        for k in range(loop.operands):
            if loop.operand[k].strides[n] != loop.operand[k].strides[i] * loop.shape[i]:
                even = False
                break
        if even:
            loop.shape[n] *= loop.shape[i]
        else:
            n += 1
            loop.shape[n] = loop.shape[i]
        for k in range(loop.operands):
            loop.operand[k].strides[n] = loop.operand[k].strides[i]
    loop.ndim = n + 1


cdef int choose_numbers(Loop* loop) noexcept nogil:
    # The largest set of inputs that are single numbers along the lines and may be so for the kernel, a bit each.
    cdef Operand* o
    cdef int k, found = 0, chosen = 0
    for k in range(loop.operands - loop.outputs):
        o = &loop.operand[loop.outputs + k]
        if o.dtype == o.native and o.strides[loop.ndim - 1] == 0:
            found |= 1 << k
    for k in range(1, 16 if found else 0):
        if (loop.numbers >> k) & 1 and k & ~found == 0 and members(k) > members(chosen):
            chosen = k
    return chosen


cdef inline int members(int k) noexcept nogil:
    return (k & 1) + ((k >> 1) & 1) + ((k >> 2) & 1) + ((k >> 3) & 1)


cdef bint both_seconds(Loop* loop) noexcept nogil:
    # Whether two inputs are every second element of memory along the lines.
    cdef Operand* o
    cdef int k
    for k in range(loop.outputs, loop.operands):
        o = &loop.operand[k]
        if o.dtype != o.native or o.strides[loop.ndim - 1] != 2 * itemsize_of[o.native]:
            return False
    return loop.operands == loop.outputs + 2 and loop.numel > 1


cdef int choose_moves(Loop* loop) except -1:
    # Which operands a kernel for dense lines reads or writes through buffers.
    cdef Operand* o
    cdef int k, size, largest = 1, inner = loop.ndim - 1, numbers = choose_numbers(loop)
    cdef bint is_input, seconds = loop.numbers & SECONDS and both_seconds(loop)
    for k in range(loop.operands):
        o = &loop.operand[k]
        size = itemsize_of[o.native]
        largest = size if size > largest else largest
        is_input = k >= loop.outputs
        o.move = NULL
        if is_input and (seconds or (numbers >> (k - loop.outputs)) & 1):
            continue
        if loop.numel == 1:
            o.strides[inner] = itemsize_of[o.dtype]
        if o.dtype == o.native and o.strides[inner] == size:
            continue
        o.move = cast_kernel(o.native, o.dtype) if is_input else cast_kernel(o.dtype, o.native)
        loop.buffered = True
    loop.block = 8 * BLOCK_WORDS // largest
    if inner > 0 and 2 * loop.shape[inner] <= (loop.block if loop.buffered else 2 * NARROW):
        choose_row_moves(loop)
    if loop.numel >= LARGE and loop.group == 1:
        loop.block //= 4
    return 0


cdef int choose_row_moves(Loop* loop) except -1:
    # Short rows: a kernel's call for each costs more than to copy them. A number of its own for each row, which some
    # kernels take, is worth the call from NUMBERED elements on.
    cdef Operand* o
    cdef int k, size, inner = loop.ndim - 1
    cdef int64_t n = loop.shape[inner]
    cdef bint is_input
    for k in range(loop.operands):
        o = &loop.operand[k]
        size = itemsize_of[o.native]
        is_input = k >= loop.outputs
        o.row_move = NULL
        if o.dtype == o.native and o.strides[inner] == size and o.strides[inner - 1] == n * size:
            continue
        if o.move == NULL and o.strides[inner] == 0:
            if o.strides[inner - 1] == 0:
                continue
            if n >= NUMBERED or loop.operands > loop.outputs + 2:
                return 0
        o.row_move = cast_kernel(o.native, o.dtype) if is_input else cast_kernel(o.dtype, o.native)
    loop.group = loop.block // n
    return 0


cdef struct Buffers:
    double space[MAX_OPERANDS * (BLOCK_WORDS + 8) + 8]
    double raw[RAW_WORDS]
    char* filled[MAX_OPERANDS]       # the number that a buffer is full of
    int64_t count[MAX_OPERANDS]      # and how many of it


cdef void move_rows(LoopKernel move, char* to, char* frm, int64_t to_row, int64_t from_row, int64_t to_step,
                    int64_t from_step, int64_t rows, int64_t n) noexcept nogil:
    cdef char* pair[2]
    cdef int64_t steps[2]
    cdef int64_t i
    steps[0], steps[1] = to_step, from_step
    if to_row == n * to_step and from_row == n * from_step:
        n, rows = n * rows, 1
    for i in range(rows):
        pair[0], pair[1] = to + i * to_row, frm + i * from_row
        move(pair, steps, n, NULL)


cdef inline void move_line(LoopKernel move, char* to, char* frm, int64_t to_step, int64_t from_step,
                           int64_t n) noexcept nogil:
    move_rows(move, to, frm, 0, 0, to_step, from_step, 1, n)


cdef void fill_buffer(Loop* loop, Buffers* buffers, int k, char* buffer, char* number, int64_t n) noexcept nogil:
    # A number as a dense line, where that was not the last thing put there.
    if buffers.filled[k] == number and buffers.count[k] >= n:
        return
    buffers.filled[k], buffers.count[k] = number, n
    move_line(loop.operand[k].move, buffer, number, itemsize_of[loop.operand[k].native], 0, n)


cdef void run_buffered(Loop* loop, Buffers* buffers, char** data, int64_t n) noexcept nogil:
    # One line, block by block through buffers.
    cdef char* buffer = <char*>((<size_t>&buffers.space[0] + 63) & ~<size_t>63)      # no vector crosses a cache line
    cdef char* kernel_data[MAX_OPERANDS]
    cdef int64_t kernel_strides[MAX_OPERANDS]
    cdef int64_t steps[MAX_OPERANDS]
    cdef int64_t start = 0, m
    cdef Operand* o
    cdef int k, inner = loop.ndim - 1
    for k in range(loop.operands):
        o = &loop.operand[k]
        steps[k] = o.strides[inner]
        kernel_data[k], kernel_strides[k] = data[k], steps[k]
        if o.move != NULL:
            kernel_data[k], kernel_strides[k] = buffer + 8 * k * (BLOCK_WORDS + 8), itemsize_of[o.native]
            if steps[k] == 0 and k >= loop.outputs:
                fill_buffer(loop, buffers, k, kernel_data[k], data[k], n if n < loop.block else loop.block)
    while start < n:
        m = n - start if n - start < loop.block else loop.block
        for k in range(loop.outputs, loop.operands):
            o = &loop.operand[k]
            if o.move != NULL and steps[k] != 0:
                buffers.filled[k] = NULL
                move_line(o.move, kernel_data[k], data[k] + start * steps[k], kernel_strides[k], steps[k], m)
        loop.kernel(kernel_data, kernel_strides, m, loop.params)
        for k in range(loop.operands):
            o = &loop.operand[k]
            if o.move == NULL:
                kernel_data[k] += m * steps[k]
            elif k < loop.outputs:
                move_line(o.move, data[k] + start * steps[k], kernel_data[k], steps[k], kernel_strides[k], m)
        start += m


cdef inline void bring_rows(char* to, char* frm, int64_t row, int64_t rows, int64_t step, int size,
                            int64_t n) noexcept nogil:
    if step == 0:
        ct_spread_rows(to, frm, row, rows, size, n)
    else:
        ct_gather_rows(to, frm, row, rows, step, size, n)


cdef void run_rows(Loop* loop, Buffers* buffers, char** data, int64_t rows) noexcept nogil:
    # Short rows as one line: what does not lie like that goes through buffers, one row for all only once.
    cdef char* buffer = <char*>((<size_t>&buffers.space[0] + 63) & ~<size_t>63)
    cdef char* kernel_data[MAX_OPERANDS]
    cdef int64_t kernel_strides[MAX_OPERANDS]
    cdef int64_t n = loop.shape[loop.ndim - 1], row, step, size, held
    cdef Operand* o
    cdef int k, inner = loop.ndim - 1
    for k in range(loop.operands):
        o = &loop.operand[k]
        row, step, size = o.strides[inner - 1], o.strides[inner], itemsize_of[o.native]
        kernel_data[k], kernel_strides[k] = data[k], step
        if o.row_move == NULL:
            continue
        kernel_data[k], kernel_strides[k] = buffer + 8 * k * (BLOCK_WORDS + 8), size
        if k < loop.outputs or (buffers.filled[k] == data[k] and buffers.count[k] >= rows * n):
            continue
        buffers.filled[k], buffers.count[k] = data[k] if row == 0 else NULL, rows * n
        held = itemsize_of[o.dtype]
        if row == n * step or (n > TINY and step != 0 and step != held) or rows * n * held > 8 * RAW_WORDS:
            move_rows(o.row_move, kernel_data[k], data[k], n * size, row, size, step, rows, n)
        elif o.dtype == o.native:
            bring_rows(kernel_data[k], data[k], row, rows, step, <int>held, n)
        else:
            bring_rows(<char*>buffers.raw, data[k], row, rows, step, <int>held, n)
            move_line(o.row_move, kernel_data[k], <char*>buffers.raw, size, held, rows * n)
    loop.kernel(kernel_data, kernel_strides, rows * n, loop.params)
    for k in range(loop.outputs):
        o = &loop.operand[k]
        if o.row_move != NULL:
            size = itemsize_of[o.native]
            move_rows(o.row_move, data[k], kernel_data[k], o.strides[inner - 1], n * size, o.strides[inner], size,
                      rows, n)


cdef void run_lines(Loop* loop, char** data, const int64_t* strides, int64_t rows, int64_t n) noexcept nogil:
    # Rows that the kernel takes as they lie.
    cdef char* line[MAX_OPERANDS]
    cdef int64_t step[MAX_OPERANDS]
    cdef LoopKernel kernel = loop.kernel
    cdef int k, operands = loop.operands, across = loop.ndim - 2
    for k in range(operands):
        line[k], step[k] = data[k], loop.operand[k].strides[across]
    while True:
        kernel(line, strides, n, loop.params)
        rows -= 1
        if rows == 0:
            return
        for k in range(operands):
            line[k] += step[k]


cdef void run_range(Loop* loop, int64_t start, int64_t end) noexcept nogil:
    # Elements start..end of the loop, in its own order.
    cdef int64_t index[MAX_DIMS]
    cdef char* data[MAX_OPERANDS]
    cdef char* line[MAX_OPERANDS]
    cdef int64_t strides[MAX_OPERANDS]
    cdef Buffers buffers
    cdef int64_t rest = start, n, rows
    cdef int d, k, inner = loop.ndim - 1
    for d in range(inner, -1, -1):
        index[d] = rest % loop.shape[d]
        rest //= loop.shape[d]
    for k in range(loop.operands):
        data[k] = loop.operand[k].data
        strides[k] = loop.operand[k].strides[inner]
        buffers.filled[k] = NULL
        for d in range(inner):
            data[k] += index[d] * loop.operand[k].strides[d]
    while start < end:
        n = loop.shape[inner] - index[inner]
        if n > end - start:
            n = end - start
        rows = 1
        if (loop.group > 1 or not loop.buffered) and n == loop.shape[inner] and end - start >= 2 * n and inner > 0:
            rows = (end - start) // n
            rows = rows if rows < loop.group or loop.group == 1 else loop.group
            rows = rows if rows < loop.shape[inner - 1] - index[inner - 1] else loop.shape[inner - 1] - index[inner - 1]
        if rows > 1 and loop.group > 1:
            run_rows(loop, &buffers, data, rows)
        elif rows > 1:
            run_lines(loop, data, strides, rows, n)
        else:
            for k in range(loop.operands):
                line[k] = data[k] + index[inner] * strides[k]
            if loop.buffered:
                run_buffered(loop, &buffers, line, n)
            else:
                loop.kernel(line, strides, n, loop.params)
        start += n * rows
        index[inner] = 0
        d = inner - 1
        while d >= 0:
            index[d] += rows
            for k in range(loop.operands):
                data[k] += rows * loop.operand[k].strides[d]
            rows = 1
            if index[d] < loop.shape[d]:
                break
            for k in range(loop.operands):
                data[k] -= loop.shape[d] * loop.operand[k].strides[d]
            index[d] = 0
            d -= 1


cdef int64_t chunk_of(int64_t n) noexcept nogil:
    # Elements of one task, by the size alone: as even a share for a few threads as for one.
    cdef int64_t chunk = (n // 8 + 64) // 64 * 64
    return chunk if chunk < PARALLEL_CHUNK else PARALLEL_CHUNK


cdef int64_t stretch_of(int64_t n) noexcept nogil:
    # Of what no cache holds larger stretches are read quicker.
    cdef int64_t chunk = chunk_of(n), large = n // 4096 * 64
    return chunk if chunk > large else large


cdef void run_chunk(void* arg, int64_t chunk) noexcept nogil:
    cdef Loop* loop = <Loop*>arg
    cdef int64_t size = stretch_of(loop.numel)
    cdef int64_t end = (chunk + 1) * size
    run_range(loop, chunk * size, end if end < loop.numel else loop.numel)


cdef bint repeats(Loop* loop, int d) noexcept nogil:
    # Whether all inputs, expanded along a dimension, say the same all along it.
    cdef int k
    for k in range(loop.operands):
        if (loop.operand[k].strides[d] == 0) != (k >= loop.outputs):
            return False
    return True


cdef int run_once(Loop* loop, const int* dims, int count) except -1:
    # The first of what repeats along some dimensions is calculated, and copied along one after the other.
    cdef Loop first = loop[0]
    cdef int i, k
    for i in range(count):
        first.numel //= loop.shape[dims[i]]
        first.shape[dims[i]] = 1
    loop_run(&first)
    for k in range(loop.outputs):
        for i in range(count):
            copy_along(loop, k, dims, i, count)
    return 0


cdef int copy_along(Loop* loop, int k, const int* dims, int i, int count) except -1:
    # An output's first along dims[i] to the others, where those dims before are done, and those behind are to come.
    cdef Loop copy = loop[0]
    cdef int d = dims[i], j
    copy.shape[d] -= 1
    for j in range(i + 1, count):
        copy.shape[dims[j]] = 1
    copy.operands = 2
    copy.operand[0] = copy.operand[1] = loop.operand[k]
    copy.operand[0].data += loop.operand[k].strides[d]
    copy.operand[1].strides[d] = 0
    return copy_strided(&copy, itemsize_of[loop.operand[k].dtype])


cdef int loop_run(Loop* loop) except -1:
    cdef int64_t chunk
    cdef int64_t times = 1
    cdef int dims[MAX_DIMS]
    cdef int d, count = 0
    if loop.numel == 0:
        return 0
    order_dims(loop)
    merge_dims(loop)
    for d in range(loop.ndim if loop.numel >= REPEATED and loop.operands > loop.outputs else 0):
        if repeats(loop, d) and (d < loop.ndim - 1 or loop.shape[d] >= ALONG):
            dims[count] = d
            count += 1
            times *= loop.shape[d]
    if times >= REPEATS:
        return run_once(loop, dims, count)
    if loop.numbers != ANY_STRIDES or (loop.ndim > 1 and loop.shape[loop.ndim - 1] <= TINY):
        choose_moves(loop)
    if loop.numel <= SERIAL:
        run_range(loop, 0, loop.numel)
        return 0
    chunk = stretch_of(loop.numel)
    with nogil:
        parallel_for(run_chunk, loop, (loop.numel + chunk - 1) // chunk)
    return 0


# ---- the short way for operands that are all contiguous

cdef struct Line:
    LoopKernel kernel
    int operands
    char** data
    const int64_t* strides
    int64_t n
    int64_t chunk
    const Scalar* params


cdef void run_line_chunk(void* arg, int64_t chunk) noexcept nogil:
    cdef Line* line = <Line*>arg
    cdef char* data[MAX_OPERANDS]
    cdef int64_t start = chunk * line.chunk
    cdef int64_t n = line.n - start
    cdef int k
    for k in range(line.operands):
        data[k] = line.data[k] + start * line.strides[k]
    line.kernel(data, line.strides, n if n < line.chunk else line.chunk, line.params)


cdef void run_contiguous(LoopKernel kernel, int operands, char** data, const int64_t* strides, int64_t n,
                         const Scalar* params) noexcept nogil:
    run_line(kernel, operands, data, strides, n, stretch_of(n), params)


cdef void run_line(LoopKernel kernel, int operands, char** data, const int64_t* strides, int64_t n, int64_t chunk,
                   const Scalar* params) noexcept nogil:
    cdef Line line
    if n <= SERIAL:
        kernel(data, strides, n, params)
        return
    line.kernel = kernel
    line.operands = operands
    line.data = data
    line.strides = strides
    line.n = n
    line.chunk = chunk
    line.params = params
    parallel_for(run_line_chunk, &line, (n + chunk - 1) // chunk)


cdef void fill_line(char** data, const int64_t* strides, int64_t n, const Scalar* params) noexcept nogil:
    ct_fill(data[0], data[1], <int>strides[0], n)


cdef int fill_data(TensorBase to, TensorBase number) except -1:
    # A contiguous tensor full of one number.
    cdef char value[16]
    cdef char* data[2]
    cdef int64_t strides[2]
    cdef int64_t chunk
    data[0], data[1] = value, number.data
    strides[0] = strides[1] = 0
    cast_kernel(to.dtype, number.dtype)(data, strides, 1, NULL)
    data[0], data[1] = to.data, value
    strides[0] = itemsize_of[to.dtype]
    with nogil:
        chunk = stretch_of(to.numel)                   # each begins slowly, so few
        run_line(fill_line, 2, data, strides, to.numel, chunk if chunk > PARALLEL_CHUNK else PARALLEL_CHUNK, NULL)
    return 0


# ---- copies without a cast

cdef struct Copy:
    PlaneFn plane
    int ndim                         # dimensions around a plane
    int64_t shape[MAX_DIMS]
    int64_t to_strides[MAX_DIMS]
    int64_t from_strides[MAX_DIMS]
    char* to
    char* frm
    int64_t rows, n                  # of a plane
    int64_t to_row, from_row, to_step, from_step
    int64_t height, width            # of the pieces that planes are cut into
    int64_t across, pieces           # how many of them in a row, and in all
    int64_t planes, group            # of them to a chunk, where they are whole
    int size


cdef AlongKernels* along = NULL


cdef void copy_piece(Copy* c, char* to, char* frm, int64_t piece) noexcept nogil:
    cdef int64_t i = piece // c.across * c.height, j = piece % c.across * c.width
    c.plane(to + i * c.to_row + j * c.to_step, frm + i * c.from_row + j * c.from_step,
            c.height if c.height < c.rows - i else c.rows - i, c.width if c.width < c.n - j else c.n - j,
            c.to_row, c.from_row, c.to_step, c.from_step, c.size)


cdef void copy_chunk(void* arg, int64_t chunk) noexcept nogil:
    cdef Copy* c = <Copy*>arg
    cdef int64_t index[MAX_DIMS]
    cdef int64_t first = chunk // c.pieces * c.group, count = c.planes - first, rest = first
    cdef char* to = c.to
    cdef char* frm = c.frm
    cdef int d
    if count > c.group:
        count = c.group
    for d in range(c.ndim - 1, -1, -1):
        index[d] = rest % c.shape[d]
        rest = rest // c.shape[d]
        to += index[d] * c.to_strides[d]
        frm += index[d] * c.from_strides[d]
    if c.pieces > 1:
        copy_piece(c, to, frm, chunk % c.pieces)
        return
    while True:
        c.plane(to, frm, c.rows, c.n, c.to_row, c.from_row, c.to_step, c.from_step, c.size)
        count -= 1
        if count == 0:
            return
        d = c.ndim - 1
        while index[d] == c.shape[d] - 1:
            to -= index[d] * c.to_strides[d]
            frm -= index[d] * c.from_strides[d]
            index[d] = 0
            d -= 1
        index[d] += 1
        to += c.to_strides[d]
        frm += c.from_strides[d]


cdef void choose_plane(Loop* loop, Copy* c) noexcept nogil:
    # The line is the last dimension of what is written; across it goes the one that what is read has closest together.
    cdef int inner = loop.ndim - 1, other = inner - 1, d
    cdef bint turned = False
    cdef int64_t* to = loop.operand[0].strides
    cdef int64_t* frm = loop.operand[1].strides
    cdef int64_t least = frm[inner] if frm[inner] >= 0 else -frm[inner], step, chunk
    c.n, c.to_step, c.from_step = loop.shape[inner], to[inner], frm[inner]
    c.rows, c.to_row, c.from_row = 1, 0, 0
    for d in range(inner):
        step = frm[d] if frm[d] >= 0 else -frm[d]
        if 0 < step < least:
            other, turned, least = d, True, step
    if other >= 0:
        c.rows, c.to_row, c.from_row = loop.shape[other], to[other], frm[other]
    c.ndim, c.planes = 0, 1
    for d in range(inner):
        if d != other:
            c.shape[c.ndim], c.to_strides[c.ndim], c.from_strides[c.ndim] = loop.shape[d], to[d], frm[d]
            c.planes *= loop.shape[d]
            c.ndim += 1
    c.height, c.width, c.across, c.pieces, c.group = c.rows, c.n, 1, 1, 1
    if c.rows * c.n <= PARALLEL_CHUNK:
        c.group = PARALLEL_CHUNK // (c.rows * c.n)
        return
    chunk = chunk_of(c.rows * c.n)
    step = 256 if turned else chunk
    c.width = step if step < c.n else c.n
    c.height = (chunk + c.width - 1) // c.width
    c.across = (c.n + c.width - 1) // c.width
    c.pieces = (c.rows + c.height - 1) // c.height * c.across


cdef int copy_strided(Loop* loop, int size) except -1:
    # Operand 0 of a loop = operand 1, elements of so many bytes.
    global along
    cdef Copy c
    cdef int64_t chunks, i
    if along == NULL:
        along = <AlongKernels*>kernel_table("along")
    order_dims(loop)
    merge_dims(loop)
    c.plane, c.size, c.to, c.frm = along.plane, size, loop.operand[0].data, loop.operand[1].data
    choose_plane(loop, &c)
    chunks = (c.planes + c.group - 1) // c.group * c.pieces
    if c.planes * c.rows * c.n > SERIAL:
        with nogil:
            parallel_for(copy_chunk, &c, chunks)
    else:
        for i in range(chunks):
            copy_chunk(&c, i)
    return 0


cdef int copy_batched(TensorBase to, TensorBase frm) except -1:
    cdef PyObject* source = <PyObject*>frm
    cdef TensorBase real = real_target(to, 1, &source)
    return copy_data(real, real_in(frm, levels_of(to), to.ndim))


cdef int copy_data(TensorBase to, TensorBase frm) except -1:
    # to[...] = frm, cast and broadcast; the memory of the two must not overlap in part.
    cdef Loop loop
    if to.numel == 0:
        return 0
    if to.device != DEVICE_CPU or frm.device != DEVICE_CPU:
        if to.device == DEVICE_BATCHED or frm.device == DEVICE_BATCHED:
            return copy_batched(to, frm)
        return accelerator_copy(to, frm)
    if to.contiguous and frm.contiguous and to.dtype == frm.dtype and to.numel == frm.numel and to.numel < 1024:
        memcpy(to.data, frm.data, to.numel * itemsize_of[to.dtype])
        return 0
    if frm.numel == 1 and to.contiguous and to.numel > 1:
        return fill_data(to, frm)
    loop_init(&loop, to.ndim, to.shape, 1, NULL, NULL)
    if to.dtype != frm.dtype:
        loop.kernel = cast_kernel(to.dtype, frm.dtype)
    loop_add(&loop, to, to.dtype)
    loop_add(&loop, frm, frm.dtype)
    return loop_run(&loop) if to.dtype != frm.dtype else copy_strided(&loop, itemsize_of[to.dtype])

"""Copies in another order: triangles of matrices, dimensions in reverse, elements moved on or repeated, borders."""
from libc.stdint cimport int64_t
from libc.string cimport memcpy

from ctorch._dispatch cimport contiguous
from ctorch._dtype cimport *
from ctorch._forward.common cimport dense
from ctorch._forward.indexing cimport load_along, word_of
from ctorch._iterator cimport Loop, Operand, copy_strided, loop_add, loop_init
from ctorch._kernels.along cimport *
from ctorch._parallel cimport parallel_for
from ctorch._shape cimport wrap_dim
from ctorch._tensor cimport *

cdef enum:
    CHUNK = 32768                     # elements that one task copies


cdef int each_group(void (*fn)(void*, int64_t) noexcept nogil, void* job, int64_t lines, int64_t group) except -1:
    cdef int64_t chunks = (lines + group - 1) // group
    if chunks == 1:
        fn(job, 0)
    else:
        with nogil:
            parallel_for(fn, job, chunks)
    return 0


cdef struct Triangle:
    AlongKernels* kernels
    const char* x
    char* to
    int64_t rows, columns, diagonal
    int64_t matrices
    int64_t group                    # rows to a chunk
    int size
    bint lower


cdef void triangle_chunk(void* arg, int64_t chunk) noexcept nogil:
    cdef Triangle* t = <Triangle*>arg
    cdef int64_t at = chunk * t.group, end = at + t.group, row, n, width = t.columns * t.size
    if end > t.matrices * t.rows:
        end = t.matrices * t.rows
    while at < end:
        row = at % t.rows
        n = t.rows - row if t.rows - row < end - at else end - at
        t.kernels.triangle(t.x + at * width, t.to + at * width, n, t.columns, row, t.diagonal, t.lower, t.size)
        at += n


cdef TensorBase triangle_forward(TensorBase x, int64_t diagonal, bint lower):
    cdef TensorBase a = contiguous(x), y = a if a is not x else tensor_empty(x.dtype, x.ndim, x.shape)
    cdef Triangle t
    if x.numel == 0:
        return y
    t.kernels, t.x, t.to, t.diagonal, t.lower = load_along(), a.data, y.data, diagonal, lower
    t.rows, t.columns, t.size = x.shape[x.ndim - 2], x.shape[x.ndim - 1], itemsize_of[x.dtype]
    t.matrices = x.numel // (t.rows * t.columns)
    t.group = CHUNK // t.columns + 1
    each_group(triangle_chunk, &t, t.matrices * t.rows, t.group)
    return y


cdef TensorBase flip_forward(TensorBase x, object dims):
    cdef TensorBase y = tensor_empty(x.dtype, x.ndim, x.shape)
    cdef Loop loop
    cdef Operand* frm = &loop.operand[1]
    cdef bint backward[MAX_DIMS]
    cdef int i
    for i in range(x.ndim):
        backward[i] = False
    for d in dims:
        i = wrap_dim(d, x.ndim, "flip")
        if x.ndim and backward[i]:
            raise RuntimeError(f"dim {i} appears multiple times in the list of dims")
        if x.ndim:
            backward[i] = True
    if x.numel == 0:
        return y
    loop_init(&loop, x.ndim, x.shape, 1, NULL, NULL)
    loop_add(&loop, y, y.dtype)
    loop_add(&loop, x, x.dtype)
    for i in range(x.ndim):
        if backward[i]:
            frm.data += (x.shape[i] - 1) * frm.strides[i]
            frm.strides[i] = -frm.strides[i]
    copy_strided(&loop, itemsize_of[x.dtype])
    return y


cdef struct Repeat:
    AlongKernels* kernels
    const char* x
    char* to
    int64_t blocks, group
    int64_t length, times
    int word, size


cdef void repeat_chunk(void* arg, int64_t chunk) noexcept nogil:
    cdef Repeat* r = <Repeat*>arg
    cdef int64_t first = chunk * r.group, end = first + r.group, bytes = r.length * r.size, i, k
    if end > r.blocks:
        end = r.blocks
    if r.length == 1:
        r.kernels.again[r.word](r.x + first * r.size, r.to + first * r.times * r.size, end - first, r.times)
        return
    for i in range(first, end):
        for k in range(r.times):
            memcpy(r.to + (i * r.times + k) * bytes, r.x + i * bytes, bytes)


cdef TensorBase repeat_each_forward(TensorBase x, int dim, int64_t times):
    """Each index of a dimension, `times` times."""
    cdef TensorBase a = contiguous(x), y
    cdef Repeat r
    cdef int64_t shape[MAX_DIMS]
    cdef int i
    for i in range(x.ndim):
        shape[i] = x.shape[i]
    shape[dim] *= times
    y = tensor_empty(x.dtype, x.ndim, shape)
    if y.numel == 0:
        return y
    r.kernels, r.x, r.to, r.times = load_along(), a.data, y.data, times
    r.size, r.word, r.length = itemsize_of[x.dtype], word_of(x.dtype), 1
    for i in range(dim + 1, x.ndim):
        r.length *= x.shape[i]
    r.blocks = x.numel // r.length
    r.group = CHUNK // (r.length * times) + 1
    each_group(repeat_chunk, &r, r.blocks, r.group)
    return y


cdef TensorBase repeat_places_forward(TensorBase repeats):
    cdef TensorBase r = dense(repeats, INT64), y
    cdef const int64_t* count = <const int64_t*>r.data
    cdef int64_t total = 0, i, k = 0
    cdef int64_t* to
    for i in range(r.numel):
        if count[i] < 0:
            raise RuntimeError("repeats can not be negative")
        total += count[i]
    y = tensor_empty(INT64, 1, &total)
    to = <int64_t*>y.data
    for i in range(r.numel):
        for _ in range(count[i]):
            to[k] = i
            k += 1
    return y


# ---- borders and turns: along each dimension up to three runs of elements, one after the other

cdef enum:
    REFLECT
    REPLICATE
    CIRCULAR

cdef enum:
    BLOCK = 16384                     # elements of one task
    TURNED = 256                      # columns of one, where the source has rows closer together than columns


cdef struct Run:
    # `count` elements along a dimension of the result: the source's from `start` on, one every `step`.
    int64_t count, start, step


cdef struct Runs:
    # A dense result whose dimensions are runs of a source's. Strides are in bytes.
    PlaneFn plane
    char* to
    const char* frm
    int ndim, size
    Run run[MAX_DIMS][3]
    int64_t shape[MAX_DIMS]
    int64_t strides[MAX_DIMS]         # of the source
    int64_t to_row                    # of the result
    int64_t height, width             # of the blocks that planes, the last two dimensions, are cut into
    int64_t across, blocks            # how many of them in a row, and in all
    int64_t planes, group             # of them to a task, where they are whole


cdef inline Run run_of(int64_t count, int64_t start, int64_t step) noexcept:
    cdef Run run
    run.count, run.start, run.step = count, start, step
    return run


cdef inline int64_t least(int64_t a, int64_t b) noexcept nogil:
    return a if a < b else b


cdef int add_runs(Runs* r, int64_t n, int64_t stride, Run before, int64_t kept, Run after) noexcept:
    """One more dimension inside the others: a run, the first `kept` of the source's n elements, and another run.

    A dimension that is not changed becomes one with that around it, where both are walked evenly.
    """
    cdef bint same = before.count == 0 and kept == n and after.count == 0
    cdef int last = r.ndim - 1, i
    if same and n == 1:
        return 0
    if same and last >= 0 and r.strides[last] == stride * n:
        same = ((r.run[last][0].count == 0 or r.run[last][0].step == 1)
                and (r.run[last][2].count == 0 or r.run[last][2].step == 1))
        if same:
            for i in range(3):
                r.run[last][i].count *= n
                r.run[last][i].start *= n
            r.shape[last] *= n
            r.strides[last] = stride
            return 0
    last += 1
    r.run[last][0], r.run[last][1], r.run[last][2] = before, run_of(kept, 0, 1), after
    r.shape[last], r.strides[last] = before.count + kept + after.count, stride
    r.ndim = last + 1
    return 0


cdef void copy_block(Runs* r, char* to, const char* frm, int64_t top, int64_t left) noexcept nogil:
    # A block of a plane: where a run of rows meets one of columns, a plane of the source.
    cdef int h = r.ndim - 2, w = h + 1, i, j
    cdef int64_t bottom = least(top + r.height, r.shape[h]), right = least(left + r.width, r.shape[w])
    cdef int64_t row = 0, column, y, x, rows, columns, row_step, step
    cdef const char* line
    for i in range(3):
        y = row if row > top else top
        rows = least(row + r.run[h][i].count, bottom) - y
        row_step = r.run[h][i].step * r.strides[h]
        line = frm + r.run[h][i].start * r.strides[h] + (y - row) * row_step
        row += r.run[h][i].count
        column = 0
        for j in range(3 if rows > 0 else 0):
            x = column if column > left else left
            columns = least(column + r.run[w][j].count, right) - x
            step = r.run[w][j].step * r.strides[w]
            if columns > 0:
                r.plane(to + y * r.to_row + x * r.size, line + r.run[w][j].start * r.strides[w] + (x - column) * step,
                        rows, columns, r.to_row, row_step, r.size, step, r.size)
            column += r.run[w][j].count


cdef void runs_task(void* arg, int64_t task) noexcept nogil:
    cdef Runs* r = <Runs*>arg
    cdef int64_t block = task % r.blocks, first = task // r.blocks * r.group, number, rest, k
    cdef const char* frm
    cdef int d, i
    for number in range(first, least(first + r.group, r.planes)):
        frm, rest = r.frm, number
        for d in range(r.ndim - 3, -1, -1):
            k = rest % r.shape[d]
            rest = rest // r.shape[d]
            i = 0
            while k >= r.run[d][i].count:
                k -= r.run[d][i].count
                i += 1
            frm += (r.run[d][i].start + k * r.run[d][i].step) * r.strides[d]
        copy_block(r, r.to + number * r.shape[r.ndim - 2] * r.to_row, frm, block // r.across * r.height,
                   block % r.across * r.width)


cdef int copy_runs(Runs* r, TensorBase x, TensorBase y) except -1:
    # y, whose dimensions are these runs of x's.
    cdef int64_t rows, columns, row, column
    while r.ndim < 2:
        r.run[r.ndim][0] = r.run[r.ndim][2] = run_of(0, 0, 1)
        r.run[r.ndim][1] = run_of(1, 0, 1)
        r.shape[r.ndim], r.strides[r.ndim] = 1, 0
        r.ndim += 1
    r.plane, r.frm, r.to, r.size = load_along().plane, x.data, y.data, itemsize_of[y.dtype]
    rows, columns = r.shape[r.ndim - 2], r.shape[r.ndim - 1]
    row, column = abs(r.strides[r.ndim - 2]), abs(r.strides[r.ndim - 1])
    r.to_row, r.planes = columns * r.size, y.numel // (rows * columns)
    r.width = least(columns, TURNED if 0 < row < column else BLOCK)
    r.height = least(rows, BLOCK // r.width)
    r.across = (columns + r.width - 1) // r.width
    r.blocks = (rows + r.height - 1) // r.height * r.across
    r.group = BLOCK // (rows * columns) if r.blocks == 1 else 1
    return each_group(runs_task, r, r.planes * r.blocks if r.blocks > 1 else r.planes, r.group)


cdef int check_border(TensorBase x, int d, int64_t before, int64_t after, int64_t mode) except -1:
    cdef int64_t n = x.shape[d]
    if mode == REFLECT and (before >= n or after >= n):
        raise RuntimeError("Argument #4: Padding size should be less than the corresponding input dimension, but got: "
                           f"padding ({before}, {after}) at dimension {d} of input {list(shape_tuple(x))}")
    if mode == CIRCULAR and (before > n or after > n):
        raise RuntimeError("Padding value causes wrapping around more than once.")
    if n == 0 and before + after:
        raise RuntimeError(f"Expected dimension {d} of the input to be non-zero, but got {list(shape_tuple(x))}")
    return 0


cdef TensorBase pad_edges_forward(TensorBase x, object pad, int64_t mode):
    """x with borders of its own elements; the last dimension's pair of sizes first, none below zero."""
    cdef TensorBase y
    cdef Runs r
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t before, after, n
    cdef int d, pair, size = itemsize_of[x.dtype], pairs = len(pad) // 2
    r.ndim = 0
    for d in range(x.ndim):
        pair, n = x.ndim - 1 - d, x.shape[d]
        before, after = (pad[2 * pair], pad[2 * pair + 1]) if pair < pairs else (0, 0)
        if pair < pairs:
            check_border(x, d, before, after, mode)
        shape[d] = before + n + after
        if mode == REFLECT:
            add_runs(&r, n, x.strides[d] * size, run_of(before, before, -1), n, run_of(after, n - 2, -1))
        elif mode == REPLICATE:
            add_runs(&r, n, x.strides[d] * size, run_of(before, 0, 0), n, run_of(after, n - 1, 0))
        else:
            add_runs(&r, n, x.strides[d] * size, run_of(before, n - before, 1), n, run_of(after, 0, 1))
    y = tensor_empty(x.dtype, x.ndim, shape)
    if y.numel:
        copy_runs(&r, x, y)
    return y


cdef TensorBase roll_forward(TensorBase x, object shifts, object dims):
    """The elements of some dimensions moved on; those that pass the end come in at the beginning."""
    cdef TensorBase y = tensor_empty(x.dtype, x.ndim, x.shape)
    cdef Runs r
    cdef int64_t moved[MAX_DIMS]
    cdef int64_t n
    cdef int d, size = itemsize_of[x.dtype]
    if x.numel == 0:
        return y
    for d in range(x.ndim):
        moved[d] = 0
    for shift, dim in zip(shifts, dims):
        d = wrap_dim(dim, x.ndim, "roll")
        if x.ndim:
            moved[d] = (moved[d] + shift % <object>x.shape[d]) % x.shape[d]
    r.ndim = 0
    for d in range(x.ndim):
        n = x.shape[d]
        add_runs(&r, n, x.strides[d] * size, run_of(moved[d], n - moved[d], 1), n - moved[d], run_of(0, 0, 1))
    copy_runs(&r, x, y)
    return y

"""Interpolation and grid samples: taps, shapes and dtypes around their kernels."""
from libc.math cimport ceil, fabs, floor
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memset

from ctorch._dispatch cimport cast_to
from ctorch._dtype cimport *
from ctorch._forward.common cimport dense, float_compute, row_of
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.resample cimport *
from ctorch._tensor cimport *

cdef ResampleKernels* kernels = NULL


cdef ResampleKernels* load() except NULL:
    global kernels
    if kernels == NULL:
        kernels = <ResampleKernels*>kernel_table("resample")
    return kernels

# ---- taps of an axis: which elements each element of the result is made of

cdef struct Taps:
    int64_t size, out, each         # each: the most taps of an element
    int64_t* first
    int32_t* source
    double* weight


cdef inline double single(double x, bint wide) noexcept:
    # PyTorch computes places in the dtype of the values: narrow ones round there too.
    return x if wide else <double><float>x


cdef int new_taps(Taps* t, int64_t size, int64_t out, int64_t each) except -1:
    t.size, t.out, t.each = size, out, each
    if <double>out * each > 1e12:            # sums of bytes stay far from the end of int64
        t.first, t.source, t.weight = NULL, NULL, NULL
        raise RuntimeError(f"interpolate: an output of {out} elements of an input of {size} is too large")
    t.first = <int64_t*>malloc((out + 1) * sizeof(int64_t))
    t.source = <int32_t*>malloc((out * each + 1) * sizeof(int32_t))
    t.weight = <double*>malloc((out * each + 1) * sizeof(double))
    if t.first == NULL or t.source == NULL or t.weight == NULL:
        free_taps(t)
        raise MemoryError("interpolate: out of memory for its weights")
    t.first[0] = 0
    return 0


cdef void free_taps(Taps* t) noexcept:
    free(t.first)
    free(t.source)
    free(t.weight)


cdef inline void add_tap(Taps* t, int64_t j, int64_t source, double weight) noexcept:
    t.source[t.first[j + 1]], t.weight[t.first[j + 1]] = <int32_t>source, weight
    t.first[j + 1] += 1


cdef inline int64_t clamped(int64_t at, int64_t size) noexcept:
    return 0 if at < 0 else size - 1 if at >= size else at


cdef inline double kernel_of(double x, bint cubic) noexcept:
    """The filters of antialiasing: a triangle, or Keys's cubic with a = -0.5."""
    x = fabs(x)
    if not cubic:
        return 1 - x if x < 1 else 0
    if x < 1:
        return (1.5 * x - 2.5) * x * x + 1
    return ((-0.5 * x + 2.5) * x - 4) * x + 2 if x < 2 else 0


cdef int smooth_taps(Taps* t, int64_t size, int64_t out, double scale, bint cubic) except -1:
    cdef double width = 2.0 if cubic else 1.0, support = width * scale if scale >= 1 else width
    cdef double inverse = 1 / scale if scale >= 1 else 1, center, total, weight
    cdef int64_t j, i, low, count
    new_taps(t, size, out, <int64_t>ceil(support) * 2 + 1)
    for j in range(out):
        t.first[j + 1] = t.first[j]
        center = scale * (j + 0.5)
        low = <int64_t>(center - support + 0.5)
        low = low if low > 0 else 0
        count = <int64_t>(center + support + 0.5)
        count = (count if count < size else size) - low
        total = 0
        for i in range(count):
            weight = kernel_of((i + low - center + 0.5) * inverse, cubic)
            add_tap(t, j, low + i, weight)
            total += weight
        for i in range(t.first[j], t.first[j + 1]):
            t.weight[i] /= total if total != 0 else 1
    return 0


cdef void cubic_taps(Taps* t, int64_t j, double at) noexcept:
    cdef double a = -0.75, low = floor(at), x = at - low
    cdef int64_t i = <int64_t>low
    add_tap(t, j, clamped(i - 1, t.size), ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a)
    add_tap(t, j, clamped(i, t.size), ((a + 2) * x - (a + 3)) * x * x + 1)
    x = 1 - x
    add_tap(t, j, clamped(i + 1, t.size), ((a + 2) * x - (a + 3)) * x * x + 1)
    add_tap(t, j, clamped(i + 2, t.size), ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a)


cdef int make_taps(Taps* t, int64_t size, int64_t out, str mode, bint align, object factor, bint antialias,
                   bint wide) except -1:
    cdef double scale, at, part
    cdef int64_t j, low
    cdef bint nearest = mode == "nearest" or mode == "nearest-exact", cubic = mode == "cubic"
    if align:
        scale = single(<double>(size - 1) / (out - 1), wide) if out > 1 else 0
    elif factor is not None and factor > 0:
        scale = single(1.0 / <double>factor, wide)
    else:
        scale = single(<double>size / out, wide) if wide else <double>(<float>size / <float>out)
    if antialias:
        return smooth_taps(t, size, out, scale, cubic)
    new_taps(t, size, out, 1 if nearest else 4 if cubic else 2)
    for j in range(out):
        t.first[j + 1] = t.first[j]
        if nearest:
            at = single(scale * (j + 0.5 if mode == "nearest-exact" else j), wide)
            add_tap(t, j, clamped(<int64_t>floor(at), size), 1)
            continue
        at = single(scale * j, wide) if align else single(single(scale * (j + 0.5), wide) - 0.5, wide)
        if cubic:
            cubic_taps(t, j, at)
            continue
        at = at if at > 0 else 0
        low = clamped(<int64_t>at, size)
        part = single(at - low, wide)
        part = 0 if part < 0 else 1 if part > 1 else part
        add_tap(t, j, low, single(1 - part, wide))
        add_tap(t, j, low + 1 if low + 1 < size else low, part)
    return 0


cdef void round_taps(Taps* t) noexcept:
    """Weights for bytes: integers of 16 bits over a power of two, as PyTorch has them."""
    cdef double most = 0
    cdef int64_t i, j, k
    cdef int bits = 0
    for j in range(t.out):              # the taps of one element count together: those at a border are clamped
        for i in range(t.first[j], t.first[j + 1]):
            for k in range(i + 1, t.first[j + 1]):
                if t.source[k] == t.source[i]:
                    t.weight[i] += t.weight[k]
                    t.weight[k] = 0
    for i in range(t.first[t.out]):
        most = t.weight[i] if t.weight[i] > most else most
    while bits < 22 and <int64_t>(0.5 + most * (1 << (bits + 1))) < 1 << 15:
        bits += 1
    for i in range(t.first[t.out]):
        t.weight[i] = <double><int64_t>(t.weight[i] * (1 << bits) + (0.5 if t.weight[i] >= 0 else -0.5)) / (1 << bits)


cdef int transpose_taps(Taps* t) except -1:
    # What each element of the source goes to.
    cdef Taps to
    cdef int64_t j, i, k
    cdef int64_t* at = <int64_t*>calloc(t.size + 1, sizeof(int64_t))
    if at == NULL:
        raise MemoryError("interpolate: out of memory for its weights")
    new_taps(&to, t.out, t.size, t.first[t.out] // t.size + 1)
    for i in range(t.first[t.out]):
        at[t.source[i] + 1] += 1
    for j in range(t.size):
        at[j + 1] += at[j]
    for j in range(t.size + 1):
        to.first[j] = at[j]
    for j in range(t.out):
        for i in range(t.first[j], t.first[j + 1]):
            k = at[t.source[i]]
            to.source[k], to.weight[k] = <int32_t>j, t.weight[i]
            at[t.source[i]] += 1
    to.each = 0
    free(at)
    free_taps(t)
    t[0] = to
    return 0


cdef TensorBase along(TensorBase x, Taps* t, int64_t dim, int dtype, bint equal):
    """The kernel's call: `equal` taps are laid out tap by tap."""
    cdef TensorBase a = dense(x, dtype), y
    cdef Resample r
    cdef int64_t shape[64]
    cdef int64_t i, j, k, count = t.first[t.out]
    cdef int32_t* sources = t.source
    cdef void* weights = malloc((count + 1) * sizeof(double))
    if equal:
        sources = <int32_t*>malloc((count + 1) * sizeof(int32_t))
    for i in range(count):
        j = i
        if equal:
            j, k = i // t.each, i % t.each
            sources[k * t.out + j] = t.source[i]
            j = k * t.out + j
        if dtype == FLOAT64:
            (<double*>weights)[j] = t.weight[i]
        else:
            (<float*>weights)[j] = <float>t.weight[i]
    r.outer = r.inner = 1
    for i in range(x.ndim):
        shape[i] = x.shape[i]
        if i < dim:
            r.outer *= x.shape[i]
        elif i > dim:
            r.inner *= x.shape[i]
    shape[dim] = t.out
    r.size, r.out, r.taps = t.size, t.out, t.each if equal else 0
    r.first, r.source, r.weight = t.first, sources, weights
    y = tensor_empty(dtype, x.ndim, shape)
    r.x, r.y = a.data, y.data
    cdef ResampleKernels* table = load()
    with nogil:
        table.axis[row_of(dtype)](&r)
    if equal:
        free(sources)
    free(weights)
    return y


cdef int image_compute(TensorBase x) except -1:
    # Images of bytes are computed in float32, like the narrow floats.
    if x.dtype == UINT8:
        return FLOAT32
    return float_compute(x, b"interpolate")


cdef TensorBase resample_forward(TensorBase x, int64_t dim, int64_t size, str mode, bint align, object scale,
                                 bint antialias):
    cdef int dtype = image_compute(x)
    cdef Taps t
    cdef TensorBase y
    make_taps(&t, x.shape[dim], size, mode, align, scale, antialias, dtype == FLOAT64 or x.dtype == UINT8)
    if x.dtype == UINT8:
        round_taps(&t)
    try:
        y = along(x, &t, dim, dtype, not antialias)
    finally:
        free_taps(&t)
    if x.dtype == UINT8:
        return cast_to(<TensorBase>((y + 0.5).floor().clamp(0, 255)), UINT8)
    return cast_to(y, x.dtype)


cdef TensorBase resample_backward_forward(TensorBase grad, int64_t dim, int64_t size, str mode, bint align,
                                          object scale, bint antialias):
    cdef int dtype = float_compute(grad, b"interpolate")
    cdef Taps t
    cdef TensorBase gx
    make_taps(&t, size, grad.shape[dim], mode, align, scale, antialias, dtype == FLOAT64)
    try:
        transpose_taps(&t)
        gx = along(grad, &t, dim, dtype, False)
    finally:
        free_taps(&t)
    return cast_to(gx, grad.dtype)

# ---- samples at points


cdef int check_grid(TensorBase x, TensorBase grid, int64_t mode, int64_t padding) except -1:
    cdef int i
    if x.dtype != grid.dtype:
        raise RuntimeError(f"grid_sampler(): expected input and grid to have same dtype, but input has "
                           f"{dtype_object(x.dtype)} and grid has {dtype_object(grid.dtype)}")
    if x.ndim not in (4, 5) or x.ndim != grid.ndim:
        refuse_grid("expected 4D or 5D input and grid with same number of dimensions", x, grid)
    if x.shape[0] != grid.shape[0]:
        refuse_grid("expected grid and input to have same batch size", x, grid)
    if grid.shape[grid.ndim - 1] != x.ndim - 2:
        refuse_grid(f"expected grid to have size {x.ndim - 2} in last dimension", x, grid)
    for i in range(2, x.ndim):
        if x.shape[i] == 0:
            refuse_grid("expected input to have non-empty spatial dimensions", x, grid)
    if mode == 2 and x.ndim == 5:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    if not 0 <= mode <= 2 or not 0 <= padding <= 2:
        raise RuntimeError(f"grid_sampler(): interpolation mode {mode} and padding mode {padding} must be 0, 1 or 2")
    return 0


cdef int refuse_grid(str expected, TensorBase x, TensorBase grid) except -1:
    raise RuntimeError(f"grid_sampler(): {expected}, but got input with sizes {list(shape_tuple(x))} and grid with "
                       f"sizes {list(shape_tuple(grid))}")


cdef int fill_sampling(Sampling* s, TensorBase x, TensorBase grid, int64_t mode, int64_t padding,
                       bint align) except -1:
    cdef int i, n = x.ndim - 2
    memset(s, 0, sizeof(Sampling))
    s.batch, s.channels, s.axes, s.points = x.shape[0], x.shape[1], n, 1
    s.mode, s.padding, s.align = mode, padding, align
    for i in range(3):
        s.size[i] = x.shape[i - 3 + x.ndim] if i >= 3 - n else 1
    for i in range(n):
        s.points *= grid.shape[1 + i]
    return 0


cdef TensorBase grid_sampler_forward(TensorBase x, TensorBase grid, int64_t mode, int64_t padding, bint align):
    check_grid(x, grid, mode, padding)
    cdef int dtype = float_compute(x, b"grid_sampler"), i
    cdef Sampling s
    cdef int64_t shape[5]
    cdef TensorBase a = dense(x, dtype), points = dense(grid, dtype), y
    fill_sampling(&s, x, grid, mode, padding, align)
    for i in range(x.ndim):
        shape[i] = x.shape[i] if i < 2 else grid.shape[i - 1]
    y = tensor_empty(dtype, x.ndim, shape)
    s.x, s.grid, s.y = a.data, points.data, y.data
    cdef ResampleKernels* k = load()
    with nogil:
        k.sample[row_of(dtype)](&s)
    return cast_to(y, x.dtype)


cdef object grid_sampler_backward_forward(TensorBase grad, TensorBase x, TensorBase grid, int64_t mode,
                                          int64_t padding, bint align, object needs):
    """Gradients of the images and of the points."""
    cdef int dtype = float_compute(x, b"grid_sampler")
    cdef Sampling s
    cdef TensorBase a = dense(x, dtype), points = dense(grid, dtype), g = dense(grad, dtype), gx = None, ggrid
    fill_sampling(&s, x, grid, mode, padding, align)
    if needs[0]:
        gx = tensor_empty(dtype, x.ndim, x.shape)
    ggrid = tensor_empty(dtype, grid.ndim, grid.shape)
    s.x, s.grid, s.gy, s.ggrid = a.data, points.data, g.data, ggrid.data
    s.gx = NULL if gx is None else gx.data
    cdef ResampleKernels* k = load()
    with nogil:
        k.sample_backward[row_of(dtype)](&s)
    return None if gx is None else cast_to(gx, x.dtype), cast_to(ggrid, grid.dtype)

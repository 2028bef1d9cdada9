"""Pooling by listed windows, columns of images, slices of volumes: shapes and dtypes around their kernels."""
from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from ctorch._dispatch cimport cast_to, unsupported
from ctorch._dtype cimport *
from ctorch._forward.common cimport axis_number, dense, pair
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.volumes cimport *
from ctorch._tensor cimport *

cdef VolumeKernels* kernels = NULL


cdef VolumeKernels* load() except NULL:
    global kernels
    if kernels == NULL:
        kernels = <VolumeKernels*>kernel_table("volumes")
    return kernels


cdef int number_compute(TensorBase x, const char* op) except -1:
    # float64 stays, the other floats are computed in float32, integers in int64.
    if category_of[x.dtype] == CATEGORY_INT:
        return INT64
    if category_of[x.dtype] != CATEGORY_FLOAT:
        unsupported(op, x.dtype)
    return FLOAT64 if x.dtype == FLOAT64 else FLOAT32


cdef inline int row_of_number(int dtype) noexcept nogil:
    return 0 if dtype == FLOAT32 else 1 if dtype == FLOAT64 else 2

# ---- pooling


cdef enum:
    WINDOWS_MAX                         # sliding windows, of which the padding is left out
    WINDOWS_PADDED                      # whose share counts the padding
    WINDOWS_CUT                         # whose share does not
    WINDOWS_ADAPTIVE                    # as many windows as asked for, which cover the axis


cdef int three(object value, int dims, int64_t* to, int64_t first, str op, str arg) except -1:
    # A number for each axis; those of axes that the input has not are `first`.
    cdef int i
    for i in range(3 - dims):
        to[i] = first
    if isinstance(value, int):
        for i in range(3 - dims, 3):
            to[i] = axis_number(value, op, arg)
        return 0
    value = tuple(value)
    if len(value) != dims and len(value) != 1:
        raise RuntimeError(f"{op}: expected {arg} to be a single integer value or a list of {dims} values, got "
                           f"{list(value)}")
    for i in range(dims):
        to[3 - dims + i] = axis_number(value[i if len(value) == dims else 0], op, arg)
    return 0


cdef int need_sizes(TensorBase x, int dims, str op, str mode) except -1:
    if x.ndim != dims + 1 and x.ndim != dims + 2:
        raise RuntimeError(f"{op}: Expected {dims + 1}D or {dims + 2}D {mode}, but got: {list(shape_tuple(x))}")
    return 0


def sliding_windows(TensorBase x not None, int dims, kernel_size, stride, padding, dilation, bint ceil_mode,
                    bint maximum, bint count_include_pad, str op not None):
    """The windows of a pooling: for each axis how they are laid out, and the distances of their elements."""
    cdef int64_t kernel[3]
    cdef int64_t step[3]
    cdef int64_t pad[3]
    cdef int64_t apart[3]
    cdef int64_t out[3]
    cdef int64_t size, room
    cdef int i, kind = WINDOWS_MAX if maximum else WINDOWS_PADDED if count_include_pad else WINDOWS_CUT
    three(kernel_size, dims, kernel, 1, op, "kernel_size")
    three(stride if stride or stride == 0 else kernel_size, dims, step, 1, op, "stride")
    three(padding, dims, pad, 0, op, "padding")
    three(dilation, dims, apart, 1, op, "dilation")
    need_sizes(x, dims, op, "(batch mode) tensor for input")
    for i in range(x.ndim - dims - 1, x.ndim):
        if x.shape[i] == 0:
            raise RuntimeError(f"{op}: Expected input's non-batch dimensions to have positive length, but got: "
                               f"{list(shape_tuple(x))}")
    for i in range(3):
        if kernel[i] <= 0 or step[i] <= 0 or apart[i] <= 0:
            name, value = (("kernel size", kernel_size) if kernel[i] <= 0 else ("stride", stride) if step[i] <= 0
                           else ("dilation", dilation))
            raise RuntimeError(f"{op}: {name} should be greater than zero, but got {value}")
        if pad[i] < 0 or 2 * pad[i] > kernel[i]:
            raise RuntimeError(f"{op}: pad should be at most half of effective kernel size, but got pad={padding}, "
                               f"kernel_size={kernel_size}")
    for i in range(3):
        size = 1 if i < 3 - dims else x.shape[x.ndim - 3 + i]
        if dims == 3 and not maximum and size < kernel[i]:
            raise RuntimeError(f"{op}: input {list(shape_tuple(x))} smaller than kernel size {kernel_size}")
        room = size + 2 * pad[i] - apart[i] * (kernel[i] - 1) - 1
        room += step[i] - 1 if ceil_mode else 0
        out[i] = 0 if room < 0 else room // step[i] + 1      # C divides towards zero
        if ceil_mode and (out[i] - 1) * step[i] >= size + pad[i]:
            out[i] -= 1                  # the last window would start in the padding
    if out[0] < 1 or out[1] < 1 or out[2] < 1:
        raise RuntimeError(f"Given input size: {list(shape_tuple(x))}. Calculated output size: "
                           f"{[out[i] for i in range(3 - dims, 3)]}. Output size is too small")
    return tuple([(kind, out[i], kernel[i], step[i], pad[i], apart[i]) for i in range(3)]), (
        apart[0], apart[1], apart[2])


def adaptive_windows(TensorBase x not None, output_size, int dims, str op not None):
    """The size of the result, and the windows of three axes."""
    cdef int64_t out[3]
    cdef int i
    if x.ndim != dims + 1 and x.ndim != dims + 2:
        raise RuntimeError(f"{op}: Expected {dims + 1}D or {dims + 2}D tensor, but got {list(shape_tuple(x))}")
    if not isinstance(output_size, (tuple, list)):
        output_size = (output_size,) * dims
    if len(output_size) != dims:
        raise RuntimeError(f"{op}: expected output_size of {dims} numbers, got {list(output_size)}")
    for i in range(3):
        out[i] = 1
        if i >= 3 - dims:
            size = output_size[i - (3 - dims)]
            out[i] = x.shape[x.ndim - 3 + i] if size is None else axis_number(size, op, "output_size")
    size = [out[i] for i in range(3 - dims, 3)]
    if min(size) < 0:
        raise RuntimeError(f"{op}: elements of output_size must be greater than or equal to 0 but received {size}")
    for i in range(x.ndim - dims - (x.ndim == dims + 1), x.ndim):
        if x.shape[i] == 0:
            raise RuntimeError(f"{op}: Expected input to have non-zero size for non-batch dimensions, but input has "
                               f"sizes {list(shape_tuple(x))}")
    return size, tuple([(WINDOWS_ADAPTIVE, out[i], 0, 0, 0, 0) for i in range(3)])


cdef int fill_axis(int kind, int64_t size, int64_t out, int64_t kernel, int64_t stride, int64_t pad, int64_t apart,
                   int64_t* start, int64_t* stop, int64_t* share) noexcept:
    cdef int64_t i, a, b
    for i in range(out):
        if kind == WINDOWS_ADAPTIVE:
            a, b = i * size // out, ((i + 1) * size + out - 1) // out
        else:
            a = i * stride - pad
            b = a + (kernel - 1) * apart + 1
        share[i] = (b if b < size + pad else size + pad) - a
        if a < 0:                        # the first element inside
            a = a + (-a + apart - 1) // apart * apart if kind == WINDOWS_MAX else 0
        start[i], stop[i] = a, b if b < size else size
        if kind != WINDOWS_PADDED:
            share[i] = stop[i] - start[i]
    return 0


cdef int64_t* fill_windows(Volumes* v, object windows) except NULL:
    # The three axes' starts, stops and shares, in one block.
    cdef int64_t total = 1, kernel, stride, pad, apart
    cdef int axis, kind
    cdef int64_t* block
    cdef int64_t* at
    for axis in range(3):
        v.out[axis] = windows[axis][1]
        total += 3 * v.out[axis]
    block = at = <int64_t*>malloc(total * sizeof(int64_t))
    if block == NULL:
        raise MemoryError("pooling: out of memory for its windows")
    for axis in range(3):
        kind, _, kernel, stride, pad, apart = windows[axis]
        v.start[axis], v.stop[axis], v.share[axis] = at, at + v.out[axis], at + 2 * v.out[axis]
        fill_axis(kind, v.size[axis], v.out[axis], kernel, stride, pad, apart, at, at + v.out[axis],
                  at + 2 * v.out[axis])
        at += 3 * v.out[axis]
    return block


cdef int fill_sizes(Volumes* v, int ndim, const int64_t* shape) except -1:
    # The last three dimensions are a volume.
    cdef int i
    memset(v, 0, sizeof(Volumes))
    v.planes = 1
    for i in range(ndim - 3):
        v.planes *= shape[i]
    for i in range(3):
        v.size[i] = shape[ndim - 3 + i]
        v.step[i] = 1
    return 0


cdef TensorBase like_volumes(TensorBase x, const int64_t* size, int dtype):
    # Empty, with another size of the last three dimensions.
    cdef int64_t shape[64]
    cdef int i
    for i in range(x.ndim):
        shape[i] = x.shape[i] if i < x.ndim - 3 else size[i - x.ndim + 3]
    return tensor_empty(dtype, x.ndim, shape)


cdef object max_windows_forward(TensorBase x, object windows, object dilation):
    cdef int dtype = number_compute(x, b"max_pool"), i
    cdef Volumes v
    cdef TensorBase a = dense(x, dtype), y, indices
    fill_sizes(&v, x.ndim, x.shape)
    cdef int64_t* block = fill_windows(&v, windows)
    for i in range(3):
        v.step[i] = dilation[i]
    y, indices = like_volumes(x, v.out, dtype), like_volumes(x, v.out, INT64)
    v.x, v.y, v.indices = a.data, y.data, <int64_t*>indices.data
    cdef VolumeKernels* k = load()
    with nogil:
        k.max[row_of_number(dtype)](&v)
    free(block)
    return cast_to(y, x.dtype), indices


cdef TensorBase max_windows_backward_forward(TensorBase grad, TensorBase indices, object shape):
    cdef int dtype = number_compute(grad, b"max_pool"), n = len(shape), i
    cdef Volumes v
    cdef int64_t sizes[64]
    cdef TensorBase g = dense(grad, dtype), places = dense(indices, INT64), gx
    for i in range(n):
        sizes[i] = shape[i]
    fill_sizes(&v, n, sizes)
    for i in range(3):
        v.out[i] = grad.shape[n - 3 + i]
    gx = tensor_empty(dtype, n, sizes)
    v.gy, v.gx, v.indices = g.data, gx.data, <int64_t*>places.data
    cdef VolumeKernels* k = load()
    with nogil:
        k.max_backward[row_of_number(dtype)](&v)
    return cast_to(gx, grad.dtype)


cdef TensorBase average_windows_forward(TensorBase x, object windows, object divisor):
    cdef int dtype = number_compute(x, b"avg_pool")
    cdef Volumes v
    cdef TensorBase a = dense(x, dtype), y
    fill_sizes(&v, x.ndim, x.shape)
    cdef int64_t* block = fill_windows(&v, windows)
    v.divisor = 0 if divisor is None else divisor
    y = like_volumes(x, v.out, dtype)
    v.x, v.y = a.data, y.data
    cdef VolumeKernels* k = load()
    with nogil:
        k.average[row_of_number(dtype)](&v)
    free(block)
    return cast_to(y, x.dtype)


cdef TensorBase average_windows_backward_forward(TensorBase grad, object shape, object windows, object divisor):
    cdef int dtype = number_compute(grad, b"avg_pool"), n = len(shape), i
    cdef Volumes v
    cdef int64_t sizes[64]
    cdef TensorBase g = dense(grad, dtype), gx
    for i in range(n):
        sizes[i] = shape[i]
    fill_sizes(&v, n, sizes)
    cdef int64_t* block = fill_windows(&v, windows)
    v.divisor = 0 if divisor is None else divisor
    gx = tensor_empty(dtype, n, sizes)
    v.gy, v.gx = g.data, gx.data
    cdef VolumeKernels* k = load()
    with nogil:
        k.average_backward[row_of_number(dtype)](&v)
    free(block)
    return cast_to(gx, grad.dtype)


cdef TensorBase unpool_forward(TensorBase x, TensorBase indices, object size):
    cdef int dtype = number_compute(x, b"max_unpool"), i
    cdef Volumes v
    cdef int64_t sizes[3]
    cdef int64_t at, whole
    cdef TensorBase a = dense(x, dtype), places = dense(indices, INT64), y
    cdef int64_t* place = <int64_t*>places.data
    fill_sizes(&v, x.ndim, x.shape)
    for i in range(3):
        v.out[i] = v.size[i]
        v.size[i] = sizes[i] = size[i]
    whole = v.size[0] * v.size[1] * v.size[2]
    for at in range(places.numel):
        if place[at] < 0 or place[at] >= whole:
            raise RuntimeError(f"max_unpool: found an invalid max index {place[at]}, expected one below {whole} "
                               f"(output {list(size)})")
    y = like_volumes(x, sizes, dtype)
    v.x, v.y, v.indices = a.data, y.data, place
    cdef VolumeKernels* k = load()
    with nogil:
        k.unpool[row_of_number(dtype)](&v)
    return cast_to(y, x.dtype)

# ---- columns


cdef int fill_columns(Columns* c, object kernel_size, object dilation, object padding, object stride,
                      str op) except -1:
    cdef int64_t v[2]
    pair(kernel_size, v, op, "kernel_size")
    c.kernel_h, c.kernel_w = v[0], v[1]
    pair(dilation, v, op, "dilation")
    c.dilation_h, c.dilation_w = v[0], v[1]
    pair(padding, v, op, "padding")
    c.pad_h, c.pad_w = v[0], v[1]
    pair(stride, v, op, "stride")
    c.stride_h, c.stride_w = v[0], v[1]
    for name, a, b in (("kernel size", c.kernel_h, c.kernel_w), ("stride", c.stride_h, c.stride_w),
                       ("dilation", c.dilation_h, c.dilation_w)):
        if a <= 0 or b <= 0:
            raise RuntimeError(f"{name} should be greater than zero, but got {name.replace(' ', '_')}_height: {a} "
                               f"{name.replace(' ', '_')}_width: {b}")
    if c.pad_h < 0 or c.pad_w < 0:
        raise RuntimeError(f"padding should be non-negative, but got pad_height: {c.pad_h} pad_width: {c.pad_w}")
    return 0


cdef int column_sizes(Columns* c, str op) except -1:
    cdef int64_t h = c.height + 2 * c.pad_h - c.dilation_h * (c.kernel_h - 1) - 1
    cdef int64_t w = c.width + 2 * c.pad_w - c.dilation_w * (c.kernel_w - 1) - 1
    if h < 0 or w < 0:
        raise RuntimeError(f"{op}: given a spatial size of ({c.height}, {c.width}), kernel_size=({c.kernel_h}, "
                           f"{c.kernel_w}), dilation=({c.dilation_h}, {c.dilation_w}), padding=({c.pad_h}, "
                           f"{c.pad_w}), there is no place for a sliding block, but there must be at least one")
    c.out_h, c.out_w = h // c.stride_h + 1, w // c.stride_w + 1
    return 0


cdef TensorBase columns_forward(TensorBase x, object kernel_size, object dilation, object padding, object stride):
    cdef int dtype = number_compute(x, b"im2col")
    cdef Columns c
    cdef int64_t shape[3]
    cdef TensorBase a = dense(x, dtype), y
    fill_columns(&c, kernel_size, dilation, padding, stride, "unfold")
    c.planes, c.height, c.width = x.shape[0] * x.shape[1], x.shape[2], x.shape[3]
    column_sizes(&c, "unfold")
    shape[0], shape[1], shape[2] = x.shape[0], x.shape[1] * c.kernel_h * c.kernel_w, c.out_h * c.out_w
    y = tensor_empty(dtype, 3, shape)
    c.x, c.y = a.data, y.data
    cdef VolumeKernels* k = load()
    with nogil:
        k.columns[row_of_number(dtype)](&c)
    return cast_to(y, x.dtype)


cdef TensorBase from_columns_forward(TensorBase x, object output_size, object kernel_size, object dilation,
                                     object padding, object stride):
    cdef int dtype = number_compute(x, b"col2im")
    cdef Columns c
    cdef int64_t shape[4]
    cdef TensorBase a = dense(x, dtype), y
    fill_columns(&c, kernel_size, dilation, padding, stride, "fold")
    pair(output_size, shape, "fold", "output_size")
    c.height, c.width = shape[0], shape[1]
    column_sizes(&c, "fold")
    if x.shape[1] % (c.kernel_h * c.kernel_w):
        raise RuntimeError(f"Expected size of input's dimension 1 to be divisible by the product of kernel_size, but "
                           f"got input.size(1)={x.shape[1]} and kernel_size=({c.kernel_h}, {c.kernel_w}).")
    if x.shape[2] != c.out_h * c.out_w:
        raise RuntimeError(f"Given output_size=({c.height}, {c.width}), kernel_size=({c.kernel_h}, {c.kernel_w}), "
                           f"dilation=({c.dilation_h}, {c.dilation_w}), padding=({c.pad_h}, {c.pad_w}), "
                           f"stride=({c.stride_h}, {c.stride_w}), expected size of input's dimension 2 to match the "
                           f"calculated number of sliding blocks {c.out_h} * {c.out_w} = {c.out_h * c.out_w}, but got "
                           f"input.size(2)={x.shape[2]}.")
    shape[0], shape[1] = x.shape[0], x.shape[1] // (c.kernel_h * c.kernel_w)
    shape[2], shape[3] = c.height, c.width
    c.planes = shape[0] * shape[1]
    y = tensor_empty(dtype, 4, shape)
    c.x, c.y = a.data, y.data
    cdef VolumeKernels* k = load()
    with nogil:
        k.from_columns[row_of_number(dtype)](&c)
    return cast_to(y, x.dtype)

# ---- slices of a volume: (batch, channels, depth, h, w) as images of (batch * out, channels * kernel, h, w)


cdef int fill_slices(Slices* s, const int64_t* shape, object window) except -1:
    s.kernel, s.stride, s.pad, s.dilation, s.out = window
    s.batch, s.channels, s.depth, s.inner = shape[0], shape[1], shape[2], shape[3] * shape[4]
    return 0


cdef TensorBase slices_forward(TensorBase x, object window):
    cdef int dtype = number_compute(x, b"conv3d")
    cdef Slices s
    cdef TensorBase a = dense(x, dtype), y
    cdef int64_t shape[4]
    fill_slices(&s, x.shape, window)
    shape[0], shape[1], shape[2], shape[3] = s.batch * s.out, s.channels * s.kernel, x.shape[3], x.shape[4]
    y = tensor_empty(dtype, 4, shape)
    s.x, s.y = a.data, y.data
    cdef VolumeKernels* k = load()
    with nogil:
        k.slices[row_of_number(dtype)](&s)
    return cast_to(y, x.dtype)


cdef TensorBase from_slices_forward(TensorBase x, object shape, object window):
    cdef int dtype = number_compute(x, b"conv3d"), i
    cdef Slices s
    cdef int64_t sizes[5]
    cdef TensorBase a = dense(x, dtype), y
    for i in range(5):
        sizes[i] = shape[i]
    fill_slices(&s, sizes, window)
    y = tensor_empty(dtype, 5, sizes)
    s.x, s.y = a.data, y.data
    cdef VolumeKernels* k = load()
    with nogil:
        k.from_slices[row_of_number(dtype)](&s)
    return cast_to(y, x.dtype)

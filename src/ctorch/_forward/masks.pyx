"""Elements chosen by masks: counted first, chunk by chunk, then written at their places."""
from libc.stdint cimport int64_t, uint8_t
from libc.stdlib cimport free, malloc

from ctorch._dispatch cimport contiguous
from ctorch._dtype cimport *
from ctorch._forward.indexing cimport load_along, number_like, word_of
from ctorch._iterator cimport copy_data
from ctorch._kernels.along cimport *
from ctorch._parallel cimport parallel_for
from ctorch._shape cimport broadcast_into
from ctorch._tensor cimport *
from ctorch._views cimport expand_to

cdef enum:
    CHUNK = 32768                     # elements of a mask that one task looks at
    FOUND = 8192                      # true ones whose coordinates it writes

cdef enum Work:
    WORK_COUNT
    WORK_PLACES
    WORK_COMPRESS
    WORK_EXPAND
    WORK_FILL

cdef struct Masked:
    AlongKernels* kernels
    int work
    const uint8_t* mask
    char* x
    char* v
    int64_t* starts                  # how many true elements are before a chunk; counts at first
    int64_t n
    int word                         # row of kernels for the elements' size
    int size


cdef void masked_chunk(void* arg, int64_t chunk) noexcept nogil:
    cdef Masked* m = <Masked*>arg
    cdef int64_t at = chunk * CHUNK, n = m.n - at if m.n - at < CHUNK else CHUNK, before, found
    cdef const uint8_t* mask = m.mask + at
    cdef char* x = m.x + at * m.size
    if m.work == WORK_COUNT:
        m.starts[chunk + 1] = m.kernels.count(mask, n)
        return
    if m.work == WORK_FILL:
        m.kernels.fill[m.word](mask, x, m.v, n)
        return
    before, found = m.starts[chunk], m.starts[chunk + 1] - m.starts[chunk]
    if m.work == WORK_PLACES:
        m.kernels.places(mask, <int64_t*>m.v + before, n, found, at)
    elif m.work == WORK_COMPRESS:
        m.kernels.compress[m.word](mask, x, m.v + before * m.size, n, found)
    else:
        m.kernels.expand[m.word](mask, x, m.v + before * m.size, n)


cdef int each_chunk(Masked* m, int work) except -1:
    cdef int64_t chunks = (m.n + CHUNK - 1) // CHUNK
    m.work = work
    if chunks == 1:
        masked_chunk(m, 0)
    elif chunks:
        with nogil:
            parallel_for(masked_chunk, m, chunks)
    return 0


cdef int64_t begin(Masked* m, TensorBase mask, TensorBase x) except -1:
    # Counts the true elements of a contiguous mask; `starts` is to be freed.
    cdef int64_t chunks = (mask.numel + CHUNK - 1) // CHUNK, i
    m.kernels = load_along()
    m.mask, m.n = <const uint8_t*>mask.data, mask.numel
    m.x, m.v, m.size, m.word = NULL, NULL, 0, 0
    if x is not None:
        m.x, m.size, m.word = x.data, itemsize_of[x.dtype], word_of(x.dtype)
    m.starts = <int64_t*>malloc((chunks + 1) * sizeof(int64_t))
    if m.starts == NULL:
        raise MemoryError("out of memory for counts of a mask")
    each_chunk(m, WORK_COUNT)
    m.starts[0] = 0
    for i in range(chunks):
        m.starts[i + 1] += m.starts[i]
    return m.starts[chunks]


cdef TensorBase true_places(TensorBase mask):
    """Numbers of the true elements of a mask, in row-major order."""
    cdef Masked m
    cdef TensorBase dense_mask = contiguous(mask), y
    cdef int64_t found = begin(&m, dense_mask, None)
    try:
        y = tensor_empty(INT64, 1, &found)
        m.v = y.data
        each_chunk(&m, WORK_PLACES)
    finally:
        free(m.starts)
    return y


cdef struct Positions:
    const int64_t* places
    int64_t* rows
    int64_t n
    int ndim
    const int64_t* shape


cdef void positions_chunk(void* arg, int64_t chunk) noexcept nogil:
    cdef Positions* p = <Positions*>arg
    cdef int64_t above[MAX_DIMS]         # coordinates of the line at hand, which begins at `start`
    cdef int inner = p.ndim - 1, d
    cdef int64_t size = p.shape[inner], start = 0, i, q
    cdef int64_t end = (chunk + 1) * FOUND if (chunk + 1) * FOUND < p.n else p.n
    cdef int64_t* to = p.rows + chunk * FOUND * p.ndim
    for d in range(inner):
        above[d] = 0
    for i in range(chunk * FOUND, end):
        while p.places[i] - start >= size:
            q = 1 if p.places[i] - start < 8 * size else (p.places[i] - start) // size
            start += q * size
            d = inner - 1
            above[d] += q
            while above[d] >= p.shape[d]:
                q = above[d] // p.shape[d]
                above[d] -= q * p.shape[d]
                d -= 1
                above[d] += q
        for d in range(inner):
            to[d] = above[d]
        to[inner] = p.places[i] - start
        to += p.ndim


cdef TensorBase true_positions(TensorBase mask):
    """Coordinates of the true elements of a mask, in rows."""
    cdef TensorBase places = true_places(mask), y
    cdef Positions p
    cdef int64_t shape[2]
    shape[0], shape[1] = places.numel, mask.ndim
    y = tensor_empty(INT64, 2, shape)
    if mask.ndim == 0:                   # whose rows are of no coordinates
        return y
    if mask.ndim == 1:
        copy_data(y, tensor_view(places, 2, shape, y.strides, places.data))
        return y
    p.places, p.rows, p.n = <const int64_t*>places.data, <int64_t*>y.data, places.numel
    p.ndim, p.shape = mask.ndim, mask.shape
    with nogil:
        parallel_for(positions_chunk, &p, (p.n + FOUND - 1) // FOUND)
    return y


# ---- operators

cdef int common_shape(TensorBase x, TensorBase mask, int64_t* shape, str op) except -1:
    cdef TensorBase longer = x if x.ndim >= mask.ndim else mask
    cdef int i
    for i in range(longer.ndim):
        shape[i] = longer.shape[i]
    return broadcast_into(longer.ndim, shape, mask if longer is x else x, op)


cdef TensorBase stretched(TensorBase t, int ndim, const int64_t* shape):
    # t broadcast to a shape, contiguous.
    cdef int i
    cdef bint same = t.ndim == ndim
    for i in range(ndim):
        same = same and t.shape[i] == shape[i]
    return contiguous(t if same else expand_to(tensor_alias(t), ndim, shape))


cdef TensorBase masked_select_forward(TensorBase x, TensorBase mask):
    cdef Masked m
    cdef int64_t shape[MAX_DIMS]
    cdef int n
    cdef int64_t found
    cdef TensorBase a, b, y
    if mask.dtype != BOOL:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    n = common_shape(x, mask, shape, "masked_select")
    a, b = stretched(x, n, shape), stretched(mask, n, shape)
    found = begin(&m, b, a)
    try:
        y = tensor_empty(x.dtype, 1, &found)
        m.v = y.data
        each_chunk(&m, WORK_COMPRESS)
    finally:
        free(m.starts)
    return y


cdef TensorBase mask_for(TensorBase x, TensorBase mask, str op):
    # The mask, broadcast to x and contiguous.
    if mask.dtype != BOOL:
        raise RuntimeError(f"{op} only supports boolean masks, but got mask with dtype "
                           f"{dtype_name(mask.dtype).decode()}")
    if mask.contiguous and same_shape(mask, x):
        return mask
    return contiguous(expand_to(tensor_alias(mask), x.ndim, x.shape))


cdef int masked_scatter_into(TensorBase x, TensorBase mask, TensorBase source) except -1:
    cdef Masked m
    cdef TensorBase b = mask_for(x, mask, "masked_scatter_"), to = contiguous(x), v
    cdef int64_t found
    if x.dtype != source.dtype:
        raise RuntimeError("masked_scatter_: expected self and source to have same dtypes but got "
                           f"{dtype_title(x.dtype)} and {dtype_title(source.dtype)}")
    v = contiguous(source)
    found = begin(&m, b, to)
    try:
        if found > source.numel:
            raise RuntimeError("masked_scatter_: expected the number of elements of source to be at least that of the "
                               f"true elements of mask ({found}), but got {source.numel}")
        m.v = v.data
        each_chunk(&m, WORK_EXPAND)
    finally:
        free(m.starts)
    if to is not x:
        copy_data(x, to)
    return 0


cdef int masked_fill_into(TensorBase x, TensorBase mask, object value) except -1:
    cdef Masked m
    cdef TensorBase b = mask_for(x, mask, "masked_fill_"), to = contiguous(x), v = number_like(value, x, "masked_fill_")
    m.kernels = load_along()
    m.mask, m.n, m.starts = <const uint8_t*>b.data, b.numel, NULL
    m.x, m.size, m.word, m.v = to.data, itemsize_of[x.dtype], word_of(x.dtype), v.data
    each_chunk(&m, WORK_FILL)
    if to is not x:
        copy_data(x, to)
    return 0

# The short way of elementwise operators: inputs of one dtype and shape that lie contiguous, and numbers beside them, go to
# the kernel as they are, without a plan. Included by _dispatch.pyx, which asks here first.

cdef inline bint shows_number(TensorBase t) noexcept:
    # Whether all its elements are one in memory.
    cdef int i
    for i in range(t.ndim):
        if t.strides[i] != 0:
            return False
    return True


cdef enum:
    SPREAD = 16                      # doubles: a number is written out this far for kernels that take none

cdef struct Short:
    char* data[MAX_INPUTS + 1]
    int64_t strides[MAX_INPUTS + 1]
    double numbers[MAX_INPUTS]       # Python's, in the dtype of the kernel
    double spread[MAX_INPUTS][SPREAD]


cdef inline bint take_number(Short* s, int k, TensorBase t, int dtype) noexcept:
    # A Python number beside tensors of float32 or float64, or a whole one beside those of int64.
    cdef double value
    if dtype == INT64:
        s.data[k + 1] = t.data
        return t.dtype == INT64
    if t.dtype == FLOAT64:
        value = (<double*>t.data)[0]
    elif t.dtype == INT64:
        value = <double>(<int64_t*>t.data)[0]
    else:
        return False
    s.numbers[k] = value
    s.data[k + 1] = <char*>&s.numbers[k]
    if dtype == FLOAT32:
        (<float*>s.data[k + 1])[0] = <float>value
    return dtype == FLOAT32 or dtype == FLOAT64


cdef inline LoopKernel short_kernel(Elementwise* op, int n, PyObject** inputs, TensorBase x, Short* s) noexcept:
    # The kernel for inputs of x's dtype on the CPU that are of its shape and contiguous, as x is, or a number that the
    # kernel takes, and how it finds them; NULL where that does not hold.
    cdef TensorBase t
    cdef int k, numbers = 0, dtype = x.dtype
    if op.kernel[dtype] == NULL or not x.contiguous or x.wrapped_number or x.numel == 0:
        return NULL                              # without elements any strides are contiguous, but not the result's
    if category_of[dtype] <= CATEGORY_INT and (zero_checked[op - &OPS[0]] or op == &OPS[OP_POW]):
        return NULL
    for k in range(n):
        t = <TensorBase>inputs[k]
        s.data[k + 1], s.strides[k + 1] = t.data, 0
        if op.fixed[k] != -1:
            return NULL
        elif t.wrapped_number:
            if not take_number(s, k, t, dtype):
                return NULL
            numbers |= 1 << k
        elif t.dtype != dtype or t.device != DEVICE_CPU:
            return NULL
        elif t.contiguous and same_shape(x, t):
            s.strides[k + 1] = itemsize_of[dtype]
        elif (t.ndim == 0 or same_shape(x, t)) and shows_number(t):
            numbers |= 1 << k
        else:
            return NULL
    if numbers and not (number_sets(op, dtype, dtype, inputs) >> numbers) & 1 and not spread_numbers(s, n, numbers, x):
        return NULL
    return op.kernel[dtype]


cdef inline bint spread_numbers(Short* s, int n, int numbers, TensorBase x) noexcept:
    # Writes the numbers out as lines as long as x, if that is short.
    cdef int k, size = itemsize_of[x.dtype]
    cdef int64_t i
    if x.numel * size > <int64_t>(SPREAD * sizeof(double)):
        return False
    for k in range(n):
        if (numbers >> k) & 1:
            for i in range(x.numel):
                memcpy(<char*>s.spread[k] + i * size, s.data[k + 1], size)
            s.data[k + 1], s.strides[k + 1] = <char*>s.spread[k], size
    return True


cdef inline void run_short(LoopKernel kernel, int n, Short* s, TensorBase out, const Scalar* params) noexcept:
    s.data[0], s.strides[0] = out.data, itemsize_of[out.dtype]
    if out.numel < 4096:
        kernel(s.data, s.strides, out.numel, params)
    else:
        with nogil:
            run_contiguous(kernel, n + 1, s.data, s.strides, out.numel, params)


cdef inline TensorBase short_way(Elementwise* op, int n, PyObject** inputs, const Scalar* params):
    # Result of inputs of one dtype, contiguous and of one shape or numbers, on the CPU; None where that does not hold.
    cdef TensorBase x = <TensorBase>inputs[0]
    cdef TensorBase out
    cdef Short s
    cdef LoopKernel kernel
    cdef int k
    for k in range(1, n):
        if x.ndim == 0 or not x.contiguous:
            x = <TensorBase>inputs[k]
    kernel = short_kernel(op, n, inputs, x, &s)
    if kernel == NULL:
        return None
    out = tensor_empty_like(x, x.dtype if op.out == OUT_SAME else (BOOL if op.out == OUT_BOOL else real_of(x.dtype)))
    run_short(kernel, n, &s, out, params)
    return out

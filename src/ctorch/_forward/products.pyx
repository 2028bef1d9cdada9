"""Matrix products: shapes and dtypes around the gemm kernels."""
from libc.stdint cimport int64_t

from ctorch._dispatch cimport cast_to, contiguous, unsupported
from ctorch._dtype cimport *
from ctorch._forward.common cimport kernel_error
from ctorch._iterator cimport copy_data
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.matmul cimport *
from ctorch._kernels.matmul_bfloat16 cimport BfloatKernels
from ctorch._tensor cimport *

ctypedef fused real:
    float
    double

cdef MatmulKernels* kernels = NULL
cdef BfloatKernels* bfloat = NULL


cdef int gemm_row(int dtype) noexcept nogil:
    if dtype == FLOAT32:
        return GEMM_FLOAT32
    if dtype == FLOAT64:
        return GEMM_FLOAT64
    if dtype == COMPLEX64:
        return GEMM_COMPLEX64
    if dtype == COMPLEX128:
        return GEMM_COMPLEX128
    if dtype == UINT8:
        return GEMM_UINT8
    if dtype == INT8:
        return GEMM_INT8
    if dtype == INT16:
        return GEMM_INT16
    if dtype == INT32:
        return GEMM_INT32
    return GEMM_INT64 if dtype == INT64 else -1


cdef int check_operands(TensorBase a, TensorBase b, str op) except -1:
    cdef bytes name = op.encode()
    if a.dtype != b.dtype:
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {c_name(a.dtype)} != "
                           f"{c_name(b.dtype)}")
    if gemm_row(a.dtype) < 0 and a.dtype != FLOAT16 and a.dtype != BFLOAT16:
        unsupported(name, a.dtype)
    return 0


cdef str c_name(int dtype):
    # PyTorch's messages name C types.
    return {FLOAT32: "float", FLOAT64: "double", INT64: "long long", INT32: "int", FLOAT16: "c10::Half",
            BFLOAT16: "c10::BFloat16"}.get(dtype, dtype_name(dtype).decode())


cdef bint has_bfloat_products() except -1:
    global bfloat
    if bfloat == NULL:
        bfloat = <BfloatKernels*>kernel_table("matmul_bfloat16")
    return bfloat.gemm != NULL


cdef int run(Gemm* g, int dtype, str op) except -1:
    global kernels
    cdef int code
    cdef int (*gemm)(const Gemm* g) noexcept nogil
    if dtype == BFLOAT16:
        gemm = bfloat.gemm
    else:
        if kernels == NULL:
            kernels = <MatmulKernels*>kernel_table("matmul")
        gemm = kernels.gemm[gemm_row(dtype)]
    if g.batch * g.m * g.n * (g.k if g.k else 1) < 4096:
        code = gemm(g)
    else:
        with nogil:
            code = gemm(g)
    return kernel_error(code, op)


cdef void write_one(int dtype, double* to) noexcept:
    # The number one as the kernel of a dtype reads it.
    to[0] = to[1] = 0
    if dtype == FLOAT32 or dtype == COMPLEX64:
        (<float*>to)[0] = 1
    elif dtype == FLOAT64 or dtype == COMPLEX128:
        to[0] = 1
    elif itemsize_of[dtype] == 1:
        (<char*>to)[0] = 1
    elif itemsize_of[dtype] == 2:
        (<short*>to)[0] = 1
    elif itemsize_of[dtype] == 4:
        (<int*>to)[0] = 1
    else:
        (<int64_t*>to)[0] = 1


cdef TensorBase product(TensorBase a, TensorBase b, TensorBase bias, bint transpose_b, str op):
    """a (..., m, k) @ b (..., k, n) of two or three dimensions each; b given as (n, k) where transposed."""
    cdef int dtype = a.dtype, last = a.ndim - 1
    cdef int64_t shape[3]
    cdef Gemm g
    cdef TensorBase y
    cdef double one[2]
    cdef bint pairs = dtype == BFLOAT16 and a.shape[last] > 0 and has_bfloat_products()
    if dtype == FLOAT16 or dtype == BFLOAT16 and not pairs:
        bias = None if bias is None else cast_to(bias, FLOAT32)
        return cast_to(product(cast_to(a, FLOAT32), cast_to(b, FLOAT32), bias, transpose_b, op), dtype)
    if pairs:
        a = a if a.strides[last] == 1 else contiguous(a)
        b = b if b.strides[last] == 1 or b.strides[last - 1] == 1 else contiguous(b)
    g.batch = a.shape[0] if last == 2 else 1
    g.m, g.k = a.shape[last - 1], a.shape[last]
    g.n = b.shape[last - 1] if transpose_b else b.shape[last]
    if last == 2:
        shape[0] = g.batch
    shape[last - 1], shape[last] = g.m, g.n
    y = tensor_empty(FLOAT32 if pairs else dtype, a.ndim, shape)
    g.a, g.b, g.c = a.data, b.data, y.data
    g.a_batch = a.strides[0] if last == 2 else 0
    g.b_batch = b.strides[0] if last == 2 else 0
    g.c_batch = y.strides[0] if last == 2 else 0
    g.a_row, g.a_col = a.strides[last - 1], a.strides[last]
    g.b_row, g.b_col = b.strides[last - 1], b.strides[last]
    if transpose_b:
        g.b_row, g.b_col = g.b_col, g.b_row
    g.c_row, g.c_col = g.n, 1
    g.alpha = g.beta = NULL
    g.conj_a = g.conj_b = False
    if bias is not None:
        copy_data(y, bias)
        write_one(dtype, one)
        g.beta = one
    if y.numel:
        run(&g, dtype, op)
    return cast_to(y, dtype)


cdef TensorBase mm_forward(TensorBase a, TensorBase b):
    if a.ndim != 2:
        raise RuntimeError(f"mm: self must be a matrix, got {a.ndim}-D tensor of shape {list(shape_tuple(a))}")
    if b.ndim != 2:
        raise RuntimeError(f"mm: mat2 must be a matrix, got {b.ndim}-D tensor of shape {list(shape_tuple(b))}")
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({a.shape[0]}x{a.shape[1]} and "
                           f"{b.shape[0]}x{b.shape[1]})")
    check_operands(a, b, "mm")
    return product(a, b, None, False, "mm")


cdef TensorBase bmm_forward(TensorBase a, TensorBase b):
    if a.ndim != 3:
        raise RuntimeError(f"batch1 must be a 3D tensor, got shape {list(shape_tuple(a))}")
    if b.ndim != 3:
        raise RuntimeError(f"batch2 must be a 3D tensor, got shape {list(shape_tuple(b))}")
    if a.shape[0] != b.shape[0] or a.shape[2] != b.shape[1]:
        raise RuntimeError(f"Expected size for first two dimensions of batch2 tensor to be: [{a.shape[0]}, "
                           f"{a.shape[2]}] but got: [{b.shape[0]}, {b.shape[1]}].")
    check_operands(a, b, "bmm")
    return product(a, b, None, False, "bmm")


cdef TensorBase bmm_sum_forward(TensorBase a, TensorBase b):
    """The sum of the products of two batches of matrices, one added after the other."""
    cdef int dtype = a.dtype
    cdef int64_t[2] shape
    cdef int64_t i
    cdef Gemm g
    cdef TensorBase y
    cdef double[2] one
    check_operands(a, b, "addbmm")
    if dtype == FLOAT16 or dtype == BFLOAT16:
        return cast_to(bmm_sum_forward(cast_to(a, FLOAT32), cast_to(b, FLOAT32)), dtype)
    shape[0], shape[1] = a.shape[1], b.shape[2]
    y = tensor_empty(dtype, 2, shape)
    write_one(dtype, one)
    g.batch, g.m, g.n, g.k = 1, a.shape[1], b.shape[2], a.shape[2]
    g.a_batch, g.a_row, g.a_col = 0, a.strides[1], a.strides[2]
    g.b_batch, g.b_row, g.b_col = 0, b.strides[1], b.strides[2]
    g.c, g.c_batch, g.c_row, g.c_col = y.data, 0, g.n, 1
    g.alpha, g.conj_a, g.conj_b = NULL, False, False
    for i in range(a.shape[0]):
        g.a = a.data + i * a.strides[0] * itemsize_of[dtype]
        g.b = b.data + i * b.strides[0] * itemsize_of[dtype]
        g.beta = one if i else NULL
        if y.numel:
            run(&g, dtype, "addbmm")
    return y


cdef TensorBase linear_forward(TensorBase x, TensorBase weight, TensorBase bias):
    """x (*, k) @ weight (n, k) transposed, plus bias (n)."""
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t strides[MAX_DIMS]
    cdef TensorBase flat = x, y
    cdef int i
    if weight.ndim != 2 or x.ndim < 1 or x.shape[x.ndim - 1] != weight.shape[1]:
        rows = 1
        for i in range(x.ndim - 1):
            rows *= x.shape[i]
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({rows}x{x.shape[x.ndim - 1] if x.ndim else 1} "
                           f"and {weight.shape[1] if weight.ndim == 2 else list(shape_tuple(weight))}x"
                           f"{weight.shape[0] if weight.ndim else 1})")
    check_operands(x, weight, "linear")
    if bias is not None:
        check_operands(x, bias, "linear")
        if bias.ndim > 1 or (bias.ndim == 1 and bias.shape[0] != weight.shape[0] and bias.shape[0] != 1):
            raise RuntimeError(f"linear: bias of shape {list(shape_tuple(bias))} does not fit weight of shape "
                               f"{list(shape_tuple(weight))}")
    if x.ndim != 2:
        flat = contiguous(x)
        shape[1] = x.shape[x.ndim - 1]
        shape[0] = 1
        for i in range(x.ndim - 1):
            shape[0] *= x.shape[i]
        strides[0], strides[1] = shape[1], 1
        flat = tensor_view(flat, 2, shape, strides, flat.data)
    y = product(flat, weight, bias, True, "linear")
    if x.ndim == 2:
        return y
    for i in range(x.ndim - 1):
        shape[i] = x.shape[i]
    shape[x.ndim - 1] = weight.shape[0]
    strides[x.ndim - 1] = 1
    for i in range(x.ndim - 2, -1, -1):
        strides[i] = strides[i + 1] * (shape[i + 1] if shape[i + 1] > 1 else 1)
    return tensor_view(y, x.ndim, shape, strides, y.data)


cdef bint row_stride(TensorBase x, int64_t* stride) noexcept:
    """The one stride between all rows, if there is one."""
    cdef int64_t next_stride = 0        # that the next dimension outwards must have
    cdef int i
    stride[0] = 0
    for i in range(x.ndim - 2, -1, -1):
        if x.shape[i] == 1:
            continue
        if next_stride == 0:
            stride[0] = x.strides[i]
        elif x.strides[i] != next_stride:
            return False
        next_stride = x.strides[i] * x.shape[i]
        if next_stride == 0:
            return False
    return True


cdef void cross_rows(const real* a, int64_t a_row, int64_t a_step, const real* b, int64_t b_row, int64_t b_step,
                     real* y, int64_t rows) noexcept nogil:
    cdef real p, q, r, s, t, u
    cdef int64_t _row
    for _row in range(rows):
        p, q, r = a[0], a[a_step], a[2 * a_step]
        s, t, u = b[0], b[b_step], b[2 * b_step]
        y[0] = q * u - r * t
        y[1] = r * s - p * u
        y[2] = p * t - q * s
        a += a_row
        b += b_row
        y += 3


cdef TensorBase cross_forward(TensorBase x, TensorBase other):
    """Vector products of rows of three; both of one shape and dtype."""
    cdef int64_t rows, x_row, other_row
    cdef int last = x.ndim - 1
    cdef TensorBase y = tensor_empty(x.dtype, x.ndim, x.shape)
    if not row_stride(x, &x_row):
        x = contiguous(x)
        x_row = 3
    if not row_stride(other, &other_row):
        other = contiguous(other)
        other_row = 3
    rows = y.numel // 3
    with nogil:
        if y.dtype == FLOAT32:
            cross_rows(<float*>x.data, x_row, x.strides[last], <float*>other.data, other_row, other.strides[last],
                       <float*>y.data, rows)
        else:
            cross_rows(<double*>x.data, x_row, x.strides[last], <double*>other.data, other_row, other.strides[last],
                       <double*>y.data, rows)
    return y


cdef TensorBase addr_forward(TensorBase x, TensorBase vec1, TensorBase vec2, double beta, double alpha):
    """beta * x + alpha * the outer product of two vectors, in one pass; float32 or float64, all of one dtype."""
    global kernels
    cdef TensorBase v = contiguous(vec2), y
    cdef Outer o
    cdef int64_t shape[2]
    if kernels == NULL:
        kernels = <MatmulKernels*>kernel_table("matmul")
    shape[0], shape[1] = vec1.numel, vec2.numel
    y = tensor_empty(x.dtype, 2, shape)
    if x.shape[1] > 1 and x.strides[1] != 1:
        x = contiguous(x)
    o.m, o.n, o.x_row, o.u_step = shape[0], shape[1], x.strides[0], vec1.strides[0]
    o.x, o.u, o.v, o.y, o.beta, o.alpha = x.data, vec1.data, v.data, y.data, beta, alpha
    with nogil:
        kernels.outer[1 if x.dtype == FLOAT64 else 0](&o)
    return y

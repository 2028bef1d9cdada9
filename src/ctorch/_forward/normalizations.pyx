"""Softmax, batch norm and layer norm: shapes and dtypes around their kernels."""
from libc.stdint cimport int64_t

from ctorch._dispatch cimport cast_to, contiguous
from ctorch._dtype cimport *
from ctorch._forward.common cimport dense, float_compute, kernel_error, row_of
from ctorch._iterator cimport copy_data
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.norm cimport *
from ctorch._kernels.softmax cimport *
from ctorch._tensor cimport *
from ctorch._views cimport zero_memory

ctypedef void (*SoftmaxFn)(const void*, void*, int64_t, int64_t, int64_t) noexcept nogil
ctypedef void (*SoftmaxBackwardFn)(const void*, const void*, void*, int64_t, int64_t, int64_t) noexcept nogil

cdef SoftmaxKernels* softmax_kernels = NULL
cdef NormKernels* norm_kernels = NULL


cdef SoftmaxKernels* load_softmax() except NULL:
    global softmax_kernels
    if softmax_kernels == NULL:
        softmax_kernels = <SoftmaxKernels*>kernel_table("softmax")
    return softmax_kernels


cdef NormKernels* load_norm() except NULL:
    global norm_kernels
    if norm_kernels == NULL:
        norm_kernels = <NormKernels*>kernel_table("norm")
    return norm_kernels


cdef int around(TensorBase x, int dim, int64_t* sizes) noexcept:
    # (outer, n, inner) about a dimension
    cdef int i
    sizes[0] = sizes[1] = sizes[2] = 1
    for i in range(x.ndim):
        if i < dim:
            sizes[0] *= x.shape[i]
        elif i == dim:
            sizes[1] = x.shape[i]
        else:
            sizes[2] *= x.shape[i]
    return 0


cdef TensorBase along(TensorBase x, int dim, bint log):
    cdef int dtype = float_compute(x, b"log_softmax" if log else b"softmax")
    cdef SoftmaxKernels* k = load_softmax()
    cdef SoftmaxFn f = k.log_softmax[row_of(dtype)] if log else k.softmax[row_of(dtype)]
    cdef TensorBase a = dense(x, dtype), y = tensor_empty(dtype, x.ndim, x.shape)
    cdef int64_t s[3]
    around(a, dim, s)
    if y.numel < 4096:
        f(a.data, y.data, s[0], s[1], s[2])
    else:
        with nogil:
            f(a.data, y.data, s[0], s[1], s[2])
    return cast_to(y, x.dtype)


cdef TensorBase along_backward(TensorBase grad, TensorBase output, int dim, bint log):
    cdef int dtype = float_compute(output, b"softmax_backward")
    cdef SoftmaxKernels* k = load_softmax()
    cdef SoftmaxBackwardFn f = (k.log_softmax_backward[row_of(dtype)] if log
                                else k.softmax_backward[row_of(dtype)])
    cdef TensorBase g = dense(grad, dtype), y = dense(output, dtype)
    cdef TensorBase gx = tensor_empty(dtype, output.ndim, output.shape)
    cdef int64_t s[3]
    around(y, dim, s)
    with nogil:
        f(g.data, y.data, gx.data, s[0], s[1], s[2])
    return cast_to(gx, output.dtype)


cdef TensorBase softmax_forward(TensorBase x, int dim):
    return along(x, dim, False)


cdef TensorBase log_softmax_forward(TensorBase x, int dim):
    return along(x, dim, True)


cdef TensorBase softmax_backward_forward(TensorBase grad, TensorBase output, int dim):
    return along_backward(grad, output, dim, False)


cdef TensorBase log_softmax_backward_forward(TensorBase grad, TensorBase output, int dim):
    return along_backward(grad, output, dim, True)


# ---- batch norm

def check_kinds(str op, input, weight, bias):
    """Refuse complex parameters of a real input: they would lose their imaginary parts."""
    cdef TensorBase x, p
    if isinstance(input, TensorBase):
        x = <TensorBase>input
        for each in (weight, bias):
            if isinstance(each, TensorBase):
                p = <TensorBase>each
                if category_of[p.dtype] == CATEGORY_COMPLEX and category_of[x.dtype] != CATEGORY_COMPLEX:
                    raise RuntimeError(f"{op}: mixed dtype: parameter of {dtype_object(p.dtype)}, "
                                       f"input of {dtype_object(x.dtype)}")


cdef TensorBase channel_operand(TensorBase t, TensorBase x, int dtype, str arg):
    # One value per channel, dense in the kernel's dtype; None stays None.
    if t is None:
        return None
    if t.ndim != 1 or t.shape[0] != x.shape[1]:
        raise RuntimeError(f"batch_norm: {arg} should contain {x.shape[1]} elements not {t.numel} "
                           f"(input {list(shape_tuple(x))})")
    return dense(t, dtype)


cdef void fill_batch(BatchNorm* b, TensorBase x) noexcept:
    cdef int i
    b.batch, b.channels, b.inner = x.shape[0], x.shape[1], 1
    for i in range(2, x.ndim):
        b.inner *= x.shape[i]
    b.x = x.data
    b.gx = b.gw = b.gb = NULL
    b.gy = NULL


cdef inline void* data_of(TensorBase t) noexcept:
    return NULL if t is None else t.data


cdef object batch_norm_forward(TensorBase x, TensorBase weight, TensorBase bias, TensorBase running_mean,
                               TensorBase running_var, bint training, double momentum, double eps):
    cdef int dtype = float_compute(x, b"batch_norm"), code
    cdef BatchNorm b
    cdef TensorBase a, w, c, rm, rv, y, mean, invstd
    if x.ndim < 2:
        raise RuntimeError(f"batch_norm: expected an input of at least 2 dimensions, got {list(shape_tuple(x))}")
    if not training and (running_mean is None or running_var is None):
        raise RuntimeError("Expected running_mean and running_var to be defined when training=False")
    a = dense(x, dtype)
    w, c = channel_operand(weight, x, dtype, "weight"), channel_operand(bias, x, dtype, "bias")
    rm = channel_operand(running_mean, x, dtype, "running_mean")
    rv = channel_operand(running_var, x, dtype, "running_var")
    y = tensor_empty(dtype, x.ndim, x.shape)
    mean, invstd = tensor_empty(dtype, 1, x.shape + 1), tensor_empty(dtype, 1, x.shape + 1)
    fill_batch(&b, a)
    b.weight, b.bias, b.running_mean, b.running_var = data_of(w), data_of(c), data_of(rm), data_of(rv)
    if training and x.numel == 0:        # the mean of nothing counts for nothing
        b.running_mean = b.running_var = NULL
    b.momentum, b.eps, b.training = momentum, eps, training
    b.y, b.mean, b.invstd = y.data, mean.data, invstd.data
    cdef NormKernels* k = load_norm()
    with nogil:
        code = k.batch_norm[row_of(dtype)](&b)
    kernel_error(code, "batch_norm")
    if training:
        write_back(running_mean, rm)
        write_back(running_var, rv)
    return cast_to(y, x.dtype), mean, invstd


cdef int write_back(TensorBase to, TensorBase frm) except -1:
    # A running statistic; there may be one without the other.
    if to is None:
        return 0
    if to is not frm:
        copy_data(to, frm)
    bump_version(to, b"batch_norm")
    return 0


cdef object batch_norm_backward_forward(TensorBase grad, TensorBase x, TensorBase weight, TensorBase running_mean,
                                        TensorBase running_var, TensorBase mean, TensorBase invstd, bint training,
                                        double eps, object needs):
    """Gradients of input, weight and bias; None for those not needed."""
    cdef int dtype = float_compute(x, b"batch_norm"), code
    cdef BatchNorm b
    cdef TensorBase a = dense(x, dtype), g = dense(grad, dtype), gx = None, gw = None, gb = None
    cdef TensorBase w = None if weight is None else dense(weight, dtype)
    cdef TensorBase rm = None if running_mean is None else dense(running_mean, dtype)
    cdef TensorBase rv = None if running_var is None else dense(running_var, dtype)
    fill_batch(&b, a)
    if needs[0]:
        gx = tensor_empty(dtype, x.ndim, x.shape)
    if needs[1]:
        gw = tensor_empty(dtype, 1, x.shape + 1)
    if needs[2]:
        gb = tensor_empty(dtype, 1, x.shape + 1)
    if x.numel == 0:                                # a sum of nothing, whatever its mean
        for y in (gw, gb):
            if y is not None:
                zero_memory(y)
        return gx, gw, gb
    b.weight, b.bias, b.running_mean, b.running_var = data_of(w), NULL, data_of(rm), data_of(rv)
    b.momentum, b.eps, b.training, b.y = 0, eps, training, NULL
    mean, invstd = contiguous(mean), contiguous(invstd)
    b.mean, b.invstd, b.gy = mean.data, invstd.data, g.data
    b.gx, b.gw, b.gb = data_of(gx), data_of(gw), data_of(gb)
    cdef NormKernels* k = load_norm()
    with nogil:
        code = k.batch_norm_backward[row_of(dtype)](&b)
    kernel_error(code, "batch_norm")
    return gx, gw, gb


# ---- layer norm

cdef int fill_layer(LayerNorm* l, TensorBase x, object normalized_shape) except -1:
    cdef int n = len(normalized_shape), i
    l.rows = l.n = 1
    if n == 0:
        raise RuntimeError("Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one "
                           "element, but got normalized_shape = []")
    if n > x.ndim or tuple(normalized_shape) != shape_tuple(x)[x.ndim - n:]:
        raise RuntimeError(f"Given normalized_shape={list(normalized_shape)}, expected input with shape "
                           f"{['*', *normalized_shape]}, but got input of size{list(shape_tuple(x))}")
    for i in range(x.ndim):
        if i < x.ndim - n:
            l.rows *= x.shape[i]
        else:
            l.n *= x.shape[i]
    l.x = x.data
    l.gy = NULL
    l.gx = l.gw = l.gb = NULL
    return 0


cdef TensorBase layer_operand(TensorBase t, object normalized_shape, int dtype, str arg):
    if t is None:
        return None
    if shape_tuple(t) != tuple(normalized_shape):
        raise RuntimeError(f"Expected {arg} to be of same shape as normalized_shape, but got {arg} of shape "
                           f"{list(shape_tuple(t))} and normalized_shape = {list(normalized_shape)}")
    return dense(t, dtype)


cdef object layer_norm_forward(TensorBase x, object normalized_shape, TensorBase weight, TensorBase bias, double eps):
    cdef int dtype = float_compute(x, b"layer_norm"), code
    cdef LayerNorm l
    cdef TensorBase a = dense(x, dtype), y, mean, invstd
    cdef TensorBase w = layer_operand(weight, normalized_shape, dtype, "weight")
    cdef TensorBase c = layer_operand(bias, normalized_shape, dtype, "bias")
    fill_layer(&l, a, normalized_shape)
    y = tensor_empty(dtype, x.ndim, x.shape)
    mean, invstd = tensor_empty(dtype, 1, &l.rows), tensor_empty(dtype, 1, &l.rows)
    l.weight, l.bias, l.eps = data_of(w), data_of(c), eps
    l.y, l.mean, l.invstd = y.data, mean.data, invstd.data
    cdef NormKernels* k = load_norm()
    with nogil:
        code = k.layer_norm[row_of(dtype)](&l)
    kernel_error(code, "layer_norm")
    return cast_to(y, x.dtype), mean, invstd


cdef object layer_norm_backward_forward(TensorBase grad, TensorBase x, TensorBase weight, TensorBase mean,
                                        TensorBase invstd, object normalized_shape, object needs):
    """Gradients of input, weight and bias; None for those not needed."""
    cdef int dtype = float_compute(x, b"layer_norm"), code, first = x.ndim - len(normalized_shape)
    cdef LayerNorm l
    cdef TensorBase a = dense(x, dtype), g = dense(grad, dtype), gx = None, gw = None, gb = None
    cdef TensorBase w = None if weight is None else dense(weight, dtype)
    fill_layer(&l, a, normalized_shape)
    if needs[0]:
        gx = tensor_empty(dtype, x.ndim, x.shape)
    if needs[1]:
        gw = tensor_empty(dtype, x.ndim - first, x.shape + first)
    if needs[2]:
        gb = tensor_empty(dtype, x.ndim - first, x.shape + first)
    l.weight, l.bias, l.eps, l.y = data_of(w), NULL, 0, NULL
    mean, invstd = contiguous(mean), contiguous(invstd)
    l.mean, l.invstd, l.gy = mean.data, invstd.data, g.data
    l.gx, l.gw, l.gb = data_of(gx), data_of(gw), data_of(gb)
    cdef NormKernels* k = load_norm()
    with nogil:
        code = k.layer_norm_backward[row_of(dtype)](&l)
    kernel_error(code, "layer_norm")
    return gx, gw, gb

"""Negative log-likelihood and cross entropy over class numbers: checks and shapes around the loss kernels."""
from libc.stdint cimport int64_t

from ctorch._dispatch cimport cast_to
from ctorch._dtype cimport *
from ctorch._forward.common cimport dense, float_compute, kernel_error, row_of
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.loss cimport *
from ctorch._tensor cimport *

from ctorch._shape import refuse_target

cdef LossKernels* kernels = NULL


cdef LossKernels* load() except NULL:
    global kernels
    if kernels == NULL:
        kernels = <LossKernels*>kernel_table("loss")
    return kernels


cdef int class_dim(int ndim) noexcept:
    return 0 if ndim == 1 else 1


cdef int describe(ClassLoss* l, int ndim, const int64_t* shape) noexcept:
    # (outer, classes, inner) of an input (C), (N, C) or (N, C, d1, ...)
    cdef int i, c = class_dim(ndim)
    l.outer = l.inner = 1
    l.classes = shape[c]
    for i in range(ndim):
        if i < c:
            l.outer *= shape[i]
        elif i > c:
            l.inner *= shape[i]
    l.weight = l.x = l.g = NULL
    l.gx = l.loss = l.total_weight = l.probabilities = NULL
    l.smoothing = 0
    return 0


cdef int check(TensorBase x, TensorBase target, TensorBase weight, str op) except -1:
    cdef int i
    cdef bint fits
    if target.dtype != INT64 and target.dtype != UINT8:
        raise RuntimeError(f"{op}: expected target of dtype torch.int64 or torch.uint8, got "
                           f"{dtype_object(target.dtype)}")
    if x.ndim == 1:
        fits = target.ndim == 0 or target.ndim == 1 and target.shape[0] == 1
    else:
        fits = target.ndim == x.ndim - 1
        for i in range(target.ndim if fits else 0):
            fits = fits and target.shape[i] == x.shape[i if i == 0 else i + 1]
    if not fits:
        refuse_target(shape_tuple(x), shape_tuple(target))
    if weight is not None and (weight.ndim != 1 or weight.shape[0] != x.shape[class_dim(x.ndim)]):
        raise RuntimeError(f"{op}: weight tensor should be defined either for all {x.shape[class_dim(x.ndim)]} classes "
                           f"or no classes but got weight tensor of shape: {list(shape_tuple(weight))}")
    return 0


cdef int bounds_error(int code, ClassLoss* l, str op) except -1:
    if code == 1:
        raise IndexError(f"Target {l.bad_target} is out of bounds.")
    return kernel_error(code, op)


cdef inline void* data_of(TensorBase t) noexcept:
    return NULL if t is None else t.data


cdef object forward(TensorBase x, TensorBase target, TensorBase weight, int64_t ignore_index, int64_t reduction,
                    bint fused, double smoothing):
    cdef str op = "cross_entropy" if fused else "nll_loss"
    cdef int dtype = float_compute(x, b"cross_entropy" if fused else b"nll_loss"), code
    cdef ClassLoss l
    cdef LossKernels* k = load()
    cdef TensorBase a, t, w, y, total, p = None
    check(x, target, weight, op)
    a, t = dense(x, dtype), dense(target, INT64)
    w = None if weight is None else dense(weight, dtype)
    y = tensor_empty(dtype, target.ndim, target.shape) if reduction == 0 and x.ndim > 1 else tensor_scalar(dtype)
    total = tensor_scalar(dtype)
    describe(&l, a.ndim, a.shape)
    l.reduction, l.ignore_index, l.smoothing = reduction, ignore_index, smoothing
    l.x, l.target, l.weight = a.data, <int64_t*>t.data, data_of(w)
    l.loss, l.total_weight = y.data, total.data
    if fused:
        p = tensor_empty(dtype, x.ndim, x.shape)
        l.probabilities = p.data
        with nogil:
            code = k.cross_entropy[row_of(dtype)](&l)
    else:
        with nogil:
            code = k.nll[row_of(dtype)](&l)
    bounds_error(code, &l, op)
    y = cast_to(y, x.dtype)
    return (y, total, p) if fused else (y, total)


cdef object nll_loss_forward(TensorBase x, TensorBase target, TensorBase weight, int64_t ignore_index,
                             int64_t reduction):
    return forward(x, target, weight, ignore_index, reduction, False, 0)


cdef object cross_entropy_forward(TensorBase x, TensorBase target, TensorBase weight, int64_t ignore_index,
                                  int64_t reduction, double smoothing):
    return forward(x, target, weight, ignore_index, reduction, True, smoothing)


cdef TensorBase nll_loss_backward_forward(TensorBase grad, TensorBase target, TensorBase weight,
                                          TensorBase total_weight, object shape, int64_t ignore_index,
                                          int64_t reduction):
    cdef int dtype = total_weight.dtype, i, n = len(shape)
    cdef int64_t sizes[MAX_DIMS]
    cdef ClassLoss l
    cdef LossKernels* k = load()
    cdef TensorBase g = dense(grad, dtype), t = dense(target, INT64), gx
    cdef TensorBase w = None if weight is None else dense(weight, dtype)
    for i in range(n):
        sizes[i] = shape[i]
    gx = tensor_empty(dtype, n, sizes)
    describe(&l, n, sizes)
    l.reduction, l.ignore_index = reduction, ignore_index
    l.target, l.weight, l.total_weight = <int64_t*>t.data, data_of(w), total_weight.data
    l.g, l.gx = g.data, gx.data
    with nogil:
        k.nll_backward[row_of(dtype)](&l)
    return gx


cdef TensorBase cross_entropy_backward_forward(TensorBase grad, TensorBase probabilities, TensorBase target,
                                               TensorBase weight, TensorBase total_weight, int64_t ignore_index,
                                               int64_t reduction, double smoothing):
    cdef int dtype = total_weight.dtype
    cdef ClassLoss l
    cdef LossKernels* k = load()
    cdef TensorBase g = dense(grad, dtype), t = dense(target, INT64)
    cdef TensorBase gx = tensor_empty(dtype, probabilities.ndim, probabilities.shape)
    cdef TensorBase w = None if weight is None else dense(weight, dtype)
    describe(&l, probabilities.ndim, probabilities.shape)
    l.reduction, l.ignore_index, l.smoothing = reduction, ignore_index, smoothing
    l.target, l.weight, l.total_weight = <int64_t*>t.data, data_of(w), total_weight.data
    l.probabilities = probabilities.data
    l.g, l.gx = g.data, gx.data
    with nogil:
        k.cross_entropy_backward[row_of(dtype)](&l)
    return gx

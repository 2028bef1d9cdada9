"""Elements addressed by index along a dimension: gather, scatter, index_select, index_add, take, put and the like.

All are one loop over the index (_kernels/along): values are read, written or combined into the tensor. The functions
named `into` change their first argument, which is the result's copy or, in place, the tensor itself.
"""
from cpython.object cimport PyObject
from libc.stdint cimport int64_t

from ctorch._dispatch cimport *
from ctorch._dtype cimport *
from ctorch._forward.common cimport dense
from ctorch._iterator cimport copy_data
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.along cimport *
from ctorch._tensor cimport *
from ctorch._views cimport zeros_at

cdef enum:
    PUT = -1                          # beside the ways to combine

cdef AlongKernels* along_kernels = NULL


cdef AlongKernels* load_along() except NULL:
    global along_kernels
    if along_kernels == NULL:
        along_kernels = <AlongKernels*>kernel_table("along")
    return along_kernels


cdef int word_of(int dtype) noexcept:
    # The row of kernels for elements of this size.
    cdef int size = itemsize_of[dtype]
    return 0 if size == 1 else 1 if size == 2 else 2 if size == 4 else 3 if size == 8 else 4


cdef int number_of(int dtype) noexcept:
    # The column of kernels that combine, or -1.
    if dtype == FLOAT32 or dtype == FLOAT64:
        return 0 if dtype == FLOAT32 else 1
    if dtype == INT8 or dtype == INT16:
        return 2 if dtype == INT8 else 3
    if dtype == INT32 or dtype == INT64:
        return 4 if dtype == INT32 else 5
    if dtype == UINT8 or dtype == BOOL:
        return 6
    if dtype == COMPLEX64 or dtype == COMPLEX128:
        return 7 if dtype == COMPLEX64 else 8
    return -1


# ---- the loop

cdef TensorBase lined(TensorBase t):
    # A tensor of no dimension as a vector of one element.
    cdef int64_t one = 1
    return t if t.ndim else tensor_view(t, 1, &one, &one, t.data)


cdef void add_dim(Along* a, int64_t size, int64_t xs, int64_t vs, int64_t step) noexcept:
    # One more dimension inside the others; merged with the last where all walk evenly.
    cdef int n = a.ndim - 1
    if size == 1:
        return
    if n >= 0 and a.xs[n] == xs * size and a.vs[n] == vs * size and a.steps[n] == step * size:
        a.shape[n] *= size
        a.xs[n], a.vs[n], a.steps[n] = xs, vs, step
        return
    n += 1
    a.shape[n], a.xs[n], a.vs[n], a.steps[n] = size, xs, vs, step
    a.ndim = n + 1


cdef int run_along(TensorBase x, int dim, TensorBase index, TensorBase v, int how, bint reads, bint negative, object op,
                   object message) except -1:
    """x at the index along dim, in the order of the index, with v: read into it, or x = v, or combined.

    The index is int64, a vector that holds for all other dimensions or of x's number of dimensions; then the loop runs
    over its shape, else over v's. v broadcasts where it has no dimension. `message` makes the error of a bad index.
    """
    cdef AlongKernels* k = load_along()
    cdef Along a
    cdef int size = itemsize_of[x.dtype], i, number
    cdef bint flat = index.ndim == 1 and x.ndim != 1
    cdef TensorBase over = v if flat and v.ndim else index
    cdef int64_t extent
    if index.numel == 0 or (over.numel == 0 if over.ndim == x.ndim else x.numel == 0):
        return 0
    a.x, a.v, a.index = x.data, v.data, <const int64_t*>index.data
    a.writes, a.ndim, a.check, a.failed, a.bytes = not reads, 0, True, False, size
    a.size = x.shape[dim]
    a.wrap = a.size if negative else 0
    a.xd = x.strides[dim] * size
    a.n = index.shape[0 if flat else dim]
    a.step = index.strides[0 if flat else dim]
    a.vd = v.strides[dim] * size if v.ndim else 0
    for i in range(x.ndim):
        if i == dim:
            continue
        extent = x.shape[i] if flat else index.shape[i]
        add_dim(&a, extent, x.strides[i] * size, v.strides[i] * size if v.ndim else 0, 0 if flat else index.strides[i])
    if how == PUT:
        a.line = k.get[word_of(x.dtype)] if reads else k.put[word_of(x.dtype)]
    else:
        if x.dtype == BOOL:          # a sum of truths is true, too
            how = COMBINE_MAX if how == COMBINE_ADD else COMBINE_MIN if how == COMBINE_MUL else how
        number = number_of(x.dtype)
        a.line = NULL if number < 0 else k.combine[how][number]
        if a.line == NULL:
            raise NotImplementedError(f"\"{op}\" not implemented for '{dtype_title(x.dtype)}' on device 'cpu'")
    if flat and a.ndim:
        check_once(&a)
    if not a.failed:
        with nogil:
            k.run(&a)
    if a.failed:
        raise message(a.bad, dim, a.size)
    return 0


cdef int check_once(Along* a) except -1:
    # An index that holds for many lines is checked ahead.
    cdef int64_t j
    for j in range(a.n):
        if a.index[j * a.step] < -a.wrap or a.index[j * a.step] >= a.size:
            a.bad, a.failed = a.index[j * a.step], True
            return 0
    a.check = False
    return 0


def out_of_bounds(index, dim, size):
    return IndexError(f"index {index} is out of bounds for dimension {dim} with size {size}")


def out_of_bounds_runtime(index, dim, size):
    return RuntimeError(f"index {index} is out of bounds for dimension {dim} with size {size}")


def out_of_self(index, dim, size):
    return IndexError(f"index out of range in self: index {index} for dimension {dim} with size {size}")


def out_of_elements(index, dim, size):
    return IndexError(f"out of range: tried to access index {index} on a tensor of {size} elements.")


cdef TensorBase combining(TensorBase x):
    # float16 and bfloat16 are added up in float32.
    return cast_to(x, FLOAT32) if x.dtype == FLOAT16 or x.dtype == BFLOAT16 else x


cdef int combine_into(TensorBase x, int dim, TensorBase index, TensorBase v, int how, object op,
                      object message) except -1:
    cdef TensorBase wide = combining(x)
    run_along(wide, dim, index, cast_to(v, wide.dtype), how, False, False, op, message)
    if wide is not x:
        copy_data(x, wide)
    return 0


# ---- an index of the tensor's number of dimensions

cdef int check_index(TensorBase x, int dim, TensorBase index, str op) except -1:
    cdef int i
    if index.dtype != INT64 and index.dtype != INT32:
        raise RuntimeError(f"{op}(): Expected dtype int32/int64 for index")
    if index.ndim != x.ndim and not (index.ndim <= 1 and x.ndim <= 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as "
                           f"{'input' if op == 'gather' else 'self'} tensor")
    for i in range(x.ndim if x.ndim == index.ndim else 0):
        if i != dim and index.shape[i] > x.shape[i] and op == "gather":
            raise RuntimeError(f"Size does not match at dimension {i} expected index {list(shape_tuple(index))} to be "
                               f"no larger than self {list(shape_tuple(x))} apart from dimension {dim}")
    return 0


cdef int check_scatter(TensorBase x, int dim, TensorBase index, TensorBase src, str op) except -1:
    # src may be larger than the index, not smaller.
    cdef int i
    cdef bint fits = True
    check_index(x, dim, index, op)
    if src is not None and src.dtype != x.dtype:
        raise RuntimeError(f"{op}(): Expected self.dtype to be equal to src.dtype")
    if src is not None and index.ndim != src.ndim and not (index.ndim <= 1 and src.ndim <= 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
    for i in range(index.ndim):
        if index.ndim == x.ndim:
            fits = fits and (i == dim or index.shape[i] <= x.shape[i])
        if src is not None and src.ndim == index.ndim:
            fits = fits and index.shape[i] <= src.shape[i]
    if not fits:
        beside = "" if src is None else f" and to be no larger size than src {list(shape_tuple(src))}"
        raise RuntimeError(f"Expected index {list(shape_tuple(index))} to be no larger than self "
                           f"{list(shape_tuple(x))} apart from dimension {dim}{beside}")
    return 0


cdef TensorBase gather_forward(TensorBase x, int dim, TensorBase index, bint sparse_grad):
    cdef TensorBase y = tensor_empty(x.dtype, index.ndim, index.shape)
    if index.numel == 0:
        return y
    check_index(x, dim, index, "gather")
    run_along(lined(x), dim, lined(cast_to(index, INT64)), lined(y), PUT, True, False, "gather", out_of_bounds_runtime)
    return y


cdef TensorBase scatter_add_forward(TensorBase grad, int dim, TensorBase index, object shape):
    """Zeros of `shape` with grad added at the places that gather would read."""
    cdef int64_t sizes[MAX_DIMS]
    cdef int i
    for i in range(len(shape)):
        sizes[i] = shape[i]
    cdef TensorBase out = zeros_at(grad, combining(grad).dtype, len(shape), sizes)
    if index.numel:
        check_index(out, dim, index, "scatter_add")
        combine_into(lined(out), dim, lined(cast_to(index, INT64)), lined(grad), COMBINE_ADD, "scatter_add",
                     out_of_bounds_runtime)
    return cast_to(out, grad.dtype)


cdef int scatter_src_into(TensorBase x, int dim, TensorBase index, TensorBase src) except -1:
    if index.numel == 0:
        return 0
    check_scatter(x, dim, index, src, "scatter")
    return run_along(lined(x), dim, lined(cast_to(index, INT64)), lined(src), PUT, False, False, "scatter",
                     out_of_bounds_runtime)


def check_fits(TensorBase x, TensorBase value):
    """Refuse a tensor without dimensions whose number another's dtype cannot hold."""
    if value.dtype != x.dtype and value.device == DEVICE_CPU:
        need_fits(x.dtype, value.item())


cdef TensorBase number_like(object value, TensorBase x, str op="fill_"):
    # A number of x's dtype, without dimension.
    cdef TensorBase v
    if x.dtype == FLOAT32 and (type(value) is float or type(value) is int) and -1e30 < value < 1e30:
        v = tensor_empty(FLOAT32, 0, NULL)
        (<float*>v.data)[0] = <double>value
        return v
    if not isinstance(value, TensorBase):
        return cast_to(number_tensor(fitting(x.dtype, value, op)), x.dtype)
    v = <TensorBase>value
    if v.ndim:
        raise RuntimeError(f"{op}(): value must be a number or a tensor without dimensions, got {v.ndim} dimension(s)")
    check_fits(x, v)
    return cast_to(v, x.dtype)


cdef int scatter_value_into(TensorBase x, int dim, TensorBase index, object value) except -1:
    if index.numel == 0:
        return 0
    check_scatter(x, dim, index, None, "scatter")
    return run_along(lined(x), dim, lined(cast_to(index, INT64)), number_like(value, x, "scatter"), PUT, False, False,
                     "scatter", out_of_bounds_runtime)


cdef int scatter_add_into(TensorBase x, int dim, TensorBase index, TensorBase src) except -1:
    if index.numel == 0:
        return 0
    check_scatter(x, dim, index, src, "scatter_add")
    return combine_into(lined(x), dim, lined(cast_to(index, INT64)), lined(src), COMBINE_ADD, "scatter_add",
                        out_of_bounds_runtime)


cdef int way_of(object reduce, object op, bint index_op) except -1:
    if reduce == "prod":
        return COMBINE_MUL
    if reduce == "amax":
        return COMBINE_MAX
    if reduce == "amin":
        return COMBINE_MIN
    if reduce == "mean" or (reduce == "sum" and not index_op):
        return COMBINE_ADD
    raise RuntimeError(f"{op}(): Expected reduce to be one of {'' if index_op else 'sum, '}prod, mean, amax or amin "
                       f"but got {reduce}.")


cdef TensorBase identity_of(int how, TensorBase x):
    # What combining begins with where self is left out.
    cdef bint floats = category_of[x.dtype] == CATEGORY_FLOAT
    cdef int bits = 8 * itemsize_of[x.dtype]
    if x.dtype == BOOL:
        return number_like(how == COMBINE_MUL or how == COMBINE_MIN, x)
    if how == COMBINE_ADD or how == COMBINE_MUL:
        return number_like(how, x)
    if floats:
        return number_like(float("inf") if how == COMBINE_MIN else -float("inf"), x)
    if x.dtype == UINT8:
        return number_like(255 if how == COMBINE_MIN else 0, x)
    return number_like((1 << (bits - 1)) - 1 if how == COMBINE_MIN else -(1 << (bits - 1)), x)


cdef int reduce_into(TensorBase x, int dim, TensorBase index, TensorBase v, object reduce, bint include_self,
                     str op, object message) except -1:
    cdef int how = way_of(reduce, op, op == "index_reduce")
    cdef TensorBase wide = combining(x), counts
    cdef PyObject* inputs[2]
    if not include_self:
        run_along(wide, dim, index, identity_of(how, wide), PUT, False, False, op, message)
    run_along(wide, dim, index, cast_to(v, wide.dtype), how, False, False, op, message)
    if reduce == "mean":
        counts = tensor_empty(FLOAT32 if wide.dtype == COMPLEX64 else FLOAT64 if wide.dtype == COMPLEX128
                              else wide.dtype, wide.ndim, wide.shape)
        copy_data(counts, number_tensor(1 if include_self else 0))
        run_along(counts, dim, index, number_like(1, counts), COMBINE_ADD, False, False, op, message)
        if not include_self:
            copy_data(counts, <TensorBase>(<object>counts).clamp(min=1))
        counts = cast_to(counts, wide.dtype)
        inputs[0], inputs[1] = <PyObject*>wide, <PyObject*>counts
        elementwise_(OP_DIV_TRUE if category_of[wide.dtype] >= CATEGORY_FLOAT else OP_FLOOR_DIVIDE, 2, inputs, NULL)
    if wide is not x:
        copy_data(x, wide)
    return 0


cdef int scatter_reduce_into(TensorBase x, int dim, TensorBase index, TensorBase src, object reduce,
                             bint include_self) except -1:
    way_of(reduce, "scatter_reduce", False)
    if index.numel == 0:
        return 0
    check_scatter(x, dim, index, src, "scatter_reduce")
    return reduce_into(lined(x), dim, lined(cast_to(index, INT64)), lined(src), reduce, include_self, "scatter_reduce",
                       out_of_bounds_runtime)


# ---- a vector of indices for a whole dimension

cdef TensorBase vector_of(TensorBase index, str op):
    # The index as a vector of int64.
    if index.ndim > 1:
        if op == "index_select":
            raise IndexError("index_select(): Index is supposed to be a vector")
        raise IndexError(f"{op}_(): Index should have dimension 1 or 0 (got {index.ndim})")
    if index.dtype != INT64 and op == "index_fill":
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    if index.dtype != INT64 and index.dtype != INT32:
        raise RuntimeError(f"{op}(): Expected dtype int32 or int64 for index but got: {dtype_title(index.dtype)}")
    return lined(cast_to(index, INT64))


cdef TensorBase index_select_forward(TensorBase x, int dim, TensorBase index):
    cdef TensorBase i = vector_of(index, "index_select"), wide = lined(x), y
    cdef int64_t shape[MAX_DIMS]
    cdef int d
    for d in range(x.ndim):
        shape[d] = x.shape[d]
    shape[dim] = i.numel
    y = tensor_empty(x.dtype, x.ndim, shape)
    if x.ndim > 1 and i.numel and x.shape[dim] == 0:
        raise RuntimeError("index_select(): self indexing axis dim should be positive")
    if x.ndim == 0 and i.numel != 1:
        raise RuntimeError("index_select(): Index to scalar can have only 1 value, got "
                           f"{i.numel} value(s)")
    run_along(wide, dim, i, lined(y), PUT, True, False, "index_select", out_of_self)
    return y


cdef TensorBase index_embed_forward(TensorBase grad, int dim, TensorBase index, object shape):
    """Zeros of `shape` with grad added at the slices that index_select would read."""
    cdef int64_t sizes[MAX_DIMS]
    cdef int i
    for i in range(len(shape)):
        sizes[i] = shape[i]
    cdef TensorBase out = zeros_at(grad, combining(grad).dtype, len(shape), sizes)
    combine_into(lined(out), dim, vector_of(index, "index_select"), lined(grad), COMBINE_ADD, "index_select",
                 out_of_self)
    return cast_to(out, grad.dtype)


cdef int check_source(TensorBase x, int dim, TensorBase index, TensorBase source, str op) except -1:
    # The source has the tensor's shape but for the dimension, where it has that of the index.
    cdef TensorBase i = lined(index), a = lined(x), s = lined(source)
    cdef int d
    if x.dtype != source.dtype:
        raise RuntimeError(f"{op}(): self and source expected to have the same dtype, but got (self) "
                           f"{dtype_title(x.dtype)} and (source) {dtype_title(source.dtype)}")
    if source.ndim != x.ndim and not (x.ndim <= 1 and source.ndim <= 1):
        raise (IndexError if op == "index_copy" else RuntimeError)(
            f"{op}(): When source and destination are not scalars, their dimensionality must match. "
            f"Source dimensionality ({source.ndim}), destination dimensionality ({x.ndim})")
    if op != "index_copy" and x.ndim != source.ndim:
        raise RuntimeError("source tensor shape must match self tensor shape, excluding the specified dimension. Got "
                           f"self.shape = {list(shape_tuple(x))} source.shape = {list(shape_tuple(source))}")
    for d in range(a.ndim):
        if d == dim and s.shape[d] != i.numel:
            raise (IndexError if op == "index_copy" else RuntimeError)(
                f"{op}(): Number of indices ({i.numel}) should be equal to source.size(dim) ({s.shape[d]})")
        if d != dim and s.shape[d] != a.shape[d]:
            raise RuntimeError(f"{op}(): The size of tensor self must match the size of tensor source at dimension {d} "
                               f"apart from dimension {dim}: self {list(shape_tuple(x))}, source "
                               f"{list(shape_tuple(source))}")
    return 0


cdef int index_add_into(TensorBase x, int dim, TensorBase index, TensorBase source, object alpha) except -1:
    cdef TensorBase i = vector_of(index, "index_add")
    check_source(x, dim, index, source, "index_add")
    if alpha != 1:
        source = cast_to(binary(OP_MUL, source, as_operand(alpha, "index_add", "alpha", 5)), x.dtype)
    return combine_into(lined(x), dim, i, lined(source), COMBINE_ADD, "index_add", out_of_self)


cdef int index_copy_into(TensorBase x, int dim, TensorBase index, TensorBase source) except -1:
    cdef TensorBase i = vector_of(index, "index_copy")
    check_source(x, dim, index, source, "index_copy")
    if index.dtype != INT64:
        raise RuntimeError(f"index_copy_(): Expected a long tensor for index, but got {dtype_title(index.dtype)}")
    return run_along(lined(x), dim, i, lined(source), PUT, False, False, "index_copy", out_of_bounds)


cdef int index_fill_into(TensorBase x, int dim, TensorBase index, object value) except -1:
    cdef TensorBase i = vector_of(index, "index_fill")
    if isinstance(value, complex) and category_of[x.dtype] != CATEGORY_COMPLEX:
        raise RuntimeError("index_fill_(): Converting complex Scalar to non-complex type is not supported")
    return run_along(lined(x), dim, i, number_like(value, x, "index_fill"), PUT, False, True, "index_fill",
                     out_of_bounds)


cdef int index_reduce_into(TensorBase x, int dim, TensorBase index, TensorBase source, object reduce,
                           bint include_self) except -1:
    cdef TensorBase i = vector_of(index, "index_reduce")
    check_source(x, dim, index, source, "index_reduce")
    return reduce_into(lined(x), dim, i, lined(source), reduce, include_self, "index_reduce", out_of_self)


# ---- numbers of elements

cdef int check_numbers(TensorBase x, TensorBase index, str op) except -1:
    if index.dtype != INT64:
        raise RuntimeError(f"{op}(): Expected a long tensor for index, but got {dtype_title(index.dtype)}")
    if x.numel == 0 and index.numel:
        raise IndexError(f"{op}(): tried to {op} {'from' if op == 'take' else 'elements into'} an empty tensor")
    return 0


cdef TensorBase take_forward(TensorBase x, TensorBase index):
    cdef TensorBase y = tensor_empty(x.dtype, index.ndim, index.shape), i = dense(index, INT64)
    check_numbers(x, index, "take")
    run_along(flat_view(contiguous(x)), 0, flat_view(i), flat_view(y), PUT, True, True, "take", out_of_elements)
    return y


cdef TensorBase flat_view(TensorBase t):
    # A contiguous tensor as a vector.
    cdef int64_t one = 1
    return tensor_view(t, 1, &t.numel, &one, t.data)


cdef int put_into(TensorBase x, TensorBase index, TensorBase source, bint accumulate) except -1:
    cdef TensorBase to = combining(contiguous(x)), i = dense(index, INT64), v
    check_numbers(x, index, "put")
    if x.dtype != source.dtype:
        raise RuntimeError(f"put_(): self and source expected to have the same dtype, but got self.dtype = "
                           f"{dtype_title(x.dtype)} and source.dtype = {dtype_title(source.dtype)}")
    if index.numel != source.numel:
        raise IndexError("put_(): Expected source and index to have the same number of elements, but got "
                         f"source.numel() = {source.numel}, index.numel() = {index.numel}")
    v = flat_view(dense(source, to.dtype))
    run_along(flat_view(to), 0, flat_view(i), v, COMBINE_ADD if accumulate else PUT, False, True, "put",
              out_of_elements)
    if to is not x:
        copy_data(x, to)
    return 0

"""Rules of shapes: which dimension is meant, what broadcasts, which strides a view has.

Every error about a dimension or a size is raised here, in PyTorch's words.
"""
from libc.stdint cimport int64_t

from ctorch._tensor cimport MAX_DIMS, TensorBase, tensor_view

cdef extern from "Python.h":
    bint PyIndex_Check(object o)
    Py_ssize_t PyNumber_AsSsize_t(object o, object exc) except? -1


cdef int wrap_dim_c(int64_t dim, int ndim) except -1:
    cdef int n = ndim if ndim > 0 else 1
    if dim < -n or dim >= n:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim})")
    return <int>(dim + n if dim < 0 else dim)


cdef int wrap_dim(object dim, int ndim, str op) except -1:
    if not PyIndex_Check(dim) or isinstance(dim, bool):
        raise TypeError(f"{op}(): argument 'dim' must be int, not {type(dim).__name__}")
    return wrap_dim_c(PyNumber_AsSsize_t(dim, IndexError), ndim)


cpdef int64_t need_int(object value, str op, str arg) except? -1:
    # A whole number that an argument must be.
    if not PyIndex_Check(value) or isinstance(value, bool):
        raise TypeError(f"{op}(): argument '{arg}' must be int, not {type(value).__name__}")
    return PyNumber_AsSsize_t(value, OverflowError)


cdef int need_many(object values, str op, str arg) except -1:
    # An argument that must be a sequence of whole numbers.
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise TypeError(f"{op}(): argument '{arg}' must be tuple of ints, not {type(values).__name__}")
    return 0


cdef int broadcast_shape(TensorBase a, TensorBase b, int64_t* out) except -1:
    # Writes the broadcast shape and returns its number of dimensions.
    cdef int n = a.ndim if a.ndim > b.ndim else b.ndim
    cdef int i, ia, ib
    cdef int64_t sa, sb
    for i in range(n):
        ia = i - (n - a.ndim)
        ib = i - (n - b.ndim)
        sa = a.shape[ia] if ia >= 0 else 1
        sb = b.shape[ib] if ib >= 0 else 1
        if sa == sb or sb == 1:
            out[i] = sa
        elif sa == 1:
            out[i] = sb
        else:
            raise RuntimeError(f"The size of tensor a ({sa}) must match the size of tensor b ({sb}) "
                               f"at non-singleton dimension {i}")
    return n


cdef int broadcast_into(int ndim, int64_t* shape, TensorBase b, str op) except -1:
    # Broadcasts `shape` with one more tensor, in place; returns the new number of dimensions.
    cdef int n = ndim if ndim > b.ndim else b.ndim
    cdef int i, ia, ib
    cdef int64_t sa, sb
    for i in range(n - 1, -1, -1):
        ia = i - (n - ndim)
        ib = i - (n - b.ndim)
        sa = shape[ia] if ia >= 0 else 1
        sb = b.shape[ib] if ib >= 0 else 1
        if sa != sb and sa != 1 and sb != 1:
            raise RuntimeError(f"The size of tensor a ({sa}) must match the size of tensor b ({sb}) "
                               f"at non-singleton dimension {i}")
        shape[i] = sb if sa == 1 else sa
    return n


cdef bint view_strides(TensorBase x, int ndim, const int64_t* shape, int64_t* strides) noexcept:
    # Strides that show x's elements in the new shape without a copy; False where there are none.
    cdef int i, view_d = ndim - 1
    cdef int64_t chunk_stride, chunk_numel = 1, view_numel = 1
    if x.numel == 0:
        chunk_stride = 1
        for i in range(ndim - 1, -1, -1):
            strides[i] = chunk_stride
            chunk_stride *= shape[i] if shape[i] > 1 else 1
        return True
    if x.ndim == 0:
        for i in range(ndim):
            strides[i] = 1
        return True
    chunk_stride = x.strides[x.ndim - 1]
    for i in range(x.ndim - 1, -1, -1):
        chunk_numel *= x.shape[i]
        # a run of dimensions that lie evenly in memory ends here
        if i == 0 or (x.shape[i - 1] != 1 and x.strides[i - 1] != chunk_numel * chunk_stride):
            while view_d >= 0 and (view_numel < chunk_numel or shape[view_d] == 1):
                strides[view_d] = view_numel * chunk_stride
                view_numel *= shape[view_d]
                view_d -= 1
            if view_numel != chunk_numel:
                return False
            if i > 0:
                chunk_stride = x.strides[i - 1]
                chunk_numel = 1
                view_numel = 1
    return view_d == -1


cdef object unpack_sizes(tuple sizes):
    # view(2, 3) and view((2, 3)) mean the same.
    if len(sizes) == 1 and not PyIndex_Check(sizes[0]):
        return sizes[0]
    return sizes


cdef int parse_sizes(object sizes, int64_t* out, str op) except -1:
    # Writes a sequence of ints and returns how many there are.
    cdef int n = 0
    if PyIndex_Check(sizes) and not isinstance(sizes, (tuple, list)):
        out[0] = PyNumber_AsSsize_t(sizes, OverflowError)
        return 1
    need_many(sizes, op, "size")
    for s in sizes:
        if n >= MAX_DIMS:
            raise RuntimeError(f"{op}(): tensors have at most {MAX_DIMS} dimensions, got {len(sizes)}")
        if not PyIndex_Check(s) or isinstance(s, bool):
            raise TypeError(f"{op}(): argument 'size' must be tuple of ints, but found element of type "
                            f"{type(s).__name__} at pos {n}")
        out[n] = PyNumber_AsSsize_t(s, OverflowError)
        n += 1
    return n


cdef int infer_size(int ndim, int64_t* shape, int64_t numel) except -1:
    # Replaces one -1 by the size that fits numel.
    cdef int64_t known = 1
    cdef int i, unknown = -1
    for i in range(ndim):
        if shape[i] == -1:
            if unknown >= 0:
                raise RuntimeError("only one dimension can be inferred")
            unknown = i
        elif shape[i] < 0:
            raise RuntimeError(f"invalid shape dimension {shape[i]} at index {i} of shape "
                               f"{[shape[j] for j in range(ndim)]}")
        else:
            known *= shape[i]
    if unknown >= 0 and known == 0:
        raise RuntimeError(f"cannot reshape tensor of {numel} elements into shape {[shape[j] for j in range(ndim)]} "
                           "because the unspecified dimension size -1 can be any value and is ambiguous")
    if (unknown < 0 and known != numel) or (unknown >= 0 and numel % known != 0):
        raise RuntimeError(f"shape '{[shape[j] for j in range(ndim)]}' is invalid for input of size {numel}")
    if unknown >= 0:
        shape[unknown] = numel // known
    return 0


cdef bint channels_last_strides(object format, int ndim, const int64_t* shape, int64_t* strides) except -1:
    # True with strides where a memory format asks for channels last; False where it asks for rows or nothing.
    cdef int64_t stride
    cdef int i
    if format is None or format.ndim == 0:
        return False
    if ndim != format.ndim:
        raise RuntimeError(f"required rank {format.ndim} tensor to use {format.name} format")
    strides[1] = 1
    stride = shape[1] if shape[1] > 1 else 1
    for i in range(ndim - 1, 0, -1):
        if i != 1:
            strides[i] = stride
            stride *= shape[i] if shape[i] > 1 else 1
    strides[0] = stride
    return True


cdef object reduce_dims(object dim, int ndim, bint* reduced, str op):
    # Marks the dimensions that a reduction runs over; None and () mean all.
    cdef int i, d
    for i in range(ndim):
        reduced[i] = dim is None
    if dim is None:
        return None
    if PyIndex_Check(dim) and not isinstance(dim, (tuple, list)):
        d = wrap_dim(dim, ndim, op)
        if ndim:
            reduced[d] = True
        return None
    if not isinstance(dim, (tuple, list)):
        raise TypeError(f"{op}(): argument 'dim' must be tuple of ints, not {type(dim).__name__}")
    if len(dim) == 0:
        for i in range(ndim):
            reduced[i] = True
        return None
    for x in dim:
        d = wrap_dim(x, ndim, op)
        if ndim == 0:
            continue
        if reduced[d]:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
        reduced[d] = True
    return None


cdef int64_t reduced_count(tuple shape, object dim) except -1:
    # How many elements a reduction over `dim` takes together.
    cdef bint reduced[MAX_DIMS]
    cdef int64_t count = 1
    cdef int i, ndim = <int>len(shape)
    reduce_dims(dim, ndim, reduced, "reduce")
    for i in range(ndim):
        if reduced[i]:
            count *= shape[i]
    return count


def wrap(dim, int ndim, str op):
    """A dimension counted from the front; raises as every operator does."""
    return wrap_dim(dim, ndim, op)


def need_ints(values, str op, str arg):
    """The whole numbers that an argument must hold; one by itself will do."""
    if PyIndex_Check(values):
        return [need_int(values, op, arg)]
    need_many(values, op, arg)
    return [need_int(v, op, arg) for v in values]


def refuse_target(shape, target):
    """Raise, for class numbers whose shape does not fit that of the scores, what PyTorch raises."""
    shape, target = list(shape), list(target)
    if not shape:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    if len(shape) == 1 and len(target) == 1:
        raise ValueError(f"For 1D input, 1D target must have size 1, but got target size: {target[0]}")
    if len(shape) > 1 and shape[:1] != target[:1]:
        raise ValueError(f"Expected input batch_size ({shape[0]}) to match target batch_size "
                         f"({target[0] if target else 0}).")
    if len(shape) < 3:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if len(shape) != 4:
        raise RuntimeError(f"Expected target size {[shape[0], *shape[2:]]}, got {target}")
    if len(target) != 3:
        raise RuntimeError("only batches of spatial targets supported (3D tensors) but got targets of dimension: "
                           f"{len(target)}")
    raise RuntimeError(f"size mismatch (got input: {shape}, target: {target}")


cdef TensorBase once(TensorBase x, const bint* but=NULL):
    # x without repetitions: size one where all elements along a dimension are one, but for some dimensions.
    # x itself where there are none.
    cdef int64_t shape[MAX_DIMS]
    cdef bint found = False
    cdef int i
    for i in range(x.ndim):
        shape[i] = x.shape[i]
        if x.strides[i] == 0 and x.shape[i] > 1 and (but == NULL or not but[i]):
            shape[i], found = 1, True
    return tensor_view(x, x.ndim, shape, x.strides, x.data) if found else x

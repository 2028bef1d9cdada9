"""x[...] and x[...] = v: ints, slices, None, Ellipsis, and index tensors of ints or bools.

The basic part of an index makes a view. Index tensors then address rows of that view: their dimensions are brought
to the front, one offset per indexed position is computed, and blocks are copied.
"""
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from cpython.slice cimport PySlice_Check
from libc.stdint cimport int64_t
from libc.string cimport memcpy

from ctorch._accelerator cimport backend, check_one_device, device_of
from ctorch._dispatch cimport cast_to, check_inplace, contiguous, number_tensor
from ctorch._device cimport device_object
from ctorch._dtype cimport *
from ctorch._factories cimport tensor_from
from ctorch._iterator cimport copy_data
from ctorch._parallel cimport parallel_for
from ctorch._shape cimport broadcast_into
from ctorch._tape cimport Node, node_attach, node_edge, node_edge_shape, node_give, node_needs, node_new, recording, \
    tape_ops
from ctorch._tensor cimport *
from ctorch._views cimport copy_, permute_to, reshape_to, select, slice_dim, unsqueeze_at, zeros_at

cdef extern from "Python.h":
    bint PyIndex_Check(object o)
    Py_ssize_t PyNumber_AsSsize_t(object o, object exc) except? -1
    int PySlice_Unpack(object s, Py_ssize_t* start, Py_ssize_t* stop, Py_ssize_t* step) except -1
    Py_ssize_t PySlice_AdjustIndices(Py_ssize_t length, Py_ssize_t* start, Py_ssize_t* stop, Py_ssize_t step)

cdef enum:
    CHUNK = 1024                     # rows that one task copies


# ---- the basic part

cdef bint is_plain_int(object i):
    return PyIndex_Check(i) and not isinstance(i, (bool, TensorBase))


cdef TensorBase take_slice(TensorBase x, int dim, object s):
    cdef Py_ssize_t start, stop, step, length
    if x.ndim == 0:
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    PySlice_Unpack(plain_slice(s), &start, &stop, &step)
    length = PySlice_AdjustIndices(x.shape[dim], &start, &stop, step)
    if length == x.shape[dim] and step == 1:
        return x
    return slice_dim(x, dim, start, length, step)


cdef object plain_slice(object s):
    # 0-d tensors may stand for ints in a slice
    if isinstance(s.start, TensorBase) or isinstance(s.stop, TensorBase) or isinstance(s.step, TensorBase):
        return slice(*[int(v) if isinstance(v, TensorBase) else v for v in (s.start, s.stop, s.step)])
    return s


cdef int counted_dims(object i) except -1:
    # Dimensions of x that one part of an index uses.
    if i is None or i is Ellipsis or isinstance(i, bool):
        return 0
    if isinstance(i, TensorBase) and (<TensorBase>i).dtype == BOOL:
        return (<TensorBase>i).ndim
    return 1


cdef object as_index(object i):
    # Sequences and arrays become index tensors.
    cdef TensorBase t
    if i is None or i is Ellipsis or PySlice_Check(i) or isinstance(i, bool) or is_plain_int(i):
        return i
    if isinstance(i, (str, bytes)):
        raise TypeError(f"new(): invalid data type '{type(i).__name__}'")
    if isinstance(i, TensorBase):
        t = <TensorBase>i
    elif isinstance(i, (list, tuple)) or hasattr(i, "__array__") or hasattr(i, "__len__"):
        t = tensor_from(i, INT64 if hasattr(i, "__len__") and len(i) == 0 else -1, False)
    else:
        raise IndexError("only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid "
                         f"indices (got {type(i).__name__})")
    if t.dtype == BOOL:
        return t if t.ndim else bool(t)
    if category_of[t.dtype] != CATEGORY_INT:
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    if t.ndim == 0 and not wants_grad(t):
        return int(t)
    return cast_to(t, INT64)


cdef tuple basic_part(TensorBase x, object index):
    """The view that ints, slices, None and Ellipsis make, and the index tensors left over, by dimension."""
    cdef list parts = [as_index(i) for i in index] if isinstance(index, tuple) else [as_index(index)]
    cdef int used = 0, dim = 0, skip, ellipses = 0
    cdef list tensors = []
    for i in parts:
        used += counted_dims(i)
        ellipses += i is Ellipsis
    if ellipses > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if used > x.ndim:
        raise IndexError(f"too many indices for tensor of dimension {x.ndim}")
    skip = x.ndim - used
    for i in parts:
        if i is Ellipsis:
            dim += skip
        elif i is None:
            x = unsqueeze_at(x, dim)
            dim += 1
        elif isinstance(i, bool):
            x = unsqueeze_at(x, dim)
            tensors.append((dim, beside(x, tensor_from([0] if i else [], INT64, False))))
            dim += 1
        elif PySlice_Check(i):
            x = take_slice(x, dim, i)
            dim += 1
        elif isinstance(i, TensorBase):
            for t in index_tensors(x, dim, <TensorBase>i):
                tensors.append((dim, beside(x, <TensorBase>t)))
                dim += 1
        else:
            check_index_bounds(x, dim, i, len(tensors) and 0)
            x = select(x, dim, PyNumber_AsSsize_t(i, IndexError))
    return x, tensors


cdef TensorBase beside(TensorBase x, TensorBase t):
    # An index tensor on x's device: those of the CPU go anywhere.
    cdef TensorBase y
    if t.device == x.device and t.device_index == x.device_index:
        return t
    if t.device != DEVICE_CPU:
        raise RuntimeError("indices should be either on cpu or on the same device as the indexed tensor "
                           f"({device_object(x.device, x.device_index)})")
    y = tensor_empty_at(x, t.dtype, t.ndim, t.shape)
    copy_data(y, t)
    return y


cdef int check_index_bounds(TensorBase x, int dim, object i, object offset) except -1:
    cdef Py_ssize_t k = PyNumber_AsSsize_t(i, IndexError)
    if x.ndim == 0:
        raise IndexError("invalid index of a 0-dim tensor. Use `tensor.item()` in Python to convert a 0-dim tensor "
                         "to a number")
    if k < -x.shape[dim] or k >= x.shape[dim]:
        raise IndexError(f"index {k} is out of bounds for dimension {dim} with size {x.shape[dim]}")
    return 0


cdef list index_tensors(TensorBase x, int dim, TensorBase t):
    # A bool mask stands for the positions where it is true, one index tensor per dimension.
    cdef int i
    if t.dtype != BOOL:
        return [t]
    for i in range(t.ndim):
        if t.shape[i] != x.shape[dim + i]:
            raise IndexError(f"The shape of the mask {list(shape_tuple(t))} at index {i} does not match the shape of "
                             f"the indexed tensor {list(shape_tuple(x))} at index {dim + i}")
    return positions(t)


cdef list positions(TensorBase mask):
    # Coordinates of the true elements, in row-major order.
    cdef TensorBase m = contiguous(mask)
    cdef int64_t count = 0, i, k = 0, rest
    cdef int d, n = m.ndim
    cdef unsigned char* p = <unsigned char*>m.data
    cdef list out = []
    if m.device != DEVICE_CPU:
        return backend().positions(m)
    for i in range(m.numel):
        count += p[i] != 0
    cdef int64_t* columns[MAX_DIMS]
    for d in range(n):
        out.append(tensor_empty(INT64, 1, &count))
        columns[d] = <int64_t*>(<TensorBase>out[d]).data
    for i in range(m.numel):
        if p[i]:
            rest = i
            for d in range(n - 1, -1, -1):
                columns[d][k] = rest % m.shape[d]
                rest //= m.shape[d]
            k += 1
    return out


def nonzero(input, *, out=None, bint as_tuple=False):
    """Positions of the elements that are not zero.

    See https://docs.pytorch.org/docs/stable/generated/torch.nonzero.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nonzero(ctorch.tensor([0, 5, 7]))
    tensor([[1],
            [2]])
    """
    cdef TensorBase x = <TensorBase?>input
    cdef TensorBase column, target, row
    cdef int64_t shape[2]
    cdef int64_t stride
    cdef int d
    if as_tuple and x.ndim == 0:
        x = unsqueeze_at(x, 0)
    cdef list columns = positions(cast_to(x, BOOL))
    if as_tuple:
        return tuple(columns)
    shape[0] = (<TensorBase>columns[0]).numel if columns else (1 if bool(x) else 0)
    shape[1] = x.ndim
    target = tensor_empty_at(x, INT64, 2, shape)
    stride = x.ndim
    for d, column in enumerate(columns):
        row = tensor_view(target, 1, shape, &stride, target.data + d * sizeof(int64_t))
        copy_data(row, column)
    return target


# ---- rows by index tensors

cdef struct RowCopy:
    char* rows                       # of the indexed tensor
    char* packed                     # the values, row after row
    const int64_t* offsets           # bytes, one per row
    int64_t count
    int64_t size                     # bytes of a row
    bint put


cdef void copy_rows(void* arg, int64_t chunk) noexcept nogil:
    cdef RowCopy* job = <RowCopy*>arg
    cdef int64_t i, end = (chunk + 1) * CHUNK
    if end > job.count:
        end = job.count
    if job.put:
        for i in range(chunk * CHUNK, end):
            memcpy(job.rows + job.offsets[i], job.packed + i * job.size, job.size)
    elif job.size == 4:
        for i in range(chunk * CHUNK, end):
            (<int*>job.packed)[i] = (<int*>(job.rows + job.offsets[i]))[0]
    elif job.size == 8:
        for i in range(chunk * CHUNK, end):
            (<int64_t*>job.packed)[i] = (<int64_t*>(job.rows + job.offsets[i]))[0]
    else:
        for i in range(chunk * CHUNK, end):
            memcpy(job.packed + i * job.size, job.rows + job.offsets[i], job.size)


cdef class Rows:
    """A tensor seen as rows that index tensors address: where they are and how the result is shaped."""
    cdef TensorBase front            # x with the indexed dimensions first
    cdef TensorBase offsets          # int64, bytes from front.data
    cdef tuple index_shape           # broadcast shape of the index tensors
    cdef int indexed                 # how many dimensions are indexed
    cdef int at                      # where the index dimensions stand in the result


cdef Rows find_rows(TensorBase x, list tensors):
    cdef Rows r = Rows.__new__(Rows)
    cdef int perm[MAX_DIMS]
    cdef int64_t shape[MAX_DIMS]
    cdef int i, k = 0, ndim = 0
    cdef list dims = [d for d, _ in tensors]
    cdef TensorBase t, wide
    cdef bint adjacent = dims == list(range(dims[0], dims[0] + len(dims)))
    for d in dims:
        perm[k] = d
        k += 1
    for i in range(x.ndim):
        if i not in dims:
            perm[k] = i
            k += 1
    r.front = permute_to(x, perm)
    r.indexed = len(dims)
    r.at = dims[0] if adjacent else 0
    for _, t in tensors:
        ndim = grow_broadcast(ndim, shape, t, tensors)
    r.index_shape = tuple([shape[i] for i in range(ndim)])
    r.offsets = zeros_at(None, INT64, ndim, shape)
    for k, (_, t) in enumerate(tensors):
        wide = tensor_empty(INT64, ndim, shape)
        copy_data(wide, t)
        add_offsets(r, k, wide, dims[k])
    return r


cdef int grow_broadcast(int ndim, int64_t* shape, TensorBase t, list tensors) except -1:
    cdef int64_t grown[MAX_DIMS]
    cdef int i, n = ndim if ndim > t.ndim else t.ndim
    for i in range(n):
        grown[i] = shape[i - (n - ndim)] if i >= n - ndim else 1
    memcpy(shape, grown, n * sizeof(int64_t))
    try:
        return broadcast_into(n, shape, t, "index")
    except RuntimeError:
        raise IndexError("shape mismatch: indexing tensors could not be broadcast together with shapes "
                         + ", ".join(str(list(shape_tuple(<TensorBase>x))) for _, x in tensors)) from None


cdef int add_offsets(Rows r, int k, TensorBase index, int dim) except -1:
    cdef int64_t* to = <int64_t*>r.offsets.data
    cdef int64_t* p = <int64_t*>index.data
    cdef int64_t size = r.front.shape[k], step = r.front.strides[k] * itemsize_of[r.front.dtype], i, v
    for i in range(index.numel):
        v = p[i]
        if v < -size or v >= size:
            raise IndexError(f"index {v} is out of bounds for dimension {dim} with size {size}")
        to[i] += (v + size if v < 0 else v) * step
    return 0


cdef TensorBase row_block(TensorBase front, int indexed):
    # Whether a row is one block of memory decides if front is copied first.
    cdef int i
    cdef int64_t expected = 1
    for i in range(front.ndim - 1, indexed - 1, -1):
        if front.shape[i] != 1 and front.strides[i] != expected:
            return contiguous(front)
        expected *= front.shape[i]
    return front


cdef int move_rows(Rows r, TensorBase packed, bint put) except -1:
    cdef RowCopy job
    cdef int i
    job.rows, job.packed, job.put = r.front.data, packed.data, put
    job.offsets = <int64_t*>r.offsets.data
    job.count = r.offsets.numel
    job.size = itemsize_of[r.front.dtype]
    for i in range(r.indexed, r.front.ndim):
        job.size *= r.front.shape[i]
    if job.count == 0 or job.size == 0:
        return 0
    if put or job.count < 2 * CHUNK:
        for i in range((job.count + CHUNK - 1) // CHUNK):
            copy_rows(&job, i)
    else:
        with nogil:
            parallel_for(copy_rows, &job, (job.count + CHUNK - 1) // CHUNK)
    return 0


cdef TensorBase rest_last(Rows r, TensorBase packed):
    # (index dims, rest) -> the index dimensions at their place
    cdef int perm[MAX_DIMS]
    cdef int i, n = len(r.index_shape)
    if r.at == 0:
        return packed
    for i in range(packed.ndim):
        if i < r.at:
            perm[i] = n + i
        elif i < r.at + n:
            perm[i] = i - r.at
        else:
            perm[i] = i
    return permute_to(packed, perm)


cdef TensorBase index_rows(TensorBase x, list tensors):
    """x indexed by tensors; not recorded."""
    if x.device != DEVICE_CPU:
        return <TensorBase?>backend().index(x, tensors)
    return index_rows_cpu(x, tensors)


cdef TensorBase index_rows_cpu(TensorBase x, list tensors):
    cdef Rows r = find_rows(x, tensors)
    cdef int64_t shape[MAX_DIMS]
    cdef int i, n = len(r.index_shape)
    cdef TensorBase front = row_block(r.front, r.indexed), packed
    if front is not r.front:
        r = find_rows(front, [(k, t) for k, (_, t) in enumerate(tensors)])
        adjacent = list(range(tensors[0][0], tensors[0][0] + len(tensors)))
        r.at = tensors[0][0] if [d for d, _ in tensors] == adjacent else 0
    if n + r.front.ndim - r.indexed > MAX_DIMS:
        raise RuntimeError(f"index: the result has more than {MAX_DIMS} dimensions")
    for i in range(n):
        shape[i] = r.index_shape[i]
    for i in range(r.indexed, r.front.ndim):
        shape[n + i - r.indexed] = r.front.shape[i]
    packed = tensor_empty(x.dtype, n + r.front.ndim - r.indexed, shape)
    move_rows(r, packed, False)
    return contiguous(rest_last(r, packed))


ctypedef fused number:
    float
    double
    int
    int64_t
    short
    signed char
    unsigned char
    float complex
    double complex


cdef void add_row(number* to, number* frm, int64_t n) noexcept nogil:
    cdef int64_t i
    for i in range(n):
        to[i] = to[i] + frm[i]


cdef int accumulate_rows(Rows r, TensorBase packed) except -1:
    # In order, so that repeated indices give the same sum on any number of threads.
    cdef int64_t i, n = 1, count = r.offsets.numel
    cdef int64_t* offsets = <int64_t*>r.offsets.data
    cdef char* to = r.front.data
    cdef char* p = packed.data
    cdef int d = r.front.dtype, size = itemsize_of[r.front.dtype]
    for i in range(r.indexed, r.front.ndim):
        n *= r.front.shape[i]
    if d not in (FLOAT32, FLOAT64, INT32, INT64, INT16, INT8, UINT8, COMPLEX64, COMPLEX128):
        raise NotImplementedError(f"index_put_ with accumulate: not implemented for device 'cpu' and dtype "
                                  f"{dtype_name(d).decode()}")
    for i in range(count):
        if d == FLOAT32:
            add_row(<float*>(to + offsets[i]), <float*>p, n)
        elif d == FLOAT64:
            add_row(<double*>(to + offsets[i]), <double*>p, n)
        elif d == INT64:
            add_row(<int64_t*>(to + offsets[i]), <int64_t*>p, n)
        elif d == INT32:
            add_row(<int*>(to + offsets[i]), <int*>p, n)
        elif d == INT16:
            add_row(<short*>(to + offsets[i]), <short*>p, n)
        elif d == INT8:
            add_row(<signed char*>(to + offsets[i]), <signed char*>p, n)
        elif d == UINT8:
            add_row(<unsigned char*>(to + offsets[i]), <unsigned char*>p, n)
        elif d == COMPLEX64:
            add_row(<float complex*>(to + offsets[i]), <float complex*>p, n)
        else:
            add_row(<double complex*>(to + offsets[i]), <double complex*>p, n)
        p += n * size
    return 0


cdef TensorBase values_for(Rows r, TensorBase values):
    # The values broadcast and packed as rows.
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t final[MAX_DIMS]
    cdef int i, n = len(r.index_shape), rest = r.front.ndim - r.indexed
    cdef TensorBase wide, packed, v = cast_to(values, r.front.dtype)
    cdef int inverse[MAX_DIMS]
    for i in range(n):
        shape[i] = r.index_shape[i]
    for i in range(rest):
        shape[n + i] = r.front.shape[r.indexed + i]
    # `final` is the shape as the user sees it; `inverse` leads from there to (index dims, rest)
    for i in range(n + rest):
        inverse[i] = i
    if r.at:
        for i in range(n):
            inverse[i] = r.at + i
        for i in range(rest):
            inverse[n + i] = i if i < r.at else n + i
    for i in range(n + rest):
        final[inverse[i]] = shape[i]
    wide = tensor_empty(r.front.dtype, n + rest, final)
    if v.ndim > wide.ndim or not fits(v, wide):
        raise IndexError(f"shape mismatch: value tensor of shape {list(shape_tuple(values))} cannot be broadcast to "
                         f"indexing result of shape {list(shape_tuple(wide))}")
    copy_data(wide, v)
    packed = permute_to(wide, inverse)
    return contiguous(packed)


cdef bint fits(TensorBase v, TensorBase wide) noexcept:
    cdef int i, own
    for i in range(v.ndim):
        own = i + wide.ndim - v.ndim
        if v.shape[i] != wide.shape[own] and v.shape[i] != 1:
            return False
    return True


cdef int put_rows(TensorBase x, list tensors, TensorBase values, bint add) except -1:
    """x at the index tensors = (or +=) values; not recorded."""
    if x.device != DEVICE_CPU:
        backend().index_put(x, tensors, values, add)
        return 0
    return put_rows_cpu(x, tensors, values, add)


cdef int put_rows_cpu(TensorBase x, list tensors, TensorBase values, bint add) except -1:
    cdef Rows r = find_rows(x, tensors)
    cdef TensorBase packed = values_for(r, values)
    cdef TensorBase front = row_block(r.front, r.indexed)
    if front is r.front:
        return accumulate_rows(r, packed) if add else move_rows(r, packed, True)
    # rows are scattered in memory: change a contiguous copy and write it back
    cdef Rows c = find_rows(front, [(k, t) for k, (_, t) in enumerate(tensors)])
    if add:
        accumulate_rows(c, packed)
    else:
        move_rows(c, packed, True)
    copy_data(r.front, front)
    return 0


# ---- records

cdef int index_backward(Node node, PyObject** grads) except -1:
    cdef TensorBase g = <TensorBase>grads[0]
    tensors, = <tuple>node.args
    return node_give(node, 0, index_embed(g, node_edge_shape(node, 0, g), tensors))


cdef TensorBase index_embed(TensorBase g, tuple shape, list tensors):
    """Zeros with g added at the indexed places."""
    cdef int64_t sizes[MAX_DIMS]
    cdef int i
    cdef TensorBase out
    cdef Node node
    for i in range(len(shape)):
        sizes[i] = shape[i]
    out = zeros_at(g, g.dtype, len(shape), sizes)
    put_rows(out, tensors, g, True)
    if wants_grad(g) and recording():
        node = node_new(index_embed_backward, b"index_put", 1, 0)
        node_edge(node, 0, g, None)
        keep(node, (tensors,))
        node_attach(node, out, 0)
    return out


cdef int index_embed_backward(Node node, PyObject** grads) except -1:
    tensors, = <tuple>node.args
    return node_give(node, 0, index_recorded(<TensorBase>grads[0], tensors))


cdef int keep(Node node, tuple args) except -1:
    Py_INCREF(args)
    node.args = <PyObject*>args
    return 0


cdef TensorBase index_recorded(TensorBase x, list tensors):
    cdef TensorBase y
    cdef bint record = wants_grad(x) and recording()
    cdef Node node
    if not record:
        return index_rows(x, tensors)
    node = node_new(index_backward, b"index", 1, 0)
    node_edge(node, 0, x, None)
    y = index_rows(tensor_alias(x), tensors)
    keep(node, (tensors,))
    node_attach(node, y, 0)
    return y


cdef object get_item(TensorBase x, object index):
    cdef TensorBase v
    cdef Py_ssize_t k
    if is_plain_int(index):
        k = PyNumber_AsSsize_t(index, IndexError)
        check_index_bounds(x, 0, index, 0)
        return select(x, 0, k)
    v, tensors = basic_part(x, index)
    if not tensors:
        return v if v is not x else tensor_of_all(x)
    return index_recorded(v, tensors)


cdef TensorBase tensor_of_all(TensorBase x):
    # x[...] is a view of its own
    cdef int perm[MAX_DIMS]
    cdef int i
    for i in range(x.ndim):
        perm[i] = i
    return permute_to(x, perm)


cdef int put_backward(Node node, PyObject** grads) except -1:
    # edge 0: the old values, whose gradient is zero at the indexed places; edge 1: the new values
    cdef TensorBase g = <TensorBase>grads[0]
    tensors, add = <tuple>node.args
    if node_needs(node, 0):
        node_give(node, 0, g if add else without(g, tensors))
    if node_needs(node, 1):
        node_give(node, 1, index_recorded(g, tensors))
    return 0


cdef TensorBase without(TensorBase g, list tensors):
    cdef object mask
    cdef TensorBase m = tensor_empty_at(g, g.dtype, g.ndim, g.shape)
    copy_data(m, number_tensor(1.0))
    put_rows(m, tensors, number_tensor(0.0), False)
    mask = m
    return <TensorBase>(g * mask)


cdef int put_recorded(TensorBase x, list tensors, TensorBase values, bint add) except -1:
    cdef Node node = None
    cdef PyObject* both[2]
    check_inplace(x, b"index_put_")
    if x.device != values.device or x.device_index != values.device_index:
        both[0], both[1] = <PyObject*>x, <PyObject*>values
        device_of(2, both, b"index_put_")
    if recording() and (wants_grad(x) or wants_grad(values)) and category_of[x.dtype] >= CATEGORY_FLOAT:
        node = node_new(put_backward, b"index_put", 2, 0)
        node_edge(node, 0, x, None)
        node_edge(node, 1, values, None)
        keep(node, (tensors, add))
    put_rows(tensor_alias(x), tensors, values, add)
    bump_version(x, b"index_put_")
    if node is not None:
        if x.base != NULL:
            tape_ops.rebase(x, node)
        else:
            node_attach(node, x, 0)
    return 0


cdef int set_item(TensorBase x, object index, object value) except -1:
    cdef TensorBase v, values
    if isinstance(value, TensorBase):
        values = <TensorBase>value
    else:
        values = number_tensor(value) if isinstance(value, (int, float, complex)) else tensor_from(value, -1, False)
        if x.device != DEVICE_CPU:
            values = beside(x, values)
    v, tensors = basic_part(x, index)
    if tensors:
        return put_recorded(v, tensors, values, False)
    while values.ndim > v.ndim and values.shape[0] == 1:
        values = select(values, 0, 0)
    copy_(v, values)
    return 0


cdef TensorBase gather_rows(TensorBase x, TensorBase rows):
    # x[rows] along the first dimension; not recorded
    return index_rows(x, [(0, rows)])


def index_put_(input, indices, values, bint accumulate=False):
    """In place: the elements at the index tensors become (or grow by) the values."""
    cdef TensorBase x = <TensorBase?>input
    v, tensors = basic_part(x, tuple([slice(None) if i is None else i for i in indices]))
    put_recorded(v, tensors, <TensorBase?>values, accumulate)
    return input


def index_select(input, dim, index):
    """The slices of one dimension that an index tensor names.

    See https://docs.pytorch.org/docs/stable/generated/torch.index_select.html
    """
    from ctorch._shape import wrap
    cdef TensorBase x = <TensorBase?>input, i = <TensorBase?>index
    cdef int d = wrap(dim, x.ndim, "index_select")
    if i.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if i.dtype != INT64 and i.dtype != INT32:
        raise RuntimeError(f"index_select(): Expected dtype int32 or int64 for index but got: {dtype_title(i.dtype)}")
    check_one_device("index_select", (x, i))
    if i.ndim == 0:
        i = unsqueeze_at(i, 0)
    if x.ndim == 0:
        return reshape_to(index_recorded(unsqueeze_at(x, 0), [(0, cast_to(i, INT64))]), 0, x.shape)
    return index_recorded(x, [(d, cast_to(i, INT64))])

# The public functions of views; included by _views.pyx.

cdef extern from "Python.h":
    int PySlice_Unpack(object s, Py_ssize_t* start, Py_ssize_t* stop, Py_ssize_t* step) except -1
    Py_ssize_t PySlice_AdjustIndices(Py_ssize_t length, Py_ssize_t* start, Py_ssize_t* stop, Py_ssize_t step)


cdef TensorBase need(object x, str op, str arg="input"):
    if not isinstance(x, TensorBase):
        raise TypeError(f"{op}(): argument '{arg}' (position 1) must be Tensor, not {type(x).__name__}")
    return <TensorBase>x


def shape_of(other, str op, str arg="other"):
    """The shape of an argument that must be a tensor."""
    return shape_tuple(need(other, op, arg))


def view_as(input, other):
    """This tensor viewed in the shape of another."""
    return view(input, shape_of(other, "view_as"))


def reshape_as(input, other):
    """This tensor reshaped to the shape of another."""
    return reshape(input, shape_of(other, "reshape_as"))


def expand_as(input, other):
    """This tensor expanded to the shape of another."""
    return expand(input, shape_of(other, "expand_as"))


def view(input, size):
    """The same elements in another shape, without a copy; raises where strides do not allow it."""
    cdef TensorBase x = need(input, "view"), v
    cdef int64_t shape[MAX_DIMS]
    cdef int n = parse_sizes(size, shape, "view")
    infer_size(n, shape, x.numel)
    v = view_or_none(x, n, shape)
    if v is None:
        raise RuntimeError("view size is not compatible with input tensor's size and stride (at least one dimension "
                           "spans across two contiguous subspaces). Use .reshape(...) instead.")
    return v


def reshape(input, shape):
    """The same elements in another shape; a view where strides allow it, else a copy.

    See https://docs.pytorch.org/docs/stable/generated/torch.reshape.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.arange(4).reshape(2, -1)
    tensor([[0, 1],
            [2, 3]])
    """
    cdef TensorBase x = need(input, "reshape")
    cdef int64_t sizes[MAX_DIMS]
    cdef int n = parse_sizes(shape, sizes, "reshape")
    infer_size(n, sizes, x.numel)
    return reshape_to(x, n, sizes)


def permute(input, dims):
    """The dimensions in another order; a view.

    See https://docs.pytorch.org/docs/stable/generated/torch.permute.html
    """
    cdef TensorBase x = need(input, "permute")
    cdef int perm[MAX_DIMS]
    cdef bint seen[MAX_DIMS]
    cdef int i, d
    need_many(dims, "permute", "dims")
    dims = list(dims)
    if len(dims) != x.ndim:
        raise RuntimeError("permute(sparse_coo): number of dimensions in the tensor input does not match the length "
                           f"of the desired ordering of dimensions i.e. input.dim() = {x.ndim} is not equal to "
                           f"len(dims) = {len(dims)}".replace("permute(sparse_coo)", "permute"))
    for i in range(x.ndim):
        seen[i] = False
    for i in range(x.ndim):
        d = wrap_dim(dims[i], x.ndim, "permute")
        if seen[d]:
            raise RuntimeError("permute(): duplicate dims are not allowed.")
        seen[d] = True
        perm[i] = d
    return permute_to(x, perm)


def transpose(input, dim0, dim1):
    """Two dimensions exchanged; a view.

    See https://docs.pytorch.org/docs/stable/generated/torch.transpose.html
    """
    cdef TensorBase x = need(input, "transpose")
    cdef int perm[MAX_DIMS]
    cdef int i, a = wrap_dim(dim0, x.ndim, "transpose"), b = wrap_dim(dim1, x.ndim, "transpose")
    for i in range(x.ndim):
        perm[i] = i
    perm[a], perm[b] = b, a
    return permute_to(x, perm)


def t(input):
    """Transpose of a tensor of at most two dimensions."""
    cdef TensorBase x = need(input, "t")
    if x.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {x.ndim}D")
    return x if x.ndim < 2 else transpose(x, 0, 1)


def movedim(input, source, destination):
    """Dimensions moved to other places; a view."""
    cdef TensorBase x = need(input, "movedim")
    cdef int n = x.ndim
    source = [source] if isinstance(source, int) else source
    destination = [destination] if isinstance(destination, int) else destination
    need_many(source, "movedim", "source")
    need_many(destination, "movedim", "destination")
    src = [wrap_dim(d, n, "movedim") for d in source]
    dst = [wrap_dim(d, n, "movedim") for d in destination]
    if len(src) != len(dst):
        raise RuntimeError(f"movedim: Invalid source or destination dims: source ({src} dims) should contain the same "
                           f"number of dims as destination ({dst} dims)")
    if len(set(src)) != len(src) or len(set(dst)) != len(dst):
        raise RuntimeError(f"movedim: repeated dim in source ({src}) or destination ({dst})")
    order = [-1] * n
    for s, d in zip(src if n else [], dst):
        order[d] = s
    rest = iter([i for i in range(n) if i not in src])
    return permute(x, [next(rest) if o < 0 else o for o in order])


def expand(input, size):
    """Dimensions of size one stretched without a copy; -1 keeps a size.

    See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.expand.html
    """
    cdef TensorBase x = need(input, "expand")
    cdef int64_t shape[MAX_DIMS]
    cdef int n = parse_sizes(size, shape, "expand")
    return expand_to(x, n, shape)


def unsqueeze(input, dim):
    """A dimension of size one put in.

    See https://docs.pytorch.org/docs/stable/generated/torch.unsqueeze.html
    """
    cdef TensorBase x = need(input, "unsqueeze")
    return unsqueeze_at(x, wrap_dim(dim, x.ndim + 1, "unsqueeze"))


def squeeze(input, dim=None):
    """Dimensions of size one taken out: all of them, or those named.

    See https://docs.pytorch.org/docs/stable/generated/torch.squeeze.html
    """
    cdef TensorBase x = need(input, "squeeze")
    cdef bint gone[MAX_DIMS]
    cdef int i, d
    for i in range(x.ndim):
        gone[i] = dim is None
    if dim is not None:
        for one in (dim if isinstance(dim, (tuple, list)) else (dim,)):
            d = wrap_dim(one, x.ndim, "squeeze")
            if x.ndim:
                gone[d] = True
    return squeeze_marked(x, gone)


def flatten(input, start_dim=0, end_dim=-1):
    """Several dimensions made one.

    See https://docs.pytorch.org/docs/stable/generated/torch.flatten.html
    """
    cdef TensorBase x = need(input, "flatten")
    cdef int a = wrap_dim(start_dim, x.ndim, "flatten"), b = wrap_dim(end_dim, x.ndim, "flatten"), i
    cdef int64_t n = 1
    if a > b:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if x.ndim == 0:
        return reshape(x, (1,))
    if a == b:
        return x
    for i in range(a, b + 1):
        n *= x.shape[i]
    shape = shape_tuple(x)
    return reshape(x, shape[:a] + (n,) + shape[b + 1:])


def unflatten(input, dim, sizes):
    """One dimension made several."""
    cdef TensorBase x = need(input, "unflatten")
    cdef int d = wrap_dim(dim, x.ndim, "unflatten"), n, i
    cdef int64_t parts[MAX_DIMS]
    n = parse_sizes(sizes, parts, "unflatten")
    infer_size(n, parts, x.shape[d])
    shape = shape_tuple(x)
    return view(x, shape[:d] + tuple([parts[i] for i in range(n)]) + shape[d + 1:])


def narrow(input, dim, start, length):
    """`length` elements of a dimension from `start` on; a view."""
    cdef TensorBase x = need(input, "narrow")
    cdef int d = wrap_dim(dim, x.ndim, "narrow")
    cdef int64_t first = need_int(start, "narrow", "start"), n = need_int(length, "narrow", "length")
    if x.ndim == 0:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if n < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if first < -x.shape[d] or first > x.shape[d]:
        raise IndexError(f"start out of range (expected to be in range of [{-x.shape[d]}, {x.shape[d]}], "
                         f"but got {first})")
    if first < 0:
        first += x.shape[d]
    if first + n > x.shape[d]:
        raise RuntimeError(f"start ({first}) + length ({n}) exceeds dimension size ({x.shape[d]}).")
    return slice_dim(x, d, first, n, 1)


def select_(input, dim, index):
    """One index of a dimension; a view with one dimension less."""
    cdef TensorBase x = need(input, "select")
    return select(x, wrap_dim(dim, x.ndim, "select"), need_int(index, "select", "index"))


def diagonal(input, offset=0, dim1=0, dim2=1):
    """The diagonal of two dimensions, as the last dimension of a view."""
    cdef TensorBase x = need(input, "diagonal")
    cdef int a = wrap_dim(dim1, x.ndim, "diagonal"), b = wrap_dim(dim2, x.ndim, "diagonal")
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return recorded_part(x, KIND_DIAGONAL, (need_int(offset, "diagonal", "offset"), a, b))


def as_strided(input, size, stride, storage_offset=None):
    """A view of the storage with the given sizes, strides and offset, all in elements.

    Raises
    ------
    RuntimeError
        If it would reach outside of the storage.
    """
    cdef TensorBase x = need(input, "as_strided")
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t strides[MAX_DIMS]
    cdef TensorBase v
    cdef int64_t itemsize = itemsize_of[x.dtype], own = (x.data - x.storage.data) // itemsize
    cdef int64_t offset = own if storage_offset is None else need_int(storage_offset, "as_strided", "storage_offset")
    cdef object low = offset, high = offset
    cdef int i, n = parse_sizes(size, shape, "as_strided"), m = parse_sizes(stride, strides, "as_strided")
    cdef bint empty = False
    if n != m:
        raise RuntimeError(f"mismatch in length of strides and shape: {n} sizes, {m} strides")
    for i in range(n):
        if shape[i] < 0:
            raise RuntimeError(f"as_strided: sizes must be non-negative, got {tuple(size)}")
        empty = empty or shape[i] == 0
        if strides[i] >= 0:
            high = high + <object>(shape[i] - 1) * <object>strides[i]
        else:
            low = low + <object>(shape[i] - 1) * <object>strides[i]
    if offset < 0 or (not empty and (low < 0 or (high + 1) * itemsize > x.storage.nbytes)):
        raise RuntimeError(f"setStorage: sizes {[shape[i] for i in range(n)]}, strides "
                           f"{[strides[i] for i in range(n)]}, storage offset {offset}, and itemsize {itemsize} "
                           f"requiring a storage size of {(high + 1) * itemsize} are out of bounds for storage of "
                           f"size {x.storage.nbytes}")
    args = tuple([shape[i] for i in range(n)]), tuple([strides[i] for i in range(n)]), offset - own
    base = None if x.base == NULL else <object>x.base
    v = recorded_part(x, KIND_STRIDED, args)
    if base is not None and v.view_origin == VIEW_DEFAULT and not inside(x, args):
        v.view_version = v.storage.version - 1      # beyond x only the base knows the history: the next use asks it
    return v


def unbind(input, dim=0):
    """All indices of a dimension, as a tuple of views."""
    cdef TensorBase x = need(input, "unbind"), v
    cdef int d = wrap_dim(dim, x.ndim, "unbind")
    cdef int64_t i
    if x.ndim == 0:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    out = []
    for i in range(x.shape[d]):
        v = select(x, d, i)
        v.view_origin = VIEW_MULTI_OUTPUT
        out.append(v)
    return tuple(out)


def split(tensor, split_size_or_sections, dim=0):
    """A tensor cut along a dimension, into pieces of a size or of several sizes; views."""
    cdef TensorBase x = need(tensor, "split"), v
    cdef int d = wrap_dim(dim, x.ndim, "split")
    cdef int64_t at = 0, size
    if x.ndim == 0:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    out = []
    if isinstance(split_size_or_sections, int) or not hasattr(split_size_or_sections, "__iter__"):
        size = need_int(split_size_or_sections, "split", "split_size_or_sections")
        if size < 0 or (size == 0 and x.shape[d] != 0):
            raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
        sections = [size] * (x.shape[d] // size if size else 1)
        if size and x.shape[d] % size:
            sections.append(x.shape[d] % size)
        if not sections:
            sections = [0]
    else:
        need_many(split_size_or_sections, "split", "split_size_or_sections")
        sections = [need_int(s, "split", "split_size_or_sections") for s in split_size_or_sections]
        if sum(sections) != x.shape[d] or any(s < 0 for s in sections):
            raise RuntimeError(f"split_with_sizes expects split_sizes to sum exactly to {x.shape[d]} (input tensor's "
                               f"size at dimension {d}), but got split_sizes={sections}")
    for size in sections:
        v = slice_dim(x, d, at, size, 1)
        v.view_origin = VIEW_MULTI_OUTPUT
        out.append(v)
        at += size
    return tuple(out)


def chunk(input, chunks, dim=0):
    """A tensor cut along a dimension into at most `chunks` pieces of equal size."""
    cdef TensorBase x = need(input, "chunk")
    cdef int d = wrap_dim(dim, x.ndim, "chunk")
    cdef int64_t count = need_int(chunks, "chunk", "chunks"), size
    if count <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {count}")
    size = x.shape[d] // count + (x.shape[d] % count != 0)
    if size == 0:
        return split(x, [0] * count, d)
    return split(x, size, d)


def detach(input):
    """The same values outside of any graph."""
    cdef TensorBase x = need(input, "detach")
    return tensor_alias(x)


def contiguous_of(input, memory_format=None):
    """The tensor itself where it is contiguous in memory, else a contiguous copy."""
    cdef TensorBase x = need(input, "contiguous")
    if memory_format is None:
        return x if x.contiguous else clone_contiguous(x)
    if preserves(memory_format):
        raise RuntimeError("preserve memory format is unsupported by the contiguous operator")
    return x if is_contiguous_in(x, memory_format) else copy_in(x, memory_format)


def fresh(input):
    """A contiguous copy."""
    return clone_contiguous(need(input, "clone"))


def slice_(input, dim=0, start=None, end=None, step=1):
    """Every step-th element of a dimension from start to end; a view."""
    cdef TensorBase x = need(input, "slice")
    cdef int d = wrap_dim(dim, x.ndim, "slice")
    cdef Py_ssize_t first, last, by, length
    if x.ndim == 0:
        raise RuntimeError("slice() cannot be applied to a 0-dim tensor.")
    PySlice_Unpack(slice(start, end, step), &first, &last, &by)
    length = PySlice_AdjustIndices(x.shape[d], &first, &last, by)
    return slice_dim(x, d, first, length, by)


def unfold(input, dimension, size, step):
    """Windows of `size` elements of a dimension, `step` apart, in a new last dimension; a view."""
    cdef TensorBase x = need(input, "unfold")
    cdef int d = wrap_dim(dimension, x.ndim, "unfold")
    cdef int64_t length = need_int(size, "unfold", "size"), by = need_int(step, "unfold", "step")
    cdef int64_t most = x.shape[d] if x.ndim else 1
    if length < 0:
        raise RuntimeError(f"size is {length} but must be >= 0")
    if length > most:
        raise RuntimeError(f"maximum size for tensor at dimension {d} is {most} but size is {length}")
    if by <= 0:
        raise RuntimeError(f"step is {by} but must be > 0")
    if x.ndim >= MAX_DIMS:
        raise RuntimeError(f"tensors have at most {MAX_DIMS} dimensions, got {x.ndim + 1}")
    return recorded_part(x, KIND_UNFOLD, (d, length, by))


def embed_diagonal(input, shape, offset, dim1, dim2):
    """Zeros of a shape with the last dimension of input on a diagonal."""
    return embed(need(input, "diag_embed"), tuple(shape), KIND_DIAGONAL, (offset, dim1, dim2))


def fill_with(to, value):
    """In place: each element becomes a number, which elements of one place may share."""
    cdef TensorBase x = need(to, "fill_"), each = x
    check_changeable(x, b"fill_")
    if not x.contiguous:
        shape = tuple([1 if x.strides[i] == 0 and x.shape[i] > 1 else x.shape[i] for i in range(x.ndim)])
        if shape != shape_tuple(x):
            each = recorded_part(x, KIND_STRIDED, (shape, stride_tuple(x), 0))
    if isinstance(value, TensorBase):
        copy_(each, <TensorBase>value)
    else:
        copy_(each, number_tensor(fitting(x.dtype, value, "fill_")))
    return to


def alone(TensorBase v not None):
    """This view as a tensor of its own over the same memory: a change of one is not told to the other."""
    if v.base != NULL:
        Py_XDECREF(v.base)
        v.base = NULL
        v.view_origin = VIEW_DEFAULT
        v.requires_grad = v.grad_fn != NULL
    return v


def copy_into(to, frm, non_blocking=False):
    """In place: `to` takes the values of `frm`, broadcast and cast."""
    cdef TensorBase x = need(to, "copy_")
    cdef TensorBase source = as_operand(frm, "copy_", "src", 1)
    if source.ndim > x.ndim:                    # what x[...] = takes
        shape = [source.shape[i] for i in range(source.ndim - x.ndim)] + list(shape_tuple(x))
        raise RuntimeError(f"output with shape {list(shape_tuple(x))} doesn't match the broadcast shape {shape}")
    if non_blocking and x.device != DEVICE_CPU and source.device == DEVICE_CPU:
        source = to_device(source, place_object(x), False, True)
    return copy_(x, source)

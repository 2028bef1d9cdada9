"""The Tensor extension type: PyTorch's surface over the fields of TensorBase.

The methods of the table's rows are generated and its operators stand in ``_operators``; here is what no row describes.
"""
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from cpython.tuple cimport PyTuple_SET_ITEM
from libc.stdint cimport int64_t, uintptr_t
from libc.stdlib cimport free, malloc

from ctorch cimport _tensor
from ctorch._backward cimport backward_from
from ctorch._batched cimport place_of_batch
from ctorch._device cimport place_object
from ctorch._dispatch cimport *
from ctorch._dtype cimport *
from ctorch._factories cimport tensor_from
from ctorch._functions cimport call1
from ctorch._indexing cimport get_item, set_item
from ctorch._operators cimport Operators
from ctorch._profiler cimport profile_begin, profile_end, profile_failed, profiling
from ctorch._shape cimport unpack_sizes, wrap_dim
from ctorch._storage cimport storage_release, storage_retain
from ctorch._tape cimport drop_tangents, grad_fn_of, share_tangents
from ctorch._tensor cimport *
from ctorch._values cimport host, need_memory, nested, single, value_of

from ctorch import _factories as factories
from ctorch import _functions as functions
from ctorch import _views as views
from ctorch._memory_format import strided
from ctorch._size import Size
from ctorch._tape import _add_tensor_hook, _grad_fn, _retain_grad

cdef extern from "Python.h":
    Py_ssize_t Py_REFCNT(PyObject* o) noexcept

cdef extern from "size.h":
    object ct_size_new(object type, Py_ssize_t n)
    void ct_size_slots(object type)

ct_size_slots(Size)

cdef object python_methods = None


cdef object methods():
    # Methods that are Python written with other operators.
    global python_methods
    if python_methods is None:
        from ctorch import _methods
        python_methods = _methods
    return python_methods


cdef object size_of(TensorBase x):
    cdef object size = ct_size_new(Size, x.ndim), n
    cdef int i
    for i in range(x.ndim):
        n = x.shape[i]
        Py_INCREF(n)
        PyTuple_SET_ITEM(size, i, n)
    return size


cdef class Tensor(Operators):
    """A multi-dimensional array of numbers of one dtype, with automatic differentiation.

    See https://docs.pytorch.org/docs/stable/tensors.html. Tensors are made by ``ctorch.tensor``, ``ctorch.zeros``
    and the other functions; ``Tensor(*sizes)`` and ``Tensor(sequence)`` make float tensors as PyTorch's do.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.tensor([1., 2.], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    def __init__(self, *args, **kwargs):
        if (<TensorBase>self).storage != NULL:
            return
        take_over(self, legacy_new(args))

    # ---- what a tensor is

    @property
    def shape(self):
        """Sizes of the dimensions."""
        return size_of(self)

    @property
    def dtype(self):
        """Type of the elements."""
        return dtype_object(self.dtype)

    @property
    def device(self):
        """Where the values live."""
        return place_object(<TensorBase>self)

    @property
    def layout(self):
        """Always strided."""
        return strided

    @property
    def ndim(self):
        """Number of dimensions."""
        return self.ndim

    def dim(self):
        """Number of dimensions."""
        return self.ndim

    ndimension = dim

    def size(self, dim=None):
        """Sizes of the dimensions, or of one of them."""
        if dim is None:
            return size_of(self)
        if self.ndim == 0:
            raise IndexError("Dimension specified as " + str(dim) + " but tensor has no dimensions")
        return self.shape[wrap_dim(dim, self.ndim, "size")]

    def stride(self, dim=None):
        """Elements from one index of a dimension to the next; may be negative."""
        if dim is None:
            return stride_tuple(self)
        return self.strides[wrap_dim(dim, self.ndim, "stride")]

    def numel(self):
        """Number of elements."""
        return (<TensorBase>self).numel

    nelement = numel

    def storage_offset(self):
        """Elements from the start of the storage to the first element."""
        return (self.data - (<TensorBase>self).storage.data) // itemsize_of[self.dtype]

    def data_ptr(self):
        """Address of the first element."""
        need_memory(self)
        return <uintptr_t>self.data

    const_data_ptr = data_ptr

    def dim_order(self, ambiguity_check=False):
        """The dimensions from the one with the widest stride to the one with the narrowest."""
        return methods().dim_order(self, ambiguity_check)

    def element_size(self):
        """Bytes of one element."""
        return itemsize_of[self.dtype]

    @property
    def itemsize(self):
        """Bytes of one element."""
        return itemsize_of[self.dtype]

    @property
    def nbytes(self):
        """Bytes of all elements."""
        return (<TensorBase>self).numel * itemsize_of[self.dtype]

    def is_contiguous(self, memory_format=None):
        """True where the elements lie row by row without gaps, or in the order of a memory format."""
        if memory_format is None:
            return (<TensorBase>self).contiguous
        return views.is_contiguous_in(self, memory_format)

    def is_floating_point(self):
        """True for float dtypes."""
        return category_of[self.dtype] == CATEGORY_FLOAT

    def is_complex(self):
        """True for complex dtypes."""
        return category_of[self.dtype] == CATEGORY_COMPLEX

    def is_signed(self):
        """True for dtypes with negative numbers."""
        return dtype_object(self.dtype).is_signed

    def is_inference(self):
        """True for tensors made in inference mode."""
        return self.inference

    def is_pinned(self):
        """True for page-locked memory."""
        return methods().is_pinned(self)

    def pin_memory(self):
        """This tensor in page-locked memory, from which a device copies with `non_blocking`; itself where it is."""
        return methods().pin_memory(self)

    @property
    def is_cuda(self):
        """True for tensors on a CUDA device."""
        cdef int index
        return place_of_batch(<TensorBase>self, &index) == DEVICE_CUDA

    @property
    def is_cpu(self):
        """True for tensors in the memory of the host."""
        cdef int index
        return place_of_batch(<TensorBase>self, &index) == DEVICE_CPU

    def get_device(self):
        """Number of the device; -1 on the CPU."""
        cdef int index
        return -1 if place_of_batch(<TensorBase>self, &index) == DEVICE_CPU else index

    @property
    def is_sparse(self):
        """Always False: every tensor is strided."""
        return False

    @property
    def is_sparse_csr(self):
        """Always False: every tensor is strided."""
        return False

    @property
    def is_mkldnn(self):
        """Always False: there is no layout of oneDNN."""
        return False

    @property
    def is_nested(self):
        """Always False: every tensor has one shape."""
        return False

    @property
    def is_quantized(self):
        """Always False: there are no quantised dtypes."""
        return False

    @property
    def is_meta(self):
        """Always False: every tensor has memory."""
        return False

    @property
    def names(self):
        """Names of the dimensions: None for each."""
        return (None,) * self.ndim

    @property
    def name(self):
        """Always None: tensors have no names."""
        return None

    def dense_dim(self):
        """Number of dimensions: all of them are dense."""
        return self.ndim

    def sparse_dim(self):
        """Always zero."""
        return 0

    def to_dense(self, dtype=None, *, masked_grad=None):
        """This tensor, cast where a dtype is asked for; it is dense already."""
        return self if dtype is None else self.to(dtype)

    @property
    def T(self):
        """The dimensions in reverse order."""
        return views.permute(self, range(self.ndim - 1, -1, -1))

    @property
    def mT(self):
        """The last two dimensions exchanged."""
        if self.ndim < 2:
            raise RuntimeError(f"tensor.mT is only supported on matrices or batches of matrices. Got "
                               f"{self.ndim}-D tensor.")
        return views.transpose(self, -2, -1)

    @property
    def H(self):
        """The conjugate of a matrix, transposed."""
        if self.ndim not in (0, 2):
            raise RuntimeError(f"tensor.H is only supported on matrices (2-D tensors). Got {self.ndim}-D tensor.")
        return functions.conj(views.t(self))

    @property
    def mH(self):
        """The conjugates of matrices, transposed."""
        return functions.conj(self.mT)

    # ---- autograd

    @property
    def requires_grad(self):
        """True where operations on this tensor are recorded."""
        return wants_grad(self)

    @requires_grad.setter
    def requires_grad(self, bint value):
        self.requires_grad_(value)

    def requires_grad_(self, bint requires_grad=True):
        """In place: record operations on this tensor from now on, or not."""
        if requires_grad and category_of[self.dtype] < CATEGORY_FLOAT:
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        if requires_grad and self.inference:
            raise RuntimeError("Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.")
        if not requires_grad and grad_fn_of(self) is not None:
            raise RuntimeError("you can only change requires_grad flags of leaf variables. If you want to use a "
                               "computed variable in a subgraph that doesn't require differentiation use "
                               "var_no_grad = var.detach().")
        self.requires_grad = requires_grad or self.grad_fn != NULL
        if self.view_origin == VIEW_NO_GRAD:
            self.own_grad = requires_grad
        return self

    @property
    def grad_dtype(self):
        """Type that a gradient of this tensor has."""
        return dtype_object(self.dtype)

    @property
    def is_leaf(self):
        """True where no recorded operation made this tensor."""
        return not wants_grad(self) or grad_fn_of(self) is None

    @property
    def grad_fn(self):
        """The recorded operation that made this tensor, or None."""
        return _grad_fn(self)

    @property
    def output_nr(self):
        """Which output of grad_fn this is."""
        return self.output_nr

    @property
    def grad(self):
        """Gradient that backward has added up here, or None."""
        return None if self.grad == NULL else <object>self.grad

    @grad.setter
    def grad(self, value):
        cdef PyObject* before = self.grad
        if value is not None:
            check_grad(self, value)
            if (<TensorBase>value).grad_fn != NULL:
                may_close_cycle(<PyObject*>self)
            Py_INCREF(value)
            self.grad = <PyObject*>value
        else:
            self.grad = NULL
        Py_XDECREF(before)

    @grad.deleter
    def grad(self):
        cdef PyObject* before = self.grad
        self.grad = NULL
        Py_XDECREF(before)

    @property
    def _version(self):
        return (<TensorBase>self).storage.version

    @property
    def _base(self):
        return None if self.base == NULL else <object>self.base

    def _is_view(self):
        return self.base != NULL

    @property
    def data(self):
        """The values alone: changes in place are not seen by autograd."""
        cdef TensorBase t = tensor_alias(self)
        t.untracked = True
        return t

    @data.setter
    def data(self, value):
        if not isinstance(value, TensorBase):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        take_over(self, <TensorBase>value)

    def detach(self):
        """The same values outside of any graph."""
        return tensor_alias(self)

    def detach_(self):
        """In place: leave the graph."""
        if self.base != NULL and Py_REFCNT(self.base) > 1:          # else nobody knows the base
            raise RuntimeError("Can't detach views in-place. Use detach() instead.")
        Py_XDECREF(self.grad_fn)
        self.grad_fn = NULL
        self.output_nr = 0
        self.requires_grad = False
        if self.tangents != NULL:
            drop_tangents(self)
        return self

    def backward(self, gradient=None, retain_graph=None, bint create_graph=False, inputs=None):
        """Add the gradients of this tensor to ``.grad`` of the leaves that it came from.

        See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html

        Parameters
        ----------
        gradient : Tensor, optional
            Gradient of something with respect to this tensor; needed where it is not a single number.
        retain_graph : bool, optional
            Keep what the graph saved, for another backward.
        create_graph : bool
            Record the backward itself, for gradients of gradients.
        inputs : Tensor or sequence of Tensor, optional
            Only these get a gradient.
        """
        backward_from(self, gradient, create_graph if retain_graph is None else retain_graph, create_graph, inputs)

    def register_hook(self, hook):
        """Call ``hook(grad)`` whenever a gradient of this tensor is computed; what it returns replaces it.

        Returns
        -------
        RemovableHandle
            Takes the hook away by ``remove()``.
        """
        return _add_tensor_hook(self, hook)

    def register_post_accumulate_grad_hook(self, hook):
        """Call ``hook(self)`` after a gradient was added to ``.grad``."""
        if grad_fn_of(self) is not None:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        return _add_tensor_hook(self, hook, "accumulated")

    @property
    def retains_grad(self):
        """True for non-leaf tensors whose gradient is kept."""
        return self.extra != NULL and (<dict>self.extra).get("_retains_grad", False)

    def retain_grad(self):
        """Keep the gradient of this non-leaf tensor in ``.grad`` too."""
        if not wants_grad(self):
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if grad_fn_of(self) is not None and not self.retains_grad:
            _retain_grad(self)

    # ---- values

    def item(self):
        """The value of a tensor of one element, as a Python number."""
        if (<TensorBase>self).numel != 1:
            raise RuntimeError(f"a Tensor with {(<TensorBase>self).numel} elements cannot be converted to Scalar")
        return value_of(self)

    def tolist(self):
        """The values as nested lists of Python numbers."""
        cdef TensorBase x = host(self)
        if x.dtype == FLOAT16 or x.dtype == BFLOAT16:        # whose numbers are those of float32, made together
            x = cast_to(x, FLOAT32)
        return nested(x, 0, x.data)

    def __bool__(self):
        if (<TensorBase>self).numel == 0:
            raise RuntimeError("Boolean value of Tensor with no values is ambiguous")
        if (<TensorBase>self).numel != 1:
            raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
        if (<TensorBase>self).device == DEVICE_BATCHED:
            raise RuntimeError("vmap: It looks like you're attempting to use a Tensor in some data-dependent control "
                               "flow. We don't support that yet.")
        return bool(value_of(self))

    def __float__(self):
        return float(single(self))

    def __int__(self):
        return int(single(self))

    def __complex__(self):
        return complex(single(self))

    def __index__(self):
        if category_of[self.dtype] > CATEGORY_INT or (<TensorBase>self).numel != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(value_of(self))

    def __len__(self):
        if self.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return self.shape[0]

    def __iter__(self):
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(views.unbind(self, 0))

    def __contains__(self, x):
        value = x if isinstance(x, TensorBase) else number_tensor(x)
        if value is None:
            raise RuntimeError(f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(x)}.")
        return bool(functions.any(self == value))

    def __reversed__(self):
        return functions.flip(self, 0) if self.ndim else self

    def __getitem__(self, index):
        return profiled_item(self, index) if profiling else get_item(self, index)

    def __setitem__(self, index, value):
        set_item(self, index, value)

    def __repr__(self):
        from ctorch import _printing
        return _printing.tensor_repr(self)

    def __format__(self, spec):
        if self.ndim == 0 and spec:
            return format(self.item(), spec)
        return object.__format__(self, spec) if spec else repr(self)

    @property
    def __dict__(self):
        return own_attributes(self)

    # ---- views and copies

    def view(self, *size, dtype=None):
        """The same elements in another shape, without a copy."""
        if len(size) == 1 and isinstance(size[0], (_dtype_class, type)) or dtype is not None:
            return methods().view_dtype(self, dtype or size[0])
        return views.view(self, unpack_sizes(size))

    def reshape(self, *shape):
        """The same elements in another shape; a view where strides allow it."""
        return views.reshape(self, unpack_sizes(shape))

    def expand(self, *size):
        """Dimensions of size one stretched without a copy."""
        return views.expand(self, unpack_sizes(size))

    def permute(self, *dims):
        """The dimensions in another order; a view."""
        return views.permute(self, unpack_sizes(dims))

    def view_as(self, other):
        """This tensor viewed in the shape of another."""
        return views.view_as(self, other)

    def reshape_as(self, other):
        """This tensor reshaped to the shape of another."""
        return views.reshape_as(self, other)

    def expand_as(self, other):
        """This tensor expanded to the shape of another."""
        return views.expand_as(self, other)

    def copy_(self, src, non_blocking=False):
        """In place: take the values of another tensor, broadcast and cast."""
        return views.copy_into(self, src, non_blocking)

    def fill_(self, value):
        """In place: every element becomes `value`."""
        return views.fill_with(self, value)

    def zero_(self):
        """In place: every element becomes zero."""
        return views.fill_with(self, 0)

    def clone(self, *, memory_format=None):
        """A copy that gradients flow through."""
        return call1(OP_CLONE, self, None) if memory_format is None else views.copy_in(self, memory_format)

    def contiguous(self, memory_format=None):
        """This tensor where it is contiguous, else a contiguous copy."""
        if memory_format is None and (<TensorBase>self).contiguous:
            return self
        return views.contiguous_of(self, memory_format)

    def set_(self, source=None, storage_offset=0, size=None, stride=None):
        """In place: show the values of another tensor or of a storage."""
        cdef TensorBase t = self
        before = t.storage.version
        take_over(t, <TensorBase?>methods().set_source(self, source, storage_offset, size, stride))
        t.storage.version = max(before, t.storage.version)      # what was saved before is told from it
        bump_version(t, b"set_")
        return self

    def is_set_to(self, tensor):
        """True where another tensor has the same memory, offset, sizes and strides."""
        cdef TensorBase x = self, y = <TensorBase?>tensor
        return (x.storage == y.storage and x.data == y.data and same_shape(x, y) and stride_tuple(x) == stride_tuple(y))

    def __copy__(self):
        cdef TensorBase y = views.alias_like(self), t
        if type(self) is Tensor:
            return y
        t = Tensor._make_subclass(type(self), y, y.requires_grad)
        own_attributes(t).update(own_attributes(self))
        return t

    def __deepcopy__(self, memo):
        return methods().deepcopy(self, memo)

    def __reduce_ex__(self, protocol):
        return methods().reduce(self)

    def as_subclass(self, cls):
        """The same values as an instance of a subclass of Tensor, in the same graph."""
        cdef TensorBase y = views.view(self, shape_tuple(self)), t
        if not (isinstance(cls, type) and issubclass(cls, Tensor)):
            raise TypeError(f"as_subclass(): argument 'cls' must be a subclass of Tensor, not {cls!r}")
        t = Tensor._make_subclass(cls, y)
        take_history(t, y)
        return t

    def module_load(self, other, assign=False):
        """What `Module.load_state_dict` does with a parameter: take the values of another, or become it."""
        return other if assign else self.detach().copy_(other)

    @staticmethod
    def _make_subclass(cls, data, require_grad=False):
        """An instance of a subclass over the values of a tensor."""
        cdef TensorBase t = Tensor.__new__(cls)
        take_over(t, <TensorBase?>data)
        if require_grad and category_of[t.dtype] < CATEGORY_FLOAT:
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        t.requires_grad = require_grad
        return t


_tensor.tensor_type = <PyTypeObject*>Tensor
_dtype_class = dtype


cdef dict own_attributes(TensorBase x):
    if x.extra == NULL:
        d = {}
        Py_INCREF(d)
        x.extra = <PyObject*>d
        may_close_cycle(<PyObject*>x)
    return <dict>x.extra


cdef object profiled_item(TensorBase x, object index):
    cdef PyObject* values[1]
    cdef int64_t event
    values[0] = <PyObject*>x
    event = profile_begin(b"index", 1, values)
    try:
        result = get_item(x, index)
    except BaseException:
        profile_failed(event)
        raise
    profile_end(event, result)
    return result


cdef int check_grad(TensorBase x, object value) except -1:
    cdef TensorBase g
    if not isinstance(value, TensorBase):
        raise TypeError(f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}")
    g = <TensorBase>value
    if g is x:
        raise RuntimeError("can't assign Variable as its own grad")
    if not same_shape(x, g):
        raise RuntimeError(f"assigned grad has data of a different size: {list(shape_tuple(g))} for a tensor of "
                           f"{list(shape_tuple(x))}")
    if g.dtype != x.dtype:
        raise RuntimeError(f"assigned grad has data of a different type: {dtype_name(g.dtype).decode()} for a "
                           "tensor of "
                           f"{dtype_name(x.dtype).decode()}")
    return 0


cdef int take_over(TensorBase t, TensorBase source) except -1:
    # t shows source's values from now on.
    cdef int i
    cdef int64_t* dims = &t.dims[0]
    storage_retain(source.storage)
    if t.storage != NULL:
        storage_release(t.storage)
    t.storage = source.storage
    t.data = source.data
    t.dtype = source.dtype
    t.device, t.device_index = source.device, source.device_index
    if t.shape != &t.dims[0]:
        free(t.shape)
    t.shape = &t.dims[0]
    t.strides = &t.dims[INLINE_DIMS]
    if source.ndim > INLINE_DIMS:
        dims = <int64_t*>malloc(2 * source.ndim * sizeof(int64_t))
        if dims == NULL:
            raise MemoryError()
        t.shape = dims
        t.strides = dims + source.ndim
    t.ndim = source.ndim
    for i in range(source.ndim):
        t.shape[i] = source.shape[i]
        t.strides[i] = source.strides[i]
    t.numel = source.numel
    t.contiguous = source.contiguous
    return 0


cdef int take_history(TensorBase t, TensorBase source) except -1:
    # t stands where source does in the graph.
    t.requires_grad, t.output_nr, t.view_version = source.requires_grad, source.output_nr, source.view_version
    if source.grad_fn != NULL:
        Py_INCREF(<object>source.grad_fn)
        t.grad_fn = source.grad_fn
    if source.base != NULL:
        Py_INCREF(<object>source.base)
        t.base = source.base
    if is_dual(source):
        share_tangents(t, source)
    return 0


cdef TensorBase legacy_new(tuple args):
    # Tensor(2, 3) is empty, Tensor([1, 2]) has these values; always of the default dtype.
    if len(args) == 1 and not isinstance(args[0], int):
        if isinstance(args[0], TensorBase):
            return tensor_alias(<TensorBase>args[0])
        if not isinstance(args[0], Size):
            return tensor_from(args[0], default_dtype(), True)
        args = args[0]
    return factories.empty(args if args else (0,))

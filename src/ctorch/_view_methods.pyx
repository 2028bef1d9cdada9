"""Methods of Tensor that pass on to functions written elsewhere: casts, views, indexing, new tensors."""
from ctorch._batched cimport batched_like, levels_of
from ctorch._device cimport place_object
from ctorch._dispatch cimport *
from ctorch._dtype cimport *
from ctorch._functions cimport call_inplace
from ctorch._shape cimport unpack_sizes
from ctorch._iterator cimport copy_data
from ctorch._tensor cimport DEVICE_BATCHED, DEVICE_CPU, TensorBase

from ctorch import _factories as factories
from ctorch import _functions as functions
from ctorch import _indexing as indexing
from ctorch import _random_functions as random_functions
from ctorch import _views as views
from ctorch._memory_format import preserves
from ctorch._size import Size

_dtype_class = dtype
cdef object python_methods = None


cdef object methods():
    # Methods that are Python written with other operators.
    global python_methods
    if python_methods is None:
        from ctorch import _methods
        python_methods = _methods
    return python_methods


cdef bint whole(object x):
    # Numbers count as whole: PyTorch takes tensors alone.
    return not isinstance(x, TensorBase) or category_of[(<TensorBase>x).dtype] < CATEGORY_FLOAT


cdef object own_dtype(TensorBase x):
    return dtype_object(x.dtype)


cdef object place(TensorBase x, object device):
    # The device that was asked for, or x's own; None is the CPU.
    return device if device is not None or x.device == DEVICE_CPU else place_object(x)


cdef object beside(TensorBase x, TensorBase y):
    # What was made new for x: an example of as many, where x is one.
    cdef TensorBase t
    if x.device != DEVICE_BATCHED:
        return y
    t = batched_like(levels_of(x), y, y.dtype, y.ndim, y.shape, NULL)
    copy_data(t, y)
    t.requires_grad = y.requires_grad
    return t


cdef object cast_in(TensorBase x, int dtype, object format):
    # x in a dtype, and in a memory format where one is asked for.
    y = views.to_dtype(x, dtype_object(dtype))
    return y if format is None or preserves(format) else views.contiguous_of(y, format)


cdef int need_limit(TensorBase x, object limit) except -1:
    # A whole number that the dtype cannot hold is no limit.
    if type(limit) is int:
        need_fits(x.dtype, limit)
    return 0


cdef class ViewMethods(TableMethods):
    """The methods of Tensor that change its geometry or dtype."""

    def to(self, *args, **kwargs):
        """This tensor in another dtype or on another device; itself where nothing changes.

        See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.to.html
        """
        if len(args) == 1 and not kwargs and isinstance(args[0], _dtype_class):
            return views.to_dtype(self, args[0])
        return methods().to(self, *args, **kwargs)

    def type_as(self, other):
        """This tensor in the dtype of another and on its device."""
        return methods().to(self, other)

    def cpu(self, memory_format=None):
        """This tensor on the CPU."""
        return self if (<TensorBase>self).device == DEVICE_CPU else views.to_device(self, "cpu")

    def cuda(self, device=None, non_blocking=False, memory_format=None):
        """This tensor on a CUDA device."""
        return views.to_device(self, "cuda" if device is None else device, False, non_blocking)

    def type(self, dtype=None, non_blocking=False):
        """The legacy type's name, or this tensor in another dtype."""
        return methods().type_(self, dtype)

    def float(self, memory_format=None):
        """This tensor as float32."""
        return cast_in(self, FLOAT32, memory_format)

    def double(self, memory_format=None):
        """This tensor as float64."""
        return cast_in(self, FLOAT64, memory_format)

    def half(self, memory_format=None):
        """This tensor as float16."""
        return cast_in(self, FLOAT16, memory_format)

    def bfloat16(self, memory_format=None):
        """This tensor as bfloat16."""
        return cast_in(self, BFLOAT16, memory_format)

    def int(self, memory_format=None):
        """This tensor as int32."""
        return cast_in(self, INT32, memory_format)

    def long(self, memory_format=None):
        """This tensor as int64."""
        return cast_in(self, INT64, memory_format)

    def short(self, memory_format=None):
        """This tensor as int16."""
        return cast_in(self, INT16, memory_format)

    def char(self, memory_format=None):
        """This tensor as int8."""
        return cast_in(self, INT8, memory_format)

    def byte(self, memory_format=None):
        """This tensor as uint8."""
        return cast_in(self, UINT8, memory_format)

    def bool(self, memory_format=None):
        """This tensor as bool."""
        return cast_in(self, BOOL, memory_format)

    def cfloat(self, memory_format=None):
        """This tensor as complex64."""
        return cast_in(self, COMPLEX64, memory_format)

    def cdouble(self, memory_format=None):
        """This tensor as complex128."""
        return cast_in(self, COMPLEX128, memory_format)

    def transpose(self, dim0, dim1):
        """Two dimensions exchanged; a view."""
        return views.transpose(self, dim0, dim1)

    def t(self):
        """Transpose of a tensor of at most two dimensions."""
        return views.t(self)

    def movedim(self, source, destination):
        """Dimensions moved to other places; a view."""
        return views.movedim(self, source, destination)

    moveaxis = movedim
    swapaxes = transpose
    swapdims = transpose

    def unsqueeze(self, dim):
        """A dimension of size one put in."""
        return views.unsqueeze(self, dim)

    def squeeze(self, dim=None):
        """Dimensions of size one taken out."""
        return views.squeeze(self, dim)

    def flatten(self, start_dim=0, end_dim=-1):
        """Several dimensions made one."""
        return views.flatten(self, start_dim, end_dim)

    def ravel(self):
        """All dimensions made one; a copy where the elements are not contiguous."""
        return views.view(views.contiguous_of(self), (-1,))

    def unfold(self, dimension, size, step):
        """Windows of `size` elements of a dimension, `step` apart, in a new last dimension; a view.

        See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.unfold.html

        Examples
        --------
        >>> import ctorch
        >>> ctorch.arange(5).unfold(0, 3, 2)
        tensor([[0, 1, 2],
                [2, 3, 4]])
        """
        return views.unfold(self, dimension, size, step)

    def broadcast_to(self, *size):
        """Dimensions of size one stretched without a copy."""
        return views.expand(self, unpack_sizes(size))

    def adjoint(self):
        """The conjugates of matrices, transposed."""
        return self.mH

    def flip(self, *dims):
        """Dimensions in reverse order of their elements, as a copy."""
        return functions.flip(self, unpack_sizes(dims))

    def tile(self, *dims):
        """This tensor repeated along its dimensions, with dimensions put in front where there are too few."""
        return functions.tile(self, unpack_sizes(dims))

    def untyped_storage(self):
        """The memory under this tensor, as bytes."""
        return methods().untyped_storage(self)

    def storage(self):
        """The memory under this tensor, as elements of its dtype."""
        return methods().typed_storage(self)

    # ---- views in place

    def squeeze_(self, dim=None):
        """In place: dimensions of size one taken out."""
        return views.become_view(self, views.squeeze(self, dim))

    def unsqueeze_(self, dim):
        """In place: a dimension of size one put in."""
        return views.become_view(self, views.unsqueeze(self, dim))

    def transpose_(self, dim0, dim1):
        """In place: two dimensions exchanged."""
        return views.become_view(self, views.transpose(self, dim0, dim1))

    swapaxes_ = transpose_
    swapdims_ = transpose_

    def t_(self):
        """In place: transpose of a tensor of at most two dimensions."""
        return views.become_view(self, views.t(self))

    def as_strided_(self, size, stride, storage_offset=None):
        """In place: other sizes, strides and offset over the same storage."""
        return views.become_view(self, views.as_strided(self, size, stride, storage_offset))

    def unflatten(self, dim, sizes):
        """One dimension made several."""
        return views.unflatten(self, dim, sizes)

    def narrow(self, dim, start, length):
        """`length` elements of a dimension from `start` on; a view."""
        return views.narrow(self, dim, start, length)

    def select(self, dim, index):
        """One index of a dimension; a view with one dimension less."""
        return views.select_(self, dim, index)

    def diagonal(self, offset=0, dim1=0, dim2=1):
        """The diagonal of two dimensions, as the last dimension of a view."""
        return views.diagonal(self, offset, dim1, dim2)

    def as_strided(self, size, stride, storage_offset=None):
        """A view of the storage with the given sizes, strides and offset."""
        return views.as_strided(self, size, stride, storage_offset)

    def unbind(self, dim=0):
        """All indices of a dimension, as a tuple of views."""
        return views.unbind(self, dim)

    def split(self, split_size, dim=0):
        """This tensor cut along a dimension; views."""
        return views.split(self, split_size, dim)

    def chunk(self, chunks, dim=0):
        """This tensor cut along a dimension into at most `chunks` pieces."""
        return views.chunk(self, chunks, dim)

    def index_put_(self, indices, values, accumulate=False):
        """In place: the elements at the index tensors become (or grow by) the values."""
        return indexing.index_put_(self, indices, values, accumulate)

    def nonzero(self, *, as_tuple=False):
        """Positions of the elements that are not zero."""
        return indexing.nonzero(self, as_tuple=as_tuple)

    def new_empty(self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
        """An uninitialised tensor of this dtype on this device."""
        y = factories.empty(unpack_sizes(size), dtype=dtype or own_dtype(self), device=place(self, device),
                            requires_grad=requires_grad, layout=layout, pin_memory=pin_memory)
        return beside(self, y)

    def new_empty_strided(self, size, stride, dtype=None, device=None, requires_grad=False, layout=None,
                          pin_memory=False):
        """An uninitialised tensor of the given sizes and strides, of this dtype on this device."""
        y = factories.empty_strided(size, stride, dtype=dtype or own_dtype(self), device=place(self, device),
                                    requires_grad=requires_grad, layout=layout, pin_memory=pin_memory)
        return beside(self, y)

    def new_zeros(self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
        """Zeros of this dtype on this device."""
        y = factories.zeros(unpack_sizes(size), dtype=dtype or own_dtype(self), device=place(self, device),
                            requires_grad=requires_grad, layout=layout, pin_memory=pin_memory)
        return beside(self, y)

    def new_ones(self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
        """Ones of this dtype on this device."""
        y = factories.ones(unpack_sizes(size), dtype=dtype or own_dtype(self), device=place(self, device),
                           requires_grad=requires_grad, layout=layout, pin_memory=pin_memory)
        return beside(self, y)

    def new_full(self, size, fill_value, *, dtype=None, device=None, requires_grad=False,
                 layout=None, pin_memory=False):
        """One value in a tensor of this dtype on this device."""
        y = factories.full(size, fill_value, dtype=dtype or own_dtype(self), device=place(self, device),
                           requires_grad=requires_grad, layout=layout, pin_memory=pin_memory)
        return beside(self, y)

    def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False):
        """A tensor of the data, of this dtype on this device."""
        y = factories.tensor(data, dtype=dtype or own_dtype(self), device=place(self, device),
                             requires_grad=requires_grad)
        return beside(self, y)

    def new(self, *args, device=None):
        """The older form of new_empty, for sizes, and of new_tensor, for a sequence; of a tensor, a view of it."""
        if len(args) != 1 or isinstance(args[0], int | Size):
            return self.new_empty(*args or (0,), device=device)
        if not isinstance(args[0], TensorBase):
            return self.new_tensor(args[0], device=device)
        if (<TensorBase>args[0]).dtype != self.dtype:
            raise TypeError(f"new(): expected a tensor of {own_dtype(self)}, got {args[0].dtype}")
        return args[0].view_as(args[0])

    # ---- in place

    def div_(self, other, *, rounding_mode=None):
        """In place: the quotient."""
        if rounding_mode is None:
            return call_inplace(OP_DIV_TRUE, (self, other))
        return call_inplace(OP_FLOOR_DIVIDE if rounding_mode == "floor" else OP_DIV_TRUNC, (self, other))

    divide_ = div_

    true_divide_ = div_

    def __div__(self, other):
        """The quotient, under the name of Python 2's operator."""
        return functions.div_true(self, other)

    def __rdiv__(self, other):
        """The quotient with this tensor as the divisor, under the name of Python 2's operator."""
        return functions.div_true(other, self)

    def polygamma(self, n):
        """Derivative of order n of digamma."""
        return functions.polygamma(n, self)

    def polygamma_(self, n):
        """In place: the derivative of order n of digamma."""
        return functions._overwrite(self, functions.polygamma(n, self.clone()), "polygamma_")

    @property
    def real(self):
        """The real part, as a view; this tensor itself where it is real."""
        return functions.real(self)

    @real.setter
    def real(self, value):
        views.copy_into(functions.real(self), value)

    @property
    def imag(self):
        """The imaginary part of a complex tensor, as a view."""
        return functions.imag(self)

    @imag.setter
    def imag(self, value):
        views.copy_into(functions.imag(self), value)

    def clamp_(self, min=None, max=None):
        """In place: each element limited to the range from min to max."""
        if min is None and max is None:
            raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
        if max is None:
            return self.clamp_min_(min)
        if min is None:
            return self.clamp_max_(max)
        need_limit(self, min)
        need_limit(self, max)
        return call_inplace(OP_CLAMP_BOTH, (self, min, max))

    clip_ = clamp_

    def clamp_min_(self, min):
        """In place: each element, or `min` where that is larger."""
        need_limit(self, min)
        return call_inplace(OP_CLAMP_LOW, (self, min))

    def clamp_max_(self, max):
        """In place: each element, or `max` where that is smaller."""
        need_limit(self, max)
        return call_inplace(OP_CLAMP_HIGH, (self, max))

    def addcmul_(self, tensor1, tensor2, *, value=1):
        """In place: add value * tensor1 * tensor2."""
        if type(value) is float and whole(self) and whole(tensor1) and whole(tensor2):
            value = int(value)
        return call_inplace(OP_ADDCMUL, (self, tensor1, tensor2, value))

    def addcdiv_(self, tensor1, tensor2, *, value=1):
        """In place: add value * tensor1 / tensor2."""
        if whole(tensor1) and whole(tensor2):
            raise RuntimeError("Integer division with addcdiv is no longer supported; use value * tensor1 / tensor2.")
        return call_inplace(OP_ADDCDIV, (self, tensor1, tensor2, value))

    def round_(self, *, decimals=0):
        """In place: each element rounded to the nearest, halves to even."""
        if decimals:
            return self.copy_(self.round(decimals=decimals))
        return call_inplace(OP_ROUND, (self,))

    def masked_fill_(self, mask, value):
        """In place: elements replaced by a value where the mask is true."""
        return methods().masked_fill_(self, mask, value)

    def masked_scatter_(self, mask, source):
        """In place: elements replaced by those of the source, one after the other, where the mask is true."""
        return methods().masked_scatter_(self, mask, source)

    def scatter_(self, dim, index, src=None, *, value=None, reduce=None):
        """In place: elements replaced at index positions along a dimension, or with `reduce` added or multiplied."""
        return methods().scatter_(self, dim, index, value if src is None else src, reduce)

    def index_fill_(self, dim, index, value):
        """In place: the slices that an index tensor names filled with a value."""
        return methods().index_fill_(self, dim, index, value)

    def resize_(self, *size, memory_format=None):
        """In place: another shape, with new memory where more is needed; values are kept as far as they go."""
        views.resize(self, unpack_sizes(size), memory_format)
        return self

    def resize_as_(self, the_template, memory_format=None):
        """In place: the shape of another tensor."""
        views.resize(self, views.shape_of(the_template, "resize_as_", "the_template"), memory_format)
        return self

    def resize(self, *sizes):
        """This tensor in another shape of as many elements; deprecated for `reshape`."""
        return methods().resized(self, unpack_sizes(sizes))

    def resize_as(self, tensor):
        """This tensor in the shape of another; deprecated for `reshape_as`."""
        return methods().resized(self, views.shape_of(tensor, "resize_as", "tensor"))

    def apply_(self, callable):
        """In place: a Python function of each element; slow, and only on the CPU."""
        return methods().apply_(self, callable)

    def map_(self, tensor, callable):
        """In place: a Python function of each element and that of another tensor; slow, and only on the CPU."""
        return methods().map_(self, tensor, callable)

    def fill_diagonal_(self, fill_value, wrap=False):
        """In place: the main diagonal filled with a value, again and again down a tall matrix with `wrap`."""
        return methods().fill_diagonal_(self, fill_value, wrap)

    def uniform_(self, from_=0, to=1, *, generator=None, **named):
        """In place: uniform numbers in [from, to)."""
        return random_functions.uniform_(self, named.get("from", from_), to, generator)

    def normal_(self, mean=0, std=1, *, generator=None):
        """In place: normal numbers."""
        return random_functions.normal_(self, mean, std, generator)

    def bernoulli_(self, p=0.5, *, generator=None):
        """In place: ones with probability p, zeros elsewhere."""
        return random_functions.bernoulli_(self, p, generator)

    def exponential_(self, lambd=1, *, generator=None):
        """In place: exponentially distributed numbers."""
        return random_functions.exponential_(self, lambd, generator)

    def cauchy_(self, median=0, sigma=1, *, generator=None):
        """In place: Cauchy distributed numbers."""
        return random_functions.cauchy_(self, median, sigma, generator)

    def geometric_(self, p, *, generator=None):
        """In place: numbers of trials up to the first success, each of probability p."""
        return random_functions.geometric_(self, p, generator)

    def log_normal_(self, mean=1, std=2, *, generator=None):
        """In place: exponentials of normal numbers."""
        return random_functions.log_normal_(self, mean, std, generator)

    def random_(self, *args, generator=None, **named):
        """In place: whole numbers over the dtype's range, or from low to high."""
        bounds = [*args, *(named.pop(name) for name in ("from", "to") if name in named)]
        if named:
            raise TypeError(f"random_() got an unexpected keyword argument '{next(iter(named))}'")
        return random_functions.random_(self, *bounds, generator=generator)

    # ---- further forms

    def repeat(self, *sizes):
        """This tensor repeated along its dimensions."""
        return functions.repeat(self, unpack_sizes(sizes))

    def where(self, condition, other):
        """This tensor where the condition holds, else the other."""
        return functions.where(condition, self, other)

    def conj(self):
        """Complex conjugate of each element; this tensor itself where it is real."""
        return functions.conj(self)

    def multinomial(self, num_samples, replacement=False, *, generator=None):
        """Indices drawn with the probabilities of each row."""
        return random_functions.multinomial(self, num_samples, replacement, generator=generator)

    def bernoulli(self, p=None, *, generator=None):
        """Ones with the probabilities that this tensor gives."""
        return random_functions.bernoulli(self, p, generator=generator)

    def is_same_size(self, other):
        """True for tensors of one shape."""
        return (<object>self).size() == other.size()

    def is_nonzero(self):
        """True where the one element is not zero."""
        return methods().is_nonzero(self)

    def sum_to_size(self, *size):
        """This tensor summed to a shape that broadcasts to its own."""
        return methods().sum_to_size(self, unpack_sizes(size))

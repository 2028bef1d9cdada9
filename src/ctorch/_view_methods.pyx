"""Methods of Tensor that pass on to functions written elsewhere: casts, views, indexing, new tensors."""
from ctorch._device cimport need_cpu
from ctorch._dtype cimport *
from ctorch._shape cimport unpack_sizes
from ctorch._tensor cimport TensorBase

from ctorch import _factories as factories
from ctorch import _indexing as indexing
from ctorch import _views as views

_dtype_class = dtype
cdef object python_methods = None


cdef object methods():
    # Methods that are Python written with other operators.
    global python_methods
    if python_methods is None:
        from ctorch import _methods
        python_methods = _methods
    return python_methods


cdef class ViewMethods(TableMethods):
    """The methods of Tensor that change its geometry or dtype."""

    def to(self, *args, **kwargs):
        """This tensor in another dtype or on another device; itself where nothing changes.

        See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.to.html
        """
        if len(args) == 1 and not kwargs and isinstance(args[0], _dtype_class):
            return views.to_dtype(self, args[0])
        return methods().to(self, *args, **kwargs)

    def cpu(self, memory_format=None):
        """This tensor on the CPU."""
        return self

    def cuda(self, device=None, non_blocking=False, memory_format=None):
        """This tensor on a CUDA device."""
        need_cpu("cuda", "Tensor.cuda")

    def type(self, dtype=None, non_blocking=False):
        """The legacy type's name, or this tensor in another dtype."""
        return methods().type_(self, dtype)

    def float(self, memory_format=None):
        """This tensor as float32."""
        return views.to_dtype(self, dtype_object(FLOAT32))

    def double(self, memory_format=None):
        """This tensor as float64."""
        return views.to_dtype(self, dtype_object(FLOAT64))

    def half(self, memory_format=None):
        """This tensor as float16."""
        return views.to_dtype(self, dtype_object(FLOAT16))

    def bfloat16(self, memory_format=None):
        """This tensor as bfloat16."""
        return views.to_dtype(self, dtype_object(BFLOAT16))

    def int(self, memory_format=None):
        """This tensor as int32."""
        return views.to_dtype(self, dtype_object(INT32))

    def long(self, memory_format=None):
        """This tensor as int64."""
        return views.to_dtype(self, dtype_object(INT64))

    def short(self, memory_format=None):
        """This tensor as int16."""
        return views.to_dtype(self, dtype_object(INT16))

    def char(self, memory_format=None):
        """This tensor as int8."""
        return views.to_dtype(self, dtype_object(INT8))

    def byte(self, memory_format=None):
        """This tensor as uint8."""
        return views.to_dtype(self, dtype_object(UINT8))

    def bool(self, memory_format=None):
        """This tensor as bool."""
        return views.to_dtype(self, dtype_object(BOOL))

    def cfloat(self, memory_format=None):
        """This tensor as complex64."""
        return views.to_dtype(self, dtype_object(COMPLEX64))

    def cdouble(self, memory_format=None):
        """This tensor as complex128."""
        return views.to_dtype(self, dtype_object(COMPLEX128))

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
        """All dimensions made one."""
        return views.reshape(self, (-1,))

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

    def index_select(self, dim, index):
        """The slices of one dimension that an index tensor names."""
        return indexing.index_select(self, dim, index)

    def index_put_(self, indices, values, accumulate=False):
        """In place: the elements at the index tensors become (or grow by) the values."""
        return indexing.index_put_(self, indices, values, accumulate)

    def nonzero(self, *, as_tuple=False):
        """Positions of the elements that are not zero."""
        return indexing.nonzero(self, as_tuple=as_tuple)

    def new_empty(self, *size, dtype=None, device=None, requires_grad=False):
        """An uninitialised tensor of this dtype."""
        return factories.empty(unpack_sizes(size), dtype=dtype or dtype_object(self.dtype), requires_grad=requires_grad)

    def new_zeros(self, *size, dtype=None, device=None, requires_grad=False):
        """Zeros of this dtype."""
        return factories.zeros(unpack_sizes(size), dtype=dtype or dtype_object(self.dtype), requires_grad=requires_grad)

    def new_ones(self, *size, dtype=None, device=None, requires_grad=False):
        """Ones of this dtype."""
        return factories.ones(unpack_sizes(size), dtype=dtype or dtype_object(self.dtype), requires_grad=requires_grad)

    def new_full(self, size, fill_value, *, dtype=None, device=None, requires_grad=False):
        """One value in a tensor of this dtype."""
        return factories.full(size, fill_value, dtype=dtype or dtype_object(self.dtype), requires_grad=requires_grad)

    def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False):
        """A tensor of the data, of this dtype."""
        return factories.tensor(data, dtype=dtype or dtype_object(self.dtype), requires_grad=requires_grad)

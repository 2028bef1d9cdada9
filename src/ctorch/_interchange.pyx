"""Methods of Tensor that hand its values to other libraries: buffers, NumPy, DLPack, the array API standard."""
from libc.stdlib cimport free

from ctorch._dtype cimport *
from ctorch._tensor cimport *
from ctorch._values cimport array_face, fill_buffer, need_host

cdef object numpy_functions = None


cdef object numpy_side():
    # The module that knows NumPy, imported when NumPy first asks.
    global numpy_functions
    if numpy_functions is None:
        from ctorch import _numpy_functions
        numpy_functions = _numpy_functions
    return numpy_functions


cdef int need_no_graph(TensorBase x) except -1:
    if wants_grad(x):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
    return 0


cdef class Interchange(ViewMethods):
    """The methods of Tensor by which other libraries read it."""

    __array_priority__ = 1000        # NumPy leaves results of mixed operations to the tensor

    def __getbuffer__(self, Py_buffer* buffer, int flags):
        fill_buffer(self, buffer, flags)

    def __releasebuffer__(self, Py_buffer* buffer):
        free(buffer.internal)

    @property
    def __array_interface__(self):
        """NumPy's description of the memory; tensors without an array over their memory have none."""
        if wants_grad(self) or self.device != DEVICE_CPU or self.dtype == BFLOAT16:
            raise AttributeError("__array_interface__")
        return array_face(self)

    def __array__(self, dtype=None, copy=None):
        need_no_graph(self)
        return numpy_side().array_of(self, dtype, copy)

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return numpy_side().wrapped(array)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return numpy_side().call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func, types, args, kwargs):
        return numpy_side().call_function(func, args, kwargs)

    def __array_namespace__(self, *, api_version=None):
        """The functions of the Python array API standard on tensors: ``ctorch.array_api``."""
        from ctorch import array_api
        return array_api._namespace(api_version)

    def to_device(self, device, /, *, stream=None):
        """This tensor on a device, by the array API standard's name."""
        return self.to(device)

    def is_shared(self):
        """True where other processes can see the memory; always on a device."""
        from ctorch import _shared
        return _shared.is_shared(self)

    def share_memory_(self):
        """In place: move the values to memory that processes made by fork share with this one.

        See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.share_memory_.html

        Raises
        ------
        RuntimeError
            If there are views of the memory, which would stay behind.
        """
        from ctorch import _shared
        _shared.share(self)
        return self

    def __dlpack__(self, *, stream=-1, max_version=None, dl_device=None, copy=None):
        """A DLPack capsule over this tensor's memory.

        See https://docs.pytorch.org/docs/stable/dlpack.html
        """
        from ctorch.utils import dlpack
        return dlpack.export(self, stream, max_version, dl_device, copy)

    def __dlpack_device__(self):
        """DLPack's pair of numbers of this tensor's device."""
        from ctorch.utils import dlpack
        return dlpack.device_of(self)

    def numpy(self, *, bint force=False):
        """The values as a NumPy array over the same memory.

        Raises
        ------
        RuntimeError
            If the tensor requires grad, unless forced.
        TypeError
            If NumPy has no such dtype.
        """
        if force:
            return self.detach().cpu().numpy()
        need_no_graph(self)
        if self.dtype == BFLOAT16:
            raise TypeError("Got unsupported ScalarType BFloat16")
        need_host(self)
        import numpy
        return numpy.asarray(memoryview(self))

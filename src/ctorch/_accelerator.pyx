"""The door to the second device. Tensors on a CUDA device come here from the dispatcher, the reductions, the copies
and the kernel rows; the module behind the door is imported when the first of them does. No CPU path passes it.
"""
from libc.stdint cimport uintptr_t

from ctorch._batched cimport place_of_batch
from ctorch._dtype cimport dtype_object
from ctorch._storage cimport storage_wrap
from ctorch._tensor cimport DEVICE_BATCHED, DEVICE_CPU, tensor_alias, tensor_hooks

cdef object module = None
cdef object rules = None


cdef object backend():
    global module
    if module is None:
        from ctorch.cuda import _backend
        module = _backend
    return module


cdef object batching():
    """The rules of kernel rows for batched tensors, imported when the first of them is needed."""
    global rules
    if rules is None:
        from ctorch.func import _batching
        rules = _batching
    return rules


cdef Storage* accelerator_storage(int index, size_t nbytes) except NULL:
    # Memory of ctorch.cuda's allocator; it goes back there when the block, which the storage owns, is dropped.
    block = backend().allocate(index, nbytes)
    return storage_wrap(<void*><uintptr_t>block.pointer, nbytes, block)


cdef int accelerator_copy(TensorBase to, TensorBase frm) except -1:
    """to[...] = frm between any two devices, cast and broadcast."""
    backend().copy(to, frm)
    return 0


cdef int accelerator_elementwise(int which, int common, TensorBase out, int n, PyObject** inputs,
                                 tuple params) except -1:
    backend().elementwise(which, dtype_object(common), out, [<object>inputs[k] for k in range(n)], params)
    return 0


cdef int accelerator_reduce(int which, TensorBase x, TensorBase out, const bint* reduced) except -1:
    backend().reduce(which, x, out, [i for i in range(x.ndim) if reduced[i]])
    return 0


cdef object accelerator_forward(str name, tuple args):
    """A kernel row's forward function on the device; its arguments are those of the C function."""
    for x in args:
        if isinstance(x, TensorBase) and (<TensorBase>x).device == DEVICE_BATCHED:
            return batching().forward(name, [tensor_alias(<TensorBase>a) if isinstance(a, TensorBase) else a
                                             for a in args])      # the row that asks is what the tape records
    check_one_device(name.removesuffix("_forward").removesuffix("_into"), args)
    return backend().forward(name)(*args)


cdef int device_of(int n, PyObject** inputs, const char* op) except -2:
    # Index of the CUDA device that the inputs are on, or -1 for the CPU; single CPU values go anywhere.
    cdef int index = -1, k, number
    cdef TensorBase t, first = None, odd = None
    for k in range(n):
        t = <TensorBase>inputs[k]
        if place_of_batch(t, &number) != DEVICE_CPU:
            if first is not None and number != index:
                odd = t
            first, index = t, number
        elif t.ndim != 0 or t.device == DEVICE_BATCHED:
            odd = t
    if first is not None and odd is not None:
        refuse_devices(op.decode(), first, odd)
    return index


cdef int check_one_device(str op, object given) except -1:
    # Kernels take addresses, so here single CPU values are refused too.
    cdef TensorBase t, first = None
    for x in given:
        if not isinstance(x, TensorBase):
            continue
        t = <TensorBase>x
        if first is None:
            first = t
        elif t.device != first.device or t.device_index != first.device_index:
            refuse_devices(op, first, t)
    return 0


cdef int refuse_devices(str op, TensorBase a, TensorBase b) except -1:
    cdef TensorBase t
    cdef int index
    places = sorted(["cpu" if place_of_batch(t, &index) == DEVICE_CPU else f"cuda:{index}" for t in (a, b)],
                    reverse=True)
    raise RuntimeError(f"{op}: Expected all tensors to be on the same device, but found at least two devices, "
                       f"{places[0]} and {places[1]}!")


tensor_hooks.storage = accelerator_storage

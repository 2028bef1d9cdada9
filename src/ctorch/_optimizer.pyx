"""Updates of an optimizer's parameters: checks the tensors, then one kernel call for all of one dtype.

Tensors that the kernels cannot read as they are (strided, or of half precision) are worked on as copies.
"""
from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, free

from ctorch._device cimport need_cpu
from ctorch._dtype cimport BFLOAT16, FLOAT16, FLOAT32, FLOAT64, dtype_object
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.optimizer cimport FIRST_STEP, AdamArgs, OptimizerKernels, SgdArgs, UpdateTensor
from ctorch._tape cimport set_recording
from ctorch._tensor cimport TensorBase, bump_version, same_shape, shape_tuple, tensor_empty_like


cdef int compute_dtype(TensorBase param, str op) except -1:
    # The dtype in which a parameter is updated.
    if param.dtype == FLOAT32 or param.dtype == FLOAT64:
        return param.dtype
    if param.dtype == FLOAT16 or param.dtype == BFLOAT16:
        return FLOAT32
    raise NotImplementedError(f"{op}: not available for {dtype_object(param.dtype)} on cpu")


cdef class Batch:
    # Tensors of one dtype on their way to a kernel.
    cdef str op
    cdef int dtype
    cdef UpdateTensor* tensors
    cdef int64_t count
    cdef int64_t total
    cdef list written                # pairs (tensor, copy of it that the kernel writes)
    cdef list kept                   # copies that are read only

    def __cinit__(self, str op, int dtype, Py_ssize_t capacity):
        self.op = op
        self.dtype = dtype
        self.written = []
        self.kept = []
        self.tensors = <UpdateTensor*>calloc(max(capacity, 1), sizeof(UpdateTensor))
        if self.tensors == NULL:
            raise MemoryError()

    def __dealloc__(self):
        free(self.tensors)

    cdef UpdateTensor* add(self, TensorBase param) except NULL:
        # The entry of a new parameter.
        cdef UpdateTensor* entry = &self.tensors[self.count]
        entry.start = self.total
        entry.numel = param.numel
        entry.param = self.memory(param, param, "param", True)
        self.count += 1
        self.total += param.numel
        return entry

    cdef void* memory(self, TensorBase t, TensorBase param, str what, bint write) except? NULL:
        # Dense memory in the kernel's dtype.
        cdef TensorBase dense
        if not same_shape(t, param):
            raise RuntimeError(f"{self.op}: {what} has shape {list(shape_tuple(t))}, expected that of the parameter, "
                               f"{list(shape_tuple(param))}")
        if t.dtype != param.dtype:
            raise RuntimeError(f"{self.op}: {what} is {dtype_object(t.dtype)}, expected that of the parameter, "
                               f"{dtype_object(param.dtype)}")
        need_cpu(t.device, self.op)
        if t.contiguous and t.dtype == self.dtype:
            return t.data
        dense = (<object>t).detach().to(dtype_object(self.dtype)).contiguous()
        if write:
            self.written.append((t, dense))
        else:
            self.kept.append(dense)
        return dense.data

    cdef int write_back(self) except -1:
        for t, dense in self.written:
            t.detach().copy_(dense)
        return 0


cdef list dtypes_of(list params, str op):
    # The compute dtypes that occur; nearly always one.
    cdef list found = []
    cdef int dtype
    for param in params:
        dtype = compute_dtype(<TensorBase?>param, op)
        if dtype not in found:
            found.append(dtype)
    return found


cdef int mark_changed(list params, const char* op) except -1:
    for param in params:
        bump_version(<TensorBase>param, op)
    return 0


def sgd(list params not None, list grads not None, list buffers, double lr, double weight_decay, double momentum,
        double dampening, bint nesterov, bint maximize):
    # One step of SGD. `buffers` has a momentum buffer per parameter, or None where there is none yet: these are made.
    cdef OptimizerKernels* kernels = <OptimizerKernels*>kernel_table("optimizer")
    cdef SgdArgs args
    cdef bint recorded = set_recording(False)
    try:
        for dtype in dtypes_of(params, "SGD"):
            batch = sgd_batch(dtype, params, grads, buffers)
            args = SgdArgs(tensors=(<Batch>batch).tensors, count=(<Batch>batch).count, total=(<Batch>batch).total,
                           lr=lr, weight_decay=weight_decay, momentum=momentum, dampening=dampening,
                           nesterov=nesterov, maximize=maximize)
            with nogil:
                kernels.sgd[dtype_index(dtype)](&args)
            (<Batch>batch).write_back()
        mark_changed(params, "SGD.step")
    finally:
        set_recording(recorded)


cdef inline int dtype_index(int dtype) noexcept nogil:
    return 0 if dtype == FLOAT32 else 1

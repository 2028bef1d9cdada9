"""Updates of an optimizer's parameters: checks the tensors, then one kernel call for all of one dtype.

Tensors that the kernels cannot read as they are (strided, or of half precision) are worked on as copies.
"""
from libc.math cimport pow, sqrt
from libc.stdlib cimport calloc, free

from ctorch._accelerator cimport backend
from ctorch._dtype cimport BFLOAT16, FLOAT16, FLOAT32, FLOAT64, dtype_object
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.optimizer cimport (FIRST_STEP, AdamArgs, OptimizerKernels, SgdArgs, UpdateRow,
                                        UpdateTensor)
from ctorch._tape cimport set_recording
from ctorch._tensor cimport (DEVICE_CPU, TensorBase, bump_version, same_shape, shape_tuple,
                             tensor_empty_like)


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
    cdef UpdateRow row
    cdef list written                # pairs (tensor, copy of it that the kernel writes)
    cdef list kept                   # copies that are read only

    def __cinit__(self, str op, int dtype, Py_ssize_t capacity):
        self.op = op
        self.dtype = dtype
        self.written = []
        self.kept = []
        self.row.tensors = <UpdateTensor*>calloc(max(capacity, 1), sizeof(UpdateTensor))
        if self.row.tensors == NULL:
            raise MemoryError()

    def __dealloc__(self):
        free(self.row.tensors)

    cdef UpdateTensor* add(self, TensorBase param) except NULL:
        # The entry of a new parameter.
        cdef UpdateTensor* entry = &self.row.tensors[self.row.count]
        entry.start = self.row.total
        entry.numel = param.numel
        entry.param = self.memory(param, param, "param", True)
        self.row.count += 1
        self.row.total += param.numel
        return entry

    cdef void* memory(self, TensorBase t, TensorBase param, str what, bint write) except? NULL:
        # Dense memory in the kernel's dtype.
        cdef TensorBase dense
        if not same_shape(t, param):
            raise RuntimeError(f"{self.op}: {what} has shape {list(shape_tuple(t))}, expected that of the "
                               f"parameter, {list(shape_tuple(param))}")
        if t.dtype != param.dtype:
            raise RuntimeError(f"{self.op}: {what} is {dtype_object(t.dtype)}, expected that of the "
                               f"parameter, {dtype_object(param.dtype)}")
        if t.device != DEVICE_CPU:
            raise NotImplementedError(f"{self.op}: {what} is on {(<object>t).device}; updates are on the CPU "
                                      "only")
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


cdef bint on_device(list params) except *:
    # All on CUDA devices, or none; a group's parameters are updated together.
    cdef Py_ssize_t count = 0
    for param in params:
        count += (<TensorBase?>param).device != DEVICE_CPU
    if count and count != len(params):
        raise NotImplementedError("optimizer: parameters of one group are on cpu and cuda; give each device a group")
    return count > 0


cdef int mark_changed(list params, const char* op) except -1:
    for param in params:
        bump_version(<TensorBase>param, op)
    return 0


cdef inline int kernel_index(int dtype) noexcept nogil:
    return 0 if dtype == FLOAT32 else 1


cdef int check_count(TensorBase steps, str op) except -1:
    if steps.numel != 1 or steps.dtype != FLOAT32 and steps.dtype != FLOAT64 or steps.device != DEVICE_CPU:
        raise RuntimeError(f"{op}: state 'step' must be one float32 or float64 on the CPU, got "
                           f"{dtype_object(steps.dtype)} of shape {list(shape_tuple(steps))}")
    return 0


cdef double count_step(TensorBase steps) noexcept:
    # One more step of a parameter: the new count, which the tensor keeps.
    if steps.dtype == FLOAT32:
        (<float*>steps.data)[0] += 1
        return (<float*>steps.data)[0]
    (<double*>steps.data)[0] += 1
    return (<double*>steps.data)[0]


cdef Batch sgd_batch(int dtype, list params, list grads, list buffers):
    cdef Batch batch = Batch("SGD", dtype, len(params))
    cdef TensorBase param
    cdef UpdateTensor* entry
    cdef Py_ssize_t i
    for i in range(len(params)):
        param = params[i]
        if compute_dtype(param, batch.op) != dtype:
            continue
        entry = batch.add(param)
        entry.grad = batch.memory(grads[i], param, "grad", False)
        if buffers is None:
            continue
        if buffers[i] is None:
            buffers[i] = tensor_empty_like(param, param.dtype)
            entry.flags = FIRST_STEP
        entry.first = batch.memory(buffers[i], param, "momentum_buffer", True)
    return batch


def sgd(list params not None, list grads not None, list buffers, double lr, double weight_decay,
        double momentum, double dampening, bint nesterov, bint maximize):
    # One step. `buffers` is None without momentum; in it, None stands for a buffer that is yet to be made.
    cdef OptimizerKernels* kernels = <OptimizerKernels*>kernel_table("optimizer")
    cdef SgdArgs args
    cdef bint recorded = set_recording(False)
    cdef Batch batch
    cdef int dtype
    try:
        if on_device(params):
            backend().sgd(params, grads, buffers, lr, weight_decay, momentum, dampening, nesterov, maximize)
            mark_changed(params, "SGD.step")
            return
        for dtype in dtypes_of(params, "SGD"):
            batch = sgd_batch(dtype, params, grads, buffers)
            args = SgdArgs(row=batch.row, lr=lr, weight_decay=weight_decay, momentum=momentum,
                           dampening=dampening, nesterov=nesterov, maximize=maximize)
            with nogil:
                kernels.sgd[kernel_index(dtype)](&args)
            batch.write_back()
        mark_changed(params, "SGD.step")
    finally:
        set_recording(recorded)


cdef Batch adam_batch(int dtype, list params, list grads, list exp_avgs, list exp_avg_sqs,
                      list max_exp_avg_sqs, list steps, double lr, double beta1, double beta2):
    cdef Batch batch = Batch("Adam", dtype, len(params))
    cdef TensorBase param
    cdef UpdateTensor* entry
    cdef double step
    cdef list counts = []            # counted only when all tensors have passed the checks
    cdef Py_ssize_t i
    for i in range(len(params)):
        param = params[i]
        if compute_dtype(param, batch.op) != dtype:
            continue
        entry = batch.add(param)
        entry.grad = batch.memory(grads[i], param, "grad", False)
        entry.first = batch.memory(exp_avgs[i], param, "exp_avg", True)
        entry.second = batch.memory(exp_avg_sqs[i], param, "exp_avg_sq", True)
        if max_exp_avg_sqs is not None:
            entry.largest = batch.memory(max_exp_avg_sqs[i], param, "max_exp_avg_sq", True)
        check_count(<TensorBase?>steps[i], batch.op)
        counts.append(steps[i])
    for i in range(len(counts)):
        step = count_step(<TensorBase>counts[i])
        batch.row.tensors[i].step_size = lr / (1 - pow(beta1, step))
        batch.row.tensors[i].root_factor = 1 / sqrt(1 - pow(beta2, step))
    return batch


def adam(list params not None, list grads not None, list exp_avgs not None, list exp_avg_sqs not None,
         list max_exp_avg_sqs, list steps not None, double lr, double beta1, double beta2, double eps,
         double weight_decay, bint decoupled, bint maximize):
    # One step. `max_exp_avg_sqs` is None without AMSGrad; `decoupled` is AdamW's weight decay.
    cdef OptimizerKernels* kernels = <OptimizerKernels*>kernel_table("optimizer")
    cdef AdamArgs args
    cdef bint recorded = set_recording(False)
    cdef Batch batch
    cdef int dtype
    try:
        if on_device(params):
            backend().adam(params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps, lr, beta1, beta2, eps,
                           weight_decay, decoupled, maximize)
            mark_changed(params, "Adam.step")
            return
        for dtype in dtypes_of(params, "Adam"):
            batch = adam_batch(dtype, params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps, lr, beta1,
                               beta2)
            args = AdamArgs(row=batch.row, beta1=beta1, beta2=beta2, eps=eps,
                            l2=0.0 if decoupled else weight_decay,
                            shrink=1 - lr * weight_decay if decoupled else 1.0, maximize=maximize,
                            amsgrad=max_exp_avg_sqs is not None)
            with nogil:
                kernels.adam[kernel_index(dtype)](&args)
            batch.write_back()
        mark_changed(params, "Adam.step")
    finally:
        set_recording(recorded)

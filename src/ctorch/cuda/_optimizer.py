"""Updates of an optimizer's parameters on CUDA: `ctorch._optimizer`'s functions, for tensors of a device.

As many tensors as fit a launch's arguments are updated at once; half precision is computed in float within the kernel.
Tensors that are not contiguous are worked on as copies. Called with gradients off; the core counts the versions.
"""
import math
import struct

from ctorch.cuda._forward.common import dense, empty, float_name, index_of, numel, pointer
from ctorch.cuda.launch import Kernel, blocks_for

TENSORS, STRETCH = 36, 1024          # as in kernels/optimizer.cu
_entry = struct.Struct("5Pqqddq")    # struct UpdateTensor
_ROW = f"qq{TENSORS * _entry.size}s"
_sgd = Kernel("optimizer", "ct_sgd", _ROW + "ddddqq")
_adam = Kernel("optimizer", "ct_adam", _ROW + "dddddqq")


def launch_updates(index, dtype, kernel, entries, arguments):
    """Launches over (numel, the other fields of struct UpdateTensor without start and numel)."""
    entries = [entry for entry in entries if entry[0]]
    for begin in range(0, len(entries), TENSORS):
        part, start, packed = entries[begin:begin + TENSORS], 0, []
        for count, param, grad, first, second, largest, step_size, root_factor, fresh in part:
            packed.append(_entry.pack(param, grad, first, second, largest, start, count, step_size, root_factor, fresh))
            start += -(-count // STRETCH)
        kernel(index, dtype, (blocks_for(start, 1),), (256,), len(part), start, b"".join(packed), *arguments)


class _Batch:
    """The tensors of one dtype, dense, and what is to be copied back."""

    def __init__(self, op, params):
        self.op, self.copies, self.kept = op, [], []
        self.index = index_of(params[0]) if params else 0

    def pointer(self, t, param, what, write):
        if t is None:
            return 0
        if tuple(t.shape) != tuple(param.shape):
            raise RuntimeError(f"{self.op}: {what} has shape {list(t.shape)}, expected that of the parameter, "
                               f"{list(param.shape)}")
        if t.dtype != param.dtype:
            raise RuntimeError(f"{self.op}: {what} is {t.dtype}, expected that of the parameter, {param.dtype}")
        if t.device != param.device:
            raise RuntimeError(f"{self.op}: {what} is on {t.device}, expected the parameter's device, {param.device}")
        memory = dense(t)
        if memory.data_ptr() != t.data_ptr():
            self.kept.append(memory)
            if write:
                self.copies.append((t, memory))
        return pointer(memory)

    def write_back(self):
        for t, memory in self.copies:
            t.copy_(memory)


def _groups(params, op):
    """Positions of the parameters by dtype and device."""
    groups = {}
    for i, param in enumerate(params):
        groups.setdefault((float_name(param, op), index_of(param)), []).append(i)
    return groups


def sgd(params, grads, buffers, lr, weight_decay, momentum, dampening, nesterov, maximize):
    """One step. `buffers` is None without momentum; in it, None stands for a buffer that is yet to be made."""
    for (dtype, index), places in _groups(params, "SGD").items():
        batch, entries = _Batch("SGD", params), []
        for i in places:
            param, fresh, buffer = params[i], False, 0
            if buffers is not None:
                fresh = buffers[i] is None
                if fresh:
                    buffers[i] = empty(param.shape, param.dtype, param.device)
                buffer = batch.pointer(buffers[i], param, "momentum_buffer", True)
            entries.append((numel(param.shape), batch.pointer(param, param, "param", True),
                            batch.pointer(grads[i], param, "grad", False), buffer, 0, 0, 0.0, 0.0, fresh))
        launch_updates(index, dtype, _sgd, entries, (lr, weight_decay, momentum if buffers is not None else 0.0,
                                                     dampening, bool(nesterov), bool(maximize)))
        batch.write_back()


def adam(params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps, lr, beta1, beta2, eps, weight_decay, decoupled,
         maximize):
    """One step. `max_exp_avg_sqs` is None without AMSGrad; `decoupled` is AdamW's weight decay.

    The counts `steps` are on the CPU, so that the bias corrections cost no wait for the device.
    """
    for (dtype, index), places in _groups(params, "Adam").items():
        batch, entries = _Batch("Adam", params), []
        for i in places:
            param, largest = params[i], None if max_exp_avg_sqs is None else max_exp_avg_sqs[i]
            entries.append((numel(param.shape), batch.pointer(param, param, "param", True),
                            batch.pointer(grads[i], param, "grad", False),
                            batch.pointer(exp_avgs[i], param, "exp_avg", True),
                            batch.pointer(exp_avg_sqs[i], param, "exp_avg_sq", True),
                            batch.pointer(largest, param, "max_exp_avg_sq", True)))
        for entry, i in enumerate(places):       # counted only when all tensors have passed the checks
            step = _count(steps[i])
            entries[entry] += (lr / (1 - beta1 ** step), 1 / math.sqrt(1 - beta2 ** step), False)
        launch_updates(index, dtype, _adam, entries,
                       (beta1, beta2, eps, 0.0 if decoupled else weight_decay,
                        1 - lr * weight_decay if decoupled else 1.0, bool(maximize), max_exp_avg_sqs is not None))
        batch.write_back()


def _count(steps):
    """One more step of a parameter: the new count, which the tensor keeps."""
    if numel(steps.shape) != 1 or steps.dtype.name not in ("float32", "float64") or steps.device.type != "cpu":
        raise RuntimeError(f"Adam: state 'step' must be one float32 or float64 on the CPU, got {steps.dtype} of shape "
                           f"{list(steps.shape)} on {steps.device}")
    steps.add_(1)
    return steps.item()

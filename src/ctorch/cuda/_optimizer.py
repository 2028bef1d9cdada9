"""Updates of an optimizer's parameters on CUDA devices, many tensors to a launch (kernels/optimizer.cu)."""
import struct
from math import sqrt

import ctorch
from ctorch.cuda import launch
from ctorch.cuda._layout import name_of
from ctorch.cuda._transfer import copy

TENSORS, STRETCH = 36, 1024          # as in kernels/optimizer.cu
_TENSOR, _EMPTY = struct.Struct("5P2q2dq"), bytes(struct.calcsize("5P2q2dq"))
_SGD, _ADAM = struct.Struct("4d2q"), struct.Struct("5d2q")


class _Row:
    """The tensors of one launch, packed; tensors that are not dense stand in by copies."""

    def __init__(self, op, like):
        self.op, self.device, self.dtype = op, like.device, like.dtype
        self.entries, self.stretches, self.held, self.written = [], 0, [], []

    def address(self, param, tensor, what, write):
        """Where a tensor's values are, dense."""
        if tensor is None:
            return 0
        for name, own, wanted in (("shape", tensor.shape, param.shape), ("dtype", tensor.dtype, param.dtype),
                                  ("device", tensor.device, param.device)):
            if own != wanted:
                raise RuntimeError(f"{self.op}: {what} has {name} {own}, expected that of the parameter, {wanted}")
        if tensor.is_contiguous():
            return tensor.data_ptr()
        dense = ctorch.empty(tensor.shape, dtype=tensor.dtype, device=tensor.device)
        copy(dense, tensor)
        self.held.append(dense)
        if write:
            self.written.append((tensor, dense))
        return dense.data_ptr()

    def add(self, param, grad, first, second, largest, step_size=0.0, root_factor=0.0, fresh=0):
        """One parameter with its gradient and state."""
        addresses = [self.address(param, t, what, write) for t, what, write in (
            (param, "the parameter", True), (grad, "grad", False), (first, "the first state", True),
            (second, "the second state", True), (largest, "max_exp_avg_sq", True))]
        self.entries.append(_TENSOR.pack(*addresses, self.stretches, param.numel(), step_size, root_factor, fresh))
        self.stretches += -(-param.numel() // STRETCH)

    def run(self, kernel, numbers):
        """Launch, and put back what stood in."""
        if self.stretches:
            packed = struct.pack("2q", len(self.entries), self.stretches) + b"".join(self.entries)
            packed += _EMPTY * (TENSORS - len(self.entries)) + numbers
            index = self.device.index
            launch._driver.activate(index)
            function = launch.function(index, "optimizer", name_of(self.dtype), kernel)
            launch.launch(function, (min(self.stretches, launch.MOST_BLOCKS), 1), (launch.THREADS, 1, 1), packed, 0,
                          launch.streams.raw(index))
        for tensor, dense in self.written:
            copy(tensor, dense)


def _batches(params, op):
    # Numbers of the parameters of one launch each: of one device and dtype.
    groups = {}
    for i, param in enumerate(params):
        if name_of(param.dtype) not in ("float16", "bfloat16", "float32", "float64"):
            raise NotImplementedError(f"{op}: not implemented for device 'cuda' and dtype {param.dtype}")
        groups.setdefault((str(param.device), param.dtype), []).append(i)
    for numbers in groups.values():
        for k in range(0, len(numbers), TENSORS):
            yield numbers[k:k + TENSORS]


def sgd(params, grads, buffers, lr, weight_decay, momentum, dampening, nesterov, maximize):
    """One step of SGD; None in `buffers` stands for a momentum buffer that is made now."""
    for batch in _batches(params, "SGD"):
        row = _Row("SGD", params[batch[0]])
        for i in batch:
            fresh = buffers is not None and buffers[i] is None
            if fresh:
                buffers[i] = ctorch.empty_like(params[i].detach())
            row.add(params[i], grads[i], None if buffers is None else buffers[i], None, None, fresh=fresh)
        row.run("ct_sgd", _SGD.pack(lr, weight_decay, momentum, dampening, nesterov, maximize))


def adam(params, grads, means, squares, largest, steps, lr, beta1, beta2, eps, weight_decay, decoupled, maximize):
    """One step of Adam or, with decoupled weight decay, AdamW; `largest` is None without AMSGrad."""
    for batch in _batches(params, "Adam"):
        row = _Row("Adam", params[batch[0]])
        for i in batch:
            step = steps[i].item() + 1
            row.add(params[i], grads[i], means[i], squares[i], None if largest is None else largest[i],
                    lr / (1 - beta1 ** step), 1 / sqrt(1 - beta2 ** step))
        for i in batch:
            steps[i] += 1
        row.run("ct_adam", _ADAM.pack(beta1, beta2, eps, 0.0 if decoupled else weight_decay,
                                      1 - lr * weight_decay if decoupled else 1.0, maximize, largest is not None))

"""Fused updates on a device against those of the CPU."""
import pytest
from places import get, put
from test_forward import EACH_FLOAT, TOLERANCE, rand, same

import ctorch
from ctorch import _optimizer
from ctorch.cuda import _optimizer as optimizer

pytestmark = pytest.mark.usefixtures("device")


SHAPES = [(3, 4), (0,), (2050,), (1,), *[(5, i) for i in range(1, 40)]]      # more than fit one launch


def tensors(dtype, seed, positive=False):
    return [rand(*s, dtype=dtype, seed=seed).abs() if positive else rand(*s, dtype=dtype, seed=seed) for s in SHAPES]


def compare(on_device, on_cpu, dtype):
    for d, c in zip(on_device, on_cpu):
        same(get(d), c, 2 * TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", EACH_FLOAT)
@pytest.mark.parametrize(("decay", "momentum", "dampening", "nesterov", "maximize"), [
    (0.0, 0.0, 0.0, False, False), (0.1, 0.9, 0.0, False, False), (0.1, 0.9, 0.5, False, True),
    (0.0, 0.9, 0.0, True, False)])
def test_sgd(dtype, decay, momentum, dampening, nesterov, maximize):
    on_cpu = tensors(dtype, 0)
    on_device = [put(t) for t in on_cpu]
    cpu_buffers, device_buffers = ([None] * len(SHAPES) if momentum else None for _ in range(2))
    for step in range(3):
        grads = tensors(dtype, step + 1)
        options = (0.1, decay, momentum, dampening, nesterov, maximize)
        _optimizer.sgd(on_cpu, grads, cpu_buffers, *options)
        optimizer.sgd(on_device, [put(g) for g in grads], device_buffers, *options)
    compare(on_device, on_cpu, dtype)
    if momentum:
        compare(device_buffers, cpu_buffers, dtype)


@pytest.mark.parametrize("dtype", EACH_FLOAT)
@pytest.mark.parametrize("amsgrad", [False, True])
@pytest.mark.parametrize("decoupled", [False, True])
@pytest.mark.parametrize("maximize", [False, True])
def test_adam(dtype, amsgrad, decoupled, maximize):
    states = [[tensors(dtype, 0), tensors(dtype, 9), tensors(dtype, 8, True), tensors(dtype, 7, True)]]
    states.append([[put(t) for t in group] for group in states[0]])
    steps = [[ctorch.zeros(()) for _ in SHAPES] for _ in range(2)]
    for step in range(3):
        grads = tensors(dtype, step + 1)
        for (p, m, v, top), count, adam, g in zip(states, steps, (_optimizer.adam, optimizer.adam),
                                                  (grads, [put(g) for g in grads])):
            adam(p, g, m, v, top if amsgrad else None, count, 0.01, 0.9, 0.99, 1e-4, 0.1, decoupled, maximize)
    for on_device, on_cpu in zip(states[1], states[0]):
        compare(on_device, on_cpu, dtype)
    assert [s.item() for s in steps[1]] == [3.0] * len(SHAPES)


def test_strided_tensors_are_written_back():
    base, grad = rand(6, 4), rand(4, 6, seed=1)
    on_device = put(base.mT)
    optimizer.sgd([on_device], [put(grad)], None, 0.5, 0.0, 0.0, 0.0, False, False)
    same(get(on_device), base.mT - 0.5 * grad)


def test_mismatches():
    p = put(rand(3))
    for grad in (rand(4), rand(3).double()):
        with pytest.raises(RuntimeError, match="SGD: grad"):
            optimizer.sgd([p], [put(grad)], None, 0.1, 0.0, 0.0, 0.0, False, False)
    with pytest.raises(RuntimeError, match="step"):
        optimizer.adam([p], [p], [p], [p], None, [ctorch.zeros(2)], 0.1, 0.9, 0.99, 1e-8, 0.0, False, False)
    with pytest.raises(NotImplementedError, match="SGD: not implemented for device 'cuda' and dtype int64"):
        q = put(ctorch.tensor([1]))
        optimizer.sgd([q], [q], None, 0.1, 0.0, 0.0, 0.0, False, False)

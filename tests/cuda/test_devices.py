"""Tensors of two devices in one call, and what a call leaves behind on the device as on the CPU."""
import pytest

import ctorch
import ctorch.nn.functional as F

pytestmark = pytest.mark.usefixtures("device")


def ones(*shape):
    return ctorch.ones(*shape)


MIXED = {
    "mm": lambda: ctorch.mm(ones(2, 3).cuda(), ones(3, 2)),
    "bmm": lambda: ctorch.bmm(ones(1, 2, 3), ones(1, 3, 2).cuda()),
    "linear": lambda: F.linear(ones(2, 3).cuda(), ones(4, 3)),
    "linear's bias": lambda: F.linear(ones(2, 3).cuda(), ones(4, 3).cuda(), ones(4)),
    "conv2d": lambda: F.conv2d(ones(1, 1, 4, 4).cuda(), ones(1, 1, 3, 3)),
    "layer_norm": lambda: F.layer_norm(ones(2, 3).cuda(), (3,), ones(3)),
    "batch_norm": lambda: F.batch_norm(ones(4, 3).cuda(), ctorch.zeros(3), ones(3), training=True),
    "cross_entropy": lambda: F.cross_entropy(ones(2, 3).cuda(), ctorch.zeros(2, dtype=ctorch.int64)),
    "gather": lambda: ctorch.gather(ones(2, 3).cuda(), 0, ctorch.zeros(1, 3, dtype=ctorch.int64)),
    "embedding": lambda: F.embedding(ctorch.zeros(2, dtype=ctorch.int64), ones(3, 3).cuda()),
    "add": lambda: ones(2).cuda() + ones(2),
    "index_select": lambda: ctorch.index_select(ones(3).cuda(), 0, ctorch.tensor([1])),
    "index_put_": lambda: ones(3).cuda().index_put_((ctorch.tensor([1, 2]),), ones(2)),
}


@pytest.mark.parametrize("name", MIXED)
def test_two_devices_are_refused(name):
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device, but found at least two "
                                           "devices, cuda:0 and cpu!"):
        MIXED[name]()


def test_single_numbers_of_the_cpu_go_anywhere_elementwise_only():
    assert (ones(2).cuda() * ctorch.tensor(3.0)).tolist() == [3, 3]
    with pytest.raises(RuntimeError, match="linear: Expected all tensors"):
        F.linear(ones(2, 3).cuda(), ones(4, 3).cuda(), ctorch.tensor(1.0))


@pytest.mark.parametrize("dtype", [ctorch.float32, ctorch.float16])
def test_running_statistics_count_their_changes(dtype):
    changes = []
    for place in ("cpu", "cuda"):
        mean, var = ctorch.zeros(3, dtype=dtype, device=place), ctorch.ones(3, dtype=dtype, device=place)
        before = mean._version, var._version
        F.batch_norm(ctorch.rand(4, 3).to(place, dtype), mean, var, training=True)
        changes.append((mean._version - before[0], var._version - before[1]))
        F.batch_norm(ctorch.rand(4, 3).to(place, dtype), mean, var, training=False)
        changes.append((mean._version - before[0], var._version - before[1]))
    assert changes == [(1, 1)] * 4


def test_running_statistics_changed_before_backward_are_found():
    mean, var = ctorch.zeros(3, device="cuda"), ctorch.ones(3, device="cuda")
    x = ctorch.rand(4, 3, device="cuda", requires_grad=True)
    y = F.batch_norm(x, mean, var, training=False)
    F.batch_norm(x.detach(), mean, var, training=True)
    with pytest.raises(RuntimeError, match="batch_norm"):
        y.sum().backward()

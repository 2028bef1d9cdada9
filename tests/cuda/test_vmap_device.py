"""vmap of tensors on a device against the same on the CPU."""
import numpy as np
import pytest
from places import get, put

import ctorch
from ctorch.func import vmap

pytestmark = pytest.mark.usefixtures("device")

FUNCTIONS = {
    "product": lambda a, w: (a @ w).tanh().sum(),
    "softmax": lambda a, w: a.softmax(0) * w.sum(),
    "slice": lambda a, w: a[1:] + 1,
    "index": lambda a, w: (a.unsqueeze(1) + w)[[1, 0]],
    "new": lambda a, w: a.new_zeros(3).add_(a),
    "join": lambda a, w: ctorch.cat([a, w[:, 0]]),
    "levels": lambda a, w: vmap(lambda column: (column * a).sum(), 1)(w),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_against_the_cpu(name):
    x, w = ctorch.linspace(-1, 1, 12).view(4, 3), ctorch.linspace(0, 2, 6).view(3, 2)
    found = {}
    for place in (put, lambda t: t):
        a, b = (place(t).detach().requires_grad_() for t in (x, w))
        y = vmap(FUNCTIONS[name], (0, None))(a, b)
        assert y.device == a.device
        found[place] = [y, *ctorch.autograd.grad(y.sum(), (a, b), materialize_grads=True)]
    for got, want in zip(*found.values()):
        np.testing.assert_allclose(get(got.detach()).numpy(), want.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_devices_are_not_mixed():
    x, other = put(ctorch.ones(4, 3)), ctorch.ones(3)
    with pytest.raises(RuntimeError, match="same device"):
        vmap(lambda a: a + other)(x)
    with pytest.raises(NotImplementedError, match=r"sort: not implemented for device 'cuda'"):
        vmap(lambda a: a.sort(0).values)(x)

"""The masked operations, against PyTorch's, and against the plain ones on what a mask leaves."""
import mirror
import numpy as np
import pytest

import ctorch

RNG = np.random.default_rng(0)
X = RNG.standard_normal((3, 4, 5))
MASK = RNG.random((3, 4, 5)) < 0.6
MASK[..., 0] = True                  # something is left everywhere


@pytest.mark.parametrize("dim", [None, 0, -1, (0, 2)])
@pytest.mark.parametrize("name", ["sum", "prod", "amax", "amin", "mean", "var", "std", "logsumexp", "norm"])
@pytest.mark.parametrize("masked", [True, False])
def test_reductions(name, dim, masked):
    first = (2.0,) if name == "norm" else ()
    mirror.check(lambda m: getattr(m.masked, name)(m.tensor(X), *first, dim=dim, keepdim=True,
                                                   mask=m.tensor(MASK | (np.arange(3) == 0)[:, None, None]
                                                                 | (np.arange(5) < 2)) if masked else None))


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin", "argmax", "argmin"])
def test_along_one_dimension(name):
    mirror.check(lambda m: getattr(m.masked, name)(m.tensor(X), 2, mask=m.tensor(MASK)))


def test_normalize_and_logaddexp():
    mirror.check(lambda m: m.masked.normalize(m.tensor(X), 2.0, 1, mask=m.tensor(MASK)))
    mirror.check(lambda m: m.masked.logaddexp(m.tensor(X), m.tensor(X[::-1].copy()), input_mask=m.tensor(MASK),
                                              other_mask=m.tensor(~MASK)))


def test_nothing_left():
    x, none = ctorch.ones(2, 3), ctorch.zeros(2, 3, dtype=ctorch.bool)
    assert ctorch.masked.sum(x, 1, mask=none).tolist() == [0, 0]
    assert ctorch.masked.prod(x, 1, mask=none).tolist() == [1, 1]
    assert ctorch.masked.mean(x, 1, mask=none).isnan().all()
    assert ctorch.masked.softmax(x, 1, mask=none).isnan().all()


def test_masks_broadcast_and_gradients_stay_within():
    x = ctorch.tensor(X, requires_grad=True)
    mask = ctorch.tensor([True, False, True, False, False])
    ctorch.masked.var(x, 2, mask=mask).sum().backward()
    assert (x.grad[..., ~mask] == 0).all()
    assert (x.grad[..., mask] != 0).all()


def test_a_mask_with_more_dimensions_raises():
    with pytest.raises(IndexError, match="mask dimensionality"):
        ctorch.masked.sum(ctorch.ones(3), mask=ctorch.ones(2, 3, dtype=ctorch.bool))

"""NumPy's names of parameters are taken beside PyTorch's."""
import mirror
import pytest

import ctorch

CASES = {
    "reduction": lambda m: m.ones(2, 3).sum(axis=1, keepdims=True),
    "function": lambda m: m.mean(m.ones(2, 3), axis=(0, 1)),
    "input": lambda m: m.sum(input=m.ones(2, 3), axis=0),
    "x": lambda m: m.exp(x=m.ones(2)),
    "x1 and x2": lambda m: m.add(x1=m.ones(2), x2=m.ones(2)),
    "a": lambda m: m.sqrt(a=m.ones(2)),
    "extremum": lambda m: m.tensor([[1.0, 5.0], [3.0, 2.0]]).max(axis=1),
    "places": lambda m: m.argmax(m.tensor([[1.0, 5.0], [3.0, 2.0]]), axis=0, keepdims=True),
    "cat": lambda m: m.cat([m.ones(2, 1), m.zeros(2, 1)], axis=1),
    "stack": lambda m: m.stack([m.ones(2), m.zeros(2)], axis=1),
    "squeeze": lambda m: m.squeeze(m.ones(1, 2), axis=0),
    "unsqueeze": lambda m: m.ones(2).unsqueeze(axis=0),
    "softmax": lambda m: m.ones(2, 2).softmax(axis=1),
    "cumsum": lambda m: m.ones(3).cumsum(axis=0),
    "sort": lambda m: m.tensor([3.0, 1.0]).sort(axis=0),
    "var": lambda m: m.var(m.tensor([[1.0, 2.0]]), axis=1, keepdims=True),
    "flip": lambda m: m.argsort(m.tensor([3.0, 1.0]), axis=0),
    "from a dict": lambda m: m.ones(2, 3).sum(**{"".join(["ax", "is"]): 0}),
    "both": lambda m: m.ones(2, 3).sum(0, axis=0),
    "unknown": lambda m: m.ones(2, 3).sum(axes=0),
    "of a function alone": lambda m: m.ones(2).add(x2=m.ones(2)),
}


@pytest.mark.parametrize("name", CASES)
def test_as_pytorch(name):
    mirror.check(CASES[name])


def test_own_names_stay():
    # where a parameter has NumPy's name already, it is meant
    x = ctorch.ones(3)
    assert ctorch.where(condition=x > 0, input=x, other=-x).tolist() == [1, 1, 1]
    assert ctorch.trapezoid(y=x, x=2 * ctorch.arange(3.0)).item() == 4


def test_aliases_of_functions():
    assert ctorch.concat([ctorch.ones(1)], axis=0).equal(ctorch.concatenate([ctorch.ones(1)], axis=0))
    assert ctorch.abs(x=ctorch.tensor([-1.0])).equal(ctorch.absolute(x=ctorch.tensor([-1.0])))
    assert ctorch.ones(2, 3).amax(axis=0).shape == (3,)

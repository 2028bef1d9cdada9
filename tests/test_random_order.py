"""Numbers drawn into tensors that are not contiguous come in the order of memory, as PyTorch draws them."""
import mirror
import pytest

DRAWS = {
    "uniform_": lambda m: m.empty(3, 4).t().uniform_(),
    "uniform_ of a slice": lambda m: m.empty(4, 8)[:, ::2].uniform_(),
    "normal_ of few": lambda m: m.empty(3, 2).t().normal_(),
    "normal_": lambda m: m.empty(3, 4, 5).permute(1, 2, 0).normal_(),
    "bernoulli_": lambda m: m.empty(3, 4, 5).permute(1, 2, 0).bernoulli_(0.3),
    "bernoulli_ of a tensor": lambda m: m.empty(4, 5).t().bernoulli_(m.full((5, 4), 0.5)),
    "bernoulli": lambda m: m.bernoulli(m.full((4, 5), 0.5).t()),
    "exponential_": lambda m: m.empty(3, 4, 5).permute(2, 0, 1)[:, 1:].exponential_(),
    "cauchy_": lambda m: m.empty(4, 5).t().cauchy_(),
    "log_normal_": lambda m: m.empty(4, 5).t().log_normal_(),
    "geometric_": lambda m: m.empty(4, 5).t().geometric_(0.3),
    "random_": lambda m: m.empty(4, 5).t().random_(10),
    "rand_like": lambda m: m.rand_like(m.empty(3, 4).t()),
    "randn_like": lambda m: m.randn_like(m.empty(13, 4).t()),
    "randint_like": lambda m: m.randint_like(m.empty(13, 4).t(), 10),
    "dropout": lambda m: m.nn.functional.dropout(m.ones(2, 3, 4, 4).contiguous(memory_format=m.channels_last), 0.5),
    "alpha_dropout": lambda m: m.nn.functional.alpha_dropout(m.ones(4, 5).t(), 0.5, True),
    "gumbel_softmax": lambda m: m.nn.functional.gumbel_softmax(m.ones(4, 5).t()),
    "poisson": lambda m: m.poisson(m.full((4, 5), 3.0).t()),
    "complex randn": lambda m: m.randn(3, 20, dtype=m.complex64),
    "complex rand": lambda m: m.rand(5, dtype=m.complex128),
    "complex randn_like": lambda m: m.randn_like(m.zeros(2, 3, dtype=m.complex64).t()),
    "complex rand_like": lambda m: m.rand_like(m.zeros(3, dtype=m.complex64)),
    "complex uniform_": lambda m: m.zeros(3, 4, dtype=m.complex64)[:, ::2].uniform_(-1, 1),
    "complex normal_": lambda m: m.zeros(3, 40, dtype=m.complex64)[:, ::2].normal_(2, 3),
    "normal": lambda m: m.normal(m.ones(4, 5).t(), m.ones(5, 4)),
}


@pytest.mark.parametrize("name", list(DRAWS))
def test_order(name):
    def drawn(m):
        m.manual_seed(0)
        return DRAWS[name](m)
    mirror.check(drawn)


@pytest.mark.parametrize("layout", [3, "strided"])
def test_layout_must_be_one(layout):
    mirror.check(lambda m: m.rand(3, layout=layout))


def test_strided_layout():
    mirror.check(lambda m: m.zeros(3, layout=m.strided))
    mirror.check(lambda m: m.ones(2).new_full((2,), 3.0, layout=m.strided))

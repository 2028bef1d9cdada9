"""Random numbers: both libraries draw their own."""
from .case import SHAPES, Case, Input, matrix

DRAWS = ["torch.rand({0}, {1})", "torch.randn({0}, {1})", "torch.randint(0, 100, ({0}, {1}))", "torch.randperm({2})",
         "torch.rand({0}, {1}, dtype=torch.float64)", "torch.normal(0.0, 1.0, ({0}, {1}))"]
FROM = ["torch.bernoulli(x)", "torch.rand_like(x)", "torch.randn_like(x)", "torch.normal(x, 1.0)", "F.dropout(x, 0.5)",
        "w.uniform_(0, 1)", "w.normal_()", "w.bernoulli_(0.3)", "w.exponential_()", "w.cauchy_()", "w.log_normal_()",
        "w.geometric_(0.5)", "w.random_(0, 100)", "torch.poisson(x)", "F.gumbel_softmax(x)",
        "torch.multinomial(x[:10], 20)", "torch.multinomial(x[0], 1000, replacement=True)"]


def store(size):
    return lambda torch: {"w": torch.zeros(SHAPES[size])}


def cases():
    for size, (rows, columns) in SHAPES.items():
        for text in DRAWS:
            yield Case("random", text.format(rows, columns, size), {}, size)
        for text in FROM:
            yield Case("random", text, {"x": matrix(size, low=0.05, high=0.95)}, size, values=store(size))
    yield Case("random", "torch.binomial(n, p)", {"n": Input((100, 100), 10, 20), "p": Input((100, 100), 0.1, 0.9)},
               10_000)

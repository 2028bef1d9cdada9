"""The same six operations on a thousand, a hundred thousand and ten million floats."""
from .harness import Statement

TITLE = "Elementwise and reductions; softmax over rows of 1,000"
STATEMENTS = ["x + y", "x * y", "x.exp()", "x.tanh()", "x.sum()", "x.softmax(-1)"]
TARGETS = {1_000: 0.3, 100_000: None, 10_000_000: 1.1}


def arrays(size):
    def setup(torch):
        torch.manual_seed(0)
        return {"x": torch.randn(size // 1000, 1000), "y": torch.randn(size // 1000, 1000)}
    return setup


CASES = [Statement(text, arrays(size), target, f"{text:13}  {size:>10,}")
         for size, target in TARGETS.items() for text in STATEMENTS]

"""Sample calls of every operator: `of(name)` gives those of a row of the table, or of another function.

A file here stands for the file of the same name in ``ops/``; ``views`` and ``indexing`` hold what is no row. Samples
are the same each time; they stay inside the domain where the operator is smooth, and have shapes that are worth a
look: without dimensions, empty, of size one, broadcast, with strides. A tensor that requires a gradient is one to
differentiate.
"""
import importlib
from pathlib import Path
from zlib import crc32

import numpy as np
from rows import ROWS

import ctorch

_makers = {}                # by name, what gives the samples
_random = np.random.default_rng(0)


class Sample:
    """One call: the arguments, the function if not the one that it is a sample of, and what to do with the result."""

    def __init__(self, *args, **kwargs):
        self.args, self.kwargs = args, kwargs
        self.name, self.call = None, None
        self.seen = self.prepared = lambda x: x
        self.twice = self.compared = True

    def by(self, call):
        """Call another function: a dotted name in ctorch and in PyTorch, or any callable."""
        self.call = call
        return self

    def see(self, function):
        """Look at a function of the result: at what is well defined, such as magnitudes of vectors known up to sign."""
        self.seen = function
        return self

    def prepare(self, function):
        """Put the first tensor through a function, such as one that makes a matrix positive."""
        self.prepared = function
        return self

    def alone(self):
        """PyTorch gives other values, so there is nothing to compare."""
        self.compared = False
        return self

    def once(self):
        """There is no second derivative, in PyTorch neither."""
        self.twice = False
        return self

    def function(self, module=ctorch):
        """The function in ctorch or in PyTorch; None where that has none of the name."""
        if callable(self.call):
            return self.call
        if self.call or self.name not in ROWS:
            return found_in(module, self.call or self.name)
        if module is ctorch:
            return getattr(ctorch._functions, self.name)
        if not is_public(self.name):
            return None
        return found_in(module, self.name) or found_in(module, ROWS[self.name].get("torch", "torch.?").split(".", 1)[1])

    def run(self, module=ctorch, args=None, kwargs=None):
        """All tensors that the call gives, as a list."""
        args, kwargs = self.args if args is None else args, self.kwargs if kwargs is None else kwargs
        if args:
            args = (self.prepared(args[0]), *args[1:])
        return [y for y in flat(self.seen(self.function(module)(*args, **kwargs))) if hasattr(y, "detach")]

    def leaves(self):
        """The tensors to differentiate."""
        return [x for x in flat((self.args, self.kwargs)) if isinstance(x, ctorch.Tensor) and x.requires_grad]

    def with_leaves(self, leaves, other=lambda x: x):
        """Arguments with these tensors in place of those to differentiate; `other` is done to the other tensors."""
        rest = iter(leaves)
        return changed((self.args, self.kwargs), lambda x: next(rest) if x.requires_grad else other(x))

    def __repr__(self):
        given = [shown(x) for x in self.args] + [f"{k}={shown(v)}" for k, v in self.kwargs.items()]
        return f"{self.name}({', '.join(given)})"


def shown(value):
    if isinstance(value, ctorch.Tensor):
        return f"{value.dtype.name}{list(value.shape)}"
    return f"[{', '.join(map(shown, value))}]" if isinstance(value, list | tuple) else repr(value)


def flat(value):
    """What is in nested tuples, lists and dicts, in order."""
    if isinstance(value, list | tuple):
        return [x for v in value for x in flat(v)]
    return [x for v in value.values() for x in flat(v)] if isinstance(value, dict) else [value]


def changed(value, function):
    """The same nested tuples, lists and dicts with each tensor put through a function."""
    if isinstance(value, ctorch.Tensor):
        return function(value)
    if isinstance(value, list | tuple):
        return type(value)(changed(v, function) for v in value)
    return {k: changed(v, function) for k, v in value.items()} if isinstance(value, dict) else value


def found_in(module, path):
    """What a dotted name leads to, in a module or its tensors; or None."""
    found = module
    for part in path.split("."):
        found = getattr(found, part, None)
    return found


def is_public(name):
    """Whether a row is a function of ctorch, and not only a part of some."""
    return ROWS[name].get("public", True) and not name.startswith("_")


def samples(*names):
    """Of a generator of samples: it is for these names, and is given the name if it takes an argument."""
    def register(maker):
        for name in names:
            if name in _makers:
                raise ValueError(f"{name} has samples already")
            _makers[name] = maker
        return maker
    return register


def of(name):
    """The samples of an operator, made anew."""
    global _random
    maker = _makers[name]
    _random = np.random.default_rng(crc32(name.encode()))
    found = list(maker(name) if maker.__code__.co_argcount else maker())
    for sample in found:
        sample.name = name
    return found


def names():
    """All operators that have samples."""
    return list(_makers)


# ---- tensors

def _spread(shape, low, high, gap):
    values = _random.uniform(low, high, shape)
    return np.where(np.abs(values) < gap, np.sign(values) * (gap + np.abs(values)), values) if gap else values


def plain(*shape, low=-2.0, high=2.0, gap=0.0):
    """Random numbers, not to be differentiated; at least `gap` from zero."""
    return ctorch.tensor(_spread(shape, low, high, gap), dtype=ctorch.float64)


def real(*shape, low=-2.0, high=2.0, gap=0.0):
    """Random numbers to differentiate."""
    return plain(*shape, low=low, high=high, gap=gap).requires_grad_()


def complexes(*shape, low=-1.5, high=1.5):
    """Random complex numbers to differentiate."""
    values = _spread(shape, low, high, 0) + 1j * _spread(shape, low, high, 0)
    return ctorch.tensor(values, dtype=ctorch.complex128).requires_grad_()


def strided(make, *shape, **options):
    """Numbers of `make` with every other one of the last dimension left out, and the first two exchanged."""
    wide = make(*shape[1::-1], *shape[2:-1] if len(shape) > 2 else (), *([2 * shape[-1]] if len(shape) > 2 else []),
                **options).detach()
    x = wide.transpose(0, 1)[..., ::2] if len(shape) > 2 else wide.t() if len(shape) == 2 else make(
        2 * shape[0], **options).detach()[::2]
    return x.requires_grad_()


def whole(*shape, low=0, high=3):
    """Random integers, below `high`."""
    return ctorch.tensor(_random.integers(low, high, shape))


def truth(*shape):
    """Random truth values."""
    return ctorch.tensor(_random.integers(0, 2, shape).astype(bool))


for _file in sorted(Path(__file__).parent.glob("[a-z]*.py")):
    importlib.import_module(f"samples.{_file.stem}")

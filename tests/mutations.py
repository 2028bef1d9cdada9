"""Calls the operators with arguments that are somewhat wrong: whatever they say to it, the process goes on.

    python tests/mutations.py LOG SEED COUNT [FIRST]

makes COUNT calls of each public operator from its samples, with an argument or two replaced by others of another
dtype, shape, size or kind. Before each call LOG says which it is, for when it is the last. Ends with the number of
calls that were refused and those that were not.
"""
import os
import random
import signal
import sys
import warnings

import samples

import ctorch

DTYPES = ("float32", "float64", "int64", "int32", "uint8", "bool", "complex64", "float16", "bfloat16", "int8")
NUMBERS = (-1, 0, 1, 2, 5, -7, 1.5, float("nan"), float("inf"), 1 << 40, -(1 << 63), (1 << 63) - 1, True, 1j)
OTHERS = (None, "a", [], [0], [1, 2], [-1, 0, 1], (3, 4), (0,), (2, 2, 2), {}, ctorch.float64)
SECONDS = 60                    # for one call
# What takes as long as it is told to.
ENDLESS = {"tensor_split", "unsafe_chunk", "special.laguerre_polynomial_l", "special.legendre_polynomial_p",
           "_special_polynomial", "combinations", "cartesian_prod"}


class Mutations:
    """Arguments somewhat changed, the same for the same seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def other(self):
        """Anything."""
        chosen = self.random.randrange(8)
        if chosen < 3:
            return self.random.choice(NUMBERS)
        if chosen < 6:
            return self.random.choice(OTHERS)
        return self.tensor(ctorch.ones(self.random.choice([(), (0,), (3,), (2, 3), (1, 2, 4, 4)])))

    def of(self, value):
        """A value instead of a value."""
        if isinstance(value, ctorch.Tensor):
            return self.tensor(value.detach()) if self.random.random() < 0.9 else self.other()
        if isinstance(value, list | tuple) and value and self.random.random() < 0.7:
            return self.sequence(value)
        if isinstance(value, int) and not isinstance(value, bool) and self.random.random() < 0.7:
            return self.random.choice([-value, value + 1, value - 1, value * 20, 1 << 62])
        return self.other()

    def sequence(self, values):
        changed = list(values)
        place = self.random.randrange(len(changed))
        changed[place] = self.of(changed[place])
        if self.random.random() < 0.15:
            changed.pop(place)
        if self.random.random() < 0.15:
            changed.append(1)
        return changed if isinstance(values, list) else tuple(changed)

    def tensor(self, x):
        """Another dtype, shape, stride or values."""
        dim = self.random.randrange(x.dim()) if x.dim() else 0
        if self.random.random() < 0.3:
            return x.to(getattr(ctorch, self.random.choice(DTYPES)))
        ways = [lambda: x.unsqueeze(dim), lambda: x.reshape(-1), lambda: x.new_zeros(()).expand(x.shape),
                lambda: x * self.random.choice([-1, 0, 100]),
                lambda: x.masked_fill(x == x, self.random.choice([-1, 100, 7]))]
        if x.dim():
            ways += [lambda: x[:self.random.randrange(x.shape[0] + 1)], lambda: x.narrow(dim, 0, 0),
                     lambda: x.transpose(0, -1), lambda: ctorch.cat([x, x], dim), lambda: x.flip(0)[::2]]
            ways += [lambda: x.select(dim, 0)] if x.shape[dim] else []
        return self.random.choice(ways)()

    def call(self, sample):
        """Arguments of a sample with one or two replaced."""
        args, kwargs = list(sample.args), dict(sample.kwargs)
        for _ in range(self.random.choice([1, 1, 2])):
            place = self.random.choice([*range(len(args)), *kwargs]) if args or kwargs else None
            if isinstance(place, int):
                args[place] = self.of(args[place])
            elif place:
                kwargs[place] = self.of(kwargs[place])
        return args, kwargs


def attempt(sample, args, kwargs):
    """Whether the call and its backward went through."""
    try:
        results = [y for y in sample.run(args=args, kwargs=kwargs) if isinstance(y, ctorch.Tensor)]
        for y in results:
            if y.requires_grad and y.numel() < 1e6:
                (y.abs() if y.is_complex() else y).sum().backward()
    except Exception:           # whatever it is: the next call must find all as it should be
        return False
    return True


def main(log, seed, count, first=0):
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, signal.SIG_DFL)       # a call that does not end ends the process
    place = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    seen = [0, 0]
    for number, name in enumerate(samples.names()):
        if number < first or (name in samples.ROWS and not samples.is_public(name)) or name in ENDLESS:
            continue
        found, mutations = samples.of(name), Mutations(f"{seed} {name}")
        for _ in range(count if found else 0):
            sample = mutations.random.choice(found)
            args, kwargs = mutations.call(sample)
            given = ", ".join([samples.shown(a) for a in args] + [f"{k}={samples.shown(v)}" for k, v in kwargs.items()])
            os.pwrite(place, f"{number} {name}({given})".encode()[:999].ljust(1000), 0)
            signal.alarm(SECONDS)
            seen[attempt(sample, args, kwargs)] += 1
            signal.alarm(0)
    print(*seen)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))

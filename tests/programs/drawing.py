"""What the makers of steps draw from: operands of a kind, shapes, dimensions, numbers, constants."""

import torch
from program import Leaf


class NoOperand(Exception):
    """No value fits, so this kind of step cannot be made now."""


class Ref(str):
    """The place of an operand in the text of a step, with the tensor that will be there."""

    t: torch.Tensor
    number: int


def real(t):
    return t.is_floating_point()


def number(t):
    return t.is_floating_point() or t.is_complex()


def anything(t):
    return True


def whole(t):
    return not number(t) and t.dtype != torch.bool


def broadcast(a, b):
    """Whether two shapes fit each other."""
    return all(x == y or 1 in (x, y) for x, y in zip(reversed(a), reversed(b)))


def dtype_name(dtype):
    return str(dtype).removeprefix("torch.")


class Draw:
    """The choices of one step: what was used of the values, in order."""

    def __init__(self, rng, values, program, main):
        self.rng, self.values, self.program, self.main = rng, values, program, main
        self.operands, self.leaves = [], []
        self.statement = self.changes = False
        self.next_number = max(program.numbers(), default=-1) + 1

    # ---- operands

    def ref(self, k, tensor):
        if k in self.operands:
            place = self.operands.index(k)
        else:
            place = len(self.operands)
            self.operands.append(k)
        ref = Ref(f"{{{place}}}")
        ref.t, ref.number = tensor, k
        return ref

    def take(self, test=number, least=0):
        """An operand with `least` dimensions; late values and those with gradients come oftener."""
        fitting = [k for k, t in self.values.items() if t.ndim >= least and test(t)]
        if not fitting:
            raise NoOperand
        weights = [(3 if self.values[k].requires_grad else 1) * (3 if k >= fitting[-1] - 3 else 1) for k in fitting]
        k = self.rng.choices(fitting, weights)[0]
        return self.ref(k, self.values[k])

    def fit(self, shape, test=number, exact=False):
        """An operand that broadcasts to a shape, or a constant of such a shape."""

        def fits(t):
            if not test(t):
                return False
            if exact:
                return tuple(t.shape) == tuple(shape)
            return (
                t.ndim <= len(shape)
                and broadcast(t.shape, shape)
                and (torch.broadcast_shapes(t.shape, shape) == tuple(shape))
            )

        try:
            return self.take(fits)
        except NoOperand:
            for dtype in (self.main, "float64", "float32", "complex128", "complex64", "float16", "bfloat16", "int64"):
                if test(torch.empty(shape, dtype=getattr(torch, dtype))):
                    return self.constant(shape, dtype)
            raise

    def partner(self, x, test=number):
        """An operand that broadcasts with x, either way, or a Python number."""
        if self.rng.random() < 0.2:
            return str(self.rng.choice([2, -1.5, 0.5, 3, -2, 1.25]))
        try:
            return self.take(lambda t: test(t) and broadcast(t.shape, x.t.shape))
        except NoOperand:
            return str(self.rng.choice([2, 0.5, -1.5]))

    def leaf(self, values, shape, dtype, requires_grad=False):
        leaf = Leaf(self.next_number, values, tuple(shape), dtype, requires_grad)
        self.next_number += 1
        self.leaves.append(leaf)
        made = {"m": torch}
        exec(leaf.line(), made)
        return self.ref(leaf.number, made[f"v{leaf.number}"])

    def constant(self, shape, dtype):
        return self.leaf(self.nested(shape, lambda: values_of(self.rng, dtype)), shape, dtype)

    def integers(self, shape, low, high):
        """A constant of whole numbers from low to high, which is left out."""
        if high <= low:
            raise NoOperand
        return self.leaf(self.nested(shape, lambda: self.rng.randrange(low, high)), shape, "int64")

    def mask(self, shape):
        return self.leaf(self.nested(shape, lambda: self.rng.random() < 0.5), shape, "bool")

    def nested(self, shape, draw):
        if not shape:
            return draw()
        return [self.nested(shape[1:], draw) for _ in range(shape[0])]

    # ---- numbers

    def dim(self, x, extra=0):
        """A dimension of x, counted from either end."""
        n = x.t.ndim + extra
        if n == 0:
            raise NoOperand
        d = self.rng.randrange(n)
        return d - n if self.rng.random() < 0.4 else d

    def dims(self, x):
        """Some dimensions, as text: none, one or several."""
        n = x.t.ndim
        if n == 0 or self.rng.random() < 0.2:
            return None
        if self.rng.random() < 0.6:
            return self.dim(x)
        return tuple(sorted(self.rng.sample(range(n), self.rng.randint(1, n))))

    def flag(self, chance=0.5):
        return self.rng.random() < chance

    def one(self, *choices):
        return self.rng.choice(choices)

    def dtype(self, complex_too=True):
        names = ["float64", "float32", self.main, self.main, "float32"]
        names += ["complex128"] * complex_too + ["float16", "bfloat16"] * (self.main in ("float16", "bfloat16"))
        return self.rng.choice(names)

    def factors(self, n):
        """Sizes whose product is n."""
        sizes = []
        while n > 1 and self.flag(0.7):
            f = self.rng.choice([k for k in range(1, n + 1) if n % k == 0])
            sizes.append(f)
            n //= f
        return [*sizes, n]

    def change(self, text):
        """A step that changes an operand and has no result."""
        self.changes = self.statement = True
        return text


def values_of(rng, dtype):
    """A number that every dtype of its kind holds exactly."""
    if dtype == "bool":
        return rng.random() < 0.5
    if dtype.startswith(("int", "uint")):
        return rng.randint(0 if dtype[0] == "u" else -3, 5)
    kind = rng.random()
    if kind < 0.25:
        value = float(rng.randint(-3, 3))  # ties, zeros
    else:
        value = round(rng.gauss(0, 1) * 64) / 64
    return complex(value, round(rng.gauss(0, 1) * 64) / 64) if dtype.startswith("complex") else value

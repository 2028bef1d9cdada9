"""Makes random programs: each step is drawn with the values before it at hand, as PyTorch worked them out."""

import math
import random
import warnings

import steps_places  # noqa: F401  its makers join the others
import torch
from drawing import Draw, NoOperand, values_of
from program import Leaf, Program, Step
from runner import environment
from steps_values import MAKERS

MAINS = ["float64"] * 10 + ["float32"] * 6 + ["complex128"] * 3 + ["complex64", "float16", "bfloat16"]
HISTORY = ("register_hook", "retain_grad", "requires_grad_", "t_", "unsqueeze_", "squeeze_", "transpose_")
LIMIT = 300  # elements of a value
LARGE = 1e4  # beyond this, later steps overflow


def shapes_of(rng):
    """Shapes that broadcast among themselves for the most part."""
    base = [rng.choice([1, 2, 2, 3, 3, 4, 5]) for _ in range(rng.choice([1, 2, 2, 2, 3, 3, 4]))]
    while math.prod(base) > 60:
        base[rng.randrange(len(base))] = 2
    if rng.random() < 0.03:
        base[rng.randrange(len(base))] = 0
    while True:
        shape = [1 if rng.random() < 0.15 else size for size in base]
        kind = rng.random()
        if kind < 0.06:
            yield ()
        elif kind < 0.14:
            yield tuple(shape[rng.randrange(len(shape)) :])
        elif kind < 0.2 and len(base) >= 2:
            yield (*shape[:-2], shape[-1], shape[-2])
        else:
            yield tuple(shape)


def leaves_of(rng, main):
    """Two to four tensors, one of them at least wanting a gradient."""
    shapes, leaves = shapes_of(rng), []
    for k in range(rng.randint(2, 4)):
        dtype = main
        if k and rng.random() < 0.25:
            dtype = rng.choice(
                ["float32", "float64", "float64", "int64", "bool", "uint8", "int32", "complex128", "float16"]
            )
        floating = dtype.startswith(("float", "complex", "bfloat"))
        shape = next(shapes)
        leaf = Leaf(k, None, shape, dtype, floating and (k == 0 or rng.random() < 0.65))
        leaf.values = _nested(shape, lambda dtype=dtype: values_of(rng, dtype))
        leaves.append(leaf)
    return leaves


def _nested(shape, draw):
    return [_nested(shape[1:], draw) for _ in range(shape[0])] if shape else draw()


class Making:
    """A program that grows, and PyTorch's values of it."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.main = self.rng.choice(MAINS)
        self.program = Program(seed, leaves_of(self.rng, self.main))
        self.names = environment(torch)
        for leaf in self.program.leaves:
            exec(leaf.line(), self.names)

    def tensors(self):
        return {k: self.names[f"v{k}"] for k in self.program.numbers() if f"v{k}" in self.names}

    def again(self):
        """Values anew, after a step that is not kept has changed them."""
        self.names = environment(torch)
        for leaf in self.program.leaves:
            exec(leaf.line(), self.names)
        for step in self.program.steps:
            try:
                exec(step.line(), self.names)
            except Exception:
                continue

    def propose(self):
        """One step more, where it can be made and leaves numbers that can be compared."""
        known = {k: t for k, t in self.tensors().items() if k in self.useful}
        draw = Draw(self.rng, known, self.program, self.main)
        maker = self.rng.choices([fn for _, fn in MAKERS], [weight for weight, _ in MAKERS])[0]
        try:
            op, text = maker(draw)
        except NoOperand:
            return
        for leaf in draw.leaves:
            exec(leaf.line(), self.names)
        step = Step(op, text, tuple(draw.operands), changes=draw.changes)
        chance = 0.3 if draw.changes else 0.03
        step.without_grad = self.rng.random() < (chance if op not in HISTORY else 0)
        self.attempt(step, draw)

    def attempt(self, step, draw):
        number = draw.next_number
        try:
            if draw.statement:
                exec(step.line(), self.names)
                made = []
            else:
                with torch.set_grad_enabled(not step.without_grad):
                    made = eval(step.text.format(*(f"v{k}" for k in step.operands)), self.names)
                step.several = isinstance(made, (tuple, list))
                made = list(made) if step.several else [made]
        except Exception as error:
            autograd = any(text in str(error) for text in ("leaf", "view", "grad", "in-place", "inplace"))
            if self.rng.random() < (0.05 if autograd else 0.01):
                self.keep(step, draw, ())
            if draw.changes:
                self.again()
            return
        touched = made or [self.names[f"v{step.operands[0]}"]]
        if (
            not all(
                isinstance(t, torch.Tensor) and t.numel() <= LIMIT and t.ndim <= 6 and t.dtype != torch.complex32
                for t in touched
            )
            or len(made) > 6
            or (self.rng.random() < 0.95 and any(map(wild, touched)))
        ):
            if draw.changes:
                self.again()
            return
        numbers = tuple(range(number, number + len(made)))
        for k, t in zip(numbers, made):
            self.names[f"v{k}"] = t
        self.keep(step, draw, numbers)

    def keep(self, step, draw, numbers):
        step.results = numbers
        self.program.leaves += [leaf for leaf in draw.leaves if leaf.number in step.operands]
        self.program.steps.append(step)
        self.useful.update(numbers)

    def made(self, length):
        self.useful = set(self.program.numbers())
        for _ in range(6 * length):
            if len(self.program.steps) >= length:
                break
            self.propose()
        self.choose_roots()
        for _ in range(8):
            if self.rng.random() < 0.1 or self.differentiable():
                break
            changing = [place for place, step in enumerate(self.program.steps) if step.changes]
            if self.rng.random() < 0.5 and changing:
                self.program.steps.pop(self.rng.choice(changing))
                self.again()
            self.choose_roots()
        return self.program

    def differentiable(self):
        """Whether PyTorch finds gradients of the roots."""
        leaves = [self.names[f"v{k}"] for k in self.program.wanted()]
        roots = [self.names[f"v{k}"] for k in self.program.roots]
        try:
            grads = torch.autograd.grad(
                roots, leaves, list(map(torch.ones_like, roots)), retain_graph=True, allow_unused=True
            )
        except Exception:
            return False
        return any(g is not None for g in grads)

    def choose_roots(self):
        rng, program = self.rng, self.program
        results = [k for step in program.steps for k in step.results]
        fitting = [k for k in results if f"v{k}" in self.names and recorded(self.names[f"v{k}"])]
        fitting = fitting or program.wanted()
        late = fitting[-max(3, len(fitting) // 2) :]
        program.roots = tuple(sorted(rng.sample(late, min(len(late), rng.choice([1, 1, 2, 3])))))
        program.backward = rng.random() < 0.25 or any(step.op == "retain_grad" for step in program.steps)
        program.second = not any(
            "lambda g: None" in step.text for step in program.steps
        )  # formulas differ in what passes a hook
        program.batched = not program.backward and rng.random() < 0.15


def recorded(t):
    """Whether a tensor has a history, which PyTorch refuses to tell of some views."""
    try:
        return t.grad_fn is not None
    except RuntimeError:
        return False


def wild(t):
    """Whether a tensor has numbers that later steps would drown in."""
    if not (t.is_floating_point() or t.is_complex()) or not t.numel():
        return False
    return not bool((t.detach().abs() < LARGE).all())


def program_of(seed):
    """The program of a seed: the same each time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        making = Making(seed)
        return making.made(making.rng.randint(1, 30))

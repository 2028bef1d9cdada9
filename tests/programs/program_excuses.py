"""Where a program rightly gives something else than PyTorch's: the reason of each, and how it is known."""

import numpy as np

EXCUSES = []
CHANGED = "modified by an inplace operation"
TURNS = {"t_", "transpose_", "swapaxes_", "swapdims_", "unsqueeze_", "squeeze_"}  # change a shape in place


def excuse(fn):
    EXCUSES.append(fn)
    return fn


def reason(program, name, mine, other, fault):
    """The reason of a difference, or None."""
    for fn in EXCUSES:
        if fn(program, name, mine, other, fault):
            return " ".join(fn.__doc__.split())
    return None


def says(outcome, *texts):
    """Whether an outcome is an exception with one of these texts."""
    return outcome is not None and outcome.error is not None and any(text in str(outcome.error) for text in texts)


def fine(outcome):
    return outcome is None or outcome.error is None


def alone(raising, other, *texts):
    """Whether the first raises one of these texts, and the other nothing."""
    return fine(other) and says(raising, *texts)


def both(mine, other):
    """Whether there are two results with numbers, of one shape."""
    if mine is None or other is None or mine.values is None or other.values is None:
        return False
    return mine.values.shape == other.values.shape


def ops(program):
    return {step.op for step in program.steps}


def half(program):
    """Whether a program starts with half numbers."""
    return any(leaf.dtype in ("float16", "bfloat16") for leaf in program.leaves)


def in_place(program):
    """Whether a program changes anything in place."""
    return any(step.changes for step in program.steps)


def alike(mine, other, rtol):
    """Whether two results differ in their last digits."""
    return both(mine, other) and np.allclose(mine.values, other.values, rtol=rtol, atol=rtol / 100, equal_nan=True)


def differ(name, fault, *kinds):
    """Whether it is the numbers of an outcome of these kinds that differ."""
    return name.startswith(kinds) and fault.kind == "values"


def turns(program):
    """Whether a program changes the shape of a tensor in place."""
    return bool(ops(program) & TURNS)


def makers(program):
    """The step that made each value."""
    return {k: step for step in program.steps for k in step.results}


def step_of(program, name):
    """The step that an outcome is called by, or that made the value: None for leaves and for gradients."""
    if "step" in name:
        return program.steps[int(name.partition("step ")[2].split()[0])]
    return makers(program).get(int(name.removeprefix("value v"))) if name.startswith("value") else None


def from_gradients(program, *numbers):
    """Whether one of these values comes from a gradient within the program."""
    made = makers(program)
    seen, stack = set(), [*numbers]
    while stack:
        k = stack.pop()
        if k in made and k not in seen:
            seen.add(k)
            if made[k].op == "autograd.grad":
                return True
            stack += made[k].operands
    return False

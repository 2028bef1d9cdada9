"""Where a program rightly gives something else than PyTorch's: the reason of each, and how it is known."""

EXCUSES = []


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


def ops(program):
    return {step.op for step in program.steps}


@excuse
def derivative_that_torch_lacks(program, name, mine, other, fault):
    """PyTorch has no derivative here, and says so; ctorch has one."""
    return fine(mine) and says(other, "is not implemented", "is not differentiable with respect to argument", "does not support automatic differentiation")


@excuse
def complex_beside_real(program, name, mine, other, fault):
    """PyTorch gives a complex gradient to a real operand of where and others, and then refuses it."""
    return fine(mine) and says(other, "input_is_complex == grad_is_complex")


@excuse
def index_smaller_than_source(program, name, mine, other, fault):
    """PyTorch differentiates scatter_add only where index and source have one shape."""
    return fine(mine) and says(other, "returned an invalid gradient at index 1") and "scatter_add" in " ".join(ops(program))


@excuse
def expanded_memory(program, name, mine, other, fault):
    """PyTorch warns of writes by index or mask into expanded memory; ctorch refuses them."""
    return says(mine, "refers to a single memory location") and fine(other) and name.startswith("step") and any(
        op in name for op in ("(masked_fill_)", "(index_fill_)", "(index_put_)", "(setitem", "(put_)", "(masked_scatter_)", "(fill_diagonal_)", "(tril_)"))


@excuse
def renorm_of_nothing(program, name, mine, other, fault):
    """PyTorch's second derivative of renorm is NaN where a part is nought."""
    return name.startswith("second gradient") and "renorm" in ops(program) and ", not nan" in fault


@excuse
def trigamma_of_nine_digits(program, name, mine, other, fault):
    """PyTorch's trigamma has nine digits."""
    if not ops(program) & {"polygamma", "digamma", "mvlgamma"} or other is None or other.values is None or mine is None or mine.values is None:
        return False
    import numpy as np
    return mine.values.shape == other.values.shape and np.allclose(mine.values, other.values, rtol=1e-6, atol=1e-8, equal_nan=True)


def _from_gradients(program, number):
    """Whether a value comes from a gradient within the program."""
    made = {k: step for step in program.steps for k in step.results}
    seen, stack = set(), [number]
    while stack:
        k = stack.pop()
        if k in made and k not in seen:
            seen.add(k)
            if made[k].op == "autograd.grad":
                return True
            stack += made[k].operands
    return False


@excuse
def constant_gradient(program, name, mine, other, fault):
    """PyTorch records gradients that do not depend on anything that wants one; ctorch does not."""
    return fault == "requires_grad is False, not True" and _from_gradients(program, int(name.removeprefix("value v")))


@excuse
def expanded_gradient(program, name, mine, other, fault):
    """The gradient of a mean is one number, expanded; PyTorch's has memory for each element."""
    if not (name.startswith("step") and says(mine, "refers to a single memory location") and fine(other)):
        return False
    step = program.steps[int(name.split()[1])]
    return any(_from_gradients(program, k) for k in step.operands)


@excuse
def nought_or_nothing(program, name, mine, other, fault):
    """A gradient that is nought everywhere, of which the other package says that there is none."""
    return "none" in fault and "gradient" in name and all(
        outcome.values is None or not outcome.values.any() for outcome in (mine, other))


@excuse
def change_that_torch_misses(program, name, mine, other, fault):
    """PyTorch does not notice that what kron saved was changed in place."""
    return says(mine, "modified by an inplace operation") and fine(other) and "kron" in ops(program)


@excuse
def logits_that_were_changed(program, name, mine, other, fault):
    """ctorch's cross entropy saves the logits, and PyTorch's their normalised form: a change of the first is noticed."""
    return says(mine, "CrossEntropyBackward0 saved") and fine(other)


@excuse
def index_smaller_than_reduced(program, name, mine, other, fault):
    """PyTorch differentiates scatter_reduce only where the index has the shape of the tensor."""
    return fine(mine) and says(other, "must match the size of tensor") and any("scatter_reduce" in op for op in ops(program))

"""Where a program rightly gives something else than PyTorch's: the reason of each, and how it is known."""

import numpy as np

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
    return (fine(mine) or says(mine, "modified by an inplace")) and says(
        other,
        "is not implemented",
        "not implemented for 'Half'",
        "not implemented for 'BFloat16'",
        "is not differentiable with respect to argument",
        "does not support automatic differentiation",
    )


@excuse
def forward_mode_that_torch_lacks(program, name, mine, other, fault):
    """PyTorch has no forward mode of an operator, or none for its dtypes, and says so; ctorch has it."""
    return (
        name == "forward mode"
        and (fine(mine) or says(mine, "does not require grad", "doesn't require grad", "is not implemented"))
        and says(other, "Trying to use forward AD with", "must have the same scalar type", "dtypes match")
    )


@excuse
def product_without_tangent(program, name, mine, other, fault):
    """PyTorch's forward mode takes the products of scatter_reduce for constants."""
    return name.startswith("tangent") and any("scatter_reduce" in s.op and "'prod'" in s.text for s in program.steps)


@excuse
def nought_times_infinity(program, name, mine, other, fault):
    """Of what is constant by steps, PyTorch knows that the tangent is nought, whatever it is multiplied by."""
    if not name.startswith("tangent") or not fine(mine) or mine.values is None:
        return False
    odd = np.isnan(mine.values)
    theirs = np.zeros(mine.values.shape) if other is None or other.values is None else other.values
    steps = {"floor", "ceil", "round", "trunc", "sign", "sgn", "frac", "floor_divide", "remainder", "heaviside"}
    return bool(
        {op.rstrip("_") for op in ops(program)} & steps and odd.any() and (theirs[odd] == 0).all()
    ) and np.allclose(mine.values[~odd], theirs[~odd], rtol=1e-4, atol=1e-6)


@excuse
def wrong_tangent(program, name, mine, other, fault):
    """PyTorch's forward mode is wrong, as central differences of its own values show; ctorch's agrees with them."""
    if not name.startswith("tangent of"):
        return False
    import torch
    from runner import Run

    run = Run(torch, program)
    run.all()
    want = run.differences(int(name.removeprefix("tangent of v")))
    if want is None or run.precision > 1e-5:
        return False

    def near(found):
        values = 0 if found is None or found.values is None else found.values
        size = np.abs(want[np.isfinite(want)]).max(initial=0)
        return np.allclose(values, want, rtol=1e-2, atol=1e-2 * size, equal_nan=True)

    return near(mine) and not near(other)


@excuse
def changed_operand_of_a_tangent(program, name, mine, other, fault):
    """In place, PyTorch's forward mode reads operands that share memory with the tensor after the change."""
    return (
        name.startswith("tangent")
        and mine is not None
        and any(
            step.text.count("{0}") > 1 or step.operands[0] in step.operands[1:]
            for step in program.steps
            if step.changes and step.operands
        )
    )


@excuse
def complex_beside_real(program, name, mine, other, fault):
    """PyTorch gives a complex gradient to a real operand of where and others, and then refuses it."""
    return fine(mine) and says(other, "input_is_complex == grad_is_complex")


@excuse
def index_smaller_than_source(program, name, mine, other, fault):
    """PyTorch differentiates scatter_add only where index and source have one shape."""
    return (
        fine(mine)
        and says(other, "returned an invalid gradient at index 1")
        and "scatter_add" in " ".join(ops(program))
    )


@excuse
def expanded_memory(program, name, mine, other, fault):
    """PyTorch warns of writes by index or mask into expanded memory; ctorch refuses them."""
    return (
        says(mine, "refers to a single memory location")
        and fine(other)
        and name.startswith("step")
        and any(
            op in name
            for op in (
                "(masked_fill_)",
                "(index_fill_)",
                "(index_put_)",
                "(setitem",
                "(put_)",
                "(masked_scatter_)",
                "(fill_diagonal_)",
                "(tril_)",
                "(threshold_)",
            )
        )
    )


@excuse
def norm_of_nothing(program, name, mine, other, fault):
    """PyTorch's second derivatives of norms are NaN where a norm is nought."""
    norms = {
        "renorm",
        "normalize",
        "normalize_p",
        "norm",
        "vector_norm",
        "matrix_norm",
        "cdist",
        "dist",
        "pairwise_distance",
        "cosine_similarity",
    }
    if not (
        name.startswith("second gradient of")
        and ops(program) & norms
        and mine.values is not None
        and other.values is not None
    ):
        return False
    odd = np.isnan(other.values) & np.isfinite(mine.values)
    return odd.any() and np.allclose(mine.values[~odd], other.values[~odd], rtol=1e-4, atol=1e-4, equal_nan=True)


@excuse
def undefined_in_torch(program, name, mine, other, fault):
    """A formula of PyTorch takes a gradient that there is not for a tensor."""
    return fine(mine) and says(other, "Expected a proper Tensor but got None")


@excuse
def constants_of_few_digits(program, name, mine, other, fault):
    """PyTorch's trigamma has nine digits; its derivatives of hardsigmoid, hardswish and celu have float32 constants."""
    short = {
        "polygamma",
        "digamma",
        "mvlgamma",
        "lgamma",
        "digamma_",
        "lgamma_",
        "hardsigmoid",
        "hardsigmoid_",
        "hardswish",
        "hardswish_",
        "celu",
        "celu_",
    }
    return bool(ops(program) & short) and alike(mine, other, 1e-6)


def alike(mine, other, rtol):
    """Whether two results differ in their last digits."""
    if mine is None or other is None or mine.values is None or other.values is None:
        return False
    return mine.values.shape == other.values.shape and np.allclose(
        mine.values, other.values, rtol=rtol, atol=rtol / 100, equal_nan=True
    )


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
    """Whether a gradient that does not depend on anything is recorded, PyTorch and ctorch decide by other formulas."""
    number = int(name.removeprefix("value v")) if name.startswith("value") else -1
    return fault.startswith("requires_grad is") and _from_gradients(program, number)


@excuse
def expanded_gradient(program, name, mine, other, fault):
    """PyTorch's gradient of a sum is one number, expanded; ctorch's has memory for each element."""
    if not name.startswith("step") or not says(other, "refers to a single memory location") or not fine(mine):
        return False
    return any(_from_gradients(program, k) for k in program.steps[int(name.split()[1])].operands)


@excuse
def extremum_without_itself(program, name, mine, other, fault):
    """PyTorch shares the gradient of an extremum with equal elements of the tensor, though these are left out."""
    return "gradient" in name and any(
        "'am" in step.text and "include_self=False" in step.text for step in program.steps
    )


@excuse
def nought_or_nothing(program, name, mine, other, fault):
    """A gradient that is nought everywhere, of which the other package says that there is none."""
    return (
        "grad" in name
        and ("none" in fault or fault.startswith("only"))
        and all(
            outcome is None or (outcome.error is None and (outcome.values is None or not outcome.values.any()))
            for outcome in (mine, other)
        )
    )


@excuse
def change_that_torch_misses(program, name, mine, other, fault):
    """PyTorch does not notice that what kron saved was changed in place."""
    noticed = says(mine, "modified by an inplace operation") and fine(other)
    wrong = "grad" in name and any(step.changes for step in program.steps)
    return "kron" in ops(program) and (noticed or wrong)


@excuse
def operand_that_was_changed(program, name, mine, other, fault):
    """ctorch saves an operand, and PyTorch something worked out from it: a change of the first is noticed."""
    return (
        says(
            mine,
            "CrossEntropyBackward0 saved",
            "SpecialNdtrBackward0 saved",
            "CopysignBackward0 saved",
            "FrexpBackward0 saved",
            "LinearBackward0 saved",
            "LayerNormBackward0 saved",
            "LogNdtrBackward0 saved",
        )
        and fine(other)
    ) or (says(mine, "modified by an inplace operation") and fine(other) and "polar" in ops(program))


@excuse
def factor_that_torch_copied(program, name, mine, other, fault):
    """PyTorch's inner and tensordot copy factors of one column, and do not notice that these are changed."""
    return (
        says(mine, "MmBackward0 saved", "BmmBackward0 saved")
        and fine(other)
        and bool(ops(program) & {"inner", "tensordot", "einsum"})
    )


@excuse
def memory_in_part_the_same(program, name, mine, other, fault):
    """PyTorch refuses an operand that shares a part of the memory that is changed; ctorch reads it before."""
    return fine(mine) and says(other, "some elements of the input tensor and the written-to tensor")


@excuse
def index_smaller_than_reduced(program, name, mine, other, fault):
    """PyTorch differentiates scatter_reduce only where the index has the shape of the tensor."""
    return (
        fine(mine)
        and says(other, "must match the size of tensor", "returned an invalid gradient at index 1")
        and any("scatter_reduce" in op for op in ops(program))
    )


@excuse
def one_of_equals(program, name, mine, other, fault):
    """Which of several equal elements comes first is not said."""
    made = {k: step for step in program.steps for k in step.results}
    step = made.get(int(name.removeprefix("value v"))) if name.startswith("value") else None
    return (
        step is not None and step.op in ("kthvalue", "topk", "sort", "argsort") and mine.dtype == other.dtype == "int64"
    )


@excuse
def saved_and_detached(program, name, mine, other, fault):
    """PyTorch cannot use an output that it saved and that was detached in place."""
    return fine(mine) and says(other, "detached in-place")


@excuse
def median_of_expanded_memory(program, name, mine, other, fault):
    """PyTorch's medians of elements that lie at one place read memory beside them."""
    made = {k: step.op for step in program.steps for k in step.results}
    return name.startswith("value") and made.get(int(name.removeprefix("value v"))) in (
        "nanmedian",
        "median",
        "median_dim",
    )


@excuse
def history_of_a_saved_view(program, name, mine, other, fault):
    """PyTorch asks for the history of a view that it saved, even where no gradient goes there."""
    return (
        name == "gradients"
        and fine(mine)
        and says(other, "is a view and its base or another view of its base", "A view was created in no_grad")
    )


@excuse
def product_in_another_layout(program, name, mine, other, fault):
    """PyTorch's sorts and transforms keep the steps of their operand, of which views cannot be made."""
    return fine(mine) and says(other, "view size is not compatible")


@excuse
def slope_at_nought(program, name, mine, other, fault):
    """PyTorch's prelu has the slope of negative numbers at nought, and in the second derivative the other."""
    return name.startswith("second gradient of") and "prelu" in ops(program)


@excuse
def change_of_nothing(program, name, mine, other, fault):
    """Repeated tensors without elements are views in ctorch."""
    return says(mine, "a view of a leaf Variable") and fine(other) and any(0 in leaf.shape for leaf in program.leaves)


@excuse
def norm_over_many_dimensions(program, name, mine, other, fault):
    """ctorch's Frobenius norm takes any number of dimensions."""
    return name.startswith("step") and fine(mine) and says(other, "matrix_norm: dim must be a 2-tuple")

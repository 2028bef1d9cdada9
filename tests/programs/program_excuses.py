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


def both(mine, other):
    """Whether there are two results with numbers."""
    return mine is not None and other is not None and mine.values is not None and other.values is not None


def ops(program):
    return {step.op for step in program.steps}


def half(program):
    """Whether a program starts with half numbers."""
    return any(leaf.dtype in ("float16", "bfloat16") for leaf in program.leaves)


def in_place(program):
    """Whether a program changes anything in place."""
    return any(step.changes for step in program.steps)


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
        "Double backward is unsupported",
    )


@excuse
def forward_mode_that_torch_lacks(program, name, mine, other, fault):
    """PyTorch has no forward mode of an operator, or none for its dtypes, and says so; ctorch has it."""
    return name == "forward mode" and says(
        other,
        "Trying to use forward AD with",
        "must have the same scalar type",
        "dtypes match",
        "expected scalar type",
        "but found",
        "but got dtype",
        "not implemented for",
        "to have non-zero size",
        "refers to a single memory location",
        "ZeroTensors are immutable",
        "same dtype",
        "Found dtype",
        "without overflow",
        "Expected a proper Tensor but got None",
        "Expected self.dtype to be equal to src.dtype",
        "Trying to set a forward gradient that has a different size",
        "is a view and its base or another view of its base",
        "INTERNAL ASSERT FAILED",
    )


@excuse
def tangent_of_another_dtype(program, name, mine, other, fault):
    """PyTorch's tangents of half tensors, and of what is changed in place, have the wider dtype of an operand."""
    return (
        name.startswith("tangent")
        and mine is not None
        and other is not None
        and mine.dtype != other.dtype
        and np.can_cast("float16" if mine.dtype == "bfloat16" else mine.dtype, other.dtype)
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

    run = Run(torch, program.widened())
    run.all()
    want = run.differences(int(name.removeprefix("tangent of v")))
    if want is None or run.precision > 1e-5:
        return False

    def near(found):
        if found is None or found.values is None:
            found = np.zeros(want.shape)
        else:
            found = found.values
        if found.shape != want.shape:
            return False
        smooth = np.abs(want) < 1e3 * (1 + np.abs(mine.values).max(initial=0))  # elsewhere it jumps
        size = np.abs(want[smooth]).max(initial=0)
        rtol = 5e-2 if half(program) else 1e-2
        return np.allclose(found[smooth], want[smooth], rtol=rtol, atol=rtol * size, equal_nan=True)

    return both(mine, mine) and near(mine) and not near(other)


@excuse
def no_worse_in_double_precision(program, name, mine, other, fault):
    """Both are rounded: ctorch's is no farther than twice PyTorch's from what the program is in double precision."""
    kinds = ("value", "grad", "second gradient of", "tangent of", "hook", "batched gradient of")
    if not (name.startswith(kinds) and both(mine, other)) or mine.values.shape != other.values.shape:
        return False
    import torch
    from runner import Run

    want = Run(torch, program.widened()).all().get(name)
    if want is None or want.values is None or want.dtype == other.dtype or want.values.shape != mine.values.shape:
        return False

    def farthest(found):
        return np.abs(found.values.astype(want.values.dtype) - want.values).max(initial=0)

    return bool(np.isfinite(want.values).all()) and bool(farthest(mine) <= 2 * farthest(other) + 1e-12)


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


def nan_in_theirs_alone(mine, other):
    """Whether the two differ only where PyTorch's are NaN and ctorch's are finite."""
    odd = np.isnan(other.values) & np.isfinite(mine.values)
    return odd.any() and np.allclose(mine.values[~odd], other.values[~odd], rtol=1e-4, atol=1e-4, equal_nan=True)


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
        "triplet_margin_loss",
    }
    sizes = ops(program) & norms or any(".abs()" in step.text for step in program.steps)
    again = name.startswith("gradient of") and "autograd.grad" in ops(program)
    used = (name.startswith("second gradient of") or again) and sizes
    return bool(used) and both(mine, other) and nan_in_theirs_alone(mine, other)


@excuse
def angle_of_nothing(program, name, mine, other, fault):
    """PyTorch's derivatives of derivatives of atan2 and copysign are NaN where both are nought; ctorch's are nought."""
    return (
        name.startswith(("second gradient of", "tangent of"))
        and bool(ops(program) & {"atan2", "copysign", "atan2_", "copysign_"})
        and both(mine, other)
        and nan_in_theirs_alone(mine, other)
    )


@excuse
def equal_eigenvalues(program, name, mine, other, fault):
    """Second derivatives of eigenvalues and singular values that are equal are divided by a rounding, or by nought."""
    return (
        name.startswith("second gradient of")
        and bool(ops(program) & {"eigvalsh", "eigh", "svdvals", "svd"})
        and both(mine, other)
        and bool(np.isnan(other.values).any())
    )


@excuse
def undefined_in_torch(program, name, mine, other, fault):
    """A formula of PyTorch takes a gradient that there is not for a tensor."""
    return fine(mine) and says(other, "Expected a proper Tensor but got None")


@excuse
def constants_of_few_digits(program, name, mine, other, fault):
    """PyTorch's trigamma has nine digits; its derivatives of hardsigmoid, hardswish and celu have float32 constants."""
    short = {
        "bce",
        "logcumsumexp",
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
    return bool(ops(program) & short) and alike(mine, other, 1e-5)


def alike(mine, other, rtol):
    """Whether two results differ in their last digits."""
    if not both(mine, other):
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
    wrong = "grad" in name and in_place(program)
    return "kron" in ops(program) and (noticed or wrong)


@excuse
def operand_that_was_changed(program, name, mine, other, fault):
    """ctorch saves an operand or its result, PyTorch what was worked out between: a change of the first is noticed."""
    return (
        says(
            mine,
            "CrossEntropyBackward0 saved",
            "ScaledDotProductAttentionBackward0 saved",
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
    """PyTorch copies factors of one column, and batches beside a matrix, and does not notice that they are changed."""
    return (
        says(mine, "MmBackward0 saved", "BmmBackward0 saved")
        and fine(other)
        and bool(ops(program) & {"inner", "tensordot", "einsum", "matmul"})
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
    if step is not None and step.op in ("kthvalue", "topk", "sort", "argsort", "mode"):
        return mine.dtype == other.dtype == "int64"
    if not both(mine, other) or not any("sort(" in step.text for step in program.steps):
        return False
    return (
        "gradient" in name
        or "tangent" in name
        or (
            mine.values.shape == other.values.shape
            and np.allclose(
                np.sort(mine.values, None), np.sort(other.values, None), rtol=1e-4, atol=1e-4, equal_nan=True
            )
        )
    )


@excuse
def change_behind_the_graph(program, name, mine, other, fault):
    """What is changed by .data is not noticed: derivatives that read it differ by what they saved."""
    return ("grad" in name or "tangent" in name) and any(".data." in step.text for step in program.steps)


@excuse
def index_put_casts(program, name, mine, other, fault):
    """PyTorch's writes by index and lerp take values of the tensor's dtype alone; ctorch casts others."""
    return (
        name.startswith("step")
        and fine(mine)
        and says(other, "requires the source and destination dtypes match", "but got dtype")
    )


@excuse
def no_degree_of_freedom(program, name, mine, other, fault):
    """Variances without a degree of freedom have no derivative: which of NaN and infinity it is differs."""
    if "gradient of" not in name or not both(mine, other) or not ops(program) & {"var", "std", "var_mean", "std_mean"}:
        return False
    return not np.isfinite(mine.values).any() or not np.isfinite(other.values).any()


@excuse
def gradient_of_expanded_memory(program, name, mine, other, fault):
    """A gradient that PyTorch gives in expanded memory changes everywhere when one place is written."""
    return (
        name.startswith("value")
        and _from_gradients(program, int(name.removeprefix("value v")))
        and any("setitem" in op for op in ops(program))
    ) or (says(mine, "returns multiple views") and fine(other) and "autograd.grad" in ops(program))


@excuse
def second_derivative_of_logcumsumexp(program, name, mine, other, fault):
    """PyTorch's second derivatives of logcumsumexp are NaN where a gradient is nought: it takes its logarithm."""
    if not (name.startswith("second gradient of") and "logcumsumexp" in ops(program) and both(mine, other)):
        return False
    return bool(np.isnan(other.values).any()) and bool(np.isfinite(mine.values).all())


@excuse
def logarithm_beside_its_pole(program, name, mine, other, fault):
    """The logarithm of a normalised number beside nought has few digits, as the cross entropy of a sure guess."""
    return bool(ops(program) & {"log1p", "log1p_", "atanh", "atanh_", "bce_logits"}) and alike(mine, other, 2e-2)


@excuse
def norm_below_eps(program, name, mine, other, fault):
    """PyTorch's cosine_similarity differentiates norms below eps, which it replaces by eps."""
    return name.startswith(("hook", "grad", "second")) and bool(
        ops(program) & {"cosine_similarity", "cosine_embedding_loss"}
    )


@excuse
def third_derivative_of_layer_norm(program, name, mine, other, fault):
    """PyTorch's third derivatives of layer_norm are wrong, as its own gradgradcheck of the first shows."""
    return name.startswith("second gradient of") and {"layer_norm", "autograd.grad"} <= ops(program)


@excuse
def complex_scale_of_nothing(program, name, mine, other, fault):
    """PyTorch scales an empty real batch by complex weights, and refuses them for any other."""
    return fault is not None and "dtype" in str(fault) and "batch_norm" in ops(program) and other.dtype == "complex128"


@excuse
def saved_and_detached(program, name, mine, other, fault):
    """PyTorch cannot use an output that it saved and that was detached in place."""
    return fine(mine) and says(other, "detached in-place")


@excuse
def median_of_expanded_memory(program, name, mine, other, fault):
    """PyTorch's medians of elements that lie at one place read memory beside them."""
    return name.startswith("value") and bool(ops(program) & {"nanmedian", "median", "median_dim"})


@excuse
def normalization_of_one(program, name, mine, other, fault):
    """Derivatives of what is normalised to nought are roundings, in PyTorch's half types large ones."""
    normalized = {"group_norm", "layer_norm", "batch_norm", "instance_norm"}
    if not (("grad" in name or "tangent" in name) and ops(program) & normalized and both(mine, other)):
        return False
    small = 2e-3 if "16" in mine.dtype else 1e-3 if "tangent" in name else 1e-5
    near = np.abs(mine.values - other.values) < small * (1 + np.abs(other.values))
    return bool(near.all())


@excuse
def product_of_complex_numbers(program, name, mine, other, fault):
    """A product of complex numbers may differ in its last place when its factors are exchanged."""
    return (
        bool(ops(program) & {"cross"})
        and both(mine, other)
        and np.iscomplexobj(mine.values)
        and np.allclose(mine.values, other.values, atol=1e-5)
    )


@excuse
def gradient_of_a_view_without_history(program, name, mine, other, fault):
    """A view of a leaf that was made under no_grad asks for a gradient, which PyTorch loses and ctorch gives it."""
    changed = says(mine, "modified by an inplace operation") and fine(other)
    return changed and any(step.without_grad for step in program.steps)


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
    if fine(mine) and says(other, "view size is not compatible"):
        return True
    flat = any(
        step.changes and any(word in step.text for word in ("flatten(", "reshape(", "ravel(")) for step in program.steps
    )
    return name.startswith("value") and flat and "einsum" in ops(program)


@excuse
def slope_at_nought(program, name, mine, other, fault):
    """PyTorch's prelu has the slope of negative numbers at nought, and in other derivatives the other."""
    return name.startswith(("second gradient of", "tangent of")) and "prelu" in ops(program)


@excuse
def tangent_of_one(program, name, mine, other, fault):
    """PyTorch's tangents of a normalised single half number are NaN, where they are nought."""
    normalized = {"group_norm", "layer_norm", "batch_norm", "instance_norm"}
    if not (name.startswith("tangent of") and ops(program) & normalized and both(mine, other)):
        return False
    odd = np.isnan(other.values)
    return bool(odd.any()) and (np.abs(mine.values[odd]) < 1e-2).all()


@excuse
def rounding_of_half_tangents(program, name, mine, other, fault):
    """What cancels in a tangent or second gradient of half numbers leaves a rounding, of another size by other ways."""
    dtypes = {leaf.dtype for leaf in program.leaves}
    room = 1e-1 if "bfloat16" in dtypes else 2e-2
    return (
        half(program)
        and name.startswith(("tangent of", "second gradient of"))
        and both(mine, other)
        and np.allclose(mine.values, other.values, rtol=2e-2, atol=room, equal_nan=True)
    )


@excuse
def refused_change_of_a_tangent(program, name, mine, other, fault):
    """A change of expanded memory that is refused has changed PyTorch's tangent before."""
    return name.startswith("tangent of") and bool({"expand", "broadcast_to"} & ops(program)) and in_place(program)


@excuse
def tangent_of_what_was_cast(program, name, mine, other, fault):
    """A write by index that PyTorch refuses, and ctorch casts, changes the tangent in ctorch alone."""
    writes = any("setitem" in op or "index_put" in op for op in ops(program))
    mixed = any("1j" in step.text for step in program.steps) or any("complex" in leaf.dtype for leaf in program.leaves)
    return name.startswith("tangent of") and writes and mixed


@excuse
def infinite_tangent(program, name, mine, other, fault):
    """At a pole a tangent is infinite or NaN, by the order of a sum, or where PyTorch knows that a factor is nought."""
    if not (name.startswith("tangent of") and both(mine, other)):
        return False
    if "entr" in ops(program) and np.isnan(mine.values).any():  # its slope at nought is infinite
        return True
    odd = ~np.isfinite(mine.values) & (~np.isfinite(other.values) | (other.values == 0))
    return bool(odd.any()) and np.allclose(mine.values[~odd], other.values[~odd], rtol=1e-4, atol=1e-6, equal_nan=True)


@excuse
def limit_that_is_reached(program, name, mine, other, fault):
    """At a limit PyTorch's clamp has a gradient, in forward mode none; so fmax and fmin of equals."""
    limits = ("clamp", "clip", "fmax", "fmin")
    return name.startswith("tangent of") and any(limit in op for op in ops(program) for limit in limits)


@excuse
def tangent_beside_a_pole(program, name, mine, other, fault):
    """Beside a pole of digamma and the like a tangent has no digits."""
    poles = {"digamma", "digamma_", "lgamma", "lgamma_", "polygamma", "mvlgamma"}
    if not (name.startswith("tangent of") and ops(program) & poles and both(mine, other)):
        return False
    far = np.abs(other.values) > 1e8
    return bool(far.any()) and np.allclose(mine.values[~far], other.values[~far], rtol=1e-4, atol=1e-4, equal_nan=True)


@excuse
def complex_power_of_a_real_number(program, name, mine, other, fault):
    """PyTorch's forward mode loses a part of the derivative of a complex power of a real number."""
    return (
        name.startswith("tangent of")
        and both(mine, other)
        and any(leaf.dtype.startswith("complex") for leaf in program.leaves)
        and bool({"rpow", "pow", "float_power", "pow_scalar"} & ops(program))
    )


@excuse
def change_of_nothing(program, name, mine, other, fault):
    """Repeated tensors without elements are views in ctorch."""
    return says(mine, "a view of a leaf Variable") and fine(other) and any(0 in leaf.shape for leaf in program.leaves)


@excuse
def norm_over_many_dimensions(program, name, mine, other, fault):
    """ctorch's Frobenius norm takes any number of dimensions."""
    return name.startswith("step") and fine(mine) and says(other, "matrix_norm: dim must be a 2-tuple")


@excuse
def half_norm_of_equals(program, name, mine, other, fault):
    """PyTorch's second derivatives of normalized half numbers overflow where all are equal, and are NaN."""
    normalized = {"group_norm", "layer_norm", "batch_norm", "instance_norm"}
    used = half(program) and name.startswith("second gradient of") and ops(program) & normalized
    return bool(used) and both(mine, other) and nan_in_theirs_alone(mine, other)


@excuse
def sign_of_nought(program, name, mine, other, fault):
    """PyTorch's vectors give -(x + 0j) another sign of nought than its single numbers: another side of a cut."""
    if not (name.startswith("value") and both(mine, other)):
        return False
    cut = {"angle", "log", "log2", "log10", "log1p", "sqrt", "atan", "atanh", "asin", "asinh", "acos", "acosh", "pow"}
    turns = (mine.values - other.values) / np.pi
    sides = [np.abs(part(mine.values)) - np.abs(part(other.values)) for part in (np.real, np.imag)]
    same = np.isclose(turns, np.round(np.real(turns)), atol=1e-6) | (np.abs(sides).max(0) < 1e-6)
    return bool({op.rstrip("_") for op in ops(program)} & cut) and bool(same.all())


@excuse
def strided_beyond_a_view(program, name, mine, other, fault):
    """as_strided of a view reaches memory that is not the view's: PyTorch's tangents do too, not its gradients."""
    return name.startswith("tangent of") and any("as_strided" in step.text for step in program.steps)


@excuse
def order_of_transforms(program, name, mine, other, fault):
    """PyTorch's Fourier transforms lie in memory as its library leaves them, so contiguous() is a copy or is not."""
    used = any(".fft." in step.text for step in program.steps) and any(".contiguous(" in s.text for s in program.steps)
    return used and in_place(program) and name.startswith(("value", "gradient", "tangent"))


@excuse
def equal_singular_values(program, name, mine, other, fault):
    """Where singular values are equal or nought their derivatives are no numbers, but hang on the vectors chosen."""
    if not (name.startswith(("grad", "tangent of", "hook", "batched gradient of")) and both(mine, other)):
        return False
    import torch
    from runner import environment

    names, found = environment(torch), False
    torch.manual_seed(program.seed)
    for leaf in program.leaves:
        exec(leaf.line(), names)
    for step in program.steps:
        if (
            step.op in {"svd", "svdvals", "matrix_norm", "norm", "nuc", "matrix_rank", "cond"}
            and "nan" not in step.text
        ):
            x = names.get(f"v{step.operands[0]}")
            if x is not None and x.ndim >= 2 and x.numel():
                s = torch.linalg.svdvals(x.detach().to(torch.complex128))
                gaps = torch.diff(s, dim=-1, append=torch.zeros_like(s[..., :1])).abs()
                found = found or bool((gaps < 1e-6 * s[..., :1]).any())
        try:
            exec(step.line(), names)
        except Exception:
            continue
    return found


@excuse
def gradient_in_memory_of_its_own(program, name, mine, other, fault):
    """PyTorch's gradients of sums are one number repeated, so that a change of a part changes all of it."""
    number = int(name.removeprefix("value v")) if name.startswith("value") else -1
    return in_place(program) and _from_gradients(program, number)


@excuse
def tangent_that_is_shared(program, name, mine, other, fault):
    """PyTorch's frac, fmod and remainder pass the tangent itself on, so that a change in place changes both."""
    shared = any(step.op.rstrip("_") in {"frac", "fmod", "remainder"} or "%" in step.text for step in program.steps)
    return name.startswith("tangent of") and shared and in_place(program)


@excuse
def angle_of_nothing_in_batches(program, name, mine, other, fault):
    """PyTorch's derivative of the angle has the wrong shape where there are no elements."""
    return fine(mine) and says(other, "AngleBackward0 returned an invalid gradient")


@excuse
def leaf_of_forward_mode(program, name, mine, other, fault):
    """PyTorch refuses a change in place that makes the tangent of a constant require a gradient."""
    return name == "forward mode" and fine(mine) and says(other, "a leaf Variable that requires grad is being used")


@excuse
def order_of_indexed_memory(program, name, mine, other, fault):
    """What an index takes of a permuted tensor lies in another order in memory, so flatten() is a copy or is not."""
    flat = any(step.op in {"flatten", "ravel", "reshape", "contiguous"} for step in program.steps)
    moved = ops(program) & {"permute", "transpose", "swapaxes", "t", "mT", "movedim", "moveaxis", "swapdims"}
    taken = ops(program) & {"index", "getitem", "masked_select", "index_select"}
    used = flat and bool(moved) and bool(taken) and in_place(program)
    return used and name.startswith(("value", "grad", "tangent"))


@excuse
def backward_of_what_torch_saved(program, name, mine, other, fault):
    """ctorch saves less: a backward within the program passes where PyTorch has lost a value."""
    return name.startswith("step") and fine(mine) and says(other, "modified by an inplace operation")


@excuse
def parts_of_a_constant(program, name, mine, other, fault):
    """A part of a constant that got a history by a change of another part may be changed in ctorch."""
    parts = any(step.several or "split" in step.op or step.op in {"unbind", "chunk"} for step in program.steps)
    return parts and fine(mine) and says(other, "a leaf Variable that requires grad is being used")


@excuse
def view_by_no_grad_in_forward_mode(program, name, mine, other, fault):
    """In forward mode PyTorch refuses a view, changed by no_grad, of what has a new history; ctorch does not."""
    return name == "forward mode" and fine(mine) and says(other, "A view was created in no_grad mode")


@excuse
def retained_before_a_view(program, name, mine, other, fault):
    """PyTorch retains the gradient of what a tensor was before its shape was changed in place; ctorch of the tensor."""
    turned = {"t_", "transpose_", "swapaxes_", "swapdims_", "unsqueeze_", "squeeze_"} & ops(program)
    return name.startswith("grad of") and bool(turned) and "retain_grad" in ops(program) and both(mine, other)

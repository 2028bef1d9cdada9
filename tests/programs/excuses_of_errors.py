"""Where one package raises and the other, rightly, does not."""

import re
from dataclasses import replace

import torch
from derivative_checks import confirmed, explains, given, same
from program_excuses import CHANGED, alone, excuse, fine, from_gradients, in_place, ops, says, step_of, turns
from runner import Run

import ctorch

# What PyTorch only warns of where memory is expanded.
WARNED = (
    "fill_diagonal_", "index_fill_", "index_put_", "masked_fill_", "masked_scatter_", "put_", "setitem", "threshold_",
    "tril_",
)  # fmt: skip
SHARED = "refers to a single memory location"
NO_GRAD = "was created in no_grad"
LEAF = "a leaf Variable that requires grad is being used"


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
        "ZeroTensors are immutable",
    )


@excuse
def change_before_what_is_missing(program, name, mine, other, fault):
    """PyTorch has lost a value where, with copies of what it saves, it lacks the same derivative as ctorch."""
    missing = "is not implemented"
    return says(mine, missing) and says(other, CHANGED) and says(given(program, name), missing)


@excuse
def fault_within_torch(program, name, mine, other, fault):
    """PyTorch fails within itself, and asks for a report."""
    return alone(other, mine, "INTERNAL ASSERT FAILED")


@excuse
def complex_beside_real(program, name, mine, other, fault):
    """PyTorch gives a complex gradient to a real operand of where and others, and then refuses it."""
    missing = says(mine, "the derivative for") and says(other, "input_is_complex == grad_is_complex")
    return missing or alone(other, mine, "input_is_complex == grad_is_complex")


@excuse
def index_smaller_than_source(program, name, mine, other, fault):
    """PyTorch differentiates scatter_add only where index and source have one shape."""
    scattered = any("scatter_add" in op for op in ops(program))
    return scattered and alone(other, mine, "returned an invalid gradient at index 1")


@excuse
def expanded_memory(program, name, mine, other, fault):
    """PyTorch warns of writes by index or mask into expanded memory; ctorch refuses them."""
    return "step" in name and alone(mine, other, SHARED) and step_of(program, name).op.startswith(WARNED)


@excuse
def undefined_in_torch(program, name, mine, other, fault):
    """A formula of PyTorch takes a gradient that there is not for a tensor."""
    return alone(other, mine, "Expected a proper Tensor but got None")


@excuse
def expanded_gradient(program, name, mine, other, fault):
    """PyTorch's gradient of a sum or of expanded memory is expanded too; ctorch's has memory for each element."""
    if not alone(other, mine, SHARED, NO_GRAD):
        return False
    if name == "gradients":
        return bool(ops(program) & {"expand", "broadcast_to"})
    step = step_of(program, name)
    return step is not None and from_gradients(program, *step.operands)


@excuse
def transform_of_nothing(program, name, mine, other, fault):
    """PyTorch's library of Fourier transforms refuses some tensors without elements, by their strides."""
    return "step" in name and alone(other, mine, "MKL FFT error")


@excuse
def change_that_torch_misses(program, name, mine, other, fault):
    """PyTorch does not notice that what kron saved was changed in place."""
    if "kron" not in ops(program) or not in_place(program):
        return False
    if alone(mine, other, CHANGED):
        return True
    twin = program.reading_copies(lambda step: step.op == "kron")
    return "grad" in name and explains(program, name, mine, other, twin)


@excuse
def operand_that_was_changed(program, name, mine, other, fault):
    """ctorch saves an operand or its result, PyTorch what was worked out between: a change of the first is noticed."""
    saved = "CrossEntropy ScaledDotProductAttention SpecialNdtr Copysign Frexp Linear LayerNorm LogNdtr".split()
    return alone(mine, other, *(f"{op}Backward0 saved" for op in saved)) or (
        "polar" in ops(program) and alone(mine, other, CHANGED)
    )


@excuse
def factor_that_torch_copied(program, name, mine, other, fault):
    """PyTorch copies factors of one column, and batches beside a matrix, and does not notice that they are changed."""
    products = ops(program) & {"inner", "tensordot", "einsum", "matmul"}
    return bool(products) and alone(mine, other, "MmBackward0 saved", "BmmBackward0 saved")


@excuse
def change_of_no_element(program, name, mine, other, fault):
    """ctorch saves more for some derivatives of nothing, and says when that is changed."""
    return alone(mine, other, CHANGED) and re.search(r"Tensor \[([0-9, ]*, )?0[,\]]", str(mine.error)) is not None


@excuse
def memory_in_part_the_same(program, name, mine, other, fault):
    """PyTorch refuses an operand that shares a part of the memory that is changed; ctorch reads it before."""
    return alone(other, mine, "some elements of the input tensor and the written-to tensor")


@excuse
def index_smaller_than_reduced(program, name, mine, other, fault):
    """PyTorch differentiates scatter_reduce only where the index has the shape of the tensor."""
    reduced = any("scatter_reduce" in op for op in ops(program))
    return reduced and alone(other, mine, "must match the size of tensor", "returned an invalid gradient at index 1")


@excuse
def index_put_casts(program, name, mine, other, fault):
    """PyTorch's writes by index and lerp take values of the tensor's dtype alone; ctorch casts others."""
    texts = "requires the source and destination dtypes match", "but got dtype"
    return "step" in name and alone(other, mine, *texts)


@excuse
def parameters_of_another_dtype(program, name, mine, other, fault):
    """PyTorch's normalisations take parameters of one real dtype alone; ctorch casts others."""
    return "step" in name and alone(other, mine, "mixed dtype (CPU)")


@excuse
def saved_and_detached(program, name, mine, other, fault):
    """PyTorch cannot use an output that it saved and that was detached in place."""
    return alone(other, mine, "detached in-place")


@excuse
def history_of_a_saved_view(program, name, mine, other, fault):
    """PyTorch asks for the history of a view that it saved, even where no gradient goes there."""
    within = "step" in name and "backward" in name
    return (name == "gradients" or within) and alone(
        other, mine, "is a view and its base or another view of its base", NO_GRAD
    )


@excuse
def change_of_nothing(program, name, mine, other, fault):
    """PyTorch does not look at dtypes where no element is written."""
    if not ("step" in name and alone(mine, other, "Index put requires the source and destination dtypes match")):
        return False
    step = step_of(program, name)
    changed, without = f"value v{step.operands[0]}", program.without({program.steps.index(step)})
    return same(program, given(program, changed), given(without, changed))


@excuse
def norm_over_many_dimensions(program, name, mine, other, fault):
    """ctorch's Frobenius norm takes any number of dimensions."""
    return "step" in name and alone(other, mine, "matrix_norm: dim must be a 2-tuple")


@excuse
def angle_of_nothing_in_batches(program, name, mine, other, fault):
    """PyTorch's derivative of the angle has the wrong shape where there are no elements."""
    return alone(other, mine, "AngleBackward0 returned an invalid gradient")


@excuse
def backward_of_what_torch_saved(program, name, mine, other, fault):
    """ctorch saves less: a backward within the program passes where PyTorch has lost a value."""
    return ("step" in name or name == "forward mode") and alone(other, mine, CHANGED)


@excuse
def gradient_of_a_turned_base(program, name, mine, other, fault):
    """PyTorch's gradient of a view whose base got another shape in place since has not that shape."""
    return turns(program) and alone(other, mine, "but expected shape compatible with")


@excuse
def part_of_a_constant(program, name, mine, other, fault):
    """A view of a constant that got a history since: PyTorch refuses its change unless it was asked for its grad_fn."""
    if not ("step" in name and alone(other, mine, LEAF)):
        return False
    changed = step_of(program, name).operands[0]
    return any(changed in step.results for step in program.steps)


@excuse
def product_of_turned_memory(program, name, mine, other, fault):
    """PyTorch's kron takes views of its operands, which those that lie otherwise in memory do not have."""
    return "step" in name and "(kron)" in name and alone(other, mine, "view size is not compatible")


@excuse
def complex_sums_without_nan(program, name, mine, other, fault):
    """PyTorch has no nansum of complex numbers, and says so; ctorch has it."""
    return "step" in name and alone(other, mine, '"nansum_cpu" not implemented', "nansum on CPU does not support")


@excuse
def scales_of_many_dimensions(program, name, mine, other, fault):
    """PyTorch's normalisations read parameters of any shape where memory is contiguous, and refuse them elsewhere."""
    return alone(other, mine, "TensorAccessor expected 1 dims but tensor has")


@excuse
def index_beyond_the_end(program, name, mine, other, fault):
    """PyTorch refuses an index that is too large by one of two exceptions; ctorch always by IndexError."""
    return says(mine, "out of range") and says(other, "INDICES element is out of DATA bounds")


@excuse
def phase_of_no_loss(program, name, mine, other, fault):
    """PyTorch sees a phase of singular vectors in second derivatives of norms: ctorch's are as of its own gradients."""
    refused = alone(other, mine, "svd_backward: The singular vectors in the complex case")
    return name == "second gradients" and refused and confirmed(program, "second gradient", ctorch)


@excuse
def product_of_too_few_dimensions(program, name, mine, other, fault):
    """Both refuse the operands of a product of batches: ctorch says which it is, PyTorch that it has no third size."""
    return says(mine, "must be a 3D tensor") and says(other, "Dimension out of range")


@excuse
def parameters_of_nothing(program, name, mine, other, fault):
    """PyTorch does not look at the parameters of a normalisation of no element."""
    empty = r"input \[([\d, ]*, )?0[,\]]"
    return alone(mine, other, "should contain") and re.search(empty, str(mine.error)) is not None


@excuse
def base_of_a_power_of_nought(program, name, mine, other, fault):
    """PyTorch's derivative of a power of nought is a constant; ctorch's reads the base, and says when it is changed."""
    nought = any(re.search(r"\*\*0(?![.\d])|pow_?\(([^,()]*,)?0[,)]", step.text) for step in program.steps)
    return nought and alone(mine, other, "PowBackward0 saved")


@excuse
def index_into_nothing(program, name, mine, other, fault):
    """PyTorch does not look at an index where it reads no element."""
    if not ("step" in name and alone(mine, other, "is out of bounds")):
        return False
    run, step = Run(torch, program), step_of(program, name)
    run.forward()
    return bool(step.results) and not run.made[program.steps.index(step), step.results[0]].values.size


@excuse
def gradient_that_torch_refuses(program, name, mine, other, fault):
    """PyTorch refuses a backward that ctorch passes: its gradients are as differences of PyTorch's values."""
    refused = name == "gradients" and fine(mine) and not fine(other)
    return refused and confirmed(program)


@excuse
def history_that_is_not_wanted(program, name, mine, other, fault):
    """PyTorch asks for the history of an operand whose result has none: its values are as of what is detached."""
    if not ("step" in name and alone(other, mine, "returns multiple views", NO_GRAD)):
        return False
    step, run = step_of(program, name), Run(ctorch, program)
    place = program.steps.index(step)
    run.forward()
    made = [run.made.get((place, k)) for k in step.results]
    if step.changes or any(x is None or x.requires_grad for x in made):
        return False
    detached = replace(step, text=re.sub(r"(\{\d+\})", r"\1.detach()", step.text))
    twin = Run(torch, replace(program, steps=[*program.steps[:place], detached]))
    twin.forward()
    return all(same(program, x, twin.made.get((place, k))) for x, k in zip(made, step.results))


@excuse
def factor_without_a_way_back(program, name, mine, other, fault):
    """A view made by no_grad wants a gradient that goes nowhere: ctorch saves what a view of it is multiplied by."""
    if not alone(mine, other, CHANGED):
        return False
    made = [s.without_grad and s.results and not s.several for s in program.steps]
    steps = [replace(s, text=f"({s.text}).detach()") if fresh else s for s, fresh in zip(program.steps, made)]
    return any(made) and fine(Run(ctorch, replace(program, steps=steps)).all().get(name))

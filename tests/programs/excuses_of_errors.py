"""Where one package raises and the other, rightly, does not."""

from program_excuses import excuse, fine, from_gradients, in_place, ops, says


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
def undefined_in_torch(program, name, mine, other, fault):
    """A formula of PyTorch takes a gradient that there is not for a tensor."""
    return fine(mine) and says(other, "Expected a proper Tensor but got None")


@excuse
def expanded_gradient(program, name, mine, other, fault):
    """PyTorch's gradient of a sum or of expanded memory is expanded too; ctorch's has memory for each element."""
    if not says(other, "refers to a single memory location", "A view was created in no_grad") or not fine(mine):
        return False
    if name == "gradients":
        return bool(ops(program) & {"expand", "broadcast_to"})
    step = program.steps[int(name.split()[1])] if name.startswith("step") else None
    return step is not None and any(from_gradients(program, k) for k in step.operands)


@excuse
def transform_of_nothing(program, name, mine, other, fault):
    """PyTorch's library of Fourier transforms refuses some tensors without elements, by their strides."""
    return name.startswith("step") and fine(mine) and says(other, "MKL FFT error")


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
def index_put_casts(program, name, mine, other, fault):
    """PyTorch's writes by index and lerp take values of the tensor's dtype alone; ctorch casts others."""
    return (
        name.startswith("step")
        and fine(mine)
        and says(other, "requires the source and destination dtypes match", "but got dtype")
    )


@excuse
def saved_and_detached(program, name, mine, other, fault):
    """PyTorch cannot use an output that it saved and that was detached in place."""
    return fine(mine) and says(other, "detached in-place")


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
def change_of_nothing(program, name, mine, other, fault):
    """Repeated tensors without elements are views in ctorch."""
    return says(mine, "a view of a leaf Variable") and fine(other) and any(0 in leaf.shape for leaf in program.leaves)


@excuse
def norm_over_many_dimensions(program, name, mine, other, fault):
    """ctorch's Frobenius norm takes any number of dimensions."""
    return name.startswith("step") and fine(mine) and says(other, "matrix_norm: dim must be a 2-tuple")


@excuse
def angle_of_nothing_in_batches(program, name, mine, other, fault):
    """PyTorch's derivative of the angle has the wrong shape where there are no elements."""
    return fine(mine) and says(other, "AngleBackward0 returned an invalid gradient")


@excuse
def backward_of_what_torch_saved(program, name, mine, other, fault):
    """ctorch saves less: a backward within the program passes where PyTorch has lost a value."""
    return name.startswith("step") and fine(mine) and says(other, "modified by an inplace operation")


@excuse
def part_of_a_constant(program, name, mine, other, fault):
    """A view of a constant that got a history since: PyTorch refuses its change unless it was asked for its grad_fn."""
    step = program.steps[int(name.split()[1])] if name.startswith("step") else None
    made = step is not None and any(step.operands[0] in before.results for before in program.steps)
    return made and fine(mine) and says(other, "a leaf Variable that requires grad is being used")


@excuse
def product_of_turned_memory(program, name, mine, other, fault):
    """PyTorch's kron takes views of its operands, which those that lie otherwise in memory do not have."""
    return name.startswith("step") and "(kron)" in name and fine(mine) and says(other, "view size is not compatible")

"""Where forward mode gives something else than PyTorch's."""

import re
from dataclasses import replace

import numpy as np
import torch
from derivative_checks import (
    alike_elsewhere,
    apart,
    differentiated,
    explains,
    fresh,
    given,
    nan_in_theirs_alone,
    reconciles,
    same,
    transposed,
)
from excuses_of_errors import LEAF, NO_GRAD, SHARED
from program_excuses import (
    alone,
    both,
    differ,
    excuse,
    half,
    in_place,
    ops,
    reason,
    says,
)
from runner import Run

import ctorch


@excuse
def forward_mode_that_torch_lacks(program, name, mine, other, fault):
    """PyTorch has no forward mode of an operator, or none for its dtypes, and says so; ctorch has it."""
    return name.startswith(("forward", "tangent of")) and says(
        other,
        "is only supported for half, float and double tensors",
        "Trying to use forward AD with",
        "must have the same scalar type",
        "dtypes match",
        "expected scalar type",
        "but found",
        "but got dtype",
        "not implemented for",
        "to have non-zero size",
        SHARED,
        "ZeroTensors are immutable",
        "same dtype",
        "Found dtype",
        "without overflow",
        "Expected a proper Tensor but got None",
        "Expected self.dtype to be equal to src.dtype",
        "Trying to set a forward gradient that has a different size",
        "the number of sizes provided",
        "is a view and its base or another view of its base",
        "INTERNAL ASSERT FAILED",
        "should be the same",
        "can't be cast to the desired output type",
    )


@excuse
def tangent_of_another_dtype(program, name, mine, other, fault):
    """PyTorch's tangents may have the dtype of an operand, ctorch's have that of the tensor."""
    if not name.startswith("tangent of") or fault.kind != "dtype":
        return False
    value = Run(ctorch, program).all().get(name.replace("tangent of", "value"))
    return value is not None and value.dtype == mine.dtype


@excuse
def step_of_a_constant(program, name, mine, other, fault):
    """PyTorch's forward mode takes products of scatter_reduce for constants, which may go where tangents may not."""
    products = any("scatter_reduce" in step.op and "'prod'" in step.text for step in program.steps)
    return name == "forward mode" and products and says(mine, "is not implemented")


@excuse
def wrong_tangent(program, name, mine, other, fault):
    """PyTorch's tangents are not the transpose of its gradients, nor as differences of its values; ctorch's are."""
    if not differ(name, fault, "tangent of"):
        return False
    return transposed(program, name, mine, other) or differentiated(program, name, mine, other)


@excuse
def place_of_a_mode(program, name, mine, other, fault):
    """Which place of a mode is chosen is not said: ctorch's tangents are the transpose of its own gradients."""
    known = differ(name, fault, "tangent of")
    return known and "mode" in ops(program) and transposed(program, name, mine, other, ctorch)


@excuse
def tangent_of_an_angle(program, name, mine, other, fault):
    """PyTorch's tangents of atan2 and copysign are NaN where both operands are nought; ctorch's are nought."""
    angles = ops(program) & {"atan2", "atan2_", "copysign", "copysign_"}
    known = differ(name, fault, "tangent of")
    return bool(angles) and known and nan_in_theirs_alone(program, mine, other)


@excuse
def complex_power_of_a_real_number(program, name, mine, other, fault):
    """PyTorch's tangents of a real number to a complex power are not the transpose of its gradients; ctorch's are."""
    powers = any("**" in step.text or "pow" in step.text for step in program.steps)
    if not (differ(name, fault, "tangent of") and powers and np.iscomplexobj(mine.values)):
        return False
    return transposed(program, name, mine, other, ctorch) and not transposed(program, name, other, mine)


@excuse
def limits_that_are_one(program, name, mine, other, fault):
    """Below limits that are one PyTorch's clamp has the limit's tangents and no gradients; ctorch's has neither."""
    if not differ(name, fault, "tangent of"):
        return False
    limits, neither = r"m\.clamp\(\{0\},(\{\d+\}),\1\)", r"m.where({0}==\1,{0},m.where({0}>\1,\1,\1.detach()))"
    steps = [replace(step, text=re.sub(limits, neither, step.text)) for step in program.steps]
    return explains(program, name, mine, other, replace(program, steps=steps))


@excuse
def tangent_of_no_number(program, name, mine, other, fault):
    """Where a value is no number its tangent may be anything."""
    if not differ(name, fault, "tangent of") or not both(mine, other):
        return False
    run = Run(ctorch, program)
    run.all()
    odd = ~np.isfinite(run.primals[int(name.rpartition("v")[2])].values)
    return alike_elsewhere(program, mine, other, odd)


@excuse
def one_of_all(program, name, mine, other, fault):
    """PyTorch's tangent of the largest, least or middle of all sums over a mask; along a dimension it does not."""
    whole, along = r"^(?:\{0\}\.|m\.)(max|min|median)\((?:\{0\})?\)$", r"m.\1({0}.flatten(),0)[0]"
    steps = [replace(step, text=re.sub(whole, along, step.text)) for step in program.steps]
    return differ(name, fault, "tangent of") and explains(program, name, mine, other, replace(program, steps=steps))


@excuse
def rounding_of_half_tangents(program, name, mine, other, fault):
    """What cancels in a tangent or second gradient of half numbers leaves a rounding, of another size by other ways."""
    dtypes = {leaf.dtype for leaf in program.leaves}
    room = 1e-1 if "bfloat16" in dtypes else 2e-2
    return (
        half(program)
        and fault.kind == "values"
        and name.startswith(("tangent of", "second gradient of"))
        and both(mine, other)
        and np.allclose(mine.values, other.values, rtol=2e-2, atol=room, equal_nan=True)
    )


@excuse
def infinite_tangent(program, name, mine, other, fault):
    """At a pole a tangent is infinite or NaN, by the order of a sum, or where PyTorch knows that a factor is nought."""
    if not (name.startswith("tangent of") and both(mine, other)):
        return False
    odd = ~np.isfinite(mine.values) & (~np.isfinite(other.values) | (other.values == 0))
    return alike_elsewhere(program, mine, other, odd)


@excuse
def tangent_without_a_number(program, name, mine, other, fault):
    """PyTorch's derivative of sinc is nought at nought, even of a tangent that is NaN."""
    if not (name.startswith("tangent of") and both(mine, other) and np.isnan(mine.values).any()):
        return False
    steps = [replace(step, text=re.sub(r"(special\.)?sinc", "sin", step.text)) for step in program.steps]
    return steps != program.steps and reconciles(program, name, mine, other, replace(program, steps=steps))


@excuse
def tangent_that_lies_otherwise(program, name, mine, other, fault):
    """PyTorch's tangents may lie otherwise in memory than their tensors, and then have no complex view."""
    return name == "forward mode" and alone(other, mine, "must have a last dimension with stride 1")


@excuse
def leaf_of_forward_mode(program, name, mine, other, fault):
    """PyTorch refuses a change in place that makes the tangent of a constant require a gradient."""
    return name == "forward mode" and alone(other, mine, LEAF)


@excuse
def view_by_no_grad_in_forward_mode(program, name, mine, other, fault):
    """In forward mode PyTorch refuses a view, changed by no_grad, of what has a new history; ctorch does not."""
    return name == "forward mode" and alone(other, mine, NO_GRAD)


@excuse
def tangent_of_the_operand_itself(program, name, mine, other, fault):
    """PyTorch's tangents may be those of an operand itself, so that a change of the result in place changes both."""
    if not (in_place(program) and name.startswith(("tangent of", "forward mode"))):
        return False
    made = fresh(program, torch)
    kept = program.giving_copies(lambda step: step.results and made.issuperset(step.results))
    twins = kept, program.giving_copies(lambda step: step.results)  # of views too
    return any(explains(program, name, mine, other, twin) for twin in twins)


@excuse
def refused_change_of_a_tangent(program, name, mine, other, fault):
    """A change of expanded memory, or of a leaf's, that PyTorch refuses has changed its tangent before."""
    if not name.startswith("tangent of") or not {"expand", "broadcast_to"} & ops(program):
        return False
    run = Run(torch, program)
    run.forward()
    return any(says(x, SHARED, "a view of a leaf Variable") for x in run.found.values())


@excuse
def changed_operand_of_a_tangent(program, name, mine, other, fault):
    """In place, PyTorch's forward mode reads operands that share memory with the tensor after the change."""
    if not differ(name, fault, "tangent of"):
        return False
    twin = program.changed_by_copies()  # which means the same: PyTorch contradicts itself
    return same(program, mine, given(twin, name, ctorch)) and not same(program, other, given(twin, name))


@excuse
def tangent_of_one_step(program, name, mine, other, fault):
    """The first step that gives another tangent does so as a program of its own, and why is known."""
    if not differ(name, fault, "tangent of"):
        return False
    runs = [Run(m, program) for m in (ctorch, torch)]
    for run in runs:
        run.all()
    stages = list(zip(*(run.stages() for run in runs)))
    for place in program.sources(int(name.rpartition("v")[2])):
        (before, after), (known, found) = stages[place]
        if any(apart(program, before[k][1], known[k][1]) for k in program.steps[place].operands if k in known):
            return False
        odd = [k for k in found if apart(program, after[k][1], found[k][1])]
        if odd:
            break
    else:
        return False
    if not all(np.isfinite(x.values).all() for x, _ in known.values()):
        return False
    operands = {k: (x, t.values is not None and bool(t.values.any())) for k, (x, t) in known.items()}
    one, number = program.alone(place, operands, odd[0])
    if len(one.steps) >= len(program.steps):
        return False
    single = f"tangent of v{number}"
    a, b = (Run(m, one).all().get(single) for m in (ctorch, torch))
    return apart(one, a, b) and reason(one, single, a, b, fault) is not None

"""Where values and gradients differ from PyTorch's, more than by roundings."""

import re
from dataclasses import replace

import numpy as np
import torch
from closeness import near, numbers
from definitions import written_out
from derivative_checks import (
    alike_elsewhere,
    bending,
    explains,
    fresh,
    given,
    nan_in_theirs_alone,
    precise,
    reconciles,
    rising,
    same,
)
from program_excuses import (
    TURNS,
    alike,
    alone,
    both,
    differ,
    excuse,
    fine,
    from_gradients,
    half,
    in_place,
    ops,
    reason,
    says,
    step_of,
    turns,
)
from runner import CHOOSING, Run, environment

import ctorch

ORDERED = ("as_strided(", "flatten(", "reshape(", "ravel(", "contiguous(", "view(")  # hang on the order in memory


@excuse
def wrong_gradient(program, name, mine, other, fault):
    """PyTorch's gradients are not as differences of its values, or of its gradients; ctorch's are."""
    retained = name.startswith("grad of") and program.backward and "backward" not in ops(program)
    known = name.startswith(("gradient of", "second gradient of")) or retained
    return known and fault.kind == "values" and rising(program, name, mine, other)


@excuse
def contradicted_definition(program, name, mine, other, fault):
    """PyTorch gives what ctorch does where an operator's definition is written out, and something else of it."""
    return fault.kind == "values" and explains(program, name, mine, other, written_out(program))


@excuse
def no_second_derivative(program, name, mine, other, fault):
    """There is no second derivative: the gradients have a kink there, as differences to either side of it show."""
    return differ(name, fault, "second gradient of") and (
        bending(program, name, mine, other) or rising(program, name, mine, other, one_side=True))


@excuse
def second_derivative_of_a_wrong_gradient(program, name, mine, other, fault):
    """Where PyTorch's gradients are wrong, its second are too; ctorch's are as differences of its own gradients."""
    known = differ(name, fault, "second gradient of")
    return known and rising(program, name, mine, other, ctorch)


@excuse
def order_of_equals(program, name, mine, other, fault):
    """Of equal elements that are sorted each may come first: told apart by roundings, PyTorch agrees with ctorch."""
    sorts = CHOOSING - {"mode", "median"} | {"quantile", "msort"}
    twins = (program.told_apart(sorts, sign) for sign in (1, -1))
    return fault.kind == "values" and any(explains(program, name, mine, other, twin) for twin in twins)


@excuse
def hook_on_a_gradient(program, name, mine, other, fault):
    """A hook sees the gradient of a leaf that is added where it is, and why that differs is known."""
    mark = name.partition("(")[2].rstrip(")")
    places = [place for place, step in enumerate(program.steps) if f"log({mark}," in step.text]
    if not (differ(name, fault, "hook") and places):
        return False
    twin, leaf = program.seen_at(places[0], mine.values.shape, mine.dtype)
    single = f"gradient of v{leaf}"
    for found in (given, lambda twin, single, m: Run(m, twin).all().get(single)):
        a, b = found(twin, single, ctorch), found(twin, single, torch)
        if same(program, mine, a) and same(program, other, b):
            return reason(twin, single, a, b, fault) is not None
    return False


@excuse
def batch_of_gradients(program, name, mine, other, fault):
    """Batched gradients are as single ones in either package, and why those differ is known."""
    if not differ(name, fault, "batched gradient of"):
        return False
    twin, single = program.unhooked(), name.removeprefix("batched ")
    runs = [Run(m, twin).all() for m in (ctorch, torch)]
    for run in runs:
        whole, part = run.get(name), run.get(single)
        if whole is None or whole.values is None or not alike(replace(whole, values=whole.values[0]), part, 1e-3):
            return False
    a, b = (run[single] for run in runs)
    return not same(program, a, b) and reason(twin, single, a, b, fault) is not None


@excuse
def equals_in_another_order(program, name, mine, other, fault):
    """By what a step itself sorts the same numbers lie in another order, as equal elements may."""
    if fault.kind != "values":
        return False
    steps = [
        replace(s, text=re.sub(r"argsort\((.*?)\)", r"argsort(dim=\1,stable=True)", s.text)) for s in program.steps
    ]
    if steps != program.steps:
        twin = replace(program, steps=steps)
        return reconciles(program, name, mine, other, twin)
    step = step_of(program, name)
    if step is None or "sort(" not in step.text:
        return False
    return np.allclose(np.sort(mine.values, None), np.sort(other.values, None), rtol=1e-4, atol=1e-4, equal_nan=True)


@excuse
def other_order_in_memory(program, name, mine, other, fault):
    """A result lies in memory in another order, as its strides show, so that flatten() or the like is another view."""

    def ordered(step):
        return any(word in step.text for word in ORDERED)

    used = [step for step in program.steps if ordered(step)]
    if not used or not (in_place(program) or any("as_strided(" in step.text for step in used)):
        return False
    twin = program.reading_copies(ordered)
    if not reconciles(program, name, mine, other, twin):
        return False
    runs = [Run(m, program) for m in (ctorch, torch)]
    for run in runs:
        run.forward()
    strides = [{}, {}]
    for place, step in enumerate(program.steps):
        if ordered(step):
            for k in step.operands:
                if strides[0].get(k) != strides[1].get(k):
                    return True
        for found, run in zip(strides, runs):
            for k in step.results or step.operands[:1]:
                x = run.made.get((place, k))
                if x is not None and x.values is not None:
                    found[k] = [by for by, size in zip(x.strides, x.values.shape) if size != 1]
    return False


@excuse
def scattered_over_overlapping_memory(program, name, mine, other, fault):
    """PyTorch copies elements that share memory so that they share it still, before it writes some of them."""
    scatters = {"select_scatter", "diagonal_scatter"}
    if not ops(program) & scatters or fault.kind == "raises":
        return False
    return explains(program, name, mine, other, program.reading_copies(lambda step: step.op in scatters))


@excuse
def written_from_itself(program, name, mine, other, fault):
    """PyTorch writes by index what it reads from the same memory meanwhile; ctorch reads it before."""

    def copied(step):
        written = "setitem" in step.op or "index_put" in step.op
        return replace(step, text=re.sub(r"= (\{0\})$", r"= \1.clone()", step.text)) if written else step

    twin = replace(program, steps=[copied(step) for step in program.steps])
    return fault.kind != "raises" and explains(program, name, mine, other, twin)


@excuse
def beyond_a_view(program, name, mine, other, fault):
    """PyTorch loses the gradients of elements that as_strided reads beyond the view that it is called on."""
    based = r"({0}._base if {0}._base is not None else {0}).as_strided("
    steps = [replace(step, text=step.text.replace("{0}.as_strided(", based)) for step in program.steps]
    return "grad" in name and explains(program, name, mine, other, replace(program, steps=steps))


@excuse
def nought_times_infinity(program, name, mine, other, fault):
    """PyTorch's derivatives of derivatives are NaN at nought, and at equal eigenvalues; ctorch's are not."""
    odd = {
        "renorm", "normalize", "normalize_p", "norm", "vector_norm", "matrix_norm", "cdist", "dist",
        "pairwise_distance", "cosine_similarity", "triplet_margin_loss", "abs", "sgn", "atan2", "copysign",
        "angle", "eigvalsh", "eigh", "svdvals", "svd", "logcumsumexp", "group_norm", "layer_norm", "batch_norm",
        "instance_norm", "sinc",
    }  # fmt: skip
    again = name.startswith("gradient of") and "autograd.grad" in ops(program)
    if not (again or name.startswith("second gradient of")) or fault.kind != "values":
        return False
    used = {op.rstrip("_") for op in ops(program)} & odd or any(".abs()" in step.text for step in program.steps)
    return bool(used) and nan_in_theirs_alone(program, mine, other)


@excuse
def no_worse_in_double_precision(program, name, mine, other, fault):
    """Both are rounded: ctorch's is no farther than twice PyTorch's from what the program is in double precision."""
    if fault.kind != "values":
        return False
    want = Run(torch, program.widened()).all().get(name)
    if want is None or want.values is None or want.dtype == other.dtype or want.values.shape != mine.values.shape:
        return False
    a, b, want = (numbers(x.values) for x in (mine, other, want))
    if not np.isfinite(want).all():
        return False
    if not np.isfinite(b).all():  # half numbers that are too large on the way
        rtol = precise(program, mine, other)
        return bool(near(a, want, rtol, rtol).all())
    return bool(np.abs(a - want).max(initial=0) <= 2 * np.abs(b - want).max(initial=0) + 1e-12)


@excuse
def lost_in_single_precision(program, name, mine, other, fault):
    """Digits are lost on the way of a tangent or second gradient; in double precision both are the same."""
    if not (differ(name, fault, "tangent", "second") and both(mine, other)):
        return False
    twin = program.widened()
    if twin.leaves == program.leaves:
        return False
    if not half(program) and not np.allclose(mine.values, other.values, rtol=1e-2, atol=1e-2, equal_nan=True):
        return False
    return same(program, given(twin, name, ctorch), given(twin, name))


@excuse
def polar_by_parts(program, name, mine, other, fault):
    """Beside an infinity ctorch's second derivatives of polar are NaN, as PyTorch's of its real and imaginary part."""
    parts = r"m.complex(\1*\2.cos(),\1*\2.sin())"
    steps = [replace(s, text=re.sub(r"m\.polar\((.*),(.*)\)", parts, s.text)) for s in program.steps]
    return explains(program, name, mine, other, replace(program, steps=steps))


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
    return fault.kind == "values" and bool(ops(program) & short) and alike(mine, other, 1e-5)


@excuse
def epsilon_of_few_digits(program, name, mine, other, fault):
    """PyTorch's cosine_embedding_loss has its epsilon of 1e-12 in single precision; with all digits it is ctorch's."""
    loss = re.compile(r"F\.cosine_embedding_loss\((\{\d+\}),(\{\d+\}),m\.ones\(\d+\),reduction='(\w+)'\)")

    def written(found):
        x, y, reduction = found.groups()
        sizes = f"((({x}*{x}).sum(-1)+1e-12)*(({y}*{y}).sum(-1)+1e-12)).sqrt()"
        loss = f"(1-({x}*{y}).sum(-1)/{sizes})"
        return loss if reduction == "none" else f"{loss}.{reduction}()"

    steps = [replace(step, text=loss.sub(written, step.text)) for step in program.steps]
    if fault.kind != "values" or steps == program.steps:
        return False
    want = given(replace(program, steps=steps), name)
    return both(mine, want) and bool(near(mine.values, want.values, 1e-11, 1e-13).all())


@excuse
def constant_gradient(program, name, mine, other, fault):
    """Whether a gradient that does not depend on anything is recorded, PyTorch and ctorch decide by other formulas."""
    step = step_of(program, name)
    if "step" in name and alone(mine, other, "does not require grad", "requires_grad=False"):
        return from_gradients(program, *step.operands)
    return fault.kind == "requires_grad" and step is not None and from_gradients(program, *step.results)


@excuse
def extremum_without_itself(program, name, mine, other, fault):
    """PyTorch shares the gradient of an extremum with equal elements of the tensor, though these are left out."""
    if "grad" not in name or fault.kind != "values":
        return False
    left_out = re.compile(r"scatter_reduce\((\{\d+\}),(-?\d+),(\{\d+\}),(.*),'am(in|ax)',include_self=False\)")

    def filled(found):
        x, dim, index, source, which = found.groups()
        worst = "'-inf'" if which == "ax" else "'inf'"
        return f"scatter_reduce({x}.scatter({dim},{index},float({worst})),{dim},{index},{source},'am{which}')"

    steps = [replace(step, text=left_out.sub(filled, step.text)) for step in program.steps]
    return explains(program, name, mine, other, replace(program, steps=steps))


@excuse
def nought_or_nothing(program, name, mine, other, fault):
    """A gradient that is nought everywhere; in the other package there is none, and hooks are not called."""
    if "grad" not in name or fault.kind not in ("dtype", "raises") or not fine(mine) or not fine(other):
        return False
    if any(step.op == "register_hook" for step in program.steps):  # which make something of noughts
        mine, other = (Run(m, program.traced()).all().get(name) for m in (ctorch, torch))
    return all(x is None or (fine(x) and (x.values is None or not x.values.any())) for x in (mine, other))


@excuse
def change_behind_the_graph(program, name, mine, other, fault):
    """What is changed by .data is not noticed: derivatives that read it differ by what they saved."""
    if all(".data." not in step.text for step in program.steps):
        return False
    steps = [replace(step, text=step.text.replace(".data.", ".detach().")) for step in program.steps]
    twin = replace(program, steps=steps)  # that is noticed, so that both derivatives read what was before
    return reconciles(program, name, mine, other, twin)


@excuse
def begun_and_refused(program, name, mine, other, fault):
    """PyTorch has written some elements when it refuses an index; ctorch looks at all before."""
    run = Run(torch, program)
    run.forward()
    places = {int(key.split()[1]) for key, x in run.found.items() if says(x, "out of bounds", "out of range")}
    places = {place for place in places if program.steps[place].changes}
    return explains(program, name, mine, other, program.without(places))


@excuse
def no_degree_of_freedom(program, name, mine, other, fault):
    """Variances without a degree of freedom have no derivative: which of NaN and infinity it is differs."""
    moments = {"var", "std", "var_mean", "std_mean"}
    if "grad" not in name or not both(mine, other) or not ops(program) & moments:
        return False
    run = Run(torch, program)
    run.forward()
    made = [run.made.get((place, s.results[0])) for place, s in enumerate(program.steps) if s.op in moments]
    if not any(x is not None and not np.isfinite(x.values).all() for x in made):
        return False
    if not all(np.isfinite(x.values).any() for x in (mine, other)):
        return True
    return alike_elsewhere(program, mine, other, ~np.isfinite(mine.values))


@excuse
def complex_scale_of_nothing(program, name, mine, other, fault):
    """PyTorch scales an empty real batch by complex weights, and refuses them for any other."""
    if "batch_norm" not in ops(program):
        return False
    if "step" in name and alone(mine, other, "mixed dtype"):
        run, step = Run(torch, program), step_of(program, name)
        run.forward()
        return not run.made[program.steps.index(step), step.results[0]].values.size
    return fault.kind == "dtype" and other.dtype == "complex128" and not other.values.size


@excuse
def median_of_expanded_memory(program, name, mine, other, fault):
    """PyTorch's medians of elements that lie at one place read memory beside them."""
    medians = {"nanmedian", "median", "median_dim"}
    if not ops(program) & medians or not name.startswith("value"):
        return False
    return explains(program, name, mine, other, program.reading_copies(lambda step: step.op in medians))


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
def one_less_a_cosine_of_one(program, name, mine, other, fault):
    """The loss of alike vectors is a few roundings of 1, and what is calculated from it has as few digits."""
    known = differ(name, fault, "gradient of", "second gradient of", "tangent of") or name.startswith("value of")
    if not (known and fault.kind == "values" and both(mine, other)):
        return False
    run = Run(torch, program)
    run.forward()
    made = [made.values for (place, _), made in run.made.items()
            if program.steps[place].op == "cosine_embedding_loss" and made.values is not None]
    least = min((np.abs(x[x != 0]).min(initial=1) for x in made), default=1)
    with np.errstate(all="ignore"):
        far = np.abs(mine.values - other.values)
        return least < 1e-9 and bool((far <= 64 * run.precision / least * np.abs(other.values)).all())


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
def derivative_of_an_infinite_gradient(program, name, mine, other, fault):
    """Where a gradient is infinite it has no derivative: which of NaN and infinity that is differs."""
    if not differ(name, fault, "second gradient of") or not both(mine, other):
        return False
    firsts = [Run(m, program).all().get(name.removeprefix("second ")) for m in (ctorch, torch)]
    odd = [~np.isfinite(x.values) for x in (mine, other, *firsts) if x is not None and x.values is not None]
    places = odd[0] & odd[1]
    known = len(odd) == 4 and (odd[2] & odd[3])[places].all()
    return known and alike_elsewhere(program, mine, other, places)


@excuse
def complex_pole(program, name, mine, other, fault):
    """A complex gradient over nought is infinite or NaN."""
    if not ("grad" in name and fault.kind == "values" and both(mine, other) and np.iscomplexobj(other.values)):
        return False
    odd = ~np.isfinite(mine.values) & ~np.isfinite(other.values)
    return alike_elsewhere(program, mine, other, odd)


@excuse
def equal_singular_values(program, name, mine, other, fault):
    """Where singular values are equal or nought their derivatives are no numbers, but hang on the vectors chosen."""
    if not (name.startswith(("grad", "tangent of", "hook", "batched gradient of")) and both(mine, other)):
        return False
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
                found = found or bool((gaps <= 1e-6 * s[..., :1]).any())
        try:
            exec(step.line(), names)
        except Exception:
            continue
    return found


@excuse
def gradient_in_memory_of_its_own(program, name, mine, other, fault):
    """PyTorch's gradients of sums are one number repeated, so that a change of a part changes all of it."""
    if not in_place(program) or "autograd.grad" not in ops(program):
        return False
    if alone(mine, other, "returns multiple views"):
        return True
    twin = program.giving_copies(lambda step: step.op == "autograd.grad")
    return name.startswith("value") and explains(program, name, mine, other, twin)


@excuse
def result_that_is_a_view(program, name, mine, other, fault):
    """PyTorch's results of some operators are views, which have not the history of a change that no gradient sees."""
    if not any(step.changes and step.unseen() for step in program.steps):
        return False
    views = fresh(program) - fresh(program, torch)
    twin = program.giving_copies(lambda step: views.intersection(step.results))
    return explains(program, name, mine, other, twin)


@excuse
def number_of_a_rounding(program, name, mine, other, fault):
    """At a pole a derivative is no number: where one is given it is a rounding's, as another precision shows."""
    known = differ(name, fault, "grad", "second gradient of", "batched gradient of", "tangent of")
    if not (known and both(mine, other)):
        return False
    double = any(leaf.dtype in ("float64", "complex128") for leaf in program.leaves)
    twin = program.narrowed() if double else program.widened()
    again = [given(twin, name, m) for m in (ctorch, torch)]
    if not both(*again) or again[0].values.shape != mine.values.shape:
        return False
    finite = [np.isfinite(x.values) for x in (mine, other)]
    with np.errstate(all="ignore"):
        sizes = [np.sort(np.abs([x.values, y.values]), 0) for x, y in zip((mine, other), again)]
        settled = [known & ~((low > 1e3) & (high > 1e4 * low)) for known, (low, high) in zip(finite, sizes)]
        settled[0] |= finite[0] & ~np.isfinite(again[0].values)
        differ_at = ~near(mine.values, other.values, precise(program, mine, other), 1e-4)
    return bool(differ_at.any() and not (differ_at & (settled[0] | settled[1] | ~(finite[0] | finite[1]))).any())


@excuse
def retained_before_a_view(program, name, mine, other, fault):
    """PyTorch retains the gradient of what a tensor was before its shape was changed in place; ctorch of the tensor."""
    if not (name.startswith("grad of") and turns(program)):
        return False
    twin = program.retaining_after(TURNS)
    return explains(program, name, mine, other, twin) and same(program, mine, given(twin, name, ctorch))


@excuse
def sigmoid_of_almost_one(program, name, mine, other, fault):
    """What a sigmoid of almost one leaves to one has few digits: with all of them PyTorch and ctorch agree."""
    exact = r"(\{\d+\})\.sigmoid\(\)", r"(1-(-\1).sigmoid())"
    steps = [replace(step, text=re.sub(*exact, step.text)) for step in program.steps]
    known = differ(name, fault, "gradient of", "grad of", "tangent of") and steps != program.steps
    return known and reconciles(program, name, mine, other, replace(program, steps=steps))


@excuse
def shape_of_another_time(program, name, mine, other, fault):
    """A gradient or tangent of PyTorch's has not the shape of its tensor, which was turned in place by another name."""
    if not (fault.kind == "shape" and turns(program) and name.startswith(("grad of v", "tangent of v"))):
        return False
    run = Run(ctorch, program)
    run.forward()
    shape = tuple(run.names[name.rpartition(" ")[2]].shape)
    return mine.values.shape == shape != other.values.shape


@excuse
def result_that_a_derivative_reads(program, name, mine, other, fault):
    """Of an operand and a result either may be what a derivative reads, and what its own derivative goes through."""
    told = {step.operands[0] for step in program.steps if step.op in ("retain_grad", "register_hook")}
    if not (name.startswith(("grad of", "hook")) and told):
        return False
    twin = program.giving_copies(lambda step: told & {*step.results})
    one = same(program, mine, given(twin, name, ctorch)) or same(program, other, given(twin, name))
    return one and reconciles(program, name, mine, other, twin)


@excuse
def hook_of_a_lone_root(program, name, mine, other, fault):
    """PyTorch calls the hooks of a single root, though no leaf is on its way, but not where there are two roots."""
    if not (name.startswith("hook") and mine is None and len(program.roots) == 1):
        return False
    return explains(program, name, mine, other, replace(program, roots=(*program.roots, *program.wanted()[:1])))


@excuse
def hook_of_a_shared_node(program, name, mine, other, fault):
    """All views of one call have one node in PyTorch, whose inputs have gradients where any of the views wants one."""

    def parted(step):
        views = step.several and step.op in {"chunk", "split", "tensor_split", "unbind", "unsafe_chunk", "hsplit"}
        return replace(step, text=f"tuple(y.view_as(y) for y in {step.text})") if views else step

    twin = replace(program, steps=[parted(step) for step in program.steps])
    return name.startswith("hook") and explains(program, name, mine, other, twin)


@excuse
def hook_of_nothing(program, name, mine, other, fault):
    """PyTorch's second gradients do not go through a change of a view without elements; ctorch's do."""
    return name.startswith("hook") and other is None and mine.values is not None and mine.values.size == 0


@excuse
def known_in_double_precision(program, name, mine, other, fault):
    """In double precision the two differ for a reason that is known, and ctorch's numbers are those of there."""
    twin = program.widened()
    if fault.kind != "values" or twin == program:
        return False
    a, b = (Run(m, twin).all().get(name) for m in (ctorch, torch))
    rtol = precise(program, mine, other)
    if not both(mine, a) or same(twin, a, b) or not near(mine.values, a.values, rtol, rtol).all():
        return False
    return reason(twin, name, a, b, fault) is not None

"""Random samplers and masked operations: PyTorch's numbers for the same seed, and its rules for arguments."""

import numpy as np
import pytest
from calls import INTS, LAYOUTS, WIDE, Call, Cases, DType, filled, shapes, tensors
from hypothesis import strategies as st

cases = Cases()
flags = st.booleans()
rarely = st.integers(0, 9).map(lambda n: n == 0)
MOSTLY = ("float64", "float32", "float16", "bfloat16")
# PyTorch draws numbers in the order of memory, ctorch in that of the elements: the same where they agree
IN_ORDER = ("dense", "strided")
generators = st.integers(0, 2**63 - 1)
# vectors of many lengths, among which those at which PyTorch changes its way of drawing (16)
sizes = st.one_of(shapes(), st.sampled_from([(15,), (16,), (17,), (33,), (4, 8), (3, 40), (600,)]))


def forms(*names):
    return st.sampled_from(names)


def tolerance(dtype):
    return {"float16": 4e-3, "bfloat16": 2e-2, "float32": 1e-6}.get(dtype, 1e-12)


# ---- functions that make tensors


@cases.add("rand and randn", "")
def rand(draw):
    name = draw(forms("rand", "randn"))
    kwargs = {"dtype": DType(draw(st.sampled_from((*MOSTLY, "int64"))))} if draw(flags) else {}
    size = draw(sizes)
    return Call(name, [size] if draw(flags) else list(size) or [size], kwargs, seed=draw(generators), rtol=2e-6)


@cases.add("randint", "")
def randint(draw):
    low, high = draw(st.integers(-300, 300)), draw(st.integers(-300, 300))
    if draw(rarely):
        low, high = draw(st.sampled_from([(-(2**63), 2**63 - 1), (0, 2**40), (0, 2**32), (-1, 2**32)]))
    kwargs = {"dtype": DType(draw(st.sampled_from((*INTS, *MOSTLY, "bool"))))} if draw(flags) else {}
    args = [low, high] if low and draw(flags) else [high]
    return Call("randint", [*args, draw(sizes)], kwargs, seed=draw(generators), exact=True)


@cases.add("randperm", "")
def randperm(draw):
    kwargs = {"dtype": DType(draw(st.sampled_from((*INTS, *MOSTLY))))} if draw(flags) else {}
    return Call("randperm", [draw(st.integers(-1, 300))], kwargs, seed=draw(generators), exact=True)


@cases.add("*_like", "")
def likes(draw):
    name = draw(forms("rand_like", "randn_like", "randint_like"))
    x = draw(tensors(draw(sizes), (*MOSTLY, "int64"), layouts=IN_ORDER))
    kwargs = {"dtype": DType(draw(st.sampled_from(MOSTLY)))} if draw(flags) else {}
    args = [draw(st.integers(-5, 5)), draw(st.integers(-5, 200))] if name == "randint_like" else []
    return Call(name, [x, *args], kwargs, seed=draw(generators), rtol=2e-6)


@cases.add("normal", "")
def normal(draw):
    shape = draw(sizes)
    dtype = draw(st.sampled_from(MOSTLY))
    mean = draw(tensors(shape, (dtype,), ("normal",), IN_ORDER))
    std = draw(
        tensors([1 if draw(rarely) else n for n in shape], (dtype,), ("positive",) if not draw(rarely) else ("normal",))
    )
    args = draw(st.sampled_from([[mean, std], [mean, 2.0], [1.0, std], [mean], [0.5, 2.0, shape], [1.0, -1.0, shape]]))
    return Call("normal", args, seed=draw(generators), rtol=tolerance(dtype) * 4)


@cases.add("bernoulli", "")
def bernoulli(draw):
    x = draw(tensors(draw(sizes), (*MOSTLY, "int64"), ("unit", "unit", "unit", "normal"), IN_ORDER))
    args = [x, 0.3] if draw(rarely) else [x]
    return Call(
        "bernoulli",
        args,
        {},
        draw(forms("function", "method", "function", "out")) if len(args) == 1 else "function",
        seed=draw(generators),
        compare=_counted,
        exact=True,
    )


def _counted(call, ours, theirs):
    # an `out` is filled twice, so that the numbers are those of the second time on both sides
    a, b = ours.result, theirs.result
    assert a[0] == b[0] and a[1].shape == b[1].shape
    np.testing.assert_array_equal(a[1], b[1])


@cases.add("poisson and binomial", "")
def poisson(draw):
    dtype = draw(st.sampled_from(MOSTLY))
    shape = draw(sizes)
    kind = draw(st.sampled_from(["positive", "positive", "positive", "odd"]))
    if draw(flags):
        x = draw(
            tensors(
                shape,
                (dtype,),
                (kind,),
                IN_ORDER,
                values=lambda rng, s, d: filled(rng, s, d, kind) * (20 if rng.random() < 0.3 else 1),
            )
        )
        return Call("poisson", [x], seed=draw(generators), exact=True)
    count = draw(  # PyTorch never comes to an end of NaN trials
        tensors(shape, (dtype,), values=lambda rng, s, d: np.nan_to_num(np.round(np.abs(filled(rng, s, d, kind)) * 10)))
    )
    prob = draw(tensors([1 if draw(rarely) else n for n in shape], (dtype,), ("unit",)))
    return Call("binomial", [count, prob], seed=draw(generators), exact=True)


@cases.add("multinomial", "")
def multinomial(draw):
    shape = (
        *((draw(st.integers(0 if draw(rarely) else 1, 3)),) if draw(flags) else ()),
        draw(st.integers(0 if draw(rarely) else 1, 12)),
    )
    if draw(rarely):
        shape = draw(shapes())
    x = draw(
        tensors(shape, (*MOSTLY, "int64"), ("unit", "unit", "positive", "odd" if draw(rarely) else "unit"), IN_ORDER)
    )
    replacement = draw(flags)
    n = draw(
        st.integers(
            -1 if draw(rarely) else 1,
            15 if replacement or draw(rarely) else max(shape[-1:] or (1,)) if max(shape[-1:] or (1,)) else 1,
        )
    )
    return Call(
        "multinomial", [x, n, replacement], {}, draw(forms("function", "method")), seed=draw(generators), exact=True
    )


# ---- tensors filled in place

PLACES = {
    "uniform_": [st.floats(-2, 1), st.floats(-1, 3)],
    "normal_": [st.floats(-2, 2), st.floats(-0.5, 3)],
    "exponential_": [st.floats(-0.5, 3)],
    "cauchy_": [st.floats(-2, 2), st.floats(-0.5, 3)],
    "geometric_": [st.floats(-0.2, 1.2)],
    "log_normal_": [st.floats(-1, 1), st.floats(-0.5, 1)],
    "bernoulli_": [st.floats(-0.1, 1.1)],
}


def _in_place(name):
    @cases.add(name, "")
    def fill(draw):
        x = draw(tensors(draw(sizes), (*MOSTLY, "int64", "uint8", "bool"), ("normal",), (*IN_ORDER, "expanded")))
        args = [draw(v) for v in PLACES[name]]
        if name == "log_normal_" and x.dtype not in MOSTLY:
            args = [0.0, 1.0]
        if name == "geometric_" and not draw(rarely):
            args = [draw(st.floats(0.05, 0.95))]
        return Call(
            f"Tensor.{name}",
            [x, *args],
            seed=draw(generators),
            rtol={"float16": 1e-2, "bfloat16": 5e-2}.get(x.dtype, 2e-5),
            loose_memory=True,
        )


for _name in PLACES:
    _in_place(_name)


@cases.add("random_", "")
def random_(draw):
    x = draw(tensors(draw(sizes), (*MOSTLY, *INTS, "bool"), ("normal",), IN_ORDER))
    low, high = draw(st.integers(-130, 20)), draw(st.integers(-20, 300))
    args = draw(st.sampled_from([[], [high], [low, high]]))
    return Call("Tensor.random_", [x, *args], seed=draw(generators), exact=True)


@cases.add("bernoulli_ of a tensor", "")
def bernoulli_of(draw):
    shape = draw(sizes)
    x = draw(tensors(shape, (*MOSTLY, "int64"), ("normal",), IN_ORDER))
    p = draw(tensors([1 if draw(rarely) else n for n in shape], WIDE, ("unit",)))
    return Call("Tensor.bernoulli_", [x, p], seed=draw(generators), exact=True)


# ---- masked operations

MASKED = {
    "sum": True,
    "prod": True,
    "mean": True,
    "amax": True,
    "amin": True,
    "var": True,
    "std": True,
    "logsumexp": True,
    "norm": True,
    "argmax": False,
    "argmin": False,
    "median": False,
    "cumsum": False,
    "cumprod": False,
    "softmax": False,
    "log_softmax": False,
    "softmin": False,
    "normalize": False,
}


def _masked(name):
    @cases.add(f"masked.{name}", "")
    def operation(draw):
        whole = name in ("sum", "prod", "amax", "amin", "argmax", "argmin", "cumsum", "cumprod")
        x = draw(
            tensors(
                draw(shapes(0, 3, 0, 4)),
                ("float64", "float32", *(("int64",) if whole else ())),
                ("normal", "ties"),
                LAYOUTS,
            )
        )
        shape = [1 if draw(rarely) else n for n in x.values.shape][draw(rarely) :]
        mask = draw(st.one_of(st.none(), tensors(shape, ("bool",), ("ties",), LAYOUTS)))
        dim = draw(st.integers(-3, 2))
        args, kwargs = [x], {"mask": mask}
        if name in ("norm", "normalize"):
            args.append(draw(st.sampled_from([2.0, 1.0, 3.0, float("inf")])))
        if MASKED[name]:
            args.append(draw(st.sampled_from([None, dim, (dim,), (0, 1), (0, 0)])) if name != "logsumexp" else dim)
            kwargs["keepdim"] = draw(flags)
            if name in ("var", "std"):
                kwargs["unbiased"] = draw(flags)
        else:
            args.append(dim)
            if name in ("argmax", "argmin", "median"):
                kwargs["keepdim"] = draw(flags)
        return Call(f"masked.{name}", args, kwargs, rtol=1e-4 if x.dtype == "float32" else None)


for _name in MASKED:
    _masked(_name)


@cases.add("masked.logaddexp", "")
def logaddexp(draw):
    shape = draw(shapes(0, 3, 0, 4))
    dtype = draw(st.sampled_from(WIDE))
    x, y = (draw(tensors(shape, (dtype,), ("normal",))) for _ in range(2))
    masks = {k: draw(st.one_of(st.none(), tensors(shape, ("bool",), ("ties",)))) for k in ("input_mask", "other_mask")}
    return Call("masked.logaddexp", [x, y], masks, rtol=1e-4)


ROWS_DRIVEN = cases.rows


@pytest.mark.parametrize("name", cases)
def test_random_and_masked(name):
    cases.drive(name)

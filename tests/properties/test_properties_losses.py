"""Losses: random calls against PyTorch."""

import numpy as np
import pytest
from calls import KEEPING, LAYOUTS, WIDE, Call, Cases, T, seeds, shapes, tensors
from hypothesis import strategies as st

cases = Cases()
flags = st.booleans()
rarely = st.integers(0, 9).map(lambda n: n == 0)
MOSTLY = ("float64", "float64", "float32", "float32", "float16", "bfloat16")
reductions = st.sampled_from(["none", "mean", "sum", "mean", "other"])


def forms(*names):
    return st.sampled_from(names)


def tolerance(x):
    return {"float16": 1e-2, "bfloat16": 6e-2, "float32": 1e-4}.get(x.dtype)


def finite(*tensors):
    return all(np.isfinite(t.values).all() for t in tensors if isinstance(t, T) and t.values.dtype.kind == "f")


def gradients(args, count):
    """The arguments whose gradients are compared: those of double precision, where nothing is infinite."""
    good = all(isinstance(a, T) and a.dtype == "float64" for a in args[:count]) and finite(*args)
    return tuple(range(count)) if good else ()


# ---- elementwise losses


def _pairs(
    name, rows="", options=None, kinds=("normal", "ties", "odd"), target_kinds=None, count=2, of_target=True, third=None
):
    of_options = options or {}

    @cases.add(name, rows)
    def loss(draw):
        shape = draw(shapes(high=4))
        dtype = draw(st.sampled_from(MOSTLY))
        x = draw(tensors(shape, (dtype,), kinds, LAYOUTS))
        if draw(rarely):
            shape = tuple(1 if draw(flags) else n for n in shape)
        if draw(rarely):
            shape = draw(shapes(0, 2))
        args = [x, draw(tensors(shape, (dtype,), target_kinds or kinds, LAYOUTS))]
        if third:
            args.append(draw(tensors(shape, (dtype,), third, LAYOUTS)))
        kwargs = {"reduction": draw(reductions)} | {k: draw(v) for k, v in of_options.items() if draw(flags)}
        return Call(f"nn.functional.{name}", args, kwargs, rtol=tolerance(x), grad=gradients(args, count))


_pairs("mse_loss", "mse_loss")
_pairs("l1_loss", "l1_loss")
_pairs("smooth_l1_loss", "_huber", options={"beta": st.sampled_from([0.0, 0.5, 2.0, -1.0])})
_pairs("huber_loss", "_huber", options={"delta": st.sampled_from([0.0, 0.5, 2.0, -1.0])})
_pairs("soft_margin_loss", "_soft_margin", kinds=("normal", "ties"), count=1)
_pairs(
    "hinge_embedding_loss",
    options={"margin": st.floats(-1, 2)},
    kinds=("normal", "ties"),
    target_kinds=("ties",),
    count=1,
)
_pairs("kl_div", options={"log_target": flags}, kinds=("normal",), target_kinds=("unit", "ties"))
_pairs(
    "poisson_nll_loss",
    options={"log_input": flags, "full": flags},
    kinds=("normal", "positive"),
    target_kinds=("positive",),
    count=1,
)
_pairs(
    "binary_cross_entropy",
    "binary_cross_entropy _binary_cross_entropy",
    kinds=("unit", "unit", "unit", "normal"),
    target_kinds=("unit",),
)
_pairs(
    "gaussian_nll_loss", options={"full": flags}, kinds=("normal",), third=("positive", "positive", "normal"), count=2
)
_pairs("margin_ranking_loss", options={"margin": st.floats(-1, 2)}, kinds=("normal",), third=("ties",))


@cases.add(
    "binary_cross_entropy of weights",
    "binary_cross_entropy binary_cross_entropy_with_logits _binary_cross_entropy_with_logits",
)
def weighted(draw):
    shape = draw(shapes(high=4))
    dtype = draw(st.sampled_from(MOSTLY))
    logits = draw(flags)
    args = [
        draw(tensors(shape, (dtype,), ("normal", "odd") if logits else ("unit",))),
        draw(tensors(shape, (dtype,), ("unit",))),
    ]
    kwargs = {"reduction": draw(reductions)}
    if draw(flags):
        kwargs["weight"] = draw(tensors([1 if draw(rarely) else n for n in shape], (dtype,), ("positive",)))
    if draw(flags) and logits:
        kwargs["pos_weight"] = draw(tensors(shape[-1:], (dtype,), ("positive",)))
    name = "binary_cross_entropy_with_logits" if logits else "binary_cross_entropy"
    return Call(f"nn.functional.{name}", args, kwargs, rtol=tolerance(args[0]), grad=gradients(args, 2))


@cases.add("embedding losses", "")
def embeddings(draw):
    name = draw(
        forms(
            "cosine_embedding_loss",
            "triplet_margin_loss",
            "cosine_similarity",
            "pairwise_distance",
            "pdist",
            "triplet_margin_with_distance_loss",
        )
    )
    n, d = draw(st.integers(0 if draw(rarely) else 1, 4)), draw(st.integers(0 if draw(rarely) else 1, 4))
    shape = (d,) if draw(rarely) else (n, d)
    dtype = draw(st.sampled_from((*WIDE, "float64", "float16")))

    def x():
        return draw(tensors(shape, (dtype,), ("normal",)))

    kwargs = {}
    if name == "pdist":
        args, kwargs = [x()], {"p": draw(st.sampled_from([2.0, 1.0, 0.0, 3.0, float("inf"), -1.0]))}
    elif name == "cosine_similarity":
        args, kwargs = [x(), x()], {"dim": draw(st.integers(-2, 2))}
    elif name == "pairwise_distance":
        args, kwargs = [x(), x()], {"p": draw(st.sampled_from([2.0, 1.0, 3.0])), "keepdim": draw(flags)}
    elif name == "cosine_embedding_loss":
        target = T(np.random.default_rng(draw(seeds)).choice([-1, 1], (n,) if len(shape) > 1 else ()))
        args, kwargs = [x(), x(), target], {"margin": draw(st.sampled_from([0, 0.3])), "reduction": draw(reductions)}
    else:
        args, kwargs = (
            [x(), x(), x()],
            {"margin": draw(st.sampled_from([1.0, 0.3, -1.0])), "swap": draw(flags), "reduction": draw(reductions)},
        )
    return Call(
        f"nn.functional.{name}",
        args,
        kwargs,
        rtol=tolerance(args[0]) or 1e-7,
        atol={"float64": 1e-15}.get(dtype, 5e-7) if name == "cosine_embedding_loss" else 0,
        grad=gradients(args, min(len(args), 3 if name.startswith("triplet") else 2)),
    )


# ---- losses of classes


@st.composite
def classes(draw, spatial=2, dtypes=MOSTLY):
    """Scores of classes, and a class for each sample; now and then one that there is not."""
    c = draw(st.integers(0 if draw(rarely) else 1, 5))
    n = draw(st.integers(0 if draw(rarely) else 1, 4))
    rest = tuple(draw(st.integers(0 if draw(rarely) else 1, 3)) for _ in range(draw(st.integers(0, spatial))))
    lone = draw(rarely)
    shape = (c,) if lone else (n, c, *rest)
    x = draw(tensors(shape, dtypes, ("normal", "normal", "odd"), LAYOUTS))
    wanted = () if lone else (n, *rest)
    if draw(rarely):
        wanted = draw(shapes(0, 2))
    values = np.random.default_rng(draw(seeds)).integers(0, max(c, 1), wanted)
    if values.size and draw(rarely):
        values.reshape(-1)[-1] = draw(st.sampled_from([c, -1, -100, c + 100]))
    dtype = "int64" if not draw(rarely) else draw(forms("int32", "uint8", "float32"))
    return x, T(
        np.asarray(values).astype(dtype) if dtype != "uint8" else np.abs(values).astype(dtype),
        dtype,
        draw(st.sampled_from(KEEPING)),
    )


@st.composite
def class_options(draw, x):
    kwargs = {"reduction": draw(reductions)}
    if draw(flags):
        c = x.values.shape[1] if x.values.ndim > 1 else x.values.shape[0]
        kwargs["weight"] = draw(tensors((c + (1 if draw(rarely) else 0),), (x.dtype,), ("positive",)))
    if draw(flags):
        kwargs["ignore_index"] = draw(st.integers(-2, 3))
    return kwargs


@cases.add("nll_loss", "nll_loss _nll_loss _nll_loss_backward")
def nll_loss(draw):
    x, target = draw(classes())
    return Call(
        "nn.functional.nll_loss", [x, target], draw(class_options(x)), rtol=tolerance(x), grad=gradients([x], 1)
    )


@cases.add("cross_entropy", "cross_entropy _cross_entropy _cross_entropy_backward")
def cross_entropy(draw):
    x, target = draw(classes())
    kwargs = draw(class_options(x))
    if draw(flags):
        kwargs["label_smoothing"] = draw(st.sampled_from([0.0, 0.1, 1.0, 1.5] if draw(rarely) else [0.0, 0.1]))
    if draw(rarely):
        target = draw(tensors(x.values.shape, (x.dtype,), ("unit",)))
        kwargs.pop("ignore_index", None)
    return Call("nn.functional.cross_entropy", [x, target], kwargs, rtol=tolerance(x), grad=gradients([x], 1))


@cases.add("margins", "_excess")
def margins(draw):
    name = draw(forms("multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss"))
    x, target = draw(classes(0, (*WIDE, "float64")))
    kwargs = {"reduction": draw(reductions)}
    if name == "multi_margin_loss":
        kwargs |= {"p": draw(st.sampled_from([1, 2, 3])) if draw(rarely) else 1, "margin": draw(st.floats(0.1, 2))}
    elif name == "multilabel_margin_loss":
        rng = np.random.default_rng(draw(seeds))
        c = x.values.shape[-1]
        target = T(rng.integers(-1, max(c, 1), x.values.shape))
    else:
        target = draw(tensors(x.values.shape, (x.dtype,), ("ties", "unit")))
    return Call(f"nn.functional.{name}", [x, target], kwargs, rtol=tolerance(x), grad=gradients([x], 1))


@cases.add("ctc_loss", "_ctc_loss _ctc_loss_backward", heavy=2)
def ctc_loss(draw):
    t, n, c = draw(st.integers(1, 7)), draw(st.integers(1, 3)), draw(st.integers(2, 4))
    dtype = draw(st.sampled_from(("float64", "float64", "float32")))
    rng = np.random.default_rng(draw(seeds))
    x = rng.standard_normal((t, n, c))
    x = T((x - np.log(np.exp(x).sum(-1, keepdims=True))).astype(dtype), dtype, draw(st.sampled_from(KEEPING)))
    blank = draw(st.integers(0, c - 1)) if not draw(rarely) else draw(st.sampled_from([-1, c]))
    lengths = rng.integers(0, 4, n)
    inputs = rng.integers(1, t + 1, n) if draw(flags) else np.full(n, t)
    labels = np.array([k for k in range(c) if k != blank])
    if draw(flags):
        targets = rng.choice(labels, (n, 4))
    else:
        targets = rng.choice(labels, int(lengths.sum()))
    as_tensors = draw(flags)
    lengths, inputs = (T(v) if as_tensors else tuple(v.tolist()) for v in (lengths, inputs))
    kwargs = {"blank": blank, "reduction": draw(reductions), "zero_infinity": draw(flags)}
    return Call(
        "nn.functional.ctc_loss",
        [x, T(targets), inputs, lengths],
        kwargs,
        rtol=1e-4 if dtype == "float32" else 1e-8,
        grad=(0,) if dtype == "float64" else (),
    )


@cases.add("linear_cross_entropy", "cross_entropy linear")
def linear_cross_entropy(draw):
    n, d, c = (draw(st.integers(1, 4)) for _ in range(3))
    dtype = draw(st.sampled_from(WIDE))
    args = [
        draw(tensors((n, d), (dtype,), ("normal",))),
        draw(tensors((c, d), (dtype,), ("normal",))),
        T(np.random.default_rng(draw(seeds)).integers(0, c, n)),
    ]
    return Call(
        "nn.functional.linear_cross_entropy",
        args,
        {"reduction": draw(reductions)},
        rtol=tolerance(args[0]),
        grad=gradients(args[:2], 2),
    )


ROWS_DRIVEN = cases.rows


@pytest.mark.parametrize("name", cases)
def test_losses(name):
    cases.drive(name)

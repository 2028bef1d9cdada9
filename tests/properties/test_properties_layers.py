"""Activations, normalisations, attention, embeddings, dropout: random calls against PyTorch and SciPy."""

import numpy as np
import pytest
from calls import KEEPING, LAYOUTS, WIDE, WRITABLE, Call, Cases, DType, T, largest_of, seeds, shapes, tensors, within
from hypothesis import strategies as st
from scipy import special

cases = Cases()
flags = st.booleans()
rarely = st.integers(0, 9).map(lambda n: n == 0)
MOSTLY = ("float64", "float64", "float32", "float32", "float16", "bfloat16")
numbers = st.sampled_from([0, 1, -1, 0.5, 2.5, 100, 1e-3])


def forms(*names):
    return st.sampled_from(names)


def tolerance(x):
    return {"float16": 6e-3, "bfloat16": 4e-2, "float32": 5e-5}.get(x.dtype)


def differentiable(*tensors):
    return all(t.dtype in ("float64", "complex128") and np.isfinite(t.values).all() for t in tensors)


# ---- activations


def _activation(
    name,
    rows="",
    options=(),
    dtypes=(*MOSTLY, "int64", "int32", "bool", "complex64"),
    inplace=False,
    numpy=None,
    methods=("function",),
    kinds=("normal", "extreme", "ties", "unit"),
    rtol=None,
):
    @cases.add(name, rows)
    def activation(draw):
        short = name.rpartition(".")[2]
        form = draw(forms(*methods))
        x = draw(tensors(dtypes=dtypes, kinds=kinds, layouts=WRITABLE if form == "inplace" else LAYOUTS))
        args = [x, *(draw(numbers) for _ in range(draw(st.integers(0, len(options))) if short != "threshold" else 2))]
        kwargs = {}
        if inplace and draw(rarely) and x.layout in WRITABLE:
            kwargs["inplace"] = True
        grad = (0,) if form == "function" and not kwargs and differentiable(x) else ()
        return Call(
            name,
            args,
            kwargs,
            form,
            rtol=rtol or tolerance(x),
            atol=_gelu_of_vectors(x) if short == "gelu" else 0,
            grad=grad,
            numpy=numpy if len(args) == 1 else None,
            loose_memory=bool(kwargs),
        )


F = "nn.functional."
METHODS = ("function", "method", "inplace", "out")
_activation("sigmoid", "sigmoid", methods=METHODS, numpy=lambda a: special.expit(a) if a.dtype.kind == "f" else None)
_activation(F + "sigmoid", "sigmoid")
_activation(F + "tanh", "")
_activation("logit", "logit", ("eps",), MOSTLY, methods=METHODS, kinds=("unit", "normal", "odd"))
_activation("relu", "relu", methods=("function", "method", "inplace"), numpy=lambda a: np.maximum(a, 0))
_activation(F + "relu", "relu", inplace=True)
_activation(F + "gelu", "gelu_erf")
_activation(F + "silu", "silu", inplace=True)
_activation(F + "mish", "mish", inplace=True)
_activation(F + "softplus", "softplus", ("beta", "threshold"))
_activation(F + "leaky_relu", "leaky_relu", ("slope",), inplace=True)
_activation(F + "elu", "elu", ("alpha",), inplace=True)
_activation(F + "selu", "elu", inplace=True)
_activation(F + "celu", "_celu", ("alpha",), inplace=True)
_activation(F + "hardtanh", "hardtanh", ("low", "high"), inplace=True)
_activation(F + "relu6", "hardtanh", inplace=True)
_activation(F + "threshold", "threshold", ("threshold", "value"), inplace=True)
_activation(F + "logsigmoid", "logsigmoid")
# PyTorch's sixth is that of float32, in double precision too
_activation(F + "hardsigmoid", "hardsigmoid", dtypes=("float64", "float32"), rtol=1e-6, inplace=True)
_activation(F + "hardswish", "hardswish", inplace=True)
_activation(F + "softsign", "")
_activation(F + "tanhshrink", "")
_activation(F + "softshrink", "softshrink", ("lambd",))
_activation(F + "hardshrink", "hardshrink", ("lambd",))
_activation("nan_to_num", "_nan_to_num", ("nan", "posinf", "neginf"), methods=METHODS, kinds=("extreme", "normal"))


def _gelu_of_vectors(x):
    # PyTorch's vectors take Phi(x) from 1 + erf, of which little is left far below zero
    return 2e-6 if x.dtype == "float32" else 0


@cases.add("gelu of tanh", "gelu_tanh gelu_erf")
def gelu(draw):
    x = draw(tensors(dtypes=MOSTLY, kinds=("normal", "odd")))
    return Call(
        F + "gelu",
        [x],
        {"approximate": draw(forms("none", "tanh", "tanh", "other"))},
        rtol=tolerance(x),
        atol=_gelu_of_vectors(x),
        grad=(0,) if differentiable(x) else (),
    )


@cases.add("in place by name", "relu elu leaky_relu threshold hardtanh")
def in_place(draw):
    name, args = draw(
        st.sampled_from(
            [
                ("relu", []),
                ("elu", [1.5]),
                ("celu", [0.5]),
                ("selu", []),
                ("leaky_relu", [0.1]),
                ("hardtanh", [-1, 1]),
                ("threshold", [0, 5]),
                ("rrelu", [0.2, 0.2]),
            ]
        )
    )
    x = draw(
        tensors(dtypes=(*MOSTLY, "int64"), kinds=("normal", "odd"), layouts=(*WRITABLE, "expanded", "overlapping"))
    )
    return Call(f"{F}{name}_", [x, *args], rtol=tolerance(x), loose_memory=True)


@cases.add("glu", "_glu")
def glu(draw):
    x = draw(tensors((*draw(shapes(0, 3, 0, 4)), 2 * draw(st.integers(0, 2))), MOSTLY, ("normal", "odd")))
    return Call(F + "glu", [x, draw(st.integers(-2, 1))], rtol=tolerance(x), grad=(0,) if differentiable(x) else ())


@cases.add("prelu and rrelu", "prelu")
def prelu(draw):
    x = draw(tensors(dtypes=MOSTLY, kinds=("normal", "odd")))
    if draw(rarely):
        return Call(F + "rrelu", [x, 0.25, 0.25], {"training": draw(flags)}, rtol=tolerance(x))
    n = x.values.shape[1] if x.values.ndim > 1 else 1
    weight = draw(tensors(draw(st.sampled_from([(1,), (n,), (), (2,)])), (x.dtype,), ("normal",)))
    return Call(F + "prelu", [x, weight], rtol=tolerance(x), grad=(0, 1) if differentiable(x, weight) else ())


@cases.add("softmax", "softmax log_softmax _softmax_backward _log_softmax_backward", heavy=1)
def softmax(draw):
    name = draw(forms("softmax", "log_softmax", F + "softmax", F + "log_softmax", F + "softmin"))
    x = draw(tensors(dtypes=(*MOSTLY, "int64", "bool"), kinds=("normal", "extreme", "ties")))
    kwargs = {"dim": draw(st.integers(-3, 3))}
    if draw(rarely):
        kwargs["dtype"] = DType(draw(forms("float64", "float32", "int64")))
    method = name in ("softmax", "log_softmax") and draw(flags)
    counterpart = {"softmax": special.softmax, "log_softmax": special.log_softmax}.get(name)
    return Call(
        name,
        [x],
        kwargs,
        "method" if method else "function",
        rtol=5e-5 if "dtype" in kwargs and x.dtype == "float64" else tolerance(x),
        grad=(0,) if differentiable(x) else (),
        numpy=(
            lambda a, dim: (
                counterpart(a, dim)
                if np.isfinite(a).all() and a.dtype.kind == "f" and np.abs(a).max(initial=0) < 1e3
                else None
            )
        )
        if counterpart and "dtype" not in kwargs
        else None,
    )


@cases.add("gumbel_softmax", "softmax")
def gumbel(draw):
    x = draw(tensors(draw(shapes(1, 3, 1, 4)), ("float64", "float32"), ("normal",), ("dense",)))
    return Call(
        F + "gumbel_softmax",
        [x],
        {"tau": draw(st.sampled_from([1, 0.5])), "hard": draw(flags)},
        seed=draw(seeds),
        rtol=1e-4,
    )


@cases.add("normalize", "")
def normalize(draw):
    x = draw(tensors(dtypes=(*WIDE, "float16", "complex64"), kinds=("normal", "ties", "odd")))
    return Call(
        F + "normalize",
        [x],
        {"p": draw(st.sampled_from([2.0, 1.0, 3.0, float("inf"), 0.0])), "dim": draw(st.integers(-2, 2))},
        rtol=tolerance(x),
        atol=1e-12 if x.dtype == "float64" else 0,    # a number by itself has no gradient, but for rounding
        grad=(0,) if differentiable(x) else (),
    )


# ---- normalisations


@st.composite
def channels(draw, least=2, most=5, dtypes=MOSTLY):
    shape = tuple(draw(st.integers(0 if draw(rarely) else 1, 4)) for _ in range(draw(st.integers(least, most))))
    return draw(tensors(shape, dtypes, ("normal", "normal", "odd"), LAYOUTS))


@st.composite
def parameters(draw, shape, dtype, kinds=("normal",)):
    if draw(rarely):
        shape = (*shape[:-1], shape[-1] + 1) if shape else (2,)
    return draw(st.one_of(st.none(), tensors(shape, (dtype,), kinds, KEEPING)))


@cases.add("batch_norm", "batch_norm _batch_norm _batch_norm_backward")
def batch_norm(draw):
    x = draw(channels(1 if draw(rarely) else 2))
    n = x.values.shape[1] if x.values.ndim > 1 else 1
    training = draw(flags)
    running = draw(flags) or not training
    dtype = "float32" if "16" in x.dtype and draw(flags) else x.dtype
    mean = draw(tensors((n,), (dtype,), ("normal",), WRITABLE)) if running else None
    var = draw(tensors((n,), (dtype,), ("positive",), WRITABLE)) if running else None
    weight, bias = draw(parameters((n,), dtype)), draw(parameters((n,), dtype))
    kwargs = {
        "training": training,
        "momentum": draw(st.sampled_from([0.1, 0.5, 0.0, 1.0])),
        "eps": draw(st.sampled_from([1e-5, 1e-2, 0.0])),
    }
    args = [x, mean, var, weight, bias]
    grad = (
        tuple(i for i in (0, 3, 4) if args[i] is not None) if all(a is None or differentiable(a) for a in args) else ()
    )
    return Call(F + "batch_norm", args, kwargs, rtol=tolerance(x) or 1e-6, grad=grad, loose_memory=True,
                compare=within(_of_equals))


def _of_equals(call):
    # PyTorch multiplies and shifts by what it calculated ahead: where all are equal, the last digits remain
    batch = call.name.endswith("batch_norm")
    x, weight = call.args[0], call.args[3 if batch else 2]
    eps = call.kwargs["eps"] if batch else call.args[4] if len(call.args) > 4 else 1e-5
    eps = eps or 1e-5
    return {"float64": 1e-14}.get(x.dtype, 6e-7) * largest_of(x) * max(largest_of(weight), 1) / eps ** 0.5


@cases.add("layer_norm", "layer_norm _layer_norm _layer_norm_backward")
def layer_norm(draw):
    x = draw(channels(1, 4))
    k = draw(st.integers(1, x.values.ndim))
    shape = x.values.shape[-k:] if not draw(rarely) else draw(shapes(0, 2))
    args = [
        x,
        shape,
        draw(parameters(shape, x.dtype)),
        draw(parameters(shape, x.dtype)),
        draw(st.sampled_from([1e-5, 1e-2, 0.0])),
    ]
    grad = (
        tuple(i for i in (0, 2, 3) if args[i] is not None)
        if all(a is None or differentiable(a) for a in (x, *args[2:4]))
        else ()
    )
    return Call(F + "layer_norm", args, rtol=tolerance(x) or 1e-6, grad=grad, compare=within(_of_equals))


@cases.add("rms_norm", "rms_norm")
def rms_norm(draw):
    x = draw(channels(1, 4))
    k = draw(st.integers(1, x.values.ndim))
    shape = x.values.shape[-k:] if not draw(rarely) else draw(shapes(0, 2))
    args = [x, shape, draw(parameters(shape, x.dtype)), draw(st.sampled_from([None, 1e-2]))]
    grad = (
        tuple(i for i in (0, 2) if args[i] is not None)
        if all(a is None or differentiable(a) for a in (x, args[2]))
        else ()
    )
    return Call(F + "rms_norm", args, rtol=tolerance(x), grad=grad)


@cases.add("group_norm", "group_norm")
def group_norm(draw):
    x = draw(channels())
    n = x.values.shape[1]
    groups = (
        draw(st.sampled_from([g for g in range(1, n + 1) if n % g == 0] or [1]))
        if not draw(rarely)
        else draw(st.integers(-1, 5))
    )
    args = [x, groups, draw(parameters((n,), x.dtype)), draw(parameters((n,), x.dtype))]
    grad = (
        tuple(i for i in (0, 2, 3) if args[i] is not None)
        if all(a is None or differentiable(a) for a in (x, *args[2:]))
        else ()
    )
    return Call(F + "group_norm", args, rtol=tolerance(x) or 1e-6, grad=grad, compare=within(_of_equals))


@cases.add("instance_norm", "instance_norm")
def instance_norm(draw):
    x = draw(channels(2, 5))
    n = x.values.shape[1]
    running = draw(flags)
    mean = draw(tensors((n,), (x.dtype,), ("normal",), WRITABLE)) if running else None
    var = draw(tensors((n,), (x.dtype,), ("positive",), WRITABLE)) if running else None
    args = [x, mean, var, draw(parameters((n,), x.dtype)), draw(parameters((n,), x.dtype))]
    grad = (
        tuple(i for i in (0, 3, 4) if args[i] is not None) if all(a is None or differentiable(a) for a in args) else ()
    )
    return Call(
        F + "instance_norm",
        args,
        {"use_input_stats": draw(flags) if running else True},
        rtol=tolerance(x) or 1e-7,
        # of equal numbers nothing is left but what rounding leaves of their mean, over the root of eps
        atol={"float64": 1e-11, "float32": 2e-3}.get(x.dtype, 0) if x.layout == "expanded" else 0,
        grad=grad,
        loose_memory=True,
    )


@cases.add("local_response_norm", "")
def local_response_norm(draw):
    x = draw(channels(2))
    return Call(
        F + "local_response_norm",
        [x, draw(st.integers(1, 4))],
        {"k": draw(st.sampled_from([1.0, 2.0]))},
        rtol=tolerance(x),
        grad=(0,) if differentiable(x) else (),
    )


# ---- embeddings


@cases.add("embedding_bag", "_embedding_bag _embedding_bag_max _embedding_bag_backward", heavy=2)
def embedding_bag(draw):
    rows, width = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    weight = draw(tensors((rows, width), ("float64", "float64", "float32", "float16"), ("normal",), KEEPING))
    rng = np.random.default_rng(draw(seeds))
    mode = draw(forms("sum", "mean", "max", "other") if draw(rarely) else forms("sum", "mean", "max"))
    kwargs = {"mode": mode}
    if draw(flags):
        index = rng.integers(0, rows, (draw(st.integers(0, 3)), draw(st.integers(1, 3))))
    else:
        index = rng.integers(0, rows, draw(st.integers(0, 8)))
        cuts = np.sort(rng.integers(0, index.size + 1, draw(st.integers(0, 3))))
        kwargs["offsets"] = T(np.concatenate([[0], cuts]).astype("int64"))
        # of no bags PyTorch reads other memory, which can end the process
        kwargs["include_last_offset"] = draw(rarely) and cuts.size > 0
        if kwargs["include_last_offset"]:       # which is to be the number of indices
            kwargs["offsets"].values[-1] = index.size
    if index.size and draw(rarely):
        index.reshape(-1)[0] = draw(st.sampled_from([-1, rows]))
    if draw(flags):
        kwargs["padding_idx"] = draw(st.integers(-rows, rows - 1))
    if mode == "sum" and draw(flags):
        kwargs["per_sample_weights"] = draw(tensors(index.shape, (weight.dtype,), ("normal",)))
    return Call(
        F + "embedding_bag",
        [T(index), weight],
        kwargs,
        rtol=tolerance(weight),
        grad=(1,) if differentiable(weight) else (),
    )


@cases.add("one_hot", "")
def one_hot(draw):
    x = T(np.random.default_rng(draw(seeds)).integers(0, 5, draw(shapes(0, 3))))
    if draw(rarely):
        x.values = x.values - 1
    return Call(F + "one_hot", [x, *draw(st.sampled_from([[], [-1], [5], [3]]))], exact=True)


# ---- attention


@cases.add("scaled_dot_product_attention", "_attention _attention_backward", heavy=2)
def attention(draw):
    lead = draw(st.sampled_from([(2, 2), (1,), (2,), (2, 1, 2), (), (0,)]))
    l, s, e, v = (draw(st.integers(0 if draw(st.integers(0, 19)) == 0 else 1, 5)) for _ in range(4))
    dtype = draw(st.sampled_from(MOSTLY))
    q, k, val = (draw(tensors((*lead, *shape), (dtype,), ("normal",), LAYOUTS)) for shape in ((l, e), (s, e), (s, v)))
    kwargs = {}
    kind = draw(forms("none", "causal", "bool", "float", "none"))
    if kind == "causal":
        kwargs["is_causal"] = True
    elif kind == "bool":
        kwargs["attn_mask"] = draw(
            tensors(draw(st.sampled_from([(l, s), (1, s), (*lead, l, s)])), ("bool",), ("ties",))
        )
    elif kind == "float":
        kwargs["attn_mask"] = draw(tensors((l, s), (dtype,), ("normal",)))
    if draw(flags):
        kwargs["scale"] = draw(st.sampled_from([0.5, 2.0]))
    return Call(
        F + "scaled_dot_product_attention",
        [q, k, val],
        kwargs,
        rtol={"float16": 1e-2, "bfloat16": 8e-2, "float32": 2e-4}.get(dtype, 1e-7),
        grad=(0, 1, 2) if dtype == "float64" else (),
    )


@cases.add("multi_head_attention_forward", "", heavy=4)
def multi_head(draw):
    heads, size = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    e = heads * size
    l, s, n = (draw(st.integers(1, 3)) for _ in range(3))
    dtype = draw(st.sampled_from(("float64", "float32")))

    def t(*shape):
        return draw(tensors(shape, (dtype,), ("normal",), LAYOUTS))

    args = [t(l, n, e), t(s, n, e), t(s, n, e), e, heads, t(3 * e, e), t(3 * e), None, None, False, 0.0, t(e, e), t(e)]
    return Call(
        F + "multi_head_attention_forward",
        args,
        {"need_weights": draw(flags), "average_attn_weights": draw(flags)},
        rtol=5e-4 if dtype == "float32" else 1e-7,
        atol=1e-11 if dtype == "float64" else 0,      # where one key has all the weight, gradients cancel
        grad=(0, 1, 2, 5) if dtype == "float64" else (),
    )


# ---- dropout: PyTorch's numbers for the same seed


@cases.add("dropout", "dropout alpha_dropout feature_dropout feature_alpha_dropout")
def dropout(draw):
    name = draw(forms("dropout", "alpha_dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"))
    n = {"dropout1d": 3, "dropout2d": 4, "dropout3d": 5}.get(name)
    shape = (
        draw(shapes(2 if name == "feature_alpha_dropout" and not draw(rarely) else 0))
        if n is None
        else draw(shapes(n - 1, n))
    )
    x = draw(tensors(shape, MOSTLY, ("normal",), ("dense", "strided")))  # masks are drawn in the order of memory
    p = draw(st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0, -0.1, 1.1]))
    return Call(F + name, [x, p], {"training": draw(flags)}, rtol=tolerance(x), seed=draw(seeds))


@cases.add("dropout rows", "dropout alpha_dropout feature_dropout feature_alpha_dropout")
def dropout_rows(draw):
    name = draw(forms("dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout"))
    x = draw(tensors(draw(shapes(2)), MOSTLY, ("normal",), ("dense",)))
    return Call(
        name, [x, draw(st.sampled_from([0.0, 0.3, 1.0, 2.0])), draw(flags)], rtol=tolerance(x), seed=draw(seeds)
    )


ROWS_DRIVEN = cases.rows


@pytest.mark.parametrize("name", cases)
def test_layers(name):
    cases.drive(name)

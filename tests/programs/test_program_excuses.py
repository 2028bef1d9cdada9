"""Each excuse is given where there is evidence for it, and refused where there is not."""

from dataclasses import replace

import mirror
import numpy as np
import pytest
from program import Leaf, Program, Step
from runner import Outcome, Run

import ctorch

pytestmark = [
    pytest.mark.skipif(mirror.torch is None, reason="PyTorch is what programs are compared with"),
    pytest.mark.filterwarnings("ignore"),
]


def program(steps, *leaves, dtype="float64", roots=(), **how):
    """A program of leaves that are given as lists and want gradients, and of steps."""
    shaped = [(values, np.shape(values)) for values in leaves]
    made = [Leaf(k, values, shape, dtype, True) for k, (values, shape) in enumerate(shaped)]
    return Program(0, made, steps, roots=roots, **how)


def compared(program):
    from compare import Comparison

    return Comparison(program)


def excused(found, words):
    return found.kind == "excused" and words in found.reason


def asked(module, excuse, program, name, mine, other, kind="values"):
    """What an excuse says of two outcomes."""
    import importlib

    from compare import Fault

    a, b = (x if x is None or isinstance(x, Outcome) else Outcome("float64", np.asarray(x)) for x in (mine, other))
    return getattr(importlib.import_module(module), excuse)(program, name, a, b, Fault(kind, "made up"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_of_roundings_at_poles(dtype):
    pole = program([Step("lgamma", "m.lgamma({0})", (0,), (1,))], [-2.0, -1.5], dtype=dtype, roots=(1,))
    assert excused(compared(pole), "a rounding's, as another precision shows")
    why = "excuses_of_numbers", "number_of_a_rounding", pole, "second gradient of v0"
    assert asked(*why, [np.inf, 9.0], [3e14 if dtype == "float32" else 1.6e32, 9.0])
    assert not asked(*why, [np.inf, np.inf], [3e14, 9.37922])  # which is a number
    assert not asked(*why, [5.0, 9.37922], [3e14, 9.37922])  # as ours would be
    assert not asked(*why, [np.inf, 9.37922], [np.nan, 9.37922])
    if dtype == "float64":
        beside = replace(pole, leaves=[*pole.leaves, Leaf(2, [1.0], (1,), "float16")])
        assert asked(*why[:2], beside, why[3], [np.inf, 9.0], [1.6e32, 9.0])


def test_gradients_that_are_retained_before_a_turn():
    steps = [
        Step("mul", "{0}*2", (0,), (1,)),
        Step("retain_grad", "{0}.retain_grad()", (1,), changes=True),
        Step("t_", "{0}.t_()", (1,), changes=True),
        Step("mul", "{0}*3", (1,), (2,)),
        Step("autograd.grad", "m.autograd.grad({0}.mean(),{1},retain_graph=True)[0]", (2, 1), (3,)),
    ]
    turned = program(steps, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert excused(compared(turned), "before its shape was changed in place")
    why = "excuses_of_numbers", "retained_before_a_view"
    right, nothing = np.full((3, 2), 0.5), Outcome()
    assert asked(*why, turned, "grad of v1", right, nothing, "raises")
    assert not asked(*why, turned, "grad of v1", 2 * right, nothing, "raises")
    assert not asked(*why, turned.without([2]), "grad of v1", right.T, nothing, "raises")
    itself = replace(turned, steps=[*steps[:2], Step("real", "m.real({0})", (1,), (3,)),
                                    Step("t_", "{0}.t_()", (3,), changes=True), *steps[3:4]], roots=(2,))
    assert excused(compared(itself), "before its shape was changed in place")


def test_hooks_of_nothing():
    why = "excuses_of_numbers", "hook_of_nothing", program([Step("mul", "{0}*2", (0,), (1,))], [1.0]), "hook 1 (5)"
    assert asked(*why, np.zeros(0), None)
    assert not asked(*why, [1.0], None) and not asked(*why, np.zeros(0), [1.0])


@pytest.mark.parametrize("dtype", ["bfloat16", "float64"])
def test_tangents_of_values_that_are_no_numbers(dtype):
    quotient = program([Step("div", "{1}/{0}", (0, 1), (2,))], [0.0, 1.5], [1.0, -0.75], dtype=dtype)
    assert compared(quotient).kind in ("agreed", "excused")
    why = "excuses_of_forward_mode", "tangent_of_no_number", quotient, "tangent of v2"
    assert asked(*why, [np.nan, 2.0], [np.inf, 2.03 if dtype == "bfloat16" else 2.0])
    assert not asked(*why, [np.nan, 2.0], [np.inf, 3.0])
    assert not asked(*why, [np.inf, np.nan], [np.inf, 2.0])
    if dtype == "float64":
        assert not asked(*why, [np.nan, 2.0], [np.inf, 2.03])


def test_variances_without_a_degree_of_freedom():
    variance = program([Step("var", "m.var({0},correction=2)", (0,), (1,))], [0.5, 1.5], roots=(1,))
    why = "excuses_of_numbers", "no_degree_of_freedom"
    assert asked(*why, variance, "gradient of v0", [np.nan, np.nan], [-np.inf, np.inf])
    known = program([Step("var", "m.var({0},correction=1)", (0,), (1,))], [0.5, 1.5], roots=(1,))
    assert not asked(*why, known, "gradient of v0", [np.nan, np.nan], [-1.0, 1.0])


@pytest.mark.parametrize("op, excuse", [("isfinite", True), ("sin", False)])
def test_histories_that_are_not_wanted(op, excuse):
    steps = [
        Step("unbind", "{0}.unbind(0)", (0,), (1, 2), several=True),
        Step("neg_", "{0}.neg_()", (2,), changes=True, without_grad=True),
        Step(op, f"m.{op}({{0}})", (1,), (3,)),
    ]
    parts = program(steps, [0.5, 1.5])
    words = "whose result has none"
    assert excused(compared(parts), words) if excuse else compared(parts).kind == "agreed"
    refused = Outcome(error=RuntimeError("the output of a function that returns multiple views"))
    why = "excuses_of_errors", "history_that_is_not_wanted", parts, f"step 2 ({op})"
    assert asked(*why, Outcome(), refused, "raises") is excuse


def test_values_that_differ_are_no_histories_that_are_not_wanted(monkeypatch):
    steps = [
        Step("unbind", "{0}.unbind(0)", (0,), (1, 2), several=True),
        Step("neg_", "{0}.neg_()", (2,), changes=True, without_grad=True),
        Step("isfinite", "m.isfinite({0})", (1,), (3,)),
    ]
    monkeypatch.setattr(ctorch, "isfinite", ctorch.isinf)
    assert compared(program(steps, [0.5, 1.5])).kind == "unexplained"


def test_twins_tell_nothing_of_last_digits():
    from derivative_checks import explains, reconciles

    sine = program([Step("sin", "m.sin({0})", (0,), (1,))], [0.5, 1.5], roots=(1,))
    twin = sine.giving_copies(lambda step: True)
    right = np.cos([0.5, 1.5]) * np.cos(1.3 * np.arange(1, 3))
    for rule in explains, reconciles:
        for other, told in (right * (1 + 1e-7), False), (right * 1.5, True):
            mine, other = Outcome("float64", right), Outcome("float64", other)
            assert rule(sine, "gradient of v0", mine, other, twin) is told
    wrong = Outcome("float64", right * 1.5)
    assert not explains(sine, "gradient of v0", wrong, Outcome("float64", right), twin)
    assert not explains(sine, "gradient of v0", wrong, Outcome("float64", right * 2), twin)


def test_nothing_is_not_the_same_as_numbers():
    from derivative_checks import same

    sine, numbers = program([], [0.5]), Outcome("float64", np.ones(1))
    assert same(sine, None, Outcome()) and same(sine, numbers, numbers)
    assert not same(sine, None, numbers) and not same(sine, numbers, Outcome())
    assert same(sine, Outcome(error=ValueError()), Outcome(error=ValueError()))
    assert not same(sine, Outcome(error=ValueError()), None)


def test_equal_elements_are_told_apart():
    steps = [Step("quantile", "m.quantile({0},0.3,interpolation='lower')", (0,), (1,))]
    equals = program(steps, [1.5] * 30, roots=(1,))
    assert excused(compared(equals), "told apart by roundings")
    why = "excuses_of_numbers", "order_of_equals"
    first, other, both = (np.isin(np.arange(30), at) * np.cos(1.3) for at in (8, 22, (8, 22)))
    assert asked(*why, equals, "gradient of v0", first, other)
    assert not asked(*why, equals, "gradient of v0", both, other)
    apart = program(steps, [1.5 + k / 64 for k in range(30)], roots=(1,))
    assert not asked(*why, apart, "gradient of v0", other, first)


def test_gradients_that_torch_refuses(monkeypatch):
    steps = [
        Step("mul", "{0}*2", (0,), (1,)),
        Step("as_strided", "{0}.as_strided([3,2],[0,2],0)", (1,), (2,)),
        Step("flatten", "{0}.flatten(1)", (2,), (3,)),
        Step("fill_", "{0}.fill_(0.5)", (2,), changes=True),
        Step("sin", "m.sin({0})", (1,), (4,)),
    ]
    strided = program(steps, [0.5, 1.5, 2.5], roots=(3, 4))
    refused = Outcome(error=RuntimeError("anything"))
    why = "excuses_of_errors", "gradient_that_torch_refuses", strided, "gradients"
    assert excused(compared(strided), "as differences of PyTorch's values")
    assert asked(*why, Outcome(), refused, "raises")
    assert not asked(*why, refused, Outcome(), "raises")
    sine = ctorch.sin
    monkeypatch.setattr(ctorch, "sin", lambda x: sine(x.detach()) + (x - x.detach()) * 2)
    assert not asked(*why, Outcome(), refused, "raises")


def test_changes_that_torch_misses_as_a_result_is_a_view(monkeypatch):
    steps = [
        Step("mul", "{0}*2", (0,), (1,)),
        Step("einsum", "m.einsum('ij,jk->ik',{0},{0})", (1,), (2,)),
        Step("huber_loss", "F.huber_loss({0},{0},reduction='sum')", (2,), (3,)),
        Step("view_copy_", "{0}.expand_as({0}).copy_(m.tensor(0.25))", (2,), changes=True, without_grad=True),
        Step("autograd.grad", "m.autograd.grad({0},{1},retain_graph=True,materialize_grads=True)[0]", (3, 2), (4,)),
    ]
    missed = program(steps, [[0.5, 1.5], [2.5, -0.5]])
    assert excused(compared(missed), "which have not the history of a change")
    why = "excuses_of_numbers", "result_that_is_a_view"
    noticed = Outcome(error=RuntimeError("modified by an inplace operation"))
    assert asked(*why, missed, "step 4 (autograd.grad)", noticed, Outcome(), "raises")
    assert not asked(*why, missed, "step 4 (autograd.grad)", Outcome(error=RuntimeError("any")), Outcome(), "raises")
    unchanged = missed.without([3])
    assert not asked(*why, unchanged, "step 3 (autograd.grad)", noticed, Outcome(), "raises")


def test_tangents_of_an_operand_itself():
    steps = [
        Step("sqrt", "m.sqrt({0})", (0,), (1,)),
        Step("fmod", "m.fmod({0},1.25)", (1,), (2,)),
        Step("fill_", "{0}[1:].fill_(0.5)", (2,), changes=True, without_grad=True),
        Step("softmax", "m.softmax({0},-1)", (1,), (3,)),
    ]
    shared = program(steps, [2.0, 0.0])
    assert excused(compared(shared), "those of an operand itself")
    why = "excuses_of_forward_mode", "tangent_of_the_operand_itself"
    assert asked(*why, shared, "tangent of v3", [np.inf, np.nan], [0.02, -0.02])
    assert not asked(*why, shared, "tangent of v3", [-np.inf, np.nan], [0.02, -0.02])
    turned = program([steps[0], Step("mul", "{0}*2", (1,), (2,))], [[2.0, 0.5]])
    turned.steps.append(Step("t_", "{0}.t_()", (1,), changes=True))
    assert not asked(*why, turned, "tangent of v2", [[1.0, 1.0]], [[2.0, 2.0]])
    part = [Step("slice", "{0}[:,:1]", (1,), (2,)), Step("squeeze_", "{0}.squeeze_()", (2,), changes=True)]
    assert excused(compared(program([steps[0], *part], [[2.0], [0.5]])), "those of an operand itself")


@pytest.mark.parametrize("text", ["{0}.max()", "m.min({0})", "{0}.median()"])
def test_tangents_of_one_of_all(text):
    steps = [Step("entr", "m.special.entr({0})", (0,), (1,)), Step("one", text, (1,), (2,))]
    odd = program(steps, [0.37, 0.2, 2.0, 0.0, 0.01])
    found = compared(odd)
    assert found.kind == "excused"
    why = "excuses_of_forward_mode", "one_of_all", odd, "tangent of v2"
    right = found.mine.found["tangent of v2"].values
    assert np.isfinite(right) and asked(*why, right, np.nan)
    assert not asked(*why, right * 1.5, np.nan)


@pytest.mark.parametrize(
    "op, how, name", [("retain_grad", "", "grad of v1"), ("register_hook", "lambda g: log(1, g)", "hook 0 (1)")]
)
def test_results_that_derivatives_read(op, how, name):
    steps = [
        Step("log_ndtr", "m.special.log_ndtr({0})", (0,), (1,)),
        Step("autograd.grad", "m.autograd.grad({0}.sum(),{1},create_graph=True)[0]", (1, 0), (2,)),
        Step(op, f"{{0}}.{op}({how})", (1,), changes=True),
    ]
    read = program(steps, [0.5, 1.5], roots=(2,), backward=True)
    assert excused(compared(read), "what a derivative reads")
    why = "excuses_of_numbers", "result_that_a_derivative_reads"
    assert not asked(*why, read.without([2]), name, None, [1.0, 1.0], "raises")
    assert not asked(*why, replace(read, roots=(1, 2)), name, None, [1.0, 1.0], "raises")


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_an_epsilon_of_few_digits(reduction):
    steps = [
        Step("exp", "m.exp({0})", (0,), (1,)),
        Step("loss", f"F.cosine_embedding_loss({{0}},{{1}},m.ones(2),reduction='{reduction}')", (0, 1), (2,)),
    ]
    small = program(steps, [[-13.5, -14.0], [-14.5, -13.0]], roots=(2,))
    assert excused(compared(small), "epsilon of 1e-12 in single precision")
    why = "excuses_of_numbers", "epsilon_of_few_digits", small, "gradient of v0"
    right = Run(ctorch, small).all()["gradient of v0"].values
    assert asked(*why, right, right * (1 + 2e-9))
    assert not asked(*why, right * (1 + 2e-9), right)


def test_losses_of_alike_vectors():
    steps = [
        Step("cosine_embedding_loss", "F.cosine_embedding_loss({0},{0},m.ones(1),reduction='sum')", (0,), (1,)),
        Step("log", "m.log({0})", (1,), (2,)),
    ]
    alike = program(steps, [[-0.703125, -3.0]], roots=(2,))
    why = "excuses_of_numbers", "one_less_a_cosine_of_one"
    assert asked(*why, alike, "tangent of v2", 0.013435, 0.013429)
    assert not asked(*why, alike, "tangent of v2", 0.02, 0.013429)
    other = replace(alike, steps=[replace(steps[0], text=steps[0].text.replace("{0},{0}", "{0},1-{0}")), steps[1]])
    assert not asked(*why, other, "tangent of v2", 0.013435, 0.013429)


def test_reasons_that_are_known_in_double_precision():
    sinc = program([Step("sinc", "m.sinc({0})", (0,), (1,))], [0.0, 0.828125], dtype="float16", roots=(1,))
    why = "excuses_of_numbers", "known_in_double_precision"
    name = "second gradient of v0"
    right = Run(ctorch, sinc.widened()).all()[name].values
    assert np.isfinite(right).all() and compared(sinc).kind == "excused"
    assert asked(*why, sinc, name, right, [np.nan, right[1]])
    assert not asked(*why, sinc, name, right * 1.5, [np.nan, right[1]])
    assert not asked(*why, sinc.widened(), name, right, [np.nan, right[1]])
    sine = replace(sinc, steps=[replace(sinc.steps[0], text="m.sin({0})")])
    right = Run(ctorch, sine.widened()).all()[name].values
    assert not asked(*why, sine, name, right, right * 1.5)  # in double precision they are the same


def test_hooks_of_a_lone_root():
    steps = [
        Step("mul", "{0}*2", (1,), (2,)),
        Step("register_hook", "{0}.register_hook(lambda g: log(1, g))", (2,), changes=True),
    ]
    hooked = program(steps, [0.5, 1.5], [0.5, 1.5], roots=(2,))
    name = "hook 0 (1)"
    why = "excuses_of_numbers", "hook_of_a_lone_root"
    assert compared(hooked).kind == "refused by both"  # in forward mode v2 is a constant
    assert not asked(*why, hooked, name, None, [1.0, 1.0], "raises")
    cut = replace(hooked, steps=[replace(steps[0], text="{0}.detach().requires_grad_()*2"), steps[1]])
    assert excused(compared(cut), "hooks of a single root")
    assert not asked(*why, replace(cut, roots=(2, 0)), name, None, [1.0, 1.0], "raises")


def test_roundings_beside_nan_are_no_differences():
    from derivative_checks import judged

    def asked(places, shape):
        return [truth[at] for at, _ in places]

    truth = [117.0, 0.0, 2.0]
    right, roundings = np.array([117.0, 3e-5, 2.0]), np.array([np.nan, -4e-5, 2.0])
    assert judged(right, roundings, 1e-3, asked)
    assert not judged(roundings, right, 1e-3, asked)
    assert not judged(right + [1, 0, 0], roundings, 1e-3, asked)
    assert not judged(right + [0, 0, 1], roundings, 1e-3, asked)  # where PyTorch's is a number, and right


def test_cosines_of_nought_have_second_derivatives():
    cosine = program(
        [Step("cosine_similarity", "F.cosine_similarity({0},{0},dim=1,eps=0.1)", (0,), (1,))],
        [[1.390625], [-1.0], [0.0], [-0.75]],
        dtype="float32",
        roots=(1,),
    )
    assert excused(compared(cosine), "not as differences of its values")


def test_histories_are_no_constants_of_few_digits():
    smooth = program([Step("hardsigmoid", "F.hardsigmoid({0})", (0,), (1,))], [0.5, 1.5], roots=(1,))
    why = "excuses_of_numbers", "constants_of_few_digits", smooth, "tangent of v1"
    assert asked(*why, [0.25, 0.5], [0.25000001, 0.5])
    assert not asked(*why, [0.25, 0.5], [0.2501, 0.5])
    assert not asked(*why, [0.25, 0.5], [0.25, 0.5], "requires_grad")


def test_slopes_to_one_side_of_a_kink():
    """The gradient of a squared relu rises to the right of 0 alone: either side's slope will do, and no other."""
    from derivative_checks import rising

    steps = [Step("relu", "m.relu({0})", (0,), (1,)), Step("mul", "{0} * {0}", (1,), (2,))]
    kink, name = program(steps, [0.0, 2.0], roots=(2,)), "second gradient of v0"
    right, beside = Run(ctorch, program(steps, [1.0, 2.0], roots=(2,))).all()[name].values

    def told(first, second, **how):
        return rising(kink, name, *(Outcome("float64", np.array([x, beside])) for x in (first, second)), **how)

    for side in (0.0, right):
        assert told(side, right / 3, one_side=True) and not told(side, right / 3)
        assert not told(right / 3, side, one_side=True)
    assert told(right / 2, 0.0) and not told(right / 2, 0.0, one_side=True)


@pytest.mark.parametrize("steps, leaves, roots", [
    ([Step("fmin", "m.fmin({0},{1})", (0, 1), (3,))], [[0.5, 1.0], [0.75, 2.0]], ()),
    ([Step("log", "m.log({0})", (0,), (1,)), Step("var_mean", "m.var_mean({0},correction=1)", (1,), (3, 4))],
     [[0.5, 0.0, 1.0, 2.0]], ()),
    ([Step("batch_norm", "F.batch_norm({0},None,None,{1},{2},training=True)", (0, 1, 2), (3,))],
     [[[0.5, 1.0], [2.0, -1.0], [0.0, 3.0]], [1.0, 2.0], [0.0, 0.5]], (3,)),
    ([Step("cosine_similarity", "F.cosine_similarity({0},{1},dim=1,eps=0.1)", (0, 1), (3,))],
     [[[0.5, 1.0], [0.03, -0.01]], [[0.01, 0.02], [2.0, 1.0]]], (3,)),
])
def test_definitions_are_what_they_stand_for(steps, leaves, roots):
    from definitions import written_out
    from derivative_checks import same

    short = program(steps, *leaves, roots=roots)
    long = written_out(short)
    assert long != short
    found = [Run(ctorch, p).all() for p in (short, long)]
    assert found[0].keys() == found[1].keys()
    assert all(same(short, x, found[1][name]) for name, x in found[0].items() if "value" in name or "gradient" in name)


def test_definitions_of_what_pytorch_calculates_otherwise():
    steps = [
        Step("batch_norm", "F.batch_norm({0},None,None,{1},{2},training=True)", (0, 1, 2), (3,)),
        Step("autograd.grad", "m.autograd.grad(({1}**3).sum(),{0},create_graph=True)[0]", (0, 3), (4,)),
    ]
    third = program(steps, [[0.5, 1.0], [2.0, -1.0], [0.0, 3.0]], [1.0, 2.0], [0.0, 0.5], roots=(4,))
    name, why = "second gradient of v0", ("excuses_of_numbers", "contradicted_definition", third)
    mine, other = (Run(m, third).all()[name] for m in (ctorch, mirror.torch))
    assert asked(*why, name, mine, other) and not asked(*why, name, other, mine)
    value = Run(ctorch, third).all()["value v3"]
    assert not asked(*why, "value v3", replace(value, values=value.values + 1), value)


def test_elements_that_are_written_from_themselves():
    steps = [
        Step("mul", "{0}*2", (0,), (1,)),
        Step("index", "m.tensor([1,1,0])", (), (2,)),
        Step("narrow", "{0}[:,1:]", (1,), (3,)),
        Step("setitem", "{0}[None,{1}] = {0}", (3, 2), changes=True, without_grad=True),
    ]
    moved = program(steps, [[0.0, 0.5, 1.0], [0.0, 1.5, 2.0], [0.0, -2.0, 3.0]])
    assert excused(compared(moved), "what it reads from the same memory")
    why = "excuses_of_numbers", "written_from_itself", moved, "value v3"
    read_before, meanwhile = (Run(m, moved).all()["value v3"].values for m in (ctorch, mirror.torch))
    assert read_before.tolist() == [[-4.0, 6.0], [3.0, 4.0], [-4.0, 6.0]]
    assert asked(*why, read_before, meanwhile)
    assert not asked(*why, read_before + 1, meanwhile)
    assert not asked(*why, read_before, meanwhile, "raises")


def test_gradients_beyond_a_view():
    steps = [
        Step("slice", "{0}[::2]", (0,), (1,)),
        Step("as_strided", "{0}.as_strided((2,),(1,),0)", (1,), (2,)),
        Step("square", "{0}.square()", (2,), (3,)),
    ]
    beyond = program(steps, [0.5, 1.5, -2.0], roots=(3,))
    why = "excuses_of_numbers", "beyond_a_view", beyond, "gradient of v0"
    found = [Run(m, beyond).all()["gradient of v0"].values for m in (ctorch, mirror.torch)]
    assert found[0][1] and not found[1][1]
    assert asked(*why, *found)
    assert not asked(*why, found[0] + 1, found[1])


def test_hooks_of_a_node_that_views_share():
    gradient = "m.autograd.grad({0}.sum(),{1},materialize_grads=True,retain_graph=True)[0]"
    steps = [
        Step("chunk", "{0}.chunk(2,0)", (0,), (1, 2), several=True),
        Step("mul", "{0}*{0}", (2,), (3,)),
        Step("register_hook", "{0}.register_hook(lambda g: log(1, g))", (3,), changes=True),
        Step("autograd.grad", gradient, (3, 1), (4,)),
        Step("mul", "{0}*3", (3,), (5,)),
    ]
    shared = program(steps, [0.5, 1.5], roots=(5,))
    assert excused(compared(shared), "have one node")
    why = "excuses_of_numbers", "hook_of_a_shared_node"
    found = [Run(m, shared).all()["hook 0 (1)"].values for m in (ctorch, mirror.torch)]
    assert asked(*why, shared, "hook 0 (1)", *found)
    assert not asked(*why, shared, "hook 0 (1)", found[0] + 1, found[1])


def test_tangents_of_sinc_that_are_no_numbers():
    steps = [Step("entr", "m.special.entr({0}.abs())", (0,), (1,)), Step("mul", "{0}*0", (1,), (2,))]
    steps += [Step("sinc", "{0}.sinc()", (2,), (3,)), Step("cumsum", "{0}.cumsum(0)+0*{1}.sum()", (3, 2), (4,))]
    pole = program(steps[:3], [0.0, 0.5])
    why = "excuses_of_forward_mode", "tangent_without_a_number"
    assert asked(*why, pole, "tangent of v3", [np.nan, 0.0], [0.0, 0.0])
    assert not asked(*why, pole, "tangent of v3", [1.0, 0.0], [0.0, 0.0])
    other = program([*steps[:2], replace(steps[2], text="{0}.tan()")], [0.0, 0.5])
    assert not asked(*why, other, "tangent of v3", [np.nan, 0.0], [0.0, 0.0])


@pytest.mark.parametrize(
    "excuse, mine, other, kept",
    [
        ("product_of_too_few_dimensions", "batch1 must be a 3D tensor", "Dimension out of range", "no batches"),
        ("parameters_of_nothing", "weight should contain 0 elements not 1 (input [2, 0])", None, "input [2, 1])"),
        ("base_of_a_power_of_nought", "modified in place: Tensor [3], which PowBackward0 saved", None, "SinBackward0"),
    ],
)
def test_errors_that_one_has(excuse, mine, other, kept):
    def error(words):
        return Outcome() if words is None else Outcome(error=RuntimeError(words))

    power = program([Step("pow", "{0}**0", (0,), (1,))], [0.5, 1.5])
    why = "excuses_of_errors", excuse, power, "step 0 (pow)"
    assert asked(*why, error(mine), error(other), "raises")
    assert not asked(*why, error(kept), error(other), "raises")
    if excuse == "base_of_a_power_of_nought":
        cubes = program([Step("pow", "{0}**3", (0,), (1,))], [0.5, 1.5])
        assert not asked(*why[:2], cubes, why[3], error(mine), error(other), "raises")


def test_shapes_of_another_time():
    steps = [
        Step("mul", "{0}*2", (0,), (1,)),
        Step("to", "{0}.to({0}.dtype)", (1,), (2,)),
        Step("retain_grad", "{0}.retain_grad()", (2,), changes=True),
        Step("t_", "{0}.t_()", (1,), changes=True),
        Step("square", "{0}.square()", (1,), (3,)),
    ]
    turned = program(steps, [[0.5, 1.5]], roots=(3,))
    why = "excuses_of_numbers", "shape_of_another_time"
    now, before = np.ones((2, 1)), np.ones((1, 2))
    assert asked(*why, turned, "grad of v2", now, before, "shape")
    assert not asked(*why, turned, "grad of v2", before, now, "shape")
    assert not asked(*why, turned.without([3]), "grad of v2", now, before, "shape")


def test_sigmoids_of_almost_one():
    steps = [
        Step("sigmoid", "{0}.sigmoid()", (0,), (1,)),
        Step("log", "m.log(1-{0})", (1,), (2,)),
    ]
    almost = program(steps, [28.27, 0.5], roots=(2,))
    why, found = ("excuses_of_numbers", "sigmoid_of_almost_one"), -1 / (1 + np.exp(-np.array([28.27, 0.5])))
    assert asked(*why, almost, "gradient of v0", found, found * 1.001)
    assert not asked(*why, almost, "value v2", found, found * 1.001)
    plain = replace(almost, steps=[replace(steps[0], text="1/(1+m.exp(-{0}))"), steps[1]])
    assert not asked(*why, plain, "gradient of v0", found, found * 1.001)


def test_phases_that_are_none():
    steps = [Step("nuc", "m.linalg.matrix_norm({0},'nuc')**2", (0,), (1,))]
    norm = program(steps, [[0.5, 1.0], [2.0, -1.0]], roots=(1,))
    error = Outcome(error=RuntimeError("svd_backward: The singular vectors in the complex case are specified up to"))
    why = "excuses_of_errors", "phase_of_no_loss", norm
    assert asked(*why, "second gradients", Outcome(), error, "raises")
    assert not asked(*why, "gradients", Outcome(), error, "raises")
    assert not asked(*why, "second gradients", error, error, "raises")

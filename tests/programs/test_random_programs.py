"""Random programs give the same by ctorch and by PyTorch: values, gradients, gradients of gradients, and errors.

`make test-programs` runs as many as CTORCH_PROGRAMS says, each piece in a process of its own, and notes what came of
them in CTORCH_PROGRAMS_REPORT; what is done stands in CTORCH_PROGRAMS_LEDGER, so that a run may be stopped by hand, or
after CTORCH_PROGRAMS_SECONDS, and go on later.
"""

import math
import os
import subprocess
import sys
from pathlib import Path

import mirror
import numpy as np
import pieces
import pytest
from program import Leaf, Program, Step

import ctorch

pytestmark = pytest.mark.skipif(mirror.torch is None, reason="PyTorch is what programs are compared with")

FEW, PIECE = 120, 250
NUMBER = int(os.environ.get("CTORCH_PROGRAMS", FEW))
SECONDS = float(os.environ.get("CTORCH_PROGRAMS_SECONDS", "inf"))
FIRST = int(os.environ.get("CTORCH_PROGRAMS_FIRST", 125))  # seed of the first program
JOBS = int(os.environ.get("CTORCH_PROGRAMS_JOBS", 1))
SINE = ctorch.sin


def test_programs_agree():
    ledger = os.environ.get("CTORCH_PROGRAMS_LEDGER")
    entries = pieces.run_all(NUMBER, PIECE, ledger, SECONDS, FIRST, JOBS)
    report = os.environ.get("CTORCH_PROGRAMS_REPORT")
    if report:
        Path(report).write_text("\n".join(pieces.summary(entries)) + "\n")
        print("\n" + "\n".join(list(pieces.summary(entries))[:12]))
    failures = [failure for entry in entries for failure in entry["failures"]]
    assert not failures, "\n\n".join(failure["script"] for failure in failures[:5])
    compared = pieces.total(entries, "counts")
    if math.isinf(SECONDS):
        assert compared["gradients"] > NUMBER / 2


def sine(then="{0}*2", values=(0.5, 1.5)):
    """A program of a sine and something of it."""
    return Program(
        0,
        [Leaf(0, list(values), (len(values),), "float64", True)],
        [Step("sin", "m.sin({0})", (0,), (1,)), Step("then", then, (1,), (2,))],
        roots=(2,),
    )


class Turned(ctorch.autograd.Function):
    """A sine that is wrong in forward mode alone."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return SINE(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0].cos()

    @staticmethod
    def jvp(ctx, t):
        return -t * ctx.saved_tensors[0].cos()


@pytest.mark.parametrize(
    "wrong, label",
    [
        (ctorch.cos, "value v1"),
        (lambda x: SINE(x.detach()) + (x - x.detach()) * 2, "gradient of v0"),
        (Turned.apply, "tangent of v1"),
    ],
)
def test_what_is_wrong_is_found(monkeypatch, wrong, label):
    from compare import UNEXPLAINED, Comparison

    assert Comparison(sine()).kind == "agreed"
    monkeypatch.setattr(ctorch, "sin", wrong)
    found = Comparison(sine())
    assert found.kind == UNEXPLAINED and found.label.startswith(label), found.label


def test_roundings_that_decide_are_left_out(monkeypatch):
    from compare import AGREED, UNCERTAIN, UNEXPLAINED, Comparison

    program = sine("{0}.floor()", [math.pi / 2])
    assert Comparison(program).kind == AGREED
    monkeypatch.setattr(ctorch, "sin", lambda x: SINE(x) * (1 - 1e-15))
    assert Comparison(program).kind == UNCERTAIN
    monkeypatch.setattr(ctorch, "sin", lambda x: SINE(x) * (1 - 1e-5))
    assert Comparison(program).kind == UNEXPLAINED


def test_roundings_within_a_step_are_seen():
    from runner import Run

    program = sine("m.atanh({0}.tanh())", [math.pi / 2])  # of 1, which is left as it is
    found = [Run(ctorch, program, noise).all() for noise in (None, np.random.default_rng(0))]
    values = [np.asarray(run[max(k for k in run if k.startswith("value"))].values) for run in found]
    assert 0 < np.abs(values[0] - values[1]).max() < 1e-14


def test_pytorchs_own_gradients_tell_that_its_tangents_are_wrong():
    from compare import EXCUSED, Comparison

    found = Comparison(sine("{0}.mul_({0})"))
    assert found.kind == EXCUSED and "not the transpose of its gradients" in found.reason


def test_one_step_alone_tells_why_tangents_differ():
    from compare import EXCUSED, Comparison

    program = Program(
        0,
        [Leaf(0, [0.5, 1.5], (2,), "float64", True), Leaf(1, [0.5, 1.5], (2,), "float64", True)],
        [
            Step("mul", "{0}*1", (0,), (2,)),
            Step("mul", "{0}*1", (1,), (3,)),
            Step("add_", "{0}.add_({1})", (2, 3), (), True, True),
            Step("add_", "{0}.data.add_({0}.detach())", (3,), (), False, True),
            Step("fmax", "m.fmax({0},{1})", (2, 3), (4,)),
            Step("split", "{0}.split(1)", (4,), (5, 6), several=True),
            Step("mul_", "{0}.mul_(2)", (4,), (), False, True),
            Step("mul", "{0}*1", (5,), (7,), True),
        ],
    )
    found = Comparison(program)
    assert found.kind == EXCUSED and "first step that gives another tangent" in found.reason


def test_differences_hold_what_no_gradient_sees():
    from compare import EXCUSED, Comparison

    program = Program(
        0,
        [Leaf(0, [0.01, 0.02], (2,), "float64", True)],
        [
            Step("mul", "{0}*{0}", (0,), (1,), True),
            Step("cosine_similarity", "F.cosine_similarity({0},{1},dim=0,eps=0.1)", (1, 0), (2,)),
        ],
        roots=(2,),
        second=False,
    )
    found = Comparison(program)
    assert found.kind == EXCUSED and "not as differences of its values" in found.reason


def test_programs_are_the_same_each_time_and_run_as_scripts(tmp_path):
    from generator import program_of

    program = program_of(3)
    assert program.script() == program_of(3).script()
    path = tmp_path / "program.py"
    path.write_text(program.script("nothing is wrong"))
    done = subprocess.run([sys.executable, "-W", "ignore", str(path)], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.count("----") == 2, done.stderr

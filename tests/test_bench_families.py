"""The cases of the families run, on finite values, and the harness is neutral between equal backends."""
import json
import sys
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ctorch

sys.path.insert(0, str(Path(__file__).parent.parent))
from bench import families
from bench.families import case as making
from bench.families import elementwise

SMALL = [case for case in families.cases(sizes=[64, 1_000]) if case.layout != "broadcast"]


def tensors(value):
    if isinstance(value, (tuple, list)):
        return [found for each in value for found in tensors(each)]
    return [value] if isinstance(value, ctorch.Tensor) else []


def test_all_families_are_there():
    counts = {}
    for case in families.cases():
        counts[case.family] = counts.get(case.family, 0) + 1
    assert set(counts) >= {"unary", "binary", "comparison", "bitwise", "complex", "half", "special", "reductions",
                           "scans", "sort", "indexing", "scatter", "copies", "products", "linalg", "fft",
                           "histograms", "random", "losses"}
    assert min(counts.values()) >= 5


def test_elementwise_rows_are_measured_in_every_layout_and_size():
    own = [case for case in elementwise.cases() if not case.label]
    for name, row in elementwise.rows():
        if (text := elementwise.statement(name, row)) is not None:
            layouts = {(case.size, case.layout) for case in own if case.text == text}
            assert len(layouts) >= 12, name


@pytest.mark.parametrize("family", sorted({case.family for case in SMALL}))
def test_cases_run_on_finite_values(family):
    for case in SMALL:
        if case.family != family:
            continue
        names = case.namespace(ctorch)
        if case.text.startswith("w[") or "=" in case.text.split("(")[0]:
            exec(case.text, names)
            continue
        for tensor in tensors(eval(case.text, names)):
            if "empty" not in case.text and (tensor.is_floating_point() or tensor.is_complex()):
                assert bool(ctorch.isfinite(tensor).all()), str(case)


@pytest.mark.parametrize("layout", making.LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "int64", "bool", "complex64"])
def test_inputs_are_equal_and_laid_out(layout, dtype):
    source = making.Input((6, 4), 1, 5, dtype, layout)
    one, two = source.tensor(ctorch), source.tensor(ctorch)
    assert tuple(one.shape) == (6, 4)
    assert str(one.dtype) == f"torch.{dtype}"
    assert bool((one == two).all())
    assert one.stride() == {"contiguous": (4, 1), "transposed": (1, 6), "broadcast": (0, 1), "sliced": (8, 2)}[layout]
    if dtype == "float32":
        values = np.asarray(one)
        assert 1 <= values.min() <= values.max() < 5


def test_equal_backends_have_the_ratio_one():
    case = making.Case("sort", "sorted(numbers)", {}, 1_000, values=lambda torch: {"numbers": list(range(2000, 0, -1))})
    ratio = families.measure(case, ctorch, ctorch, rounds=5, sample=0.001, seconds=1)
    assert ratio.value == pytest.approx(1, abs=0.5)


def test_what_is_above_the_target_is_measured_again(monkeypatch):
    values = {"busy": [2.0, 1.4, 1.1], "quick": [0.5], "slow": [1.6, 1.5, 1.7]}
    order = []

    def measure(case, ours, theirs, **effort):
        order.append(case.text)
        value = values[case.text].pop(0)
        return families.Ratio(case.family, case.text, case.size, case.layout, value, 1.0, value, value)

    monkeypatch.setattr(families, "measure", measure)
    told = []
    found = families.measures([making.Case("sort", text, {}, 1_000) for text in values], None, None, families.FULL,
                              told.append)
    assert [ratio.value for ratio in found] == [1.1, 0.5, 1.5]
    assert order == [ratio.name for ratio in told] == ["busy", "quick", "slow", "busy", "slow", "busy", "slow"]


def ratio(value, family="sort", name="x.sort()"):
    return families.Ratio(family, name, 1_000, "contiguous", value, 1.0, value, value)


def test_figures_hold_the_targets():
    mean, worst = families.figures([ratio(0.25), ratio(1.0)])
    assert mean.value == pytest.approx(0.5)
    assert (mean.met, worst.met) == (True, True)
    mean, worst = families.figures([ratio(1.4), ratio(0.1)])
    assert (mean.met, worst.met) == (True, False)
    assert "x.sort()" in families.table([ratio(1.4), ratio(0.1)])


def test_a_part_is_run_and_written(tmp_path, capsys):
    options = types.SimpleNamespace(only=["sort"], size=[1_000], layout=["contiguous"], match="x.sort()", quick=True,
                                    verbose=True, out=tmp_path)
    found = families.run(ctorch, ctorch, options)
    assert [figure.name for figure in found] == ["sort: mean of 2", "sort: worst"]
    assert len(json.loads((tmp_path / "bench-families.json").read_text())) == 2
    assert "x.sort()" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="no case"):
        families.run(ctorch, ctorch, types.SimpleNamespace(**{**vars(options), "match": "no such thing"}))


def test_without_torch_nothing_is_compared(capsys):
    assert families.run(ctorch, None, types.SimpleNamespace()) == []
    assert "TORCH=1" in capsys.readouterr().out


def test_a_case_says_where_it_stands():
    case = making.Case("sort", "x.sort()", {}, 100_000)
    assert str(case) == "x.sort()  1e5  contiguous"
    assert replace(case, label="sort").name == "sort"

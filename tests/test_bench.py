"""The harness of the bench: neutral between equal backends, honest about what is missing."""
import sys
import types
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))
from bench import harness, report


def backend(name):
    return types.SimpleNamespace(__name__=name)


def figures(case, ours, theirs):
    return list(harness.measure("family", case, ours, theirs, rounds=5))


def test_equal_backends_have_the_ratio_one():
    case = harness.Statement("sorted(numbers)", lambda torch: {"numbers": list(range(2000, 0, -1))}, 0.1)
    (figure,) = figures(case, backend("ctorch"), backend("torch"))
    assert figure.value == pytest.approx(1, abs=0.5)
    assert figure.met is False


def test_without_torch_there_is_no_ratio():
    case = harness.Statement("1 + 1", lambda torch: {}, 0.1)
    (figure,) = figures(case, backend("ctorch"), None)
    assert figure.ours > 0
    assert (figure.theirs, figure.value, figure.met) == (None, None, None)
    assert "TORCH=1" in report.summary([figure])


def test_samples_are_medians_of_each_column():
    seconds = iter([1.0, 9.0, 2.0, 3.0, 2.5])
    case = harness.Sampled(["a", "b"], lambda torch: [next(seconds), 4.0], [None, 5.0])
    a, b = figures(case, backend("ctorch"), None)
    assert (a.ours, b.ours) == (2.5, 4.0)


def test_a_target_must_be_met_by_the_best_times_too():
    assert harness.Figure("small", "a", "s", 1e-7, 1e-6, 0.1, 0.15, 0.2).met is False


def test_limits():
    figure, = figures(harness.Limit("wheel", "MB", lambda: 7.0, 15), backend("ctorch"), None)
    assert figure.met is True
    absent, = figures(harness.Limit("wheel", "MB", lambda: None, 15), backend("ctorch"), None)
    assert absent.met is None
    assert "not measured" in report.line(absent)


def test_reports_are_written(tmp_path):
    measured = [harness.Figure("small", "a + b", "s", 1e-7, 1e-6, 0.1, 0.15, 0.12),
                harness.Figure("small", "a * b", "s", 4e-7, 1e-6, 0.4, 0.15, 0.1)]
    written = report.write(measured, "some machine", tmp_path)
    table = (tmp_path / "bench.md").read_text()
    assert "| `a + b` | 100 ns | 1.00 µs | 0.100 | 0.120 | ≤ 0.15 | ✓ |" in table
    assert all(Path(name).stat().st_size > 0 for name in written)
    assert report.geometric_mean(measured) == pytest.approx(0.2)
    assert report.summary(measured).startswith("1 of 2 targets met")

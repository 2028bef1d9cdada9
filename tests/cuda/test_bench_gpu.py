"""The GPU's bench: it runs, tells shares rightly, and claims nothing where nothing was measured."""
import sys
import types
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2]))
from bench import gpu


def test_on_the_software_device_no_speed_is_printed(software, capsys, tmp_path):
    assert gpu.main(["--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert said == (f"software device: {len(gpu.STATEMENTS)} statements and {len(gpu.FIRST)} first uses ran; no speed "
                    "can be told from it\n")
    assert not list(tmp_path.iterdir())


def test_without_a_device_nothing_is_measured(monkeypatch, capsys):
    def init():
        raise RuntimeError("CUDA is not usable")

    monkeypatch.setattr(gpu, "backends", lambda: [types.SimpleNamespace(cuda=types.SimpleNamespace(init=init))])
    assert gpu.main([]) == 1
    said = capsys.readouterr()
    assert said.err == "nothing was measured: CUDA is not usable\n" and not said.out


class Array:
    def numel(self):
        return 1000


def test_shares_are_of_the_copy(monkeypatch):
    """Two backends with given times: a copy of 8 kB in 1 and 2 s, and statements in 2 and 4 s."""
    times = {("ours", "out.copy_(x)"): 1, ("theirs", "out.copy_(x)"): 2}
    monkeypatch.setattr(gpu, "arrays", lambda torch, size: {"x": Array()})
    monkeypatch.setattr(gpu, "caller", lambda torch, statement, values: statement)
    monkeypatch.setattr(gpu, "medians", lambda calls, rounds, least: [
        times.get(call, 2 if call[0] == "ours" else 4) for call in calls])
    most, *figures = gpu.measure(["ours", "theirs"], 1000, 1)
    assert most == 8000
    add = figures[0]
    assert (add.statement, add.ours, add.theirs) == ("x + y", 2, 4)
    assert (add.share, add.their_share) == pytest.approx((0.75, 0.375))
    assert gpu.line(add).split() == ["x", "+", "y", "2.00", "s", "75%", "4.00", "s", "38%", "0.500"]

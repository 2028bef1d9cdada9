"""The example programs run from the command line and reach what they promise."""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def digits(folder, *arguments, backend="ctorch"):
    for name in ("sklearn", "matplotlib", "tqdm"):
        pytest.importorskip(name)
    done = subprocess.run([sys.executable, EXAMPLES / "digits.py", "--out", folder, *arguments],
                          env=os.environ | {"BACKEND": backend}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_digits_learns(tmp_path):
    said = digits(tmp_path)
    rows = re.findall(r"^ +\d+ +[\d.]+ +[\d.]+ +([\d.]+) % +[\d.]+$", said, re.MULTILINE)
    assert len(rows) == 15
    assert float(rows[-1]) >= 98
    assert float(re.search(r"345 steps in ([\d.]+) s", said)[1]) < 60
    assert (tmp_path / "digits.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "digits.pt").stat().st_size > 4 * 29_130


def test_digits_has_the_losses_of_pytorch(tmp_path):
    pytest.importorskip("torch")
    losses = {}
    for backend in ("ctorch", "torch"):
        file = tmp_path / f"{backend}.json"
        digits(tmp_path, "--steps", "50", "--losses", file, backend=backend)
        losses[backend] = json.loads(file.read_text())
    assert len(losses["ctorch"]) == 50
    assert losses["ctorch"] == pytest.approx(losses["torch"], rel=1e-4)


@pytest.mark.parametrize("wrong", [["--epochs", "0"], ["--steps", "many"], ["--speed", "1"]])
def test_digits_refuses_bad_options(wrong):
    done = subprocess.run([sys.executable, EXAMPLES / "digits.py", *wrong], capture_output=True, text=True)
    assert done.returncode == 2
    assert "error:" in done.stderr


SCIENCE = {
    "rosenbrock": r"dy/da = 2\.400000\d+ \(2\.4\)",
    "neural_ode": r"a path not seen: largest error 0\.0\d+",
    "pde_fit": r"error of the field of 324 values: 20\.\d% -> [01]\.\d\d%",
    "bilevel": r"best by SciPy alone  0\.\d{6}",
}


@pytest.mark.parametrize("name", SCIENCE)
def test_science(name):
    done = subprocess.run([sys.executable, "-W", "error", EXAMPLES / "science" / f"{name}.py"], capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr             # each checks itself
    assert re.search(SCIENCE[name], done.stdout), done.stdout


def test_all_of_science_is_tried():
    assert {path.stem for path in (EXAMPLES / "science").glob("*.py")} == set(SCIENCE)

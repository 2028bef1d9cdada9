"""No argument, however wrong, ends the process: calls of all operators with arguments that were somewhat changed.

``CTORCH_MUTATIONS=1000`` makes so many calls of each operator.
"""
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ctorch

HERE = Path(__file__).parent
COUNT = int(os.environ.get("CTORCH_MUTATIONS", "20"))


@pytest.mark.parametrize("seed", range(2))
def test_wrong_arguments_are_survived(seed, tmp_path):
    paths = [str(Path(ctorch.__file__).parent.parent), str(HERE), os.environ.get("PYTHONPATH", "")]
    ran = subprocess.run([sys.executable, HERE / "mutations.py", tmp_path / "last", str(seed), str(COUNT)],
                         env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)}, capture_output=True, text=True)
    assert ran.returncode == 0, (tmp_path / "last").read_text().strip() + "\n" + ran.stderr[-2000:]
    refused, passed = map(int, ran.stdout.split())
    assert refused > 0.2 * (refused + passed) > 0 < passed, ran.stdout      # else nothing was changed, or nothing right

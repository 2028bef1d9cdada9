"""Libraries that take arrays by the standard take ctorch's tensors."""
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.parametrize("library, module", [("scikit_learn", "sklearn"), ("scipy", "scipy")])
def test_library(library, module):
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"needs {module}")
    path = HERE / f"consumers_{library}.py"
    done = subprocess.run([sys.executable, "-W", "ignore", "-m", "pytest", "-W", "ignore", "-q", "--tb=short", path],
                          text=True, capture_output=True, cwd=HERE, timeout=600,
                          env=os.environ | {"SCIPY_ARRAY_API": "1", "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]

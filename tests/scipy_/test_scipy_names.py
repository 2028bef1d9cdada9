"""ctorch.scipy beside SciPy itself: imports, and the examples of its documentation."""
import doctest
import importlib
import subprocess
import sys

import pytest
import scipy

import ctorch


def test_scipy_is_the_real_one_and_comes_late():
    assert ctorch.scipy is not scipy and scipy.__file__ != ctorch.scipy.__file__
    code = ("import sys, ctorch; ctorch.scipy, ctorch.optim\n"
            "sys.exit(any(m.split('.')[0] == 'scipy' for m in sys.modules))")
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("module", ["scipy.optimize._roots", "scipy.optimize._minima", "scipy.integrate._flows",
                                    "scipy.integrate._integrals", "scipy.sparse._matrices", "scipy.sparse.linalg",
                                    "scipy.interpolate", "optim.scipy_minimize"])
def test_examples(module):
    done = doctest.testmod(importlib.import_module(f"ctorch.{module}"))
    assert done.attempted and not done.failed

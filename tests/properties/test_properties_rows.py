"""Every row of the files below, and every function of the modules below, is driven by some case."""

import importlib
import re
import tomllib
from pathlib import Path

import pytest

import ctorch

FILES = (
    "sorting",
    "selection",
    "products",
    "linalg",
    "fft",
    "histograms",
    "signal",
    "windows",
    "resampling",
    "losses",
    "attention",
    "normalization",
    "activations",
)
TESTS = [
    importlib.import_module(f"test_properties_{name}")
    for name in ("sorting", "indexing", "products", "linalg", "fft", "windows", "losses", "layers", "random")
]
CASES = "\n".join(name for module in TESTS for name in module.cases)
SOURCES = "\n".join(Path(module.__file__).read_text() for module in TESTS)
# Rows that are reached only through others, which are driven with and without gradients.
WITHIN = {"_linalg_real": "linalg.eigvals", "_linalg_imag": "linalg.eigvals",
          "_embedding_bag_weights": "embedding_bag"}


@pytest.mark.parametrize("file", FILES)
def test_every_row_is_driven(file):
    rows = tomllib.loads((Path(ctorch.__file__).parent / "ops" / f"{file}.toml").read_text())
    driven = {row for module in TESTS for row in module.ROWS_DRIVEN}
    assert set(rows) - driven - set(WITHIN) == set()


def functions_of(module):
    return {
        name
        for name in dir(module)
        if not name.startswith("_")
        and callable(getattr(module, name))
        and getattr(module, name).__module__.startswith("ctorch")
        and not isinstance(getattr(module, name), type)
    }


@pytest.mark.parametrize("name", ["linalg", "fft", "masked", "nn.functional"])
def test_every_function_is_driven(name):
    module = importlib.import_module(f"ctorch.{name}")
    missing = {
        function
        for function in functions_of(module)
        if not re.search(rf"\b{function.rstrip('_')}\b", CASES + SOURCES)
        and not any(function == f"{stem}{n}d{end}" for stem in STEMS for n in (1, 2, 3) for end in ENDS)
    }
    assert missing <= ELSEWHERE


ELSEWHERE = {"pad"}  # a row of another file
# Names that the cases put together, of a stem, a number of dimensions and an end.
STEMS = (
    "conv",
    "conv_transpose",
    "max_pool",
    "avg_pool",
    "lp_pool",
    "adaptive_avg_pool",
    "adaptive_max_pool",
    "max_unpool",
    "fractional_max_pool",
)
ENDS = ("", "_with_indices")

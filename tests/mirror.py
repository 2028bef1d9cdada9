"""Runs one function on ctorch and on PyTorch and compares what it returns, or what it raises.

What PyTorch returns is kept in ``reference/``, one file per test file, so that the tests run without it.
After a change of the tests, ``pytest --record`` with PyTorch installed writes those files anew.
"""
import atexit
import gzip
import importlib
import json
import os
import warnings
from pathlib import Path

import numpy as np
import pytest

import ctorch

FOLDER = Path(__file__).parent / "reference"
SAMPLE = 24  # elements of a large array that are kept


def _load_torch():
    try:
        return importlib.import_module("torch")
    except ImportError:
        return None


torch = _load_torch()
needs_torch = pytest.mark.skipif(torch is None, reason="needs PyTorch")
recording = False  # set by conftest.py
_files = {}  # what is kept, by path
_calls = {}  # how often each test has called `check`


def torch_with_func():
    """PyTorch after what its forward mode imports, which is out of date and says so; None without it."""
    if torch is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.func.jvp(torch.sin, (torch.ones(1),), (torch.ones(1),))
    return torch


# ---- values

def plain(value):
    """Tensors as arrays and containers as dicts and lists, so that results of both sides can be compared."""
    if hasattr(value, "detach"):
        return value.detach().numpy().copy()
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)) and not hasattr(value, "missing_keys"):
        return [plain(v) for v in value]
    if type(value).__name__ == "dtype" and not isinstance(value, np.dtype):
        return str(value)
    return value


def sampled(array):
    """Elements that stand for a whole array."""
    flat = np.ravel(array)
    return flat if flat.size <= SAMPLE else flat[:: -(-flat.size // SAMPLE)]


def assert_same(ours, theirs, rtol=1e-5, atol=1e-6, where="result"):
    """Equal structure, dtypes and values; floats to the given tolerance."""
    if isinstance(theirs, np.ndarray):
        assert isinstance(ours, np.ndarray), f"{where}: {type(ours)} is no tensor"
        assert ours.dtype == theirs.dtype, where
        assert ours.shape == theirs.shape, where
        if theirs.dtype.kind in "fc":
            np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol, err_msg=where)
        else:
            np.testing.assert_array_equal(ours, theirs, err_msg=where)
    elif isinstance(theirs, Kept):
        assert ours.dtype == theirs.dtype, where
        assert list(ours.shape) == theirs.shape, where
        np.testing.assert_allclose(sampled(ours), theirs.values, rtol=rtol, atol=atol, err_msg=where)
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs), where
        for key in theirs:
            assert_same(ours[key], theirs[key], rtol, atol, f"{where}[{key!r}]")
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs), where
        for i, (mine, other) in enumerate(zip(ours, theirs)):
            assert_same(mine, other, rtol, atol, f"{where}[{i}]")
    elif isinstance(theirs, float):
        assert ours == pytest.approx(theirs, rel=rtol, abs=atol, nan_ok=True), where
    else:
        assert ours == theirs, where


# ---- what PyTorch returned

class Kept:
    """Dtype, shape and some elements of an array."""

    def __init__(self, dtype, shape, values):
        self.dtype = np.dtype(dtype)
        self.shape = shape
        if self.dtype.kind == "c":           # kept as pairs of real numbers
            self.values = np.array(values, dtype=f"f{self.dtype.itemsize // 2}").view(self.dtype)
        else:
            self.values = np.array(values, dtype=self.dtype)


def encoded(value):
    """A plain value as JSON has it."""
    if isinstance(value, np.ndarray):
        some = np.ascontiguousarray(sampled(value))
        some = some.view(f"f{value.dtype.itemsize // 2}") if value.dtype.kind == "c" else some
        return {"array": [value.dtype.str, list(value.shape), some.tolist()]}
    if isinstance(value, dict):
        return {"dict": [[key, encoded(v)] for key, v in value.items()]}
    if isinstance(value, list):
        return [encoded(v) for v in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, bytes):
        return {"bytes": value.decode("latin-1")}
    raise TypeError(f"a test returns {type(value)}, which cannot be kept")


def decoded(value):
    if isinstance(value, list):
        return [decoded(v) for v in value]
    if not isinstance(value, dict):
        return value
    (kind, content), = value.items()
    if kind == "array":
        return Kept(*content)
    if kind == "bytes":
        return content.encode("latin-1")
    return {key: decoded(v) for key, v in content}


def _file_of(path):
    if path not in _files:
        _files[path] = (
            json.loads(gzip.decompress(path.read_bytes())) if path.exists() and not recording else {}
        )
    return _files[path]


def _write():
    for path, entries in _files.items():
        FOLDER.mkdir(exist_ok=True)
        text = json.dumps(entries, separators=(",", ":"), sort_keys=True)
        path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def _place():
    """File and key of the present call of `check`."""
    file, _, name = os.environ["PYTEST_CURRENT_TEST"].rpartition(" ")[0].partition("::")
    count = _calls[file, name] = _calls.get((file, name), -1) + 1
    return FOLDER / (Path(file).stem + ".json.gz"), f"{name}#{count}"


# ---- the comparison

def outcome(fn, module):
    """What ``fn(module)`` returns, or name and text of what it raises, and the names of its warnings."""
    module.manual_seed(1234)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        result, error = None, None
        try:
            result = plain(fn(module))
        except Exception as caught:
            error = caught
    return result, error, [w.category.__name__ for w in seen]


def theirs_of(fn):
    """PyTorch's outcome: fresh where it is installed, else kept; errors as (name, text)."""
    path, key = _place()
    if torch is None:
        entry = _file_of(path).get(key)
        if entry is None:
            pytest.skip("needs PyTorch: nothing is kept of this test")
        return decoded(entry["result"]), entry["error"], entry["warnings"]
    result, error, seen = outcome(fn, torch)
    error = None if error is None else [type(error).__name__, str(error)]
    if recording:
        if not _files:
            atexit.register(_write)
        _file_of(path)[key] = {"result": encoded(result), "error": error, "warnings": seen}
    return result, error, seen


def check(fn, rtol=1e-5, atol=1e-6, message=False, warn=True):
    """Assert that ``fn(ctorch)`` and ``fn(torch)`` return the same, or raise the same class of exception.

    With `message` the exceptions' texts must agree too, with `warn` the classes of the warnings. Returns
    ctorch's result.
    """
    theirs, their_error, their_warnings = theirs_of(fn)
    ours, error, our_warnings = outcome(fn, ctorch)
    if their_error is not None:
        assert error is not None, f"PyTorch raises {their_error}, ctorch returns {ours!r}"
        assert type(error).__name__ == their_error[0], f"PyTorch raises {their_error}, ctorch {error!r}"
        if message:
            assert str(error) == their_error[1]
    elif error is not None:
        raise error
    else:
        assert_same(ours, theirs, rtol, atol)
    if warn:
        assert our_warnings == their_warnings
    return ours

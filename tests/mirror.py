"""Runs one function on ctorch and on PyTorch and compares what it returns, or what it raises."""
import warnings

import numpy as np
import pytest

import ctorch

torch = pytest.importorskip("torch")


def plain(value):
    """Tensors as arrays and containers as dicts and lists, so that results of both sides can be compared."""
    if isinstance(value, (ctorch.Tensor, torch.Tensor)):
        return value.detach().numpy().copy()
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)) and not hasattr(value, "missing_keys"):
        return [plain(v) for v in value]
    if isinstance(value, (ctorch.dtype, torch.dtype)):
        return str(value)
    return value


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


def outcome(fn, module):
    """What ``fn(module)`` returns, or the exception that it raises, and the classes of its warnings."""
    module.manual_seed(1234)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            result = plain(fn(module))
        except Exception as error:
            result = error
    return result, [w.category for w in seen]


def check(fn, rtol=1e-5, atol=1e-6, message=False):
    """Assert that ``fn(ctorch)`` and ``fn(torch)`` return the same, or raise the same class of exception.

    With `message` the exceptions' texts must agree too.
    """
    ours, our_warnings = outcome(fn, ctorch)
    theirs, their_warnings = outcome(fn, torch)
    if isinstance(theirs, Exception):
        assert isinstance(ours, Exception), f"PyTorch raises {theirs!r}, ctorch returns {ours!r}"
        assert type(ours) is type(theirs), f"PyTorch raises {theirs!r}, ctorch {ours!r}"
        if message:
            assert str(ours) == str(theirs)
    elif isinstance(ours, Exception):
        raise ours
    else:
        assert_same(ours, theirs, rtol, atol)
    assert our_warnings == their_warnings
    return ours

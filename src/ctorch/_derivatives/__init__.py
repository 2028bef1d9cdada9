"""Derivatives of table rows that are easiest said with other operators, a file for each subject.

The generated backward functions call these; under ``create_graph`` they are recorded like anything else. A formula
names the function alone: its file is found, and read, when it is first needed.
"""
from importlib import import_module

# Linear algebra is the longest, and last.
_FILES = ("reductions", "products", "normalization", "losses", "attention", "selection", "windows", "fft", "scans",
          "linalg")


def __getattr__(name):
    if name in _FILES or name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    for file in _FILES:
        if hasattr(module := import_module(f"{__name__}.{file}"), name):
            globals()[name] = getattr(module, name)
            return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def no_derivative(name):
    """PyTorch has none, and says so when it is asked for."""
    raise NotImplementedError(f"derivative for {name} is not implemented")

"""Automatic differentiation: gradients as a function, checks of gradients, and the modes of recording."""
import importlib

from ctorch._grad_mode import (
    enable_grad,
    inference_mode,
    is_multithreading_enabled,
    no_grad,
    set_grad_enabled,
    set_multithreading_enabled,
)
from ctorch.autograd import function, grad_mode, graph
from ctorch.autograd._gradients import backward, grad
from ctorch.autograd.anomaly_mode import detect_anomaly, set_detect_anomaly
from ctorch.autograd.function import Function, FunctionCtx
from ctorch.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from ctorch.autograd.variable import Variable

__all__ = ["Function", "FunctionCtx", "GradcheckError", "Variable", "backward", "detect_anomaly", "enable_grad",
           "function", "grad", "grad_mode", "gradcheck", "gradgradcheck", "graph", "inference_mode",
           "is_multithreading_enabled", "no_grad", "set_detect_anomaly", "set_grad_enabled",
           "set_multithreading_enabled"]

_LAZY = ("forward_ad", "functional", "profiler", "profiler_util")     # imported when they are first asked for


def __getattr__(name):
    if name in _LAZY:
        return importlib.import_module(f"ctorch.autograd.{name}")
    raise AttributeError(f"module 'ctorch.autograd' has no attribute {name!r}")

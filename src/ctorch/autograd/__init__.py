"""Automatic differentiation: gradients as a function, checks of gradients, and the modes of recording."""
from ctorch._function import Function, FunctionCtx
from ctorch._grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from ctorch.autograd._gradients import backward, grad
from ctorch.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from ctorch.autograd.variable import Variable

__all__ = ["Function", "FunctionCtx", "GradcheckError", "Variable", "backward", "enable_grad", "grad", "gradcheck",
           "gradgradcheck",
           "inference_mode", "no_grad", "set_grad_enabled"]

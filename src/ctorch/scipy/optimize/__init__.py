"""Roots, fixed points and minima as differentiable functions of parameters."""
from ctorch.scipy.optimize._minima import minimize
from ctorch.scipy.optimize._roots import fixed_point, root

__all__ = ["fixed_point", "minimize", "root"]

"""Initial value problems and integrals as differentiable functions of parameters."""
from ctorch.scipy.integrate._flows import solve_ivp
from ctorch.scipy.integrate._integrals import quad

__all__ = ["quad", "solve_ivp"]

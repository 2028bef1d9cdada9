"""SciPy's solvers as differentiable functions of tensors: ``ctorch.scipy``.

SciPy does the numerical work, in float64 on the CPU. ctorch gives it exact derivatives of the functions that it works
on, and makes the result a tensor of the graph by the implicit function theorem, the adjoint method or Leibniz' rule:
nothing of the solver's steps is recorded, and gradients of any order are to be had.

Functions of the user's are called with tensors and return one. They depend on

- the tensors in `args`, which may be results of other operations;
- tensors that they close over, as the parameters of a network: the leaves of the graph that their first value was made
  from are found by themselves; `params` gives others in their place.

Tensors of float32, float16 and bfloat16 are computed in float64, and the result comes back in the dtype that came in. A
function that does not take float64, as a network of float32, is called with the dtype of its own variables; tolerances
are then to be chosen accordingly. Complex unknowns are solved for as pairs of real numbers.
"""
from ctorch.scipy import integrate, interpolate, optimize, sparse

__all__ = ["integrate", "interpolate", "optimize", "sparse"]

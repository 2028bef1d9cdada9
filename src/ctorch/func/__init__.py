"""Transforms of functions: PyTorch's module ``torch.func``."""
from ctorch.func._forward import jacfwd, jvp, linearize
from ctorch.func._functionalize import functionalize
from ctorch.func._modules import functional_call, replace_all_batch_norm_modules_, stack_module_state
from ctorch.func._reverse import grad, grad_and_value, hessian, jacrev, vjp
from ctorch.func._vmap import vmap

__all__ = ["functional_call", "functionalize", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp",
           "linearize", "replace_all_batch_norm_modules_", "stack_module_state", "vjp", "vmap"]

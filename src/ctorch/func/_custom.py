"""autograd.Functions in vmap, by the rule that they bring."""
from collections import namedtuple

from ctorch._batched import levels, open_levels, resume_level, suspend_level
from ctorch._core import Tensor
from ctorch._levels import enter_dim, has_level, leave_dim
from ctorch.autograd.function import Function
from ctorch.utils._pytree import broadcast_prefix, tree_flatten, tree_unflatten

__all__ = ["VmapInfo", "apply", "has_rule"]

MORE = "For more details, please see https://pytorch.org/docs/main/notes/extending.func.html"
VmapInfo = namedtuple("VmapInfo", ("batch_size", "randomness"))


def has_rule(cls):
    """Whether `apply` is to run a Function on batched tensors, and not the rule that is generated for it."""
    if cls.generate_vmap_rule and cls.vmap is not Function.vmap:
        raise RuntimeError(f"You tried to vmap over {cls.__name__}, but it has both generate_vmap_rule=True and an "
                           "overridden vmap staticmethod. Please set generate_vmap_rule=False or delete the "
                           f"overridden vmap staticmethod to avoid ambiguity. {MORE}")
    return not cls.generate_vmap_rule


def apply(cls, args, kwargs):
    """Run a Function on batched tensors by its ``vmap``."""
    if cls.setup_context is Function.setup_context:
        raise RuntimeError("In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, jacrev, "
                           f"...), it must override the setup_context staticmethod. {MORE}")
    if cls.vmap is Function.vmap:
        raise RuntimeError(f"You tried to vmap over {cls.__name__}, but it does not have vmap support. Please override "
                           f"and implement the vmap staticmethod or set generate_vmap_rule=True. {MORE}")
    if kwargs:
        raise NotImplementedError(f"{cls.__name__}.apply: keyword arguments in vmap; give {', '.join(kwargs)} by place")
    leaves, spec = tree_flatten(args)
    number, size = max(level for x in leaves if isinstance(x, Tensor) for level in levels(x))
    dims = [0 if isinstance(x, Tensor) and has_level(x, number) else None for x in leaves]
    given = [x if d is None else leave_dim(x, number, size, 0) for x, d in zip(leaves, dims)]
    randomness = next((r for n, _, r in open_levels() if n == number), "error")
    held = suspend_level(number)
    try:
        result = cls.vmap(VmapInfo(size, randomness), tree_unflatten(dims, spec), *tree_unflatten(given, spec))
    finally:
        resume_level(held)
    if not isinstance(result, tuple) or len(result) != 2:
        raise RuntimeError("Expected the vmap staticmethod to have two returns, an output and out_dims with pytree "
                           f"structure compatible with the output. Got a {type(result)} instead")
    return _entered(cls, *result, number, size)


def _entered(cls, output, out_dims, number, size):
    leaves, spec = tree_flatten(output)
    dims = broadcast_prefix(out_dims, spec)
    if dims is None:
        raise RuntimeError("The autograd.Function's vmap staticmethod returned an incompatible (output, out_dims) "
                           f"tuple. Expected out_dims={out_dims} to be compatible with the structure of "
                           f"`output`. out_dims has structure {tree_flatten(out_dims)[1]} but output has structure "
                           f"{spec}. {MORE}")
    for x, d in zip(leaves, dims):
        if d is not None and x.shape[d] != size:
            raise RuntimeError(f"The autograd.Function {cls.__name__}'s vmap staticmethod returned an output of size "
                               f"{x.shape[d]} in dimension {d}, expected the batch size {size}")
    return tree_unflatten([x if d is None else enter_dim(x, number, d % x.ndim) for x, d in zip(leaves, dims)], spec)

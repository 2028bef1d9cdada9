"""What the transforms ask of their arguments: which of them are meant, real numbers, pairs of result and more."""
from ctorch._core import Tensor
from ctorch.utils._pytree import tree_leaves


def _place(argnum, count):
    if not isinstance(argnum, int):
        raise RuntimeError(f"argnum must be int, got: {type(argnum)}")
    if not -count <= argnum < count:
        raise RuntimeError(f"Got argnum={argnum}, but only {count} positional inputs")
    return argnum % count


def places(argnums, count):
    """Which of `count` positional arguments are meant, as a tuple."""
    if isinstance(argnums, int):
        return (_place(argnums, count),)
    if not isinstance(argnums, tuple):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    found = tuple([_place(a, count) for a in argnums])
    if not found:
        raise RuntimeError("argnums must be non-empty")
    if len(set(found)) != len(found):
        raise RuntimeError(f"argnums elements must be unique, got {argnums}")
    return found


def with_aux(result, has_aux, who):
    """What a function returned: its outputs, and what came beside them or None."""
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise RuntimeError(f"{who}: output of function f should be a tuple: (output, aux) if has_aux is True")
    return result


def need_real(who, tree, kind):
    for k, x in enumerate(tree_leaves(tree)):
        if isinstance(x, Tensor) and x.is_complex():
            raise RuntimeError(f"{who}: Expected all {kind} to be real but received complex tensor at flattened input "
                               f"idx: {k}")

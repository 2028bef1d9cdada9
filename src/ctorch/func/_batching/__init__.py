"""How kernel rows run on batched tensors; the core comes here through ctorch._accelerator.

A row's key `vmap` in the table says how: "front" where its kernel takes further dimensions in front of every tensor,
"fold" where these can be merged into the first dimension, and "own" where a function of the row's name in the module of
its file does it. A row without the key is refused.
"""
from importlib import import_module

from ctorch import _functions
from ctorch._batched import union
from ctorch._gen.batching_table import ROWS
from ctorch.func._batching._indexing import index, index_put
from ctorch.func._batching._shapes import fold, front

__all__ = ["forward", "index", "index_put", "where"]

where = _functions.where
_found = {}


def forward(name, args):
    """The result of a kernel row on batched tensors; `args` are those of its C function, whose name is given."""
    rule = _found.get(name)
    if rule is None:
        rule = _found[name] = _rule(*ROWS[name])
    return rule(union(args), *args)


def _rule(row, module, kinds, how):
    # kinds: for each argument what it is to a rule, and by which name it is given if by name
    if how == "own":
        return getattr(import_module(f"ctorch.func._batching.{module}"), row.lstrip("_"))
    if how in ("front", "fold"):
        return (front if how == "front" else fold)(getattr(_functions, row), kinds)

    def refuse(levels, *args):
        x = next(a for a in args if hasattr(a, "dtype"))
        raise NotImplementedError(f"vmap: {row.lstrip('_')} has no batching rule (device {x.device}, dtype {x.dtype}); "
                                  "its result has no shape that is the same for all examples, or nobody wrote one")
    return refuse

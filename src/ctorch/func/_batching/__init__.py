"""How kernel rows run on batched tensors; the core comes here through ctorch._accelerator.

A row's key `vmap` in the table says how: "itself" where it changes the geometry alone, so that it need not come here;
"front" where its kernel takes further dimensions in front of every tensor; "aligned" where it broadcasts batches of
matrices; "fold" where these can be merged into the first dimension; and "own" where a function of the row's name in the
module of its file does it. A row without the key is refused.
"""
from importlib import import_module

from ctorch import _functions
from ctorch._batched import union
from ctorch._gen.batching_table import ROWS
from ctorch.func._batching._indexing import index, index_put
from ctorch.func._batching._shapes import aligned, fold, front

__all__ = ["forward", "index", "index_put", "rule_of", "where"]

where = _functions.where
RULES = {"front": front, "aligned": aligned, "fold": fold}
_found = {}


def forward(name, args):
    """The result of a kernel row on batched tensors; `args` are those of its C function, whose name is given."""
    return rule_of(name)(union(args), *args)


def rule_of(name):
    """The batching rule of the row with this C function."""
    rule = _found.get(name)
    if rule is None:
        rule = _found[name] = _rule(*ROWS[name])
    return rule


def _rule(row, module, kinds, how):
    # kinds: for each argument what it is to a rule, its name, and whether it is given by that
    if how == "own":
        return getattr(import_module(f"ctorch.func._batching.{module}"), row.lstrip("_"))
    if how in RULES:
        return RULES[how](getattr(_functions, row), kinds)

    def refuse(levels, *args):
        x = next(a for a in args if hasattr(a, "dtype"))
        raise NotImplementedError(f"vmap: {row.lstrip('_')} has no batching rule (device {x.device}, dtype {x.dtype}); "
                                  "its result has no shape that is the same for all examples, or nobody wrote one")
    return refuse

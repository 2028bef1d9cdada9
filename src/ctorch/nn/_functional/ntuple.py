"""Arguments that are one number or one per dimension."""
from collections.abc import Iterable
from itertools import repeat


def _ntuple(n, name="parse"):
    def parse(value):
        return tuple(value) if isinstance(value, Iterable) else tuple(repeat(value, n))

    parse.__name__ = name
    return parse


_single = _ntuple(1, "_single")
_pair = _ntuple(2, "_pair")
_triple = _ntuple(3, "_triple")
_quadruple = _ntuple(4, "_quadruple")

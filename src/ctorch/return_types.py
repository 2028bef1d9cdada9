"""The named tuples that some operators return."""
from collections import namedtuple

_FIELDS = {
    "values indices": ("sort", "topk", "kthvalue", "median", "nanmedian", "mode", "cummax", "cummin"),
    "min max": ("aminmax",),
    "hist bin_edges": ("histogram", "histogramdd"),
}

__all__ = [name for names in _FIELDS.values() for name in names]

globals().update({name: namedtuple(name, fields) for fields, names in _FIELDS.items() for name in names})

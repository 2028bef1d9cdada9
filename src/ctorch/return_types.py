"""The named tuples that some operators return."""
from collections import namedtuple

__all__ = ["aminmax", "cummax", "cummin", "histogram", "histogramdd", "kthvalue", "median", "mode", "nanmedian", "sort",
           "topk"]

cummax = namedtuple("cummax", "values indices")
cummin = namedtuple("cummin", "values indices")
kthvalue = namedtuple("kthvalue", "values indices")
median = namedtuple("median", "values indices")
mode = namedtuple("mode", "values indices")
nanmedian = namedtuple("nanmedian", "values indices")
sort = namedtuple("sort", "values indices")
topk = namedtuple("topk", "values indices")
aminmax = namedtuple("aminmax", "min max")
histogram = namedtuple("histogram", "hist bin_edges")
histogramdd = namedtuple("histogramdd", "hist bin_edges")

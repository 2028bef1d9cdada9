"""Classes of results with named parts: PyTorch's module ``torch.return_types``."""
from collections import namedtuple

from ctorch._composites.reductions import Extremum as _Extremum

__all__ = ["all_return_types", "aminmax", "cummax", "cummin", "histogram", "histogramdd", "kthvalue", "max", "median",
           "min", "mode", "nanmedian", "sort", "topk"]

max, min = _Extremum["max"], _Extremum["min"]
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
all_return_types = [max, min, cummax, cummin, kthvalue, median, mode, nanmedian, sort, topk, aminmax, histogram,
                    histogramdd]

"""Classes of results with named parts: PyTorch's module ``torch.return_types``."""
from ctorch._composites.reductions import Extremum as _Extremum

__all__ = ["all_return_types", "max", "min"]

max, min = _Extremum["max"], _Extremum["min"]
all_return_types = [max, min]

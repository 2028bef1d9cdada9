"""The Python array API standard on tensors: its functions by its names, keywords, promotion and defaults.

``x.__array_namespace__()`` of a tensor is this module, which is how SciPy and scikit-learn find it. All of version
2024.12 is here, the extensions ``linalg`` and ``fft`` too, and what 2025.12 added to it (`isin`, `broadcast_shapes`,
``linalg.eig`` and others). See https://data-apis.org/array-api/2024.12/

Examples
--------
>>> import ctorch
>>> x = ctorch.tensor([[1, 2], [3, 4]], dtype=ctorch.uint8)
>>> xp = x.__array_namespace__()
>>> xp.sum(x, axis=0)
tensor([4, 6], dtype=torch.uint64)
"""
import math as _math

import ctorch as _ctorch
from ctorch import device as Device

from . import (
    _creation,
    _data_types,
    _elementwise,
    _indexing,
    _info,
    _manipulation,
    _products,
    _searching,
    _sets,
    _sorting,
    _statistical,
    _utility,
    fft,
    linalg,
)

__array_api_version__ = "2024.12"
_VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12", "2025.12")
_PARTS = (_creation, _data_types, _elementwise, _indexing, _info, _manipulation, _products, _searching, _sets,
          _sorting, _statistical, _utility)
_DTYPES = (*_data_types.KINDS["bool"], *_data_types.KINDS["numeric"], "float16", "bfloat16")

e, inf, nan, pi, newaxis = _math.e, _math.inf, _math.nan, _math.pi, None
globals().update({name: getattr(_ctorch, name) for name in _DTYPES})
for _part in _PARTS:
    globals().update({name: getattr(_part, name) for name in _part.__all__})
del _part
# ctorch's own, by NumPy's names: scikit-learn goes through NumPy where a namespace has none
bincount = _ctorch.bincount

__all__ = ["Device", "__array_api_version__", "bincount", "e", "fft", "inf", "linalg", "nan", "newaxis", "pi",
           *_DTYPES, *(name for part in _PARTS for name in part.__all__)]


def _namespace(api_version):
    # This module, where it is of the version asked for.
    if api_version is not None and api_version not in _VERSIONS:
        raise ValueError(f"__array_namespace__: api_version is one of {', '.join(_VERSIONS)}, got {api_version!r}")
    import ctorch.array_api
    return ctorch.array_api

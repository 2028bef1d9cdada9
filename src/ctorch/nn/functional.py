"""Functions behind the layers, for use without modules."""
# ruff: noqa: F403
from ._functional.activation import *
from ._functional.activation import __all__ as _activation
from ._functional.layers import *
from ._functional.layers import __all__ as _layers
from ._functional.loss import *
from ._functional.loss import __all__ as _loss
from ._functional.normalization import *
from ._functional.normalization import __all__ as _normalization

__all__ = sorted([*_activation, *_layers, *_loss, *_normalization])

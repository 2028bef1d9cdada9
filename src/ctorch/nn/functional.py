"""Functions behind the layers, for use without modules."""
# ruff: noqa: F403
from ._functional.activation import *
from ._functional.activation import __all__ as _activation
from ._functional.attention import *
from ._functional.attention import __all__ as _attention
from ._functional.conv import *
from ._functional.conv import __all__ as _conv
from ._functional.dropout import *
from ._functional.dropout import __all__ as _dropout
from ._functional.layers import *
from ._functional.layers import __all__ as _layers
from ._functional.loss import *
from ._functional.loss import __all__ as _loss
from ._functional.margins import *
from ._functional.margins import __all__ as _margins
from ._functional.normalization import *
from ._functional.normalization import __all__ as _normalization
from ._functional.pooling import *
from ._functional.pooling import __all__ as _pooling
from ._functional.resampling import *
from ._functional.resampling import __all__ as _resampling
from ._functional.sparse import *
from ._functional.sparse import __all__ as _sparse

__all__ = sorted([
    *_activation, *_attention, *_conv, *_dropout, *_layers, *_loss,
    *_margins, *_normalization, *_pooling, *_resampling, *_sparse,
])

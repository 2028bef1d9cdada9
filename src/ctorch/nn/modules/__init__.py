# ruff: noqa: F403
"""The layers, one file per family."""
from . import (
    activation,
    batchnorm,
    container,
    conv,
    distance,
    dropout,
    flatten,
    linear,
    loss,
    normalization,
    padding,
    pixelshuffle,
    pooling,
    sparse,
)
from .activation import *
from .batchnorm import *
from .container import *
from .conv import *
from .distance import *
from .dropout import *
from .flatten import *
from .linear import *
from .loss import *
from .module import Module as Module
from .normalization import *
from .padding import *
from .pixelshuffle import *
from .pooling import *
from .sparse import *

__all__ = sorted({
    "Module",
    *(name for family in (activation, batchnorm, container, conv, distance, dropout, flatten, linear, loss,
                          normalization, padding, pixelshuffle, pooling, sparse)
      for name in family.__all__),
})

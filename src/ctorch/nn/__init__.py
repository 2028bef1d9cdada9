# ruff: noqa: F403
"""Neural networks: modules, their functions, initial values and utilities."""
# All public names are exported; an `__all__` added up from parts would hide them from type checkers.
from . import functional as functional
from . import init as init
from . import modules as modules
from . import parameter as parameter
from . import utils as utils
from .modules import *
from .parameter import Buffer as Buffer
from .parameter import Parameter as Parameter

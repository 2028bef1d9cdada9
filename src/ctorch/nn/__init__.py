# ruff: noqa: F403
"""Neural networks: modules, their functions, initial values and utilities."""
from . import functional, init, modules, parameter, utils
from .modules import *
from .parameter import Buffer, Parameter

__all__ = ["Buffer", "Parameter", "functional", "init", "modules", "parameter", "utils", *modules.__all__]

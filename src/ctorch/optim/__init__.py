"""Optimizers and schedules of their learning rates."""
from . import lr_scheduler
from .adam import Adam
from .adamw import AdamW
from .optimizer import Optimizer
from .scipy_minimize import ScipyMinimize
from .sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "ScipyMinimize", "lr_scheduler"]

"""Normalisation and dropout, written with other operators."""
import ctorch
from ctorch import _functions as ops


def batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps, cudnn_enabled=False):
    return ops._batch_norm(input, weight, bias, running_mean, running_var, training,
                           0.0 if momentum is None else momentum, eps)[0]


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-05, cudnn_enable=False):
    return ops._layer_norm(input, tuple(normalized_shape), weight, bias, eps)[0]


def dropout(input, p, train):
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not train or p == 0 or input.numel() == 0:
        return input * 1 if train else input
    if p == 1:
        return input * 0
    return input * ctorch._random_functions.dropout_mask(input, p)

"""The part of gradcheck that is about forward mode: columns of Jacobians against central differences."""
import numpy as np

import ctorch
from ctorch.autograd.forward_ad import dual_level, make_dual, unpack_dual


def _outputs(func, inputs, tangents, floats):
    # The tangents of the outputs of floats, as tensors; `tangents` has None where an input is constant.
    with dual_level():
        given = [x if t is None else make_dual(x.detach(), t) for x, t in zip(inputs, tangents)]
        found = floats(func(given))
        return [ctorch.zeros_like(y.detach()) if t is None else t
                for y, t in ((y, unpack_dual(y).tangent) for y in found)]


def column(func, inputs, place, tangent, floats):
    """What a function's outputs change by, along a direction of the input at a place."""
    return _outputs(func, inputs, [tangent if k == place else None for k in range(len(inputs))], floats)


def jacobians(func, inputs, place, floats, parts, directions):
    """d outputs / d an input, a column for each part of it; None where it has no elements."""
    x, columns = inputs[place], []
    for index in np.ndindex(*x.shape):
        for direction in directions(x):
            tangent = ctorch.zeros(x.shape, dtype=x.dtype)
            tangent[index] = direction
            columns.append([parts(t) for t in column(func, inputs, place, tangent, floats)])
    return [np.stack(rows, 1) for rows in zip(*columns)] if columns else None


def batched(func, inputs, place, tangents, floats):
    """The outputs' tangents for several directions at once, and one after the other."""
    several = ctorch.func.vmap(lambda t: tuple(column(func, inputs, place, t, floats)))(ctorch.stack(tangents))
    each = zip(*(column(func, inputs, place, t, floats) for t in tangents))
    return [(a, ctorch.stack(rows)) for a, rows in zip(several, each)]

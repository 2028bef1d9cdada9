"""Shapes and strides of several operands, merged for a kernel and packed as it reads them."""
import math
import struct

from ctorch.cuda import _compiler

MOST_DIMS = 8                        # of struct Layout in kernels/loops.cuh, after merging
TYPES = {name: store for name, (store, _) in _compiler.TYPES.items()}        # of elements in memory
REAL = {"complex64": "float32", "complex128": "float64"}


def category_of(dtype) -> str:
    """int (bool too), float or complex."""
    return "complex" if dtype.is_complex else "float" if dtype.is_floating_point else "int"


def stretched(tensor, shape) -> list[int]:
    """Strides of a tensor that broadcasts to a shape."""
    missing = len(shape) - tensor.dim()
    own = [0 if size == 1 else stride for size, stride in zip(tensor.shape, tensor.stride())]
    return [0] * missing + own


def merged(shape, strides) -> tuple[list[int], list[list[int]]]:
    """The same walk in fewer dimensions: sizes of one dropped, neighbours that lie evenly joined.

    Parameters
    ----------
    shape : sequence of int
    strides : list of list of int
        Of each operand; the first decides the order of the dimensions.

    Returns
    -------
    tuple
        The shape, and the strides of each operand.
    """
    dims = [(size, [s[d] for s in strides]) for d, size in enumerate(shape) if size != 1]
    dims.sort(key=lambda dim: -abs(dim[1][0]))
    joined = []
    for size, steps in dims:
        if joined and all(outer == step * size for outer, step in zip(joined[-1][1], steps)):
            joined[-1] = (joined[-1][0] * size, steps)
        else:
            joined.append((size, steps))
    joined = joined or [(1, [0] * len(strides))]
    return [size for size, _ in joined], [list(steps) for steps in zip(*(steps for _, steps in joined))]


def packed(op, shape, strides) -> bytes:
    """A struct Layout.

    Raises
    ------
    NotImplementedError
        Where more than eight dimensions are left after merging.
    """
    sizes, steps = merged(shape, strides)
    if len(sizes) > MOST_DIMS:
        raise NotImplementedError(f"{op}: more than {MOST_DIMS} dimensions that cannot be merged are not implemented "
                                  f"for device 'cuda'; shape {tuple(shape)}")
    pad = [0] * (MOST_DIMS - len(sizes))
    values = [math.prod(sizes), len(sizes), *sizes, *pad]
    for own in steps:
        values += [*own, *pad]
    return struct.pack(f"{len(values)}q", *values)

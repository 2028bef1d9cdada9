"""vmap: a function of one example, run on many at once."""
import functools

from ctorch._batched import close_level, open_level
from ctorch._core import Tensor
from ctorch._joining import cat
from ctorch._levels import enter_dim, has_level, leave_dim, write_changes
from ctorch.utils._pytree import broadcast_prefix, tree_flatten, tree_structure, tree_unflatten

__all__ = ["restore_vmap", "vmap"]

_RANDOMNESS = ("error", "different", "same")


def vmap(func, in_dims=0, out_dims=0, randomness="error", *, chunk_size=None):
    """A function that runs `func` on each of the examples along a dimension of its arguments, all at once.

    See https://docs.pytorch.org/docs/stable/generated/torch.func.vmap.html

    Inside of `func` tensors have the shapes of one example. An operator that has no rule for many raises; nothing is
    run in a loop.

    Parameters
    ----------
    func : callable
        Takes tensors, or nests of them in tuples, lists and dicts, and returns such.
    in_dims : int or tuple
        The dimension of each argument that counts the examples; None for what is the same in all. It may be a nest
        that follows the arguments from the top down.
    out_dims : int or tuple
        Where the examples are counted in each result.
    randomness : {"error", "different", "same"}
        Whether random operators raise, give each example numbers of its own, or all of them the same.
    chunk_size : int, optional
        Run so many examples at a time, to save memory.

    Returns
    -------
    callable
        Takes the arguments of `func` with the further dimension.

    Examples
    --------
    >>> import ctorch
    >>> x, y = ctorch.arange(6.).view(3, 2), ctorch.tensor([1., 10.])
    >>> ctorch.func.vmap(ctorch.dot, in_dims=(0, None))(x, y)
    tensor([10., 32., 54.])
    """
    if randomness not in _RANDOMNESS:
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func)
    def batched(*args, **kwargs):
        size, dims, leaves, spec = _inputs(func, in_dims, args)
        if chunk_size is None or size <= chunk_size:
            return _run(func, size, dims, leaves, spec, out_dims, randomness, kwargs)
        return _in_chunks(func, size, dims, leaves, spec, out_dims, randomness, kwargs, chunk_size)

    return batched


def _name(func):
    return getattr(func, "__name__", None) or repr(func)


def _inputs(func, in_dims, args):
    """Number of examples; dimension of each leaf of the arguments; the leaves and how they are nested."""
    if type(in_dims) is int and all(type(a) is Tensor for a in args):     # most calls
        dims, leaves, spec = [in_dims] * len(args), list(args), None
    else:
        dims, leaves, spec = _nested_inputs(func, in_dims, args)
    if not leaves:
        raise ValueError(f"vmap({_name(func)})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are "
                         "trying to vmap over a function with no inputs. The latter is unsupported.")
    size = None
    for i, (x, dim) in enumerate(zip(leaves, dims)):
        if dim is None:
            continue
        n = x.ndim
        if not -n <= dim < n:
            raise ValueError(f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>): Got in_dim={dim} for some input, "
                             f"but that input is a Tensor of dimensionality {n} so expected in_dim to satisfy "
                             f"-{n} <= in_dim < {n}.")
        if dim < 0:
            dims[i] = dim = dim + n
        if size is None:
            size = x.shape[dim]
        elif size != x.shape[dim]:
            sizes = [x.shape[d] for x, d in zip(leaves, dims) if d is not None]
            raise ValueError("vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
                             f"{sizes} for the mapped dimension")
    if size is None:
        raise ValueError("vmap: at least one of the inputs must have a dimension that is mapped over; in_dims is None "
                         "for all of them")
    return size, dims, leaves, spec


def _nested_inputs(func, in_dims, args):
    where = f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>): "
    if not isinstance(in_dims, (int, tuple)):
        raise ValueError(f"{where}expected `in_dims` to be int or a (potentially nested) tuple matching the structure "
                         f"of inputs, got: {type(in_dims)}.")
    if not args:
        return [], [], None
    leaves, spec = tree_flatten(args)
    dims = broadcast_prefix(in_dims, spec)
    if dims is None:
        raise ValueError(f"{where}in_dims is not compatible with the structure of `inputs`. in_dims has structure "
                         f"{tree_structure(in_dims)} but inputs has structure {spec}.")
    for x, dim in zip(leaves, dims):
        if dim is None:
            continue
        if not isinstance(dim, int):
            raise ValueError(f"{where}Got in_dim={dim} for an input but in_dim must be either an integer dimension or "
                             "None.")
        if not isinstance(x, Tensor):
            raise ValueError(f"{where}Got in_dim={dim} for an input but the input is of type {type(x)}. We cannot vmap "
                             "over non-Tensor arguments, please use None as the respective in_dim")
    return dims, leaves, spec


def _run(func, size, dims, leaves, spec, out_dims, randomness, kwargs):
    level = open_level(size, randomness)
    try:
        found = [x if d is None else enter_dim(x, level, d) for x, d in zip(leaves, dims)]
        out = func(*(found if spec is None else tree_unflatten(found, spec)), **kwargs)
        write_changes(leaves, found, dims, level)
        if type(out) is Tensor and type(out_dims) is int:
            return leave_dim(out, level, size, _place(out, out_dims))
        return _outputs(func, out, level, size, out_dims)
    finally:
        close_level(level)


def _place(x, dim):
    # Where a dimension comes to stand in a tensor that is to get it.
    n = x.ndim + 1
    if not -n <= dim < n:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim})")
    return dim + n if dim < 0 else dim


def _outputs(func, out, level, size, out_dims):
    leaves, spec = tree_flatten(out)
    dims = _out_dims(func, out_dims, leaves, spec)
    return tree_unflatten([_left(func, x, level, size, d) for x, d in zip(leaves, dims)], spec)


def _out_dims(func, out_dims, leaves, spec):
    for d in tree_flatten(out_dims)[0]:
        if d is not None and not isinstance(d, int):
            raise ValueError(f"vmap({_name(func)}, ..., out_dims={out_dims}): `out_dims` must be an int, None or a "
                             "python collection of ints representing where in the outputs the vmapped dimension should "
                             "appear.")
    if spec.is_leaf() and isinstance(out_dims, tuple) and len(out_dims) == 1:
        out_dims = out_dims[0]           # a function of one result may be told so
    dims = broadcast_prefix(out_dims, spec)
    if dims is None:
        raise ValueError(f"vmap({_name(func)}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with "
                         f"the structure of `outputs`. out_dims has structure {tree_structure(out_dims)} but outputs "
                         f"has structure {spec}.")
    return dims


def _left(func, x, level, size, dim):
    if isinstance(x, Tensor) and dim is not None:
        return leave_dim(x, level, size, _place(x, dim))
    if dim is not None:
        raise ValueError(f"vmap({_name(func)}, ...): `{_name(func)}` must only return Tensors, got type {type(x)}. Did "
                         "you mean to set out_dims= to None for output?")
    if isinstance(x, Tensor) and has_level(x, level):
        raise ValueError(f"vmap({_name(func)}, ...): `{_name(func)}` can not return a BatchedTensor when out_dim is "
                         "None")
    return x


def _in_chunks(func, size, dims, leaves, spec, out_dims, randomness, kwargs, chunk_size):
    parts = []
    for at in range(0, size, chunk_size):
        n = min(chunk_size, size - at)
        some = [x if d is None else x.narrow(d, at, n) for x, d in zip(leaves, dims)]
        out = _run(func, n, dims, some, spec, out_dims, randomness, kwargs)
        found, out_spec = tree_flatten(out)
        parts.append(found)
    places = _out_dims(func, out_dims, found, out_spec)
    joined = [xs[0] if d is None else cat(xs, d) for xs, d in zip(zip(*parts), places)]
    return tree_unflatten(joined, out_spec)


def restore_vmap(func, in_dims, batch_size, randomness):
    """vmap that takes the number of examples and tells where the examples are counted in the results.

    `in_dims` follows the arguments; the function returned gives the nest of results and that of their dimensions,
    which is None where all examples have the same.
    """
    def batched(*args, **kwargs):
        leaves, spec = tree_flatten(args)
        dims = broadcast_prefix(in_dims, spec)
        level = open_level(batch_size, randomness)
        try:
            found = [x if d is None or not isinstance(x, Tensor) else enter_dim(x, level, d % x.ndim)
                     for x, d in zip(leaves, dims)]
            results, out_spec = tree_flatten(func(*tree_unflatten(found, spec), **kwargs))
            places = [0 if isinstance(x, Tensor) and has_level(x, level) else None for x in results]
            results = [x if d is None else leave_dim(x, level, batch_size, 0) for x, d in zip(results, places)]
        finally:
            close_level(level)
        return tree_unflatten(results, out_spec), tree_unflatten(places, out_spec)

    return batched

"""Modules as functions of their parameters, and many modules as one."""
import contextlib
from collections import Counter

from ctorch import stack
from ctorch._core import Tensor

__all__ = ["functional_call", "replace_all_batch_norm_modules_", "stack_module_state"]

_MISSING = object()


def _one_dict(given):
    # Several dictionaries without a name in common, as one.
    if isinstance(given, dict):
        return given
    if not isinstance(given, list | tuple):
        raise ValueError("Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, "
                         f"but got {type(given)}")
    if not all(isinstance(d, dict) for d in given):
        raise ValueError("Expected all elements of parameter_and_buffer_dicts to be dictionaries")
    twice = [name for name, count in Counter(name for d in given for name in d).items() if count > 1]
    if twice:
        raise ValueError(f"{twice} appeared in multiple dictionaries; behavior of functional call is ambiguous")
    return {name: x for d in given for name, x in d.items()}


def _named_tensors(module):
    yield from module.named_parameters(remove_duplicate=False)
    yield from module.named_buffers(remove_duplicate=False)


def _with_ties(module, given):
    # Tensors that a module has under several names get the given value under all of them.
    names = {}
    for name, x in _named_tensors(module):
        names.setdefault(id(x), []).append(name)
    full = dict(given)
    for tied in names.values():
        named = [name for name in tied if name in given]
        if len(tied) == 1 or not named:
            continue
        if len({id(given[name]) for name in named}) > 1:
            raise ValueError(f"functional_call got multiple values for keys {sorted(tied)}, which are tied. Consider "
                             "using tie_weights=False")
        full.update(dict.fromkeys(tied, given[named[0]]))
    return full


def _check_names(module, given):
    have = dict(_named_tensors(module))
    extra = [name for name in given if name not in have]
    missing = [name for name in have if name not in given]
    problems = [f"{kind} key(s): {', '.join(map(repr, names))}." for kind, names in
                (("Unexpected", extra), ("Missing", missing)) if names]
    if problems:
        raise RuntimeError(f"Error(s) in reparametrizing for {module._get_name()}:\n\t" + "\n\t".join(problems))


def _swap(module, name, x):
    # Puts a tensor in the place of a parameter, buffer or attribute; returns what was there.
    if x is not _MISSING and x is not None and not isinstance(x, Tensor):
        raise TypeError(f"{x} is not an instance of torch.Tensor")
    for table in (module._parameters, module._buffers):
        if name in table:
            before = table[name]
            if x is _MISSING:
                del table[name]
            else:
                table[name] = x
            return before
    before = getattr(module, name, _MISSING)
    if before is not _MISSING and before is not None and not isinstance(before, Tensor):
        raise TypeError(f"attribute `{name}`: {before} is not an instance of torch.Tensor")
    if x is not _MISSING:
        setattr(module, name, x)
    elif before is not _MISSING:
        delattr(module, name)
    return before


def _swap_all(module, tensors):
    before = {}
    try:
        for name, x in tensors.items():
            path, _, own = name.rpartition(".")
            before[name] = _swap(module.get_submodule(path), own, x)
    except BaseException:
        _swap_all(module, dict(reversed(before.items())))
        raise
    return before


@contextlib.contextmanager
def _with_tensors(module, given, tie_weights, strict):
    full = _with_ties(module, given) if tie_weights else given
    if strict:
        _check_names(module, full)
    before = _swap_all(module, full)
    try:
        yield
    finally:
        changed = _swap_all(module, before)
        # what the module has put in the place of a tensor is seen by the caller
        given.update({name: changed[name] for name in given if changed[name] is not _MISSING})


def functional_call(module, parameter_and_buffer_dicts, args=None, kwargs=None, *, tie_weights=True, strict=False):
    """Call a module with other tensors in the place of its parameters and buffers.

    See https://docs.pytorch.org/docs/stable/generated/torch.func.functional_call.html

    Parameters
    ----------
    module : Module
        Keeps its own tensors afterwards.
    parameter_and_buffer_dicts : dict of str to Tensor, or sequence of such
        The tensors by name, as `named_parameters` and `named_buffers` name them.
    args : object or tuple, optional
        The positional arguments; what is no tuple is the only one.
    kwargs : dict, optional
        Keyword arguments.
    tie_weights : bool
        A tensor that the module has under several names is replaced under all of them.
    strict : bool
        All of the module's tensors must be named, and no others.

    Returns
    -------
    object
        What the module returns.

    Examples
    --------
    >>> import ctorch
    >>> layer = ctorch.nn.Linear(2, 1)
    >>> ctorch.func.functional_call(layer, {"weight": ctorch.ones(1, 2), "bias": ctorch.zeros(1)}, ctorch.ones(2))
    tensor([2.])
    """
    given = _one_dict(parameter_and_buffer_dicts)
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    with _with_tensors(module, given, tie_weights, strict):
        return module(*args, **({} if kwargs is None else kwargs))


def _stacked(tensors, name):
    wants = {x.requires_grad for x in tensors}
    if len(wants) > 1:
        raise RuntimeError(f"Expected {name} from each model to have the same .requires_grad")
    y = stack(tensors)
    return y.detach().requires_grad_() if wants == {True} else y


def stack_module_state(models):
    """Parameters and buffers of several modules of one class, stacked for ``vmap``.

    See https://docs.pytorch.org/docs/stable/generated/torch.func.stack_module_state.html

    Parameters
    ----------
    models : sequence of Module
        All of one class, and all in training or none.

    Returns
    -------
    tuple of two dict
        Parameters and buffers by name, with a first dimension of the number of models; parameters are new leaves.

    Examples
    --------
    >>> import ctorch
    >>> params, buffers = ctorch.func.stack_module_state([ctorch.nn.Linear(2, 3) for _ in range(5)])
    >>> params["weight"].shape, buffers
    (torch.Size([5, 3, 2]), {})
    """
    if len(models) == 0:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if len({m.training for m in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to have the same training/eval mode.")
    if any(type(m) is not type(models[0]) for m in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    tables = []
    for named in ("named_parameters", "named_buffers"):
        all_of = [dict(getattr(m, named)()) for m in models]
        tables.append({name: _stacked([each[name] for each in all_of], name) for name in all_of[0]})
    return tuple(tables)


def replace_all_batch_norm_modules_(root):
    """Let the batch norms of a module keep no running statistics, which `vmap` could not change; in place.

    See https://docs.pytorch.org/docs/stable/generated/torch.func.replace_all_batch_norm_modules_.html

    Parameters
    ----------
    root : Module
        It and all modules within are looked at.

    Returns
    -------
    Module
        `root`.

    Examples
    --------
    >>> import ctorch
    >>> norm = ctorch.func.replace_all_batch_norm_modules_(ctorch.nn.BatchNorm1d(2))
    >>> norm.running_mean is None, ctorch.vmap(norm)(ctorch.ones(3, 4, 2)).shape
    (True, torch.Size([3, 4, 2]))
    """
    from ctorch.nn.modules.batchnorm import _BatchNorm

    for module in root.modules():
        if isinstance(module, _BatchNorm):
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root

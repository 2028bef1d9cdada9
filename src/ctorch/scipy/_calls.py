"""Functions of the user's as SciPy wants them: of float64 vectors, and with the tensors that they depend on known."""
import numpy as np

import ctorch
from ctorch import Tensor, _tape
from ctorch._batched import is_batched

_WIDE = (ctorch.float64, ctorch.complex128)


def _widened(t):
    if t.dtype in _WIDE or not (t.is_floating_point() or t.is_complex()):
        return t
    return t.to(ctorch.complex128 if t.is_complex() else ctorch.float64)


def as_float(caller, name, x, batched=False):
    """A tensor of floats or complex numbers from what a user gave; whole numbers become the default dtype."""
    try:
        x = ctorch.as_tensor(x)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{caller}: {name} must be a tensor, an array or a number, got {type(x).__name__}") from error
    if not batched:
        refuse_batched(caller, x)
    return x if x.is_floating_point() or x.is_complex() else x.to(ctorch.get_default_dtype())


def refuse_batched(caller, *values):
    """SciPy solves one problem at a time."""
    for x in values:
        if is_batched(x):
            raise NotImplementedError(f"vmap: {caller} has no batching rule (device {x.device}, dtype {x.dtype}): "
                                      "SciPy solves one problem at a time; write a loop over the examples")


def numbers(x):
    """NumPy's array of the values of a tensor, in float64 or complex128."""
    return _widened(x.detach().cpu()).resolve_conj().numpy()


def moved(array, device):
    """A float64 tensor with memory of its own from NumPy's numbers; solvers use theirs again."""
    x = ctorch.from_numpy(np.array(array, dtype=np.float64))
    return x if device.type == "cpu" else x.to(device)


class Space:
    """Tensors of one shape, dtype and device as vectors of float64; complex numbers are pairs of them."""

    def __init__(self, like):
        self.shape, self.dtype, self.device = like.shape, like.dtype, like.device
        self.is_complex = like.is_complex()
        self.size = like.numel() * (1 + self.is_complex)

    def vector(self, x):
        """The vector of a tensor; differentiable."""
        x = _widened(x)
        return (ctorch.view_as_real(x.resolve_conj()) if self.is_complex else x).reshape(-1)

    def tensor(self, vector, own=True):
        """The tensor of a vector, in its own dtype or a wide one; differentiable."""
        if self.is_complex:
            x = ctorch.view_as_complex(vector.reshape(*self.shape, 2))
        else:
            x = vector.reshape(self.shape)
        return x.to(self.dtype) if own and x.dtype != self.dtype else x

    def from_numpy(self, array):
        """A vector from NumPy's."""
        return moved(array, self.device)


class Pack:
    """Several tensors, each of a space, as one vector."""

    def __init__(self, tensors):
        self.spaces = [Space(t) for t in tensors]
        self.sizes = [space.size for space in self.spaces]
        self.size = sum(self.sizes)

    def vectors(self, tensors):
        return [space.vector(t) for space, t in zip(self.spaces, tensors)]

    def tensors(self, vector):
        return [space.tensor(part) for space, part in zip(self.spaces, vector.split(self.sizes))] if self.spaces else []


class Call:
    """A user's function of some variables and of `args`.

    The function is tried once, on the values where SciPy begins. There it is seen in which dtype it takes its
    variables: in float64, or else, as when it closes over float32 parameters, in their own; and which leaves of the
    graph it closes over.

    Parameters
    ----------
    caller, name : str
        For messages: the public function, and its argument which is the user's function.
    function : callable
    variables : sequence of Tensor
        What comes before `args`.
    args : tuple
        Tensors among them are differentiated where they require it.
    params : iterable of Tensor, optional
        The leaves that the function closes over, where they are not to be found by themselves.
    """

    def __init__(self, caller, name, function, variables, args=(), params=None):
        if not callable(function):
            raise TypeError(f"{caller}: {name} must be callable, got {type(function).__name__}")
        self.caller, self.name, self.function = caller, name, function
        self.args = args if isinstance(args, tuple) else (args,)
        refuse_batched(caller, *self.args)
        self.places = [i for i, a in enumerate(self.args) if isinstance(a, Tensor) and _tape._recorded(a)]
        self.tensors = [self.args[i] for i in self.places]
        duals = _Duals()
        with duals:
            self.example = self._try([v.detach() for v in variables])
            refuse_batched(caller, self.example)
            record = ctorch.is_grad_enabled() or duals.tensors
            self.closed = self._closed(params, duals) if record else []
        self.example = self.example.detach()

    def _try(self, variables):
        # Which dtype the function takes, and its value.
        fixed = [a.detach() for a in self.tensors]
        every = [*variables, *[a for a in self.args if isinstance(a, Tensor)]]
        self.is_wide = True
        if all(_widened(t) is t for t in every):
            return self(variables, fixed)
        try:
            return self(variables, fixed)
        except (RuntimeError, TypeError, ValueError):
            self.is_wide = False
        return self(variables, fixed)

    def _closed(self, params, duals):
        if params is None:
            return _leaves_of(self.example, duals.sources)
        params = [params] if isinstance(params, Tensor) else list(params)
        for i, p in enumerate(params):
            if not isinstance(p, Tensor):
                raise TypeError(f"{self.caller}: params must be tensors, but that at {i} is {type(p).__name__}")
            if not p.is_leaf:
                raise ValueError(f"{self.caller}: params must be leaves of the graph, but that at {i}, of shape "
                                 f"{tuple(p.shape)}, is the result of an operation; pass it by args")
        return [p for p in params if p.requires_grad]

    def __call__(self, variables, tensors):
        """The function's value; `tensors` are those of `args` that are differentiated, all wide or not as they are."""
        y = self.function(*self.fitted(variables), *self.fitted(self._arguments(tensors)))
        if not isinstance(y, Tensor):
            raise TypeError(f"{self.caller}: {self.name} must return a tensor, got {type(y).__name__}")
        return y

    def _arguments(self, tensors):
        args = list(self.args)
        for i, t in zip(self.places, tensors):
            args[i] = t
        return args

    def fitted(self, values):
        """The values, tensors among them in the dtypes that the function takes."""
        return [_widened(v) if self.is_wide and isinstance(v, Tensor) else v for v in values]

    def vector(self, space, x):
        """The variable of a space from its vector, in the dtype that the function takes."""
        return space.tensor(x, own=not self.is_wide)


class _Duals:
    """Tensors with tangents, as leaves of a graph as long as it is open: that is how it is seen what uses them."""

    def __init__(self):
        self.tensors = _tape._duals()
        self.sources = {(x.grad_fn, x.output_nr): x for x in self.tensors if x.grad_fn is not None}
        self.plain = []

    def __enter__(self):
        if self.tensors:
            self.mode = _tape.is_grad_enabled(), _tape._set_fwd_grad(False)
            _tape._set_grad_enabled(True)
            self.plain = [x for x in self.tensors if not x.requires_grad]
            for x in self.plain:
                x.requires_grad_()

    def __exit__(self, *error):
        for x in self.plain:
            x.requires_grad_(False)
        if self.tensors:
            _tape._set_grad_enabled(self.mode[0])
            _tape._set_fwd_grad(self.mode[1])


def _leaves_of(y, sources):
    """What a tensor was made from: the leaves of its graph, and before them tensors with tangents of their own."""
    own = {place: x for place, x in sources.items()
           if not _levels(x) <= set().union(*[_levels(z) for z in _ends(x, sources, within=True)])}
    found = _ends(y, own)
    for x in own.values():
        if any(x is z for z in found) and any(z is w for z in _ends(x, {}) for w in found):
            raise NotImplementedError("forward mode: a function closes over a tensor with a tangent and over what that "
                                      "was made from; pass one of them by args")
    return found


def _levels(x):
    """In which levels of forward mode a tensor has a tangent."""
    return {depth for depth in range(_tape._open_levels()) if _tape._tangent(x, depth) is not None}


def _ends(y, stops, within=False):
    """Where the graph of a tensor ends: at leaves, and at `stops`; `within`: what is behind those, too, but not y."""
    if not y.requires_grad:
        return []
    if y.grad_fn is None or ((y.grad_fn, y.output_nr) in stops and not within):
        return [y]
    found, seen, nodes = {}, {y.grad_fn}, [y.grad_fn]
    while nodes:
        for node, number in nodes.pop().next_functions:
            variable = stops.get((node, number), getattr(node, "variable", None))
            if variable is not None:
                found[id(variable)] = variable
            if node is not None and node not in seen and (variable is None or within):
                seen.add(node)
                nodes.append(node)
    return list(found.values())


def union(*lists):
    """The tensors of several lists, each once."""
    return list({id(t): t for tensors in lists for t in tensors}.values())

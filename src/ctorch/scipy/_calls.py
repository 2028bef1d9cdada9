"""Functions of the user's as SciPy wants them: of float64 vectors, and with the tensors that they depend on known."""
import numpy as np

import ctorch
from ctorch import Tensor

_WIDE = (ctorch.float64, ctorch.complex128)


def _widened(t):
    if t.dtype in _WIDE or not (t.is_floating_point() or t.is_complex()):
        return t
    return t.to(ctorch.complex128 if t.is_complex() else ctorch.float64)


def as_float(caller, name, x):
    """A tensor of floats or complex numbers from what a user gave; whole numbers become the default dtype."""
    try:
        x = ctorch.as_tensor(x)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{caller}: {name} must be a tensor, an array or a number, got {type(x).__name__}") from error
    return x if x.is_floating_point() or x.is_complex() else x.to(ctorch.get_default_dtype())


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
        record = ctorch.is_grad_enabled()
        self.places = [i for i, a in enumerate(self.args) if isinstance(a, Tensor) and a.requires_grad and record]
        self.tensors = [self.args[i] for i in self.places]
        self.example = self._try([v.detach() for v in variables])
        self.closed = self._closed(params) if record else []
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

    def _closed(self, params):
        if params is None:
            return _leaves_of(self.example)
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


def _leaves_of(y):
    """The leaves of the graph that a tensor was made from."""
    if not y.requires_grad:
        return []
    if y.grad_fn is None:
        return [y]
    found, seen, nodes = {}, {y.grad_fn}, [y.grad_fn]
    while nodes:
        for node, _ in nodes.pop().next_functions:
            variable = getattr(node, "variable", None)
            if variable is not None:
                found[id(variable)] = variable
            elif node is not None and node not in seen:
                seen.add(node)
                nodes.append(node)
    return list(found.values())


def union(*lists):
    """The tensors of several lists, each once."""
    return list({id(t): t for tensors in lists for t in tensors}.values())

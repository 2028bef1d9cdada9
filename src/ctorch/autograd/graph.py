"""The recorded graph: its nodes and edges, hooks on what it saves, and hooks on several gradients."""
import abc
import contextlib
import functools
import threading
from collections import namedtuple

from ctorch import _tape
from ctorch._core import Tensor
from ctorch._grad_mode import no_grad
from ctorch._handles import RemovableHandle
from ctorch._views import count_change

__all__ = ["GradientEdge", "Node", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks",
           "get_gradient_edge", "increment_version", "register_multi_grad_hook", "save_on_cpu", "saved_tensors_hooks"]

_local = threading.local()               # `refusal`: why hooks on saved tensors are not allowed in this thread


class Node(abc.ABC):
    """What every ``grad_fn`` is an instance of.

    Examples
    --------
    >>> import ctorch
    >>> y = ctorch.ones(2, requires_grad=True) * 3
    >>> isinstance(y.grad_fn, ctorch.autograd.graph.Node)
    True
    """

    @abc.abstractmethod
    def name(self):
        """Name of the node, such as ``MulBackward0``."""

    @property
    @abc.abstractmethod
    def next_functions(self):
        """Pairs of node and output number, one per input."""

    @property
    @abc.abstractmethod
    def metadata(self):
        """A dictionary for notes about this node."""

    @abc.abstractmethod
    def register_hook(self, fn):
        """Call ``fn(grad_inputs, grad_outputs)`` after this node has run; what it returns replaces `grad_inputs`."""

    @abc.abstractmethod
    def register_prehook(self, fn):
        """Call ``fn(grad_outputs)`` before this node runs; what it returns replaces `grad_outputs`."""


Node.register(_tape.Node)
Node.register(_tape.AccumulateGrad)


_Edge = namedtuple("_Edge", "node output_nr ownership_token", defaults=(None,))


class GradientEdge(_Edge):
    """Where the gradient of a tensor flows: an output of a node.

    Parameters
    ----------
    node : Node
        The node.
    output_nr : int
        Which of its outputs.
    ownership_token : object, optional
        What keeps the node alive; not needed here.
    """

    _like = None                         # shape and dtype of the tensor, where they are known


def get_gradient_edge(tensor):
    """The edge of the graph that a tensor's gradient flows along; it may stand for the tensor in backward and grad.

    Parameters
    ----------
    tensor : Tensor
        A tensor that requires grad.

    Returns
    -------
    GradientEdge

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.ones(2, requires_grad=True)
    >>> edge = ctorch.autograd.graph.get_gradient_edge(x * 3)
    >>> ctorch.autograd.grad(edge, x, ctorch.ones(2))
    (tensor([3., 3.]),)
    """
    if not tensor.requires_grad:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    node = tensor.grad_fn
    edge = GradientEdge(_tape._accumulator(tensor) if node is None else node, 0 if node is None else tensor.output_nr)
    edge._like = tensor.shape, tensor.dtype
    return edge


def _tensor_of(edge, like=None):
    # A tensor that stands for an edge: the leaf, or one with the values of `like` that the node seems to have made.
    if isinstance(edge.node, _tape.AccumulateGrad):
        return edge.node.variable
    if like is None:
        import ctorch
        shape, dtype = edge._like if edge._like is not None else ((0,), None)
        like = ctorch.empty(shape, dtype=dtype)
    return _tape._at_edge(edge.node, edge.output_nr, like)


def increment_version(tensor):
    """Count a change of tensors' values that was made without operators.

    Parameters
    ----------
    tensor : Tensor or iterable of Tensor
        What was changed.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.ones(2)
    >>> ctorch.autograd.graph.increment_version(x)
    >>> x._version
    1
    """
    for t in (tensor,) if isinstance(tensor, Tensor) else tensor:
        count_change(t, b"increment_version")


# ---- hooks on saved tensors

class saved_tensors_hooks:
    """What is recorded inside saves for backward what `pack_hook` makes of a tensor.

    See https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.saved_tensors_hooks

    Parameters
    ----------
    pack_hook : callable
        Called with each tensor that an operation saves; may return anything.
    unpack_hook : callable
        Called with that in backward; returns a tensor with the values of the first.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.tensor([1., 2.], requires_grad=True)
    >>> with ctorch.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), lambda values: ctorch.tensor(values)):
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([2., 4.])
    """

    def __init__(self, pack_hook, unpack_hook):
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook
        self._before = []

    def __enter__(self):
        for hook in (self.pack_hook, self.unpack_hook):
            if not callable(hook):
                raise TypeError(f"saved_tensors_hooks: hooks must be callable, not {type(hook).__name__}")
        refusal = getattr(_local, "refusal", None)
        if refusal is not None:
            raise RuntimeError(refusal)
        self._before.append(_tape._set_pack((self.pack_hook, self.unpack_hook)))

    def __exit__(self, *exc):
        _tape._set_pack(self._before.pop())


class save_on_cpu(saved_tensors_hooks):
    """What is recorded inside keeps its saved tensors in the memory of the CPU until backward needs them.

    See https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.save_on_cpu

    Parameters
    ----------
    pin_memory : bool
        Use page-locked memory, which is quicker to copy from.
    device_type : str
        The type of device that tensors come from.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.tensor(3., requires_grad=True)
    >>> with ctorch.autograd.graph.save_on_cpu():
    ...     y = x * x
    >>> y.backward()
    >>> x.grad
    tensor(6.)
    """

    def __init__(self, pin_memory=False, device_type="cuda"):
        def pack(t):
            copy = t.cpu()
            return t.device, copy.pin_memory() if pin_memory else copy

        def unpack(packed):
            device, t = packed
            return t.to(device, non_blocking=pin_memory)

        super().__init__(pack, unpack)


@contextlib.contextmanager
def disable_saved_tensors_hooks(error_message):
    """Hooks on saved tensors are refused inside, with a message.

    Parameters
    ----------
    error_message : str
        What the error says.

    Examples
    --------
    >>> import ctorch
    >>> with ctorch.autograd.graph.disable_saved_tensors_hooks("not here"):
    ...     with ctorch.autograd.graph.save_on_cpu():
    ...         pass
    Traceback (most recent call last):
    RuntimeError: not here
    """
    before = getattr(_local, "refusal", None)
    if _tape._set_pack_used():
        raise RuntimeError(error_message)
    _local.refusal = error_message
    try:
        yield
    finally:
        _local.refusal = before


# ---- saved tensors that may be changed

class _Kept:
    # A saved tensor, or a copy made before its memory was changed.
    __slots__ = ("__weakref__", "owner", "value", "version")

    def __init__(self, owner, value):
        self.owner, self.value, self.version = owner, value, value._version


class _AllowMutation:
    """What ``allow_mutation_on_saved_tensors`` keeps, by storage."""

    def __init__(self):
        self.open = True
        self.kept = {}

    def clear(self):
        """Forget what was saved; what was recorded cannot be run backward any more."""
        self.kept.clear()
        self.open = False

    def pack(self, t):
        """Keep a tensor as it is for now."""
        import weakref
        kept = _Kept(self, t)
        entries = self.kept.setdefault(t.untyped_storage().data_ptr(), [])
        entries[:] = [r for r in entries if r() is not None]
        entries.append(weakref.ref(kept))
        return kept

    def unpack(self, kept):
        """The values as they were when they were saved."""
        if kept.owner is not self or not self.open:
            raise AssertionError("Trying to backward outside of the 'allow_mutation_on_saved_tensors' context in which "
                                 "the graph was originally recorded.")
        if kept.value._version != kept.version:
            raise RuntimeError("allow_mutation_on_saved_tensors: a saved tensor was changed in a way that could not be "
                               "seen beforehand, as by `out=` or an optimizer")
        return kept.value

    def before_change(self, t):
        """Copy what was saved of the memory that is about to change."""
        copies = {}
        for reference in self.kept.pop(t.untyped_storage().data_ptr(), ()):
            kept = reference()
            if kept is None:
                continue
            place = (kept.value.data_ptr(), kept.value.shape, kept.value.stride(), kept.value.dtype)
            if place not in copies:
                with no_grad():
                    copies[place] = kept.value.clone()
            kept.value = copies[place]
            kept.version = kept.value._version


@contextlib.contextmanager
def allow_mutation_on_saved_tensors():
    """Tensors that were saved for backward may be changed in place inside: what was saved is copied before.

    See https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.allow_mutation_on_saved_tensors

    Examples
    --------
    >>> import ctorch
    >>> a = ctorch.ones(2, requires_grad=True)
    >>> with ctorch.autograd.graph.allow_mutation_on_saved_tensors():
    ...     b = a.clone()
    ...     out = (b ** 2).sum()
    ...     _ = b.sin_()
    ...     out.backward()
    >>> a.grad
    tensor([2., 2.])
    """
    state = _AllowMutation()
    if not _tape._set_before_change(state.before_change):
        raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
    try:
        with saved_tensors_hooks(state.pack, state.unpack):
            yield state
    finally:
        state.clear()
        _tape._set_before_change(None)


# ---- hooks on the gradients of several tensors

class _MultiHandle(RemovableHandle):
    def __init__(self, handles):
        self.handles = handles

    def remove(self):
        for handle in self.handles:
            handle.remove()

    def __getstate__(self):
        return self.handles

    def __setstate__(self, state):
        self.handles = state


def register_multi_grad_hook(tensors, fn, *, mode="all"):
    """Call a function when backward has the gradients of several tensors.

    See https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.register_multi_grad_hook

    Parameters
    ----------
    tensors : sequence of Tensor
        What to wait for.
    fn : callable
        Called with the list of gradients, None for tensors that have no part in this backward; with `mode` "any",
        with the first gradient.
    mode : {'all', 'any'}
        Whether to wait for all gradients or for the first.

    Returns
    -------
    RemovableHandle
        Takes the hook away by ``remove()``.

    Examples
    --------
    >>> import ctorch
    >>> a, b = ctorch.ones(1, requires_grad=True), ctorch.ones(1, requires_grad=True)
    >>> handle = ctorch.autograd.graph.register_multi_grad_hook([a, b], print)
    >>> (2 * a + 3 * b).backward()
    [tensor([2.]), tensor([3.])]
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    lock = threading.Lock()
    if mode == "any":
        seen = [None]

        @functools.wraps(fn)
        def first(grad):
            with lock:
                task = _tape._graph_task()
                new, seen[0] = task != seen[0], task
            if new:
                fn(grad)

        return _MultiHandle(tuple(t.register_hook(first) for t in tensors if t.requires_grad))

    tensors = tuple(tensors)
    nodes = [get_gradient_edge(t).node for t in tensors]
    _tape._always_plan()
    waiting = {}                         # of each backward: how many are missing, and the gradients so far

    def at(i):
        def hook(grad):
            task = _tape._graph_task()
            with lock:
                if task not in waiting:
                    waiting[task] = [sum(map(_tape._takes_part, nodes)), [None] * len(tensors)]
                entry = waiting[task]
                entry[0] -= 1
                entry[1][i] = grad
                if entry[0] > 0:
                    return
                del waiting[task]
            fn(entry[1])
        return hook

    return _MultiHandle(tuple(t.register_hook(at(i)) for i, t in enumerate(tensors)))

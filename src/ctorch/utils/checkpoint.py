"""Memory for time: what a function saves for backward is worked out again when backward needs it.

Without re-entrant backward the graph is recorded as ever, but hooks on saved tensors keep a place in the order of
saving instead of a tensor. The first such place that backward asks for runs the function again, with hooks that put
the tensors of that run in the places.
"""
import contextlib
import sys
import traceback
import uuid
import warnings
import weakref

from ctorch import _tape
from ctorch._core import Tensor
from ctorch._grad_mode import enable_grad, no_grad
from ctorch._random_functions import get_rng_state, set_rng_state
from ctorch.autograd import backward as run_backward
from ctorch.autograd.function import Function
from ctorch.autograd.graph import saved_tensors_hooks

__all__ = ["CheckpointError", "CheckpointFunction", "check_backward_validity", "checkpoint", "checkpoint_sequential",
           "detach_variable", "get_device_states", "noop_context_fn", "set_checkpoint_debug_enabled",
           "set_checkpoint_early_stop", "set_device_states"]

_switches = {"debug": None, "early_stop": None}       # None: what the call says

_TIP = """
Tip: To see a more detailed error message, either pass `debug=True` to
`torch.utils.checkpoint.checkpoint(...)` or wrap the code block
with `with torch.utils.checkpoint.set_checkpoint_debug_enabled(True):` to
enable checkpoint-debug mode globally.
"""


class CheckpointError(RuntimeError):
    """The second run of a checkpointed function did not save what the first did."""


class _Stop(Exception):
    # All that backward needs is there: the second run may end.
    pass


@contextlib.contextmanager
def _switched(name, value):
    before = _switches[name]
    _switches[name] = value
    try:
        yield
    finally:
        _switches[name] = before


def set_checkpoint_early_stop(enable):
    """Whether functions that are checkpointed inside end their second run as soon as all is there that backward needs.

    See https://docs.pytorch.org/docs/stable/checkpoint.html

    Parameters
    ----------
    enable : bool
        Counts for calls of ``checkpoint`` inside, whatever they say themselves.

    Examples
    --------
    >>> import ctorch
    >>> from ctorch.utils.checkpoint import checkpoint, set_checkpoint_early_stop
    >>> x = ctorch.ones(2, requires_grad=True)
    >>> with set_checkpoint_early_stop(False):
    ...     y = checkpoint(lambda x: x.sin().exp(), x, use_reentrant=False)
    >>> y.sum().backward()
    """
    return _switched("early_stop", enable)


def set_checkpoint_debug_enabled(enabled):
    """Whether errors of what is checkpointed inside show where each tensor was saved.

    Parameters
    ----------
    enabled : bool or None
        Counts before `debug` of each call; with None that counts.
    """
    return _switched("debug", enabled)


def noop_context_fn():
    """Two contexts that do nothing, for the first run of a function and for the second."""
    return contextlib.nullcontext(), contextlib.nullcontext()


def detach_variable(inputs):
    """A tuple's tensors outside of their graph, those that require grad as leaves.

    Parameters
    ----------
    inputs : tuple
        Tensors and other things.

    Returns
    -------
    tuple
    """
    if not isinstance(inputs, tuple):
        raise RuntimeError(f"Only tuple of tensors is supported. Got Unsupported input type: {type(inputs).__name__}")
    return tuple(x.detach().requires_grad_(x.requires_grad) if isinstance(x, Tensor) else x for x in inputs)


def check_backward_validity(inputs):
    """Warn where no tensor requires grad."""
    if not any(x.requires_grad for x in inputs if isinstance(x, Tensor)):
        warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)


# ---- what the second run finds as the first did: random numbers and the default device

def _tensors_in(value):
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for v in value:
            yield from _tensors_in(v)
    elif isinstance(value, dict):
        yield from _tensors_in(list(value.values()))


def _cuda_if_used():
    cuda = sys.modules.get("ctorch.cuda")
    return cuda if cuda is not None and cuda.is_initialized() else None


def get_device_states(*args):
    """The devices of some tensors apart from the CPU, and the states of their random numbers.

    Parameters
    ----------
    *args
        Tensors, and containers of them.

    Returns
    -------
    tuple of two lists
        Numbers of devices, and a state for each.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.utils.checkpoint.get_device_states(ctorch.ones(2))
    ([], [])
    """
    devices = list(dict.fromkeys(x.get_device() for x in _tensors_in(args) if x.device.type not in ("cpu", "meta")))
    if not devices:
        return [], []
    from ctorch import cuda
    return devices, [cuda.get_rng_state(d) for d in devices]


def set_device_states(devices, states, *, device_type=None):
    """Put the random numbers of some devices where they were.

    Parameters
    ----------
    devices : list of int
        Numbers of devices.
    states : list of Tensor
        A state for each.
    device_type : str, optional
        ``"cuda"``, the only type that has them.
    """
    if device_type not in (None, "cuda", "meta"):
        raise AttributeError(f"module 'torch' has no attribute '{device_type}'")
    if not devices or device_type == "meta":
        return
    from ctorch import cuda
    for device, state in zip(devices, states):
        cuda.set_rng_state(state, device)


class _Surroundings:
    """What a function found when it was called, for when it is called again."""

    def __init__(self, args, keep_random):
        from ctorch._settings import get_default_device
        self.device = get_default_device()
        self.random = get_rng_state() if keep_random else None
        self.had_device = keep_random and _cuda_if_used() is not None
        self.devices, self.states = get_device_states(*args) if self.had_device else ([], [])

    def check_device(self):
        """Raise where a device came up only while the function ran, so that its state is not known."""
        if self.random is not None and not self.had_device and _cuda_if_used() is not None:
            raise RuntimeError("PyTorch's device state was initialized in the forward pass of a Checkpoint, which is "
                               "not allowed. Please open an issue if you need this feature.")

    @contextlib.contextmanager
    def again(self):
        """As it was then; afterwards as it is now."""
        if self.random is None:
            with self.device:
                yield
            return
        random, (devices, states) = get_rng_state(), ([], [])
        if self.devices:
            from ctorch import cuda
            devices, states = self.devices, [cuda.get_rng_state(d) for d in self.devices]
        try:
            set_rng_state(self.random)
            set_device_states(self.devices, self.states)
            with self.device:
                yield
        finally:
            set_rng_state(random)
            set_device_states(devices, states)


# ---- backward within backward

class CheckpointFunction(Function):
    """Runs a function without a record, and in backward once more with one."""

    @staticmethod
    def forward(ctx, run_function, preserve_rng_state, *args):
        """The function's result; the graph inside of it is not kept."""
        check_backward_validity(args)
        ctx.run_function = run_function
        ctx.surroundings = _Surroundings(args, preserve_rng_state)
        ctx.places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        ctx.others = [None if isinstance(a, Tensor) else a for a in args]
        ctx.save_for_backward(*(args[i] for i in ctx.places))
        with no_grad():
            return run_function(*args)

    @staticmethod
    def backward(ctx, *grads):
        """Gradients of the arguments; those of other leaves are added to them."""
        if not _tape._is_checkpoint_valid():
            raise RuntimeError("When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or "
                               "passing an `inputs` parameter to .backward(). To resolve this error, you can either "
                               "set use_reentrant=False, or call .backward() without passing the `inputs` argument.")
        args = list(ctx.others)
        for i, x in zip(ctx.places, ctx.saved_tensors):
            args[i] = x
        args = detach_variable(tuple(args))
        with ctx.surroundings.again(), enable_grad():
            outputs = ctx.run_function(*args)
        outputs = (outputs,) if isinstance(outputs, Tensor) else outputs
        wanted = [(y, g) for y, g in zip(outputs, grads) if isinstance(y, Tensor) and y.requires_grad]
        if not wanted:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        run_backward(*map(list, zip(*wanted)))
        return (None, None, *(a.grad if isinstance(a, Tensor) else None for a in args))


# ---- without it

class _Place:
    # What hooks keep instead of a saved tensor; for each backward whether its tensor is there, waiting or taken.
    __slots__ = ("__weakref__", "taken")

    def __init__(self):
        self.taken = set()


def _metadata(x):
    return {"shape": x.shape, "dtype": x.dtype, "device": x.device}


_CHECKS = {"default": _metadata, "none": lambda x: None}


class _Region:
    """One call of a checkpointed function."""

    def __init__(self, function, args, kwargs, surroundings, context, early_stop, metadata, debug):
        self.function, self.kwargs, self.surroundings, self.context = function, kwargs, surroundings, context
        self.early_stop, self.metadata = early_stop, metadata
        self.traces = ([], []) if debug else None
        self.places = []                 # weak references, in the order of saving
        self.notes = []                  # what the check compares
        self.counts = {}                 # backward -> how many tensors the second run has saved
        self.found = {}                  # backward -> place -> tensor
        self.complete = False            # the first run has ended
        self.lenient = False
        tensors = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        self.others = [None if isinstance(a, Tensor) else a for a in args]
        self.indices, self.saved = tensors, _tape._save(tuple(args[i] for i in tensors))

    # the first run

    def pack(self, x):
        """A place for a tensor that the first run saves."""
        place = _Place()
        self.places.append(weakref.ref(place))
        with no_grad():
            self.notes.append(self.metadata(x))
        if self.traces is not None:
            self.traces[0].append(_trace(x))
        return place

    # backward

    def unpack(self, place):
        """The tensor of a place, for the backward that runs."""
        task = _tape._graph_task()
        if task == -1:                   # somebody looks at a node's saved tensors
            task = uuid.uuid4()
        if task not in self.found:
            self.run_again(task)
        if task in place.taken:
            raise CheckpointError("torch.utils.checkpoint: Unpack is being triggered for a tensor that was already "
                                  "unpacked once. If you are calling ctx.saved_tensors in backward, make sure to do "
                                  "so only once. Otherwise please open an issue with details on your use case.")
        place.taken.add(task)
        return self.found[task].pop(place)

    def run_again(self, task):
        """Fill the places that are still needed by a second run."""
        args = list(self.others)
        for i, x in zip(self.indices, _tape._saved(self.saved)):
            args[i] = x
        self.counts[task] = 0
        if self.traces is not None:
            self.traces[1].clear()
        # places that backward never asks for go with the graph, and their tensors with them
        found = weakref.WeakKeyDictionary()
        hooks = saved_tensors_hooks(_Packer(self, task, found), _same)
        with contextlib.suppress(_Stop), hooks, enable_grad(), self.surroundings.again(), self.context:
            self.function(*args, **self.kwargs)
        try:
            self.check(task, found)
        except CheckpointError as error:
            self.explain(error)
        self.found[task] = found

    def check(self, task, found):
        """Raise where the second run did not save what the first did."""
        if self.lenient:
            return
        count = self.counts[task]
        if count != len(self.places):
            raise CheckpointError("torch.utils.checkpoint: A different number of tensors was saved during the original "
                                  "forward and recomputation.\nNumber of tensors saved during forward: "
                                  f"{len(self.places)}\nNumber of tensors saved during recomputation: {count}.\n{_TIP}")
        different = []
        for i, reference in enumerate(self.places):
            place = reference()
            if place is not None and self.metadata(found[place]) != self.notes[i]:
                different.append(f"tensor at position {i}:\nsaved metadata: {self.notes[i]}\n"
                                 f"recomputed metadata: {self.metadata(found[place])}\n")
        if different:
            raise CheckpointError("torch.utils.checkpoint: Recomputed values for the following tensors have different "
                                  f"metadata than during the forward pass.\n{''.join(different)}.\n{_TIP}")

    def explain(self, error):
        """Raise an error again, in debug mode with what both runs have saved and where."""
        if self.traces is None:
            raise error
        first, second = ("\n".join(f"({i + 1} of {len(traces)} in {name}) {trace}" for i, trace in enumerate(traces))
                         for name, traces in zip(("original", "recompute"), self.traces))
        raise CheckpointError(f"{error.args[0].partition(_TIP)[0]}\n"
                              "An error happened while unpacking tensors; these are the tensors that were saved, with "
                              "the lines that saved them, because you passed `debug=True` to "
                              "`torch.utils.checkpoint.checkpoint()`.\n\n"
                              f"Saved during the original forward:\n\n{first}\n"
                              f"Saved during recomputation:\n\n{second}\n"
                              "ERROR: Detected non-determinism while running activation checkpointing. Compare the "
                              "two lists to see where they differ.") from error


class _Packer:
    # What the second run's saved tensors go to; the region may be gone when its graph still is there.
    def __init__(self, region, task, found):
        self.region, self.task, self.found = weakref.ref(region), task, found

    def __call__(self, x):
        region = self.region()
        x = x.detach() if x.requires_grad else x
        i = region.counts[self.task]
        region.counts[self.task] += 1
        if region.traces is not None:
            region.traces[1].append(_trace(x))
        if i >= len(region.places):
            if not region.complete:      # backward inside of the function itself
                region.lenient = True
                return x
            region.explain(CheckpointError("torch.utils.checkpoint: trying to save more tensors during recomputation "
                                           f"than during the original forward pass.\n{_TIP}"))
        place = region.places[i]()
        if place is not None:
            self.found[place] = x
        if region.early_stop and region.counts[self.task] == len(region.places):
            raise _Stop
        return x


def _same(x):
    return x


def _trace(x):
    own = __file__
    lines = [f"{f.filename}:{f.lineno}:{f.name}" for f in reversed(traceback.extract_stack()) if f.filename != own]
    return f"{_metadata(x)}\n" + "\n".join(lines) + "\n"


def _run_without_reentry(function, args, kwargs, keep_random, context_fn, determinism_check, debug, early_stop):
    debug = _switches["debug"] if _switches["debug"] is not None else debug
    if debug and context_fn is not noop_context_fn:
        raise ValueError("debug=True is incompatible with non-default context_fn")
    if determinism_check not in _CHECKS:
        raise ValueError(f"determinism_check should be one of {list(_CHECKS)}, but got {determinism_check}")
    first, second = context_fn()
    if not _tape.is_grad_enabled():
        return function(*args, **kwargs)
    early_stop = _switches["early_stop"] if _switches["early_stop"] is not None else early_stop
    surroundings = _Surroundings(args, keep_random)
    region = _Region(function, args, kwargs, surroundings, second, early_stop, _CHECKS[determinism_check], debug)
    with saved_tensors_hooks(region.pack, region.unpack), first:
        result = function(*args, **kwargs)
        region.complete = True
    if not region.complete:
        raise RuntimeError("torch.utils.checkpoint: the forward context provided by context_fn suppressed an exception "
                           "raised during the checkpointed forward. This is not supported because checkpoint cannot "
                           "return a value for a failed forward.")
    surroundings.check_device()
    return result


def _need_choice(use_reentrant, name, version):
    if use_reentrant is not None:
        return use_reentrant
    warnings.warn(f"torch.utils.{name}: the use_reentrant parameter should be passed explicitly. {version} "
                  "use_reentrant=False is recommended, but if you need to preserve the current default behavior, you "
                  "can pass use_reentrant=True. Refer to docs for more details on the differences between the two "
                  "variants.", stacklevel=3)
    return True


def checkpoint(function, *args, use_reentrant=None, context_fn=noop_context_fn, determinism_check="default",
               debug=False, early_stop=True, **kwargs):
    """Call a function without keeping what it saves for backward; it is called again when backward needs that.

    See https://docs.pytorch.org/docs/stable/checkpoint.html

    Parameters
    ----------
    function : callable
        Must do the same both times; random numbers are those of the first time.
    *args
        Its arguments.
    use_reentrant : bool
        True runs a backward inside of backward: then ``autograd.grad`` and `inputs` of ``backward`` are refused, and
        an argument itself must require grad. False is recommended, and has neither limit.
    context_fn : callable, optional
        Gives two contexts, one for each time.
    determinism_check : str
        ``"default"`` compares shapes, dtypes and devices of what both times save; ``"none"`` does not.
    debug : bool
        An error of that check shows where each tensor was saved.
    early_stop : bool
        End the second time as soon as all is there that backward needs.
    preserve_rng_state : bool
        Keep the state of the random numbers for the second time (default: True).
    **kwargs
        Keyword arguments of the function, with ``use_reentrant=False``.

    Returns
    -------
    object
        What the function returns.

    Examples
    --------
    >>> import ctorch
    >>> from ctorch.utils.checkpoint import checkpoint
    >>> x = ctorch.tensor([0., 1.], requires_grad=True)
    >>> y = checkpoint(lambda x: (x * x).exp(), x, use_reentrant=False)
    >>> y.sum().backward()
    >>> x.grad
    tensor([0.0000, 5.4366])
    """
    use_reentrant = _need_choice(use_reentrant, "checkpoint",
                                 "Starting in PyTorch 2.9, calling checkpoint without use_reentrant will raise an "
                                 "exception.")
    keep_random = kwargs.pop("preserve_rng_state", True)
    if not use_reentrant:
        return _run_without_reentry(function, args, kwargs, keep_random, context_fn, determinism_check, debug,
                                    early_stop)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    if context_fn is not noop_context_fn or debug is not False:
        raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
    return CheckpointFunction.apply(function, keep_random, *args)


def _in_order(functions):
    def run(x):
        for function in functions:
            x = function(x)
        return x
    return run


def checkpoint_sequential(functions, segments, input, use_reentrant=None, **kwargs):
    """Call functions one after the other, in segments that are checkpointed, all but the last.

    See https://docs.pytorch.org/docs/stable/checkpoint.html

    Parameters
    ----------
    functions : Sequential or sequence of callable
        Each is called with what the one before returns.
    segments : int
        How many segments.
    input : Tensor
        What the first is called with.
    use_reentrant : bool
        As of ``checkpoint``.
    preserve_rng_state : bool
        As of ``checkpoint``.

    Returns
    -------
    object
        What the last function returns.

    Examples
    --------
    >>> import ctorch
    >>> from ctorch.utils.checkpoint import checkpoint_sequential
    >>> x = ctorch.tensor(0.5, requires_grad=True)
    >>> y = checkpoint_sequential([ctorch.sin, ctorch.exp, ctorch.tanh], 2, x, use_reentrant=False)
    >>> y.backward()
    """
    use_reentrant = _need_choice(use_reentrant, "checkpoint.checkpoint_sequential",
                                 "In version 2.9 we will raise an exception if use_reentrant is not passed.")
    keep_random = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    from ctorch.nn import Sequential
    functions = list(functions.children()) if isinstance(functions, Sequential) else functions
    size, start = len(functions) // segments, 0
    for start in range(size, size * segments, size):
        input = checkpoint(_in_order(functions[start - size:start]), input, use_reentrant=use_reentrant,
                           preserve_rng_state=keep_random)
    return _in_order(functions[start:])(input)

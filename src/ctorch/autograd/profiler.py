"""Times of operators and of backward: ``profile`` and ``record_function``."""
import functools

from ctorch import _profiler
from ctorch.autograd.profiler_util import EventList, FunctionEvent, FunctionEventAvg, events_of

__all__ = ["EventList", "FunctionEvent", "FunctionEventAvg", "profile", "record_function"]


class record_function:
    """A name for what runs inside, which a profiler shows as one event; costs next to nothing where none runs.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.profiler.record_function.html

    Parameters
    ----------
    name : str
        The name.
    args : str, optional
        Kept for PyTorch's sake.

    Examples
    --------
    >>> import ctorch
    >>> with ctorch.profiler.profile() as p:
    ...     with ctorch.profiler.record_function("my part"):
    ...         y = ctorch.ones(2) * 2
    >>> [e.name for e in p.events()]
    ['my part', 'aten::ones', 'aten::mul']
    """

    def __init__(self, name, args=None):
        if not isinstance(name, str):
            raise TypeError(f"record_function: name must be str, not {type(name).__name__}")
        self.name, self.args, self._event = name, args, -1

    def __enter__(self):
        self._event = _profiler.begin_event(self.name)
        return self

    def __exit__(self, *exc):
        _profiler.end_event(self._event)

    def __call__(self, function):
        """Decorate a function with the name."""
        @functools.wraps(function)
        def named(*args, **kwargs):
            with type(self)(self.name, self.args):
                return function(*args, **kwargs)
        return named


class profile:
    """Times of all operators inside of a with block.

    See https://docs.pytorch.org/docs/stable/autograd.html#profiler

    Parameters
    ----------
    enabled : bool
        False makes this do nothing.
    record_shapes : bool
        Keep the sizes of arguments.
    profile_memory : bool
        Keep how much memory operators take and give back.
    with_stack : bool
        Keep the lines of Python that called.
    with_flops : bool
        Work out how many operations on numbers forward operators do, where that is known: products, convolutions in
        two dimensions, sums and products of elements.
    with_modules : bool
        Without effect, as it is for modules that are not scripted in PyTorch.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.ones(2, requires_grad=True)
    >>> with ctorch.autograd.profiler.profile() as p:
    ...     (x * x).sum().backward()
    >>> [e.name for e in p.function_events if e.kind == "backward" and "::" not in e.name]
    ['SumBackward0', 'MulBackward0']
    """

    def __init__(self, enabled=True, *, record_shapes=False, profile_memory=False, with_stack=False,
                 with_flops=False, with_modules=False, **kwargs):
        unknown = {name for name, value in kwargs.items() if value and name not in ("use_cpu", "use_kineto")}
        if unknown:
            raise NotImplementedError(f"autograd.profiler.profile: {', '.join(sorted(unknown))} is not supported on "
                                      "device 'cpu'")
        self.enabled, self.record_shapes, self.profile_memory = enabled, record_shapes, profile_memory
        self.with_stack, self.function_events, self.entered = with_stack, None, False
        self.with_flops, self.with_modules = with_flops, with_modules

    def __enter__(self):
        if not self.enabled:
            return self
        if self.entered:
            raise RuntimeError("Profiler context manager is not reentrant")
        self.entered = True
        _profiler.start(self.record_shapes or self.with_flops, self.profile_memory, self.with_stack)
        return self

    def __exit__(self, *exc):
        if self.enabled:
            self.function_events = events_of(_profiler.stop(), self.profile_memory, self.record_shapes, self.with_flops)
        return False

    def _checked(self):
        if self.function_events is None:
            raise RuntimeError("Profiler didn't finish running")
        return self.function_events

    def __repr__(self):
        return "<unfinished torch.autograd.profile>" if self.function_events is None else repr(self.function_events)

    def __str__(self):
        return "<unfinished torch.autograd.profile>" if self.function_events is None else str(self.function_events)

    @property
    def self_cpu_time_total(self):
        """Time of all events, in microseconds."""
        return self._checked().self_cpu_time_total

    def table(self, **kwargs):
        """The events as text; see ``EventList.table``."""
        return self._checked().table(**kwargs)

    def key_averages(self, group_by_input_shape=False, group_by_stack_n=0):
        """Sums by name; see ``EventList.key_averages``."""
        return self._checked().key_averages(group_by_input_shape, group_by_stack_n)

    def total_average(self):
        """The sum over all events."""
        return self._checked().total_average()

    def export_chrome_trace(self, path):
        """Write a file for trace viewers."""
        self._checked().export_chrome_trace(path)

    def export_stacks(self, path, metric="self_cpu_time_total"):
        """Write a file for flame graphs."""
        self._checked().export_stacks(path, metric)

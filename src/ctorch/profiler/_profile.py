"""The profiler with a schedule of steps."""
import enum
import json
import warnings

from ctorch.autograd import profiler as inner
from ctorch.autograd.profiler import record_function

__all__ = ["ProfilerAction", "ProfilerActivity", "profile", "schedule", "supported_activities",
           "tensorboard_trace_handler"]


class ProfilerActivity(enum.Enum):
    """What a profiler looks at."""

    CPU = 0
    CUDA = 2


class ProfilerAction(enum.Enum):
    """What a profiler does in a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


def supported_activities():
    """What a profiler can look at here.

    Returns
    -------
    set of ProfilerActivity
    """
    return {ProfilerActivity.CPU}


def schedule(*, wait, warmup, active, repeat=0, skip_first=0, skip_first_wait=0):
    """A plan of steps: first some are skipped, then in each round some wait, some warm up, and some are recorded.

    See https://docs.pytorch.org/docs/stable/profiler.html#torch.profiler.schedule

    Parameters
    ----------
    wait, warmup, active : int
        Steps of each round.
    repeat : int
        How many rounds; 0 for no end.
    skip_first : int
        Steps before the first round.
    skip_first_wait : int
        Not 0: the first round does not wait.

    Returns
    -------
    callable
        From the number of a step to a ProfilerAction.

    Examples
    --------
    >>> import ctorch
    >>> plan = ctorch.profiler.schedule(wait=1, warmup=1, active=2, repeat=1)
    >>> [plan(step).name for step in range(5)]
    ['NONE', 'WARMUP', 'RECORD', 'RECORD_AND_SAVE', 'NONE']
    """
    if not (wait >= 0 and warmup >= 0 and active > 0 and repeat >= 0 and skip_first >= 0):
        raise AssertionError("Invalid profiler schedule arguments")
    if warmup == 0:
        warnings.warn("Profiler won't be using warmup, this can skew profiler results", stacklevel=2)

    def action(step):
        if step < 0:
            raise AssertionError(f"Step must be non-negative. Got {step}.")
        if step < skip_first:
            return ProfilerAction.NONE
        step -= skip_first
        if skip_first_wait:
            step += wait
        length = wait + warmup + active
        if repeat > 0 and step // length >= repeat:
            return ProfilerAction.NONE
        place = step % length
        if place < wait:
            return ProfilerAction.NONE
        if place < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD if place < length - 1 else ProfilerAction.RECORD_AND_SAVE

    return action


def tensorboard_trace_handler(dir_name, worker_name=None, use_gzip=False):
    """A function for `on_trace_ready` that writes each recording as a trace into a folder.

    See https://docs.pytorch.org/docs/stable/profiler.html#torch.profiler.tensorboard_trace_handler

    Parameters
    ----------
    dir_name : str
        The folder; made where it is missing.
    worker_name : str, optional
        How the names of the files begin; by default the names of the machine and of the process.
    use_gzip : bool
        Compress the files.

    Returns
    -------
    callable
        Takes the profiler.

    Examples
    --------
    >>> import os, tempfile, ctorch
    >>> folder = tempfile.mkdtemp()
    >>> handler = ctorch.profiler.tensorboard_trace_handler(folder, "me")
    >>> with ctorch.profiler.profile(on_trace_ready=handler):
    ...     y = ctorch.ones(2) + 1
    >>> [name.split(".")[0] for name in os.listdir(folder)]
    ['me']
    """
    import os
    import socket
    import time

    def handler(profiler):
        os.makedirs(dir_name, exist_ok=True)
        who = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        name = f"{who}.{time.time_ns()}.pt.trace.json{'.gz' if use_gzip else ''}"
        profiler.export_chrome_trace(os.path.join(dir_name, name))

    return handler


def _always(step):
    return ProfilerAction.RECORD


_RECORDS = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)


class profile:
    """A profiler, as a context manager or by ``start``, ``step`` and ``stop``.

    See https://docs.pytorch.org/docs/stable/profiler.html#torch.profiler.profile

    Parameters
    ----------
    activities : iterable of ProfilerActivity, optional
        What to look at; times are those of the CPU.
    schedule : callable, optional
        From the number of a step to a ProfilerAction; by default all is recorded.
    on_trace_ready : callable, optional
        Called with the profiler whenever a recording is complete.
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
    experimental_config : object, optional
        Not supported.
    acc_events : bool
        Keep the events of earlier rounds of the schedule too.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.ones(3, 3, requires_grad=True)
    >>> with ctorch.profiler.profile(record_shapes=True) as p:
    ...     (x @ x).sum().backward()
    >>> {e.key: e.count for e in p.key_averages() if e.key in ("aten::matmul", "SumBackward0")}
    {'aten::matmul': 1, 'SumBackward0': 1}
    >>> table = p.key_averages().table(sort_by="cpu_time_total", row_limit=5)
    """

    def __init__(self, *, activities=None, schedule=None, on_trace_ready=None, record_shapes=False,
                 profile_memory=False, with_stack=False, with_flops=False, with_modules=False,
                 experimental_config=None, acc_events=False):
        if experimental_config:
            raise NotImplementedError("profiler.profile: experimental_config is not supported on device 'cpu'")
        self.activities = set(supported_activities() if activities is None else activities)
        if not self.activities:
            raise AssertionError("No valid profiler activities found")
        if ProfilerActivity.CUDA in self.activities:
            warnings.warn("profiler: operators are timed on the CPU; kernels on a CUDA device are not", stacklevel=2)
        self.schedule, self.on_trace_ready = schedule or _always, on_trace_ready
        self.record_shapes, self.profile_memory, self.with_stack = record_shapes, profile_memory, with_stack
        self.with_flops, self.with_modules = with_flops, with_modules
        self.step_num, self.current_action = 0, self.schedule(0)
        self.profiler, self.acc_events = None, acc_events
        self._by_steps, self._step = schedule is not None, None
        self._metadata, self._kept = {}, []

    # ---- by steps

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.stop()

    def start(self):
        """Begin with the first step."""
        self._change(ProfilerAction.NONE, self.current_action)
        self._name_step()

    def stop(self):
        """End the last step, and what is recorded."""
        self._end_step()
        self._change(self.current_action, None)

    def step(self):
        """Say that the next step begins."""
        self._end_step()
        before = self.current_action
        self.step_num += 1
        self.current_action = self.schedule(self.step_num)
        self._change(before, self.current_action)
        self._name_step()

    def _name_step(self):
        if self._by_steps:
            self._step = record_function(f"ProfilerStep#{self.step_num}")
            self._step.__enter__()

    def _end_step(self):
        if self._step is not None:
            self._step.__exit__(None, None, None)
            self._step = None

    def _change(self, before, now):
        # From the action of one step to that of the next, or to the end.
        if before is ProfilerAction.RECORD and now in (ProfilerAction.NONE, ProfilerAction.WARMUP):
            warnings.warn(f"Incorrect schedule: RECORD followed by {now.name}", stacklevel=3)
        if before in _RECORDS and (now not in _RECORDS or before is ProfilerAction.RECORD_AND_SAVE):
            self._stop_recording()
            if now is None or before is ProfilerAction.RECORD_AND_SAVE:
                self._ready()
            before = ProfilerAction.NONE
        if now in _RECORDS and before not in _RECORDS:
            self._start_recording()

    def _start_recording(self):
        self.profiler = inner.profile(record_shapes=self.record_shapes, profile_memory=self.profile_memory,
                                      with_stack=self.with_stack, with_flops=self.with_flops)
        self.profiler.__enter__()

    def _stop_recording(self):
        self.profiler.__exit__(None, None, None)
        if self.acc_events:
            self._kept.extend(self.profiler.function_events)

    def _ready(self):
        if self.on_trace_ready is not None:
            self.on_trace_ready(self)

    # ---- what was found

    def events(self):
        """The events of the last recording, in the order in which they began.

        Returns
        -------
        EventList of FunctionEvent
        """
        if self.profiler is None or self.profiler.function_events is None:
            raise AssertionError("Profiler must be initialized before accessing events")
        if self.acc_events:
            return inner.EventList(self._kept, self.profile_memory, self.with_flops)
        return self.profiler.function_events

    def key_averages(self, group_by_input_shape=False, group_by_stack_n=0):
        """Sums by name; see ``EventList.key_averages``."""
        return self.events().key_averages(group_by_input_shape, group_by_stack_n)

    def export_chrome_trace(self, path):
        """Write the events in the Trace Event Format, which trace viewers read.

        Parameters
        ----------
        path : str
            A file ending in ``.json``, or in ``.gz`` to compress it.
        """
        plain = path.removesuffix(".gz")
        self.events().export_chrome_trace(plain)
        if self._metadata:
            with open(plain, encoding="utf-8") as file:
                trace = json.load(file)
            with open(plain, "w", encoding="utf-8") as file:
                json.dump({**trace, **self._metadata}, file)
        if plain != path:
            _compress(plain, path)

    def export_stacks(self, path, metric="self_cpu_time_total"):
        """Write stacks of Python with their times, for flame graphs."""
        self.events().export_stacks(path, metric)

    def add_metadata(self, key, value):
        """A text to be written into the trace."""
        self._metadata[key] = str(value)

    def add_metadata_json(self, key, value):
        """JSON to be written into the trace."""
        self._metadata[key] = json.loads(value)


def _compress(plain, path):
    import gzip
    import os
    with open(plain, "rb") as source, gzip.open(path, "wb") as target:
        target.write(source.read())
    os.remove(plain)

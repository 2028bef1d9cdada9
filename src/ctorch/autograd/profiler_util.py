"""Events of a profiler: lists of them, sums by name, tables and traces."""
import json
import math
import os
import threading
from collections import defaultdict

__all__ = ["EventList", "FunctionEvent", "FunctionEventAvg", "Interval"]

_KINDS = ("operator", "backward", "user", "dropped")      # by their number in ctorch._profiler


def _time(us):
    for unit, scale in (("s", 1e6), ("ms", 1e3)):
        if abs(us) >= scale:
            return f"{us / scale:.3f}{unit}"
    return f"{us:.3f}us"


def _share(part, whole):
    return f"{100 * part / whole:.2f}%" if whole else "NaN" if part else "0.00%"


def _memory(nbytes):
    for unit, scale in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if abs(nbytes) >= scale:
            return f"{nbytes / scale:.2f} {unit}"
    return f"{nbytes} B"


_OPERANDS = {"aten::addmm": 1, "aten::baddbmm": 1, "aten::addmv": 1, "aten::addbmm": 1}   # where the products begin
_PRODUCTS = {"aten::mm", "aten::matmul", "aten::bmm", "aten::mv", "aten::dot", "aten::linear", *_OPERANDS}


def _flops(name, shapes, result):
    """Operations on numbers in a call of an operator; 0 where they are not known."""
    if name in _PRODUCTS:
        return 2 * math.prod(result) * shapes[_OPERANDS.get(name, 0)][-1]
    if name == "aten::conv2d":
        return 2 * math.prod(result) * math.prod(shapes[1][1:])
    return math.prod(shapes[0]) if name in ("aten::mul", "aten::add") else 0


def _flops_column(rows):
    # In the unit that suits the smallest number.
    least = min((e.flops for e in rows if e.flops), default=1)
    power = min(int(math.log10(least)) // 3, 5)
    unit = ("FLOPs", "KFLOPs", "MFLOPs", "GFLOPs", "TFLOPs", "PFLOPs")[power]
    return f"Total {unit}", lambda e: f"{e.flops / 1000 ** power:.3f}" if e.flops else "--"


class Interval:
    """A time span in microseconds.

    Parameters
    ----------
    start : float
        Its beginning.
    end : float
        Its end.
    """

    def __init__(self, start, end):
        self.start, self.end = start, end

    def elapsed_us(self):
        """How long it is."""
        return self.end - self.start


class _Figures:
    # What single events and sums of them have in common.

    @property
    def cpu_time(self):
        """Time of one call in microseconds, on average."""
        return self.cpu_time_total / self.count if self.count else 0.0

    @property
    def cpu_time_str(self):
        """The same as text."""
        return _time(self.cpu_time)

    @property
    def cpu_time_total_str(self):
        """Time of all calls, as text."""
        return _time(self.cpu_time_total)

    @property
    def self_cpu_time_total_str(self):
        """Time of all calls without what they call, as text."""
        return _time(self.self_cpu_time_total)


class FunctionEvent(_Figures):
    """One call of an operator, one node of a backward, or what is inside of one ``record_function``.

    Attributes
    ----------
    name : str
        As ``aten::mul``.
    thread : int
        In which thread, by order of appearance.
    time_range : Interval
        When, in microseconds.
    cpu_parent, cpu_children : FunctionEvent, list of FunctionEvent
        The event around it and those inside.
    sequence_nr : int
        Number of the node that was recorded, or that ran backward; -1 for none.
    input_shapes : list
        Sizes of its arguments, if they were asked for.
    stack : list of str
        Lines of Python, the innermost first, if they were asked for.
    flops : int
        Operations on numbers, if they were asked for; 0 where they are not known.
    """

    def __init__(self, id, name, kind, thread, start, end, sequence, memory, shapes, stack, flops=0):
        self.id, self.name, self.kind, self.thread = id, name, kind, thread
        self.key = "ProfilerStep*" if name.startswith("ProfilerStep#") else name
        self.time_range = Interval(start, end)
        self.sequence_nr, self.cpu_memory_usage, self.flops = sequence, memory, flops
        self.input_shapes, self.stack = shapes or [], list(stack or ())
        self.cpu_parent, self.cpu_children, self.count = None, [], 1
        self.is_async, self.is_user_annotation = False, kind == "user"
        self.scope = {"operator": 0, "backward": 1}.get(kind, 7)

    @property
    def cpu_time_total(self):
        """How long it took, in microseconds."""
        return self.time_range.elapsed_us()

    @property
    def self_cpu_time_total(self):
        """How long without the events inside, in microseconds."""
        return self.cpu_time_total - sum(c.cpu_time_total for c in self.cpu_children)

    @property
    def self_cpu_memory_usage(self):
        """Bytes that it has taken and not given back, without the events inside."""
        return self.cpu_memory_usage - sum(c.cpu_memory_usage for c in self.cpu_children)

    def __repr__(self):
        return (f"<FunctionEvent id={self.id} name={self.name} cpu_time={self.cpu_time_str} "
                f"cpu_start_us={self.time_range.start} cpu_end={self.time_range.end} "
                f"cpu_children={[c.id for c in self.cpu_children]} thread={self.thread} "
                f"input_shapes={self.input_shapes} cpu_memory_usage={self.cpu_memory_usage}>")


class FunctionEventAvg(_Figures):
    """The sums over events of one name."""

    def __init__(self, key):
        self.key, self.count = key, 0
        self.cpu_time_total = self.self_cpu_time_total = 0.0
        self.cpu_memory_usage = self.self_cpu_memory_usage = self.flops = 0
        self.input_shapes, self.stack, self.scope, self.is_user_annotation = None, [], None, False

    def add(self, event):
        """Count an event, or other sums of the same name."""
        self.count += event.count
        if not _is_inside_itself(event):
            self.cpu_time_total += event.cpu_time_total
            self.cpu_memory_usage += event.cpu_memory_usage
        self.self_cpu_time_total += event.self_cpu_time_total
        self.self_cpu_memory_usage += event.self_cpu_memory_usage
        self.flops += event.flops
        self.scope, self.is_user_annotation = event.scope, event.is_user_annotation
        return self

    __iadd__ = add

    def __repr__(self):
        return (f"<FunctionEventAvg key={self.key} self_cpu_time={_time(self.self_cpu_time_total)} "
                f"cpu_time={self.cpu_time_str} input_shapes={self.input_shapes} "
                f"cpu_memory_usage={self.cpu_memory_usage}>")


def _is_inside_itself(event):
    # Time of a call within a call of the same name counts once.
    around = getattr(event, "cpu_parent", None)
    while around is not None:
        if around.key == event.key:
            return True
        around = around.cpu_parent
    return False


class EventList(list):
    """Events, or sums of them, with tables and traces.

    Parameters
    ----------
    events : iterable
        What it holds.
    profile_memory : bool
        Whether memory was looked at.
    """

    def __init__(self, events=(), profile_memory=False, with_flops=False, **kwargs):
        super().__init__(events)
        self._memory, self._flops = profile_memory, with_flops

    def __str__(self):
        return self.table()

    @property
    def self_cpu_time_total(self):
        """Time of all events without what is inside of others, in microseconds."""
        return sum(e.self_cpu_time_total for e in self)

    def key_averages(self, group_by_input_shapes=False, group_by_stack_n=0):
        """Sums by name.

        Parameters
        ----------
        group_by_input_shapes : bool
            Calls with arguments of different sizes are told apart.
        group_by_stack_n : int
            So are calls from different places: that many lines of Python are compared.

        Returns
        -------
        EventList of FunctionEventAvg
        """
        groups = {}
        for event in self:
            key = (event.key, str(event.input_shapes) if group_by_input_shapes else "",
                   tuple(event.stack[:group_by_stack_n]))
            if key not in groups:
                found = groups[key] = FunctionEventAvg(event.key)
                found.input_shapes = str(event.input_shapes) if group_by_input_shapes else ""
                found.stack = event.stack[:group_by_stack_n]
            groups[key].add(event)
        return EventList(groups.values(), self._memory, self._flops)

    def total_average(self):
        """The sum over all events."""
        total = FunctionEventAvg("Total")
        for event in self:
            total.add(event)
        return total

    def table(self, sort_by=None, row_limit=100, max_src_column_width=75, max_name_column_width=55,
              max_shapes_column_width=80, header=None, top_level_events_only=False, time_unit=None):
        """The events as text.

        Parameters
        ----------
        sort_by : str, optional
            Name of an attribute, largest first: ``"cpu_time_total"``, ``"self_cpu_time_total"``, ``"cpu_time"``,
            ``"count"``, ``"cpu_memory_usage"``, ``"self_cpu_memory_usage"``.
        row_limit : int
            At most so many rows; -1 for all.
        max_src_column_width, max_name_column_width, max_shapes_column_width : int
            Longer entries are cut.
        header : str, optional
            A line above.
        top_level_events_only : bool
            Leave out events inside of others.
        time_unit : str, optional
            ``"s"``, ``"ms"`` or ``"us"``; by default what suits each number.

        Returns
        -------
        str
        """
        rows = [e for e in self if not (top_level_events_only and getattr(e, "cpu_parent", None) is not None)]
        if sort_by is not None:
            if rows and not hasattr(rows[0], sort_by):
                raise AttributeError(f"'{type(rows[0]).__name__}' object has no attribute '{sort_by}'")
            rows.sort(key=lambda e: getattr(e, sort_by), reverse=True)
        whole = self.self_cpu_time_total
        time = _time if time_unit is None else _in_unit(time_unit)
        columns = [("Name", lambda e: _cut(e.key, max_name_column_width)),
                   ("Self CPU %", lambda e: _share(e.self_cpu_time_total, whole)),
                   ("Self CPU", lambda e: time(e.self_cpu_time_total)),
                   ("CPU total %", lambda e: _share(e.cpu_time_total, whole)),
                   ("CPU total", lambda e: time(e.cpu_time_total)),
                   ("CPU time avg", lambda e: time(e.cpu_time))]
        if self._memory:
            columns += [("CPU Mem", lambda e: _memory(e.cpu_memory_usage)),
                        ("Self CPU Mem", lambda e: _memory(e.self_cpu_memory_usage))]
        columns.append(("# of Calls", lambda e: str(e.count)))
        if any(e.input_shapes for e in rows):
            columns.append(("Input Shapes", lambda e: _cut(str(e.input_shapes or []), max_shapes_column_width)))
        if any(e.stack for e in rows):
            columns.append(("Source Location", lambda e: _cut(e.stack[0] if e.stack else "", -max_src_column_width)))
        if self._flops:
            columns.append(_flops_column(rows))
        shown = rows if row_limit < 0 else rows[:row_limit]
        text = _aligned([title for title, _ in columns], [[cell(e) for _, cell in columns] for e in shown], header)
        return f"{text}\nSelf CPU time total: {time(whole)}\n"

    def export_chrome_trace(self, path):
        """Write the events as JSON in the Trace Event Format, which trace viewers read.

        Parameters
        ----------
        path : str
            The file.
        """
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"schemaVersion": 1, "displayTimeUnit": "ms", "traceEvents": list(self._trace_events())}, file)

    def _trace_events(self):
        pid = os.getpid()
        yield {"name": "process_name", "ph": "M", "ts": 0, "pid": pid, "tid": 0, "args": {"name": "ctorch"}}
        for thread in sorted({e.thread for e in self}):
            yield {"name": "thread_name", "ph": "M", "ts": 0, "pid": pid, "tid": thread,
                   "args": {"name": f"thread {thread}"}}
        category = {"operator": "cpu_op", "backward": "cpu_op", "user": "user_annotation"}
        makers = {}
        for e in self:
            args = {"External id": e.id}
            if e.sequence_nr >= 0:
                args["Sequence number"] = e.sequence_nr
                if e.kind == "operator":
                    makers[e.sequence_nr] = e
            if e.input_shapes:
                args["Input Dims"] = e.input_shapes
            if e.stack:
                args["Call stack"] = ";".join(e.stack)
            if self._memory:
                args["Bytes"] = e.cpu_memory_usage
            yield {"ph": "X", "cat": category[e.kind], "name": e.name, "pid": pid, "tid": e.thread,
                   "ts": e.time_range.start, "dur": e.time_range.elapsed_us(), "args": args}
        for e in self:                   # arrows from the operator to what it is in backward
            maker = makers.get(e.sequence_nr)
            if e.kind == "backward" and maker is not None and not e.name.startswith("autograd::"):
                flow = {"cat": "fwdbwd", "name": "fwdbwd", "id": e.sequence_nr, "pid": pid}
                yield {**flow, "ph": "s", "tid": maker.thread, "ts": maker.time_range.start}
                yield {**flow, "ph": "f", "bp": "e", "tid": e.thread, "ts": e.time_range.start}

    def export_stacks(self, path, metric="self_cpu_time_total"):
        """Write stacks of Python with their times, for flame graphs.

        Parameters
        ----------
        path : str
            The file.
        metric : str
            ``"self_cpu_time_total"``.
        """
        if metric not in ("self_cpu_time_total", "self_cuda_time_total"):
            raise ValueError(f"metric should be one of: ['self_cpu_time_total', 'self_cuda_time_total'], got {metric}")
        totals = defaultdict(int)
        for e in self:
            if e.stack:
                frames = ";".join(line.replace(" ", "_").replace(";", ":") for line in reversed(e.stack))
                totals[frames] += int(getattr(e, metric, 0))
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{frames} {total}\n" for frames, total in totals.items() if total > 0)


def _in_unit(unit):
    scales = {"s": 1e6, "ms": 1e3, "us": 1.0}
    if unit not in scales:
        raise ValueError(f"Invalid time unit: {unit}. Must be one of: s, ms, us")
    return lambda us: f"{us / scales[unit]:.3f}{unit}"


def _cut(text, width):
    # A negative width keeps the end.
    if width == 0 or len(text) <= abs(width):
        return text
    return text[:width - 3] + "..." if width > 0 else "..." + text[width + 3:]


def _aligned(titles, rows, header):
    widths = [max(len(row[k]) for row in (titles, *rows)) for k in range(len(titles))]
    rule = "  ".join("-" * w for w in widths)
    lines = [rule, "  ".join(t.rjust(w) for t, w in zip(titles, widths)), rule]
    lines += ["  ".join(cell.rjust(w) for cell, w in zip(row, widths)) for row in rows]
    return "\n".join([*([header] if header else []), *lines, rule])


def events_of(found, profile_memory, record_shapes=True, with_flops=False):
    """An EventList from what ``ctorch._profiler.stop`` returns."""
    threads = {threading.main_thread().ident: 1}
    events, kept = [], []
    for id, (name, kind, start, end, parent, sequence, memory, thread, shapes, stack) in enumerate(found):
        around = events[parent] if parent >= 0 else None
        if _KINDS[kind] == "dropped":    # what is inside belongs to what is around
            events.append(around)
            continue
        tid = threads.setdefault(thread, len(threads) + 1)
        *given, result = shapes or [()]
        counted = not with_flops or not shapes or (around is not None and around.flops)     # of what is around
        flops = 0 if counted else _flops(name, given, result)
        own = [line for line in stack or () if not line.startswith(_OWN)]
        event = FunctionEvent(id, name, _KINDS[kind], tid, start / 1000, end / 1000, sequence, memory,
                              given if record_shapes else None, own, flops)
        event.cpu_parent = around
        if around is not None:
            around.cpu_children.append(event)
        events.append(event)
        kept.append(event)
    return EventList(kept, profile_memory, with_flops)


_OWN = os.path.dirname(os.path.dirname(__file__)) + os.sep    # lines of this package are not the user's

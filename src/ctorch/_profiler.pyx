"""What a profiler keeps of operators while it runs: names, times, threads, sizes, memory and lines of Python.

Events stand in one array in the order in which they began, each with the event around it in the same thread. Operators
of the table and Python's operators test one flag; other functions get stand-ins while a profiler runs.
"""
import sys

from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from cpython.sequence cimport PySequence_Fast_ITEMS
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport realloc

from ctorch._tape cimport Node
from ctorch._tensor cimport TensorBase, shape_tuple

from ctorch._storage import memory_stats
from ctorch._tape import _set_watch

cdef extern from *:
    """
    #include <time.h>
    #define CT_THREAD static __thread __attribute__((tls_model("initial-exec")))
    CT_THREAD int64_t ct_open = -1;           /* the event around what runs in this thread */
    CT_THREAD int64_t ct_session = 0;         /* of which session it is */
    static int64_t ct_now(void) {
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
    }
    """
    int64_t ct_open
    int64_t ct_session
    int64_t ct_now() noexcept nogil

ctypedef object (*Around)(int slot, PyObject* self, PyObject** args, Py_ssize_t n, PyObject* names)

cdef extern from "trampolines.h":
    enum:
        CT_TUPLE
    Around ct_around
    bint ct_stand_before(PyObject* o) noexcept
    void ct_stand_aside() noexcept
    object ct_original(int slot, PyObject* self, PyObject** args, Py_ssize_t n, PyObject* names)
    const char* ct_slot_name(int slot) noexcept

cdef extern from "Python.h":
    unsigned long PyThread_get_thread_ident() noexcept

cdef enum Kind:
    OPERATOR
    BACKWARD
    USER
    DROPPED                              # no tensor came of it

cdef struct Event:
    const char* title                    # of an operator, or NULL
    PyObject* name                       # owned, else
    PyObject* shapes                     # owned, or NULL
    PyObject* stack                      # owned, or NULL
    int64_t start
    int64_t end
    int64_t parent
    int64_t sequence                     # of the node that was recorded or that runs, or -1
    int64_t memory
    uint64_t thread
    int kind

cdef Event* events = NULL
cdef int64_t count = 0
cdef int64_t capacity = 0
cdef int64_t session = 0
cdef bint with_shapes = False
cdef bint with_memory = False
cdef bint with_stacks = False


cdef int64_t begin(int kind, const char* title, object name) except -2:
    global events, capacity, count, ct_open, ct_session
    cdef Event* grown
    cdef Event* e
    stack = lines() if with_stacks else None
    memory = memory_stats()["allocated"] if with_memory else 0
    if count == capacity:
        grown = <Event*>realloc(events, (2 * capacity + 1024) * sizeof(Event))
        if grown == NULL:
            raise MemoryError()
        events, capacity = grown, 2 * capacity + 1024
    if ct_session != session:
        ct_open, ct_session = -1, session
    e = &events[count]               # from here on nothing else runs that might enter one
    e.title, e.kind, e.parent, e.sequence = title, kind, ct_open, -1
    e.name = e.shapes = e.stack = NULL
    e.thread = PyThread_get_thread_ident()
    e.memory = memory
    if name is not None:
        Py_INCREF(name)
        e.name = <PyObject*>name
    if stack is not None:
        Py_INCREF(stack)
        e.stack = <PyObject*>stack
    e.end = 0
    ct_open = count
    count += 1
    e.start = ct_now()
    return ct_open


cdef void finish(int64_t event) noexcept:
    global ct_open
    cdef int64_t now = ct_now()
    if event < 0 or ct_session != session or event >= count:
        return                               # its profiler has stopped
    events[event].end = now
    ct_open = events[event].parent
    if with_memory:
        try:
            now = memory_stats()["allocated"]
            events[event].memory = now - events[event].memory
        except Exception:
            events[event].memory = 0


cdef tuple lines():
    # The calls of Python that led here, the innermost first.
    cdef list found = []
    frame = sys._getframe()
    while frame is not None:
        code = frame.f_code
        found.append(f"{code.co_filename}({frame.f_lineno}): {code.co_name}")
        frame = frame.f_back
    return tuple(found)


cdef object sizes(object value):
    if isinstance(value, TensorBase):
        return list(shape_tuple(<TensorBase>value))
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], TensorBase):
        return [sizes(v) for v in value]
    return []


cdef int64_t profile_begin(const char* title, Py_ssize_t n, PyObject** values) except -2:
    cdef int64_t event = begin(OPERATOR, title, None)
    cdef Py_ssize_t k
    if with_shapes:
        shapes = [[] if values[k] == NULL else sizes(<object>values[k]) for k in range(n)]
        shapes.append(())                # for the result
        Py_INCREF(shapes)
        events[event].shapes = <PyObject*>shapes
        events[event].start = ct_now()
    return event


cdef int profile_end(int64_t event, object result) except -1:
    first = result[0] if isinstance(result, (tuple, list)) and result else result
    finish(event)
    if event < 0 or ct_session != session or event >= count:
        return 0
    if isinstance(first, TensorBase) and events[event].shapes != NULL:
        shapes = <list>events[event].shapes
        shapes[len(shapes) - 1] = shape_tuple(<TensorBase>first)
    if not isinstance(first, TensorBase):
        events[event].kind = DROPPED
    elif (<TensorBase>first).grad_fn != NULL:
        events[event].sequence = (<Node>(<TensorBase>first).grad_fn).sequence
    return 0


cdef void profile_failed(int64_t event) noexcept:
    finish(event)


cdef object around(int slot, PyObject* self, PyObject** args, Py_ssize_t n, PyObject* names):
    cdef int64_t event
    cdef PyObject* values[9]
    cdef PyObject** given
    cdef Py_ssize_t k, number, m = 0
    if self != NULL and isinstance(<object>self, TensorBase):
        values[0] = self
        m = 1
    given, number = args, n
    if n == CT_TUPLE:
        given, number = PySequence_Fast_ITEMS(<object>args[0]), len(<tuple>args[0])
    for k in range(min(number, 8)):
        values[m + k] = given[k]
    event = profile_begin(ct_slot_name(slot), m + min(number, 8), values)
    try:
        result = ct_original(slot, self, args, n, names)
    except BaseException:
        profile_failed(event)
        raise
    profile_end(event, result)
    return result


ct_around = around


# ---- what the profiler in Python uses

def begin_event(str name not None, shapes=None):
    """Begin an event of the user's; returns its number, -1 where no profiler runs."""
    return begin(USER, NULL, name) if profiling else -1


def end_event(int64_t event):
    """End an event."""
    finish(event)


def begin_node(str name not None, int64_t sequence):
    """Begin the event of a node that runs in backward."""
    cdef int64_t event = begin(BACKWARD, NULL, name)
    events[event].sequence = sequence
    return event


def is_profiling():
    """True while a profiler runs."""
    return profiling != 0


cdef list other_functions():
    # Functions and methods that do not come from the table.
    import ctorch
    cdef list found = []
    modules = {f"ctorch.{name}" for name in ("_factories", "_indexing", "_joining", "_random_functions", "_views")}
    kind = type(len)
    for name, value in vars(ctorch).items():
        if type(value) is kind and value.__module__ in modules and not name.startswith("_"):
            found.append(value)
    descriptor = type(str.join)
    for owner in ctorch.Tensor.__mro__:
        if owner.__name__ == "TableMethods" or not issubclass(owner, TensorBase):
            continue
        found += [value for name, value in vars(owner).items() if type(value) is descriptor
                  and not name.startswith("_")]
    return found


def start(bint shapes, bint memory, bint stacks):
    """Keep events from now on, in all threads."""
    global profiling, with_shapes, with_memory, with_stacks, session
    if profiling:
        raise RuntimeError("Profiler is already enabled on this thread")
    session += 1
    with_shapes, with_memory, with_stacks = shapes, memory, stacks
    for function in other_functions():
        ct_stand_before(<PyObject*>function)
    _set_watch((begin_node, end_event))
    profiling = True


def stop():
    """Keep no more events; returns those that there are, in the order in which they began."""
    global profiling, count, session
    cdef list found = []
    cdef Event* e
    cdef int64_t k
    if not profiling:
        raise RuntimeError("Can't disable Profiler when it's not running")
    profiling = False
    session += 1
    _set_watch(None)
    ct_stand_aside()
    now = ct_now()
    for k in range(count):
        e = &events[k]
        name = <object>e.name if e.name != NULL else "aten::" + e.title.decode().removesuffix("_true")
        found.append((name, e.kind, e.start, e.end if e.end else now, e.parent, e.sequence, e.memory if e.end else 0,
                      e.thread, None if e.shapes == NULL else <object>e.shapes,
                      None if e.stack == NULL else <object>e.stack))
        Py_XDECREF(e.name)
        Py_XDECREF(e.shapes)
        Py_XDECREF(e.stack)
    count = 0
    return found

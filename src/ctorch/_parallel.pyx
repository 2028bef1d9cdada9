"""The thread pool under every kernel: work is cut into chunks, and the caller and the pool's workers share them."""
import os
import warnings

from libc.stdint cimport int64_t, uint8_t

cdef extern from "pool.h" nogil:
    void pool_run(pool_fn fn, void* arg, int64_t chunks)
    void pool_set_threads(int threads)
    int pool_get_threads()
    int pool_get_workers()

__all__ = ["get_num_threads", "set_num_threads"]


cdef void parallel_for(pool_fn fn, void* arg, int64_t chunks) noexcept nogil:
    """Calls fn(arg, chunk) once for every chunk in [0, chunks); nested or while the pool is busy, serially."""
    pool_run(fn, arg, chunks)


cpdef int get_num_threads() noexcept nogil:
    """The number of threads that share the work of one CPU operator.

    Returns
    -------
    int
        At the start: ``CTORCH_NUM_THREADS``, else ``OMP_NUM_THREADS``, else the CPUs this process may run on.

    Examples
    --------
    >>> ctorch.get_num_threads() >= 1
    True
    """
    return pool_get_threads()


def set_num_threads(threads):
    """Sets the number of threads that share the work of one CPU operator, the calling thread included.

    Results do not depend on it: work is always cut into the same chunks.

    Parameters
    ----------
    threads : int
        At least 1; with 1, every operator runs in the thread that calls it.

    Examples
    --------
    >>> before = ctorch.get_num_threads()
    >>> ctorch.set_num_threads(2)
    >>> ctorch.get_num_threads()
    2
    >>> ctorch.set_num_threads(before)
    """
    if isinstance(threads, bool) or not hasattr(type(threads), "__index__"):
        raise TypeError(f"set_num_threads expects an int, but got {type(threads).__name__}")
    cdef int64_t count = threads
    if count < 1:
        raise RuntimeError("set_num_threads expects a positive integer")
    cdef int limited = <int>min(count, 2**31 - 1)
    with nogil:
        pool_set_threads(limited)


def _threads_at_start():
    for name in ("CTORCH_NUM_THREADS", "OMP_NUM_THREADS"):
        text = os.environ.get(name, "").partition(",")[0].strip()  # OpenMP allows one number per nesting level
        if not text:
            continue
        if text.isdecimal() and int(text) > 0:
            return int(text)
        warnings.warn(f"{name}={os.environ[name]!r} is not a positive integer; ctorch ignores it", RuntimeWarning)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# What the tests look through: they count how often each chunk was visited.

cdef struct Visit:
    uint8_t* counts
    int64_t inner


cdef void visit_inner(void* arg, int64_t chunk) noexcept nogil:
    (<uint8_t*>arg)[chunk] += 1


cdef void visit(void* arg, int64_t chunk) noexcept nogil:
    cdef Visit* job = <Visit*>arg
    parallel_for(visit_inner, job.counts + chunk * job.inner, job.inner)


def _visits(int64_t chunks, int64_t inner=0):
    """How often each chunk was visited, as bytes; with inner > 0 every chunk is a nested loop of that many."""
    counts = bytearray(chunks * inner if inner else chunks)
    cdef Visit job
    job.counts = counts
    job.inner = inner
    with nogil:
        if inner:
            parallel_for(visit, &job, chunks)
        else:
            parallel_for(visit_inner, job.counts, chunks)
    return bytes(counts)


def _workers():
    """How many worker threads run now."""
    return pool_get_workers()


set_num_threads(_threads_at_start())

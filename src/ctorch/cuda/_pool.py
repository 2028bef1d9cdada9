"""The caching allocator's logic, without a device: segments from the driver, split into blocks and joined again.

A block belongs to the stream that asked for it: freed, it serves that stream again at once, since the stream's own
order keeps old and new use apart. What other streams use waits for marks (events) in them.
"""
import bisect
import threading
from collections import Counter, deque

GRAIN = 512                  # block sizes are multiples of it; keeps the alignment of cudaMalloc
SMALL = 1 << 20              # up to this size, blocks are cut from small segments
SMALL_SEGMENT = 2 << 20
MEDIUM = 10 << 20            # up to this size, from medium ones; larger ones get a segment each
MEDIUM_SEGMENT = 20 << 20
LARGE_GRAIN = 2 << 20


def rounded(nbytes: int, grain: int = GRAIN) -> int:
    """The next multiple of `grain`."""
    return -(-nbytes // grain) * grain


class Full(Exception):
    """Raised by a source that has no memory left."""


class Exhausted(Exception):
    """No memory even with nothing cached."""


class Segment:
    """Memory got from the driver in one piece."""

    __slots__ = ("handle", "size", "small", "stream")

    def __init__(self, handle, size, small, stream):
        self.handle, self.size, self.small, self.stream = handle, size, small, stream


class Block:
    """A part of a segment, between its neighbours."""

    __slots__ = ("address", "asked", "next", "others", "previous", "segment", "size", "used")

    def __init__(self, address, size, segment):
        self.address, self.size, self.segment = address, size, segment
        self.asked, self.used = 0, False
        self.previous = self.next = None
        self.others = set()          # further streams that use it


class Pool:
    """Blocks of one device.

    Parameters
    ----------
    source : object
        `allocate(nbytes)` gives a handle whose `int()` is an address, or raises Full; `release(handle)` takes it
        back; `mark(stream)` puts a mark in a stream; `passed(mark, wait)` tells whether it is passed.
    caching : bool
        False: each block is a segment of its own, of just the size asked, and goes back at once. Tools that look
        for accesses out of bounds then see each tensor's bounds.
    """

    def __init__(self, source, caching=True):
        self.source, self.caching = source, caching
        self.limit = None            # most bytes to hold
        self._closed = False
        self._lock = threading.Lock()
        self._free = {}              # (stream, small) -> sorted [(size, address, block)]
        self._used = {}              # address -> block
        self._freed = deque()        # addresses given back and not yet looked at
        self._waiting = deque()      # (block, marks of the other streams)
        self._now, self._peak, self._total = Counter(), Counter(), Counter()

    # ---- in and out

    def allocate(self, nbytes: int, stream=0) -> int:
        """Address of a block of at least `nbytes` bytes for a stream; 0 for none."""
        if nbytes == 0:
            return 0
        size = rounded(nbytes) if self.caching else nbytes
        with self._lock:
            self._drain()
            block = self._best_fit(size, stream) or self._grow(size, stream)
            self._split(block, size)
            block.used, block.asked = True, nbytes
            self._used[block.address] = block
            self._count("allocated_bytes", block.size)
            self._count("active_bytes", block.size)
            self._count("requested_bytes", nbytes)
            self._count("allocation", 1)
            return block.address

    def free(self, address: int) -> None:
        """Give a block back."""
        # Only queued where the lock is held: the garbage collector may call this amid an allocation.
        if address and not self._closed:
            self._freed.append(address)
            if self._lock.acquire(blocking=False):
                try:
                    self._drain()
                finally:
                    self._lock.release()

    def record(self, address: int, stream) -> None:
        """A further stream uses a block: freed, it waits for what the stream holds by then."""
        if address == 0:
            return
        with self._lock:
            block = self._used[address]
            if stream != block.segment.stream:
                block.others.add(stream)

    def release_cached(self) -> int:
        """Give what nobody uses back to the driver: the bytes."""
        with self._lock:
            self._drain()
            return self._release()

    def close(self) -> None:
        """Give everything back, used or not."""
        with self._lock:
            self._closed = True
            segments = {id(b.segment): b.segment for b in self._used.values()}
            segments |= {id(b.segment): b.segment for free in self._free.values() for *_, b in free}
            segments |= {id(b.segment): b.segment for b, _ in self._waiting}
            self._used.clear()
            self._free.clear()
            self._waiting.clear()
            self._freed.clear()
            for segment in segments.values():
                self.source.release(segment.handle)

    # ---- figures

    @property
    def held(self) -> int:
        return self._now["reserved_bytes"]

    def figures(self) -> dict:
        """Current, peak, allocated in all and freed in all, of each quantity."""
        with self._lock:
            self._drain()
            split = sum(b.size for free in self._free.values() for *_, b in free if b.size != b.segment.size)
            return {"now": Counter(self._now), "peak": Counter(self._peak), "total": Counter(self._total),
                    "split": split}

    def reset_peak(self) -> None:
        with self._lock:
            self._drain()
            self._peak = Counter(self._now)

    def _count(self, what, by):
        self._now[what] += by
        if by > 0:
            self._total[what] += by
            self._peak[what] = max(self._peak[what], self._now[what])

    # ---- freed blocks

    def _drain(self, wait=False):
        """Make blocks that were given back free again; those whose marks are not passed stay, unless waited for."""
        while self._freed:
            block = self._used.pop(self._freed.popleft())
            self._count("allocated_bytes", -block.size)
            self._count("requested_bytes", -block.asked)
            self._count("allocation", -1)
            marks = [self.source.mark(stream) for stream in block.others]
            block.others.clear()
            if marks:
                self._waiting.append((block, marks))
            else:
                self._retire(block)
        for _ in range(len(self._waiting)):
            block, marks = self._waiting.popleft()
            if all(self.source.passed(mark, wait) for mark in marks):
                self._retire(block)
            else:
                self._waiting.append((block, marks))

    def _retire(self, block):
        """Join a block with its free neighbours, and keep it for reuse."""
        self._count("active_bytes", -block.size)
        block.used = False
        if not self.caching:
            self._give_back(block)
            return
        before, after = block.previous, block.next
        if before is not None and not before.used:
            self._remove(before)
            before.size += block.size
            before.next = after
            if after is not None:
                after.previous = before
            block = before
        if after is not None and not after.used:
            self._remove(after)
            block.size += after.size
            block.next = after.next
            if after.next is not None:
                after.next.previous = block
        bisect.insort(self._list(block), (block.size, block.address, block))

    def _list(self, block):
        return self._free.setdefault((block.segment.stream, block.segment.small), [])

    def _remove(self, block):
        free = self._list(block)
        del free[bisect.bisect_left(free, (block.size, block.address))]

    # ---- blocks for use

    def _best_fit(self, size, stream):
        free = self._free.get((stream, size <= SMALL))
        if not free:
            return None
        i = bisect.bisect_left(free, (size, 0))
        return free.pop(i)[2] if i < len(free) else None

    def _split(self, block, size):
        """Cut a block to size, where the rest is worth keeping apart."""
        rest = block.size - size
        if rest < (GRAIN if block.segment.small else SMALL + 1) or not self.caching:
            return
        tail = Block(block.address + size, rest, block.segment)
        tail.previous, tail.next = block, block.next
        if block.next is not None:
            block.next.previous = tail
        block.next, block.size = tail, size
        bisect.insort(self._list(tail), (tail.size, tail.address, tail))

    def _grow(self, size, stream):
        small = size <= SMALL
        if not self.caching:
            wanted = [size]
        elif small:
            wanted = [SMALL_SEGMENT]
        elif size < MEDIUM:
            wanted = [MEDIUM_SEGMENT, rounded(size, LARGE_GRAIN)]
        else:
            wanted = [rounded(size, LARGE_GRAIN)]
        block = self._segment(wanted[0], small, stream)
        if block is None:
            self._count("retries", 1)
            self._drain(wait=True)
            self._release()
            block = next(filter(None, (self._segment(w, small, stream) for w in wanted)), None)
        if block is None:
            self._count("ooms", 1)
            raise Exhausted
        return block

    def _segment(self, size, small, stream):
        if self.limit is not None and self.held + size > self.limit:
            return None
        try:
            handle = self.source.allocate(size)
        except Full:
            return None
        self._count("reserved_bytes", size)
        self._count("segment", 1)
        return Block(int(handle), size, Segment(handle, size, small, stream))

    def _release(self):
        before = self.held
        for free in self._free.values():
            whole = [entry for entry in free if entry[0] == entry[2].segment.size]
            free[:] = [entry for entry in free if entry[0] != entry[2].segment.size]
            for *_, block in whole:
                self._give_back(block)
        return before - self.held

    def _give_back(self, block):
        self._count("reserved_bytes", -block.segment.size)
        self._count("segment", -1)
        self.source.release(block.segment.handle)

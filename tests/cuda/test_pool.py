"""The caching allocator's logic over a made-up source of memory: no device is needed."""
import itertools
import random
import threading

import pytest

from ctorch.cuda import _pool
from ctorch.cuda._pool import GRAIN, MEDIUM_SEGMENT, SMALL_SEGMENT, Exhausted, Full, Pool

MIB = 1 << 20


class Source:
    """Addresses from a counter, within a capacity; marks that pass when told."""

    def __init__(self, capacity=1 << 40):
        self.capacity, self.next, self.segments, self.pending = capacity, 1 << 30, {}, set()
        self.marks = 0

    def allocate(self, nbytes):
        if sum(self.segments.values()) + nbytes > self.capacity:
            raise Full
        address, self.next = self.next, self.next + nbytes + (1 << 24)
        self.segments[address] = nbytes
        return address

    def release(self, address):
        del self.segments[address]

    def mark(self, stream):
        self.marks += 1
        self.pending.add(self.marks)
        return self.marks

    def passed(self, mark, wait):
        if wait:
            self.pending.discard(mark)
        return mark not in self.pending


def now(pool, what):
    return pool.figures()["now"][what]


def test_nothing_is_asked_of_the_source_for_no_bytes():
    source = Source()
    pool = Pool(source)
    assert pool.allocate(0) == 0
    pool.free(0)
    assert not source.segments


@pytest.mark.parametrize(("asked", "used", "segment"), [
    (1, GRAIN, SMALL_SEGMENT), (513, 1024, SMALL_SEGMENT), (MIB, MIB, SMALL_SEGMENT),
    (MIB + 1, MIB + GRAIN, MEDIUM_SEGMENT), (10 * MIB, 10 * MIB, 10 * MIB), (11 * MIB + 1, 12 * MIB, 12 * MIB)])
def test_sizes_are_rounded(asked, used, segment):
    source = Source()
    pool = Pool(source)
    pool.allocate(asked)
    assert list(source.segments.values()) == [segment]
    assert now(pool, "allocated_bytes") == used
    assert now(pool, "requested_bytes") == asked
    assert now(pool, "reserved_bytes") == segment


def test_small_blocks_share_a_segment_and_do_not_overlap():
    source = Source()
    pool = Pool(source)
    addresses = sorted(pool.allocate(1000) for _ in range(2048))
    assert len(source.segments) == 1
    assert all(b - a >= 1024 for a, b in itertools.pairwise(addresses))
    pool.allocate(1000)
    assert len(source.segments) == 2


def test_a_freed_block_is_used_again():
    pool = Pool(Source())
    a = pool.allocate(5000)
    pool.free(a)
    assert pool.allocate(4700) == a


def test_best_fit():
    pool = Pool(Source())
    blocks = [pool.allocate(n * 1024) for n in (64, 1, 16, 1, 32, 1)]
    for i in (0, 2, 4):
        pool.free(blocks[i])
    assert pool.allocate(10 * 1024) == blocks[2]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (0, 2, 1), (1, 0, 2)])
def test_neighbours_are_joined(order):
    source = Source()
    pool = Pool(source)
    blocks = [pool.allocate(SMALL_SEGMENT // 4) for _ in range(4)]
    for i in order:
        pool.free(blocks[i])
    assert pool.allocate(SMALL_SEGMENT // 2) == blocks[0]       # of three quarters that are one block now
    pool.free(blocks[3])
    pool.free(blocks[0])
    assert pool.release_cached() == SMALL_SEGMENT
    assert not source.segments


def test_a_small_rest_of_a_large_block_stays_with_it():
    pool = Pool(Source())
    pool.free(pool.allocate(12 * MIB))
    pool.allocate(11 * MIB)
    assert now(pool, "allocated_bytes") == 12 * MIB


def test_streams_do_not_share_blocks():
    pool = Pool(Source())
    a = pool.allocate(1000, stream="one")
    pool.free(a)
    assert pool.allocate(1000, stream="two") != a
    assert pool.allocate(1000, stream="one") == a


def test_a_block_in_use_by_another_stream_waits_for_its_mark():
    source = Source()
    pool = Pool(source)
    a = pool.allocate(1000, stream="one")
    pool.record(a, "two")
    pool.free(a)
    assert pool.allocate(1000, stream="one") != a
    assert now(pool, "active_bytes") == 2048 and now(pool, "allocated_bytes") == 1024
    source.pending.clear()
    assert pool.allocate(1000, stream="one") == a


def test_recording_the_own_stream_needs_no_mark():
    source = Source()
    pool = Pool(source)
    a = pool.allocate(1000, stream="one")
    pool.record(a, "one")
    pool.free(a)
    assert source.marks == 0 and pool.allocate(1000, stream="one") == a


def test_a_waiting_block_is_not_joined_with_its_neighbour():
    source = Source()
    pool = Pool(source)
    a, b = (pool.allocate(1024, stream="one") for _ in range(2))
    pool.record(a, "two")
    pool.free(a)
    pool.free(b)
    assert pool.allocate(2048, stream="one") == b
    source.pending.clear()
    assert pool.allocate(1024, stream="one") == a


def test_out_of_memory_gives_the_cache_back_and_tries_again():
    source = Source(capacity=64 * MIB)
    pool = Pool(source)
    pool.free(pool.allocate(40 * MIB))
    pool.allocate(50 * MIB)
    assert list(source.segments.values()) == [50 * MIB]
    assert pool.figures()["total"]["retries"] == 1
    with pytest.raises(Exhausted):
        pool.allocate(20 * MIB)
    assert pool.figures()["total"]["ooms"] == 1
    assert pool.held == 50 * MIB


def test_out_of_memory_waits_for_marks():
    source = Source(capacity=64 * MIB)
    pool = Pool(source)
    a = pool.allocate(40 * MIB, stream="one")
    pool.record(a, "two")
    pool.free(a)
    assert pool.allocate(50 * MIB, stream="one")
    assert not source.pending


def test_a_medium_block_takes_less_where_a_whole_segment_does_not_fit():
    source = Source(capacity=8 * MIB)
    assert Pool(source).allocate(5 * MIB)
    assert list(source.segments.values()) == [6 * MIB]


def test_limit():
    pool = Pool(Source())
    pool.limit = 32 * MIB
    pool.allocate(20 * MIB)
    with pytest.raises(Exhausted):
        pool.allocate(20 * MIB)


def test_figures():
    pool = Pool(Source())
    a = pool.allocate(1024)
    b = pool.allocate(2048)
    pool.free(a)
    figures = pool.figures()
    assert figures["now"]["allocated_bytes"] == 2048 and figures["peak"]["allocated_bytes"] == 3072
    assert figures["total"]["allocated_bytes"] == 3072 and figures["now"]["allocation"] == 1
    assert figures["split"] == SMALL_SEGMENT - 2048
    pool.reset_peak()
    assert pool.figures()["peak"]["allocated_bytes"] == 2048
    pool.free(b)
    assert now(pool, "allocated_bytes") == 0


def test_without_caching_each_block_is_a_segment_of_just_its_size():
    source = Source()
    pool = Pool(source, caching=False)
    a = pool.allocate(1001)
    assert list(source.segments.values()) == [1001]
    pool.free(a)
    assert not source.segments and pool.held == 0


def test_close_gives_everything_back_and_later_frees_do_nothing():
    source = Source()
    pool = Pool(source)
    a, b, c = pool.allocate(100), pool.allocate(20 * MIB), pool.allocate(5 * MIB)
    pool.free(b)
    pool.record(c, "two")
    pool.free(c)
    pool.close()
    assert not source.segments
    pool.free(a)


def test_free_amid_an_allocation():
    # The garbage collector may free a tensor while the pool is at work on this very thread.
    pool = Pool(Source())
    a, take = pool.allocate(1000), pool.source.allocate

    def allocate(nbytes):
        pool.free(a)
        return take(nbytes)

    pool.source.allocate = allocate
    pool.allocate(20 * MIB)
    assert now(pool, "allocated_bytes") == 20 * MIB


def check(pool):
    """The free lists and the chain of blocks agree, and nothing overlaps."""
    listed = {b.address: b for free in pool._free.values() for *_, b in free}
    for free in pool._free.values():
        assert free == sorted(free, key=lambda entry: entry[:2])
        assert all((size, address) == (b.size, b.address) for size, address, b in free)
    spans = sorted((b.address, b.size) for b in [*listed.values(), *pool._used.values()])
    assert all(a + size <= b for (a, size), (b, _) in itertools.pairwise(spans))
    for b in listed.values():
        assert not b.used
        assert b.next is None or b.next.used, "free neighbours are joined"
        assert b.next is None or (b.next.previous is b and b.next.address == b.address + b.size)


def test_random_use_keeps_the_books_straight():
    rng = random.Random(0)
    source = Source(capacity=512 * MIB)
    pool = Pool(source)
    held = {}
    for _ in range(4000):
        if held and rng.random() < 0.5:
            address = rng.choice(list(held))
            if rng.random() < 0.2:
                pool.record(address, rng.choice("abc"))
            del held[address]
            pool.free(address)
        else:
            nbytes = int(2 ** rng.uniform(0, 25))
            try:
                address = pool.allocate(nbytes, stream=rng.choice("abc"))
            except Exhausted:
                continue
            assert not any(a < address + nbytes and address < a + n for a, n in held.items())
            held[address] = nbytes
        if rng.random() < 0.1:
            source.pending.clear()
        if rng.random() < 0.01:
            pool.release_cached()
        check(pool)
    for address in held:
        pool.free(address)
    source.pending.clear()
    pool.release_cached()
    assert not source.segments
    assert not {k: v for k, v in pool.figures()["now"].items() if v and k not in ("retries", "ooms")}


def test_threads():
    pool = Pool(Source())
    errors = []

    def work(seed):
        rng, mine = random.Random(seed), []
        try:
            for _ in range(500):
                if mine and rng.random() < 0.5:
                    pool.free(mine.pop())
                else:
                    mine.append(pool.allocate(rng.randrange(1, 3 * MIB), stream=seed % 2))
            for address in mine:
                pool.free(address)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors
    assert now(pool, "allocated_bytes") == 0
    check(pool)


def test_rounding():
    assert [_pool.rounded(n) for n in (1, 512, 513)] == [512, 512, 1024]

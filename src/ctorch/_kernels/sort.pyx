"""Sorting and selection along one dimension, by the bits of unsigned keys.

A record is a key's leading bits over its place in the row, in 64 bits. Records are sorted by counting, 8 to 11 bits at
a time from the lowest (LSD radix sort), which keeps equal keys in order. Where the key's bits do not all fit, or more
of them than needed to tell the elements of such a row apart, the lowest are left out and the few runs that they would
have told apart are sorted afterwards.
"""
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from ctorch._kernels.keys cimport *
from ctorch._parallel cimport get_num_threads, parallel_for

cdef extern from "scratch.h" nogil:
    void* ct_scratch(size_t bytes)

cdef extern from "sort_rows.h" nogil:
    int CT_ROWS, CT_NETWORK, CT_FIRST
    ctypedef struct ct_rows:
        const uint32_t* x[8]
        uint32_t* values[8]
        int64_t* places[8]
        int count
        int64_t n, stride, taken
        int kind
        uint32_t inf, flip
    void ct_rows_sort(const ct_rows* r, int64_t* records)
    void ct_network(int64_t* records, int64_t n)
    int ct_rows_first(const ct_rows* r)

cdef enum:
    CHUNK = 16384       # elements of short rows to a chunk
    PART = 65536        # elements of a long row to a chunk, at least
    PARTS = 32          # chunks of a long row, at most
    DIGIT = 11          # bits counted at a time, at most
    SHORT = 8           # the same for rows of less than LONG elements
    LONG = 16384
    RADIX = 2048
    RUN = 48            # equal leading bits that insertion sorts
    ABREAST = 3         # rows from which it pays to sort several at a time
    SHORT_ROW = 128     # elements, up to which counting is slower than this for other than 32-bit elements
    INSERT = 24         # rows up to this length are sorted by insertion

ctypedef void (*part_fn)(void* row, int64_t part) noexcept nogil

ctypedef fused record:
    uint32_t
    uint64_t

# One row on its way.
cdef struct Row:
    const void* x
    void* values
    int64_t* places
    int64_t n
    int64_t stride      # of x, values and places, in elements
    int kind
    uint64_t inf
    uint64_t flip
    void* a             # records, and room for them
    void* b
    int place_bits      # lowest bits of a record
    int drop            # bits of the key left out
    int bits            # bits of the key in a record
    uint64_t base       # the least key, which records leave out
    uint64_t top        # the greatest key
    int shift           # of the digit that is being counted
    int digit
    int64_t parts
    int64_t* counts     # parts x RADIX
    uint64_t* bounds    # two for each part


cdef inline int64_t part_start(Row* r, int64_t part) noexcept nogil:
    return r.n * part // r.parts

# ------------------------------------------------------------------------------------------------------------
# Keys of a part of a row: their bounds, records, values


cdef inline void key_bounds(Row* r, int64_t start, int64_t stop, uint64_t* bounds, word tag) noexcept nogil:
    # The least and the greatest key.
    cdef const word* x = <const word*>r.x
    cdef word inf = <word>r.inf, flip = <word>r.flip, key, low = <word>~<word>0, high = 0
    cdef int64_t i, stride = r.stride
    if r.kind == KEY_FLOAT and stride == 1:
        for i in range(start, stop):
            key = key_of[word](x[i], KEY_FLOAT, inf, flip)
            low = key if key < low else low
            high = key if key > high else high
    elif r.kind == KEY_FLOAT:
        for i in range(start, stop):
            key = key_of[word](x[i * stride], KEY_FLOAT, inf, flip)
            low = key if key < low else low
            high = key if key > high else high
    else:
        for i in range(start, stop):
            key = key_of[word](x[i * stride], KEY_SIGNED if r.kind == KEY_SIGNED else KEY_UNSIGNED, inf, flip)
            low = key if key < low else low
            high = key if key > high else high
    bounds[0], bounds[1] = low, high


cdef inline void make_records(Row* r, int64_t start, int64_t stop, word tag) noexcept nogil:
    cdef const word* x = <const word*>r.x
    cdef uint64_t* a = <uint64_t*>r.a
    cdef word inf = <word>r.inf, flip = <word>r.flip, base = <word>r.base, key
    cdef int drop = r.drop, shift = r.place_bits, kind = r.kind
    cdef int64_t i, stride = r.stride
    if kind == KEY_FLOAT:
        for i in range(start, stop):
            key = key_of[word](x[i * stride], KEY_FLOAT, inf, flip) - base
            a[i] = (<uint64_t>(key >> drop) << shift) | i
    elif kind == KEY_SIGNED:
        for i in range(start, stop):
            key = key_of[word](x[i * stride], KEY_SIGNED, inf, flip) - base
            a[i] = (<uint64_t>(key >> drop) << shift) | i
    else:
        for i in range(start, stop):
            key = key_of[word](x[i * stride], KEY_UNSIGNED, inf, flip) - base
            a[i] = (<uint64_t>(key >> drop) << shift) | i


cdef inline void put_results(Row* r, int64_t start, int64_t stop, word tag) noexcept nogil:
    # Values are made from the keys, or read again where those are not whole.
    cdef const word* x = <const word*>r.x
    cdef word* values = <word*>r.values
    cdef uint64_t* a = <uint64_t*>r.a
    cdef uint64_t mask = (<uint64_t>1 << r.place_bits) - 1
    cdef word flip = <word>r.flip, key, base = <word>r.base
    cdef int64_t i, stride = r.stride, place
    if r.places != NULL:
        for i in range(start, stop):
            r.places[i * stride] = a[i] & mask
    if values == NULL:
        return
    if r.drop:
        for i in range(start, stop):
            values[i * stride] = x[<int64_t>(a[i] & mask) * stride]
        return
    for i in range(start, stop):
        key = <word>(a[i] >> r.place_bits) + base
        if many_bits[word](key, r.kind, flip):
            place = a[i] & mask
            values[i * stride] = x[place * stride]
        else:
            values[i * stride] = bits_of[word](key, r.kind, flip)

# ------------------------------------------------------------------------------------------------------------
# Counting sort by one digit


cdef inline void count_digit(Row* r, int64_t part, record tag) noexcept nogil:
    cdef const record* a = <const record*>r.a
    cdef int64_t* counts = r.counts + part * RADIX
    cdef record mask = (<record>1 << r.digit) - 1
    cdef int64_t i
    memset(counts, 0, sizeof(int64_t) << r.digit)
    for i in range(part_start(r, part), part_start(r, part + 1)):
        counts[(a[i] >> r.shift) & mask] += 1


cdef inline void move_by_digit(Row* r, int64_t part, record tag) noexcept nogil:
    cdef const record* a = <const record*>r.a
    cdef record* b = <record*>r.b
    cdef int64_t* starts = r.counts + part * RADIX
    cdef record mask = (<record>1 << r.digit) - 1
    cdef int64_t i, d
    for i in range(part_start(r, part), part_start(r, part + 1)):
        d = (a[i] >> r.shift) & mask
        b[starts[d]] = a[i]
        starts[d] += 1


cdef inline bint counts_to_starts(Row* r) noexcept nogil:
    # False where one digit holds everything, so that nothing would move.
    cdef int64_t at = 0, d, part, c, before
    for d in range(<int64_t>1 << r.digit):
        before = at
        for part in range(r.parts):
            c = r.counts[part * RADIX + d]
            r.counts[part * RADIX + d] = at
            at += c
        if at - before == r.n:
            return False
    return True


cdef void count32(void* r, int64_t part) noexcept nogil:
    count_digit(<Row*>r, part, <uint32_t>0)


cdef void count64(void* r, int64_t part) noexcept nogil:
    count_digit(<Row*>r, part, <uint64_t>0)


cdef void move32(void* r, int64_t part) noexcept nogil:
    move_by_digit(<Row*>r, part, <uint32_t>0)


cdef void move64(void* r, int64_t part) noexcept nogil:
    move_by_digit(<Row*>r, part, <uint64_t>0)


cdef void radix(Row* r, int low, record tag) noexcept nogil:
    """Sorts the records in r.a by the r.bits bits from `low` up; r.a and r.b change places as often as needed."""
    cdef int limit = DIGIT if r.n >= LONG else SHORT
    cdef int passes = (r.bits + limit - 1) // limit, p, done = 0
    cdef void* other
    for p in range(passes):
        r.shift = low + done
        r.digit = (r.bits - done + passes - p - 1) // (passes - p)
        done += r.digit
        if r.parts == 1:
            count_digit(r, 0, tag)
        elif record is uint32_t:
            parallel_for(count32, r, r.parts)
        else:
            parallel_for(count64, r, r.parts)
        if not counts_to_starts(r):
            continue
        if r.parts == 1:
            move_by_digit(r, 0, tag)
        elif record is uint32_t:
            parallel_for(move32, r, r.parts)
        else:
            parallel_for(move64, r, r.parts)
        other = r.a
        r.a = r.b
        r.b = other


cdef inline void insert_sort(uint64_t* a, int64_t n) noexcept nogil:
    cdef int64_t i, j
    cdef uint64_t v
    for i in range(1, n):
        v = a[i]
        j = i
        while j > 0 and a[j - 1] > v:
            a[j] = a[j - 1]
            j -= 1
        a[j] = v

# ------------------------------------------------------------------------------------------------------------
# Runs of equal leading bits, where bits were left out


cdef inline word key_at(Row* r, uint64_t rec, word tag) noexcept nogil:
    cdef uint64_t mask = (<uint64_t>1 << r.place_bits) - 1
    return key_of[word]((<const word*>r.x)[<int64_t>(rec & mask) * r.stride], r.kind, <word>r.inf,
                        <word>r.flip) - <word>r.base


cdef inline void insert_run(Row* r, uint64_t* a, int64_t n, word tag) noexcept nogil:
    cdef int64_t i, j
    cdef uint64_t v
    cdef word key
    for i in range(1, n):
        v = a[i]
        key = key_at(r, v, tag)
        j = i
        while j > 0 and key_at(r, a[j - 1], tag) > key:
            a[j] = a[j - 1]
            j -= 1
        a[j] = v


cdef inline bint mend_runs(Row* r, word tag) noexcept nogil:
    # False where a run is too long for insertion and not in order.
    cdef uint64_t* a = <uint64_t*>r.a
    cdef int64_t i = 0, j, k
    cdef word key, last
    while i < r.n:
        j = i + 1
        while j < r.n and a[j] >> r.place_bits == a[i] >> r.place_bits:
            j += 1
        if j - i > RUN:
            last = key_at(r, a[i], tag)
            for k in range(i + 1, j):
                key = key_at(r, a[k], tag)
                if key < last:
                    return False
                last = key
        elif j - i > 1:
            insert_run(r, a + i, j - i, tag)
        i = j
    return True


cdef void sort_whole(Row* r, int key_bits, word tag) noexcept nogil:
    # By the lowest bits first, then by those above them, taken anew each time: right for any keys.
    cdef uint64_t* a
    cdef uint64_t mask = (<uint64_t>1 << r.place_bits) - 1, keep, key
    cdef int step = 64 - r.place_bits, done = 0, bits
    cdef int64_t i
    while done < key_bits:
        bits = key_bits - done if key_bits - done < step else step
        keep = (<uint64_t>1 << bits) - 1
        a = <uint64_t*>r.a
        for i in range(r.n):
            key = key_at(r, a[i], tag)
            a[i] = (a[i] & mask) | (((key >> done) & keep) << r.place_bits)
        r.bits = bits
        radix(r, r.place_bits, <uint64_t>0)
        done += bits

# ------------------------------------------------------------------------------------------------------------
# One row


cdef void bounds_part(void* arg, int64_t part, word tag) noexcept nogil:
    cdef Row* r = <Row*>arg
    key_bounds(r, part_start(r, part), part_start(r, part + 1), r.bounds + 2 * part, tag)


cdef void bounds8(void* r, int64_t part) noexcept nogil:
    bounds_part(r, part, <uint8_t>0)


cdef void bounds16(void* r, int64_t part) noexcept nogil:
    bounds_part(r, part, <uint16_t>0)


cdef void bounds32(void* r, int64_t part) noexcept nogil:
    bounds_part(r, part, <uint32_t>0)


cdef void bounds64(void* r, int64_t part) noexcept nogil:
    bounds_part(r, part, <uint64_t>0)


cdef void make_part(Row* r, int64_t part, word tag) noexcept nogil:
    make_records(r, part_start(r, part), part_start(r, part + 1), tag)


cdef void make8(void* r, int64_t part) noexcept nogil:
    make_part(<Row*>r, part, <uint8_t>0)


cdef void make16(void* r, int64_t part) noexcept nogil:
    make_part(<Row*>r, part, <uint16_t>0)


cdef void make32(void* r, int64_t part) noexcept nogil:
    make_part(<Row*>r, part, <uint32_t>0)


cdef void make64(void* r, int64_t part) noexcept nogil:
    make_part(<Row*>r, part, <uint64_t>0)


cdef void put_part(Row* r, int64_t part, word tag) noexcept nogil:
    put_results(r, part_start(r, part), part_start(r, part + 1), tag)


cdef void put8(void* r, int64_t part) noexcept nogil:
    put_part(<Row*>r, part, <uint8_t>0)


cdef void put16(void* r, int64_t part) noexcept nogil:
    put_part(<Row*>r, part, <uint16_t>0)


cdef void put32(void* r, int64_t part) noexcept nogil:
    put_part(<Row*>r, part, <uint32_t>0)


cdef void put64(void* r, int64_t part) noexcept nogil:
    put_part(<Row*>r, part, <uint64_t>0)


cdef void each_part(Row* r, part_fn fn8, part_fn fn16, part_fn fn32, part_fn fn64, word tag) noexcept nogil:
    if word is uint8_t:
        parallel_for(fn8, r, r.parts)
    elif word is uint16_t:
        parallel_for(fn16, r, r.parts)
    elif word is uint32_t:
        parallel_for(fn32, r, r.parts)
    else:
        parallel_for(fn64, r, r.parts)


cdef int find_bits(Row* r, word tag) noexcept nogil:
    """How many bits the keys have above the least of them, which is r.base then."""
    cdef uint64_t low = ~<uint64_t>0, high = 0
    cdef int64_t part
    if r.parts == 1:
        key_bounds(r, 0, r.n, r.bounds, tag)
    else:
        each_part(r, bounds8, bounds16, bounds32, bounds64, tag)
    for part in range(r.parts):
        low = r.bounds[2 * part] if r.bounds[2 * part] < low else low
        high = r.bounds[2 * part + 1] if r.bounds[2 * part + 1] > high else high
    r.base, r.top = low, high
    return bit_length(high - low)


cdef void sort_row(Row* r, word tag) noexcept nogil:
    cdef int key_bits, room, wanted
    r.place_bits = bit_length(r.n - 1)
    if r.n <= INSERT and sizeof(word) <= 4:
        r.base, r.drop = 0, 0
        make_records(r, 0, r.n, tag)
        insert_sort(<uint64_t*>r.a, r.n)
        put_results(r, 0, r.n, tag)
        return
    key_bits = find_bits(r, tag)
    room = 64 - r.place_bits
    wanted = 2 * r.place_bits + 2                # few runs of equal leading bits are left over
    wanted = room if room < wanted else wanted
    r.bits = key_bits if key_bits < wanted else wanted
    r.drop = key_bits - r.bits
    if r.parts == 1:
        make_records(r, 0, r.n, tag)
    else:
        each_part(r, make8, make16, make32, make64, tag)
    if r.n <= INSERT:
        insert_sort(<uint64_t*>r.a, r.n)
    else:
        radix(r, r.place_bits, <uint64_t>0)
    if r.drop and not mend_runs(r, tag):
        sort_whole_again(r, key_bits, tag)
    if r.parts == 1:
        put_results(r, 0, r.n, tag)
    else:
        each_part(r, put8, put16, put32, put64, tag)


cdef void sort_whole_again(Row* r, int key_bits, word tag) noexcept nogil:
    cdef uint64_t* a = <uint64_t*>r.a
    cdef int64_t i
    for i in range(r.n):
        a[i] = i
    sort_whole(r, key_bits, tag)


cdef void sort_keys(Row* r, word tag) noexcept nogil:
    # Keys alone, in records of their own size.
    cdef const word* x = <const word*>r.x
    cdef word* values = <word*>r.values
    cdef uint32_t* a32 = <uint32_t*>r.a
    cdef uint64_t* a64 = <uint64_t*>r.a
    cdef word inf = <word>r.inf, flip = <word>r.flip, base
    cdef int64_t i
    r.bits = find_bits(r, tag)
    base = <word>r.base
    if word is uint64_t:
        for i in range(r.n):
            a64[i] = key_of[word](x[i * r.stride], r.kind, inf, flip) - base
        radix(r, 0, <uint64_t>0)
        a64 = <uint64_t*>r.a
        for i in range(r.n):
            values[i * r.stride] = bits_of[word](a64[i] + base, r.kind, flip)
    else:
        for i in range(r.n):
            a32[i] = <word>(key_of[word](x[i * r.stride], r.kind, inf, flip) - base)
        radix(r, 0, <uint32_t>0)
        a32 = <uint32_t*>r.a
        for i in range(r.n):
            values[i * r.stride] = bits_of[word](<word>(a32[i] + base), r.kind, flip)

# ------------------------------------------------------------------------------------------------------------
# Rows


cdef struct Batch:
    SortJob* job
    bint keys_only
    int64_t rows        # to a chunk
    int failed


cdef void fill_row(Row* r, SortJob* job, int64_t number) noexcept nogil:
    cdef int64_t at = number // job.inner * job.n * job.inner + number % job.inner
    r.x = job.x + at * job.width
    r.values = NULL if job.values == NULL else job.values + at * job.width
    r.places = NULL if job.places == NULL else job.places + at
    r.n, r.stride, r.kind, r.inf = job.n, job.inner, job.kind, job.inf
    r.flip = ~<uint64_t>0 if job.descending else 0


cdef inline void sort_as(Row* r, bint keys_only, word tag) noexcept nogil:
    if keys_only:
        sort_keys(r, tag)
    else:
        sort_row(r, tag)


cdef void sort_one(Row* r, int width, bint keys_only) noexcept nogil:
    if width == 1:
        sort_as(r, keys_only, <uint8_t>0)
    elif width == 2:
        sort_as(r, keys_only, <uint16_t>0)
    elif width == 4:
        sort_as(r, keys_only, <uint32_t>0)
    else:
        sort_as(r, keys_only, <uint64_t>0)


cdef void sort_rows(void* arg, int64_t number) noexcept nogil:
    cdef Batch* batch = <Batch*>arg
    cdef SortJob* job = batch.job
    cdef int64_t row, stop = (number + 1) * batch.rows
    cdef Row r
    cdef uint64_t bounds[2]
    cdef char* memory = <char*>ct_scratch(16 * job.n + RADIX * sizeof(int64_t))
    if memory == NULL:
        batch.failed = -1
        return
    r.parts, r.bounds, r.counts = 1, bounds, <int64_t*>(memory + 16 * job.n)
    if stop > job.outer * job.inner:
        stop = job.outer * job.inner
    for row in range(number * batch.rows, stop):
        fill_row(&r, job, row)
        r.a, r.b = memory, memory + 8 * job.n
        sort_one(&r, job.width, batch.keys_only)


cdef int sort_long(SortJob* job, bint keys_only) noexcept nogil:
    # Rows one after the other, each by all threads.
    cdef uint64_t bounds[2 * PARTS]
    cdef Row r
    cdef int64_t row
    r.parts = job.n // PART
    if r.parts > PARTS:
        r.parts = PARTS
    if get_num_threads() == 1:                   # the result is the same for any number of parts
        r.parts = 1
    r.bounds = bounds
    r.counts = <int64_t*>ct_scratch(r.parts * RADIX * sizeof(int64_t))
    if r.counts == NULL:
        return -1
    for row in range(job.outer * job.inner):
        fill_row(&r, job, row)
        r.a, r.b = job.work, job.work + job.n
        sort_one(&r, job.width, keys_only)
    return 0


cdef void fill_rows(ct_rows* r, SortJob* job, int64_t first, int64_t taken) noexcept nogil:
    cdef int64_t i, number, line, column, rows = job.outer * job.inner
    r.count = <int>(rows - first if rows - first < CT_ROWS else CT_ROWS)
    for i in range(CT_ROWS):
        number = first + (i if i < r.count else r.count - 1)
        line, column = number // job.inner, number % job.inner
        r.x[i] = <const uint32_t*>job.x + line * job.n * job.inner + column
        r.values[i] = NULL if job.values == NULL else <uint32_t*>job.values + line * taken * job.inner + column
        r.places[i] = NULL if job.places == NULL else job.places + line * taken * job.inner + column
    r.n, r.taken, r.stride, r.kind, r.inf = job.n, taken, job.inner, job.kind, <uint32_t>job.inf
    r.flip = ~<uint32_t>0 if job.descending else 0


cdef void network_rows(void* arg, int64_t number) noexcept nogil:
    # Short rows of 32-bit elements, eight at a time.
    cdef Batch* batch = <Batch*>arg
    cdef SortJob* job = batch.job
    cdef int64_t row, stop = (number + 1) * batch.rows
    cdef ct_rows r
    cdef int64_t* records = <int64_t*>ct_scratch(CT_ROWS * sizeof(int64_t) * job.n)
    if records == NULL:
        batch.failed = -1
        return
    if stop > job.outer * job.inner:
        stop = job.outer * job.inner
    row = number * batch.rows
    while row < stop:
        fill_rows(&r, job, row, job.n)
        ct_rows_sort(&r, records)
        row += CT_ROWS


cdef int begin_row(Row* r, word tag) noexcept nogil:
    # Records that are positive as signed numbers too; returns the bits of the keys.
    cdef int key_bits, room
    r.place_bits = bit_length(r.n - 1)
    key_bits = find_bits(r, tag)
    room = 63 - r.place_bits
    r.bits = key_bits if key_bits < room else room
    r.drop = key_bits - r.bits
    make_part(r, 0, tag)
    return key_bits


cdef void end_row(Row* r, int key_bits, word tag) noexcept nogil:
    if r.drop and not mend_runs(r, tag):
        sort_whole_again(r, key_bits, tag)
    put_part(r, 0, tag)


cdef int begin_any(Row* r, int width) noexcept nogil:
    if width == 1:
        return begin_row(r, <uint8_t>0)
    if width == 2:
        return begin_row(r, <uint16_t>0)
    if width == 4:
        return begin_row(r, <uint32_t>0)
    return begin_row(r, <uint64_t>0)


cdef void end_any(Row* r, int key_bits, int width) noexcept nogil:
    if width == 1:
        end_row(r, key_bits, <uint8_t>0)
    elif width == 2:
        end_row(r, key_bits, <uint16_t>0)
    elif width == 4:
        end_row(r, key_bits, <uint32_t>0)
    else:
        end_row(r, key_bits, <uint64_t>0)


cdef void network_rows_any(void* arg, int64_t number) noexcept nogil:
    # Short rows of other elements: their records are made one row after the other, and sorted eight rows at a time.
    cdef Batch* batch = <Batch*>arg
    cdef SortJob* job = batch.job
    cdef int64_t n = job.n, row = number * batch.rows, stop = row + batch.rows, i, l, count
    cdef int64_t* records = <int64_t*>ct_scratch(8 * n * (2 * CT_ROWS + 1) + RADIX * sizeof(int64_t))
    cdef int64_t* lines = records + CT_ROWS * n
    cdef uint64_t bounds[2]
    cdef int bits[8]
    cdef Row r[8]
    if records == NULL:
        batch.failed = -1
        return
    if stop > job.outer * job.inner:
        stop = job.outer * job.inner
    while row < stop:
        count = stop - row if stop - row < CT_ROWS else <int64_t>CT_ROWS
        for l in range(count):
            fill_row(&r[l], job, row + l)
            r[l].parts, r[l].bounds = 1, bounds
            r[l].a, r[l].b, r[l].counts = lines + l * n, lines + CT_ROWS * n, lines + (CT_ROWS + 1) * n
            bits[l] = begin_any(&r[l], job.width)
        for i in range(n):
            for l in range(CT_ROWS):
                records[i * CT_ROWS + l] = lines[(l if l < count else 0) * n + i]
        ct_network(records, n)
        for l in range(count):
            for i in range(n):
                lines[l * n + i] = records[i * CT_ROWS + l]
            end_any(&r[l], bits[l], job.width)
        row += CT_ROWS


cdef int run(SortJob* job, bint keys_only) noexcept nogil:
    cdef Batch batch
    cdef int64_t rows = job.outer * job.inner
    if rows == 0 or job.n == 0:
        return 0
    if job.n <= CT_TINY and (job.width != 4 or rows < ABREAST):
        return run_tiny(job, WANT_SORTED)
    if job.n > SORT_OWN:
        return sort_long(job, keys_only)
    batch.job, batch.keys_only, batch.failed = job, keys_only, 0
    batch.rows = CHUNK // job.n + 1
    if job.n <= CT_NETWORK and rows >= ABREAST and (job.width == 4 or job.n <= SHORT_ROW):
        batch.rows = (batch.rows + CT_ROWS - 1) // CT_ROWS * CT_ROWS
        parallel_for(network_rows if job.width == 4 else network_rows_any, &batch,
                     (rows + batch.rows - 1) // batch.rows)
        return batch.failed
    parallel_for(sort_rows, &batch, (rows + batch.rows - 1) // batch.rows)
    return batch.failed


cdef int sort_job(SortJob* job) noexcept nogil:
    return run(job, False)


cdef int sort_values_job(SortJob* job) noexcept nogil:
    return run(job, True)


cdef void extent_as(Row* r, uint64_t* bits, word tag) noexcept nogil:
    cdef word low, high
    find_bits(r, tag)
    low, high = <word>r.base, <word>r.top
    if r.kind == KEY_FLOAT and high == <word>~<word>0:               # a NaN, which is above everything
        low = high
    bits[0], bits[1] = bits_of[word](low, r.kind, 0), bits_of[word](high, r.kind, 0)


cdef void extent_job(SortJob* job, uint64_t* bits) noexcept nogil:
    cdef uint64_t bounds[2 * PARTS]
    cdef Row r
    fill_row(&r, job, 0)
    r.parts = 4 * job.n // PART
    r.parts = 1 if r.parts < 1 else PARTS if r.parts > PARTS else r.parts
    r.bounds = bounds
    if job.width == 1:
        extent_as(&r, bits, <uint8_t>0)
    elif job.width == 2:
        extent_as(&r, bits, <uint16_t>0)
    elif job.width == 4:
        extent_as(&r, bits, <uint32_t>0)
    else:
        extent_as(&r, bits, <uint64_t>0)


include "select.pxi"
include "tiny_rows.pxi"

cdef SortKernels table
table.sort = sort_job
table.sort_values = sort_values_job
table.top = top_job
table.rank = rank_job
table.median = median_job
table.extent = extent_job

kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)

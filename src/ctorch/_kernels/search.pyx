"""Binary search in sorted rows, runs of equal elements, and counts by bin."""
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from ctorch._kernels.keys cimport KEY_FLOAT, KEY_SIGNED, word
from ctorch._parallel cimport get_num_threads, parallel_for

cdef enum:
    CHUNK = 8192        # elements to a chunk of a search
    BLOCK = 64          # elements looked at together
    TOGETHER = 16       # searches that go on side by side, to wait for memory once
    PART = 262144       # elements to a chunk of a count
    PARTS = 16          # chunks of a count, at most
    OWN_BINS = 65536    # bins up to which chunks count on their own

ctypedef fused ordered:
    float
    double
    int32_t
    int64_t

ctypedef fused real:
    float
    double

# ------------------------------------------------------------------------------------------------------------
# Search


cdef inline int64_t one_place(const ordered* s, const int64_t* sorter, int64_t n, ordered v, bint right) noexcept nogil:
    cdef int64_t base = 0, half
    cdef ordered m
    while n > 0:
        half = n >> 1
        m = s[base + half] if sorter == NULL else s[sorter[base + half]]
        if (not m > v) if right else (not m >= v):
            base += half + 1
            n -= half + 1
        else:
            n = half
    return base


cdef inline void some_places(const ordered* s, int64_t length, const ordered* x, int64_t* places,
                             bint right) noexcept nogil:
    # TOGETHER searches without branches: the count of elements before each value, halving what is left to look at.
    cdef int64_t base[TOGETHER]
    cdef int64_t n = length, half
    cdef int j
    for j in range(TOGETHER):
        base[j] = 0
    while n > 1:
        half = n >> 1
        if right:
            for j in range(TOGETHER):
                base[j] += 0 if s[base[j] + half - 1] > x[j] else half
        else:
            for j in range(TOGETHER):
                base[j] += 0 if s[base[j] + half - 1] >= x[j] else half
        n -= half
    for j in range(TOGETHER):
        if right:
            places[j] = base[j] + (not s[base[j]] > x[j])
        else:
            places[j] = base[j] + (not s[base[j]] >= x[j])


cdef void search_chunk(void* arg, int64_t chunk, ordered tag) noexcept nogil:
    cdef SearchJob* job = <SearchJob*>arg
    cdef int64_t i = chunk * CHUNK, stop = (chunk + 1) * CHUNK, row, at, end
    cdef const ordered* x = <const ordered*>job.x
    cdef const ordered* s
    cdef const int64_t* sorter
    if stop > job.rows * job.n:
        stop = job.rows * job.n
    while i < stop:
        row = i // job.n
        end = (row + 1) * job.n
        end = end if end < stop else stop
        at = 0 if job.shared else row * job.length
        s = <const ordered*>job.sequence + at
        sorter = job.sorter
        if sorter != NULL:
            sorter += at
        while i < end:
            if sorter == NULL and job.length > 0 and i + TOGETHER <= end:
                some_places(s, job.length, x + i, job.places + i, job.right)
                i += TOGETHER
            else:
                job.places[i] = one_place(s, sorter, job.length, x[i], job.right)
                i += 1


cdef void search_chunk_f32(void* job, int64_t chunk) noexcept nogil:
    search_chunk(job, chunk, <float>0)


cdef void search_chunk_f64(void* job, int64_t chunk) noexcept nogil:
    search_chunk(job, chunk, <double>0)


cdef void search_chunk_i32(void* job, int64_t chunk) noexcept nogil:
    search_chunk(job, chunk, <int32_t>0)


cdef void search_chunk_i64(void* job, int64_t chunk) noexcept nogil:
    search_chunk(job, chunk, <int64_t>0)


cdef inline int64_t chunks_of(int64_t n) noexcept nogil:
    return (n + CHUNK - 1) // CHUNK


cdef void search_f32(SearchJob* job) noexcept nogil:
    parallel_for(search_chunk_f32, job, chunks_of(job.rows * job.n))


cdef void search_f64(SearchJob* job) noexcept nogil:
    parallel_for(search_chunk_f64, job, chunks_of(job.rows * job.n))


cdef void search_i32(SearchJob* job) noexcept nogil:
    parallel_for(search_chunk_i32, job, chunks_of(job.rows * job.n))


cdef void search_i64(SearchJob* job) noexcept nogil:
    parallel_for(search_chunk_i64, job, chunks_of(job.rows * job.n))

# ------------------------------------------------------------------------------------------------------------
# Runs of equal elements. NaN equals nothing, and both zeros are equal.


cdef inline bint differ(word a, word b, int kind, word inf) noexcept nogil:
    cdef word most = <word>~(<word>1 << (8 * sizeof(word) - 1))
    if kind != KEY_FLOAT:
        return a != b
    return (a != b and ((a | b) & most) != 0) or <word>(a & most) > inf


cdef inline int64_t runs_start(const RunsJob* job, int64_t part) noexcept nogil:
    return job.n // job.parts * part if part < job.parts else job.n


cdef inline int64_t count_starts(const RunsJob* job, int64_t part, word tag) noexcept nogil:
    # The runs that begin in a part.
    cdef const word* x = <const word*>job.x
    cdef word inf = <word>job.inf
    cdef int64_t i, start = runs_start(job, part), stop = runs_start(job, part + 1), runs = 0
    if start == 0 and stop > 0:
        start, runs = 1, 1
    if job.kind == KEY_FLOAT:
        for i in range(start, stop):
            runs += differ[word](x[i], x[i - 1], KEY_FLOAT, inf)
    else:
        for i in range(start, stop):
            runs += x[i] != x[i - 1]
    return runs


cdef void count_part(void* arg, int64_t part) noexcept nogil:
    cdef RunsJob* job = <RunsJob*>arg
    if job.width == 1:
        job.starts[part + 1] = count_starts(job, part, <uint8_t>0)
    elif job.width == 2:
        job.starts[part + 1] = count_starts(job, part, <uint16_t>0)
    elif job.width == 4:
        job.starts[part + 1] = count_starts(job, part, <uint32_t>0)
    else:
        job.starts[part + 1] = count_starts(job, part, <uint64_t>0)


cdef struct Starts:
    const RunsJob* job
    void* values


cdef inline void put_starts(Starts* s, int64_t part, word tag) noexcept nogil:
    # Where neither all nor none of a block begin runs, every element is written where the next run's belongs, and
    # stays there if it begins one.
    cdef const word* x = <const word*>s.job.x
    cdef word* values = <word*>s.values
    cdef word inf = <word>s.job.inf
    cdef bint floats = s.job.kind == KEY_FLOAT
    cdef int64_t i = runs_start(s.job, part), end = runs_start(s.job, part + 1), last, j, wanted
    cdef int64_t run = s.job.starts[part], stop = s.job.starts[part + 1]
    cdef int beginning
    if i == 0 and stop > 0:
        values[0] = x[0]
        i, run = 1, 1
    while run < stop:
        last = i + BLOCK if i + BLOCK <= end else end
        beginning = 0
        if floats:
            for j in range(i, last):
                beginning += differ[word](x[j], x[j - 1], KEY_FLOAT, inf)
        else:
            for j in range(i, last):
                beginning += x[j] != x[j - 1]
        if beginning == last - i:
            memcpy(values + run, x + i, (last - i) * sizeof(word))
            run += last - i
        elif beginning:
            wanted = run + beginning
            j = i
            while run < wanted:
                values[run] = x[j]
                run += differ[word](x[j], x[j - 1], KEY_FLOAT if floats else KEY_SIGNED, inf)
                j += 1
        i = last


cdef void put_part(void* arg, int64_t part) noexcept nogil:
    cdef Starts* s = <Starts*>arg
    if s.job.width == 1:
        put_starts(s, part, <uint8_t>0)
    elif s.job.width == 2:
        put_starts(s, part, <uint16_t>0)
    elif s.job.width == 4:
        put_starts(s, part, <uint32_t>0)
    else:
        put_starts(s, part, <uint64_t>0)


cdef void fill_row(RunsJob* job, word* values, int64_t* inverse, int64_t* counts, word tag) noexcept nogil:
    cdef const word* x = <const word*>job.x
    cdef word inf = <word>job.inf
    cdef int64_t i, run = 0, start = 0
    for i in range(job.n):
        if i > 0 and differ[word](x[i], x[i - 1], job.kind, inf):
            if counts != NULL:
                counts[run] = i - start
            run += 1
            start = i
        if values != NULL:
            values[run] = x[start]
        if inverse != NULL:
            inverse[i if job.places == NULL else job.places[i]] = run
    if counts != NULL and job.n > 0:
        counts[run] = job.n - start


cdef void longest_rows(RunsJob* job, word* values, int64_t* places, word tag) noexcept nogil:
    cdef const word* x = <const word*>job.x
    cdef word inf = <word>job.inf
    cdef int64_t i, row, start, most, best, n = job.n
    for row in range(job.rows):
        most = start = best = 0
        for i in range(1, n + 1):
            if i == n or differ[word](x[i], x[i - 1], job.kind, inf):
                if i - start > most:
                    most = i - start
                    best = i - 1
                start = i
        values[row] = x[best]
        places[row] = job.places[row * n + best]
        x += n


cdef int64_t count_runs(RunsJob* job) noexcept nogil:
    cdef int64_t part
    job.parts = job.n // CHUNK
    job.parts = 1 if job.parts < 1 else RUN_PARTS if job.parts > RUN_PARTS else job.parts
    parallel_for(count_part, job, job.parts)
    job.starts[0] = 0
    for part in range(job.parts):
        job.starts[part + 1] += job.starts[part]
    return job.starts[job.parts]


cdef void fill_runs(RunsJob* job, void* values, int64_t* inverse, int64_t* counts) noexcept nogil:
    cdef Starts starts
    if inverse == NULL and counts == NULL:
        starts.job, starts.values = job, values
        parallel_for(put_part, &starts, job.parts)
        return
    if job.width == 1:
        fill_row(job, <uint8_t*>values, inverse, counts, <uint8_t>0)
    elif job.width == 2:
        fill_row(job, <uint16_t*>values, inverse, counts, <uint16_t>0)
    elif job.width == 4:
        fill_row(job, <uint32_t*>values, inverse, counts, <uint32_t>0)
    else:
        fill_row(job, <uint64_t*>values, inverse, counts, <uint64_t>0)


cdef void longest_run(RunsJob* job, void* values, int64_t* places) noexcept nogil:
    if job.width == 1:
        longest_rows(job, <uint8_t*>values, places, <uint8_t>0)
    elif job.width == 2:
        longest_rows(job, <uint16_t*>values, places, <uint16_t>0)
    elif job.width == 4:
        longest_rows(job, <uint32_t*>values, places, <uint32_t>0)
    else:
        longest_rows(job, <uint64_t*>values, places, <uint64_t>0)

# ------------------------------------------------------------------------------------------------------------
# Counts by bin: chunks count on their own, then the counts are added up


cdef struct CountJob:
    const void* x
    int64_t n, bins, parts
    double low, high
    const void* edges   # or NULL
    int64_t* counts     # parts x bins


cdef inline int64_t part_start(CountJob* job, int64_t part) noexcept nogil:
    return job.n * part // job.parts


cdef void bincount_part(void* arg, int64_t part) noexcept nogil:
    cdef CountJob* job = <CountJob*>arg
    cdef const int64_t* x = <const int64_t*>job.x
    cdef int64_t* counts = job.counts + part * job.bins
    cdef int64_t i
    for i in range(part_start(job, part), part_start(job, part + 1)):
        counts[x[i]] += 1


cdef void histc_part(CountJob* job, int64_t part, real tag) noexcept nogil:
    cdef const real* x = <const real*>job.x
    cdef const real* edges = <const real*>job.edges
    cdef int64_t* counts = job.counts + part * job.bins
    cdef real low = <real>job.low, high = <real>job.high, width = high - low, bins = <real>job.bins
    cdef int64_t i, at
    for i in range(part_start(job, part), part_start(job, part + 1)):
        if x[i] >= low and x[i] <= high:
            at = <int64_t>((x[i] - low) * bins / width)
            at = at if at < job.bins else job.bins - 1
            if edges != NULL:                    # one off where the edge is rounded
                while at > 0 and x[i] < edges[at]:
                    at -= 1
                while at < job.bins - 1 and x[i] >= edges[at + 1]:
                    at += 1
            counts[at] += 1


cdef void histc_part_f32(void* job, int64_t part) noexcept nogil:
    histc_part(<CountJob*>job, part, <float>0)


cdef void histc_part_f64(void* job, int64_t part) noexcept nogil:
    histc_part(<CountJob*>job, part, <double>0)


ctypedef void (*part_fn)(void* job, int64_t part) noexcept nogil


cdef int count_parts(CountJob* job, part_fn fn, int64_t* counts) noexcept nogil:
    # `counts` are zeros. Integers, so the order of additions does not matter.
    cdef int64_t part, i
    job.parts = job.n // PART
    if job.parts > PARTS:
        job.parts = PARTS
    if job.parts < 2 or job.bins > OWN_BINS or get_num_threads() == 1:
        job.parts, job.counts = 1, counts
        fn(job, 0)
        return 0
    job.counts = <int64_t*>calloc(job.parts * job.bins, sizeof(int64_t))
    if job.counts == NULL:
        return -1
    parallel_for(fn, job, job.parts)
    for part in range(job.parts):
        for i in range(job.bins):
            counts[i] += job.counts[part * job.bins + i]
    free(job.counts)
    return 0


cdef int bincount(const int64_t* x, int64_t n, int64_t* counts, int64_t bins) noexcept nogil:
    cdef CountJob job
    job.x, job.n, job.bins = x, n, bins
    return count_parts(&job, bincount_part, counts)


cdef int histc_f32(const void* x, int64_t n, double low, double high, const void* edges, int64_t bins,
                   int64_t* counts) noexcept nogil:
    cdef CountJob job
    job.x, job.n, job.bins, job.low, job.high, job.edges = x, n, bins, low, high, edges
    return count_parts(&job, histc_part_f32, counts)


cdef int histc_f64(const void* x, int64_t n, double low, double high, const void* edges, int64_t bins,
                   int64_t* counts) noexcept nogil:
    cdef CountJob job
    job.x, job.n, job.bins, job.low, job.high, job.edges = x, n, bins, low, high, edges
    return count_parts(&job, histc_part_f64, counts)


cdef void bincount_weighted(const int64_t* x, const double* w, int64_t n, double* totals) noexcept nogil:
    cdef int64_t i
    for i in range(n):
        totals[x[i]] += w[i]


cdef void bounds_of(const int64_t* x, int64_t n, int64_t* bounds) noexcept nogil:
    cdef int64_t i, low = x[0], high = x[0]
    for i in range(n):
        low = x[i] if x[i] < low else low
        high = x[i] if x[i] > high else high
    bounds[0], bounds[1] = low, high


cdef SearchKernels table
table.search[:] = [search_f32, search_f64, search_i32, search_i64]
table.count_runs, table.fill_runs, table.longest_run = count_runs, fill_runs, longest_run
table.bounds, table.bincount, table.bincount_weighted = bounds_of, bincount, bincount_weighted
table.histc[:] = [histc_f32, histc_f64]

kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)

# Part of sort.pyx: rows of a few elements.

cdef extern from "tiny_rows.h" nogil:
    int CT_TINY, CT_LANES
    void ct_tiny_ranks8(const uint8_t* keys, uint8_t* ranks, int n, uint8_t* tied)
    void ct_tiny_ranks16(const uint16_t* keys, uint16_t* ranks, int n, uint16_t* tied)
    void ct_tiny_ranks32(const uint32_t* keys, uint32_t* ranks, int n, uint32_t* tied)
    void ct_tiny_ranks64(const uint64_t* keys, uint64_t* ranks, int n, uint64_t* tied)
    void ct_tiny_places8(const uint8_t* ranks, const uint8_t* wanted, int n, uint8_t* places)
    void ct_tiny_places16(const uint16_t* ranks, const uint16_t* wanted, int n, uint16_t* places)
    void ct_tiny_places32(const uint32_t* ranks, const uint32_t* wanted, int n, uint32_t* places)
    void ct_tiny_places64(const uint64_t* ranks, const uint64_t* wanted, int n, uint64_t* places)
    void ct_tiny_nans8(const uint8_t* keys, int n, uint8_t* nans)
    void ct_tiny_nans16(const uint16_t* keys, int n, uint16_t* nans)
    void ct_tiny_nans32(const uint32_t* keys, int n, uint32_t* nans)
    void ct_tiny_nans64(const uint64_t* keys, int n, uint64_t* nans)

cdef enum:
    TINY = 24           # CT_TINY
    LANES = 16          # CT_LANES

cdef enum Wanted:
    WANT_SORTED = 0
    WANT_FRONT
    WANT_RANK
    WANT_MEDIAN

cdef struct TinyRows:
    SortJob* job
    int wanted          # a Wanted
    int64_t rows        # to a chunk


cdef inline void tiny_ranks(const word* keys, word* ranks, int n, word* tied) noexcept nogil:
    if word is uint8_t:
        ct_tiny_ranks8(keys, ranks, n, tied)
    elif word is uint16_t:
        ct_tiny_ranks16(keys, ranks, n, tied)
    elif word is uint32_t:
        ct_tiny_ranks32(keys, ranks, n, tied)
    else:
        ct_tiny_ranks64(keys, ranks, n, tied)


cdef inline void tiny_places(const word* ranks, const word* wanted, int n, word* places) noexcept nogil:
    if word is uint8_t:
        ct_tiny_places8(ranks, wanted, n, places)
    elif word is uint16_t:
        ct_tiny_places16(ranks, wanted, n, places)
    elif word is uint32_t:
        ct_tiny_places32(ranks, wanted, n, places)
    else:
        ct_tiny_places64(ranks, wanted, n, places)


cdef inline void tiny_nans(const word* keys, int n, word* nans) noexcept nogil:
    if word is uint8_t:
        ct_tiny_nans8(keys, n, nans)
    elif word is uint16_t:
        ct_tiny_nans16(keys, n, nans)
    elif word is uint32_t:
        ct_tiny_nans32(keys, n, nans)
    else:
        ct_tiny_nans64(keys, n, nans)


cdef inline void read_tiny(SortJob* job, const word** x, int kind, word* keys) noexcept nogil:
    cdef word inf = <word>job.inf, flip = <word>~<word>0 if job.descending else 0
    cdef int64_t stride = job.inner
    cdef int i, l
    for i in range(job.n):
        for l in range(LANES):
            keys[i * LANES + l] = x[l][i * stride]
    for i in range(<int>job.n * LANES):
        keys[i] = key_of[word](keys[i], kind, inf, flip)


cdef inline void wanted_ranks(TinyRows* t, const word* keys, int kind, word* wanted) noexcept nogil:
    cdef int n = <int>t.job.n, l
    for l in range(LANES):
        wanted[l] = <word>(t.job.k if t.wanted == WANT_RANK else (n - 1) // 2)
    if t.wanted == WANT_RANK or kind != KEY_FLOAT:
        return
    tiny_nans(keys, n, wanted)
    for l in range(LANES):                           # NaN are above everything: the first of them where they count
        if wanted[l] == n or (wanted[l] and not t.job.skip_nan):
            wanted[l] = <word>(n - wanted[l])
        else:
            wanted[l] = <word>((n - 1 - wanted[l]) // 2)


cdef inline bint tied_in_front(const word* keys, const int* order, int n, int64_t k) noexcept nogil:
    # Whether the k first of a row, or their order, hang on how equal elements are told apart.
    cdef int i
    for i in range(1, k + 1 if k < n else n):
        if keys[order[i] * LANES] == keys[order[i - 1] * LANES]:
            return True
    return False


cdef inline void front_as_std(const word* keys, int* order, SortJob* job) noexcept nogil:
    # PyTorch's choice and order of one row: records of how many different keys are less than each, over its place.
    cdef uint64_t records[TINY]
    cdef int n = <int>job.n, i, less = 0
    for i in range(n):
        less += i > 0 and keys[order[i] * LANES] != keys[order[i - 1] * LANES]
        records[order[i]] = (less << 5) | order[i]
    top_std(records, n, job.k, 5, job.ordered)
    for i in range(n):
        order[i] = records[i] & 31


cdef inline void put_tiny(SortJob* job, const word* x, int place, int64_t at, word tag) noexcept nogil:
    if job.values != NULL:
        (<word*>job.values)[at] = x[place * job.inner]
    if job.places != NULL:
        job.places[at] = place


cdef inline void tiny_as(TinyRows* t, int64_t first, int64_t stop, int kind, word tag) noexcept nogil:
    cdef SortJob* job = t.job
    cdef word keys[TINY * LANES]
    cdef word ranks[TINY * LANES]
    cdef word marks[LANES]
    cdef word places[LANES]
    cdef int order[TINY]
    cdef const word* x[LANES]
    cdef int64_t at[LANES]
    cdef int64_t row = first, line = first // job.inner, column = first % job.inner
    cdef int n = <int>job.n, kept = <int>(job.k if t.wanted == WANT_FRONT else job.n if t.wanted == WANT_SORTED else 1)
    cdef int i, l, count
    while row < stop:
        count = <int>(stop - row if stop - row < LANES else <int64_t>LANES)
        for l in range(LANES):                       # those past the last row repeat it
            x[l] = <const word*>job.x + line * n * job.inner + column
            at[l] = line * kept * job.inner + column
            if l < count:
                row += 1
            if l + 1 < count or row < stop:
                column += 1
            if column == job.inner:
                column = 0
                line += 1
        read_tiny(job, x, kind, keys)
        tiny_ranks(keys, ranks, n, marks)
        if t.wanted == WANT_RANK or t.wanted == WANT_MEDIAN:
            wanted_ranks(t, keys, kind, marks)
            tiny_places(ranks, marks, n, places)
            for l in range(count):
                put_tiny(job, x[l], places[l], at[l], tag)
            continue
        for l in range(count):
            for i in range(n):
                order[ranks[i * LANES + l]] = i
            if t.wanted == WANT_FRONT and (not job.ordered or (marks[l] and tied_in_front(keys + l, order, n, kept))):
                front_as_std(keys + l, order, job)
            for i in range(kept):
                put_tiny(job, x[l], order[i], at[l] + i * job.inner, tag)


cdef inline void tiny_of(TinyRows* t, int64_t first, int64_t stop, word tag) noexcept nogil:
    # A loop for each kind of keys.
    if t.job.kind == KEY_FLOAT:
        tiny_as(t, first, stop, KEY_FLOAT, tag)
    elif t.job.kind == KEY_SIGNED:
        tiny_as(t, first, stop, KEY_SIGNED, tag)
    else:
        tiny_as(t, first, stop, KEY_UNSIGNED, tag)


cdef void tiny_rows(void* arg, int64_t number) noexcept nogil:
    cdef TinyRows* t = <TinyRows*>arg
    cdef int64_t first = number * t.rows, stop = first + t.rows, rows = t.job.outer * t.job.inner
    if stop > rows:
        stop = rows
    if t.job.width == 1:
        tiny_of(t, first, stop, <uint8_t>0)
    elif t.job.width == 2:
        tiny_of(t, first, stop, <uint16_t>0)
    elif t.job.width == 4:
        tiny_of(t, first, stop, <uint32_t>0)
    else:
        tiny_of(t, first, stop, <uint64_t>0)


cdef int run_tiny(SortJob* job, int wanted) noexcept nogil:
    cdef TinyRows t
    t.job, t.wanted = job, wanted
    t.rows = (CHUNK // job.n // LANES + 1) * LANES
    parallel_for(tiny_rows, &t, (job.outer * job.inner + t.rows - 1) // t.rows)
    return 0

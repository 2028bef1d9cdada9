# Part of sort.pyx: rows of a few elements.

cdef extern from "tiny_rows.h" nogil:
    enum:
        CT_TINY         # elements, at most
        CT_LANES        # rows at a time
    void ct_tiny_ranks(const void* keys, void* ranks, int n, void* tied, int size)
    void ct_tiny_places(const void* ranks, const void* wanted, int n, void* places, int size)
    void ct_tiny_nans(const void* keys, int n, void* nans, int size)

cdef enum Wanted:
    WANT_SORTED = 0
    WANT_FRONT
    WANT_RANK
    WANT_MEDIAN

cdef struct TinyRows:
    SortJob* job
    int wanted          # a Wanted
    int64_t rows        # to a chunk


cdef inline void read_tiny(SortJob* job, const word** x, int kind, word* keys) noexcept nogil:
    cdef word inf = <word>job.inf, flip = <word>~<word>0 if job.descending else 0
    cdef int64_t stride = job.inner
    cdef int i, l
    for i in range(job.n):
        for l in range(CT_LANES):
            keys[i * CT_LANES + l] = x[l][i * stride]
    for i in range(<int>job.n * CT_LANES):
        keys[i] = key_of[word](keys[i], kind, inf, flip)


cdef inline void wanted_ranks(TinyRows* t, const word* keys, int kind, word* wanted) noexcept nogil:
    cdef int n = <int>t.job.n, l
    for l in range(CT_LANES):
        wanted[l] = <word>(t.job.k if t.wanted == WANT_RANK else (n - 1) // 2)
    if t.wanted == WANT_RANK or kind != KEY_FLOAT:
        return
    ct_tiny_nans(keys, n, wanted, sizeof(word))
    for l in range(CT_LANES):                        # NaN are above everything: the first of them where they count
        if wanted[l] == n or (wanted[l] and not t.job.skip_nan):
            wanted[l] = <word>(n - wanted[l])
        else:
            wanted[l] = <word>((n - 1 - wanted[l]) // 2)


cdef inline bint tied_in_front(const word* keys, const int* order, int n, int64_t k) noexcept nogil:
    # Whether the k first of a row, or their order, hang on how equal elements are told apart.
    cdef int i
    for i in range(1, k + 1 if k < n else n):
        if keys[order[i] * CT_LANES] == keys[order[i - 1] * CT_LANES]:
            return True
    return False


cdef inline void front_as_std(const word* keys, int* order, SortJob* job) noexcept nogil:
    # PyTorch's choice and order of one row: records of how many different keys are less than each, over its place.
    cdef uint64_t records[CT_TINY]
    cdef int n = <int>job.n, i, less = 0
    for i in range(n):
        less += i > 0 and keys[order[i] * CT_LANES] != keys[order[i - 1] * CT_LANES]
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
    cdef word keys[CT_TINY * CT_LANES]
    cdef word ranks[CT_TINY * CT_LANES]
    cdef word marks[CT_LANES]
    cdef word places[CT_LANES]
    cdef int order[CT_TINY]
    cdef const word* x[CT_LANES]
    cdef int64_t at[CT_LANES]
    cdef int64_t row = first, line = first // job.inner, column = first % job.inner
    cdef int n = <int>job.n, kept = <int>(job.k if t.wanted == WANT_FRONT else job.n if t.wanted == WANT_SORTED else 1)
    cdef int i, l, count
    while row < stop:
        count = <int>(stop - row if stop - row < CT_LANES else <int64_t>CT_LANES)
        for l in range(CT_LANES):                    # those past the last row repeat it
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
        ct_tiny_ranks(keys, ranks, n, marks, sizeof(word))
        if t.wanted == WANT_RANK or t.wanted == WANT_MEDIAN:
            wanted_ranks(t, keys, kind, marks)
            ct_tiny_places(ranks, marks, n, places, sizeof(word))
            for l in range(count):
                put_tiny(job, x[l], places[l], at[l], tag)
            continue
        for l in range(count):
            for i in range(n):
                order[ranks[i * CT_LANES + l]] = i
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
    t.rows = (CHUNK // job.n // CT_LANES + 1) * CT_LANES
    parallel_for(tiny_rows, &t, (job.outer * job.inner + t.rows - 1) // t.rows)
    return 0

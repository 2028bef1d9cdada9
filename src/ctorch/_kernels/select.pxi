# Part of sort.pyx: the first k of a row and the element of one rank, without sorting the row. The leading bits of the
# keys are counted, and only the elements of the one digit that holds the rank are looked at further.

cdef enum:
    FEW = 24            # candidates that insertion sorts
    SAMPLE = 1024       # elements that are looked at first where few of a long row are wanted
    BLOCK = 16

# The candidates: their keys and their places, in the order of the places.
cdef struct Candidates:
    uint64_t* keys
    int64_t* places
    int64_t n
    int64_t* counts


cdef inline void scan_row(Row* r, Candidates* c, int shift, uint64_t value, word tag) noexcept nogil:
    # The elements whose bits from `shift` up, with the common bits left out, are `value`.
    cdef const word* x = <const word*>r.x
    cdef word inf = <word>r.inf, flip = <word>r.flip, mask = <word>~r.common, key, wanted = <word>value
    cdef int64_t i, n = 0
    for i in range(r.n):
        key = key_of[word](x[i], r.kind, inf, flip) & mask
        c.keys[n] = key
        c.places[n] = i
        n += <word>(key >> shift) == wanted
    c.n = n


cdef inline void count_row(Row* r, int64_t* counts, int shift, int digit, word tag) noexcept nogil:
    cdef const word* x = <const word*>r.x
    cdef word inf = <word>r.inf, flip = <word>r.flip, mask = <word>~r.common
    cdef int64_t i
    memset(counts, 0, sizeof(int64_t) << digit)
    for i in range(r.n):
        counts[<word>(key_of[word](x[i], r.kind, inf, flip) & mask) >> shift] += 1


cdef inline int64_t digit_of_rank(const int64_t* counts, int64_t* k) noexcept nogil:
    # The digit that holds rank k; k becomes the rank within it.
    cdef int64_t d = 0
    while k[0] >= counts[d]:
        k[0] -= counts[d]
        d += 1
    return d


cdef int64_t narrow(Candidates* c, int64_t k, int bits) noexcept nogil:
    """Position among the candidates of the one of rank k; their lowest `bits` bits differ."""
    cdef int64_t i, j, d, n, place
    cdef uint64_t mask, key
    cdef int digit
    while bits > 0 and c.n > FEW:
        digit = SHORT if c.n < LONG else DIGIT
        digit = digit if digit < bits else bits
        bits -= digit
        mask = (<uint64_t>1 << digit) - 1
        memset(c.counts, 0, sizeof(int64_t) << digit)
        for i in range(c.n):
            c.counts[(c.keys[i] >> bits) & mask] += 1
        d = digit_of_rank(c.counts, &k)
        if c.counts[d] == c.n:
            continue
        n = 0
        for i in range(c.n):
            key = c.keys[i]
            place = c.places[i]
            c.keys[n] = key
            c.places[n] = place
            n += ((key >> bits) & mask) == <uint64_t>d
        c.n = n
    if bits > 0:
        for i in range(1, c.n):
            key = c.keys[i]
            place = c.places[i]
            j = i
            while j > 0 and c.keys[j - 1] > key:
                c.keys[j] = c.keys[j - 1]
                c.places[j] = c.places[j - 1]
                j -= 1
            c.keys[j] = key
            c.places[j] = place
    return k


cdef int64_t rank_row(Row* r, int64_t k, Candidates* c, word tag) noexcept nogil:
    """Place of the element of rank k; r.stride is 1."""
    cdef int bits = find_bits(r, tag), digit
    cdef int64_t d, i
    if bits == 0:
        return k
    if r.n <= 4 * FEW:
        for i in range(r.n):
            c.keys[i] = key_of[word]((<const word*>r.x)[i], r.kind, <word>r.inf, <word>r.flip) & <word>~r.common
            c.places[i] = i
        c.n = r.n
        return c.places[narrow(c, k, bits)]
    digit = SHORT if r.n < LONG else DIGIT
    digit = digit if digit < bits else bits
    count_row(r, c.counts, bits - digit, digit, tag)
    d = digit_of_rank(c.counts, &k)
    scan_row(r, c, bits - digit, d, tag)
    return c.places[narrow(c, k, bits - digit)]


cdef word bound_of_sample(Row* r, int64_t k, Candidates* c, word tag) noexcept nogil:
    """A key that at least k elements do not exceed, and few others."""
    cdef const word* x = <const word*>r.x
    cdef int64_t size = r.n // 1024, step, i
    size = size if size > SAMPLE else <int64_t>SAMPLE
    size = size if size > 8 * k else 8 * k
    step = r.n // size
    for i in range(size):
        c.keys[i] = key_of[word](x[i * step], r.kind, <word>r.inf, <word>r.flip)
        c.places[i] = i
    c.n = size
    i = narrow(c, k - 1, 8 * sizeof(word))
    return <word>c.keys[i]


cdef inline void scan_below(Row* r, Candidates* c, word bound, word tag) noexcept nogil:
    cdef const word* x = <const word*>r.x
    cdef word inf = <word>r.inf, flip = <word>r.flip, key
    cdef int64_t i = 0, j, n = 0
    cdef int any_below
    while i < r.n:
        if i + BLOCK <= r.n:
            any_below = 0
            if r.kind == KEY_FLOAT:
                for j in range(BLOCK):
                    any_below |= key_of[word](x[i + j], KEY_FLOAT, inf, flip) <= bound
            else:
                for j in range(BLOCK):
                    any_below |= key_of[word](x[i + j], r.kind, inf, flip) <= bound
            if not any_below:
                i += BLOCK
                continue
        for j in range(i, i + BLOCK if i + BLOCK <= r.n else r.n):
            key = key_of[word](x[j], r.kind, inf, flip)
            c.keys[n] = key
            c.places[n] = j
            n += key <= bound
        i += BLOCK
    c.n = n


cdef int64_t take_front(Row* r, int64_t k, Candidates* c, int64_t* taken, int64_t* ties, word tag) noexcept nogil:
    """Places of the k first in `taken`: those before the last of them, then as many of its equals as are left."""
    cdef const word* x = <const word*>r.x
    cdef word bound, key, inf = <word>r.inf, flip = <word>r.flip
    cdef int64_t i, n = 0, equal = 0, place
    if k * 64 <= r.n and r.n >= 4 * SAMPLE:
        bound = bound_of_sample(r, k, c, tag)
        scan_below(r, c, bound, tag)
        for i in range(c.n):                         # narrow() moves the candidates about
            ties[i] = c.places[i]
        n = c.n
        place = c.places[narrow(c, k - 1, 8 * sizeof(word))]
        key = key_of[word](x[place], r.kind, inf, flip)
        bound, equal, i = key, 0, 0
        c.n = 0
        for i in range(n):
            place = ties[i]
            key = key_of[word](x[place], r.kind, inf, flip)
            if key < bound:
                taken[c.n] = place
                c.n += 1
            elif key == bound:
                ties[equal] = place
                equal += 1
        n = c.n
    else:
        place = rank_row(r, k - 1, c, tag)
        bound = key_of[word](x[place], r.kind, inf, flip)
        for i in range(r.n):
            key = key_of[word](x[i], r.kind, inf, flip)
            taken[n] = i
            ties[equal] = i
            n += key < bound
            equal += key == bound
    memcpy(taken + n, ties, (k - n) * sizeof(int64_t))
    return n


cdef void top_row(Row* r, int64_t k, bint ordered, word* row, char* memory, word* values, int64_t* places,
                  int64_t stride) noexcept nogil:
    # Memory: 2 n words for candidates and their records, then n words for each of the lists.
    cdef int64_t n = r.n, i
    cdef uint64_t* room = <uint64_t*>memory
    cdef int64_t* taken = <int64_t*>(room + 2 * n)
    cdef word* chosen = <word*>(room + 4 * n)
    cdef word* in_order = <word*>(room + 5 * n)
    cdef int64_t* order = <int64_t*>(room + 3 * n)
    cdef Candidates c
    cdef Row s = r[0]
    c.keys, c.places, c.counts = room, <int64_t*>(room + n), r.counts
    take_front(r, k, &c, taken, order, <word>0)
    if not ordered:
        for i in range(k):
            values[i * stride] = row[taken[i]]
            places[i * stride] = taken[i]
        return
    sort_places(taken, k, <int64_t*>room)
    for i in range(k):
        chosen[i] = row[taken[i]]
    s.x, s.values, s.places, s.n, s.stride, s.parts = chosen, in_order, order, k, 1, 1
    s.a, s.b = room, room + n
    sort_row(&s, <word>0)
    for i in range(k):
        values[i * stride] = in_order[i]
        places[i * stride] = taken[order[i]]


cdef void sort_places(int64_t* taken, int64_t k, int64_t* room) noexcept nogil:
    # Two ascending lists, one after the other, become one: equal elements then stay in order.
    cdef int64_t split = 1, i = 0, j, at = 0
    while split < k and taken[split] > taken[split - 1]:
        split += 1
    j = split
    if split == k:
        return
    while i < split or j < k:
        if j == k or (i < split and taken[i] < taken[j]):
            room[at] = taken[i]
            i += 1
        else:
            room[at] = taken[j]
            j += 1
        at += 1
    memcpy(taken, room, k * sizeof(int64_t))

# ------------------------------------------------------------------------------------------------------------
# Rows


cdef inline int64_t first_nan(Row* r, int64_t* count, word tag) noexcept nogil:
    # The place of the first NaN or -1, and how many there are.
    cdef const word* x = <const word*>r.x
    cdef word most = <word>~(<word>1 << (8 * sizeof(word) - 1)), inf = <word>r.inf
    cdef int64_t i, n = 0
    count[0] = 0
    if r.kind != KEY_FLOAT:
        return -1
    for i in range(r.n):
        n += <word>(x[i] & most) > inf
    count[0] = n
    if n:
        for i in range(r.n):
            if <word>(x[i] & most) > inf:
                return i
    return -1


cdef void select_row(SortJob* job, int64_t number, char* memory, int64_t* counts, int kind, word tag) noexcept nogil:
    """One row of a selection; kind 0 takes the front, 1 an element by rank, 2 the median."""
    cdef int64_t o = number // job.inner, j = number % job.inner, n = job.n, i, k = job.k, nans, place
    cdef word* row = <word*>(memory + 48 * n)
    cdef const word* x = <const word*>job.x + o * n * job.inner + j
    cdef uint64_t differ
    cdef Candidates c
    cdef Row r
    if job.inner == 1:
        row = <word*>x
    else:
        for i in range(n):
            row[i] = x[i * job.inner]
    r.x, r.n, r.stride, r.kind, r.inf, r.parts = row, n, 1, job.kind, job.inf, 1
    r.flip = ~<uint64_t>0 if job.descending else 0
    r.differ, r.counts = &differ, counts
    if kind == 0:
        top_row(&r, k, job.ordered, row, memory, <word*>job.values + o * k * job.inner + j,
                job.places + o * k * job.inner + j, job.inner)
        return
    c.keys, c.places, c.counts = <uint64_t*>memory, <int64_t*>(memory + 8 * n), counts
    place = -1
    if kind == 2:
        place = first_nan(&r, &nans, tag)
        if job.skip_nan and nans < n:
            place = -1
        k = (n - 1 - (nans if job.skip_nan else 0)) // 2
    if place < 0:
        place = rank_row(&r, k, &c, tag)
    (<word*>job.values)[number] = row[place]
    job.places[number] = place


cdef struct Selection:
    SortJob* job
    int kind
    int64_t rows
    int failed


cdef void select_rows(void* arg, int64_t number) noexcept nogil:
    cdef Selection* s = <Selection*>arg
    cdef SortJob* job = s.job
    cdef int64_t row, stop = (number + 1) * s.rows
    cdef size_t own = 0 if job.work != NULL else 56 * job.n
    cdef char* memory = <char*>ct_scratch(own + RADIX * sizeof(int64_t))
    cdef int64_t* counts
    if memory == NULL:
        s.failed = -1
        return
    counts = <int64_t*>memory
    memory = <char*>job.work if job.work != NULL else memory + RADIX * sizeof(int64_t)
    if stop > job.outer * job.inner:
        stop = job.outer * job.inner
    for row in range(number * s.rows, stop):
        if job.width == 1:
            select_row(job, row, memory, counts, s.kind, <uint8_t>0)
        elif job.width == 2:
            select_row(job, row, memory, counts, s.kind, <uint16_t>0)
        elif job.width == 4:
            select_row(job, row, memory, counts, s.kind, <uint32_t>0)
        else:
            select_row(job, row, memory, counts, s.kind, <uint64_t>0)


cdef int run_selection(SortJob* job, int kind) noexcept nogil:
    cdef Selection s
    cdef int64_t rows = job.outer * job.inner, i
    if rows == 0 or job.n == 0 or (kind == 0 and job.k == 0):
        return 0
    s.job, s.kind, s.failed = job, kind, 0
    s.rows = CHUNK // job.n + 1
    if job.work != NULL:                             # rows share the working memory
        s.rows = 1
        for i in range(rows):
            select_rows(&s, i)
        return s.failed
    parallel_for(select_rows, &s, (rows + s.rows - 1) // s.rows)
    return s.failed


cdef int top_job(SortJob* job) noexcept nogil:
    return run_selection(job, 0)


cdef int rank_job(SortJob* job) noexcept nogil:
    return run_selection(job, 1)


cdef int median_job(SortJob* job) noexcept nogil:
    return run_selection(job, 2)

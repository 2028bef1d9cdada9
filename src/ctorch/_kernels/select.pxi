# Part of sort.pyx: the first k of a row and the element of one rank, without sorting the row. The leading bits of the
# keys are counted, and only the elements of the one digit that holds the rank are looked at further.

cdef enum:
    FEW = 24            # candidates that insertion sorts
    SAMPLE = 1024       # elements that are looked at first where few of a long row are wanted
    BLOCK = 32          # elements looked at together: more than GCC unrolls, so that it makes vectors of them
    TIES = 63           # rows up to this length choose among equal elements as PyTorch does
    FLAT = 4096         # rows up to this length are selected from by partition
    LIST = 16           # elements that are kept in a list while the row goes by

# The candidates: their keys and their places, in the order of the places.
cdef struct Candidates:
    uint64_t* keys
    int64_t* places
    int64_t n
    int64_t* counts


cdef inline void scan_row(Row* r, Candidates* c, int shift, uint64_t value, word tag) noexcept nogil:
    # The elements whose keys above the least have `value` from bit `shift` up.
    cdef const word* x = <const word*>r.x
    cdef word inf = <word>r.inf, flip = <word>r.flip, base = <word>r.base, key, wanted = <word>value
    cdef int64_t i, n = 0
    for i in range(r.n):
        key = key_of[word](x[i], r.kind, inf, flip) - base
        c.keys[n] = key
        c.places[n] = i
        n += <word>(key >> shift) == wanted
    c.n = n


cdef inline void count_row(Row* r, int64_t* counts, int shift, int digit, word tag) noexcept nogil:
    cdef const word* x = <const word*>r.x
    cdef word inf = <word>r.inf, flip = <word>r.flip, base = <word>r.base
    cdef int64_t i
    memset(counts, 0, sizeof(int64_t) << digit)
    for i in range(r.n):
        counts[<word>(key_of[word](x[i], r.kind, inf, flip) - base) >> shift] += 1


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
            c.keys[i] = <word>(key_of[word]((<const word*>r.x)[i], r.kind, <word>r.inf, <word>r.flip) - <word>r.base)
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


cdef inline int block_reaches(const word* x, int kind, word inf, word flip, word bound) noexcept nogil:
    # Whether a key of a block is at most the bound; a loop for each kind, so that it makes vectors of each.
    cdef int64_t j
    cdef int found = 0
    if kind == KEY_FLOAT:
        for j in range(BLOCK):
            found |= key_of[word](x[j], KEY_FLOAT, inf, flip) <= bound
    elif kind == KEY_SIGNED:
        for j in range(BLOCK):
            found |= key_of[word](x[j], KEY_SIGNED, inf, flip) <= bound
    else:
        for j in range(BLOCK):
            found |= key_of[word](x[j], KEY_UNSIGNED, inf, flip) <= bound
    return found


cdef inline void scan_below(Row* r, Candidates* c, word bound, word tag) noexcept nogil:
    cdef const word* x = <const word*>r.x
    cdef word inf = <word>r.inf, flip = <word>r.flip, key
    cdef int64_t i = 0, j, n = 0
    while i < r.n:
        if i + BLOCK <= r.n and not block_reaches(x + i, r.kind, inf, flip, bound):
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


cdef inline void block_least(const word* x, int kind, word inf, word flip, word* lanes) noexcept nogil:
    # The lesser of each lane and the key of its element of a block; a loop for each kind, as above.
    cdef int64_t j
    cdef word key
    if kind == KEY_FLOAT:
        for j in range(BLOCK):
            key = key_of[word](x[j], KEY_FLOAT, inf, flip)
            lanes[j] = key if key < lanes[j] else lanes[j]
    elif kind == KEY_SIGNED:
        for j in range(BLOCK):
            key = key_of[word](x[j], KEY_SIGNED, inf, flip)
            lanes[j] = key if key < lanes[j] else lanes[j]
    else:
        for j in range(BLOCK):
            key = key_of[word](x[j], KEY_UNSIGNED, inf, flip)
            lanes[j] = key if key < lanes[j] else lanes[j]


cdef word limit_of(Row* r, int64_t k, word tag) noexcept nogil:
    """A key that at least k elements do not exceed: the k-th of the least in each of the lanes of all blocks."""
    cdef word lanes[BLOCK]
    cdef word best[LIST]
    cdef int64_t i, at, n = 0
    for i in range(BLOCK):
        lanes[i] = <word>~<word>0
    for i in range(r.n // BLOCK):
        block_least(<const word*>r.x + i * BLOCK, r.kind, <word>r.inf, <word>r.flip, lanes)
    for i in range(BLOCK):
        if n == k and lanes[i] >= best[k - 1]:
            continue
        at = n if n < k else k - 1
        n = at + 1
        while at > 0 and best[at - 1] > lanes[i]:
            best[at] = best[at - 1]
            at -= 1
        best[at] = lanes[i]
    return best[k - 1]


cdef inline int64_t first_few(Row* r, int64_t k, uint64_t* best, int64_t* places, word tag) noexcept nogil:
    """The k first in order, kept in a list while the row goes by; equal elements come by their places."""
    cdef const word* x = <const word*>r.x
    cdef word inf = <word>r.inf, flip = <word>r.flip, key
    cdef word limit = limit_of(r, k, <word>0) if r.n >= 4 * BLOCK else <word>~<word>0      # larger keys are not wanted
    cdef int64_t i = 0, at, stop, n = 0
    while i < r.n:
        stop = i + BLOCK
        if stop <= r.n and not block_reaches(x + i, r.kind, inf, flip, limit):
            i = stop
            continue
        if stop > r.n:
            stop = r.n
        while i < stop:
            key = key_of[word](x[i], r.kind, inf, flip)
            if key <= limit:
                at = n if n < k else k - 1
                while at > 0 and best[at - 1] > key:
                    best[at] = best[at - 1]
                    places[at] = places[at - 1]
                    at -= 1
                best[at] = key
                places[at] = i
                n += n < k
                if n == k:
                    if best[k - 1] == 0:
                        return n
                    limit = <word>(best[k - 1] - 1)
            i += 1
    return n


# ---- Short rows: all records at hand

cdef inline void swap(uint64_t* a, int64_t i, int64_t j) noexcept nogil:
    cdef uint64_t v = a[i]
    a[i] = a[j]
    a[j] = v


cdef void quick_select(uint64_t* a, int64_t n, int64_t k) noexcept nogil:
    """Puts the k + 1 smallest records in front, the largest of them last; all differ."""
    cdef int64_t low = 0, high = n, mid, at, i
    cdef uint64_t pivot, v
    while high - low > 8:
        mid = low + (high - low) // 2
        if a[mid] < a[low]:
            swap(a, mid, low)
        if a[high - 1] < a[low]:
            swap(a, high - 1, low)
        if a[high - 1] < a[mid]:
            swap(a, high - 1, mid)
        pivot = a[mid]
        at = low
        for i in range(low, high):
            v = a[i]
            a[i] = a[at]
            a[at] = v
            at += v < pivot
        if k < at:
            high = at
        else:
            low = at
    insert_sort(a + low, high - low)


cdef inline int64_t split_std(uint64_t* a, int64_t first, int64_t last, int s) noexcept nogil:
    # The partition of libstdc++ about the median of three.
    cdef int64_t x = first + 1, y = first + (last - first) // 2, z = last - 1
    cdef uint64_t p
    if a[x] >> s < a[y] >> s:
        y = y if a[y] >> s < a[z] >> s else (z if a[x] >> s < a[z] >> s else x)
    else:
        y = x if a[x] >> s < a[z] >> s else (z if a[y] >> s < a[z] >> s else y)
    swap(a, first, y)
    p = a[first] >> s
    x, y = first + 1, last
    while True:
        while a[x] >> s < p:
            x += 1
        y -= 1
        while p < a[y] >> s:
            y -= 1
        if x >= y:
            return x
        swap(a, x, y)
        x += 1


cdef inline void insert_std(uint64_t* a, int64_t n, int s) noexcept nogil:
    cdef int64_t i, j
    cdef uint64_t v
    for i in range(1, n):
        v = a[i]
        j = i
        while j > 0 and a[j - 1] >> s > v >> s:
            a[j] = a[j - 1]
            j -= 1
        a[j] = v


cdef void split_all_std(uint64_t* a, int64_t first, int64_t last, int s) noexcept nogil:
    cdef int64_t cut
    while last - first > 16:
        cut = split_std(a, first, last, s)
        split_all_std(a, cut, last, s)
        last = cut


cdef void top_std(uint64_t* a, int64_t n, int64_t k, int s, bint ordered) noexcept nogil:
    """The k first as std::nth_element and std::sort leave them, which is what PyTorch does with equal elements."""
    cdef int64_t first = 0, last = n, cut
    while last - first > 3:
        cut = split_std(a, first, last, s)
        if cut <= k - 1:
            first = cut
        else:
            last = cut
    insert_std(a + first, last - first, s)
    if ordered:
        split_all_std(a, 0, k - 1, s)
        insert_std(a, k - 1, s)


cdef bint records_of(Row* r, char* memory, word tag) noexcept nogil:
    # All records of a short row; False where their keys do not fit.
    cdef int bits = find_bits(r, tag)
    r.place_bits = bit_length(r.n - 1)
    r.bits, r.drop = bits, 0
    if bits + r.place_bits > 64:
        return False
    r.a, r.b = memory, memory + 8 * r.n
    make_records(r, 0, r.n, tag)
    return True


cdef bint top_short(Row* r, int64_t k, bint ordered, word* row, char* memory, word* values, int64_t* places,
                    int64_t stride) noexcept nogil:
    cdef uint64_t mask
    cdef uint64_t* a
    cdef int64_t i
    if not records_of(r, memory, <word>0):
        return False
    a = <uint64_t*>r.a
    mask = (<uint64_t>1 << r.place_bits) - 1
    if r.n <= TIES:
        top_std(a, r.n, k, r.place_bits, ordered)
    else:
        if k < r.n:
            quick_select(a, r.n, k - 1)
        if ordered and k <= INSERT:
            insert_sort(a, k)
        elif ordered:
            r.n = k
            r.bits += r.place_bits               # equal elements by their places
            radix(r, 0, <uint64_t>0)
            a = <uint64_t*>r.a
    for i in range(k):
        values[i * stride] = row[a[i] & mask]
        places[i * stride] = a[i] & mask
    return True


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
    if n <= FLAT and not (k <= LIST and 4 * k <= n and n > TIES):
        if top_short(r, k, ordered, row, memory, values, places, stride):
            return
    if k <= LIST and 4 * k <= n:
        first_few(r, k, c.keys, c.places, <word>0)
        for i in range(k):
            values[i * stride] = row[c.places[i]]
            places[i * stride] = c.places[i]
        return
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
    cdef uint64_t bounds[2]
    cdef Candidates c
    cdef Row r
    if job.inner == 1:
        row = <word*>x
    else:
        for i in range(n):
            row[i] = x[i * job.inner]
    r.x, r.n, r.stride, r.kind, r.inf, r.parts = row, n, 1, job.kind, job.inf, 1
    r.flip = ~<uint64_t>0 if job.descending else 0
    r.bounds, r.counts = bounds, counts
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
    if place < 0 and n <= FLAT and records_of(&r, memory, tag):
        quick_select(<uint64_t*>r.a, n, k)
        place = (<uint64_t*>r.a)[k] & ((<uint64_t>1 << r.place_bits) - 1)
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


cdef void first_rows(void* arg, int64_t number) noexcept nogil:
    # The first few of rows of 32-bit elements, eight rows at a time.
    cdef Selection* s = <Selection*>arg
    cdef int64_t row = number * s.rows, stop = row + s.rows
    cdef char* memory = <char*>ct_scratch(RADIX * sizeof(int64_t) + 56 * TIES)
    cdef int tied, i
    cdef ct_rows r
    if memory == NULL:
        s.failed = -1
        return
    if stop > s.job.outer * s.job.inner:
        stop = s.job.outer * s.job.inner
    while row < stop:
        fill_rows(&r, s.job, row, s.job.k)
        tied = ct_rows_first(&r)
        tied = tied if s.job.n <= TIES else 0
        for i in range(r.count if tied else 0):
            if tied >> i & 1:
                select_row(s.job, row + i, memory + RADIX * sizeof(int64_t), <int64_t*>memory, 0, <uint32_t>0)
        row += CT_ROWS


cdef inline bint few_of_many(SortJob* job) noexcept nogil:
    # Rows whose first few are kept in vectors; of short rows PyTorch's choice among equal elements is made.
    if job.width != 4 or job.k > CT_FIRST or job.outer * job.inner < ABREAST:
        return False
    return job.ordered if job.n <= TIES else 4 * job.k <= job.n


cdef int run_selection(SortJob* job, int kind) noexcept nogil:
    cdef Selection s
    cdef int64_t rows = job.outer * job.inner, i
    if rows == 0 or job.n == 0 or (kind == 0 and job.k == 0):
        return 0
    s.job, s.kind, s.failed = job, kind, 0
    s.rows = CHUNK // job.n + 1
    if job.n <= CT_TINY and not (kind == 0 and few_of_many(job)):
        return run_tiny(job, WANT_FRONT if kind == 0 else WANT_RANK if kind == 1 else WANT_MEDIAN)
    if kind == 0 and few_of_many(job):
        s.rows = (s.rows + CT_ROWS - 1) // CT_ROWS * CT_ROWS
        parallel_for(first_rows, &s, (rows + s.rows - 1) // s.rows)
        return s.failed
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

"""Elements addressed by index along one dimension: read, written, added up; and elements chosen by masks.

Values that are only moved are words of 1 to 16 bytes, whatever they mean. What is written is cut into chunks of the
other dimensions only, so that every element sees its values in the order of the index, on any number of threads.
"""
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from ctorch._kernels.parts cimport least
from ctorch._parallel cimport get_num_threads, parallel_for

cdef extern from "copy.h" nogil:
    void ct_copy_line(char* to, const char* frm, int64_t n, int64_t to_step, int64_t from_step, int size)
    void ct_copy_plane(char* to, const char* frm, int64_t rows, int64_t n, int64_t to_row, int64_t from_row,
                       int64_t to_step, int64_t from_step, int size)

cdef extern from *:
    void __builtin_prefetch(const void* at, int write) noexcept nogil

cdef enum:
    CHUNK = 16384        # elements to a chunk
    SHARES = 16          # chunks of few lines
    COLUMNS = 64         # at least, to a chunk that writes, where the dimension is not the last
    LINE = 512           # elements that are gathered at a time
    PIECE = 2048         # indices that are checked at a time
    SETUP = 256          # what a line costs beside its elements, in bytes that are passed
    LINES = 16           # lines that are laid out anew together, where those at hand are not dense
    PART = 128           # of each, at a time
    SHORT = 64           # elements of lines that are worked on together
    AHEAD = 32           # elements of a large vector that are fetched before they are written,
    FAR = 1024           # which costs more than it saves where fewer lie in the cache

ctypedef float complex complex64
ctypedef double complex complex128

ctypedef fused word:
    uint8_t
    uint16_t
    uint32_t
    uint64_t
    complex128

ctypedef fused ordered:
    float
    double
    int8_t
    int16_t
    int32_t
    int64_t
    uint8_t

ctypedef fused number:
    float
    double
    int8_t
    int16_t
    int32_t
    int64_t
    uint8_t
    complex64
    complex128


# ---- lines

cdef inline int64_t wrapped(int64_t i, int64_t wrap) noexcept nogil:
    return i + ((i >> 63) & wrap)


cdef void get(word* at, int64_t xs, int64_t xd, const int64_t* index, int64_t step, char* v, int64_t vs, int64_t n,
              int64_t wrap) noexcept nogil:
    cdef int64_t j
    cdef int size = sizeof(word)
    cdef char* x = <char*>at
    cdef word* to = <word*>v
    cdef const word* frm = <const word*>x
    if step == 0:
        ct_copy_line(v, x + wrapped(index[0], wrap) * xd, n, vs, xs, size)
    elif step == 1 and xs == 0 and xd == 1 and vs == size and wrap == 0:
        for j in range(n):
            to[j] = (<const word*>(x + index[j]))[0]
    elif step == 1 and xs == 0 and xd == size and vs == size and wrap == 0:
        for j in range(n):
            to[j] = frm[index[j]]
    elif step == 1 and vs == size:
        for j in range(n):
            to[j] = (<word*>(x + j * xs + wrapped(index[j], wrap) * xd))[0]
    else:
        for j in range(n):
            (<word*>(v + j * vs))[0] = (<word*>(x + j * xs + wrapped(index[j * step], wrap) * xd))[0]


cdef void put(word* at, int64_t xs, int64_t xd, const int64_t* index, int64_t step, char* v, int64_t vs, int64_t n,
              int64_t wrap) noexcept nogil:
    cdef int64_t j, ahead = n - AHEAD if n >= FAR else 0
    cdef int size = sizeof(word)
    cdef char* x = <char*>at
    if step == 0:
        ct_copy_line(x + wrapped(index[0], wrap) * xd, v, n, xs, vs, size)
    elif step == 1 and xs == 0 and xd == size and vs == size and wrap == ahead == 0:
        for j in range(n):
            at[index[j]] = (<const word*>v)[j]
    elif step == 1 and xs == 0 and xd == size and vs == size:
        for j in range(ahead):
            __builtin_prefetch(at + wrapped(index[j + AHEAD], wrap), 1)
            at[wrapped(index[j], wrap)] = (<const word*>v)[j]
        for j in range(ahead, n):
            at[wrapped(index[j], wrap)] = (<const word*>v)[j]
    else:
        for j in range(n):
            (<word*>(x + j * xs + wrapped(index[j * step], wrap) * xd))[0] = (<word*>(v + j * vs))[0]


cdef inline number combined(number a, number b, int how) noexcept nogil:
    if how == 0:
        return a + b
    return a * b


cdef inline ordered extreme(ordered a, ordered b, bint largest) noexcept nogil:
    # A NaN wins; integers are equal to themselves. Two choices, each of one comparison, need no jump.
    cdef ordered best = (b if b > a else a) if largest else (b if b < a else a)
    return b if b != b else best


cdef inline void combine(number* at, int64_t xs, int64_t xd, const int64_t* index, int64_t step, char* v, int64_t vs,
                         int64_t n, int64_t wrap, int how) noexcept nogil:
    cdef int64_t j, size = sizeof(number)
    cdef char* x = <char*>at
    cdef number* to
    cdef const number* frm = <const number*>v
    if step == 0:
        x += wrapped(index[0], wrap) * xd
        to = <number*>x
        if xs == size and vs == size:
            for j in range(n):
                to[j] = combined(to[j], frm[j], how)
            return
        for j in range(n):
            to = <number*>(x + j * xs)
            to[0] = combined(to[0], (<number*>(v + j * vs))[0], how)
        return
    if step == 1 and xs == 0 and xd == size and vs == size and wrap == 0:
        while n >= 4:                    # one after the other, since places may be the same
            at[index[0]] = combined(at[index[0]], frm[0], how)
            at[index[1]] = combined(at[index[1]], frm[1], how)
            at[index[2]] = combined(at[index[2]], frm[2], how)
            at[index[3]] = combined(at[index[3]], frm[3], how)
            index, frm, n = index + 4, frm + 4, n - 4
        for j in range(n):
            at[index[j]] = combined(at[index[j]], frm[j], how)
        return
    for j in range(n):
        to = <number*>(x + j * xs + wrapped(index[j * step], wrap) * xd)
        to[0] = combined(to[0], (<number*>(v + j * vs))[0], how)


cdef inline void keep_extremes(ordered* to, const ordered* frm, int64_t n, bint largest) noexcept nogil:
    cdef int64_t j
    for j in range(n):
        to[j] = extreme(to[j], frm[j], largest)


cdef inline void extremes(ordered* at, int64_t xs, int64_t xd, const int64_t* index, int64_t step, char* v, int64_t vs,
                          int64_t n, int64_t wrap, bint largest) noexcept nogil:
    cdef int64_t j, size = sizeof(ordered)
    cdef char* x = <char*>at
    cdef ordered* to = <ordered*>(x + wrapped(index[0], wrap) * xd)
    cdef ordered block[LINE]
    cdef int64_t m
    if step == 0 and xs == size and vs == size:
        keep_extremes(to, <const ordered*>v, n, largest)
        return
    if step == 1 and xs == 0 and xd == size and vs == size and wrap == 0:
        for j in range(n):
            at[index[j]] = extreme(at[index[j]], (<const ordered*>v)[j], largest)
        return
    while step == 0 and xs == size and n > 0:
        m = least(LINE, n)
        ct_copy_line(<char*>block, v, m, size, vs, <int>size)
        keep_extremes(to, block, m, largest)
        to += m
        v += m * vs
        n -= m
    for j in range(n):
        to = <ordered*>(x + j * xs + wrapped(index[j * step], wrap) * xd)
        to[0] = extreme(to[0], (<ordered*>(v + j * vs))[0], largest)


cdef void add(number* x, int64_t xs, int64_t xd, const int64_t* index, int64_t step, char* v, int64_t vs, int64_t n,
              int64_t wrap) noexcept nogil:
    combine(x, xs, xd, index, step, v, vs, n, wrap, 0)


cdef void multiply(number* x, int64_t xs, int64_t xd, const int64_t* index, int64_t step, char* v, int64_t vs,
                   int64_t n, int64_t wrap) noexcept nogil:
    combine(x, xs, xd, index, step, v, vs, n, wrap, 1)


cdef void smallest(ordered* x, int64_t xs, int64_t xd, const int64_t* index, int64_t step, char* v, int64_t vs,
                   int64_t n, int64_t wrap) noexcept nogil:
    extremes(x, xs, xd, index, step, v, vs, n, wrap, False)


cdef void largest(ordered* x, int64_t xs, int64_t xd, const int64_t* index, int64_t step, char* v, int64_t vs,
                  int64_t n, int64_t wrap) noexcept nogil:
    extremes(x, xs, xd, index, step, v, vs, n, wrap, True)


# ---- loops over lines

cdef bint outside(Along* a, const int64_t* index, int64_t step, int64_t n) noexcept nogil:
    # Whether one of these indices is out of range; it is kept.
    cdef uint64_t limit = <uint64_t>(a.size + a.wrap)
    cdef int64_t j, bad = 0
    if step == 0 and n > 1:
        n = 1
    if step == 1:
        for j in range(n):
            bad |= <uint64_t>(index[j] + a.wrap) >= limit
    else:
        for j in range(n):
            bad |= <uint64_t>(index[j * step] + a.wrap) >= limit
    if bad:
        for j in range(n):
            if <uint64_t>(index[j * step] + a.wrap) >= limit:
                a.bad = index[j * step]
                break
        a.failed = True
    return bad


cdef bint place(Along* a, int64_t* places, const int64_t* index, int64_t n) noexcept nogil:
    # The distances in bytes that dense indices stand for, which may be the same memory; False if one is out of range.
    cdef int64_t j, i, bad = 0, wrap = a.wrap, step = a.xd
    cdef uint64_t limit = <uint64_t>(a.size + wrap)
    for j in range(n):
        i = index[j]
        bad |= <uint64_t>(i + wrap) >= limit
        places[j] = wrapped(i, wrap) * step
    return bad == 0


cdef struct Plan:
    Along* a
    bint across                      # lines run along the last of the other dimensions
    bint dense                       # lines along it are laid out anew
    int64_t together                 # so many lines along it are worked on together
    int size                         # bytes of an element
    int ndim                         # dimensions that lines are counted over
    int64_t lines                    # how many of them
    int64_t group                    # of them to a chunk
    int64_t pieces                   # chunks to a line, or to a block of lines
    int64_t length                   # indices to a piece; columns where x is written across


cdef void along(Plan* p, int64_t start, int64_t count, char* x, char* v, const int64_t* index) noexcept nogil:
    # One line along the dimension, in pieces whose indices are still in the cache after the check.
    cdef Along* a = p.a
    cdef int64_t places[PIECE]
    cdef int64_t end = start + count, n
    cdef bint placed = (a.check and not a.writes and a.step == 1 and a.vd == p.size
                        and (a.wrap != 0 or a.xd != p.size))             # dense elements are found by their indices
    while start < end:
        n = least(PIECE, end - start) if a.check else end - start
        if placed and place(a, places, index + start, n):
            a.line(x, 0, 1, places, 1, v + start * a.vd, a.vd, n, 0)
            start += n
            continue
        if a.check and outside(a, index + start * a.step, a.step, n):
            return
        a.line(x, 0, a.xd, index + start * a.step, a.step, v + start * a.vd, a.vd, n, a.wrap)
        start += n


cdef void along_dense(Plan* p, int64_t lines, char* x, char* v, const int64_t* index) noexcept nogil:
    # Neighbouring lines along the dimension, from indices, and values to write, laid out line by line.
    cdef Along* a = p.a
    cdef int last = a.ndim - 1, size = p.size
    cdef int64_t xs = a.xs[last] if a.ndim else 0, vs = a.vs[last] if a.ndim else 0
    cdef int64_t steps = a.steps[last] if a.ndim else 0
    cdef int64_t places[LINES * PART]
    cdef char values[LINES * PART * 16]
    cdef int64_t* at
    cdef int64_t start = 0, n, i
    while start < a.n:
        n = least(PART, a.n - start)
        ct_copy_plane(<char*>places, <const char*>(index + start * a.step), lines, n, PART * 8, steps * 8, 8,
                      a.step * 8, 8)
        if a.writes:
            ct_copy_plane(values, v + start * a.vd, lines, n, PART * size, vs, size, a.vd, size)
        for i in range(lines):
            at = places + i * PART
            if not a.writes and place(a, at, at, n):
                a.line(x + i * xs, 0, 1, at, 1, v + i * vs + start * size, size, n, 0)
                continue
            if a.check and outside(a, index + i * steps + start * a.step, a.step, n):
                return
            a.line(x + i * xs, 0, a.xd, at, 1, values + i * PART * size, size, n, a.wrap)
        start += n


cdef void along_short(Plan* p, int64_t lines, char* x, char* v, const int64_t* index) noexcept nogil:
    # Neighbouring short lines along the dimension, whose indices are checked at once where they are one line.
    cdef Along* a = p.a
    cdef int last = a.ndim - 1
    cdef int64_t xs = a.xs[last], vs = a.vs[last], steps = a.steps[last]
    cdef bint joined = a.step == 1 and steps == a.n
    if a.check and joined and outside(a, index, 1, lines * a.n):
        return
    for _ in range(lines):
        if a.check and not joined and outside(a, index, a.step, a.n):
            return
        a.line(x, 0, a.xd, index, a.step, v, a.vd, a.n, a.wrap)
        x += xs
        v += vs
        index += steps


cdef void across(Plan* p, int64_t start, int64_t count, int64_t first, int64_t columns, char* x, char* v,
                 const int64_t* index) noexcept nogil:
    # Lines across the dimension, one for each of its indices.
    cdef Along* a = p.a
    cdef int last = a.ndim - 1
    cdef int64_t i, xs = a.xs[last], vs = a.vs[last], step = a.steps[last]
    x += first * xs
    v += first * vs
    index += first * step
    if step == 0 and xs == p.size and vs == p.size and not a.writes:
        if a.check and outside(a, index + start * a.step, a.step, count):
            return
        for i in range(start, start + count):
            memcpy(v + i * a.vd, x + wrapped(index[i * a.step], a.wrap) * a.xd, columns * p.size)
        return
    for i in range(start, start + count):
        if a.check and outside(a, index + i * a.step, step, columns):
            return
        a.line(x, xs, a.xd, index + i * a.step, step, v + i * a.vd, vs, columns, a.wrap)


cdef void run_chunk(void* arg, int64_t chunk) noexcept nogil:
    cdef Plan* p = <Plan*>arg
    cdef Along* a = p.a
    cdef int64_t line, rest, k, piece = chunk % p.pieces, width = a.shape[a.ndim - 1] if p.across else 1, together
    cdef int64_t start = piece * p.length, end
    cdef char* x
    cdef char* v
    cdef const int64_t* index
    cdef int d
    line = (chunk // p.pieces) * p.group
    end = least(line + p.group, p.lines)
    while line < end and not a.failed:
        x, v, index, rest, together = a.x, a.v, a.index, line, 1
        for d in range(p.ndim - 1, -1, -1):
            k = rest % a.shape[d]
            rest = rest // a.shape[d]
            x += k * a.xs[d]
            v += k * a.vs[d]
            index += k * a.steps[d]
            if d == p.ndim - 1 and p.together > 1:
                together = least(p.together, least(a.shape[d] - k, end - line))
        if p.dense:
            along_dense(p, together, x, v, index)
        elif p.together > 1:
            along_short(p, together, x, v, index)
        elif not p.across:
            along(p, start, least(p.length, a.n - start), x, v, index)
        elif a.writes:
            across(p, 0, a.n, start, least(p.length, width - start), x, v, index)
        else:
            across(p, start, least(p.length, a.n - start), 0, width, x, v, index)
        line += together


cdef inline int64_t reach(int64_t bytes) noexcept nogil:
    # What a step costs: the part of a cache line that it passes.
    return least(64, bytes if bytes >= 0 else -bytes)


cdef bint goes_across(Along* a) noexcept nogil:
    """Whether lines run along the last of the other dimensions, by what lies closer together and how long they are.

    Where indices differ along that, elements of x come from anywhere. Lines that are written far apart cost twice.
    """
    cdef int last = a.ndim - 1, twice = 1 if a.writes else 2
    cdef int64_t along, across
    if a.ndim == 0 or a.shape[last] == 1:
        return False
    along = reach(a.step * 8) + twice * reach(a.vd) + reach(a.xd) + SETUP // a.n
    across = reach(a.steps[last] * 8) + twice * reach(a.vs[last]) + SETUP // a.shape[last]
    return across + (100 if a.steps[last] else reach(a.xs[last])) < along


cdef void run(Along* a) noexcept nogil:
    cdef Plan p
    cdef int64_t size, chunks
    cdef int d, last = a.ndim - 1
    p.a, p.size = a, a.bytes
    p.across = goes_across(a)
    p.dense = not p.across and a.step != 0 and a.n > 8
    if a.writes:
        p.dense = p.dense and a.vd != 0 and (a.step != 1 or a.vd != a.bytes)
    else:
        p.dense = p.dense and a.check and a.step != 1 and a.vd == a.bytes
    p.together = LINES if p.dense else PIECE // a.n if not p.across and 0 < a.n <= SHORT and a.ndim > 0 else 1
    p.ndim = last if p.across else a.ndim
    p.lines = 1
    for d in range(p.ndim):
        p.lines *= a.shape[d]
    size = a.n * (a.shape[last] if p.across else 1)
    p.pieces, p.group, p.length = 1, 1, a.shape[last] if p.across and a.writes else a.n
    if size <= CHUNK:
        p.group = CHUNK // (size if size > 0 else 1)
        if p.group * SHARES > p.lines:   # as even a share for a few threads as for one
            p.group = p.lines if size * p.lines <= CHUNK else (p.lines + SHARES - 1) // SHARES
    elif p.across and a.writes:
        # every element is written in the order of the index, however the columns are cut
        p.length = (a.shape[last] // (get_num_threads() if p.lines == 1 else 1) + 16) // 16 * 16
        if p.length < COLUMNS:
            p.length = COLUMNS
        p.pieces = (a.shape[last] + p.length - 1) // p.length
    elif not a.writes:
        p.length = CHUNK // (a.shape[last] if p.across else 1)
        if p.length < 1:
            p.length = 1
        p.pieces = (a.n + p.length - 1) // p.length
    if p.dense and p.group < LINES:
        p.group = least(LINES, (p.lines + 7) // 8)
    a.failed = False
    chunks = (p.lines + p.group - 1) // p.group * p.pieces
    if chunks == 1:
        run_chunk(&p, 0)
    else:
        parallel_for(run_chunk, &p, chunks)


# ---- masks

cdef int64_t count(const uint8_t* mask, int64_t n) noexcept nogil:
    cdef int64_t i = 0, j, end, found = 0
    cdef uint8_t part[64]
    while i < n:
        # bytes add up to at most 255 in a lane
        end = least(n, i + 64 * 255)
        memset(part, 0, 64)
        while i + 64 <= end:
            for j in range(64):
                part[j] += mask[i + j] != 0
            i += 64
        for j in range(64):
            found += part[j]
        while i < end:
            found += mask[i] != 0
            i += 1
    return found


cdef void compress(const uint8_t* mask, const word* x, word* to, int64_t n, int64_t found) noexcept nogil:
    cdef int64_t i = 0, k = 0
    while k < found:
        to[k] = x[i]
        k += mask[i] != 0
        i += 1


cdef void expand(const uint8_t* mask, word* x, const word* v, int64_t n) noexcept nogil:
    cdef int64_t i, k = 0
    for i in range(n):
        if mask[i]:
            x[i] = v[k]
            k += 1


cdef void fill(const uint8_t* mask, word* x, const word* v, int64_t n) noexcept nogil:
    cdef int64_t i
    cdef word value = v[0]
    for i in range(n):
        x[i] = value if mask[i] else x[i]


cdef void places(const uint8_t* mask, int64_t* to, int64_t n, int64_t found, int64_t first) noexcept nogil:
    cdef int64_t i = 0, k = 0
    while k < found:
        to[k] = first + i
        k += mask[i] != 0
        i += 1


cdef void triangle(const char* x, char* to, int64_t rows, int64_t columns, int64_t first, int64_t diagonal, bint lower,
                   int64_t size) noexcept nogil:
    cdef int64_t i, cut
    cdef int64_t width = columns * size
    for i in range(first, first + rows):
        cut = i + diagonal + (1 if lower else 0)
        cut = (0 if cut < 0 else columns if cut > columns else cut) * size
        if lower:
            if to != x:
                memcpy(to, x, cut)
            memset(to + cut, 0, width - cut)
        else:
            memset(to, 0, cut)
            if to != x:
                memcpy(to + cut, x + cut, width - cut)
        x += width
        to += width


# ---- copies

cdef void again(const word* x, word* to, int64_t n, int64_t times) noexcept nogil:
    cdef int64_t i, k
    if times == 2:
        for i in range(n):
            to[2 * i] = x[i]
            to[2 * i + 1] = x[i]
        return
    for i in range(n):
        for k in range(times):
            to[i * times + k] = x[i]


cdef AlongKernels table
# the kernels differ from the table's types in what their pointers point to
table.get[:] = [<AlongLine>get[uint8_t], <AlongLine>get[uint16_t], <AlongLine>get[uint32_t],
                <AlongLine>get[uint64_t], <AlongLine>get[complex128]]
table.put[:] = [<AlongLine>put[uint8_t], <AlongLine>put[uint16_t], <AlongLine>put[uint32_t],
                <AlongLine>put[uint64_t], <AlongLine>put[complex128]]
table.combine[COMBINE_ADD][:] = [<AlongLine>add[float], <AlongLine>add[double], <AlongLine>add[int8_t],
                                 <AlongLine>add[int16_t], <AlongLine>add[int32_t], <AlongLine>add[int64_t],
                                 <AlongLine>add[uint8_t], <AlongLine>add[complex64],
                                 <AlongLine>add[complex128]]
table.combine[COMBINE_MUL][:] = [<AlongLine>multiply[float], <AlongLine>multiply[double],
                                 <AlongLine>multiply[int8_t], <AlongLine>multiply[int16_t],
                                 <AlongLine>multiply[int32_t], <AlongLine>multiply[int64_t],
                                 <AlongLine>multiply[uint8_t], <AlongLine>multiply[complex64],
                                 <AlongLine>multiply[complex128]]
table.combine[COMBINE_MIN][:7] = [<AlongLine>smallest[float], <AlongLine>smallest[double],
                                  <AlongLine>smallest[int8_t], <AlongLine>smallest[int16_t],
                                  <AlongLine>smallest[int32_t], <AlongLine>smallest[int64_t],
                                  <AlongLine>smallest[uint8_t]]
table.combine[COMBINE_MAX][:7] = [<AlongLine>largest[float], <AlongLine>largest[double], <AlongLine>largest[int8_t],
                                  <AlongLine>largest[int16_t], <AlongLine>largest[int32_t],
                                  <AlongLine>largest[int64_t], <AlongLine>largest[uint8_t]]
table.compress[:] = [<CompressFn>compress[uint8_t], <CompressFn>compress[uint16_t], <CompressFn>compress[uint32_t],
                     <CompressFn>compress[uint64_t], <CompressFn>compress[complex128]]
table.expand[:] = [<MaskFn>expand[uint8_t], <MaskFn>expand[uint16_t], <MaskFn>expand[uint32_t],
                   <MaskFn>expand[uint64_t], <MaskFn>expand[complex128]]
table.fill[:] = [<MaskFn>fill[uint8_t], <MaskFn>fill[uint16_t], <MaskFn>fill[uint32_t], <MaskFn>fill[uint64_t],
                 <MaskFn>fill[complex128]]
table.again[:] = [<AgainFn>again[uint8_t], <AgainFn>again[uint16_t], <AgainFn>again[uint32_t], <AgainFn>again[uint64_t],
                  <AgainFn>again[complex128]]
table.run, table.count, table.places, table.triangle, table.plane = run, count, places, triangle, ct_copy_plane

kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)

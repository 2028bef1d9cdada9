"""From MT19937's words to each distribution, as in PyTorch's CPU kernels; its vector loops: distributions.h.

Who calls holds the generator's lock; nothing here is checked.
"""
from libc.math cimport ceil, cos, exp, fabs, floor, fma, isnan, lgamma, log, log1p, log1pf, sin, sqrt, sqrtf, tan
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from ctorch._parallel cimport parallel_for
from ctorch._random cimport (
    E_BFLOAT16, E_BOOL, E_FLOAT16, E_FLOAT32, E_FLOAT64, E_INT8, E_INT16, E_INT32, E_INT64,
    E_UINT8, E_UINT16, E_UINT32, E_UINT64, Element,
)

cdef extern from "distributions.h" nogil:
    uint64_t mt_random64(mt19937* mt)
    void mt_random_words(mt19937* mt, uint32_t* out, int64_t n)
    uint16_t float16_of(float x)
    float float_of_float16(uint16_t half)
    uint16_t bfloat16_of(float x)
    float float_of_bfloat16(uint16_t half)
    void uniform_f32(const uint32_t* words, float* x, int64_t n, float low, float high)
    void uniform_f64(const uint32_t* words, double* x, int64_t n)
    void stretch_f64(double* x, int64_t n, double low, double high)
    void below(const uint32_t* words, uint8_t* hits, int64_t n, double p)
    void box_muller_f32(float* x, int64_t n, float mean, float std)
    void box_muller_f64(double* x, int64_t n, double mean, double std)
    void widen_float16(const uint16_t* halves, double* x, int64_t n)
    void below_each(const float* x, const double* limits, uint8_t* hits, int64_t n)
    void remainders_32(const uint32_t* words, int64_t* x, int64_t n, uint64_t extent, int64_t base)
    void remainders_64(const uint32_t* words, int64_t* x, int64_t n, uint64_t extent, int64_t base)
    void falling_remainders(const uint32_t* words, uint32_t* x, int64_t n, uint32_t divisor)

cdef enum:
    BLOCK = 8192           # numbers that are drawn before they are transformed; on the stack
    PART = 512             # of them to a thread
    WORDS = 1024           # words that are drawn at once
    PAIRS = 512            # of words, for as many doubles
    NORMAL_PART = 8192     # numbers of a large normal fill to a thread; a multiple of 16
    SMALL_PERMUTATION = 214748364      # from 2**32 / 20 on, PyTorch draws 64 bits and shuffles inside out

cdef double PI = 3.141592653589793
cdef uint64_t LOW_53 = (1 << 53) - 1

cdef int[13] SIZES = [1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8]     # bytes, by Element


# ---- storing doubles and whole numbers as any element type ----

ctypedef fused value_t:
    double
    int64_t

ctypedef fused element_t:
    uint8_t
    uint16_t
    uint32_t
    uint64_t
    int8_t
    int16_t
    int32_t
    int64_t
    float
    double


cdef inline void store_as(element_t* x, const value_t* values, int64_t n) noexcept nogil:
    cdef int64_t i
    for i in range(n):
        if element_t is float or element_t is double or value_t is int64_t:
            x[i] = <element_t>values[i]
        else:
            x[i] = <element_t><int64_t>values[i]    # out of range it wraps


cdef void store(Element kind, const value_t* values, void* x, int64_t start, int64_t n) noexcept nogil:
    cdef int64_t i
    if kind == E_FLOAT32:
        store_as(<float*>x + start, values, n)
    elif kind == E_FLOAT64:
        store_as(<double*>x + start, values, n)
    elif kind == E_FLOAT16:
        for i in range(n):
            (<uint16_t*>x)[start + i] = float16_of(<float>values[i])
    elif kind == E_BFLOAT16:
        for i in range(n):
            (<uint16_t*>x)[start + i] = bfloat16_of(<float>values[i])
    elif kind == E_BOOL:
        for i in range(n):
            (<uint8_t*>x)[start + i] = values[i] != 0
    elif kind == E_UINT8:
        store_as(<uint8_t*>x + start, values, n)
    elif kind == E_UINT16:
        store_as(<uint16_t*>x + start, values, n)
    elif kind == E_UINT32:
        store_as(<uint32_t*>x + start, values, n)
    elif kind == E_UINT64:
        store_as(<uint64_t*>x + start, values, n)
    elif kind == E_INT8:
        store_as(<int8_t*>x + start, values, n)
    elif kind == E_INT16:
        store_as(<int16_t*>x + start, values, n)
    elif kind == E_INT32:
        store_as(<int32_t*>x + start, values, n)
    elif kind == E_INT64:
        store_as(<int64_t*>x + start, values, n)


cdef inline void store_half(Element kind, const float* values, void* x, int64_t start,
                            int64_t n) noexcept nogil:
    cdef uint16_t* out = <uint16_t*>x + start
    cdef int64_t i
    if kind == E_FLOAT16:
        for i in range(n):
            out[i] = float16_of(values[i])
    else:
        for i in range(n):
            out[i] = bfloat16_of(values[i])


cdef inline double load(Element kind, const void* x, int64_t i) noexcept nogil:
    if kind == E_FLOAT32:
        return (<const float*>x)[i]
    if kind == E_FLOAT64:
        return (<const double*>x)[i]
    if kind == E_FLOAT16:
        return float_of_float16((<const uint16_t*>x)[i])
    return float_of_bfloat16((<const uint16_t*>x)[i])


cdef void load_block(Element kind, const void* x, int64_t start, int64_t n, double* values) noexcept nogil:
    cdef int64_t i                       # a loop for each type, which makes vectors of it
    if kind == E_FLOAT32:
        for i in range(n):
            values[i] = (<const float*>x)[start + i]
    elif kind == E_FLOAT64:
        memcpy(values, <const double*>x + start, n * sizeof(double))
    elif kind == E_FLOAT16:
        widen_float16(<const uint16_t*>x + start, values, n)
    else:
        for i in range(n):
            values[i] = float_of_bfloat16((<const uint16_t*>x)[start + i])


cdef bint all_within(Element kind, const void* x, int64_t start, int64_t n, double high, bint* positive,
                     double* outside) noexcept nogil:
    """Whether all values are in [0, high]; whether any is above 0, and the first one that is not within."""
    cdef double[PAIRS] values
    cdef int64_t end = start + n
    cdef int64_t count, i
    cdef bint within, above = False
    while start < end:
        count = min(end - start, PAIRS)
        load_block(kind, x, start, count, values)
        within = True
        for i in range(count):
            within &= (values[i] >= 0) & (values[i] <= high)
            above |= values[i] > 0
        if not within:
            i = 0
            while values[i] >= 0 and values[i] <= high:
                i += 1
            outside[0] = values[i]
            return False
        start += count
    positive[0] = above
    return True


cdef double rounded(Element kind, double x) noexcept nogil:
    """x as the float type holds it."""
    if kind == E_FLOAT64:
        return x
    if kind == E_FLOAT32:
        return <float>x
    if kind == E_FLOAT16:
        return float_of_float16(float16_of(<float>x))
    return float_of_bfloat16(bfloat16_of(<float>x))


cdef void fill_constant(Element kind, void* x, int64_t n, double value) noexcept nogil:
    cdef int64_t i
    for i in range(n):
        store(kind, &value, x, i, 1)


# ---- drawing; who calls holds the generator's lock ----

cdef void draw_f32(mt19937* mt, float* x, int64_t n, float low, float high) noexcept nogil:
    cdef uint32_t[WORDS] words
    cdef int64_t start, count
    start = 0
    while start < n:
        count = min(n - start, WORDS)
        mt_random_words(mt, words, count)
        uniform_f32(words, x + start, count, low, high)
        start += count


cdef void draw_f64(mt19937* mt, double* x, int64_t n) noexcept nogil:
    cdef uint32_t[WORDS] words
    cdef int64_t start, count
    start = 0
    while start < n:
        count = min(n - start, PAIRS)
        mt_random_words(mt, words, 2 * count)
        uniform_f64(words, x + start, count)
        start += count


cdef inline double draw_double(mt19937* mt) noexcept nogil:
    return <double>(mt_random64(mt) & LOW_53) * (1.0 / 9007199254740992.0)


cdef void fill_uniform(mt19937* mt, Element kind, void* x, int64_t n, double low, double high) noexcept nogil:
    cdef float[BLOCK] scratch
    cdef uint16_t bottom, top
    cdef int64_t start, count, i
    if kind == E_FLOAT32:
        draw_f32(mt, <float*>x, n, <float>low, <float>high)
    elif kind == E_FLOAT64:
        start = 0
        while start < n:
            count = min(n - start, BLOCK)
            draw_f64(mt, <double*>x + start, count)
            if low != 0 or high != 1:
                stretch_f64(<double*>x + start, count, low, high)
            start += count
    else:
        bottom = float16_of(<float>low) if kind == E_FLOAT16 else bfloat16_of(<float>low)
        top = float16_of(<float>high) if kind == E_FLOAT16 else bfloat16_of(<float>high)
        start = 0
        while start < n:
            count = min(n - start, BLOCK)
            draw_f32(mt, scratch, count, <float>low, <float>high)
            store_half(kind, scratch, x, start, count)
            for i in range(start, start + count):
                if (<uint16_t*>x)[i] == top:
                    (<uint16_t*>x)[i] = bottom
            start += count


# ---- doubles, drawn in blocks by one thread and transformed in parts by all ----

cdef struct Transform:
    transform_fn apply
    double* values
    int64_t n
    double a
    double b
    Element kind
    void* x            # NULL: the values stay where they are
    int64_t start


cdef void transform_part(void* arg, int64_t chunk) noexcept nogil:
    cdef Transform* job = <Transform*>arg
    cdef int64_t low = chunk * PART
    cdef int64_t count = min(job.n - low, PART)
    job.apply(job.values + low, count, job.a, job.b)
    if job.x != NULL:
        store(job.kind, job.values + low, job.x, job.start + low, count)


cdef void run(Transform* job) noexcept nogil:
    parallel_for(transform_part, job, (job.n + PART - 1) // PART)


cdef void to_pairs(double* v, int64_t n, double a, double b) noexcept nogil:
    """Box and Muller: each pair of uniform numbers becomes a pair of normal ones."""
    cdef int64_t i
    cdef double radius, theta
    for i in range(0, n - 1, 2):
        radius = sqrt(-2.0 * log1p(-v[i + 1]))
        theta = 2.0 * PI * v[i]
        v[i] = radius * cos(theta)
        v[i + 1] = radius * sin(theta)


cdef void to_normal(double* v, int64_t n, double mean, double std) noexcept nogil:
    cdef int64_t i
    for i in range(n):
        v[i] = fma(v[i], std, mean)


cdef void to_log_normal(double* v, int64_t n, double mean, double std) noexcept nogil:
    cdef int64_t i
    for i in range(n):
        v[i] = exp(fma(v[i], std, mean))


cdef void to_cauchy(double* v, int64_t n, double median, double sigma) noexcept nogil:
    cdef int64_t i
    for i in range(n):
        v[i] = fma(sigma, tan(PI * (v[i] - 0.5)), median)


cdef void to_exponential(double* v, int64_t n, double scale, double unused) noexcept nogil:
    cdef int64_t i
    for i in range(n):
        v[i] = scale * log1p(-v[i])


cdef void to_geometric(double* v, int64_t n, double scale, double unused) noexcept nogil:
    cdef int64_t i
    for i in range(n):
        v[i] = ceil(log(v[i]) / scale)


cdef void draw_normals(mt19937* mt, double* v, int64_t n) noexcept nogil:
    """n standard normal numbers; they come in pairs, and the generator keeps the half that is left over."""
    cdef Transform job
    cdef double[2] pair
    cdef int64_t even
    if n > 0 and mt.has_normal:
        v[0] = mt.normal
        mt.has_normal = 0
        v += 1
        n -= 1
    even = n & ~1
    draw_f64(mt, v, even)
    job.apply, job.values, job.n, job.x = to_pairs, v, even, NULL
    job.a = job.b = 0
    run(&job)
    if n > even:
        draw_f64(mt, pair, 2)
        to_pairs(pair, 2, 0, 0)
        v[even] = pair[0]
        mt.normal = pair[1]
        mt.has_normal = 1


cdef void fill_transformed(mt19937* mt, Element kind, void* x, int64_t n, transform_fn apply, double a,
                           double b, bint normals) noexcept nogil:
    cdef double[BLOCK] scratch
    cdef bint in_place = kind == E_FLOAT64
    cdef Transform job
    job.apply, job.a, job.b, job.kind = apply, a, b, kind
    job.values = <double*>x if in_place else scratch
    job.x = NULL if in_place else x
    job.start = 0
    while job.start < n:
        job.n = n if in_place else min(n - job.start, BLOCK)
        if normals:
            draw_normals(mt, job.values, job.n)
        else:
            draw_f64(mt, job.values, job.n)
        run(&job)
        job.start += job.n


# ---- normal numbers in groups of 16, as PyTorch fills a contiguous tensor ----

cdef struct NormalFill:
    Element kind
    void* x
    int64_t n
    double mean
    double std


cdef void normal_part(void* arg, int64_t chunk) noexcept nogil:
    cdef NormalFill* job = <NormalFill*>arg
    cdef int64_t low = chunk * NORMAL_PART
    cdef int64_t count = min(job.n - low, NORMAL_PART)
    if job.kind == E_FLOAT32:
        box_muller_f32(<float*>job.x + low, count, <float>job.mean, <float>job.std)
    else:
        box_muller_f64(<double*>job.x + low, count, job.mean, job.std)


cdef void normal_groups(mt19937* mt, Element kind, void* x, int64_t drawn, int64_t grouped, double mean,
                        double std) noexcept nogil:
    """Draws uniform numbers and makes the first of them normal, a multiple of 16; float32 and float64."""
    cdef NormalFill job
    job.kind, job.x, job.n, job.mean, job.std = kind, x, grouped, mean, std
    if kind == E_FLOAT32:
        draw_f32(mt, <float*>x, drawn, 0, 1)
    else:
        draw_f64(mt, <double*>x, drawn)
    parallel_for(normal_part, &job, (grouped + NORMAL_PART - 1) // NORMAL_PART)


cdef void fill_normal(mt19937* mt, Element kind, void* x, int64_t n, double mean, double std) noexcept nogil:
    """n >= 16. The last 16 numbers are drawn again if the groups do not end with them."""
    cdef float[BLOCK] scratch
    cdef int64_t whole = n & ~15
    cdef int64_t start, count
    if kind == E_FLOAT32 or kind == E_FLOAT64:
        normal_groups(mt, kind, x, n, whole, mean, std)
        if whole < n:
            normal_groups(mt, kind, <char*>x + (n - 16) * SIZES[<int>kind], 16, 16, mean, std)
        return
    start = 0
    while start < whole:
        count = min(whole - start, BLOCK)
        normal_groups(mt, E_FLOAT32, scratch, count, count, mean, std)
        store_half(kind, scratch, x, start, count)
        start += count
    if whole < n:
        normal_groups(mt, E_FLOAT32, scratch, 16, 16, mean, std)
        store_half(kind, scratch, x, n - 16, 16)


# ---- bernoulli ----

cdef inline void put_hits(const uint8_t* hits, element_t* x, int64_t n, element_t one) noexcept nogil:
    cdef int64_t i
    for i in range(n):
        x[i] = one if hits[i] else <element_t>0


cdef void store_hits(Element kind, const uint8_t* hits, void* x, int64_t start, int64_t n,
                     double one) noexcept nogil:
    cdef int size = SIZES[<int>kind]
    cdef uint64_t bits = 0               # of `one` in this type
    store(kind, &one, &bits, 0, 1)
    if size == 1:
        put_hits(hits, <uint8_t*>x + start, n, (<uint8_t*>&bits)[0])
    elif size == 2:
        put_hits(hits, <uint16_t*>x + start, n, (<uint16_t*>&bits)[0])
    elif size == 4:
        put_hits(hits, <uint32_t*>x + start, n, (<uint32_t*>&bits)[0])
    else:
        put_hits(hits, <uint64_t*>x + start, n, bits)


cdef void fill_bernoulli(mt19937* mt, Element kind, void* x, int64_t n, double p, double one) noexcept nogil:
    cdef uint32_t[WORDS] words
    cdef uint8_t[PAIRS] hits
    cdef int64_t start, count
    start = 0
    while start < n:
        count = min(n - start, PAIRS)
        mt_random_words(mt, words, 2 * count)
        below(words, hits, count, p)
        store_hits(kind, hits, x, start, count, one)
        start += count


cdef void fill_bernoulli_each(mt19937* mt, Element kind, void* x, int64_t n, Element p_kind,
                              const void* p) noexcept nogil:
    """A 53-bit number is compared with a double, a 24-bit one with any other type."""
    cdef double[PAIRS] u64
    cdef double[PAIRS] known
    cdef float[PAIRS] u32
    cdef uint8_t[PAIRS] hits
    cdef int64_t start, count, i
    start = 0
    while start < n:
        count = min(n - start, PAIRS)
        if p_kind == E_FLOAT64:
            draw_f64(mt, u64, count)
            for i in range(count):
                hits[i] = u64[i] < (<const double*>p)[start + i]
        else:
            draw_f32(mt, u32, count, 0, 1)
            load_block(p_kind, p, start, count, known)
            below_each(u32, known, hits, count)
        store_hits(kind, hits, x, start, count, 1.0)
        start += count


# ---- whole numbers ----

cdef void fill_random_range(mt19937* mt, Element kind, void* x, int64_t n, uint64_t extent, int64_t base,
                            bint wide) noexcept nogil:
    """base + a word mod extent; wide: base + 64 bits mod extent, all 64 bits if it is 0."""
    cdef uint32_t[WORDS] words
    cdef int64_t[PAIRS] values
    cdef int64_t start = 0
    cdef int64_t count
    while start < n:
        count = min(n - start, PAIRS)
        if wide:
            mt_random_words(mt, words, 2 * count)
            remainders_64(words, values, count, extent, base)
        else:
            mt_random_words(mt, words, count)
            remainders_32(words, values, count, extent, base)
        store(kind, values, x, start, count)
        start += count


ctypedef fused item_t:
    uint8_t
    uint16_t
    uint32_t
    uint64_t


cdef void shuffle_small(mt19937* mt, item_t* x, int64_t n) noexcept nogil:
    """Fisher and Yates, from the front: place i is exchanged with one of the places from i on."""
    cdef uint32_t[WORDS] words
    cdef uint32_t[WORDS] places
    cdef int64_t start = 0
    cdef int64_t count, i, other
    while start < n - 1:
        count = min(n - 1 - start, WORDS)
        mt_random_words(mt, words, count)
        falling_remainders(words, places, count, <uint32_t>(n - start))
        for i in range(start, start + count):
            other = i + places[i - start]
            x[i], x[other] = x[other], x[i]
        start += count


cdef void shuffle_large(mt19937* mt, Element kind, item_t* x, int64_t n) noexcept nogil:
    """Inside out: number i goes to one of the places up to i, and what stood there goes to place i."""
    cdef int64_t i, other
    for i in range(n):
        other = mt_random64(mt) % <uint64_t>(i + 1)
        x[i] = x[other]
        store(kind, &i, x, other, 1)


cdef void shuffle(mt19937* mt, Element kind, item_t* x, int64_t n) noexcept nogil:
    cdef int64_t[WORDS] values
    cdef int64_t start = 0
    cdef int64_t count, i
    if n >= SMALL_PERMUTATION:
        shuffle_large(mt, kind, x, n)
        return
    while start < n:
        count = min(n - start, WORDS)
        for i in range(count):
            values[i] = start + i
        store(kind, values, x, start, count)
        start += count
    shuffle_small(mt, x, n)


cdef void fill_permutation(mt19937* mt, Element kind, void* x, int64_t n) noexcept nogil:
    if SIZES[<int>kind] == 1:
        shuffle(mt, kind, <uint8_t*>x, n)
    elif SIZES[<int>kind] == 2:
        shuffle(mt, kind, <uint16_t*>x, n)
    elif SIZES[<int>kind] == 4:
        shuffle(mt, kind, <uint32_t*>x, n)
    else:
        shuffle(mt, kind, <uint64_t*>x, n)


# ---- poisson ----

cdef int64_t draw_poisson(mt19937* mt, double rate) noexcept nogil:
    """Products of uniform numbers for small rates, else transformed rejection (PTRS; Hoermann, 1993)."""
    cdef double product, limit, a, b, inverse_alpha, bound, u, v, distance
    cdef int64_t k = 0
    if rate == 0:
        return 0
    if rate < 10:
        limit = exp(-rate)
        product = draw_double(mt)
        while product > limit:
            k += 1
            product *= draw_double(mt)
        return k
    b = 0.931 + 2.53 * sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    bound = 0.9277 - 3.6224 / (b - 2)
    while True:
        u = draw_double(mt) - 0.5
        v = draw_double(mt)
        distance = 0.5 - fabs(u)
        k = <int64_t>floor((2 * a / distance + b) * u + rate + 0.43)
        if distance >= 0.07 and v <= bound:
            return k
        if k < 0 or (distance < 0.013 and v > distance):
            continue
        if (log(v) + log(inverse_alpha) - log(a / (distance * distance) + b)
                <= -rate + <double>k * log(rate) - lgamma(<double>k + 1)):
            return k


cdef void fill_poisson(mt19937* mt, Element kind, void* x, int64_t n, const void* rates) noexcept nogil:
    cdef int64_t i, value
    for i in range(n):
        value = draw_poisson(mt, load(kind, rates, i))
        store(kind, &value, x, i, 1)


# ---- binomial ----

ctypedef fused real:
    float
    double


cdef inline real tail(real k) noexcept nogil:
    """log k! less Stirling's formula for it."""
    cdef double[10] small = [0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509,
                             0.0166446911898211, 0.0138761288230707, 0.0118967099458917, 0.0104112652619720,
                             0.00925546218271273, 0.00833056343336287]
    cdef real more, square
    if k <= 9:
        return <real>small[<int>k]
    more = k + <real>1
    square = more * more
    return <real>((1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / more)


cdef real few_successes(mt19937* mt, real count, real p) noexcept nogil:
    """Waiting times, geometrically distributed, until they are more than there are trials."""
    cdef double scale = log1pf(-p) if real is float else log1p(-p)
    cdef double waited = 0
    cdef real successes = 0
    while True:
        waited += ceil(log(draw_double(mt)) / scale)
        if waited > count:
            return successes
        successes += 1


cdef real many_successes(mt19937* mt, real count, real p) noexcept nogil:
    """Transformed rejection (BTRS; Hoermann, The generation of binomial random variates, 1993).

    What is rounded to the dtype, and when, decides which samples pass: as in PyTorch's.
    """
    cdef real one = 1, failure = one - p, spread = count * p * failure, more = count + one, k, left
    cdef double odds = <real>(p / failure)
    cdef double deviation = sqrtf(spread) if real is float else sqrt(spread)
    cdef double b = 1.15 + 2.53 * deviation
    cdef double a = -0.0873 + 0.0248 * b + 0.01 * p
    cdef double centre = <double>(count * p) + 0.5
    cdef double tight = 0.92 - 4.2 / b
    cdef double alpha = (2.83 + 5.1 / b) * deviation
    cdef double mode = floor(<real>(more * p))
    cdef double u, v, distance, bound
    while True:
        u = draw_double(mt) - 0.5
        v = draw_double(mt)
        distance = 0.5 - fabs(u)
        k = <real>floor((2 * a / distance + b) * u + centre)
        if distance >= 0.07 and v <= tight:
            return k
        if k < 0 or k > count:
            continue
        left = count - k
        left = left + one
        v = log(v * alpha / (a / (distance * distance) + b))
        bound = ((mode + 0.5) * log((mode + 1) / (odds * (count - mode + 1)))
                 + more * log((count - mode + 1) / left)
                 + (k + 0.5) * log(odds * left / (k + one))
                 + tail(<real>mode) + tail(<real>(count - mode)) - tail(k) - tail(<real>(count - k)))
        if v <= bound:
            return k


cdef real successes_of(mt19937* mt, real count, real p) noexcept nogil:
    cdef real q = 1 - p
    if count <= 0 or p <= 0:
        return 0
    if p >= 1 or count != count:     # no sample would ever pass for one of NaN trials
        return count
    if p <= 0.5:
        return many_successes(mt, count, p) if count * p >= 10 else few_successes(mt, count, p)
    if p > 0.5:
        return count - (many_successes(mt, count, q) if count * q >= 10 else few_successes(mt, count, q))
    return p                         # NaN


cdef void fill_binomial(mt19937* mt, Element kind, void* x, int64_t n, const void* counts,
                        const void* probabilities) noexcept nogil:
    cdef int64_t i
    for i in range(n):
        if kind == E_FLOAT64:
            (<double*>x)[i] = successes_of[double](mt, (<double*>counts)[i], (<double*>probabilities)[i])
        else:
            (<float*>x)[i] = successes_of[float](mt, (<float*>counts)[i], (<float*>probabilities)[i])


# ---- multinomial ----

cdef inline bint worse(Candidate a, Candidate b) noexcept nogil:
    """NaN before all numbers; of equals, the first."""
    if isnan(a.weight) or isnan(b.weight):
        if isnan(a.weight) != isnan(b.weight):
            return isnan(b.weight)
    elif a.weight != b.weight:
        return a.weight < b.weight
    return a.place > b.place


cdef void sift_down(Candidate* heap, int64_t i, int64_t n) noexcept nogil:
    """A heap with the worst candidate on top."""
    cdef int64_t child = 2 * i + 1
    while child < n:
        if child + 1 < n and worse(heap[child + 1], heap[child]):
            child += 1
        if not worse(heap[child], heap[i]):
            return
        heap[i], heap[child] = heap[child], heap[i]
        i, child = child, 2 * child + 1


cdef void sample_distinct(mt19937* mt, Element kind, const void* p, int64_t first, int64_t categories,
                          int64_t samples, Candidate* heap, int64_t* out) noexcept nogil:
    """The largest p / q, q exponential, are a sample without replacement (Efraimidis and Spirakis, 2006)."""
    cdef double[PAIRS] q
    cdef Candidate candidate
    cdef int64_t start, count, i, j, size = 0
    start = 0
    while start < categories:
        count = min(categories - start, PAIRS)
        draw_f64(mt, q, count)
        to_exponential(q, count, -1.0, 0)
        for i in range(count):
            candidate.weight = rounded(kind, load(kind, p, first + start + i) / rounded(kind, q[i]))
            candidate.place = start + i
            if size < samples:
                heap[size] = candidate
                size += 1
                if size == samples:
                    for j in range(size // 2 - 1, -1, -1):
                        sift_down(heap, j, size)
            elif worse(heap[0], candidate):
                heap[0] = candidate
                sift_down(heap, 0, size)
        start += count
    while size > 0:
        size -= 1
        out[size] = heap[0].place
        heap[0] = heap[size]
        sift_down(heap, 0, size)


cdef void sample_repeated(mt19937* mt, Element kind, const void* p, int64_t first, int64_t categories,
                          int64_t samples, double* sums, int64_t* out) noexcept nogil:
    """Binary search in the running sums, which are rounded as the type is; the half types use float32."""
    cdef double total = 0, u
    cdef float total32 = 0
    cdef int64_t i, low, high, middle
    load_block(kind, p, first, categories, sums)
    if kind == E_FLOAT64:
        for i in range(categories):
            total += sums[i]
            sums[i] = total
        for i in range(categories):
            sums[i] /= total
    else:
        for i in range(categories):
            total32 += <float>sums[i]
            sums[i] = total32
        for i in range(categories):
            sums[i] = <float>sums[i] / total32
    sums[categories - 1] = 1
    for i in range(samples):
        u = draw_double(mt)
        low, high = 0, categories
        while low < high:
            middle = low + (high - low) // 2
            if sums[middle] < u:
                low = middle + 1
            else:
                high = middle
        out[i] = low

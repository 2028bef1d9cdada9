"""Generator, and the CPU's random fills, PyTorch's bit for bit: checked here, drawn in _distributions."""
import operator
import os
import warnings

from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.float cimport DBL_MAX
from libc.math cimport log1p
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport calloc, free, malloc

cimport ctorch._distributions as draw
from ctorch._distributions cimport mt19937

cdef extern from "mt19937.h" nogil:
    void mt_seed(mt19937* mt, uint64_t seed)
    void mt_count_forks()
    void mt_acquire(mt19937* mt)
    void mt_release(mt19937* mt)
    void mt_get_state(const mt19937* mt, void* out)
    int mt_set_state(mt19937* mt, const void* state)

__all__ = ["Generator", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state"]

cdef enum:
    STATE_BYTES = 5056
    LARGEST_MULTINOMIAL = 16777216     # categories; PyTorch refuses more

NAMES = ("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64",
         "float16", "bfloat16", "float32", "float64")
DIGITS = (1, 8, 16, 32, 64, 7, 15, 31, 63, 11, 8, 24, 53)      # of the mantissa, or below the sign
cdef int[13] SIZES = [1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8]


cdef class Buffer:
    """The bytes of an object, held until this is freed."""
    cdef Py_buffer view
    cdef bint held

    def __cinit__(self, owner, bint writable):
        PyObject_GetBuffer(owner, &self.view, PyBUF_WRITABLE if writable else PyBUF_SIMPLE)
        self.held = True

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.view)


# ---- Generator ----

# What get_state and device make their results with; _core sets its own.
cdef object state_type = bytes
cdef object device_type = str


def _set_types(state, device):
    """Tells Generator how to make a tensor of its state's bytes and a device of its name."""
    global state_type, device_type
    state_type, device_type = state, device


cdef uint64_t seed_of(object seed) except? 0:
    if isinstance(seed, bool) or not hasattr(type(seed), "__index__"):
        raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
    seed = operator.index(seed)
    if not -2**63 <= seed < 2**64:
        raise ValueError("Overflow when unpacking long long")
    return seed & 0xffffffffffffffff


cdef uint64_t random_seed():
    return int.from_bytes(os.urandom(8), "little") & (2**53 - 1)    # a double holds it


cdef class Generator:
    """A stream of random numbers: PyTorch's own, so that one seed gives the same numbers.

    Parameters
    ----------
    device : str
        ``"cpu"``.

    Examples
    --------
    >>> generator = ctorch.Generator().manual_seed(7)
    >>> generator.initial_seed()
    7
    """

    def __cinit__(self, device="cpu"):
        if str(device) != "cpu":
            raise NotImplementedError(f"Generator is not implemented for device {device}")
        self.engine = calloc(1, sizeof(mt19937))
        if self.engine == NULL:
            raise MemoryError(f"Generator: {sizeof(mt19937)} bytes")
        mt_seed(<mt19937*>self.engine, 67280421310721)

    def __dealloc__(self):
        free(self.engine)

    @property
    def device(self):
        """The device whose numbers it draws."""
        return device_type("cpu")

    def manual_seed(self, seed):
        """Starts the stream of a seed and returns the generator; a negative seed counts from 2**64."""
        cdef mt19937* mt = <mt19937*>self.engine
        cdef uint64_t value = seed_of(seed)
        mt_acquire(mt)
        mt_seed(mt, value)
        mt_release(mt)
        return self

    def seed(self):
        """Starts the stream of a seed that the system draws, and returns the seed."""
        seed = random_seed()
        self.manual_seed(seed)
        return seed

    def initial_seed(self):
        """The seed that the stream started from."""
        return (<mt19937*>self.engine).seed

    def get_state(self):
        """The state as 5056 bytes, which PyTorch's generator takes too."""
        state = bytearray(STATE_BYTES)
        get_state(self, <char*>state)
        return state_type(state)

    def set_state(self, new_state):
        """Continues from a state that get_state returned."""
        cdef Buffer buffer = Buffer(new_state, False)
        if buffer.view.len != STATE_BYTES:
            raise RuntimeError(f"set_state: expected a state of {STATE_BYTES} bytes, found {buffer.view.len}")
        set_state(self, buffer.view.buf)
        return self

    def clone_state(self):
        """Another generator in the same state."""
        cdef Generator other = Generator()
        state = bytearray(STATE_BYTES)
        get_state(self, <char*>state)
        set_state(other, <char*>state)
        return other

    def get_offset(self):
        """Counters belong to other devices: raises."""
        raise RuntimeError("CPU Generator does not use offset")

    def set_offset(self, offset):
        """Counters belong to other devices: raises."""
        raise RuntimeError("CPU Generator does not use offset")

    def __reduce__(self):
        state = bytearray(STATE_BYTES)
        get_state(self, <char*>state)
        return type(self), ("cpu",), bytes(state)

    def __setstate__(self, state):
        self.set_state(state)


cdef Generator the_default = Generator()
the_default.seed()
mt_count_forks()
shared_generator = the_default


cdef Generator default_generator():
    return the_default


cdef void get_state(Generator generator, void* out) noexcept:
    cdef mt19937* mt = <mt19937*>generator.engine
    mt_acquire(mt)
    mt_get_state(mt, out)
    mt_release(mt)


cdef int set_state(Generator generator, const void* state) except -1:
    cdef mt19937* mt = <mt19937*>generator.engine
    mt_acquire(mt)
    cdef int refused = mt_set_state(mt, state)
    mt_release(mt)
    if refused:
        raise RuntimeError("Invalid mt19937 state")
    return 0


def manual_seed(seed):
    """Starts the default generator's stream of a seed, the same as PyTorch's, and returns the generator.

    Parameters
    ----------
    seed : int
        From -2**63 to 2**64 - 1.

    Examples
    --------
    >>> ctorch.manual_seed(0).initial_seed()
    0
    """
    return the_default.manual_seed(int(seed))


def seed():
    """Starts the default generator from a seed that the system draws, and returns the seed.

    Examples
    --------
    >>> ctorch.seed() == ctorch.initial_seed()
    True
    """
    return the_default.seed()


def initial_seed():
    """The seed that the default generator's stream started from.

    Examples
    --------
    >>> generator = ctorch.manual_seed(3)
    >>> ctorch.initial_seed()
    3
    """
    return the_default.initial_seed()


def get_rng_state():
    """The default generator's state.

    Examples
    --------
    >>> state = ctorch.get_rng_state()
    >>> ctorch.set_rng_state(state)
    """
    return the_default.get_state()


def set_rng_state(new_state):
    """Continues the default generator's stream from a state that get_rng_state returned.

    Parameters
    ----------
    new_state : Tensor
        5056 bytes.

    Examples
    --------
    >>> state = ctorch.get_rng_state()
    >>> ctorch.set_rng_state(state)
    """
    the_default.set_state(new_state)


# ---- checked, locked, without the GIL ----

cdef inline mt19937* engine_of(Generator generator) noexcept:
    return <mt19937*>(the_default if generator is None else generator).engine


cdef int require(bint allowed, str name, Element kind) except -1:
    if not allowed:
        raise NotImplementedError(f"{name} is not implemented for {NAMES[<int>kind]} on cpu")
    return 0


cdef inline bint is_float(Element kind) noexcept nogil:
    return kind >= E_FLOAT16


cdef double largest(Element kind) noexcept nogil:
    if kind == E_FLOAT16:
        return 65504.0
    if kind == E_BFLOAT16:
        return 3.3895313892515355e38
    if kind == E_FLOAT32:
        return 3.4028234663852886e38
    return 1.7976931348623157e308


cdef int uniform(Generator generator, Element kind, void* x, int64_t n, double low, double high) except -1:
    require(is_float(kind), "uniform_", kind)
    cdef double limit = largest(kind)
    if not (-limit <= low <= limit and -limit <= high <= limit):
        raise RuntimeError(f"uniform_: from={low}, to={high} are out of bounds for {NAMES[<int>kind]}")
    if low > high:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low} > to={high}")
    if not high - low <= limit:
        raise RuntimeError(f"uniform_: to - from is out of bounds for {NAMES[<int>kind]}, "
                           f"but found from={low}, to={high}")
    cdef mt19937* mt = engine_of(generator)
    with nogil:
        mt_acquire(mt)
        draw.fill_uniform(mt, kind, x, n, low, high)
        mt_release(mt)
    return 0


cdef int normal(Generator generator, Element kind, void* x, int64_t n, double mean, double std,
                bint strided=False) except -1:
    require(is_float(kind), "normal_", kind)
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    cdef mt19937* mt = engine_of(generator)
    with nogil:
        mt_acquire(mt)
        if n >= 16 and not strided:
            draw.fill_normal(mt, kind, x, n, mean, std)
        else:
            draw.fill_transformed(mt, kind, x, n, draw.to_normal, mean, std, True)
        mt_release(mt)
    return 0


cdef void transformed(Generator generator, Element kind, void* x, int64_t n, draw.transform_fn apply,
                      double a, double b, bint normals) noexcept:
    cdef mt19937* mt = engine_of(generator)
    with nogil:
        mt_acquire(mt)
        draw.fill_transformed(mt, kind, x, n, apply, a, b, normals)
        mt_release(mt)


cdef int log_normal(Generator generator, Element kind, void* x, int64_t n, double mean, double std) except -1:
    require(is_float(kind), "log_normal_", kind)
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std}")
    transformed(generator, kind, x, n, draw.to_log_normal, mean, std, True)
    return 0


cdef int cauchy(Generator generator, Element kind, void* x, int64_t n, double median, double sigma) except -1:
    if not is_float(kind):
        raise RuntimeError(f"cauchy_: dtype must be a floating point type, not {NAMES[<int>kind]}")
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
    transformed(generator, kind, x, n, draw.to_cauchy, median, sigma, False)
    return 0


cdef int exponential(Generator generator, Element kind, void* x, int64_t n, double rate) except -1:
    if not is_float(kind):
        raise RuntimeError(f"exponential_: dtype must be a floating point type, not {NAMES[<int>kind]}")
    if not rate > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={rate}")
    transformed(generator, kind, x, n, draw.to_exponential, -1.0 / rate, 0, False)
    return 0


cdef int geometric(Generator generator, Element kind, void* x, int64_t n, double p) except -1:
    require(kind != E_BOOL, "geometric_", kind)
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p}")
    transformed(generator, kind, x, n, draw.to_geometric, log1p(-p), 0, False)
    return 0


cdef int bernoulli(Generator generator, Element kind, void* x, int64_t n, double p) except -1:
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
    cdef mt19937* mt = engine_of(generator)
    with nogil:
        mt_acquire(mt)
        draw.fill_bernoulli(mt, kind, x, n, p, 1.0)
        mt_release(mt)
    return 0


cdef int bernoulli_each(Generator generator, Element kind, void* x, int64_t n, Element p_kind,
                        const void* p) except -1:
    require(is_float(p_kind), "bernoulli_ with p", p_kind)
    cdef bint positive
    cdef double outside
    if not draw.all_within(p_kind, p, 0, n, 1.0, &positive, &outside):
        raise RuntimeError(f"bernoulli_ expects every p to be in [0, 1], but got p={outside}")
    cdef mt19937* mt = engine_of(generator)
    with nogil:
        mt_acquire(mt)
        draw.fill_bernoulli_each(mt, kind, x, n, p_kind, p)
        mt_release(mt)
    return 0


cdef int dropout_mask(Generator generator, Element kind, void* x, int64_t n, double p) except -1:
    require(is_float(kind), "dropout", kind)
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    cdef double one = 1
    cdef bint constant = p == 0 or p == 1      # then nothing is drawn, as in PyTorch
    if not constant:
        one = 1.0 / (1 - p) if kind == E_FLOAT64 else <float>1 / <float>(1 - p)
    cdef mt19937* mt = engine_of(generator)
    with nogil:
        if constant:
            draw.fill_constant(kind, x, n, 1 - p)
        else:
            mt_acquire(mt)
            draw.fill_bernoulli(mt, kind, x, n, 1 - p, one)
            mt_release(mt)
    return 0


cdef int poisson(Generator generator, Element kind, void* x, int64_t n, const void* rates) except -1:
    require(is_float(kind), "poisson", kind)
    cdef bint positive
    cdef double outside
    if not draw.all_within(kind, rates, 0, n, DBL_MAX, &positive, &outside):
        raise RuntimeError("poisson: expected every rate to be non-negative and finite, "
                           f"but got rate={outside}")
    cdef mt19937* mt = engine_of(generator)
    with nogil:
        mt_acquire(mt)
        draw.fill_poisson(mt, kind, x, n, rates)
        mt_release(mt)
    return 0


cdef int binomial(Generator generator, Element kind, void* x, int64_t n, const void* counts,
                  const void* probabilities) except -1:
    require(kind == E_FLOAT32 or kind == E_FLOAT64, "binomial", kind)
    cdef mt19937* mt = engine_of(generator)
    with nogil:
        mt_acquire(mt)
        draw.fill_binomial(mt, kind, x, n, counts, probabilities)
        mt_release(mt)
    return 0


# ---- whole numbers ----

cdef void random_values(Generator generator, Element kind, void* x, int64_t n, uint64_t extent, int64_t base,
                        bint wide) noexcept:
    cdef mt19937* mt = engine_of(generator)
    with nogil:
        mt_acquire(mt)
        draw.fill_random_range(mt, kind, x, n, extent, base, wide)
        mt_release(mt)


cdef int random(Generator generator, Element kind, void* x, int64_t n) except -1:
    """All values that are not negative, of a float type the whole numbers that it holds in a row."""
    cdef int digits = DIGITS[<int>kind]
    cdef uint64_t extent = 0
    if digits < 64:
        extent = (<uint64_t>1 << digits) + is_float(kind)
    random_values(generator, kind, x, n, extent, 0, digits > 32)
    return 0


cdef object cast_to(Element kind, object value):
    """A 64-bit integer as the type holds it; what leaves 64 bits becomes the smallest integer."""
    cdef int64_t whole = value
    cdef double cast = draw.rounded(kind, <double>whole if kind == E_FLOAT64 else <float>whole)
    return int(cast) if -9223372036854775808.0 <= cast < 9223372036854775808.0 else -2**63


cdef object low_within(Element kind, object low):
    """The first whole number from low on that does not round below it."""
    after = cast_to(kind, low + 1)
    if after < low:
        return after + (1 << max(abs(low + 1).bit_length() - DIGITS[<int>kind], 0))
    return low


cdef object high_within(Element kind, object high):
    """The last bound up to high below which nothing rounds to it."""
    before = cast_to(kind, high - 1)
    if before >= high:
        return before - (1 << max(abs(high - 1).bit_length() - DIGITS[<int>kind], 0))
    return high


cdef int check_bound(Element kind, str name, object value) except -1:
    digits = DIGITS[<int>kind]
    if not is_float(kind):
        smallest = 0 if kind <= E_UINT64 else -2**digits
        biggest = min(2**digits, 2**63) - 1
        if not smallest <= value <= biggest:
            raise RuntimeError(f"random_: {name} = {value} is out of bounds for {NAMES[<int>kind]}")
        return 0
    if abs(value) > largest(kind):
        raise RuntimeError(f"random_: {name} = {value} is out of bounds for {NAMES[<int>kind]}")
    if abs(value) > 2**digits:
        warnings.warn(f"random_: {name} = {value} is out of bounds [-(2^{digits}), 2^{digits}]; beyond them "
                      f"{NAMES[<int>kind]} does not hold every whole number", UserWarning)
    return 0


cdef int random_range(Generator generator, Element kind, void* x, int64_t n, object low,
                      object high) except -1:
    low = operator.index(low)
    high = None if high is None else operator.index(high)
    if high is None and low == -2**63:
        require(kind == E_INT64 or (is_float(kind) and kind != E_FLOAT16), "random_ over all 64 bits", kind)
        random_values(generator, kind, x, n, 0, 0, True)
        return 0
    for value in (low, high):
        if value is not None and not -2**63 <= value < 2**63:
            raise RuntimeError(f"random_: {value} does not fit into 64 bits")
    if high is not None and low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    last = (2**DIGITS[<int>kind] - (not is_float(kind))) if high is None else None
    if is_float(kind):
        low = low_within(kind, low)
        if high is not None:
            high = high_within(kind, high)
        if low >= (last if high is None else high):
            raise RuntimeError(f"random_ expects 'from' to be less than 'to' as {NAMES[<int>kind]}, "
                               f"but got from={low} >= to={last if high is None else high}")
    if last is None:
        last = high - 1
    check_bound(kind, "from", low)
    check_bound(kind, "to - 1", last)
    extent = last - low + 1
    random_values(generator, kind, x, n, extent, low, extent >= 2**28)
    return 0


cdef int randperm(Generator generator, Element kind, void* x, int64_t n) except -1:
    require(kind != E_BOOL, "randperm", kind)
    if n < 0:
        raise RuntimeError(f"randperm: n must be non-negative, got {n}")
    if n > 2**DIGITS[<int>kind] + is_float(kind) and kind != E_BFLOAT16:
        raise RuntimeError(f"randperm: {n} whole numbers do not fit into {NAMES[<int>kind]}")
    cdef mt19937* mt = engine_of(generator)
    with nogil:
        mt_acquire(mt)
        draw.fill_permutation(mt, kind, x, n)
        mt_release(mt)
    return 0


# ---- multinomial ----

cdef int check_weights(Element kind, const void* p, int64_t rows, int64_t categories) except -1:
    cdef int64_t row
    cdef bint positive
    cdef double outside
    for row in range(rows):
        if not draw.all_within(kind, p, row * categories, categories, DBL_MAX, &positive, &outside):
            raise RuntimeError("multinomial: probability tensor contains either `inf`, `nan` or element < 0: "
                               f"{outside}")
        if not positive:
            raise RuntimeError("multinomial: invalid distribution (sum of probabilities <= 0)")
    return 0


cdef int check_multinomial(int64_t rows, int64_t categories, int64_t samples, bint replacement) except -1:
    """Whether so many can be drawn, on any device."""
    if samples <= 0:
        raise RuntimeError(f"multinomial: cannot sample n_sample <= 0 samples, got {samples}")
    if samples > categories and not replacement:
        raise RuntimeError("multinomial: cannot sample n_sample > prob_dist.size(-1) samples without "
                           f"replacement, got n_sample={samples}, prob_dist.size(-1)={categories}")
    if rows and not categories:
        raise RuntimeError("multinomial: invalid distribution (sum of probabilities <= 0)")
    if categories > LARGEST_MULTINOMIAL:
        raise RuntimeError(f"multinomial: number of categories cannot exceed 2^24, got {categories}")
    return 0


cdef int multinomial(Generator generator, Element kind, const void* p, int64_t rows, int64_t categories,
                     int64_t samples, bint replacement, int64_t* out) except -1:
    require(is_float(kind), "multinomial", kind)
    check_multinomial(rows, categories, samples, replacement)
    if rows == 0:
        return 0
    check_weights(kind, p, rows, categories)
    cdef bint distinct = samples == 1 or not replacement
    cdef size_t size = samples * sizeof(draw.Candidate) if distinct else categories * sizeof(double)
    cdef void* scratch = malloc(size)
    if scratch == NULL:
        raise MemoryError(f"multinomial: {size} bytes")
    cdef mt19937* mt = engine_of(generator)
    cdef int64_t row
    with nogil:
        mt_acquire(mt)
        for row in range(rows):
            if distinct:
                draw.sample_distinct(mt, kind, p, row * categories, categories, samples,
                                     <draw.Candidate*>scratch, out + row * samples)
            else:
                draw.sample_repeated(mt, kind, p, row * categories, categories, samples, <double*>scratch,
                                     out + row * samples)
        mt_release(mt)
        free(scratch)
    return 0


# ---- NumPy arrays, for the tests ----

cdef Element element_of(array, dtype):
    return <Element><int>NAMES.index(dtype or array.dtype.name)


cdef int64_t length(Buffer buffer, Element kind):
    return buffer.view.len // SIZES[<int>kind]


def fill_uniform(array, low=0.0, high=1.0, Generator generator=None, dtype=None):
    cdef Buffer x = Buffer(array, True)
    cdef Element kind = element_of(array, dtype)
    uniform(generator, kind, x.view.buf, length(x, kind), low, high)


def fill_normal(array, mean=0.0, std=1.0, Generator generator=None, dtype=None, strided=False):
    cdef Buffer x = Buffer(array, True)
    cdef Element kind = element_of(array, dtype)
    normal(generator, kind, x.view.buf, length(x, kind), mean, std, strided)


def fill_log_normal(array, mean=1.0, std=2.0, Generator generator=None, dtype=None):
    cdef Buffer x = Buffer(array, True)
    cdef Element kind = element_of(array, dtype)
    log_normal(generator, kind, x.view.buf, length(x, kind), mean, std)


def fill_cauchy(array, median=0.0, sigma=1.0, Generator generator=None, dtype=None):
    cdef Buffer x = Buffer(array, True)
    cdef Element kind = element_of(array, dtype)
    cauchy(generator, kind, x.view.buf, length(x, kind), median, sigma)


def fill_exponential(array, rate=1.0, Generator generator=None, dtype=None):
    cdef Buffer x = Buffer(array, True)
    cdef Element kind = element_of(array, dtype)
    exponential(generator, kind, x.view.buf, length(x, kind), rate)


def fill_geometric(array, p, Generator generator=None, dtype=None):
    cdef Buffer x = Buffer(array, True)
    cdef Element kind = element_of(array, dtype)
    geometric(generator, kind, x.view.buf, length(x, kind), p)


def fill_bernoulli(array, p=0.5, Generator generator=None, dtype=None, p_dtype=None):
    cdef Buffer x = Buffer(array, True)
    cdef Buffer each
    cdef Element kind = element_of(array, dtype)
    if isinstance(p, float):
        bernoulli(generator, kind, x.view.buf, length(x, kind), p)
        return
    each = Buffer(p, False)
    bernoulli_each(generator, kind, x.view.buf, length(x, kind), element_of(p, p_dtype), each.view.buf)


def fill_dropout_mask(array, p=0.5, Generator generator=None, dtype=None):
    cdef Buffer x = Buffer(array, True)
    cdef Element kind = element_of(array, dtype)
    dropout_mask(generator, kind, x.view.buf, length(x, kind), p)


def fill_poisson(array, rates, Generator generator=None, dtype=None):
    cdef Buffer x = Buffer(array, True)
    cdef Buffer each = Buffer(rates, False)
    cdef Element kind = element_of(array, dtype)
    poisson(generator, kind, x.view.buf, length(x, kind), each.view.buf)


def fill_random(array, *bounds, Generator generator=None, dtype=None):
    cdef Buffer x = Buffer(array, True)
    cdef Element kind = element_of(array, dtype)
    if bounds:
        random_range(generator, kind, x.view.buf, length(x, kind), bounds[0], bounds[1])
    else:
        random(generator, kind, x.view.buf, length(x, kind))


def fill_randperm(array, Generator generator=None, dtype=None):
    cdef Buffer x = Buffer(array, True)
    cdef Element kind = element_of(array, dtype)
    randperm(generator, kind, x.view.buf, length(x, kind))


def fill_multinomial(array, p, replacement=False, Generator generator=None, dtype=None):
    cdef Buffer out = Buffer(array, True)
    cdef Buffer weights = Buffer(p, False)
    *lead, categories = p.shape
    cdef int64_t rows = lead[0] if lead else 1
    multinomial(generator, element_of(p, dtype), weights.view.buf, rows, categories, array.size // rows,
                replacement, <int64_t*>out.view.buf)

from libc.stdint cimport int64_t

# The element types, as the functions below are told them. Complex tensors are filled as their real view.
cdef enum Element:
    E_BOOL
    E_UINT8
    E_UINT16
    E_UINT32
    E_UINT64
    E_INT8
    E_INT16
    E_INT32
    E_INT64
    E_FLOAT16
    E_BFLOAT16
    E_FLOAT32
    E_FLOAT64


cdef class Generator:
    cdef void* engine
    cdef object __weakref__


cdef Generator default_generator()

# The 5056 bytes of state that PyTorch's generator has.
cdef void get_state(Generator generator, void* out) noexcept
cdef int set_state(Generator generator, const void* state) except -1

# Each fills x[0:n], contiguous, from `generator` (None: the default one), and checks its arguments as PyTorch
# does. PyTorch visits elements in the order of memory: a dense permuted tensor is filled as a contiguous one.
cdef int uniform(Generator generator, Element kind, void* x, int64_t n, double low, double high) except -1
# From 16 elements on, PyTorch draws otherwise for a contiguous tensor than for any other, which is `strided`.
cdef int normal(Generator generator, Element kind, void* x, int64_t n, double mean, double std,
                bint strided=*) except -1
cdef int log_normal(Generator generator, Element kind, void* x, int64_t n, double mean, double std) except -1
cdef int cauchy(Generator generator, Element kind, void* x, int64_t n, double median, double sigma) except -1
cdef int exponential(Generator generator, Element kind, void* x, int64_t n, double rate) except -1
cdef int geometric(Generator generator, Element kind, void* x, int64_t n, double p) except -1
cdef int bernoulli(Generator generator, Element kind, void* x, int64_t n, double p) except -1
cdef int bernoulli_each(Generator generator, Element kind, void* x, int64_t n, Element p_kind,
                        const void* p) except -1
# Zero with probability p, else 1 / (1 - p).
cdef int dropout_mask(Generator generator, Element kind, void* x, int64_t n, double p) except -1
cdef int poisson(Generator generator, Element kind, void* x, int64_t n, const void* rates) except -1
# counts and probabilities are of x's dtype, which is float32 or float64.
cdef int binomial(Generator generator, Element kind, void* x, int64_t n, const void* counts,
                  const void* probabilities) except -1
# random_(), and random_(low, high) with Python integers; high may be None.
cdef int random(Generator generator, Element kind, void* x, int64_t n) except -1
cdef int random_range(Generator generator, Element kind, void* x, int64_t n, object low,
                      object high) except -1
cdef int randperm(Generator generator, Element kind, void* x, int64_t n) except -1
# p is (rows, categories), out (rows, samples).
cdef int check_multinomial(int64_t rows, int64_t categories, int64_t samples, bint replacement) except -1
cdef int multinomial(Generator generator, Element kind, const void* p, int64_t rows, int64_t categories,
                     int64_t samples, bint replacement, int64_t* out) except -1

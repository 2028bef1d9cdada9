from libc.stdint cimport int64_t, uint64_t

from ctorch._random cimport Element

cdef extern from "mt19937.h" nogil:
    ctypedef struct mt19937:
        uint64_t seed
        double normal
        int has_normal

cdef struct Candidate:
    double weight
    int64_t place

ctypedef void (*transform_fn)(double* v, int64_t n, double a, double b) noexcept nogil

cdef void to_log_normal(double* v, int64_t n, double mean, double std) noexcept nogil
cdef void to_normal(double* v, int64_t n, double mean, double std) noexcept nogil
cdef void to_cauchy(double* v, int64_t n, double median, double sigma) noexcept nogil
cdef void to_exponential(double* v, int64_t n, double scale, double unused) noexcept nogil
cdef void to_geometric(double* v, int64_t n, double scale, double unused) noexcept nogil

cdef bint all_within(Element kind, const void* x, int64_t start, int64_t n, double high, bint* positive,
                     double* outside) noexcept nogil
cdef double rounded(Element kind, double x) noexcept nogil

cdef void fill_constant(Element kind, void* x, int64_t n, double value) noexcept nogil
cdef void fill_uniform(mt19937* mt, Element kind, void* x, int64_t n, double low, double high) noexcept nogil
cdef void fill_normal(mt19937* mt, Element kind, void* x, int64_t n, double mean, double std) noexcept nogil
cdef void fill_transformed(mt19937* mt, Element kind, void* x, int64_t n, transform_fn apply, double a,
                           double b, bint normals) noexcept nogil
cdef void fill_bernoulli(mt19937* mt, Element kind, void* x, int64_t n, double p, double one) noexcept nogil
cdef void fill_bernoulli_each(mt19937* mt, Element kind, void* x, int64_t n, Element p_kind,
                              const void* p) noexcept nogil
cdef void fill_random_range(mt19937* mt, Element kind, void* x, int64_t n, uint64_t extent, int64_t base,
                            bint wide) noexcept nogil
cdef void fill_permutation(mt19937* mt, Element kind, void* x, int64_t n) noexcept nogil
cdef void fill_poisson(mt19937* mt, Element kind, void* x, int64_t n, const void* rates) noexcept nogil
cdef void sample_distinct(mt19937* mt, Element kind, const void* p, int64_t first, int64_t categories,
                          int64_t samples, Candidate* heap, int64_t* out) noexcept nogil
cdef void sample_repeated(mt19937* mt, Element kind, const void* p, int64_t first, int64_t categories,
                          int64_t samples, double* sums, int64_t* out) noexcept nogil

cdef void fill_binomial(mt19937* mt, Element kind, void* x, int64_t n, const void* counts,
                        const void* probabilities) noexcept nogil

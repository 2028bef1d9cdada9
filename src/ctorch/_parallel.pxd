from libc.stdint cimport int64_t

ctypedef void (*pool_fn)(void* arg, int64_t chunk) noexcept nogil

cdef void parallel_for(pool_fn fn, void* arg, int64_t chunks) noexcept nogil
cpdef int get_num_threads() noexcept nogil

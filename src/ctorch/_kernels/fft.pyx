"""Fourier transforms along lines, several at a time; the work is done by fft.h."""
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int64_t

from ctorch._parallel cimport parallel_for

cdef extern from "fft.h" nogil:
    ctypedef struct ct_plan_f32:
        pass
    ctypedef struct ct_plan_f64:
        pass
    ctypedef struct ct_job_f32:
        const ct_plan_f32* plan
        int kind
        int64_t lines
        int ndim
        const int64_t* shape
        const int64_t* x_apart
        const int64_t* y_apart
        const float* x
        float* y
        int64_t x_step
        int64_t y_step
        float scale
        float* table
    ctypedef struct ct_job_f64:
        const ct_plan_f64* plan
        int kind
        int64_t lines
        int ndim
        const int64_t* shape
        const int64_t* x_apart
        const int64_t* y_apart
        const double* x
        double* y
        int64_t x_step
        int64_t y_step
        double scale
        double* table
    int CT_F32_LANES, CT_F64_LANES, CT_FFT_LINE, CT_FFT_HALVED
    ct_plan_f32* ct_plan_new_f32(int64_t n, int kind)
    ct_plan_f64* ct_plan_new_f64(int64_t n, int kind)
    void ct_plan_free_f32(ct_plan_f32* plan)
    void ct_plan_free_f64(ct_plan_f64* plan)
    int ct_run_job_f32(ct_job_f32* job)
    int ct_run_job_f64(ct_job_f64* job)
    void (*ct_fft_parallel)(void (*fn)(void*, int64_t) noexcept nogil, void* job, int64_t chunks) noexcept nogil

ctypedef fused own_job:
    ct_job_f32
    ct_job_f64


cdef inline void fill(own_job* own, const FftJob* job) noexcept nogil:
    own.kind, own.lines, own.ndim = job.kind, job.lines, job.ndim
    own.shape, own.x_apart, own.y_apart = job.shape, job.x_apart, job.y_apart
    own.x_step, own.y_step = job.x_step, job.y_step
    if own_job is ct_job_f32:
        own.plan, own.x = <const ct_plan_f32*>job.plan, <const float*>job.x
        own.y, own.table, own.scale = <float*>job.y, <float*>job.table, <float>job.scale
    else:
        own.plan, own.x = <const ct_plan_f64*>job.plan, <const double*>job.x
        own.y, own.table, own.scale = <double*>job.y, <double*>job.table, job.scale


cdef inline int kind_of(bint real, bint single) noexcept nogil:
    return (CT_FFT_HALVED if real else 0) | (CT_FFT_LINE if single else 0)


cdef void* plan_f32(int64_t n, bint real, bint single) noexcept nogil:
    return ct_plan_new_f32(n, kind_of(real, single))


cdef void* plan_f64(int64_t n, bint real, bint single) noexcept nogil:
    return ct_plan_new_f64(n, kind_of(real, single))


cdef void free_f32(void* plan) noexcept nogil:
    ct_plan_free_f32(<ct_plan_f32*>plan)


cdef void free_f64(void* plan) noexcept nogil:
    ct_plan_free_f64(<ct_plan_f64*>plan)


cdef int run_f32(const FftJob* job) noexcept nogil:
    cdef ct_job_f32 own
    fill(&own, job)
    return ct_run_job_f32(&own)


cdef int run_f64(const FftJob* job) noexcept nogil:
    cdef ct_job_f64 own
    fill(&own, job)
    return ct_run_job_f64(&own)


ct_fft_parallel = parallel_for

cdef FftKernels table
table.plan[:] = [plan_f32, plan_f64]
table.free[:] = [free_f32, free_f64]
table.run[:] = [run_f32, run_f64]
table.lanes[:] = [CT_F32_LANES, CT_F64_LANES]

kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)

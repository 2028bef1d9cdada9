# Products of matrices in registers, of gemm_block.h.
from libc.stdint cimport int64_t

cdef extern from "gemm_block.h" nogil:
    ctypedef struct block_f32 "ct_gemm_f32":
        int64_t m, n, k
        const float* a
        int64_t a_row, a_col
        const float* b
        int64_t b_row, b_col
        float* c
        int64_t c_row
        float alpha, beta
        bint pairs, conj_a, conj_b
        float alpha_imag
    ctypedef struct block_f64 "ct_gemm_f64":
        int64_t m, n, k
        const double* a
        int64_t a_row, a_col
        const double* b
        int64_t b_row, b_col
        double* c
        int64_t c_row
        double alpha, beta
        bint pairs, conj_a, conj_b
        double alpha_imag
    int64_t block_scratch_f32 "ct_gemm_scratch_f32" ()
    int64_t block_scratch_f64 "ct_gemm_scratch_f64" ()
    void block_gemm_f32 "ct_gemm_block_f32" (const block_f32* g, float* scratch)
    void block_gemm_f64 "ct_gemm_block_f64" (const block_f64* g, double* scratch)
    void tiny_gemms_f32 "ct_gemm_tinies_f32" (block_f32 g, int64_t count, int64_t a_batch, int64_t b_batch,
                                              int64_t c_batch)
    void tiny_gemms_f64 "ct_gemm_tinies_f64" (block_f64 g, int64_t count, int64_t a_batch, int64_t b_batch,
                                              int64_t c_batch)
    cdef enum:
        TINY "CT_GEMM_TINY"
        LANES_F32 "CT_F32_LANES"
        LANES_F64 "CT_F64_LANES"

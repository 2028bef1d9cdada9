/* One element type's share of partial.h. */

/* The first `count` < LANES elements; the others are zero. */
CT_INLINE VEC NAME(ct_load_part)(const REAL *from, int64_t count) {
#if defined(__AVX512F__)
    if (sizeof(REAL) == 4) return (VEC)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), from);
    return (VEC)_mm512_maskz_loadu_pd((__mmask8)((1u << count) - 1), from);
#else
    REAL part[LANES] = {0};
    for (int64_t i = 0; i < count; i++) part[i] = from[i];
    return *(const VEC *)part;
#endif
}

/* The same elements, and no others. */
CT_INLINE void NAME(ct_store_part)(REAL *to, VEC x, int64_t count) {
#if defined(__AVX512F__)
    if (sizeof(REAL) == 4) _mm512_mask_storeu_ps(to, (__mmask16)((1u << count) - 1), (__m512)x);
    else _mm512_mask_storeu_pd(to, (__mmask8)((1u << count) - 1), (__m512d)x);
#else
    for (int64_t i = 0; i < count; i++) to[i] = x[i];
#endif
}

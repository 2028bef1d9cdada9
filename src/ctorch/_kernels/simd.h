/* Registers of the width this file is compiled for, as GCC vectors: loads and stores need no alignment. */
#ifndef CTORCH_SIMD_H
#define CTORCH_SIMD_H
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#define CT_VECTOR_BYTES 64
#define CT_VECTOR_COUNT 32
#elif defined(__AVX__)
#define CT_VECTOR_BYTES 32
#define CT_VECTOR_COUNT 16
#else
#define CT_VECTOR_BYTES 16
#define CT_VECTOR_COUNT 16
#endif
#define CT_F32_LANES (CT_VECTOR_BYTES / 4)
#define CT_F64_LANES (CT_VECTOR_BYTES / 8)

typedef float ct_vec_f32 __attribute__((vector_size(CT_VECTOR_BYTES), aligned(4), may_alias));
typedef double ct_vec_f64 __attribute__((vector_size(CT_VECTOR_BYTES), aligned(8), may_alias));
typedef int32_t ct_index_f32 __attribute__((vector_size(CT_VECTOR_BYTES))); /* integers as wide, for bits and places */
typedef int64_t ct_index_f64 __attribute__((vector_size(CT_VECTOR_BYTES)));

/* Keeps x in its register across a loop: without it GCC moves sums between registers in some tiles. */
#if defined(__AVX512F__)
#define CT_PIN(x) __asm__("" : "+v"(x))
#else
#define CT_PIN(x) (void)0
#endif

/* x is in use until here: sums that are added to do not take its register. */
#if defined(__AVX512F__)
#define CT_ALIVE(x) __asm__("" : : "v"(x))
#elif defined(__AVX__)
#define CT_ALIVE(x) __asm__("" : : "x"(x))
#else
#define CT_ALIVE(x) (void)0
#endif

/* The compiler forgets where an integer is from. */
#define CT_KEEP(x) __asm__("" : "+r"(x))

#define CT_INLINE static inline __attribute__((always_inline))
#define CT_UNROLL _Pragma("GCC unroll 16")

#endif

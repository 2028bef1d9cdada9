// Vector types, with CUDA's alignment.
#pragma once

#define SOFTCUDA_VECTOR(T, NAME, ALIGN2, ALIGN4)                                                       \
    struct alignas(ALIGN2) NAME##2 { T x, y; };                                                        \
    struct alignas(ALIGN4) NAME##4 { T x, y, z, w; };                                                  \
    static inline NAME##2 make_##NAME##2(T x, T y) { return {x, y}; }                                  \
    static inline NAME##4 make_##NAME##4(T x, T y, T z, T w) { return {x, y, z, w}; }
#define SOFTCUDA_VECTOR_1_3(T, NAME)                                                                   \
    struct NAME##1 { T x; };                                                                           \
    struct NAME##3 { T x, y, z; };                                                                     \
    static inline NAME##1 make_##NAME##1(T x) { return {x}; }                                          \
    static inline NAME##3 make_##NAME##3(T x, T y, T z) { return {x, y, z}; }

SOFTCUDA_VECTOR(signed char, char, 2, 4)
SOFTCUDA_VECTOR(unsigned char, uchar, 2, 4)
SOFTCUDA_VECTOR(short, short, 4, 8)
SOFTCUDA_VECTOR(unsigned short, ushort, 4, 8)
SOFTCUDA_VECTOR(int, int, 8, 16)
SOFTCUDA_VECTOR(unsigned, uint, 8, 16)
SOFTCUDA_VECTOR(long long, longlong, 16, 16)
SOFTCUDA_VECTOR(unsigned long long, ulonglong, 16, 16)
SOFTCUDA_VECTOR(float, float, 8, 16)
SOFTCUDA_VECTOR(double, double, 16, 16)

SOFTCUDA_VECTOR_1_3(signed char, char)
SOFTCUDA_VECTOR_1_3(unsigned char, uchar)
SOFTCUDA_VECTOR_1_3(short, short)
SOFTCUDA_VECTOR_1_3(unsigned short, ushort)
SOFTCUDA_VECTOR_1_3(int, int)
SOFTCUDA_VECTOR_1_3(long long, longlong)
SOFTCUDA_VECTOR_1_3(unsigned long long, ulonglong)
SOFTCUDA_VECTOR_1_3(float, float)
SOFTCUDA_VECTOR_1_3(double, double)
struct uint1 { unsigned x; };
static inline uint1 make_uint1(unsigned x) { return {x}; }
static inline uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return {x, y, z}; }

typedef unsigned int uint;
typedef unsigned short ushort;
typedef unsigned char uchar;
typedef struct CUstream_st* cudaStream_t;

#undef SOFTCUDA_VECTOR
#undef SOFTCUDA_VECTOR_1_3

/* Includes BODY once per float type: REAL, its vector VEC, the integers INDEX as wide, LANES and NAME say which.

   It has no guard: every header that defines a BODY includes it anew. */
#define REAL float
#define VEC ct_vec_f32
#define INDEX ct_index_f32
#define LANES CT_F32_LANES
#define NAME(x) x##_f32
#include BODY
#undef REAL
#undef VEC
#undef INDEX
#undef LANES
#undef NAME

#define REAL double
#define VEC ct_vec_f64
#define INDEX ct_index_f64
#define LANES CT_F64_LANES
#define NAME(x) x##_f64
#include BODY
#undef REAL
#undef VEC
#undef INDEX
#undef LANES
#undef NAME
#undef BODY

/* The Mersenne Twister MT19937 (Matsumoto and Nishimura, ACM TOMACS 8(1), 1998), in blocks of 624 words, and the loops
 * that turn its words into uniform numbers. Each loop is compiled twice on x86-64: as the rest, and for AVX2 and FMA.
 */
#ifndef CTORCH_MT19937_H
#define CTORCH_MT19937_H

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

/* ---- two widths of one loop ---- */

#define BODY static inline __attribute__((always_inline))

#ifdef FP_FAST_FMA
#define BASE_FUSES 1
#else
#define BASE_FUSES 0
#endif

/* Defines name(...) from name_body(..., fused); `fused` says that fma() is one instruction. */
#if defined(__x86_64__) && !defined(__AVX2__)
#define TWO_WIDTHS(name, parameters, ...)                                                                         \
    __attribute__((target("avx2,fma"))) static void name##_avx2 parameters { name##_body(__VA_ARGS__, 1); }       \
    static void name##_base parameters { name##_body(__VA_ARGS__, BASE_FUSES); }                                  \
    static void name parameters                                                                                   \
    {                                                                                                             \
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))                                      \
            name##_avx2(__VA_ARGS__);                                                                             \
        else                                                                                                      \
            name##_base(__VA_ARGS__);                                                                             \
    }
#else
#define TWO_WIDTHS(name, parameters, ...) \
    static void name parameters { name##_body(__VA_ARGS__, BASE_FUSES); }
#endif

/* Without the instruction the double product is exact, and so the sum nearly always rounds as the fused one. */
BODY float fused_f32(float a, float b, float c, int fused)
{
    return fused ? fmaf(a, b, c) : (float)((double)a * b + c);
}

/* ---- the generator ---- */

enum { MT_WORDS = 624, MT_SHIFT = 397 };

typedef struct {
    uint32_t words[MT_WORDS];
    int next;  /* words of this block that were handed out; after the last one the block is made anew */
    int fresh; /* seeded, and no block made yet */
    uint64_t seed;
    double normal; /* the second half of the last Box-Muller pair */
    int has_normal;
    _Atomic uint32_t lock;
} mt19937;

static void mt_seed(mt19937 *mt, uint64_t seed)
{
    uint32_t word = (uint32_t)seed;
    for (int i = 0; i < MT_WORDS; i++) {
        mt->words[i] = word;
        word = 1812433253u * (word ^ (word >> 30)) + (uint32_t)i + 1;
    }
    mt->next = MT_WORDS;
    mt->fresh = 1;
    mt->seed = seed;
    mt->normal = 0;
    mt->has_normal = 0;
}

BODY uint32_t mt_mix(uint32_t high, uint32_t low)
{
    return (((high & 0x80000000u) | (low & 0x7fffffffu)) >> 1) ^ (-(low & 1u) & 0x9908b0dfu);
}

/* Three loops without a wrapping index, so that the compiler sees how far apart reads and writes are. */
BODY void mt_twist_body(uint32_t *w, int fused)
{
    (void)fused;
    for (int i = 0; i < MT_WORDS - MT_SHIFT; i++)
        w[i] = w[i + MT_SHIFT] ^ mt_mix(w[i], w[i + 1]);
    for (int i = MT_WORDS - MT_SHIFT; i < MT_WORDS - 1; i++)
        w[i] = w[i + MT_SHIFT - MT_WORDS] ^ mt_mix(w[i], w[i + 1]);
    w[MT_WORDS - 1] = w[MT_SHIFT - 1] ^ mt_mix(w[MT_WORDS - 1], w[0]);
}
TWO_WIDTHS(mt_twist, (uint32_t * w), w)

BODY uint32_t mt_temper(uint32_t y)
{
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

BODY void mt_temper_all_body(const uint32_t *restrict words, uint32_t *restrict out, int n, int fused)
{
    (void)fused;
    for (int i = 0; i < n; i++)
        out[i] = mt_temper(words[i]);
}
TWO_WIDTHS(mt_temper_all, (const uint32_t *restrict words, uint32_t *restrict out, int n), words, out, n)

static void mt_next_block(mt19937 *mt)
{
    mt_twist(mt->words);
    mt->next = 0;
    mt->fresh = 0;
}

static uint32_t mt_random(mt19937 *mt)
{
    if (mt->next >= MT_WORDS)
        mt_next_block(mt);
    return mt_temper(mt->words[mt->next++]);
}

static uint64_t mt_random64(mt19937 *mt)
{
    uint64_t high = mt_random(mt);
    return high << 32 | mt_random(mt);
}

/* The next n words at once. */
static void mt_random_words(mt19937 *mt, uint32_t *out, int64_t n)
{
    while (n > 0) {
        if (mt->next >= MT_WORDS)
            mt_next_block(mt);
        int count = MT_WORDS - mt->next;
        if (count > n)
            count = (int)n;
        mt_temper_all(mt->words + mt->next, out, count);
        mt->next += count;
        out += count;
        n -= count;
    }
}

/* ---- one user at a time ----
 * The lock holds the number of forks so far plus one: a child sees at once that a lock is its parent's, and takes it. */

static _Atomic uint32_t mt_forks;

static void mt_forked(void)
{
    atomic_fetch_add(&mt_forks, 1);
}

static void mt_count_forks(void)
{
    pthread_atfork(NULL, NULL, mt_forked);
}

static void mt_acquire(mt19937 *mt)
{
    uint32_t mine = atomic_load_explicit(&mt_forks, memory_order_relaxed) + 1;
    for (;;) {
        uint32_t holder = atomic_load_explicit(&mt->lock, memory_order_relaxed);
        if (holder != mine && atomic_compare_exchange_weak_explicit(&mt->lock, &holder, mine, memory_order_acquire,
                                                                    memory_order_relaxed))
            return;
        sched_yield();
    }
}

static void mt_release(mt19937 *mt)
{
    atomic_store_explicit(&mt->lock, 0, memory_order_release);
}

/* ---- PyTorch's 5056 bytes of state ---- */

typedef struct {
    uint64_t seed;
    int32_t left;
    int32_t seeded;
    uint64_t next;
    uint64_t words[MT_WORDS];
    double unused_x;
    double normal;
    double unused_rho;
    int32_t has_normal;
    int32_t padding;
    float unused_float_normal;
    uint8_t unused_has_float_normal;
    uint8_t unused_padding[3];
} mt_state;

_Static_assert(sizeof(mt_state) == 5056, "the state has PyTorch's layout");

static void mt_get_state(const mt19937 *mt, void *out)
{
    mt_state state;
    memset(&state, 0, sizeof state);
    state.seed = mt->seed;
    state.left = mt->fresh ? 1 : MT_WORDS + 1 - mt->next;
    state.seeded = 1;
    state.next = mt->fresh ? 0 : (uint64_t)mt->next;
    for (int i = 0; i < MT_WORDS; i++)
        state.words[i] = mt->words[i];
    state.normal = mt->has_normal ? mt->normal : 0;
    state.has_normal = mt->has_normal;
    memcpy(out, &state, sizeof state);
}

/* Returns 0, or -1 and changes nothing if no generator can be in that state. */
static int mt_set_state(mt19937 *mt, const void *bytes)
{
    mt_state state;
    memcpy(&state, bytes, sizeof state);
    int fresh = state.left == 1 && state.next == 0;
    int within = state.next >= 1 && state.next <= MT_WORDS && state.left == MT_WORDS + 1 - (int32_t)state.next;
    if (!state.seeded || !(fresh || within))
        return -1;
    for (int i = 0; i < MT_WORDS; i++)
        mt->words[i] = (uint32_t)state.words[i];
    mt->next = fresh ? MT_WORDS : (int)state.next;
    mt->fresh = fresh;
    mt->seed = state.seed;
    mt->normal = state.normal;
    mt->has_normal = state.has_normal != 0;
    return 0;
}

#endif

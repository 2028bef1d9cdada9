/* Block cache of the CPU allocator: one free list per size class; called under the GIL only. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define CT_BUCKETS 256
#define CT_HUGE ((size_t)4 << 20)

typedef struct ct_block { struct ct_block *next; } ct_block;

static ct_block *ct_free_lists[CT_BUCKETS];
static size_t ct_cache_held = 0;
static size_t ct_cache_limit = (size_t)1 << 30;
static int64_t ct_fail_after = -1;                   /* of tests: so many blocks are still given, then one is refused */

/* Size class of a request: steps of 64 bytes up to 1 KiB, then four steps per power of two.
   Returns -1 where the size cannot be allocated. */
static inline int ct_bucket_of(size_t nbytes, size_t *rounded) {
    if (nbytes <= 64) { *rounded = 64; return 1; }
    if (nbytes <= 1024) {
        size_t b = (nbytes + 63) / 64;
        *rounded = b * 64;
        return (int)b;
    }
    if (nbytes > (size_t)1 << 47) { *rounded = nbytes; return -1; }
    int lg = 63 - __builtin_clzll(nbytes - 1);
    size_t base = (size_t)1 << lg, step = base >> 2, k = (nbytes - base + step - 1) / step;
    *rounded = base + k * step;
    return 17 + (lg - 10) * 4 + (int)k - 1;
}

static inline void *ct_cache_take(int bucket) {
    ct_block *b = ct_free_lists[bucket];
    if (!b) return NULL;
    size_t rounded = 0;
    ct_free_lists[bucket] = b->next;
    /* the inverse of ct_bucket_of */
    if (bucket <= 16) rounded = (size_t)bucket * 64;
    else {
        size_t base = (size_t)1 << (10 + (bucket - 17) / 4);
        rounded = base + ((size_t)((bucket - 17) % 4) + 1) * (base >> 2);
    }
    ct_cache_held -= rounded;
    return b;
}

static inline void ct_cache_put(void *block, int bucket, size_t rounded) {
    if (ct_cache_held + rounded > ct_cache_limit) { free(block); return; }
    ct_block *b = (ct_block *)block;
    b->next = ct_free_lists[bucket];
    ct_free_lists[bucket] = b;
    ct_cache_held += rounded;
}

static void *ct_allocate(size_t rounded) {
    void *p = NULL;
    if (ct_fail_after >= 0 && ct_fail_after-- == 0)
        return NULL;
    size_t alignment = rounded >= CT_HUGE ? (size_t)2 << 20 : 64;
    if (posix_memalign(&p, alignment, rounded)) return NULL;
#ifdef MADV_HUGEPAGE
    if (rounded >= CT_HUGE) madvise(p, rounded, MADV_HUGEPAGE);
#endif
    return p;
}

static size_t ct_cache_release(void) {
    size_t held = ct_cache_held;
    for (int i = 0; i < CT_BUCKETS; i++)
        while (ct_free_lists[i]) {
            ct_block *b = ct_free_lists[i];
            ct_free_lists[i] = b->next;
            free(b);
        }
    ct_cache_held = 0;
    return held;
}

/* Working memory of a kernel on one thread, kept for its next call: a fresh block this large would fault in
   every page again. It goes when the thread ends. */
#ifndef CTORCH_SCRATCH_H
#define CTORCH_SCRATCH_H
#include <pthread.h>
#include <stdlib.h>

typedef struct {
    void *memory;
    size_t bytes;
} ct_scratch_block;

static __thread ct_scratch_block ct_scratch_own;
static pthread_key_t ct_scratch_key;
static pthread_once_t ct_scratch_once = PTHREAD_ONCE_INIT;

static void ct_scratch_free(void *memory) { free(memory); }
static void ct_scratch_make_key(void) { pthread_key_create(&ct_scratch_key, ct_scratch_free); }

/* At least `bytes` of 64-byte aligned memory, with whatever it held before; NULL: out of memory.
   The next call on this thread takes it over. */
static inline void *ct_scratch(size_t bytes) {
    ct_scratch_block *own = &ct_scratch_own;
    if (own->bytes < bytes) {
        size_t rounded = (bytes + 4095) & ~(size_t)4095;
        free(own->memory);
        own->memory = aligned_alloc(64, rounded);
        own->bytes = own->memory ? rounded : 0;
        pthread_once(&ct_scratch_once, ct_scratch_make_key);
        pthread_setspecific(ct_scratch_key, own->memory);
    }
    return own->memory;
}
#endif

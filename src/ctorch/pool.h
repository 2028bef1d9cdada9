/* The thread pool: one job at a time, cut into numbered chunks that the caller and the workers claim one
 * by one.
 *
 * A job is published by filling `fn`, `arg`, `base` and then storing the range of chunks that nobody has
 * claimed, its first in the low half of `unclaimed` and its end in the high half. The caller and every
 * second worker claim from the front, the others from the back, with a compare-and-swap that narrows the
 * range by one: where the next job works on the same memory, most of a thread's share is in its own cache.
 * Finished chunks are subtracted from `pending`, and the job is over when that is zero.
 *
 * Why a late worker cannot mix two jobs: it reads no field of the job before it has claimed a chunk. The
 * range is empty from the last claim of job k until job k+1 is complete in memory, so a successful claim
 * always belongs to the job whose fields stand there, however old the worker's view was; and from then on
 * that job cannot end, nor its fields change, before the worker has subtracted its chunks from `pending`.
 * The claim reads (acquire) what the publisher stored (release); the subtraction releases what the chunk
 * wrote to the caller, who acquires it at zero.
 *
 * `epoch` is the generation that idle workers watch: it moves after every publication and every change of
 * `target`. A worker reads it before it looks for work, and sleeps only while it still has that value, so
 * no wake-up is lost.
 *
 * `busy` is held for the length of a job or a resize. Whoever cannot take it (a nested call, a second
 * Python thread) runs its chunks itself, so nothing here ever waits for another job.
 */
#ifndef CTORCH_POOL_H
#define CTORCH_POOL_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>
#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#if defined(__x86_64__) || defined(__i386__)
#define POOL_RELAX() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define POOL_RELAX() __asm__ __volatile__("isb")
#else
#define POOL_RELAX() atomic_signal_fence(memory_order_seq_cst)
#endif

enum {
    POOL_MAX_WORKERS = 1023,
    POOL_SPIN_NANOSECONDS = 100000, /* some chunks, and twice what waking costs where CPUs are virtual */
    POOL_BATCH = 1 << 30           /* chunks of one job: `pending` is a 32-bit futex word */
};

typedef void (*pool_fn)(void *arg, int64_t chunk);

static struct {
    pool_fn fn;
    void *arg;
    int64_t base;
    _Alignas(64) _Atomic uint64_t unclaimed;
    _Alignas(64) _Atomic uint32_t pending;
    _Atomic uint32_t caller_asleep;
    _Alignas(64) _Atomic uint32_t epoch;
    _Atomic uint32_t asleep;
    _Atomic int target; /* workers with an index at or above this end */
    _Atomic int caller_cpu;
    _Alignas(64) atomic_flag busy;
    _Atomic int wanted;  /* threads asked for, the caller included */
    _Atomic int started; /* workers that run; written under `busy` */
    _Atomic int refused; /* the system would not start more workers than these; -1: it was not asked yet */
    int fork_hook;
    pthread_t threads[POOL_MAX_WORKERS];
} pool = {.busy = ATOMIC_FLAG_INIT, .wanted = 1, .refused = -1};

/* ---- sleeping on a word ---- */

#ifdef __linux__
static void pool_sleep(_Atomic uint32_t *word, uint32_t seen)
{
    while (atomic_load(word) == seen)
        syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void pool_wake(_Atomic uint32_t *word, int count)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

static void pool_sleep_reset(void) {}
#else
static pthread_mutex_t pool_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t pool_condition = PTHREAD_COND_INITIALIZER;

static void pool_sleep(_Atomic uint32_t *word, uint32_t seen)
{
    pthread_mutex_lock(&pool_mutex);
    while (atomic_load(word) == seen)
        pthread_cond_wait(&pool_condition, &pool_mutex);
    pthread_mutex_unlock(&pool_mutex);
}

static void pool_wake(_Atomic uint32_t *word, int count)
{
    (void)word, (void)count; /* one condition serves both words, so all are woken to look for themselves */
    pthread_mutex_lock(&pool_mutex);
    pthread_cond_broadcast(&pool_condition);
    pthread_mutex_unlock(&pool_mutex);
}

static void pool_sleep_reset(void)
{
    pthread_mutex_init(&pool_mutex, NULL);
    pthread_cond_init(&pool_condition, NULL);
}
#endif

static int64_t pool_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Returns once *word is no longer `seen`: spins a little, because the next job often follows at once, then
 * sleeps. `sleepers` goes up before the last look at the word, and wakers look at it after changing the
 * word. */
static void pool_wait(_Atomic uint32_t *word, uint32_t seen, _Atomic uint32_t *sleepers)
{
    int64_t limit = pool_nanoseconds() + POOL_SPIN_NANOSECONDS;
    do {
        for (int i = 0; i < 16; i++) {
            if (atomic_load_explicit(word, memory_order_acquire) != seen)
                return;
            POOL_RELAX();
        }
    } while (pool_nanoseconds() < limit);
    atomic_fetch_add(sleepers, 1);
    pool_sleep(word, seen);
    atomic_fetch_sub(sleepers, 1);
}

/* ---- apart from the caller ---- */

#ifdef __linux__
extern int sched_getcpu(void); /* sched.h shows it only to GNU sources */

static void pool_note_cpu(void)
{
    int cpu = sched_getcpu();
    if (cpu != atomic_load_explicit(&pool.caller_cpu, memory_order_relaxed))
        atomic_store_explicit(&pool.caller_cpu, cpu, memory_order_relaxed);
}

/* Where CPUs share no cache, as in many virtual machines, Linux wakes a worker on the CPU of its caller and
 * both wait for each other. A worker that finds itself there may run on any CPU of the process but that one
 * from then on. The first thread's CPUs, which we never narrow, are the process's. */
static void pool_leave_cpu(void)
{
    unsigned long mask[128];
    const int bits = 8 * sizeof *mask;
    int cpu = sched_getcpu();
    if (cpu < 0 || cpu != atomic_load_explicit(&pool.caller_cpu, memory_order_relaxed))
        return;
    long bytes = syscall(SYS_sched_getaffinity, getpid(), sizeof mask, mask);
    if (bytes <= 0 || cpu >= 8 * bytes)
        return;
    mask[cpu / bits] &= ~(1UL << cpu % bits);
    syscall(SYS_sched_setaffinity, 0, bytes, mask); /* refused where no other CPU is left */
}
#else
static void pool_note_cpu(void) {}
static void pool_leave_cpu(void) {}
#endif

/* ---- working ---- */

/* The number of a chunk that is the caller's now, or -1 if there is none to claim. */
static int64_t pool_claim(int back)
{
    uint64_t seen = atomic_load_explicit(&pool.unclaimed, memory_order_relaxed), left;
    do {
        if ((uint32_t)seen == seen >> 32)
            return -1;
        left = back ? seen - ((uint64_t)1 << 32) : seen + 1;
    } while (!atomic_compare_exchange_weak_explicit(&pool.unclaimed, &seen, left, memory_order_acquire,
                                                    memory_order_relaxed));
    return back ? (int64_t)(left >> 32) : (int64_t)(uint32_t)seen;
}

/* Until the subtraction the job lives, so all chunks claimed in the loop are of one job. */
static void pool_work(int back)
{
    uint32_t done = 0;
    int64_t chunk;
    while ((chunk = pool_claim(back)) >= 0) {
        pool.fn(pool.arg, pool.base + chunk);
        done++;
    }
    if (done && atomic_fetch_sub(&pool.pending, done) == done && atomic_load(&pool.caller_asleep))
        pool_wake(&pool.pending, 1);
}

static void *pool_worker(void *index)
{
    for (;;) {
        uint32_t epoch = atomic_load(&pool.epoch);
        if ((intptr_t)index >= atomic_load(&pool.target))
            return NULL;
        pool_leave_cpu();
        pool_work(((intptr_t)index & 1) == 0);
        pool_wait(&pool.epoch, epoch, &pool.asleep);
    }
}

static void pool_announce(int workers)
{
    atomic_fetch_add(&pool.epoch, 1);
    if (atomic_load(&pool.asleep))
        pool_wake(&pool.epoch, workers);
}

/* ---- starting and ending workers; the caller holds `busy` ---- */

/* The child of a fork has no workers and no job, whatever its parent was doing; it starts its own when it
 * needs them. */
static void pool_forked(void)
{
    pool_sleep_reset();
    atomic_store(&pool.unclaimed, 0);
    atomic_store(&pool.pending, 0);
    atomic_store(&pool.caller_asleep, 0);
    atomic_store(&pool.asleep, 0);
    atomic_store(&pool.target, 0);
    atomic_store(&pool.started, 0);
    atomic_store(&pool.refused, -1);
    atomic_flag_clear(&pool.busy);
}

static int pool_start_worker(int index)
{
    sigset_t all, before;
    sigfillset(&all); /* signals are for the threads of the program */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&pool.threads[index], NULL, pool_worker, (void *)(intptr_t)index);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static void pool_resize(int workers)
{
    int started = atomic_load(&pool.started);
    if (!pool.fork_hook)
        pool.fork_hook = pthread_atfork(NULL, NULL, pool_forked) == 0;
    atomic_store(&pool.target, workers);
    if (started > workers)
        pool_announce(POOL_MAX_WORKERS);
    while (started > workers)
        pthread_join(pool.threads[--started], NULL);
    while (started < workers && pool_start_worker(started) == 0)
        started++;
    atomic_store(&pool.refused, started < workers ? started : -1);
    atomic_store(&pool.target, started);
    atomic_store(&pool.started, started);
}

static int pool_workers_wanted(void)
{
    int workers = atomic_load_explicit(&pool.wanted, memory_order_relaxed) - 1;
    return workers < POOL_MAX_WORKERS ? workers : POOL_MAX_WORKERS;
}

/* ---- what the module uses ---- */

static int pool_take(void)
{
    return !atomic_flag_test_and_set_explicit(&pool.busy, memory_order_acquire);
}

static void pool_release(void)
{
    atomic_flag_clear_explicit(&pool.busy, memory_order_release);
}

/* Calls fn(arg, chunk) once for every chunk in [0, chunks), in any order, and returns when all are done. */
static void pool_run(pool_fn fn, void *arg, int64_t chunks)
{
    int workers = pool_workers_wanted();
    if (chunks < 2 || workers < 1 || !pool_take()) {
        for (int64_t i = 0; i < chunks; i++)
            fn(arg, i);
        return;
    }
    int started = atomic_load_explicit(&pool.started, memory_order_relaxed);
    if (started > workers || (started < workers && started != atomic_load(&pool.refused)))
        pool_resize(workers);
    pool_note_cpu();
    for (int64_t base = 0; base < chunks; base += POOL_BATCH) {
        uint32_t count = (uint32_t)(chunks - base < POOL_BATCH ? chunks - base : POOL_BATCH);
        pool.fn = fn;
        pool.arg = arg;
        pool.base = base;
        atomic_store_explicit(&pool.pending, count, memory_order_relaxed);
        atomic_store_explicit(&pool.unclaimed, (uint64_t)count << 32, memory_order_release);
        pool_announce(count - 1 < (uint32_t)POOL_MAX_WORKERS ? (int)count - 1 : POOL_MAX_WORKERS);
        pool_work(0);
        uint32_t pending;
        while ((pending = atomic_load_explicit(&pool.pending, memory_order_acquire)))
            pool_wait(&pool.pending, pending, &pool.caller_asleep);
    }
    pool_release();
}

/* Sets the number of threads, the caller of pool_run included. Workers too many end now, or, if a job is
 * running, before the next one; workers too few start with the next job. */
static void pool_set_threads(int threads)
{
    atomic_store(&pool.wanted, threads);
    atomic_store(&pool.refused, -1);
    if (!pool_take())
        return;
    int workers = pool_workers_wanted();
    if (atomic_load(&pool.started) > workers)
        pool_resize(workers);
    pool_release();
}

static int pool_get_threads(void)
{
    return atomic_load_explicit(&pool.wanted, memory_order_relaxed);
}

static int pool_get_workers(void)
{
    return atomic_load(&pool.started);
}

#endif

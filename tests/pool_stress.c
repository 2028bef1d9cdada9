/* Jobs from several threads while others resize the pool and fork: built by test_parallel.py with
 * sanitizers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pool.h"

enum { CALLERS = 4, CHUNKS = 97 };

static _Atomic int stop;
static _Atomic int failures;

typedef struct {
    int *counts; /* plain ints: two visits of one chunk, or one that outlives its job, are a race */
    int inner;
} Job;

static void inner(void *arg, int64_t chunk)
{
    ((int *)arg)[chunk]++;
}

static void outer(void *arg, int64_t chunk)
{
    Job *job = arg;
    if (job->inner)
        pool_run(inner, job->counts + chunk * job->inner, job->inner);
    else
        job->counts[chunk]++;
}

static void one_job(int chunks, int nested)
{
    int slots = nested ? chunks * nested : chunks;
    int *counts = calloc(slots + 1, sizeof(int));
    Job job = {counts, nested};
    pool_run(outer, &job, chunks);
    for (int i = 0; i < slots; i++)
        if (counts[i] != 1)
            atomic_fetch_add(&failures, 1);
    free(counts);
    memset(&job, 0x55, sizeof job);
}

static void *caller(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg;
    while (!atomic_load(&stop)) {
        one_job(rand_r(&seed) % CHUNKS, 0);
        one_job(rand_r(&seed) % 7, rand_r(&seed) % 5);
    }
    return NULL;
}

static void *resizer(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg;
    while (!atomic_load(&stop)) {
        pool_set_threads(1 + rand_r(&seed) % 6);
        usleep(rand_r(&seed) % 300);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    int milliseconds = argc > 1 ? atoi(argv[1]) : 1000;
    int forks = argc > 2 ? atoi(argv[2]) : 0;
    pthread_t threads[CALLERS + 1];
    pool_set_threads(3);
    for (int i = 0; i < CALLERS; i++)
        pthread_create(&threads[i], NULL, caller, (void *)(uintptr_t)(i + 1));
    pthread_create(&threads[CALLERS], NULL, resizer, (void *)(uintptr_t)99);
    for (int i = 0; i < forks; i++) {
        usleep(milliseconds * 1000 / forks);
        pid_t child = fork();
        if (child == 0) {
            alarm(20);
            pool_set_threads(3);
            int counts[1000] = {0};
            for (int k = 0; k < 20; k++)
                pool_run(inner, counts, 1000);
            for (int k = 0; k < 1000; k++)
                if (counts[k] != 20)
                    _exit(1);
            _exit(pool_get_workers() + 1 == pool_get_threads() ? 0 : 2);
        }
        int status;
        waitpid(child, &status, 0);
        if (status) {
            printf("child: status %d\n", status);
            atomic_fetch_add(&failures, 1);
        }
    }
    if (!forks)
        usleep(milliseconds * 1000);
    atomic_store(&stop, 1);
    for (int i = 0; i <= CALLERS; i++)
        pthread_join(threads[i], NULL);
    printf("failures %d\n", atomic_load(&failures));
    return atomic_load(&failures) != 0;
}

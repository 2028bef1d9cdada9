"""Finds SciPy's BLAS for products of matrices and vectors, and keeps its threads out of the pool's way."""
from cpython.pycapsule cimport PyCapsule_GetName, PyCapsule_GetPointer

cdef extern from *:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <dlfcn.h>
    #include <link.h>
    #include <pthread.h>
    #include <string.h>

    typedef struct { void (*set_threads)(int); int (*get_threads)(void); } ct_openblas;

    static int ct_visit_library(struct dl_phdr_info *info, size_t size, void *found) {
        static const char *const names[][2] = {
            {"scipy_openblas_set_num_threads", "scipy_openblas_get_num_threads"},
            {"openblas_set_num_threads", "openblas_get_num_threads"}};
        if (!info->dlpi_name || !strstr(info->dlpi_name, "openblas")) return 0;
        void *library = dlopen(info->dlpi_name, RTLD_LAZY | RTLD_NOLOAD);
        if (!library) return 0;
        ct_openblas *openblas = (ct_openblas *)found;
        for (int i = 0; i < 2 && !openblas->set_threads; i++) {
            void *set = dlsym(library, names[i][0]), *get = dlsym(library, names[i][1]);
            if (set && get) {
                openblas->set_threads = (void (*)(int))set;
                openblas->get_threads = (int (*)(void))get;
            }
        }
        dlclose(library);  /* SciPy holds it too, so it stays loaded */
        return openblas->set_threads != 0;
    }
    /* The OpenBLAS with 32-bit integers that SciPy loaded; NumPy's has names that end in 64_. */
    static void ct_find_openblas(ct_openblas *found) {
        found->set_threads = 0;
        dl_iterate_phdr(ct_visit_library, found);
    }

    static pthread_mutex_t ct_blas_lock = PTHREAD_MUTEX_INITIALIZER;
    """
    ctypedef struct ct_openblas:
        void (*set_threads)(int) noexcept nogil
        int (*get_threads)() noexcept nogil
    void ct_find_openblas(ct_openblas* found) nogil
    ctypedef struct pthread_mutex_t:
        pass
    int pthread_mutex_lock(pthread_mutex_t*) nogil
    int pthread_mutex_unlock(pthread_mutex_t*) nogil
    pthread_mutex_t ct_blas_lock

cdef Blas table
cdef bint loaded = False
cdef ct_openblas openblas
cdef int users = 0
cdef int threads_before = 0


cdef void* find(dict functions, str name) except NULL:
    capsule = functions[name]
    return PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule))


cdef bint load() noexcept with gil:
    global loaded
    cdef int i
    try:
        from scipy.linalg import cython_blas
        functions = cython_blas.__pyx_capi__
        for i, letter in enumerate("sdcz"):
            table.gemv[i] = <gemv_fn>find(functions, letter + "gemv")
    except Exception:
        return False
    ct_find_openblas(&openblas)
    loaded = True
    return True


cdef const Blas* get_blas() noexcept nogil:
    if loaded or load():
        return &table
    return NULL


cdef void blas_enter() noexcept nogil:
    global users, threads_before
    if openblas.set_threads == NULL:
        return
    pthread_mutex_lock(&ct_blas_lock)
    if users == 0:
        threads_before = openblas.get_threads()
        if threads_before != 1:
            openblas.set_threads(1)
    users += 1
    pthread_mutex_unlock(&ct_blas_lock)


cdef void blas_leave() noexcept nogil:
    global users
    if openblas.set_threads == NULL:
        return
    pthread_mutex_lock(&ct_blas_lock)
    users -= 1
    if users == 0 and threads_before != 1:
        openblas.set_threads(threads_before)
    pthread_mutex_unlock(&ct_blas_lock)

# LAPACK of scipy.linalg.cython_lapack, looked up at its first use: `import ctorch` never imports SciPy.
# Each table has rows for float32, float64, complex64, complex128; void* stands for the element type.

cdef enum:
    LAPACK_FLOAT32
    LAPACK_FLOAT64
    LAPACK_COMPLEX64
    LAPACK_COMPLEX128

# The element types of matrices, and of their eigenvalues and norms.
ctypedef fused element:
    float
    double
    float complex
    double complex

ctypedef fused real:
    float
    double

ctypedef void (*getrf_fn)(int* m, int* n, void* a, int* lda, int* pivots, int* info) noexcept nogil
ctypedef void (*getrs_fn)(char* op, int* n, int* nrhs, void* a, int* lda, int* pivots, void* b, int* ldb,
                          int* info) noexcept nogil
ctypedef void (*potrf_fn)(char* uplo, int* n, void* a, int* lda, int* info) noexcept nogil
ctypedef void (*trsm_fn)(char* side, char* uplo, char* op, char* diag, int* m, int* n, void* alpha, void* a, int* lda,
                         void* b, int* ldb) noexcept nogil
ctypedef void (*sytrf_fn)(char* uplo, int* n, void* a, int* lda, int* pivots, void* work, int* lwork,
                          int* info) noexcept nogil
ctypedef void (*sytrs_fn)(char* uplo, int* n, int* nrhs, void* a, int* lda, int* pivots, void* b, int* ldb,
                          int* info) noexcept nogil
ctypedef void (*geqr2_fn)(int* m, int* n, void* a, int* lda, void* tau, void* work, int* info) noexcept nogil
ctypedef void (*larfg_fn)(int* n, void* alpha, void* x, int* incx, void* tau) noexcept nogil
ctypedef void (*hetrd_fn)(char* uplo, int* n, void* a, int* lda, void* d, void* e, void* tau, void* work, int* lwork,
                          int* info) noexcept nogil
ctypedef void (*sterf_fn)(int* n, void* d, void* e, int* info) noexcept nogil
ctypedef void (*steqr_fn)(char* job, int* n, void* d, void* e, void* z, int* ldz, void* work, int* info) noexcept nogil
ctypedef void (*laed2_fn)(int* k, int* n, int* n1, void* d, void* q, int* ldq, int* indxq, void* rho, void* z,
                          void* dlamda, void* w, void* q2, int* places, int* indxc, int* indxp, int* coltyp,
                          int* info) noexcept nogil
ctypedef void (*laed4_fn)(int* n, int* i, void* d, void* z, void* delta, void* rho, void* dlam,
                          int* info) noexcept nogil
ctypedef void (*lamrg_fn)(int* n1, int* n2, void* a, int* step1, int* step2, int* index) noexcept nogil
ctypedef void (*syevd_fn)(char* job, char* uplo, int* n, void* a, int* lda, void* w, void* work, int* lwork,
                          int* iwork, int* liwork, int* info) noexcept nogil
ctypedef void (*heevd_fn)(char* job, char* uplo, int* n, void* a, int* lda, void* w, void* work, int* lwork,
                          void* rwork, int* lrwork, int* iwork, int* liwork, int* info) noexcept nogil
ctypedef void (*geev_real_fn)(char* left, char* right, int* n, void* a, int* lda, void* wr, void* wi, void* vl,
                              int* ldvl, void* vr, int* ldvr, void* work, int* lwork, int* info) noexcept nogil
ctypedef void (*geev_complex_fn)(char* left, char* right, int* n, void* a, int* lda, void* w, void* vl, int* ldvl,
                                 void* vr, int* ldvr, void* work, int* lwork, void* rwork, int* info) noexcept nogil
ctypedef void (*gesdd_real_fn)(char* job, int* m, int* n, void* a, int* lda, void* s, void* u, int* ldu, void* vt,
                               int* ldvt, void* work, int* lwork, int* iwork, int* info) noexcept nogil
ctypedef void (*gesdd_complex_fn)(char* job, int* m, int* n, void* a, int* lda, void* s, void* u, int* ldu, void* vt,
                                  int* ldvt, void* work, int* lwork, void* rwork, int* iwork,
                                  int* info) noexcept nogil
ctypedef void (*gels_fn)(char* op, int* m, int* n, int* nrhs, void* a, int* lda, void* b, int* ldb, void* work,
                         int* lwork, int* info) noexcept nogil
ctypedef void (*gelsy_real_fn)(int* m, int* n, int* nrhs, void* a, int* lda, void* b, int* ldb, int* jpvt,
                               void* rcond, int* rank, void* work, int* lwork, int* info) noexcept nogil
ctypedef void (*gelsy_complex_fn)(int* m, int* n, int* nrhs, void* a, int* lda, void* b, int* ldb, int* jpvt,
                                  void* rcond, int* rank, void* work, int* lwork, void* rwork,
                                  int* info) noexcept nogil
ctypedef void (*gelsd_real_fn)(int* m, int* n, int* nrhs, void* a, int* lda, void* b, int* ldb, void* s, void* rcond,
                               int* rank, void* work, int* lwork, int* iwork, int* info) noexcept nogil
ctypedef void (*gelsd_complex_fn)(int* m, int* n, int* nrhs, void* a, int* lda, void* b, int* ldb, void* s,
                                  void* rcond, int* rank, void* work, int* lwork, void* rwork, int* iwork,
                                  int* info) noexcept nogil
ctypedef void (*gelss_real_fn)(int* m, int* n, int* nrhs, void* a, int* lda, void* b, int* ldb, void* s, void* rcond,
                               int* rank, void* work, int* lwork, int* info) noexcept nogil
ctypedef void (*gelss_complex_fn)(int* m, int* n, int* nrhs, void* a, int* lda, void* b, int* ldb, void* s,
                                  void* rcond, int* rank, void* work, int* lwork, void* rwork,
                                  int* info) noexcept nogil

cdef struct Lapack:
    getrf_fn getrf[4]
    getrs_fn getrs[4]
    potrf_fn potrf[4]
    trsm_fn trsm[4]
    sytrf_fn sytrf[4]
    sytrs_fn sytrs[4]
    sytrf_fn hetrf[4]               # those of sytrf for the real dtypes
    sytrs_fn hetrs[4]
    geqr2_fn geqr2[4]
    larfg_fn larfg[2]
    hetrd_fn hetrd[2]
    sterf_fn sterf[2]
    steqr_fn steqr[2]
    laed2_fn laed2[2]
    laed4_fn laed4[2]
    lamrg_fn lamrg[2]
    syevd_fn syevd[2]
    heevd_fn heevd[2]
    geev_real_fn geev_real[2]
    geev_complex_fn geev_complex[2]
    gesdd_real_fn gesdd_real[2]
    gesdd_complex_fn gesdd_complex[2]
    gels_fn gels[4]
    gelsy_real_fn gelsy_real[2]
    gelsy_complex_fn gelsy_complex[2]
    gelsd_real_fn gelsd_real[2]
    gelsd_complex_fn gelsd_complex[2]
    gelss_real_fn gelss_real[2]
    gelss_complex_fn gelss_complex[2]

cdef Lapack lapack                  # filled by need_lapack
cdef int need_lapack() except -1

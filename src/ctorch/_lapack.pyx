"""Finds SciPy's LAPACK for the forward functions of linear algebra."""
from cpython.pycapsule cimport PyCapsule_GetName, PyCapsule_GetPointer

from ctorch._blas cimport get_blas

cdef bint loaded = False


cdef int fill(void** table, dict functions, str letters, str name) except -1:
    for i, letter in enumerate(letters):
        capsule = functions[letter + name]
        table[i] = PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule))
    return 0


cdef int need_lapack() except -1:
    """Fills the table once; raises ImportError where SciPy is not there."""
    global loaded
    if loaded:
        return 0
    from scipy.linalg import cython_blas, cython_lapack
    get_blas()                       # which keeps the threads of the library out of the way
    cdef dict f = cython_lapack.__pyx_capi__
    fill(<void**>lapack.trsm, cython_blas.__pyx_capi__, "sdcz", "trsm")
    fill(<void**>lapack.getrf, f, "sdcz", "getrf")
    fill(<void**>lapack.getrs, f, "sdcz", "getrs")
    fill(<void**>lapack.potrf, f, "sdcz", "potrf")
    fill(<void**>lapack.sytrf, f, "sdcz", "sytrf")
    fill(<void**>lapack.sytrs, f, "sdcz", "sytrs")
    fill(<void**>lapack.hetrf, f, "sd", "sytrf")
    fill(<void**>lapack.hetrs, f, "sd", "sytrs")
    fill(<void**>lapack.hetrf + 2, f, "cz", "hetrf")
    fill(<void**>lapack.hetrs + 2, f, "cz", "hetrs")
    fill(<void**>lapack.geqr2, f, "sdcz", "geqr2")
    fill(<void**>lapack.larfg, f, "sd", "larfg")
    fill(<void**>lapack.hetrd, f, "cz", "hetrd")
    fill(<void**>lapack.sterf, f, "sd", "sterf")
    fill(<void**>lapack.steqr, f, "sd", "steqr")
    fill(<void**>lapack.laed2, f, "sd", "laed2")
    fill(<void**>lapack.laed4, f, "sd", "laed4")
    fill(<void**>lapack.lamrg, f, "sd", "lamrg")
    fill(<void**>lapack.syevd, f, "sd", "syevd")
    fill(<void**>lapack.heevd, f, "cz", "heevd")
    fill(<void**>lapack.geev_real, f, "sd", "geev")
    fill(<void**>lapack.geev_complex, f, "cz", "geev")
    fill(<void**>lapack.gesdd_real, f, "sd", "gesdd")
    fill(<void**>lapack.gesdd_complex, f, "cz", "gesdd")
    fill(<void**>lapack.gels, f, "sdcz", "gels")
    fill(<void**>lapack.gelsy_real, f, "sd", "gelsy")
    fill(<void**>lapack.gelsy_complex, f, "cz", "gelsy")
    fill(<void**>lapack.gelsd_real, f, "sd", "gelsd")
    fill(<void**>lapack.gelsd_complex, f, "cz", "gelsd")
    fill(<void**>lapack.gelss_real, f, "sd", "gelss")
    fill(<void**>lapack.gelss_complex, f, "cz", "gelss")
    loaded = True
    return 0

"""LU, Cholesky and QR of matrices of at most 16 rows and columns, as LAPACK's unblocked routines do them."""
from libc.math cimport copysign, fabs, sqrt
from libc.stdint cimport int64_t

from ctorch._lapack cimport LAPACK_COMPLEX64, LAPACK_FLOAT32, LAPACK_FLOAT64, element


cdef inline element conjugate(element x) noexcept nogil:
    if element is float or element is double:
        return x
    else:
        return x.conjugate()


cdef inline double real_part(element x) noexcept nogil:
    if element is float or element is double:
        return x
    else:
        return x.real


cdef inline double square(element x) noexcept nogil:
    if element is float or element is double:
        return <double>x * x
    else:
        return <double>x.real * x.real + <double>x.imag * x.imag


cdef inline double size(element x) noexcept nogil:
    # What LAPACK compares pivots by.
    if element is float or element is double:
        return fabs(x)
    else:
        return fabs(x.real) + fabs(x.imag)


cdef inline element product(element a, element b) noexcept nogil:
    # Without C's detour for infinite parts of complex numbers.
    cdef element r
    if element is float or element is double:
        return a * b
    else:
        r.real = a.real * b.real - a.imag * b.imag
        r.imag = a.real * b.imag + a.imag * b.real
        return r


# ---- LU

cdef void factor_lu(int m, int n, element* a, int* pivots, int* info) noexcept nogil:
    cdef int i, j, c, p
    cdef element t
    cdef double most
    info[0] = 0
    for j in range(m if m < n else n):
        p, most = j, size(a[j * m + j])
        for i in range(j + 1, m):
            if size(a[j * m + i]) > most:
                p, most = i, size(a[j * m + i])
        pivots[j] = p + 1
        if most == 0:
            if info[0] == 0:
                info[0] = j + 1
            continue
        if p != j:
            for c in range(n):
                t = a[c * m + j]
                a[c * m + j] = a[c * m + p]
                a[c * m + p] = t
        t = 1 / a[j * m + j]
        for i in range(j + 1, m):
            a[j * m + i] = product(a[j * m + i], t)
        for c in range(j + 1, n):
            t = a[c * m + j]
            for i in range(j + 1, m):
                a[c * m + i] = a[c * m + i] - product(t, a[j * m + i])


cdef void solve_lu(int n, int k, element* LU, int* pivots, element* b) noexcept nogil:
    cdef int i, j, c
    cdef element t
    cdef element* x
    for c in range(k):
        x = b + <int64_t>c * n
        for j in range(n):
            i = pivots[j] - 1
            if i != j:
                t = x[i]
                x[i] = x[j]
                x[j] = t
        for j in range(n):
            t = x[j]
            for i in range(j + 1, n):
                x[i] = x[i] - product(t, LU[j * n + i])
        for j in range(n - 1, -1, -1):
            x[j] = x[j] / LU[j * n + j]
            t = x[j]
            for i in range(j):
                x[i] = x[i] - product(t, LU[j * n + i])


cdef void small_lu(int type, int m, int n, void* a, int* pivots, int* info) noexcept nogil:
    if type == LAPACK_FLOAT32:
        factor_lu(m, n, <float*>a, pivots, info)
    elif type == LAPACK_FLOAT64:
        factor_lu(m, n, <double*>a, pivots, info)
    elif type == LAPACK_COMPLEX64:
        factor_lu(m, n, <float complex*>a, pivots, info)
    else:
        factor_lu(m, n, <double complex*>a, pivots, info)


cdef void small_lu_solve(int type, int n, int k, void* LU, int* pivots, void* b) noexcept nogil:
    if type == LAPACK_FLOAT32:
        solve_lu(n, k, <float*>LU, pivots, <float*>b)
    elif type == LAPACK_FLOAT64:
        solve_lu(n, k, <double*>LU, pivots, <double*>b)
    elif type == LAPACK_COMPLEX64:
        solve_lu(n, k, <float complex*>LU, pivots, <float complex*>b)
    else:
        solve_lu(n, k, <double complex*>LU, pivots, <double complex*>b)


# ---- Cholesky

cdef void factor_cholesky(bint upper, int n, element* a, int* info) noexcept nogil:
    # x(i, k) is L's element, or that of U transposed: the formulas are the same.
    cdef int row = n if upper else 1, col = 1 if upper else n, i, j, k
    cdef element t
    cdef double d
    info[0] = 0
    for j in range(n):
        d = real_part(a[j * row + j * col])
        for k in range(j):
            d -= square(a[j * row + k * col])
        if not d > 0:
            a[j * row + j * col] = <element>d
            info[0] = j + 1
            return
        d = sqrt(d)
        a[j * row + j * col] = <element>d
        for i in range(j + 1, n):
            t = a[i * row + j * col]
            for k in range(j):
                t = t - product(a[i * row + k * col], conjugate(a[j * row + k * col]))
            a[i * row + j * col] = t / <element>d


cdef void small_cholesky(int type, bint upper, int n, void* a, int* info) noexcept nogil:
    if type == LAPACK_FLOAT32:
        factor_cholesky(upper, n, <float*>a, info)
    elif type == LAPACK_FLOAT64:
        factor_cholesky(upper, n, <double*>a, info)
    elif type == LAPACK_COMPLEX64:
        factor_cholesky(upper, n, <float complex*>a, info)
    else:
        factor_cholesky(upper, n, <double complex*>a, info)


cdef void invert_cholesky(bint upper, int n, element* a, int* info) noexcept nogil:
    # M = L^-1 over L, then the lower triangle of M^H M over that. U is read as its transpose, which is conj(L), and so
    # is the inverse.
    cdef int row = n if upper else 1, col = 1 if upper else n, i, j, k
    cdef element t
    for j in range(n):
        if a[j * (row + col)] == 0:
            info[0] = j + 1
            return
    info[0] = 0
    for j in range(n):
        a[j * (row + col)] = 1 / a[j * (row + col)]
        for i in range(j + 1, n):
            t = 0
            for k in range(j, i):
                t = t + product(a[i * row + k * col], a[k * row + j * col])
            a[i * row + j * col] = -t / a[i * (row + col)]
    for i in range(n):
        for j in range(i + 1):
            t = 0
            for k in range(i, n):
                t = t + product(conjugate(a[k * row + i * col]), a[k * row + j * col])
            a[i * row + j * col] = t if i != j else <element>real_part(t)


cdef void small_cholesky_inverse(int type, bint upper, int n, void* a, int* info) noexcept nogil:
    if type == LAPACK_FLOAT32:
        invert_cholesky(upper, n, <float*>a, info)
    elif type == LAPACK_FLOAT64:
        invert_cholesky(upper, n, <double*>a, info)
    elif type == LAPACK_COMPLEX64:
        invert_cholesky(upper, n, <float complex*>a, info)
    else:
        invert_cholesky(upper, n, <double complex*>a, info)


# ---- QR

cdef void reflect(int m, int i, int first, int last, element* v, element tau, element* a) noexcept nogil:
    # Takes tau v v^H from columns of a; v has a one at row i, and zeros above. Two columns at a time: their sums need
    # not wait for each other.
    cdef int r, c = first
    cdef element w, z, x
    cdef element* b
    while c + 2 <= last:
        b = a + c * m
        w, z = b[i], b[m + i]
        for r in range(i + 1, m):
            x = conjugate(v[r])
            w = w + product(x, b[r])
            z = z + product(x, b[m + r])
        w, z = product(w, tau), product(z, tau)
        b[i] = b[i] - w
        b[m + i] = b[m + i] - z
        for r in range(i + 1, m):
            b[r] = b[r] - product(w, v[r])
            b[m + r] = b[m + r] - product(z, v[r])
        c += 2
    for c in range(c, last):
        w = a[c * m + i]
        for r in range(i + 1, m):
            w = w + product(conjugate(v[r]), a[c * m + r])
        w = product(w, tau)
        a[c * m + i] = a[c * m + i] - w
        for r in range(i + 1, m):
            a[c * m + r] = a[c * m + r] - product(w, v[r])


cdef bint factor_qr(int m, int n, element* a, element* tau) noexcept nogil:
    cdef int i, r
    cdef double below, alpha, beta
    cdef element* v
    cdef element scale
    for i in range(m if m < n else n):
        v = a + i * m
        below = 0
        for r in range(i + 1, m):
            below += square(v[r])
        alpha = real_part(v[i])
        if below == 0 and v[i] == <element>alpha:      # a phase is taken away, however small
            tau[i] = 0
            continue
        beta = sqrt(below + square(v[i]))
        if not 1e-140 < beta < 1e140:
            return False
        beta = -copysign(beta, alpha)
        tau[i] = (<element>beta - v[i]) / <element>beta
        scale = 1 / (v[i] - <element>beta)
        for r in range(i + 1, m):
            v[r] = product(v[r], scale)
        v[i] = <element>beta
        reflect(m, i, i + 1, n, v, conjugate(tau[i]), a)
    return True


cdef void form_q(int m, int n, int k, element* a, element* tau) noexcept nogil:
    cdef int i, r, c
    for c in range(k, n):
        for r in range(m):
            a[c * m + r] = 1 if r == c else 0
    for i in range(k - 1, -1, -1):
        reflect(m, i, i + 1, n, a + i * m, tau[i], a)
        for r in range(i + 1, m):
            a[i * m + r] = -product(tau[i], a[i * m + r])
        a[i * m + i] = 1 - tau[i]
        for r in range(i):
            a[i * m + r] = 0


cdef void apply_q(bint adjoint, int m, int n, int k, element* A, int ld, element* tau, element* C) noexcept nogil:
    cdef int i
    if adjoint:
        for i in range(k):
            reflect(m, i, 0, n, A + i * ld, conjugate(tau[i]), C)
    else:
        for i in range(k - 1, -1, -1):
            reflect(m, i, 0, n, A + i * ld, tau[i], C)


cdef bint small_qr(int type, int m, int n, void* a, void* tau) noexcept nogil:
    if type == LAPACK_FLOAT32:
        return factor_qr(m, n, <float*>a, <float*>tau)
    if type == LAPACK_FLOAT64:
        return factor_qr(m, n, <double*>a, <double*>tau)
    if type == LAPACK_COMPLEX64:
        return factor_qr(m, n, <float complex*>a, <float complex*>tau)
    return factor_qr(m, n, <double complex*>a, <double complex*>tau)


cdef void small_q(int type, int m, int n, int k, void* a, void* tau) noexcept nogil:
    if type == LAPACK_FLOAT32:
        form_q(m, n, k, <float*>a, <float*>tau)
    elif type == LAPACK_FLOAT64:
        form_q(m, n, k, <double*>a, <double*>tau)
    elif type == LAPACK_COMPLEX64:
        form_q(m, n, k, <float complex*>a, <float complex*>tau)
    else:
        form_q(m, n, k, <double complex*>a, <double complex*>tau)


cdef void small_apply(int type, bint adjoint, int m, int n, int k, void* A, int ld, void* tau, void* C) noexcept nogil:
    if type == LAPACK_FLOAT32:
        apply_q(adjoint, m, n, k, <float*>A, ld, <float*>tau, <float*>C)
    elif type == LAPACK_FLOAT64:
        apply_q(adjoint, m, n, k, <double*>A, ld, <double*>tau, <double*>C)
    elif type == LAPACK_COMPLEX64:
        apply_q(adjoint, m, n, k, <float complex*>A, ld, <float complex*>tau, <float complex*>C)
    else:
        apply_q(adjoint, m, n, k, <double complex*>A, ld, <double complex*>tau, <double complex*>C)

"""Samples of linear algebra; vectors that are known up to a sign are looked at by their magnitudes."""
import math

from samples import Sample, complexes, plain, real, samples, strided

L = "linalg."


def square():
    yield real(3, 3)
    yield complexes(2, 2)
    yield real(2, 2, 2)
    yield strided(real, 3, 3)
    yield real(1, 1)
    yield complexes(2, 2, 2)
    yield real(0, 0)


def oblong():
    yield real(3, 2)
    yield complexes(2, 3)
    yield real(2, 2, 3)
    yield strided(real, 3, 3)
    yield complexes(2, 3, 2)


def positive(A):
    return A @ A.mH + 1.5 * (A @ A.mH * 0).diagonal(0, -2, -1).add(1).diag_embed()


def hermitian(A):
    return A + A.mH


def magnitudes(parts):
    return [x.abs() for x in parts]


@samples("det", "inverse", "matrix_exp", L + "det", L + "inv", L + "matrix_exp")
def of_square():
    for A in square():
        yield Sample(A)


def factor(A):
    """A triangular matrix with positive numbers on its diagonal."""
    return A.tril(-1) + (A * A.conj()).diagonal(0, -2, -1).add(1).diag_embed()


@samples("slogdet", L + "slogdet", "logdet")
def logarithms(name):
    for A in square():
        yield Sample(A).prepare(positive) if name == "logdet" else Sample(A)


@samples(L + "inv_ex", L + "solve_ex", L + "cholesky_ex", L + "lu_factor_ex")
def with_codes(name):
    yield (Sample(real(3, 3), real(3, 2)) if "solve" in name else Sample(real(3, 3)).prepare(positive)).see(
        lambda y: y[0])


@samples("cholesky", L + "cholesky")
def cholesky():
    for A in square():
        yield Sample(A).prepare(positive)
    yield Sample(real(3, 3), upper=True).prepare(positive)
    yield Sample(complexes(2, 2), upper=True).prepare(positive)


@samples("cholesky_inverse")
def cholesky_inverse():
    for A in square():
        yield Sample(A).prepare(factor)
    yield Sample(real(3, 3), True).prepare(lambda A: factor(A).mT)


@samples("cholesky_solve")
def cholesky_solve():
    def function(B, A, upper=False):
        module = __import__(type(A).__module__.partition(".")[0])
        return module.cholesky_solve(B, factor(A).mT if upper else factor(A), upper)
    yield Sample(real(3, 2), real(3, 3)).by(function)
    yield Sample(complexes(2, 1), complexes(2, 2)).by(function)
    yield Sample(real(2, 2, 1), real(2, 2), True).by(function)


@samples("qr", L + "qr")
def qr():
    for A in oblong():
        if A.shape[-2] >= A.shape[-1]:
            yield Sample(A)
    yield Sample(real(2, 3))


@samples(L + "householder_product", "orgqr")
def householder_product():
    yield Sample(real(3, 2), real(2))
    yield Sample(complexes(3, 2), complexes(2))
    yield Sample(real(2, 3, 3), real(2, 2))


@samples("ormqr")
def ormqr():
    yield Sample(real(3, 2), real(2), real(3, 2))
    yield Sample(real(3, 2), real(2), real(2, 3), False, True)
    yield Sample(complexes(3, 2), complexes(2), complexes(3, 1), True, True)


@samples("geqrf")
def geqrf():
    yield Sample(plain(3, 2))


@samples(L + "lu_factor", L + "lu", "lu")
def lu(name):
    see = {L + "lu": lambda y: y[1:], L + "lu_factor": lambda y: y[0], "lu": lambda y: y[0]}[name]
    for A in oblong():
        yield (Sample(A) if name != "lu" else Sample(A).by(lambda A: A.lu())).see(see)


@samples("lu_solve", L + "lu_solve")
def lu_solve(name):
    def function(A, B, **options):
        module = __import__(type(A).__module__.partition(".")[0])
        LU, pivots = module.linalg.lu_factor(A)
        return module.lu_solve(B, LU, pivots) if name == "lu_solve" else module.linalg.lu_solve(
            LU, pivots, B, **options)
    yield Sample(real(3, 3), real(3, 2)).by(function)
    yield Sample(complexes(2, 2), complexes(2, 1)).by(function)
    yield Sample(real(2, 2, 2), real(2, 2, 1)).by(function)
    if name != "lu_solve":
        yield Sample(real(3, 3), real(2, 3), left=False).by(function)
        yield Sample(complexes(2, 2), complexes(2, 2), adjoint=True).by(function)


@samples("lu_unpack")
def lu_unpack():
    def function(A):
        module = __import__(type(A).__module__.partition(".")[0])
        return module.lu_unpack(*module.linalg.lu_factor(A))[1:]
    for A in oblong():
        yield Sample(A).by(function)


@samples("svd", L + "svd")
def svd(name):
    for A in oblong():
        yield (Sample(A) if name == "svd" else Sample(A, False)).see(magnitudes)


@samples(L + "svdvals", L + "matrix_rank")
def svdvals():
    for A in oblong():
        yield Sample(A)


@samples("svd_lowrank", "pca_lowrank")
def low_rank(name):
    import ctorch

    def function(A):
        ctorch.manual_seed(3)
        return getattr(ctorch, name)(A, 2)
    yield Sample(real(4, 2)).by(function).see(magnitudes).alone()


@samples("pinverse", L + "pinv")
def pinv(name):
    for A in oblong():
        yield Sample(A)
    if name != "pinverse":
        yield Sample(real(3, 3), hermitian=True).prepare(hermitian)


@samples("matrix_power", L + "matrix_power")
def matrix_power():
    for n in (3, -2, 1, 0, 2):
        yield Sample(real(2, 2), n)
    yield Sample(complexes(2, 2), 3)


@samples("triangular_solve")
def triangular_solve():
    yield Sample(real(3, 2), real(3, 3, gap=0.7))
    yield Sample(complexes(2, 1), complexes(2, 2, low=0.5), False, True)
    yield Sample(real(2, 1), real(2, 2), True, False, True)


@samples(L + "solve")
def solve():
    yield Sample(real(3, 3), real(3, 2))
    yield Sample(complexes(2, 2), complexes(2))
    yield Sample(real(2, 2, 2), real(2, 1))
    yield Sample(real(3, 3), real(2, 3), left=False)
    yield Sample(strided(real, 3, 3), real(3))


@samples(L + "solve_triangular")
def solve_triangular():
    yield Sample(real(3, 3, gap=0.7), real(3, 2), upper=True)
    yield Sample(complexes(2, 2, low=0.5), complexes(2, 1), upper=False)
    yield Sample(real(2, 2), real(1, 2), upper=True, left=False, unitriangular=True)


@samples(L + "lstsq")
def lstsq():
    yield Sample(real(4, 2), real(4, 1)).see(lambda y: y[0])
    yield Sample(real(2, 3), real(2, 1)).see(lambda y: y[0])
    yield Sample(complexes(3, 2), complexes(3, 2)).see(lambda y: y[0])


@samples(L + "eigh", L + "eigvalsh")
def eigh(name):
    for A in square():
        yield (Sample(A).see(magnitudes) if name == L + "eigh" else Sample(A)).prepare(hermitian)
    yield Sample(real(3, 3), "U").prepare(hermitian).see(lambda y: [x.abs() for x in y] if name == L + "eigh" else y)


@samples(L + "eig", L + "eigvals")
def eig(name):
    for A in square():
        yield Sample(A).see(magnitudes) if name == L + "eig" else Sample(A)


@samples(L + "vector_norm")
def vector_norm():
    for ord in (2, 1, 3, 2.5, 1.5, 0.5, 0, -1, math.inf, -math.inf):
        yield Sample(real(2, 3, gap=0.3), ord, 1)
    yield Sample(real(2, 3))
    yield Sample(complexes(2, 2), 3, (0, 1), True)
    yield Sample(complexes(3))
    yield Sample(strided(real, 3, 2), 2, -1)


@samples(L + "matrix_norm", L + "norm")
def matrix_norm():
    for ord in ("fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf):
        yield Sample(real(2, 3), ord)
    yield Sample(complexes(2, 2), "nuc")
    yield Sample(real(2, 3, 2), 2, (0, -1), True)


@samples(L + "cond")
def cond():
    for p in (None, 1, "fro", -2, "nuc"):
        sample = Sample(real(3, 3), p)
        yield sample if p in (None, -2) else sample.alone()        # PyTorch's own backward raises


@samples(L + "cross", L + "vecdot")
def vectors():
    yield Sample(real(2, 3), real(2, 3))
    yield Sample(complexes(1, 3), complexes(2, 3))


@samples(L + "multi_dot")
def multi_dot():
    yield Sample([real(2, 3), real(3, 2), real(2, 1)])
    yield Sample([real(3), real(3, 2), real(2)])


@samples(L + "tensorinv")
def tensorinv():
    yield Sample(real(4, 2, 2), 1)


@samples(L + "tensorsolve")
def tensorsolve():
    yield Sample(real(2, 3, 6), real(2, 3))


@samples(L + "vander", "vander")
def vander(name):
    if name == "vander":                               # PyTorch's own backward raises
        yield Sample(real(3)).alone()
        yield Sample(real(3), 2).alone()
    else:
        yield Sample(real(3))
        yield Sample(real(2, 3), N=2)


@samples(L + "diagonal")
def diagonal():
    yield Sample(real(2, 3), offset=1)


@samples(L + "ldl_factor")
def ldl_factor():
    yield Sample(plain(2, 2)).prepare(hermitian)

"""linalg on matrices of three sizes and on a batch of small ones, and transforms of Fourier."""
from .case import LAYOUTS, Case, Input

LINALG = ["linalg.solve(a, b)", "linalg.solve(a, v)", "linalg.inv(a)", "linalg.det(u)", "linalg.slogdet(a)",
          "linalg.lu(a)", "linalg.lu_factor(a)", "linalg.cholesky(s)", "linalg.qr(a)",
          "linalg.solve_triangular(t, b, upper=True)", "torch.cholesky_solve(b, t, upper=True)",
          "torch.cholesky_inverse(t, upper=True)", "linalg.matrix_power(a, 5)", "linalg.matrix_exp(n)",
          "linalg.matrix_norm(a)", "linalg.norm(a)", "linalg.ldl_factor(s)", "linalg.lu_solve(*lu, b)",
          "linalg.householder_product(*geqrf)", "torch.ormqr(*geqrf, b)"]
SPECTRAL = ["linalg.eigh(s)", "linalg.eigvalsh(s)", "linalg.svd(a)", "linalg.svdvals(a)", "linalg.lstsq(a, b)",
            "linalg.pinv(a)", "linalg.eig(a)", "linalg.eigvals(a)", "linalg.matrix_rank(a)", "linalg.cond(a)",
            "linalg.matrix_norm(a, 2)"]
SHAPES = {(8, 8): 64, (64, 64): 4_096, (512, 512): 262_144, (1000, 4, 4): 16_000, (100, 16, 16): 25_600}
FFT = ["fft.fft(c)", "fft.ifft(c)", "fft.rfft(x)", "fft.irfft(c)", "fft.fft2(c)", "fft.rfft2(x)", "fft.ifft2(c)",
       "fft.fftn(c)", "fft.fft(c, dim=0)", "fft.rfft(x, dim=0)", "fft.hfft(c)", "fft.fftshift(x)", "fft.fft(x)"]
LINES = {1_000: 1_024, 100_000: 100_000, 1_000_000: 1_048_576}
PLANES = {1_000: (32, 32), 100_000: (256, 400), 10_000_000: (2000, 2500)}


def made(shape):
    """Matrices that every decomposition takes."""
    def values(torch):
        side = shape[-1]
        a = Input(shape, -1, 1).tensor(torch)
        eye = torch.eye(side)
        well = a + 3 * side ** 0.5 * eye
        return {"a": well, "u": well / (3 * side ** 0.5), "b": Input((*shape[:-1], min(side, 8)), -1, 1,
                                                                     seed=1).tensor(torch), "n": a / side,
                "v": Input(shape[:-1], -1, 1, seed=2).tensor(torch), "t": well.triu(),
                "s": (a @ a.mT / side + eye).contiguous(), "lu": torch.linalg.lu_factor(well), "geqrf": torch.geqrf(a)}
    return values


def cases():
    for shape, size in SHAPES.items():
        make = made(shape)
        for text in LINALG + [text for text in SPECTRAL if shape != (512, 512) or ("eig(" not in text
                                                                                   and "eigvals(" not in text)]:
            yield Case("linalg", text, {}, size, label=f"{text}, {'x'.join(map(str, shape))}", values=make)
    for text in ("linalg.solve(a, b)", "linalg.inv(a)", "linalg.cholesky(s)", "linalg.eigh(s)", "linalg.svd(a)"):
        for layout in ("transposed", "sliced"):
            yield Case("linalg", text, {name: Input((64, 64), 0.1, 1, layout=layout) for name in ("a", "b")}, 4_096,
                       layout,
                       label=f"{text}, 64x64",
                       values=lambda torch, layout=layout: {
                           "s": laid(made((64, 64))(torch)["s"], layout), "a": laid(made((64, 64))(torch)["a"],
                                                                                    layout)})
    for size, shape in PLANES.items():
        for layout in LAYOUTS if size < 10**6 else ("contiguous", "transposed"):
            given = {"x": Input(shape, -1, 1, layout=layout), "c": Input(shape, -1, 1, "complex64", layout=layout)}
            for text in FFT:
                yield Case("fft", text, given, size, layout)
    for size, length in LINES.items():
        given = {"x": Input((length,), -1, 1), "c": Input((length,), -1, 1, "complex64"),
                 "d": Input((length,), -1, 1, "complex128")}
        for text in ("fft.fft(c)", "fft.rfft(x)", "fft.irfft(c)", "fft.fft(d)", "fft.ifft(c)"):
            yield Case("fft", text, given, size, label=f"{text}, one line")
    given = {"x": Input((16, 16_000), -1, 1), "w": Input((400,), 0.1, 1)}
    yield Case("fft", "torch.stft(x, 400, 160, window=w, return_complex=True)", given, 256_000)


def laid(tensor, layout):
    if layout == "transposed":
        return tensor.mT
    return tensor.repeat_interleave(2, -1)[..., ::2]

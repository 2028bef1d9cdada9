"""Products of matrices and vectors, contractions, distances."""
from .case import Case, Input

SIDES = (10, 31, 100, 316, 1000)
MATRICES = ["a @ b", "a.t() @ b", "a @ b.t()", "torch.addmm(c, a, b)", "F.linear(a, b)", "a @ v", "v @ a",
            "torch.outer(v, v)", "torch.addr(c, v, v)", "torch.dot(v, v)", "torch.mv(a.t(), v)",
            "torch.einsum('ij,jk->ik', a, b)", "torch.einsum('ij,ij->i', a, b)", "torch.einsum('ij->ji', a)",
            "torch.tensordot(a, b, 1)", "torch.inner(a, b)", "torch.cdist(a, b)", "a[:, ::2] @ b[::2]"]
SLOWER = ["torch.cdist(a, b, p=1)", "torch.kron(a[:20, :20], b[:20, :20])", "torch.einsum('ij,jk,kl->il', a, b, c)",
          "linalg.multi_dot([a, b, c])", "torch.einsum('ij,kj,lj->ikl', a[:30, :30], b[:30, :30], c[:30, :30])",
          "torch.chain_matmul(a, b, v[:, None])", "torch.renorm(a, 2, 0, 1.0)", "F.pdist(a)",
          "F.cosine_similarity(a, b)"]
BATCHES = {(100, 4, 4): 1_600, (100, 16, 16): 25_600, (64, 64, 64): 262_144, (8, 256, 256): 524_288}
BATCHED = ["torch.bmm(a, b)", "a @ b.transpose(1, 2)", "torch.baddbmm(c, a, b)", "torch.einsum('bij,bjk->bik', a, b)",
           "a @ m", "torch.einsum('bij,bkj->bik', a, b)", "torch.addbmm(c[0], a, b)", "torch.cdist(a, b)",
           "torch.linalg.cross(a[..., :3], b[..., :3])", "torch.linalg.vecdot(a, b)"]
TALL = {"thin": ((10_000, 16), (16, 16)), "wide": ((16, 10_000), (10_000, 16)), "deep": ((64, 4096), (4096, 64)),
        "one row": ((1, 1000), (1000, 1000))}


def cases():
    for side in SIDES:
        given = {name: Input((side, side), -1, 1, seed=seed) for seed, name in enumerate("abc")}
        given["v"] = Input((side,), -1, 1)
        for text in MATRICES + (SLOWER if side < 1000 else []):
            yield Case("products", text, given, side * side)
        for dtype in ("float64", "bfloat16", "complex64", "int64") if side < 1000 else ():
            other = {name: Input((side, side), -4, 4, dtype, seed=seed) for seed, name in enumerate("ab")}
            yield Case("products", "a @ b", other, side * side, label=f"a @ b, {dtype}")
    for shape, size in BATCHES.items():
        given = {name: Input(shape, -1, 1, seed=seed) for seed, name in enumerate("abc")}
        given["m"] = Input(shape[1:], -1, 1)
        for text in BATCHED:
            yield Case("products", text, given, size, label=f"{text}, {'x'.join(map(str, shape))}")
    for name, (one, two) in TALL.items():
        yield Case("products", "a @ b", {"a": Input(one, -1, 1), "b": Input(two, -1, 1)}, one[0] * one[1],
                   label=f"a @ b, {name}")

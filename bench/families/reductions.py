"""Reductions over the first, the last and all dimensions, scans, and what returns statistics."""
from dataclasses import replace

from .case import LAYOUTS, Input, matrix, over

ALL = ["x.sum()", "x.mean()", "x.amax()", "x.prod()", "x.argmax()", "x.var()", "x.norm()", "x.max()", "x.any()",
       "x.all()", "torch.logsumexp(x, (0, 1))", "torch.count_nonzero(x)", "torch.nansum(x)", "torch.aminmax(x)",
       "x.std()"]
ALONG = ["x.sum({})", "x.mean({})", "x.amax({})", "x.amin({})", "x.prod({})", "x.argmax({})", "x.argmin({})",
         "x.max({})", "x.var({})", "torch.std_mean(x, {})", "torch.logsumexp(x, {})", "linalg.vector_norm(x, dim={})",
         "linalg.vector_norm(x, 1, dim={})", "linalg.vector_norm(x, float('inf'), dim={})", "x.all({})",
         "torch.nanmean(x, {})", "torch.count_nonzero(x, {})", "torch.aminmax(x, dim={})"]
OTHER = ["x.sum({})", "x.amax({})", "x.mean({})", "x.prod({})", "x.argmax({})"]
TRUTH = ["b.sum()", "b.sum({})", "b.any({})", "b.all({})", "torch.count_nonzero(b, {})"]
SCANS = ["x.cumsum({})", "x.cumprod({})", "torch.cummax(x, {})", "torch.cummin(x, {})", "torch.logcumsumexp(x, {})",
         "torch.diff(x, dim={})", "torch.trapezoid(x, dim={})", "torch.cumulative_trapezoid(x, dim={})",
         "torch.gradient(x, dim={})"]
DTYPES = ["float64", "float16", "bfloat16", "int64", "int32", "uint8", "complex64"]

NEAR_ONE = {"complex64": (0.65, 0.77)}  # that products stay finite


def spread(texts):
    """Texts along the first and along the last dimension."""
    return [text.format(dim) for text in texts for dim in ((0, -1) if "{}" in text else (0,))]


def of(**options):
    return lambda size, layout: {"x": matrix(size, layout=layout, **options)}


def near_one(size, layout):
    return {"x": matrix(size, low=0.9, high=1.1, layout=layout)}


def cases():
    texts = ALL + spread(ALONG)
    products = [text for text in texts if "prod" in text]
    yield from over("reductions", [text for text in texts if text not in products], of(), layouts=LAYOUTS)
    yield from over("reductions", products, near_one, layouts=LAYOUTS)
    three = {1_000: (10, 10, 10), 100_000: (50, 40, 50), 10_000_000: (200, 250, 200)}
    yield from over("reductions", ["x.sum(1)", "x.amax(1)", "x.mean((0, 2))", "x.var((0, 1))", "x.argmax(1)"],
                    lambda size, layout: {"x": Input(three[size], layout=layout)}, layouts=("contiguous", "transposed"))
    yield from over("reductions", ["x.sum(-1)", "x.amax(-1)", "x.mean(-1)", "x.argmax(-1)", "x.var(-1)"],
                    lambda size, layout: {"x": Input((size // 20, 20), layout=layout)}, layouts=("contiguous",
                                                                                                 "sliced"))
    for dtype in DTYPES:
        ordered = not dtype.startswith("complex")
        chosen = [t for t in spread(OTHER) + ["x.sum()"] if (ordered or "max" not in t)
                  and ("float" in dtype or not ordered or "mean" not in t)]
        bounds = NEAR_ONE.get(dtype, (0.9, 1.1) if "float" in dtype else (1, 2))
        for case in over("reductions by dtype", chosen, of(dtype=dtype, low=bounds[0], high=bounds[1])):
            if "float16" not in dtype or case.text != "x.sum()":
                yield replace(case, label=f"{case.text}, {dtype}")
    yield from over("reductions by dtype", spread(TRUTH), lambda size, layout: {"b": matrix(size, dtype="bool",
                                                                                            layout=layout)},
                    layouts=("contiguous", "transposed"))
    yield from over("reductions by dtype", ["x.sum()"], of(dtype="float16", low=-1, high=1))
    scans = spread(SCANS)
    yield from over("scans", [t for t in scans if "cumprod" not in t], of(), layouts=LAYOUTS)
    yield from over("scans", [t for t in scans if "cumprod" in t], near_one, layouts=LAYOUTS)
    yield from over("scans", ["x.cumsum(0)"], lambda size, layout: {"x": Input((size,), layout=layout)})
    yield from over("scans", spread(["x.cumsum({})", "torch.cummax(x, {})"]), of(dtype="int64", low=0, high=9),
                    layouts=("contiguous", "transposed"))

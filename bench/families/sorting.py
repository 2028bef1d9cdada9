"""Sorting, searching, selecting by order, sets, histograms."""
from .case import LAYOUTS, Input, matrix, over

ALONG = ["x.sort()", "x.sort(0)", "x.sort(descending=True)", "x.sort(stable=True)", "x.argsort()", "torch.msort(x)",
         "x.topk(5)", "x.topk(5, 0)", "x.topk(5, largest=False)", "x.kthvalue(10)", "x.kthvalue(10, 0)", "x.median(-1)",
         "x.median(0)", "x.mode()", "torch.quantile(x, 0.3, dim=-1)", "torch.nanmedian(x, -1)"]
FLAT = ["v.sort()", "v.argsort()", "v.topk(10)", "v.kthvalue(100)", "v.median()",
        "v.sort(stable=True, descending=True)"]
WHOLE = ["w.sort()", "w.unique()", "torch.unique(w, return_inverse=True)", "torch.unique(w, return_counts=True)",
         "torch.unique_consecutive(w)", "torch.isin(w, few)", "torch.bincount(w)"]
SEARCH = ["torch.searchsorted(edges, v)", "torch.bucketize(v, edges)", "torch.bucketize(v, edges, right=True)"]
HISTOGRAMS = ["torch.histc(v, 100, -3, 3)", "torch.histogram(v, 100, range=(-3., 3.))", "torch.histogram(v, edges)",
              "torch.bincount(w)", "torch.bincount(w, weights=v)"]
SIZES = (1_000, 100_000, 1_000_000)


def flat(size, layout):
    return {"v": Input((size,)), "w": Input((size,), 0, 1000, "int64"), "few": Input((50,), 0, 1000, "int64")}


def edges(torch):
    return {"edges": torch.linspace(-3, 3, 101)}


def cases():
    # Where elements repeat along the dimension, PyTorch's median reads memory beside them, and may end the process.
    apart = [text for text in ALONG if text != "x.median(0)"]
    for layout in LAYOUTS:
        yield from over("sort", apart if layout == "broadcast" else ALONG,
                        lambda size, layout: {"x": matrix(size, layout=layout)}, sizes=(1_000, 100_000),
                        layouts=(layout,))
    yield from over("sort", ALONG, lambda size, layout: {"x": Input((1000, 1000), layout=layout)}, sizes=(1_000_000,))
    yield from over("sort", ["x.sort()", "x.topk(5)", "x.median(-1)"], lambda size, layout: {"x": matrix(size)},
                    sizes=(10_000_000,))
    yield from over("sort", FLAT, flat, sizes=SIZES)
    yield from over("sort", ["x.sort()", "x.sort(0)", "x.topk(5)"],
                    lambda size, layout: {"x": matrix(size, low=0, high=1000, dtype="int64")}, sizes=(1_000, 100_000))
    yield from over("search and sets", WHOLE, flat, sizes=SIZES)
    yield from over("search and sets", SEARCH, flat, sizes=(1_000, 100_000, 10_000_000), values=edges)
    yield from over("histograms", HISTOGRAMS, flat, sizes=(1_000, 100_000, 10_000_000), values=edges)

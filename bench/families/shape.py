"""Joining, splitting, copies in another order, triangles, padding; and factories."""
from dataclasses import replace

import numpy

from .case import LAYOUTS, SHAPES, Input, matrix, over

COPIES = ["torch.cat([x, y])", "torch.cat([x, y], 1)", "torch.stack([x, y])", "torch.stack([x, y], -1)", "x.roll(3, 0)",
          "x.roll(5, 1)", "x.flip(0)", "x.flip(1)", "x.flip((0, 1))", "torch.rot90(x)", "x.t().contiguous()",
          "x.contiguous()", "x.clone()", "x.repeat(2, 1)", "x.tile((1, 2))", "x.repeat_interleave(2, 0)",
          "x.repeat_interleave(2, 1)", "x.reshape(-1)", "x.tril()", "x.triu(1)", "F.pad(x, (1, 1, 2, 2))",
          "F.pad(x[None], (1, 2), mode='reflect')", "F.pad(x[None], (1, 2), mode='replicate')",
          "F.pad(x[None], (1, 2), mode='circular')", "x.diagonal().clone()", "x.trace()", "torch.hstack([x, y])",
          "torch.dstack([x, y])", "x.unfold(1, 4, 2).clone()", "torch.meshgrid(x[0], y[:, 0], "
          "indexing='ij')[0].contiguous()", "x.half()", "x[None].expand(2, -1, -1).contiguous()"]
THREE = ["x.permute(2, 0, 1).contiguous()", "x.permute(1, 0, 2).contiguous()", "x.permute(0, 2, 1).contiguous()",
         "x.permute(2, 1, 0).contiguous()", "torch.cat([x, x], 1)", "torch.cat([x, x], 2)", "x.flip(1)",
         "x.movedim(0, -1).clone()"]
SMALL = ["torch.block_diag(m, m, m)", "torch.cartesian_prod(v, v)", "torch.combinations(v)", "torch.diag(v)",
         "torch.diag_embed(m)", "torch.vander(v, 8)", "torch.cat([m] * 50)", "torch.stack([m] * 50)",
         "torch.split(m, 5)", "torch.chunk(m, 4)", "torch.unbind(m)", "torch.tensor_split(m, 3)", "m.view(-1)", "m.t()",
         "m.expand(3, 32, 32)", "torch.tril_indices(32, 32)", "torch.broadcast_tensors(m, v)"]
FACTORIES = ["torch.zeros({0}, {1})", "torch.ones({0}, {1})", "torch.full(({0}, {1}), 2.5)", "torch.empty({0}, {1})",
             "torch.arange({2})", "torch.arange(0., {2}.)", "torch.linspace(0, 1, {2})", "torch.logspace(0, 1, {2})",
             "torch.eye({0})", "torch.full(({0}, {1}), 7)", "torch.hann_window({0})", "torch.kaiser_window({0})",
             "torch.fft.fftfreq({2})"]
LIKE = ["torch.zeros_like(x)", "torch.ones_like(x)", "torch.full_like(x, 2.5)", "torch.empty_like(x)",
        "x.new_zeros(x.shape)"]
THIRD = {1_000: (10, 10, 10), 100_000: (40, 50, 50), 10_000_000: (200, 250, 200)}


def cases():
    yield from over("copies", COPIES, lambda size, layout: {"x": matrix(size, layout=layout),
                                                            "y": matrix(size, layout=layout, seed=1)}, layouts=LAYOUTS)
    yield from over("copies", THREE, lambda size, layout: {"x": Input(THIRD[size])})
    yield from over("copies", SMALL, lambda size, layout: {"m": Input((32, 32)), "v": Input((32,))}, sizes=(1_000,))
    for dtype in ("uint8", "float16", "float64", "complex64"):
        for case in over("copies", ["x.t().contiguous()", "torch.cat([x, x])", "x.flip(1)"],
                         lambda size, layout, dtype=dtype: {"x": matrix(size, low=0, high=9, dtype=dtype)}):
            yield replace(case, label=f"{case.text}, {dtype}")
    for size, (rows, columns) in SHAPES.items():
        yield from over("factories", [text.format(rows, columns, size) for text in FACTORIES], lambda size, layout: {},
                        sizes=(size,))
    yield from over("factories", LIKE, lambda size, layout: {"x": matrix(size, layout=layout)},
                    layouts=("contiguous", "transposed"))
    numbers = [0.5] * 1000
    yield from over("factories", ["torch.tensor(numbers)", "torch.tensor(array)", "torch.from_numpy(array)",
                                  "x.tolist()", "x.numpy()", "x.sum().item()"],
                    lambda size, layout: {"x": Input((1000,))}, sizes=(1_000,),
                    values=lambda torch: {"numbers": numbers, "array": numpy.ones(1000)})

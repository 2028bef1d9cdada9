"""Reading and writing by index, by mask and by position."""
from .case import LAYOUTS, SHAPES, Input, matrix, over

READ = ["x[rows]", "x[:, columns]", "x[rows, 3]", "x[mask]", "x[::2]", "x[1:-1, 1:-1].clone()",
        "x[rows[:, None], columns]", "torch.index_select(x, 0, rows)", "torch.index_select(x, 1, columns)",
        "torch.gather(x, 0, down)", "torch.gather(x, 1, across)", "torch.take(x, places)",
        "torch.take_along_dim(x, across, 1)", "torch.masked_select(x, mask)", "torch.nonzero(mask)",
        "torch.argwhere(mask)", "torch.where(mask)", "x.masked_fill(mask, 0)"]
WRITE = ["x.scatter(0, down, y)", "x.scatter(1, across, y)", "x.scatter(1, across, 2.0)", "x.scatter_add(0, down, y)",
         "x.scatter_add(1, across, y)", "x.scatter_reduce(0, down, y, 'sum')", "x.scatter_reduce(1, across, y, 'amax')",
         "x.scatter_reduce(0, down, y, 'mean')", "x.index_add(0, rows, y)", "x.index_add(1, columns, y)",
         "x.index_copy(0, rows, y)", "x.index_fill(0, rows, 1.0)", "x.index_fill(1, columns, 1.0)",
         "x.index_reduce(0, rows, y, 'amax')", "x.put(places, y)", "x.masked_scatter(mask, y)",
         "x.index_put((rows,), y)", "x.index_put((rows,), y, accumulate=True)",
         "torch.select_scatter(x, y[0], 0, 1)", "torch.slice_scatter(x, y[::2], 0, 0, None, 2)",
         "torch.diagonal_scatter(x, y.diagonal())"]
STORE = ["w[rows] = y", "w[mask] = 0.0", "w[:, columns] = y", "w[1:-1] = y[1:-1]", "w[::2, 1] = 0.0"]


def given(size, layout):
    shape = SHAPES[size]
    return {
        "x": matrix(size, layout=layout), "y": matrix(size, layout=layout, seed=1),
        "rows": Input((shape[0],), 0, shape[0], "int64"), "columns": Input((shape[1],), 0, shape[1], "int64"),
        "down": matrix(size, low=0, high=shape[0], dtype="int64"), "across": matrix(size, low=0, high=shape[1],
                                                                                    dtype="int64"),
        "places": matrix(size, low=0, high=size, dtype="int64"), "mask": matrix(size, dtype="bool"),
    }


def store(size):
    return lambda torch: {"w": torch.zeros(SHAPES[size])}


def cases():
    yield from over("indexing", READ, given, layouts=LAYOUTS)
    yield from over("scatter", WRITE, given, layouts=[each for each in LAYOUTS if each != "broadcast"])
    for size in SHAPES:
        yield from over("scatter", STORE, given, sizes=(size,), values=store(size))

"""x[index tensors] where x, the index tensors or what is put there are batched."""
import ctorch
from ctorch._batched import batched, is_batched, real, target, union
from ctorch._batched import levels as levels_of
from ctorch._indexing import _index_rows, _put_rows

__all__ = ["index", "index_put"]


class _Places:
    """An index of real tensors that gives (levels, dimensions of the index, the others).

    Where an index tensor is batched, each hidden dimension of x is indexed too, by the number of the example.
    """

    def __init__(self, x, tensors):
        dims = [d for d, _ in tensors]
        self.levels = union([x, *(t for _, t in tensors)])
        self.order = dims + [d for d in range(x.ndim) if d not in dims]      # of x's dimensions, those indexed first
        self.width = max(t.ndim for _, t in tensors)
        self.place = dims[0] if dims == list(range(dims[0], dims[0] + len(dims))) else 0
        own, n = levels_of(x), len(self.levels)
        if not any(is_batched(t) for _, t in tensors):
            self.tensors = [(n + k, t) for k, (_, t) in enumerate(tensors)]
            return
        self.tensors = []
        for k, level in enumerate(own):
            shape = [1] * (n + self.width)
            shape[self.levels.index(level)] = level[1]
            self.tensors.append((k, ctorch.arange(level[1], device=x.device).reshape(shape)))
        for k, (_, t) in enumerate(tensors):
            whole = real(t, self.levels)
            ones = [1] * (self.width - t.ndim)
            self.tensors.append((len(own) + k, whole.reshape(*whole.shape[:n], *ones, *t.shape)))

    def body(self, x, whole):
        """What is indexed: the real tensor behind x, in that order."""
        n = len(levels_of(x))
        return whole.permute(*range(n), *[n + d for d in self.order])

    def seen(self, ndim, n):
        """The order of a result's dimensions as the user has them, behind n others."""
        index = list(range(n, n + self.width))
        rest = list(range(n + self.width, n + ndim))
        return [*range(n), *rest[:self.place], *index, *rest[self.place:]]


def index(x, tensors):
    """x indexed by tensors; not recorded."""
    places = _Places(x, tensors)
    y = _index_rows(places.body(x, real(x, levels_of(x))), places.tensors)
    n = len(places.levels)
    return batched(y.permute(places.seen(y.ndim - n, n)), places.levels)


def index_put(x, tensors, values, add):
    """x at the index tensors = (or +=) values; not recorded."""
    whole = target(x, [values, *(t for _, t in tensors)])
    places = _Places(x, tensors)
    body, n = places.body(x, whole), len(places.levels)
    spread = ctorch.broadcast_shapes(*[t.shape for _, t in tensors])
    rest = [x.shape[d] for d in places.order[len(tensors):]]
    shape = [*rest[:places.place], *spread, *rest[places.place:]]
    seen = places.seen(len(shape), 0)
    values = real(values.expand(shape), places.levels, True)
    back = [seen.index(k) for k in range(len(shape))]
    _put_rows(body, places.tensors, values.permute(*range(n), *[n + d for d in back]), add)

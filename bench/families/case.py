"""A case is a statement, a size and a layout; its inputs hold the same values for both backends."""
import functools
import zlib
from dataclasses import dataclass, field

import numpy

SHAPES = {1_000: (25, 40), 100_000: (250, 400), 10_000_000: (2500, 4000)}
LAYOUTS = ("contiguous", "transposed", "broadcast", "sliced")
KEPT = 12  # inputs that are kept for the next case


@dataclass(frozen=True)
class Input:
    """Values between two bounds, or whole numbers where the dtype is of whole numbers, in one layout.

    `sliced` takes every second element of twice as long rows. `broadcast` repeats one row, and with `column`
    one column, so that two operands meet as an outer product does.
    """

    shape: tuple
    low: float = -3.0
    high: float = 3.0
    dtype: str = "float32"
    layout: str = "contiguous"
    column: bool = False
    seed: int = 0

    def stored(self):
        """The shape in memory."""
        if self.layout == "contiguous" or len(self.shape) < 2:
            return self.shape
        *rest, rows, columns = self.shape
        return {"transposed": (*rest, columns, rows), "sliced": (*rest, rows, 2 * columns),
                "broadcast": (*rest, rows, 1) if self.column else (*rest, 1, columns)}[self.layout]

    def array(self):
        """Values as a NumPy array of the nearest dtype that NumPy has."""
        shape = self.stored()
        generator = numpy.random.default_rng([self.seed, zlib.crc32(repr(shape).encode())])
        if self.dtype == "bool":
            return generator.random(shape) < 0.5
        if "int" in self.dtype:
            return generator.integers(int(self.low), int(self.high), shape).astype(self.dtype)
        values = generator.random(shape, dtype=numpy.float32) * numpy.float32(self.high - self.low)
        values += numpy.float32(self.low)
        if self.dtype.startswith("complex"):
            return (values + 1j * values[..., ::-1]).astype(self.dtype)
        return values if "float" in self.dtype and self.dtype.endswith("16") else values.astype(self.dtype)

    def tensor(self, torch):
        tensor = torch.from_numpy(self.array()).clone()
        if str(tensor.dtype) != f"torch.{self.dtype}" and self.dtype.endswith("float16"):
            tensor = tensor.to(getattr(torch, self.dtype))
        if self.layout == "contiguous" or len(self.shape) < 2:
            return tensor
        if self.layout == "transposed":
            return tensor.transpose(-1, -2)
        return tensor[..., ::2] if self.layout == "sliced" else tensor.expand(self.shape)


@functools.lru_cache(KEPT)
def _kept(source, torch):
    return source.tensor(torch)


@dataclass(frozen=True)
class Case:
    """One statement on inputs of one size; `values(torch)` makes what inputs cannot say."""

    family: str
    text: str
    inputs: dict
    size: int
    layout: str = "contiguous"
    label: str = ""
    values: object = field(default=None, compare=False)

    @property
    def name(self):
        return self.label or self.text

    def __str__(self):
        return f"{self.name}  {self.size:.0e}  {self.layout}".replace("e+0", "e").replace("e+", "e")

    def namespace(self, torch):
        """The names that the statement sees."""
        used = compile(self.text, self.text, "exec").co_names
        names = {name: _kept(source, torch) for name, source in self.inputs.items() if name in used}
        names |= {"torch": torch, "F": torch.nn.functional, "linalg": torch.linalg, "fft": torch.fft}
        return names | (self.values(torch) if self.values else {})


def matrix(size, **options):
    """An input of a size's usual shape."""
    return Input(SHAPES[size], **options)


def over(family, texts, inputs, sizes=tuple(SHAPES), layouts=("contiguous",), values=None):
    """Cases of each statement at each size and layout; `inputs(size, layout)` makes the inputs."""
    for size in sizes:
        for layout in layouts:
            given = inputs(size, layout)
            for text in texts:
                yield Case(family, text, given, size, layout, values=values)

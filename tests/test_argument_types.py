"""Arguments of another type than a function's are refused by name, in PyTorch's words."""
import sys
from pathlib import Path

import numpy as np
import pytest
from mirror import needs_torch, torch

import ctorch

PACKAGE = Path(__file__).parents[1] / "src" / "ctorch"
sys.path.append(str(PACKAGE))
from _codegen import table  # noqa: E402  (found by the line above)

ROWS = table.read(PACKAGE)
x = ctorch.ones(3, 4)
# For each type of the table: a value of it, what PyTorch calls it, and values that will not do for it.
TYPES = {"int": (1, "int", ["a", 1.5, True, None, object()]),
         "dim": (0, "int", ["a", 0.0, False, [0]]),
         "float": (0.5, "float", ["a", None, [1.0], object()]),
         "bool": (False, "bool", ["a", 1.5, [True], object()]),
         "str": ("mean", "str", [1, b"mean", ["mean"]]),
         "Tensor": (x, "Tensor", ["a", np.ones(3), [1.0], None]),
         "Scalar": (2, "Number", ["a", [1], None, object()]),
         "dims": ((0, 1), "tuple of ints", ["a", 1.5, object()]),
         "dtype": (ctorch.float32, "torch.dtype", ["float32", 1, [ctorch.float32], np.float64]),
         "Tensors": ([x], "tuple of Tensors", ["a", 1.5])}


def checked(row, arg):
    return arg.type.rstrip("?") in TYPES and not (row.kind == "elementwise" and arg.type == "Tensor")


CASES = [(row.name, i) for row in ROWS.values() if row.public and not row.name.startswith("_")
         for i, arg in enumerate(row.args) if checked(row, arg)]


def test_most_arguments_are_looked_at():
    assert len(CASES) > 700


def function_of(name):
    return getattr(ctorch._functions, name)


@pytest.mark.parametrize("name, place", CASES)
def test_wrong_types(name, place):
    row = ROWS[name]
    arg = row.args[place]
    given = {row.public_names[a.name]: TYPES.get(a.type.rstrip("?"), [1])[0] for a in row.args}
    called = row.public_names[arg.name]
    _, title, wrong = TYPES[arg.type.rstrip("?")]
    for value in wrong:
        if value is None and (arg.optional or arg.default == "None"):
            continue
        with pytest.raises(TypeError) as caught:
            function_of(name)(**given | {called: value})
        assert str(caught.value) == f"{name}(): argument '{called}' must be {title}, not {type(value).__name__}"


@pytest.mark.parametrize("call", [
    lambda m, y: m.topk(y, 1.5),
    lambda m, y: y.topk(True),
    lambda m, y: y.topk(k="a"),
    lambda m, y: y.kthvalue(m.tensor(1.5)),
    lambda m, y: m.tril(y, "a"),
    lambda m, y: m.roll(y, 1.5),
    lambda m, y: m.roll(y, 1, "a"),
    lambda m, y: m.softmax(y, 1.0),
    lambda m, y: m.isclose(y, y, "a"),
    lambda m, y: m.isclose(y, "a"),
    lambda m, y: m.hstack(1.5),
    lambda m, y: m.cumsum(y, 0, dtype="float32"),
    lambda m, y: m.clone("a"),
    lambda m, y: m.unfold_copy(y, 0, "a", 1),
    lambda m, y: m.nn.functional.max_pool2d(y, "a"),
    lambda m, y: m.nn.functional.cosine_similarity(None, y),
    lambda m, y: m.linalg.vander("a"),
    lambda m, y: m.linalg.vecdot(y, 1.5),
], ids=range(18))
@needs_torch
def test_words_of_pytorch(call):
    with pytest.raises(TypeError) as theirs:
        call(torch, torch.ones(3, 4))
    with pytest.raises(TypeError) as ours:
        call(ctorch, x)
    assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize("call, words", [
    (lambda: x.narrow(0, 0, 1.5), "narrow(): argument 'length' must be int, not float"),
    (lambda: x.diagonal("a"), "diagonal(): argument 'offset' must be int, not str"),
    (lambda: x.chunk(1.5), "chunk(): argument 'chunks' must be int, not float"),
    (lambda: x.split("a"), "split(): argument 'split_size_or_sections' must be tuple of ints, not str"),
    (lambda: x.split(1.5), "split(): argument 'split_size_or_sections' must be int, not float"),
    (lambda: x.select(0, 0.0), "select(): argument 'index' must be int, not float"),
    (lambda: x.unfold(0, 1, "a"), "unfold(): argument 'step' must be int, not str"),
    (lambda: ctorch.permute(x, 1.5), "permute(): argument 'dims' must be tuple of ints, not float"),
    (lambda: x.as_strided((1,), (1,), 0.5), "as_strided(): argument 'storage_offset' must be int, not float"),
    (lambda: x.movedim("a", 0), "movedim(): argument 'source' must be tuple of ints, not str"),
    (lambda: x.view_as("a"), "view_as(): argument 'other' (position 1) must be Tensor, not str"),
    (lambda: x.expand_as(np.ones(3)), "expand_as(): argument 'other' (position 1) must be Tensor, not ndarray"),
    (lambda: ctorch.linspace(0, 1, 2.5), "linspace(): argument 'steps' must be int, not float"),
    (lambda: ctorch.logspace(0, 1, "a"), "logspace(): argument 'steps' must be int, not str"),
    (lambda: ctorch.randint(1.5, (2,)), "randint(): argument 'high' must be int, not float"),
    (lambda: x.multinomial("a"), "multinomial(): argument 'num_samples' must be int, not str"),
    (lambda: ctorch.fft.fft(x, 2.5), "fft(): argument 'n' must be int, not float"),
    (lambda: ctorch.fft.fft2(x, "ab"), "fft(): argument 's' must be tuple of ints, not str"),
    (lambda: ctorch.block_diag(x, "a"), "expected Tensor as element 1 in argument 0, but got str"),
    (lambda: x.to(memory_format="channels_last"),
     "argument 'memory_format' must be torch.memory_format, not str"),
    (lambda: ctorch.nn.functional.cross_entropy([1.0], x),
     "cross_entropy(): argument 'input' (position 1) must be Tensor, not list"),
], ids=range(21))
def test_functions_beside_the_table(call, words):
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == words


def test_what_will_do():
    one = ctorch.tensor(1)
    assert ctorch.topk(x, one).values.shape == (3, 1) == ctorch.topk(x, np.int64(1)).values.shape
    assert ctorch.isclose(x, x, np.float32(0.1), 0).all() and ctorch.isclose(x, x, ctorch.tensor(0.5), True).all()
    assert ctorch.sum(x, [0, np.int64(1)]).item() == 12
    assert ctorch.sort(x, descending=np.bool_(True)).values.shape == x.shape
    assert ctorch.cumsum(x, 0, dtype=float).dtype == ctorch.float64
    assert ctorch.std(x, True).ndim == 0
    assert ctorch.add(x, x, alpha=one).sum() == 24

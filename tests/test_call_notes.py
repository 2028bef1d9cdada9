"""Errors of operators carry a note of the call; PyTorch's words stay as they are."""
import pytest

import ctorch

x = ctorch.ones(3, 4)
whole = ctorch.tensor([[7]])


class Strange:
    def __repr__(self):
        raise ValueError("no")


def noted(function, error=RuntimeError):
    with pytest.raises(error) as caught:
        function()
    return getattr(caught.value, "__notes__", [])


@pytest.mark.parametrize("function, note", [
    (lambda: ctorch.topk(x, 9), "topk(input: float32[3, 4], k: 9)"),
    (lambda: x.gather(1, whole), "gather(input: float32[3, 4], dim: 1, index: int64[1, 1])"),
    (lambda: x.scatter_add_(0, whole, src=x),
     "scatter_add_(input: float32[3, 4], dim: 0, index: int64[1, 1], src: float32[3, 4])"),
    (lambda: x.double() + ctorch.ones(5, dtype=ctorch.int16), "add(input: float64[3, 4], other: int16[5])"),
    (lambda: x.__imul__(ctorch.ones(2, 3, 4)), "mul_(input: float32[3, 4], other: float32[2, 3, 4])"),
    (lambda: x @ x, "matmul(input: float32[3, 4], other: float32[3, 4])"),
    (lambda: x.repeat(2), "repeat(input: float32[3, 4], sizes: (2,))"),
    (lambda: ctorch.searchsorted(x[0], x[0], side="much"),
     "searchsorted(sorted_sequence: float32[4], input: float32[4], side: 'much')"),
], ids=lambda value: value.partition("(")[0] if isinstance(value, str) else "")
def test_what_was_called(function, note):
    assert noted(function) == ["called as " + note]


def test_the_outermost_call_alone():
    assert noted(lambda: ctorch.addmv(x[0], x, x[0])) == [
        "called as addmv(input: float32[4], mat: float32[3, 4], vec: float32[4])"]


def test_long_arguments_are_short():
    note, = noted(lambda: ctorch.norm(x, "a" * 1000))
    assert len(note) < 200
    note, = noted(lambda: x.index_put([whole] * 9, x), IndexError)
    assert "indices: [int64[1, 1], int64[1, 1], int64[1, 1], int64[1, 1], ...]" in note


def test_what_cannot_be_written_leaves_the_error():
    note, = noted(lambda: ctorch.full_like(x, 1).index_put(Strange(), x), TypeError)
    assert "Strange instance" in note


def test_errors_before_a_call_have_none():
    assert noted(lambda: ctorch.topk(x), TypeError) == []
    assert noted(lambda: ctorch.topk(x, 1, much=2), TypeError) == []


def test_words_are_pytorchs():
    with pytest.raises(RuntimeError) as caught:
        ctorch.topk(x, 9)
    assert str(caught.value) == "selected index k out of range"

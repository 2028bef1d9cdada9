"""What bad input gets: PyTorch's exception class, a message that names what was wrong, and a living process."""
import numpy as np
import pytest

import ctorch


def leaf(*size):
    return ctorch.ones(*size, requires_grad=True)


CASES = {
    "shapes that do not broadcast": (lambda: ctorch.ones(3) + ctorch.ones(4), RuntimeError,
                                     r"size of tensor a \(3\) must match the size of tensor b \(4\)"),
    "complex number in a real tensor": (lambda: ctorch.ones(2).masked_fill(ctorch.tensor([True, False]),
                                                                           ctorch.tensor(1j)), RuntimeError,
                                        "value cannot be converted to type float32 without overflow"),
    "third operand": (lambda: leaf(3).lerp(leaf(3), "a"), TypeError,
                      r"lerp\(\): argument 'weight' \(position 3\) must be Tensor, not str"),
    "limit": (lambda: ctorch.ones(3).clamp(0, "a"), TypeError, r"clamp\(\): argument 'max' \(position 3\)"),
    "number beside a tensor": (lambda: ctorch.nn.functional.celu(leaf(3), "a"), TypeError,
                               r"celu\(\): argument 'alpha' \(position 2\) must be Number, not str"),
    "matrix product": (lambda: ctorch.ones(2, 3) @ ctorch.ones(2, 3), RuntimeError, r"\(2x3 and 2x3\)"),
    "matrix dtypes": (lambda: ctorch.ones(2, 3) @ ctorch.ones(3, 2).double(), RuntimeError, "float != double"),
    "view": (lambda: ctorch.ones(3).view(2, 2), RuntimeError, r"shape '\[2, 2\]' is invalid for input of size 3"),
    "view of strides": (lambda: ctorch.ones(2, 3).t().view(6), RuntimeError, "Use .reshape"),
    "two unknown sizes": (lambda: ctorch.ones(6).view(-1, -1), RuntimeError, "only one dimension can be inferred"),
    "dim": (lambda: ctorch.ones(3).sum(5), IndexError, r"Dimension out of range .*\[-1, 0\], but got 5"),
    "index": (lambda: ctorch.ones(3)[7], IndexError, "index 7 is out of bounds for dimension 0 with size 3"),
    "index tensor": (lambda: ctorch.ones(3)[[0, 5]], IndexError, "index 5 is out of bounds for dimension 0 "
                                                                 "with size 3"),
    "index type": (lambda: ctorch.ones(3)["a"], TypeError, "invalid data type 'str'"),
    "mask shape": (lambda: ctorch.ones(3)[ctorch.tensor([True])], IndexError, "shape of the mask"),
    "too many indices": (lambda: ctorch.ones(3)[0, 0], IndexError, "too many indices"),
    "device": (lambda: ctorch.zeros(3, device="foo"), RuntimeError, "foo"),
    "device that is not here": (lambda: ctorch.zeros(3, device="meta"), NotImplementedError, "meta"),
    "huge": (lambda: ctorch.empty(2**62), RuntimeError, "overflow"),
    "too large for memory": (lambda: ctorch.empty(2**45), MemoryError, "can't allocate"),
    "overflowing product": (lambda: ctorch.empty(2**40, 2**40), RuntimeError, "overflow"),
    "huge by broadcasting": (lambda: ctorch.ones(1).expand(2**40, 2**40) + 1, RuntimeError, "overflow"),
    "negative size": (lambda: ctorch.empty(-1), RuntimeError, "negative dimension -1"),
    "size type": (lambda: ctorch.zeros(2.5), TypeError, "size"),
    "integers with a gradient": (lambda: ctorch.ones(3, dtype=ctorch.int32, requires_grad=True), RuntimeError,
                                 "floating point"),
    "requires_grad_ on integers": (lambda: ctorch.ones(3).int().requires_grad_(), RuntimeError, "floating point"),
    "strides outside of the storage": (lambda: ctorch.as_strided(ctorch.ones(3), (4,), (1,)), RuntimeError,
                                       "out of bounds for storage of size 12"),
    "negative strides outside": (lambda: ctorch.as_strided(ctorch.ones(3), (3,), (-1,)), RuntimeError, "out of bounds"),
    "array dtype": (lambda: ctorch.from_numpy(np.array(["a"])), TypeError, "numpy.str_"),
    "byte order": (lambda: ctorch.from_numpy(np.array([1.0], ">f4")), ValueError, "byte order"),
    "uneven lists": (lambda: ctorch.tensor([[1, 2], [3]]), ValueError, "expected sequence of length 2 at dim 1"),
    "no number": (lambda: ctorch.tensor([object()]), RuntimeError, "Could not infer dtype of object"),
    "text": (lambda: ctorch.tensor([1, "a"]), TypeError, "invalid data type 'str'"),
    "number between two of an integer dtype": (lambda: ctorch.tensor(127.5, dtype=ctorch.int8), RuntimeError,
                                               "value cannot be converted to type int8 without overflow"),
    "ramp of bools": (lambda: ctorch.arange(3, dtype=ctorch.bool), NotImplementedError, "arange_cpu.*'Bool'"),
    "array as a number": (lambda: ctorch.add(ctorch.ones(2), np.ones(2)), TypeError,
                          r"add\(\): argument 'other' \(position 2\) must be Tensor, not ndarray"),
    "element of another kind": (lambda: [1] in ctorch.ones(2), RuntimeError, "only supports Tensor or scalar"),
    "numpy of a gradient": (lambda: leaf(3).numpy(), RuntimeError, "requires grad"),
    "backward without a graph": (lambda: ctorch.ones(3).backward(), RuntimeError, "does not require grad"),
    "backward of many": (lambda: (leaf(3) * 2).backward(), RuntimeError, "scalar outputs"),
    "leaf in place": (lambda: leaf(3).add_(1), RuntimeError, "leaf Variable"),
    "view of a leaf in place": (lambda: leaf(3)[0].add_(1), RuntimeError, "view of a leaf"),
    "in place shape": (lambda: ctorch.ones(3).add_(ctorch.ones(2, 3)), RuntimeError,
                       r"output with shape \[3\] doesn't match the broadcast shape \[2, 3\]"),
    "copy from more dimensions": (lambda: ctorch.ones(3).copy_(ctorch.ones(1, 3)), RuntimeError,
                                  r"output with shape \[3\] doesn't match the broadcast shape \[1, 3\]"),
    "in place dtype": (lambda: ctorch.ones(3).int().add_(0.5), RuntimeError, "can't be cast"),
    "absolute value of complex numbers in place": (lambda: ctorch.ones(2, dtype=ctorch.complex64).abs_(), RuntimeError,
                                                   "In-place abs is not supported for complex"),
    "in place on an expanded tensor": (lambda: ctorch.ones(1).expand(3).add_(1), RuntimeError, "single memory "
                                                                                               "location"),
    "cat shapes": (lambda: ctorch.cat([ctorch.ones(3), ctorch.ones(2, 2)]), RuntimeError, "same number of dimensions"),
    "stack shapes": (lambda: ctorch.stack([ctorch.ones(3), ctorch.ones(2)]), RuntimeError, r"\[2\] at entry 1"),
    "item of many": (lambda: ctorch.ones(2).item(), RuntimeError, "2 elements"),
    "truth of many": (lambda: bool(ctorch.ones(2)), RuntimeError, "ambiguous"),
    "argument type": (lambda: ctorch.exp("a"), TypeError, r"exp\(\): argument 'input'.*not str"),
    "operator type": (lambda: ctorch.ones(2) + "a", TypeError, "unsupported operand"),
    "no step": (lambda: ctorch.arange(0, 5, 0), RuntimeError, "step must be nonzero"),
    "largest of nothing": (lambda: ctorch.max(ctorch.empty(0)), RuntimeError, "dim"),
    "mean of integers": (lambda: ctorch.ones(2).int().mean(), RuntimeError, "mean"),
    "channels": (lambda: ctorch.nn.functional.conv2d(ctorch.ones(1, 2, 4, 4), ctorch.ones(3, 3, 3, 3)), RuntimeError,
                 "to have 3 channels, but got 2"),
    "class out of range": (lambda: ctorch.nn.functional.cross_entropy(ctorch.ones(2, 3), ctorch.tensor([0, 7])),
                           IndexError, "Target 7 is out of bounds"),
    "too many dimensions": (lambda: ctorch.zeros([1] * 65), RuntimeError, "64"),
    "integer division by zero": (lambda: ctorch.tensor([1, 2]) // ctorch.tensor([1, 0]), RuntimeError,
                                 "ZeroDivisionError"),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name):
    call, error, message = CASES[name]
    with pytest.raises(error, match=message):
        call()


def test_second_backward_through_a_freed_graph():
    x = leaf(3)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.backward()
    assert x.grad.tolist() == [2, 2, 2]


def test_saved_tensor_changed_in_place_names_both_operators():
    x = leaf(3)
    y = (x * 1).exp()
    z = y.sum()
    y.add_(1)
    with pytest.raises(RuntimeError, match=r"ExpBackward0 saved.*expected version 0.*was add"):
        z.backward()


def test_an_error_in_a_hook_leaves_no_gradient_behind():
    x = leaf(2)
    y = x * 2

    def fail(g):
        raise ValueError("no")
    handle = y.register_hook(fail)
    with pytest.raises(ValueError):
        y.sum().backward()
    handle.remove()
    x.grad = None
    (y * 3).sum().backward()
    assert x.grad.tolist() == [6, 6]


@pytest.mark.parametrize("alpha", [1, 2, 0.5])
@pytest.mark.parametrize("a, b", [(1, ctorch.tensor(True)), (ctorch.tensor(2.0), ctorch.tensor(True)),
                                  (ctorch.tensor(True), 1)], ids=range(3))
def test_differences_of_bools_are_refused(a, b, alpha):
    with pytest.raises(RuntimeError, match=r"Subtraction.*bool tensor"):
        ctorch.sub(a, b, alpha=alpha)

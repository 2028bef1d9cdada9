"""Methods and properties of Tensor that are written with other operators."""
import copy

import numpy as np
import pytest
from mirror import needs_torch, torch

import ctorch


def test_where_and_what_it_is():
    x = ctorch.zeros(2, 3)
    assert x.is_cpu and not x.is_nested and not x.is_mkldnn and not x.is_sparse_csr and x.name is None
    assert x.get_device() == -1 and x.grad_dtype == ctorch.float32
    assert x.dense_dim() == 2 and x.sparse_dim() == 0
    assert x.to_dense() is x and x.to_dense(ctorch.float64).dtype == ctorch.float64
    assert x.const_data_ptr() == x.data_ptr()


def test_dim_order():
    x = ctorch.zeros(2, 3, 4)
    assert x.dim_order() == (0, 1, 2) and x.permute(2, 0, 1).dim_order() == (1, 2, 0)
    assert x.dim_order(ambiguity_check=True) == (0, 1, 2)
    with pytest.raises(RuntimeError, match="unique dim order"):
        ctorch.zeros(1, 3, 1).dim_order(ambiguity_check=True)


def test_type_as():
    assert ctorch.ones(2).type_as(ctorch.zeros(1, dtype=ctorch.int8)).dtype == ctorch.int8


def test_reversed():
    assert [row.tolist() for row in reversed(ctorch.arange(4).view(2, 2))] == [[2, 3], [0, 1]]


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
def test_functions_of_each_element(dtype):
    x = ctorch.arange(6).to(getattr(ctorch, dtype)).view(2, 3).t()
    expected = np.vectorize(lambda v: v * 2 + 1)(x.numpy()).astype(dtype)
    assert x.apply_(lambda v: v * 2 + 1) is x
    np.testing.assert_array_equal(x.numpy(), expected)
    x.map_(ctorch.ones(2, dtype=x.dtype), lambda a, b: a - b)
    np.testing.assert_array_equal(x.numpy(), (expected.astype("int64") - 1).astype(dtype))


def test_functions_of_each_element_and_the_graph():
    with pytest.raises(RuntimeError, match="requires grad"):
        ctorch.ones(2, requires_grad=True).apply_(abs)
    with pytest.raises(TypeError, match=r"map_.*float32.*int64"):
        ctorch.ones(2).map_(ctorch.ones(2, dtype=ctorch.int64), max)


@pytest.mark.parametrize("shape", [(3, 3), (7, 3), (9, 2), (2, 5), (4, 1), (0, 3)])
@pytest.mark.parametrize("wrap", [False, True])
def test_fill_diagonal(shape, wrap):
    x, expected = ctorch.zeros(shape), np.zeros(shape)
    np.fill_diagonal(expected, 2.5, wrap)
    if not wrap and shape[0] > shape[1]:       # NumPy goes on in flattened order with wrap alone
        expected[shape[1]:] = 0
    assert x.fill_diagonal_(2.5, wrap=wrap) is x
    np.testing.assert_array_equal(x.numpy(), expected)


def test_fill_diagonal_of_cubes_and_views():
    x = ctorch.zeros(3, 3, 3).fill_diagonal_(1)
    assert x.sum() == 3 and all(x[i, i, i] == 1 for i in range(3))
    base = ctorch.zeros(4, 6)
    base[1:, ::2].fill_diagonal_(1)
    assert base.nonzero().tolist() == [[1, 0], [2, 2], [3, 4]]
    with pytest.raises(RuntimeError, match="equal length"):
        ctorch.zeros(2, 3, 3).fill_diagonal_(1)
    with pytest.raises(RuntimeError, match="larger than 1"):
        ctorch.zeros(3).fill_diagonal_(1)


def test_fill_diagonal_and_gradients():
    x = ctorch.ones(2, 3, requires_grad=True)
    (x * 1).fill_diagonal_(0).sum().backward()
    assert x.grad.tolist() == [[0, 1, 1], [1, 0, 1]]


def test_resize_of_as_many_elements():
    x = ctorch.arange(6)
    with pytest.warns(UserWarning, match="deprecated"):
        assert x.resize(2, 3).shape == (2, 3)
    with pytest.warns(UserWarning, match="deprecated"):
        assert x.resize_as(ctorch.zeros(3, 2)).shape == (3, 2)
    with pytest.warns(UserWarning, match="deprecated"), pytest.raises(RuntimeError, match=r"2x2 \(4 elements"):
        x.resize(2, 2)


class Tagged(ctorch.Tensor):
    pass


def test_as_subclass():
    x = ctorch.ones(2, requires_grad=True)
    y = (x * 2).as_subclass(Tagged)
    assert type(y) is Tagged and y.requires_grad and not y.is_leaf
    (y * 3).sum().backward()
    assert x.grad.tolist() == [6, 6]
    z = ctorch.zeros(2)
    z.as_subclass(Tagged)[0] = 5
    assert z.tolist() == [5, 0]
    with pytest.raises(TypeError, match="subclass of Tensor"):
        z.as_subclass(dict)


def test_copies_keep_the_class():
    x = ctorch.zeros(2).as_subclass(Tagged)
    x.label = "a"
    y = copy.copy(x)
    assert type(y) is Tagged and y.label == "a" and y.data_ptr() == x.data_ptr()
    parameter = copy.copy(ctorch.nn.Parameter(ctorch.zeros(2)))
    assert type(parameter) is ctorch.nn.Parameter and parameter.requires_grad and parameter.is_leaf
    assert not isinstance(copy.copy(ctorch.zeros(2)), ctorch.nn.Parameter)


def test_module_load():
    parameter = ctorch.nn.Parameter(ctorch.zeros(2))
    assert parameter.module_load(ctorch.ones(2)).tolist() == [1, 1] and parameter.tolist() == [1, 1]
    other = ctorch.ones(3)
    assert parameter.module_load(other, assign=True) is other


@needs_torch
@pytest.mark.parametrize("call", [
    lambda t: [list(reversed(t.arange(4))), t.zeros(5, 3).t().fill_diagonal_(2), t.zeros(7, 2).fill_diagonal_(1, True)],
    lambda t: t.zeros(2, 3, 4).permute(2, 0, 1).dim_order(),
    lambda t: t.arange(3).type_as(t.zeros(1)),
    lambda t: [t.clone(t.arange(3)), t.is_inference(t.zeros(1))],
], ids=range(4))
def test_as_pytorch(call):
    assert repr(call(ctorch)) == repr(call(torch))


def test_arrays_hold_their_memory_where_the_tensor_gets_another():
    x = ctorch.ones(1000)
    array, buffer = x.numpy(), memoryview(x)
    x.data = ctorch.zeros(3, dtype=ctorch.float64)
    filler = ctorch.full((1000,), 7.0)          # would take the place of memory that was given back
    assert filler[0] == 7 and (array == 1).all() and buffer[0] == 1
    x.set_(ctorch.ones(2, dtype=ctorch.float64))
    assert (array == 1).all()

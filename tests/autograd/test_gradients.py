"""backward and grad over several tensors: values, None, and PyTorch's messages."""
import mirror
import pytest

import ctorch
from ctorch import autograd


@pytest.fixture
def x():
    return ctorch.tensor([1.0, 2.0], requires_grad=True)


@pytest.fixture
def other():
    return ctorch.tensor([5.0, 6.0], requires_grad=True)


def test_grad(x):
    (g,) = autograd.grad((x * x).sum(), x)
    assert g.tolist() == [2.0, 4.0]
    assert x.grad is None and not g.requires_grad


def test_grad_of_several_outputs(x, other):
    g = autograd.grad([x * other, x.sum()], [x, other], [ctorch.tensor([1.0, 10.0]), None])
    assert [v.tolist() for v in g] == [[6.0, 61.0], [1.0, 20.0]]


def test_grad_of_a_non_leaf(x):
    y = x * 3
    (g,) = autograd.grad((y * y).sum(), y)
    assert g.tolist() == [6.0, 12.0]


def test_the_same_input_twice(x):
    a, b = autograd.grad((x * x).sum(), [x, x])
    assert a.tolist() == b.tolist() == [2.0, 4.0]


def test_create_graph(x):
    (g,) = autograd.grad((x**3).sum(), x, create_graph=True)
    (gg,) = autograd.grad(g.sum(), x)
    assert gg.tolist() == [6.0, 12.0]


def test_retain_graph(x):
    y = (x * x).sum()
    autograd.grad(y, x, retain_graph=True)
    autograd.grad(y, x)
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        autograd.grad(y, x)


def test_unused_inputs(x, other):
    with pytest.raises(RuntimeError, match="index 1 appears to not have been used in the graph"):
        autograd.grad(x.sum(), [x, other])
    assert autograd.grad(x.sum(), [x, other], allow_unused=True)[1] is None
    assert autograd.grad(x.sum(), [x, other], materialize_grads=True)[1].tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match="Expected allow_unused to be True or not passed"):
        autograd.grad(x.sum(), [x, other], allow_unused=False, materialize_grads=True)


def test_batches_of_gradients(x, other):
    rows = ctorch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 3.0]])
    (jacobian,) = autograd.grad(x * x, x, rows, is_grads_batched=True)
    assert jacobian.tolist() == [[2, 0], [0, 4], [4, 12]]
    first, second = autograd.grad([x * other, x.sum()], [x, other], [rows, ctorch.arange(3.0)], is_grads_batched=True)
    assert first.tolist() == [[5, 0], [1, 7], [12, 20]] and second.tolist() == [[1, 0], [0, 2], [2, 6]]
    found = autograd.grad(x * 2, [x, other], rows, is_grads_batched=True, materialize_grads=True)
    assert found[1].tolist() == [[0, 0]] * 3
    (empty,) = autograd.grad(x * 2, x, rows[:0], is_grads_batched=True)
    assert empty.shape == (0, 2)
    (g,) = autograd.grad(x ** 3, x, rows, create_graph=True, is_grads_batched=True)
    assert autograd.grad(g[0].sum(), x)[0].tolist() == [6, 0]
    with pytest.raises(RuntimeError, match="first dimension of each grad_output as the batch dimension"):
        autograd.grad(x * 2, x, ctorch.ones(2), is_grads_batched=True)
    with pytest.raises(RuntimeError, match="a gradient for each output"):
        autograd.grad([x * 2, x * 3], x, [rows, rows[:1]], is_grads_batched=True)


def test_messages_of_grad(x):
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar outputs"):
        autograd.grad(x * 2, x)
    with pytest.raises(RuntimeError, match="One of the differentiated Tensors does not require grad"):
        autograd.grad(x.sum(), ctorch.ones(2))
    with pytest.raises(RuntimeError, match="element 0 of tensors does not require grad"):
        autograd.grad(ctorch.ones(1), x)
    with pytest.raises(RuntimeError, match="got 2 tensors and 1 gradients"):
        autograd.grad([x * 2, x * 3], x, [ctorch.ones(2)])
    with pytest.raises(RuntimeError, match=r"grad_output\[0\] has a shape of torch.Size\(\[3\]\)"):
        autograd.grad(x * 2, x, ctorch.ones(3))
    with pytest.raises(RuntimeError, match="both grad_output and output are required to have the same dtype"):
        autograd.grad(x * 2, x, ctorch.ones(2, dtype=ctorch.complex64))
    with pytest.raises(RuntimeError, match="cannot be empty"):
        autograd.grad(x.sum(), [])
    with pytest.raises(RuntimeError, match="all inputs have to be Tensors, but got str"):
        autograd.grad(x.sum(), "a")
    with pytest.warns(FutureWarning, match="only_inputs"):
        autograd.grad(x.sum(), x, only_inputs=False)


def test_backward(x, other):
    autograd.backward([(x * x).sum(), x * other], [None, ctorch.ones(2)])
    assert x.grad.tolist() == [7.0, 10.0]
    assert other.grad.tolist() == [1.0, 2.0]


def test_backward_into_inputs_only(x, other):
    autograd.backward((x * other).sum(), inputs=x)
    assert x.grad.tolist() == [5.0, 6.0] and other.grad is None
    with pytest.raises(RuntimeError, match="cannot be empty"):
        autograd.backward(x.sum(), inputs=[])


def test_older_name_of_grad_tensors(x):
    with pytest.warns(FutureWarning, match="grad_variables"):
        autograd.backward(x * 2, grad_variables=ctorch.ones(2))
    assert x.grad.tolist() == [2.0, 2.0]
    with pytest.warns(FutureWarning), pytest.raises(RuntimeError, match="Please only use `grad_tensors`"):
        autograd.backward(x * 2, ctorch.ones(2), grad_variables=ctorch.ones(2))


def test_messages_of_backward(x):
    autograd.backward([])
    with pytest.raises(RuntimeError, match="element 0 of tensors does not require grad"):
        autograd.backward(ctorch.ones(1))
    with pytest.raises(RuntimeError, match="got 2 tensors and 1 gradients"):
        autograd.backward([x.sum(), x.sum()], [None])


def test_modes_are_the_package_s():
    for name in ("no_grad", "enable_grad", "set_grad_enabled", "inference_mode"):
        assert getattr(autograd, name) is getattr(ctorch, name)


def test_variable():
    x = ctorch.ones(2)
    v = autograd.Variable(x, requires_grad=True)
    assert v.requires_grad and not x.requires_grad and v.data_ptr() == x.data_ptr()
    assert isinstance(x, autograd.Variable) and not isinstance(3, autograd.Variable)
    with pytest.raises(TypeError, match="Variable data has to be a tensor, but got float"):
        autograd.Variable(3.0)


def test_change_in_place_of_a_view_of_a_transposed_result():
    x = ctorch.arange(6.0).reshape(2, 3).requires_grad_()
    z = x.t() * 2
    assert not z.is_contiguous()
    z[0].mul_(3)
    z[1:, 1] += x[0, 0]
    (z * z).sum().backward()
    # z = [[6 x00, 6 x10], [2 x01, 2 x11 + x00], [2 x02, 2 x12 + x00]]
    assert x.grad.tolist() == [[2 * 8 + 2 * 10, 8, 16], [2 * 18 * 6, 2 * 8 * 2, 2 * 10 * 2]]


def test_as_strided_beyond_its_input():
    x = ctorch.arange(6.0, requires_grad=True)
    y = (x * 1)[1:3].as_strided((5,), (1,), 0)
    assert autograd.grad(y.sum(), x, retain_graph=True)[0].tolist() == [1, 1, 1, 1, 1, 0]
    (g,) = autograd.grad((y * y).sum(), x, create_graph=True)
    assert g.tolist() == [0, 2, 4, 6, 8, 0]
    assert autograd.grad(g.sum(), x)[0].tolist() == [2, 2, 2, 2, 2, 0]
    x = ctorch.arange(11.0, dtype=ctorch.float64, requires_grad=True)
    assert autograd.gradcheck(lambda x: (x * 1)[1:3].as_strided((5,), (2,), 1), x, check_forward_ad=True)


@pytest.mark.parametrize("m", (ctorch, pytest.param(mirror.torch, marks=mirror.needs_torch)))
@pytest.mark.parametrize("change", (lambda v: v.mul_(3), lambda v: v.view(2).mul_(3)))
def test_a_change_beyond_the_view_that_it_was_made_of(m, change):
    x = m.ones(2, 2, requires_grad=True)
    y = x * 1
    change(y.diagonal().as_strided((2,), (1,), 1))
    (y * m.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    assert x.grad.tolist() == [[1, 6], [9, 4]]


def test_as_strided_of_elements_that_share_memory():
    x = ctorch.tensor([1.0, 2.0], requires_grad=True)
    wide = x.expand(3, 2)
    assert autograd.grad((wide.as_strided((2,), (1,)) * ctorch.tensor([3.0, 5.0])).sum(), x)[0].tolist() == [3, 5]
    assert autograd.grad(wide.as_strided((2, 2), (0, 1)).sum(), x)[0].tolist() == [2, 2]


def test_change_in_place_of_a_part_of_complex_numbers():
    z = ctorch.tensor([1 + 2j, 3 - 1j], dtype=ctorch.complex128, requires_grad=True)
    y = z * 1
    y.real.mul_(3)
    y.imag[0] = 7
    assert y.tolist() == [3 + 7j, 9 - 1j]
    assert autograd.grad(y.real.sum() + 2 * y.imag.sum(), z)[0].tolist() == [3, 3 + 2j]
    x = ctorch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=ctorch.float64, requires_grad=True)
    pairs = x * 1
    ctorch.view_as_complex(pairs)[0].mul_(2j)
    assert pairs.tolist() == [[-4, 2], [3, 4]]
    assert autograd.grad((pairs * ctorch.tensor([[1.0, 10.0], [1.0, 1.0]]).double()).sum(), x)[0].tolist() == [
        [20, -2], [1, 1]]


def test_a_derivative_that_is_not_known_raises():
    x = ctorch.tensor([0.5, 1.2], requires_grad=True)
    for y in (ctorch.igamma(x, x), ctorch.special.zeta(x + 1, x), ctorch.heaviside(x, x)):
        with pytest.raises(NotImplementedError, match="is not implemented"):
            y.sum().backward()
    assert not ctorch.special.airy_ai(x).requires_grad
    assert autograd.grad(ctorch.div(x, 0.3, rounding_mode="trunc").sum(), x)[0].tolist() == [0, 0]
    assert ctorch.igamma(x.detach(), x).requires_grad


# ---- inference mode

def test_what_is_made_in_inference_mode_is_for_it_alone():
    x, c = ctorch.ones(2, requires_grad=True), ctorch.ones(2)
    with ctorch.inference_mode():
        made = [ctorch.ones(2), x * 2, c + 1, c.sum(), ctorch.cat([c, c]), c[ctorch.tensor([0])], c.clone(), c[:1] * 1,
                ctorch.linalg.inv(ctorch.eye(2)), ctorch.from_numpy(c.numpy())]
        assert all(y.is_inference() and not y.requires_grad for y in made)
        assert all(y[..., None].is_inference() for y in made) and made[0].mul_(2).tolist() == [2.0, 2.0]
        assert not x.view(2).is_inference() and not c.detach().is_inference() and not c.exp_().is_inference()
        view = x.view(2)
    y = made[1]
    for refused in (lambda: y * x, lambda: y.mul_(2), lambda: y.requires_grad_(), lambda: y[:1].zero_(),
                    lambda: (x * y).sum().backward()):
        with pytest.raises(RuntimeError, match=r"[Ii]nference"):
            refused()
    with pytest.raises(RuntimeError, match="view was created"):
        view.mul_(1)
    (x + y).sum().backward()
    (y.clone() * x).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0] and not (y + 1).is_inference()
    with ctorch.inference_mode(), ctorch.inference_mode(False):
        assert not (c + 1).is_inference()


def test_inference_mode_is_that_of_the_thread():
    import threading
    found = []
    with ctorch.inference_mode():
        thread = threading.Thread(target=lambda: found.append(ctorch.ones(1).is_inference()))
        thread.start()
        thread.join()
    assert found == [False]


@pytest.mark.parametrize("branches", [1, 15, 16, 17, 300])
def test_many_nodes_wait_at_once(x, branches):
    ctorch.stack([x * k for k in range(branches)]).sum().backward()
    assert x.grad.tolist() == [branches * (branches - 1) / 2] * 2

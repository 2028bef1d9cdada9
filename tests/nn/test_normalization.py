"""Normalisation: dtypes and empty batches."""
import pytest

import ctorch


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_wider_parameters_do_not_widen_half_results(dtype):
    F = ctorch.nn.functional
    x, w = ctorch.ones(2, 4, 3, dtype=getattr(ctorch, dtype)), ctorch.ones(4)
    for y in (F.group_norm(x, 2, w, w), F.instance_norm(x, None, None, w, w), F.batch_norm(x, None, None, w, w, True),
              F.layer_norm(x, (3,), w[:3], w[:3]), F.rms_norm(x, (3,), w[:3])):
        assert y.dtype == x.dtype


def test_parameters_of_empty_batches_have_gradients_of_nought():
    w = ctorch.ones(2, requires_grad=True)
    ctorch.nn.functional.batch_norm(ctorch.ones(0, 2, 3), None, None, w, w, training=True).sum().backward()
    assert (w.grad == 0).all()


def test_out_of_softmax_and_of_written_slices():
    x, out = ctorch.tensor([[1.0, 2.0]]), ctorch.empty(0)
    assert ctorch.softmax(x, 1, out=out) is out and out.tolist() == x.softmax(1).tolist()
    assert ctorch.log_softmax(x, 1, out=out).tolist() == x.log_softmax(1).tolist()
    assert ctorch.slice_scatter(x, ctorch.zeros(1, 1), 1, 0, 1, out=out) is out and out.tolist() == [[0.0, 2.0]]
    assert ctorch.nn.functional.normalize(x, out=ctorch.empty(0)).shape == (1, 2)


@pytest.mark.parametrize("name", ("batch_norm", "group_norm", "instance_norm", "layer_norm"))
def test_complex_parameters_of_a_real_input_are_refused(name):
    F, x, w = ctorch.nn.functional, ctorch.ones(2, 3, 3), ctorch.ones(3, dtype=ctorch.complex64)
    call = {
        "batch_norm": lambda: F.batch_norm(x, None, None, w, training=True),
        "group_norm": lambda: F.group_norm(x, 1, w),
        "instance_norm": lambda: F.instance_norm(x, weight=w),
        "layer_norm": lambda: F.layer_norm(x, (3,), w),
    }[name]
    with pytest.raises(RuntimeError, match=f"{name}: mixed dtype: parameter of .*complex64, input of .*float32"):
        call()


@pytest.mark.parametrize("name", ("group_norm", "instance_norm"))
def test_an_input_that_is_copied_may_be_changed_before_backward(name):
    F, z = ctorch.nn.functional, ctorch.randn(2, 2, 3, dtype=ctorch.complex128, requires_grad=True)
    args = (2,) if name == "group_norm" else ()

    def gradient(change):
        part = (z * 1).real
        y = getattr(F, name)(part, *args)
        if change:
            part.mul_(3)
        return ctorch.autograd.grad((y * y * y).sum(), z)[0]

    assert ctorch.equal(gradient(True), gradient(False))


def test_parameters_of_batches_are_read_in_any_shape():
    x, w = ctorch.randn(4, 2), ctorch.tensor([[2.0, 3.0]], requires_grad=True)
    y = ctorch.nn.functional.batch_norm(x, None, None, w, w, training=True)
    want = ctorch.nn.functional.batch_norm(x, None, None, w.detach()[0], w.detach()[0], training=True)
    assert ctorch.equal(y, want)
    y.sum().backward()
    assert w.grad.shape == (1, 2)


def test_slopes_of_two_dimensions_are_refused():
    with pytest.raises(RuntimeError, match="prelu: expected a weight of at most 1 dimension"):
        ctorch.nn.functional.prelu(ctorch.ones(2, 2), ctorch.ones(1, 2))

"""gradcheck finds what is wrong, and only that."""
import inspect

import pytest

import ctorch
from ctorch.autograd import GradcheckError, gradcheck, gradgradcheck


def real(*values):
    return ctorch.tensor(values, dtype=ctorch.float64, requires_grad=True)


def complexes(*values):
    return ctorch.tensor(values, dtype=ctorch.complex128, requires_grad=True)


def half_wrong(x):
    return x.detach() * x


def test_right_gradients():
    assert gradcheck(lambda x: x.exp() * x, real(0.5, -1.5))
    assert gradcheck(lambda x, y, s: (x * y * s, (y * y).sum()), (real(0.5, -1.5), real(2.0, 3.0), 2.5))
    assert gradcheck(lambda x: [x * 2], [real(0.5)])


def test_complex():
    z = complexes(1 + 2j, -0.5 + 0.25j)
    assert gradcheck(lambda z: z * z, z)
    assert gradcheck(lambda z: z.abs(), z)
    assert gradcheck(lambda x, z: x * z, (real(0.5, -1.5), z))


def test_shapes():
    assert gradcheck(lambda x: x * x, ctorch.tensor(2.0, dtype=ctorch.float64, requires_grad=True))
    assert gradcheck(lambda x: x * x, ctorch.ones(0, dtype=ctorch.float64, requires_grad=True))
    assert gradcheck(lambda x: x.sum(0), ctorch.arange(6.0).double().reshape(3, 2).t().requires_grad_())


def test_second_derivatives():
    assert gradgradcheck(lambda x: x.exp() * x, real(0.5, -1.5))
    assert gradgradcheck(lambda z: z.exp() * z, complexes(1 + 2j), gen_non_contig_grad_outputs=True)
    assert gradgradcheck(lambda x: x * x, real(1.0, 2.0), real(0.5, 3.0))


def test_inputs_are_put_back():
    x = real(0.5, -1.5)
    gradcheck(lambda x: x * x, x)
    assert x.tolist() == [0.5, -1.5] and x.grad is None


def test_wrong_gradient_is_reported():
    with pytest.raises(GradcheckError, match="mismatch for output 0 with respect to input 0") as report:
        gradcheck(half_wrong, real(2.0, 3.0))
    assert "element (1,) of the output with respect to element (1,) of the input" in str(report.value)
    assert "numerical 6, analytical 3" in str(report.value)
    assert not gradcheck(half_wrong, real(2.0, 3.0), raise_exception=False)


def test_wrong_gradient_of_the_second_output():
    with pytest.raises(GradcheckError, match="output 1 with respect to input 0"):
        gradcheck(lambda x: (x * x, half_wrong(x)), real(2.0))


def test_output_outside_of_the_graph():
    assert gradcheck(lambda x: x.detach() * 0, real(1.0))
    with pytest.raises(GradcheckError, match="expected to be zero"):
        gradcheck(lambda x: x.detach() * 2, real(1.0))


def test_what_cannot_be_checked():
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        gradcheck(lambda x: x, ctorch.ones(2, dtype=ctorch.float64))
    with pytest.raises(RuntimeError, match="stride 0"):
        gradcheck(lambda x: x, real(1.0).expand(3))
    with pytest.raises(TypeError, match="got int as output 0"):
        gradcheck(lambda x: 3, real(1.0))
    with pytest.raises(AssertionError, match="requires check_forward_ad to be True"):
        gradcheck(lambda x: x, real(1.0), check_batched_forward_grad=True)
    with pytest.warns(UserWarning, match="not a double precision"):
        gradcheck(lambda x: x * 2, real(1.0).detach().float().requires_grad_(), atol=0.1)


class WrongForward(ctorch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        ctx.save_for_forward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        return 2 * g * ctx.saved_tensors[0]

    @staticmethod
    def jvp(ctx, t):
        return 3 * t * ctx.saved_tensors[0]


@pytest.mark.parametrize("fast", [False, True])
def test_forward_mode(fast):
    z = complexes(1 + 2j, -0.5 + 0.25j)
    options = {"check_forward_ad": True, "fast_mode": fast}
    assert gradcheck(lambda x, z: (x * z, (x * x).sum(), z.abs()), (real(0.5, -1.5), z), **options)
    assert gradcheck(lambda x: x.sort()[0] * x, real(0.5, -1.5), check_backward_ad=False,
                     check_batched_forward_grad=True, **options)
    assert gradgradcheck(lambda x, z: x * x * z, (real(0.5, -1.5), z), check_fwd_over_rev=True, fast_mode=fast)
    assert gradcheck(WrongForward.apply, real(2.0, 3.0), fast_mode=fast)
    with pytest.raises(GradcheckError, match="in forward mode: Jacobian mismatch for output 0 with respect to input"):
        gradcheck(WrongForward.apply, real(2.0, 3.0), **options)


def test_fast_mode():
    z = complexes(1 + 2j, -0.5 + 0.25j)
    assert gradcheck(lambda x, z: (x * z, (x * x).sum()), (real(0.5, -1.5), z), fast_mode=True)
    assert gradgradcheck(lambda x, z: x * x * z, (real(0.5, -1.5), z), fast_mode=True)
    with pytest.raises(GradcheckError, match="mismatch for output 0 with respect to input 0"):
        gradcheck(half_wrong, real(2.0, 3.0), fast_mode=True)
    with pytest.raises(GradcheckError, match="mismatch for output 0 with respect to input 0"):
        gradgradcheck(lambda x: x.sin() + (x ** 3).detach() * x, real(2.0, 3.0), fast_mode=True)


class Three(ctorch.autograd.Function):
    """x * x, x * 3 and x, with a backward that tests make faulty."""

    fault = None

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        ctx.set_materialize_grads(False)
        return x * x, x * 3, x.clone()

    @staticmethod
    def backward(ctx, *given):
        x, = ctx.saved_tensors
        there = [g * factor for g, factor in zip(given, (2 * x, 3, 1)) if g is not None]
        if Three.fault == "undefined" and len(there) == 2:
            raise RuntimeError("one is missing")
        if Three.fault == "constant":
            return x * 0 + 1
        g = sum(there[1:], there[0])
        return g + 1e-7 * ctorch.rand(g.shape, dtype=g.dtype) * g if Three.fault == "random" else g


@pytest.mark.parametrize("fault, message", [("undefined", "to handle undefined output grads"),
                                            ("constant", "backward not multiplied by grad_output"),
                                            ("random", "Backward is not reentrant")])
def test_faults_of_a_backward(monkeypatch, fault, message):
    assert gradcheck(Three.apply, real(0.5, 2.0))
    monkeypatch.setattr(Three, "fault", fault)
    with pytest.raises(GradcheckError, match=message):
        gradcheck(Three.apply, real(0.5, 2.0))
    if fault == "random":
        assert gradcheck(Three.apply, real(0.5, 2.0), nondet_tol=1e-5)
    if fault == "undefined":
        assert gradcheck(Three.apply, real(0.5, 2.0), check_undefined_grad=False)


def test_batched_gradients():
    assert gradcheck(lambda x: (x * x, x.sum()), real(0.5, 2.0), check_batched_grad=True)
    assert gradgradcheck(lambda x: x.exp() * x, real(0.5, 2.0), check_batched_grad=True)


def test_nothing_to_check():
    with pytest.raises(AssertionError, match="at least one of check_forward_ad or check_backward_ad"):
        gradcheck(lambda x: x, real(1.0), check_backward_ad=False)
    with pytest.raises(AssertionError, match="at least one of check_fwd_over_rev or check_rev_over_rev"):
        gradgradcheck(lambda x: x, real(1.0), check_rev_over_rev=False)


@pytest.mark.parametrize("name", ["gradcheck", "gradgradcheck"])
def test_signatures_are_pytorchs(name):
    torch = pytest.importorskip("torch")
    ours, theirs = (inspect.signature(getattr(module.autograd, name)).parameters for module in (ctorch, torch))
    assert [(p.name, p.default, p.kind) for p in ours.values()] == [
        (p.name, p.default, p.kind) for p in theirs.values()]

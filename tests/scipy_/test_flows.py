"""Initial value problems against SciPy alone, the matrix exponential and finite differences."""
import numpy as np
import pytest
from scipy import integrate
from scipy.linalg import expm

import ctorch
from ctorch.autograd import grad, gradcheck, gradgradcheck
from ctorch.scipy.integrate import solve_ivp

F64 = ctorch.float64
CLOSE = {"rtol": 1e-9, "atol": 1e-9}


def leaf(values, dtype=F64):
    return ctorch.tensor(values, dtype=dtype, requires_grad=True)


def predators(t, y, a):
    return ctorch.stack([a[0] * y[0] - y[0] * y[1], y[0] * y[1] * t - a[1] * y[1]])


def predators_alone(t, y):
    return [2.0 * y[0] - y[0] * y[1], y[0] * y[1] * t - 0.9 * y[1]]


@pytest.mark.parametrize("method", ["RK45", "RK23", "DOP853", "Radau", "BDF", "LSODA"])
def test_solution_is_that_of_scipy(method):
    ours = solve_ivp(predators, (0, 2), leaf([1.0, 0.5]), method, args=(leaf([2.0, 0.9]),))
    alone = integrate.solve_ivp(predators_alone, (0, 2), [1.0, 0.5], method)
    np.testing.assert_allclose(ours.y.detach().numpy()[:, -1], alone.y[:, -1], rtol=2e-2)
    if method not in ("Radau", "BDF", "LSODA"):                  # these are given the exact Jacobian
        np.testing.assert_allclose(ours.y.detach().numpy(), alone.y, rtol=1e-12)
        np.testing.assert_allclose(ours.t.detach().numpy(), alone.t, rtol=1e-12)
    assert ours.success and ours.status == 0 and ours.nfev > 0


@pytest.mark.parametrize("method", ["DOP853", "Radau"])
def test_derivatives_by_all(method):
    given = leaf([1.0, 0.5]), leaf([2.0, 0.9]), leaf([0.3, 0.5, 0.8]), leaf(0.1)

    def f(y0, a, times, first):
        return solve_ivp(predators, (first, 1), y0, method, times, args=(a,), **CLOSE).y

    assert gradcheck(f, given, eps=1e-4, atol=1e-4)
    if method == "DOP853":
        assert gradgradcheck(f, given, eps=1e-4, atol=1e-4)


def test_steps_of_the_solver_and_the_last_time():
    y0, last = leaf([1.0, 0.5]), leaf(1.2)

    def f(y0, last):
        found = solve_ivp(predators, (0, last), y0, args=(ctorch.tensor([2.0, 0.9], dtype=F64),), **CLOSE)
        assert found.t.shape == found.y.shape[1:] and found.t[0] == 0 and found.t[-1] == last
        return found.y[:, -1]

    assert gradcheck(f, (y0, last), eps=1e-4, atol=1e-4)
    found = solve_ivp(predators, (0, last), y0, args=(ctorch.tensor([2.0, 0.9], dtype=F64),))
    assert grad(found.t[-1], last)[0] == 1
    first = grad(found.y[0, 0], (y0, last))
    assert first[0].tolist() == [1, 0] and first[1] == 0


def test_matrix_exponential():
    random = np.random.default_rng(0)
    matrix, first = random.normal(size=(3, 3)), random.normal(size=3)
    A, y0 = leaf(matrix), leaf(first)
    y = solve_ivp(lambda t, y: A @ y, (0, 1.5), y0, t_eval=[1.5], rtol=1e-10, atol=1e-10).y[:, 0]   # closes over A
    np.testing.assert_allclose(y.detach().numpy(), expm(1.5 * matrix) @ first, rtol=1e-8)
    c = ctorch.tensor([1.0, -1.0, 2.0], dtype=F64)
    of_y0, of_A = grad((c * y).sum(), (y0, A), create_graph=True)
    np.testing.assert_allclose(of_y0.detach().numpy(), c.numpy() @ expm(1.5 * matrix), rtol=1e-7)
    closed = ctorch.linalg.matrix_exp(1.5 * A) @ y0
    of_y0_closed, of_A_closed = grad((c * closed).sum(), (y0, A), create_graph=True)
    np.testing.assert_allclose(of_A.detach().numpy(), of_A_closed.detach().numpy(), atol=1e-7)
    ours = grad((of_y0 ** 2).sum() + (of_A ** 2).sum(), (y0, A))
    theirs = grad((of_y0_closed ** 2).sum() + (of_A_closed ** 2).sum(), (y0, A))
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5)


def test_times_at_the_beginning_and_backwards():
    k, y0 = leaf(0.7), leaf([2.0])

    def f(k, y0):
        return solve_ivp(lambda t, y, k: -k * y, (1, -1), y0, t_eval=[1., 0.5, -1.], args=(k,), **CLOSE).y

    np.testing.assert_allclose(f(k, y0).detach().numpy(), 2 * np.exp(0.7 * np.array([[0, 0.5, 2]])), rtol=1e-8)
    assert gradcheck(f, (k, y0), eps=1e-4, atol=1e-4)
    first = leaf(1.0)
    y = solve_ivp(lambda t, y: -y, (first, 2), y0, t_eval=[2.], **CLOSE).y
    assert grad(y.sum(), first)[0].item() == pytest.approx(2 * np.exp(-1), rel=1e-7)


def test_no_time_at_all():
    y0 = leaf([1.0, 2.0])
    found = solve_ivp(lambda t, y: y, (1, 1), y0)
    assert grad(found.y.sum(), y0)[0].tolist() == [len(found.t)] * 2
    found = solve_ivp(lambda t, y: y, (1, 2), y0, t_eval=[])
    assert found.y.shape == (2, 0) and found.t.shape == (0,)
    assert grad(found.y.sum(), y0)[0].tolist() == [0, 0]


def test_a_network_of_float32():
    ctorch.manual_seed(0)
    net = ctorch.nn.Sequential(ctorch.nn.Linear(2, 8), ctorch.nn.Tanh(), ctorch.nn.Linear(8, 2))
    y0 = ctorch.randn(5, 2)
    found = solve_ivp(lambda t, y: net(y), (0, 1), y0, t_eval=[0.5, 1.0], rtol=1e-5, atol=1e-6)
    assert found.y.shape == (5, 2, 2) and found.y.dtype == found.t.dtype == ctorch.float32
    found.y.square().sum().backward()
    single = [p.grad.numpy() for p in net.parameters()]
    wide = net.double()
    net.zero_grad()
    y = solve_ivp(lambda t, y: wide(y), (0, 1), y0.double(), t_eval=[0.5, 1.0], **CLOSE).y
    y.square().sum().backward()
    for a, p in zip(single, wide.parameters()):
        assert a.dtype == np.float32
        np.testing.assert_allclose(a, p.grad.numpy(), atol=2e-3)


def test_complex_numbers():
    y0, w, times = leaf([1 + 2j, 0.3 - 1j], ctorch.complex128), leaf(1.3), [0.4, 1.0]

    def f(y0, w):
        return solve_ivp(lambda t, y, w: 1j * w * y + 0.2 * t * y.conj(), (0, 1), y0, t_eval=times, args=(w,),
                         **CLOSE).y

    alone = integrate.solve_ivp(lambda t, y: 1.3j * y + 0.2 * t * y.conj(), (0, 1), y0.detach().numpy(), t_eval=times,
                                **CLOSE).y
    np.testing.assert_allclose(f(y0, w).detach().numpy(), alone, rtol=1e-7)
    assert gradcheck(f, (y0, w), eps=1e-4, atol=1e-4)


def test_options_of_the_way_back():
    k = leaf(0.7)
    y = solve_ivp(lambda t, y, k: -k * y, (0, 1), ctorch.ones(1, dtype=F64), t_eval=[1.], args=(k,), method="Radau",
                  rtol=1e-8, atol=[1e-9], adjoint_options={"method": "DOP853", "rtol": 1e-11, "atol": 1e-11}).y
    assert grad(y.sum(), k)[0].item() == pytest.approx(-np.exp(-0.7), rel=1e-6)
    y = solve_ivp(lambda t, y, k: -k * y, (0, 1), ctorch.ones(1, dtype=F64), args=(k,),
                  adjoint_options={"max_step": 0.0}).y
    with pytest.raises(ValueError, match="max_step"):
        y.sum().backward()


def test_events_and_dense_output():
    def falls(t, y, g):
        return ctorch.stack([y[1], -g])

    def ground(t, y, g):
        return y[0]

    ground.terminal, ground.direction = True, -1
    g = ctorch.tensor(9.81, dtype=F64)
    start = ctorch.tensor([10.0, 0.0], dtype=F64)
    found = solve_ivp(falls, (0, 5), start, args=(g,), events=ground, dense_output=True)
    assert found.status == 1
    assert found.t_events[0][0] == pytest.approx(np.sqrt(20 / 9.81), rel=1e-6)
    assert found.sol(0.5)[0] == pytest.approx(10 - 9.81 / 8, rel=1e-6)
    assert found.t[-1].item() == found.t_events[0][0]


def test_event_that_ends_the_solution():
    # From the height h it falls for sqrt(2 (h - floor) / g), and arrives with the speed sqrt(2 g (h - floor)).
    h, g, floor = leaf(10.0), leaf(9.81), leaf(1.0)

    def falls(t, y, g):
        return ctorch.stack([y[1], -g])

    def ground(t, y, g):
        return y[0] - floor

    ground.terminal = True

    def f(h, g, floor):
        start = ctorch.stack([h, ctorch.zeros_like(h)])
        found = solve_ivp(falls, (0, 5), start, args=(g,), events=[ground], **CLOSE)
        return found.t[-1], found.y[1, -1]

    ours, theirs = f(h, g, floor), ((2 * (h - floor) / g).sqrt(), -(2 * g * (h - floor)).sqrt())
    for a, b in zip(ours, theirs):
        assert a.item() == pytest.approx(b.item(), rel=1e-8)
        first, expected = (grad(y, (h, g, floor), create_graph=True) for y in (a, b))
        np.testing.assert_allclose([v.item() for v in first], [v.item() for v in expected], rtol=1e-6)
        second, expected = (grad(sum(v * v for v in gs), (h, g, floor)) for gs in (first, expected))
        np.testing.assert_allclose([v.item() for v in second], [v.item() for v in expected], rtol=1e-5)
    start = leaf([10.0, 0.0])
    y = solve_ivp(falls, (0, 5), start, args=(g,), events=ground, t_eval=[0.5, 1., 4.]).y        # the third never comes
    assert y.shape == (2, 2) and grad(y[0, 1], start)[0].tolist() == pytest.approx([1, 1])


def test_messages_of_solve_ivp():
    y0 = ctorch.ones(2)
    with pytest.raises(ValueError, match=r"solve_ivp: fun must return .* shape \(2,\); it returns \(\)"):
        solve_ivp(lambda t, y: y.sum(), (0, 1), y0)
    with pytest.raises(TypeError, match="solve_ivp: fun must return a tensor, got ndarray"):
        solve_ivp(lambda t, y: y.numpy(), (0, 1), y0)
    with pytest.raises(ValueError, match="solve_ivp: t_span must be two times, got 3"):
        solve_ivp(lambda t, y: y, (0, 1, 2), y0)
    with pytest.raises(ValueError, match=r"solve_ivp: t_eval must be real numbers .* shape \(1, 2\)"):
        solve_ivp(lambda t, y: y, (0, 1), y0, t_eval=ctorch.ones(1, 2))
    with pytest.raises(TypeError, match=r"solve_ivp: fun returns .*complex"):
        solve_ivp(lambda t, y: y * 1j, (0, 1), y0)
    with pytest.warns(RuntimeWarning, match="solve_ivp: method 'RK45' did not reach t = 2"):
        found = solve_ivp(lambda t, y: y * y, (0, 2), leaf([1.0]))           # infinite at t = 1
    assert not found.success and found.t[-1] < 1.01


def test_solvers_are_released_at_once():
    import gc
    import weakref

    class Method(integrate.RK45):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.large = Large()
            alive.append(weakref.ref(self.large))

    class Large:
        pass

    alive, k = [], leaf(0.5)
    gc.disable()
    try:
        y = solve_ivp(lambda t, y, k: -k * y, (0, 1), ctorch.ones(1, dtype=F64), method=Method, args=(k,)).y
        y.sum().backward()
        assert len(alive) > 1 and not any(ref() for ref in alive)
    finally:
        gc.enable()

"""Checks of derivatives against central differences.

Complex numbers are taken as pairs of reals, so that one real Jacobian is compared whatever the dtypes: the
gradient for the cotangent 1 is the row of the real part of an output, the gradient for 1j that of its
imaginary part.
"""
import warnings
from typing import NamedTuple

import numpy as np

import ctorch
from ctorch.autograd._gradients import grad

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A derivative that does not agree with the function."""


class _Options(NamedTuple):
    eps: float
    atol: float
    rtol: float
    nondet: float
    undefined: bool
    dtypes: bool
    fast: bool
    batched: bool
    backward: bool
    forward: bool
    batched_forward: bool


def gradcheck(func, inputs, *, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True, nondet_tol=0.0,
              check_undefined_grad=True, check_grad_dtypes=False, check_batched_grad=False,
              check_batched_forward_grad=False, check_forward_ad=False, check_backward_ad=True,
              fast_mode=False, masked=None):
    """Compare the gradients of a function with central differences.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html

    Parameters
    ----------
    func : callable
        Takes the inputs; returns a tensor or a sequence of tensors.
    inputs : Tensor or sequence
        Arguments of `func`; those with ``requires_grad=True`` are checked and should be float64 or
        complex128.
    eps : float
        Step of the differences.
    atol, rtol : float
        Tolerances.
    raise_exception : bool
        Raise where a gradient is wrong, instead of returning False.
    nondet_tol : float
        How much two runs of the same backward may differ.
    check_undefined_grad : bool
        Also leave out each of several outputs once.
    fast_mode : bool
        Compare one number for each output and input, in random directions, not whole Jacobians.
    check_grad_dtypes : bool
        Also compare the dtypes of gradients and inputs.
    check_batched_grad : bool
        Also compare gradients of several rows at once with those of one after the other.
    check_forward_ad : bool
        Also compare the derivatives of forward mode with the differences.
    check_batched_forward_grad : bool
        Also compare forward mode along several directions at once with that along one after the other.
    masked : bool
        Changes nothing: it is about sparse tensors.
    check_backward_ad : bool
        Compare gradients.

    Returns
    -------
    bool
        True where all gradients agree.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.tensor([0.5, 2.], dtype=ctorch.float64, requires_grad=True)
    >>> ctorch.autograd.gradcheck(lambda x: x.exp() * x, x)
    True
    """
    if not (check_backward_ad or check_forward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    if check_batched_forward_grad and not check_forward_ad:
        raise AssertionError("Setting check_batched_forward_grad=True requires check_forward_ad to be True")
    inputs = _as_tuple(inputs)
    _check_inputs(inputs)
    options = _Options(eps, atol, rtol, nondet_tol, check_undefined_grad, check_grad_dtypes, fast_mode,
                       check_batched_grad, check_backward_ad, check_forward_ad, check_batched_forward_grad)
    try:
        _compare(func, inputs, options)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(func, inputs, grad_outputs=None, *, eps=1e-6, atol=1e-5, rtol=1e-3,
                  gen_non_contig_grad_outputs=False, raise_exception=True, nondet_tol=0.0,
                  check_undefined_grad=True, check_grad_dtypes=False, check_batched_grad=False,
                  check_fwd_over_rev=False, check_rev_over_rev=True, fast_mode=False, masked=False):
    """Compare the gradients of a function's gradients with central differences.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradgradcheck.html

    Parameters
    ----------
    func : callable
        Takes the inputs; returns a tensor or a sequence of tensors.
    inputs : Tensor or sequence
        Arguments of `func`; those with ``requires_grad=True`` are checked and should be float64 or
        complex128.
    grad_outputs : Tensor or sequence of Tensor, optional
        Gradients for the outputs; random ones by default.
    gen_non_contig_grad_outputs : bool
        Make the random gradients non-contiguous.
    check_fwd_over_rev : bool
        Also compare the derivatives of the gradients by forward mode with the differences.
    check_rev_over_rev : bool
        Compare the gradients of the gradients.
    eps, atol, rtol, raise_exception, nondet_tol, check_undefined_grad, check_grad_dtypes, check_batched_grad,
    \
fast_mode, masked
        As in `gradcheck`.

    Returns
    -------
    bool
        True where all gradients agree.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.tensor([0.5, 2.], dtype=ctorch.float64, requires_grad=True)
    >>> ctorch.autograd.gradgradcheck(lambda x: x.exp() * x, x)
    True
    """
    if not (check_rev_over_rev or check_fwd_over_rev):
        raise AssertionError("Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True")
    inputs = _as_tuple(inputs)
    _check_inputs(inputs)
    if grad_outputs is None:
        outputs = _differentiable(_call(func, inputs))
        seeds = tuple(_random_like(y, i, gen_non_contig_grad_outputs) for i, y in enumerate(outputs))
    else:
        seeds = _as_tuple(grad_outputs)

    def gradients(*args):
        given, cotangents = args[:len(inputs)], args[len(inputs):]
        outputs = _differentiable(_call(func, given))
        grads = grad(outputs, _differentiable(given), cotangents, create_graph=True, allow_unused=True)
        return tuple(g for g in grads if g is not None)

    return gradcheck(gradients, inputs + seeds, eps=eps, atol=atol, rtol=rtol,
                     raise_exception=raise_exception, nondet_tol=nondet_tol,
                     check_undefined_grad=check_undefined_grad, check_grad_dtypes=check_grad_dtypes,
                     check_batched_grad=check_batched_grad, check_forward_ad=check_fwd_over_rev,
                     check_backward_ad=check_rev_over_rev, fast_mode=fast_mode)


# ---- arguments

def _as_tuple(x):
    return tuple(x) if isinstance(x, tuple | list) else (x,)


def _differentiable(tensors):
    return tuple(x for x in tensors if isinstance(x, ctorch.Tensor) and x.requires_grad)


def _check_inputs(inputs):
    if not _differentiable(inputs):
        raise ValueError("gradcheck expects at least one input tensor to require gradient, but none of them "
                         "have requires_grad=True.")
    for i, x in enumerate(inputs):
        if not (isinstance(x, ctorch.Tensor) and x.requires_grad):
            continue
        if x.dtype not in (ctorch.float64, ctorch.complex128):
            warnings.warn(f"Input #{i} requires gradient and is not a double precision floating point or "
                          "complex. This check will likely fail if all the inputs are not of double "
                          "precision floating point or complex. ", stacklevel=3)
        if x.numel() and any(step == 0 and n > 1 for step, n in zip(x.stride(), x.shape)):
            raise RuntimeError(f"The {i}th input has a dimension with stride 0. gradcheck only supports "
                               "inputs that are non-overlapping to be able to compute the numerical "
                               "gradients correctly. You should call .contiguous on the input before passing "
                               "it to gradcheck.")


def _call(func, inputs):
    outputs = _as_tuple(func(*inputs))
    for i, y in enumerate(outputs):
        if not isinstance(y, ctorch.Tensor):
            raise TypeError(f"gradcheck: the function must return tensors, got {type(y).__name__} "
                            f"as output {i}")
    return outputs


def _random_like(y, seed, noncontiguous):
    shape = (*y.shape, 2) if noncontiguous else tuple(y.shape)
    random = np.random.default_rng(seed)
    values = random.uniform(-1, 1, shape)
    if y.is_complex():
        values = values + 1j * random.uniform(-1, 1, shape)
    x = ctorch.from_numpy(np.asarray(values)).to(y.dtype)
    return (x[..., 0] if noncontiguous else x).requires_grad_()


# ---- Jacobians, as float64 arrays of output parts by input parts

def _parts(x):
    # The values as a new flat float64 array; complex numbers become pairs.
    wide = ctorch.complex128 if x.is_complex() else ctorch.float64
    return np.array(x.detach().to(wide).numpy()).reshape(-1).view(np.float64)


def _directions(x):
    return (1.0, 1j) if x.is_complex() else (1.0,)


def _sides(func, inputs, x, chosen, steps):
    # The outputs at x plus and minus some steps; x's memory is changed and put back.
    memory = x.detach().numpy()
    before = memory.copy()
    found = []
    for sign in (1, -1):
        memory[...] = before + sign * steps
        try:
            found.append([_parts(y) for y in chosen(_call(func, inputs))])
        finally:
            memory[...] = before
    return found


def _numerical(func, inputs, x, eps, chosen):
    # d outputs / d x: one column per part of x.
    columns, steps = [], np.zeros(tuple(x.shape), dtype=np.complex128 if x.is_complex() else np.float64)
    for index in np.ndindex(*x.shape):
        for direction in _directions(x):
            steps[index] = eps * direction
            sides = _sides(func, inputs, x, chosen, steps)
            columns.append([(above - below) / (2 * eps) for above, below in zip(*sides)])
        steps[index] = 0
    return [np.stack(rows, 1) for rows in zip(*columns)] if columns else None


def _gradients(y, inputs, seed, check_dtypes):
    # Of one output, in parts, after a look at their shapes and dtypes.
    found = []
    for x, g in zip(inputs, grad(y, inputs, seed, retain_graph=True, allow_unused=True)):
        if g is not None and g.shape != x.shape:
            raise GradcheckError("Analytical gradient has incorrect size")
        if g is not None and check_dtypes and g.dtype != x.dtype:
            raise GradcheckError("Gradient has dtype mismatch")
        found.append(np.zeros(x.numel() * len(_directions(x))) if g is None else _parts(g))
    return found


def _analytical(y, inputs, check_dtypes):
    # d y / d each input: one row per part of y.
    rows = [[] for _ in inputs]
    for index in np.ndindex(*y.shape):
        for direction in _directions(y):
            seed = ctorch.zeros(y.shape, dtype=y.dtype)
            seed[index] = direction
            for row, g in zip(rows, _gradients(y, inputs, seed, check_dtypes)):
                row.append(g)
    return [np.stack(r) if r else None for r in rows]


def _compare(func, inputs, options):
    varied = _differentiable(inputs)
    outputs = _call(func, inputs)
    chosen = _differentiable if _differentiable(outputs) else _float_outputs
    if chosen is _float_outputs:
        for x in varied:
            for jacobian in _numerical(func, inputs, x, options.eps, chosen) or ():
                if np.abs(jacobian).max(initial=0) > options.atol:
                    raise GradcheckError("Numerical gradient for function expected to be zero")
        return
    if options.forward:
        _compare_forward(func, inputs, options)
    if not options.backward:
        return
    _check_zeros(chosen(outputs), varied)
    (_compare_projections if options.fast else _compare_all)(func, inputs, varied, chosen, options)
    if options.batched:
        for y in chosen(_call(func, inputs)):
            _check_batched(y, varied)
    if options.undefined:
        _check_undefined(chosen(_call(func, inputs)), varied)


def _compare_all(func, inputs, varied, chosen, options):
    numerical = [_numerical(func, inputs, x, options.eps, chosen) for x in varied]
    for o, y in enumerate(chosen(_call(func, inputs))):
        analytical = _analytical(y, varied, options.dtypes)
        again = _analytical(y, varied, options.dtypes)
        for i, a in enumerate(analytical):
            if a is None or a.size == 0:
                continue
            n = numerical[i][o]
            if not np.allclose(a, n, options.rtol, options.atol):
                raise GradcheckError(_mismatch(a, n, o, i, y, varied[i], options.rtol, options.atol))
            _check_reentrant(a, again[i], options.nondet)


def _compare_projections(func, inputs, varied, chosen, options):
    # One number for each output and input, u J v with random u and v, in place of all of J.
    random = np.random.default_rng(0)
    for i, x in enumerate(varied):
        v = random.uniform(0.1, 1, x.numel() * len(_directions(x)))
        steps = v.view(np.complex128 if x.is_complex() else np.float64).reshape(tuple(x.shape)) * options.eps
        sides = _sides(func, inputs, x, chosen, steps)
        for o, y in enumerate(chosen(_call(func, inputs))):
            u = random.uniform(0.1, 1, y.numel() * len(_directions(y)))
            numbers = u.view(np.complex128 if y.is_complex() else np.float64).reshape(tuple(y.shape))
            seed = ctorch.from_numpy(numbers.copy()).to(y.dtype)
            a, again = (_gradients(y, varied, seed, options.dtypes)[i] for _ in range(2))
            n = u @ (sides[0][o] - sides[1][o]) / (2 * options.eps)
            if not np.allclose(a @ v, n, options.rtol, options.atol * u.sum() * v.sum()):
                raise GradcheckError(f"Jacobian mismatch for output {o} with respect to input {i},\n"
                                     f"numerical:{n:.6g}\nanalytical:{a @ v:.6g}\nin one random direction; "
                                     "fast_mode=False tells which derivatives differ")
            _check_reentrant(a, again, options.nondet)


def _compare_forward(func, inputs, options):
    from ctorch.autograd import _forward_checks as checks

    def run(given):
        # tangents are worked out for gradients too, which want inputs that require them
        return _call(func, [y.requires_grad_() if x is not y and x.requires_grad else y for x, y in zip(inputs, given)])
    random = np.random.default_rng(0)
    for place, x in enumerate(inputs):
        if not (isinstance(x, ctorch.Tensor) and x.requires_grad):
            continue
        if options.fast:
            v = random.uniform(0.1, 1, x.numel() * len(_directions(x)))
            steps = v.view(np.complex128 if x.is_complex() else np.float64).reshape(tuple(x.shape))
            sides = _sides(func, inputs, x, _float_outputs, steps * options.eps)
            numerical = [((a - b) / (2 * options.eps))[:, None] for a, b in zip(*sides)]
            tangent = ctorch.from_numpy(steps.copy()).to(x.dtype)
            found = [_parts(t)[:, None] for t in checks.column(run, inputs, place, tangent, _float_outputs)]
        else:
            numerical = _numerical(func, inputs, x, options.eps, _float_outputs) or ()
            found = checks.jacobians(run, inputs, place, _float_outputs, _parts, _directions) or ()
        outputs = _float_outputs(_call(func, inputs))
        for o, (a, n) in enumerate(zip(found, numerical)):
            if a.size and not np.allclose(a, n, options.rtol, options.atol):
                raise GradcheckError("While computing the derivative in forward mode: "
                                     + _mismatch(a, n, o, place, outputs[o], x, options.rtol, options.atol))
        if options.batched_forward:
            tangents = [_random_like(x, k, False).detach() for k in range(2)]
            for o, (both, each) in enumerate(checks.batched(run, inputs, place, tangents, _float_outputs)):
                if not ctorch.allclose(both, each, equal_nan=True):
                    raise GradcheckError(f"Batched tangents of output {o} along input {place} differ from those along "
                                         "one direction after the other")


def _check_reentrant(first, again, tolerance):
    if np.abs(first - again).max(initial=0) > tolerance:
        raise GradcheckError("Backward is not reentrant, i.e., running backward with same input and grad_output "
                             "multiple times gives different values, although analytical gradient matches numerical "
                             f"gradient.The tolerance for nondeterminism was {tolerance}.")


def _check_zeros(outputs, varied):
    # A gradient is linear in that of the outputs, and of its input's kind.
    seeds = [ctorch.zeros(y.shape, dtype=y.dtype) for y in outputs]
    for x, g in zip(varied, grad(outputs, varied, seeds, retain_graph=True, allow_unused=True)):
        if g is None:
            continue
        if not bool((g == 0).all()):
            raise GradcheckError("backward not multiplied by grad_output")
        if g.dtype != x.dtype:
            raise GradcheckError("grad is incorrect type")
        if g.shape != x.shape:
            raise GradcheckError("grad is incorrect size")


def _check_batched(y, varied):
    seeds = [_random_like(y, k, False).detach() for k in range(2)]
    rows = [grad(y, varied, seed, retain_graph=True, materialize_grads=True) for seed in seeds]
    found = grad(y, varied, ctorch.stack(seeds), retain_graph=True, is_grads_batched=True, materialize_grads=True)
    for i, (both, each) in enumerate(zip(found, zip(*rows))):
        if not ctorch.allclose(both, ctorch.stack(each), equal_nan=True):
            raise GradcheckError(f"Batched gradients of input {i} differ from those of one row after the other")


def _check_undefined(outputs, varied):
    # Each output is left out once, so that a function of several outputs gets no gradient for it.
    for out in range(len(outputs)) if len(outputs) > 1 else ():
        rest = outputs[:out] + outputs[out + 1:]
        seeds = [ctorch.zeros(y.shape, dtype=y.dtype) for y in rest]
        try:
            found = grad(rest, varied, seeds, retain_graph=True, allow_unused=True)
        except RuntimeError as error:
            raise GradcheckError("Expected backward function to handle undefined output grads. "
                                 f"Without that of output {out}: {error}") from error
        if not all(g is None or bool((g == 0).all()) for g in found):
            raise GradcheckError("Expected all input grads to be undefined or zero when all output grads are undefined "
                                 "or zero.")


def _float_outputs(outputs):
    return tuple(y for y in outputs if y.is_floating_point() or y.is_complex())


def _mismatch(a, n, output, input, y, x, rtol, atol):
    wrong = ~np.isclose(a, n, rtol, atol)
    distance = np.where(wrong, np.nan_to_num(np.abs(a - n), nan=np.inf), -1)
    row, column = np.unravel_index(distance.argmax(), a.shape)
    return (f"Jacobian mismatch for output {output} with respect to input {input},\n"
            f"numerical:{ctorch.from_numpy(n.T.copy())}\nanalytical:{ctorch.from_numpy(a.T.copy())}\n"
            f"{wrong.sum()} of {wrong.size} derivatives differ, most that of {_part(y, row)} of the output "
            f"with respect to {_part(x, column)} of the input: numerical {n[row, column]:.6g}, analytical "
            f"{a[row, column]:.6g} (atol {atol:g}, rtol {rtol:g})")


def _part(x, k):
    # Name of the k-th part: the element's index, with real or imaginary part where there are two.
    per = len(_directions(x))
    index = tuple(int(i) for i in np.unravel_index(k // per, tuple(x.shape))) if x.dim() else ()
    return f"{('the real part of ', 'the imaginary part of ')[k % per] if per == 2 else ''}element {index}"

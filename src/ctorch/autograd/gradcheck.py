"""Checks of derivatives against central differences.

Complex numbers are taken as pairs of reals, so that one real Jacobian is compared whatever the dtypes: the
gradient for the cotangent 1 is the row of the real part of an output, the gradient for 1j that of its
imaginary part.
"""
import warnings

import numpy as np

import ctorch
from ctorch.autograd._gradients import grad

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A derivative that does not agree with the function."""


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
    check_undefined_grad, fast_mode : bool
        Accepted; each output is differentiated alone and completely in any case.
    check_grad_dtypes : bool
        Also compare the dtypes of gradients and inputs.
    check_batched_grad, check_batched_forward_grad, check_forward_ad, masked : bool
        Not supported.
    check_backward_ad : bool
        False checks nothing.

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
    _refuse("gradcheck", check_batched_grad=check_batched_grad, check_forward_ad=check_forward_ad,
            check_batched_forward_grad=check_batched_forward_grad, masked=masked)
    inputs = _as_tuple(inputs)
    _check_inputs(inputs)
    if not check_backward_ad:
        return True
    try:
        _compare(func, inputs, eps, atol, rtol, nondet_tol, check_grad_dtypes)
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
        Not supported.
    check_rev_over_rev : bool
        False checks nothing.
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
    _refuse("gradgradcheck", check_batched_grad=check_batched_grad, check_fwd_over_rev=check_fwd_over_rev,
            masked=masked)
    inputs = _as_tuple(inputs)
    _check_inputs(inputs)
    if not check_rev_over_rev:
        return True
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
                     check_grad_dtypes=check_grad_dtypes)


# ---- arguments

def _as_tuple(x):
    return tuple(x) if isinstance(x, tuple | list) else (x,)


def _refuse(function, **options):
    for name, value in options.items():
        if value:
            raise NotImplementedError(f"{function}: {name}=True is not supported")


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


def _numerical(func, inputs, x, eps, chosen):
    # d outputs / d x: one column per part of x; its memory is changed and put back.
    memory = x.detach().numpy()
    columns = []
    for index in np.ndindex(*x.shape):
        before = memory[index]
        for direction in _directions(x):
            sides = []
            for step in (eps, -eps):
                memory[index] = before + step * direction
                try:
                    outputs = chosen(_call(func, inputs))
                    sides.append([_parts(y) for y in outputs])
                finally:
                    memory[index] = before
            columns.append([(above - below) / (2 * eps) for above, below in zip(*sides)])
    return [np.stack(rows, 1) for rows in zip(*columns)] if columns else None


def _analytical(y, inputs, check_dtypes):
    # d y / d each input: one row per part of y.
    rows = [[] for _ in inputs]
    for index in np.ndindex(*y.shape):
        for direction in _directions(y):
            seed = ctorch.zeros(y.shape, dtype=y.dtype)
            seed[index] = direction
            grads = grad(y, inputs, seed, retain_graph=True, allow_unused=True)
            for i, (x, g) in enumerate(zip(inputs, grads)):
                if g is None:
                    g = ctorch.zeros(x.shape, dtype=x.dtype)
                if g.shape != x.shape:
                    raise GradcheckError(f"grad is incorrect size: {tuple(g.shape)} for input {i} of size "
                                         f"{tuple(x.shape)}")
                if check_dtypes and g.dtype != x.dtype:
                    raise GradcheckError(f"grad has dtype {g.dtype} for input {i} of dtype {x.dtype}")
                rows[i].append(_parts(g))
    return [np.stack(r) if r else None for r in rows]


def _compare(func, inputs, eps, atol, rtol, nondet_tol, check_dtypes):
    varied = _differentiable(inputs)
    outputs = _call(func, inputs)
    constant = not _differentiable(outputs)
    chosen = _float_outputs if constant else _differentiable
    numerical = [_numerical(func, inputs, x, eps, chosen) for x in varied]
    if constant:
        for i, jacobians in enumerate(numerical):
            if any(np.abs(j).max(initial=0) > atol for j in jacobians or ()):
                raise GradcheckError("Numerical gradient for function expected to be zero, because no output "
                                     f"requires grad; it is not for input {i}")
        return
    for o, y in enumerate(chosen(outputs)):
        analytical = _analytical(y, varied, check_dtypes)
        again = _analytical(y, varied, check_dtypes)
        for i, a in enumerate(analytical):
            if a is None or a.size == 0:
                continue
            n = numerical[i][o]
            if not np.allclose(a, n, rtol, atol):
                raise GradcheckError(_mismatch(a, n, o, i, y, varied[i], rtol, atol))
            if np.abs(a - again[i]).max() > nondet_tol:
                raise GradcheckError("Backward is not reentrant, i.e., running backward with same input and "
                                     f"grad_output multiple times gives different values for output {o} and "
                                     f"input {i}. The tolerance for nondeterminism was {nondet_tol}.")


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

"""Limits on the size of gradients."""
import ctorch

__all__ = ["clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]


def _listed(tensors):
    return [tensors] if isinstance(tensors, ctorch.Tensor) else list(tensors)


def _gradients(parameters):
    return [p.grad for p in _listed(parameters) if p.grad is not None]


def get_total_norm(tensors, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """Norm of all tensors taken as one vector.

    Parameters
    ----------
    tensors : Tensor or iterable of Tensor
    norm_type : float
        Order of the norm; ``inf`` is the largest magnitude.
    error_if_nonfinite : bool
        Raise where the norm is infinite or not a number.
    foreach : bool, optional
        Has no effect.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.utils.get_total_norm([ctorch.tensor([3.0]), ctorch.tensor([4.0])])
    tensor(5.)
    """
    tensors = _listed(tensors)
    norm_type = float(norm_type)
    if not tensors:
        return ctorch.tensor(0.0)
    with ctorch.no_grad():
        norms = ctorch.stack([t.detach().norm(norm_type) for t in tensors])
        total = norms.norm(norm_type)
    if error_if_nonfinite and not bool(ctorch.isfinite(total)):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it "
            "cannot be clipped. To disable this error and scale the gradients by the non-finite norm "
            "anyway, set `error_if_nonfinite=False`"
        )
    return total


def clip_grads_with_norm_(parameters, max_norm, total_norm, foreach=None):
    """Scale gradients by ``max_norm / total_norm`` where that is less than one.

    Examples
    --------
    >>> import ctorch
    >>> w = ctorch.nn.Parameter(ctorch.zeros(2))
    >>> w.grad = ctorch.tensor([3.0, 4.0])
    >>> ctorch.nn.utils.clip_grads_with_norm_(w, 1.0, ctorch.tensor(5.0))
    >>> w.grad
    tensor([0.6000, 0.8000])
    """
    gradients = _gradients(parameters)
    if not gradients:
        return
    factor = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
    with ctorch.no_grad():
        for grad in gradients:
            grad.detach().mul_(factor.to(grad.device))


def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """Scale all gradients together, in place, so that their norm is at most `max_norm`.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Whose gradients are scaled.
    max_norm : float
    norm_type : float
        Order of the norm; ``inf`` is the largest magnitude.
    error_if_nonfinite : bool
        Raise where the norm is infinite or not a number.
    foreach : bool, optional
        Has no effect.

    Returns
    -------
    Tensor
        The norm before.

    Examples
    --------
    >>> import ctorch
    >>> w = ctorch.nn.Parameter(ctorch.zeros(2))
    >>> w.grad = ctorch.tensor([3.0, 4.0])
    >>> ctorch.nn.utils.clip_grad_norm_([w], 1.0)
    tensor(5.)
    >>> w.grad
    tensor([0.6000, 0.8000])
    """
    parameters = _listed(parameters)
    total_norm = get_total_norm(_gradients(parameters), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(parameters, max_norm, total_norm, foreach)
    return total_norm


def clip_grad_value_(parameters, clip_value, foreach=None):
    """Limit every element of the gradients, in place, to ``[-clip_value, clip_value]``.

    Examples
    --------
    >>> import ctorch
    >>> w = ctorch.nn.Parameter(ctorch.zeros(2))
    >>> w.grad = ctorch.tensor([3.0, -4.0])
    >>> ctorch.nn.utils.clip_grad_value_(w, 1.0)
    >>> w.grad
    tensor([ 1., -1.])
    """
    limit = float(clip_value)
    with ctorch.no_grad():
        for grad in _gradients(parameters):
            grad.clamp_(-limit, limit)

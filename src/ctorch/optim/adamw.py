"""Adam with decoupled weight decay."""
from .adam import Adam

__all__ = ["AdamW"]


class AdamW(Adam):
    """AdamW (Loshchilov and Hutter 2019): Adam that shrinks the parameters apart from the gradient.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor) or of dict
        The tensors to optimize, or groups of them.
    lr : float or Tensor
        Learning rate.
    betas : (float, float)
        Decay of the running means of the gradient and of its square.
    eps : float
        Added to the root of the second moment.
    weight_decay : float
        Share of the parameters, times the learning rate, that each step takes away.
    amsgrad : bool
        Divide by the largest second moment so far (Reddi et al. 2018).
    maximize : bool
        Go uphill.
    foreach, fused, capturable : bool, optional
        PyTorch's choice of implementation; all parameters are updated in one call here anyway.
    differentiable : bool
        Not available.

    Examples
    --------
    >>> import ctorch
    >>> w = ctorch.ones(2, requires_grad=True)
    >>> optimizer = ctorch.optim.AdamW([w], lr=0.5, weight_decay=0.0)
    >>> w.sum().backward()
    >>> optimizer.step()
    >>> w.detach()
    tensor([0.5000, 0.5000])
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, amsgrad=False, *,
                 maximize=False, foreach=None, capturable=False, differentiable=False, fused=None):
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize,
                         capturable=capturable, differentiable=differentiable, fused=fused,
                         decoupled_weight_decay=True)

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True

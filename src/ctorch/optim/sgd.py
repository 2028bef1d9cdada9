"""Stochastic gradient descent."""
from .. import _optimizer
from .optimizer import _check_implementation, _check_nonnegative, _check_tensor_lr, _GroupOptimizer

__all__ = ["SGD"]


class SGD(_GroupOptimizer):
    """Stochastic gradient descent, with momentum if wanted.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor) or of dict
        The tensors to optimize, or groups of them.
    lr : float or Tensor
        Learning rate.
    momentum : float
        Share of the previous step that is kept.
    dampening : float
        Share of a new gradient that is left out of the momentum.
    weight_decay : float
        Multiple of the parameters that is added to the gradient.
    nesterov : bool
        Look ahead along the momentum (Sutskever et al. 2013).
    maximize : bool
        Go uphill.
    foreach, fused : bool, optional
        PyTorch's choice of implementation; all parameters are updated in one call here anyway.
    differentiable : bool
        Not available.

    Examples
    --------
    >>> import ctorch
    >>> w = ctorch.ones(2, requires_grad=True)
    >>> optimizer = ctorch.optim.SGD([w], lr=0.5)
    >>> w.sum().backward()
    >>> optimizer.step()
    >>> w.detach()
    tensor([0.5000, 0.5000])
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        momentum=0,
        dampening=0,
        weight_decay=0,
        nesterov=False,
        *,
        maximize=False,
        foreach=None,
        differentiable=False,
        fused=None,
    ):
        _check_tensor_lr(lr)
        _check_nonnegative("learning rate", lr)
        _check_nonnegative("momentum value", momentum)
        _check_nonnegative("weight_decay value", weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        _check_implementation("SGD", foreach, fused, differentiable)
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize, "foreach": foreach, "differentiable": differentiable,
            "fused": fused,
        })

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            for name, default in (("nesterov", False), ("maximize", False), ("foreach", None),
                                  ("differentiable", False), ("fused", None)):
                group.setdefault(name, default)

    def _step_group(self, group):
        params = [p for p in group["params"] if p.grad is not None]
        grads = [p.grad for p in params]
        momentum = float(group["momentum"])
        buffers = [self.state[p].get("momentum_buffer") for p in params] if momentum else None
        _optimizer.sgd(params, grads, buffers, float(group["lr"]), float(group["weight_decay"]), momentum,
                       float(group["dampening"]), bool(group["nesterov"]), bool(group["maximize"]))
        if momentum:
            for p, buffer in zip(params, buffers):
                self.state[p]["momentum_buffer"] = buffer

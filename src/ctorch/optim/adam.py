"""Adam and its variants with decoupled weight decay and with the largest second moment."""
import ctorch

from .. import _optimizer
from .optimizer import _check_implementation, _check_nonnegative, _check_tensor_lr, _GroupOptimizer

__all__ = ["Adam"]


class Adam(_GroupOptimizer):
    """Adam (Kingma and Ba 2015): steps scaled by running moments of the gradient.

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
        Multiple of the parameters that is added to the gradient.
    amsgrad : bool
        Divide by the largest second moment so far (Reddi et al. 2018).
    maximize : bool
        Go uphill.
    foreach, fused, capturable : bool, optional
        PyTorch's choice of implementation; all parameters are updated in one call here anyway.
    differentiable : bool
        Not available.
    decoupled_weight_decay : bool
        Shrink the parameters themselves instead, as `AdamW`.

    Examples
    --------
    >>> import ctorch
    >>> w = ctorch.ones(2, requires_grad=True)
    >>> optimizer = ctorch.optim.Adam([w], lr=0.5)
    >>> w.sum().backward()
    >>> optimizer.step()
    >>> w.detach()
    tensor([0.5000, 0.5000])
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        amsgrad=False,
        *,
        foreach=None,
        maximize=False,
        capturable=False,
        differentiable=False,
        fused=None,
        decoupled_weight_decay=False,
    ):
        _check_tensor_lr(lr)
        _check_nonnegative("learning rate", lr)
        _check_nonnegative("epsilon value", eps)
        for i in range(2):
            if not 0.0 <= betas[i] < 1.0:
                raise ValueError(f"Invalid beta parameter at index {i}: {betas[i]}")
        _check_nonnegative("weight_decay value", weight_decay)
        betas = tuple(beta.item() if isinstance(beta, ctorch.Tensor) else beta for beta in betas)
        _check_implementation(type(self).__name__, foreach, fused, differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "amsgrad": amsgrad,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
                "fused": fused,
                "decoupled_weight_decay": decoupled_weight_decay,
            },
        )

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            for name, default in (
                ("amsgrad", False),
                ("maximize", False),
                ("foreach", None),
                ("capturable", False),
                ("differentiable", False),
                ("fused", None),
                ("decoupled_weight_decay", False),
            ):
                group.setdefault(name, default)
            for p in group["params"]:
                own = self.state.get(p)
                if own and not isinstance(own["step"], ctorch.Tensor):  # as PyTorch before 1.12 saved it
                    own["step"] = _step_count(group, own["step"])

    def _step_group(self, group):
        params, grads, states = [], [], []
        for p in group["params"]:
            grad = p.grad
            if grad is None:
                continue
            params.append(p)
            grads.append(grad)
            own = self.state[p]
            if not own:
                _start(own, p, group)
            states.append(own)
        beta1, beta2 = group["betas"]
        largest = [own["max_exp_avg_sq"] for own in states] if group["amsgrad"] else None
        _optimizer.adam(
            params,
            grads,
            [own["exp_avg"] for own in states],
            [own["exp_avg_sq"] for own in states],
            largest,
            [own["step"] for own in states],
            float(group["lr"]),
            float(beta1),
            float(beta2),
            float(group["eps"]),
            float(group["weight_decay"]),
            bool(group["decoupled_weight_decay"]),
            bool(group["maximize"]),
        )


def _step_count(group, value=0.0):
    # float32 even for float64 parameters, as PyTorch keeps it
    double = ctorch.get_default_dtype() == ctorch.float64 and not group["fused"]
    return ctorch.tensor(float(value), dtype=ctorch.float64 if double else ctorch.float32)


def _start(own, param, group):
    """State of a parameter before its first step."""
    own["step"] = _step_count(group)
    own["exp_avg"] = ctorch.zeros_like(param)
    own["exp_avg_sq"] = ctorch.zeros_like(param)
    if group["amsgrad"]:
        own["max_exp_avg_sq"] = ctorch.zeros_like(param)

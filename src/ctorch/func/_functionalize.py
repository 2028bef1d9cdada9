"""Functions without changes in place."""
import functools

__all__ = ["functionalize"]


def functionalize(func, *, remove="mutations"):
    """A function that does what `func` does, for tracers that must not see it change tensors in place.

    See https://docs.pytorch.org/docs/stable/generated/torch.func.functionalize.html. Nothing is traced here: operators
    run when they are called, so all that can be seen of `func` is what it returns and what it leaves in its arguments,
    and both are kept.

    Parameters
    ----------
    func : callable
    remove : {"mutations", "mutations_and_views"}

    Raises
    ------
    RuntimeError
        Where `remove` is neither.

    Examples
    --------
    >>> import ctorch
    >>> def f(x):
    ...     y = x.clone()
    ...     return y.add_(1).sin_()
    >>> x = ctorch.tensor([0.0, 1.0])
    >>> ctorch.equal(ctorch.func.functionalize(f)(x), f(x))
    True
    """
    if remove not in ("mutations", "mutations_and_views"):
        raise RuntimeError(f"functionalize(f, remove='{remove}'): remove is 'mutations' or 'mutations_and_views'")

    @functools.wraps(func)
    def wrapped(*args, **kwargs):
        return func(*args, **kwargs)

    return wrapped

"""Looking for what went wrong in backward, and where in forward it was recorded."""
from ctorch import _tape

__all__ = ["detect_anomaly", "set_detect_anomaly"]


class set_detect_anomaly:
    """Anomaly mode on or off, from now on or inside of a with block.

    See https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.set_detect_anomaly

    Parameters
    ----------
    mode : bool
        Whether it is on.
    check_nan : bool
        Whether gradients that are NaN are errors.

    Examples
    --------
    >>> import ctorch, warnings
    >>> x = ctorch.zeros(1, requires_grad=True)
    >>> with ctorch.autograd.set_detect_anomaly(True), warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     (x.sqrt() * 0).backward()
    Traceback (most recent call last):
    RuntimeError: Function 'SqrtBackward0' returned nan values in its 0th output.
    """

    def __init__(self, mode, check_nan=True):
        self.before = _tape._set_anomaly(mode, check_nan)

    def __enter__(self):
        return None

    def __exit__(self, *exc):
        _tape._set_anomaly(*self.before)


class detect_anomaly:
    """Anomaly mode inside of a with block: a backward that fails shows the traceback of the forward call, and gradients
    that are NaN are errors.

    See https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.detect_anomaly

    Parameters
    ----------
    check_nan : bool
        Whether gradients that are NaN are errors.

    Examples
    --------
    >>> import ctorch, warnings
    >>> x = ctorch.zeros(1, requires_grad=True)
    >>> with ctorch.autograd.detect_anomaly(), warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     (x / x).backward()
    Traceback (most recent call last):
    RuntimeError: Function 'DivBackward0' returned nan values in its 1th output.
    """

    def __init__(self, check_nan=True):
        self.check_nan = check_nan

    def __enter__(self):
        self.before = _tape._set_anomaly(True, self.check_nan)

    def __exit__(self, *exc):
        _tape._set_anomaly(*self.before)

"""Context managers that say whether operations are recorded."""
import functools
import inspect

from ctorch._tape import (
    _set_fwd_grad,
    _set_grad_enabled,
    _set_inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
)


class _Mode:
    """A context manager that is a decorator too, for functions and generator functions."""

    def __call__(self, function):
        if inspect.isclass(function):
            raise TypeError(f"{type(self).__name__}: decorating a class is not supported")
        if inspect.isgeneratorfunction(function):
            return self._wrap_generator(function)

        @functools.wraps(function)
        def wrapped(*args, **kwargs):
            with self._again():
                return function(*args, **kwargs)
        return wrapped

    def _wrap_generator(self, function):
        @functools.wraps(function)
        def wrapped(*args, **kwargs):
            generator = function(*args, **kwargs)
            try:
                with self._again():
                    value = next(generator)
                while True:
                    try:
                        sent = yield value
                    except GeneratorExit:
                        with self._again():
                            generator.close()
                        raise
                    except BaseException as error:
                        with self._again():
                            value = generator.throw(error)
                    else:
                        with self._again():
                            value = generator.send(sent)
            except StopIteration as stop:
                return stop.value
        return wrapped

    def _again(self):
        return type(self)()


class no_grad(_Mode):
    """Nothing is recorded inside.

    See https://docs.pytorch.org/docs/stable/generated/torch.no_grad.html

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.ones(1, requires_grad=True)
    >>> with ctorch.no_grad():
    ...     (x * 2).requires_grad
    False
    """

    mode = False

    def __new__(cls, function=None):
        instance = super().__new__(cls)
        return instance if function is None else instance(function)

    def __enter__(self):
        self.before = is_grad_enabled()
        _set_grad_enabled(self.mode)

    def __exit__(self, *exc):
        _set_grad_enabled(self.before)


class enable_grad(no_grad):
    """Operations are recorded inside, also within ``no_grad``."""

    mode = True


class set_grad_enabled(_Mode):
    """Record operations or not, from now on or inside of a with block."""

    def __init__(self, mode):
        self.before, self.mode = is_grad_enabled(), bool(mode)
        _set_grad_enabled(self.mode)

    def __call__(self, function):
        _set_grad_enabled(self.before)
        return super().__call__(function)

    def _again(self):
        return set_grad_enabled(self.mode)

    def __enter__(self):
        _set_grad_enabled(self.mode)

    def __exit__(self, *exc):
        _set_grad_enabled(self.before)


class inference_mode(_Mode):
    """Nothing is recorded inside, and what is made there can never be part of a graph.

    See https://docs.pytorch.org/docs/stable/generated/torch.inference_mode.html
    """

    def __new__(cls, mode=True):
        instance = super().__new__(cls)
        if callable(mode):
            instance.mode = True
            return instance(mode)
        return instance

    def __init__(self, mode=True):
        self.mode = bool(mode)

    def _again(self):
        return inference_mode(self.mode)

    def __enter__(self):
        self.before = is_grad_enabled(), is_inference_mode_enabled(), _set_fwd_grad(not self.mode)
        _set_grad_enabled(not self.mode)
        _set_inference_mode(self.mode)

    def __exit__(self, *exc):
        _set_grad_enabled(self.before[0])
        _set_inference_mode(self.before[1])
        _set_fwd_grad(self.before[2])


class set_multithreading_enabled(_Mode):
    """Say whether backward may use several threads, from now on or inside of a with block.

    Backward runs in the thread that calls it, and only kernels divide their work: nothing but the mode changes.

    Parameters
    ----------
    mode : bool
        The mode.
    """

    enabled = True

    def __init__(self, mode):
        self.before, self.mode = set_multithreading_enabled.enabled, bool(mode)
        set_multithreading_enabled.enabled = self.mode

    def _again(self):
        return set_multithreading_enabled(self.mode)

    def __enter__(self):
        set_multithreading_enabled.enabled = self.mode

    def __exit__(self, *exc):
        set_multithreading_enabled.enabled = self.before


def is_multithreading_enabled():
    """The mode that ``set_multithreading_enabled`` sets."""
    return set_multithreading_enabled.enabled

"""The state of the random number generators: PyTorch's module ``torch.random``."""
import contextlib
import sys
import warnings

from ctorch._random import initial_seed, seed
from ctorch._random import shared_generator as default_generator
from ctorch._random_functions import get_rng_state, manual_seed, set_rng_state

__all__ = ["default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state"]


def _forked_devices(devices, device_type):
    if device_type == "cpu":
        return []
    if device_type != "cuda":
        raise RuntimeError(f"torch has no module of `{device_type}`, you should register a module by "
                           "`torch._register_device_module`.")
    if devices is not None:
        return list(devices)
    if "ctorch.cuda" not in sys.modules:          # nothing has drawn there yet
        return []
    from ctorch import cuda
    count = cuda.device_count()
    if count > 1:
        warnings.warn(f"CUDA reports that you have {count} available devices, and you have used fork_rng without "
                      "explicitly specifying which devices are being used; all of them are forked.", UserWarning,
                      stacklevel=4)
    return list(range(count))


@contextlib.contextmanager
def fork_rng(devices=None, enabled=True, _caller="fork_rng", _devices_kw="devices", device_type="cuda"):
    """A context after which the generators go on from where they were before.

    See https://docs.pytorch.org/docs/stable/random.html#torch.random.fork_rng

    Parameters
    ----------
    devices : iterable of int, optional
        Devices whose generators are put back beside the CPU's; by default all.
    enabled : bool
        False makes this do nothing.
    device_type : str
        ``"cuda"``, or ``"cpu"`` for the CPU alone.

    Examples
    --------
    >>> import ctorch
    >>> state = ctorch.get_rng_state()
    >>> with ctorch.random.fork_rng():
    ...     _ = ctorch.rand(3)
    >>> bool((ctorch.get_rng_state() == state).all())
    True
    """
    if not enabled:
        yield
        return
    places = _forked_devices(devices, device_type)
    states = []
    if places:
        from ctorch import cuda
        states = [cuda.get_rng_state(place) for place in places]
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)
        for place, kept in zip(places, states):
            cuda.set_rng_state(kept, place)

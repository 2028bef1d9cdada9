"""Random numbers of each device by Philox: the seed, and a counter that moves on with each call.

Element i of a call depends on seed, counter and i alone, so the same program gives the same numbers on any device;
they are not those of the CPU's generator.
"""
import os
import threading

import ctorch
from ctorch.cuda import _driver
from ctorch.cuda.device import index_of
from ctorch.cuda.launch import Kernel, blocks_for

__all__ = ["get_rng_state", "get_rng_state_all", "initial_seed", "manual_seed", "manual_seed_all", "seed", "seed_all",
           "set_rng_state", "set_rng_state_all"]

_lock = threading.Lock()
_states = {}                         # device index -> [seed, counter]
_for_all = [ctorch.initial_seed()]    # of devices that have no state yet; ctorch.manual_seed sets it too
_uniform = Kernel("random", "ct_uniform", "PqQQdd")
_normal = Kernel("random", "ct_normal", "PqQQdd")
_bernoulli = Kernel("random", "ct_bernoulli", "PPqQQd")
_dropout = Kernel("random", "ct_dropout", "PPPqQQd")


# ---- state

def _state(index):
    return _states.setdefault(index, [_for_all[0], 0])


def take(index: int, n: int) -> tuple[int, int]:
    """Seed and counter for n numbers; the counter moves on."""
    with _lock:
        state = _state(index)
        counter = state[1]
        state[1] += -(-n // 4)
        return state[0], counter


def manual_seed(seed: int) -> None:
    """Seed the current device's generator. Without CUDA it does nothing.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.cuda.manual_seed(0)
    """
    with _lock:
        _states[_driver.current()] = [int(seed) % (1 << 64), 0]


def manual_seed_all(seed: int) -> None:
    """Seed the generators of all devices, also of those not used yet."""
    with _lock:
        _for_all[0] = int(seed) % (1 << 64)
        _states.clear()


def seed() -> None:
    """Seed the current device's generator by chance."""
    manual_seed(int.from_bytes(os.urandom(8), "little") >> 1)


def seed_all() -> None:
    """Seed the generators of all devices by chance."""
    manual_seed_all(int.from_bytes(os.urandom(8), "little") >> 1)


def initial_seed() -> int:
    """The current device's seed."""
    with _lock:
        return _state(_driver.current())[0]


def get_rng_state(device="cuda"):
    """A device's seed and counter, as 16 bytes in a uint8 tensor on the CPU."""
    with _lock:
        state = _state(index_of(device))
        data = b"".join(part.to_bytes(8, "little") for part in state)
    return ctorch.frombuffer(bytearray(data), dtype=ctorch.uint8)


def set_rng_state(new_state, device="cuda") -> None:
    """Set a device's seed and counter as `get_rng_state` gave them."""
    data = bytes(new_state.tolist())
    if len(data) != 16 or new_state.dtype != ctorch.uint8:
        raise RuntimeError(f"RNG state must be 16 bytes in a uint8 tensor, got {list(new_state.shape)} of "
                           f"{new_state.dtype}")
    with _lock:
        _states[index_of(device)] = [int.from_bytes(data[:8], "little"), int.from_bytes(data[8:], "little")]


def get_rng_state_all() -> list:
    """The states of all devices."""
    return [get_rng_state(index) for index in range(_driver.count())]


def set_rng_state_all(new_states) -> None:
    """Set the states of all devices."""
    for index, state in enumerate(new_states):
        set_rng_state(state, index)


# ---- numbers into raw memory

def _grid(n):
    return (blocks_for(-(-n // 4)),)


def uniform(index, dtype, y, n, low=0.0, high=1.0):
    """n numbers of [low, high)."""
    if n:
        _uniform(index, dtype, _grid(n), (256,), y, n, *take(index, n), low, high)


def normal(index, dtype, y, n, mean=0.0, std=1.0):
    """n normal numbers."""
    if n:
        _normal(index, dtype, _grid(n), (256,), y, n, *take(index, n), mean, std)


def bernoulli(index, dtype, y, n, p=0.5, each=0):
    """n times 0 or 1; `each` may point at a probability for each."""
    if n:
        _bernoulli(index, dtype, _grid(n), (256,), y, each, n, *take(index, n), p)


def dropout(index, dtype, x, y, mask, n, p):
    """y = x / (1 - p) where kept, else 0; `mask`, of bytes, tells which are kept."""
    if n:
        _dropout(index, dtype, _grid(n), (256,), x, y, mask, n, *take(index, n), p)

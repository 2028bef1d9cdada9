"""The state of each device's generator: a seed, and a counter that moves on with each call; _random.py draws."""
import os
import threading

import ctorch
from ctorch.cuda import _driver
from ctorch.cuda.device import index_of

__all__ = ["get_rng_state", "get_rng_state_all", "initial_seed", "manual_seed", "manual_seed_all", "seed", "seed_all",
           "set_rng_state", "set_rng_state_all"]

_lock = threading.Lock()
_states = {}                         # device index -> [seed, counter]
_for_all = [ctorch.initial_seed()]   # of devices that have no state yet: `ctorch.manual_seed` may come first


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

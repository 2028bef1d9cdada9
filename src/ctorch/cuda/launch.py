"""Launches: a kernel's arguments are packed into one buffer as the driver wants them."""
import struct

from ctorch.cuda import _driver, streams
from ctorch.cuda.module import function, function_of_text

THREADS = 256                        # to a block, where nothing else is said
MOST_BLOCKS = 1 << 16                # of kernels that loop over what is left: their results do not depend on it


def blocks_for(count: int, threads: int = THREADS) -> int:
    """Blocks for `count` items, one a thread, at least one and no more than MOST_BLOCKS."""
    return min(max(-(-count // threads), 1), MOST_BLOCKS)


def launch(kernel, grid, block, packed, shared=0, stream=None):
    """Put a kernel in a queue.

    Parameters
    ----------
    kernel : pycuda.driver.Function
        Of the current device, whose context is current.
    grid, block : tuple of int
        Blocks, and threads to a block, in up to three directions.
    packed : bytes
        The arguments, each at its natural alignment (`struct` in native mode).
    shared : int
        Bytes of dynamic shared memory.
    stream : pycuda.driver.Stream, optional
        The queue; None is the default stream.
    """
    try:
        kernel._launch_kernel(grid, block, packed, shared, stream)
    except _driver.driver().Error as error:
        raise RuntimeError(f"CUDA error: {error}") from error


class Kernel:
    """An entry point of a kernel file.

    Parameters
    ----------
    family : str
        The file, without its suffix.
    name : str
        The entry point's name.
    arguments : str
        A letter for each: P pointer, q int64, i int32, I uint32, d float64, f float32, ? bool (as `struct` has it).
    """

    __slots__ = ("family", "name", "pack")

    def __init__(self, family, name, arguments):
        self.family, self.name, self.pack = family, name, struct.Struct(arguments).pack

    def __call__(self, index, dtype, grid, block, *arguments, shared=0):
        """Launch on the current stream of device `index`."""
        _driver.activate(index)
        kernel = function(index, self.family, dtype, self.name)
        launch(kernel, grid, block, self.pack(*arguments), shared, streams.raw(index))


__all__ = ["MOST_BLOCKS", "THREADS", "Kernel", "blocks_for", "function", "function_of_text", "launch"]

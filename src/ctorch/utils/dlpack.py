"""DLPack: tensors to and from other libraries without a copy.

See https://docs.pytorch.org/docs/stable/dlpack.html and https://dmlc.github.io/dlpack/latest/python_spec.html
"""
import enum

import ctorch
from ctorch import _dlpack

__all__ = ["DLDeviceType", "from_dlpack", "to_dlpack"]


class DLDeviceType(enum.IntEnum):
    """Kinds of devices, by DLPack's numbers."""

    kDLCPU = 1
    kDLCUDA = 2
    kDLCUDAHost = 3
    kDLOpenCL = 4
    kDLVulkan = 7
    kDLMetal = 8
    kDLVPI = 9
    kDLROCM = 10
    kDLROCMHost = 11
    kDLExtDev = 12
    kDLCUDAManaged = 13
    kDLOneAPI = 14
    kDLWebGPU = 15
    kDLHexagon = 16
    kDLMAIA = 17


_HOST = (DLDeviceType.kDLCPU, DLDeviceType.kDLCUDAHost)
_LEGACY_STREAM, _THREAD_STREAM, _NO_STREAM = 1, 2, -1


# ---- out of ctorch

def device_of(x):
    """What ``Tensor.__dlpack_device__`` returns: kind and number of the device."""
    kind, index = _dlpack.device_of(x, x.is_pinned())
    return DLDeviceType(kind), index


def export(x, stream, max_version, dl_device, copy):
    """What ``Tensor.__dlpack__`` returns: a capsule."""
    if x.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    if stream is not None and type(stream) is not int:
        raise TypeError("stream must be ``int`` or ``none``")
    if x.is_cuda:
        _check_current(x)
    elif stream not in (None, _NO_STREAM):
        raise AssertionError("stream should be None on cpu.")
    moved = _placed(x, dl_device, copy)
    copied = moved is not x or bool(copy)
    if moved is x and copy:
        moved = x.clone()
    if moved.is_cuda and stream != _NO_STREAM:
        _wait(moved, stream)
    versioned = max_version is not None and max_version[0] >= 1
    if not versioned and _dlpack.is_readonly(moved):
        raise BufferError("Cannot export a read-only tensor without flags: the consumer must ask for max_version "
                          "(1, 0) or later")
    return _dlpack.capsule_of(moved, versioned, copied, not copied and moved.is_pinned())


def _check_current(x):
    here = ctorch.cuda.current_device()
    if x.device.index != here:
        raise BufferError(f"Can't export tensors on a different CUDA device index. Expected: {x.device.index}. "
                          f"Current device: {here}.")


def _place(dl_device):
    kind, index = dl_device
    if kind in _HOST:
        return ctorch.device("cpu")
    if kind == DLDeviceType.kDLCUDA:
        return ctorch.device("cuda", index)
    raise BufferError(f"Unsupported device_type: {int(kind)}")


def _placed(x, dl_device, copy):
    # x on the device that the consumer wants.
    if dl_device is None:
        return x
    place = _place(dl_device)
    if place == x.device:
        return x
    if copy is False:
        raise ValueError(f"cannot move (i.e. copy=False) tensor from {x.device} to {place} without copying.")
    return x.to(place)


def _wait(x, stream):
    # The consumer's stream waits for the work on x that is queued.
    if stream == _THREAD_STREAM:
        raise BufferError("per-thread default stream is not supported.")
    if stream == 0:
        raise AssertionError("unsupported stream on CUDA: 0.")
    ours = ctorch.cuda.current_stream(x.device)
    theirs = 0 if stream in (None, _LEGACY_STREAM) else stream
    if theirs == ours.cuda_stream:
        return
    if theirs == 0:
        ctorch.cuda.default_stream(x.device).wait_stream(ours)
    else:
        # PyCUDA takes no foreign stream, so that the host waits in its place
        ours.synchronize()


def to_dlpack(tensor):
    """A capsule of DLPack 0.x over a tensor's memory; ``Tensor.__dlpack__`` makes newer ones.

    Examples
    --------
    >>> import ctorch
    >>> from ctorch.utils.dlpack import from_dlpack, to_dlpack
    >>> from_dlpack(to_dlpack(ctorch.ones(2)))
    tensor([1., 1.])
    """
    return _dlpack.capsule_of(tensor.detach(), False, False, tensor.is_pinned())


# ---- into ctorch

def from_dlpack(ext_tensor, *, device=None, copy=None):
    """A tensor over the memory of another library's array.

    See https://docs.pytorch.org/docs/stable/generated/torch.from_dlpack.html

    Parameters
    ----------
    ext_tensor : object with ``__dlpack__``, or a capsule of one
        What to take the memory of. A read-only array becomes a tensor that cannot be changed in place.
    device : device or str, optional
        Where the tensor should be; by default where the array is.
    copy : bool, optional
        True always copies, False never; by default only another device needs a copy.

    Raises
    ------
    BufferError
        If the array's dtype or device has no counterpart.
    ValueError
        If copy is False and a copy is needed.

    Examples
    --------
    >>> import ctorch, numpy
    >>> a = numpy.arange(3)
    >>> x = ctorch.from_dlpack(a)
    >>> a[0] = 7
    >>> x
    tensor([7, 1, 2])
    """
    if not hasattr(ext_tensor, "__dlpack__"):
        if device is not None or copy is not None:
            raise AssertionError("device and copy kwargs not supported when ext_tensor is already a DLPack capsule.")
        return _dlpack.tensor_of(ext_tensor)
    source = tuple(ext_tensor.__dlpack_device__())
    options = {"max_version": (1, 1)}
    place = None if device is None else ctorch.device(device)
    crosses = place is not None and not _is_at(place, source)
    if crosses and copy is False:
        raise ValueError(f"cannot move DLPack tensor from device {source} to {place} without copying. "
                         "Set copy=None or copy=True.")
    if place is not None and not crosses:
        options["dl_device"] = source
    if copy is not None and not crosses:
        options["copy"] = copy
    if source[0] == DLDeviceType.kDLCUDA:
        stream = ctorch.cuda.current_stream(source[1]).cuda_stream
        options["stream"] = stream or _LEGACY_STREAM
    capsule, copied = _asked(ext_tensor, options)
    tensor = _dlpack.tensor_of(capsule)
    if crosses:
        return tensor.to(place)
    return tensor.clone() if copy and not copied else tensor


def _is_at(place, source):
    if place.type == "cpu":
        return source[0] in _HOST
    if source[0] not in (DLDeviceType.kDLCUDA, DLDeviceType.kDLCUDAManaged):
        return False
    return source[1] == (ctorch.cuda.current_device() if place.index is None else place.index)


def _asked(producer, options):
    # The producer's capsule, and whether it was told of `copy`: older producers know fewer options.
    for dropped in ((), ("max_version",), ("max_version", "copy"), ("max_version", "copy", "dl_device")):
        given = {name: value for name, value in options.items() if name not in dropped}
        try:
            return producer.__dlpack__(**given), "copy" in given
        except TypeError:
            if "dl_device" in dropped:
                raise
    return None

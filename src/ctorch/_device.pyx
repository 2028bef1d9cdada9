"""Devices as objects: ``ctorch.device("cuda:1")``."""
from ctorch._accelerator cimport backend
from ctorch._batched cimport place_of_batch
from ctorch._tensor cimport DEVICE_CPU, TensorBase


cdef class device:
    """Where a tensor's values live.

    Parameters
    ----------
    type : str or int or device
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``; an int means that CUDA device.
    index : int, optional
        Number of the device where `type` does not name one.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.device("cuda", 1)
    device(type='cuda', index=1)

    As a context manager it is the device of tensors that are made without one:

    >>> with ctorch.device("cpu"):
    ...     x = ctorch.ones(2)
    """

    def __init__(self, type, index=None):
        if isinstance(type, device):
            self.type, self.index = (<device>type).type, (<device>type).index
            return
        if isinstance(type, int):
            self.type, self.index = "cuda", type
            return
        if not isinstance(type, str):
            raise TypeError(f"device(): argument 'type' must be str, not {type.__class__.__name__}")
        name, colon, number = type.partition(":")
        if name not in ("cpu", "cuda", "meta"):
            raise RuntimeError("Expected one of cpu, cuda, meta device type at start of device string: " + type)
        if colon:
            if index is not None:
                raise RuntimeError(f"type (string) must not include an index because index was passed "
                                   f"explicitly: {type}")
            if not number.isdigit():
                raise RuntimeError(f"Invalid device string: '{type}'")
            index = int(number)
        self.type, self.index = name, index

    def __enter__(self):
        ENTERED.append(DEFAULT)
        set_default(self)
        return self

    def __exit__(self, *exception):
        set_default(ENTERED.pop())

    def __eq__(self, other):
        if not isinstance(other, device):
            return NotImplemented
        return self.type == (<device>other).type and self.index == (<device>other).index

    def __hash__(self):
        return hash((self.type, self.index))

    def __repr__(self):
        if self.index is None:
            return f"device(type='{self.type}')"
        return f"device(type='{self.type}', index={self.index})"

    def __str__(self):
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __reduce__(self):
        return (device, (self.type, self.index))


CPU = device("cpu")
cdef object DEFAULT = CPU            # of tensors made without a device
cdef list ENTERED = []
cdef int default_index = -1


def set_default(place):
    """Make tensors on a device from now on, where none is named; None is the CPU."""
    global DEFAULT, default_index
    place = CPU if place is None else device(place)
    default_index = -1 if place.type == "cpu" else place_of(place, "set_default_device")
    DEFAULT = place


def default():
    """The device of tensors made without one."""
    return DEFAULT


cdef object device_object(int type, int index):
    return CPU if type == DEVICE_CPU else device("cuda", index)


cdef object place_object(TensorBase x):
    """The device on which a tensor's values are."""
    cdef int index, type = place_of_batch(x, &index)
    return device_object(type, index)


cdef int place_of(object d, str op) except -2:
    # -1 for the CPU, else the number of a CUDA device; None is the default device.
    if d is None:
        return default_index
    if d is CPU:
        return -1
    if not isinstance(d, device):
        d = device(d)
    if (<device>d).type == "cpu":
        return -1
    if (<device>d).type != "cuda":
        raise NotImplementedError(f"{op}: device '{d}' is not supported; tensors live on cpu and cuda")
    return backend().device_index((<device>d).index)

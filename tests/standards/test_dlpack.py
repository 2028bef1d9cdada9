"""DLPack in both directions: what is shared, who lets go of it and when, what is refused."""
import ctypes
import gc
import sys
import threading
import weakref

import numpy as np
import pytest

import ctorch
from ctorch.utils.dlpack import DLDeviceType, from_dlpack, to_dlpack

DTYPES = ("bool uint8 int8 uint16 int16 uint32 int32 uint64 int64 float16 float32 float64 complex64 complex128").split()
CODES = {"b": 6, "i": 0, "u": 1, "f": 2, "c": 5}


# ---- the C structures, as a consumer or producer sees them

class DLTensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32),
                ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8),
                ("lanes", ctypes.c_uint16), ("shape", ctypes.POINTER(ctypes.c_int64)),
                ("strides", ctypes.POINTER(ctypes.c_int64)), ("byte_offset", ctypes.c_uint64)]


DELETER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Managed(ctypes.Structure):
    _fields_ = [("tensor", DLTensor), ("context", ctypes.c_void_p), ("deleter", DELETER)]


class Versioned(ctypes.Structure):
    _fields_ = [("major", ctypes.c_uint32), ("minor", ctypes.c_uint32), ("context", ctypes.c_void_p),
                ("deleter", DELETER), ("flags", ctypes.c_uint64), ("tensor", DLTensor)]


api = ctypes.pythonapi
api.PyCapsule_GetPointer.restype = ctypes.c_void_p
api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
api.PyCapsule_GetName.restype = ctypes.c_char_p
api.PyCapsule_GetName.argtypes = [ctypes.py_object]
api.PyCapsule_SetName.argtypes = [ctypes.py_object, ctypes.c_char_p]
api.PyCapsule_New.restype = ctypes.py_object
api.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
USED = ctypes.c_char_p(b"used_dltensor_versioned")       # names must outlive capsules
USED_PLAIN = ctypes.c_char_p(b"used_dltensor")


def opened(capsule):
    """The structure in a capsule."""
    name = api.PyCapsule_GetName(capsule)
    kind = Versioned if name == b"dltensor_versioned" else Managed
    m = kind.from_address(api.PyCapsule_GetPointer(capsule, name))
    m.capsule = capsule              # which keeps the memory alive
    return m


def taken(capsule):
    """The structure of a capsule that is consumed by this."""
    m = opened(capsule)
    del m.capsule
    api.PyCapsule_SetName(capsule, USED if isinstance(m, Versioned) else USED_PLAIN)
    return m


class Producer:
    """A tensor of another library, over an array; it counts its deleter's calls."""

    def __init__(self, array, versioned=True, strides=True, **changes):
        self.array, self.deleted = array, 0
        self.asked = None
        self.m = (Versioned if versioned else Managed)()
        if versioned:
            self.m.major, self.m.minor, self.m.flags = 1, 0, changes.pop("flags", 0)
            self.m.major = changes.pop("major", 1)
        self.deleter = DELETER(self._delete)
        self.m.deleter = self.deleter
        t, n = self.m.tensor, array.ndim
        t.data, t.device_type, t.ndim, t.lanes = array.ctypes.data, 1, n, 1
        t.code, t.bits = CODES[array.dtype.kind], 8 * array.dtype.itemsize
        self.shape = (ctypes.c_int64 * n)(*array.shape)
        self.strides = (ctypes.c_int64 * n)(*[s // array.itemsize for s in array.strides])
        t.shape = self.shape
        t.strides = self.strides if strides else None
        for name, value in changes.items():
            setattr(t, name, value)
        self.name = ctypes.c_char_p(b"dltensor_versioned" if versioned else b"dltensor")

    def _delete(self, address):
        assert address == ctypes.addressof(self.m)
        self.deleted += 1

    def __dlpack_device__(self):
        return self.m.tensor.device_type, 0

    def __dlpack__(self, **asked):
        self.asked = asked
        self.capsule = api.PyCapsule_New(ctypes.addressof(self.m), self.name, None)
        return self.capsule


# ---- out of ctorch

@pytest.mark.parametrize("versioned", [True, False])
@pytest.mark.parametrize("dtype", [*DTYPES, "bfloat16"])
def test_description(dtype, versioned):
    x = ctorch.ones(4, 6, dtype=getattr(ctorch, dtype))[1:, ::2]
    m = opened(x.__dlpack__(max_version=(1, 0) if versioned else None))
    t = m.tensor
    assert (t.device_type, t.device_id, t.ndim, t.lanes, t.byte_offset) == (1, 0, 2, 1, 0)
    assert (t.shape[:2], t.strides[:2], t.data) == ([3, 3], [6, 2], x.data_ptr())
    code = 4 if dtype == "bfloat16" else CODES[np.dtype(dtype).kind]
    assert (t.code, t.bits) == (code, 8 * x.element_size())
    if versioned:
        assert (m.major, m.flags) == (1, 0)


def test_versions_and_names():
    x = ctorch.ones(2)
    names = {version: api.PyCapsule_GetName(x.__dlpack__(max_version=version))
             for version in (None, (0, 8), (1, 0), (1, 9), (2, 0))}
    assert names == {None: b"dltensor", (0, 8): b"dltensor", (1, 0): b"dltensor_versioned",
                     (1, 9): b"dltensor_versioned", (2, 0): b"dltensor_versioned"}
    assert x.__dlpack_device__() == (DLDeviceType.kDLCPU, 0)


@pytest.mark.parametrize("make", [lambda: ctorch.ones(()), lambda: ctorch.ones(0, 3), lambda: ctorch.ones(2, 3).T,
                                  lambda: ctorch.arange(6.)[::2], lambda: ctorch.ones(3).expand(2, 3),
                                  lambda: ctorch.from_numpy(np.arange(6.)[::-2]), lambda: ctorch.ones(*[1] * 20)])
def test_layouts_to_numpy(make):
    x = make()
    a = np.from_dlpack(x)
    assert a.shape == x.shape
    np.testing.assert_array_equal(a, x.numpy())
    if a.size:
        assert a.ctypes.data == x.data_ptr()


@pytest.mark.parametrize("dtype", DTYPES)
def test_to_numpy_and_back(dtype):
    x = ctorch.tensor([0, 1, 1], dtype=getattr(ctorch, dtype))
    a = np.from_dlpack(x)
    assert a.dtype == dtype
    back = ctorch.from_dlpack(a)
    assert back.dtype == x.dtype and back.data_ptr() == x.data_ptr() and back.equal(x)


def test_memory_is_shared():
    x = ctorch.zeros(3)
    a = np.from_dlpack(x)
    x[0] = 5
    assert a[0] == 5
    y = ctorch.from_dlpack(x)
    y[1] = 7
    assert x.tolist() == [5, 7, 0]


def test_the_tensor_lives_as_long_as_the_consumer():
    x = ctorch.arange(1000.)
    a = np.from_dlpack(x)
    del x
    gc.collect()
    ctorch.zeros(1000)
    np.testing.assert_array_equal(a, np.arange(1000))


@pytest.mark.parametrize("versioned", [True, False])
@pytest.mark.parametrize("how", ["dropped", "deleted", "deleted by a thread"])
def test_nothing_is_kept(versioned, how):
    # The capsule's destructor, or the deleter that a consumer calls, from any thread, lets go of the tensor.
    array = np.ones(3)
    alive = weakref.ref(array)
    x = ctorch.from_numpy(array)
    capsule = x.__dlpack__(max_version=(1, 0) if versioned else None)
    del x, array
    gc.collect()
    assert alive() is not None
    if how == "dropped":
        del capsule
    else:
        m = taken(capsule)
        del capsule
        gc.collect()
        assert alive() is not None
        if how == "deleted":
            m.deleter(ctypes.addressof(m))
        else:
            thread = threading.Thread(target=m.deleter, args=(ctypes.addressof(m),))
            thread.start()
            thread.join()
    gc.collect()
    assert alive() is None


def test_no_leak():
    x = ctorch.ones(16)

    def once():
        np.from_dlpack(x)
        ctorch.from_dlpack(x)
        x.__dlpack__()
        x.__dlpack__(max_version=(1, 0))
        to_dlpack(x)
    once()
    before = sys.getrefcount(x), ctorch._storage.memory_stats()["allocated"]
    for _ in range(200):
        once()
    assert (sys.getrefcount(x), ctorch._storage.memory_stats()["allocated"]) == before


def test_copy():
    x = ctorch.arange(3.)
    m = opened(x.__dlpack__(max_version=(1, 0), copy=True))
    assert m.tensor.data != x.data_ptr() and m.flags == 2
    m = opened(x.__dlpack__(max_version=(1, 0), copy=False, dl_device=(1, 0)))
    assert m.tensor.data == x.data_ptr() and m.flags == 0
    with pytest.raises(ValueError, match=r"copy=False"):
        x.__dlpack__(dl_device=(2, 0), copy=False)
    assert np.from_dlpack(x, copy=True).ctypes.data != x.data_ptr()
    assert np.from_dlpack(x, device="cpu", copy=False).ctypes.data == x.data_ptr()


def test_refusals():
    with pytest.raises(BufferError, match="require gradient, use tensor"):
        ctorch.ones(1, requires_grad=True).__dlpack__()
    with pytest.raises(TypeError, match="stream must be"):
        ctorch.ones(1).__dlpack__(stream="main")
    with pytest.raises(AssertionError, match="stream should be None on cpu"):
        ctorch.ones(1).__dlpack__(stream=1)
    for stream in (None, -1):
        ctorch.ones(1).__dlpack__(stream=stream)
    with pytest.raises(BufferError, match="Unsupported device_type: 7"):
        ctorch.ones(1).__dlpack__(dl_device=(7, 0))
    # a function of its own, as in PyTorch, that takes leaves too
    assert api.PyCapsule_GetName(to_dlpack(ctorch.ones(1, requires_grad=True))) == b"dltensor"


def test_read_only_tensors_say_so():
    array = np.ones(3)
    array.flags.writeable = False
    x = ctorch.from_numpy(array)
    assert opened(x.__dlpack__(max_version=(1, 0))).flags == 1
    with pytest.raises(BufferError, match="read-only"):
        x.__dlpack__()
    assert opened(x.__dlpack__(max_version=(1, 0), copy=True)).flags == 2
    assert not np.from_dlpack(x).flags.writeable


# ---- into ctorch

@pytest.mark.parametrize("versioned", [True, False])
def test_consumption(versioned):
    producer = Producer(np.arange(6.).reshape(2, 3).T, versioned)
    x = from_dlpack(producer)
    assert producer.asked == {"max_version": (1, 1)}
    assert api.PyCapsule_GetName(producer.capsule) == (b"used_dltensor_versioned" if versioned else b"used_dltensor")
    np.testing.assert_array_equal(x.numpy(), producer.array)
    assert x.stride() == (1, 3)
    view = x[0]
    del x
    gc.collect()
    assert producer.deleted == 0
    del view
    gc.collect()
    assert producer.deleted == 1


def test_forms_of_memory():
    array = np.arange(24.).reshape(2, 3, 4)
    assert from_dlpack(Producer(array, strides=False)).stride() == (12, 4, 1)
    np.testing.assert_array_equal(from_dlpack(Producer(array[:, ::-1])).numpy(), array[:, ::-1])
    offset = from_dlpack(Producer(array[0], byte_offset=8 * 12))
    np.testing.assert_array_equal(offset.numpy(), array[1])
    assert from_dlpack(Producer(np.array(3.))).item() == 3
    assert from_dlpack(Producer(np.ones((0, 2)))).shape == (0, 2)
    empty = from_dlpack(Producer(np.ones((2, 0)), data=None))
    assert empty.shape == (2, 0) and empty.sum() == 0
    assert from_dlpack(Producer(array, device_type=3)).device.type == "cpu"
    half = Producer(np.array([0x3F80], dtype=np.uint16), code=4)
    assert from_dlpack(half).dtype == ctorch.bfloat16 and from_dlpack(half).item() == 1


def test_what_is_not_taken_stays_the_producers():
    for producer, message in ((Producer(np.ones(2), lanes=2), "Unsupported dtype"),
                              (Producer(np.ones(2), bits=128), "Unsupported dtype"),
                              (Producer(np.ones(2), device_type=8), "Unsupported device_type: 8"),
                              (Producer(np.ones(2), major=2), "DLPack 2.0"),
                              (Producer(np.ones([1] * 20), ndim=65), "at most 64 dimensions")):
        with pytest.raises(BufferError, match=message):
            from_dlpack(producer)
        assert producer.deleted == 0
        assert not api.PyCapsule_GetName(producer.capsule).startswith(b"used")


def test_capsules_are_used_once():
    capsule = ctorch.ones(2).__dlpack__()
    assert from_dlpack(capsule).tolist() == [1, 1]
    for wrong in (capsule, None, 3):
        with pytest.raises(RuntimeError, match="invalid capsule"):
            from_dlpack(wrong)
    with pytest.raises(AssertionError, match="already a DLPack capsule"):
        from_dlpack(ctorch.ones(2).__dlpack__(), device="cpu")


def test_read_only_arrays_cannot_be_changed():
    array = np.ones(3)
    array.flags.writeable = False
    x = from_dlpack(array)
    assert x.data_ptr() == array.ctypes.data
    with pytest.raises(RuntimeError, match="read-only"):
        x.add_(1)
    y = from_dlpack(array, copy=True)
    y.add_(1)
    assert array.tolist() == [1, 1, 1]
    assert (x + 1).tolist() == [2, 2, 2]


def test_options():
    array = np.arange(3.)
    assert from_dlpack(array, copy=True).data_ptr() != array.ctypes.data
    assert from_dlpack(array, device="cpu", copy=False).data_ptr() == array.ctypes.data
    producer = Producer(array)
    from_dlpack(producer, device="cpu", copy=False)
    assert producer.asked == {"max_version": (1, 1), "dl_device": (1, 0), "copy": False}
    with pytest.raises(ValueError, match="without copying"):
        from_dlpack(array, device="cuda", copy=False)


class Old(Producer):
    """Knows no option."""

    def __dlpack__(self):
        return Producer.__dlpack__(self)


def test_old_producers():
    producer = Old(np.arange(3.), versioned=False)
    assert from_dlpack(producer, device="cpu").data_ptr() == producer.array.ctypes.data
    copied = from_dlpack(Old(np.arange(3.), versioned=False), copy=True)
    assert copied.tolist() == [0, 1, 2]


class Broken(Producer):
    def __dlpack__(self, **asked):
        raise TypeError("broken")


def test_errors_of_the_producer_come_through():
    with pytest.raises(TypeError, match="broken"):
        from_dlpack(Broken(np.ones(1)))


@pytest.mark.parametrize("dtype", [*DTYPES, "bfloat16"])
def test_with_pytorch(dtype):
    torch = pytest.importorskip("torch")
    x = ctorch.tensor([[0, 1], [1, 1]], dtype=getattr(ctorch, dtype)).T
    theirs = torch.from_dlpack(x)
    assert theirs.data_ptr() == x.data_ptr() and theirs.stride() == x.stride()
    assert theirs.dtype == getattr(torch, dtype)
    back = ctorch.from_dlpack(theirs)
    assert back.data_ptr() == x.data_ptr() and back.dtype == x.dtype and back.equal(x)
    assert torch.from_dlpack(to_dlpack(x)).data_ptr() == x.data_ptr()
    assert from_dlpack(torch.utils.dlpack.to_dlpack(theirs)).data_ptr() == x.data_ptr()


def test_values_written_by_others_are_noticed_by_ctorch_alone():
    # NumPy cannot raise a version: that is documented; ctorch's own aliases share theirs.
    x = ctorch.ones(2, dtype=ctorch.float64)
    y = from_dlpack(x)
    y.add_(1)
    assert x.tolist() == [2, 2]

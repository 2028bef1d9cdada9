"""Files of tensors: ``save`` and ``load``.

A file is a zip archive whose entries are stored, not compressed: ``data.json``, which describes the values
and tensors, and one ``storage/<n>`` of raw little-endian bytes for each piece of memory, aligned to 64 bytes
so that it can be mapped. Reading builds values of a fixed list of types and runs no code.
"""
import contextlib
import io
import json
import math
import mmap as _mmap
import os
import struct
import sys
import uuid
import zipfile

import ctorch
from ctorch._device import device as Device
from ctorch._dtype import dtype_by_name
from ctorch._methods import restored
from ctorch._tagged import Encoder, decode

__all__ = ["load", "save"]

VERSION = 1
ALIGNMENT = 64
_ENTRY = "data.json"
_PADDING_ID = 0xC70C      # the zip extra field that moves a storage to an aligned place
_ZIP64_EXTRA = 20
_OLD_PYTORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."      # how its files before those in zip begin

_CONVERT = (
    "this is a file of PyTorch, which holds pickled Python code and is not read. Convert it where PyTorch is "
    "installed: numpy.savez('state.npz', **{k: v.numpy() for k, v in torch.load(path).items()}), then "
    "ctorch.save({k: ctorch.from_numpy(v) for k, v in numpy.load('state.npz').items()}, path)")


class _Damaged(Exception):
    """What is wrong with a file."""


def save(obj, f):
    """Write tensors and plain Python values to a file.

    An existing file is replaced only when the new one is complete. Tensors that share memory share it again
    when they are loaded; of a tensor that is a part of a larger one, its part alone is written.

    Parameters
    ----------
    obj : object
        Tensors, Parameters, numbers, strings, bytes, None, dtypes, devices and sizes, in any nesting of dict,
        OrderedDict, list, tuple and set.
    f : str, PathLike or binary file
        Where to write.

    Raises
    ------
    TypeError
        For any other type, naming the place in `obj`.

    Examples
    --------
    >>> import ctorch, io
    >>> file = io.BytesIO()
    >>> ctorch.save({"weight": ctorch.ones(2), "epoch": 3}, file)
    >>> ctorch.load(file)
    {'weight': tensor([1., 1.]), 'epoch': 3}
    """
    if sys.byteorder != "little":
        raise NotImplementedError("save: not implemented for big-endian machines")
    encoder = Encoder()
    try:
        value = encoder.encode(obj, "state")
    except RecursionError:
        raise ValueError("save: the object is nested too deeply") from None
    tensors, storages = _describe(encoder.tensors)
    header = {"format": "ctorch", "version": VERSION, "value": value, "tensors": tensors,
              "storages": [len(s) for s in storages]}
    text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    if hasattr(f, "write"):
        _write(f, text, storages)
        return
    with _replacing(os.path.realpath(os.fspath(f))) as file:
        _write(file, text, storages)


def load(f, map_location=None, *, weights_only=True, mmap=None):
    """Read what `save` wrote. No code in the file is run, whatever `weights_only` says.

    Parameters
    ----------
    f : str, PathLike or binary file
        What to read.
    map_location : device, str, dict or callable, optional
        Where to put tensors: a device, a dict of device names, or a function of the memory (a uint8 tensor)
        and the name of the device that it was saved from.
    weights_only : bool
        Accepted for the sake of PyTorch's scripts; both are the same here.
    mmap : bool, optional
        Map the file's memory instead of reading it; changes of the tensors do not reach the file.

    Returns
    -------
    object
        The saved value.

    Raises
    ------
    RuntimeError
        If the file is damaged, or has tensors of a device that is not there and `map_location` names no other.
    NotImplementedError
        If it is a file of PyTorch.

    Examples
    --------
    >>> import ctorch, io
    >>> file = io.BytesIO()
    >>> ctorch.save([ctorch.arange(3)], file)
    >>> ctorch.load(file)
    [tensor([0, 1, 2])]
    """
    if sys.byteorder != "little":
        raise NotImplementedError("load: not implemented for big-endian machines")
    if hasattr(f, "read"):
        if mmap:
            raise ValueError("load: mmap=True needs a path, not a file object")
        seekable = f if getattr(f, "seekable", lambda: False)() else io.BytesIO(f.read())
        return _load(seekable, getattr(f, "name", "the file object"), map_location, False)
    with open(f, "rb") as file:
        return _load(file, os.fspath(f), map_location, mmap)


# ---- writing

@contextlib.contextmanager
def _replacing(path):
    # A new file beside the old one, put in its place when it is complete.
    if os.path.exists(path) and not os.path.isfile(path):      # a pipe or a device
        with open(path, "wb") as file:
            yield file
        return
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise RuntimeError(f"Parent directory {folder} does not exist.")
    temporary = os.path.join(folder, f".{uuid.uuid4().hex}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(path):
            os.chmod(temporary, os.stat(path).st_mode & 0o7777)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.remove(temporary)
        raise


def _write(file, text, storages):
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo(_ENTRY), text)
        for i, storage in enumerate(storages):
            entry = zipfile.ZipInfo(f"storage/{i}")
            entry.file_size = len(storage)
            large = len(storage) * 1.05 > zipfile.ZIP64_LIMIT
            entry.extra = _padding(archive.fp.tell(), len(entry.filename) + (_ZIP64_EXTRA if large else 0))
            with archive.open(entry, "w", force_zip64=large) as out:
                out.write(storage)


def _padding(position, names):
    # An extra field, of at least its own 4 bytes, so that the data after the entry's header is aligned.
    n = -(position + zipfile.sizeFileHeader + names + 4) % ALIGNMENT
    return struct.pack("<HH", _PADDING_ID, n) + bytes(n)


def _describe(tensors):
    """Records of the tensors, and for each piece of memory a view of its bytes."""
    groups = {}
    for x in tensors:
        if x.numel():
            start = x.data_ptr() - x.storage_offset() * x.element_size()
            groups.setdefault((str(x.device), start), []).append(x)
    places, storages = {}, []
    for (_, start), members in groups.items():
        # a whole number of the widest elements, so that each member's offset is one of its own elements
        low = start + (min(_span(x)[0] for x in members) - start) // 16 * 16
        high = max(_span(x)[1] for x in members)
        finest = min(members, key=lambda x: x.element_size())
        storages.append(_bytes(finest, low - start, high - low))
        for x in members:
            places[id(x)] = (len(storages) - 1, (x.data_ptr() - low) // x.element_size())
    return [_record(x, *places.get(id(x), (None, 0))) for x in tensors], storages


def _span(x):
    # Addresses of the first byte and of that after the last.
    steps = [(n - 1) * step for n, step in zip(x.shape, x.stride())]
    size, start = x.element_size(), x.data_ptr()
    low, high = sum(s for s in steps if s < 0), sum(s for s in steps if s > 0)
    return start + low * size, start + (high + 1) * size


def _bytes(x, offset, length):
    size = x.element_size()
    flat = x.detach().as_strided((length // size,), (1,), offset // size)
    return memoryview(flat.view(ctorch.uint8).cpu())


def _record(x, storage, offset):
    record = {"dtype": x.dtype.name, "shape": list(x.shape), "stride": list(x.stride()), "storage": storage,
              "offset": offset, "device": str(x.device)}
    if x.requires_grad:
        record["requires_grad"] = True
    if type(x) is not ctorch.Tensor:
        record["class"] = type(x).__name__
        if record["class"] == "Buffer":
            record["persistent"] = bool(x.persistent)
    return record


# ---- reading

def _load(file, name, map_location, mapped):
    try:
        return _read(file, map_location, mapped)
    except _Damaged as error:
        reason = str(error)
    except (zipfile.BadZipFile, EOFError, struct.error) as error:
        reason = str(error) or type(error).__name__
    raise RuntimeError(f"load: '{name}' is not a file of ctorch.save or is damaged: {reason}")


def _read(file, map_location, mapped):
    file.seek(0)
    start = file.read(len(_OLD_PYTORCH))
    if start == _OLD_PYTORCH:
        raise NotImplementedError(f"load: {_CONVERT}")
    if not start:
        raise _Damaged("it is empty")
    with _damage("its table of contents"):
        archive = zipfile.ZipFile(file)
        names = archive.namelist()
    with archive:
        if any(n.endswith("data.pkl") for n in names):
            raise NotImplementedError(f"load: {_CONVERT}")
        with _damage("its description"):
            header = json.loads(_entry(archive, _ENTRY, bytes))
            if header["format"] != "ctorch":
                raise _Damaged(f"its format is {header['format']!r}")
            version, sizes, records = header["version"], header["storages"], header["tensors"]
        if version != VERSION:
            raise RuntimeError(f"load: the file has version {version}, this ctorch reads version {VERSION}")
        memory = _Memory(archive, file, sizes, map_location, mapped)
        with _damage("its tensors"):
            plans = [_Plan(record, sizes) for record in records]
        tensors = [plan.build(memory) for plan in plans]
    with _damage("its values"):
        return decode(header["value"], tensors)


@contextlib.contextmanager
def _damage(part):
    # All that a damaged file makes of zip and JSON, as one exception (RecursionError is a RuntimeError).
    try:
        yield
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RuntimeError,
            EOFError, OSError, struct.error, zipfile.BadZipFile) as error:
        raise _Damaged(f"{part} cannot be read ({type(error).__name__}: {error})") from None


def _entry(archive, name, kind):
    info = archive.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
        raise _Damaged(f"{name} is compressed")
    return kind(archive.read(info))


class _Memory:
    """The storages of a file as uint8 tensors, read when first asked for."""

    def __init__(self, archive, file, sizes, map_location, mapped):
        self.archive, self.file, self.sizes = archive, file, sizes
        self.place = _placer(map_location)
        self.mapped = _mmap.mmap(file.fileno(), 0, access=_mmap.ACCESS_COPY) if mapped else None
        self.read = {}

    def get(self, i, location):
        key = (i, location)
        if key not in self.read:
            with _damage(f"storage {i}"):
                raw = self._raw(i)
            self.read[key] = self.place(raw, location)
        return self.read[key]

    def _raw(self, i):
        info = self.archive.getinfo(f"storage/{i}")
        n = self.sizes[i]
        if info.compress_type != zipfile.ZIP_STORED or not n == info.file_size == info.compress_size:
            raise _Damaged(f"storage {i} has {info.file_size} bytes, not {n}")
        if n > self.archive.start_dir:
            raise _Damaged(f"storage {i} is longer than the file")
        if self.mapped is not None:
            offset = self._data_offset(info, n)
            return ctorch.frombuffer(self.mapped, dtype=ctorch.uint8, count=n, offset=offset)
        # whole multiples of the widest element, so that the bytes can be read as any dtype
        raw = ctorch.empty(-(-n // 16) * 16, dtype=ctorch.uint8, device="cpu")
        target, done = memoryview(raw)[:n], 0
        with self.archive.open(info) as source:
            while done < n:
                got = source.readinto(target[done:])
                if not got:
                    raise _Damaged(f"storage {i} ends early")
                done += got
        return raw

    def _data_offset(self, info, n):
        # zipfile knows where the entry's header is; its length stands in it.
        header = self.mapped[info.header_offset:info.header_offset + zipfile.sizeFileHeader]
        name, extra = struct.unpack("<HH", header[26:30])
        offset = info.header_offset + zipfile.sizeFileHeader + name + extra
        if header[:4] != b"PK\x03\x04" or offset + n > len(self.mapped):
            raise _Damaged("an entry lies outside of the file")
        if offset % ALIGNMENT:
            raise _Damaged("an entry is not aligned; load it without mmap")
        return offset


class _Plan:
    """How to make one tensor, checked before any memory is touched."""

    def __init__(self, record, sizes):
        self.dtype = dtype_by_name(record["dtype"])
        self.shape, self.stride = record["shape"], record["stride"]
        self.storage, self.offset, self.device = record["storage"], record["offset"], str(record["device"])
        self.requires_grad = record.get("requires_grad") is True
        self.kind, self.persistent = record.get("class"), record.get("persistent") is True
        numbers = [*self.shape, *self.stride, self.offset]
        if any(type(n) is not int or abs(n) >= 2**62 for n in numbers) or min(self.shape, default=0) < 0:
            raise ValueError("a shape or stride is no number of elements")
        if len(self.shape) != len(self.stride) or len(self.shape) > 64:
            raise ValueError(f"{len(self.shape)} sizes and {len(self.stride)} strides")
        if self.kind not in (None, "Parameter", "Buffer"):
            raise ValueError(f"unknown class {self.kind!r}")
        if self.requires_grad and not (self.dtype.is_floating_point or self.dtype.is_complex):
            raise ValueError(f"a tensor of {self.dtype} requires grad")
        Device(self.device)
        self._check_bounds(sizes)

    def _check_bounds(self, sizes):
        count = math.prod(self.shape)
        if count * self.dtype.itemsize >= 2**62:
            raise ValueError("a tensor is too large")
        if self.storage is None:
            if count:
                raise ValueError("a tensor has no storage")
            return
        if type(self.storage) is not int or not 0 <= self.storage < len(sizes) or not count:
            raise ValueError(f"there is no storage {self.storage}")
        steps = [(n - 1) * step for n, step in zip(self.shape, self.stride)]
        low = self.offset + sum(s for s in steps if s < 0)
        high = self.offset + sum(s for s in steps if s > 0)
        if low < 0 or (high + 1) * self.dtype.itemsize > sizes[self.storage]:
            raise ValueError("a tensor reaches beyond its storage")

    def build(self, memory):
        if self.storage is None:
            x = memory.place(ctorch.empty(0, dtype=ctorch.uint8, device="cpu"), self.device)
            x = ctorch.empty(self.shape, dtype=self.dtype, device=x.device)
        else:
            raw = memory.get(self.storage, self.device)
            whole = raw[:raw.size(0) // self.dtype.itemsize * self.dtype.itemsize]
            x = whole.view(self.dtype).as_strided(self.shape, self.stride, self.offset).detach()
        if self.kind is None:
            return x.requires_grad_() if self.requires_grad else x
        from ctorch.nn.parameter import Buffer, Parameter
        if self.kind == "Buffer":
            return Buffer(x, persistent=self.persistent)
        return Parameter(x, self.requires_grad)


def _placer(map_location):
    # A function of the memory and the name of its device that gives the memory where it shall be.
    if map_location is None:
        return restored
    if isinstance(map_location, dict):
        wanted = {str(k): str(v) for k, v in map_location.items()}
        return lambda raw, location: restored(raw, wanted.get(location, location))
    if isinstance(map_location, str | Device):
        return lambda raw, location: restored(raw, map_location)
    if not callable(map_location):
        raise TypeError("load: map_location must be a device, a str, a dict or a function, not "
                        f"{type(map_location).__name__}")

    def place(raw, location):
        placed = map_location(raw, location)
        return restored(raw, location) if placed is None else placed

    return place

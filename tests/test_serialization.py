"""save and load: what comes back, what is refused, and that no damaged file does more than raise."""
import io
import json
import os
import pickle
import stat
import zipfile
from collections import OrderedDict, defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ctorch
from ctorch import serialization

DTYPES = ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16",
          "bfloat16", "float32", "float64", "complex64", "complex128"]


def saved(obj):
    file = io.BytesIO()
    ctorch.save(obj, file)
    return file


def again(obj):
    return ctorch.load(saved(obj))


# ---- values

@pytest.mark.parametrize("value", [
    None, True, 0, -5, 2**200, -(2**200), 0.1, -0.0, 5e-324, float("inf"), "", "tëxt\n\ud800", b"\x00\xff",
    1 - 2j, complex("nan+infj"), [], [1, [2]], (), (1, (2,)), {1, 2}, frozenset([1, 2]), {},
    {"a": {"b": 1}, 3: 4, (1, 2): 5}, OrderedDict(b=1, a=2), ctorch.float16, ctorch.Size([2, 3]),
    bytearray(b"xy"),
], ids=repr)
def test_plain_values(value):
    back = again(value)
    assert type(back) is type(value) and repr(back) == repr(value)


def test_nan_and_device():
    assert str(again(float("nan"))) == "nan"
    assert again(ctorch.device("cuda:1")) == ctorch.device("cuda", 1)


def values():
    leaves = (st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
              | st.complex_numbers(allow_nan=False))
    keys = st.text() | st.integers() | st.tuples(st.integers(), st.text())
    return st.recursive(leaves, lambda inner: st.lists(inner) | st.lists(inner).map(tuple)
                        | st.dictionaries(keys, inner) | st.dictionaries(keys, inner).map(OrderedDict))


@given(values())
def test_nested_values(value):
    assert again(value) == value


# ---- tensors

@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(dtype):
    x = ctorch.tensor([[0, 1, 1], [1, 0, 1]]).to(getattr(ctorch, dtype))
    y = again(x)
    assert y.dtype == x.dtype and y.tolist() == x.tolist() and type(y) is ctorch.Tensor


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (1,), (2, 3, 4), (1,) * 10], ids=str)
def test_shapes(shape):
    x = ctorch.from_numpy(np.random.default_rng(0).random(shape))
    y = again(x)
    assert y.shape == x.shape and y.tolist() == x.tolist() and y.dtype == x.dtype


def test_strides_are_kept():
    x = ctorch.arange(12.0).reshape(3, 4)
    for view in (x.t(), x[:, 1:3], x[::2], x[1], x[:1].expand(5, 4)):
        y = again(view)
        assert y.tolist() == view.tolist() and y.stride() == view.stride()


def test_shared_memory_stays_shared():
    x = ctorch.arange(12.0).reshape(3, 4)
    back = again({"x": x, "row": x[1], "t": x.t(), "same": x, "other": x.clone()})
    back["x"].zero_()
    assert back["row"].tolist() == [0.0] * 4 and max(max(r) for r in back["t"].tolist()) == 0
    assert back["same"] is back["x"]
    assert back["other"].tolist() == x.tolist()


def test_views_of_another_dtype_stay_shared():
    x = ctorch.zeros(4, dtype=ctorch.float64)
    raw = x.view(ctorch.uint8)[3:]
    raw_back, x_back = again([raw, x[1:]])
    x_back.fill_(1.0)
    assert raw_back.tolist() == [0] * 5 + list(np.ones(3).tobytes())


def test_a_part_is_written_without_the_whole():
    x = ctorch.zeros(1000, 1000)
    assert len(saved(x[500, 20:30]).getvalue()) < 2000


def test_requires_grad():
    assert again(ctorch.ones(2, requires_grad=True)).requires_grad
    assert not again(ctorch.ones(2)).requires_grad
    back = again(ctorch.ones(2, requires_grad=True))
    assert back.is_leaf and not back._is_view()


def test_parameters_and_buffers():
    p = ctorch.nn.Parameter(ctorch.ones(2))
    frozen = ctorch.nn.Parameter(ctorch.ones(2), requires_grad=False)
    b = ctorch.nn.Buffer(ctorch.ones(2), persistent=False)
    back = again([p, p, frozen, b])
    assert type(back[0]) is ctorch.nn.Parameter and back[0].requires_grad and back[0] is back[1]
    assert not back[2].requires_grad
    assert type(back[3]) is ctorch.nn.Buffer and back[3].persistent is False


def test_state_dict_keeps_versions():
    state = OrderedDict(weight=ctorch.ones(2))
    state._metadata = OrderedDict({"": {"version": 2}})
    assert again(state)._metadata == state._metadata


# ---- what is refused

class Own:
    pass


@pytest.mark.parametrize(("obj", "place", "name"), [
    ({"opt": {"fn": len}}, r"state\['opt'\]\['fn'\]", "builtins.builtin_function_or_method"),
    ([1, (Own(),)], r"state\[1\]\[0\]", "Own"),
    ({Own: 1}, r"the key .* of state", "builtins.type"),
    (np.float64(1), "state", "numpy.float64"),
    ({"a": np.ones(2)}, r"state\['a'\]", "numpy.ndarray"),
    (defaultdict(int), "state", "collections.defaultdict"),
])
def test_other_types_are_refused(obj, place, name):
    with pytest.raises(TypeError, match=rf"save: {place} is of type .*{name}, which cannot be stored"):
        saved(obj)


def test_modules_are_pointed_to_state_dict():
    with pytest.raises(TypeError, match=r"store its state_dict\(\)"):
        saved({"net": ctorch.nn.Module()})


def test_subclasses_of_tensor_are_refused():
    class Mine(ctorch.Tensor):
        pass

    with pytest.raises(TypeError, match=r"state\[0\] is of type .*Mine"):
        saved([Mine._make_subclass(Mine, ctorch.ones(1))])


def test_cycles_and_depth():
    loop = []
    loop.append(loop)
    with pytest.raises(ValueError, match=r"state\[0\] contains itself"):
        saved(loop)
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="nested too deeply"):
        saved(deep)
    while deep:      # without recursion
        deep = deep[0]


# ---- files

@pytest.mark.parametrize("kind", [str, Path])
def test_paths(tmp_path, kind):
    path = kind(tmp_path / "x.ct")
    ctorch.save(ctorch.arange(3), path)
    assert ctorch.load(path).tolist() == [0, 1, 2]
    assert os.listdir(tmp_path) == ["x.ct"]


def test_file_objects(tmp_path):
    with open(tmp_path / "x.ct", "w+b") as file:
        ctorch.save(ctorch.arange(3), file)
        assert ctorch.load(file).tolist() == [0, 1, 2]

    class Stream:      # neither seek nor tell
        def __init__(self, data=b""):
            self.data = data

        def write(self, data):
            self.data += bytes(data)
            return len(data)

        def flush(self):
            pass

        def read(self, n=-1):
            return self.data

    stream = Stream()
    ctorch.save([ctorch.arange(3)], stream)
    assert ctorch.load(Stream(stream.data))[0].tolist() == [0, 1, 2]


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.ct"
    ctorch.save(1, path)
    with pytest.raises(TypeError):
        ctorch.save({"a": ctorch.ones(3), "b": len}, path)

    def full(*args):
        raise OSError("no space left on device")

    monkeypatch.setattr(serialization, "_write", full)
    with pytest.raises(OSError, match="no space"):
        ctorch.save(2, path)
    assert ctorch.load(path) == 1 and os.listdir(tmp_path) == ["x.ct"]


def test_permissions_and_links_are_kept(tmp_path):
    path, link = tmp_path / "x.ct", tmp_path / "link"
    ctorch.save(1, path)
    os.chmod(path, 0o640)
    link.symlink_to(path)
    ctorch.save(2, link)
    assert link.is_symlink() and ctorch.load(path) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_missing_places(tmp_path):
    with pytest.raises(RuntimeError, match=r"Parent directory .* does not exist"):
        ctorch.save(1, tmp_path / "no" / "x.ct")
    with pytest.raises(FileNotFoundError):
        ctorch.load(tmp_path / "x.ct")


def test_storages_are_aligned_and_stored(tmp_path):
    path = tmp_path / "x.ct"
    ctorch.save([ctorch.arange(n) for n in range(1, 20)], path)
    data = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            assert info.compress_type == zipfile.ZIP_STORED
            if info.filename != "data.json":
                name, extra = np.frombuffer(data, "<u2", 2, info.header_offset + 26)
                assert (info.header_offset + 30 + int(name) + int(extra)) % 64 == 0


def test_mmap(tmp_path):
    path = tmp_path / "x.ct"
    ctorch.save({"a": ctorch.arange(5.0), "b": ctorch.tensor([1.5], dtype=ctorch.bfloat16)}, path)
    x = ctorch.load(path, mmap=True)
    assert x["a"].tolist() == [0, 1, 2, 3, 4] and x["b"].tolist() == [1.5]
    x["a"][0] = 7
    assert x["a"][0].item() == 7 and ctorch.load(path)["a"][0].item() == 0
    with pytest.raises(ValueError, match="mmap=True needs a path"):
        ctorch.load(saved(1), mmap=True)


@pytest.mark.parametrize("place", ["cpu", ctorch.device("cpu"), {"cpu": "cpu"}, lambda raw, location: raw,
                                   lambda raw, location: None])
def test_map_location(place):
    file = saved(ctorch.arange(3))
    assert ctorch.load(file, map_location=place).tolist() == [0, 1, 2]


def test_map_location_refuses():
    with pytest.raises(TypeError, match="map_location must be"):
        ctorch.load(saved(ctorch.ones(1)), map_location=3)


def test_weights_only_makes_no_difference():
    assert ctorch.load(saved([1]), weights_only=False) == ctorch.load(saved([1]), weights_only=True) == [1]


# ---- files of others, and damaged ones

def test_files_of_pytorch():
    torch = pytest.importorskip("torch")
    for new in (True, False):
        file = io.BytesIO()
        torch.save({"a": torch.ones(2)}, file, _use_new_zipfile_serialization=new)
        with pytest.raises(NotImplementedError, match=r"file of PyTorch.*Convert it"):
            ctorch.load(file)


@pytest.mark.parametrize("data", [b"", b"x", b"\x80", b"PK\x03\x04", b"garbage" * 1000, pickle.dumps(print)])
def test_garbage(data):
    with pytest.raises(RuntimeError, match=r"'the file object' is not a file of ctorch.save or is damaged"):
        ctorch.load(io.BytesIO(data))


def sample():
    x = ctorch.arange(12.0).reshape(3, 4)
    return saved({"x": x, "t": x.t(), "n": [1, (2.5, None), {"k": b"bytes"}], "e": ctorch.zeros(0, 2),
                  "b": ctorch.tensor([True, False])}).getvalue()


SAMPLE = sample()


def test_every_truncation_raises():
    for n in range(len(SAMPLE)):
        with pytest.raises(RuntimeError, match="damaged"):
            ctorch.load(io.BytesIO(SAMPLE[:n]))


@pytest.fixture(scope="module")
def damaged_path(tmp_path_factory):
    return tmp_path_factory.mktemp("damaged") / "x.ct"


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_flipped_bytes_never_crash(damaged_path, changes):
    data = bytearray(SAMPLE)
    for place, byte in changes:
        data[place] = byte
    damaged_path.write_bytes(data)
    for mapped in (False, True):
        try:
            repr(ctorch.load(damaged_path, mmap=mapped))
        except RuntimeError as error:
            assert "damaged" in str(error) or "version" in str(error)


def rewritten(header, storages):
    # A well-formed archive around any description.
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("data.json", json.dumps(header))
        for i, raw in enumerate(storages):
            archive.writestr(f"storage/{i}", raw)
    return file


RECORD = {"dtype": "float32", "shape": [2, 2], "stride": [2, 1], "storage": 0, "offset": 0, "device": "cpu"}


def description(**changes):
    return {"format": "ctorch", "version": 1, "value": {"tensor": 0}, "tensors": [{**RECORD, **changes}],
            "storages": [16]}


def test_the_description_as_such_is_read():
    assert ctorch.load(rewritten(description(), [bytes(16)])).tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("changes", [
    {"shape": [3, 2]}, {"shape": [-1, 2]}, {"shape": [2]}, {"shape": [2**40, 2**40], "stride": [0, 0]},
    {"shape": [2**70, 1]}, {"shape": [2.0, 2]}, {"shape": [True, 2]}, {"shape": None}, {"stride": [-2, 1]},
    {"stride": [2**61, 1]}, {"offset": 1}, {"offset": -1}, {"storage": 1}, {"storage": -1}, {"storage": None},
    {"storage": "0"}, {"dtype": "float64"}, {"dtype": "object"}, {"dtype": 3}, {"device": "nowhere"},
    {"class": "Module"}, {"dtype": "int32", "requires_grad": True}, {"shape": [1] * 65, "stride": [1] * 65},
    {"shape": [0, 2]},
], ids=str)
def test_impossible_tensors(changes):
    with pytest.raises(RuntimeError, match="damaged"):
        ctorch.load(rewritten(description(**changes), [bytes(16)]))


@pytest.mark.parametrize("value", [
    {"tensor": 5}, {"tensor": -1}, {"tensor": "0"}, {"call": "os.system"}, {}, {"tuple": 3}, {"set": [[1]]},
    {"bytes": "*"}, {"int": "zz"}, {"a": 1, "b": 2}, {"dict": [[1]]}, {"dtype": "object"},
    {"list": [], "_metadata": 1}, {"float": []}, {"complex": ["1"]}, {"device": 7},
], ids=str)
def test_impossible_values(value):
    with pytest.raises(RuntimeError, match="damaged"):
        ctorch.load(rewritten({**description(), "value": value}, [bytes(16)]))


@pytest.mark.parametrize("header", [
    [], {}, None, {"format": "other"}, {**description(), "storages": [15]}, {**description(), "storages": []},
    {**description(), "tensors": 3},
], ids=str)
def test_impossible_descriptions(header):
    with pytest.raises(RuntimeError, match="damaged"):
        ctorch.load(rewritten(header, [bytes(16)]))


def test_deeply_nested_description():
    text = "[" * 100_000 + "]" * 100_000
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("data.json", text)
    with pytest.raises(RuntimeError, match="damaged"):
        ctorch.load(file)


def test_newer_version():
    with pytest.raises(RuntimeError, match="version 2, this ctorch reads version 1"):
        ctorch.load(rewritten({**description(), "version": 2}, [bytes(16)]))


def test_compressed_entries_are_not_unpacked():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", " " * 10**6)
    with pytest.raises(RuntimeError, match="compressed"):
        ctorch.load(file)

"""Copies, pickles and files of tensors on a device."""
import copy
import io
import pickle
import subprocess
import sys

import pytest

import ctorch
from ctorch import nn

pytestmark = pytest.mark.usefixtures("device")

DTYPES = ["bool", "uint8", "int64", "float16", "bfloat16", "float32", "float64", "complex64"]


def saved(obj):
    file = io.BytesIO()
    ctorch.save(obj, file)
    file.seek(0)
    return file


@pytest.mark.parametrize("again", [
    pytest.param(copy.deepcopy, id="deepcopy"), pytest.param(lambda x: pickle.loads(pickle.dumps(x)), id="pickle"),
    pytest.param(lambda x: ctorch.load(saved(x)), id="save")])
@pytest.mark.parametrize("dtype", DTYPES)
def test_again(again, dtype):
    x = (ctorch.arange(24).reshape(4, 6) % 5).to("cuda", getattr(ctorch, dtype))
    for given in (x, x.t()[1::2], x[:0], x[1, 1]):
        got = again(given)
        assert got.device == given.device and got.dtype == given.dtype and got.tolist() == given.tolist()
        assert got.numel() == 0 or got.data_ptr() != given.data_ptr()


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x)),
                                   lambda x: ctorch.load(saved(x))], ids=["deepcopy", "pickle", "save"])
def test_parameters(again):
    p = nn.Parameter(ctorch.rand(3, device="cuda"))
    got = again(p)
    assert isinstance(got, nn.Parameter) and got.is_cuda and got.requires_grad and got.tolist() == p.tolist()


def test_deepcopy_of_a_module_and_of_a_gradient():
    m = nn.Linear(3, 2).cuda()
    got = copy.deepcopy(m)
    assert got.weight.is_cuda and got.weight.tolist() == m.weight.tolist()
    assert got.weight.data_ptr() != m.weight.data_ptr()
    x = ctorch.rand(3, device="cuda", requires_grad=True)
    (x * x).sum().backward()
    got = copy.deepcopy(x)
    assert got.grad.is_cuda and got.grad.tolist() == x.grad.tolist() and got.grad.data_ptr() != x.grad.data_ptr()


def test_shared_memory_is_shared_again():
    x = ctorch.arange(6.0, device="cuda")
    whole, part = ctorch.load(saved([x, x[2:4]]))
    part.fill_(9)
    assert whole.tolist() == [0, 1, 9, 9, 4, 5] and part.is_cuda


@pytest.mark.parametrize(("place", "expected"), [
    (None, "cuda:0"), ("cpu", "cpu"), (ctorch.device("cpu"), "cpu"), ({"cuda:0": "cpu"}, "cpu"),
    ({"cuda:3": "cpu"}, "cuda:0"), ("cuda", "cuda:0"), (lambda memory, location: memory, "cpu"),
    (lambda memory, location: memory.cuda(), "cuda:0"), (lambda memory, location: None, "cuda:0")],
    ids=["none", "str", "device", "dict", "other dict", "cuda", "as it is", "moved", "function of none"])
@pytest.mark.parametrize("mapped", [False, True])
def test_map_location(place, expected, mapped, tmp_path):
    ctorch.save({"w": ctorch.arange(3, device="cuda"), "none": ctorch.empty(0, device="cuda")}, tmp_path / "file")
    got = ctorch.load(tmp_path / "file", map_location=place, mmap=mapped)
    assert str(got["w"].device) == str(got["none"].device) == expected and got["w"].tolist() == [0, 1, 2]


def test_the_function_gets_the_place():
    seen = []
    ctorch.load(saved([ctorch.ones(2, device="cuda"), ctorch.ones(2)]),
                lambda memory, location: seen.append((location, memory.device.type)))
    assert sorted(seen) == [("cpu", "cpu"), ("cuda:0", "cpu")]


def test_tensors_of_the_cpu_go_to_the_device():
    assert ctorch.load(saved(ctorch.ones(2)), "cuda").is_cuda
    assert ctorch.load(saved(ctorch.ones(2)), {"cpu": "cuda:0"}).is_cuda


def test_a_device_that_is_not_there():
    with pytest.raises(RuntimeError, match=r"on CUDA device 7 but ctorch.cuda.device_count\(\) is 1. Please use "
                                           "ctorch.load with map_location to map"):
        ctorch.load(saved(ctorch.ones(2)), "cuda:7")


def test_without_cuda_the_error_says_map_location(tmp_path):
    x = ctorch.arange(3, device="cuda")
    ctorch.save(x, tmp_path / "file")
    (tmp_path / "pickle").write_bytes(pickle.dumps(x))
    code = f"""
import sys; sys.modules["pycuda"] = None
import pickle, ctorch
for load in (lambda: ctorch.load({str(tmp_path / "file")!r}),
             lambda: pickle.loads(open({str(tmp_path / "pickle")!r}, "rb").read())):
    try:
        load()
    except RuntimeError as error:
        assert "CUDA device but ctorch.cuda.is_available() is False" in str(error), error
        assert "map_location=ctorch.device('cpu')" in str(error), error
    else:
        raise AssertionError
assert ctorch.load({str(tmp_path / "file")!r}, map_location="cpu").tolist() == [0, 1, 2]
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

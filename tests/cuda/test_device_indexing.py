"""Indexing by tensors on a device against the CPU: reading, writing, adding, masks, gradients, errors."""
import pytest

import ctorch

pytestmark = pytest.mark.usefixtures("device")

I, J = ctorch.tensor([2, 0, -1]), ctorch.tensor([[1], [3]])
X = ctorch.arange(60.0).reshape(3, 4, 5)
ALL = slice(None)
INDICES = {
    "first": (I,), "second": (ALL, I), "last": (..., I), "two": (ALL, I, ctorch.tensor([1, 0, 4])),
    "broadcast": (I, J), "apart": (J - 1, ALL, I), "all": (I, I, I), "with none": (None, I, None), "with int": (1, I),
    "with slice": (ALL, slice(None, None, 2), I), "reversed": (ALL, slice(None, None, -1), I),
    "empty": (ctorch.tensor([], dtype=ctorch.int64),), "int32": (ctorch.tensor([1, 0], dtype=ctorch.int32),),
    "mask": (X % 3 == 0,), "mask of two": (X[:, :, 0] > 10,), "mask after": (ALL, X[0] > 8),
    "mask of none": (X < 0,), "mask and tensor": (ctorch.tensor([True, False, True]), ctorch.tensor([1, 2])),
    "true": (True, I), "bytes": (ctorch.tensor([1, 0, 1], dtype=ctorch.uint8),),
    "0-d mask": (ctorch.tensor(True),), "0-d mask of none": (ctorch.tensor(False),), "list": ([0, 2],),
}


def moved(index):
    return tuple(i.cuda() if isinstance(i, ctorch.Tensor) else i for i in index)


def same(got, expected):
    assert got.device.type == "cuda" and got.dtype == expected.dtype and got.shape == expected.shape
    assert got.cpu().tolist() == expected.tolist()


@pytest.mark.parametrize("name", INDICES)
@pytest.mark.parametrize("arrange", [
    pytest.param(lambda x: x, id="dense", marks=pytest.mark.race), pytest.param(lambda x: x.clone(), id="clone"),
    pytest.param(lambda x: x.permute(2, 0, 1).contiguous().permute(1, 2, 0), id="permuted")])
def test_reading(name, arrange):
    index, x = INDICES[name], arrange(X)
    same(arrange(X.cuda())[moved(index)], x[index])
    same(arrange(X.cuda())[index], x[index])                 # indices of the CPU follow


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "float16", "float32", "int64", "complex64", "complex128"])
def test_dtypes(dtype):
    x = X.to(getattr(ctorch, dtype))
    same(x.cuda()[:, I.cuda()], x[:, I])
    y, z = x.clone(), x.cuda()
    y[:, J] = 0
    z[:, J.cuda()] = 0
    same(z, y)


@pytest.mark.parametrize("name", INDICES)
def test_writing(name):
    index = INDICES[name]
    for values in (-1.5, X[index] * 2):
        x, y = X.clone(), X.cuda()
        x[index] = values
        y[moved(index)] = values.cuda() if isinstance(values, ctorch.Tensor) else values
        same(y, x)
        assert y._version == x._version
    x, y = X.clone().transpose(0, 2), X.cuda().transpose(0, 2)
    index = (I, ctorch.tensor([0, 1, 3]))
    x[index] = ctorch.arange(3.0)
    y[index] = [0.0, 1.0, 2.0]
    same(y, x)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64", "float32", "float64", "complex64",
                                   "complex128"])
def test_adding(dtype):
    x = X.to(getattr(ctorch, dtype))
    index = (ctorch.tensor([0, 2, 0, 0]), slice(None), ctorch.tensor([1, 1, 1, 4]))
    at = index[0], index[2]
    for arrange in (lambda t: t.clone(), lambda t: t.clone().transpose(0, 1).contiguous().transpose(0, 1)):
        a, b = arrange(x), arrange(x.cuda())
        a[:, 1].index_put_(at, x[0, 1, :4] + 1, accumulate=True)
        b[:, 1].index_put_(moved(at), (x[0, 1, :4] + 1).cuda(), accumulate=True)
        same(b, a)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_adding_in_half_precision_rounds_once(dtype):
    x = ctorch.zeros(2, dtype=getattr(ctorch, dtype), device="cuda")
    one = ctorch.ones(1, dtype=x.dtype, device="cuda")
    x.index_put_((ctorch.zeros(4096, dtype=ctorch.int64, device="cuda"),), one, accumulate=True)
    assert x.tolist() == [4096, 0]


def test_adding_bools_is_not_implemented():
    with pytest.raises(NotImplementedError, match=r"index_put_ with accumulate.*cuda.*bool"):
        ctorch.zeros(2, dtype=ctorch.bool, device="cuda").index_put_(
            (ctorch.tensor([0]),), ctorch.ones(1, dtype=ctorch.bool, device="cuda"), accumulate=True)


@pytest.mark.parametrize("name", INDICES)
def test_gradients(name):
    found = []
    for place, index in (("cpu", INDICES[name]), ("cuda", moved(INDICES[name]))):
        x = X.to(place).clone().requires_grad_()
        first, = ctorch.autograd.grad((x[index] ** 3).sum(), x, create_graph=True)
        second, = ctorch.autograd.grad((first ** 2).sum(), x)
        written = x * 2
        values = (X[INDICES[name]] + 1).to(place).requires_grad_()
        written[index] = values
        third = ctorch.autograd.grad((written ** 2).sum(), (x, values))
        found.append((first.detach(), second, *third))
    for expected, got in zip(*found):
        assert got.is_cuda
        ctorch.testing.assert_close(got.cpu(), expected)


def test_index_select():
    x, y = X.clone().requires_grad_(), X.cuda().requires_grad_()
    (x.index_select(1, I.abs()) ** 2).sum().backward()
    (y.index_select(1, I.abs().cuda()) ** 2).sum().backward()
    same(y.grad, x.grad)
    same(ctorch.index_select(y.detach(), 2, I.abs().int().cuda()), ctorch.index_select(x.detach(), 2, I.abs()))


@pytest.mark.parametrize("n", [pytest.param(5000, marks=pytest.mark.race), 1, 0, 4096, 70_001])
def test_nonzero(n):
    x = (ctorch.arange(n) * 7919 % 13 < 4).float()
    same(ctorch.nonzero(x.cuda()), ctorch.nonzero(x))
    for got, expected in zip(ctorch.nonzero(x.reshape(-1, 1, 1).cuda(), as_tuple=True),
                             ctorch.nonzero(x.reshape(-1, 1, 1), as_tuple=True), strict=True):
        same(got, expected)


def test_nonzero_of_many_shapes_and_numbers():
    for x in (X.transpose(0, 2) % 7, ctorch.tensor(3.0), ctorch.tensor(0), X == 4, X.to(ctorch.complex64) * 1j):
        same(ctorch.nonzero(x.cuda()), ctorch.nonzero(x))


def test_masked_select():
    mask = X[0] % 3 == 0
    for x, m in ((X, X > 20), (X, mask), (X[:, :1], mask), (X[0, 0, 0], ctorch.tensor(True)), (X, X < 0)):
        same(ctorch.masked_select(x.cuda(), m.cuda()), ctorch.masked_select(x, m))
    x, y = X.clone().requires_grad_(), X.cuda().requires_grad_()
    (x.masked_select(mask) ** 2).sum().backward()
    (y.masked_select(mask.cuda()) ** 2).sum().backward()
    same(y.grad, x.grad)
    with pytest.raises(RuntimeError, match="expected BoolTensor"):
        y.masked_select(mask.cuda().int())
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
        y.masked_select(mask)


def test_errors():
    x = X.cuda()
    with pytest.raises(IndexError, match="index 4 is out of bounds for dimension 1 with size 4"):
        x[:, ctorch.tensor([0, 4, 9]).cuda()]
    with pytest.raises(IndexError, match="index -4 is out of bounds for dimension 0 with size 3"):
        x[ctorch.tensor([[-4]]).cuda()] = 0
    with pytest.raises(IndexError, match="could not be broadcast together"):
        x[ctorch.tensor([0, 1]).cuda(), ctorch.tensor([0, 1, 2]).cuda()]
    with pytest.raises(IndexError, match="shape mismatch: value tensor"):
        x[ctorch.tensor([0, 1]).cuda()] = ctorch.ones(3, 5).cuda()
    with pytest.raises(RuntimeError, match="indices should be either on cpu or on the same device"):
        X[ctorch.tensor([0]).cuda()]
    with pytest.raises(IndexError, match="shape of the mask"):
        x[ctorch.ones(2, 4, dtype=ctorch.bool).cuda()]

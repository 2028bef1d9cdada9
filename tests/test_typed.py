"""FloatTensor, LongStorage and the others of one dtype."""
import numpy as np
import pytest
from mirror import check

import ctorch


@pytest.mark.parametrize("name, dtype", [("Float", "float32"), ("Double", "float64"), ("Half", "float16"),
                                         ("BFloat16", "bfloat16"), ("Long", "int64"), ("Int", "int32"),
                                         ("Short", "int16"), ("Char", "int8"), ("Byte", "uint8"), ("Bool", "bool")])
def test_tensors(name, dtype):
    kind = getattr(ctorch, f"{name}Tensor")
    assert kind.dtype == getattr(ctorch, dtype) and repr(kind) == f"<class 'torch.{name}Tensor'>"
    assert kind([1, 0]).tolist() == [1, 0] and kind([1, 0]).dtype == kind.dtype
    assert kind(2, 3).shape == (2, 3) and kind().shape == (0,) and kind(ctorch.Size([4])).shape == (4,)
    assert isinstance(kind(2), kind) and not isinstance(ctorch.zeros(1, dtype=ctorch.complex64), kind)
    assert kind(2).type() == f"torch.{name}Tensor"


def test_tensors_of_another_dtype():
    with pytest.raises(TypeError, match=r"LongTensor.*FloatTensor"):
        ctorch.LongTensor(ctorch.zeros(2))
    x = ctorch.zeros(2)
    assert ctorch.FloatTensor(x).data_ptr() == x.data_ptr()


def test_storages():
    kept = ctorch.FloatStorage([1, 2])
    assert isinstance(kept, ctorch.FloatStorage) and not isinstance(kept, ctorch.LongStorage)
    assert kept.tolist() == [1, 2] and ctorch.ByteStorage(3).size() == 3 and ctorch.IntStorage().size() == 0
    assert isinstance(ctorch.zeros(2, dtype=ctorch.int64).storage(), ctorch.LongStorage)


@pytest.mark.parametrize("args", [
    lambda torch: (), lambda torch: (2, 3), lambda torch: ((2, 3),), lambda torch: ([1, 2],),
    lambda torch: (torch.Size((2, 0)),), lambda torch: (np.ones((2, 3)),), lambda torch: (torch.ones(2).double(),),
    lambda torch: (torch.ones(2),)])
def test_new_of_a_tensor(args):
    def act(torch):
        given = args(torch)
        made = torch.zeros(2, 3, dtype=torch.float64).new(*given)
        filled = len(given) == 1 and not isinstance(given[0], torch.Size)
        return made.shape, made.dtype, made if filled else None
    check(act)


def test_new_of_a_tensor_shares_it():
    def act(torch):
        x = torch.ones(2, requires_grad=True)
        y = torch.zeros(3).new(x)
        return y.data_ptr() == x.data_ptr(), y.requires_grad
    check(act)

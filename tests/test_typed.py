"""FloatTensor, LongStorage and the others of one dtype."""
import pytest

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

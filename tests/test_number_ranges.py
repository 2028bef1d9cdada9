"""Numbers that a dtype cannot hold are refused wherever a number becomes an element."""
import pytest
from mirror import check

NUMBERS = [-1, -128, -129, -255, -256, 255, 256, 2 ** 31, 2 ** 63 - 1, -2 ** 63, -1.0, 256.0, 65504.0, 65505.0, 70000.0,
           3.4e38, 3.5e38, 1e39, -1e39, 1e300, float("inf"), float("nan"), 1 + 0j, 1 + 1j, 1e39j, 300 + 0j, True]
DTYPES = ["uint8", "int8", "int32", "int64", "bool", "float16", "bfloat16", "float32", "float64", "complex64"]


def set_item(torch, dtype, index, number):
    x = torch.zeros(2, dtype=dtype)
    x[torch.tensor(index) if isinstance(index, list) else index] = number
    return x


WAYS = {
    "fill_": lambda torch, dtype, v: torch.zeros(2, dtype=dtype).fill_(v),
    "full": lambda torch, dtype, v: torch.full((2,), v, dtype=dtype),
    "new_full": lambda torch, dtype, v: torch.zeros(2, dtype=dtype).new_full((2,), v),
    "fill_diagonal_": lambda torch, dtype, v: torch.zeros(2, 2, dtype=dtype).fill_diagonal_(v),
    "masked_fill": lambda torch, dtype, v: torch.zeros(2, dtype=dtype).masked_fill(torch.tensor([True, False]), v),
    "index_fill": lambda torch, dtype, v: torch.zeros(2, dtype=dtype).index_fill(0, torch.tensor([1]), v),
    "scatter": lambda torch, dtype, v: torch.zeros(2, dtype=dtype).scatter(0, torch.tensor([1]), v),
    "x[0]": lambda torch, dtype, v: set_item(torch, dtype, 0, v),
    "x[:]": lambda torch, dtype, v: set_item(torch, dtype, slice(None), v),
    "x[index]": lambda torch, dtype, v: set_item(torch, dtype, [1], v),
    "x[mask]": lambda torch, dtype, v: set_item(torch, dtype, [True, False], v),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("way", WAYS)
def test_what_a_dtype_cannot_hold(way, dtype):
    for number in NUMBERS:
        check(lambda torch, number=number: WAYS[way](torch, getattr(torch, dtype), number))


@pytest.mark.parametrize("number", [2 ** 63, 2 ** 64 - 1], ids=["2^63", "2^64-1"])
@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "float32", "bfloat16"])
def test_whole_numbers_beyond_int64(dtype, number):
    def results(torch):
        x = torch.ones(2, dtype=getattr(torch, dtype))
        return x + number, x * number, x == number
    check(results)


@pytest.mark.parametrize("number", [127, 128, 255, 256, 2 ** 40, 2 ** 63])
@pytest.mark.parametrize("dtype", ["uint8", "int8", "int32", "int64", "float32"])
def test_powers_of_whole_numbers(dtype, number):
    check(lambda torch: torch.ones(2, dtype=getattr(torch, dtype)) ** number)

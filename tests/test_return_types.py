"""The classes of results with named parts."""
import pytest

import ctorch

CALLS = {
    "max": lambda x: ctorch.max(x, 0), "sort": ctorch.sort, "kthvalue": lambda x: ctorch.kthvalue(x, 1),
    "aminmax": ctorch.aminmax, "mode": ctorch.mode, "frexp": ctorch.frexp,
    "histogram": lambda x: ctorch.histogram(x, 3), "slogdet": ctorch.slogdet, "qr": ctorch.qr, "svd": ctorch.svd,
    "geqrf": ctorch.geqrf, "linalg_eig": ctorch.linalg.eig, "linalg_eigh": ctorch.linalg.eigh,
    "linalg_qr": ctorch.linalg.qr, "linalg_svd": ctorch.linalg.svd, "linalg_lu": ctorch.linalg.lu,
    "linalg_lstsq": lambda x: ctorch.linalg.lstsq(x, x), "linalg_inv_ex": ctorch.linalg.inv_ex,
    "linalg_slogdet": ctorch.linalg.slogdet, "linalg_solve_ex": lambda x: ctorch.linalg.solve_ex(x, x),
}


@pytest.mark.parametrize("name", CALLS)
def test_results_are_of_the_class(name):
    kind = getattr(ctorch.return_types, name)
    assert kind in ctorch.return_types.all_return_types
    assert type(CALLS[name](ctorch.eye(3))) is kind


def test_names():
    for name in ctorch.return_types.__all__:
        if name != "all_return_types":
            assert getattr(ctorch.return_types, name).__name__ == name

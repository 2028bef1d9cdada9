"""Functions that PyTorch has removed, whose names still say what to call in their place."""


def _removed(name, instead, note=""):
    def function(*args, **kwargs):
        raise RuntimeError(f"{name}(): This function was deprecated since version 1.9 and is now removed. Use "
                           f"`{instead}` instead{note}.")

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Removed: raises RuntimeError; use ``{instead}``."
    return function


eig = _removed("eig", "torch.linalg.eig", ", whose results are complex")
lstsq = _removed("lstsq", "torch.linalg.lstsq", ", with the arguments in the other order")
matrix_rank = _removed("matrix_rank", "torch.linalg.matrix_rank", ", where `symmetric` is called `hermitian`")
solve = _removed("solve", "torch.linalg.solve", ", with the arguments in the other order; for the LU factors, "
                 "`torch.linalg.lu_factor`")
symeig = _removed("symeig", "torch.linalg.eigh", ", with UPLO in place of `upper`")

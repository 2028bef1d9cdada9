"""Where ctorch differs from PyTorch on purpose: the reason of each, and how such a call is known."""


def _says(outcome, *texts):
    return outcome.error is not None and any(text in str(outcome.error) for text in texts)


def _integers(call):
    return call.args[0].dtype in ("int64", "int32", "int16", "int8", "uint8", "bool")


def _empty(result):
    """Whether a result is tensors without elements."""
    if isinstance(result, list):
        return all(map(_empty, result))
    return isinstance(result, tuple) and result[1].size == 0


def _refuses_dtype(outcome):
    return isinstance(outcome.error, NotImplementedError) or _says(outcome, "floating point or complex tensor", "dtype")


def _degenerate(call):
    """Whether a tensor among the arguments is empty or has no dimension."""
    def of(value):
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, (list, tuple)):
            return any(map(of, value))
        return hasattr(value, "layout") and (value.values.size == 0 or value.values.ndim == 0)
    return of([call.args, call.kwargs])


# reason: whether a call is of this kind
DIFFERENCES = {
    "PyTorch's kernel asks for a layout that it does not make itself; ctorch takes any":
        lambda call, ours, theirs: ours.error is None and _says(theirs, "view size is not compatible"),
    "the median of no whole numbers is NaN made an integer, which C leaves undefined":
        lambda call, ours, theirs: call.name in ("median", "nanmedian") and _integers(call)
        and call.args[0].values.size == 0 and ours.error is None,
    "PyTorch looks at a dtype only where there is something to calculate":
        lambda call, ours, theirs: _refuses_dtype(ours) and theirs.error is None and _empty(theirs.result),
    "an empty tensor, or one without dimensions, breaks several rules at once: either may be named":
        lambda call, ours, theirs: ours.error is not None and theirs.error is not None and _degenerate(call),
    "where no element is read or written, PyTorch's checks are those that its loops happen to make":
        lambda call, ours, theirs: _degenerate(call) and (
            ours.error is not None and theirs.error is None and _empty(theirs.result)
            or theirs.error is not None and ours.error is None and _empty(ours.result)),
    "without products to add, PyTorch scales by a float that whole numbers cannot take":
        lambda call, ours, theirs: call.name in ("baddbmm", "addbmm", "addmm", "addmv") and ours.error is None
        and _says(theirs, "can't be cast to the desired output type"),
    "PyTorch leaves an out= with steps unwritten in ihfft2 and ihfftn":
        lambda call, ours, theirs: call.name in ("fft.ihfft2", "fft.ihfftn") and call.form == "out" and ours.error is None,
    "a number has nothing to shift; PyTorch refuses it for want of shifts":
        lambda call, ours, theirs: call.name.endswith("fftshift") and ours.error is None and _says(theirs, "`shifts` required"),
    "PyTorch's conv_tbc does not look whether the kernel is longer than the input":
        lambda call, ours, theirs: call.name == "conv_tbc" and _says(ours, "Kernel size can't be greater"),
    "without channels, PyTorch's convolutions return nothing of the weight's number of channels":
        lambda call, ours, theirs: "conv" in call.name and _degenerate(call)
        and any(hasattr(a, "values") and a.values.size == 0 for a in call.args[:2])
        and (theirs.error is None and _empty(theirs.result) or theirs.error is not None and ours.error is None),
    "PyTorch's fractional_max_pool3d refuses windows that just fit":
        lambda call, ours, theirs: call.name.endswith("fractional_max_pool3d") and ours.error is None
        and _says(theirs, "too large relative to input"),
    "PyTorch leaves the steps of an out= unwritten in linalg.lu of batches":
        lambda call, ours, theirs: call.name == "linalg.lu" and call.form == "out" and ours.error is None,
    "PyTorch's CPU has no LU without pivoting, and looks only where there is a matrix":
        lambda call, ours, theirs: _says(ours, "LU without pivoting") and theirs.error is None,
    "PyTorch's own formula changes what it kept":
        lambda call, ours, theirs: ours.error is None and _says(theirs, "modified by an inplace operation"),
    "PyTorch's group_norm fails on a bias without a weight":
        lambda call, ours, theirs: ours.error is None and _says(theirs, "tensor does not have a device"),
    "MKL refuses batches of no transforms":
        lambda call, ours, theirs: ours.error is None and _says(theirs, "MKL FFT error"),
    "PyTorch's gradient of a source that is larger than its index has the index's shape":
        lambda call, ours, theirs: ours.error is None and (
            _says(theirs, "returned an invalid gradient")
            or call.name == "scatter_reduce" and bool(call.grad) and _says(theirs, "must match the size of tensor b")),
    "PyTorch's gradient of index_reduce fills, for which it refuses indices of int32":
        lambda call, ours, theirs: call.name == "index_reduce" and ours.error is None and bool(call.grad)
        and _says(theirs, "index_fill_(): Expected dtype int64"),
    "an index beyond its dimension raises IndexError or RuntimeError, as the kernel that PyTorch chooses has it":
        lambda call, ours, theirs: call.name == "index_add" and _says(ours, "out of range") and _says(theirs, "out of"),
    "an assertion inside PyTorch fails":
        lambda call, ours, theirs: _says(theirs, "INTERNAL ASSERT"),
}


def differs_on_purpose(call, ours, theirs):
    """Whether one of the reasons holds for a call."""
    return any(holds(call, ours, theirs) for holds in DIFFERENCES.values())

"""Where ctorch differs from PyTorch on purpose: the reason of each, and how such a call is known."""

WHOLE = ("int64", "int32", "int16", "int8", "uint8", "bool")


def _says(outcome, *texts):
    return outcome.error is not None and any(text in str(outcome.error) for text in texts)


def _tensors(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [tensor for item in value for tensor in _tensors(item)]
    return [value] if hasattr(value, "layout") else []


def _degenerate(call):
    """Whether a tensor among the arguments is empty or has no dimension."""
    return any(t.values.size == 0 or t.values.ndim == 0 for t in _tensors([call.args, call.kwargs]))


def _empty(result):
    """Whether a result is tensors without elements."""
    if isinstance(result, list):
        return all(map(_empty, result))
    return isinstance(result, tuple) and result[1].size == 0


def _refuses_dtype(outcome):
    return isinstance(outcome.error, NotImplementedError) or _says(outcome, "floating point or complex tensor", "dtype")


def several_faults(call, ours, theirs):
    """An empty tensor, or one without dimensions, breaks several rules at once: either may be named."""
    return ours.error is not None and theirs.error is not None and _degenerate(call)


def nothing_to_do(call, ours, theirs):
    """Where no element is read or written, PyTorch's checks are those that its loops happen to make."""
    if not _degenerate(call):
        return False
    if ours.error is None:
        return theirs.error is not None and _empty(ours.result)
    return theirs.error is None and _empty(theirs.result)


def no_dtype_of_nothing(call, ours, theirs):
    """PyTorch looks at a dtype only where there is something to calculate."""
    return _refuses_dtype(ours) and theirs.error is None and _empty(theirs.result)


def median_of_no_integers(call, ours, theirs):
    """The median of no whole numbers is NaN made an integer, which C leaves undefined."""
    return (call.name in ("median", "nanmedian") and call.args[0].dtype in WHOLE and call.args[0].values.size == 0
            and ours.error is None)


def no_channels(call, ours, theirs):
    """Without channels, PyTorch refuses a convolution or returns nothing, of the weight's number of channels."""
    if "conv" not in call.name or not any(t.values.size == 0 for t in _tensors(call.args[:2])):
        return False
    return (theirs.error is None and _empty(theirs.result)) or (theirs.error is not None and ours.error is None)


def longer_kernel(call, ours, theirs):
    """PyTorch's conv_tbc does not look whether the kernel is longer than the input."""
    return call.name == "conv_tbc" and _says(ours, "Kernel size can't be greater")


def steps_of_out(call, ours, theirs):
    """PyTorch leaves an out= with steps unwritten."""
    return call.name in ("fft.ihfft2", "fft.ihfftn", "linalg.lu") and call.form == "out" and ours.error is None


def no_pivots(call, ours, theirs):
    """There is no LU without pivoting on the CPU; PyTorch looks only where there is a matrix."""
    return _says(ours, "LU without pivoting") and theirs.error is None


def beyond_a_dimension(call, ours, theirs):
    """An index beyond its dimension raises IndexError or RuntimeError, as the kernel that PyTorch chooses has it."""
    return call.name == "index_add" and _says(ours, "out of range") and _says(theirs, "out of")


def gradient_of_a_larger_source(call, ours, theirs):
    """PyTorch's gradient of a source that is larger than its index has the index's shape."""
    return ours.error is None and (
        _says(theirs, "returned an invalid gradient")
        or (call.name == "scatter_reduce" and bool(call.grad) and _says(theirs, "must match the size of tensor b")))


# Calls that PyTorch refuses and ctorch makes: of which functions (all where none is named), what PyTorch says, and why.
REFUSED = [
    ((), "view size is not compatible", "PyTorch's kernel asks for a layout that it does not make itself"),
    ((), "INTERNAL ASSERT", "an assertion inside PyTorch fails"),
    ((), "MKL FFT error", "MKL refuses batches of no transforms"),
    ((), "modified by an inplace operation", "PyTorch's own formula changes what it kept"),
    (("index_reduce",), "index_fill_(): Expected dtype int64", "a gradient by index_fill, which wants int64"),
    (("baddbmm", "addbmm", "addmm", "addmv"), "can't be cast to the desired output type",
     "without products to add, PyTorch scales by a float that whole numbers cannot take"),
    (("fft.fftshift", "fft.ifftshift"), "`shifts` required", "a number has nothing to shift"),
    (("nn.functional.group_norm",), "tensor does not have a device", "PyTorch fails on a bias without a weight"),
    (("nn.functional.fractional_max_pool3d",), "too large relative to input", "the windows just fit"),
]
DIFFERENCES = [several_faults, nothing_to_do, no_dtype_of_nothing, median_of_no_integers, no_channels, longer_kernel,
               steps_of_out, no_pivots, beyond_a_dimension, gradient_of_a_larger_source]


def differs_on_purpose(call, ours, theirs):
    """Whether one of the reasons holds for a call."""
    if _says(theirs, "INTERNAL ASSERT"):
        return True
    if ours.error is None and any(_says(theirs, text) and (not names or call.name in names)
                                  for names, text, _ in REFUSED):
        return True
    return any(holds(call, ours, theirs) for holds in DIFFERENCES)

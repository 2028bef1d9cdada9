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
    "MKL refuses batches of no transforms":
        lambda call, ours, theirs: ours.error is None and _says(theirs, "MKL FFT error"),
    "PyTorch's gradient of a source that is larger than its index has the index's shape":
        lambda call, ours, theirs: ours.error is None and _says(theirs, "returned an invalid gradient"),
}


def differs_on_purpose(call, ours, theirs):
    """Whether one of the reasons holds for a call."""
    return any(holds(call, ours, theirs) for holds in DIFFERENCES.values())

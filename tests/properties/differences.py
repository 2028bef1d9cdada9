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


# reason: whether a call is of this kind
DIFFERENCES = {
    "PyTorch's kernel asks for a layout that it does not make itself; ctorch takes any":
        lambda call, ours, theirs: ours.error is None and _says(theirs, "view size is not compatible"),
    "the median of no whole numbers is NaN made an integer, which C leaves undefined":
        lambda call, ours, theirs: call.name in ("median", "nanmedian") and _integers(call)
        and call.args[0].values.size == 0 and ours.error is None,
    "PyTorch looks at a dtype only where there is something to calculate":
        lambda call, ours, theirs: _refuses_dtype(ours) and theirs.error is None and _empty(theirs.result),
    "MKL refuses batches of no transforms":
        lambda call, ours, theirs: ours.error is None and _says(theirs, "MKL FFT error"),
    "PyTorch's gradient of a source that is larger than its index has the index's shape":
        lambda call, ours, theirs: ours.error is None and _says(theirs, "returned an invalid gradient"),
}


def differs_on_purpose(call, ours, theirs):
    """Whether one of the reasons holds for a call."""
    return any(holds(call, ours, theirs) for holds in DIFFERENCES.values())

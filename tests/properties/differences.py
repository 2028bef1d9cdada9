"""Where ctorch differs from PyTorch on purpose: the reason of each, and how such a call is known."""


def _says(outcome, text):
    return outcome.error is not None and text in str(outcome.error)


def _integers(call):
    return call.args[0].dtype in ("int64", "int32", "int16", "int8", "uint8", "bool")


# reason: whether a call is of this kind
DIFFERENCES = {
    "PyTorch's kernel asks for a layout that it does not make itself; ctorch takes any":
        lambda call, ours, theirs: ours.error is None and _says(theirs, "view size is not compatible"),
    "the median of no whole numbers is NaN made an integer, which C leaves undefined":
        lambda call, ours, theirs: call.name in ("median", "nanmedian") and _integers(call)
        and call.args[0].values.size == 0 and ours.error is None,
}


def differs_on_purpose(call, ours, theirs):
    """Whether one of the reasons holds for a call."""
    return any(holds(call, ours, theirs) for holds in DIFFERENCES.values())

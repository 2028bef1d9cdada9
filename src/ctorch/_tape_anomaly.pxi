# Anomaly mode: nodes keep the traceback of what recorded them, and gradients are looked at for NaN.

cdef bint anomaly = False
cdef bint anomaly_check_nan = True


def _set_anomaly(bint mode, bint check_nan=True):
    """Sets anomaly mode and returns the mode and the check before."""
    global anomaly, anomaly_check_nan
    before = anomaly != 0, anomaly_check_nan != 0
    anomaly, anomaly_check_nan = mode, check_nan
    return before


def is_anomaly_enabled():
    """True in anomaly mode."""
    return anomaly != 0


def is_anomaly_check_nan_enabled():
    """True where anomaly mode, when it is on, looks for NaN."""
    return anomaly_check_nan != 0


cdef int keep_traceback(Node node) except -1:
    from traceback import format_stack
    cdef BackwardCall* call = <BackwardCall*>ct_call
    notes = node_hooks(node).setdefault("metadata", {})
    notes["traceback_"] = format_stack()
    if call != NULL and call.running != NULL:
        notes["parent_"] = <object>call.running
    return 0


cdef int tell_anomaly(Node node) except -1:
    # Warns with the forward call of a node that failed, and of those whose backward recorded that.
    from warnings import warn
    notes = {} if node.hooks == NULL else (<dict>node.hooks).get("metadata", {})
    name = node_name(node)
    if "traceback_" not in notes:
        warn(f"Error detected in {name}. No forward pass information available. Enable detect anomaly during forward "
             "pass for more information.", stacklevel=2)
        return 0
    warn(f"Error detected in {name}. Traceback of forward call that caused the error:\n"
         f"{''.join(notes['traceback_'])}", stacklevel=2)
    parent = notes.get("parent_")
    while parent is not None:
        notes = parent.metadata
        if "traceback_" not in notes:
            warn(f"\n\nPrevious calculation was induced by {parent.name()}. No forward pass information available. "
                 "Enable detect anomaly during forward pass for more information.", stacklevel=2)
            return 0
        warn(f"\n\nPrevious calculation was induced by {parent.name()}. Traceback of forward call that induced the "
             f"previous calculation:\n{''.join(notes['traceback_'])}", stacklevel=2)
        parent = notes.get("parent_")
    return 0


cdef int check_gradients(Node node, list found) except -1:
    if not anomaly_check_nan:
        return 0
    for i, g in enumerate(found):
        if g is not None and bool((<object>real_tensor(<TensorBase>(g != g))).any()):
            tell_anomaly(node)
            raise RuntimeError(f"Function '{node_name(node)}' returned nan values in its {i}th output.")
    return 0

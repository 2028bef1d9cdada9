# May a tensor be changed in place? Included by _dispatch.pyx.

cdef int check_inplace(TensorBase x, const char* op) except -1:
    # May elements of x be changed one by one? Raises with the reason if not.
    check_changeable(x, op)
    return check_overlap(x)


cdef int leave_base(TensorBase x) except -1:
    # A view of a base that nobody else knows, such as an operator leaves behind, is a tensor like any other.
    cdef PyObject* base = x.base
    if base == NULL or Py_REFCNT(base) > 1 or x.view_origin == VIEW_OF_FUNCTION:
        return 0
    if x.view_version == x.storage.version and x.requires_grad == (<TensorBase>base).requires_grad:
        x.base = NULL
        x.view_origin = VIEW_DEFAULT
        Py_DECREF(<object>base)
    return 0


cdef int check_changeable(TensorBase x, const char* op) except -1:
    # May x be changed in place, if it does not matter that elements share memory?
    if x.storage.readonly:
        refuse_readonly(x, op)
    if tape_ops.before_change != NULL:
        tape_ops.before_change(x, op)
    leave_base(x)
    if x.inference and not in_inference():
        raise RuntimeError("Inplace update to inference tensor outside InferenceMode is not allowed. You can make a "
                           "clone to get a normal tensor before doing inplace update.")
    if x.inference or not recording():
        return 0
    if x.requires_grad and x.grad_fn == NULL and x.base == NULL:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
    if x.base != NULL and (<TensorBase>x.base).requires_grad:
        if x.view_origin != VIEW_DEFAULT:
            refuse_view(x)
        if (<TensorBase>x.base).grad_fn == NULL:
            raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")
    return 0


cdef int refuse_readonly(TensorBase x, const char* op) except -1:
    # The examples of a leaf are read-only as long as changes are recorded.
    if memory_of(x).readonly:
        raise RuntimeError(f"{inplace_name(op)}: the tensor shares read-only memory and cannot be changed in place")
    if recording():
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
    return 0


cdef int check_rebase(int n, PyObject** operands) except -1:
    # May the first get a history by an in-place change, of which its base would have to know?
    cdef TensorBase x = <TensorBase>operands[0]
    cdef int k
    if x.base == NULL or x.view_origin == VIEW_DEFAULT or not recording():
        return 0
    for k in range(n):
        if wants_grad(<TensorBase>operands[k]):
            refuse_view(x)
    return 0


cdef int refuse_view(TensorBase x) except -1:
    # Views whose history an in-place change would lose.
    if x.view_origin == VIEW_NO_GRAD:
        raise RuntimeError("A view was created in no_grad mode and is being modified inplace with grad mode enabled. "
                           "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify "
                           "your code by moving both the view and the inplace either both inside the no_grad block (if "
                           "you don't want the inplace to be tracked) or both outside (if you want the inplace to be "
                           "tracked).")
    name = "a function" if x.grad_fn == NULL else node_name(<Node>x.grad_fn).removesuffix("Backward")
    if x.view_origin == VIEW_OF_FUNCTION:
        raise RuntimeError(f"Output {x.output_nr} of {name} is a view and is being modified inplace. This view was "
                           "created inside a custom Function (or because an input was returned as-is) and the autograd "
                           "logic to handle view+inplace would override the custom backward associated with the custom "
                           "Function, leading to incorrect gradients. This behavior is forbidden. You can fix this by "
                           "cloning the output of the custom Function.")
    what = (f"Output {x.output_nr} of {name} is a view and is being modified inplace." if x.grad_fn != NULL else
            "A view was created in no_grad mode and is being modified inplace with grad mode enabled.")
    raise RuntimeError(f"{what} This view is the output of a function that returns multiple views. Such functions do "
                       "not allow the output views to be modified inplace. You should replace the inplace operation by "
                       "an out-of-place one.")


cdef int check_overlap(TensorBase x) except -1:
    cdef int i
    if x.contiguous:
        return 0
    for i in range(x.ndim):
        if x.strides[i] == 0 and x.shape[i] > 1:
            raise RuntimeError("unsupported operation: more than one element of the written-to tensor refers to a "
                               "single memory location. Please clone() the tensor before performing the operation.")
    return 0


cdef bint may_clash(TensorBase x, TensorBase y) noexcept:
    # True where writing x could change elements of y that are still to be read.
    if x.device == DEVICE_BATCHED or y.device == DEVICE_BATCHED:
        return x.storage != y.storage and memory_of(x) == memory_of(y) or clash_within(x, y)
    return clash_within(x, y)


cdef bint clash_within(TensorBase x, TensorBase y) noexcept:
    cdef int i
    if x.storage != y.storage or x.numel == 0 or y.numel == 0:
        return False
    if x.data == y.data and same_shape(x, y):
        for i in range(x.ndim):
            if x.strides[i] != y.strides[i] and x.shape[i] > 1:
                return True
        return False
    return True

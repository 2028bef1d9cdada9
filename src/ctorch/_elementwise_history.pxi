# What elementwise operators record, and their derivatives. Included by _dispatch.pyx.

cdef int reads_of(Elementwise* op, int n, PyObject** inputs) noexcept:
    # What the wanted gradients read: bit 0 the output, bit 1 + k input k.
    cdef int k, mask = 0
    for k in range(n):
        if recorded(<TensorBase>inputs[k]) and op.grad_kind[k] == GRAD_OP:
            mask |= op.reads[k]
    return mask


cdef object params_tuple(Elementwise* op, const Scalar* params):
    cdef int i
    return tuple([params[i].f for i in range(op.params)])


cdef int record(Elementwise* op, int n, PyObject** inputs, const Scalar* params, TensorBase y) except -1:
    cdef int k, mask = reads_of(op, n, inputs)
    cdef Node node = node_new(elementwise_backward, op.name, n, n + 1 if mask else 0)
    node.op = op
    for k in range(n):
        if op.grad_kind[k] != GRAD_NONE:
            node_edge(node, k, <TensorBase>inputs[k], y)
    if mask & 1:
        node_save(node, 0, y, True)
    for k in range(n):
        if (mask >> (k + 1)) & 1:
            node_save(node, k + 1, <TensorBase>inputs[k], False)
    if op.params:
        keep_params(node, op, params)
    return node_attach(node, y, 0)


cdef int keep_params(Node node, Elementwise* op, const Scalar* params) except -1:
    p = params_tuple(op, params)
    Py_INCREF(p)
    node.args = <PyObject*>p
    return 0


cdef Node record_inplace(Elementwise* op, int n, PyObject** inputs, const Scalar* params):
    # Before the change: x's node and values are still the old ones, and a copy keeps them where they are needed.
    cdef TensorBase x = <TensorBase>inputs[0]
    cdef TensorBase t
    cdef int k, mask = reads_of(op, n, inputs)
    cdef bint copied
    cdef Node node
    check_rebase(n, inputs)
    node = node_new(elementwise_backward, op.name, n, n + 1 if mask else 0)
    node.op = op
    for k in range(n):
        if op.grad_kind[k] != GRAD_NONE:
            node_edge(node, k, <TensorBase>inputs[k], x)
    for k in range(n):
        if (mask >> (k + 1)) & 1:
            t = <TensorBase>inputs[k]
            copied = k == 0 or (node.tangents != NULL and t.storage == x.storage)
            node_save(node, k + 1, tape_clone(t) if copied else t, False)
    if op.params:
        keep_params(node, op, params)
    return node


cdef int attach_inplace(Elementwise* op, Node node, TensorBase x) except -1:
    cdef int k
    for k in range(op.inputs):
        if node_needs(node, k) and op.grad_kind[k] == GRAD_OP and op.reads[k] & 1:
            node_save(node, 0, x, True)
            break
    if x.base != NULL:
        return tape_ops.rebase(x, node)
    return node_attach(node, x, 0)


cdef int elementwise_backward(Node node, PyObject** grads) except -1:
    """Gradient of any elementwise row: its fused kernel, or its formula on tensors where a graph is wanted."""
    cdef Elementwise* op = <Elementwise*>node.op
    cdef PyObject* operands[MAX_INPUTS + 2]
    cdef Scalar params[MAX_PARAMS]
    cdef TensorBase g = <TensorBase>grads[0]
    cdef TensorBase saved, derived
    cdef int k, i, n
    if node.args != NULL:
        for i, p in enumerate(<tuple>node.args):
            params[i].f = p
            params[i].i = <int64_t>params[i].f
    for k in range(op.inputs):
        if not node_needs(node, k):
            continue
        if op.grad_kind[k] == GRAD_PASS:
            node_give(node, k, g)
            continue
        if op.grad_kind[k] == GRAD_MISSING:
            raise NotImplementedError(f"the derivative for {op.name.decode()!r}, argument {k + 1}, is not implemented.")
        if differentiable():
            derived = symbolic_gradient(op, node, k, g)
            node_give(node, k, node_flat(node, k, derived) if op.flat else derived)
            continue
        operands[0] = <PyObject*>g
        n = 1
        for i in range(op.inputs + 1):
            if (op.reads[k] >> i) & 1:
                saved = node_saved(node, i)          # the node owns it too
                operands[n] = <PyObject*>saved
                n += 1
        give_result(node, k, elementwise(op.grad_op[k], n, operands, params, None))
    return 0


cdef TensorBase elementwise_tangent(Node node, TensorBase y, PyObject** tangents):
    # The derivative of a real function of elements is its own transpose: the gradient's formula on the tangent.
    cdef Elementwise* op = <Elementwise*>node.op
    cdef Scalar params[MAX_PARAMS]
    cdef TensorBase t, total = None
    cdef int k, i
    cdef bint pairs
    if node.args != NULL:
        for i, p in enumerate(<tuple>node.args):
            params[i].f = p
            params[i].i = <int64_t>params[i].f
    for k in range(op.inputs):
        if tangents[k] == NULL:
            continue
        if op.grad_kind[k] == GRAD_MISSING:
            raise NotImplementedError(f"the derivative for {op.name.decode()!r}, argument {k + 1}, is not implemented.")
        t = <TensorBase>tangents[k]
        pairs = category_of[y.dtype] == CATEGORY_COMPLEX or category_of[t.dtype] == CATEGORY_COMPLEX
        if op.grad_kind[k] == GRAD_PASS:
            t = tape_ops.spread(t, y)
        elif pairs and not real_factor(op, node, k, y, t):
            t = complex_tangent(op, node, k, y, t, params)
        else:
            t = gradient_at(op, node, k, tape_ops.spread(t, y), params)
        total = t if total is None else binary(OP_ADD, total, t)
    return None if total is None else tape_ops.spread(total, y)


cdef bint real_factor(Elementwise* op, Node node, int k, TensorBase y, TensorBase t) except -1:
    # Whether a formula of complex elements reads no complex number but g: what it is multiplied by is real.
    cdef int i, read
    cdef bint complex_too = category_of[t.dtype] == CATEGORY_COMPLEX, masked = False
    if category_of[y.dtype] != CATEGORY_COMPLEX:
        return False
    for i in range(op.inputs + 1):
        if not (op.reads[k] >> i) & 1:
            continue
        read = category_of[node_saved(node, i).dtype]
        if read == CATEGORY_COMPLEX or (read != CATEGORY_BOOL and not complex_too):
            return False
        masked = masked or read == CATEGORY_BOOL
    return complex_too or masked             # of a real operand only a mask: others may be a part of a complex number


cdef TensorBase complex_tangent(Elementwise* op, Node node, int k, TensorBase y, TensorBase t, const Scalar* params):
    """Of complex elements the gradient is a g + b conj(g), whose transpose is conj(a) t + b conj(t)."""
    cdef object one = gradient_at(op, node, k, tape_ops.full_like(y, 1), params), other, g = tape_ops.full_like(y, 1)
    if category_of[y.dtype] != CATEGORY_COMPLEX:
        return <TensorBase>((one.conj() * t).real)
    other = gradient_at(op, node, k, <TensorBase>(g * 1j), params) * 1j
    tangent = tape_ops.spread(t, y)
    return <TensorBase>(((one - other).conj() * tangent + (one + other) * tangent.conj()) * 0.5)


cdef TensorBase gradient_at(Elementwise* op, Node node, int k, TensorBase g, const Scalar* params):
    # The gradient of an input, not yet in its shape, from that of the output.
    cdef PyObject* operands[MAX_INPUTS + 2]
    cdef TensorBase saved
    cdef int i, n = 1
    if differentiable():
        return <TensorBase?>symbolic_gradient(op, node, k, g)
    operands[0] = <PyObject*>g
    for i in range(op.inputs + 1):
        if (op.reads[k] >> i) & 1:
            saved = node_saved(node, i)              # the node owns it too
            operands[n] = <PyObject*>saved
            n += 1
    return elementwise(op.grad_op[k], n, operands, params, None)


cdef inline int give_result(Node node, int k, TensorBase r) except -1:
    return node_give(node, k, r)


cdef TensorBase as_precise(TensorBase x, int dtype):
    # A number as a tensor of the gradient's dtype, for what is made of two numbers has the default dtype.
    cdef TensorBase y
    if not x.wrapped_number:
        return x
    y = tensor_empty_at(x, dtype, 0, NULL)
    copy_data(y, x)
    return y


cdef object symbolic_gradient(Elementwise* op, Node node, int k, TensorBase g):
    cdef PyObject* values[2 + MAX_INPUTS + MAX_PARAMS]
    cdef list given = [g]
    cdef int i
    if op.symbolic[k] == NULL:
        raise NotImplementedError(f"{op.name.decode()}: no derivative of the derivative")
    for i in range(op.inputs + 1):
        if (op.reads[k] >> i) & 1:
            given.append(as_precise(node_saved(node, i), g.dtype))
    if node.args != NULL:
        given += <tuple>node.args
    for i, value in enumerate(given):
        values[i] = <PyObject*>value
    return op.symbolic[k](values)

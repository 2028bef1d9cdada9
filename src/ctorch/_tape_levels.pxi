# Levels of the transforms of functions: what a level differentiates with respect to are tensors of its own, over the
# values of its arguments; tensors of other levels are told apart by the leaves that they come from.

cdef TensorBase level_input(TensorBase x, bint connected):
    # A leaf with the values of x; or, where an outer level follows x, a tensor that passes its gradient on to x.
    cdef TensorBase y
    if connected and wants_grad(x):
        return other_over(x)
    y = tensor_alias(x)
    share_tangents(y, x)
    (<object>y).requires_grad_(True)                 # refuses whole numbers
    return y


def _level_input(TensorBase x not None, bint connected):
    """A tensor that stands for x inside of a level; connected to x where it is a leaf of the level otherwise."""
    return level_input(x, connected)


def _reaches_beyond(outputs, list leaves not None):
    """Whether tensors depend on leaves that require grad apart from the given ones."""
    cdef Plan* plan
    cdef Node maker
    plan = plan_new()
    try:
        for x in leaves:
            plan_at(plan, <PyObject*>x)[0] |= WANTED
        for y in outputs:
            if not wants_grad(<TensorBase?>y):
                continue
            maker = grad_fn_of(<TensorBase>y)
            if maker is None:
                if not plan_get(plan, <PyObject*>y) & WANTED:
                    return True
            elif finds_leaf(plan, maker):
                return True
        return False
    finally:
        plan_free(plan)


cdef bint finds_leaf(Plan* plan, Node root) except -1:
    # Whether a leaf that is not marked can be reached from a node; what was seen is marked.
    cdef PyObject** stack
    cdef PyObject** grown
    cdef Py_ssize_t size = 1, capacity = 64
    cdef PyObject* target
    cdef Node node
    cdef int k
    if plan_get(plan, <PyObject*>root) & SEEN:
        return False
    stack = <PyObject**>malloc(capacity * sizeof(PyObject*))
    if stack == NULL:
        raise MemoryError()
    try:
        plan_at(plan, <PyObject*>root)[0] |= SEEN
        stack[0] = <PyObject*>root
        while size:
            size -= 1
            node = <Node>stack[size]
            for k in range(node.n_edges):
                target = node.edges[k].target
                if target == NULL:
                    continue
                if node.edges[k].leaf:
                    if not plan_get(plan, target) & WANTED:
                        return True
                    continue
                if plan_get(plan, target) & SEEN:
                    continue
                plan_at(plan, target)[0] |= SEEN
                if size == capacity:
                    grown = <PyObject**>realloc(stack, 2 * capacity * sizeof(PyObject*))
                    if grown == NULL:
                        raise MemoryError()
                    stack, capacity = grown, 2 * capacity
                stack[size] = target
                size += 1
    finally:
        free(stack)
    return False


def _without_level(x, list leaves not None, bint connected):
    """A result as those outside of a level see it: without the graph where that leads to the level's leaves alone."""
    cdef TensorBase y
    if not isinstance(x, TensorBase) or not wants_grad(<TensorBase>x):
        return x
    if connected and _reaches_beyond((x,), leaves):
        return x
    y = tensor_alias(<TensorBase>x)
    share_tangents(y, <TensorBase>x)
    return y

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


# ---- what a function that is being transformed may change in place: what it was given, and what was made since

cdef extern from *:
    """
    CT_THREAD PyObject *ct_transform = NULL;  /* the innermost Transform of this thread, which `_open` keeps alive */
    """
    PyObject* ct_transform

cdef int transforms = 0                  # how many are open, in all threads


@cython.no_gc
cdef class Transform:
    """A call of a function that is being transformed."""

    cdef PyObject* outer
    cdef uint32_t era                    # storages of this era and later ones were made in it
    cdef object given                    # its arguments
    cdef object inputs                   # those of them that it differentiates by
    cdef object duals                    # and what the function has in their place


def _open_transform(given, list inputs, list duals):
    """Until `_close_transform`, changes in place are refused but of what is given and of what is made."""
    global ct_transform, storage_era, transforms
    cdef Transform t = Transform.__new__(Transform)
    storage_era += 1
    t.outer, t.era, t.given, t.inputs, t.duals = ct_transform, storage_era, given, inputs, duals
    ct_transform = <PyObject*>t
    transforms += 1
    watch_changes()
    return t


def _close_transform(Transform t not None):
    """Close the innermost transform of this thread."""
    global ct_transform, transforms
    ct_transform = t.outer
    transforms -= 1
    watch_changes()


cdef int refuse_captured(TensorBase x, const char* op) except -1:
    cdef Storage* memory = memory_of(x)
    cdef PyObject* at = ct_transform
    cdef Transform t
    while at != NULL and <int32_t>(memory.born - (<Transform>at).era) < 0:
        t = <Transform>at
        if not given_to(t, x, memory):
            raise RuntimeError("During a grad (vjp, jvp, grad, etc) transform, the function provided attempted to call "
                               f"in-place operation ({inplace_name(op)}) that would mutate a captured Tensor. This is "
                               "not supported; please rewrite the function being transformed to explicitly accept the "
                               "mutated Tensor(s) as inputs.")
        at = t.outer
    return 0


cdef bint given_to(Transform t, TensorBase x, Storage* memory) except -1:
    from ctorch.utils._pytree import tree_leaves
    cdef PyObject* root = x.base if x.base != NULL else <PyObject*>x
    for y in t.inputs:                   # the function has others in their place
        if <PyObject*>y == <PyObject*>x or <PyObject*>y == root:
            return False
    for y in t.duals:
        if root == <PyObject*>y and ct_recording and x.requires_grad:
            what = "a leaf" if x.base == NULL else "a view of a leaf"
            raise RuntimeError(f"{what} Variable that requires grad is being used in an in-place operation.")
    for y in tree_leaves(t.given):
        if isinstance(y, TensorBase) and memory_of(<TensorBase>y) == memory:
            return True
    return False

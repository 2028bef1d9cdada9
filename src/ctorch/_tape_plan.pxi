# What a walk must know beforehand: which nodes lead to wanted inputs, and how many edges lead to each leaf with hooks.
#
# A table of addresses by open addressing; the value of an address is a set of flags, and a count above them.

cdef enum:
    SEEN = 1                         # a node that the search has entered
    RUNS = 2                         # a node that leads to a wanted input
    WANTED = 4                       # a node or leaf whose gradient is wanted
    ONE_EDGE = 8


cdef Plan* plan_new() except NULL:
    cdef Plan* plan = <Plan*>calloc(1, sizeof(Plan))
    if plan != NULL:
        plan.keys = <PyObject**>calloc(64, sizeof(PyObject*))
        plan.values = <uint32_t*>calloc(64, sizeof(uint32_t))
        plan.mask = 63
        if plan.keys != NULL and plan.values != NULL:
            return plan
        plan_free(plan)
    raise MemoryError()


cdef void plan_free(Plan* plan) noexcept:
    if plan != NULL:
        free(plan.keys)
        free(plan.values)
        free(plan)


cdef inline size_t plan_slot(Plan* plan, PyObject* key) noexcept:
    # Where key is, or would be.
    cdef size_t i = ((<uintptr_t>key >> 4) * <uint64_t>0x9E3779B97F4A7C15 >> 32) & plan.mask
    while plan.keys[i] != NULL and plan.keys[i] != key:
        i = (i + 1) & plan.mask
    return i


cdef inline uint32_t plan_get(Plan* plan, PyObject* key) noexcept:
    cdef size_t i = plan_slot(plan, key)
    return plan.values[i] if plan.keys[i] == key else 0


cdef uint32_t* plan_at(Plan* plan, PyObject* key) except NULL:
    # The value of key, entered if it is not there; good until the next key is entered.
    cdef size_t i = plan_slot(plan, key)
    if plan.keys[i] == NULL:
        if 2 * plan.used > plan.mask:
            plan_grow(plan)
            i = plan_slot(plan, key)
        plan.keys[i] = key
        plan.used += 1
    return &plan.values[i]


cdef int plan_grow(Plan* plan) except -1:
    cdef PyObject** keys = plan.keys
    cdef uint32_t* values = plan.values
    cdef size_t size = plan.mask + 1, i, at
    cdef PyObject** more_keys = <PyObject**>calloc(4 * size, sizeof(PyObject*))
    cdef uint32_t* more_values = <uint32_t*>calloc(4 * size, sizeof(uint32_t))
    if more_keys == NULL or more_values == NULL:
        free(more_keys)
        free(more_values)
        raise MemoryError()
    plan.keys, plan.values, plan.mask = more_keys, more_values, 4 * size - 1
    for i in range(size):
        if keys[i] != NULL:
            at = plan_slot(plan, keys[i])
            plan.keys[at], plan.values[at] = keys[i], values[i]
    free(keys)
    free(values)
    return 0


cdef struct Step:                        # a node of the search, and which of its edges comes next
    PyObject* node
    int edge


cdef int plan_from(Plan* plan, PyObject* root, bint selective) except -1:
    """Enters what can be reached from a node; a node is judged after all that its edges lead to."""
    cdef Step* stack
    cdef Step* grown
    cdef Py_ssize_t size = 1, capacity = 256
    cdef Node node
    cdef PyObject* target
    cdef int k
    if plan_get(plan, root) & SEEN:
        return 0
    stack = <Step*>malloc(capacity * sizeof(Step))
    if stack == NULL:
        raise MemoryError()
    try:
        plan_at(plan, root)[0] |= SEEN
        stack[0].node, stack[0].edge = root, 0
        while size:
            node = <Node>stack[size - 1].node
            k = stack[size - 1].edge
            if k == node.n_edges:
                size -= 1
                judge(plan, node, selective)
                continue
            stack[size - 1].edge += 1
            target = node.edges[k].target
            if target == NULL or node.edges[k].leaf or plan_get(plan, target) & SEEN:
                continue
            plan_at(plan, target)[0] |= SEEN
            if size == capacity:
                grown = <Step*>realloc(stack, 2 * capacity * sizeof(Step))
                if grown == NULL:
                    raise MemoryError()
                stack, capacity = grown, 2 * capacity
            stack[size].node, stack[size].edge = target, 0
            size += 1
    finally:
        free(stack)
    return 0


cdef int judge(Plan* plan, Node node, bint selective) except -1:
    # Whether a node runs, and if so which leaves with hooks it leads to.
    cdef int k
    cdef bint runs = not selective
    for k in range(node.n_edges):
        if node.edges[k].target != NULL and plan_get(plan, node.edges[k].target) & (RUNS | WANTED):
            runs = True
    if not runs:
        return 0
    plan_at(plan, <PyObject*>node)[0] |= RUNS
    for k in range(node.n_edges):
        if node.edges[k].leaf and (<TensorBase>node.edges[k].target).hooks != NULL:
            plan_at(plan, node.edges[k].target)[0] += ONE_EDGE
    return 0


cdef int make_plan(BackwardCall* call, PyObject** roots, Py_ssize_t n, list inputs) except -1:
    # `inputs` None: all leaves are wanted.
    cdef Node maker
    cdef Py_ssize_t i
    call.plan = plan_new()
    call.selective = inputs is not None
    if call.selective:
        for x in inputs:
            maker = grad_fn_of(<TensorBase>x)
            plan_at(call.plan, <PyObject*>x if maker is None else <PyObject*>maker)[0] |= WANTED
    for i in range(n):
        maker = grad_fn_of(<TensorBase>roots[i])
        if maker is not None:
            plan_from(call.plan, <PyObject*>maker, call.selective)
    return 0


def _always_plan():
    """Make a plan in every call from now on, for `_takes_part`."""
    global leaf_hooks_exist
    leaf_hooks_exist = True


def _takes_part(node):
    """Whether the backward call that runs now comes to a node."""
    cdef BackwardCall* call = <BackwardCall*>ct_call
    cdef PyObject* key
    if call == NULL or call.plan == NULL:
        return False
    key = <PyObject*>node if isinstance(node, Node) else <PyObject*>node.variable
    if isinstance(node, Node) or call.selective:
        return (plan_get(call.plan, key) & (RUNS | WANTED)) != 0
    return call.plan.keys[plan_slot(call.plan, key)] == key


def _graph_task():
    """Number of the backward call that runs now in this thread; -1 outside."""
    return ct_task if ct_call != NULL else -1

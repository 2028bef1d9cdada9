# Cycles through the graph, and how Python's collector finds them.
#
# A graph by itself has no cycles: what closes one is always hooks, attributes, the context of a Function, something
# that a pack hook made, or the graph of a gradient in `.grad`. Objects are shown to the collector when they get such a
# thing. Before it runs, what can be reached from the young ones of them is shown to it as well, so that it sees every
# object of a cycle; all others, nearly all that there are, cost nothing.

cdef int visit_node(PyObject* o, visitproc visit, void* arg) noexcept:
    cdef int i, result = 0
    for i in range((<Node>o).n_edges):
        if result == 0 and (<Node>o).edges[i].target != NULL:
            result = visit((<Node>o).edges[i].target, arg)
    for i in range((<Node>o).n_saved):
        if result == 0 and (<Node>o).saved[i].tensor != NULL:
            result = visit((<Node>o).saved[i].tensor, arg)
    for i in range((<Node>o).n_outputs):
        if result == 0 and (<Node>o).grads[i] != NULL:
            result = visit((<Node>o).grads[i], arg)
    if result == 0 and (<Node>o).args != NULL:
        result = visit((<Node>o).args, arg)
    if result == 0 and (<Node>o).hooks != NULL:
        result = visit((<Node>o).hooks, arg)
    return result


cdef int clear_node(PyObject* o) noexcept:
    # Its edges stay: without the rest they close no cycle.
    cdef PyObject* hooks = (<Node>o).hooks
    cdef int i
    (<Node>o).hooks = NULL
    for i in range((<Node>o).n_saved):
        release_later((<Node>o).saved[i].tensor)
        (<Node>o).saved[i].tensor = NULL
    release_later(hooks)
    release_pending()
    return 0


ct_make_collectable(<PyTypeObject*>Node, <traverseproc>visit_node, <inquiry>clear_node)


# ---- what can be reached

cdef extern from *:
    """
    #define CT_TRAVERSE(o, visit, arg) Py_TYPE(o)->tp_traverse(o, visit, arg)
    #define CT_IS_COLLECTABLE(o) PyObject_IS_GC(o)
    #define CT_LEADS_NOWHERE(o) (PyModule_Check(o) || PyType_Check(o) || PyFrame_Check(o) || PyTraceBack_Check(o))
    static int ct_traverse_function(PyObject *o, visitproc visit, void *arg) {      /* all but its globals */
        PyFunctionObject *f = (PyFunctionObject *)o;
        Py_VISIT(f->func_defaults);
        Py_VISIT(f->func_kwdefaults);
        Py_VISIT(f->func_dict);
        Py_VISIT(f->func_closure);
        return 0;
    }
    """
    int CT_TRAVERSE(PyObject* o, visitproc visit, void* arg) noexcept
    bint CT_IS_COLLECTABLE(PyObject* o) noexcept
    bint CT_LEADS_NOWHERE(PyObject* o) noexcept
    int ct_traverse_function(PyObject* o, visitproc visit, void* arg) noexcept
    bint PyFunction_Check(PyObject* o) noexcept

cdef struct Reach:
    Plan* seen
    PyObject** queue                 # borrowed; nothing is freed meanwhile
    size_t read
    size_t size
    size_t capacity
    bint failed


cdef int reach(PyObject* o, void* arg) noexcept:
    # Enters an object into the queue, once.
    cdef Reach* found = <Reach*>arg
    cdef PyObject** grown
    cdef uint32_t* flags
    if not CT_IS_COLLECTABLE(o) or CT_LEADS_NOWHERE(o):
        return 0
    try:
        flags = plan_at(found.seen, o)
    except MemoryError:
        found.failed = True
        return 1
    if flags[0] & SEEN:
        return 0
    flags[0] |= SEEN
    if found.size == found.capacity:
        grown = <PyObject**>realloc(found.queue, (2 * found.capacity + 256) * sizeof(PyObject*))
        if grown == NULL:
            found.failed = True
            return 1
        found.queue, found.capacity = grown, 2 * found.capacity + 256
    found.queue[found.size] = o
    found.size += 1
    return 0


cdef bint closes_cycles(object o):
    cdef TensorBase x
    if isinstance(o, TensorBase):
        x = <TensorBase>o
        return x.hooks != NULL or x.extra != NULL or (x.grad != NULL and (<TensorBase>x.grad).grad_fn != NULL)
    return isinstance(o, Node)


cdef int show_reached(list young, size_t most) except -1:
    # Shows the collector what can be reached from some objects, the nearest first, looking at no more than so many.
    cdef Reach found
    cdef PyObject* o
    memset(&found, 0, sizeof(Reach))
    found.seen = plan_new()
    try:
        for item in young:
            if closes_cycles(item):
                reach(<PyObject*>item, &found)
        while found.read < found.size and not found.failed and found.read < most:
            o = found.queue[found.read]
            found.read += 1
            if isinstance(<object>o, (TensorBase, Node)):
                ct_track(o)
            if PyFunction_Check(o):
                ct_traverse_function(o, <visitproc>reach, &found)
            else:
                CT_TRAVERSE(o, <visitproc>reach, &found)
    finally:
        plan_free(found.seen)
        free(found.queue)
    return 0


cdef object cycles_before = 0            # how many objects could close a cycle when the collector ran last


def _before_collection(phase, info):
    """Called by the collector."""
    global cycles_before
    cdef int generation
    if phase != "start":
        return
    import gc

    generation = info["generation"]
    now = _cycles()
    if generation < 2 and now == cycles_before:
        return
    cycles_before = now
    for k in range(generation + 1):
        show_reached(gc.get_objects(generation=k), <size_t>-1 if generation == 2 else 1 << (10 + 3 * generation))


def _watch_collector():
    import gc
    gc.callbacks.append(_before_collection)


_at_first_cycle(_watch_collector)

/* Types whose objects Python's garbage collector sees only once they have got what can close a cycle: hooks, attributes
   or a graph of their gradient. Until then they are as quick to make and to free as objects without a collector. */
#include <Python.h>

#ifdef Py_GIL_DISABLED
static inline int ct_is_tracked(PyObject *o) { return PyObject_GC_IsTracked(o); }
#else
/* Two words stand before an object that can be collected; the first is its place in a list, 0 where it is in none. */
static inline int ct_is_tracked(PyObject *o) { return ((const size_t *)o)[-2] != 0; }
#endif

static inline int ct_track(PyObject *o) {            /* whether that is new */
    if (ct_is_tracked(o))
        return 0;
    PyObject_GC_Track(o);
    return 1;
}

static PyObject *ct_alloc_untracked(PyTypeObject *type, Py_ssize_t n) {
    PyObject *o = PyType_GenericAlloc(type, n);
    if (o != NULL)
        PyObject_GC_UnTrack(o);
    return o;
}

static destructor ct_free_object;

static void ct_dealloc(PyObject *o) {
    if (ct_is_tracked(o))                            /* before weak references call what may collect */
        PyObject_GC_UnTrack(o);
    ct_free_object(o);
}

/* To be called before the first object of the type is made, once in a module. */
static void ct_make_collectable(PyTypeObject *type, traverseproc traverse, inquiry clear) {
    ct_free_object = type->tp_dealloc;
    type->tp_flags |= Py_TPFLAGS_HAVE_GC;
    type->tp_dealloc = ct_dealloc;
    type->tp_alloc = ct_alloc_untracked;
    type->tp_free = PyObject_GC_Del;
    type->tp_traverse = traverse;
    type->tp_clear = clear;
}

#define CT_WATCH_ATTRIBUTES(type, f) ((type)->tp_setattro = (setattrofunc)(f))

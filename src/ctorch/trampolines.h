/* Stand-ins for C functions that Python calls: each knows its number, and hands its arguments to one function with it.
   They take the place of the functions in their definitions while calls are watched; else nothing is different. */
#include <Python.h>

enum { CT_SLOTS = 256, CT_TUPLE = -1 };       /* CT_TUPLE: not an array of arguments, but a tuple and a dict */

static struct {
    PyMethodDef *definition;
    PyCFunction original;
} ct_slots[CT_SLOTS];

static int ct_slots_used;
static PyObject *(*ct_around)(int, PyObject *, PyObject *const *, Py_ssize_t, PyObject *);

#define CT_STAND_INS(i)                                                                                         \
    static PyObject *ct_fast_##i(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names) {        \
        return ct_around(0x##i, self, args, n, names);                                                          \
    }                                                                                                           \
    static PyObject *ct_one_##i(PyObject *self, PyObject *arg) { return ct_around(0x##i, self, &arg, 1, NULL); }  \
    static PyObject *ct_many_##i(PyObject *self, PyObject *args, PyObject *named) {                             \
        PyObject *both[2] = {args, named};                                                                      \
        return ct_around(0x##i, self, both, CT_TUPLE, NULL);                                                    \
    }
#define CT_THREE(i) {(PyCFunction)(void (*)(void))ct_fast_##i, ct_one_##i, (PyCFunction)(void (*)(void))ct_many_##i},
#define CT_SIXTEEN(X, p)                                                                                        \
    X(p##0) X(p##1) X(p##2) X(p##3) X(p##4) X(p##5) X(p##6) X(p##7)                                             \
    X(p##8) X(p##9) X(p##a) X(p##b) X(p##c) X(p##d) X(p##e) X(p##f)
#define CT_ALL(X)                                                                                               \
    CT_SIXTEEN(X, 0) CT_SIXTEEN(X, 1) CT_SIXTEEN(X, 2) CT_SIXTEEN(X, 3) CT_SIXTEEN(X, 4) CT_SIXTEEN(X, 5)       \
    CT_SIXTEEN(X, 6) CT_SIXTEEN(X, 7) CT_SIXTEEN(X, 8) CT_SIXTEEN(X, 9) CT_SIXTEEN(X, a) CT_SIXTEEN(X, b)       \
    CT_SIXTEEN(X, c) CT_SIXTEEN(X, d) CT_SIXTEEN(X, e) CT_SIXTEEN(X, f)

CT_ALL(CT_STAND_INS)

static const PyCFunction ct_stand_ins[CT_SLOTS][3] = {CT_ALL(CT_THREE)};

static PyMethodDef *ct_definition_of(PyObject *o) {
    if (PyCFunction_Check(o))
        return ((PyCFunctionObject *)o)->m_ml;
    return Py_TYPE(o) == &PyMethodDescr_Type ? ((PyMethodDescrObject *)o)->d_method : NULL;
}

/* Puts a stand-in before a function, once; 0 where there is no room or it is called in another way. */
static int ct_stand_before(PyObject *o) {
    PyMethodDef *d = ct_definition_of(o);
    if (d == NULL || ct_slots_used == CT_SLOTS)
        return 0;
    int way = d->ml_flags == (METH_FASTCALL | METH_KEYWORDS)             ? 0
              : d->ml_flags == METH_O || d->ml_flags == METH_NOARGS       ? 1
              : d->ml_flags == METH_VARARGS || d->ml_flags == (METH_VARARGS | METH_KEYWORDS) ? 2
                                                                          : -1;
    for (int i = 0; i < ct_slots_used; i++)
        if (ct_slots[i].definition == d)
            return 1;
    if (way < 0)
        return 0;
    ct_slots[ct_slots_used].definition = d;
    ct_slots[ct_slots_used].original = d->ml_meth;
    d->ml_meth = ct_stand_ins[ct_slots_used][way];
    ct_slots_used++;
    return 1;
}

static void ct_stand_aside(void) {
    while (ct_slots_used > 0) {
        ct_slots_used--;
        ct_slots[ct_slots_used].definition->ml_meth = ct_slots[ct_slots_used].original;
    }
}

static PyObject *ct_original(int slot, PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names) {
    PyCFunction f = ct_slots[slot].original;
    if (ct_slots[slot].definition->ml_flags == (METH_FASTCALL | METH_KEYWORDS))
        return ((PyObject *(*)(PyObject *, PyObject *const *, Py_ssize_t, PyObject *))(void (*)(void))f)(self, args, n,
                                                                                                    names);
    if (ct_slots[slot].definition->ml_flags & METH_VARARGS)
        return ((PyCFunctionWithKeywords)(void (*)(void))f)(self, args[0], args[1]);
    return f(self, args[0]);
}

static const char *ct_slot_name(int slot) { return ct_slots[slot].definition->ml_name; }

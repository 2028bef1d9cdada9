"""NumPy's names of parameters beside PyTorch's: ``x.squeeze(axis=0)``, as PyTorch takes them too.

What comes from the table takes them by itself (binding.h). Other functions and methods that have such parameters are
entered through a C function here, which puts PyTorch's names in the place of NumPy's where a call has keywords, and
hands everything else on as it is. A C function knows nothing of what it was called as, so that there is one for each
number of an entry.
"""

cdef extern from *:
    """
    #include <string.h>

    typedef PyObject *(*ct_fast)(PyObject *, PyObject *const *, Py_ssize_t, PyObject *);

    static const char *const CT_ALIASES[][2] = {
        {"axis", "dim"}, {"keepdims", "keepdim"}, {"x2", "other"}, {"x", "input"}, {"x1", "input"}, {"a", "input"}};
    enum { CT_NAMES = 6, CT_NAMES_OF_METHODS = 3 };
    static PyObject *ct_aliases[CT_NAMES], *ct_targets[CT_NAMES];

    static int ct_alias_of(PyObject *name, int count) {
        for (int k = 0; k < count; k++)
            if (name == ct_aliases[k] || (!PyUnicode_CHECK_INTERNED(name)
                                          && PyUnicode_CompareWithASCIIString(name, CT_ALIASES[k][0]) == 0))
                return k;
        return -1;
    }

    /* The names with PyTorch's among them: a new tuple, or NULL where they are as they should be. */
    static PyObject *ct_renamed(PyObject *names, int count) {
        PyObject *out = NULL;
        Py_ssize_t n = PyTuple_GET_SIZE(names);
        for (Py_ssize_t i = 0; i < n; i++) {
            int k = ct_alias_of(PyTuple_GET_ITEM(names, i), count);
            if (k < 0)
                continue;
            if (out == NULL && (out = PyTuple_New(n)) == NULL)
                return NULL;
            PyTuple_SET_ITEM(out, i, Py_NewRef(ct_targets[k]));
        }
        for (Py_ssize_t i = 0; out != NULL && i < n; i++)
            if (PyTuple_GET_ITEM(out, i) == NULL)
                PyTuple_SET_ITEM(out, i, Py_NewRef(PyTuple_GET_ITEM(names, i)));
        return out;
    }

    static PyObject *ct_call(ct_fast f, PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names,
                             int count) {
        PyObject *result, *renamed = ct_renamed(names, count);
        if (renamed == NULL)
            return PyErr_Occurred() ? NULL : f(self, args, n, names);
        result = f(self, args, n, renamed);
        Py_DECREF(renamed);
        return result;
    }

    enum { CT_ENTRIES = 100 };
    static ct_fast ct_entered[CT_ENTRIES];
    static int ct_counts[CT_ENTRIES];
    static int ct_used;

    #define CT_ENTRY(i)                                                                                          \
        static PyObject *ct_entry_##i(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names) {    \
            enum { at = 1##i - 100 };                                                                            \
            return names == NULL ? ct_entered[at](self, args, n, names)                                          \
                                 : ct_call(ct_entered[at], self, args, n, names, ct_counts[at]);                 \
        }
    #define CT_TEN(each, i) each(i##0) each(i##1) each(i##2) each(i##3) each(i##4) each(i##5) each(i##6) \
        each(i##7) each(i##8) each(i##9)
    #define CT_ALL(each) CT_TEN(each, 0) CT_TEN(each, 1) CT_TEN(each, 2) CT_TEN(each, 3) CT_TEN(each, 4) \
        CT_TEN(each, 5) CT_TEN(each, 6) CT_TEN(each, 7) CT_TEN(each, 8) CT_TEN(each, 9)
    #define CT_NAME(i) ct_entry_##i,
    CT_ALL(CT_ENTRY)
    static const ct_fast ct_entries[CT_ENTRIES] = { CT_ALL(CT_NAME) };

    static int ct_intern(void) {
        for (int k = 0; k < CT_NAMES; k++) {
            ct_aliases[k] = PyUnicode_InternFromString(CT_ALIASES[k][0]);
            ct_targets[k] = PyUnicode_InternFromString(CT_ALIASES[k][1]);
            if (ct_aliases[k] == NULL || ct_targets[k] == NULL)
                return -1;
        }
        return 0;
    }

    /* Whether the signature, with which a docstring begins, has a parameter. */
    static int ct_has_parameter(const char *doc, const char *name) {
        size_t n = strlen(name);
        for (const char *p = doc + 1; *p != 0 && *p != '\\n'; p++)
            if ((p[-1] == '(' || p[-1] == ' ') && strncmp(p, name, n) == 0 && strchr(",)=", p[n]) != NULL)
                return 1;
        return 0;
    }

    static int ct_is_renamed(const char *doc) {
        int wanted = 0;
        if (doc == NULL || *doc == 0)
            return 0;
        for (int k = 0; k < CT_NAMES; k++) {
            if (ct_has_parameter(doc, CT_ALIASES[k][0]))       /* a name of its own, which stays */
                return 0;
            wanted |= ct_has_parameter(doc, CT_ALIASES[k][1]);
        }
        return wanted;
    }

    /* 1 where f is entered by one of the functions above from now on */
    static int ct_take_numpy_names(PyObject *f) {
        int method = Py_IS_TYPE(f, &PyMethodDescr_Type);
        PyMethodDef *def;
        if (!method && !PyCFunction_Check(f))
            return 0;
        def = method ? ((PyMethodDescrObject *)f)->d_method : ((PyCFunctionObject *)f)->m_ml;
        if (def->ml_flags != (METH_FASTCALL | METH_KEYWORDS) || !ct_is_renamed(def->ml_doc))
            return 0;
        for (int i = 0; i < ct_used; i++)
            if ((PyCFunction)(void *)ct_entries[i] == def->ml_meth)      /* an alias of one that is entered so */
                return 0;
        if (ct_used == CT_ENTRIES) {
            PyErr_SetString(PyExc_RuntimeError, "_keywords: more functions than entries");
            return -1;
        }
        ct_entered[ct_used] = (ct_fast)(void *)def->ml_meth;
        ct_counts[ct_used] = method ? CT_NAMES_OF_METHODS : CT_NAMES;
        def->ml_meth = (PyCFunction)(void *)ct_entries[ct_used++];
        return 1;
    }
    """
    int ct_intern() except -1
    int ct_take_numpy_names(object f) except -1


ct_intern()


def take_numpy_names(functions):
    """Let functions take NumPy's names too, those of them that have PyTorch's; how many there are."""
    cdef int taken = 0
    for f in functions:
        taken += ct_take_numpy_names(f)
    return taken

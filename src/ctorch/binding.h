/* Calls of the functions and methods that come from the table of operators. The arguments are put in the order of the
   row's parameters, its defaults where none is given, and handed to the row's body: one reader for all rows.

   Include from the generated rows.h only, which gives CT_MOST, the most parameters of a row. */
#include <Python.h>
#include <string.h>

typedef struct ct_row ct_row;
typedef PyObject *(*ct_body)(ct_row *row, PyObject **values);       /* leaves the values as they are */

struct ct_row {
    const char *name;
    unsigned char count, positional, required;   /* parameters; of them before the star; given by position at least */
    unsigned char has_out;                       /* the last one is out, which methods do not take */
    unsigned short checked;                      /* a bit for each parameter that must be of a certain type */
    const char *kinds;                           /* which that is, a letter of ct_kind_title each */
    short parameters[CT_MOST];                   /* by place in the list of names */
    unsigned char defaults[CT_MOST];             /* by place in the tuple of defaults, 0 where there is none */
    /* what the body needs to know of the row */
    ct_body body;
    int number, mask;
    PyObject *target, *keywords;                 /* of rows that are written in Python, once they were called */
};

static PyObject **ct_names, **ct_defaults;       /* interned; both live as long as the process */

static int ct_never;
static int *ct_profiling = &ct_never;            /* whether a profiler runs, which then has calls go through */
static ct_body ct_profiled;
static PyTypeObject *ct_tensor_base, **ct_tensor_type;      /* of all tensors, and of most */
static PyObject *ct_note_call;                   /* called with an error, a row's name and the arguments that it got */

/* NumPy's names of parameters and the array standard's, and PyTorch's. */
static const char *const CT_OTHER_NAMES[][2] = {
    {"axis", "dim"}, {"keepdims", "keepdim"}, {"x2", "other"}, {"x", "input"}, {"x1", "input"}, {"a", "input"}};
enum { CT_OTHERS = sizeof CT_OTHER_NAMES / sizeof CT_OTHER_NAMES[0] };

static int ct_place_of(const ct_row *row, int count, PyObject *name) {
    for (int i = 0; i < count; i++)
        if (ct_names[row->parameters[i]] == name)
            return i;
    for (int i = 0; i < count; i++)              /* a name that is not interned */
        if (PyUnicode_Compare(ct_names[row->parameters[i]], name) == 0)
            return i;
    return -1;
}

static int ct_place_of_other(const ct_row *row, int count, PyObject *name) {
    for (int k = 0; k < CT_OTHERS; k++)
        if (PyUnicode_CompareWithASCIIString(name, CT_OTHER_NAMES[k][0]) == 0)
            for (int i = 0; i < count; i++)
                if (PyUnicode_CompareWithASCIIString(ct_names[row->parameters[i]], CT_OTHER_NAMES[k][1]) == 0)
                    return i;
    return -1;
}

static int ct_name_missing(const ct_row *row, int count, PyObject **values) {
    PyObject *missing = NULL;
    int n = 0;
    for (int i = 0; i < count; i++) {
        if (values[i] != NULL)
            continue;
        PyObject *name = ct_names[row->parameters[i]];
        PyObject *longer = missing == NULL ? PyUnicode_FromFormat("\"%U\"", name)
                                           : PyUnicode_FromFormat("%U, \"%U\"", missing, name);
        Py_XDECREF(missing);
        if ((missing = longer) == NULL)
            return -1;
        n++;
    }
    PyErr_Format(PyExc_TypeError, "%s() missing %d required argument%s: %U", row->name, n, n == 1 ? "" : "s", missing);
    Py_DECREF(missing);
    return -1;
}

static int ct_too_many(const ct_row *row, int method, Py_ssize_t given) {
    int takes = row->positional - method;
    PyErr_Format(PyExc_TypeError, "%s() takes %s%d positional argument%s but %zd %s given", row->name,
                 row->required < row->positional ? "at most " : "", takes, takes == 1 ? "" : "s", given - method,
                 given - method == 1 ? "was" : "were");
    return -1;
}

/* Values of a call with keywords, or with too few arguments; the first `given` are there. */
static int ct_by_name(const ct_row *row, int count, int method, PyObject **values, Py_ssize_t given,
                      PyObject *const *named, PyObject *names) {
    for (Py_ssize_t i = given; i < count; i++)
        values[i] = NULL;
    for (Py_ssize_t k = 0; names != NULL && k < PyTuple_GET_SIZE(names); k++) {
        PyObject *name = PyTuple_GET_ITEM(names, k);
        int i = ct_place_of(row, count, name);
        if (i < 0)
            i = ct_place_of_other(row, count, name);
        if (i < method) {
            PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", row->name, name);
            return -1;
        }
        if (values[i] != NULL) {
            PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'", row->name, name);
            return -1;
        }
        values[i] = named[k];
    }
    int lacking = 0;
    for (int i = 0; i < count; i++)
        if (values[i] == NULL && row->defaults[i])
            values[i] = ct_defaults[row->defaults[i]];
        else
            lacking += values[i] == NULL;
    return lacking ? ct_name_missing(row, count, values) : 0;
}

/* The type of a kind of parameter by its letter, a large one where None will do. */
static const char *ct_kind_title(char kind) {
    switch (kind | 32) {
        case 'i': return "int";
        case 'f': return "float";
        case 'b': return "bool";
        case 's': return "str";
        case 't': return "Tensor";
        case 'n': return "Number";
        case 'd': return "tuple of ints";
        case 'l': return "tuple of Tensors";
        default: return "torch.dtype";
    }
}

/* What most calls give, told by the type alone. */
static inline int ct_plain(char kind, PyObject *value) {
    const PyTypeObject *type = Py_TYPE(value);
    switch (kind | 32) {
        case 'i': return type == &PyLong_Type;
        case 'f': return type == &PyFloat_Type;
        case 'b': return type == &PyBool_Type;
        case 's': return type == &PyUnicode_Type;
        case 't': return type == *ct_tensor_type;
        case 'n': return type == &PyFloat_Type || type == &PyLong_Type;
        case 'd': return type == &PyLong_Type || type == &PyTuple_Type || type == &PyList_Type;
        case 'l': return type == &PyTuple_Type || type == &PyList_Type;
        default: return 0;
    }
}

/* Whether something is a whole number that may be an index: not a bool, not a tensor of floats or of several. */
static int ct_whole(PyObject *value) {
    if (PyBool_Check(value) || !PyIndex_Check(value))
        return 0;
    PyObject *whole = PyNumber_Index(value);
    PyErr_Clear();
    Py_XDECREF(whole);
    return whole != NULL;
}

/* What else will do: NumPy's numbers and tensors of one element as Python's numbers, whole numbers as bools and floats,
   all that can be gone through as a tuple, and Python's types of numbers as a dtype. */
__attribute__((noinline)) static int ct_accepted(char kind, PyObject *value) {
    const PyTypeObject *type = Py_TYPE(value);
    const PyNumberMethods *number = type->tp_as_number;
    const int real = number != NULL && (number->nb_float != NULL || number->nb_index != NULL);
    const int text = PyUnicode_Check(value) || PyBytes_Check(value);
    if (value == Py_None)
        return kind < 'a';
    switch (kind | 32) {
        case 'i': return ct_whole(value);
        case 'f': return real;
        case 'b': return number != NULL && number->nb_bool != NULL && !PyFloat_Check(value);
        case 's': return PyUnicode_Check(value);
        case 't': return PyObject_TypeCheck(value, ct_tensor_base);
        case 'n': return real || PyComplex_Check(value);
        case 'l': return type->tp_iter != NULL && !text;
        case 'd':                                /* a bool by place is something else than a dimension to `var` */
            return (type->tp_iter != NULL && !text && !PyDict_Check(value)) || PyBool_Check(value) || ct_whole(value);
        default:
            if (PyType_Check(value))
                return value == (PyObject *)&PyFloat_Type || value == (PyObject *)&PyLong_Type ||
                       value == (PyObject *)&PyBool_Type || value == (PyObject *)&PyComplex_Type;
            return !text && !PyNumber_Check(value) && !PySequence_Check(value);
    }
}

/* A call with an argument of another type than its parameter's; `given` were given by place. */
__attribute__((cold, noinline)) static PyObject *ct_mistyped(const ct_row *row, int i, int method, Py_ssize_t given,
                                                             PyObject *value) {
    const char *type = Py_TYPE(value)->tp_name, *dot = strrchr(type, '.'), *title = ct_kind_title(row->kinds[i]);
    char place[32] = "";
    if (i < given)
        PyOS_snprintf(place, sizeof place, " (position %d)", i + 1 - method);
    return PyErr_Format(PyExc_TypeError, "%s(): argument '%U'%s must be %s, not %s", row->name,
                        ct_names[row->parameters[i]], place, title, dot == NULL ? type : dot + 1);
}

/* The error that is set with a note of the call; whatever goes wrong with that is passed over. */
__attribute__((cold, noinline)) static void ct_noted(const ct_row *row, int count, PyObject **values) {
    PyObject *type, *error, *trace, *done = NULL;
    PyErr_Fetch(&type, &error, &trace);
    PyErr_NormalizeException(&type, &error, &trace);
    PyObject *given = PyDict_New();
    int fault = given == NULL;
    for (int i = 0; i < count && !fault; i++)
        if (row->defaults[i] == 0 || values[i] != ct_defaults[row->defaults[i]])
            fault = PyDict_SetItem(given, ct_names[row->parameters[i]], values[i]) < 0;
    if (!fault && ct_note_call != NULL)
        done = PyObject_CallFunction(ct_note_call, "OsO", error, row->name, given);
    Py_XDECREF(done);
    Py_XDECREF(given);
    PyErr_Restore(type, error, trace);
}

/* A call of a function, or with self of a method. All values are borrowed. */
static inline PyObject *ct_called(ct_row *row, PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names) {
    PyObject *values[CT_MOST];
    const int method = self != NULL, count = row->count - (method & row->has_out);
    const Py_ssize_t given = n + method;
    values[0] = self;
    if (given > row->positional)
        return ct_too_many(row, method, given), NULL;
    for (Py_ssize_t i = 0; i < n; i++)
        values[method + i] = args[i];
    if (names == NULL && given >= row->required) {
        for (Py_ssize_t i = given; i < count; i++)
            values[i] = ct_defaults[row->defaults[i]];
    } else if (ct_by_name(row, count, method, values, given, args + n, names) < 0)
        return NULL;
    if (method & row->has_out)
        values[count] = Py_None;
    for (unsigned bits = row->checked; bits; bits &= bits - 1) {
        const int i = __builtin_ctz(bits);
        const int left = row->defaults[i] != 0 && values[i] == ct_defaults[row->defaults[i]];
        if (!left && !ct_plain(row->kinds[i], values[i]) && !ct_accepted(row->kinds[i], values[i]))
            return ct_mistyped(row, i, method, given, values[i]);
    }
    PyObject *result = __builtin_expect(*ct_profiling, 0) ? ct_profiled(row, values) : row->body(row, values);
    if (__builtin_expect(result == NULL, 0))
        ct_noted(row, count, values);
    return result;
}

#define CT_FUNCTION(i)                                                                                          \
    static PyObject *ct_function_##i(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *names) {  \
        return ct_called(&ct_rows[i], NULL, args, n, names);                                                    \
    }
#define CT_METHOD(i)                                                                                            \
    static PyObject *ct_method_##i(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names) {      \
        return ct_called(&ct_rows[i], self, args, n, names);                                                    \
    }
#define CT_ENTRY(name, kind, i, doc)                                                                            \
    {name, (PyCFunction)(void (*)(void))ct_##kind##_##i, METH_FASTCALL | METH_KEYWORDS, doc}

/* The result of the Python function behind a row; its parameters after the star go by name. */
static PyObject *ct_call_target(ct_row *row, PyObject **values) {
    const int count = row->count - row->has_out;
    if (row->keywords == NULL) {
        PyObject *names = PyTuple_New(count > row->positional ? count - row->positional : 0);
        if (names == NULL)
            return NULL;
        for (int i = row->positional; i < count; i++)
            PyTuple_SET_ITEM(names, i - row->positional, Py_NewRef(ct_names[row->parameters[i]]));
        row->keywords = names;
    }
    return PyObject_Vectorcall(row->target, values, count > row->positional ? row->positional : count, row->keywords);
}

/* Fresh references to what a tuple holds or to interned names, for as long as the process lives. */
static int ct_keep(PyObject *defaults, const char *const *names, int count) {
    ct_names = PyMem_New(PyObject *, count);
    ct_defaults = PyMem_New(PyObject *, PyTuple_GET_SIZE(defaults));
    if (ct_names == NULL || ct_defaults == NULL)
        return PyErr_NoMemory(), -1;
    for (int i = 0; i < count; i++)
        if ((ct_names[i] = PyUnicode_InternFromString(names[i])) == NULL)
            return -1;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(defaults); i++)
        ct_defaults[i] = Py_NewRef(PyTuple_GET_ITEM(defaults, i));
    return 0;
}

static int ct_put_functions(PyObject *where, PyObject *module, PyMethodDef *defs) {
    for (; defs->ml_name != NULL; defs++) {
        PyObject *function = PyCFunction_NewEx(defs, NULL, module);
        int fault = function == NULL || PyDict_SetItemString(where, defs->ml_name, function) < 0;
        Py_XDECREF(function);
        if (fault)
            return -1;
    }
    return 0;
}

static int ct_put_methods(PyObject *type, PyMethodDef *defs) {
    for (; defs->ml_name != NULL; defs++) {
        PyObject *method = PyDescr_NewMethod((PyTypeObject *)type, defs);
        int fault = method == NULL || PyDict_SetItemString(((PyTypeObject *)type)->tp_dict, defs->ml_name, method) < 0;
        Py_XDECREF(method);
        if (fault)
            return -1;
    }
    PyType_Modified((PyTypeObject *)type);
    return 0;
}

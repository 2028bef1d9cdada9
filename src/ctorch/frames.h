/* The line of Python that runs now, kept as a code object and a place in it: a few loads, where a traceback takes
   microseconds. Frames of this package's own Python files are passed over. */
#include <Python.h>

#if PY_VERSION_HEX < 0x030e0000 && !defined(Py_GIL_DISABLED)
#define CT_FRAMES 1
#ifndef Py_BUILD_CORE
#define Py_BUILD_CORE 1
#include "internal/pycore_frame.h"
#undef Py_BUILD_CORE
#else
#include "internal/pycore_frame.h"
#endif
#endif

static PyObject *ct_own_folder;                      /* where the package's files are */

#define CT_KNOWN 256
static struct { PyObject *code; int own; } ct_known[CT_KNOWN];     /* of code objects seen last; owned */

static int ct_look_at_code(PyObject *code, unsigned place) {
    PyObject *before = ct_known[place].code, *file = ((PyCodeObject *)code)->co_filename;
    int own = ct_own_folder != NULL && PyUnicode_Tailmatch(file, ct_own_folder, 0, PY_SSIZE_T_MAX, -1) == 1;
    ct_known[place].code = Py_NewRef(code);
    ct_known[place].own = own;
    Py_XDECREF(before);
    return own;
}

static inline int ct_is_own(PyObject *code) {
    unsigned place = ((size_t)code >> 5) % CT_KNOWN;
    return ct_known[place].code == code ? ct_known[place].own : ct_look_at_code(code, place);
}

#ifdef CT_FRAMES
#if PY_VERSION_HEX < 0x030c0000
#define CT_CODE(f) ((PyObject *)(f)->f_code)
#define CT_PLACE(f) ((f)->prev_instr)
#define CT_IS_PYTHON(f) 1
#define CT_TOP(state) ((state)->cframe->current_frame)
#define CT_STATE() _PyThreadState_UncheckedGet()
#elif PY_VERSION_HEX < 0x030d0000
#define CT_CODE(f) ((PyObject *)(f)->f_code)
#define CT_PLACE(f) ((f)->prev_instr)
#define CT_IS_PYTHON(f) ((f)->owner != FRAME_OWNED_BY_CSTACK)
#define CT_TOP(state) ((state)->cframe->current_frame)
#define CT_STATE() _PyThreadState_UncheckedGet()
#else
#define CT_CODE(f) ((f)->f_executable)
#define CT_PLACE(f) ((f)->instr_ptr)
#define CT_IS_PYTHON(f) ((f)->owner != FRAME_OWNED_BY_CSTACK)
#define CT_TOP(state) ((state)->current_frame)
#define CT_STATE() PyThreadState_GetUnchecked()
#endif

/* The user's code object and the byte in it, or the innermost where all is the package's own; a new reference. */
static inline PyObject *ct_here(int *place) {
    struct _PyInterpreterFrame *f = CT_TOP(CT_STATE()), *found = NULL;
    for (; f != NULL; f = f->previous) {
        if (!CT_IS_PYTHON(f))
            continue;
        if (found == NULL)
            found = f;
        if (!ct_is_own(CT_CODE(f))) {
            found = f;
            break;
        }
    }
    if (found == NULL)
        return NULL;
    PyObject *code = CT_CODE(found);
    *place = (int)((char *)CT_PLACE(found) - ((PyCodeObject *)code)->co_code_adaptive);
    return Py_NewRef(code);
}
#else
static inline PyObject *ct_here(int *place) {        /* the layout of frames is not known here */
    (void)place;
    return NULL;
}
#endif

static int ct_line(PyObject *code, int place) { return PyCode_Addr2Line((PyCodeObject *)code, place); }

/* The exception that is set, taken, and set again. */
static PyObject *ct_take_error(void) {
#if PY_VERSION_HEX >= 0x030c0000
    return PyErr_GetRaisedException();
#else
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != NULL && value != NULL)
        PyException_SetTraceback(value, traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return value;
#endif
}

static void ct_set_error(PyObject *error) {          /* steals the reference */
#if PY_VERSION_HEX >= 0x030c0000
    PyErr_SetRaisedException(error);
#else
    PyErr_Restore(Py_NewRef((PyObject *)Py_TYPE(error)), error, PyException_GetTraceback(error));
#endif
}

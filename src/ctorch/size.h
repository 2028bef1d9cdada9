/* Shapes without calls of Python: an item of one, where only slices are shapes again, and a new one of n places. */
#pragma once
#include <Python.h>

static PyObject *ct_size_new(PyObject *type, Py_ssize_t n) { return PyType_GenericAlloc((PyTypeObject *)type, n); }

static PyObject *ct_size_item(PyObject *size, PyObject *key) {
    PyObject *found = PyTuple_Type.tp_as_mapping->mp_subscript(size, key), *part;
    if (!found || !PySlice_Check(key)) return found;
    part = ct_size_new((PyObject *)Py_TYPE(size), PyTuple_GET_SIZE(found));
    for (Py_ssize_t i = 0; part && i < PyTuple_GET_SIZE(found); i++) {
        PyObject *item = PyTuple_GET_ITEM(found, i);
        Py_INCREF(item);
        PyTuple_SET_ITEM(part, i, item);
    }
    Py_DECREF(found);
    return part;
}

static void ct_size_slots(PyObject *type) {
    ((PyTypeObject *)type)->tp_as_mapping->mp_subscript = ct_size_item;
    PyType_Modified((PyTypeObject *)type);
}

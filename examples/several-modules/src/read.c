#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "crockford.h"

static PyObject *read_text(PyObject *module, PyObject *text) {
    (void)module;
    Py_ssize_t count;
    const char *letters = PyUnicode_AsUTF8AndSize(text, &count);
    if (letters == NULL) return NULL;
    unsigned long long number;
    if (count == 0 || crockford_read(letters, (size_t)count, &number) < 0)
        return PyErr_Format(PyExc_ValueError, "%R is no number of 64 bits in base 32", text);
    return PyLong_FromUnsignedLongLong(number);
}

static PyMethodDef methods[] = {
    {"read", read_text, METH_O, "read(text, /)\n--\n\nThe number that a text stands for."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_read",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__read(void) { return PyModuleDef_Init(&definition); }

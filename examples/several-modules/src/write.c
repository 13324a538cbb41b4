#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "crockford.h"

static PyObject *write_number(PyObject *module, PyObject *number) {
    (void)module;
    const unsigned long long value = PyLong_AsUnsignedLongLong(number);
    if (value == (unsigned long long)-1 && PyErr_Occurred()) return NULL;
    char text[CROCKFORD_MOST];
    return PyUnicode_FromStringAndSize(text, (Py_ssize_t)crockford_write(value, text));
}

static PyMethodDef methods[] = {
    {"write", write_number, METH_O, "write(number, /)\n--\n\nA number of up to 64 bits as text."},
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
    .m_name = "_write",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__write(void) { return PyModuleDef_Init(&definition); }

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <grid.h>

static PyObject *square(PyObject *module, PyObject *args) {
    (void)module;
    double latitude, longitude;
    if (!PyArg_ParseTuple(args, "dd:square", &latitude, &longitude)) return NULL;
    char text[7];
    if (grid_square(latitude, longitude, text) < 0) {
        PyErr_SetString(PyExc_ValueError, "there is no such place");
        return NULL;
    }
    return PyUnicode_FromString(text);
}

static PyMethodDef methods[] = {
    {"square", square, METH_VARARGS, "square(latitude, longitude, /)\n--\n\nThe Maidenhead square of a place."},
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
    .m_name = "_grid",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__grid(void) { return PyModuleDef_Init(&definition); }

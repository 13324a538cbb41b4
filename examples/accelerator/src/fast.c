/* The same as _python.py, a row of the matrix at a time. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static Py_ssize_t fill(Py_ssize_t *row, PyObject *first, PyObject *second) {
    const Py_ssize_t height = PyUnicode_GET_LENGTH(first), width = PyUnicode_GET_LENGTH(second);
    const int kind1 = PyUnicode_KIND(first), kind2 = PyUnicode_KIND(second);
    const void *text1 = PyUnicode_DATA(first), *text2 = PyUnicode_DATA(second);
    for (Py_ssize_t j = 0; j <= width; ++j) row[j] = j;
    for (Py_ssize_t i = 1; i <= height; ++i) {
        const Py_UCS4 one = PyUnicode_READ(kind1, text1, i - 1);
        Py_ssize_t corner = row[0];
        row[0] = i;
        for (Py_ssize_t j = 1; j <= width; ++j) {
            Py_ssize_t best = corner + (one != PyUnicode_READ(kind2, text2, j - 1));
            corner = row[j];
            if (corner + 1 < best) best = corner + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[width];
}

static PyObject *distance(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *first, *second;
    if (!PyArg_ParseTuple(args, "UU:distance", &first, &second)) return NULL;
    Py_ssize_t *row = PyMem_New(Py_ssize_t, PyUnicode_GET_LENGTH(second) + 1);
    if (row == NULL) return PyErr_NoMemory();
    const Py_ssize_t result = fill(row, first, second);
    PyMem_Free(row);
    return PyLong_FromSsize_t(result);
}

static PyMethodDef methods[] = {
    {"distance", distance, METH_VARARGS,
     "distance(first, second, /)\n--\n\nHow many characters must be inserted, deleted or changed."},
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
    .m_name = "_fast",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__fast(void) { return PyModuleDef_Init(&definition); }

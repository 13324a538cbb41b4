#define PY_SSIZE_T_CLEAN
#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#include <Python.h>
#include <numpy/arrayobject.h>

void smooth(size_t count, const double *values, double weight, double *smoothed); /* smooth.f90 */

static PyObject *smooth_array(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *given;
    double weight;
    if (!PyArg_ParseTuple(args, "Od:smooth", &given, &weight)) return NULL;
    if (!(weight > 0.0 && weight <= 1.0)) {
        PyErr_SetString(PyExc_ValueError, "the weight is above 0 and at most 1");
        return NULL;
    }
    PyArrayObject *values = (PyArrayObject *)PyArray_FROMANY(given, NPY_DOUBLE, 1, 1, NPY_ARRAY_IN_ARRAY);
    if (values == NULL) return NULL;
    PyArrayObject *smoothed = (PyArrayObject *)PyArray_SimpleNew(1, PyArray_DIMS(values), NPY_DOUBLE);
    if (smoothed != NULL) {
        Py_BEGIN_ALLOW_THREADS
        smooth((size_t)PyArray_SIZE(values), PyArray_DATA(values), weight, PyArray_DATA(smoothed));
        Py_END_ALLOW_THREADS
    }
    Py_DECREF(values);
    return (PyObject *)smoothed;
}

static PyMethodDef methods[] = {
    {"smooth", smooth_array, METH_VARARGS, "smooth(values, weight, /)\n--\n\nExponential smoothing of one dimension."},
    {NULL, NULL, 0, NULL},
};

static int import_numpy(PyObject *module) {
    (void)module;
    return PyArray_ImportNumPyAPI();
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, import_numpy},
#if PY_VERSION_HEX >= 0x030C0000
    /* NumPy's C API lives in one interpreter. */
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_smooth",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__smooth(void) { return PyModuleDef_Init(&definition); }

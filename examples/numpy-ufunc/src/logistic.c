/* 1 / (1 + exp(-x)), without overflow on either side. */
#define PY_SSIZE_T_CLEAN
#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#include <Python.h>
#include <math.h>
#include <numpy/arrayobject.h>
#include <numpy/ufuncobject.h>

static double logistic(double x) {
    const double power = exp(-fabs(x));
    return x >= 0.0 ? 1.0 / (1.0 + power) : power / (1.0 + power);
}

#define LOOP(name, type)                                                                                         \
    static void name(char **at, const npy_intp *count, const npy_intp *step, void *unused) {                    \
        (void)unused;                                                                                            \
        const char *in = at[0];                                                                                  \
        char *out = at[1];                                                                                       \
        for (npy_intp i = 0; i < *count; ++i, in += step[0], out += step[1])                                     \
            *(type *)out = (type)logistic((double)*(const type *)in);                                            \
    }
LOOP(float_loop, npy_float)
LOOP(double_loop, npy_double)

static PyUFuncGenericFunction loops[] = {float_loop, double_loop};
static const char types[] = {NPY_FLOAT, NPY_FLOAT, NPY_DOUBLE, NPY_DOUBLE};
static void *const data[] = {NULL, NULL};

static int add_ufunc(PyObject *module) {
    if (PyArray_ImportNumPyAPI() < 0 || PyUFunc_ImportUFuncAPI() < 0) return -1;
    PyObject *ufunc = PyUFunc_FromFuncAndData(loops, data, types, 2, 1, 1, PyUFunc_None, "logistic",
                                              "The logistic function, 1 / (1 + exp(-x)).", 0);
    const int status = PyModule_AddObjectRef(module, "logistic", ufunc);
    Py_XDECREF(ufunc);
    return status;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, add_ufunc},
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
    .m_name = "_logistic",
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__logistic(void) { return PyModuleDef_Init(&definition); }

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>
#include <string.h>

typedef double Kernel(const double *x, const double *y, size_t count);
Kernel dot_baseline, dot_x86_64_v3; /* dot.c */

typedef struct {
    Kernel *dot;
} State;

static const char *choose(State *state) {
    const char *wanted = getenv("EXAMPLE_CPU_DISPATCH");
#ifdef HAVE_X86_64_V3
    if ((wanted == NULL || strcmp(wanted, "baseline") != 0) && __builtin_cpu_supports("avx2") &&
        __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) {
        state->dot = dot_x86_64_v3;
        return "x86_64_v3";
    }
#endif
    (void)wanted;
    state->dot = dot_baseline;
    return "baseline";
}

static int is_vector(const Py_buffer *buffer) {
    return buffer->ndim == 1 && buffer->format != NULL && strcmp(buffer->format, "d") == 0;
}

static PyObject *dot_buffers(const State *state, const Py_buffer *x, const Py_buffer *y) {
    if (!is_vector(x) || !is_vector(y) || x->len != y->len) {
        PyErr_SetString(PyExc_ValueError, "two vectors of doubles of the same length are wanted");
        return NULL;
    }
    double result;
    Py_BEGIN_ALLOW_THREADS
    result = state->dot(x->buf, y->buf, (size_t)x->len / sizeof(double));
    Py_END_ALLOW_THREADS
    return PyFloat_FromDouble(result);
}

static PyObject *dot(PyObject *module, PyObject *args) {
    PyObject *first, *second, *result = NULL;
    if (!PyArg_ParseTuple(args, "OO:dot", &first, &second)) return NULL;
    Py_buffer x, y;
    if (PyObject_GetBuffer(first, &x, PyBUF_FORMAT | PyBUF_C_CONTIGUOUS) < 0) return NULL;
    if (PyObject_GetBuffer(second, &y, PyBUF_FORMAT | PyBUF_C_CONTIGUOUS) == 0) {
        result = dot_buffers(PyModule_GetState(module), &x, &y);
        PyBuffer_Release(&y);
    }
    PyBuffer_Release(&x);
    return result;
}

static int module_exec(PyObject *module) {
    return PyModule_AddStringConstant(module, "kernel", choose(PyModule_GetState(module)));
}

static PyMethodDef methods[] = {
    {"dot", dot, METH_VARARGS, "dot(x, y, /)\n--\n\nThe inner product of two vectors of doubles."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, module_exec},
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
    .m_name = "_dot",
    .m_size = sizeof(State),
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__dot(void) { return PyModuleDef_Init(&definition); }

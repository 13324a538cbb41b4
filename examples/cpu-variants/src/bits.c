#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <string.h>

#if defined(__AVX2__) && defined(__BMI2__) && defined(__FMA__)
#define COMPILED_FOR "x86-64-v3"
#else
#define COMPILED_FOR "baseline"
#endif

/* The number of bits set: one instruction where the compiler may use it. */
static unsigned count_bits(uint64_t word) {
#if defined(__GNUC__)
    return (unsigned)__builtin_popcountll(word);
#else
    unsigned found = 0;
    for (; word; word &= word - 1) ++found;
    return found;
#endif
}

static uint64_t hamming(const unsigned char *x, const unsigned char *y, size_t size) {
    uint64_t found = 0, a, b;
    size_t i = 0;
    for (; i + sizeof a <= size; i += sizeof a) {
        memcpy(&a, x + i, sizeof a);
        memcpy(&b, y + i, sizeof b);
        found += count_bits(a ^ b);
    }
    for (; i < size; ++i) found += count_bits((uint64_t)(x[i] ^ y[i]));
    return found;
}

static PyObject *distance_of(const Py_buffer *x, const Py_buffer *y) {
    if (x->len != y->len) {
        PyErr_SetString(PyExc_ValueError, "two strings of bytes of the same length are wanted");
        return NULL;
    }
    uint64_t found;
    Py_BEGIN_ALLOW_THREADS
    found = hamming(x->buf, y->buf, (size_t)x->len);
    Py_END_ALLOW_THREADS
    return PyLong_FromUnsignedLongLong(found);
}

static PyObject *distance(PyObject *module, PyObject *args) {
    Py_buffer x, y;
    if (!PyArg_ParseTuple(args, "y*y*:distance", &x, &y)) return NULL;
    PyObject *result = distance_of(&x, &y);
    PyBuffer_Release(&x);
    PyBuffer_Release(&y);
    return result;
}

static int module_exec(PyObject *module) {
    return PyModule_AddStringConstant(module, "compiled_for", COMPILED_FOR);
}

static PyMethodDef methods[] = {
    {"distance", distance, METH_VARARGS, "distance(first, second, /)\n--\n\nThe number of bits in which two strings of bytes differ."},
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
    .m_name = "_bits",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__bits(void) { return PyModuleDef_Init(&definition); }

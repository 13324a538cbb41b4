/* Adler-32 (RFC 1950), in the plain C API: multi-phase init, module state, subinterpreters and free threading. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>

static uint32_t adler32(uint32_t start, const unsigned char *bytes, Py_ssize_t count) {
    uint32_t low = start & 0xffff, high = start >> 16;
    for (Py_ssize_t i = 0; i < count; ++i) {
        low = (low + bytes[i]) % 65521;
        high = (high + low) % 65521;
    }
    return high << 16 | low;
}

static PyObject *checksum(PyObject *module, PyObject *args) {
    (void)module;
    Py_buffer data;
    unsigned int start = 1;
    if (!PyArg_ParseTuple(args, "y*|I:checksum", &data, &start)) return NULL;
    uint32_t result;
    Py_BEGIN_ALLOW_THREADS
    result = adler32(start, data.buf, data.len);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&data);
    return PyLong_FromUnsignedLong(result);
}

static PyMethodDef methods[] = {
    {"checksum", checksum, METH_VARARGS, "checksum(data, start=1)\n--\n\nAdler-32 of a bytes-like object."},
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
    .m_name = "_adler",
    .m_doc = "Adler-32 checksums",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__adler(void) { return PyModuleDef_Init(&definition); }

/* inotify(7): three system calls, and a parser of what the descriptor yields. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static PyObject *init(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    const int descriptor = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    return descriptor < 0 ? PyErr_SetFromErrno(PyExc_OSError) : PyLong_FromLong(descriptor);
}

static PyObject *add_watch(PyObject *module, PyObject *args) {
    (void)module;
    int descriptor;
    PyObject *path;
    unsigned int mask;
    if (!PyArg_ParseTuple(args, "iO&I:add_watch", &descriptor, PyUnicode_FSConverter, &path, &mask)) return NULL;
    const int watch = inotify_add_watch(descriptor, PyBytes_AS_STRING(path), mask);
    PyObject *result = watch < 0 ? PyErr_SetFromErrnoWithFilename(PyExc_OSError, PyBytes_AS_STRING(path))
                                 : PyLong_FromLong(watch);
    Py_DECREF(path);
    return result;
}

static int append(PyObject *events, const struct inotify_event *event) {
    PyObject *name = PyUnicode_DecodeFSDefault(event->len ? event->name : "");
    if (name == NULL) return -1;
    PyObject *item = Py_BuildValue("(iIIN)", event->wd, event->mask, event->cookie, name);
    if (item == NULL) return -1;
    const int status = PyList_Append(events, item);
    Py_DECREF(item);
    return status;
}

static PyObject *parse(const char *bytes, ssize_t count) {
    PyObject *events = PyList_New(0);
    if (events == NULL) return NULL;
    for (const char *at = bytes; at < bytes + count;) {
        const struct inotify_event *event = (const struct inotify_event *)at;
        if (append(events, event) < 0) {
            Py_DECREF(events);
            return NULL;
        }
        at += sizeof *event + event->len;
    }
    return events;
}

static PyObject *read_events(PyObject *module, PyObject *args) {
    (void)module;
    int descriptor;
    if (!PyArg_ParseTuple(args, "i:read_events", &descriptor)) return NULL;
    _Alignas(struct inotify_event) char bytes[16 * 1024];
    ssize_t count;
    do {
        Py_BEGIN_ALLOW_THREADS
        count = read(descriptor, bytes, sizeof bytes);
        Py_END_ALLOW_THREADS
    } while (count < 0 && errno == EINTR && PyErr_CheckSignals() == 0);
    if (count >= 0) return parse(bytes, count);
    if (PyErr_Occurred()) return NULL;  /* a signal handler raised */
    return errno == EAGAIN ? PyList_New(0) : PyErr_SetFromErrno(PyExc_OSError);
}

static int add_constants(PyObject *module) {
    if (PyModule_AddIntMacro(module, IN_CREATE) < 0 || PyModule_AddIntMacro(module, IN_DELETE) < 0 ||
        PyModule_AddIntMacro(module, IN_CLOSE_WRITE) < 0 || PyModule_AddIntMacro(module, IN_Q_OVERFLOW) < 0)
        return -1;
    return 0;
}

static PyMethodDef methods[] = {
    {"init", init, METH_NOARGS, "init()\n--\n\nA new descriptor, non-blocking."},
    {"add_watch", add_watch, METH_VARARGS, "add_watch(descriptor, path, mask, /)\n--\n\nThe watch's number."},
    {"read_events", read_events, METH_VARARGS,
     "read_events(descriptor, /)\n--\n\nWhat has happened: (watch, mask, cookie, name) each; nothing yet: []."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, add_constants},
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
    .m_name = "_inotify",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__inotify(void) { return PyModuleDef_Init(&definition); }

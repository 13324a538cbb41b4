/* Window(size): the mean of the last `size` numbers. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

typedef struct {
    PyObject *empty;      /* the exception EmptyWindow */
    Py_ssize_t instances; /* made in this interpreter */
} State;

typedef struct {
    PyObject_HEAD
    Py_ssize_t size, count, next;
    double *values;
} Window;

static State *state_of(PyObject *self) { return PyType_GetModuleState(Py_TYPE(self)); }

/* --- the class -------------------------------------------------------------------------------------------------- */

static PyObject *window_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    static char *names[] = {"size", NULL};
    Py_ssize_t size;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "n:Window", names, &size)) return NULL;
    if (size < 1 || size > PY_SSIZE_T_MAX / (Py_ssize_t)sizeof(double)) {
        PyErr_Format(PyExc_ValueError, "no window of %zd values", size);
        return NULL;
    }
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Window *self = (Window *)allocate(type, 0);
    if (self == NULL) return NULL;
    self->values = PyMem_Malloc((size_t)size * sizeof(double));
    if (self->values == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    self->size = size;
    state_of((PyObject *)self)->instances += 1;
    return (PyObject *)self;
}

static int window_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self)); /* an instance owns its heap type */
    return 0;
}

static void window_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    PyMem_Free(((Window *)self)->values);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyObject *window_push(PyObject *object, PyObject *number) {
    Window *self = (Window *)object;
    const double value = PyFloat_AsDouble(number);
    if (value == -1.0 && PyErr_Occurred()) return NULL;
    self->values[self->next] = value;
    self->next = (self->next + 1) % self->size;
    if (self->count < self->size) self->count += 1;
    Py_RETURN_NONE;
}

static PyObject *window_mean(PyObject *object, void *unused) {
    (void)unused;
    const Window *self = (const Window *)object;
    if (self->count == 0) {
        PyErr_SetString(state_of(object)->empty, "no values yet");
        return NULL;
    }
    double sum = 0.0;
    for (Py_ssize_t i = 0; i < self->count; ++i) sum += self->values[i];
    return PyFloat_FromDouble(sum / (double)self->count);
}

static Py_ssize_t window_length(PyObject *self) { return ((Window *)self)->count; }

static PyMethodDef window_methods[] = {
    {"push", window_push, METH_O, "push($self, value, /)\n--\n\nAdd a number; the oldest goes when the window is full."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef window_properties[] = {
    {"mean", window_mean, NULL, "Mean of the numbers in the window.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot window_slots[] = {
    {Py_tp_doc, "Window(size)\n--\n\nThe last `size` numbers."},
    {Py_tp_new, window_new},
    {Py_tp_traverse, window_traverse},
    {Py_tp_dealloc, window_dealloc},
    {Py_tp_methods, window_methods},
    {Py_tp_getset, window_properties},
    {Py_sq_length, window_length},
    {0, NULL},
};

static PyType_Spec window_spec = {
    .name = "example_stable_abi.Window",
    .basicsize = sizeof(Window),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = window_slots,
};

/* --- the module ------------------------------------------------------------------------------------------------- */

static PyObject *instances(PyObject *module, PyObject *unused) {
    (void)unused;
    return PyLong_FromSsize_t(((State *)PyModule_GetState(module))->instances);
}

static int module_exec(PyObject *module) {
    State *state = PyModule_GetState(module);
    state->empty = PyErr_NewException("example_stable_abi.EmptyWindow", PyExc_LookupError, NULL);
    if (PyModule_AddObjectRef(module, "EmptyWindow", state->empty) < 0) return -1;
    PyObject *type = PyType_FromModuleAndSpec(module, &window_spec, NULL);
    if (type == NULL) return -1;
    const int status = PyModule_AddType(module, (PyTypeObject *)type);
    Py_DECREF(type);
    return status;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg) {
    State *state = PyModule_GetState(module);
    Py_VISIT(state->empty);
    return 0;
}

static int module_clear(PyObject *module) {
    State *state = PyModule_GetState(module);
    Py_CLEAR(state->empty);
    return 0;
}

static void module_free(void *module) { module_clear((PyObject *)module); }

static PyMethodDef methods[] = {
    {"instances", instances, METH_NOARGS, "instances()\n--\n\nHow many windows this interpreter has made."},
    {NULL, NULL, 0, NULL},
};

#define MODULE(module_slots)                                                                                    \
    {                                                                                                           \
        .m_base = PyModuleDef_HEAD_INIT, .m_name = "_window", .m_size = sizeof(State), .m_methods = methods,    \
        .m_slots = module_slots, .m_traverse = module_traverse, .m_clear = module_clear, .m_free = module_free, \
    }

/* Two definitions, because 3.10 and 3.11 refuse a slot that they do not know, and headers in the mode of 3.10 do not name
 * it. Its number and value are part of the stable ABI from 3.12 on: "has no need of a GIL shared with others". */
enum { MULTIPLE_INTERPRETERS = 3 };
#define PER_INTERPRETER_GIL ((void *)2)

static PyModuleDef_Slot slots[] = {{Py_mod_exec, module_exec}, {0, NULL}};
static PyModuleDef_Slot slots_from_312[] = {
    {Py_mod_exec, module_exec}, {MULTIPLE_INTERPRETERS, PER_INTERPRETER_GIL}, {0, NULL}};
static struct PyModuleDef definition = MODULE(slots);
static struct PyModuleDef definition_from_312 = MODULE(slots_from_312);

PyMODINIT_FUNC PyInit__window(void) {
    const char *version = Py_GetVersion(); /* "3.10.4 (main, ..." */
    const int old = version[2] == '1' && (version[3] == '0' || version[3] == '1') && version[4] == '.';
    return PyModuleDef_Init(old ? &definition : &definition_from_312);
}

/* American Soundex: a letter and three digits for how a name sounds. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static int is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
static char upper(char c) { return c >= 'a' ? (char)(c - 'a' + 'A') : c; }

/*                             A B C D E F G H I J K L M N O P Q R S T U V W X Y Z; h and w do not part two equals */
static const char classes[] = "01230120022455012623010202";

static void fill(const char *name, Py_ssize_t count, char code[4]) {
    Py_ssize_t length = 0;
    char last = '0';
    for (Py_ssize_t i = 0; i < count && length < 4; ++i) {
        if (!is_letter(name[i])) continue;
        const char letter = upper(name[i]), now = classes[letter - 'A'];
        if (length == 0) code[length++] = letter;
        else if (now != '0' && now != last) code[length++] = now;
        if (length == 1 || (letter != 'H' && letter != 'W')) last = now;
    }
    while (length < 4) code[length++] = '0';
}

static PyObject *soundex(PyObject *module, PyObject *name) {
    (void)module;
    Py_ssize_t count;
    const char *letters = PyUnicode_AsUTF8AndSize(name, &count);
    if (letters == NULL) return NULL;
    char code[4];
    fill(letters, count, code);
    if (code[0] == '0') return PyErr_Format(PyExc_ValueError, "%R has no letter from A to Z", name);
    return PyUnicode_FromStringAndSize(code, sizeof code);
}

static PyMethodDef methods[] = {
    {"soundex", soundex, METH_O, "soundex(name, /)\n--\n\nA letter and three digits for how a name sounds."},
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
    .m_name = "_soundex",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__soundex(void) { return PyModuleDef_Init(&definition); }

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <yaml.h>

#include <cstring>
#include <stdexcept>
#include <string>

#include "outline.hpp"

namespace {

// libyaml's parser, which is freed however the block is left.
class Parser {
public:
    explicit Parser(const char* text) {
        if (!yaml_parser_initialize(&parser_)) throw std::bad_alloc();
        yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text), std::strlen(text));
    }
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;
    ~Parser() { yaml_parser_delete(&parser_); }

    // Gives the next event to the outline; returns whether there are more.
    bool next(Outline& outline) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser_, &event)) throw std::invalid_argument(problem());
        const yaml_event_type_t kind = event.type;
        switch (kind) {
            case YAML_MAPPING_START_EVENT:
            case YAML_SEQUENCE_START_EVENT: outline.enter(); break;
            case YAML_MAPPING_END_EVENT:
            case YAML_SEQUENCE_END_EVENT: outline.leave(); break;
            case YAML_SCALAR_EVENT:
                outline.add({reinterpret_cast<const char*>(event.data.scalar.value), event.data.scalar.length});
                break;
            default: break;
        }
        yaml_event_delete(&event);
        return kind != YAML_STREAM_END_EVENT;
    }

private:
    std::string problem() const {
        return "line " + std::to_string(parser_.problem_mark.line + 1) + ": " + (parser_.problem ? parser_.problem : "?");
    }

    yaml_parser_t parser_;
};

PyObject* listed(const Outline& outline) {
    PyObject* list = PyList_New(0);
    if (list == nullptr) return nullptr;
    for (const auto& [depth, text] : outline.lines()) {
        PyObject* line = Py_BuildValue("(is#)", depth, text.data(), static_cast<Py_ssize_t>(text.size()));
        const int failed = line == nullptr || PyList_Append(list, line) < 0;
        Py_XDECREF(line);
        if (failed) {
            Py_DECREF(list);
            return nullptr;
        }
    }
    return list;
}

PyObject* outline(PyObject*, PyObject* args) {
    const char* text;
    if (!PyArg_ParseTuple(args, "s:outline", &text)) return nullptr;
    try {
        Outline result;
        Parser parser(text);
        while (parser.next(result)) {
        }
        return listed(result);
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_ValueError, error.what());
        return nullptr;
    }
}

PyObject* libyaml_version(PyObject*, PyObject*) { return PyUnicode_FromString(yaml_get_version_string()); }

PyMethodDef methods[] = {
    {"outline", outline, METH_VARARGS, "outline(text, /)\n--\n\nThe scalars of a YAML text, each with its depth."},
    {"libyaml_version", libyaml_version, METH_NOARGS, "libyaml_version()\n--\n\nThe version of libyaml."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef_Slot slots[] = {
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, nullptr},
};

PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_outline", nullptr, 0, methods, slots, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__outline() { return PyModuleDef_Init(&definition); }

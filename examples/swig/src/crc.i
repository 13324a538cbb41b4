%module(package="example_swig") crc
%feature("autodoc", "1");

%{
#include <zlib.h>
%}

%include <pybuffer.i>
%include <exception.i>

/* A bytes-like object for the pointer and the count. */
%pybuffer_binary(const unsigned char *data, size_t count);

%exception combine {
    if (arg3 < 0) SWIG_exception_fail(SWIG_ValueError, "a length is not negative");
    $action
}

%inline %{
static unsigned long crc32_of(const unsigned char *data, size_t count) {
    return crc32_z(0, data, count);
}

static unsigned long combine(unsigned long first, unsigned long second, long length) {
    return crc32_combine(first, second, length);
}
%}

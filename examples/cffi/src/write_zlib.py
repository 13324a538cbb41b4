"""Write the C source of the module: python write_zlib.py FILE."""

import sys

from cffi import FFI

ffi = FFI()
ffi.cdef("""
    unsigned long crc32(unsigned long crc, const unsigned char *buf, unsigned int len);
    unsigned long crc32_combine(unsigned long crc1, unsigned long crc2, long len2);
""")
ffi.set_source("example_cffi._zlib", "#include <zlib.h>")

if __name__ == "__main__":
    ffi.emit_c_code(sys.argv[1])

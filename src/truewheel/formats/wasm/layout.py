"""The numbers of WebAssembly, by the names that the specifications give them. Nothing is read here.

Sources:

* the core specification, chapter 5 "Binary Format": https://webassembly.github.io/spec/core/binary/
* the tool conventions: https://github.com/WebAssembly/tool-conventions (``DynamicLinking.md``, ``Linking.md``,
  ``ProducersSection.md``)
* the proposals for 64-bit memories, custom page sizes and compact import sections: https://github.com/WebAssembly/proposals
"""

from __future__ import annotations

MAGIC = b"\0asm"
MODULE = 1
"""The version and layer fields of modules, as one number."""
COMPONENT = 0x1000D
"""Those of components, which hold modules."""
HEADER_SIZE = 8

# --- the core specification -------------------------------------------------------------------------------------

# Ids of sections:
CUSTOM = 0
IMPORT = 2
MEMORY = 5
EXPORT = 7
MOST_SECTIONS = 65536
"""More than any tool writes: a dozen, and custom ones."""
LONGEST_SECTION_HEAD = 11
"""An id, and a size as LEB128."""
# Kinds of imports:
FUNCTION = 0
TABLE = 1
MEMORY_IMPORT = 2
GLOBAL = 3
TAG = 4
EXACT_FUNCTION = 0x20
GROUP = 0x7F
"""In place of a kind (compact import section): many imports that share their module."""
GROUP_OF_ONE_KIND = 0x7E
"""The same, of imports that share their description as well."""
SMALLEST_IMPORT = 4
"""Bytes that an import takes outside of groups: two lengths, a kind, and a description of one byte at the least."""
REFERENCES = (0x63, 0x64)
"""Value types that a heap type follows: ``ref null``, ``ref``."""
# Bits of the limits of tables and memories:
HAS_MAXIMUM = 1
IS_64 = 4
HAS_PAGE_SIZE = 8

# --- tool conventions -------------------------------------------------------------------------------------------

WASM_DYLINK_NEEDED = 2
WASM_DYLINK_IMPORT_INFO = 4
WASM_DYLINK_RUNTIME_PATH = 5
WASM_SYM_BINDING_WEAK = 1
WASM_SYM_BINDING_MASK = 3
GLOBAL_NAMESPACES = frozenset({"env", "GOT.mem", "GOT.func"})
"""Modules of imports that any library may define: the dynamic linker's own namespaces."""

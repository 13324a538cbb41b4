"""The numbers of WebAssembly, by the names that the specifications give them. Nothing is read here.

Sources:

* the core specification, chapter 5 "Binary Format": https://webassembly.github.io/spec/core/binary/
* the tool conventions: https://github.com/WebAssembly/tool-conventions (``DynamicLinking.md``, ``Linking.md``,
  ``ProducersSection.md``)
* the proposals for 64-bit memories, custom page sizes and compact import sections: https://github.com/WebAssembly/proposals
"""

from __future__ import annotations

MAGIC = b"\0asm"
MODULE, COMPONENT = 1, 0x1000D
"""The version and layer fields as one number: of modules, and of components (which hold modules)."""
HEADER_SIZE = 8

# --- the core specification -------------------------------------------------------------------------------------

CUSTOM, IMPORT, MEMORY, EXPORT = 0, 2, 5, 7
"""Ids of sections."""
MOST_SECTIONS = 65536
"""More than any tool writes: a dozen, and custom ones."""
LONGEST_SECTION_HEAD = 11
"""An id, and a size as LEB128."""
FUNCTION, TABLE, MEMORY_IMPORT, GLOBAL, TAG, EXACT_FUNCTION = 0, 1, 2, 3, 4, 0x20
"""Kinds of imports."""
GROUP, GROUP_OF_ONE_KIND = 0x7F, 0x7E
"""In place of a kind (compact import section): many imports that share their module, or their description as well."""
SMALLEST_IMPORT = 4
"""Bytes that an import takes outside of groups: two lengths, a kind, and a description of one byte at the least."""
REFERENCES = (0x63, 0x64)
"""Value types that a heap type follows: ``ref null``, ``ref``."""
HAS_MAXIMUM, IS_64, HAS_PAGE_SIZE = 1, 4, 8
"""Bits of the limits of tables and memories."""

# --- tool conventions -------------------------------------------------------------------------------------------

WASM_DYLINK_NEEDED, WASM_DYLINK_IMPORT_INFO, WASM_DYLINK_RUNTIME_PATH = 2, 4, 5
WASM_SYM_BINDING_WEAK, WASM_SYM_BINDING_MASK = 1, 3
GLOBAL_NAMESPACES = frozenset({"env", "GOT.mem", "GOT.func"})
"""Modules of imports that any library may define: the dynamic linker's own namespaces."""

"""Facts from WebAssembly modules: Emscripten's side modules (Python extensions in a browser), main modules, objects.

Sources: the WebAssembly core specification, chapter 5; its tool conventions: ``DynamicLinking.md`` (``dylink.0``),
``Linking.md``, ``ProducersSection.md``; the proposals for 64-bit memories, custom page sizes and compact import sections. Function bodies and
data are skipped, nothing is validated beyond what is read.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..model.binary import Binary, Format, Kind, Need, SearchPath, Symbol, WasmSlice
from .cursor import Buffer, Cursor

MAGIC = b"\0asm"
MODULE, COMPONENT = 1, 0x1000D
"""The version and layer fields as one number: of modules, and of components (which hold modules)."""
CUSTOM, IMPORT, MEMORY, EXPORT = 0, 2, 5, 7
DYLINK_NEEDED, DYLINK_IMPORT_INFO, DYLINK_RUNTIME_PATH = 2, 4, 5
BINDING_WEAK = 1
BINDING_MASK = 3
HAS_MAXIMUM, IS_64, HAS_PAGE_SIZE = 1, 4, 8
GROUP, GROUP_OF_ONE_KIND, EXACT_FUNCTION = 0x7F, 0x7E, 0x20
_REFERENCES = (0x63, 0x64)
"""Value types that a heap type follows: ``ref null``, ``ref``."""

SECTIONS = 65536
"""More than any tool writes: a dozen, and custom ones."""
GLOBAL_NAMESPACES = frozenset({"env", "GOT.mem", "GOT.func"})
"""Modules of imports that any library may define: the dynamic linker's own namespaces."""


def recognises(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is WebAssembly.

    >>> recognises(b"\\0asm\\1\\0\\0\\0")
    True
    """
    return head[:4] == MAGIC


class _Reader:
    """A position in a part of the file."""

    __slots__ = ("at", "cursor", "raw")

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.raw = bytes(cursor.data)
        self.at = 0

    def __bool__(self) -> bool:
        return self.at < len(self.raw)

    def byte(self, field: str) -> int:
        if self.at >= len(self.raw):
            self.cursor.fail(f"{field} lies outside of it", offset=self.at, field=field)
        self.at += 1
        return self.raw[self.at - 1]

    def number(self, field: str) -> int:
        """A LEB128 number of at most 64 bits. A signed one is skipped by this as well."""
        value = self.byte(field)
        if value < 0x80:
            return value
        value &= 0x7F
        for shift in range(7, 70, 7):
            more = self.byte(field)
            value |= (more & 0x7F) << shift
            if more < 0x80:
                return value
        return self.cursor.fail(f"{field} is a number without an end", offset=self.at, field=field, value=value)

    def content(self, size: int, field: str) -> Cursor:
        part = self.cursor.part(self.at, size, field)
        self.at += size
        return part

    def name(self, field: str) -> str:
        size = self.number(field)
        start, self.at = self.at, self.at + size
        if self.at > len(self.raw):
            self.cursor.fail(f"{field} reaches beyond its section", offset=start, field=field, value=size)
        return self.raw[start : self.at].decode("utf-8", "backslashreplace")

    def names(self, field: str) -> Iterator[str]:
        return (self.name(field) for _ in range(self.number(f"number of {field}s")))


class _Facts:
    """What the sections have told so far, in the making. Names are keys of dictionaries: in order, and each once."""

    def __init__(self) -> None:
        self.imports: list[Symbol] = []
        self.import_modules: dict[str, None] = {}
        self.weak: set[str] = set()
        self.exports: list[str] = []
        self.needs: dict[str, None] = {}
        self.paths: dict[str, None] = {}
        self.producers: dict[tuple[str, str], None] = {}
        self.features: dict[str, None] = {}
        self.dylink = False
        self.linking = False
        self.wide = False
        self.debug_bytes = 0


def read(data: Buffer) -> Binary:
    """The facts of one WebAssembly file. Of a component nothing is told but what it is.

    :raises FormatError: when a section or a name lies outside of the file, or uses an encoding that is not known.
    """
    cursor = Cursor(data, what="WebAssembly file")
    version = cursor.number("I", 4, "version")
    if version == COMPONENT:
        return Binary(format=Format.WASM, slices=(WasmSlice(cpu="wasm32", bits=32, kind=Kind.OTHER),))
    if version != MODULE:
        cursor.fail("a version that is not known", offset=4, field="version", value=version)
    facts = _Facts()
    for kind, content in _sections(cursor):
        if kind == CUSTOM:
            _custom(content, facts)
        elif kind in _READ:
            _READ[kind](_Reader(content), facts)
    return Binary(format=Format.WASM, slices=(_slice(facts),))


def _sections(cursor: Cursor) -> Iterator[tuple[int, Cursor]]:
    offset = 8
    for _ in range(SECTIONS):
        if offset >= len(cursor):
            return
        # An id and a size, of eleven bytes at most; a reader of the whole file would copy it.
        head = _Reader(cursor.part(offset, min(11, len(cursor) - offset), "section header"))
        kind, size = head.byte("section id"), head.number("section size")
        offset += head.at
        yield kind, cursor.part(offset, size, "section")
        offset += size
    cursor.fail("too many sections", offset=offset, field="section", value=SECTIONS)


def _slice(facts: _Facts) -> WasmSlice:
    return WasmSlice(
        cpu="wasm64" if facts.wide else "wasm32",
        bits=64 if facts.wide else 32,
        kind=Kind.OBJECT if facts.linking else Kind.SHARED if facts.dylink else Kind.EXECUTABLE,
        needs=tuple(Need(library=library) for library in facts.needs),
        search_paths=tuple(SearchPath(path=path, kind="RUNPATH") for path in facts.paths),
        imports=tuple(facts.imports),
        exports=frozenset(facts.exports),
        debug_bytes=facts.debug_bytes,
        dylink=facts.dylink,
        producers=tuple(facts.producers),
        features=tuple(facts.features),
        import_modules=tuple(facts.import_modules),
    )


# --- the sections of the core specification ---------------------------------------------------------------------


def _imports(area: _Reader, facts: _Facts) -> None:
    for _ in range(area.number("number of imports")):
        module, name = area.name("import module"), area.name("import name")
        facts.import_modules[module] = None
        kind = area.byte("import kind")
        if kind in (GROUP, GROUP_OF_ONE_KIND) and not name:
            _import_group(area, facts, module, kind)
        else:
            _import(facts, module, name)
            _skip_import(area, facts, kind)


def _import(facts: _Facts, module: str, name: str) -> None:
    library = None if module in GLOBAL_NAMESPACES else module
    # dylink.0 comes first, so weak names are known by now.
    facts.imports.append(Symbol(name=name, library=library, weak=name in facts.weak))


def _import_group(area: _Reader, facts: _Facts, module: str, kind: int) -> None:
    """Imports that share their module, or their description as well."""
    if kind == GROUP_OF_ONE_KIND:
        _skip_import(area, facts, area.byte("import kind"))
    count = area.number("number of imports")
    if len(facts.imports) + count > len(area.raw) // 4 + 4096:  # outside of groups each takes four bytes at least
        area.cursor.fail("more imports than there can be", offset=area.at, field="number of imports", value=count)
    for _ in range(count):
        _import(facts, module, area.name("import name"))
        if kind == GROUP:
            _skip_import(area, facts, area.byte("import kind"))


def _skip_import(area: _Reader, facts: _Facts, kind: int) -> None:
    """The description of an import: function, table, memory, global or tag."""
    if kind in (0, EXACT_FUNCTION):
        area.number("type index")
    elif kind == 1:
        _skip_type(area)
        _limits(area)
    elif kind == 2:
        facts.wide |= _limits(area)
    elif kind == 3:
        _skip_type(area)
        area.byte("mutability")
    elif kind == 4:
        area.byte("tag attribute")
        area.number("type index")
    else:
        area.cursor.fail("an import of a kind that is not known", offset=area.at - 1, field="import kind", value=kind)


def _skip_type(area: _Reader) -> None:
    if area.byte("value type") in _REFERENCES:
        area.number("heap type")


def _limits(area: _Reader) -> bool:
    """Whether a table or a memory has 64-bit addresses."""
    flags = area.byte("limits")
    area.number("minimum")
    if flags & HAS_MAXIMUM:
        area.number("maximum")
    if flags & HAS_PAGE_SIZE:
        area.number("page size")
    return bool(flags & IS_64)


def _memories(area: _Reader, facts: _Facts) -> None:
    for _ in range(area.number("number of memories")):
        facts.wide |= _limits(area)


def _exports(area: _Reader, facts: _Facts) -> None:
    for _ in range(area.number("number of exports")):
        facts.exports.append(area.name("export name"))
        area.byte("export kind")
        area.number("export index")


_READ = {IMPORT: _imports, MEMORY: _memories, EXPORT: _exports}


# --- custom sections --------------------------------------------------------------------------------------------


def _custom(content: Cursor, facts: _Facts) -> None:
    """A custom section: a name, and what the conventions say of sections with this name."""
    head = _Reader(content.part(0, min(len(content), 64), "section name"))
    size = head.number("section name")
    name = bytes(content.bytes(head.at, size, "section name"))
    if name in _CUSTOM:
        start = head.at + size
        _CUSTOM[name](_Reader(content.part(start, len(content) - start, "section")), facts)
    elif name.startswith(b".debug_"):
        facts.debug_bytes += len(content)


def _linking(_: _Reader, facts: _Facts) -> None:
    """What only relocatable objects have."""
    facts.linking = True


def _dylink_0(area: _Reader, facts: _Facts) -> None:
    facts.dylink = True
    while area:
        kind, size = area.byte("dylink.0 subsection"), area.number("dylink.0 subsection size")
        content = _Reader(area.content(size, "dylink.0 subsection"))
        if kind == DYLINK_NEEDED:
            facts.needs |= dict.fromkeys(content.names("needed library"))
        elif kind == DYLINK_RUNTIME_PATH:
            facts.paths |= dict.fromkeys(content.names("runtime path"))
        elif kind == DYLINK_IMPORT_INFO:
            _import_flags(content, facts)


def _import_flags(area: _Reader, facts: _Facts) -> None:
    """Dynamic linkers go by the name alone: it may be imported as a function, and from ``GOT.func`` for its address."""
    for _ in range(area.number("number of import flags")):
        area.name("import module")
        name = area.name("import name")
        if area.number("import flags") & BINDING_MASK == BINDING_WEAK:
            facts.weak.add(name)


def _dylink(area: _Reader, facts: _Facts) -> None:
    """The section's form until 2021: sizes and alignments of memory and table, then the libraries."""
    facts.dylink = True
    for field in ("memory size", "memory alignment", "table size", "table alignment"):
        area.number(field)
    facts.needs |= dict.fromkeys(area.names("needed library"))


def _producers(area: _Reader, facts: _Facts) -> None:
    for _ in range(area.number("number of producer fields")):
        field = area.name("producer field")
        for _ in range(area.number("number of producers")):
            entry = area.name("producer"), area.name("producer version")
            if field == "processed-by":
                facts.producers[entry] = None


def _features(area: _Reader, facts: _Facts) -> None:
    """Features that the code uses (``+``, ``=`` in older files); those that it must not be linked with have ``-``."""
    for _ in range(area.number("number of features")):
        prefix, name = area.byte("feature prefix"), area.name("feature")
        if prefix != ord("-"):
            facts.features[name] = None


_CUSTOM = {
    b"dylink.0": _dylink_0, b"dylink": _dylink, b"linking": _linking, b"producers": _producers,
    b"target_features": _features,
}  # fmt: skip

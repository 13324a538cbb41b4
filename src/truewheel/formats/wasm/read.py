"""The door to WebAssembly: the sections of a file are found here, and the facts put together."""

from __future__ import annotations

from ...model.binary import Binary, Format, Kind, Need, SearchPath, WasmSlice
from ..cursor import Cursor
from .custom import read_custom_section
from .layout import (
    COMPONENT,
    CUSTOM,
    HEADER_SIZE,
    LONGEST_SECTION_HEAD,
    MAGIC,
    MODULE,
    MOST_SECTIONS,
)
from .reader import Reader
from .sections import READERS, Facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..cursor import Readable


def recognises(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is WebAssembly.

    >>> recognises(b"\\0asm\\1\\0\\0\\0")
    True
    """
    return head[:4] == MAGIC


def read(data: Readable) -> Binary:
    """Return the facts of one WebAssembly file; for a component only what it is.

    :raises FormatError: when a section or a name lies outside of the file, or uses an encoding that is not known.
    """
    cursor = Cursor(data, what="WebAssembly file")
    version = cursor.number("I", 4, "version")
    # A component holds modules, with sections of its own.
    if version == COMPONENT:
        return Binary(
            format=Format.WASM,
            slices=(
                WasmSlice(
                    cpu="wasm32",
                    bits=32,
                    kind=Kind.OTHER,
                ),
            ),
        )
    if version != MODULE:
        cursor.fail(
            "its version is unknown",
            offset=4,
            field="version",
            value=version,
        )
    facts = Facts()
    for section_id, content in _each_section(cursor):
        if section_id == CUSTOM:
            read_custom_section(content, facts)
        elif section_id in READERS:
            READERS[section_id](Reader(content), facts)
    return Binary(format=Format.WASM, slices=(_slice(facts),))


def _each_section(cursor: Cursor) -> Iterator[tuple[int, Cursor]]:
    """Yield the id and the content of each section.

    https://webassembly.github.io/spec/core/binary/modules.html#sections
    """
    offset = HEADER_SIZE
    for _ in range(MOST_SECTIONS):
        left = len(cursor) - offset
        if left <= 0:
            return
        # A reader copies what it reads, so it gets no more than the head of the section.
        head = Reader(
            cursor.part(offset, min(LONGEST_SECTION_HEAD, left), "section header")
        )
        section_id = head.byte("section id")
        size = head.number("section size")
        offset += head.at
        yield section_id, cursor.part(offset, size, "section")
        offset += size
    cursor.fail(
        "there are too many sections",
        offset=offset,
        field="section",
        value=MOST_SECTIONS,
    )


def _slice(facts: Facts) -> WasmSlice:
    """Put together what the sections say."""
    is_64_bit = facts.has_64_bit_memory
    return WasmSlice(
        cpu="wasm64" if is_64_bit else "wasm32",
        bits=64 if is_64_bit else 32,
        kind=_kind(facts),
        needs=tuple(Need(library=library) for library in facts.needs),
        search_paths=tuple(
            SearchPath(path=path, kind="RUNPATH") for path in facts.paths
        ),
        imports=tuple(facts.imports),
        exports=frozenset(facts.exports),
        debug_bytes=facts.debug_bytes,
        skipped=facts.skipped.all(),
        dylink=facts.has_dylink,
        producers=tuple(facts.producers),
        features=tuple(facts.features),
        import_modules=tuple(facts.import_modules),
    )


def _kind(facts: Facts) -> Kind:
    # Main modules of Emscripten have no dylink.0, and are loaded as programs.
    if facts.has_linking:
        return Kind.OBJECT
    return Kind.SHARED if facts.has_dylink else Kind.EXECUTABLE

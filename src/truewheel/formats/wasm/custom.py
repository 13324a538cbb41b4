"""Custom sections: what the tool conventions say about those of a certain name.

Source: https://github.com/WebAssembly/tool-conventions (``DynamicLinking.md``, ``Linking.md``, ``ProducersSection.md``)
"""

from __future__ import annotations

from ...model.errors import FormatError
from .layout import (
    WASM_DYLINK_IMPORT_INFO,
    WASM_DYLINK_NEEDED,
    WASM_DYLINK_RUNTIME_PATH,
    WASM_SYM_BINDING_MASK,
    WASM_SYM_BINDING_WEAK,
)
from .reader import Reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..cursor import Cursor
    from .sections import Facts

_LONGEST_NAME_HEAD = 64
_DEBUG = b".debug_"


def read_custom_section(content: Cursor, facts: Facts) -> None:
    """Read a custom section: a name, and what the conventions say about sections with this name.

    Engines ignore what is wrong in these sections (https://webassembly.github.io/spec/core/binary/modules.html#custom-section).

    :raises FormatError: when the name, or what dynamic linkers ask for behind it, reaches beyond the section.
    """
    # The section may be large, and a reader copies what it reads.
    head = Reader(
        content.part(0, min(len(content), _LONGEST_NAME_HEAD), "section name")
    )
    size = head.number("section name")
    name = bytes(content.bytes(head.at, size, "section name"))
    if name in READERS:
        start = head.at + size
        area = Reader(content.part(start, len(content) - start, "section"))
        try:
            READERS[name](area, facts)
        except FormatError as error:
            if name in ASKED_BY_LOADERS:
                raise
            facts.skipped.add(f"the custom section {name.decode()}", error)
    elif name.startswith(_DEBUG):
        facts.debug_bytes += len(content)


# --- dynamic linking: DynamicLinking.md -------------------------------------------------------------------------


def _read_dylink_0(area: Reader, facts: Facts) -> None:
    """Read what makes a module a side module: "The dylink.0 Section"."""
    facts.has_dylink = True
    while area:
        kind = area.byte("dylink.0 subsection")
        size = area.number("dylink.0 subsection size")
        content = Reader(area.content(size, "dylink.0 subsection"))
        if kind == WASM_DYLINK_NEEDED:
            facts.needs |= dict.fromkeys(content.names("needed library"))
        elif kind == WASM_DYLINK_RUNTIME_PATH:
            facts.paths |= dict.fromkeys(content.names("runtime path"))
        elif kind == WASM_DYLINK_IMPORT_INFO:
            _read_import_flags(content, facts)


def _read_import_flags(area: Reader, facts: Facts) -> None:
    """Read which imports are weak.

    Dynamic linkers go by the name alone: it may be imported as a function, and from ``GOT.func`` for its address.
    """
    for _ in range(area.number("number of import flags")):
        area.name("import module")
        name = area.name("import name")
        if area.number("import flags") & WASM_SYM_BINDING_MASK == WASM_SYM_BINDING_WEAK:
            facts.weak.add(name)


def _read_dylink(area: Reader, facts: Facts) -> None:
    """Read the section's form until 2021: sizes and alignments of memory and table, then the libraries."""
    facts.has_dylink = True
    for field in ("memory size", "memory alignment", "table size", "table alignment"):
        area.number(field)
    facts.needs |= dict.fromkeys(area.names("needed library"))


# --- other conventions ------------------------------------------------------------------------------------------


def _read_linking(_: Reader, facts: Facts) -> None:
    """Note the section that only relocatable objects have (``Linking.md``)."""
    facts.has_linking = True


def _read_producers(area: Reader, facts: Facts) -> None:
    """Read which tools made the module (``ProducersSection.md``)."""
    for _ in range(area.number("number of producer fields")):
        field = area.name("producer field")
        for _ in range(area.number("number of producers")):
            producer = area.name("producer"), area.name("producer version")
            if field == "processed-by":
                facts.producers[producer] = None


def _read_features(area: Reader, facts: Facts) -> None:
    """Read the features that the code uses (``Linking.md``, "Target Features Section").

    They have the prefix ``+``, or ``=`` in older files; those that the code must not be linked with have ``-``.
    """
    for _ in range(area.number("number of features")):
        prefix = area.byte("feature prefix")
        name = area.name("feature")
        if prefix != ord("-"):
            facts.features[name] = None


READERS = {
    b"dylink.0": _read_dylink_0,
    b"dylink": _read_dylink,
    b"linking": _read_linking,
    b"producers": _read_producers,
    b"target_features": _read_features,
}
"""What reads a custom section of this name into the facts."""
ASKED_BY_LOADERS = frozenset({b"dylink.0", b"dylink"})
"""Those without which a dynamic linker cannot load the module."""

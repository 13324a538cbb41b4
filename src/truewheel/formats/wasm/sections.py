"""The sections of the core specification that say something about linking: imports, memories, exports.

Source: https://webassembly.github.io/spec/core/binary/modules.html
"""

from __future__ import annotations

from ...model.binary import Symbol
from ..skipping import SkippedParts
from .layout import (
    EXACT_FUNCTION,
    EXPORT,
    FUNCTION,
    GLOBAL,
    GLOBAL_NAMESPACES,
    GROUP,
    GROUP_OF_ONE_KIND,
    HAS_MAXIMUM,
    HAS_PAGE_SIZE,
    IMPORT,
    IS_64,
    MEMORY,
    MEMORY_IMPORT,
    REFERENCES,
    SMALLEST_IMPORT,
    TABLE,
    TAG,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .reader import Reader

_MORE_IN_GROUPS = 4096
"""Imports that groups may add in any case before they are taken for a flood."""


class Facts:
    """What the sections have told so far. Names are keys of dictionaries: in order, and each once."""

    def __init__(self) -> None:
        """Begin with what a module without sections says."""
        self.imports: list[Symbol] = []
        self.import_modules: dict[str, None] = {}
        self.weak: set[str] = set()
        self.exports: list[str] = []
        self.needs: dict[str, None] = {}
        self.paths: dict[str, None] = {}
        self.producers: dict[tuple[str, str], None] = {}
        self.features: dict[str, None] = {}
        self.has_dylink = False
        self.has_linking = False
        self.has_64_bit_memory = False
        self.debug_bytes = 0
        self.skipped = SkippedParts()


# --- imports ----------------------------------------------------------------------------------------------------


def _read_imports(area: Reader, facts: Facts) -> None:
    """Read the import section: module, name and description of each import.

    https://webassembly.github.io/spec/core/binary/modules.html#import-section
    """
    for _ in range(area.number("number of imports")):
        module = area.name("import module")
        name = area.name("import name")
        facts.import_modules[module] = None
        kind = area.byte("import kind")
        # A group has an empty name here; the names follow.
        if kind in (GROUP, GROUP_OF_ONE_KIND) and not name:
            _read_import_group(area, facts, module, kind)
        else:
            _add_import(facts, module, name)
            _skip_description(area, facts, kind)


def _add_import(facts: Facts, module: str, name: str) -> None:
    """Add an import, with its module as the library that has to define it."""
    library = None if module in GLOBAL_NAMESPACES else module
    # The section dylink.0 comes first, so weak names are known by now.
    facts.imports.append(
        Symbol(
            name=name,
            library=library,
            weak=name in facts.weak,
        )
    )


def _read_import_group(
    area: Reader,
    facts: Facts,
    module: str,
    kind: int,
) -> None:
    """Read imports that share their module, or their description as well.

    https://github.com/WebAssembly/compact-import-section
    """
    if kind == GROUP_OF_ONE_KIND:
        _skip_description(area, facts, area.byte("import kind"))
    count = area.number("number of imports")
    # A name in a group of one kind may take a single byte, so that a small file could have a flood of them.
    if len(facts.imports) + count > len(area.raw) // SMALLEST_IMPORT + _MORE_IN_GROUPS:
        area.cursor.fail(
            "there are more imports than there can be",
            offset=area.at,
            field="number of imports",
            value=count,
        )
    for _ in range(count):
        _add_import(facts, module, area.name("import name"))
        if kind == GROUP:
            _skip_description(area, facts, area.byte("import kind"))


def _skip_description(area: Reader, facts: Facts, kind: int) -> None:
    """Go on behind the description of an import; of a memory, whether its addresses have 64 bits is kept."""
    if kind in (FUNCTION, EXACT_FUNCTION):
        # What the function takes and returns is of no interest here.
        area.number("type index")
    elif kind == TABLE:
        _skip_value_type(area)
        _read_limits(area)
    elif kind == MEMORY_IMPORT:
        facts.has_64_bit_memory |= _read_limits(area)
    elif kind == GLOBAL:
        _skip_value_type(area)
        area.byte("mutability")
    elif kind == TAG:
        area.byte("tag attribute")
        area.number("type index")
    else:
        area.cursor.fail(
            "the kind of an import is unknown",
            offset=area.at - 1,
            field="import kind",
            value=kind,
        )


def _skip_value_type(area: Reader) -> None:
    if area.byte("value type") in REFERENCES:
        area.number("heap type")


def _read_limits(area: Reader) -> bool:
    """Return whether a table or a memory has 64-bit addresses.

    https://webassembly.github.io/spec/core/binary/types.html#limits
    """
    flags = area.byte("limits")
    area.number("minimum")
    if flags & HAS_MAXIMUM:
        area.number("maximum")
    if flags & HAS_PAGE_SIZE:
        area.number("page size")
    return bool(flags & IS_64)


# --- memories and exports ---------------------------------------------------------------------------------------


def _read_memories(area: Reader, facts: Facts) -> None:
    for _ in range(area.number("number of memories")):
        facts.has_64_bit_memory |= _read_limits(area)


def _read_exports(area: Reader, facts: Facts) -> None:
    for _ in range(area.number("number of exports")):
        facts.exports.append(area.name("export name"))
        area.byte("export kind")
        area.number("export index")


READERS = {IMPORT: _read_imports, MEMORY: _read_memories, EXPORT: _read_exports}
"""What reads a section of this id into the facts; all other sections are skipped."""

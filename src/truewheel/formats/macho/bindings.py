"""What the loader binds: the names in chained fixups, or in the streams of opcodes that were before them.

Sources: https://github.com/apple-oss-distributions/dyld/blob/main/include/mach-o/fixup-chains.h; the bind opcodes
(``BIND_OPCODE_*``) in https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/loader.h.
"""

from __future__ import annotations

import functools
import re

from .commands import read_fields, read_linkedit
from .exports import read_uleb128
from .layout import CHAINED_IMPORTS, LC_DYLD_CHAINED_FIXUPS, SELF, WEAK_LOOKUP
from .names import name_reader, ordinal_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..cursor import Cursor
    from .commands import Commands
    from .names import Imports

SET_DYLIB_ORDINAL_ULEB = 2
"""The upper four bits of ``BIND_OPCODE_SET_DYLIB_ORDINAL_ULEB``; the lower four are an operand."""
SET_DYLIB_SPECIAL_IMM = 3
"""The same of ``BIND_OPCODE_SET_DYLIB_SPECIAL_IMM``."""
SYMBOL_FLAGS_WEAK_IMPORT = 1


def read_bindings(cursor: Cursor, commands: Commands, libraries: int) -> Imports:
    """Return the symbols that the loader binds.

    :param libraries: how many libraries the slice needs.
    :raises FormatError: when the tables are broken, or a symbol names a library beyond those.
    """
    info = commands.dyld_info
    if LC_DYLD_CHAINED_FIXUPS in commands.first:
        area = read_linkedit(cursor, commands, LC_DYLD_CHAINED_FIXUPS, "chained fixups")
        found = {} if area is None else _read_chained_imports(area)
    elif info is not None:
        found = _read_opcode_streams(
            cursor, read_fields(cursor, info, "8xIIIIII", "LC_DYLD_INFO")
        )
    else:
        return {}
    # Ordinals count the libraries from 1.
    highest = max((ordinal for ordinal, _ in found.values()), default=0)
    if highest > libraries:
        cursor.fail(
            "a symbol names a library that is not needed",
            offset=0,
            field="ordinal",
            value=highest,
        )
    return found


@functools.lru_cache(maxsize=1024)
def _binding(ordinal: int, weak: int) -> tuple[int, bool]:
    """Return a library and whether a symbol may be missing, one value for the many symbols that share it."""
    return ordinal, bool(weak)


def _add(
    found: Imports,
    name: bytes,
    ordinal: int,
    weak: int,
) -> None:
    """Add a symbol. One that is bound twice may be missing only where both say so, and is of the first one's library."""
    binding = _binding(ordinal, weak)
    known = found.setdefault(name, binding)
    if known is not binding and known[1] and not weak and ordinal != WEAK_LOOKUP:
        found[name] = _binding(known[0], 0)


# --- chained fixups ---------------------------------------------------------------------------------------------


def _read_chained_imports(area: Cursor) -> Imports:
    """Read the table of imports of ``dyld_chained_fixups_header``, in each of its formats."""
    _, _, imports_at, names_at, count, form, compression = area.unpack(
        "IIIIIII", 0, "dyld_chained_fixups_header"
    )
    if compression:
        # The header defines no compressed format beyond the word zlib, and no linker writes one.
        area.fail(
            "compressed symbol names cannot be read",
            offset=24,
            field="symbols_format",
            value=compression,
        )
    if form not in CHAINED_IMPORTS:
        area.fail(
            "the format of the imports is unknown",
            offset=20,
            field="imports_format",
            value=form,
        )
    layout, bits, name_shift = CHAINED_IMPORTS[form]
    name_at = name_reader(
        area.part(names_at, len(area) - names_at, "symbol names"), "symbol names"
    )
    ordinals = (1 << bits) - 1
    found: Imports = {}
    for (entry,) in area.rows(layout, imports_at, count, "imports"):
        _add(
            found,
            name_at(entry >> name_shift),
            ordinal_of(entry & ordinals, bits),
            entry >> bits & 1,
        )
    return found


# --- opcodes ----------------------------------------------------------------------------------------------------


def _read_opcode_streams(cursor: Cursor, places: Sequence[int]) -> Imports:
    """Read the symbols of the bind, lazy-bind and weak-bind opcodes, whose offsets and sizes ``LC_DYLD_INFO`` has."""
    bind_at, bind_size, weak_at, weak_size, lazy_at, lazy_size = places
    found: Imports = {}
    if bind_size:
        area = cursor.part(bind_at, bind_size, "bind opcodes")
        _read_opcodes(area, found, first=SELF, is_lazy=False)
    if lazy_size:
        area = cursor.part(lazy_at, lazy_size, "bind opcodes")
        _read_opcodes(area, found, first=SELF, is_lazy=True)
    if weak_size:
        area = cursor.part(weak_at, weak_size, "bind opcodes")
        _read_opcodes(area, found, first=WEAK_LOOKUP, is_lazy=False)
    return found


def _read_opcodes(
    area: Cursor,
    found: Imports,
    *,
    first: int,
    is_lazy: bool,
) -> None:
    """Add the symbols that one stream binds. A lazy one has an end (``BIND_OPCODE_DONE``) after each symbol.

    :param first: the ordinal before any opcode sets one.
    """
    ordinal, symbol, flags = first, b"", 0
    for token in _opcodes(is_lazy=is_lazy).finditer(bytes(area.data)):
        match token.lastindex:
            case 3:  # everything about a symbol
                own_ordinal, (flags,), symbol = token.group(1, 2, 3)
                if own_ordinal:
                    ordinal = _ordinal_in(own_ordinal)
                _add(found, symbol, ordinal, flags & SYMBOL_FLAGS_WEAK_IMPORT)
            case 4:  # an ordinal alone
                ordinal = _ordinal_in(token[4])
            case 6:  # flags and name alone
                (flags,), symbol = token.group(5, 6)
            case 7:  # more places for the last symbol
                _add(found, symbol, ordinal, flags & SYMBOL_FLAGS_WEAK_IMPORT)
            case 8 if not is_lazy:
                return
            case 9:
                byte = token[9][0]
                area.fail(
                    "a byte is not a bind opcode",
                    offset=token.start(),
                    field="bind opcodes",
                    value=byte,
                )


def _ordinal_in(opcode: bytes) -> int:
    """Return the ordinal that ``BIND_OPCODE_SET_DYLIB_*`` sets."""
    kind = opcode[0] >> 4
    operand = opcode[0] & 0xF
    if kind == SET_DYLIB_ORDINAL_ULEB:
        ordinal, _ = read_uleb128(opcode, 1)
        return ordinal
    # The special ordinals are 0 and negative numbers of four bits.
    if kind == SET_DYLIB_SPECIAL_IMM and operand:
        return operand - 16
    return operand


@functools.cache
def _opcodes(*, is_lazy: bool) -> re.Pattern[bytes]:
    """Return a pattern that takes bind opcodes in as few tokens as there may be: as a rule one for all about a symbol.

    A library has thousands of symbols, and a loop over single bytes is slow in Python. The groups are: 1 to 3 the ordinal, flags
    and name of a symbol that is bound forthwith; 4 an ordinal alone; 5 and 6 flags and name alone; 7 more places for the
    last symbol; 8 the end; 9 a byte that is not an opcode. Repetitions are counted, to bound what matching takes.
    """
    number = rb"[\x80-\xff]{0,9}[\x00-\x7f]"  # ULEB128 and SLEB128
    ordinal = rb"([\x10-\x1f\x30-\x3f]|[\x20-\x2f]" + number + rb")"  # SET_DYLIB_*
    name = rb"([\x40-\x4f])([^\x00]*)\x00"  # SET_SYMBOL_TRAILING_FLAGS_IMM
    # SET_TYPE_IMM and THREADED_APPLY; SET_ADDEND_SLEB, SET_SEGMENT_AND_OFFSET_ULEB, ADD_ADDR_ULEB and THREADED_SET_…
    place = rb"(?:[\x50-\x5f\xd1]|[\x60-\x8f\xd0]" + number + rb")"
    # DO_BIND and …_ADD_ADDR_IMM_SCALED; …_ADD_ADDR_ULEB; …_ULEB_TIMES_SKIPPING_ULEB
    bind = (
        rb"(?:[\x90-\x9f\xb0-\xbf]|[\xa0-\xaf]"
        + number
        + rb"|[\xc0-\xcf]"
        + number
        + number
        + rb")"
    )
    binds = bind + rb"(?:" + place + rb"|" + bind + rb"){0,64}"
    done = rb"\x00*" if is_lazy else rb""
    symbol = (
        place + rb"{0,4}" + ordinal + rb"?" + name + place + rb"{0,4}" + binds + done
    )
    tokens = (
        symbol,
        ordinal,
        name,
        rb"(" + binds + rb")",
        place + rb"{1,64}",
        rb"(\x00)",
        rb"(.)",
    )
    return re.compile(rb"|".join(tokens), re.DOTALL)

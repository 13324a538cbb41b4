"""ELF files with odd parts, and what the loader of this machine says about each: it takes the file, and so do we; or neither."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import needs
from support.glibc_loader import GlibcLoader, glibc_loader
from support.reading import error_of
from truewheel import formats
from truewheel.model.binary import ElfSlice, Kind, MinimumOS
from truewheel.model.skipped import Skipped

SOURCE = """
int shared_value = 3;
extern int puts(const char *text);
int next(void) { return puts("next") + shared_value; }
"""
VENDOR = """
__asm__(".section .note.vendor, \\"a\\", %note\\n"
        ".balign 32\\n"
        ".ascii \\"This extension was made by the Vendor Corporation for everybody. \\"\\n"
        ".previous\\n");
"""
ANDROID = """
__asm__(".section .note.android.ident, \\"a\\", %note\\n"
        ".balign 4\\n.long 8, 4, 1\\n.ascii \\"Android\\\\0\\"\\n.long 24\\n.previous\\n");
"""
VENDOR_NOTE = """
__asm__(".section .note.sound, \\"a\\", %note\\n"
        ".balign 4\\n.long 4, 4, 1\\n.ascii \\"Own\\\\0\\"\\n.long 7\\n.previous\\n");
"""
DT_NEEDED, DT_STRTAB, DT_SYMTAB, DT_SONAME, DT_RUNPATH, DT_STRSZ = 1, 5, 6, 14, 29, 10
DT_GNU_HASH, DT_VERDEF, DT_HASH = 0x6FFFFEF5, 0x6FFFFFFC, 4
FAR = 0x7000000
"""An offset that is far outside of any of these files."""


@pytest.fixture(scope="module")
def loader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GlibcLoader]:
    with glibc_loader(tmp_path_factory.mktemp("loader")) as found:
        yield found


def compiled(place: Path, *flags: str, source: str = SOURCE) -> bytes:
    (place / "t.c").write_text(source)
    command = [needs.program("gcc"), "-shared", "-fPIC", "-o", "t.so", "t.c", *flags]
    subprocess.run(command, check=True, capture_output=True, cwd=place)
    return (place / "t.so").read_bytes()


def read(data: bytes) -> ElfSlice:
    binary = formats.read(data)
    assert binary is not None
    (piece,) = binary.slices
    assert isinstance(piece, ElfSlice)
    assert piece.kind is Kind.SHARED
    return piece


def facts(piece: ElfSlice) -> tuple[object, ...]:
    """Return what a judgement begins with."""
    return piece.cpu, piece.kind, piece.needs, piece.imports, piece.exports


def dynamic_value_at(data: bytes, tag: int) -> int:
    """Return where the value of an entry of the dynamic section stands."""
    (phoff,) = struct.unpack_from("<Q", data, 32)
    (count,) = struct.unpack_from("<H", data, 56)
    for number in range(count):
        kind, _, offset = struct.unpack_from("<IIQ", data, phoff + 56 * number)
        if kind == 2:
            break
    while True:
        found, _ = struct.unpack_from("<QQ", data, offset)
        if found == tag:
            return int(offset) + 8
        assert found
        offset += 16


def with_value(data: bytes, tag: int, value: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into("<Q", changed, dynamic_value_at(data, tag), value)
    return bytes(changed)


def with_bytes(data: bytes, offset: int, new: bytes) -> bytes:
    return data[:offset] + new + data[offset + len(new) :]


# --- notes ------------------------------------------------------------------------------------------------------


def test_text_in_a_section_of_notes_is_skipped(
    tmp_path: Path, loader: GlibcLoader
) -> None:
    plain = read(compiled(tmp_path, "-Wl,--build-id=sha1"))
    # Two other sections of notes share a segment.
    source = SOURCE + VENDOR + VENDOR_NOTE
    data = compiled(tmp_path, "-Wl,--build-id=sha1", source=source)
    assert loader.takes(data)
    found = read(data)
    (skipped,) = found.skipped
    assert skipped.part.startswith("the notes in section .note.vendor (")
    assert skipped.problem.startswith("note owner (")
    assert skipped.loss == (
        "if they state an Android API level or a level of x86-64 that the code needs, it is not known"
    )
    assert not skipped.grave
    # All else was read, the notes in the other sections as well.
    assert facts(found) == facts(plain)
    assert found.build_id


def test_what_other_notes_state_is_not_lost(tmp_path: Path) -> None:
    found = read(compiled(tmp_path, source=SOURCE + ANDROID + VENDOR))
    assert MinimumOS(platform="android", version=(24,)) in found.minimum_os
    (skipped,) = found.skipped
    assert "Android" not in skipped.loss


def test_sound_sections_in_an_odd_segment_are_read(tmp_path: Path) -> None:
    """Old linkers put all notes into one segment, whatever stood in them."""
    data = bytearray(compiled(tmp_path, source=SOURCE + VENDOR + ANDROID))
    (phoff,) = struct.unpack_from("<Q", data, 32)
    (count,) = struct.unpack_from("<H", data, 56)
    notes = []
    for number in range(count):
        at = phoff + 56 * number
        if struct.unpack_from("<I", data, at) == (4,):
            offset, size = struct.unpack_from("<Q24xQ", data, at + 8)[0], 0
            (size,) = struct.unpack_from("<Q", data, at + 32)
            notes.append((offset, size, at))
    start = min(offset for offset, _, _ in notes)
    end = max(offset + size for offset, size, _ in notes)
    for _, _, at in notes:
        struct.pack_into("<Q", data, at + 8, start)
        struct.pack_into("<Q", data, at + 32, end - start)
    found = read(bytes(data))
    assert MinimumOS(platform="android", version=(24,)) in found.minimum_os
    (skipped,) = found.skipped
    assert ".note.vendor" in skipped.part


def test_notes_that_were_moved_without_their_segment_are_read(
    tmp_path: Path, loader: GlibcLoader
) -> None:
    """Old releases of patchelf did so: wheels for manylinux1 have a segment of notes with other bytes in it."""
    data = bytearray(compiled(tmp_path, "-Wl,--build-id=sha1"))
    (phoff,) = struct.unpack_from("<Q", data, 32)
    (count,) = struct.unpack_from("<H", data, 56)
    for number in range(count):
        at = phoff + 56 * number
        if struct.unpack_from("<I", data, at) == (4,):
            struct.pack_into("<Q", data, at + 8, phoff + 8)
    assert loader.takes(bytes(data))
    found = read(bytes(data))
    assert found.build_id
    assert found.skipped
    assert {(skipped.loss, skipped.grave) for skipped in found.skipped} == {("", False)}


# --- the table of sections --------------------------------------------------------------------------------------


def with_far_sections(data: bytes) -> bytes:
    return with_bytes(data, 40, struct.pack("<Q", FAR))


def with_small_section_headers(data: bytes) -> bytes:
    return with_bytes(data, 58, b"\x01\x00")


def without_rest(data: bytes) -> bytes:
    """Return the file without its section headers, of which it still says where they are."""
    (shoff,) = struct.unpack_from("<Q", data, 40)
    return data[:shoff]


@pytest.mark.parametrize(
    "change", [with_far_sections, with_small_section_headers, without_rest]
)
def test_no_loader_but_androids_needs_the_table_of_sections(
    tmp_path: Path, loader: GlibcLoader, change: Callable[[bytes], bytes]
) -> None:
    data = compiled(tmp_path)
    changed = change(data)
    assert loader.takes(changed)
    found = read(changed)
    assert [skipped.part for skipped in found.skipped] == ["the table of sections"]
    assert facts(found) == facts(read(data))

    for_android = change(compiled(tmp_path, source=SOURCE + ANDROID))
    assert error_of(for_android).field in ("section headers", "e_shentsize")


def test_the_names_of_sections_are_not_needed(
    tmp_path: Path, loader: GlibcLoader
) -> None:
    data = compiled(tmp_path, "-g")
    (shoff,) = struct.unpack_from("<Q", data, 40)
    (index,) = struct.unpack_from("<H", data, 62)
    changed = with_bytes(data, shoff + 64 * index + 24, struct.pack("<Q", FAR))
    assert loader.takes(changed)
    (skipped,) = read(changed).skipped
    assert skipped == Skipped(
        part="the names of its sections",
        problem=skipped.problem,
    )
    assert read(data).debug_bytes > 0
    assert read(changed).debug_bytes == 0


def test_debug_data_outside_of_the_file_is_not_needed(
    tmp_path: Path, loader: GlibcLoader
) -> None:
    data = compiled(tmp_path, "-g")
    (shoff,) = struct.unpack_from("<Q", data, 40)
    (count,) = struct.unpack_from("<H", data, 60)
    changed = bytearray(data)
    for number in range(count):
        at = shoff + 64 * number
        kind, flags = struct.unpack_from("<IQ", data, at + 4)
        # Contents that are not mapped; the last one is the names.
        if kind == 1 and not flags & 2 and number < count - 1:
            struct.pack_into("<Q", changed, at + 32, FAR)
    assert loader.takes(bytes(changed))
    found = read(bytes(changed))
    assert found.skipped
    assert all(skipped.part.startswith("debug data at ") for skipped in found.skipped)
    assert found.debug_bytes < read(data).debug_bytes


# --- the tables of the loader -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "value", "part"),
    [
        (DT_SONAME, FAR, "its name (DT_SONAME)"),
        (DT_VERDEF, FAR, "the versions that it defines"),
        (DT_STRSZ, FAR, "the size of the string table (DT_STRSZ)"),
        (DT_STRSZ, 3, "the size of the string table (DT_STRSZ)"),
    ],
)
def test_the_loader_takes_what_it_does_not_ask_for(
    tmp_path: Path, loader: GlibcLoader, tag: int, value: int, part: str
) -> None:
    script = tmp_path / "versions.map"
    script.write_text("V1 { global: *; };")
    data = compiled(tmp_path, "-Wl,-soname,libt.so", f"-Wl,--version-script={script}")
    changed = with_value(data, tag, value)
    if tag != DT_VERDEF:
        assert loader.takes(changed)
    found = read(changed)
    assert [skipped.part for skipped in found.skipped] == [part]
    assert facts(found) == facts(read(data))


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (DT_NEEDED, FAR),
        (DT_SYMTAB, FAR),
        (DT_STRTAB, FAR),
    ],
)
def test_the_loader_refuses_what_it_asks_for(
    tmp_path: Path, loader: GlibcLoader, tag: int, value: int
) -> None:
    changed = with_value(compiled(tmp_path), tag, value)
    assert not loader.takes(changed)
    assert "broken ELF file" in str(error_of(changed))


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_a_file_that_was_cut_short_is_refused(
    tmp_path: Path, loader: GlibcLoader, share: float
) -> None:
    data = compiled(tmp_path)
    changed = data[: int(len(data) * share)]
    assert not loader.takes(changed)
    assert error_of(changed)


def test_a_file_that_was_cut_short_and_has_no_sections_is_refused(
    tmp_path: Path, loader: GlibcLoader
) -> None:
    """The relocations tell: the loader writes into what is missing."""
    data = compiled(tmp_path, "-Wl,-z,norelro")
    whole = with_bytes(data, 40, bytes(8))
    whole = with_bytes(whole, 58, bytes(6))
    assert loader.takes(whole)
    changed = whole[: int(len(whole) * 0.6)]
    assert not loader.takes(changed)
    assert error_of(changed)


# --- how many symbols there are ---------------------------------------------------------------------------------

NO_EXPORTS = """
extern int puts(const char *text);
static __attribute__((constructor)) void begin(void) { puts("loaded"); }
"""


@pytest.mark.parametrize("style", ["gnu", "both", "sysv"])
def test_symbols_are_counted_in_a_library_without_exports_that_patchelf_changed(
    tmp_path: Path, loader: GlibcLoader, style: str
) -> None:
    """It moves tables, and fills their old places with a letter."""
    patchelf = needs.program("patchelf")
    script = tmp_path / "hidden.map"
    script.write_text("{ local: *; };")
    data = compiled(
        tmp_path,
        f"-Wl,--hash-style={style}",
        f"-Wl,--version-script={script}",
        source=NO_EXPORTS,
    )
    plain = read(data)
    path = "$ORIGIN/" + "/".join(["a-directory-with-a-long-name"] * 9)
    command = [patchelf, "--set-rpath", path, tmp_path / "t.so"]
    subprocess.run(command, check=True, capture_output=True)
    changed = (tmp_path / "t.so").read_bytes()
    assert b"ZZZZ" in changed or b"XXXX" in changed
    assert loader.takes(changed)
    found = read(changed)
    assert not found.skipped
    assert facts(found) == facts(plain)
    assert found.exports == frozenset()
    assert found.exports_complete


def with_moved_strings(data: bytes) -> bytes:
    """Return the file with its strings in a segment of their own, as older releases of patchelf move them.

    Where they stood, between the symbols and the versions of these, there is the letter X.
    """
    (table,) = struct.unpack_from("<Q", data, dynamic_value_at(data, DT_STRTAB))
    (size,) = struct.unpack_from("<Q", data, dynamic_value_at(data, DT_STRSZ))
    start = (len(data) + 0xFFF) // 0x1000 * 0x1000
    address = start + 0x10000
    changed = bytearray(data.ljust(start, b"\0") + data[table : table + size])
    changed[table : table + size] = b"X" * size
    (phoff,) = struct.unpack_from("<Q", data, 32)
    (count,) = struct.unpack_from("<H", data, 56)
    for number in range(count):
        at = phoff + 56 * number
        # PT_GNU_EH_FRAME, which stands behind all segments that are mapped, becomes the last one of these.
        if struct.unpack_from("<I", data, at) == (0x6474E550,):
            head = (1, 4, start, address, address, size, size, 0x1000)
            struct.pack_into("<IIQQQQQQ", changed, at, *head)
    return with_value(bytes(changed), DT_STRTAB, address)


@pytest.mark.parametrize("has_sections", [True, False])
def test_what_lies_between_two_tables_is_not_taken_for_symbols(
    tmp_path: Path, loader: GlibcLoader, has_sections: bool
) -> None:
    script = tmp_path / "hidden.map"
    script.write_text("{ local: *; };")
    data = compiled(
        tmp_path,
        "-Wl,--hash-style=gnu",
        f"-Wl,--version-script={script}",
        source=NO_EXPORTS,
    )
    changed = with_moved_strings(data)
    if not has_sections:
        changed = with_bytes(with_bytes(changed, 40, bytes(8)), 58, bytes(6))
    assert loader.takes(changed)
    found = read(changed)
    assert not found.skipped
    assert facts(found) == facts(read(data))


def test_relocations_tell_the_symbols_where_nothing_else_does(tmp_path: Path) -> None:
    script = tmp_path / "hidden.map"
    script.write_text("{ local: *; };")
    data = compiled(
        tmp_path,
        "-Wl,--hash-style=gnu",
        f"-Wl,--version-script={script}",
        source=NO_EXPORTS,
    )
    bare = with_bytes(data, 40, bytes(8))
    bare = with_bytes(bare, 58, bytes(6))
    found = read(bare)
    assert not found.sections
    assert {symbol.name for symbol in found.imports} == {
        symbol.name for symbol in read(data).imports
    }


def test_a_number_of_symbols_that_cannot_be_is_not_believed(
    tmp_path: Path, loader: GlibcLoader
) -> None:
    """glibc looks into the chains, and not at their number."""
    data = compiled(tmp_path, "-Wl,--hash-style=sysv")
    (table,) = struct.unpack_from("<Q", data, dynamic_value_at(data, DT_HASH))
    changed = with_bytes(data, table + 4, struct.pack("<I", FAR))
    assert loader.takes(changed)
    found = read(changed)
    (skipped,) = found.skipped
    assert (skipped.part, skipped.grave) == ("the hash table", True)
    assert "there are more symbols than there is room for" in skipped.problem
    assert facts(found) == facts(read(data))
    assert not found.exports_complete


def test_an_exported_symbol_without_a_name_is_skipped_and_an_imported_one_is_not(
    tmp_path: Path, loader: GlibcLoader
) -> None:
    data = compiled(tmp_path, "-Wl,--hash-style=gnu", "-Wl,-z,now")
    piece = read(data)
    (table,) = struct.unpack_from("<Q", data, dynamic_value_at(data, DT_SYMTAB))
    (strings,) = struct.unpack_from("<Q", data, dynamic_value_at(data, DT_STRTAB))
    places = {}
    for number in range(1, len(piece.imports) + len(piece.exports) + 1):
        at = table + 24 * number
        (name,) = struct.unpack_from("<I", data, at)
        end = data.index(b"\0", strings + name)
        places[data[strings + name : end].decode()] = at
    export = with_bytes(data, places["next"], struct.pack("<I", FAR))
    assert loader.takes(export)
    found = read(export)
    assert [skipped.part for skipped in found.skipped] == ["the name of a symbol"]
    assert found.exports == piece.exports - {"next"}
    assert found.imports == piece.imports

    imported = with_bytes(data, places["puts"], struct.pack("<I", FAR))
    assert not loader.takes(imported)
    assert error_of(imported).field == "DT_STRTAB"


# --- what is mapped ---------------------------------------------------------------------------------------------


def test_segments_are_mapped_in_whole_pages(
    tmp_path: Path, loader: GlibcLoader
) -> None:
    """The tables lie in the first segment: half of it is mapped as a whole page, as all of it is."""
    data = compiled(tmp_path)
    (phoff,) = struct.unpack_from("<Q", data, 32)
    kind, _, offset = struct.unpack_from("<IIQ", data, phoff)
    assert (kind, offset) == (1, 0)
    changed = with_bytes(data, phoff + 32, struct.pack("<QQ", 0x200, 0x200))
    assert loader.takes(changed)
    assert facts(read(changed)) == facts(read(data))


def test_the_dynamic_section_is_where_it_is_mapped(
    tmp_path: Path, loader: GlibcLoader
) -> None:
    data = compiled(tmp_path)
    (phoff,) = struct.unpack_from("<Q", data, 32)
    (count,) = struct.unpack_from("<H", data, 56)
    changed = bytearray(data)
    for number in range(count):
        at = phoff + 56 * number
        if struct.unpack_from("<I", data, at) == (2,):
            struct.pack_into("<Q", changed, at + 8, FAR)
    assert loader.takes(bytes(changed))
    assert facts(read(bytes(changed))) == facts(read(data))

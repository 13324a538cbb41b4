"""The Mach-O reader on images assembled by hand: what every load command says, and files that lie."""

from __future__ import annotations

import dataclasses
import struct
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import macho_images
from support.macho_images import (
    DEFINED,
    HIDDEN,
    INDIRECT,
    LIBRARIES,
    Command,
    Entry,
    Node,
    Section,
    build_version,
    dylib,
    image,
    named,
    rpath,
    symbols,
    version_min,
    whole,
)
from support.reading import error_of, failure, failure_of_part
from truewheel import formats
from truewheel.formats.macho.read import read as read_macho
from truewheel.model.binary import (
    Format,
    Kind,
    MachOSlice,
    MinimumOS,
    Need,
    NeedKind,
    SearchPath,
    Symbol,
)
from truewheel.model.errors import FormatError


def read(data: bytes) -> MachOSlice:
    (piece,) = slices(data)
    return piece


def slices(data: bytes) -> tuple[MachOSlice, ...]:
    """Read a file; return its slices."""
    binary = formats.read(data)
    assert binary is not None
    assert binary.format is Format.MACHO
    for piece in binary.slices:
        assert isinstance(piece, MachOSlice)
    return binary.slices  # type: ignore[return-value]


def imported(data: bytes) -> dict[str, tuple[str | None, bool]]:
    """Return the library of each import, and whether it may be missing."""
    return {symbol.name: (symbol.library, symbol.weak) for symbol in read(data).imports}


# --- headers and load commands ----------------------------------------------------------------------------------


@pytest.mark.parametrize("little", [True, False])
@pytest.mark.parametrize("wide", [True, False])
def test_files_of_both_widths_and_byte_orders_are_read(
    wide: bool, little: bool
) -> None:
    commands = (
        dylib("@rpath/libx.dylib", 0xD, compatible=0x00020304), *LIBRARIES, rpath("@loader_path/../lib"),
        version_min(0x24, 0x000A0900, 0x000B0300),
        *symbols(Entry("_here", DEFINED), Entry("_printf", description=0x0100), Entry("__x", description=0x0240)),
        macho_images.segment(Section("__TEXT", "__text", 4), wide=wide),
    )  # fmt: skip
    cpus = {
        (True, True): (macho_images.X86_64, "x86_64"),
        (True, False): (macho_images.PPC64, "ppc64"),
        (False, True): (macho_images.I386, "i686"),
        (False, False): (macho_images.PPC, "ppc"),
    }
    number, cpu = cpus[wide, little]
    piece = read(image(*commands, wide=wide, little=little, cpu=number, padding=24))
    assert piece.bits == (64 if wide else 32)
    assert piece.little_endian is little
    assert piece.cpu == cpu
    assert piece.kind is Kind.SHARED
    assert piece.file_type == macho_images.DYLIB
    assert piece.name == "@rpath/libx.dylib"
    assert piece.compatibility_version == (2, 3, 4)
    assert piece.needs == (
        Need(library="/usr/lib/libSystem.B.dylib"),
        Need(library="@rpath/libother.dylib"),
    )
    assert piece.search_paths == (
        SearchPath(path="@loader_path/../lib", kind="LC_RPATH"),
    )
    assert piece.minimum_os == (
        MinimumOS(platform="macos", version=(10, 9), sdk=(11, 3)),
    )
    assert piece.imports == (
        Symbol(name="printf", library="/usr/lib/libSystem.B.dylib"),
        Symbol(name="_x", library="@rpath/libother.dylib", weak=True),
    )
    assert piece.exports == {"here"}
    assert piece.header_padding == 24 + (3 * (16 if wide else 12)) + len(
        b"\0_here\0_printf\0__x\0"
    )
    assert piece.offset == 0
    assert piece.interpreter is None
    assert not piece.signed
    assert piece.debug_bytes == 0


@pytest.mark.parametrize("wide", [True, False])
def test_each_slice_of_a_fat_file_is_read(wide: bool) -> None:
    intel = image(build_version(1, 0x000A0F00))
    arm = image(build_version(1, 0x000B0000), cpu=macho_images.ARM64, subtype=0)
    data = macho_images.fat(
        (macho_images.X86_64, intel), (macho_images.ARM64, arm), wide=wide
    )
    first, second = slices(data)
    assert first.cpu == "x86_64"
    assert first.minimum_os[0].version == (10, 15)
    assert data[first.offset :][: first.size] == intel
    assert second.cpu == "arm64"
    assert second.minimum_os[0].version == (11, 0)
    assert data[second.offset :][: second.size] == arm


@pytest.mark.parametrize("subtype", [2, 0x80000002])
def test_capability_bits_do_not_make_another_cpu(subtype: int) -> None:
    (piece,) = slices(
        macho_images.fat(
            (macho_images.ARM64, image(cpu=macho_images.ARM64, subtype=0x80000002)),
            subtype=subtype,
        )
    )
    assert piece.cpu == "arm64e"
    assert piece.cpu_subtype == 2


def test_a_universal_static_library_is_a_static_library() -> None:
    archive = b"!<arch>\n" + bytes(60)
    binary = formats.read(
        macho_images.fat((macho_images.X86_64, archive), (macho_images.ARM64, archive))
    )
    assert binary is not None
    assert binary.format is Format.ARCHIVE
    assert binary.slices == ()
    assert not binary.is_loadable


def test_java_classes_are_not_taken_for_fat_files() -> None:
    assert formats.sniff(b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(56)) is None
    assert formats.read(b"\xca\xfe\xba\xbe\0\0\0\x2d" + bytes(56)) is None
    assert formats.sniff(b"\xca\xfe\xba\xbe\0\0\0\0" + bytes(56)) is None
    assert formats.sniff(b"\xca\xfe\xba\xbe\0\0\0\2" + bytes(56)) is Format.MACHO


@pytest.mark.parametrize(
    ("number", "kind"),
    [(1, Kind.OBJECT), (2, Kind.EXECUTABLE), (6, Kind.SHARED), (8, Kind.BUNDLE), (4, Kind.OTHER), (9, Kind.OTHER), (10, Kind.OTHER), (11, Kind.OTHER), (12, Kind.OTHER)],
)  # fmt: skip
def test_the_file_type_tells_the_kind(number: int, kind: Kind) -> None:
    assert read(image(kind=number)).kind is kind


@pytest.mark.parametrize(
    ("cpu", "subtype", "name"),
    [(macho_images.X86_64, 0x80000003, "x86_64"), (macho_images.X86_64, 8, "x86_64h"), (macho_images.ARM64, 0, "arm64"), (macho_images.ARM64, 0x80000002, "arm64e"),
     (0x0200000C, 1, "arm64_32"), (macho_images.I386, 3, "i686"), (macho_images.PPC, 0, "ppc"), (macho_images.PPC64, 0, "ppc64"), (macho_images.ARM, 9, "armv7"),
     (macho_images.ARM, 11, "armv7s"), (macho_images.ARM, 6, "armv6"), (macho_images.ARM, 0, "arm"), (0x77, 0, "machine-0x0077")],
)  # fmt: skip
def test_cpus_and_their_subtypes_have_names(cpu: int, subtype: int, name: str) -> None:
    piece = read(image(cpu=cpu, subtype=subtype))
    assert piece.cpu == name
    assert piece.cpu_subtype == subtype & 0xFFFFFF


@pytest.mark.parametrize(
    ("command", "platform", "version", "sdk"),
    [(build_version(1, 0x000B0000, 0x000C0301), "macos", (11, 0), (12, 3, 1)), (build_version(2, 0x000D0000), "ios", (13, 0), None),
     (build_version(7, 0x000E0000), "ios-simulator", (14, 0), None), (build_version(6, 0x000D0100), "catalyst", (13, 1), None),
     (build_version(3, 0x000D0000), "tvos", (13, 0), None), (build_version(4, 0x00060000), "watchos", (6, 0), None),
     (build_version(11, 0x00010002), "visionos", (1, 0, 2), None), (build_version(99, 0x00010000), "platform-99", (1, 0), None),
     (version_min(0x24, 0x000A0905, 0x000A0F00), "macos", (10, 9, 5), (10, 15)), (version_min(0x25, 0x00080000), "ios-simulator", (8, 0), None),
     (version_min(0x2F, 0x00090000), "tvos-simulator", (9, 0), None), (version_min(0x30, 0x00020000), "watchos-simulator", (2, 0), None)],
)  # fmt: skip
def test_the_oldest_system_is_read(
    command: Command,
    platform: str,
    version: tuple[int, ...],
    sdk: tuple[int, ...] | None,
) -> None:
    assert read(image(command)).minimum_os == (
        MinimumOS(platform=platform, version=version, sdk=sdk),
    )


def test_the_older_ios_command_means_a_device_on_arm() -> None:
    piece = read(
        image(version_min(0x25, 0x00080000), cpu=macho_images.ARM64, subtype=0)
    )
    assert piece.minimum_os == (MinimumOS(platform="ios", version=(8, 0)),)


def test_a_file_may_be_for_two_systems() -> None:
    both = read(image(build_version(1, 0x000B0000), build_version(6, 0x000E0000)))
    assert both.minimum_os == (
        MinimumOS(platform="macos", version=(11, 0)),
        MinimumOS(platform="catalyst", version=(14, 0)),
    )


@pytest.mark.parametrize(
    ("kind", "how"),
    [(0xC, NeedKind.NORMAL), (0x80000018, NeedKind.WEAK), (0x8000001F, NeedKind.REEXPORTED), (0x20, NeedKind.DELAYED), (0x80000023, NeedKind.NORMAL)],
)  # fmt: skip
def test_the_load_command_tells_how_a_library_is_needed(
    kind: int, how: NeedKind
) -> None:
    piece = read(image(dylib("/usr/lib/libz.1.dylib", kind), dylib("me", 0xD)))
    assert piece.needs == (Need(library="/usr/lib/libz.1.dylib", kind=how),)


@pytest.mark.parametrize(
    ("flags", "how"), [(0, NeedKind.NORMAL), (1, NeedKind.WEAK), (2, NeedKind.REEXPORTED), (4, NeedKind.NORMAL), (8, NeedKind.DELAYED)]
)  # fmt: skip
def test_flags_of_newer_load_commands_tell_how_a_library_is_needed(
    flags: int, how: NeedKind
) -> None:
    command = named(0xC, "/usr/lib/libz.1.dylib", "IIII", 0x1A741800, 0, 0, flags)
    assert read(image(command)).needs[0].kind is how


def test_programs_name_their_loader() -> None:
    assert (
        read(image(named(0xE, "/usr/lib/dyld"), kind=macho_images.EXECUTE)).interpreter
        == "/usr/lib/dyld"
    )


def test_an_empty_place_for_a_signature_is_not_one() -> None:
    assert read(image(macho_images.content(0x1D, macho_images.SIGNATURE))).signed
    assert not read(image(macho_images.content(0x1D, bytes(12)))).signed
    assert not read(image(macho_images.content(0x1D, b""))).signed


def test_encryption_commands_are_passed_over() -> None:
    assert (
        read(image(Command(0x2C, "IIII", (0, 0, 0, 0)), rpath("/a")))
        .search_paths[0]
        .path
        == "/a"
    )


@pytest.mark.parametrize("wide", [True, False])
def test_debug_sections_are_counted(wide: bool) -> None:
    sections = (
        Section("__DWARF", "__debug_info", 40),
        Section("__DWARF", "__debug_line", 7),
        Section("__TEXT", "__text", 50),
        Section("__DATA", "__bss", 99, 1),
    )
    assert (
        read(
            image(
                macho_images.segment(*sections, wide=wide),
                wide=wide,
                kind=macho_images.OBJECT,
            )
        ).debug_bytes
        == 47
    )


def test_names_that_are_not_utf8_are_escaped() -> None:
    command = Command(0x8000001C, "I", (12,), b"/\xff\0")
    assert read(image(command)).search_paths[0].path == "/\\xff"


# --- symbols ----------------------------------------------------------------------------------------------------


def test_the_symbol_table_names_the_library_of_each_import() -> None:
    table = [Entry("_a", description=0x0100), Entry("_b", description=0x0200), Entry("_c", description=0xFE00),
             Entry("_d", description=0xFF00), Entry("_e", description=0xFE40), Entry("_f", 0x0D, description=0x0100)]  # fmt: skip
    data = image(*LIBRARIES, *symbols(*table, ranges=(0, 0, 0, 6)))
    assert imported(data) == {
        "a": ("/usr/lib/libSystem.B.dylib", False), "b": ("@rpath/libother.dylib", False), "c": (None, False),
        "d": (None, False), "e": (None, True), "f": ("/usr/lib/libSystem.B.dylib", False),
    }  # fmt: skip
    flat = image(*LIBRARIES, *symbols(*table, ranges=(0, 0, 0, 6)), flags=0)
    assert {symbol.library for symbol in read(flat).imports} == {None}
    assert not read(flat).two_level


def test_hidden_and_local_symbols_are_left_out() -> None:
    table = [Entry("_local", 0x0E), Entry("_stab", 0x20), Entry("_hidden", HIDDEN), Entry("_a", DEFINED), Entry("_b", INDIRECT),
             Entry("_abs", 0x03), Entry("", DEFINED), Entry("_u"), Entry("_private", 0x11)]  # fmt: skip
    piece = read(image(*symbols(*table, ranges=(0, 7, 7, 2))))
    assert piece.exports == {
        "a",
        "b",
        "abs",
        "",
    }  # the empty name has a place of its own in this table
    assert [symbol.name for symbol in piece.imports] == ["u"]


def test_symbols_of_objects_are_read_without_ranges() -> None:
    table = [
        Entry("_u"),
        Entry("_weak", description=0x40),
        Entry("_defined", DEFINED),
        Entry("_common", value=8),
    ]
    piece = read(
        image(*symbols(*table, ranges=(9, 9, 9, 9)), kind=macho_images.OBJECT, flags=0)
    )
    assert set(piece.imports) == {Symbol(name="u"), Symbol(name="weak", weak=True)}
    assert piece.exports == {"defined", "common"}
    static = read(image(symbols(*table)[0], kind=macho_images.EXECUTE, flags=0))
    assert static.exports == {"defined"}


def test_symbols_of_files_for_debuggers_are_not_read() -> None:
    assert (
        read(image(*symbols(Entry("_a", DEFINED)), kind=macho_images.DSYM)).exports
        == frozenset()
    )


@pytest.mark.parametrize("form", [1, 2, 3])
def test_chained_imports_are_read(form: int) -> None:
    entries = [
        ("_a", 1, False),
        ("_b", 2, True),
        ("_c", -2, False),
        ("_d", -1, False),
        ("_here", 0, False),
        ("__Znwm", -3, False),
        ("_own", -3, False),
    ]
    fixups = macho_images.content(0x80000034, macho_images.chained(entries, form=form))
    exports = macho_images.content(
        0x80000033, macho_images.exporting("_here", "_own", "_mine")
    )
    assert imported(image(*LIBRARIES, fixups, exports)) == {
        "a": ("/usr/lib/libSystem.B.dylib", False), "b": ("@rpath/libother.dylib", True),
        "c": (None, False), "d": (None, False), "_Znwm": (None, False),
    }  # fmt: skip


def test_the_symbol_table_names_the_library_of_a_weak_definition() -> None:
    fixups = macho_images.content(
        0x80000034, macho_images.chained([("__Znwm", -3, False), ("_a", 2, True)])
    )
    table = symbols(
        Entry("__Znwm", description=0x0100), Entry("_a", description=0x0100)
    )
    assert imported(image(*LIBRARIES, *table, fixups)) == {
        "_Znwm": ("/usr/lib/libSystem.B.dylib", False), "a": ("@rpath/libother.dylib", True),
    }  # fmt: skip


def test_compressed_names_are_refused_clearly() -> None:
    error = error_of(
        image(macho_images.content(0x80000034, macho_images.chained([], compression=1)))
    )
    assert "compressed symbol names cannot be read" in str(error)
    assert error.field == "symbols_format"


def test_an_unknown_format_of_imports_is_told() -> None:
    error = error_of(
        image(macho_images.content(0x80000034, macho_images.chained([], form=7)))
    )
    assert error.field == "imports_format"


def test_bind_opcodes_are_read() -> None:
    bind = (
        b"\x11\x40_a\0\x51\x72\x08\x90"  # ordinal 1, a name, a pointer, a segment, there
        b"\x20\x02\x41_b\0\x90\x80\x90\x01\xa0\x08\xb1\xc0\x02\x08"  # ordinal 2 in long, weak; four more places
        b"\x3e\x40_flat\0\x60\x7f\x90\x3f\x40_main\0\x90\x30\x40_self\0\x90"
        b"\x40_never\0\x11\x40_after\0\x51\x12\x90"  # never bound; and an ordinal that comes late
        b"\x00\xff\xff"
    )
    lazy = b"\x72\x00\x11\x40_lazy\0\x90\x00\x72\x08\x12\x40_later\0\x90\x00\x00\x00"
    weak = b"\x40__Znwm\0\x51\x72\x10\x90\x40_own\0\x90\x48_strong\0\x00"
    info = macho_images.dyld_info(
        bind=bind, lazy=lazy, weak=weak, exports=macho_images.exporting("_own")
    )
    assert imported(image(*LIBRARIES, info)) == {
        "a": ("/usr/lib/libSystem.B.dylib", False), "b": ("@rpath/libother.dylib", True), "flat": (None, False),
        "main": (None, False), "after": ("@rpath/libother.dylib", False), "lazy": ("/usr/lib/libSystem.B.dylib", False),
        "later": ("@rpath/libother.dylib", False), "_Znwm": (None, False),
    }  # fmt: skip


def test_a_symbol_that_is_bound_twice_is_weak_only_if_both_binds_are() -> None:
    bind = b"\x11\x40_a\0\x90\x41_b\0\x90\x41_c\0\x90\x41_d\0\x90\x00"
    lazy = b"\x11\x41_a\0\x90\0\x40_b\0\x90\0\x41_c\0\x90\0"
    info = macho_images.dyld_info(bind=bind, lazy=lazy, weak=b"\x40_d\0\x90\0")
    weak = {
        symbol.name for symbol in read(image(*LIBRARIES, info)).imports if symbol.weak
    }
    assert weak == {"c", "d"}


def test_threaded_binds_are_read() -> None:
    bind = b"\xd0\x02\x11\x40_a\0\x90\x12\x40_b\0\x90\x72\x00\xd1\x00"
    assert list(
        imported(image(*LIBRARIES, macho_images.dyld_info(bind=bind, only=False)))
    ) == ["a", "b"]


@pytest.mark.parametrize(
    "stream",
    [
        b"\xe0",
        b"\x40_a",
        b"\x20\x80",
        b"\x11\x40_a\0\xa0" + b"\xff" * 12,
        b"\x11\x40_a\0\xc0\x01",
        b"\xd2",
    ],
)
def test_broken_bind_opcodes_are_told(stream: bytes) -> None:
    error = error_of(image(*LIBRARIES, macho_images.dyld_info(bind=stream)))
    assert error.field == "bind opcodes"


def test_a_bind_to_a_library_that_is_not_needed_is_told() -> None:
    error = error_of(
        image(*LIBRARIES, macho_images.dyld_info(bind=b"\x13\x40_a\0\x90\0"))
    )
    assert "a library that is not needed" in str(error)


def test_the_exports_trie_is_read() -> None:
    nodes = (
        Node(b"", ((b"_", 1),)),
        Node(b"", ((b"Py", 2), (b"other", 5))),
        Node(b"\0\x10", ((b"Init_x", 3), (b"Mod", 4))),  # _Py is itself a symbol
        Node(b"\0" + b"\x10" * 130),  # a payload whose size takes two bytes
        Node(bytes((macho_images.REEXPORT_FLAG, 1)) + b"_elsewhere\0"),
        Node(bytes((macho_images.WEAK_DEFINITION_FLAG, 0x10))),
    )
    expected = {"Py", "PyInit_x", "PyMod", "other"}
    assert (
        read(image(macho_images.dyld_info(exports=macho_images.trie(*nodes)))).exports
        == expected
    )
    assert (
        read(image(macho_images.content(0x80000033, macho_images.trie(*nodes)))).exports
        == expected
    )


def test_the_exports_trie_wins_over_the_symbol_table() -> None:
    table = symbols(Entry("_gone", DEFINED))
    assert read(
        image(*table, macho_images.content(0x80000033, macho_images.exporting("_a")))
    ).exports == {"a"}
    assert (
        read(image(*table, macho_images.content(0x80000033, b""))).exports
        == frozenset()
    )
    assert read(image(*table)).exports == {"gone"}


names = st.lists(st.text("ab_é", min_size=1, max_size=6), max_size=20, unique=True)


@given(names, names)
def test_any_names_are_read_as_they_were_written(
    exports: list[str], imports: list[str]
) -> None:
    imports = [name for name in imports if name not in exports]
    fixups = macho_images.content(
        0x80000034, macho_images.chained([(name, 1, False) for name in imports])
    )
    piece = read(
        image(
            *LIBRARIES,
            fixups,
            macho_images.content(0x80000033, macho_images.exporting(*exports)),
        )
    )
    names = [symbol.name for symbol in piece.imports]
    assert names == [name.removeprefix("_") for name in imports]
    assert piece.exports == {name.removeprefix("_") for name in exports}


# --- broken files -----------------------------------------------------------------------------------------------


def test_a_file_that_is_cut_off_anywhere_is_told() -> None:
    for data in (
        whole(),
        macho_images.fat((macho_images.X86_64, whole())),
        macho_images.fat((macho_images.X86_64, whole()), wide=True),
    ):
        assert failure(data) is None
        for length in range(8, len(data)):
            assert failure_of_part(data, length) is not None


def test_any_changed_byte_is_told_or_read() -> None:
    data = macho_images.fat((macho_images.X86_64, whole()))
    for where in range(4, len(data)):
        for value in (0, 1, 0x7F, 0x80, 0xFF):
            changed = data[:where] + bytes([value]) + data[where + 1 :]
            error = failure(changed)
            if error is not None:
                assert error.field
                assert error.offset >= 0


@pytest.mark.parametrize(
    ("offset", "value", "field"),
    [(16, b"\xff\xff\xff\x7f", "ncmds"), (20, b"\xff\xff\xff\x7f", "load commands"), (20, b"\x08\0\0\0", "ncmds"),
     (36, b"\0\0\0\0", "cmdsize"), (36, b"\x0a\0\0\0", "cmdsize"), (36, b"\xff\xff\xff\xff", "cmdsize")],
)  # fmt: skip
def test_lies_in_the_header_are_named(offset: int, value: bytes, field: str) -> None:
    data = whole()
    error = error_of(data[:offset] + value + data[offset + len(value) :])
    assert error.field == field
    assert "broken Mach-O file" in str(error)


@pytest.mark.parametrize(
    ("command", "field"),
    [(Command(0x8000001C, "I", (400,), b"/x\0"), "LC_RPATH"), (Command(0x8000001C, "I", (4,), b"/x\0"), "LC_RPATH"),
     (Command(0x8000001C, "I", (12,), b"abcd"), "LC_RPATH"), (Command(0xC, "", ()), "cmdsize"), (Command(0x32, "", ()), "cmdsize"),
     (Command(2, "IIII", (0, 0xFFFFFFFF, 0, 0)), "symbol table"), (Command(2, "IIII", (0, 0, 0, 0xFFFFFFFF)), "string table"),
     (Command(0x1D, "II", (64, 0xFFFFFFFF)), "LC_CODE_SIGNATURE"), (Command(0x80000033, "II", (0xFFFFFFFF, 4)), "exports trie"),
     (Command(0x80000034, "II", (32, 4)), "dyld_chained_fixups_header"), (Command(0x80000022, "10I", (0,) * 8 + (0xFFFF, 9)), "exports trie"),
     (dataclasses.replace(macho_images.segment(), values=(b"", 0, 0, 0, 1 << 40, 0, 0, 0, 0)), "segment"),
     (dataclasses.replace(macho_images.segment(), values=(b"", 0, 0, 0, 0, 0, 0, 1 << 30, 0)), "sections")],
)  # fmt: skip
def test_lies_in_load_commands_are_named(command: Command, field: str) -> None:
    error = error_of(image(command))
    assert error.field == field


def test_a_range_beyond_the_symbol_table_is_told() -> None:
    error = error_of(image(*symbols(Entry("_a"), ranges=(0, 0, 0, 2))))
    assert error.field == "LC_DYSYMTAB"


def test_a_name_outside_of_the_string_table_is_told() -> None:
    symtab, dysymtab = symbols(Entry("_a"))
    table = struct.pack("<IBBHQ", 900, 1, 0, 0, 0)
    error = error_of(
        image(dataclasses.replace(symtab, blobs=(table, b"\0_a\0")), dysymtab)
    )
    assert error.field == "string table"


def test_slices_that_overlap_or_contradict_the_fat_header_are_told() -> None:
    good = image()
    data = bytearray(
        macho_images.fat((macho_images.X86_64, good), (macho_images.X86_64, good))
    )
    data[8 + 20 + 8 : 8 + 20 + 12] = data[8 + 8 : 8 + 12]
    for bad, text in (
        (bytes(data), "slices overlap"), (macho_images.fat((macho_images.ARM64, good)), "the fat header names another CPU"),
        (macho_images.fat((macho_images.X86_64, good), subtype=8), "the fat header names another CPU"),
        (macho_images.fat((macho_images.X86_64, b"\x7fELF" + bytes(60))), "a slice is not Mach-O"),
        (macho_images.fat((macho_images.X86_64, good), (macho_images.ARM64, b"!<arch>\n")), "a slice is not Mach-O"),
        (macho_images.fat((macho_images.X86_64, good))[:40], "lies outside of it"),
        (b"\xca\xfe\xba\xbe\0\0\0\x2c" + bytes(56), "lies outside of it"),
    ):  # fmt: skip
        error = error_of(bad)
        assert text in str(error)


def deep(steps: int) -> bytes:
    """Return a trie in which every node leads to the next over one more letter, and all are symbols."""
    data = b""
    for number in range(steps):
        following = (number + 1) * 9
        data += b"\x01\x10\x01a\0" + long_uleb(following, size=4)
    return data + b"\x01\x10\0"


def long_uleb(value: int, *, size: int) -> bytes:
    """Return a number as ULEB128 in exactly ``size`` bytes."""
    groups = [value >> 7 * number & 0x7F for number in range(size)]
    return bytes([group | 0x80 for group in groups[:-1]] + groups[-1:])


def fan(width: int) -> bytes:
    """Return nodes of 255 edges each, all to the same next one: exponentially many ways for few bytes."""
    node = 2 + 255 * 5
    data = b""
    for number in range(width):
        following = long_uleb((number + 1) * node, size=3)
        edges = [bytes([letter]) + b"\0" + following for letter in range(1, 256)]
        data += b"\0\xff" + b"".join(edges)
    return data + b"\x01\x10\0"


def full(letters: int) -> bytes:
    """Return a trie of all names of two letters."""
    node = 2 + letters * 5
    first_leaf = node + letters * node

    def edges(places: list[int]) -> bytes:
        data = bytes((0, letters))
        for number, place in enumerate(places):
            data += bytes([65 + number]) + b"\0" + long_uleb(place, size=3)
        return data

    data = edges([node * (1 + first) for first in range(letters)])
    for first in range(letters):
        data += edges(
            [first_leaf + 3 * (first * letters + second) for second in range(letters)]
        )
    return data + b"\1\0\0" * letters**2


def many(count: int) -> tuple[Command, ...]:
    """Return a symbol table of many imports."""
    return symbols(
        *[Entry(f"{number:x}", description=0x0100) for number in range(count)]
    )


FLOOD = b"\x11" + b"".join(b"\x40%x\0\x90" % n for n in range(60_000))
HOSTILE = {
    "a trie that loops": macho_images.content(0x80000033, macho_images.trie(Node(b"", ((b"a", 0),)))),
    "a trie that grows": macho_images.content(0x80000033, macho_images.trie(Node(b"\x10", ((b"a", 0), (b"b", 0))))),
    "a deep trie": macho_images.content(0x80000033, deep(40_000)),
    "a wide trie": macho_images.content(0x80000033, fan(12)),
    "a full trie": macho_images.content(0x80000033, full(120)),
    "edges without letters": macho_images.content(0x80000033, b"\0\xff" + b"\0\x05" * 255 + bytes(3000)),
    "one long edge many times": macho_images.content(0x80000033, b"\0\xff" + b"ab" * 150_000),
    "endless opcodes": macho_images.dyld_info(bind=b"\x11\x40_a\0" + b"\x90" * 500_000),
    "endless numbers": macho_images.dyld_info(bind=b"\x11\x40_a\0\xa0" + b"\x80" * 500_000),
    "names without opcodes": macho_images.dyld_info(bind=b"\x40a\0" * 150_000),
    "many opcodes of names": macho_images.dyld_info(bind=FLOOD, lazy=FLOOD, weak=FLOOD),
    "one endless name": macho_images.dyld_info(bind=b"\x40" + b"a" * 500_000),
    "one imported name many times": macho_images.content(
        0x80000034, struct.pack("<7I", 0, 28, 28, 28 + 400_000, 100_000, 1, 0) + b"\0\2\0\0" * 100_000 + b"a" * 50_000 + b"\0"
    ),
    "ends of one long name": macho_images.content(
        0x80000034, struct.pack("<7I", 0, 28, 28, 28 + 400_000, 100_000, 1, 0)
        + b"".join(struct.pack("<I", n << 9) for n in range(100_000)) + b"a" * 100_000 + b"\0",
    ),
    "many commands": Command(0x8000001C, "I", (12,), b"\0"),
}  # fmt: skip


@pytest.mark.parametrize("how", [*HOSTILE, "many symbols"])
def test_hostile_files_take_little_time_and_memory(how: str) -> None:
    commands = (
        many(30_000)
        if how == "many symbols"
        else [HOSTILE[how]] * (30_000 if how == "many commands" else 1)
    )
    data = image(*LIBRARIES, *commands, wide=False)
    started = time.process_time()
    tracemalloc.start()
    failure(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert time.process_time() - started < 8
    assert peak < 40 * len(data) + 1_000_000


def test_names_that_are_ends_of_one_long_name_are_refused() -> None:
    symtab, dysymtab = symbols(*[Entry("")] * 20_000, ranges=(0, 0, 0, 20_000))
    table = b"".join(struct.pack("<IBBHQ", n + 1, 1, 0, 0, 0) for n in range(20_000))
    error = error_of(
        image(
            dataclasses.replace(symtab, blobs=(table, b"a" * 900_000 + b"\0")), dysymtab
        )
    )
    assert "names overlap" in str(error)


def test_a_full_trie_is_read() -> None:
    assert len(read(image(HOSTILE["a full trie"])).exports) == 120**2


def test_a_trie_that_loops_is_told() -> None:
    error = error_of(image(HOSTILE["a trie that loops"]))
    assert error.field == "exports trie"
    assert "loop" in str(error)


def test_the_reader_refuses_files_of_other_formats() -> None:
    with pytest.raises(FormatError, match="the magic number is missing"):
        read_macho(b"\x7fELF" + bytes(60))
    with pytest.raises(FormatError):
        read_macho(b"\xcf\xfa")

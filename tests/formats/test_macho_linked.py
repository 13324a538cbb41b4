"""The Mach-O reader on files that clang, lld and lipo make here, beside nm and LIEF."""

from __future__ import annotations

import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

import lief
import pytest

from support import needs
from support.lief_comparison import ALIVE, compare_with_lief
from truewheel import formats
from truewheel.model.binary import (
    Format,
    Kind,
    MachOSlice,
    MinimumOS,
    Need,
    NeedKind,
    SearchPath,
)

MODULE = """
extern int PyArg_Parse(void *, const char *, ...), printf(const char *, ...), PyType_Type;
extern int maybe(void) __attribute__((weak_import));
int *table[] = {&PyType_Type, &PyType_Type};
static int local(void) { return 1; }
__attribute__((visibility("hidden"))) int secret(void) { return local(); }
int twice(int x) { printf("%d", x); return (maybe ? maybe() : secret()) + PyArg_Parse(0, "") + PyType_Type; }
int PyInit_t(void) { return twice(2); }
int main(void) { return 0; }
"""
EXPORTS = {"table", "twice", "PyInit_t", "main"}
SYSTEM = "/usr/lib/libSystem.B.dylib"
IMPORTS = {
    "PyArg_Parse": (None, False),
    "PyType_Type": (None, False),
    "printf": (SYSTEM, False),
    "maybe": (SYSTEM, True),
}
STUB = """--- !tapi-tbd
tbd-version: 4
targets: [ {target} ]
install-name: '{name}'
exports:
  - targets: [ {target} ]
    symbols: [ {symbols} ]
...
"""
LC_SYMTAB, LC_DYSYMTAB, LC_CHAINED = 0x2, 0xB, 0x80000034


def llvm(name: str) -> str:
    """Return the newest of LLVM's programs of that name; Debian has several side by side."""
    for candidate in (*(f"{name}-{version}" for version in range(40, 13, -1)), name):
        path = shutil.which(candidate)
        if path is not None:
            return path
    return needs.missing(f"LLVM's {name}")


def run(*command: str | Path) -> str:
    return subprocess.run(
        [str(c) for c in command], check=True, capture_output=True, text=True
    ).stdout


@dataclass(frozen=True)
class System:
    """What clang's triple, stubs and the linker call a system, and its oldest release."""

    triple: str = "macos11"
    stub: str = "macos"
    platform: str = "macos"
    oldest: str = "11.0"


def compiled(place: Path, cpu: str, *flags: str, system: System = System()) -> Path:
    (place / "t.c").write_text(MODULE)
    triple = f"--target={cpu}-apple-{system.triple}"
    run(
        llvm("clang"),
        triple,
        "-O1",
        "-c",
        place / "t.c",
        "-o",
        place / f"{cpu}.o",
        *flags,
    )
    return place / f"{cpu}.o"


def stub(
    place: Path,
    target: str,
    name: str = SYSTEM,
    symbols: str = "_printf, _maybe, dyld_stub_binder",
) -> Path:
    path = place / f"{Path(name).stem}.tbd"
    path.write_text(STUB.format(target=target, name=name, symbols=symbols))
    return path


def linked(
    place: Path,
    cpu: str,
    *flags: str | Path,
    system: System = System(),
    debug: bool = False,
) -> Path:
    """Link a bundle, unless the flags say otherwise."""
    what = [] if {"-dylib", "-execute"} & set(flags) else ["-bundle"]
    inputs = [
        compiled(place, cpu, *["-g"] * debug, system=system),
        stub(place, f"{cpu}-{system.stub}"),
    ]
    out = place / f"{cpu}.so"
    command = [
        llvm("ld64.lld"),
        "-arch",
        cpu,
        "-platform_version",
        system.platform,
        system.oldest,
        "12.3",
        *what,
    ]
    run(*command, *flags, "-undefined", "dynamic_lookup", "-o", out, *inputs)
    return out


def read(path: Path) -> MachOSlice:
    binary = formats.read(path.read_bytes())
    assert binary is not None
    (piece,) = binary.slices
    assert isinstance(piece, MachOSlice)
    return piece


def imported(piece: MachOSlice) -> dict[str, tuple[str | None, bool]]:
    """Return the library of each import, and whether it may be missing; without what linkers add."""
    imports = {symbol.name: (symbol.library, symbol.weak) for symbol in piece.imports}
    imports.pop("dyld_stub_binder", None)
    return imports


def command_at(data: bytes, kind: int) -> int | None:
    """Return the offset of a load command, if it is there."""
    at = 32
    for _ in range(struct.unpack_from("<I", data, 16)[0]):
        here, size = struct.unpack_from("<II", data, at)
        if here == kind:
            return at
        at += size
    return None


def without_symbols(data: bytes) -> bytes:
    """Return the file without its symbol table."""
    changed = bytearray(data)
    symtab, dysymtab = command_at(data, LC_SYMTAB), command_at(data, LC_DYSYMTAB)
    assert symtab
    assert dysymtab
    changed[symtab + 8 : symtab + 24] = bytes(16)
    changed[dysymtab + 8 : dysymtab + 80] = bytes(72)
    return bytes(changed)


@pytest.mark.parametrize("fixups", ["-fixup_chains", "-no_fixup_chains"])
@pytest.mark.parametrize("cpu", ["arm64", "x86_64"])
def test_extension_modules_are_read_as_llvm_and_lief_read_them(
    tmp_path: Path, cpu: str, fixups: str
) -> None:
    path = linked(tmp_path, cpu, "-rpath", "@loader_path/libs", fixups)
    data, piece = path.read_bytes(), read(path)
    if fixups == "-fixup_chains" and command_at(data, LC_CHAINED) is None:
        needs.missing("an lld that knows -fixup_chains (16 or newer)")
    assert piece.cpu == cpu
    assert piece.kind is Kind.BUNDLE
    assert piece.signed == (cpu == "arm64")
    assert piece.needs == (Need(library=SYSTEM),)
    assert piece.search_paths == (
        SearchPath(path="@loader_path/libs", kind="LC_RPATH"),
    )
    assert piece.minimum_os == (
        MinimumOS(platform="macos", version=(11, 0), sdk=(12, 3)),
    )
    assert imported(piece) == IMPORTS
    assert piece.exports == EXPORTS

    undefined = {
        name.removeprefix("_")
        for name in run(llvm("llvm-nm"), "-u", "-j", path).split()
    }
    assert {symbol.name for symbol in piece.imports} == undefined
    theirs = lief.MachO.parse(list(data))
    ALIVE.append(theirs)
    compare_with_lief(piece, theirs.at(0))


@pytest.mark.parametrize("fixups", ["-fixup_chains", "-no_fixup_chains"])
def test_a_stripped_symbol_table_hides_nothing(tmp_path: Path, fixups: str) -> None:
    path = linked(tmp_path, "arm64", fixups)
    whole = read(path)
    path.write_bytes(without_symbols(path.read_bytes()))
    stripped = read(path)
    assert imported(stripped) == imported(whole) == IMPORTS
    assert stripped.exports == whole.exports


def test_libraries_name_themselves_and_what_they_need(tmp_path: Path) -> None:
    weak = stub(tmp_path, "x86_64-macos", "/usr/lib/libweak.dylib", "_unused")
    whole = stub(tmp_path, "x86_64-macos", "/usr/lib/libwhole.dylib", "_other")
    flags = (
        "-dylib",
        "-install_name",
        "@rpath/libt.dylib",
        "-compatibility_version",
        "2.3",
        "-weak_library",
        weak,
    )
    piece = read(linked(tmp_path, "x86_64", *flags, "-reexport_library", whole))
    assert piece.kind is Kind.SHARED
    assert piece.name == "@rpath/libt.dylib"
    assert piece.compatibility_version == (2, 3, 0)
    assert {need.library: need.kind for need in piece.needs} == {
        SYSTEM: NeedKind.NORMAL,
        "/usr/lib/libweak.dylib": NeedKind.WEAK,
        "/usr/lib/libwhole.dylib": NeedKind.REEXPORTED,
    }


def test_programs_name_their_loader(tmp_path: Path) -> None:
    piece = read(linked(tmp_path, "arm64", "-execute"))
    assert piece.kind is Kind.EXECUTABLE
    assert piece.interpreter == "/usr/lib/dyld"


def test_in_a_flat_namespace_symbols_have_no_library(tmp_path: Path) -> None:
    piece = read(linked(tmp_path, "x86_64", "-dylib", "-flat_namespace"))
    assert not piece.two_level
    assert {symbol.library for symbol in piece.imports} == {None}


def test_objects_are_read(tmp_path: Path) -> None:
    plain = read(compiled(tmp_path, "arm64"))
    assert plain.kind is Kind.OBJECT
    assert plain.exports == EXPORTS
    assert imported(plain) == {
        name: (None, weak) for name, (_, weak) in IMPORTS.items()
    }
    assert plain.debug_bytes == 0
    debug = read(compiled(tmp_path, "x86_64", "-g"))
    assert debug.debug_bytes > 100


def test_files_for_debuggers_are_not_taken_for_modules(tmp_path: Path) -> None:
    module = linked(tmp_path, "arm64", debug=True)
    assert read(module).debug_bytes == 0
    run(llvm("dsymutil"), module, "-o", tmp_path / "t.dSYM")
    piece = read(tmp_path / "t.dSYM" / "Contents" / "Resources" / "DWARF" / module.name)
    assert piece.kind is Kind.OTHER
    assert piece.cpu == "arm64"
    assert piece.imports == ()
    assert piece.exports == frozenset()
    assert piece.debug_bytes > 100


@pytest.mark.parametrize(
    ("cpu", "system", "platform", "version"),
    [("x86_64", System("macos10.9", "macos", "macos", "10.9"), "macos", (10, 9)),
     ("arm64", System("ios13.0", "ios", "ios", "13.0"), "ios", (13, 0)),
     ("arm64", System("ios14.0-simulator", "ios-simulator", "ios-simulator", "14.0"), "ios-simulator", (14, 0)),
     ("x86_64", System("ios13.0-simulator", "ios-simulator", "ios-simulator", "13.0"), "ios-simulator", (13, 0)),
     ("arm64", System("ios14.2-macabi", "maccatalyst", "mac-catalyst", "14.2"), "catalyst", (14, 2)),
     ("arm64", System("tvos13.4", "tvos", "tvos", "13.4"), "tvos", (13, 4)),
     ("arm64", System("watchos6.1", "watchos", "watchos", "6.1"), "watchos", (6, 1))],
)  # fmt: skip
def test_every_apple_system_has_its_name(
    tmp_path: Path, cpu: str, system: System, platform: str, version: tuple[int, ...]
) -> None:
    piece = read(linked(tmp_path, cpu, system=system))
    assert piece.minimum_os == (
        MinimumOS(platform=platform, version=version, sdk=(12, 3)),
    )


def test_each_slice_of_a_fat_file_is_read(tmp_path: Path) -> None:
    files = [linked(tmp_path, "x86_64"), linked(tmp_path, "arm64")]
    run(llvm("llvm-lipo"), "-create", *files, "-output", tmp_path / "fat")
    binary = formats.read((tmp_path / "fat").read_bytes())
    assert binary is not None
    assert [piece.cpu for piece in binary.slices] == ["x86_64", "arm64"]
    for piece in binary.slices:
        assert isinstance(piece, MachOSlice)
        assert imported(piece) == IMPORTS


def test_a_universal_static_library_is_recognised(tmp_path: Path) -> None:
    for cpu in ("x86_64", "arm64"):
        run(llvm("llvm-ar"), "rc", tmp_path / f"{cpu}.a", compiled(tmp_path, cpu))
    run(
        llvm("llvm-lipo"),
        "-create",
        tmp_path / "x86_64.a",
        tmp_path / "arm64.a",
        "-output",
        tmp_path / "fat.a",
    )
    binary = formats.read((tmp_path / "fat.a").read_bytes())
    assert binary is not None
    assert binary.format is Format.ARCHIVE
    assert binary.slices == ()

"""The writer of PE files on images of linkers, and on some put together by hand; pefile reads what comes out."""

from __future__ import annotations

import os
import random
import struct
import tracemalloc
from pathlib import Path

import pefile
import pytest

from support import fuzzing, needs, pe_images, programs, toolchains
from support.pe_images import (
    ADDRESS,
    BASE,
    OFFSET,
    Content,
    exporting,
    image,
    importing,
)
from support.pe_patching import (
    check_against,
    libraries,
    mingw,
    patched,
    renamed,
)
from truewheel import formats
from truewheel.formats.pe.on_disk import OnDisk
from truewheel.formats.pe.patch import patch
from truewheel.formats.pe.patched import check_patched
from truewheel.model.binary import PeSlice
from truewheel.model.edits import (
    Kept,
    RemoveNeeded,
    ReplaceNeeded,
    SetName,
    SetSearchPaths,
    overwritten,
)
from truewheel.model.errors import FormatError, RepairError

LONG = "other-" + "0123456789abcdef" * 14 + ".dll"
"""A name of 234 characters."""


def replace(new: str, old: str = "OTHER.dll") -> ReplaceNeeded:
    return ReplaceNeeded(old=old, new=new)


def hand_made(*, wide: bool = True, room: bool = True) -> bytes:
    """Return an image that imports OTHER.dll; without room, its section is full."""
    content = Content()
    directories = importing(content, wide=wide)
    data = bytes(content.data)
    if not room:
        data = data.ljust(0x200, b"\x01")
    machine = 0x8664 if wide else 0x14C
    return image(data, directories, wide=wide, machine=machine)


# --- what stays -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "edits",
    [
        [],
        [replace("OTHER.dll")],
        [replace("new.dll", "absent.dll")],
        [RemoveNeeded(library="absent.dll")],
        [SetName(name="new.dll")],
    ],
)
def test_a_file_that_nothing_changes_is_the_old_one(
    edits: list[ReplaceNeeded | RemoveNeeded | SetName],
) -> None:
    data = hand_made()
    assert patch(data, edits) == (Kept(0, len(data)),)


@pytest.mark.parametrize("room", [True, False])
@pytest.mark.parametrize("wide", [True, False])
def test_the_same_edits_again_change_nothing(wide: bool, room: bool) -> None:
    once = renamed(hand_made(wide=wide, room=room), {"OTHER.dll": LONG})
    assert patch(once, [replace(LONG)]) == (Kept(0, len(once)),)


def test_edits_count_for_the_file_as_it_is() -> None:
    edits = [replace("b.dll"), replace("c.dll", "b.dll")]
    assert libraries(patched(hand_made(), *edits)) == ["b.dll"]


# --- where names go ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("new", ["x.dll", "other-0123abcd.dll", LONG])
def test_a_name_of_any_length_goes_into_the_padding(wide: bool, new: str) -> None:
    old = hand_made(wide=wide)
    out = renamed(old, {"other.DLL": new})
    check_against(old, out, {"other.dll": new})
    assert len(out) == len(old)
    assert len(pefile.PE(data=out).sections) == 1
    # Where the old name was, it still is: something else may use the same string.
    assert b"OTHER.dll\0" in out


@pytest.mark.parametrize("wide", [True, False])
def test_without_padding_there_is_a_new_section(wide: bool) -> None:
    old = hand_made(wide=wide, room=False)
    out = renamed(old, {"OTHER.dll": LONG})
    check_against(old, out, {"other.dll": LONG})
    assert len(out) == len(old) + 0x200
    section = pefile.PE(data=out).sections[1]
    assert section.Name.rstrip(b"\0") == b".needed"
    assert section.Characteristics == 0x40000040
    assert section.VirtualAddress == 0x2000


def test_a_second_change_goes_into_the_section_of_the_first() -> None:
    once = renamed(hand_made(room=False), {"OTHER.dll": "first.dll"})
    twice = renamed(once, {"first.dll": "second.dll"})
    assert libraries(twice) == ["second.dll"]
    assert len(twice) == len(once)
    assert len(pefile.PE(data=twice).sections) == 2


@pytest.mark.parametrize(
    ("flags", "is_fit"),
    [
        (0x40000040, True),  # read, initialised
        (0xC0000040, True),  # written too
        (0x60000040, False),  # executed
        (0x42000040, False),  # discarded
        (0x50000040, False),  # shared by processes
        (0x40000080, False),  # not initialised
        (0x80000040, False),  # not read
    ],
)
def test_only_sections_that_the_loader_can_read_names_from_take_them(
    flags: int, is_fit: bool
) -> None:
    old = bytearray(hand_made())
    at = pefile.PE(data=bytes(old)).sections[0].get_file_offset() + 36
    struct.pack_into("<I", old, at, flags)
    out = renamed(bytes(old), {"OTHER.dll": "new.dll"})
    assert libraries(out) == ["new.dll"]
    assert (len(pefile.PE(data=out).sections) == 1) is is_fit


def test_what_stands_in_the_padding_is_left_alone() -> None:
    old = bytearray(hand_made())
    section = pefile.PE(data=bytes(old)).sections[0]
    at = OFFSET + section.Misc_VirtualSize + 40
    old[at : at + 4] = b"mine"
    out = renamed(bytes(old), {"OTHER.dll": "a-longer-name.dll"})
    assert libraries(out) == ["a-longer-name.dll"]
    assert len(out) == len(old)
    assert out[at : at + 4] == b"mine"


def test_padding_beyond_a_sections_pages_is_not_in_memory() -> None:
    content = Content()
    directories = importing(content, wide=True)
    data = bytes(content.data).ljust(0x1200, b"\0")
    old = image(data, directories, wide=True, machine=0x8664, virtual=0xFF0)
    out = renamed(old, {"OTHER.dll": "new.dll"})
    assert [section.VirtualAddress for section in pefile.PE(data=out).sections] == [
        0x1000,
        0x2000,
    ]
    assert libraries(out) == ["new.dll"]


def test_the_end_of_a_list_in_the_padding_stays() -> None:
    """The zeros that end a list of descriptors need not belong to the section."""
    content = Content()
    table = content.words(content.add(b"\0\0symbol\0"), 0)
    library = content.add(b"OTHER.dll\0")
    directory = content.words(table, 0, 0, library, table)
    size = len(content.data)
    old = image(bytes(content.data[: directory - ADDRESS + 20]), {1: (directory, 20)})
    assert size >= directory - ADDRESS + 20
    # Of a short name, nothing would stand where a descriptor has the address of its name.
    out = renamed(old, {"OTHER.dll": LONG})
    assert libraries(out) == [LONG]
    assert len(out) == len(old)


def test_one_string_serves_two_descriptors() -> None:
    content = Content()
    name = content.add(b"\0\0symbol\0")
    tables = [content.words(name, 0) for _ in range(2)]
    places = [content.add(text) for text in (b"one.dll\0", b"two.dll\0")]
    rows = [
        number
        for table, place in zip(tables, places, strict=True)
        for number in (table, 0, 0, place, table)
    ]
    directory = content.words(*rows, 0, 0, 0, 0, 0)
    old = image(bytes(content.data), {1: (directory, 60)})
    out = renamed(old, {"one.dll": "same.dll", "two.dll": "same.dll"})
    assert libraries(out) == ["same.dll", "same.dll"]
    assert out.count(b"same.dll\0") == 1


# --- delayed imports --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", [0, BASE])
def test_delayed_libraries_are_renamed_by_offset_and_by_address(base: int) -> None:
    content = Content()
    name = content.add(b"\0\0symbol\0") + base
    table = content.words(name, 0) + base
    library = content.add(b"LATE.dll\0") + base
    directory = content.words(0 if base else 1, library, 0, 0, table, 0, 0, 0, *[0] * 8)
    old = image(bytes(content.data), {13: (directory, 64)})
    out = renamed(old, {"late.dll": LONG})
    (need,) = pe_slice(out).needs
    assert need.library == LONG
    (symbol,) = pe_slice(out).imports
    assert symbol.name == "symbol"


SOURCE = """
__declspec(dllimport) int outer(int);
__declspec(dllimport) int late(int);
__declspec(dllexport) int twice(int x) { return outer(x) + late(x); }
int __stdcall entry(void *a, unsigned b, void *c) { return 1; }
void *__stdcall __delayLoadHelper2(void *a, void *b) { return 0; }
"""


def linked(place: Path, machine: str, *flags: str) -> bytes:
    """Link a library with LLD: a plain import, and a delayed one."""
    target = f"{toolchains.LLVM_NAMES[machine]}-pc-windows-msvc"
    objects = [
        toolchains.compiled(place, "a.c", SOURCE, target=target),
        toolchains.import_library(place, "outer.dll", "outer", machine),
        toolchains.import_library(place, "late.dll", "late", machine),
    ]
    command = ["/dll", "/entry:entry", "/out:a.dll", f"/machine:{machine}"]
    command += ["/delayload:late.dll", "/safeseh:no", *flags]
    toolchains.run(place, "lld-link", *command, *objects)
    return (place / "a.dll").read_bytes()


@pytest.mark.parametrize("machine", ["x86", "x64", "arm64"])
@pytest.mark.parametrize("length", [12, 40, 240])
def test_libraries_that_lld_links_are_changed(
    tmp_path: Path, machine: str, length: int
) -> None:
    old = linked(tmp_path, machine, "/debug:dwarf")
    names = {
        "outer.dll": "o" * (length - 4) + ".dll",
        "late.dll": "l" * (length - 4) + ".dll",
    }
    out = renamed(old, names)
    check_against(old, out, names)
    assert patched(out, *[replace(n, o) for o, n in names.items()]) == out


# --- what an edit makes untrue ----------------------------------------------------------------------------------


def test_a_certificate_at_the_end_is_cut_off() -> None:
    plain = hand_made()
    certificate = struct.pack("<IHH", 16, 0x200, 2) + b"\x30" * 8
    signed = bytearray(plain + certificate)
    at = pefile.PE(data=plain).OPTIONAL_HEADER.DATA_DIRECTORY[4].get_file_offset()
    struct.pack_into("<II", signed, at, len(plain), len(certificate))
    assert pe_slice(bytes(signed)).certificate
    names = {"OTHER.dll": "new.dll"}
    assert renamed(bytes(signed), names) == renamed(plain, names)

    # With something behind it, all that was there stays, and no directory leads to it.
    more = renamed(bytes(signed) + b"an archive, for example", names)
    assert more.endswith(certificate + b"an archive, for example")
    assert not pe_slice(more).certificate


def pe_slice(data: bytes) -> PeSlice:
    binary = formats.read(data)
    assert binary is not None
    (piece,) = binary.slices
    assert isinstance(piece, PeSlice)
    return piece


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("size", [0x10, 0x140])
def test_flags_that_keep_the_loader_in_windows_directory_are_cleared(
    wide: bool, size: int
) -> None:
    content = Content()
    directories = importing(content, wide=wide)
    field = 78 if wide else 54
    table = bytearray(struct.pack("<I", size).ljust(0x140, b"\0"))
    struct.pack_into("<H", table, field, 0x800)
    place = content.add(bytes(table))
    directories[10] = (place, size)
    machine = 0x8664 if wide else 0x14C
    old = image(bytes(content.data), directories, wide=wide, machine=machine)
    out = renamed(old, {"OTHER.dll": "new.dll"})
    at = OFFSET + place - ADDRESS + field
    # A configuration that ends before has no flags: what stands there is something else.
    assert struct.unpack_from("<H", out, at) == (0x800 if size == 0x10 else 0,)


def test_the_directory_of_bound_imports_goes_and_the_stamps_stay() -> None:
    content = Content()
    directories = importing(content, wide=True)
    stamp_at = directories[1][0] - ADDRESS + 4
    struct.pack_into("<i", content.data, stamp_at, -1)
    directories[11] = (content.add(b"stamp and names"), 16)
    old = image(bytes(content.data), directories, wide=True, machine=0x8664)
    out = renamed(old, {"OTHER.dll": "new.dll"})
    optional = pefile.PE(data=out, fast_load=True).OPTIONAL_HEADER
    assert optional.DATA_DIRECTORY[11].VirtualAddress == 0
    assert struct.unpack_from("<i", out, OFFSET + stamp_at) == (-1,)


@pytest.mark.parametrize("room", [True, False])
def test_a_checksum_is_computed_anew(room: bool) -> None:
    old = bytearray(hand_made(room=room))
    opened = pefile.PE(data=bytes(old))
    at = opened.OPTIONAL_HEADER.get_field_absolute_offset("CheckSum")
    struct.pack_into("<I", old, at, opened.generate_checksum())
    out = renamed(bytes(old), {"OTHER.dll": LONG})
    check_against(bytes(old), out, {"other.dll": LONG})
    assert pefile.PE(data=out).OPTIONAL_HEADER.CheckSum


# --- other edits ------------------------------------------------------------------------------------------------


def test_the_name_of_the_export_directory_is_changed() -> None:
    content = Content()
    directories = exporting(content, [b"a"], [0x1000])
    old = image(bytes(content.data), directories)
    out = patched(old, SetName(name=LONG))
    assert pe_slice(out).name == LONG
    assert pe_slice(out).exports == {"a"}
    assert pe_slice(out).forwards == ()
    assert patched(out, SetName(name=LONG)) == out


def with_empty_library() -> bytes:
    """Return an image that imports no symbol of the first library, and one of each of the others."""
    content = Content()
    name = content.add(b"\0\0symbol\0")
    empty, full = content.words(0), content.words(name, 0)
    row = []
    for text, table in (
        (b"empty.dll\0", empty),
        (b"b.dll\0", full),
        (b"c.dll\0", full),
    ):
        row += [table, 0, 0, content.add(text), table]
    directory = content.words(*row, 0, 0, 0, 0, 0)
    return image(bytes(content.data), {1: (directory, 80)})


def test_a_library_of_which_nothing_is_imported_can_be_left_out() -> None:
    out = patched(
        with_empty_library(),
        RemoveNeeded(library="EMPTY.dll"),
        replace("n.dll", "b.dll"),
    )
    assert libraries(out) == ["n.dll", "c.dll"]
    with pytest.raises(RepairError) as caught:
        patched(out, RemoveNeeded(library="c.dll"))
    assert (
        str(caught.value)
        == "c.dll cannot be left out: Windows looks symbols up in the library that is named with them"
    )


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        (
            [SetSearchPaths(paths=("$ORIGIN",), kind="RPATH")],
            "a PE file has no list of directories to search",
        ),
        (
            [replace("")],
            "'' cannot be the name of a library in a PE file: it has to be 1 to 255 characters of ASCII",
        ),
        (
            [replace("ő.dll")],
            "'ő.dll' cannot be the name of a library in a PE file: it has to be 1 to 255 characters of ASCII",
        ),
        (
            [replace("a.dll"), replace("b.dll", "other.DLL")],
            "other.DLL cannot be renamed both to a.dll and to b.dll",
        ),
    ],
)
def test_edits_that_cannot_be_made_are_refused(
    edits: list[ReplaceNeeded | SetSearchPaths], message: str
) -> None:
    with pytest.raises(RepairError) as caught:
        patch(hand_made(), edits)
    assert str(caught.value) == message


def test_a_library_that_exports_are_forwarded_to_keeps_its_name() -> None:
    content = Content()
    text = content.add(b"Far.symbol\0")
    start = exporting(content, [b"a"], [0x1000])[0][0]
    # The text is to stand within the directory, which begins at the address of the text.
    struct.pack_into("<I", content.data, target_of(content, start), text)
    directories = {0: (start, 0x400)}
    forwarder = content.add(b"Far.symbol\0")
    struct.pack_into("<I", content.data, target_of(content, start), forwarder)
    old = image(bytes(content.data), directories)
    assert pe_slice(old).forwards == (("a", "Far.symbol"),)
    with pytest.raises(RepairError) as caught:
        patch(old, [replace("far-01234567.dll", "FAR.dll")])
    assert (
        str(caught.value)
        == "far.dll cannot be renamed or left out: the file forwards exports to it"
    )
    assert caught.value.hint == "keep its name (keep-names = ['far.dll'])"


def target_of(content: Content, directory: int) -> int:
    """Return where the first target of an export directory stands."""
    (table,) = struct.unpack_from("<I", content.data, directory - ADDRESS + 28)
    return int(table) - ADDRESS


# --- no room ----------------------------------------------------------------------------------------------------


def test_data_behind_the_sections_is_told_when_there_is_no_padding() -> None:
    old = hand_made(room=False) + b"PK\x03\x04"
    with pytest.raises(RepairError) as caught:
        renamed(old, {"OTHER.dll": "new.dll"})
    assert "a new one cannot be added: data follows the sections" in str(caught.value)
    # With padding, it stays where it is.
    old = hand_made() + b"PK\x03\x04"
    out = renamed(old, {"OTHER.dll": "new.dll"})
    assert out.endswith(b"PK\x03\x04")
    assert len(out) == len(old)


def test_headers_without_room_are_told() -> None:
    old = bytearray(hand_made(room=False))
    end = pefile.PE(data=bytes(old)).sections[0].get_file_offset() + 40
    old[end + 39] = 1
    with pytest.raises(RepairError) as caught:
        renamed(bytes(old), {"OTHER.dll": "new.dll"})
    assert "the headers have none for another section" in str(caught.value)


@pytest.mark.parametrize("alignment", [0, 0x200, 0x1800])
def test_sections_that_are_not_aligned_to_pages_are_told(alignment: int) -> None:
    old = bytearray(hand_made(room=False))
    opened = pefile.PE(data=bytes(old))
    at = opened.OPTIONAL_HEADER.get_field_absolute_offset("SectionAlignment")
    struct.pack_into("<I", old, at, alignment)
    with pytest.raises(RepairError) as caught:
        renamed(bytes(old), {"OTHER.dll": "new.dll"})
    assert "sections are not aligned to pages" in str(caught.value)


def test_an_image_at_the_end_of_memory_is_told() -> None:
    old = bytearray(hand_made(room=False))
    section = pefile.PE(data=bytes(old)).sections[0]
    # All that is needed of it is in a first one, which is a copy of its header.
    at = section.get_file_offset()
    old[at + 40 : at + 80] = old[at : at + 40]
    struct.pack_into("<II", old, at + 48, 0x1000, 0xFFFFF000)
    count_at = pefile.PE(data=bytes(old)).FILE_HEADER.get_file_offset() + 2
    struct.pack_into("<H", old, count_at, 2)
    with pytest.raises(RepairError) as caught:
        renamed(bytes(old), {"OTHER.dll": "new.dll"})
    assert "a new one would lie beyond 4 GiB" in str(caught.value)


# --- mingw, strip, signatures -----------------------------------------------------------------------------------

LIBRARY = "__declspec(dllexport) int inner(int x) { return x + 1; }\n"
USER = "__declspec(dllimport) int inner(int); __declspec(dllexport) int outer(int x) { return inner(x); }\n"


def user_of_a_library(place: Path, *flags: str) -> bytes:
    """Return a DLL of mingw that needs inner.dll."""
    (place / "inner.c").write_text(LIBRARY)
    (place / "outer.c").write_text(USER)
    mingw(place, "inner.dll", "-shared", "inner.c")
    return mingw(place, "outer.dll", "-shared", "outer.c", "inner.dll", *flags)


@pytest.mark.parametrize("flags", [(), ("-s",), ("-g",)])
@pytest.mark.parametrize("count", [1, 12])
def test_files_of_mingw_keep_their_symbols(
    tmp_path: Path, flags: tuple[str, ...], count: int
) -> None:
    """Symbols of COFF lie behind the sections; a new section comes behind them."""
    old = user_of_a_library(tmp_path, *flags)
    names = {"inner.dll": "inner-" + "x" * (20 * count - 10) + ".dll"}
    names |= {"kernel32.dll": "k" * (20 * count) + ".dll"}
    out = renamed(old, names)
    check_against(old, out, names)
    (tmp_path / "new.dll").write_bytes(out)
    nm = needs.program("x86_64-w64-mingw32-nm")
    here = {"cwd": tmp_path, "environ": os.environ}
    assert programs.run(nm, "new.dll", **here) == programs.run(
        nm, "outer.dll", **here
    ).replace("outer.dll", "new.dll")  # type: ignore[arg-type]


def without_padding(data: bytes) -> bytes:
    """Return an image whose sections say that they are full."""
    full = bytearray(data)
    for section in pefile.PE(data=data).sections:
        if section.SizeOfRawData:
            at = section.get_file_offset() + 8
            struct.pack_into(
                "<I", full, at, max(section.SizeOfRawData, section.Misc_VirtualSize)
            )
    return bytes(full)


@pytest.mark.parametrize("flags", [(), ("-s",), ("-g",)])
@pytest.mark.parametrize("has_padding", [True, False])
def test_strip_afterwards_leaves_the_names(
    tmp_path: Path, flags: tuple[str, ...], has_padding: bool
) -> None:
    old = user_of_a_library(tmp_path, *flags)
    if not has_padding:
        old = without_padding(old)
    out = renamed(old, {"inner.dll": LONG})
    more = len(pefile.PE(data=out).sections) - len(pefile.PE(data=old).sections)
    assert (more == 0) is has_padding
    (tmp_path / "new.dll").write_bytes(out)
    strip = needs.program("x86_64-w64-mingw32-strip")
    programs.run(strip, "new.dll", cwd=tmp_path, environ=os.environ)
    stripped = (tmp_path / "new.dll").read_bytes()
    assert LONG in libraries(stripped)
    assert len(stripped) <= len(out)
    # And the other way round.
    (tmp_path / "old.dll").write_bytes(old)
    programs.run(strip, "old.dll", cwd=tmp_path, environ=os.environ)
    stripped = (tmp_path / "old.dll").read_bytes()
    names = {"inner.dll": LONG}
    check_against(stripped, renamed(stripped, names), names)


def test_osslsigncode_finds_the_signature_gone_after_an_edit(tmp_path: Path) -> None:
    osslsigncode, openssl = needs.program("osslsigncode"), needs.program("openssl")
    user_of_a_library(tmp_path)
    here = {"cwd": tmp_path, "environ": os.environ}
    key = ["-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem"]
    programs.run(
        openssl, "req", "-x509", *key, "-subj", "/CN=test", "-days", "9", **here
    )  # type: ignore[arg-type]
    sign = ["sign", "-certs", "cert.pem", "-key", "key.pem", "-in", "outer.dll"]
    programs.run(osslsigncode, *sign, "-out", "signed.dll", **here)  # type: ignore[arg-type]
    signed = (tmp_path / "signed.dll").read_bytes()
    assert pe_slice(signed).certificate
    assert patch(signed, [replace("x.dll", "absent.dll")]) == (Kept(0, len(signed)),)
    for data in (signed, without_padding(signed)):
        out = renamed(data, {"inner.dll": LONG})
        check_against(data, out, {"inner.dll": LONG})
        (tmp_path / "new.dll").write_bytes(out)
        command = [osslsigncode, "verify", "-in", "new.dll"]
        assert "No signature found" in programs.run(*command, **here, status=1)  # type: ignore[arg-type]


# --- what is checked at the end ---------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["another name", "no header", "too large"])
def test_a_result_that_is_not_what_was_wanted_is_never_handed_out(fault: str) -> None:
    old = hand_made()
    expected = (("OTHER.dll", False),)
    changes = []
    if fault == "another name":
        expected = (("ANOTHER.dll", False),)
    elif fault == "no header":
        changes = [(60, b"\xff")]
    else:
        size_at = pefile.PE(data=old).sections[0].get_file_offset() + 8
        changes = [(size_at, b"\0\0\0\x7f")]
    check_patched(OnDisk(old), (Kept(0, len(old)),), (("OTHER.dll", False),))
    with pytest.raises(RepairError) as caught:
        check_patched(OnDisk(old), overwritten(len(old), changes), expected)
    assert str(caught.value) == "it cannot be changed: the new file would not be sound"


# --- large files, and files that lie ----------------------------------------------------------------------------


class Counted:
    """A large file of which only the beginning is there; it counts what is taken."""

    def __init__(self, front: bytes, size: int) -> None:
        self.front = front
        self.size = size
        self.taken = 0

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, part: slice, /) -> bytes:
        start, stop, _ = part.indices(self.size)
        self.taken += stop - start
        return self.front[start:stop].ljust(stop - start, b"\0")


@pytest.mark.parametrize("has_checksum", [False, True])
def test_a_large_file_is_never_in_memory(has_checksum: bool) -> None:
    small = bytearray(hand_made())
    at = pefile.PE(data=bytes(small)).OPTIONAL_HEADER
    at = at.get_field_absolute_offset("CheckSum")
    struct.pack_into("<I", small, at, has_checksum)
    large = Counted(bytes(small), 200_000_000)
    tracemalloc.start()
    pieces = patch(large, [replace("new.dll")])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    last = pieces[-1]
    assert isinstance(last, Kept)
    assert last.stop == len(large)
    assert peak < 8_000_000
    assert (large.taken > len(large)) is has_checksum
    if not has_checksum:
        assert large.taken < 3_000_000


@pytest.mark.parametrize("data", [b"", b"MZ", bytes(100), b"\x7fELF" + bytes(100)])
def test_what_is_not_a_pe_file_is_told(data: bytes) -> None:
    with pytest.raises(FormatError):
        patch(data, [replace("new.dll")])


def test_broken_files_are_told_and_nothing_else_happens() -> None:
    """What is written of a file that lies can be read as well as the file itself, and names what it should."""
    chance = random.Random(os.environ.get("TRUEWHEEL_SEED", "pe"))
    seeds = [*pe_images.seeds(), hand_made(room=False), with_empty_library()]
    edits = [
        replace(LONG),
        replace("k.dll", "kernel32.dll"),
        RemoveNeeded(library="empty.dll"),
        SetName(name="n.dll"),
    ]
    changed = 0
    for _ in range(1500):
        data = fuzzing.mutated(chance.choice(seeds), chance)
        with fuzzing.limited(data, "PE"):
            try:
                out = patched(data, *edits)
            except (FormatError, RepairError):
                continue
            changed += out != data
            assert patched(out, *edits) == out
    assert changed > 100

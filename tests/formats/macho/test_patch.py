"""Edits in Mach-O files: what real linkers made, read again by others (LLVM, macholib, LIEF) and by a second parser here."""

from __future__ import annotations

import random
import re
import struct
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import lief
import pytest
from macholib.MachO import MachO

from support import fuzzing, macho_images, macho_modules, published
from support.macho_modules import ARM64, X86_64, signed
from truewheel import formats
from truewheel.formats.macho import read
from truewheel.formats.macho.patch import patch
from truewheel.formats.macho.sign import Identity, Program, signature
from truewheel.model.binary import MachOSlice
from truewheel.model.edits import (
    CHUNK,
    Edit,
    Kept,
    RemoveNeeded,
    ReplaceNeeded,
    SetName,
    SetSearchPaths,
    chunks_of,
)
from truewheel.model.errors import FormatError, RepairError

BUNDLED = "@loader_path/.dylibs/libdep-0123abcd.dylib"
RENAMED = ReplaceNeeded(old=macho_modules.DEP, new=BUNDLED)
CPUS = pytest.mark.parametrize("cpu", [ARM64, X86_64])


def paths(*directories: str) -> SetSearchPaths:
    return SetSearchPaths(paths=directories, kind="LC_RPATH")


def patched(data: bytes, *edits: Edit) -> bytes:
    new = b"".join(chunks_of(data, patch(data, edits)))
    # Whatever is asked for: a second time there is nothing to do.
    assert patch(new, edits) == (Kept(0, len(new)),)
    return new


def facts(data: bytes) -> tuple[MachOSlice, ...]:
    binary = formats.read(data)
    assert binary is not None
    found = []
    for piece in binary.slices:
        assert isinstance(piece, MachOSlice)
        found.append(piece)
    return tuple(found)


def needs_of(data: bytes) -> list[str]:
    return [need.library for need in facts(data)[0].needs]


def paths_of(data: bytes) -> list[str]:
    return [one.path for one in facts(data)[0].search_paths]


def room_of(data: bytes) -> int:
    """Return how many bytes are free, and where they end."""
    return facts(data)[0].header_padding or 0


# --- thin files -------------------------------------------------------------------------------------------------


@CPUS
def test_needs_search_paths_and_name_are_as_asked(cpu: str) -> None:
    old = macho_modules.module(cpu)
    new = patched(
        old,
        RENAMED,
        paths("@loader_path", "@loader_path/../x"),
        SetName(name="@rpath/m.so"),
    )
    (before,), (after,) = facts(old), facts(new)
    assert BUNDLED in needs_of(new)
    assert needs_of(new) == [
        need.replace(macho_modules.DEP, BUNDLED) for need in needs_of(old)
    ]
    assert paths_of(new) == ["@loader_path", "@loader_path/../x"]
    assert after.name == "@rpath/m.so"
    assert after.exports == before.exports
    # Ordinals: each symbol is still of the library at the same place.
    by_name = {symbol.name: symbol.library for symbol in after.imports}
    assert by_name["dep"] == BUNDLED
    for symbol in before.imports:
        if symbol.library != macho_modules.DEP:
            assert by_name[symbol.name] == symbol.library


@CPUS
def test_others_read_the_same_and_the_loaders_tables_did_not_change(
    cpu: str, tmp_path: Path
) -> None:
    old = macho_modules.module(cpu)
    new = patched(old, RENAMED, paths("@loader_path"))
    told = macho_modules.headers(new)
    assert f"name {BUNDLED} " in told
    assert re.findall(r"^ +path (\S+) \(offset", told, re.MULTILINE) == ["@loader_path"]
    # LLVM names libraries by their files' stems in these tables, and aligns its columns with them.
    tables = macho_modules.tables(new).replace("libdep-0123abcd", "libdep")
    assert tables.split() == macho_modules.tables(old).split()
    path = tmp_path / "m.so"
    path.write_bytes(new)
    (header,) = MachO(str(path)).headers
    assert BUNDLED in [name for *_, name in header.walkRelocatables()]
    parsed = lief.MachO.parse(list(new))
    assert parsed is not None
    assert BUNDLED in [library.name for library in parsed.at(0).libraries]
    assert lief.MachO.check_layout(parsed.at(0))[0]


@CPUS
def test_nothing_but_header_and_signature_changes(cpu: str) -> None:
    old = macho_modules.module(cpu)
    new = patched(old, RENAMED, paths("@loader_path"))
    content = room_of(old) + 32 + struct.unpack_from("<I", old, 20)[0]
    before = signed(old)
    end = before.place[0] if before else len(old)
    assert content > 4000
    assert new[content:end] == old[content:end]
    end_of_commands = 32 + struct.unpack_from("<I", new, 20)[0]
    assert not any(new[end_of_commands:content])


def test_a_new_command_comes_last_and_others_keep_their_order() -> None:
    old = macho_modules.library(ARM64)
    new = patched(old, paths("@loader_path"))
    kinds = [kind for kind, _ in macho_modules.commands_of(old)]
    assert [kind for kind, _ in macho_modules.commands_of(new)] == [*kinds, 0x8000001C]


@CPUS
def test_files_that_say_already_what_is_wanted_stay(cpu: str) -> None:
    old = macho_modules.module(cpu)
    for edits in (
        (),
        (paths(*macho_modules.OLD_PATHS),),
        (
            ReplaceNeeded(old="/usr/lib/absent.dylib", new="x"),
            RemoveNeeded(library="y"),
        ),
        (ReplaceNeeded(old=macho_modules.DEP, new=macho_modules.DEP),),
    ):
        assert patch(old, edits) == (Kept(0, len(old)),)


def test_search_paths_are_never_doubled() -> None:
    """dyld refuses a file with one LC_RPATH twice, and means by it one with a slash at its end as well."""
    new = patched(
        macho_modules.module(ARM64),
        paths("@loader_path", "@loader_path/", "@loader_path/.."),
    )
    assert paths_of(new) == ["@loader_path", "@loader_path/.."]
    assert paths_of(patched(new, paths())) == []


def test_other_formats_have_other_search_paths() -> None:
    with pytest.raises(ValueError, match="have LC_RPATH, and not RPATH"):
        patch(
            macho_modules.module(ARM64), (SetSearchPaths(paths=("x",), kind="RPATH"),)
        )


def test_a_bundle_gets_no_name() -> None:
    """LC_ID_DYLIB in anything but a library makes dyld refuse it."""
    bundle = bytearray(macho_modules.unsigned(macho_modules.library(ARM64)))
    struct.pack_into("<I", bundle, 12, macho_images.BUNDLE)
    new = patched(bytes(bundle), SetName(name="other"))
    assert facts(new)[0].name == macho_modules.DEP


def test_every_kind_of_need_is_renamed_where_it_stands() -> None:
    kinds = (0xC, 0x80000018, 0x8000001F, 0x20, 0x80000023)
    commands = [macho_images.dylib(f"/old/lib{kind:x}.dylib", kind) for kind in kinds]
    # dylib_use_command: weak, by a flag behind the versions
    commands.append(
        macho_images.named(0xC, "/old/libuse.dylib", "IIII", 0x1A741800, 1, 1, 1)
    )
    text = macho_images.segment(macho_images.Section("__TEXT", "__text", 8))
    data = macho_images.image(text, *commands, padding=400)
    edits = [
        ReplaceNeeded(old=name, new=name.replace("/old", "@loader_path/.dylibs"))
        for name in needs_of(data)
    ]
    new = patched(data, *edits)
    assert needs_of(new) == [edit.new for edit in edits]
    assert [need.kind for need in facts(new)[0].needs] == [
        need.kind for need in facts(data)[0].needs
    ]


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("little", [True, False])
def test_both_widths_and_byte_orders(wide: bool, little: bool) -> None:
    cpu = macho_images.I386 if little else macho_images.PPC
    data = macho_images.image(
        macho_images.segment(macho_images.Section("__TEXT", "__text", 8), wide=wide),
        macho_images.dylib("libold.dylib"),
        macho_images.rpath("/build"),
        wide=wide, little=little, cpu=cpu, padding=200,
    )  # fmt: skip
    new = patched(
        data,
        ReplaceNeeded(old="libold.dylib", new="@loader_path/libnew.dylib"),
        paths("a", "bcd", "efghijklm"),
    )
    assert needs_of(new) == ["@loader_path/libnew.dylib"]
    assert paths_of(new) == ["a", "bcd", "efghijklm"]
    assert len(new) == len(data)


# --- room -------------------------------------------------------------------------------------------------------


def test_too_little_room_is_told_in_bytes_with_the_linkers_option() -> None:
    old = macho_modules.module(ARM64)
    free = room_of(old)
    longer = ReplaceNeeded(
        old=macho_modules.DEP, new="x" * (len(macho_modules.DEP) + free + 8)
    )
    with pytest.raises(RepairError) as caught:
        patch(old, (longer,))
    assert (
        str(caught.value)
        == "the arm64 slice has no room for what its header has to say"
    )
    needed = int(re.findall(r"\d+", caught.value.context[0])[0])
    assert free < needed <= free + 16
    assert caught.value.context == (
        f"{needed} bytes more are needed for load commands, and {free} are free",
    )
    assert caught.value.hint is not None
    assert "-headerpad_max_install_names" in caught.value.hint


def test_the_last_byte_of_the_room_can_be_used() -> None:
    old = macho_modules.module(ARM64)
    free = room_of(old) // 8 * 8
    head = 24 + len(macho_modules.DEP) + 1
    whole = -(-head // 8) * 8 + free
    new = patched(old, ReplaceNeeded(old=macho_modules.DEP, new="x" * (whole - 25)))
    assert room_of(new) < 8
    with pytest.raises(RepairError):
        patch(old, (ReplaceNeeded(old=macho_modules.DEP, new="x" * (whole - 24)),))


def test_search_paths_that_go_make_room_for_names() -> None:
    old = macho_modules.module(ARM64)
    longer = ReplaceNeeded(
        old=macho_modules.DEP, new="x" * (len(macho_modules.DEP) + room_of(old) + 8)
    )
    assert longer.new in needs_of(patched(old, longer, paths()))


# --- what cannot be done ----------------------------------------------------------------------------------------


def test_a_need_is_not_taken_out_for_ordinals_would_shift() -> None:
    with pytest.raises(
        RepairError, match=r"the need of @rpath/libdep\.dylib cannot be taken out"
    ):
        patch(macho_modules.module(X86_64), (RemoveNeeded(library=macho_modules.DEP),))


def test_two_needs_do_not_become_one() -> None:
    old = macho_modules.module(X86_64)
    other = next(name for name in needs_of(old) if name != macho_modules.DEP)
    edits = (RENAMED, ReplaceNeeded(old=other, new=BUNDLED))
    with pytest.raises(RepairError, match=f"cannot both become {BUNDLED}"):
        patch(old, edits)


def test_a_signature_that_is_not_the_end_is_refused() -> None:
    old = macho_modules.module(ARM64) + b"more"
    with pytest.raises(RepairError, match="its signature has to be its end"):
        patch(old, (RENAMED,))


# --- signatures -------------------------------------------------------------------------------------------------


def test_arm64_is_signed_ad_hoc_as_codesign_does() -> None:
    old = macho_modules.module(ARM64)
    new = patched(old, RENAMED)
    made, before = signed(new), signed(old)
    assert made is not None
    assert before is not None
    assert made.are_pages_right
    assert made.are_blobs_right
    assert (made.version, made.flags, made.hash_type, made.page_size) == (
        0x20400,
        2,
        2,
        4096,
    )
    assert made.identifier == before.identifier
    _, _, text_at, text_size = macho_modules.segment(new, "__TEXT")
    assert made.text == (text_at, text_size, 0)
    assert made.blobs[2] == bytes.fromhex("fade0c010000000c00000000")
    assert made.blobs[0x10000] == bytes.fromhex("fade0b0100000008")
    assert set(made.blobs) == {0, 2, 0x10000}
    start, size = made.place
    assert made.limit == start
    assert start % 16 == 0
    assert start + size == len(new)
    _, memory, offset, length = macho_modules.segment(new, "__LINKEDIT")
    assert offset + length == len(new)
    assert memory % 0x4000 == 0
    assert 0 <= memory - length < 0x4000


def test_x86_64_stays_unsigned() -> None:
    assert signed(macho_modules.module(X86_64)) is None
    assert signed(patched(macho_modules.module(X86_64), RENAMED)) is None


def test_arm64_without_a_signature_gets_one() -> None:
    old = macho_modules.unsigned(macho_modules.library(ARM64))
    assert signed(old) is None
    made = signed(patched(old))
    assert made is not None
    assert made.are_pages_right
    assert made.identifier == "libdep.dylib"
    # The same that the file gets which had one.
    assert (
        made.place
        == signed(
            patched(macho_modules.library(ARM64), SetName(name="@rpath/libdip.dylib"))
        ).place
    )  # type: ignore[union-attr]


def test_a_signature_that_is_broken_is_made_anew_and_a_good_one_kept() -> None:
    old = macho_modules.library(ARM64)
    assert patch(old, ()) == (Kept(0, len(old)),)
    broken = bytearray(old)
    at = macho_modules.segment(old, "__TEXT")[3] - 5
    broken[at] ^= 1
    made = signed(patched(bytes(broken)))
    assert made is not None
    assert made.are_pages_right


def test_entitlements_of_an_ad_hoc_signature_are_handed_on() -> None:
    old = macho_modules.library(ARM64)
    start, _ = place_of(old)
    blob = b"\xfa\xde\x71\x71" + (12).to_bytes(4, "big") + b"<a/>"
    identity = Identity(b"me", ((5, blob),))
    own = signature(old, Program(start, 0, 16384, is_main=False), identity)
    new = patched(macho_modules.with_signature(old, own), SetName(name="other"))
    made = signed(new)
    assert made is not None
    assert made.blobs[5] == blob
    assert made.are_blobs_right
    assert made.identifier == "me"


def place_of(data: bytes) -> tuple[int, int]:
    found = signed(data)
    assert found is not None
    return found.place


# --- fat files --------------------------------------------------------------------------------------------------


def slices_of(data: bytes) -> list[bytes]:
    return [data[piece.offset : piece.offset + piece.size] for piece in facts(data)]


def test_each_slice_of_a_fat_file_is_patched_and_keeps_its_alignment() -> None:
    old = macho_modules.lipo(macho_modules.module(X86_64), macho_modules.module(ARM64))
    new = patched(old, RENAMED, paths("@loader_path"))
    rows = [struct.unpack_from(">IIIII", new, 8 + 20 * nth) for nth in range(2)]
    assert [row[4] for row in rows] == [12, 14]
    assert [row[2] % (1 << row[4]) for row in rows] == [0, 0]
    assert rows[-1][2] + rows[-1][3] == len(new)
    # What comes of a slice does not depend on the file around it.
    assert slices_of(new) == [
        patched(macho_modules.module(cpu), RENAMED, paths("@loader_path"))
        for cpu in (X86_64, ARM64)
    ]
    end = rows[0][2] + rows[0][3]
    assert not any(new[end : rows[1][2]])
    assert macho_modules.headers(new).count(BUNDLED) == 2
    parsed = lief.MachO.parse(list(new))
    assert parsed is not None
    assert parsed.size == 2


def test_a_slice_with_nothing_to_change_stays_in_a_fat_file() -> None:
    old = macho_modules.lipo(macho_modules.library(X86_64), macho_modules.module(ARM64))
    new = patched(old, RENAMED)
    assert slices_of(new)[0] == macho_modules.library(X86_64)
    assert BUNDLED in [need.library for need in facts(new)[1].needs]
    assert patch(old, (ReplaceNeeded(old="absent", new="x"),)) == (Kept(0, len(old)),)


def test_tables_of_64_bits_are_written_as_well() -> None:
    arm64, intel = macho_modules.module(ARM64), macho_modules.module(X86_64)
    old = macho_images.fat((macho_images.ARM64, arm64), wide=True)
    assert slices_of(patched(old, RENAMED)) == [patched(arm64, RENAMED)]
    old = macho_images.fat((macho_images.X86_64, intel), wide=True, subtype=3)
    assert slices_of(patched(old, RENAMED)) == [patched(intel, RENAMED)]


def test_slices_behind_one_that_shrinks_move() -> None:
    """codesign leaves 18,000 bytes that a new signature has no use for."""
    arm64 = macho_modules.module(ARM64)
    start, _ = place_of(arm64)
    long = macho_modules.with_signature(arm64, arm64[start:] + bytes(18_000))
    intel = macho_modules.module(X86_64)
    old = macho_modules.lipo(intel, long) + b"trailer"
    new = patched(old, RENAMED)
    assert len(new) < len(old) - 10_000
    assert slices_of(new)[1] == patched(arm64, RENAMED)
    # The other way round in the file, as nobody but a tester has it: the second slice moves.
    table = bytearray(
        macho_images.fat((macho_images.ARM64, long), (macho_images.X86_64, intel))
    )
    struct.pack_into(">I", table, 8 + 20 + 4, 3)
    assert slices_of(patched(bytes(table), RENAMED)) == [
        patched(arm64, RENAMED),
        patched(intel, RENAMED),
    ]


def test_what_is_not_for_the_loader_stays() -> None:
    archive = macho_images.fat(
        (macho_images.X86_64, b"!<arch>\n"), (macho_images.ARM64, b"!<arch>\n")
    )
    assert patch(archive, (RENAMED,)) == (Kept(0, len(archive)),)
    object_file = macho_images.image(
        macho_images.dylib(macho_modules.DEP), kind=macho_images.OBJECT
    )
    assert patch(object_file, (RENAMED,)) == (Kept(0, len(object_file)),)


# --- memory -----------------------------------------------------------------------------------------------------


class Watched:
    """Bytes that note how many are asked for at once."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.largest = 0

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, part: slice, /) -> bytes:
        found = self.data[part]
        self.largest = max(self.largest, len(found))
        return found


def large(size: int) -> bytes:
    """Return a module with that much between its tables and its end: what a linker wrote, and zeros before the signature."""
    bare = macho_modules.unsigned(macho_modules.module(ARM64))
    grown = bytearray(bare + bytes(size))
    where = grown.index(b"__LINKEDIT") + 32
    _, length = struct.unpack_from("<QQ", grown, where)
    struct.pack_into("<Q", grown, where - 8, -(-(length + size) // 16384) * 16384)
    struct.pack_into("<Q", grown, where + 8, length + size)
    return bytes(grown)


def test_memory_does_not_grow_with_the_file() -> None:
    peaks = []
    for size in (1 << 20, 1 << 25):
        data = Watched(large(size))
        patch(data, (RENAMED,))
        tracemalloc.start()
        pieces = patch(data, (RENAMED,))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert data.largest <= CHUNK
        # Its signature has 32 bytes of each 4096.
        new = sum(len(piece) for piece in pieces if isinstance(piece, bytes))
        assert new < 40_000 + size // 100
    assert peaks[1] < 4 * CHUNK + (1 << 25) // 32


# --- everything that is published, and everything that is broken ------------------------------------------------


def mach_o_of(wheel: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            data = archive.read(member)
            if read.recognises(data[:8]):
                yield f"{wheel.name}: {member.filename}", data


def mac_wheels() -> list[Path]:
    found = published.fetched(published.OTHERS)
    return [path for name, path in sorted(found.items()) if "-macosx_" in name]


def test_published_files_are_patched_and_stay_as_they_are_then() -> None:
    wheels = mac_wheels()
    if not wheels:
        pytest.skip("needs published wheels")
    count = 0
    for wheel in wheels:
        for name, old in mach_o_of(wheel):
            assert patch(old, ()) == (Kept(0, len(old)),), name
            edits: list[Edit] = [paths("@loader_path"), SetName(name="@rpath/x")]
            for need in {need.library for piece in facts(old) for need in piece.needs}:
                edits.append(
                    ReplaceNeeded(old=need, new="@rpath/" + need.rpartition("/")[2])
                )
            new = patched(old, *edits)
            for before, after in zip(facts(old), facts(new), strict=True):
                assert after.exports == before.exports, name
                assert len(after.imports) == len(before.imports), name
                assert after.signed == (before.signed or before.cpu == ARM64), name
                part = new[after.offset : after.offset + after.size]
                made = signed(part)
                assert made is None or made.are_pages_right, name
            count += 1
    assert count > len(wheels) // 2


def test_broken_files_are_told_and_what_is_written_can_be_read() -> None:
    chance = random.Random(macho_modules.seed())
    sound = [
        macho_modules.library(ARM64),
        macho_modules.library(X86_64)[:60_000],
        macho_modules.lipo(macho_modules.library(X86_64), macho_modules.library(ARM64)),
        macho_images.whole(),
        macho_images.image(
            macho_images.dylib(macho_modules.DEP),
            wide=False,
            little=False,
            cpu=macho_images.PPC,
            padding=99,
        ),
    ]
    edits = (RENAMED, paths("@loader_path"), SetName(name="x"))
    written = 0
    for _ in range(600):
        data = fuzzing.mutated(chance.choice(sound), chance)
        try:
            new = b"".join(chunks_of(data, patch(data, edits)))
        except (FormatError, RepairError):
            continue
        if new != data:
            assert patch(new, edits) == (Kept(0, len(new)),)
            written += 1
    assert written > 50

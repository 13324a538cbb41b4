"""Changed libraries of Microsoft's own: signed, with checksums, for ARM64 with two views; read by pefile, LIEF and LLVM."""

from __future__ import annotations

import os
from pathlib import Path

import lief
import pefile
import pytest

from support import needs, programs, visual_cpp
from support.lief_comparison import ALIVE
from support.pe_patching import check_against, libraries, patched, renamed
from support.published import Published
from truewheel import formats
from truewheel.formats.pe.patch import patch
from truewheel.model.binary import PeSlice
from truewheel.model.edits import Kept, ReplaceNeeded

pytestmark = pytest.mark.network
WHEELS = [visual_cpp.X64_OLD, visual_cpp.X64, visual_cpp.ARM64]


def read(data: bytes) -> PeSlice:
    binary = formats.read(data)
    assert binary is not None
    (piece,) = binary.slices
    assert isinstance(piece, PeSlice)
    return piece


def new_names(data: bytes, digits: int) -> dict[str, str]:
    """Return a longer name for each library that a file needs."""
    return {
        name: f"{name.removesuffix('.dll')}-{'0' * digits}.dll"
        for name in libraries(data)
    }


@pytest.mark.parametrize("digits", [8, 200])
@pytest.mark.parametrize("wheel", WHEELS, ids=lambda wheel: wheel.filename[13:])
def test_pefile_finds_the_new_names_and_all_else_unchanged(
    wheel: Published, digits: int
) -> None:
    for data in visual_cpp.libraries(wheel).values():
        names = new_names(data, digits)
        new = renamed(data, names)
        check_against(data, new, names)
        ours, before = read(new), read(data)
        assert before.certificate
        assert not ours.certificate
        assert (ours.exports, ours.forwards) == (before.exports, before.forwards)
        assert ours.hybrid == before.hybrid
        again = [ReplaceNeeded(old=old, new=other) for old, other in names.items()]
        assert patched(new, *again) == new


@pytest.mark.parametrize("wheel", WHEELS, ids=lambda wheel: wheel.filename[13:])
def test_a_file_without_the_library_keeps_its_signature(wheel: Published) -> None:
    edits = [ReplaceNeeded(old="absent.dll", new="new.dll")]
    for data in visual_cpp.libraries(wheel).values():
        assert patch(data, edits) == (Kept(0, len(data)),)


def test_both_views_of_an_arm64x_library_see_the_new_names() -> None:
    config = lief.PE.ParserConfig()
    config.parse_arm64x_binary = True
    hybrids = 0
    for data in visual_cpp.libraries(visual_cpp.ARM64).values():
        if read(data).hybrid != "arm64x":
            continue
        hybrids += 1
        names = new_names(data, 8)
        image = lief.PE.parse(list(renamed(data, names)), config)
        ALIVE.append(image)
        views = (image, image.nested_pe_binary)
        for view in views:
            found = [library.name for library in view.imports]
            found += [library.name for library in view.delay_imports]
            assert set(found) == set(names.values())
            assert view.load_configuration.dependent_load_flags == 0
    assert hybrids > 5


def test_llvm_reads_the_new_names(tmp_path: Path) -> None:
    readobj = needs.program("llvm-readobj-16")
    data = visual_cpp.libraries(visual_cpp.X64)["msvcp140_1.dll"]
    (tmp_path / "new.dll").write_bytes(renamed(data, new_names(data, 200)))
    command = [readobj, "--coff-imports", "new.dll"]
    said = programs.run(*command, cwd=tmp_path, environ=os.environ)
    assert said.count("Name: ") >= len(libraries(data))
    for name in new_names(data, 200).values():
        assert f"Name: {name}\n" in said


def test_osslsigncode_agrees_about_signatures(tmp_path: Path) -> None:
    osslsigncode = needs.program("osslsigncode")
    data = visual_cpp.libraries(visual_cpp.X64)["msvcp140_1.dll"]
    (tmp_path / "old.dll").write_bytes(data)
    (tmp_path / "new.dll").write_bytes(renamed(data, new_names(data, 8)))
    command = [osslsigncode, "verify", "-in"]
    for name, verdict in (("old.dll", "Message digest"), ("new.dll", "No signature")):
        said = programs.run(*command, name, cwd=tmp_path, environ=os.environ, status=1)
        assert verdict in said


@pytest.mark.parametrize("wheel", WHEELS, ids=lambda wheel: wheel.filename[13:])
def test_file_versions_are_those_that_pefile_finds(wheel: Published) -> None:
    for data in visual_cpp.libraries(wheel).values():
        image = pefile.PE(data=data)
        (fixed,) = image.VS_FIXEDFILEINFO
        high, low = fixed.FileVersionMS, fixed.FileVersionLS
        version = (high >> 16, high & 0xFFFF, low >> 16, low & 0xFFFF)
        optional = image.OPTIONAL_HEADER
        linker = (optional.MajorLinkerVersion, optional.MinorLinkerVersion)
        assert read(data).file_version == version
        assert read(data).linker_version == linker
        assert version[0] == linker[0] == 14

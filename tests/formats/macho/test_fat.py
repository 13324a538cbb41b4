"""Thin files joined: LLVM's lipo makes the same bytes of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from support import ar_archives, macho_images, macho_modules, toolchains
from support.macho_modules import ARM64, X86_64
from truewheel import formats
from truewheel.formats.macho.fat import From, fuse, fused_bytes, is_fusible
from truewheel.model.binary import Format
from truewheel.model.errors import FormatError, TruewheelError


def test_libraries_are_joined_as_lipo_joins_them() -> None:
    for make in (macho_modules.module, macho_modules.library):
        arm64, intel = make(ARM64), make(X86_64)
        made = fused_bytes((arm64, intel))
        assert made == macho_modules.lipo(arm64, intel)
        # The order does not count.
        assert made == fused_bytes((intel, arm64))
        binary = formats.read(made)
        assert binary is not None
        assert [piece.cpu for piece in binary.slices] == [X86_64, ARM64]


def test_nothing_is_copied_but_named() -> None:
    arm64, intel = macho_modules.module(ARM64), macho_modules.module(X86_64)
    parts = [piece for piece in fuse((arm64, intel)) if isinstance(piece, From)]
    assert parts == [From(1, 0, len(intel)), From(0, 0, len(arm64))]


def objects(place: Path) -> list[bytes]:
    found = []
    (place / "f.c").write_text("int f(void) { return 1; }\n")
    for target in macho_modules.TARGETS.values():
        output = place / f"{target}.o"
        toolchains.run(place, "cc", "-target", target, "-c", "f.c", "-o", output)
        found.append(output.read_bytes())
    return found


def test_objects_and_static_libraries_are_joined_as_well(tmp_path: Path) -> None:
    arm64, intel = objects(tmp_path)
    assert fused_bytes((arm64, intel)) == macho_modules.lipo(arm64, intel)
    archives = []
    for name, data in (("a", arm64), ("b", intel)):
        (tmp_path / "f.o").write_bytes(data)
        command = [
            macho_modules.llvm("ar"),
            "--format=darwin",
            "rcs",
            f"{name}.a",
            "f.o",
        ]
        subprocess.run(command, cwd=tmp_path, check=True)
        archives.append((tmp_path / f"{name}.a").read_bytes())
    made = fused_bytes(archives)
    assert made == macho_modules.lipo(*archives)
    binary = formats.read(made)
    assert binary is not None
    assert binary.format is Format.ARCHIVE


def test_fat_files_give_the_slices_that_the_others_lack() -> None:
    arm64, intel = macho_modules.module(ARM64), macho_modules.module(X86_64)
    fat = fused_bytes((arm64, intel))
    # Slices that are equal are taken once.
    assert fused_bytes((fat, arm64)) == fat
    assert fused_bytes((intel, fat)) == fat
    assert fused_bytes((fat, fat)) == fat
    single = macho_images.fat((macho_images.ARM64, arm64))
    assert len(fused_bytes((single, intel))) <= len(fat)


def test_different_code_for_one_cpu_is_refused() -> None:
    arm64, other = macho_modules.module(ARM64), macho_modules.library(ARM64)
    with pytest.raises(
        TruewheelError, match="both have code for arm64, and it differs"
    ):
        fused_bytes((arm64, other))
    changed = bytearray(arm64)
    changed[-1] ^= 1
    with pytest.raises(
        TruewheelError, match="both have code for arm64, and it differs"
    ):
        fused_bytes((arm64, bytes(changed)))


def test_what_has_no_place_in_a_fat_file_is_refused() -> None:
    ppc = macho_images.image(cpu=macho_images.PPC, wide=False, little=False)
    with pytest.raises(TruewheelError, match="code for ppc cannot be joined"):
        fused_bytes((ppc, macho_modules.module(ARM64)))
    with pytest.raises(TruewheelError, match="for no CPU that could be joined"):
        fused_bytes((ar_archives.rich(), macho_modules.module(ARM64)))
    with pytest.raises(FormatError, match="the magic number is missing"):
        fused_bytes((b"text", macho_modules.module(ARM64)))
    assert not is_fusible(b"text")
    cut = fused_bytes((macho_modules.module(ARM64), macho_modules.module(X86_64)))[:-1]
    with pytest.raises(FormatError, match="a slice lies outside of it"):
        fused_bytes((cut,))

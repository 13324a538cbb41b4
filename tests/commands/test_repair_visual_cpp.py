"""``truewheel repair`` of modules by Visual C++, with Microsoft's own runtime libraries: signed, versioned, for two CPUs."""

from __future__ import annotations

from pathlib import Path

import lief
import pefile
import pytest

from support import visual_cpp
from support.published import Published
from support.repairs import Repair, Repairer, hashed, put, repairer, wheel_of
from support.windows_builds import (
    check_sums,
    msvc_module,
    needs_of,
    verify_authenticode,
)

pytestmark = pytest.mark.network
INIT = {"p/__init__.py": b""}
PYTHONS = {"vcruntime140.dll", "vcruntime140_1.dll"}
"""What every CPython for Windows has beside it."""


@pytest.fixture
def repair(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Repairer:
    return repairer(tmp_path, capsys)


def repaired(
    place: Path,
    repair: Repairer,
    runtime: Published,
    *needs: str,
    tag: str = "cp312-cp312-win_amd64",
    **how: object,
) -> Repair:
    """Repair a wheel of one module with the runtime of a package."""
    where = put(place / "runtime", visual_cpp.libraries(runtime))
    code = msvc_module(*needs, **how)  # type: ignore[arg-type]
    wheel = wheel_of(place, tag, INIT | {"p/_m.pyd": code})
    return repair(wheel, "--search", where)


def wanted(data: bytes) -> list[str]:
    """Return what a file needs beside Python's runtime and Windows' API sets."""
    found = [name for name in needs_of(data) if not name.startswith("api-ms-")]
    return [name for name in found if name.lower() not in PYTHONS]


@pytest.mark.parametrize(
    "tag", ["cp312-cp312-win_amd64", "cp310-abi3-win_amd64", "py3-none-win_amd64"]
)
def test_the_runtime_of_cpp_comes_and_pythons_own_does_not(
    tmp_path: Path, repair: Repairer, tag: str
) -> None:
    """Whatever the wheel's tag: delvewheel looks into no py3-none wheel, and with --analyze-existing brings vcruntime140 too."""
    made = repaired(
        tmp_path,
        repair,
        visual_cpp.X64,
        "MSVCP140.dll",
        "VCRUNTIME140.dll",
        "VCRUNTIME140_1.dll",
        tag=tag,
    )
    assert made.status == 0, made.told
    original = visual_cpp.libraries(visual_cpp.X64)["msvcp140.dll"]
    name = f"msvcp140-{hashed(original)}.dll"
    assert {path for path in made.binaries if path.endswith(".dll")} == {f"p/{name}"}
    assert wanted(made.members["p/_m.pyd"]) == [name]
    # Its name alone is other: bytes and signature are Microsoft's.
    assert made.members[f"p/{name}"] == original
    told = verify_authenticode(original)
    assert "Message digest" in told
    assert "MISMATCH" not in told


def test_a_library_whose_needs_are_renamed_loses_its_signature_and_no_other_does(
    tmp_path: Path, repair: Repairer
) -> None:
    made = repaired(tmp_path, repair, visual_cpp.X64, "msvcp140_1.dll")
    assert made.status == 0, made.told
    originals = visual_cpp.libraries(visual_cpp.X64)
    below = f"msvcp140-{hashed(originals['msvcp140.dll'])}.dll"
    (edited,) = (path for path in made.binaries if "msvcp140_1-" in path)
    assert wanted(made.members[edited]) == [below]
    assert made.members[f"p/{below}"] == originals["msvcp140.dll"]
    check_sums(originals["msvcp140_1.dll"], made.members[edited])
    assert "No signature found" in verify_authenticode(made.members[edited])
    image = pefile.PE(data=made.members[edited])
    assert image.OPTIONAL_HEADER.CheckSum == image.generate_checksum() != 0


def test_a_runtime_of_an_older_generation_is_refused(
    tmp_path: Path, repair: Repairer
) -> None:
    """rapidfuzz and ujson were linked by 14.51, and bring 14.40."""
    made = repaired(
        tmp_path, repair, visual_cpp.X64_OLD, "MSVCP140.dll", linker=(14, 51)
    )
    assert made.status
    assert "msvcp140.dll must not go into a wheel" in made.told
    assert "it is version 14.42, and p/_m.pyd asks for 14.51" in made.told
    assert "take the runtime of the compiler that built the modules" in made.told
    # Within a generation, updates are compatible.
    made = repaired(
        tmp_path / "other", repair, visual_cpp.X64_OLD, "MSVCP140.dll", linker=(14, 44)
    )
    assert made.status == 0, made.told


@pytest.mark.parametrize(
    "name", ["MSVCP140D.dll", "VCRUNTIME140D.dll", "ucrtbased.dll"]
)
def test_what_is_for_debugging_is_refused(
    tmp_path: Path, repair: Repairer, name: str
) -> None:
    # The content does not matter; its licence forbids to pass the real one on.
    content = visual_cpp.libraries(visual_cpp.X64)["msvcp140.dll"]
    where = put(tmp_path / "debug", {name: content})
    wheel = wheel_of(
        tmp_path, "cp312-cp312-win_amd64", INIT | {"p/_m.pyd": msvc_module(name)}
    )
    made = repair(wheel, "--search", where)
    assert made.status
    assert "it is for debugging alone, and may not be passed on" in made.told
    assert "CMAKE_BUILD_TYPE=Release" in made.told


def test_a_wheel_for_arm64_gets_libraries_that_serve_both_views(
    tmp_path: Path, repair: Repairer
) -> None:
    """All of Microsoft's for ARM64 are ARM64X: what emulated code sees in them is renamed as well."""
    made = repaired(
        tmp_path, repair, visual_cpp.ARM64, "msvcp140_1.dll", "VCRUNTIME140.dll", cpu="arm64",
        tag="cp312-cp312-win_arm64",
    )  # fmt: skip
    assert made.status == 0, made.told
    assert made.name == "p-1-cp312-cp312-win_arm64.whl"
    original = visual_cpp.libraries(visual_cpp.ARM64)["msvcp140.dll"]
    below = f"msvcp140-{hashed(original)}.dll"
    assert made.members[f"p/{below}"] == original
    (edited,) = (path for path in made.binaries if "msvcp140_1-" in path)
    config = lief.PE.ParserConfig()
    config.parse_arm64x_binary = True
    image = lief.PE.parse(list(made.members[edited]), config)
    assert isinstance(image, lief.PE.Binary)
    for view in (image, image.nested_pe_binary):
        assert view is not None
        assert below in [entry.name for entry in view.imports]


def test_libraries_for_intel_do_not_serve_arm64(
    tmp_path: Path, repair: Repairer
) -> None:
    made = repaired(
        tmp_path,
        repair,
        visual_cpp.X64,
        "MSVCP140.dll",
        cpu="arm64",
        tag="cp312-cp312-win_arm64",
    )
    assert made.status
    assert "MSVCP140.dll is code for x86_64, not for arm64" in made.told


def test_code_for_emulation_on_arm64_does_not_serve_intel(
    tmp_path: Path, repair: Repairer
) -> None:
    """ARM64EC calls itself AMD64 in its header, and no such machine runs it."""
    hybrid = visual_cpp.libraries(visual_cpp.ARM64)["vcruntime140_1.dll"]
    assert pefile.PE(data=hybrid).FILE_HEADER.Machine == 0x8664
    where = put(tmp_path / "lib", {"other.dll": hybrid})
    files = INIT | {"p/_m.pyd": msvc_module("other.dll")}
    made = repair(wheel_of(tmp_path, "cp312-cp312-win_amd64", files), "--search", where)
    assert made.status
    assert "other.dll is code for arm64ec, not for x86_64" in made.told

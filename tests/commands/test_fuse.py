"""``truewheel fuse``: two wheels for macOS, each for one CPU, become one for both."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from support import macho_modules, published
from support.macho_modules import ARM64, X86_64
from support.small_wheels import METADATA, small_wheel
from truewheel.cli import main
from truewheel.formats.macho.fat import fused_bytes
from truewheel.formats.macho.patch import patch
from truewheel.model.edits import ReplaceNeeded, SetName, SetSearchPaths, chunks_of
from truewheel.model.wheel_name import parse_wheel_name

MODULE = "p/_m.cpython-312-darwin.so"
LIBRARY = "p/.dylibs/libdep.dylib"
HOME = "p-1.dist-info"
PLATFORMS = {ARM64: "macosx_11_0_arm64", X86_64: "macosx_11_0_x86_64"}


def files_for(cpu: str, library: str = "libdep.dylib") -> dict[str, bytes]:
    """Return a module and the library that it needs, as they lie in a wheel that was repaired."""
    need = f"@loader_path/.dylibs/{library}"
    edits = (
        ReplaceNeeded(old=macho_modules.DEP, new=need),
        SetSearchPaths(paths=(), kind="LC_RPATH"),
        SetName(name="_m.so"),
    )
    old = macho_modules.module(cpu)
    module = b"".join(chunks_of(old, patch(old, edits)))
    return {
        "p/__init__.py": b"",
        MODULE: module,
        f"p/.dylibs/{library}": macho_modules.library(cpu),
    }


def wheel_for(
    place: Path,
    cpu: str,
    files: Mapping[str, bytes] | None = None,
    *,
    more: Mapping[str, bytes] | None = None,
    name: str = "",
) -> Path:
    place.mkdir(exist_ok=True)
    return small_wheel(
        place / (name or f"p-1-cp312-cp312-{PLATFORMS[cpu]}.whl"),
        {**(files_for(cpu) if files is None else files), **(more or {})},
    )


def fuse(*arguments: str | Path) -> int:
    return main(["fuse", *map(str, arguments)])


def members(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def only(directory: Path) -> Path:
    (found,) = directory.iterdir()
    return found


def test_binaries_of_one_path_become_one_and_the_name_is_true(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arm64, intel = wheel_for(tmp_path, ARM64), wheel_for(tmp_path, X86_64)
    before = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (arm64, intel)]
    assert fuse(arm64, intel, "-o", tmp_path / "out") == 0
    made = only(tmp_path / "out")
    assert made.name == "p-1-cp312-cp312-macosx_11_0_universal2.whl"
    assert f"{arm64.name} + {intel.name} -> {made}" in capsys.readouterr().out
    content = members(made)
    for path in (MODULE, LIBRARY):
        assert content[path] == fused_bytes(
            (files_for(ARM64)[path], files_for(X86_64)[path])
        )
        assert content[path] == macho_modules.lipo(
            files_for(ARM64)[path], files_for(X86_64)[path]
        )
    assert b"Tag: cp312-cp312-macosx_11_0_universal2\n" in content[f"{HOME}/WHEEL"]
    assert content[f"{HOME}/WHEEL"].count(b"Tag:") == 1
    assert main(["check", str(made)]) == 0
    after = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (arm64, intel)]
    assert after == before


def test_the_order_of_the_two_does_not_count(tmp_path: Path) -> None:
    arm64, intel = wheel_for(tmp_path, ARM64), wheel_for(tmp_path, X86_64)
    # Equal files may be compressed in different ways.
    with zipfile.ZipFile(arm64) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(arm64, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    for first, second, to in ((arm64, intel, "one"), (intel, arm64, "two")):
        assert fuse(first, second, "-o", tmp_path / to) == 0
    one, two = only(tmp_path / "one"), only(tmp_path / "two")
    assert one.name == two.name
    assert one.read_bytes() == two.read_bytes()


def test_libraries_named_by_their_content_stand_beside_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arm64 = wheel_for(tmp_path, ARM64, files_for(ARM64, "libdep-0123abcd.dylib"))
    intel = wheel_for(tmp_path, X86_64, files_for(X86_64, "libdep-89ef4567.dylib"))
    assert fuse(arm64, intel, "-o", tmp_path / "out") == 0
    made = only(tmp_path / "out")
    assert made.name == "p-1-cp312-cp312-macosx_11_0_universal2.whl"
    told = capsys.readouterr().out
    assert f"p/.dylibs/libdep-0123abcd.dylib: only in {arm64.name}" in told
    assert f"p/.dylibs/libdep-89ef4567.dylib: only in {intel.name}" in told
    assert main(["check", str(made)]) == 0


def test_a_library_that_one_cpu_lacks_is_told_by_the_judge(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arm64 = wheel_for(tmp_path, ARM64)
    files = files_for(X86_64)
    del files[LIBRARY]
    intel = wheel_for(tmp_path, X86_64, files)
    assert fuse(arm64, intel, "-o", tmp_path / "out") != 0
    assert LIBRARY in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_wheel_beside_it_has_to_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheels = wheel_for(tmp_path, ARM64), wheel_for(tmp_path, X86_64)
    gone = tmp_path / "gone.whl"
    assert fuse(*wheels, "-o", tmp_path / "out", "--with", gone) == 4
    assert f"{gone}" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    # A directory that holds the two themselves is fine.
    assert fuse(*wheels, "-o", tmp_path / "out", "--with", tmp_path) == 0


def test_every_file_that_stands_in_the_way_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = {"p/_other.cpython-312-darwin.so": macho_modules.module(ARM64)}
    bundle = bytearray(macho_modules.module(ARM64))
    bundle[12] = 8  # MH_BUNDLE
    other["p/_other.cpython-312-darwin.so"] = bytes(bundle)
    arm64 = wheel_for(
        tmp_path, ARM64,
        more={**other, "p/config.py": b"CPU = 'arm64'\n", f"{HOME}/METADATA": METADATA + b"Summary: a\n"},
    )  # fmt: skip
    intel = wheel_for(tmp_path, X86_64, more={"p/config.py": b"CPU = 'x86_64'\n"})
    assert fuse(arm64, intel, "-o", tmp_path / "out") == 2
    told = capsys.readouterr().err
    assert f"{arm64.name} and {intel.name} cannot be fused" in told
    assert "p/config.py: it differs" in told
    assert f"{HOME}/METADATA: it has to be the same in both" in told
    assert (
        f"p/_other.cpython-312-darwin.so: only {arm64.name} has it, without code for x86_64"
        in told
    )
    assert "--prefer-first GLOB" in told
    assert not (tmp_path / "out").exists()


def test_files_that_differ_are_taken_from_the_first_where_one_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arm64 = wheel_for(
        tmp_path, ARM64, more={"p/config.py": b"CPU = 'arm64'\n", "p/only.txt": b"a"}
    )
    intel = wheel_for(tmp_path, X86_64, more={"p/config.py": b"CPU = 'x86_64'\n"})
    assert fuse(intel, arm64, "-o", tmp_path / "out", "--prefer-first", "p/conf*") == 0
    assert members(only(tmp_path / "out"))["p/config.py"] == b"CPU = 'x86_64'\n"
    assert members(only(tmp_path / "out"))["p/only.txt"] == b"a"
    told = capsys.readouterr().out
    assert f"p/config.py: taken from {intel.name}" in told
    assert f"p/only.txt: only in {arm64.name}" in told


def test_the_metadata_is_never_chosen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arm64 = wheel_for(
        tmp_path, ARM64, more={f"{HOME}/METADATA": METADATA + b"Summary: a\n"}
    )
    intel = wheel_for(tmp_path, X86_64)
    assert fuse(arm64, intel, "-o", tmp_path / "out", "--prefer-first", "*") == 2
    assert "METADATA: it has to be the same in both" in capsys.readouterr().err


def test_both_lists_of_what_is_inside_are_kept(tmp_path: Path) -> None:
    arm64 = wheel_for(tmp_path, ARM64, more={f"{HOME}/sboms/a.cdx.json": b'{"a": 1}'})
    intel = wheel_for(tmp_path, X86_64, more={f"{HOME}/sboms/a.cdx.json": b'{"a": 2}'})
    assert fuse(arm64, intel, "-o", tmp_path / "out") == 0
    content = members(only(tmp_path / "out"))
    assert content[f"{HOME}/sboms/macosx_11_0_arm64-a.cdx.json"] == b'{"a": 1}'
    assert content[f"{HOME}/sboms/macosx_11_0_x86_64-a.cdx.json"] == b'{"a": 2}'
    assert f"{HOME}/sboms/a.cdx.json" not in content


def test_two_wheels_for_one_cpu_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = wheel_for(tmp_path, ARM64)
    files = {**files_for(ARM64), MODULE: macho_modules.library(ARM64)}
    other = wheel_for(tmp_path / "b", ARM64, files)
    assert fuse(one, other, "-o", tmp_path / "out") == 2
    assert (
        f"{MODULE}: both have code for arm64, and it differs" in capsys.readouterr().err
    )
    twin = wheel_for(tmp_path / "c", ARM64)
    assert fuse(one, twin, "-o", tmp_path / "out") == 1
    told = capsys.readouterr().err
    assert f"TW311: {MODULE}: is not universal2: it has no code for x86_64" in told
    assert not (tmp_path / "out").exists()
    # A slip on the command line is told as one.
    assert fuse(one, one, "-o", tmp_path / "out") == 2
    assert f"{one.name} is named twice" in capsys.readouterr().err


def test_a_universal_wheel_takes_what_it_has_already(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arm64, intel = wheel_for(tmp_path, ARM64), wheel_for(tmp_path, X86_64)
    assert fuse(arm64, intel, "-o", tmp_path / "out") == 0
    both = only(tmp_path / "out")
    assert fuse(both, arm64, "-o", tmp_path / "again") == 0
    again = only(tmp_path / "again")
    assert again.name == both.name
    assert members(again) == members(both)
    # Nothing is written over what it is made of.
    capsys.readouterr()
    assert fuse(both, arm64, "-o", tmp_path / "out") == 2
    assert (
        f"{both} is one of the wheels that are to be fused" in capsys.readouterr().err
    )


def test_without_binaries_there_is_nothing_to_fuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheels = [
        wheel_for(tmp_path, cpu, {"p/__init__.py": b""}) for cpu in (ARM64, X86_64)
    ]
    assert fuse(*wheels, "-o", tmp_path / "out") == 2
    assert "-none-any, and not universal2" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("p-1-cp313-cp313-macosx_11_0_x86_64.whl", "Python: cp312 and cp313"),
        ("p-1-cp312-abi3-macosx_11_0_x86_64.whl", "ABI: cp312 and abi3"),
        ("p-1-2-cp312-cp312-macosx_11_0_x86_64.whl", "build: none and 2"),
        ("q-1-cp312-cp312-macosx_11_0_x86_64.whl", "project: p and q"),
        ("p-2-cp312-cp312-macosx_11_0_x86_64.whl", "version: 1 and 2"),
        ("p-1-cp312-cp312-linux_x86_64.whl", "is not for macOS"),
    ],
)
def test_wheels_that_do_not_belong_together_are_refused(
    name: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arm64 = wheel_for(tmp_path, ARM64)
    other = wheel_for(tmp_path, X86_64, name=name)
    assert fuse(arm64, other, "-o", tmp_path / "out") == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_is_not_a_wheel_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arm64 = wheel_for(tmp_path, ARM64)
    absent = tmp_path / f"p-1-cp312-cp312-{PLATFORMS[X86_64]}.whl"
    assert fuse(arm64, absent, "-o", tmp_path / "out") == 4
    assert f"{absent} cannot be read" in capsys.readouterr().err
    assert fuse(arm64, tmp_path / "x.zip", "-o", tmp_path / "out") == 4
    assert "x.zip is not the file name of a wheel" in capsys.readouterr().err


def test_a_script_is_executable_if_it_is_so_in_one(tmp_path: Path) -> None:
    wheels = [
        wheel_for(tmp_path, cpu, more={"p/run.sh": b"#!/bin/sh\n"})
        for cpu in (ARM64, X86_64)
    ]
    with zipfile.ZipFile(wheels[1]) as archive:
        content = [(info, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(wheels[1], "w") as archive:
        for info, data in content:
            if info.filename == "p/run.sh":
                info.external_attr = 0o100755 << 16
            archive.writestr(info, data)
    for order, to in ((wheels, "one"), (wheels[::-1], "two")):
        assert fuse(*order, "-o", tmp_path / to) == 0
        with zipfile.ZipFile(only(tmp_path / to)) as archive:
            assert archive.getinfo("p/run.sh").external_attr >> 16 & 0o111
    assert only(tmp_path / "one").read_bytes() == only(tmp_path / "two").read_bytes()


def pairs_of_published_wheels() -> list[tuple[Path, Path]]:
    """Return the wheels for arm64 and for Intel that differ in nothing else in their names."""
    by_rest: dict[tuple[object, ...], dict[str, Path]] = {}
    for name, path in sorted(published.fetched(published.OTHERS).items()):
        parts = parse_wheel_name(name)
        assert parts is not None
        cpu = parts.platforms[0].partition("macosx_")[2].split("_", 2)[2:]
        rest = (parts.name, parts.version, parts.interpreters, parts.abis)
        if cpu in ([ARM64], [X86_64]):
            by_rest.setdefault(rest, {})[cpu[0]] = path
    return [(own[ARM64], own[X86_64]) for own in by_rest.values() if len(own) == 2]


def test_published_wheels_are_fused_to_the_same_bytes_in_either_order(
    tmp_path: Path,
) -> None:
    pairs = pairs_of_published_wheels()
    if not pairs:
        pytest.skip("needs published wheels for both CPUs")
    for nth, (arm64, intel) in enumerate(pairs):
        for order, to in (((arm64, intel), "one"), ((intel, arm64), "two")):
            assert fuse(*order, "-o", tmp_path / f"{nth}-{to}") == 0
        one, two = (only(tmp_path / f"{nth}-{to}") for to in ("one", "two"))
        assert one.name == two.name
        assert one.name.endswith("_universal2.whl")
        assert one.read_bytes() == two.read_bytes()
        assert main(["check", str(one)]) == 0

"""Search paths that a library has from the files for which it is loaded: what is said is what ld.so does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.facts import binary_file, contents
from support.slices import linux, mac
from support.small_wheels import small_wheel
from support.wheel_pairs import compiled
from truewheel.audit.findings import findings_of
from truewheel.audit.linkage import audit_of
from truewheel.audit.verdict import check
from truewheel.model.binary import MachOSlice, SearchPath, Slice
from truewheel.model.contents import File
from truewheel.model.finding import Finding
from truewheel.model.record import replace
from truewheel.system.wheels.reading import read_wheel

NAME = "p-1-py3-none-manylinux_2_39_x86_64.whl"
RPATH, RUNPATH = "--disable-new-dtags", "--enable-new-dtags"


def unreached(*files: File) -> list[Finding]:
    """Return the findings on libraries that the loader does not find."""
    (part,) = audit_of(contents(*files)).platforms
    return [one for one in findings_of(part) if one.code == "TW202"]


@pytest.mark.skipif(sys.platform != "linux", reason="gcc for Linux")
@pytest.mark.parametrize(
    ("tags", "own", "is_found"),
    [
        # a module needs libb, and that needs libc1, both in p/libs
        (RPATH, (), True),
        (RUNPATH, (), False),
        (RPATH, (f"-Wl,-rpath,/nowhere,{RUNPATH}",), False),
        (RPATH, (f"-Wl,-rpath,/nowhere,{RPATH}",), True),
        # an absolute path is none of the wheel, though p/libs/p/libs lies there
        (RUNPATH, (f"-Wl,-rpath,/p/libs,{RUNPATH}",), False),
        (RUNPATH, (f"-Wl,-rpath,$ORIGIN,{RUNPATH}",), True),
    ],
)
def test_the_loader_agrees(
    tags: str, own: tuple[str, ...], *, is_found: bool, tmp_path: Path
) -> None:
    last = compiled(tmp_path, "libc1.so.1", "int c1(void) { return 7; }\n", soname="libc1.so.1")  # fmt: skip
    text = "int c1(void);\nint b1(void) { return c1(); }\n"
    middle = compiled(tmp_path, "libb1.so.1", text, "libc1.so.1", *own, soname="libb1.so.1")  # fmt: skip
    text = "int b1(void);\nint used(void) { return b1(); }\n"
    module = compiled(tmp_path, "user.so", text, "libb1.so.1", f"-Wl,-rpath,$ORIGIN/libs,{tags}")  # fmt: skip
    files = {
        "p/user.so": module,
        "p/libs/libb1.so.1": middle,
        "p/libs/libc1.so.1": last,
    }
    found = check(read_wheel(small_wheel(tmp_path / NAME, files))).findings
    assert [one.where for one in found if one.code == "TW202"] == (
        [] if is_found else ["p/libs/libb1.so.1"]
    )
    site = tmp_path / "site"
    for path, content in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(content)
    loading = f"import ctypes; assert ctypes.CDLL({str(site / 'p/user.so')!r}).used() == 7"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", loading], capture_output=True, text=True, cwd=site, check=False)  # fmt: skip
    assert (done.returncode == 0) is is_found, done.stderr


def rpath(piece: Slice, path: str) -> Slice:
    return replace(piece, search_paths=(SearchPath(path=path, kind="RPATH"),))


def test_every_file_for_which_it_is_loaded_has_to_lead_there() -> None:
    files = (
        binary_file("p/libs/libc1.so", linux(name="libc1.so")),
        binary_file("p/libs/libb1.so", linux("libc1.so")),
        binary_file("p/m.so", rpath(linux("libb1.so"), "$ORIGIN/libs")),
    )
    assert unreached(*files) == []
    other = binary_file("q/n.so", linux("libb1.so", runpath="$ORIGIN/../p/libs"))
    assert [one.where for one in unreached(*files, other)] == ["p/libs/libb1.so"]


def test_a_way_may_come_from_further_above_and_circles_end() -> None:
    circle = (
        binary_file("p/libs/libc1.so", linux("libb1.so", name="libc1.so")),
        binary_file("p/libs/liba1.so", linux("libb1.so")),
        binary_file("p/libs/libb1.so", linux("libc1.so", "liba1.so")),
    )
    assert len(unreached(*circle)) == 4
    above = binary_file("p/m.so", rpath(linux("liba1.so"), "$ORIGIN/libs"))
    assert unreached(*circle, above) == []


def test_dyld_puts_the_paths_of_the_whole_chain_for_rpath() -> None:
    def library(name: str, *needs: str) -> File:
        piece: MachOSlice = mac(*needs, name=f"@rpath/{name}")
        return binary_file(f"p/libs/{name}", piece)

    files = (
        library("libc1.dylib"),
        library("libb1.dylib", "@rpath/libc1.dylib"),
        binary_file("p/m.so", mac("@rpath/libb1.dylib", rpath="@loader_path/libs")),
    )
    assert unreached(*files) == []
    plain = library("libb1.dylib", "libc1.dylib")
    assert len(unreached(files[0], plain, files[2])) == 1


def test_a_search_path_elsewhere_is_shown_as_it_is_written() -> None:
    (finding,) = unreached(
        binary_file("p/m.so", linux("libx.so", runpath="/opt/lib")),
        binary_file("p/opt/lib/libx.so", linux()),
    )
    assert finding.evidence[1] == "searches /opt/lib"

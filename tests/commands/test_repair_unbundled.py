"""``truewheel repair`` of published wheels whose libraries were taken out: it brings them all back, on any machine."""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path

import pytest

from support import macho_modules, needs, programs, published
from support.mac_builds import check_signatures, needs_of
from support.repairs import Repairer, members, put, repairer, wheel_of

pytestmark = pytest.mark.slow


@pytest.fixture
def repair(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Repairer:
    return repairer(tmp_path, capsys)


def without_hash(text: str) -> str:
    return re.sub(r"-[0-9a-f]{8}(?=\.| |$)", "", text)


# --- macOS --------------------------------------------------------------------------------------------------------

PSYCOPG = published.Published(
    requirement="psycopg2-binary==2.9.13",
    filename="psycopg2_binary-2.9.13-cp312-cp312-macosx_11_0_arm64.whl",
    sha256="07b7bd9f410650c34c3532162cc329f112368d78a3fc8668cb1ea9df61bc11bf",
    family="macos",
)
DYLIBS = "psycopg2/.dylibs/"


def test_a_published_wheel_whose_libraries_were_taken_out_gets_them_all_back(
    tmp_path: Path, repair: Repairer
) -> None:
    """Ten libraries that need each other; modules by Apple's linker, signed by codesign. LLVM's tool takes them apart."""
    path = published.have(PSYCOPG) or needs.missing("psycopg2-binary from the index")
    before = members(path)
    libraries = {
        posixpath.basename(name): data
        for name, data in before.items()
        if name.startswith(DYLIBS) and data
    }
    outside = put(tmp_path / "keg", libraries)
    inside = {name: data for name, data in before.items() if DYLIBS not in name}
    (place,) = (name for name in inside if name.endswith(".so"))
    inside[place] = without_bundle(tmp_path, inside[place])
    assert "/opt/pg/libpq.5.dylib" in needs_of(inside[place])
    kept = {
        name: data
        for name, data in inside.items()
        if not re.search(r"\.dist-info/|/$", name)
    }
    made = repair(
        wheel_of(tmp_path, "cp312-cp312-macosx_11_0_arm64", kept), "--search", outside
    )
    assert made.status == 0, made.told
    found = {without_hash(name): data for name, data in made.binaries.items()}
    assert len(found) == len(made.binaries) == len(libraries) + 1
    for name, data in found.items():
        check_signatures(data)
        assert [without_hash(need) for need in needs_of(data)] == needs_of(before[name])
        now = without_hash(macho_modules.tables(data))
        assert now.split() == macho_modules.tables(before[name]).split()
    assert made.path is not None
    again = repair(made.path).path
    assert again is not None
    assert again.read_bytes() == made.path.read_bytes()


def without_bundle(place: Path, data: bytes) -> bytes:
    """Return a module that needs its libraries from a directory of the machine, as before it was published."""
    (place / "m.so").write_bytes(data)
    command = [macho_modules.llvm("install-name-tool"), "m.so"]
    for need in needs_of(data):
        command += ["-change", need, "/opt/pg/" + posixpath.basename(need)]
    programs.run(*command, cwd=place, environ=os.environ)
    return (place / "m.so").read_bytes()

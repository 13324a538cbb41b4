"""``truewheel repair`` of published wheels whose libraries were taken out: it brings them all back, on any machine."""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path

import pytest

from support import macho_modules, needs, programs, published, visual_cpp
from support.mac_builds import check_signatures, needs_of, rpaths_of
from support.pe_patching import libraries as pe_libraries
from support.repairs import Repair, Repairer, hashed, members, put, repairer, wheel_of
from support.windows_builds import check_sums, without_hashes

pytestmark = [pytest.mark.slow, pytest.mark.network]


@pytest.fixture
def repair(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Repairer:
    return repairer(tmp_path, capsys)


def without_hash(text: str) -> str:
    return re.sub(r"-[0-9a-f]{8}(?=\.| |$)", "", text)


def sources(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return what a published wheel holds, without its metadata and entries for directories."""
    return {
        name: data
        for name, data in files.items()
        if ".dist-info/" not in name and not name.endswith("/")
    }


def check_again(made: Repair, repair: Repairer) -> None:
    """A repaired wheel that is repaired again stays byte for byte."""
    assert made.path is not None
    again = repair(made.path).path
    assert again is not None
    assert again.read_bytes() == made.path.read_bytes()


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
    inside = {
        name: data for name, data in sources(before).items() if DYLIBS not in name
    }
    (place,) = (name for name in inside if name.endswith(".so"))
    inside[place] = without_bundle(tmp_path, inside[place])
    assert "/opt/pg/libpq.5.dylib" in needs_of(inside[place])
    made = repair(
        wheel_of(tmp_path, "cp312-cp312-macosx_11_0_arm64", inside), "--search", outside
    )
    assert made.status == 0, made.told
    found = {without_hash(name): data for name, data in made.binaries.items()}
    assert len(found) == len(made.binaries) == len(libraries) + 1
    for name, data in found.items():
        check_signatures(data)
        assert [without_hash(need) for need in needs_of(data)] == needs_of(before[name])
        now = without_hash(macho_modules.tables(data))
        assert now.split() == macho_modules.tables(before[name]).split()
    check_again(made, repair)


def without_bundle(place: Path, data: bytes) -> bytes:
    """Return a module that needs its libraries from a directory of the machine, as before it was published."""
    (place / "m.so").write_bytes(data)
    command = [macho_modules.llvm("install-name-tool"), "m.so"]
    for need in needs_of(data):
        command += ["-change", need, "/opt/pg/" + posixpath.basename(need)]
    programs.run(*command, cwd=place, environ=os.environ)
    return (place / "m.so").read_bytes()


PYZMQ = "pyzmq-27.3.0-cp312-abi3-macosx_10_15_universal2.whl"


def test_a_published_library_loses_the_path_that_delocate_left(
    tmp_path: Path, repair: Repairer
) -> None:
    """In both slices, whose signatures are made anew; all else is handed on as it is."""
    rows = {row.filename: row for row in published.listed(published.OTHERS)}
    path = published.have(rows[PYZMQ]) or needs.missing("pyzmq from the index")
    before = members(path)
    made = repair(path)
    assert made.status == 0, made.told
    (changed,) = (name for name, data in made.binaries.items() if before[name] != data)
    assert changed == "zmq/.dylibs/libsodium.26.dylib"
    assert rpaths_of(before[changed]) == ["/tmp/zmq/lib"] * 2
    assert rpaths_of(made.members[changed]) == []
    check_signatures(made.members[changed])
    check_again(made, repair)


# --- Windows ------------------------------------------------------------------------------------------------------

SHAPELY = published.Published(
    requirement="shapely==2.2.0",
    filename="shapely-2.2.0-cp313-cp313-win_amd64.whl",
    sha256="1eaa2cb64cdedaf65d6bc86f2819c9cd7d6d68f969aa3ebfdc93743ab581f437",
    family="windows",
)
LIBS = "shapely.libs/"
DELVEWHEEL = re.compile(
    rb"# start delvewheel patch.*?# end delvewheel patch", re.DOTALL
)


def test_libraries_by_visual_cpp_come_back_and_microsofts_stays_signed(
    tmp_path: Path, repair: Repairer
) -> None:
    """Two libraries and the runtime that both need. They lie beside the modules: no code has to name them."""
    path = published.have(SHAPELY) or needs.missing("shapely from the index")
    before = sources(members(path))
    libraries, inside = {}, {}
    for name, data in before.items():
        is_image = data.startswith(b"MZ")
        # Microsoft's has no name to be changed, and is to stay signed.
        old = data if "msvcp140" in name or not is_image else without_hashes(data)
        if name.startswith(LIBS) and is_image:
            libraries[re.sub(r"-[0-9a-f]{32}", "", posixpath.basename(name))] = old
        elif not name.startswith(LIBS):
            inside[name] = old
    init = "shapely/__init__.py"
    inside[init], cut = DELVEWHEEL.subn(b"", inside[init])
    assert cut == 1
    outside = put(tmp_path / "lib", libraries)
    wheel = wheel_of(tmp_path, "cp313-cp313-win_amd64", inside)
    made = repair(wheel, "--search", outside)
    assert made.status == 0, made.told
    copies = {
        without_hash(name): data
        for name, data in made.members.items()
        if name not in inside and name.endswith(".dll")
    }
    assert copies.keys() == {f"shapely/{name}" for name in libraries}
    assert copies["shapely/msvcp140.dll"] == libraries["msvcp140.dll"]
    assert made.members[init] == inside[init]
    for name, data in made.members.items():
        if data.startswith(b"MZ"):
            old = inside.get(name) or libraries[posixpath.basename(without_hash(name))]
            if old != data:
                names = [without_hash(need).lower() for need in pe_libraries(data)]
                assert names == [need.lower() for need in pe_libraries(old)]
                check_sums(old, data)
    check_again(made, repair)


UJSON = "ujson-6.1.0-cp312-cp312-win_amd64.whl"


def test_a_published_module_refuses_the_runtime_that_it_was_published_with(
    tmp_path: Path, repair: Repairer
) -> None:
    """ujson was linked by 14.51 and brings 14.40. At the root, the runtime's name has the distribution's in it."""
    rows = {row.filename: row for row in published.listed(published.OTHERS)}
    path = published.have(rows[UJSON]) or needs.missing("ujson from the index")
    before = sources(members(path))
    made_by_delvewheel = "ujson-stubs/__init__.py"
    assert made_by_delvewheel in before
    (runtime,) = (data for name, data in before.items() if "msvcp140-" in name)
    inside = {
        name: without_hashes(data) if name.endswith(".pyd") else data
        for name, data in before.items()
        if "msvcp140-" not in name and name != made_by_delvewheel
    }
    wheel = wheel_of(tmp_path, "cp312-cp312-win_amd64", inside)
    made = repair(wheel, "--search", put(tmp_path / "old", {"msvcp140.dll": runtime}))
    assert made.status
    assert (
        "it is version 14.40, and ujson.cp312-win_amd64.pyd asks for 14.5" in made.told
    )
    newer = visual_cpp.libraries(visual_cpp.X64)["msvcp140.dll"]
    made = repair(wheel, "--search", put(tmp_path / "new", {"msvcp140.dll": newer}))
    assert made.status == 0, made.told
    name = f"msvcp140-p-{hashed(newer)}.dll"
    assert made.members[name] == newer
    assert name in pe_libraries(made.members["ujson.cp312-win_amd64.pyd"])
    assert made_by_delvewheel not in made.members
    check_again(made, repair)

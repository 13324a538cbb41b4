"""rpm's databases: written by rpm itself and by Berkeley DB's own loader, and read beside rpm's own answers."""

from __future__ import annotations

import sqlite3
import struct
import subprocess
from pathlib import Path

import pytest

from support import needs
from support.unpacked_systems import unpack
from truewheel.system.packages import find_package, find_packages

FEDORA = "ID=fedora\nVERSION_ID=40\n"
DATABASE = "usr/lib/sysimage/rpm"
SPEC = """\
Name: {name}
Epoch: 2
Version: 1.2
Release: 3.fc40
Summary: a library
License: {licence}
AutoReqProv: no
%description
Nothing.
%install
mkdir -p %{{buildroot}}/usr/lib64 %{{buildroot}}/usr/share/licenses/{name} %{{buildroot}}/usr/share/doc/{name}
{files}
echo licence > %{{buildroot}}/usr/share/licenses/{name}/COPYING.LIB
echo news > %{{buildroot}}/usr/share/doc/{name}/NEWS
echo licence > %{{buildroot}}/usr/share/doc/{name}/LICENSE.txt
%files
/usr/lib64/*
{marked}
%doc /usr/share/doc/{name}/NEWS
%doc /usr/share/doc/{name}/LICENSE.txt
"""
MARKED = "%license /usr/share/licenses/{name}/COPYING.LIB"
UNMARKED = "/usr/share/licenses/{name}/COPYING.LIB"


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def built(
    place: Path, name: str, *, files: int, licence: str = "Zlib", marked: str = MARKED
) -> Path:
    """Return a package of some libraries."""
    lines = [
        f"echo {name} > %{{buildroot}}/usr/lib64/lib{name}{number}.so.1"
        for number in range(files)
    ]
    spec = place / f"{name}.spec"
    text = SPEC.format(
        name=name,
        licence=licence,
        files="\n".join(lines),
        marked=marked.format(name=name),
    )
    spec.write_text(text)
    run(
        needs.program("rpmbuild"),
        "-bb",
        "--quiet",
        "--define",
        f"_topdir {place}/rpmbuild",
        "--define",
        "_build_id_links none",
        spec,
    )
    return next((place / "rpmbuild").glob(f"RPMS/*/{name}-*.rpm"))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a system with rpm's own database of three packages, the second of which is too large for a page."""
    place = tmp_path_factory.mktemp("rpm")
    packages = [
        built(place, "one", files=1),
        built(place, "many", files=900, licence="GPLv2+ and BSD"),
        built(place, "old", files=2, marked=UNMARKED),
    ]
    system = unpack(place / "root", {"/etc/os-release": FEDORA})
    database = system / DATABASE
    database.mkdir(parents=True)
    options = ["--dbpath", str(database), "--justdb", "--nodeps", "--nosignature"]
    run(needs.program("rpm"), *options, "-i", *packages)
    files = {}
    for path in rpm_table(database):
        files[path] = "content"
    return unpack(system, files)


def rpm_table(database: Path) -> dict[str, str]:
    """Return the packages of all files, as rpm itself has them."""
    form = "[%{FILENAMES}|%{=NAME} %{=EVR} %{=ARCH} %{=LICENSE}\\n]"
    text = run(needs.program("rpm"), "--dbpath", database, "-qa", "--qf", form)
    rows = [line.partition("|") for line in text.splitlines()]
    return {path: facts for path, _, facts in rows if not path.endswith("/rpmdb")}


def headers(root: Path) -> list[bytes]:
    """Return the headers as rpm has written them."""
    connection = sqlite3.connect(root / DATABASE / "rpmdb.sqlite")
    rows = connection.execute("SELECT blob FROM Packages ORDER BY hnum").fetchall()
    connection.close()
    return [bytes(blob) for (blob,) in rows]


def berkeley_database(root: Path, place: Path, *, page_size: int, order: int) -> Path:
    """Return a system with the same headers in a hash table, as Berkeley DB's own program writes it.

    :param order: 1234 for little-endian numbers, 4321 for big-endian ones.
    """
    lines = ["VERSION=3", "format=bytevalue", "type=hash"]
    lines += [f"db_pagesize={page_size}", f"db_lorder={order}", "HEADER=END"]
    # The first row is not a package: it counts them.
    rows = [struct.pack("<I", len(headers(root))), *headers(root)]
    for number, blob in enumerate(rows):
        lines += [f" {struct.pack('<I', number).hex()}", f" {blob.hex()}"]
    lines.append("DATA=END")
    dump = place / "dump"
    dump.write_text("\n".join(lines) + "\n")
    system = unpack(place / "root", {"/etc/os-release": FEDORA})
    database = system / "var/lib/rpm"
    database.mkdir(parents=True)
    run(needs.program("db_load"), "-f", dump, database / "Packages")
    return system


def ndb_database(root: Path, place: Path) -> Path:
    """Return a system with the same headers in the layout that ``rpmpkg.c`` documents, with a free slot before them."""
    blobs = headers(root)
    slots, body = [struct.pack("<4sIII", b"Slot", 0, 0, 0)], b""
    for number, blob in enumerate(blobs, start=7):
        block = (4096 + len(body)) // 16
        body += struct.pack("<4sIII", b"BlbS", number, 1, len(blob)) + blob
        body += b"\0" * (-(len(body) + 12) % 16)
        body += struct.pack("<II4s", 0, len(blob), b"BlbE")
        slots.append(struct.pack("<4sIII", b"Slot", number, block, len(blob) // 16 + 2))
    head = struct.pack("<4sIII", b"RpmP", 0, 1, 1).ljust(32, b"\0") + b"".join(slots)
    while len(head) < 4096:
        head += struct.pack("<4sIII", b"Slot", 0, 0, 0)
    files = {"/etc/os-release": FEDORA, "/var/lib/rpm/Packages.db": head + body}
    return unpack(place / "root", files)


def assert_same_as_rpm(system: Path, root: Path) -> None:
    table = rpm_table(root / DATABASE)
    assert len(table) > 900
    found = find_packages(map(Path, table), system)
    assert len(found) == len(table)
    for path, package in found.items():
        facts = (package.name, package.version, package.architecture, package.licence)
        assert " ".join(facts) == table[str(path)]


def test_rpms_own_database(root: Path) -> None:
    assert_same_as_rpm(root, root)


@pytest.mark.parametrize("order", [1234, 4321])
@pytest.mark.parametrize("page_size", [512, 4096, 65536])
def test_a_hash_table_of_berkeley_db(
    root: Path, tmp_path: Path, page_size: int, order: int
) -> None:
    system = berkeley_database(root, tmp_path, page_size=page_size, order=order)
    assert_same_as_rpm(system, root)


def test_a_database_of_slots(root: Path, tmp_path: Path) -> None:
    assert_same_as_rpm(ndb_database(root, tmp_path), root)


def test_what_a_package_is(root: Path) -> None:
    package = find_package(Path("/usr/lib64/libone0.so.1"), root)
    assert package is not None
    assert package.manager == "rpm"
    assert package.version == "2:1.2-3.fc40"
    assert package.licence_files == (f"{root}/usr/share/licenses/one/COPYING.LIB",)
    assert package.purl == (
        f"pkg:rpm/fedora/one@1.2-3.fc40?arch={package.architecture}&distro=fedora-40&epoch=2"
    )


def test_before_there_were_marks_licences_were_documentation(root: Path) -> None:
    package = find_package(Path("/usr/lib64/libold1.so.1"), root)
    assert package is not None
    assert package.licence_files == (f"{root}/usr/share/doc/old/LICENSE.txt",)


def test_a_file_that_no_package_owns(root: Path) -> None:
    unpack(root, {"/usr/local/lib64/libone0.so.1": "built from source"})
    assert find_package(Path("/usr/local/lib64/libone0.so.1"), root) is None


def test_nothing_is_written_into_the_database(root: Path) -> None:
    database = root / DATABASE
    before = {path.name: path.read_bytes() for path in database.iterdir()}
    assert find_package(Path("/usr/lib64/libone0.so.1"), root) is not None
    assert {path.name: path.read_bytes() for path in database.iterdir()} == before


@pytest.mark.parametrize("name", ["Packages", "Packages.db", "rpmdb.sqlite"])
def test_a_database_that_is_cut_off_anywhere(
    root: Path, tmp_path: Path, name: str
) -> None:
    if name == "Packages":
        system = berkeley_database(root, tmp_path, page_size=4096, order=1234)
    elif name == "Packages.db":
        system = ndb_database(root, tmp_path)
    else:
        whole = (root / DATABASE / name).read_bytes()
        system = unpack(tmp_path / "root", {f"/var/lib/rpm/{name}": whole})
    database = system / "var/lib/rpm" / name
    whole = database.read_bytes()
    path = Path("/usr/lib64/libmany7.so.1")
    assert find_package(path, system) is not None
    answers = set()
    for size in [*range(0, 200, 7), *range(200, len(whole), len(whole) // 60)]:
        database.write_bytes(whole[:size])
        package = find_package(path, system)
        answers.add(package.name if package else None)
    assert None in answers
    assert answers <= {None, "many"}


def test_a_database_with_wrong_bytes_anywhere(root: Path, tmp_path: Path) -> None:
    for place, system in (
        ("Packages", berkeley_database(root, tmp_path, page_size=4096, order=1234)),
        ("Packages.db", ndb_database(root, tmp_path / "ndb")),
    ):
        database = system / "var/lib/rpm" / place
        whole = database.read_bytes()
        for position in range(0, len(whole), len(whole) // 150):
            broken = bytearray(whole)
            broken[position : position + 4] = b"\xff\xff\xff\xff"
            database.write_bytes(bytes(broken))
            package = find_package(Path("/usr/lib64/libone0.so.1"), system)
            assert package is None or package.manager == "rpm"

"""Debian's packages: this machine's beside dpkg's own answer, and databases of systems that lie in a directory."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from support import needs
from support.unpacked_systems import unpack
from truewheel.system.packages import find_package, find_packages

DEBIAN = 'ID=debian\nVERSION_ID="12"\n'
ZLIB = """\
Package: zlib1g
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Version: 1:1.2.13.dfsg-1+b1
Description: compression library
 It has a line.
 .
 And another.
"""
OTHER = """\
Package: other
Status: install ok installed
Architecture: all
Version: 2.0~rc1-1
"""


def system(root: Path, files: dict[str, str | bytes]) -> Path:
    """Return a system with the packages zlib1g and other, of which each test adds the lists of files."""
    base: dict[str, str | bytes] = {
        "/etc/os-release": DEBIAN,
        "/var/lib/dpkg/status": f"{OTHER}\n{ZLIB}",
    }
    return unpack(root, {**base, **files})


def dpkg_owners(paths: list[Path]) -> dict[str, str]:
    """Return the owners that dpkg itself finds, by the names of the time before /usr was merged, too."""
    names = [str(path) for path in paths]
    names += [name.removeprefix("/usr") for name in names]
    command = [needs.program("dpkg"), "-S", *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    owners = {}
    for line in done.stdout.splitlines():
        package, _, path = line.partition(": ")
        if not line.startswith("diversion by"):
            owners[f"/usr{path.removeprefix('/usr')}"] = package.partition(":")[0]
    return owners


def dpkg_facts() -> set[tuple[str, ...]]:
    """Return name, version and architecture of all packages as dpkg itself has them."""
    form = "${Package} ${Version} ${Architecture}\n"
    command = [needs.program("dpkg-query"), "-W", "-f", form]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {tuple(line.split()) for line in done.stdout.splitlines()}


def test_of_this_machines_libraries_dpkg_says_the_same() -> None:
    needs.program("dpkg")
    places = [
        place.resolve()
        for place in sorted(Path("/usr/lib").glob("*-linux-gnu*/lib*.so.*"))
    ]
    assert len(places) > 10
    found = find_packages(places)
    owners = dpkg_owners(places)
    facts = dpkg_facts()
    for place in places:
        package = found.get(place)
        assert (package.name if package else None) == owners.get(str(place)), place
        if package is not None:
            assert (package.name, package.version, package.architecture) in facts


def test_a_library_that_dpkg_lists_below_lib_is_found_in_usr() -> None:
    needs.program("dpkg")
    known = Path("/var/lib/dpkg/info/liblzma5:amd64.list")
    if not known.is_file():
        needs.missing("Debian's package liblzma5")
    package = find_package(Path("/usr/lib/x86_64-linux-gnu/liblzma.so.5"))
    assert package is not None
    assert package.name == "liblzma5"
    assert package.purl.startswith("pkg:deb/debian/liblzma5@")
    copyright_file, *common = package.licence_files
    assert copyright_file == "/usr/share/doc/liblzma5/copyright"
    assert "/usr/share/common-licenses/LGPL-2.1" in common


def test_what_a_package_is(tmp_path: Path) -> None:
    root = system(
        tmp_path,
        {
            "/var/lib/dpkg/info/zlib1g:amd64.list": "/.\n/usr/lib/libz.so.1.2.13\n/usr/lib/libz.so.1\n",
            "/usr/lib/libz.so.1.2.13": "z",
            "/usr/lib/libz.so.1": "-> libz.so.1.2.13",
            "/usr/share/doc/zlib1g": "-> zlib-base",
            "/usr/share/doc/zlib-base/copyright": "As in /usr/share/common-licenses/GPL, or /usr/share/common-licenses/None-1.",
            "/usr/share/common-licenses/GPL": "-> GPL-3",
            "/usr/share/common-licenses/GPL-3": "the GNU licence",
        },
    )
    package = find_package(Path("/usr/lib/libz.so.1"), root)
    assert package is not None
    assert package.manager == "dpkg"
    assert (package.name, package.version) == ("zlib1g", "1:1.2.13.dfsg-1+b1")
    assert package.architecture == "amd64"
    assert package.licence == ""
    assert package.licence_files == (
        f"{root}/usr/share/doc/zlib-base/copyright",
        f"{root}/usr/share/common-licenses/GPL-3",
    )
    assert package.purl == (
        "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1%2Bb1?arch=amd64&distro=debian-12"
    )


def test_merged_directories_and_separate_ones(tmp_path: Path) -> None:
    lists = {
        "/var/lib/dpkg/info/zlib1g:amd64.list": "/lib/libz.so.1\n",
        "/var/lib/dpkg/info/other.list": "/usr/lib/libz.so.1\n",
    }
    merged = system(
        tmp_path / "merged",
        {
            "/var/lib/dpkg/info/zlib1g:amd64.list": "/lib/libz.so.1\n",
            "/usr/lib/libz.so.1": "z",
            "/lib": "-> usr/lib",
        },
    )
    for path in ("/lib/libz.so.1", "/usr/lib/libz.so.1"):
        package = find_package(Path(path), merged)
        assert package is not None
        assert package.name == "zlib1g"
    separate = system(
        tmp_path / "separate",
        {**lists, "/lib/libz.so.1": "z", "/usr/lib/libz.so.1": "o"},
    )
    found = find_packages(
        [Path("/lib/libz.so.1"), Path("/usr/lib/libz.so.1")], separate
    )
    assert [package.name for package in found.values()] == ["zlib1g", "other"]


def test_a_link_of_one_package_to_a_file_of_another_is_the_others(
    tmp_path: Path,
) -> None:
    root = system(
        tmp_path,
        {
            "/var/lib/dpkg/info/zlib1g:amd64.list": "/usr/lib/fast/libz.so.1\n",
            "/var/lib/dpkg/info/other.list": "/usr/lib/libz.so.1\n",
            "/usr/lib/fast/libz.so.1": "z",
            "/etc/alternatives/libz": "-> /usr/lib/fast/libz.so.1",
            "/usr/lib/libz.so.1": "-> /etc/alternatives/libz",
        },
    )
    package = find_package(Path("/usr/lib/libz.so.1"), root)
    assert package is not None
    assert package.name == "zlib1g"


def test_a_link_of_a_package_to_what_was_built_from_source_owns_nothing(
    tmp_path: Path,
) -> None:
    root = system(
        tmp_path,
        {
            "/var/lib/dpkg/info/other.list": "/usr/lib/libz.so.1\n",
            "/opt/mine/libz.so.1": "built from source",
            "/usr/lib/libz.so.1": "-> ../../opt/mine/libz.so.1",
        },
    )
    assert find_package(Path("/usr/lib/libz.so.1"), root) is None


def test_a_directory_that_the_owner_of_the_machine_moved_is_listed_as_it_was(
    tmp_path: Path,
) -> None:
    root = system(
        tmp_path,
        {
            "/var/lib/dpkg/info/other.list": "/opt/other/lib/libo.so.1\n",
            "/data/opt/other/lib/libo.so.1": "o",
            "/opt": "-> /data/opt",
        },
    )
    package = find_package(Path("/opt/other/lib/libo.so.1"), root)
    assert package is not None
    assert package.name == "other"


@pytest.mark.parametrize(
    ("path", "owner"),
    [("/usr/lib/libz.so.1", "other"), ("/usr/lib/libz.so.1.distrib", "zlib1g")],
)
def test_a_diverted_file_belongs_to_whom_it_came_from(
    tmp_path: Path, path: str, owner: str
) -> None:
    root = system(
        tmp_path,
        {
            "/var/lib/dpkg/info/zlib1g:amd64.list": "/usr/lib/libz.so.1\n",
            "/var/lib/dpkg/info/other.list": "/usr/lib/libz.so.1\n",
            "/var/lib/dpkg/diversions": "/usr/lib/libz.so.1\n/usr/lib/libz.so.1.distrib\nother\n",
            "/usr/lib/libz.so.1": "o",
            "/usr/lib/libz.so.1.distrib": "z",
        },
    )
    package = find_package(Path(path), root)
    assert package is not None
    assert package.name == owner


def test_what_took_a_diverted_files_place_by_hand_belongs_to_nobody(
    tmp_path: Path,
) -> None:
    root = system(
        tmp_path,
        {
            "/var/lib/dpkg/info/zlib1g:amd64.list": "/usr/lib/libz.so.1\n",
            "/var/lib/dpkg/diversions": "/usr/lib/libz.so.1\n/usr/lib/libz.so.1.orig\n:\n",
            "/usr/lib/libz.so.1": "mine",
        },
    )
    assert find_package(Path("/usr/lib/libz.so.1"), root) is None


def test_images_without_dpkg_have_a_shorter_database(tmp_path: Path) -> None:
    root = unpack(
        tmp_path,
        {
            "/usr/lib/os-release": DEBIAN,
            "/var/lib/dpkg/status.d/zlib1g": ZLIB,
            "/var/lib/dpkg/status.d/zlib1g.md5sums": "0123456789abcdef0123456789abcdef  usr/lib/libz.so.1\n",
            "/usr/lib/libz.so.1": "z",
        },
    )
    package = find_package(Path("/usr/lib/libz.so.1"), root)
    assert package is not None
    assert package.version == "1:1.2.13.dfsg-1+b1"


def test_without_a_distribution_there_is_no_url(tmp_path: Path) -> None:
    root = unpack(
        tmp_path,
        {
            "/var/lib/dpkg/status": ZLIB,
            "/var/lib/dpkg/info/zlib1g:amd64.list": "/usr/lib/libz.so.1\n",
            "/usr/lib/libz.so.1": "z",
        },
    )
    package = find_package(Path("/usr/lib/libz.so.1"), root)
    assert package is not None
    assert package.purl == ""


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"/var/lib/dpkg/info/zlib1g:amd64.list": "/usr/lib/other.so\n"},
        {"/var/lib/dpkg/info/unknown.list": "/usr/lib/libz.so.1\n"},
        {"/var/lib/dpkg/info/zlib1g:amd64.list": b"\xff\xfe\0/usr/lib/libz.so.1"},
        {"/var/lib/dpkg/info": "a file in the directory's place"},
        {"/var/lib/dpkg/diversions": "/only\n"},
    ],
    ids=["none", "another file", "no stanza", "binary", "no directory", "diversions"],
)
def test_a_file_that_no_package_owns(
    tmp_path: Path, files: dict[str, str | bytes]
) -> None:
    root = system(tmp_path, {**files, "/usr/lib/libz.so.1": "built from source"})
    assert find_package(Path("/usr/lib/libz.so.1"), root) is None


def test_links_in_a_circle_belong_to_nobody(tmp_path: Path) -> None:
    root = system(tmp_path, {"/usr/lib/a": "-> b", "/usr/lib/b": "-> a"})
    assert find_package(Path("/usr/lib/a"), root) is None

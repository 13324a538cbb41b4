"""Alpine's packages, in the format of apk-tools' database."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.unpacked_systems import unpack
from truewheel.system.packages import find_package

INSTALLED = """\
C:Q1abcdefghijklmnopqrstuvwxyz0=
P:zlib
V:1.3.1-r2
A:x86_64
S:54321
I:110592
T:A compression/decompression Library
U:https://zlib.example/
L:Zlib
o:zlib
m:Somebody <somebody@example.org>
t:1725000000
c:0123456789abcdef
D:so:libc.musl-x86_64.so.1
p:so:libz.so.1=1.3.1
F:lib
F:usr
F:usr/lib
R:libz.so.1
a:0:0:777
Z:Q1abcdefghijklmnopqrstuvwxyz1=
R:libz.so.1.3.1
a:0:0:755
Z:Q1abcdefghijklmnopqrstuvwxyz2=

C:Q1abcdefghijklmnopqrstuvwxyz3=
P:libstdc++
V:14.2.0-r4
A:x86_64
L:GPL-2.0-or-later AND LGPL-2.1-or-later
o:gcc
F:
R:top.so
F:usr/lib
R:libstdc++.so.6.0.33
"""
ALPINE = 'ID=alpine\nVERSION_ID="3.21.0"\n'


def system(root: Path, database: str = "/lib/apk/db/installed") -> Path:
    return unpack(
        root,
        {
            "/etc/os-release": ALPINE,
            database: INSTALLED,
            "/usr/lib/libz.so.1.3.1": "z",
            "/usr/lib/libz.so.1": "-> libz.so.1.3.1",
            "/usr/lib/libstdc++.so.6.0.33": "s",
            "/usr/share/licenses/gcc/COPYING": "the GNU licence",
            "/top.so": "t",
        },
    )


@pytest.mark.parametrize(
    "database", ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"]
)
def test_what_a_package_is(tmp_path: Path, database: str) -> None:
    package = find_package(Path("/usr/lib/libz.so.1"), system(tmp_path, database))
    assert package is not None
    assert package.manager == "apk"
    assert (package.name, package.version) == ("zlib", "1.3.1-r2")
    assert (package.architecture, package.licence) == ("x86_64", "Zlib")
    assert package.licence_files == ()
    assert package.purl == (
        "pkg:apk/alpine/zlib@1.3.1-r2?arch=x86_64&distro=alpine-3.21.0"
    )


def test_licences_are_those_of_the_source(tmp_path: Path) -> None:
    root = system(tmp_path)
    package = find_package(Path("/usr/lib/libstdc++.so.6.0.33"), root)
    assert package is not None
    assert package.licence_files == (f"{root}/usr/share/licenses/gcc/COPYING",)
    assert package.purl.startswith("pkg:apk/alpine/libstdc%2B%2B@14.2.0-r4?")


def test_a_file_in_the_root_has_an_owner_too(tmp_path: Path) -> None:
    package = find_package(Path("/top.so"), system(tmp_path))
    assert package is not None
    assert package.name == "libstdc++"


def test_a_file_that_no_package_owns(tmp_path: Path) -> None:
    root = unpack(system(tmp_path), {"/usr/lib/libmine.so": "built from source"})
    assert find_package(Path("/usr/lib/libmine.so"), root) is None

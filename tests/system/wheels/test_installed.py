"""Which distribution of the build environment has a library."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import wheel_pairs
from support.wheel_pairs import LIBRARY
from truewheel.model.neighbours import Neighbour
from truewheel.system.wheels.installed import (
    InstalledDistributions,
    installed_neighbours,
)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A ``site-packages`` with a distribution that has the library, one that requires it, and one beside them."""
    place = tmp_path / "build"
    place.mkdir()
    supplier = wheel_pairs.wheel(
        tmp_path,
        "supplier",
        {
            f"supplier/lib/{LIBRARY}": wheel_pairs.library(place),
            "supplier/lib/libtext.so": b"INPUT(libother.so)\n",
            "supplier/lib/libempty.so": b"",
        },
    )
    bundle = wheel_pairs.wheel(tmp_path, "bundle", {}, "Supplier>=1")
    stranger = wheel_pairs.wheel(tmp_path, "stranger", {})
    return wheel_pairs.unpacked(tmp_path / "site", supplier, bundle, stranger)


def owners(found: tuple[Neighbour, ...]) -> dict[str, list[str]]:
    return {one.distribution: [f.path for f in one.contents.files] for one in found}


def test_the_record_says_who_owns_a_library(site: Path) -> None:
    found = installed_neighbours([site], [LIBRARY, "libother.so"])
    assert owners(found) == {
        "supplier": [f"supplier/lib/{LIBRARY}"],
        "bundle": [],
        "stranger": [],
    }
    (file,) = found[
        [one.distribution for one in found].index("supplier")
    ].contents.files
    assert file.binary is not None
    assert file.binary.slices[0].name == LIBRARY


def test_what_is_not_a_library_is_nobodys(site: Path) -> None:
    """Linker scripts have the names of libraries, and a file may be empty or gone."""
    (site / "supplier" / "lib" / LIBRARY).unlink()
    found = installed_neighbours([site], ["libtext.so", "libempty.so", LIBRARY])
    assert owners(found)["supplier"] == []


def test_only_what_the_project_requires_counts(site: Path) -> None:
    """In an environment that is not isolated, others lie by chance."""

    def names(requires: tuple[str, ...], to_build: tuple[str, ...] = ()) -> list[str]:
        installed = InstalledDistributions([site], requires, to_build)
        return sorted(one.distribution for one in installed.neighbours([LIBRARY]))

    assert names(()) == []
    assert names(("stranger",)) == ["stranger"]
    assert names((), ("bundle >=1 ; python_version > '3'",)) == ["bundle", "supplier"]
    assert names(("Supplier==1.0",)) == ["supplier"]


def test_of_two_installations_the_first_on_the_path_counts(
    site: Path, tmp_path: Path
) -> None:
    """pip has two directories for what a build requires."""
    newer = wheel_pairs.wheel(tmp_path, "supplier", {"supplier/none.txt": b""})
    first = wheel_pairs.unpacked(tmp_path / "first", newer)
    assert owners(installed_neighbours([first, site], [LIBRARY]))["supplier"] == []


def test_a_file_below_the_prefix_is_told_as_such(site: Path) -> None:
    record = site / "supplier-1.0.dist-info" / "RECORD"
    record.write_text(f"../../{LIBRARY},,\n")
    content = (site / "supplier" / "lib" / LIBRARY).read_bytes()
    (site.parent.parent / LIBRARY).write_bytes(content)
    found = owners(installed_neighbours([site], [LIBRARY]))
    assert found["supplier"] == [f"<prefix>/lib/{LIBRARY}"]

"""Where DLLs go: beside modules while that is cheap, else into a folder that packages name."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from truewheel.model.repair_plan import AddDllDirectory
from truewheel.repair.windows_layout import CHEAP, Placement, places_for

SMALL, LARGE = 1000, CHEAP + 1


def placed(
    needy: Mapping[str, set[str]], size: int = SMALL, packages: str = "p p/q ns/r"
) -> Placement:
    return places_for(
        {dll: frozenset(directories) for dll, directories in needy.items()},
        dict.fromkeys(needy, size),
        packages=frozenset(packages.split()),
        distribution="dist",
    )


def test_a_small_library_lies_beside_every_module_that_needs_it() -> None:
    found = placed({"a": {"p", "p/q", "ns", ""}})
    assert found.places == {"a": ("", "ns", "p", "p/q")}
    assert found.dll_directories == ()


def test_a_large_library_needed_in_one_directory_lies_beside_it() -> None:
    found = placed({"a": {"p/q"}, "b": {""}}, LARGE)
    assert found.places == {"a": ("p/q",), "b": ("",)}
    assert found.dll_directories == ()


def test_a_large_library_of_one_package_lies_in_the_folder() -> None:
    found = placed({"a": {"p", "p/q"}, "b": {"p/q"}}, LARGE)
    assert found.places == {"a": ("dist.libs",), "b": ("p/q",)}
    assert found.dll_directories == (
        AddDllDirectory(path="p/__init__.py", directory="../dist.libs"),
    )
    assert not found.shared


def test_each_package_names_the_folder_where_it_begins() -> None:
    """A package within a namespace package runs its own code; data between them does not."""
    found = placed({"a": {"p/q", "p/data", "ns/r/s"}}, LARGE)
    assert found.places == {"a": ("dist.libs",)}
    assert found.dll_directories == (
        AddDllDirectory(path="ns/r/__init__.py", directory="../../dist.libs"),
        AddDllDirectory(path="p/__init__.py", directory="../dist.libs"),
    )


def test_where_no_package_runs_first_copies_lie_beside() -> None:
    found = placed({"a": {"", "ns", "p", "p/q"}}, LARGE)
    assert found.places == {"a": ("", "dist.libs", "ns")}
    assert placed({"a": {"", "p"}}, LARGE).places == {"a": ("", "p")}
    stubs = placed({"a": {"p", "x-data"}}, LARGE, "p x-data")
    assert stubs.places == {"a": ("p", "x-data")}


def test_copies_count_together() -> None:
    half = CHEAP // 2 + 1
    assert placed({"a": {"p", "p/q"}}, half).dll_directories == ()
    both = placed({"a": {"p", "p/q"}, "b": {"p", "p/q"}}, half)
    assert both.places == {"a": ("dist.libs",), "b": ("dist.libs",)}


def test_names_of_files_in_shared_directories_are_told() -> None:
    """The root and namespace packages hold files of other distributions as well."""
    found = placed({"a": {"p"}, "b": {""}, "c": {"ns"}, "d": {"ns/r", "p/q"}})
    assert found.shared == {"b", "c"}


DIRECTORIES = ("", "ns", "ns/r", "p", "p/q", "p/q/data", "x-y")


@given(
    st.dictionaries(
        st.sampled_from("abc"), st.sets(st.sampled_from(DIRECTORIES), min_size=1)
    ),
    st.dictionaries(
        st.sampled_from("abc"), st.integers(0, 2 * CHEAP), min_size=3, max_size=3
    ),
    st.sets(st.sampled_from(DIRECTORIES[1:])),
)
def test_every_module_finds_its_libraries(
    needy: dict[str, set[str]], sizes: dict[str, int], packages: set[str]
) -> None:
    """Beside it, or in a directory that a package above it names; and only with __init__.py files that are there."""
    found = places_for(
        {dll: frozenset(directories) for dll, directories in needy.items()},
        sizes,
        packages=frozenset(packages),
        distribution="dist",
    )
    named = {}
    for row in found.dll_directories:
        package, file = posixpath.split(row.path)
        assert file == "__init__.py"
        assert package in packages
        named[package] = posixpath.normpath(posixpath.join(package, row.directory))
    for dll, directories in needy.items():
        for directory in directories:
            searched = {directory}
            searched |= {
                target
                for package, target in named.items()
                if f"{directory}/".startswith(f"{package}/")
            }
            assert searched & set(found.places[dll])

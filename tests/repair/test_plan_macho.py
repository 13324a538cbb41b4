"""The plan of a repair for macOS: where libraries go, and what files say of themselves and of what they need."""

from __future__ import annotations

import pytest

from support.facts import INIT, contents
from support.shelves import Shelf
from support.slices import mac
from truewheel.audit.linkage import audit_of
from truewheel.model.binary import SearchPath, Slice
from truewheel.model.contents import Contents
from truewheel.model.edits import (
    Edit,
    ReplaceNeeded,
    SetName,
    SetSearchPaths,
)
from truewheel.model.errors import RepairError
from truewheel.model.record import replace
from truewheel.model.repair_plan import RepairOptions, RepairPlan
from truewheel.model.surroundings import Surroundings
from truewheel.repair.plan import plan_repair

OPTIONS = RepairOptions(distribution="p", scripts="p-1.data/scripts/")


def plan(
    inside: Contents,
    shelf: Shelf,
    options: RepairOptions = OPTIONS,
    exclude: tuple[str, ...] = (),
) -> RepairPlan:
    audit = audit_of(inside, exclude, shelf, options.include)
    return plan_repair(audit, options, shelf.identities())


def copies(made: RepairPlan) -> dict[str, str]:
    return {copy.source: copy.path for copy in made.copies}


def edits(made: RepairPlan) -> dict[str, tuple[Edit, ...]]:
    return {row.path: row.edits for row in made.edits}


def hashed(shelf: Shelf, path: str) -> str:
    """Return the digits that the content of a file gives to its name."""
    return shelf.identities()[path].digest[:8]


def test_a_mac_file_names_the_copy_by_a_path_from_itself() -> None:
    shelf = Shelf(
        {
            "/opt/lib/libx.1.dylib": mac(
                "@rpath/liby.dylib", rpath="/opt/lib", name="/opt/lib/libx.1.dylib"
            ),
            "/opt/lib/liby.dylib": mac("/usr/lib/libSystem.B.dylib"),
        }
    )
    made = plan(
        contents(INIT, p__sub__m=mac("/opt/lib/libx.1.dylib", rpath="/opt/lib")),
        shelf,
        replace(OPTIONS, packages=frozenset({"p"})),
    )
    paths = copies(made)
    outer, inner = paths["/opt/lib/libx.1.dylib"], paths["/opt/lib/liby.dylib"]
    assert inner == f"p/.dylibs/liby-{hashed(shelf, '/opt/lib/liby.dylib')}.dylib"
    assert edits(made) == {
        "p/sub/m.so": (
            ReplaceNeeded(
                old="/opt/lib/libx.1.dylib",
                new=f"@loader_path/../.dylibs/{outer.removeprefix('p/.dylibs/')}",
            ),
            SetSearchPaths(paths=(), kind="LC_RPATH"),
        ),
        outer: (
            ReplaceNeeded(
                old="@rpath/liby.dylib",
                new=f"@loader_path/{inner.removeprefix('p/.dylibs/')}",
            ),
            SetName(name=f"@rpath/{outer.removeprefix('p/.dylibs/')}"),
            SetSearchPaths(paths=(), kind="LC_RPATH"),
        ),
        inner: (SetName(name=f"@rpath/{inner.removeprefix('p/.dylibs/')}"),),
    }


@pytest.mark.parametrize(
    "names",
    [("m",), ("p__m", "q__n"), ("p__m", "n"), ("ns__m",), ("ns__p__m", "ns__m")],
)
def test_libraries_of_several_packages_or_of_none_have_their_own_folder(
    names: tuple[str, ...],
) -> None:
    module = mac("/opt/libx.dylib")
    made = plan(
        contents(**dict.fromkeys(names, module)),
        Shelf({"/opt/libx.dylib": mac()}),
        replace(OPTIONS, packages=frozenset({"p", "q", "ns/p"})),
    )
    assert made.copies[0].path.startswith("p.dylibs/libx-")


def test_libraries_of_a_package_in_a_namespace_go_into_the_package() -> None:
    """In the namespace itself, another distribution may have a file of the same name."""
    made = plan(
        contents(ns__p__sub__m=mac("/opt/libx.dylib")),
        Shelf({"/opt/libx.dylib": mac()}),
        replace(OPTIONS, packages=frozenset({"ns/p", "ns/p/sub"})),
    )
    assert made.copies[0].path.startswith("ns/p/.dylibs/libx-")


@pytest.mark.parametrize(
    ("name", "new"),
    [
        ("/build/dist/m.so", "m.so"),
        ("/build/libm.dylib", "libm.dylib"),
        ("@rpath/m.so", None),
        ("/DLC/p/.dylibs/m.so", None),
    ],
)
def test_a_module_does_not_tell_where_it_was_built(name: str, new: str | None) -> None:
    made = plan(contents(p__m=mac(name=name)), Shelf({}))
    expected = () if new is None else (SetName(name=new),)
    assert edits(made).get("p/m.so", ()) == expected


def test_a_library_of_the_wheel_that_others_need_keeps_its_own_name() -> None:
    made = plan(
        contents(p__libx=mac(name="/build/libx.so"), p__m=mac("@loader_path/libx.so")),
        Shelf({}),
    )
    assert edits(made) == {}


def test_an_rpath_that_stands_twice_is_written_once() -> None:
    twice = replace(
        mac("/usr/lib/libz.1.dylib"),
        search_paths=(SearchPath(path="@loader_path/x", kind="LC_RPATH"),) * 2,
    )
    made = plan(contents(p__m=twice), Shelf({}))
    assert edits(made) == {
        "p/m.so": (SetSearchPaths(paths=("@loader_path/x",), kind="LC_RPATH"),)
    }


def test_slices_that_need_different_files_by_one_name_are_refused() -> None:
    intel = replace(mac("@rpath/libx.dylib", rpath="/intel"), cpu="x86_64")
    both: tuple[Slice, ...] = (intel, mac("@rpath/libx.dylib", rpath="/arm"))
    shelf = Shelf(
        {"/intel/libx.dylib": replace(mac(), cpu="x86_64"), "/arm/libx.dylib": mac()}
    )
    with pytest.raises(RepairError, match="its slices need different files"):
        plan(contents(p__m=both), shelf)


@pytest.mark.parametrize(
    "library",
    [
        "/Library/Frameworks/Python.framework/Versions/3.13/Python",
        "/Library/Frameworks/PythonT.framework/Versions/3.13/PythonT",
        "@rpath/Python.framework/Python",
        "/opt/lib/libpython3.13.dylib",
        "/opt/lib/libpython3.13t.dylib",
        "/opt/lib/libpypy3.11-c.dylib",
    ],
)
def test_python_is_not_copied_on_a_mac_either(library: str) -> None:
    made = plan(contents(p__m=mac(library)), Shelf({library: mac()}))
    assert made.copies == ()


def test_a_library_is_searched_by_its_own_slices_directory() -> None:
    shelf = Shelf({"/own/libx.dylib": mac()}, Surroundings(search=("/own",)))
    made = plan(contents(p__m=mac("@rpath/libx.dylib")), shelf)
    assert list(copies(made)) == ["/own/libx.dylib"]

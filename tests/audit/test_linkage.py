"""Where each library that a file needs comes from, for every platform, as data."""

from __future__ import annotations

import pytest

from support.facts import binary_file, contents
from support.shelves import Shelf
from support.slices import android, linux, mac, module_path, web, windows
from truewheel.audit.linkage import audit_of
from truewheel.model.audit import (
    ExcludedBy,
    External,
    InWheel,
    Linkage,
    Missing,
    Supplied,
    SuppliedBy,
    Tried,
)
from truewheel.model.binary import Kind, MachOSlice, Need, PeSlice, Slice
from truewheel.model.contents import Contents
from truewheel.model.neighbours import Neighbour


def link_of(inside: Contents, file: str, **more: object) -> Linkage:
    """Return where the one library that a file needs comes from."""
    (part,) = audit_of(inside, **more).platforms  # type: ignore[arg-type]
    (link,) = [link for link in part.linkage if link.file == file]
    return link


# --- the system -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("piece", "source"),
    [
        (linux("libc.so.6"), Supplied()),
        (linux("libmvec.so.1"), Supplied(since=(2, 24))),
        (linux("libfoo.so.1"), Missing()),
        (android("libc.so"), Supplied(since=(1,))),
        (android("libaaudio.so"), Supplied(since=(26,))),
        (android("libpython3.13.so"), Supplied(since=(0,))),
        (android("libfoo.so"), Missing()),
        (mac("/usr/lib/libSystem.B.dylib"), Supplied()),
        (mac("/opt/homebrew/lib/libfoo.dylib"), Missing()),
        (windows("KERNEL32.dll"), Supplied()),
        (windows("python313.dll"), Supplied()),
        (windows("MSVCP140.dll"), Missing()),
        (web("libfoo.so"), Missing()),
    ],
)
def test_what_the_system_supplies(piece: Slice, source: object) -> None:
    file = module_path(piece)
    assert link_of(contents(binary_file(file, piece)), file).source == source


def test_musl_supplies_what_its_policy_has() -> None:
    inside = contents(m=linux("libc.musl-x86_64.so.1", "libz.so.1", "libstdc++.so.6"))
    (part,) = audit_of(inside).platforms
    assert [link.source for link in part.linkage] == [Supplied(), Supplied(), Missing()]


# --- the wheel --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "library", "path"),
    [
        (linux("libx.so", runpath="$ORIGIN/libs"), linux(), "p/libs/libx.so"),
        (
            linux("libx.so.1", runpath="${ORIGIN}/../p/libs"),
            linux(name="libx.so.1"),
            "p/libs/libx.so.1.2",
        ),
        (android("libx.so", path="$ORIGIN/libs"), android(), "p/libs/libx.so"),
        (
            mac("@rpath/libx.dylib", rpath="@loader_path/libs"),
            mac(),
            "p/libs/libx.dylib",
        ),
        (mac("@loader_path/libs/libx.dylib"), mac(), "p/libs/libx.dylib"),
        (windows("LIBX.dll"), windows(), "p/libx.dll"),
        (windows("libx.dll"), windows(), "p.libs/libx.dll"),
        (web("libx.so"), web(), "p/libx.so"),
        (web("libx.so"), web(), "p.libs/libx.so"),
        (web("libx.so", runtime_path="$ORIGIN/libs"), web(), "p/libs/libx.so"),
    ],
)
def test_the_loader_finds_a_library_of_the_wheel(
    module: Slice, library: Slice, path: str
) -> None:
    file = module_path(module)
    inside = contents(binary_file(file, module), binary_file(path, library))
    found = link_of(inside, file)
    assert found.source == InWheel(path=path, reachable=True)
    assert found.in_wheel is None


@pytest.mark.parametrize(
    ("module", "library", "path", "searched"),
    [
        (linux("libx.so"), linux(), "p/libs/libx.so", ()),
        (
            linux("libx.so", runpath="$ORIGIN/lib"),
            linux(),
            "p/libs/libx.so",
            ("p/lib",),
        ),
        # bionic does not read DT_RPATH
        (
            android("libx.so", path="$ORIGIN/libs", kind="RPATH"),
            android(),
            "p/libs/libx.so",
            (),
        ),
        (
            mac("@rpath/libx.dylib", rpath="@loader_path"),
            mac(),
            "p/libs/libx.dylib",
            ("p/libx.dylib",),
        ),
        (mac("/build/libx.dylib"), mac(), "p/libx.dylib", ()),
        (windows("libx.dll"), windows(), "p/sub/libx.dll", ("p",)),
        (web("libx.so"), web(), "p/sub/libx.so", ("NAME.libs", "p", ".")),
    ],
)
def test_the_loader_does_not_find_a_library_of_the_wheel(
    module: Slice, library: Slice, path: str, searched: tuple[str, ...]
) -> None:
    file = module_path(module)
    inside = contents(binary_file(file, module), binary_file(path, library))
    found = link_of(inside, file)
    assert found.source == found.in_wheel == InWheel(path=path, reachable=False)
    assert found.searched == searched


def test_of_two_libraries_with_one_name_the_reachable_one_counts() -> None:
    module = linux("libx.so", runpath="$ORIGIN/b")
    inside = contents(m=module, a__libx=linux(), b__libx=linux())
    assert link_of(inside, "m.so").source == InWheel(path="b/libx.so", reachable=True)
    beside = contents(
        binary_file("b/m.pyd", windows("x.dll")),
        binary_file("a/x.dll", windows()),
        binary_file("b/x.dll", windows()),
    )
    assert link_of(beside, "b/m.pyd").source == InWheel(path="b/x.dll", reachable=True)


def test_the_system_is_used_before_a_library_that_no_search_path_leads_to() -> None:
    inside = contents(
        binary_file("m.so", linux("libz.so.1")), binary_file("libs/libz.so.1", linux())
    )
    found = link_of(inside, "m.so")
    assert found.source == Supplied()
    assert found.in_wheel == InWheel(path="libs/libz.so.1", reachable=False)


def test_a_library_that_another_file_loads_first_is_used() -> None:
    first = linux(runpath="$ORIGIN/libs")
    inside = contents(
        binary_file("a.so", first),
        binary_file("m.so", linux("libz.so.1")),
        binary_file("libs/libz.so.1", linux()),
    )
    assert link_of(inside, "m.so").source == InWheel(
        path="libs/libz.so.1", reachable=False
    )


# --- the project, and the machine -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("piece", "pattern", "is_excluded"),
    [
        (linux("libcuda.so.1"), "libcuda.so.*", True),
        (linux("libcuda.so.1"), "LIBCUDA*", False),
        (mac("/opt/lib/libfoo.dylib"), "libfoo.dylib", True),
        (mac("/opt/lib/libfoo.dylib"), "/opt/*", True),
        (windows("NVCUDA.dll"), "nvcuda.DLL", True),
        (android("libfoo.so"), "libf*", True),
        (web("libfoo.so"), "libf*", True),
    ],
)
def test_one_rule_for_the_globs_of_every_platform(
    piece: Slice, pattern: str, is_excluded: bool
) -> None:
    file = module_path(piece)
    found = link_of(
        contents(binary_file(file, piece)), file, exclude=("other", pattern)
    ).source
    assert found == (ExcludedBy(pattern=pattern) if is_excluded else Missing())


def test_nothing_is_looked_for_on_the_machine_unless_asked() -> None:
    assert link_of(contents(m=linux("libfoo.so")), "m.so").source == Missing()


def test_a_library_of_the_machine_is_found_by_the_loaders_rules() -> None:
    inside = contents(m=linux("libfoo.so", runpath="/opt/lib"))
    found = link_of(
        inside,
        "m.so",
        libraries=Shelf({"/opt/lib/libfoo.so": linux(), "/lib/libfoo.so": linux()}),
    )
    assert found.source == External(
        path="/opt/lib/libfoo.so", found_by="RUNPATH /opt/lib"
    )
    assert found.is_outside
    system = link_of(
        inside, "m.so", libraries=Shelf({"/usr/lib/libfoo.so": linux()})
    ).source
    assert system == External(
        path="/usr/lib/libfoo.so", found_by="the system's directories"
    )


def test_a_library_for_another_cpu_is_passed_over_and_a_file_that_is_no_library_ends_the_search() -> (
    None
):
    inside = contents(m=linux("libfoo.so", runpath="/opt/lib"))
    other_cpu: dict[str, Slice | None] = {"/opt/lib/libfoo.so": linux(cpu="aarch64")}
    found = link_of(
        inside, "m.so", libraries=Shelf({**other_cpu, "/lib/libfoo.so": linux()})
    )
    assert found.source == External(
        path="/lib/libfoo.so", found_by="the system's directories"
    )
    alone = link_of(inside, "m.so", libraries=Shelf(other_cpu)).source
    assert isinstance(alone, Missing)
    assert alone.tried[0] == Tried(
        path="/opt/lib/libfoo.so",
        rule="RUNPATH /opt/lib",
        obstacle="code for aarch64, not for x86_64",
    )
    text = Shelf({**other_cpu, "/lib64/libfoo.so": None, "/lib/libfoo.so": linux()})
    stopped = link_of(inside, "m.so", libraries=text).source
    assert isinstance(stopped, Missing)
    assert stopped.tried[-1] == Tried(
        path="/lib64/libfoo.so",
        rule="the system's directories",
        obstacle="not a library",
    )


def test_dyld_looks_where_an_absolute_install_name_or_rpath_leads() -> None:
    shelf = Shelf({"/opt/lib/libfoo.dylib": mac()})
    found = link_of(
        contents(m=mac("/opt/lib/libfoo.dylib")), "m.so", libraries=shelf
    ).source
    assert found == External(path="/opt/lib/libfoo.dylib", found_by="install name")
    by_rpath = link_of(
        contents(m=mac("@rpath/libfoo.dylib", rpath="/opt/lib")),
        "m.so",
        libraries=shelf,
    ).source
    assert by_rpath == External(
        path="/opt/lib/libfoo.dylib", found_by="LC_RPATH /opt/lib"
    )


def test_every_slice_of_a_fat_file_is_resolved() -> None:
    intel = MachOSlice(
        cpu="x86_64",
        bits=64,
        kind=Kind.SHARED,
        file_type=6,
        needs=(Need(library="@rpath/libx.dylib"),),
    )
    inside = contents(m=(intel, mac("/usr/lib/libz.1.dylib")))
    (part,) = audit_of(inside).platforms
    assert [(link.cpu, link.source) for link in part.linkage] == [
        ("x86_64", Missing()),
        ("arm64", Supplied()),
    ]


# --- other wheels -----------------------------------------------------------------------------------------------


def neighbour(path: str, library: Slice, *, dist_info: str = "o-2") -> Neighbour:
    """Return a distribution ``o`` of version 2 with one library."""
    inside = Contents(
        files=(binary_file(path, library),), dist_info=f"{dist_info}.dist-info"
    )
    return Neighbour(distribution="o", version="2", contents=inside)


def from_other(path: str, *, reachable: bool) -> SuppliedBy:
    return SuppliedBy(distribution="o", version="2", path=path, reachable=reachable)


@pytest.mark.parametrize(
    ("module", "library", "path", "place"),
    [
        (linux("libx.so", runpath="$ORIGIN/../o/lib"), linux(), "o/lib/libx.so", ""),
        (
            linux("libx.so.1", runpath="$ORIGIN/../o/lib"),
            linux(name="libx.so.1"),
            "o/lib/libx.so.1.2",
            "",
        ),
        # what a wheel installs into the prefix, as Intel's do
        (
            linux("libx.so", runpath="$ORIGIN/../../.."),
            linux(),
            "o-2.data/data/lib/libx.so",
            "<prefix>/lib/libx.so",
        ),
        (
            mac("@rpath/libx.dylib", rpath="@loader_path/../o"),
            mac(),
            "o/libx.dylib",
            "",
        ),
        (
            mac("@loader_path/../../../libx.dylib"),
            mac(),
            "o-2.data/data/lib/libx.dylib",
            "<prefix>/lib/libx.dylib",
        ),
        (windows("LIBX.dll"), windows(), "p/libx.dll", ""),
    ],
)
def test_the_loader_finds_a_library_of_another_wheel(
    module: Slice, library: Slice, path: str, place: str
) -> None:
    file = "p/m.pyd" if isinstance(module, PeSlice) else "p/m.so"
    inside = contents(binary_file(file, module))
    link = link_of(inside, file, neighbours=[neighbour(path, library)])
    assert link.source == from_other(place or path, reachable=True)


def test_a_library_of_another_wheel_that_is_not_reached_comes_after_the_system() -> (
    None
):
    library = neighbour("o/libx.so", linux())
    found = link_of(contents(m=linux("libx.so")), "m.so", neighbours=[library])
    assert found.source == from_other("o/libx.so", reachable=False)
    systems = neighbour("o/libz.so.1", linux())
    needing = contents(m=linux("libz.so.1"))
    assert isinstance(link_of(needing, "m.so", neighbours=[systems]).source, Supplied)
    excluded = link_of(
        contents(m=linux("libx.so")),
        "m.so",
        exclude=("libx.*",),
        neighbours=[library],
    )
    assert excluded.source == ExcludedBy(pattern="libx.*")


def test_a_library_of_another_wheel_that_is_reached_comes_before_the_system() -> None:
    needing = contents(m=linux("libz.so.1", runpath="$ORIGIN/o"))
    library = neighbour("o/libz.so.1", linux())
    found = link_of(needing, "m.so", exclude=("libz*",), neighbours=[library])
    assert found.source == from_other("o/libz.so.1", reachable=True)


def test_the_wheels_own_library_comes_first_where_the_loader_finds_it() -> None:
    library = neighbour("o/libx.so", linux())
    module = linux("libx.so", runpath="$ORIGIN/q")
    inside = contents(binary_file("m.so", module), binary_file("q/libx.so", linux()))
    found = link_of(inside, "m.so", neighbours=[library])
    assert found.source == InWheel(path="q/libx.so", reachable=True)
    astray = contents(
        binary_file("m.so", linux("libx.so", runpath="$ORIGIN/o")),
        binary_file("q/libx.so", linux()),
    )
    found = link_of(astray, "m.so", neighbours=[library])
    assert found.source == from_other("o/libx.so", reachable=True)
    assert found.in_wheel is None


def test_a_library_of_another_wheel_for_another_cpu_is_passed_over() -> None:
    library = neighbour("o/libx.so", linux(cpu="aarch64"))
    found = link_of(
        contents(m=linux("libx.so", runpath="$ORIGIN/o")), "m.so", neighbours=[library]
    )
    assert found.source == Missing()


def test_of_two_other_wheels_the_one_that_is_reached_counts() -> None:
    module = linux("libx.so", runpath="$ORIGIN/b")
    others = [neighbour("a/libx.so", linux()), neighbour("b/libx.so", linux())]
    found = link_of(contents(m=module), "m.so", neighbours=others)
    assert found.source == from_other("b/libx.so", reachable=True)

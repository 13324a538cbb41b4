"""The plan of a repair: which libraries go into a wheel under which names, and what every file is told."""

from __future__ import annotations

import re

import pytest

from support.facts import INIT, contents
from support.shelves import Shelf
from support.slices import android, linux
from truewheel.audit.linkage import audit_of
from truewheel.model.binary import Kind, SearchPath
from truewheel.model.contents import Contents
from truewheel.model.edits import (
    Edit,
    RemoveNeeded,
    ReplaceNeeded,
    SetName,
    SetSearchPaths,
)
from truewheel.model.errors import RepairError
from truewheel.model.record import replace
from truewheel.model.repair_plan import Move, RepairOptions, RepairPlan
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


# --- ELF ----------------------------------------------------------------------------------------------------------


def test_a_library_goes_in_once_and_every_file_that_needs_it_is_told() -> None:
    shelf = Shelf(
        {
            "/opt/libx.so.1": "/opt/libx.so.1.2",
            "/opt/libx.so.1.2": linux("libc.so.6", name="libx.so.1"),
        }
    )
    made = plan(
        contents(
            INIT,
            p__m=linux("libx.so.1", runpath="/opt"),
            p__sub__n=linux("libx.so.1", "libc.so.6", runpath="/opt"),
        ),
        shelf,
    )
    name = f"libx-{hashed(shelf, '/opt/libx.so.1.2')}.so.1.2"
    assert copies(made) == {"/opt/libx.so.1.2": f"p.libs/{name}"}
    renamed = ReplaceNeeded(old="libx.so.1", new=name)
    assert edits(made) == {
        f"p.libs/{name}": (SetName(name=name),),
        "p/m.so": (renamed, SetSearchPaths(paths=("$ORIGIN/../p.libs",), kind="RPATH")),
        "p/sub/n.so": (
            renamed,
            SetSearchPaths(paths=("$ORIGIN/../../p.libs",), kind="RPATH"),
        ),
    }
    copy = made.copies[0]
    assert copy.names == ("libx.so.1",)
    assert copy.found_by == "RUNPATH /opt"
    assert copy.needed_by == ("p/m.so", "p/sub/n.so")


def test_nothing_is_done_where_nothing_is_lacking() -> None:
    made = plan(contents(INIT, p__m=linux("libc.so.6")), Shelf({}))
    assert made == RepairPlan()
    assert made.changes_nothing


def test_two_builds_of_one_name_are_wired_each_to_its_own_module() -> None:
    shelf = Shelf({"/a/libx.so": linux(), "/b/libx.so": linux()})
    made = plan(
        contents(
            p__m=linux("libx.so", runpath="/a"), p__n=linux("libx.so", runpath="/b")
        ),
        shelf,
    )
    names = {path: f"libx-{hashed(shelf, path)}.so" for path in shelf.files}
    assert len(set(names.values())) == 2
    for file, path in (("p/m.so", "/a/libx.so"), ("p/n.so", "/b/libx.so")):
        assert ReplaceNeeded(old="libx.so", new=names[path]) in edits(made)[file]


def test_one_content_at_two_paths_is_one_library() -> None:
    shelf = Shelf(
        {"/a/libx.so": linux(), "/b/libx.so": linux()},
        contents={"/a/libx.so": "same", "/b/libx.so": "same"},
    )
    made = plan(
        contents(
            p__m=linux("libx.so", runpath="/a"), p__n=linux("libx.so", runpath="/b")
        ),
        shelf,
    )
    assert list(copies(made)) == ["/a/libx.so"]
    assert edits(made)["p/m.so"][0] == edits(made)["p/n.so"][0]


def test_a_copy_is_told_of_other_copies_and_loses_search_paths_of_the_machine() -> None:
    shelf = Shelf(
        {
            "/opt/liba.so": linux("libb.so", runpath="/opt", name="liba.so"),
            "/opt/libb.so": linux("libc.so.6", runpath="/opt/private"),
        }
    )
    made = plan(contents(p__m=linux("liba.so", runpath="/opt")), shelf)
    paths = copies(made)
    inner = paths["/opt/libb.so"].removeprefix("p.libs/")
    assert edits(made)[paths["/opt/liba.so"]] == (
        ReplaceNeeded(old="libb.so", new=inner),
        SetName(name=paths["/opt/liba.so"].removeprefix("p.libs/")),
        SetSearchPaths(paths=("$ORIGIN",), kind="RPATH"),
    )
    assert edits(made)[paths["/opt/libb.so"]] == (
        SetSearchPaths(paths=(), kind="RPATH"),
    )


def test_search_paths_of_the_machine_go_from_files_that_need_no_copy_as_well() -> None:
    made = plan(
        contents(
            p__m=linux("libc.so.6", runpath="/home/me/build"),
            p__n=linux("libc.so.6", runpath="$ORIGIN/here"),
        ),
        Shelf({}),
    )
    assert edits(made) == {"p/m.so": (SetSearchPaths(paths=(), kind="RPATH"),)}


def test_a_search_path_stays_where_someone_else_supplies_a_library() -> None:
    module = linux("libcuda.so.1", "libx.so", runpath="/usr/local/cuda")
    shelf = Shelf({"/usr/local/cuda/libx.so": linux()})
    made = plan(contents(p__m=module), shelf, exclude=("libcuda.so.*",))
    assert edits(made)["p/m.so"][-1] == SetSearchPaths(
        paths=("/usr/local/cuda", "$ORIGIN/../p.libs"), kind="RPATH"
    )


def test_a_library_of_the_wheel_goes_before_any_outside_and_is_made_findable() -> None:
    made = plan(
        contents(
            p__m=linux("libx.so", runpath="/build"), p__lib__libx=linux(name="libx.so")
        ),
        Shelf({"/build/libx.so": linux()}),
    )
    assert made.copies == ()
    assert edits(made) == {
        "p/m.so": (SetSearchPaths(paths=("$ORIGIN/lib",), kind="RPATH"),)
    }


def test_a_module_at_the_top_and_one_in_data_are_told_by_where_they_are_installed() -> (
    None
):
    module = linux("libx.so", runpath="/opt")
    made = plan(
        contents(m=module, **{"p-1.data__platlib__p__n": module}),
        Shelf({"/opt/libx.so": linux()}),
    )
    ways = {
        path: found[-1] for path, found in edits(made).items() if "libs" not in path
    }
    assert ways == {
        "m.so": SetSearchPaths(paths=("$ORIGIN/p.libs",), kind="RPATH"),
        "p-1.data/platlib/p/n.so": SetSearchPaths(
            paths=("$ORIGIN/../p.libs",), kind="RPATH"
        ),
    }


def test_a_program_in_scripts_goes_to_where_the_libraries_are() -> None:
    program = replace(linux("libx.so", runpath="/opt"), kind=Kind.EXECUTABLE)
    made = plan(
        contents(**{"p-1.data__scripts__tool": program}),
        Shelf({"/opt/libx.so": linux()}),
    )
    assert made.moves == (
        Move(path="p-1.data/scripts/tool.so", new_path="p.scripts/tool.so"),
    )
    assert edits(made)["p.scripts/tool.so"][-1] == SetSearchPaths(
        paths=("$ORIGIN/../p.libs",), kind="RPATH"
    )


def test_a_library_in_data_that_no_path_leads_from_is_refused() -> None:
    with pytest.raises(RepairError, match="no path leads to the wheel's") as caught:
        plan(
            contents(**{"p-1.data__data__lib__m": linux("libx.so", runpath="/opt")}),
            Shelf({"/opt/libx.so": linux()}),
        )
    assert "entry point" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "library",
    [
        "libpython3.13.so.1.0",
        "libpython3.13t.so.1.0",
        "libpython3.13d.so.1.0",
        "libpython3.so",
        "libpypy3.11-c.so",
    ],
)
def test_python_is_needed_no_longer_and_never_copied(library: str) -> None:
    made = plan(
        contents(p__m=linux(library, runpath="/opt")),
        Shelf({f"/opt/{library}": linux()}),
    )
    assert made.copies == ()
    assert made.missing == ()
    assert edits(made)["p/m.so"][0] == RemoveNeeded(library=library)


@pytest.mark.parametrize("library", ["libcuda.so.1", "libnvidia-ml.so.1"])
def test_drivers_are_refused(library: str) -> None:
    with pytest.raises(RepairError, match="must not go into a wheel") as caught:
        plan(
            contents(p__m=linux(library, runpath="/opt")),
            Shelf({f"/opt/{library}": linux()}),
        )
    assert caught.value.context == (
        f"/opt/{library}, which p/m.so needs: it is part of a driver, and has to fit the machine's",
    )
    assert f"--exclude {library}" in (caught.value.hint or "")


def test_names_are_kept_on_request() -> None:
    shelf = Shelf({"/opt/libx.so.1": "/opt/other.so", "/opt/other.so": linux()})
    module = contents(p__m=linux("libx.so.1", runpath="/opt"))
    for pattern in ("libx.so.*", "other.so"):
        made = plan(module, shelf, replace(OPTIONS, keep_names=(pattern,)))
        assert copies(made) == {"/opt/other.so": "p.libs/libx.so.1"}
        assert edits(made) == {
            "p/m.so": (SetSearchPaths(paths=("$ORIGIN/../p.libs",), kind="RPATH"),)
        }


def test_two_libraries_cannot_keep_one_name() -> None:
    shelf = Shelf({"/a/libx.so": linux(), "/b/libx.so": linux()})
    inside = contents(
        p__m=linux("libx.so", runpath="/a"), p__n=linux("libx.so", runpath="/b")
    )
    with pytest.raises(RepairError, match=re.escape("/b/libx.so and /a/libx.so")):
        plan(inside, shelf, replace(OPTIONS, keep_names=("libx*",)))


def test_what_code_opens_keeps_its_name_and_is_searched_for_by_every_file() -> None:
    shelf = Shelf({"/opt/libx.so.1": "/opt/libx.so.1.5", "/opt/libx.so.1.5": linux()})
    made = plan(
        contents(p__m=linux("libc.so.6", runpath="/opt"), p__n=linux("libc.so.6")),
        shelf,
        replace(OPTIONS, include=("libx.so.1",)),
    )
    assert copies(made) == {"/opt/libx.so.1.5": "p.libs/libx.so.1"}
    way = SetSearchPaths(paths=("$ORIGIN/../p.libs",), kind="RPATH")
    assert [edits(made)[file] for file in ("p/m.so", "p/n.so")] == [(way,), (way,)]


def test_what_is_not_found_is_told_with_those_that_need_it() -> None:
    shelf = Shelf({"/opt/libx.so": linux("libgone.so")})
    made = plan(contents(p__m=linux("libx.so", "libno.so", runpath="/opt")), shelf)
    assert [(link.file, link.need.library) for link in made.missing] == [
        ("p/m.so", "libno.so"),
        ("/opt/libx.so", "libgone.so"),
    ]


def test_an_rpath_and_a_runpath_become_one_rpath() -> None:
    module = replace(
        linux("libx.so", runpath="/opt"),
        search_paths=(
            SearchPath(path="$ORIGIN/a", kind="RPATH"),
            SearchPath(path="/opt", kind="RUNPATH"),
        ),
    )
    made = plan(contents(p__m=module), Shelf({"/opt/libx.so": linux()}))
    assert edits(made)["p/m.so"][-1] == SetSearchPaths(
        paths=("$ORIGIN/a", "$ORIGIN/../p.libs"), kind="RPATH"
    )


def test_android_gets_a_runpath_for_its_loader_reads_nothing_else() -> None:
    module = android("libx.so", path="/opt")
    made = plan(contents(p__m=module), Shelf({"/opt/libx.so": android()}))
    assert edits(made)["p/m.so"][-1] == SetSearchPaths(
        paths=("$ORIGIN/../p.libs",), kind="RUNPATH"
    )


# --- what every process has already ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("libc.so.6", "it is the system's C library"),
        ("/usr/lib/libm.so.6", "it is the system's C library"),
        ("ld-musl-x86_64.so.1", "it is the system's C library"),
        ("libpython3.11.so.1.0", "it is Python itself"),
        ("libstdc++.so.6", "the system supplies it"),
    ],
)
def test_what_every_process_has_is_not_included(name: str, reason: str) -> None:
    path = f"/opt/{name.rpartition('/')[2]}"
    shelf = Shelf({path: linux(), name: linux()})
    options = replace(OPTIONS, include=(name,))
    with pytest.raises(RepairError) as told:
        plan(contents(INIT, p__m=linux("libc.so.6", runpath="/opt")), shelf, options)
    assert str(told.value.message) == f"{name} must not go into a wheel"
    assert list(told.value.context) == [f"{name}, which is to be included: {reason}"]


def test_another_c_library_is_never_bundled_whatever_leads_to_it() -> None:
    musl = "/opt/ld-musl-x86_64.so.1"
    shelf = Shelf({"/opt/libodd.so": musl, musl: linux(name="libc.so")})
    module = linux("libodd.so", "libc.so.6", runpath="/opt")
    with pytest.raises(RepairError, match="must not go into a wheel") as told:
        plan(contents(INIT, p__m=module), shelf)
    assert "it is the system's C library" in told.value.context[0]

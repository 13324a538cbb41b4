"""The plan of a repair for Windows: names that must stay, and names that two wheels must not share."""

from __future__ import annotations

import pytest

from support.facts import INIT, contents
from support.shelves import Shelf
from support.slices import windows
from truewheel.audit.linkage import audit_of
from truewheel.model.binary import PeSlice
from truewheel.model.contents import Contents
from truewheel.model.edits import Edit, ReplaceNeeded
from truewheel.model.errors import RepairError
from truewheel.model.record import replace
from truewheel.model.repair_plan import RepairOptions, RepairPlan
from truewheel.model.surroundings import Surroundings
from truewheel.repair.plan import plan_repair

OPTIONS = RepairOptions(
    distribution="d", scripts="d-1.data/scripts/", packages=frozenset({"p"})
)
AROUND = Surroundings(search=("/lib",))


def plan(
    inside: Contents, files: dict[str, PeSlice], options: RepairOptions = OPTIONS
) -> RepairPlan:
    shelf = Shelf(files, AROUND)
    return plan_repair(
        audit_of(inside, (), shelf, options.include), options, shelf.identities()
    )


def paths(made: RepairPlan) -> dict[str, str]:
    return {copy.source: copy.path for copy in made.copies}


def edits(made: RepairPlan) -> dict[str, tuple[Edit, ...]]:
    return {row.path: row.edits for row in made.edits}


def forwarding(*targets: str, needs: tuple[str, ...] = ()) -> PeSlice:
    """Return a library whose exports live in others."""
    forwards = tuple((f"x{nth}", target) for nth, target in enumerate(targets))
    return replace(windows(*needs), forwards=forwards)


def test_a_library_that_exports_are_forwarded_to_comes_too_and_keeps_its_name() -> None:
    """delvewheel does not follow forwarders: the symbol is missing where the wheel is used."""
    files = {"/lib/fwd.dll": forwarding("foo.x", "foo.y"), "/lib/Foo.dll": windows()}
    made = plan(contents(INIT, p__m=windows("fwd.dll")), files)
    assert paths(made)["/lib/Foo.dll"] == "p/foo.dll"
    assert paths(made)["/lib/fwd.dll"].startswith("p/fwd-")
    assert list(edits(made)) == ["p/m.so"]


def test_what_imports_from_it_as_well_stays_as_it_is() -> None:
    """Upper and lower case are the same to Windows: no file is edited for that, and loses its signature."""
    files = {
        "/lib/fwd.dll": forwarding("foo.x", needs=("FOO.dll",)),
        "/lib/foo.dll": windows(),
    }
    made = plan(contents(INIT, p__m=windows("fwd.dll"), p__n=windows("foo.DLL")), files)
    assert paths(made)["/lib/foo.dll"] == "p/FOO.dll"
    assert list(edits(made)) == ["p/m.so"]


@pytest.mark.parametrize(
    "target", ["KERNEL32.Sleep", "python312.PyList_New", "ntdll.#7"]
)
def test_forwarders_to_windows_and_to_python_ask_for_nothing(target: str) -> None:
    made = plan(
        contents(INIT, p__m=windows("fwd.dll")), {"/lib/fwd.dll": forwarding(target)}
    )
    assert list(paths(made)) == ["/lib/fwd.dll"]
    assert made.missing == ()


def test_a_library_that_exports_are_forwarded_to_is_missing_when_it_is_not_found() -> (
    None
):
    made = plan(
        contents(INIT, p__m=windows("fwd.dll")),
        {"/lib/fwd.dll": forwarding("my.own.lib.x")},
    )
    assert [link.need.library for link in made.missing] == ["my.own.lib"]


def test_names_are_spelled_alike_however_the_files_are() -> None:
    one, two = (
        plan(contents(INIT, p__m=windows("foo.dll")), {path: windows()})
        for path in ("/lib/foo.dll", "/lib/FOO.DLL")
    )
    (small,), (large,) = paths(one).values(), paths(two).values()
    assert small.rpartition("-")[0] == large.rpartition("-")[0] == "p/foo"
    assert large.endswith(".dll")


def test_a_kept_name_stays_also_where_others_put_files() -> None:
    """The project has asked for it. Any other name there has the distribution's in it."""
    files = {"/lib/foo.dll": windows(), "/lib/bar.dll": windows()}
    made = plan(
        contents(m=windows("foo.dll", "bar.dll")),
        files,
        replace(OPTIONS, keep_names=("foo.dll",)),
    )
    assert paths(made)["/lib/foo.dll"] == "foo.dll"
    assert paths(made)["/lib/bar.dll"].startswith("bar-d-")
    (edit,) = edits(made)["m.so"]
    assert edit == ReplaceNeeded(old="bar.dll", new=paths(made)["/lib/bar.dll"])


def test_two_libraries_cannot_keep_one_name() -> None:
    files = {
        "/one/foo.dll": windows(),
        "/lib/foo.dll": windows(),
        "/one/bar.dll": windows("foo.dll"),
    }
    shelf = Shelf(files, Surroundings(search=("/lib",)))
    inside = contents(INIT, p__m=windows("foo.dll"), p__n=windows("bar.dll"))
    options = replace(OPTIONS, keep_names=("foo.dll",), include=("/one/bar.dll",))
    audit = audit_of(inside, (), shelf, options.include)
    with pytest.raises(RepairError, match="would both be called"):
        plan_repair(audit, options, shelf.identities())


def test_a_runtime_has_to_suit_the_libraries_that_are_copied_as_well() -> None:
    """They use the one that the module brings."""
    runtime = replace(windows(), file_version=(14, 42, 0, 0))
    newer = replace(windows("MSVCP140.dll"), linker_version=(14, 51))
    files = {"/lib/foo.dll": newer, "/lib/msvcp140.dll": runtime}
    with pytest.raises(RepairError) as caught:
        plan(contents(INIT, p__m=windows("foo.dll")), files)
    (line,) = caught.value.context
    assert "version 14.42, and /lib/foo.dll asks for 14.51" in line

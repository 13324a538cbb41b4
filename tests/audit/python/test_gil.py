"""Modules that make free-threaded Pythons switch the GIL on (TW414)."""

from __future__ import annotations

import pytest

from support.claims import findings_about
from support.facts import contents, module
from support.said import SPLIT, backend, defining, saying
from truewheel.model.contents import Contents
from truewheel.model.finding import Finding, Severity
from truewheel.model.module_facts import GilUse, ModuleDefinition

THREADED = "p/m.cpython-314t-x86_64-linux-gnu.so"
CREATE, INIT, SET = "PyModule_Create2", "PyModuleDef_Init", "PyUnstable_Module_SetGIL"


def about(inside: Contents, tag: str = "cp314-cp314t") -> list[Finding]:
    """Return what is said of the GIL."""
    return [
        finding for finding in findings_about(inside, tag) if finding.code == "TW414"
    ]


@pytest.mark.parametrize(
    ("gil", "why"),
    [
        (GilUse.USED, "has slots that say Py_MOD_GIL_USED"),
        (GilUse.NOT_SAID, "has slots without Py_mod_gil"),
    ],
)
def test_slots_that_do_not_free_the_module_of_the_gil_are_a_warning(
    gil: GilUse, why: str
) -> None:
    (finding,) = about(contents(saying(THREADED, INIT, definitions=defining(gil))))
    assert finding.severity is Severity.WARNING
    assert (
        finding.message
        == "importing it makes a free-threaded Python switch the GIL on, for the whole process"
    )
    assert finding.evidence == (f"{THREADED} {why}",)
    assert "Py_MOD_GIL_NOT_USED" in str(finding.hint)


def test_slots_that_do_are_fine() -> None:
    said = saying(THREADED, INIT, definitions=defining(GilUse.NOT_USED))
    assert about(contents(said)) == []


def test_slots_count_even_if_the_other_function_is_imported_as_well() -> None:
    """Cython's modules import both. The GIL is on before the one in the module's body is called."""
    said = saying(THREADED, INIT, SET, definitions=defining(GilUse.USED))
    (finding,) = about(contents(said))
    assert finding.severity is Severity.WARNING


def test_a_module_that_creates_itself_has_to_set_the_gil() -> None:
    definitions = defining(None)
    assert about(contents(saying(THREADED, CREATE, SET, definitions=definitions))) == []
    (finding,) = about(contents(saying(THREADED, CREATE, definitions=definitions)))
    assert finding.severity is Severity.WARNING
    assert finding.evidence == (
        f"{THREADED} calls PyModule_Create2, and never PyUnstable_Module_SetGIL",
    )


@pytest.mark.parametrize("definitions", [(), defining(None)])
def test_slots_that_cannot_be_read_are_a_note(
    definitions: tuple[ModuleDefinition, ...],
) -> None:
    (finding,) = about(contents(saying(THREADED, INIT, definitions=definitions)))
    assert finding.severity is Severity.NOTE
    assert finding.evidence == (f"{THREADED} fills its slots while it runs",)
    assert "sys._is_gil_enabled()" in str(finding.hint)


def test_a_module_that_other_code_makes_is_a_note() -> None:
    (finding,) = about(contents(saying(THREADED)))
    assert finding.severity is Severity.NOTE
    assert finding.evidence == (f"{THREADED} has its module made by other code",)


def test_of_several_modules_in_a_file_the_one_that_is_imported_counts() -> None:
    """A file of PyO3's defines its submodules as well, one of mypyc's all modules of a group."""
    others = (
        *defining(GilUse.NOT_USED, name="p.m"),
        *defining(GilUse.NOT_SAID, name="p.other"),
    )
    assert about(contents(saying(THREADED, INIT, definitions=others))) == []
    (finding,) = about(contents(saying(THREADED, INIT, definitions=others[1:])))
    assert finding.severity is Severity.WARNING


def test_several_files_make_one_finding() -> None:
    paths = [f"p/m{number}.cpython-314t-x86_64-linux-gnu.so" for number in range(7)]
    files = [saying(path, CREATE) for path in paths]
    (finding,) = about(contents(*files))
    assert finding.where == paths[0]
    assert len(finding.evidence) == 6
    assert finding.evidence[-1] == "and 2 more"


@pytest.mark.parametrize(
    ("path", "tag"),
    [
        ("p/m.cpython-314-x86_64-linux-gnu.so", "cp314-cp314"),
        ("p/m.abi3.so", "cp315-abi3.abi3t"),
        ("p/m.so", "cp314-none"),
        ("p/m.so", "cp314-cp314"),
    ],
)
def test_nothing_is_said_of_modules_for_pythons_with_the_gil(
    path: str, tag: str
) -> None:
    assert about(contents(saying(path, CREATE)), tag) == []


@pytest.mark.parametrize(
    ("path", "tag"), [("p/m.pyd", "cp314-cp314t"), ("p/m.abi3t.so", "cp315-abi3t")]
)
def test_modules_whose_names_leave_it_open_are_looked_at(path: str, tag: str) -> None:
    said = saying(path, INIT, definitions=defining(GilUse.USED))
    assert len(about(contents(said), tag)) == 1


def test_nothing_is_said_where_nobody_has_looked() -> None:
    assert about(contents(module(THREADED, CREATE))) == []


def test_from_3_15_on_the_exported_slots_count() -> None:
    """Older Pythons call PyInit_, which may return others."""
    both = (
        *defining(GilUse.NOT_USED),
        *defining(GilUse.NOT_SAID, exported=True),
    )
    name = "p/m.cpython-{}t-x86_64-linux-gnu.so"
    for version, count in (("314", 0), ("315", 1)):
        said = saying(name.format(version), INIT, definitions=both)
        assert len(about(contents(said), f"cp{version}-cp{version}t")) == count


def test_nanobinds_backend_frees_modules_of_the_gil() -> None:
    said = saying("p/m.abi3t.so", nanobind=backend(f"{SPLIT}_ft"))
    assert about(contents(said), "cp315-abi3t") == []

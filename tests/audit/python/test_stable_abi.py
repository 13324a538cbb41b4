"""The table of the stable ABI, and what breaks it (TW402, TW403)."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import pytest

from support import interpreters, needs
from support.claims import codes_about, findings_about
from support.facts import contents, module
from support.paths import ROOT
from truewheel import formats
from truewheel.audit.claimed_tags import claim_findings
from truewheel.audit.linkage import audit_of
from truewheel.audit.python import c_api, stable_abi
from truewheel.model.finding import Severity
from truewheel.model.neighbours import Neighbour
from truewheel.model.wheel_name import parse_wheel_name

# --- breaches ---------------------------------------------------------------------------------------------------


def test_a_private_name_is_not_in_the_stable_abi() -> None:
    (finding,) = findings_about(
        contents(module("p/m.abi3.so", "_PyLong_Sign")), "cp310-abi3"
    )
    assert finding.code == "TW402"
    assert finding.severity is Severity.ERROR
    assert finding.message == "_PyLong_Sign is not in the stable ABI"


def test_a_private_name_that_another_library_may_define_is_a_warning() -> None:
    inside = contents(module("p/m.abi3.so", "_PyLong_Sign", linked="libfoo.so.1"))
    (finding,) = findings_about(inside, "cp310-abi3")
    assert finding.severity is Severity.WARNING
    assert (
        finding.evidence[-1] == "it may be from libfoo.so.1, which is not in the wheel"
    )
    assert "--with WHEEL" in str(finding.hint)


@pytest.mark.parametrize(
    ("path", "defined", "said"),
    [
        ("o/libfoo.so.1", "_PyLong_Sign", []),
        ("o/libfoo.so.1", "_PyLong_Other", [Severity.ERROR]),
        ("o/libother.so.1", "_PyLong_Sign", [Severity.WARNING]),
    ],
    ids=["it has the name", "it has another", "it is not needed"],
)
def test_a_library_beside_the_wheel_settles_where_a_name_is_from(
    path: str, defined: str, said: list[Severity]
) -> None:
    inside = contents(module("p/m.abi3.so", "_PyLong_Sign", linked="libfoo.so.1"))
    other = Neighbour(
        distribution="o", version="1", contents=contents(module(path, exports=defined))
    )
    found = claim_findings(
        inside,
        audit_of(inside, neighbours=(other,)),
        parse_wheel_name("p-1-cp310-abi3-linux_x86_64.whl"),
        (),
    )
    about = [finding for finding in found if finding.code == "TW402"]
    assert [finding.severity for finding in about] == said


def test_one_finding_tells_of_all_names_for_one_cause() -> None:
    wanted = (
        "PyObject_Vectorcall",
        "PyType_GetName",
        "PyModule_AddObjectRef",
        "_PyLong_Sign",
        "_PyTime_Now",
    )
    newer, private = findings_about(
        contents(module("p/m.abi3.so", *wanted)), "cp39-abi3"
    )
    assert newer.code == "TW403"
    assert (
        newer.message
        == "PyObject_Vectorcall and 2 more are in the stable ABI only from Pythons 3.10 to 3.12 on"
    )
    assert newer.evidence[-1] == "the wheel claims Python 3.9"
    assert 'py-api = "cp312"' in str(newer.hint)
    assert private.code == "TW402"
    assert private.message == "_PyLong_Sign and 1 more are not in the stable ABI"


@pytest.mark.parametrize(
    ("path", "names", "tag", "severity"),
    [
        ("p/m.abi3.so", ["PyUnicode_AsUTF8AndSize"], "cp39-abi3", Severity.WARNING),
        ("p/m.pyd", ["PyUnicode_AsUTF8AndSize"], "cp39-abi3", Severity.ERROR),
        ("p/m.abi3.so", ["PyModule_AddType"], "cp39-abi3", Severity.WARNING),
        ("p/m.abi3.so", ["PyModule_AddType"], "cp38-abi3", Severity.ERROR),
        ("p/m.abi3.so", ["Py_GetConstant"], "cp310-abi3", Severity.ERROR),
        (
            "p/m.abi3.so",
            ["PyUnicode_AsUTF8AndSize", "PyType_GetName"],
            "cp39-abi3",
            Severity.ERROR,
        ),
    ],
)
def test_what_interpreters_export_without_a_promise_is_a_warning(
    path: str, names: list[str], tag: str, severity: Severity
) -> None:
    """As in protobuf 6.33.6: CPython 3.9 imports it on Linux."""
    (finding,) = findings_about(contents(module(path, *names)), tag)
    assert (finding.code, finding.severity) == ("TW403", severity)


def test_names_that_the_wheel_defines_itself_break_nothing() -> None:
    library = module("p/libpyside.so", exports="PySideProperty_New")
    inside = contents(module("p/m.abi3.so", "PySideProperty_New"), library)
    assert codes_about(inside, "cp310-abi3") == []


@pytest.mark.parametrize(
    ("path", "name", "codes"),
    [
        ("p/m.abi3.so", "PyErr_SetFromWindowsErr", ["TW402"]),
        ("p/m.pyd", "PyErr_SetFromWindowsErr", []),
        ("p/m.pyd", "PyOS_AfterFork_Child", ["TW402"]),
        ("p/m.abi3.so", "PyOS_AfterFork_Child", []),
        ("p/m.abi3.so", "_Py_RefTotal", ["TW402"]),
    ],
)
def test_some_names_are_in_the_stable_abi_of_some_systems_only(
    path: str, name: str, codes: list[str]
) -> None:
    assert codes_about(contents(module(path, name)), "cp39-abi3") == codes


def test_names_that_may_be_missing_break_nothing() -> None:
    assert (
        codes_about(contents(module("p/m.abi3.so", weak="_PyLong_Sign")), "cp310-abi3")
        == []
    )


def test_both_kinds_of_stable_abi_are_broken_by_private_and_newer_names() -> None:
    private = contents(module("p/m.abi3t.so", "_PyLong_Sign"))
    newest = next(
        name for name, added in stable_abi.symbols().items() if added == (3, 16)
    )
    newer = contents(module("p/m.abi3t.so", newest))
    assert codes_about(private, "cp315-abi3.abi3t") == ["TW402"]
    assert codes_about(newer, "cp315-abi3t") == ["TW403"]


# --- the table --------------------------------------------------------------------------------------------------


def exports_of(python: Path) -> frozenset[str]:
    """Return what an interpreter exports: its program, or the library that this one is linked to."""
    script = (
        "import os, sys, sysconfig as s; print(os.path.join(s.get_config_var('LIBDIR'), s.get_config_var('INSTSONAME'))"
        " if s.get_config_var('Py_ENABLE_SHARED') else os.path.realpath(sys.executable))"
    )
    run = subprocess.run(
        [python, "-I", "-c", script], capture_output=True, text=True, check=True
    )
    binary = formats.read(Path(run.stdout.strip()).read_bytes())
    return (
        binary.slices[0].exports
        if binary is not None and binary.slices
        else frozenset()
    )


@pytest.mark.parametrize("version", interpreters.WANTED)
def test_interpreters_have_the_stable_abi_that_the_table_says(version: str) -> None:
    """A symbol of 3.N is there from 3.N on."""
    python = interpreters.found().get(version) or needs.missing(f"CPython {version}")
    exports = exports_of(python)
    limit = (3, int(version[2:]))
    conditions = stable_abi._document()["conditions"]
    table = {
        name
        for name, added in stable_abi.symbols().items()
        if added <= limit and name not in conditions
    }
    only_windows = {name for name, macro in conditions.items() if macro == "MS_WINDOWS"}
    assert table - exports == set()
    assert not only_windows & exports


@pytest.mark.parametrize("version", interpreters.WANTED)
def test_interpreters_with_the_gil_have_its_names_and_no_others(version: str) -> None:
    python = interpreters.found().get(version) or needs.missing(f"CPython {version}")
    exports = exports_of(python)
    assert c_api.GIL_ONLY in exports
    assert not exports & c_api.THREADED_ONLY
    assert not exports & c_api.DEBUG_ONLY


def test_the_table_is_what_abi3info_says() -> None:
    spec = importlib.util.spec_from_file_location(
        "regenerate", ROOT / "docs" / "regenerate" / "stable_abi.py"
    )
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    document = script.document()
    for part in ("added", "conditions"):
        table = stable_abi._document()[part]
        # A later edition of abi3info has more, and changes nothing that was released.
        assert {name: document[part].get(name) for name in table} == table


def test_the_table_is_written_where_it_is_read() -> None:
    spec = importlib.util.spec_from_file_location(
        "regenerate", ROOT / "docs" / "regenerate" / "stable_abi.py"
    )
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert Path(stable_abi.__file__).with_suffix(".json") == script.TARGET


def test_the_table_knows_old_and_new_symbols() -> None:
    table = stable_abi.symbols()
    assert table["PyList_New"] == (3, 2)
    assert table["PyObject_Vectorcall"] == (3, 12)
    assert "_PyLong_AsByteArray" not in table

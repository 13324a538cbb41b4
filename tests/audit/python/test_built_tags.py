"""Which tags a build may claim whose modules name no Python, and ``wheel.py-api`` (TW408)."""

from __future__ import annotations

import pytest

from support.facts import CP313, CP313T, contents, module
from truewheel.audit.python.tags import true_python_tags
from truewheel.model.contents import File
from truewheel.model.record import replace
from truewheel.model.target import Target
from truewheel.model.verdict import PythonTags

CP315 = replace(
    CP313,
    version=(3, 15),
    python_tag="cp315",
    abi_tag="cp315",
    suffix=".cpython-315.so",
)
CP315T = replace(CP315, abi_tag="cp315t", suffix=".cpython-315t.so")


def built(file: File, target: Target = CP313, *, py_api: str = "") -> PythonTags:
    """Return the tags of a build of one module."""
    return true_python_tags(contents(file), target=target, py_api=py_api)


def tag_of(tags: PythonTags) -> str:
    return f"{'.'.join(tags.interpreters)}-{'.'.join(tags.abis)}"


def codes_of(tags: PythonTags) -> list[str]:
    return [finding.code for finding in tags.findings]


# --- one Python -------------------------------------------------------------------------------------------------


def test_a_bare_suffix_follows_the_build() -> None:
    tags = built(module("p/m.so", "PyModule_Create2"))
    assert tag_of(tags) == "cp313-cp313"
    assert codes_of(tags) == []


# --- a stable ABI -----------------------------------------------------------------------------------------------


def test_a_stable_abi_that_is_asked_for_and_kept_is_claimed() -> None:
    tags = built(
        module("p/m.abi3.so", "PyModule_Create2", "PyType_GetModuleState"),
        py_api="cp310",
    )
    assert tag_of(tags) == "cp310-abi3"
    (floor,) = tags.floors
    assert floor.version == (3, 10)
    assert floor.evidence[0].symbol == "PyType_GetModuleState"


def test_a_private_symbol_breaks_the_stable_abi() -> None:
    tags = built(module("p/m.abi3.so", "_PyLong_AsByteArray"), py_api="cp310")
    assert tag_of(tags) == "cp313-cp313"
    assert codes_of(tags) == ["TW402"]
    assert "_PyLong_AsByteArray" in tags.findings[0].message


def test_a_newer_symbol_breaks_the_stable_abi() -> None:
    (finding,) = built(
        module("p/m.abi3.so", "PyBuffer_FillInfo"), py_api="cp39"
    ).findings
    assert finding.code == "TW403"
    assert finding.where == "p/m.abi3.so"
    assert "3.11" in finding.message


def test_names_that_the_wheel_defines_itself_break_nothing() -> None:
    library = module("p/libpyside.so", exports="PySideProperty_New")
    inside = contents(module("p/m.abi3.so", "PySideProperty_New"), library)
    assert true_python_tags(inside, target=CP313, py_api="cp310").findings == ()


def test_a_library_of_one_python_keeps_the_stable_abi_from_being_claimed() -> None:
    tags = built(
        module("p/m.pyd", "PyModule_Create2", linked="python313.dll"), py_api="cp310"
    )
    assert tag_of(tags) == "cp313-cp313"
    assert codes_of(tags) == ["TW408"]
    assert "linked to python313.dll" in tags.findings[0].evidence[0]


def test_a_suffix_that_only_newer_pythons_look_for_makes_them_the_oldest() -> None:
    tags = built(module("p/m.abi3-x86_64-linux-gnu.so"), CP315, py_api="cp310")
    assert tag_of(tags) == "cp315-abi3"
    (finding,) = tags.findings
    assert finding.code == "TW408"
    assert "from 3.15 on" in finding.message


# --- without the GIL --------------------------------------------------------------------------------------------


def test_a_free_threaded_build_does_not_claim_abi3() -> None:
    assert (
        tag_of(built(module("p/m.so", "PyModule_Create2"), CP313T, py_api="cp310"))
        == "cp313-cp313t"
    )


def test_a_free_threaded_python_does_not_look_for_abi3() -> None:
    tags = built(module("p/m.abi3.so", "PyList_New"), CP315T, py_api="cp312")
    assert tags.abis == ("cp315t",)
    assert codes_of(tags) == ["TW401"]


@pytest.mark.parametrize(
    ("py_api", "tag"),
    [
        ("cp315t", "cp315-abi3t"),
        ("cp315.cp315t", "cp315-abi3.abi3t"),
        ("cp312.cp315t", "cp315-abi3.abi3t"),
        ("", "cp315-abi3t"),
    ],
)
def test_abi3t_serves_pythons_with_the_gil_where_they_are_asked_for(
    py_api: str, tag: str
) -> None:
    tags = built(
        module("p/m.abi3t.so", "PyList_New", exports="PyModExport_m"),
        CP315T,
        py_api=py_api,
    )
    assert tag_of(tags) == tag
    assert codes_of(tags) == []


def test_a_build_with_the_gil_claims_both_stable_abis_for_abi3t() -> None:
    assert built(module("p/m.abi3t.so", exports="PyModExport_m"), CP315).abis == (
        "abi3",
        "abi3t",
    )


def test_a_build_with_the_gil_claims_both_for_abi3t_where_both_are_asked_for() -> None:
    abi3t = module("p/m.abi3t.so", "PyList_New", exports="PyModExport_m")
    assert tag_of(built(abi3t, CP315, py_api="cp315.cp315t")) == "cp315-abi3.abi3t"
    assert tag_of(built(abi3t, CP315, py_api="cp315")) == "cp315-abi3"
    abi3 = module("p/m.abi3.so", "PyList_New")
    assert tag_of(built(abi3, CP315, py_api="cp315.cp315t")) == "cp315-abi3"


def test_no_python_looks_for_abi3t_before_3_15() -> None:
    abi3t = module("p/m.abi3t.so", "PyList_New", exports="PyModExport_m")
    both = built(abi3t, CP315, py_api="cp312.cp315t")
    assert tag_of(both) == "cp315-abi3.abi3t"
    assert codes_of(both) == []
    older = built(abi3t, CP315, py_api="cp312")
    assert tag_of(older) == "cp315-abi3"
    assert codes_of(older) == ["TW408"]
    assert older.findings[0].evidence == ("p/m.abi3t.so is named for abi3t",)


# --- any Python -------------------------------------------------------------------------------------------------


def test_modules_that_use_the_oldest_stable_abi_may_be_for_any_python() -> None:
    assert tag_of(built(module("p/m.so", "PyList_New"), py_api="py3")) == "py3-none"


def test_modules_that_use_a_newer_stable_abi_are_not_for_any_python() -> None:
    tags = built(module("p/m.so", "PyType_GetModuleState"), py_api="py3")
    assert tag_of(tags) == "cp313-cp313"
    assert codes_of(tags) == ["TW408"]


def test_any_python_may_begin_with_a_newer_one() -> None:
    assert (
        tag_of(built(module("p/m.so", "PyType_GetModuleState"), py_api="py310"))
        == "py310-none"
    )

"""What every claim is asked, and what wheels for single versions and for any Python are (TW406, TW409 to TW411, TW413)."""

from __future__ import annotations

import pytest

from support.claims import codes_about, findings_about
from support.facts import CP313, contents, module
from truewheel.audit.python.tags import serves_some_pythons_on_purpose, true_python_tags
from truewheel.model.contents import Contents
from truewheel.model.finding import Severity

FOR_39, FOR_311, FOR_312, FOR_313 = (
    module(f"p/m.cpython-{version}-x86_64-linux-gnu.so")
    for version in (39, 311, 312, 313)
)


# --- every claim ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["py3-abi3", "cp313-cp312", "cp38-cp38m"])
def test_tags_that_no_python_accepts(tag: str) -> None:
    (finding,) = findings_about(contents(module("p/m.abi3.so")), tag)
    assert finding.code == "TW411"
    assert finding.severity is Severity.ERROR
    assert finding.message == f"no Python accepts a wheel that is tagged {tag}"


def test_tags_that_no_python_accepts_are_told_without_modules_as_well() -> None:
    assert codes_about(contents(), "py3-abi3") == ["TW411"]


def test_nothing_is_said_of_tags_that_are_not_known() -> None:
    assert codes_about(contents(FOR_313), "xy9-xy9") == []


def test_one_file_of_a_module_for_each_claimed_python_is_enough() -> None:
    both = contents(FOR_312, FOR_313)
    assert codes_about(both, "cp312.cp313-none") == []
    assert codes_about(both, "cp312.cp313-cp312.cp313") == []


def test_a_claimed_python_without_a_file_of_the_module_is_told() -> None:
    assert codes_about(contents(FOR_312, FOR_313), "cp312.cp313.cp314-none") == [
        "TW401"
    ]


def test_a_stable_abi_is_not_for_every_python_that_accepts_it() -> None:
    (finding,) = findings_about(contents(FOR_39), "cp39-abi3")
    assert finding.message == "not every Python of cp39-abi3 can import it"


def test_another_version_is_for_no_python_that_accepts_it() -> None:
    (finding,) = findings_about(contents(FOR_39), "cp313-cp313")
    assert finding.message == "no Python of cp313-cp313 can import it"


def test_a_wrong_library_is_told_rather_than_a_wrong_suffix() -> None:
    linked = module("p/m.cp313-win_amd64.pyd", linked="python312.dll")
    other = module("p/m.cp311-win_amd64.pyd", linked="python311.dll")
    (finding,) = findings_about(contents(other, linked), "cp313-cp313")[:1]
    assert finding.code == "TW407"
    assert finding.where == "p/m.cp313-win_amd64.pyd"


# --- single versions --------------------------------------------------------------------------------------------


def codes_of_build(inside: Contents) -> list[str]:
    return [finding.code for finding in true_python_tags(inside, target=CP313).findings]


def test_a_module_for_another_python_alone_cannot_be_imported() -> None:
    other = module("p/a.cpython-312-x86_64-linux-gnu.so")
    assert codes_of_build(contents(other, FOR_313)) == ["TW401", "TW406"]


def test_a_file_for_another_python_beside_the_right_one_is_left_over() -> None:
    (finding,) = true_python_tags(contents(FOR_312, FOR_313), target=CP313).findings
    assert finding.code == "TW406"
    assert finding.severity is Severity.WARNING
    assert finding.evidence == (f"{FOR_312.path}: cp312", f"{FOR_313.path}: cp313")


def test_a_bare_suffix_does_not_tell_the_claimed_version() -> None:
    (finding,) = findings_about(contents(module("p/m.so")), "cp313-cp313")
    assert finding.code == "TW410"
    assert finding.severity is Severity.NOTE


def test_a_build_knows_the_version_that_a_bare_suffix_does_not_tell() -> None:
    assert codes_of_build(contents(module("p/m.so"))) == []


def test_abi3_does_not_tell_that_a_module_is_free_threaded() -> None:
    (finding,) = findings_about(contents(module("p/m.abi3.so")), "cp313-cp313t")
    assert finding.code == "TW410"
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize("path", ["p/m.so", "p/m.pyd"])
def test_a_library_of_one_python_tells_the_version(path: str) -> None:
    inside = contents(module(path, linked="python312.dll"))
    assert codes_about(inside, "cp312-cp312") == []


# --- any Python -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["py3-none", "py2.py3-none"])
def test_a_module_for_one_python_in_a_wheel_for_any(tag: str) -> None:
    (finding,) = findings_about(contents(FOR_313), tag)
    assert finding.code == "TW409"
    assert finding.severity is Severity.ERROR


def test_modules_for_several_pythons_are_there_on_purpose() -> None:
    several = contents(FOR_311, FOR_312, FOR_313)
    (finding,) = findings_about(several, "py3-none")
    assert finding.code == "TW409"
    assert finding.severity is Severity.WARNING
    assert serves_some_pythons_on_purpose(
        several, interpreters=("py3",), abis=("none",)
    )


def test_modules_for_several_systems_are_there_on_purpose() -> None:
    several = contents(FOR_313, module("p/m.cp313-win_amd64.pyd"))
    (finding,) = findings_about(several, "py3-none")
    assert finding.severity is Severity.WARNING
    assert serves_some_pythons_on_purpose(
        several, interpreters=("py3",), abis=("none",)
    )


@pytest.mark.parametrize("tag", ["py3-none", "cp313-cp313"])
def test_modules_of_one_python_are_not_there_for_several(tag: str) -> None:
    python, abi = tag.split("-")
    assert not serves_some_pythons_on_purpose(
        contents(FOR_313), interpreters=(python,), abis=(abi,)
    )


def test_a_file_that_names_no_python_is_there_for_all_others() -> None:
    assert codes_about(contents(FOR_313, module("p/m.so")), "py3-none") == []


def test_a_private_name_binds_a_wheel_for_any_python_to_one() -> None:
    (finding,) = findings_about(contents(module("p/m.so", "_PyLong_Sign")), "py3-none")
    assert finding.code == "TW413"
    assert finding.where == "p/m.so"
    assert finding.evidence == ("p/m.so imports _PyLong_Sign",)


def test_a_new_name_does_not_bind_a_wheel_for_any_python_to_one() -> None:
    assert (
        codes_about(contents(module("p/m.so", "PyObject_Vectorcall")), "py3-none") == []
    )

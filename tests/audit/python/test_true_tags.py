"""Which tags are true of modules that name a Python, and what is told of a wheel on disk whose modules name none."""

from __future__ import annotations

import pytest

from support.facts import CP313, contents, module
from truewheel.audit.python.tags import true_python_tags
from truewheel.model.verdict import PythonTags


def tag_of(tags: PythonTags) -> str:
    return f"{'.'.join(tags.interpreters)}-{'.'.join(tags.abis)}"


# --- nothing to load --------------------------------------------------------------------------------------------


def test_a_wheel_without_modules_is_for_any_python() -> None:
    library = module("p/libx.so", exports="x_new")
    assert tag_of(true_python_tags(contents(), target=CP313)) == "py3-none"
    assert tag_of(true_python_tags(contents(library), target=CP313)) == "py3-none"


def test_a_wheel_without_modules_may_be_for_the_pythons_that_it_asks_for() -> None:
    assert (
        tag_of(true_python_tags(contents(), target=CP313, py_api="py2.py3"))
        == "py2.py3-none"
    )


# --- suffixes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "tag"),
    [
        ("p/m.cpython-313-x86_64-linux-gnu.so", "cp313-cp313"),
        ("p/m.cpython-313t-x86_64-linux-gnu.so", "cp313-cp313t"),
        ("p/m.cpython-310-darwin.so", "cp310-cp310"),
        ("p/m.cpython-313-wasm32-emscripten.so", "cp313-cp313"),
        ("p/m.cp313-win_amd64.pyd", "cp313-cp313"),
        ("p/m.cp314t-win_arm64.pyd", "cp314-cp314t"),
        ("p/m.pypy39-pp73-x86_64-linux-gnu.so", "pp39-pypy39_pp73"),
    ],
)
def test_a_suffix_decides(path: str, tag: str) -> None:
    tags = true_python_tags(contents(module(path)), target=CP313)
    assert tag_of(tags) == tag
    assert path in tags.reason


def test_a_suffix_decides_whatever_is_asked_for() -> None:
    inside = contents(module("p/m.cpython-313-x86_64-linux-gnu.so"))
    tags = true_python_tags(inside, target=CP313, py_api="cp310")
    assert tag_of(tags) == "cp313-cp313"
    assert [finding.code for finding in tags.findings] == ["TW408"]


@pytest.mark.parametrize("exports", ["PyInit_m", "_cffi_pypyinit_m"])
def test_a_request_for_a_stable_abi_asks_nothing_of_pypy(exports: str) -> None:
    inside = contents(module("p/m.pypy311-pp73-x86_64-linux-gnu.so", exports=exports))
    tags = true_python_tags(inside, target=CP313, py_api="cp310")
    assert tag_of(tags) == "pp311-pypy311_pp73"
    assert tags.findings == ()


def test_the_newest_of_several_pythons_wins_by_version_and_not_by_spelling() -> None:
    older, newer = (
        module("p/a.cpython-39-x86_64-linux-gnu.so"),
        module("p/b.cpython-313-x86_64-linux-gnu.so"),
    )
    inside = contents(older, newer)
    assert tag_of(true_python_tags(inside, target=None)) == "cp313-cp313"


def test_the_python_that_built_the_wheel_wins_over_newer_ones() -> None:
    own, newer = (
        module("p/a.cpython-313-x86_64-linux-gnu.so"),
        module("p/b.cpython-314-x86_64-linux-gnu.so"),
    )
    inside = contents(own, newer)
    assert tag_of(true_python_tags(inside, target=CP313)) == "cp313-cp313"
    assert tag_of(true_python_tags(inside, target=None)) == "cp314-cp314"


def test_a_module_for_one_python_beside_one_for_the_stable_abi_decides() -> None:
    inside = contents(
        module("p/a.abi3.so"), module("p/b.cpython-313-x86_64-linux-gnu.so")
    )
    tags = true_python_tags(inside, target=CP313)
    assert tag_of(tags) == "cp313-cp313"
    assert tags.findings == ()


# --- wheels on disk ---------------------------------------------------------------------------------------------


def test_a_library_of_one_python_tells_what_the_suffix_does_not() -> None:
    tags = true_python_tags(
        contents(module("p/m.pyd", linked="python313t.dll")), target=None
    )
    assert tag_of(tags) == "cp313-cp313t"
    assert tags.reason == "p/m.pyd needs python313t.dll of cp313t"


def test_a_build_knows_better_than_the_library_and_reports_it() -> None:
    tags = true_python_tags(
        contents(module("p/m.pyd", linked="python313t.dll")), target=CP313
    )
    assert tag_of(tags) == "cp313-cp313"
    assert [finding.code for finding in tags.findings] == ["TW407"]


@pytest.mark.parametrize(
    ("path", "linked", "reason"),
    [
        ("p/m.abi3.so", "", "p/m.abi3.so is named for abi3, a stable ABI"),
        ("p/m.pyd", "python3.dll", "p/m.pyd needs python3.dll, a stable ABI"),
    ],
)
def test_a_stable_abi_tells_the_oldest_python_and_no_tags(
    path: str, linked: str, reason: str
) -> None:
    inside = contents(
        module(path, "PyLong_FromLong", "PyModule_AddObjectRef", linked=linked)
    )
    tags = true_python_tags(inside, target=None)
    assert tags.interpreters == ()
    assert tags.reason == reason
    assert [floor.text for floor in tags.floors] == ["3.10"]


def test_where_nothing_tells_the_claim_is_believed() -> None:
    tags = true_python_tags(
        contents(module("p/m.so", "PyModule_AddObjectRef")), target=None
    )
    assert tags.interpreters == ()
    assert (
        tags.reason
        == "p/m.so does not tell for which Python it is, so the claim is believed"
    )
    assert tags.floors == ()

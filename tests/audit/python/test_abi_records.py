"""The ABI record of a module against its suffix (TW415) and against the tags of the wheel (TW401)."""

from __future__ import annotations

import pytest

from support.claims import findings_about
from support.facts import CP313, contents
from support.said import GIL, SPLIT, STABLE, THREADED, backend, recorded, saying
from truewheel.audit.python.tags import true_python_tags
from truewheel.model.finding import Severity
from truewheel.model.record import replace

BOTH = GIL | THREADED
NAMED, NAMED_T = (f"p/m.cpython-315{flag}-x86_64-linux-gnu.so" for flag in ("", "t"))
CP315 = replace(
    CP313,
    version=(3, 15),
    python_tag="cp315",
    abi_tag="cp315",
    suffix=".cpython-315-x86_64-linux-gnu.so",
)
CP315T = replace(CP315, abi_tag="cp315t", suffix=".cpython-315t-x86_64-linux-gnu.so")


def codes(path: str, flags: int, tag: str, version: int = 0x030F0000) -> list[str]:
    """Return the codes of what is said of a module with a record."""
    inside = contents(recorded(path, flags, version))
    return [finding.code for finding in findings_about(inside, tag)]


@pytest.mark.parametrize(
    ("path", "flags", "tag", "version", "why"),
    [
        (NAMED, THREADED, "cp315-cp315", 0x030F0200, "a Python with the GIL looks for that name"),
        (NAMED_T, GIL, "cp315-cp315t", 0x030F0200, "a free-threaded Python looks for that name"),
        (NAMED, GIL, "cp315-cp315", 0x03100000, "Python 3.15 is another version"),
        (NAMED, STABLE | GIL, "cp315-cp315", 0x03100000, "Python 3.15 is another version"),
        ("p/m.abi3.so", GIL, "cp315-abi3", 0x030F0000,
         "abi3 is a stable ABI, and without STABLE a record is for one version"),
        ("p/m.abi3.so", STABLE | THREADED, "cp315-abi3", 0x030F0000, "a Python with the GIL looks for that name"),
        ("p/m.abi3t.so", BOTH, "cp315-abi3.abi3t", 0x030F0000,
         "abi3t is a stable ABI, and without STABLE a record is for one version"),
        ("p/m.abi3t.so", STABLE | GIL, "cp315-abi3.abi3t", 0x030F0000, "a free-threaded Python looks for that name"),
    ],
)  # fmt: skip
def test_a_record_that_is_not_for_the_pythons_of_its_suffix_is_an_error(
    path: str, flags: int, tag: str, version: int, why: str
) -> None:
    (finding,) = findings_about(contents(recorded(path, flags, version)), tag)
    assert finding.code == "TW415"
    assert finding.severity is Severity.ERROR
    assert (
        finding.message
        == "the module's own ABI record is for other Pythons than its file name"
    )
    assert finding.evidence[1].endswith(why)


def test_the_record_is_told_in_words() -> None:
    (finding,) = findings_about(contents(recorded(NAMED, THREADED)), "cp315-cp315")
    assert finding.evidence[0] == "Py_mod_abi says FREETHREADED for Python 3.15"


@pytest.mark.parametrize(
    ("path", "flags", "tag", "version"),
    [
        (NAMED, GIL, "cp315-cp315", 0x030F0200),
        (NAMED, BOTH, "cp315-cp315", 0),
        (NAMED, 0, "cp315-cp315", 0x030F0200),
        (NAMED, STABLE | GIL, "cp315-cp315", 0x030F0000),
        (NAMED_T, THREADED, "cp315-cp315t", 0x030F0200),
        ("p/m.abi3.so", STABLE | GIL, "cp315-abi3", 0x030F0000),
        ("p/m.abi3.so", STABLE | BOTH, "cp315-abi3", 0x030F0000),
        ("p/m.abi3t.so", STABLE | BOTH, "cp315-abi3.abi3t", 0x030F0000),
        ("p/m.abi3t.so", STABLE | THREADED, "cp315-abi3t", 0x030F0000),
    ],
)
def test_nothing_is_said_of_records_that_agree(
    path: str, flags: int, tag: str, version: int
) -> None:
    assert codes(path, flags, tag, version) == []


def test_pythons_before_3_15_do_not_look_at_records() -> None:
    path = "p/m.cpython-314-x86_64-linux-gnu.so"
    assert "TW415" not in codes(path, THREADED, "cp314-cp314")


@pytest.mark.parametrize(
    ("path", "flags", "version", "tag"),
    [
        ("p/m.abi3t.so", STABLE | THREADED, 0x030F0000, "cp315-abi3"),
        ("p/m.abi3.so", STABLE | GIL, 0x03100000, "cp315-abi3"),
        ("p/m.so", THREADED, 0x030F0000, "cp315-cp315"),
        ("p/m.so", GIL, 0x03100000, "cp315-cp315"),
        ("p/m.so", GIL, 0x030F0000, "cp315-cp315t"),
    ],
)
def test_tags_whose_pythons_refuse_the_record_are_untrue(
    path: str, flags: int, version: int, tag: str
) -> None:
    findings = findings_about(contents(recorded(path, flags, version)), tag)
    (untrue,) = [finding for finding in findings if finding.code == "TW401"]
    assert "which they refuse from 3.15 on" in untrue.evidence[0]


def test_a_module_in_split_mode_for_free_threaded_pythons_is_none_for_others() -> None:
    inside = contents(saying("p/m.abi3t.so", nanobind=backend(f"{SPLIT}_ft")))
    (finding,) = findings_about(inside, "cp315-abi3.abi3t")
    assert finding.code == "TW401"
    assert finding.message == "not every Python of cp315-abi3 can import it"
    assert finding.evidence == (
        f"it asks nanobind_backend for {SPLIT}_ft, which only that of free-threaded Pythons has",
    )
    assert findings_about(inside, "cp315-abi3t") == ()


@pytest.mark.parametrize("py_api", ["", "cp315.cp315t"])
def test_a_build_does_not_claim_what_a_module_in_split_mode_cannot_be(
    py_api: str,
) -> None:
    inside = contents(saying("p/m.abi3t.so", nanobind=backend(f"{SPLIT}_ft")))
    tags = true_python_tags(inside, target=CP315T, py_api=py_api)
    assert tags.abis == ("abi3t",)
    assert tags.findings == ()


@pytest.mark.parametrize("py_api", ["", "cp315.cp315t"])
def test_a_build_claims_both_for_a_module_that_both_load(py_api: str) -> None:
    inside = contents(recorded("p/m.abi3t.so", STABLE | BOTH))
    tags = true_python_tags(inside, target=CP315, py_api=py_api)
    assert tags.abis == ("abi3", "abi3t")


def test_a_module_of_another_kind_named_abi3t_is_no_stable_abi() -> None:
    """PEP 803: nobody can fill a PyModuleDef who is compiled for abi3t."""
    inside = contents(saying("p/m.abi3t.so", "PyModuleDef_Init"))
    (finding,) = [
        one for one in findings_about(inside, "cp315-abi3.abi3t") if one.code == "TW402"
    ]
    assert finding.severity is Severity.ERROR
    assert finding.message == (
        "PyModuleDef_Init is not for free-threaded Pythons: abi3t has no PyModuleDef"
    )
    assert true_python_tags(inside, target=CP315).abis == ("cp315",)


def test_a_file_for_each_kind_of_python_may_use_what_its_kind_has() -> None:
    files = (
        saying("p/m.abi3.so", "PyModuleDef_Init"),
        recorded("p/m.abi3t.so", STABLE | THREADED),
    )
    assert findings_about(contents(*files), "cp315-abi3.abi3t") == ()

"""RECORD against the files, and signatures of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.checks import codes_of_wheel, with_code
from support.facts import DIST_INFO, member, package, wheel
from support.small_wheels import small_wheel
from truewheel.audit import verdict
from truewheel.checks import check_tree, check_wheel
from truewheel.model.contents import File, WheelFacts
from truewheel.model.finding import Severity
from truewheel.model.record import replace
from truewheel.system.wheels.reading import read_wheel

NAME = "p-1-py3-none-any.whl"
TEXTS = ("TW522", "TW524")
"""Findings about METADATA, WHEEL and RECORD that are missing or cannot be read."""


def test_texts_that_are_not_utf8_are_told() -> None:
    findings = check_wheel(wheel(undecodable=("METADATA", "RECORD")))
    places = {finding.where: finding.code for finding in findings}
    assert places == {f"{DIST_INFO}/METADATA": "TW522", f"{DIST_INFO}/RECORD": "TW524"}
    assert {finding.severity for finding in findings} == {Severity.ERROR}


def wheel_without_texts(problem: str | None) -> WheelFacts:
    """Return a wheel whose texts in dist-info say nothing.

    :param problem: why they cannot be unpacked, if that is the reason.
    """
    names = [f"{DIST_INFO}/{name}" for name in ("METADATA", "RECORD", "WHEEL")]
    members = tuple(member(name, problem=problem) for name in names)
    return wheel(record=None, wheel_headers=(), metadata=None, members=members)


def test_files_that_are_empty_are_not_called_missing() -> None:
    findings = check_wheel(wheel_without_texts(None))
    assert sorted(finding.code for finding in findings if finding.code in TEXTS) == [
        "TW522",
        "TW524",
        "TW524",
    ]
    assert "missing" not in " ".join(finding.message for finding in findings)


def test_files_that_cannot_be_unpacked_are_not_called_missing() -> None:
    findings = check_wheel(wheel_without_texts("bad CRC"))
    assert len(with_code("TW520", findings)) == 3
    assert [finding for finding in findings if finding.code in TEXTS] == []


def test_files_that_are_missing_are_called_so() -> None:
    findings = check_wheel(replace(wheel_without_texts(None), members=()))
    assert (
        len([finding for finding in findings if finding.message == "is missing"]) == 3
    )


def test_a_missing_record_is_told() -> None:
    assert codes_of_wheel(wheel(record=None)) == ["TW524"]


def test_a_file_without_a_row_is_told() -> None:
    rows = wheel().record or ()
    assert codes_of_wheel(wheel(record=rows[1:])) == ["TW504"]


def test_a_row_without_a_file_is_told() -> None:
    rows = wheel().record or ()
    assert codes_of_wheel(wheel(record=(*rows, replace(rows[0], path="gone")))) == [
        "TW506"
    ]


def test_a_row_with_backslashes_is_that_of_the_file_with_slashes() -> None:
    rows = wheel().record or ()
    own = replace(rows[0], path=f"{DIST_INFO}\\RECORD", digest=None, size=None)
    turned = [replace(row, path=row.path.replace("/", "\\")) for row in rows]
    [finding] = check_wheel(wheel(record=(*turned, own)))
    assert (finding.code, finding.severity) == ("TW506", Severity.NOTE)
    assert finding.where == f"{DIST_INFO}/RECORD"
    assert own.path in finding.evidence


def test_a_row_with_backslashes_does_not_hide_that_its_file_is_another() -> None:
    first, *rest = wheel().record or ()
    turned = replace(first, path=first.path.replace("/", "\\"), size=9)
    assert turned.path != first.path
    found = check_wheel(wheel(record=(turned, *rest)))
    assert {finding.code for finding in found} == {"TW505", "TW506"}


def test_a_row_with_backslashes_of_no_file_is_an_error() -> None:
    rows = wheel().record or ()
    [finding] = check_wheel(wheel(record=(*rows, replace(rows[0], path="p\\gone"))))
    assert (finding.code, finding.severity) == ("TW506", Severity.ERROR)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"digest": "y"}, "TW505"),
        ({"size": 9}, "TW505"),
        ({"digest": None}, "TW526"),
        ({"algorithm": "md5"}, "TW526"),
    ],
    ids=["another digest", "another size", "no digest", "a weak digest"],
)
def test_a_row_that_contradicts_its_file_or_proves_nothing_is_told(
    change: dict[str, object], code: str
) -> None:
    first, *rest = wheel().record or ()
    assert codes_of_wheel(wheel(record=(replace(first, **change), *rest))) == [code]


@pytest.mark.parametrize("name", ["RECORD.jws", "RECORD.p7s"])
def test_signatures_of_record_are_told(name: str) -> None:
    path = f"{DIST_INFO}/{name}"
    signed = wheel(path)
    unlisted = tuple(row for row in signed.record or () if row.path != path)
    (finding,) = check_wheel(wheel(path, record=unlisted))
    assert finding.code == "TW539"
    assert finding.severity is Severity.WARNING
    assert finding.where == path
    assert finding.evidence == ("it is in the wheel",)


def test_signatures_that_record_lists_are_told_with_that() -> None:
    path = f"{DIST_INFO}/RECORD.jws"
    signed = wheel(path)
    (finding,) = check_wheel(signed)
    assert finding.code == "TW539"
    assert finding.evidence == ("it is in the wheel", "RECORD lists it, and must not")
    without = tuple(member for member in signed.members if member.name != path)
    (finding,) = check_wheel(replace(signed, members=without))
    assert finding.code == "TW539"
    assert finding.evidence == ("RECORD lists it, and must not",)


def test_a_signature_need_not_be_in_record_and_may_not_be_of_another_package() -> None:
    assert codes_of_wheel(wheel("p/RECORD.jws", "p/RECORD.p7s")) == []


def test_a_build_may_not_add_a_signature() -> None:
    path = f"{DIST_INFO}/RECORD.p7s"
    (finding,) = check_tree(package(File(path=path, size=1)))
    assert finding.code == "TW539"
    assert finding.severity is Severity.ERROR
    assert finding.where == path


@pytest.mark.parametrize(("is_listed", "lines"), [(False, 1), (True, 2)])
def test_a_signature_in_an_archive_is_a_warning(
    tmp_path: Path, is_listed: bool, lines: int
) -> None:
    signature = f"{DIST_INFO}/RECORD.jws"
    unrecorded = () if is_listed else (signature,)
    path = small_wheel(
        tmp_path / NAME, {"p/__init__.py": b"", signature: b"{}"}, unrecorded=unrecorded
    )
    checked = verdict.check(read_wheel(path, digests=True), upload=True)
    (finding,) = checked.findings
    assert finding.code == "TW539"
    assert finding.where == signature
    assert len(finding.evidence) == lines
    assert checked.passes()
    assert not checked.passes(strict=True)


def test_a_small_wheel_is_sound(tmp_path: Path) -> None:
    path = small_wheel(tmp_path / NAME, {"p/__init__.py": b""})
    checked = verdict.check(read_wheel(path, digests=True), upload=True)
    assert checked.findings == ()

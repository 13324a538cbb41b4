"""RECORD against the files, and signatures of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from support.archives import written_wheel
from support.checks import codes_of_wheel
from support.facts import DIST_INFO, member, package, wheel
from truewheel.audit import verdict
from truewheel.checks import check_tree, check_wheel
from truewheel.model.contents import File
from truewheel.model.finding import Severity
from truewheel.system.wheels.reading import read_wheel


def test_texts_that_are_not_utf8_are_told() -> None:
    found = check_wheel(wheel(undecodable=("METADATA", "RECORD")))
    assert [(f.code, f.severity, f.where) for f in sorted(found, key=lambda f: f.code)] == [
        ("TW522", Severity.ERROR, f"{DIST_INFO}/METADATA"), ("TW524", Severity.ERROR, f"{DIST_INFO}/RECORD"),
    ]  # fmt: skip


@pytest.mark.parametrize(("problem", "found"), [(None, ["TW522", "TW524", "TW524"]), ("bad CRC", ["TW520"] * 3)])
def test_what_cannot_be_unpacked_is_not_called_missing(problem: str | None, found: list[str]) -> None:
    names = [f"p-1.dist-info/{n}" for n in ("METADATA", "RECORD", "WHEEL")]
    there = tuple(member(n, problem=problem) for n in names)
    facts = dataclasses.replace(wheel(), record=None, wheel_headers=(), metadata=None, members=there)
    told = [f for f in check_wheel(facts) if f.code in ("TW520", "TW522", "TW524")]
    assert sorted(f.code for f in told) == found
    assert not any("missing" in f.message for f in told)
    gone = dataclasses.replace(facts, members=())
    assert sum(f.message == "is missing" for f in check_wheel(gone)) == 3


def test_each_way_in_which_record_and_files_disagree() -> None:
    sound = wheel()
    rows = sound.record or ()
    assert codes_of_wheel(dataclasses.replace(sound, record=None)) == ["TW524"]
    assert codes_of_wheel(dataclasses.replace(sound, record=rows[1:])) == ["TW504"]
    assert codes_of_wheel(dataclasses.replace(sound, record=(dataclasses.replace(rows[0], digest="y"), *rows[1:]))) == [
        "TW505"
    ]
    assert codes_of_wheel(
        dataclasses.replace(sound, record=(dataclasses.replace(rows[0], digest=None), *rows[1:]))
    ) == ["TW526"]
    assert codes_of_wheel(dataclasses.replace(sound, record=(dataclasses.replace(rows[0], size=9), *rows[1:]))) == [
        "TW505"
    ]
    weak = dataclasses.replace(rows[0], algorithm="md5")
    assert codes_of_wheel(dataclasses.replace(sound, record=(weak, *rows[1:]))) == ["TW526"]
    assert codes_of_wheel(dataclasses.replace(sound, record=(*rows, dataclasses.replace(rows[0], path="gone")))) == [
        "TW506"
    ]


@pytest.mark.parametrize("name", ["RECORD.jws", "RECORD.p7s"])
def test_signatures_of_record_are_told(name: str) -> None:
    path = f"{DIST_INFO}/{name}"
    signed = wheel(path)
    unlisted = tuple(row for row in signed.record or () if row.path != path)
    (finding,) = check_wheel(dataclasses.replace(signed, record=unlisted))
    assert (finding.code, finding.severity, finding.where) == ("TW539", Severity.WARNING, path)
    assert finding.evidence == ("it is in the wheel",)


def test_signatures_that_record_lists_are_told_with_that() -> None:
    path = f"{DIST_INFO}/RECORD.jws"
    signed = wheel(path)
    (finding,) = check_wheel(signed)
    assert (finding.code, finding.evidence) == ("TW539", ("it is in the wheel", "RECORD lists it, and must not"))
    without = tuple(member for member in signed.members if member.name != path)
    (finding,) = check_wheel(dataclasses.replace(signed, members=without))
    assert (finding.code, finding.evidence) == ("TW539", ("RECORD lists it, and must not",))


def test_a_signature_need_not_be_in_record_and_may_not_be_of_another_package() -> None:
    assert codes_of_wheel(wheel("p/RECORD.jws", "p/RECORD.p7s")) == []


def test_a_build_may_not_add_a_signature() -> None:
    path = f"{DIST_INFO}/RECORD.p7s"
    (finding,) = check_tree(package(File(path=path, size=1)))
    assert (finding.code, finding.severity, finding.where) == ("TW539", Severity.ERROR, path)


@pytest.mark.parametrize(("is_listed", "lines"), [(False, 1), (True, 2)])
def test_a_signature_in_an_archive_is_a_warning(tmp_path: Path, is_listed: bool, lines: int) -> None:
    signature = f"{DIST_INFO}/RECORD.jws"
    path = written_wheel(tmp_path, {signature: b"{}"}, unrecorded=() if is_listed else (signature,))
    checked = verdict.check(read_wheel(path, digests=True), upload=True)
    assert [(f.code, f.where, len(f.evidence)) for f in checked.findings] == [("TW539", signature, lines)]
    assert checked.passes()
    assert not checked.passes(strict=True)


def test_an_archive_written_by_hand_is_sound(tmp_path: Path) -> None:
    checked = verdict.check(read_wheel(written_wheel(tmp_path, {}), digests=True), upload=True)
    assert checked.findings == ()

"""Binaries with odd parts that were skipped."""

from __future__ import annotations

from support.checks import with_code
from support.facts import binary_file, package
from truewheel.checks import check_tree
from truewheel.model.binary import ElfSlice, Kind, Slice
from truewheel.model.finding import Finding, Severity
from truewheel.model.skipped import Skipped

MODULE = "p/_m.cpython-313-x86_64-linux-gnu.so"
NOTES = Skipped(
    part="the notes in section .note.vendor (64 bytes at 0x2c0)",
    problem="note owner lies outside of it (at byte 0x2cc, note owner = 1)",
    loss="if they state an Android API level, it is not known",
)
NAMES = Skipped(part="the names of its sections", problem="they lie outside of it")
HASHES = Skipped(part="the hash table", problem="a chain has no end", grave=True)


def library(*skipped: Skipped) -> Slice:
    return ElfSlice(
        cpu="x86_64", bits=64, machine=62, kind=Kind.SHARED, skipped=skipped
    )


def findings_about(*slices: Slice) -> list[Finding]:
    return with_code("TW517", check_tree(package(binary_file(MODULE, *slices))))


def test_a_harmless_part_is_a_note_with_its_reason() -> None:
    (finding,) = findings_about(library(NOTES))
    assert finding.severity is Severity.NOTE
    assert finding.where == MODULE
    assert finding.message == (
        "the notes in section .note.vendor (64 bytes at 0x2c0) cannot be read; no loader asks for that, so the rest was judged"
    )
    assert finding.evidence == (f"{NOTES.part}: {NOTES.problem}; {NOTES.loss}",)


def test_several_parts_are_one_finding() -> None:
    (finding,) = findings_about(library(NAMES, NOTES))
    assert finding.message.startswith("the names of its sections and 1 more cannot")
    assert len(finding.evidence) == 2


def test_a_part_that_somebody_misses_is_a_warning() -> None:
    findings = findings_about(library(NAMES, HASHES))
    by_severity = {finding.severity: finding for finding in findings}
    assert set(by_severity) == {Severity.NOTE, Severity.WARNING}
    grave = by_severity[Severity.WARNING]
    assert grave.message == (
        "the hash table cannot be read; a loader may take the file all the same"
    )


def test_a_part_of_several_slices_is_told_once() -> None:
    (finding,) = findings_about(library(NAMES), library(NAMES))
    assert len(finding.evidence) == 1


def test_sound_files_have_none() -> None:
    assert findings_about(library()) == []

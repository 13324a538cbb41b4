"""Values as text: nothing that a wheel's maker wrote moves the cursor, and findings that are alike are told together."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.facts import contents, wheel_named
from truewheel.audit.truth import Checked
from truewheel.model.binary import Binary, ElfSlice, Format, Kind, Need
from truewheel.model.contents import WheelFacts
from truewheel.model.errors import TruewheelError, VerdictError
from truewheel.model.finding import Finding, Severity
from truewheel.model.floor import Evidence, Floor
from truewheel.model.record import replace
from truewheel.model.verdict import Verdict
from truewheel.model.wheel_name import WheelName
from truewheel.report.json_document import json_document
from truewheel.report.messages import CacheRow, cache_listing
from truewheel.report.text import Style, error_text, finding_texts, printable
from truewheel.report.wheels import (
    binary_report,
    build_summary,
    check_report,
    wheel_report,
)

EVIL = "a\x1b[31m\x00\x07\x9b2J\r\n\u202e\u2028\x7f\udc80"


def finding(
    where: str,
    *,
    message: str = "is wrong",
    evidence: tuple[str, ...] = (),
    hint: str = "mend it",
) -> Finding:
    """Return a note about a file."""
    return Finding(
        code="TW514",
        severity=Severity.NOTE,
        where=where,
        message=message,
        evidence=evidence,
        hint=hint,
    )


def facts(name: str) -> WheelFacts:
    return wheel_named(name, contents())


def checked(*findings: Finding, evil: str = "x") -> Checked:
    """Return the verdict on a wheel whose every text is ``evil``."""
    floor = Floor(
        of="glibc",
        version=(2, 17),
        evidence=(Evidence(file=evil, symbol=evil, version=evil, library=evil),),
    )
    truth = Verdict(
        interpreters=(evil,),
        abis=("none",),
        platforms=("any",),
        purelib=True,
        floors=(floor,),
        reasons=(evil,),
    )
    name = WheelName(
        name="p",
        version="1",
        interpreters=(evil, "py3"),
        abis=("none",),
        platforms=("any",),
    )
    return Checked(claimed=name, truth=truth, findings=findings)


def is_harmless(text: str) -> bool:
    """Whether a terminal would only print it."""
    return all(line.isprintable() for line in text.split("\n"))


def test_nothing_from_a_wheel_is_obeyed_by_a_terminal() -> None:
    bad = finding(EVIL, message=EVIL, evidence=(EVIL,), hint=EVIL)
    more = [
        finding(f"{n}{EVIL}", message=EVIL, evidence=(EVIL,), hint=f"{n}{EVIL}")
        for n in range(9)
    ]
    judged, known = checked(bad, *more, evil=EVIL), facts(EVIL)
    piece = ElfSlice(
        cpu="x86_64",
        bits=64,
        machine=62,
        kind=Kind.SHARED,
        name=EVIL,
        needs=(Need(library=EVIL),),
    )
    texts = [
        wheel_report(known, judged),
        wheel_report(known, judged, Style(verbose=True)),
        check_report(known, judged),
        build_summary(EVIL, 1, judged.truth, note=EVIL),
        error_text(VerdictError(EVIL, findings=[bad, *more], hint=EVIL)),
        error_text(TruewheelError(EVIL, context=[EVIL])),
        binary_report(EVIL, Binary(format=Format.ELF, slices=(piece,))),
        cache_listing("/cache", [CacheRow(EVIL, 0.0, 1, EVIL)]),
        json_document([(known, judged)]),
    ]
    for text in texts:
        assert is_harmless(text), text
    assert json.loads(texts[-1])["wheels"][0]["findings"][0]["where"] == EVIL


@given(st.text(max_size=50))
def test_printable_text_is_one_line(text: str) -> None:
    assert printable(text).isprintable()
    assert not text.isprintable() or printable(text) == text


def test_text_that_is_too_long_for_a_person_is_cut() -> None:
    assert printable("x" * 10_000_000) == "x" * 1000 + "… (9999000 characters more)"


def test_a_long_name_loses_its_middle_in_text_and_not_in_json() -> None:
    name = f"p/{'x' * 3000}.so"
    one = finding(name, evidence=(f"{name} needs libfoo.so",))
    known, judged = (
        facts("p-1-py3-none-any.whl"),
        checked(one, finding("q", message="is odd")),
    )
    text = wheel_report(known, judged)
    assert longest_line(text) < 400
    assert "characters more) …xxx" in text
    assert "xxx.so needs libfoo.so\n" in text
    (wheel,) = json.loads(json_document([(known, judged)]))["wheels"]
    assert wheel["findings"][0]["where"] == name


def test_long_names_of_findings_that_are_told_together_lose_their_middle() -> None:
    name = f"p/{'x' * 3000}.so"
    told = finding_texts(
        [
            finding(name),
            finding(name + "2", evidence=("it is odd",)),
            finding("a" * 300),
        ]
    )
    together = "\n".join(told)
    assert longest_line(together) < 400
    assert "a" * 300 in together


def longest_line(text: str) -> int:
    return max(map(len, text.splitlines()))


def test_a_count_of_findings_includes_those_that_are_not_listed() -> None:
    many = [finding(f"p/{n}.a") for n in range(6)]
    rest = finding("…", message="and 72 more like these, which are not listed")
    told = finding_texts([*many, rest], rest=" (-v lists them)")
    assert told[0].startswith("note TW514: is wrong (6 files or more)\n")
    assert "  and 1 more (-v lists them)\n" in told[0]
    assert told[1].startswith(
        "note TW514: …: and 72 more like these, which are not listed"
    )
    assert finding_texts(many)[0].startswith("note TW514: is wrong (6 files)\n")


def test_lines_of_a_compiler_stay_lines() -> None:
    long = "x" * 5000
    text = error_text(TruewheelError("it failed", context=[f"one\n\ttwo\n{long}"]))
    assert text.split("\n")[1:] == [
        "  because: one",
        "  because:         two",
        f"  because: {long}",
    ]


def test_findings_that_are_alike_are_told_together() -> None:
    many = [finding(f"p/{n}.a", evidence=(f"{n} bytes",)) for n in range(30)]
    told = wheel_report(
        facts("p-1-py3-none-any.whl"), checked(*many, finding("q", message="is odd"))
    )
    assert "note TW514: is wrong (30 files)\n  p/0.a: 0 bytes\n" in told
    assert "  p/4.a: 4 bytes\n  and 25 more (-v lists them)\n  hint: mend it\n" in told
    assert "p/5.a" not in told
    assert "note TW514: q: is odd\n" in told
    each = wheel_report(
        facts("p-1-py3-none-any.whl"), checked(*many), Style(verbose=True)
    )
    assert (
        len(
            re.findall(
                "note TW514: p/[0-9]+.a: is wrong\n  because: [0-9]+ bytes", each
            )
        )
        == 30
    )


def test_evidence_that_names_the_file_does_not_name_it_twice() -> None:
    both = [
        finding(n, evidence=(f"{n} imports x",), hint=f"mend {n}")
        for n in ("a.so", "b.so")
    ]
    (told,) = finding_texts(both)
    assert told.split("\n")[1:4] == [
        "  a.so imports x",
        "  b.so imports x",
        "  hint: for example: mend a.so",
    ]


@pytest.mark.parametrize(
    ("severity", "count"),
    [(Severity.NOTE, 1), (Severity.WARNING, 2), (Severity.ERROR, 2)],
)
def test_findings_of_different_severity_are_told_apart(
    severity: Severity, count: int
) -> None:
    note = finding("a")
    other = replace(note, where="b", severity=severity)
    assert len(finding_texts([note, other])) == count


def about_library(library: str, where: str, hint: str = "mend it") -> Finding:
    """Return a warning about a library that a file needs."""
    return Finding(
        code="TW201",
        severity=Severity.WARNING,
        where=where,
        message=f"{library} is nowhere",
        evidence=(f"{where} needs {library}",),
        hint=hint,
        subject=library,
        alike="libraries: each is nowhere",
    )


def test_findings_that_differ_in_a_library_are_one_block_with_a_list() -> None:
    many = [about_library(f"lib{n}.so", f"p/m{n}.so") for n in range(15)]
    both = [*many, about_library("lib0.so", "p/n.so")]
    (told,) = finding_texts(both)
    head, *lines = told.split("\n")
    assert head == "warning TW201: 15 libraries: each is nowhere (16 files)"
    assert lines[0] == "  lib0.so: p/m0.so and 1 more"
    assert lines[1] == "  lib1.so: p/m1.so"
    assert len(lines) == 15 + len(["hint", "see"])
    assert len(finding_texts(both, Style(verbose=True))) == 16


def test_findings_about_one_library_are_told_with_its_name() -> None:
    (told,) = finding_texts(
        [about_library("libx.so", "p/m.so"), about_library("libx.so", "p/n.so")]
    )
    assert told.startswith("warning TW201: libx.so is nowhere (2 files)\n")
    (alone,) = finding_texts([about_library("libx.so", "p/m.so")])
    assert alone.startswith("warning TW201: p/m.so: libx.so is nowhere\n")


def test_a_list_of_very_many_libraries_ends_with_their_number() -> None:
    many = [about_library(f"lib{n}.so", "p/m.so", f"mend {n}") for n in range(1000)]
    (told,) = finding_texts(many, rest=" (-v lists them)")
    assert told.startswith("warning TW201: 1000 libraries: each is nowhere (1 file)\n")
    assert "  and 980 more (-v lists them)\n  hint: for example: mend 0\n" in told


def test_findings_of_another_severity_are_told_by_themselves() -> None:
    one = about_library("libx.so", "p/m.so")
    note = replace(one, severity=Severity.NOTE, subject="liby.so")
    assert len(finding_texts([one, note])) == 2


def test_json_has_each_finding_with_its_subject() -> None:
    many = [about_library(f"lib{n}.so", "p/m.so") for n in range(30)]
    document = json_document([(facts("p-1-py3-none-any.whl"), checked(*many))])
    (wheel,) = json.loads(document)["wheels"]
    assert [one["subject"] for one in wheel["findings"]] == [
        f"lib{n}.so" for n in range(30)
    ]
    assert "alike" not in wheel["findings"][0]

"""What indexes and installers refuse: file names, WHEEL, records, sizes."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.checks import severities_of, with_code
from support.facts import member, wheel
from truewheel.audit import verdict
from truewheel.checks import check_upload
from truewheel.model.contents import Oddity, WheelFacts
from truewheel.model.finding import Severity


def told(facts: WheelFacts) -> list[tuple[str, Severity]]:
    """Return the code and the severity of each finding."""
    return [(finding.code, finding.severity) for finding in check_upload(facts)]


def test_a_sound_wheel_has_no_finding() -> None:
    assert told(wheel()) == []


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("p-1+local-py3-none-any.whl", Severity.NOTE), ("p-one-py3-none-any.whl", Severity.ERROR),
        ("p__q-1-py3-none-any.whl", Severity.ERROR), ("_p-1-py3-none-any.whl", Severity.ERROR),
        ("p!-1-py3-none-any.whl", Severity.ERROR), ("p-1-1!-py3-none-any.whl", Severity.ERROR),
        ("p-1-py3.-none-any.whl", Severity.ERROR), ("p-1-py3-none-any!.whl", Severity.ERROR),
    ],
)  # fmt: skip
def test_file_names_that_are_refused_are_told(name: str, severity: Severity) -> None:
    home = "-".join(name.split("-")[:2]) + ".dist-info"
    facts = wheel(filename=name)
    facts = dataclasses.replace(
        facts, contents=dataclasses.replace(facts.contents, dist_info=home)
    )
    assert told(facts) == [("TW528", severity)]


def test_dist_info_is_named_as_the_file_is() -> None:
    assert told(wheel(filename="P-1-py3-none-any.whl")) == [("TW534", Severity.ERROR)]
    assert told(wheel(filename="p-1.0-py3-none-any.whl")) == [("TW534", Severity.ERROR)]
    assert told(wheel(filename="p-1-2b-py3-none-any.whl")) == []


def test_ambiguous_records_of_the_archive_are_told() -> None:
    odd = (Oddity(where="p/a", message="x"), Oddity(where="", message="y", grave=False))
    assert told(wheel(oddities=odd)) == [
        ("TW531", Severity.ERROR),
        ("TW531", Severity.WARNING),
    ]


def test_large_files_and_extreme_compression_are_told() -> None:
    assert told(wheel(size=101 << 20)) == [("TW532", Severity.NOTE)]
    large = dataclasses.replace(member("p/zeros"), size=100 << 20)
    facts = wheel(size=1 << 20)
    assert told(dataclasses.replace(facts, members=(*facts.members, large))) == [
        ("TW532", Severity.WARNING)
    ]


@pytest.mark.parametrize(
    ("headers", "severities"),
    [
        ([("Wheel-Version", "2.0"), ("Root-Is-Purelib", "true")], [Severity.ERROR]),
        ([("Wheel-Version", "1"), ("Root-Is-Purelib", "true")], [Severity.ERROR]),
        ([("Root-Is-Purelib", "true")], [Severity.ERROR]),
        ([("Wheel-Version", "1.0")], [Severity.WARNING]),
        ([("Wheel-Version", "1.9"), ("Root-Is-Purelib", "False")], []),
        ([], []),
    ],
)
def test_wheel_files_that_installers_refuse_are_told(
    headers: list[tuple[str, str]], severities: list[Severity]
) -> None:
    findings = check_upload(wheel(wheel_headers=tuple(headers)))
    assert severities_of("TW533", findings) == severities
    assert len(findings) == len(severities)


@settings(max_examples=150, deadline=None)
@given(parts=st.lists(st.text(max_size=12), min_size=3, max_size=6))
def test_any_name_can_be_checked(parts: list[str]) -> None:
    facts = wheel(filename="-".join(parts) + ".whl")
    verdict.check(facts, upload=True)


def test_only_uploads_are_held_to_what_indexes_refuse() -> None:
    facts = wheel(filename="P-1-py3-none-any.whl")
    assert with_code("TW534", verdict.check(facts).findings) == []
    assert len(with_code("TW534", verdict.check(facts, upload=True).findings)) == 1

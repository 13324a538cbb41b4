"""METADATA that indexes refuse, read by twine's own library."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.facts import DIST_INFO, member, wheel
from truewheel.checks import check_upload
from truewheel.model.contents import WheelFacts
from truewheel.model.finding import Severity

METADATA = "Metadata-Version: 2.4\nName: p\nVersion: 1\n"


def told(facts: WheelFacts) -> list[tuple[str, Severity]]:
    """Return the code and the severity of each finding."""
    return [(finding.code, finding.severity) for finding in check_upload(facts)]


def with_metadata(lines: str) -> WheelFacts:
    return wheel(metadata=METADATA + lines)


def test_sound_metadata_has_no_finding() -> None:
    assert told(with_metadata("")) == []


@pytest.mark.parametrize(
    ("field", "allowed"),
    [
        ("text/html", "['text/markdown', 'text/plain', 'text/x-rst']"),
        ("text/markdown; variant=X", "['CommonMark', 'GFM']"),
    ],
)
def test_allowed_values_are_told_in_order(field: str, allowed: str) -> None:
    (found,) = check_upload(with_metadata(f"Description-Content-Type: {field}\n"))
    assert allowed in found.message


@pytest.mark.parametrize(
    "line",
    [
        "Requires-Dist: !", "Requires-Python: nonsense", "Description-Content-Type: text/html", "Provides-Extra: a b",
        "License-Expression: Nonsense-1", "Dynamic: name", "License-File: ../x",
    ],
)  # fmt: skip
def test_metadata_that_breaks_the_specification_is_told(line: str) -> None:
    assert ("TW529", Severity.ERROR) in told(with_metadata(line + "\n"))


def test_unknown_versions_are_told_and_older_ones_are_lenient() -> None:
    assert told(wheel(metadata="Metadata-Version: 9.9\nName: p\nVersion: 1\n")) == [
        ("TW529", Severity.ERROR)
    ]
    assert (
        told(
            wheel(
                metadata="Metadata-Version: 2.1\nName: p\nVersion: 1\nLicense-File: L\n"
            )
        )
        == []
    )
    assert ("TW529", Severity.ERROR) in told(with_metadata("\n" + "x" * (5 << 20)))


@pytest.mark.parametrize(
    ("line", "severity"),
    [
        ("Summary: " + "x" * 513, Severity.WARNING), ("Requires-Dist: q @ https://example.org/q.whl", Severity.WARNING),
        ("Classifier: Private :: Do Not Upload", Severity.NOTE),
    ],
)  # fmt: skip
def test_metadata_that_only_public_indexes_refuse_is_told_more_mildly(
    line: str, severity: Severity
) -> None:
    assert told(with_metadata(line + "\n")) == [("TW529", severity)]


def test_licence_files_must_be_in_the_wheel() -> None:
    facts = with_metadata("License-File: LICENCE\n")
    assert told(facts) == [("TW530", Severity.ERROR)]
    there = (*facts.members, member(f"{DIST_INFO}/licenses/LICENCE"))
    assert told(dataclasses.replace(facts, members=there)) == []


@settings(max_examples=150, deadline=None)
@given(
    text=st.text(max_size=300),
    field=st.sampled_from(
        ["Requires-Dist", "License-File", "Name", "Version", "Metadata-Version", "X"]
    ),
)
def test_any_metadata_can_be_checked(text: str, field: str) -> None:
    for metadata in (
        text,
        f"{METADATA}{field}: {text}",
        f"{field}: {text}\n{METADATA}",
    ):
        check_upload(
            wheel(
                metadata=metadata,
                wheel_headers=((field, text), ("Wheel-Version", text)),
            )
        )

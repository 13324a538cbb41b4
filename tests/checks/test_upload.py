"""What indexes and installers refuse: each finding provoked, and METADATA as twine's own library reads it."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.facts import DIST_INFO, member, wheel
from truewheel.audit import verdict
from truewheel.checks import upload
from truewheel.model.contents import Oddity, WheelFacts
from truewheel.model.finding import Severity

METADATA = "Metadata-Version: 2.4\nName: p\nVersion: 1\n"


def told(facts: WheelFacts) -> list[tuple[str, Severity]]:
    return [(f.code, f.severity) for f in upload.findings(facts)]


def with_metadata(lines: str) -> WheelFacts:
    return wheel(metadata=METADATA + lines)


@pytest.mark.parametrize(
    ("field", "allowed"),
    [
        ("text/html", "['text/markdown', 'text/plain', 'text/x-rst']"),
        ("text/markdown; variant=X", "['CommonMark', 'GFM']"),
    ],
)
def test_what_is_allowed_is_told_in_order(field: str, allowed: str) -> None:
    (found,) = upload.findings(with_metadata(f"Description-Content-Type: {field}\n"))
    assert allowed in found.message


def test_a_sound_wheel_has_none() -> None:
    assert told(wheel()) == []
    assert told(with_metadata("")) == []


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("p-1+local-py3-none-any.whl", Severity.NOTE), ("p-one-py3-none-any.whl", Severity.ERROR),
        ("p__q-1-py3-none-any.whl", Severity.ERROR), ("_p-1-py3-none-any.whl", Severity.ERROR),
        ("p!-1-py3-none-any.whl", Severity.ERROR), ("p-1-1!-py3-none-any.whl", Severity.ERROR),
        ("p-1-py3.-none-any.whl", Severity.ERROR), ("p-1-py3-none-any!.whl", Severity.ERROR),
    ],
)  # fmt: skip
def test_file_names(name: str, severity: Severity) -> None:
    home = "-".join(name.split("-")[:2]) + ".dist-info"
    facts = wheel(filename=name)
    facts = dataclasses.replace(facts, contents=dataclasses.replace(facts.contents, dist_info=home))
    assert told(facts) == [("TW528", severity)]


def test_dist_info_is_named_as_the_file_is() -> None:
    assert told(wheel(filename="P-1-py3-none-any.whl")) == [("TW534", Severity.ERROR)]
    assert told(wheel(filename="p-1.0-py3-none-any.whl")) == [("TW534", Severity.ERROR)]
    assert told(wheel(filename="p-1-2b-py3-none-any.whl")) == []


@pytest.mark.parametrize(
    "line",
    [
        "Requires-Dist: !", "Requires-Python: nonsense", "Description-Content-Type: text/html", "Provides-Extra: a b",
        "License-Expression: Nonsense-1", "Dynamic: name", "License-File: ../x",
    ],
)  # fmt: skip
def test_metadata_that_breaks_the_specification(line: str) -> None:
    assert ("TW529", Severity.ERROR) in told(with_metadata(line + "\n"))


def test_metadata_of_unknown_or_older_versions() -> None:
    assert told(wheel(metadata="Metadata-Version: 9.9\nName: p\nVersion: 1\n")) == [("TW529", Severity.ERROR)]
    assert told(wheel(metadata="Metadata-Version: 2.1\nName: p\nVersion: 1\nLicense-File: L\n")) == []
    assert ("TW529", Severity.ERROR) in told(with_metadata("\n" + "x" * (5 << 20)))


@pytest.mark.parametrize(
    ("line", "severity"),
    [
        ("Summary: " + "x" * 513, Severity.WARNING), ("Requires-Dist: q @ https://example.org/q.whl", Severity.WARNING),
        ("Classifier: Private :: Do Not Upload", Severity.NOTE),
    ],
)  # fmt: skip
def test_what_public_indexes_refuse(line: str, severity: Severity) -> None:
    assert told(with_metadata(line + "\n")) == [("TW529", severity)]


def test_licence_files() -> None:
    facts = with_metadata("License-File: LICENCE\n")
    assert told(facts) == [("TW530", Severity.ERROR)]
    there = (*facts.members, member(f"{DIST_INFO}/licenses/LICENCE"))
    assert told(dataclasses.replace(facts, members=there)) == []


def test_records_of_the_archive() -> None:
    odd = (Oddity(where="p/a", message="x"), Oddity(where="", message="y", grave=False))
    assert told(wheel(oddities=odd)) == [("TW531", Severity.ERROR), ("TW531", Severity.WARNING)]


def test_sizes() -> None:
    assert told(wheel(size=101 << 20)) == [("TW532", Severity.NOTE)]
    large = dataclasses.replace(member("p/zeros"), size=100 << 20)
    facts = wheel(size=1 << 20)
    assert told(dataclasses.replace(facts, members=(*facts.members, large))) == [("TW532", Severity.WARNING)]


@pytest.mark.parametrize(
    ("headers", "severity"),
    [
        ([("Wheel-Version", "2.0"), ("Root-Is-Purelib", "true")], Severity.ERROR), ([("Root-Is-Purelib", "true")], Severity.ERROR),
        ([("Wheel-Version", "1"), ("Root-Is-Purelib", "true")], Severity.ERROR), ([("Wheel-Version", "1.0")], Severity.WARNING),
        ([("Wheel-Version", "1.9"), ("Root-Is-Purelib", "False")], None), ([], None),
    ],
)  # fmt: skip
def test_wheel_file(headers: list[tuple[str, str]], severity: Severity | None) -> None:
    assert told(wheel(wheel_headers=tuple(headers))) == ([] if severity is None else [("TW533", severity)])


@settings(max_examples=150, deadline=None)
@given(
    text=st.text(max_size=300),
    field=st.sampled_from(["Requires-Dist", "License-File", "Name", "Version", "Metadata-Version", "X"]),
)
def test_law_any_metadata_is_judged(text: str, field: str) -> None:
    for metadata in (text, f"{METADATA}{field}: {text}", f"{field}: {text}\n{METADATA}"):
        upload.findings(wheel(metadata=metadata, wheel_headers=((field, text), ("Wheel-Version", text))))


@settings(max_examples=150, deadline=None)
@given(parts=st.lists(st.text(max_size=12), min_size=3, max_size=6))
def test_law_any_name_is_judged(parts: list[str]) -> None:
    facts = wheel(filename="-".join(parts) + ".whl")
    verdict.check(facts, upload=True)


def test_only_check_asks() -> None:
    facts = wheel(filename="P-1-py3-none-any.whl")
    assert "TW534" not in [f.code for f in verdict.check(facts).findings]
    assert "TW534" in [f.code for f in verdict.check(facts, upload=True).findings]

"""METADATA that package indexes refuse: fields that break the specification, or a public index's own rules. Pure.

Sources: the core metadata specification, as packaging reads it; what the Python Package Index says of its upload checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.metadata import Metadata
from packaging.requirements import InvalidRequirement, Requirement

from ..model.contents import WheelFacts
from ..model.finding import Finding, Severity
from ..model.header_files import parse_headers

_LONGEST = 4 << 20
"""Characters of the longest METADATA that is looked at."""
_LONGEST_SUMMARY = 512
"""Characters of the longest ``Summary`` that public indexes take."""
_WIDEST = 200
"""Characters of a header that are shown."""
_LICENCES_HAVE_A_DIRECTORY = (2, 4)
"""The version of METADATA from which on licence files lie in ``.dist-info/licenses`` (PEP 639)."""
_SETS_IN_MESSAGES = re.compile(r"(must be one of |variants for \S+ are )\[([^\[\]]*)\]")


def find_refused_metadata(facts: WheelFacts) -> Iterator[Finding]:
    """Report what indexes refuse in METADATA (TW529)."""
    if facts.metadata is None:
        return
    path = f"{facts.contents.dist_info}/METADATA"
    yield from find_invalid_fields(path, facts.metadata)
    for name, value in parse_headers(facts.metadata):
        yield from find_long_summary(path, name, value)
        yield from find_requirement_by_address(path, name, value)
        yield from find_private_classifier(path, name, value)


def find_invalid_fields(path: str, text: str) -> Iterator[Finding]:
    """Report fields that break the core metadata specification (TW529)."""
    # packaging goes through a set of fields, in another order with each run.
    for field, mistake in sorted(set(_mistakes_in_fields(text))):
        yield Finding(
            code="TW529",
            severity=Severity.ERROR,
            where=path,
            message=f"{field}: {mistake}" if field else mistake,
            hint="correct [project] in pyproject.toml, and build it again",
        )


def _mistakes_in_fields(text: str) -> Iterator[tuple[str, str]]:
    """Yield the fields that packaging does not take, each with a sentence."""
    # The limit keeps hostile texts from taking minutes.
    if len(text) > _LONGEST:
        yield "", f"has {len(text)} characters, more than any description"
        return
    try:
        Metadata.from_email(text, validate=True)
    except Exception as error:  # noqa: BLE001  # a group of InvalidMetadata (a backport on 3.10), or what email raises
        for inner in list(getattr(error, "exceptions", ())) or [error]:
            sentence = _with_sorted_sets(" ".join(str(inner).split()))[:300]
            if not _is_told_elsewhere(sentence):
                yield str(getattr(inner, "field", "")), sentence


def _is_told_elsewhere(sentence: str) -> bool:
    """Return whether a mistake is TW522's, or one that indexes overlook.

    setuptools wrote License-File before it was standard, with an older Metadata-Version. packaging tells neither of the two
    apart from other mistakes but in words.
    """
    return "is a required field" in sentence or "license-file introduced" in sentence


def _with_sorted_sets(sentence: str) -> str:
    """Return a message of packaging's with the allowed values in order: it lists them as they come out of a set."""

    def sort(match: re.Match[str]) -> str:
        values = ", ".join(sorted(match[2].split(", ")))
        return f"{match[1]}[{values}]"

    return _SETS_IN_MESSAGES.sub(sort, sentence, count=1)


# --- what the specification allows, and the public index does not -----------------------------------------------


def find_long_summary(path: str, name: str, value: str) -> Iterator[Finding]:
    """Report a ``Summary`` that is too long (TW529)."""
    # Headers are those of e-mail, whose names are the same in upper and lower case (RFC 5322).
    if name.lower() == "summary" and len(value) > _LONGEST_SUMMARY:
        yield Finding(
            code="TW529",
            severity=Severity.WARNING,
            where=path,
            message=f"Summary has {len(value)} characters; public indexes take {_LONGEST_SUMMARY}",
            hint="shorten project.description",
        )


def find_requirement_by_address(path: str, name: str, value: str) -> Iterator[Finding]:
    """Report a requirement that names an address (TW529): https://peps.python.org/pep-0440/#direct-references"""
    if name.lower() == "requires-dist" and _has_address(value):
        yield Finding(
            code="TW529",
            severity=Severity.WARNING,
            where=path,
            message="a requirement with an address, which public indexes refuse",
            evidence=(f"Requires-Dist: {value}"[:_WIDEST],),
            hint="require a version of it",
        )


def _has_address(requirement: str) -> bool:
    """Return whether a requirement says where its distribution is."""
    # To parse takes time, and few requirements have an address.
    if "@" not in requirement:
        return False
    try:
        return Requirement(requirement).url is not None
    except InvalidRequirement:
        return False


def find_private_classifier(path: str, name: str, value: str) -> Iterator[Finding]:
    """Report a classifier that keeps the project off public indexes (TW529)."""
    if name.lower() == "classifier" and value.lower().startswith("private ::"):
        yield Finding(
            code="TW529",
            severity=Severity.NOTE,
            where=path,
            message="a private classifier, which public indexes refuse",
            evidence=(f"Classifier: {value}",),
            hint="this is what it is for",
        )


# --- licence files ----------------------------------------------------------------------------------------------


def find_missing_licence_files(facts: WheelFacts) -> Iterator[Finding]:
    """Report licence files that METADATA names and the wheel does not hold (TW530).

    https://peps.python.org/pep-0639/#add-license-file-field
    """
    if facts.metadata is None:
        return
    versions = _values_of("metadata-version", facts.metadata)
    # setuptools wrote License-File before the directory was standard, and put the files elsewhere.
    if not versions or not _is_at_least(versions[0], _LICENCES_HAVE_A_DIRECTORY):
        return
    for licence in _values_of("license-file", facts.metadata):
        path = f"{facts.contents.dist_info}/licenses/{licence}"
        if path not in facts.files_by_name():
            yield Finding(
                code="TW530",
                severity=Severity.ERROR,
                where=path,
                message="is named by License-File, but not in the wheel",
                hint="add it to project.license-files, and build the wheel again",
            )


def _values_of(header: str, text: str) -> list[str]:
    """Return the values of one header, whose name is given in lower case."""
    return [value for name, value in parse_headers(text) if name.lower() == header]


def _is_at_least(version: str, wanted: tuple[int, int]) -> bool:
    """Return whether a Metadata-Version is ``wanted`` or newer; what is not a version is not."""
    match = re.fullmatch(r"(\d{1,4})\.(\d{1,4})", version)
    return match is not None and (int(match[1]), int(match[2])) >= wanted

"""What package indexes and installers refuse besides untrue names: file names, METADATA, WHEEL, ZIP records, sizes. Pure.

Sources: the binary distribution format and core metadata specifications; what the Python Package Index documents of its
upload checks (storage limits; "Preventing ZIP parser confusion attacks", 2025). What lies where in a wheel is
:mod:`~truewheel.checks.layout`'s. ``truewheel check`` asks this, ``truewheel show`` does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from packaging.metadata import Metadata
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from ..model.contents import WheelFacts
from ..model.finding import Finding, Severity
from ..model.header_files import parse_headers
from ..model.wheel_name import WheelName, parse_wheel_name

_FILE_LIMIT = 100 << 20
"""Bytes of the largest file that the index takes of a project that asked for no more."""
_RATIO, _RATIO_FROM = 50, 64 << 20
"""An archive that holds this many times its size, and more than so many bytes, is taken for a bomb there."""
_LONGEST = 4 << 20
"""Characters of the longest METADATA that is looked at."""
_SUMMARY = 512
"""Characters of the longest ``Summary``."""


def findings(facts: WheelFacts) -> tuple[Finding, ...]:
    """Why an index or an installer would refuse the wheel although its name is true."""
    name = parse_wheel_name(facts.filename)
    return (
        *(_of_name(facts, name) if name is not None else ()),
        *(_of_metadata(facts, facts.metadata) if facts.metadata is not None else ()),
        *_of_wheel(facts),
        *_of_records(facts),
        *_of_size(facts),
    )


def _finding(
    code: str, where: str, message: str, *, hint: str, severity: Severity = Severity.ERROR, evidence: Iterable[str] = ()
) -> Finding:
    return Finding(code=code, severity=severity, where=where, message=message, evidence=tuple(evidence), hint=hint)


# --- names ------------------------------------------------------------------------------------------------------


def _of_name(facts: WheelFacts, name: WheelName) -> Iterator[Finding]:
    hint = "build the wheel again with a current build backend"
    if "__" in name.name or re.fullmatch(r"[A-Za-z0-9]([\w.]*[A-Za-z0-9])?", name.name, re.ASCII) is None:
        yield _finding("TW528", facts.filename, f"{name.name!r} is no name of a distribution", hint=hint)
    yield from _of_version(facts, name.version.replace("_", "-"), hint)
    if name.build and re.fullmatch(r"\d[\w.]*", name.build, re.ASCII) is None:
        yield _finding("TW528", facts.filename, f"{name.build!r} is no build tag", hint=hint)
    for part in (*name.interpreters, *name.abis, *name.platforms):
        if re.fullmatch(r"\w+", part, re.ASCII) is None:
            yield _finding("TW528", facts.filename, f"{part!r} is no tag", hint=hint)
    wanted = f"{name.name}-{name.version}.dist-info"
    if facts.contents.dist_info != wanted:
        yield _finding(
            "TW534", facts.contents.dist_info, f"should be {wanted}, as the file name says",
            evidence=[facts.filename], hint=hint,
        )  # fmt: skip


def _of_version(facts: WheelFacts, written: str, hint: str) -> Iterator[Finding]:
    try:
        version = Version(written)
    except InvalidVersion:
        yield _finding("TW528", facts.filename, f"{written!r} is no version (PEP 440)", hint=hint)
        return
    if version.local is not None:
        yield _finding(
            "TW528", facts.filename, f"+{version.local} makes the version a local one, which public indexes refuse",
            severity=Severity.NOTE, hint="fine for an index of one's own",
        )  # fmt: skip


# --- METADATA and WHEEL -----------------------------------------------------------------------------------------


def _of_metadata(facts: WheelFacts, text: str) -> Iterator[Finding]:
    home = facts.contents.dist_info
    where = f"{home}/METADATA"
    for field, what in sorted(set(_invalid(text))):  # packaging goes through a set of fields
        yield _finding(
            "TW529", where, f"{field}: {what}" if field else what, hint="correct [project] in pyproject.toml, and build it again"
        )  # fmt: skip
    headers = [(k.lower(), v) for k, v in parse_headers(text)]
    yield from _of_policy(where, headers)
    version = next((v for k, v in headers if k == "metadata-version"), "")
    if not _at_least(version, (2, 4)):
        return
    names = {m.name for m in facts.members}
    for path in [v for k, v in headers if k == "license-file"]:
        if f"{home}/licenses/{path}" not in names:
            yield _finding(
                "TW530", f"{home}/licenses/{path}", "is named by License-File, but not in the wheel",
                hint="add it to project.license-files, and build the wheel again",
            )  # fmt: skip


def _invalid(text: str) -> Iterator[tuple[str, str]]:
    """Fields that break the core metadata specification, as packaging reads it."""
    if len(text) > _LONGEST:
        yield "", f"has {len(text)} characters, more than any description"
        return
    try:
        Metadata.from_email(text, validate=True)
    except Exception as error:  # noqa: BLE001  # a group of InvalidMetadata (a backport on 3.10), or what email thinks of it
        for inner in list(getattr(error, "exceptions", ())) or [error]:
            told = _in_order(" ".join(str(inner).split()))[:300]
            # Missing fields are told by TW522; setuptools wrote License-File before it was standard, and indexes take it.
            if "is a required field" not in told and "license-file introduced" not in told:
                yield str(getattr(inner, "field", "")), told


def _in_order(told: str) -> str:
    """What is allowed, which packaging lists as it comes out of a set: in another order with each run."""

    def sort(match: re.Match[str]) -> str:
        return f"{match[1]}[{', '.join(sorted(match[2].split(', ')))}]"

    return re.sub(r"(must be one of |variants for \S+ are )\[([^\[\]]*)\]", sort, told, count=1)


def _of_policy(where: str, headers: list[tuple[str, str]]) -> Iterator[Finding]:
    """What the specification allows, and the public index does not."""
    for key, value in headers:
        if key == "summary" and len(value) > _SUMMARY:
            message = f"Summary has {len(value)} characters; public indexes take {_SUMMARY}"
            yield _finding("TW529", where, message, severity=Severity.WARNING, hint="shorten project.description")
        if key == "requires-dist" and _points_elsewhere(value):
            yield _finding(
                "TW529", where, "a requirement with an address, which public indexes refuse", severity=Severity.WARNING,
                evidence=[f"Requires-Dist: {value}"[:200]], hint="require a version of it",
            )  # fmt: skip
        if key == "classifier" and value.lower().startswith("private ::"):
            yield _finding(
                "TW529", where, "a private classifier, which public indexes refuse", severity=Severity.NOTE,
                evidence=[f"Classifier: {value}"], hint="this is what it is for",
            )  # fmt: skip


def _points_elsewhere(requirement: str) -> bool:
    try:
        return "@" in requirement and Requirement(requirement).url is not None
    except InvalidRequirement:
        return False


def _at_least(version: str, wanted: tuple[int, int]) -> bool:
    match = re.fullmatch(r"(\d{1,4})\.(\d{1,4})", version)
    return match is not None and (int(match[1]), int(match[2])) >= wanted


def _of_wheel(facts: WheelFacts) -> Iterator[Finding]:
    if not facts.wheel_headers:
        return  # missing: TW524
    where, hint = f"{facts.contents.dist_info}/WHEEL", "build the wheel again"
    headers = {k.lower(): v for k, v in facts.wheel_headers}
    version = headers.get("wheel-version")
    if version is None or re.fullmatch(r"\d+\.\d+", version) is None:
        yield _finding("TW533", where, "has no Wheel-Version, so installers refuse it", hint=hint)
    elif not version.startswith("1."):
        yield _finding("TW533", where, f"Wheel-Version {version} is one that installers do not know", hint=hint)
    if headers.get("root-is-purelib", "").lower() not in ("true", "false"):
        message = "does not say whether Root-Is-Purelib"
        yield _finding("TW533", where, message, severity=Severity.WARNING, hint=hint)


# --- the archive ------------------------------------------------------------------------------------------------


def _of_records(facts: WheelFacts) -> Iterator[Finding]:
    for oddity in facts.oddities:
        yield _finding(
            "TW531", oddity.where or facts.filename, oddity.message,
            severity=Severity.ERROR if oddity.grave else Severity.WARNING, hint="pack it again, or download it again",
        )  # fmt: skip


def _of_size(facts: WheelFacts) -> Iterator[Finding]:
    if facts.size > _FILE_LIMIT:
        yield _finding(
            "TW532", facts.filename, f"{facts.size / (1 << 20):.0f} MiB; the public index takes 100 MiB unless asked for more",
            severity=Severity.NOTE, hint="strip it, leave out what is not needed, or ask for a higher limit",
        )  # fmt: skip
    held = sum(m.size for m in facts.members)
    if held > _RATIO_FROM and held > facts.size * _RATIO:
        yield _finding(
            "TW532", facts.filename, f"holds {held / facts.size:.0f} times its size, which the public index takes for a ZIP bomb",
            severity=Severity.WARNING, hint="store what compresses that well in a smaller form",
        )  # fmt: skip

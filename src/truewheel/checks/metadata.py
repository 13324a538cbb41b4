"""METADATA against the file name: whether both are of one distribution. Pure.

Sources: the core metadata specification; PEP 625 and the binary distribution format (normalised names); PEP 440 (versions).
"""

from __future__ import annotations

from ..model.finding import Finding, Severity
from ..model.header_files import each_header
from ..model.wheel_name import escape
from .members import why_unread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..model.contents import WheelFacts
    from ..model.wheel_name import WheelName

_REQUIRED = {
    "metadata-version": "Metadata-Version",
    "name": "Name",
    "version": "Version",
}
"""Headers that METADATA must have, as they are written."""
_BUILD_AGAIN = "build the wheel again"


def check_metadata(facts: WheelFacts, name: WheelName | None) -> Iterator[Finding]:
    """Yield what is wrong with METADATA, and with the distribution's name in the file name.

    :param name: the file name in its parts; ``None`` if it is not one of a wheel.
    """
    if name is not None:
        yield from find_name_that_is_not_normalised(name, facts.filename)
    yield from find_undecodable_metadata(facts)
    if facts.metadata is None:
        yield from find_missing_metadata(facts)
        return
    headers = _required_headers(facts.metadata)
    missing = [spelling for key, spelling in _REQUIRED.items() if key not in headers]
    if missing:
        yield from find_missing_headers(facts, missing)
    elif name is not None:
        yield from find_other_distribution(facts, name, headers)


def _required_headers(text: str) -> Mapping[str, str]:
    """Return the first of each header that METADATA must have, by its name in lower case; and what stands between."""
    headers: dict[str, str] = {}
    for key, value in each_header(text):
        headers.setdefault(key.lower(), value)
        # They stand at the top, and a long list of other headers may follow.
        if headers.keys() >= _REQUIRED.keys():
            break
    return headers


def find_name_that_is_not_normalised(
    name: WheelName, filename: str
) -> Iterator[Finding]:
    """Report a distribution that is not spelt as file names spell it (TW502): https://peps.python.org/pep-0625/"""
    if name.name != escape(name.name):
        yield Finding(
            code="TW502",
            severity=Severity.NOTE,
            where=filename,
            message="the name is not normalised",
            evidence=(f"{name.name} should be {escape(name.name)}",),
            hint="newer build backends normalise it",
        )


def find_undecodable_metadata(facts: WheelFacts) -> Iterator[Finding]:
    """Report METADATA that is not UTF-8 (TW522)."""
    if "METADATA" in facts.undecodable:
        yield Finding(
            code="TW522",
            severity=Severity.ERROR,
            where=f"{facts.contents.dist_info}/METADATA",
            message="is not UTF-8, so installers cannot read it",
            hint="build the wheel again, with all texts in UTF-8",
        )


def find_missing_metadata(facts: WheelFacts) -> Iterator[Finding]:
    """Report that there is no METADATA, or none that can be read (TW522)."""
    path = f"{facts.contents.dist_info}/METADATA"
    reason = why_unread(facts, path, if_readable="cannot be read")
    if reason:
        yield Finding(
            code="TW522",
            severity=Severity.ERROR,
            where=path,
            message=reason,
            hint=_BUILD_AGAIN,
        )


def find_missing_headers(facts: WheelFacts, missing: list[str]) -> Iterator[Finding]:
    """Report METADATA without one of the headers that it must have (TW522)."""
    yield Finding(
        code="TW522",
        severity=Severity.ERROR,
        where=f"{facts.contents.dist_info}/METADATA",
        message=f"lacks {', '.join(missing)}",
        hint=_BUILD_AGAIN,
    )


def find_other_distribution(
    facts: WheelFacts, name: WheelName, headers: Mapping[str, str]
) -> Iterator[Finding]:
    """Report METADATA of another version or distribution than the file name says (TW519)."""
    # 1.0 and 1.0.0 are one version, and so are My.Pkg and my_pkg: both are compared in their normal form.
    if not _is_version(headers["version"], name.version):
        header, stated, expected = (
            "Version",
            f"version {headers['version']}",
            name.version,
        )
    elif escape(headers["name"]) != escape(name.name):
        header, stated, expected = "Name", headers["name"], name.name
    else:
        return
    yield Finding(
        code="TW519",
        severity=Severity.ERROR,
        where=f"{facts.contents.dist_info}/METADATA",
        message=f"is about {stated}, not {expected}",
        evidence=(f"{header}: {headers[header.lower()]}", facts.filename),
        hint=_BUILD_AGAIN,
    )


def _is_version(written: str, named: str) -> bool:
    """Return whether METADATA and the file name mean one version; file names have the normal form, ``_`` for ``-``."""
    if written == named or written.replace("-", "_") == named:
        return True
    from packaging.version import (
        InvalidVersion,
        Version,
    )  # rarely needed, and slow to import

    try:
        return Version(written) == Version(named.replace("_", "-"))
    except InvalidVersion:
        return False

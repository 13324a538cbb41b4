"""What package indexes and installers refuse although the name is true: file names, WHEEL, ZIP records, sizes. Pure.

Sources: the binary distribution format; what the Python Package Index documents of its upload checks (storage limits;
"Preventing ZIP parser confusion attacks", 2025). METADATA is asked about in ``core_metadata.py``. ``truewheel check`` asks
this, ``truewheel show`` does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.version import InvalidVersion, Version

from ..model.contents import WheelFacts
from ..model.finding import Finding, Severity
from ..model.wheel_name import WheelName, parse_wheel_name
from .core_metadata import find_missing_licence_files, find_refused_metadata

_FILE_LIMIT = 100 << 20
"""Bytes of the largest file that the index takes of a project that asked for no more."""
_MEBIBYTE = 1 << 20
_BOMB_RATIO = 50
_BOMB_SIZE = 64 << 20
"""An archive that holds this many times its size, and more than so many bytes, is taken for a bomb there."""
_NAME = re.compile(r"[A-Za-z0-9]([\w.]*[A-Za-z0-9])?", re.ASCII)
_BUILD_TAG = re.compile(r"\d[\w.]*", re.ASCII)
_TAG = re.compile(r"\w+", re.ASCII)
_WHEEL_VERSION = re.compile(r"\d+\.\d+")
_CURRENT_BACKEND = "build the wheel again with a current build backend"


def check_upload(facts: WheelFacts) -> Iterator[Finding]:
    """Yield why an index or an installer would refuse the wheel although its name is true."""
    name = parse_wheel_name(facts.filename)
    if name is not None:
        yield from find_invalid_file_name(facts.filename, name)
        yield from find_local_version(facts.filename, name)
        yield from find_other_dist_info(facts, name)
    yield from find_refused_metadata(facts)
    yield from find_missing_licence_files(facts)
    yield from find_unknown_wheel_version(facts)
    yield from find_missing_root(facts)
    yield from find_ambiguous_records(facts)
    yield from find_large_file(facts)
    yield from find_extreme_compression(facts)


# --- names ------------------------------------------------------------------------------------------------------


def find_invalid_file_name(filename: str, name: WheelName) -> Iterator[Finding]:
    """Report parts of the file name that the specification does not allow (TW528)."""
    for mistake in _mistakes_in_name(name):
        yield Finding(
            code="TW528",
            severity=Severity.ERROR,
            where=filename,
            message=mistake,
            hint=_CURRENT_BACKEND,
        )


def _mistakes_in_name(name: WheelName) -> Iterator[str]:
    """Yield what is wrong with the parts of a file name, a phrase each.

    https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-name-convention
    """
    if "__" in name.name or _NAME.fullmatch(name.name) is None:
        yield f"{name.name!r} is not a valid distribution name"
    if _version_of(name) is None:
        yield f"{_written_version(name)!r} is not a valid version (PEP 440)"
    if name.build and _BUILD_TAG.fullmatch(name.build) is None:
        yield f"{name.build!r} is not a valid build tag"
    yield from _mistakes_in_tags(name)


def _mistakes_in_tags(name: WheelName) -> Iterator[str]:
    """Yield the tags in a file name that are not valid, a phrase each."""
    for part in (*name.interpreters, *name.abis, *name.platforms):
        # Dots stand between compressed tags, and dashes between the parts of the name.
        if _TAG.fullmatch(part) is None:
            yield f"{part!r} is not a valid tag"


def _written_version(name: WheelName) -> str:
    """Return the version as METADATA writes it: file names have ``_`` for ``-``."""
    return name.version.replace("_", "-")


def _version_of(name: WheelName) -> Version | None:
    """Return the version in a file name, ``None`` if it is not valid."""
    try:
        return Version(_written_version(name))
    except InvalidVersion:
        return None


def find_local_version(filename: str, name: WheelName) -> Iterator[Finding]:
    """Report a local version, which public indexes refuse (TW528).

    https://packaging.python.org/en/latest/specifications/version-specifiers/#local-version-identifiers
    """
    version = _version_of(name)
    if version is not None and version.local is not None:
        yield Finding(
            code="TW528",
            severity=Severity.NOTE,
            where=filename,
            message=f"+{version.local} makes the version a local one, which public indexes refuse",
            hint="fine for an index of one's own",
        )


def find_other_dist_info(facts: WheelFacts, name: WheelName) -> Iterator[Finding]:
    """Report a metadata directory that is not named as the file is (TW534)."""
    # The Python Package Index compares the two word for word.
    wanted = f"{name.name}-{name.version}.dist-info"
    if facts.contents.dist_info != wanted:
        yield Finding(
            code="TW534",
            severity=Severity.ERROR,
            where=facts.contents.dist_info,
            message=f"should be {wanted}, as the file name says",
            evidence=(facts.filename,),
            hint=_CURRENT_BACKEND,
        )


# --- WHEEL ------------------------------------------------------------------------------------------------------


def find_unknown_wheel_version(facts: WheelFacts) -> Iterator[Finding]:
    """Report a format version that installers refuse (TW533); that WHEEL is missing is TW524.

    Installers must refuse another major version: https://peps.python.org/pep-0427/#the-dist-info-directory
    """
    if not facts.wheel_headers:
        return
    headers = {key.lower(): value for key, value in facts.wheel_headers}
    version = headers.get("wheel-version")
    # Newer minor versions are taken with a warning, newer major ones refused.
    if version is None or _WHEEL_VERSION.fullmatch(version) is None:
        message = "has no Wheel-Version, so installers refuse it"
    elif not version.startswith("1."):
        message = f"Wheel-Version {version} is one that installers do not know"
    else:
        return
    yield Finding(
        code="TW533",
        severity=Severity.ERROR,
        where=f"{facts.contents.dist_info}/WHEEL",
        message=message,
        hint="build the wheel again",
    )


def find_missing_root(facts: WheelFacts) -> Iterator[Finding]:
    """Report a WHEEL that does not say whether the root is purelib or platlib (TW533)."""
    if facts.wheel_headers and facts.is_purelib is None:
        yield Finding(
            code="TW533",
            severity=Severity.WARNING,
            where=f"{facts.contents.dist_info}/WHEEL",
            message="does not say whether Root-Is-Purelib",
            hint="build the wheel again",
        )


# --- the archive ------------------------------------------------------------------------------------------------


def find_ambiguous_records(facts: WheelFacts) -> Iterator[Finding]:
    """Report what not all readers of the archive understand alike (TW531)."""
    for oddity in facts.oddities:
        yield Finding(
            code="TW531",
            severity=Severity.ERROR if oddity.grave else Severity.WARNING,
            where=oddity.where or facts.filename,
            message=oddity.message,
            hint="pack it again, or download it again",
        )


def find_large_file(facts: WheelFacts) -> Iterator[Finding]:
    """Report a file that is larger than what the public index takes unless asked (TW532)."""
    if facts.size > _FILE_LIMIT:
        yield Finding(
            code="TW532",
            severity=Severity.NOTE,
            where=facts.filename,
            message=f"{facts.size / _MEBIBYTE:.0f} MiB; the public index takes 100 MiB unless asked for more",
            hint="strip it, leave out what is not needed, or ask for a higher limit",
        )


def find_extreme_compression(facts: WheelFacts) -> Iterator[Finding]:
    """Report an archive that is taken for a ZIP bomb (TW532)."""
    # An honest wheel comes to this only with files that are nearly empty, as tables of zeros.
    unpacked = sum(member.size for member in facts.members)
    if unpacked > _BOMB_SIZE and unpacked > facts.size * _BOMB_RATIO:
        yield Finding(
            code="TW532",
            severity=Severity.WARNING,
            where=facts.filename,
            message=f"holds {unpacked / facts.size:.0f} times its size, which the public index takes for a ZIP bomb",
            hint="store what compresses that well in a smaller form",
        )

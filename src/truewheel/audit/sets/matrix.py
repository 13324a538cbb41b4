"""For which Pythons and systems a version has wheels, and where one is missing between others (TW551). Pure.

A row is one kind of Python on one kind of system: CPython on manylinux x86_64. That a row is not there at all, begins later or
ends earlier than others is the project's choice. A Python that is missing between two that are there hardly is: as a rule a
job of the release failed, or a file was not uploaded.

Sources: PEP 425; packaging's ``tags``, for which Pythons take which tag.
"""

from __future__ import annotations

from itertools import product
from operator import itemgetter

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from ...model.finding import Finding, Severity
from ...model.record import NamedTuple
from ...platforms import parse_known_tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ...model.sets import SetMember, WheelSet
    from ...model.tags import PlatformTag

CPYTHON = "CPython"
FREE_THREADED = "free-threaded CPython"
PYPY = "PyPy"
_CPUS_OF_APPLE = {
    "universal2": ("x86_64", "arm64"),
    "universal": ("x86_64",),
    "intel": ("x86_64",),
    "fat3": ("x86_64",),
    "fat64": ("x86_64",),
}
"""The CPUs that stand behind the names of several, as far as a Python of today runs on them."""
_WINDOWS = {"i686": "win32", "x86_64": "win_amd64", "arm64": "win_arm64"}
_FEW = 3
"""Wheels of a row from which on a single hole in it is hardly meant."""
_NEVER = 1000
"""A minor version that no Python has."""
_NEWEST = 60
"""A minor version that Python will not reach soon: a larger number in a tag is a mistake, or means harm."""
_MICROS = range(40)
"""Micro versions of a Python, of which Requires-Python may allow one."""


class Row(NamedTuple):
    """One kind of Python on one kind of system."""

    python: str
    system: str


class Served:
    """The minor versions of Python 3 that the wheels of one row are for."""

    def __init__(self) -> None:
        """Begin with none."""
        self.exactly: set[int] = set()
        self.from_on = _NEVER

    def add(self, minor: int, *, and_newer: bool) -> None:
        """Count one wheel."""
        if and_newer:
            self.from_on = min(minor, self.from_on)
        else:
            self.exactly.add(minor)

    def __contains__(self, minor: int) -> bool:
        """Whether a version has a wheel."""
        return minor in self.exactly or minor >= self.from_on

    def holes(self) -> list[int]:
        """Return the versions that are missing between others."""
        ends = set(self.exactly)
        # All that follow are there.
        if self.from_on != _NEVER:
            ends.add(self.from_on)
        oldest = min(ends)
        newest = max(ends)
        found = []
        for minor in range(oldest, newest):
            if minor not in self:
                found.append(minor)
        return found

    def is_regular(self) -> bool:
        """Return whether one version is missing among several, rather than a few being there."""
        if len(self.exactly) < _FEW:
            return False
        holes = self.holes()
        return len(holes) == 1

    def __str__(self) -> str:
        """Return the versions as people write them: ``3.10, 3.11, 3.13 and newer``."""
        texts = [f"3.{minor}" for minor in sorted(self.exactly)]
        if self.from_on != _NEVER:
            texts.append(f"3.{self.from_on} and newer")
        return ", ".join(texts)


class Hole(NamedTuple):
    """A Python that has no wheel on some systems.

    :param missing: the rows that lack it, between others.
    :param having: the rows of the same kind of Python that do not.
    """

    python: str
    minor: int
    missing: tuple[Row, ...]
    having: tuple[Row, ...]


def find_holes(one: WheelSet, *, whole: bool) -> Iterator[Finding]:
    """Report Pythons that have no wheel on a system, while older and newer ones have (TW551).

    :param whole: whether all wheels of the version should be there.
    """
    rows = rows_of(one.members)
    holes = _holes(rows)
    # Nearly all sets have none, and need not be asked what they require.
    if not holes:
        return
    specifiers = _required_pythons(one.members)
    # Without a wheel of their own, Pythons get the one for any platform.
    falls_back = any(member.is_for_any_platform for member in one.members)
    for hole in holes:
        if not _is_allowed(specifiers, hole.minor):
            continue
        severity = Severity.WARNING
        may_be_meant = falls_back or not whole
        if may_be_meant or _is_doubtful(hole, rows):
            severity = Severity.NOTE
        yield _finding(one, hole, rows, severity)


def rows_of(members: Iterable[SetMember]) -> dict[Row, Served]:
    """Return which Pythons the wheels for platforms are for, by row."""
    rows: dict[Row, Served] = {}
    for member in members:
        systems = _systems_of(member)
        pythons = product(member.name.interpreters, member.name.abis)
        for interpreter, abi in pythons:
            for python, minor, and_newer in _pythons(interpreter, abi):
                for system in systems:
                    row = Row(python, system)
                    served = rows.setdefault(row, Served())
                    served.add(minor, and_newer=and_newer)
    return rows


def _holes(rows: Mapping[Row, Served]) -> list[Hole]:
    """Return all holes, each with the rows that it is in."""
    missing: dict[tuple[str, int], list[Row]] = {}
    for row, served in sorted(rows.items(), key=itemgetter(0)):
        for minor in served.holes():
            version = (row.python, minor)
            lacking = missing.setdefault(version, [])
            lacking.append(row)
    found = []
    for (python, minor), lacking in sorted(missing.items()):
        having = _having(rows, python, minor)
        hole = Hole(python, minor, tuple(lacking), tuple(having))
        found.append(hole)
    return found


def _having(rows: Mapping[Row, Served], python: str, minor: int) -> list[Row]:
    """Return the rows in which a Python has a wheel, sorted."""
    found = []
    for row, served in rows.items():
        if row.python == python and minor in served:
            found.append(row)
    return sorted(found)


def _is_doubtful(hole: Hole, rows: Mapping[Row, Served]) -> bool:
    """Return whether the project may well do without a wheel there."""
    if hole.python == PYPY:
        return True
    # It is built for that Python elsewhere.
    if hole.having:
        return False
    return not any(rows[row].is_regular() for row in hole.missing)


def _systems_of(member: SetMember) -> set[str]:
    """Return the kinds of system that a wheel is for."""
    systems: set[str] = set()
    for tag in parse_known_tags(member.name.platforms):
        systems.update(_systems(tag))
    return systems


def _systems(tag: PlatformTag) -> Iterator[str]:
    """Yield the kinds of system that a tag is for, whatever their level; nothing for those that come with one Python each."""
    if tag.family == "emscripten":
        return
    if tag.family == "windows":
        yield _WINDOWS.get(tag.cpu, tag.text)
        return
    cpus: tuple[str, ...] = (tag.cpu,)
    if tag.family == "macos":
        cpus = _CPUS_OF_APPLE.get(tag.cpu, cpus)
    for cpu in cpus:
        words = (tag.kind, cpu, tag.sdk)
        # Tags of iOS alone have an SDK.
        present = filter(None, words)
        yield " ".join(present)


def _pythons(interpreter: str, abi: str) -> Iterator[tuple[str, int, bool]]:
    """Yield which Pythons take a wheel with these tags: the kind, the minor version, and whether newer ones do as well."""
    minor = _minor(interpreter)
    if minor is None:
        return
    kind = interpreter[:2]
    if kind == "pp":
        yield PYPY, minor, False
    elif kind == "py":
        # Any Python takes it, from that version on.
        for python in (CPYTHON, FREE_THREADED, PYPY):
            yield python, minor, True
    elif kind == "cp":
        # abi3t serves free-threaded Pythons (PEP 803), and their own ABI ends in a "t" as well (PEP 703).
        python = FREE_THREADED if abi.endswith("t") else CPYTHON
        and_newer = abi.startswith("abi3")
        yield python, minor, and_newer


def _minor(interpreter: str) -> int | None:
    """Return the minor version of Python 3 in a tag, 0 when it has none; ``None`` for anything else.

    >>> _minor("cp313"), _minor("py3"), _minor("py2"), _minor("graalpy311")
    (13, 0, None, None)
    """
    digits = interpreter[2:]
    if not digits.isdecimal():
        return None
    major = digits[0]
    if major != "3":
        return None
    # A few digits are enough, and int() refuses thousands of them.
    minor = int(digits[1:4] or "0")
    if minor > _NEWEST:
        return None
    return minor


# --- Requires-Python --------------------------------------------------------------------------------------------


def _required_pythons(members: Iterable[SetMember]) -> list[SpecifierSet]:
    """Return what the wheels say of Pythons, as far as it can be read."""
    texts: set[str] = set()
    for member in members:
        required = member.values("requires-python")
        texts.update(required)
    found = []
    for text in sorted(texts):
        try:
            specifier = SpecifierSet(text)
        except InvalidSpecifier:
            # That is said of the wheel itself.
            continue
        found.append(specifier)
    return found


def _is_allowed(specifiers: Iterable[SpecifierSet], minor: int) -> bool:
    """Return whether a Python may install the project at all (``!=3.12.*``)."""
    versions = [f"3.{minor}.{micro}" for micro in _MICROS]
    for specifier in specifiers:
        # Whether anything is left of that Python, be it one release with a mistake mended.
        allowed = specifier.filter(versions)
        if not any(allowed):
            return False
    return True


# --- what is told -----------------------------------------------------------------------------------------------


def _finding(
    one: WheelSet, hole: Hole, rows: Mapping[Row, Served], severity: Severity
) -> Finding:
    """Return that a Python has no wheel on some systems, with the wheels that are there."""
    python = f"{hole.python} 3.{hole.minor}"
    evidence = []
    for row in hole.missing:
        served = rows[row]
        evidence.append(f"{row.system}: there are wheels for {row.python} {served}")
    if hole.having:
        others = ", ".join(row.system for row in hole.having)
        evidence.append(f"{python} has a wheel on {others}")
    systems = ", ".join(row.system for row in hole.missing)
    return Finding(
        code="TW551",
        severity=severity,
        where=one.label,
        message=f"no wheel for {python} on {systems}",
        evidence=tuple(evidence),
        hint=f'build it, or exclude that Python: requires-python = "…, !=3.{hole.minor}.*"',
    )

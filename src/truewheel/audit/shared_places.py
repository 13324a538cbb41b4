"""Files that two distributions install in one place (TW543), where both are known. Pure.

They are said to be installed beside each other (``--with``). What one wheel alone tells of shared places is decided in
:mod:`truewheel.checks.shared_places`.
"""

from __future__ import annotations

from ..model.finding import Finding, Severity
from ..model.neighbours import neighbour_of
from ..model.record import NamedTuple
from ..platforms import parse_platform_tag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..model.contents import Contents, File, WheelFacts
    from ..model.neighbours import Neighbour

_MOST_PATHS = 4


class _SharedPlace(NamedTuple):
    """Where two distributions install a file.

    :param path: below the directory that both are installed into.
    """

    path: str
    mine: File
    theirs: File

    @property
    def differs(self) -> bool:
        """Whether the files have different sizes."""
        return self.mine.size != self.theirs.size


def places_shared_with(
    facts: WheelFacts, neighbours: Sequence[Neighbour]
) -> Iterator[Finding]:
    """Yield a finding for each distribution that installs a file where the wheel does."""
    own = neighbour_of(facts)
    files = _files_by_place(own.contents)
    for other in neighbours:
        if not _may_meet(own.platforms, other.platforms):
            continue
        shared: list[_SharedPlace] = []
        for place, theirs in sorted(_files_by_place(other.contents).items()):
            if place in files:
                shared.append(_SharedPlace(place, files[place], theirs))
        if shared:
            yield _shared(other, shared)


def _files_by_place(contents: Contents) -> dict[str, File]:
    """Return the files by where they are installed; ``.dist-info`` is named for its distribution."""
    return {contents.installed(file.path): file for file in contents.payload()}


def _may_meet(own: Iterable[str], others: Iterable[str]) -> bool:
    """Return whether one system takes wheels with these platform tags and with those."""
    first, second = set(map(_system_of, own)), set(map(_system_of, others))
    # A wheel for any, or one whose name says nothing, may be installed everywhere.
    if not first or not second or "any" in first | second:
        return True
    return not first.isdisjoint(second)


def _system_of(tag: str) -> str:
    """Return the family and the CPU that a platform tag is for."""
    parsed = parse_platform_tag(tag)
    if parsed is None:
        return tag
    # A universal2 wheel may meet one for either CPU.
    if parsed.family == "macos":
        return parsed.family
    return f"{parsed.family} {parsed.cpu}"


def _shared(other: Neighbour, shared: list[_SharedPlace]) -> Finding:
    """Return the finding on one other distribution.

    :param shared: in order of path.
    """
    different = [place for place in shared if place.differs]
    # Code of the one would run as code of the other.
    is_broken = any(_is_code(place.mine) for place in different)
    count = "the same file" if len(shared) == 1 else f"{len(shared)} of the same files"
    # Those that differ say most.
    rows = [*different, *[place for place in shared if not place.differs]]
    evidence: list[str] = []
    for path, mine, theirs in rows[:_MOST_PATHS]:
        evidence.append(
            f"{path}: {mine.size} bytes, {theirs.size} in {other.distribution}"
        )
    # Of one file, both sizes are there already.
    if len(shared) > 1:
        evidence.append(f"{len(different)} of {len(shared)} differ in size")
    return Finding(
        code="TW543",
        severity=Severity.ERROR if is_broken else Severity.WARNING,
        where=shared[0].mine.path,
        message=f"{other.distribution} {other.version} installs {count}: the last that is installed stays, "
        "and uninstalling either removes what both need",
        evidence=tuple(evidence),
        hint="install one of the two, or give the files a place of their own: a package, or a name with the distribution's in it",
    )


def _is_code(file: File) -> bool:
    return file.binary is not None and file.binary.is_loadable

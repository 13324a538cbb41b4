"""What of a wheel its set is asked about, and which wheels are of one set. Pure."""

from __future__ import annotations

from packaging.utils import canonicalize_version

from ...model.contents import is_module
from ...model.header_files import each_header
from ...model.record import replace
from ...model.sets import Role, SetMember, WheelSet
from ...model.wheel_name import escape, parse_wheel_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ...model.contents import WheelFacts
    from ...model.sets import SdistFacts

RESOLVED_BY = ("requires-dist", "requires-python", "provides-extra")
"""The headers that resolvers go by, in lower case."""
_MOST_HEADERS = 2000
"""Headers that are kept of one wheel: no project has as many, and each is parsed."""
_SDIST = ".tar.gz"


def roles_of(filenames: Sequence[str]) -> list[Role | None]:
    """Return the role of each wheel of a directory by its name alone; ``None`` when that is not the name of a wheel."""
    pure: set[object] = set()
    bound: set[object] = set()
    for filename in filenames:
        name = parse_wheel_name(filename)
        if name is None:
            continue
        kind = pure if name.platforms == ("any",) else bound
        kind.add(_key(name.name, name.version))
    # Python files are compared only where wheels of both kinds are of one version.
    both = pure & bound
    return [_role(filename, both) for filename in filenames]


def _role(filename: str, both: set[object]) -> Role | None:
    """Return the role of one wheel.

    :param both: the versions that have a pure wheel and others.
    """
    name = parse_wheel_name(filename)
    if name is None:
        return None
    if _key(name.name, name.version) in both:
        return Role.COMPARED
    return Role.MEMBER


def member_of(facts: WheelFacts, role: Role) -> SetMember | None:
    """Return what a set needs to know of a wheel; ``None`` when its file name is not that of a wheel."""
    name = parse_wheel_name(facts.filename)
    if name is None:
        return None
    contents = facts.contents
    modules = []
    for file, binary in contents.binaries():
        # A library or a program may lie in a wheel without being made from the project's own source.
        if binary.is_loadable and is_module(file.path):
            modules.append(contents.installed(file.path))
    return SetMember(
        filename=facts.filename,
        name=name,
        headers=headers_of(facts.metadata or ""),
        modules=tuple(modules),
        is_bound=contents.is_bound,
        python=_python_files(facts) if role is Role.COMPARED else {},
    )


def headers_of(metadata: str) -> tuple[tuple[str, str], ...]:
    """Return the headers that resolvers go by, with their names in lower case, as names may be written in either."""
    found = []
    for name, value in each_header(metadata):
        header = name.lower()
        if header in RESOLVED_BY:
            found.append((header, value))
        if len(found) == _MOST_HEADERS:
            break
    return tuple(found)


def sets_of(directory: str, members: Iterable[SetMember]) -> tuple[WheelSet, ...]:
    """Return the wheels of a directory by name and version, in the order of their first wheel."""
    groups: dict[object, list[SetMember]] = {}
    for member in members:
        key = _key(member.name.name, member.name.version)
        groups.setdefault(key, []).append(member)
    sets = []
    for group in groups.values():
        # It is called as its first wheel spells it.
        first = group[0].name
        one = WheelSet(
            directory=directory,
            label=f"{first.name} {first.version}",
            name=first.name,
            version=first.version,
            members=tuple(group),
        )
        sets.append(one)
    return tuple(sets)


def sdists_of(
    sets: Sequence[WheelSet], filenames: Iterable[str]
) -> dict[str, WheelSet]:
    """Return the file names that are those of an sdist of one of the sets, each with its set.

    An archive with another name is somebody else's: documentation, data.
    """
    by_key = {}
    for one in sets:
        by_key[_key(one.name, one.version)] = one
    found = {}
    for filename in filenames:
        if not filename.endswith(_SDIST):
            continue
        # PEP 625: the version has no hyphen, while older names may.
        stem = filename.removesuffix(_SDIST)
        name, _, version = stem.rpartition("-")
        key = _key(name, version)
        if key in by_key:
            found[filename] = by_key[key]
    return found


def with_sdists(
    sets: Iterable[WheelSet], sdists: Mapping[str, SdistFacts]
) -> tuple[WheelSet, ...]:
    """Return the sets with their sdists.

    :param sdists: by the label of the set.
    """
    found = []
    for one in sets:
        sdist = sdists.get(one.label)
        found.append(replace(one, sdist=sdist))
    return tuple(found)


def _key(name: str, version: str) -> tuple[str, str]:
    """Return what two wheels of one version have in common, however they spell it (PEP 440, PEP 503)."""
    return escape(name), canonicalize_version(version)


def _python_files(facts: WheelFacts) -> dict[str, str]:
    """Return the hash of each Python file: of its content if that was read, else what RECORD says."""
    recorded = {}
    for row in facts.record or ():
        recorded[row.path] = row.digest
    contents = facts.contents
    members = facts.files_by_name()
    found = {}
    for file in contents.payload():
        if not file.path.endswith(".py"):
            continue
        digest = members[file.path].sha256
        # `show` works out no hashes. What RECORD says is what the maker had.
        if digest is None:
            digest = recorded.get(file.path)
        path = contents.installed(file.path)
        found[path] = digest or ""
    return found

"""What differs between two wheels: files first, then what they say. Pure.

The metadata directories of both are taken for one, whatever they are called. What follows from another difference is not told
again: that RECORD has another hash for a file that has another content.
"""

from __future__ import annotations

from ..model.comparison import Change, Comparison, Part
from ..model.header_files import parse_headers
from ..model.record import Record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ..model.binary import Binary, Slice
    from ..model.contents import Contents, Member, WheelFacts
    from .truth import Checked

_PERMISSIONS = 0o7777


class Side(Record):
    """One of the two wheels.

    :param facts: read with the hash of each member.
    """

    facts: WheelFacts
    checked: Checked


def compare(old: Side, new: Side, *, same_bytes: bool) -> Comparison:
    """Return all that differs between two wheels.

    :param same_bytes: whether the files are equal; then nothing else is looked at.
    """
    if same_bytes:
        return Comparison(same_bytes=True)
    changes: list[Change] = []
    for part, phrases in OF_WHEELS:
        before = phrases(old)
        after = phrases(new)
        changes += _change(part, before, after)
    changes += _of_members(old, new)
    changes += _of_binaries(old, new)
    found = Comparison(
        same_bytes=False,
        changes=tuple(changes),
    )
    if not found.same_contents:
        return found
    archive = _of_archives(old.facts, new.facts)
    return replace(found, archive=tuple(archive))


def _change(
    part: Part, old: Iterable[str], new: Iterable[str], where: str = ""
) -> Iterator[Change]:
    """Yield the change between two lists of phrases, if there is one. Their order does not count."""
    before = dict.fromkeys(old)
    after = dict.fromkeys(new)
    gone = _without(before, after)
    added = _without(after, before)
    if gone or added:
        yield Change(part=part, where=where, gone=gone, new=added)


def _without(
    phrases: Mapping[str, object], others: Mapping[str, object]
) -> tuple[str, ...]:
    """Return the phrases that are not among the others."""
    found = []
    for phrase in phrases:
        if phrase not in others:
            found.append(phrase)
    return tuple(found)


# --- names and files --------------------------------------------------------------------------------------------


def _name_parts(side: Side) -> Iterator[str]:
    """Yield the parts of a wheel's name; nothing for a file that is not named like one."""
    claimed = side.checked.claimed
    if claimed is None:
        return
    yield f"name {claimed.name}"
    yield f"version {claimed.version}"
    if claimed.build:
        yield f"build {claimed.build}"
    yield f"tag {claimed.tag}"
    if claimed.variant:
        yield f"variant {claimed.variant}"


def _true_tag(side: Side) -> Iterator[str]:
    yield side.checked.truth.tag


def _aligned(path: str, contents: Contents) -> str:
    """Return a path without the name and version that the metadata directory and the data directory begin with."""
    directory, slash, rest = path.partition("/")
    if directory == contents.dist_info:
        directory = "*.dist-info"
    elif directory == contents.data_dir:
        directory = "*.data"
    return directory + slash + rest


def _members(side: Side) -> dict[str, Member]:
    """Return the files of a wheel by their aligned paths, in order."""
    contents = side.facts.contents
    members = side.facts.files_by_name()
    found = {}
    for path, member in members.items():
        aligned = _aligned(path, contents)
        found[aligned] = member
    in_order = sorted(found.items())
    return dict(in_order)


def _of_members(old: Side, new: Side) -> Iterator[Change]:
    """Yield which of the files that both have are another content or have another mode."""
    members = _members(old)
    others = _members(new)
    for path, member in members.items():
        other = others.get(path)
        # RECORD differs with every other file; what else it says differently is told by itself.
        if other is None or path == "*.dist-info/RECORD":
            continue
        # A member that cannot be unpacked has no hash, and equals no other.
        if member.sha256 is None or member.sha256 != other.sha256:
            before = _told_content(member)
            after = _told_content(other)
            yield Change(
                part=Part.CONTENT,
                where=path,
                gone=(before,),
                new=(after,),
            )
        mode = _mode(member)
        other_mode = _mode(other)
        yield from _change(Part.MODE, mode, other_mode, path)


def _told_content(member: Member) -> str:
    told = member.problem
    if told is None:
        told = f"sha256={member.sha256}"
    return f"{member.size} bytes, {told}"


def _mode(member: Member) -> Iterator[str]:
    permissions = member.mode & _PERMISSIONS
    yield f"{permissions:o}"


# --- .dist-info -------------------------------------------------------------------------------------------------


def _wheel_headers(side: Side) -> Iterator[str]:
    return _headers(side.facts.wheel_headers)


def _headers(headers: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in headers:
        yield f"{name}: {value}"


def _metadata(side: Side) -> Iterator[str]:
    text = side.facts.metadata or ""
    headers = parse_headers(text)
    return _headers(headers)


def _description(side: Side) -> list[str]:
    """Return the lines that follow the headers (core metadata specifications, "Description")."""
    text = side.facts.metadata or ""
    _, _, description = text.partition("\n\n")
    return description.splitlines()


def _entry_points(side: Side) -> Iterator[str]:
    """Yield each entry point with its group."""
    text = side.facts.texts.get("entry_points.txt", "")
    group = ""
    for line in text.splitlines():
        content = line.strip()
        if content.startswith("["):
            group = content
        elif content:
            yield f"{group} {content}"


def _odd_rows(side: Side) -> Iterator[str]:
    """Yield the rows of RECORD that the files do not explain: those of files that are not there, or are other ones."""
    facts = side.facts
    members = facts.files_by_name()
    for row in facts.record or ():
        member = members.get(row.path)
        path = _aligned(row.path, facts.contents)
        digest = row.digest
        if member is None:
            yield f"{path} is not in the archive"
        # RECORD has no hash of itself.
        elif digest is not None and digest != member.sha256:
            yield f"{path} has {row.algorithm}={digest}"


# --- binaries ---------------------------------------------------------------------------------------------------


def _binaries(contents: Contents) -> dict[str, Binary]:
    found = {}
    for file, binary in contents.binaries():
        path = _aligned(file.path, contents)
        found[path] = binary
    return found


def _of_binaries(old: Side, new: Side) -> Iterator[Change]:
    """Yield what binaries that both have say differently, for each CPU."""
    before = _binaries(old.facts.contents)
    after = _binaries(new.facts.contents)
    for path, binary in before.items():
        other = after.get(path)
        if other is None:
            continue
        slices = _by_cpu(binary)
        others = _by_cpu(other)
        yield from _change(Part.CPUS, slices, others, path)
        yield from _of_slices(path, slices, others)


def _by_cpu(binary: Binary) -> dict[str, Slice]:
    return {piece.cpu: piece for piece in binary.slices}


def _of_slices(
    path: str, old: Mapping[str, Slice], new: Mapping[str, Slice]
) -> Iterator[Change]:
    """Yield what the code for each CPU says differently."""
    has_several = len(old) > 1
    for cpu, piece in old.items():
        other = new.get(cpu)
        if other is None:
            continue
        where = f"{path} ({cpu})" if has_several else path
        for part, phrases in OF_SLICES:
            before = phrases(piece)
            after = phrases(other)
            yield from _change(part, before, after, where)


def _needs(piece: Slice) -> Iterator[str]:
    """Yield each library, and each version of its symbols."""
    for need in piece.needs:
        kind = need.kind.value
        yield f"{need.library} ({kind})"
        for version in need.versions:
            yield f"{version} of {need.library}"


def _search_paths(piece: Slice) -> Iterator[str]:
    for path in piece.search_paths:
        yield f"{path.kind} {path.path}"


def _exports(piece: Slice) -> list[str]:
    return sorted(piece.exports)


def _library_name(piece: Slice) -> Iterator[str]:
    # Modules have none as a rule.
    if piece.name is not None:
        yield piece.name


# --- what was concluded -----------------------------------------------------------------------------------------


def _floors(side: Side) -> Iterator[str]:
    for floor in side.checked.truth.floors:
        told = f"{floor.of} {floor.text}"
        if floor.cpu:
            told = f"{told} ({floor.cpu})"
        yield told


def _findings(side: Side) -> Iterator[str]:
    for finding in side.checked.findings:
        severity = finding.severity.value
        yield f"{severity} {finding.code}"


OF_WHEELS: Sequence[tuple[Part, Callable[[Side], Iterable[str]]]] = (
    (Part.NAME, _name_parts),
    (Part.TRUE_TAG, _true_tag),
    (Part.FLOORS, _floors),
    (Part.FINDINGS, _findings),
    (Part.WHEEL, _wheel_headers),
    (Part.METADATA, _metadata),
    (Part.DESCRIPTION, _description),
    (Part.ENTRY_POINTS, _entry_points),
    (Part.RECORD, _odd_rows),
    (Part.FILES, _members),
)
"""What is compared of whole wheels, in the order in which it is told: what a reviewer asks for first."""
OF_SLICES: Sequence[tuple[Part, Callable[[Slice], Iterable[str]]]] = (
    (Part.LIBRARY_NAME, _library_name),
    (Part.NEEDS, _needs),
    (Part.SEARCH_PATHS, _search_paths),
    (Part.EXPORTS, _exports),
)
"""What is compared of the code for one CPU."""


# --- archives ---------------------------------------------------------------------------------------------------


def _of_archives(old: WheelFacts, new: WheelFacts) -> Iterator[str]:
    """Yield how archives with the same contents differ."""
    before = _names(old)
    after = _names(new)
    has_same_order = before == after
    has_same_names = sorted(before) == sorted(after)
    has_same_sizes = _packed_sizes(old) == _packed_sizes(new)
    if not has_same_names:
        yield "other directories, or files that are there twice"
    elif not has_same_order:
        yield "the order of the files"
    if not has_same_sizes:
        yield "the compression"
    # What is left is not read: it changes no file.
    if has_same_order and has_same_sizes:
        yield "times, or other fields of the ZIP format"


def _names(facts: WheelFacts) -> list[str]:
    """Return the aligned names of all entries, in the order of the archive."""
    found = []
    for name in facts.member_names():
        aligned = _aligned(name, facts.contents)
        found.append(aligned)
    return found


def _packed_sizes(facts: WheelFacts) -> dict[str, int]:
    sizes = {}
    for member in facts.members:
        path = _aligned(member.name, facts.contents)
        sizes[path] = member.compressed_size
    return sizes

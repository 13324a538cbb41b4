"""Wheels read with suspicion: everything that a judge needs to know, and no opinion.

:func:`contents_of` looks at the files of any source, :func:`read_wheel` at all that a wheel on disk says.
Source: the binary distribution format.
"""

from __future__ import annotations

import contextlib
import os
from operator import attrgetter

from ... import formats
from ...formats.looked_into import may_say_more
from ...formats.numpy_api import NumpySearch, with_numpy_api
from ...model.contents import Contents, File, Member, WheelFacts
from ...model.errors import FormatError
from ...model.header_files import parse_headers
from ...model.record import NamedTuple
from ...model.record_file import parse_record
from ...model.wheel_name import VARIANT
from .metadata_texts import (
    metadata_directory,
    metadata_headers,
    text_of,
    variant_of,
)
from .old_names import names_opened_by, names_sought
from .sources import WheelArchive
from .zip_reader import Archive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...formats.cursor import Buffer
    from ...model.binary import Binary
    from ...model.edits import Sliceable
    from ...model.variants import Variant
    from .sources import ArchivedMember, SourceMember, WheelSource

_LARGE = 4_000_000
"""Bytes from which on a wheel is worth several threads."""
_SMALL = 1 << 20
"""Bytes up to which a member is read whole to be hashed."""
_LARGE_BINARY = 32 << 20
"""Bytes from which on a binary is not read into memory as a whole."""
_TEXTS = frozenset({"entry_points.txt", "top_level.txt", "direct_url.json", VARIANT})
"""Further files of ``.dist-info`` that checks ask about."""


def contents_of(source: WheelSource, *, variant: Variant | None = None) -> Contents:
    """Return the files of a source. Binaries are read, of other files only the first bytes are looked at."""
    files = []
    for member in source.members():
        # A directory is not a file: installers make it when something lies in it.
        file = look_at(member, digests=False).file
        if file is not None:
            files.append(file)
    return Contents(files=tuple(files), dist_info=source.dist_info, variant=variant)


def read_wheel(
    path: str | os.PathLike[str],
    *,
    digests: bool = False,
    old_names: bool = False,
    threads: int | None = None,
) -> WheelFacts:
    """Return everything that a judge needs to know of the wheel at ``path``.

    Only members that begin like a binary are unpacked, and only the headers of METADATA are read, unless ``digests`` asks
    for the hash of each member.

    :param old_names: whether to look for old names of renamed libraries, too; with ``digests`` alone, which unpacks all.
    :param threads: how many may look at a large wheel; as many as there are cores by default.
    :raises WheelError: when it is not a ZIP file, or has no ``.dist-info``.
    """
    with Archive(path) as archive:
        by_name = {item.name: item for item in archive.items}
        home = metadata_directory(archive.name, by_name)
        members = WheelArchive(archive, home).members()
        sought = names_sought(by_name) if digests and old_names else frozenset()
        if archive.size < _LARGE:
            threads = 1
        looks = _look_at_all(members, digests=digests, threads=threads, sought=sought)
        undecodable: list[str] = []

        def text(base: str) -> str | None:
            return text_of(archive, by_name.get(f"{home}/{base}"), undecodable)

        record = text("RECORD")
        wheel = text("WHEEL")
        # A check looks at the description, too.
        if digests:
            metadata = text("METADATA")
        else:
            item = by_name.get(f"{home}/METADATA")
            metadata = metadata_headers(archive, item, undecodable)
        texts = {
            base: text(base) or "" for base in _TEXTS if f"{home}/{base}" in by_name
        }
        files = [look.file for look in looks if look.file is not None]
        return WheelFacts(
            filename=archive.name,
            path=os.fspath(path),
            size=archive.size,
            contents=Contents(
                files=tuple(files),
                dist_info=home,
                variant=variant_of(archive.name, texts.get(VARIANT)),
            ),
            members=_facts_of_members(members, looks, digests=digests),
            record=None if record is None else parse_record(record),
            wheel_headers=parse_headers(wheel or ""),
            metadata=metadata,
            oddities=archive.oddities() if digests else (),
            undecodable=tuple(sorted(undecodable)),
            texts=texts,
            opens=_opens(members, looks),
        )


def _opens(
    members: Sequence[ArchivedMember], looks: Sequence[Look]
) -> dict[str, frozenset[str]]:
    """Return the names that members may open, of those that have any."""
    pairs = zip(members, looks, strict=True)
    return {member.name: look.opens for member, look in pairs if look.opens}


@contextlib.contextmanager
def open_wheel(path: str | os.PathLike[str]) -> Iterator[WheelArchive]:
    """Open a wheel as a source that can be written again.

    :raises WheelError: as :func:`read_wheel` does.
    """
    with Archive(path) as archive:
        by_name = {item.name: item for item in archive.items}
        home = metadata_directory(archive.name, by_name)
        record = text_of(archive, by_name.get(f"{home}/RECORD"), [])
        rows = {row.path: row for row in parse_record(record or "")}
        yield WheelArchive(archive, home, rows)


# --- one member -------------------------------------------------------------------------------------------------


class Look(NamedTuple):
    """What is seen of one member.

    :param file: its facts; ``None`` for a directory.
    :param digest: its hash as in RECORD, when it was asked for and could be had.
    :param problem: why it cannot be unpacked, or ``None``.
    :param opens: of the names that are sought those by which it may open a library.
    """

    file: File | None
    digest: str | None
    problem: str | None
    opens: frozenset[str] = frozenset()


def look_at(
    member: SourceMember, *, digests: bool, sought: frozenset[str] = frozenset()
) -> Look:
    """Return what is to be seen of a member: whether it is a binary, and what that says of itself.

    :param sought: names of libraries that it may open.
    """
    seen = _UNSEEN
    opens: frozenset[str] = frozenset()
    problem: str | None = None
    try:
        if digests and member.size < _SMALL:
            # To inflate it once is quicker than to look at its head first.
            content = member.read()
            head = bytes(content[: formats.HEAD])
            is_binary = formats.sniff(head) is not None
            seen = _see(content, member.name, is_binary=is_binary, digests=True)
            opens = names_opened_by(content, member.name, sought)
        else:
            head, problem = member.head(formats.HEAD)
            is_binary = formats.sniff(head) is not None
            seen, opens = _see_large(
                member, is_binary=is_binary, digests=digests, sought=sought
            )
    except ValueError as error:
        problem = str(error)
    if member.name.endswith("/"):
        return Look(None, seen.digest, problem)
    file = File(
        path=member.name,
        size=member.size,
        executable=member.executable,
        binary=seen.binary,
        broken=seen.broken,
    )
    return Look(file, seen.digest, problem, opens)


class _Seen(NamedTuple):
    """What the content of a member says."""

    digest: str | None = None
    binary: Binary | None = None
    broken: FormatError | None = None


_UNSEEN = _Seen()


def _see_large(
    member: SourceMember, *, is_binary: bool, digests: bool, sought: frozenset[str]
) -> tuple[_Seen, frozenset[str]]:
    """Return what the content says, and the names it opens, without having more of it in memory than is good.

    :raises ValueError: when it cannot be unpacked.
    """
    if not is_binary:
        pieces = member.pieces()
        digest = _digest(pieces, wanted=digests)
        return _Seen(digest), frozenset()
    if member.size < _LARGE_BINARY:
        content = member.read()
        seen = _see(content, member.name, is_binary=True, digests=digests)
        return seen, names_opened_by(content, member.name, sought)
    with member.content() as opened:
        # Its first reading is the one that tells whether it can be unpacked.
        search = NumpySearch()
        watched = search.watch(opened.pieces())
        digest = _digest(watched, wanted=digests)
        # The hash has read them, if it was asked for.
        for _ in watched:
            pass
        binary, broken = read_binary(opened, member.name)
        opens = names_opened_by(opened, member.name, sought)
    return _Seen(digest, search.added_to(binary), broken), opens


def _see(content: Buffer, path: str, *, is_binary: bool, digests: bool) -> _Seen:
    """Return what a content in memory says."""
    digest = _digest((content,), wanted=digests)
    if not is_binary:
        return _Seen(digest)
    binary, broken = read_binary(content, path)
    return _Seen(digest, with_numpy_api(binary, content), broken)


def _digest(pieces: Iterable[Buffer], *, wanted: bool) -> str | None:
    """Return the hash of a content, ``None`` when nobody asks for it: then no piece is read.

    :raises ValueError: when the pieces cannot be had.
    """
    if not wanted:
        return None
    # hashlib is slow to import, and `show` asks for no hash.
    from .hashing import hash_of

    return hash_of(pieces)


def read_binary(
    content: Buffer | Sliceable, path: str = ""
) -> tuple[Binary | None, FormatError | None]:
    """Return the facts of a binary, or why there are none.

    The error is a value here, without the frames that would keep ``content`` in memory.

    :param path: where it lies in the wheel: some extension modules are looked into.
    """
    try:
        binary = formats.read(content)
    except FormatError as error:
        error.__traceback__ = error.__context__ = error.__cause__ = None
        return None, error
    if binary is None or not _is_looked_into(path, binary):
        return binary, None
    # Few modules are: for Pythons without the GIL, and for 3.15 and newer.
    from ...formats.python_modules import with_module_facts

    return with_module_facts(binary, content, path), None


def _is_looked_into(path: str, binary: Binary) -> bool:
    """Return whether a file's data may tell Python more than its name and symbols do."""
    if not path.endswith((".so", ".pyd", ".dll", ".dylib")):
        return False
    return any(may_say_more(path, piece) for piece in binary.slices)


def _look_at_all(
    members: Sequence[ArchivedMember],
    *,
    digests: bool,
    threads: int | None,
    sought: frozenset[str],
) -> list[Look]:
    """Look at every member; at those of a large wheel side by side, for inflating lets other threads run."""
    if threads == 1:
        return [look_at(member, digests=digests, sought=sought) for member in members]
    from .workers import each  # small wheels go without

    # The largest first: at the end, no core is to wait for another that has just begun with one.
    size = attrgetter("size")
    by_size = sorted(members, key=size, reverse=True)
    looks = each(
        lambda member: look_at(member, digests=digests, sought=sought),
        by_size,
        threads=threads,
    )
    found = dict(zip(by_size, looks, strict=True))
    return [found[member] for member in members]


def _facts_of_members(
    members: Sequence[ArchivedMember],
    looks: Sequence[Look],
    *,
    digests: bool,
) -> tuple[Member, ...]:
    """Return the entries of the archive's directory, with what was seen of each."""
    facts = []
    for member, look in zip(members, looks, strict=True):
        item = member.item
        is_directory = look.file is None
        facts.append(
            Member(
                name=member.name,
                size=member.size,
                compressed_size=item.compressed_size,
                mode=item.mode,
                sha256=look.digest,
                encrypted=item.encrypted,
                # Without a hash to work out there is nothing to unpack in a directory.
                problem=None if is_directory and not digests else look.problem,
            )
        )
    return tuple(facts)

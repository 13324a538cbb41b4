"""Wheels on disk: written whole or not at all, and always the same way.

Members are sorted by name, ``.dist-info`` comes physically last, and RECORD closes it and lists every other member. What
a wheel should be called is decided elsewhere; here it is only put down.

Sources: the binary distribution format, PEP 376 (RECORD).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from ... import __version__
from ...model.built import WheelFile
from ...model.header_files import wheel_text
from ...model.record_file import RecordRow, parse_record, record_text
from ...model.wheel_name import WheelName
from .. import host
from .artefacts import final_file
from .metadata_texts import text_of
from .reading import open_wheel
from .sources import BytesMember, SourceMember, WheelSource
from .zip_reader import Archive
from .zip_writer import Packer

_CHUNK = 1 << 20
"""Bytes of a wheel that are copied at once."""
GENERATOR = f"truewheel {__version__}"


def write(
    source: WheelSource,
    output: Path,
    *,
    name: WheelName,
    purelib: bool,
    files: Mapping[str, bytes] = MappingProxyType({}),
    workers: int | None = None,
    before_naming: Callable[[], None] = lambda: None,
) -> WheelFile:
    """Write the wheel ``name`` into the directory ``output``. The file gets its name when it is complete.

    :param purelib: the value of ``Root-Is-Purelib`` in WHEEL.
    :param files: further files of ``.dist-info``, by base name: METADATA, entry_points.txt. WHEEL and RECORD are made here.
    :param workers: threads that compress; all cores by default. The bytes do not depend on it.
    :param before_naming: called when everything was read; where it raises an error, there is no wheel.
    :raises TruewheelError: when ``output`` cannot be written.
    :raises WheelError: when a member of ``source`` cannot be copied.
    """
    wheel = wheel_text(
        generator=GENERATOR, purelib=purelib, tags=name.expanded, build=name.build
    )
    path = output / str(name)
    with final_file(path) as file:
        members = _members(source, {**files, "WHEEL": wheel})
        size = _pack(
            file, members, record=f"{source.dist_info}/RECORD", workers=workers
        )
        before_naming()
    return WheelFile(path=path, size=size)


def _members(source: WheelSource, made: Mapping[str, bytes]) -> list[SourceMember]:
    """Return what goes into the archive, in order: without directories, and with ``made`` in the place of older files."""
    home = f"{source.dist_info}/"
    members: dict[str, SourceMember] = {}
    for member in source.members():
        # RECORD lists files alone, and installers make directories by themselves.
        if not member.name.endswith("/"):
            members[member.name] = member
    # It is written anew, when the hash of every other member is known.
    members.pop(home + "RECORD", None)
    for base, content in made.items():
        members[home + base] = BytesMember(home + base, content)
    # The binary distribution format recommends that .dist-info comes physically last: its files are found at once.
    return sorted(
        members.values(), key=lambda member: (member.name.startswith(home), member.name)
    )


def _pack(
    file: BinaryIO,
    members: list[SourceMember],
    *,
    record: str,
    workers: int | None,
) -> int:
    """Write the archive with RECORD as its last member; return its size in bytes."""
    packer = Packer(file, epoch=host.source_date_epoch(), workers=workers)
    rows: list[RecordRow] = []
    try:
        for member in members:
            row = member.write_to(packer)
            if row is not None:
                rows.append(row)
        # It cannot hold its own hash.
        rows.append(RecordRow(path=record, algorithm=None, digest=None, size=None))
        packer.add(record, record_text(rows), executable=False)
        packer.close()
    # Ctrl-C as well: threads that compress would keep the process alive.
    except BaseException:
        packer.abandon()
        raise
    return file.tell()


def retag_wheel(
    path: Path,
    output: Path,
    *,
    name: WheelName,
    purelib: bool,
) -> WheelFile:
    """Write the wheel at ``path`` under another name into ``output``. Only WHEEL and RECORD are made anew.

    :raises WheelError: when a member cannot be copied as it is.
    """
    with open_wheel(path) as source:
        return write(source, output, name=name, purelib=purelib)


def copy_wheel(path: Path, output: Path) -> WheelFile:
    """Write the same wheel, byte for byte, into ``output``."""
    with final_file(output / path.name) as file, path.open("rb") as old:
        while piece := old.read(_CHUNK):
            file.write(piece)
        size = file.tell()
    return WheelFile(path=output / path.name, size=size)


def rows_of(archive: Archive, dist_info: str) -> dict[str, RecordRow]:
    """Return the rows of a wheel's RECORD by path; none when it cannot be read."""
    by_name = {item.name: item for item in archive.items}
    record = text_of(archive, by_name.get(f"{dist_info}/RECORD"), [])
    return {row.path: row for row in parse_record(record or "")}

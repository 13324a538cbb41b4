"""Wheels on disk: written whole or not at all, renamed without recompression.

Sources: the binary distribution format specification, PEP 376 (RECORD), reproducible-builds.org (SOURCE_DATE_EPOCH).
What a wheel should be called is decided elsewhere; here it is only put down.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from ... import __version__
from ...model.errors import TruewheelError, WheelError
from ...model.header_files import wheel_text
from ...model.record import Record
from ...model.record_file import RecordRow, parse_record, record_text
from ...model.tree import Entry, Scheme, Tree
from ...model.wheel_name import WheelName, dist_info_name
from .reading import metadata_directory, text_of
from .zip_reader import Archive
from .zip_writer import Packed, Packer

GENERATOR = f"truewheel {__version__}"
_EPOCH = 1580601600
"""2020-02-02 00:00:00 UTC: the time of every member when SOURCE_DATE_EPOCH does not say another."""


class WheelFile(Record):
    """A wheel that was written.

    :param size: in bytes.
    :param sha256: of the file, in hex.
    """

    path: Path
    size: int
    sha256: str
    members: tuple[Packed, ...]


def source_date_epoch(environ: Mapping[str, str] | None = None) -> int:
    """The time of reproducible artefacts: ``SOURCE_DATE_EPOCH``, or a fixed one.

    :raises TruewheelError: when the variable is no number.
    """
    text = (os.environ if environ is None else environ).get("SOURCE_DATE_EPOCH", "")
    if not text:
        return _EPOCH
    try:
        return int(text)
    except ValueError:
        raise TruewheelError(
            f"SOURCE_DATE_EPOCH is {text!r}, not a number of seconds",
            hint="unset it, or export SOURCE_DATE_EPOCH=$(git log -1 --pretty=%ct)",
        ) from None


def write_wheel(
    output: Path,
    *,
    name: WheelName,
    purelib: bool,
    tree: Tree,
    files: Mapping[str, bytes],
    workers: int | None = None,
) -> WheelFile:
    """Write ``tree`` as the wheel ``name`` into the directory ``output``.

    Members are sorted by name; ``.dist-info`` comes physically last and RECORD closes it. The file gets its name when
    it is complete.

    :param files: what a backend makes for ``.dist-info``, by base name: METADATA, entry_points.txt. WHEEL and RECORD are
        made here; licences and others come with the tree.
    :raises WheelError: when ``output`` cannot be written.
    """
    home = dist_info_name(name.name, name.version)
    wheel = wheel_text(generator=GENERATOR, purelib=purelib, tags=name.expanded, build=name.build)
    made = {f"{home}/{base}": content for base, content in {**files, "WHEEL": wheel}.items()}
    with final_file(output / str(name)) as file:
        packer = Packer(file, epoch=source_date_epoch(), workers=workers)
        try:
            rows = [packer.add(n, e.source, executable=e.executable) for n, e in _members(tree, home, made)]
            packer.add(f"{home}/RECORD", _record(rows, home), executable=False)
            packer.close()
        except BaseException:
            packer.abandon()
            raise
    return _written(output / str(name), tuple(rows))


def _members(tree: Tree, home: str, made: Mapping[str, bytes]) -> list[tuple[str, Entry]]:
    data = home.removesuffix(".dist-info") + ".data"
    roots = {Scheme.LIB: "", Scheme.DIST_INFO: f"{home}/"}
    named = {roots.get(e.scheme, f"{data}/{e.scheme.value}/") + e.path: e for e in tree.entries}
    for path, content in made.items():
        named[path] = Entry(scheme=Scheme.DIST_INFO, path=path.removeprefix(f"{home}/"), source=content)
    return sorted(named.items(), key=lambda pair: (pair[0].startswith(f"{home}/"), pair[0]))


def _record(rows: list[Packed], home: str) -> bytes:
    listed = [RecordRow(path=r.name, algorithm="sha256", digest=r.sha256, size=r.size) for r in rows]
    return record_text([*listed, RecordRow(path=f"{home}/RECORD", algorithm=None, digest=None, size=None)])


@contextlib.contextmanager
def final_file(path: Path) -> Iterator[BinaryIO]:
    """A file that appears under ``path`` when the block ends well, and leaves nothing when it does not."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(prefix=".truewheel-", suffix=".part", dir=path.parent)
    except OSError as error:
        hint = "choose another output directory, or make this one writable"
        raise TruewheelError(f"{path.parent} cannot be written", context=[str(error)], hint=hint) from error
    try:
        with open(handle, "w+b") as file:  # noqa: PTH123  # a descriptor
            yield file
        os.chmod(draft, 0o666 & ~_umask())  # noqa: PTH101
        os.replace(draft, path)  # noqa: PTH105
    except OSError as error:
        raise TruewheelError(f"{path.name} cannot be written", context=[str(error)]) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft)  # noqa: PTH108


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _written(path: Path, members: tuple[Packed, ...]) -> WheelFile:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return WheelFile(path=path, size=path.stat().st_size, sha256=digest.hexdigest(), members=members)


# --- renaming ---------------------------------------------------------------------------------------------------


def retag_wheel(path: Path, output: Path, *, name: WheelName, purelib: bool) -> WheelFile:
    """Write the wheel at ``path`` under another name into ``output``; only WHEEL and RECORD are made anew.

    :raises WheelError: when a member cannot be copied as it is.
    """
    with Archive(path) as archive, final_file(output / str(name)) as file:
        home = metadata_directory(path.name, {i.name: i for i in archive.items})
        packer = Packer(file, epoch=source_date_epoch())
        try:
            _copy(archive, packer, home, name=name, purelib=purelib)
            packer.close()
        except BaseException:
            packer.abandon()
            raise
    return _written(output / str(name), ())


def _copy(archive: Archive, packer: Packer, home: str, *, name: WheelName, purelib: bool) -> None:
    record = next((i for i in archive.items if i.name == f"{home}/RECORD"), None)
    wheel = wheel_text(generator=GENERATOR, purelib=purelib, tags=name.expanded, build=name.build)
    for item in archive.items:
        if item.name in (f"{home}/RECORD", f"{home}/WHEEL") or item.name.endswith("/"):
            continue
        try:
            raw = archive.packed(item)
        except ValueError as error:
            raise WheelError(f"{archive.name}: {item.name} cannot be copied: {error}") from error
        packer.copy(item.name, raw, method=item.method, crc=item.crc, size=item.size, mode=item.mode)
    row = packer.add(f"{home}/WHEEL", wheel, executable=False)
    rows = parse_record(text_of(archive, record, []) or "")
    kept = [r for r in rows if r.path not in (f"{home}/RECORD", f"{home}/WHEEL")]
    kept.append(RecordRow(path=row.name, algorithm="sha256", digest=row.sha256, size=row.size))
    kept.append(RecordRow(path=f"{home}/RECORD", algorithm=None, digest=None, size=None))
    packer.add(f"{home}/RECORD", record_text(kept), executable=False)

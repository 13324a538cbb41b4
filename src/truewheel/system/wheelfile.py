"""Wheels on disk: written whole or not at all, read with suspicion, renamed without recompression.

Sources: the binary distribution format specification, PEP 376 (RECORD), reproducible-builds.org (SOURCE_DATE_EPOCH).
What a wheel should be called is decided elsewhere; here it is only put down.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from .. import __version__, formats
from ..formats.cursor import Buffer
from ..model.binary import Binary
from ..model.contents import Contents, File, Member, RecordRow, WheelFacts
from ..model.diagnostics import FormatError, TruewheelError, WheelError
from ..model.distinfo import (
    WheelName,
    dist_info_name,
    parse_headers,
    parse_record,
    parse_wheel_name,
    record_text,
    wheel_text,
)
from ..model.tree import Entry, Scheme, Tree
from .archive import Archive, Item
from .packing import Packed, Packer

GENERATOR = f"truewheel {__version__}"
_EPOCH = 1580601600
"""2020-02-02 00:00:00 UTC: the time of every member when SOURCE_DATE_EPOCH does not say another."""
_TEXTS = frozenset({"entry_points.txt", "top_level.txt", "direct_url.json", "variant.json"})


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class WheelFile:
    """A wheel that was written.

    :param size: in bytes.
    :param sha256: of the file, in hex.
    """

    path: Path
    size: int
    sha256: str
    members: tuple[Packed, ...]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DistInfo:
    """The files of ``.dist-info`` that a backend makes; licences and others come with the tree.

    :param name: of the distribution, as in METADATA.
    :param files: base name → content: METADATA, entry_points.txt.
    """

    name: str
    version: str
    files: Mapping[str, bytes]


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
    output: Path, *, name: WheelName, purelib: bool, tree: Tree, dist_info: DistInfo, workers: int | None = None
) -> WheelFile:
    """Write ``tree`` as the wheel ``name`` into the directory ``output``.

    Members are sorted by name; ``.dist-info`` comes physically last and RECORD closes it. The file gets its name when
    it is complete.

    :raises WheelError: when ``output`` cannot be written.
    """
    home = dist_info_name(dist_info.name, dist_info.version)
    wheel = wheel_text(generator=GENERATOR, purelib=purelib, tags=name.expanded, build=name.build)
    made = {f"{home}/{base}": content for base, content in {**dist_info.files, "WHEEL": wheel}.items()}
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


# --- reading ----------------------------------------------------------------------------------------------------


def read_wheel(path: Path, *, digests: bool = False) -> WheelFacts:
    """Everything a judge needs to know of the wheel at ``path``.

    Only members that begin like a binary are unpacked, unless ``digests`` asks for the hash of each.

    :raises WheelError: when it is not a ZIP file, or has no ``.dist-info``.
    """
    with Archive(path) as archive:
        by_name = {item.name: item for item in archive.items}
        home = _dist_info(path.name, by_name)
        looked = [_look(archive, item, digests=digests) for item in archive.items]
        record = _text(archive, by_name.get(f"{home}/RECORD"))
        return WheelFacts(
            filename=path.name,
            size=archive.size,
            contents=Contents(files=tuple(f for f, _ in looked if f is not None), dist_info=home),
            members=tuple(m for _, m in looked),
            record=None if record is None else parse_record(record),
            wheel_headers=parse_headers(_text(archive, by_name.get(f"{home}/WHEEL")) or ""),
            metadata=_text(archive, by_name.get(f"{home}/METADATA")),
            texts={n: _text(archive, by_name[f"{home}/{n}"]) or "" for n in _TEXTS if f"{home}/{n}" in by_name},
        )


def _dist_info(filename: str, by_name: Mapping[str, Item]) -> str:
    homes = sorted({n.split("/")[0] for n in by_name if n.split("/")[0].endswith(".dist-info") and "/" in n})
    if not homes:
        raise WheelError(f"{filename} is not a wheel: it has no .dist-info directory")
    parts = parse_wheel_name(filename)
    wanted = f"{parts.name}-{parts.version}.dist-info" if parts else homes[0]
    return wanted if wanted in homes else homes[0]


def _text(archive: Archive, item: Item | None) -> str | None:
    if item is None:
        return None
    try:
        return archive.read(item).decode("utf-8", "backslashreplace")
    except ValueError:
        return None


def _look(archive: Archive, item: Item, *, digests: bool) -> tuple[File | None, Member]:
    content, problem = None, None
    form = formats.sniff(archive.head(item, formats.HEAD))
    try:
        if digests or form is not None:
            content = archive.read(item)
        elif not item.name.endswith("/"):
            archive.packed(item)
    except ValueError as error:
        problem = str(error)
    member = Member(
        name=item.name, size=item.size, compressed_size=item.compressed_size, mode=item.mode,
        sha256=_b64(content) if digests and content is not None else None, encrypted=item.encrypted, problem=problem,
    )  # fmt: skip
    if item.name.endswith("/"):
        return None, member
    binary, broken = (None, None) if form is None or content is None else read_binary(content)
    file = File(path=item.name, size=item.size, executable=bool(item.mode & 0o111), binary=binary, broken=broken)
    return file, member


def read_binary(content: Buffer) -> tuple[Binary | None, FormatError | None]:
    """The facts of a binary, or why there are none."""
    try:
        return formats.read(content), None
    except FormatError as error:
        return None, error


def _b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


# --- renaming ---------------------------------------------------------------------------------------------------


def retag_wheel(path: Path, output: Path, *, name: WheelName, purelib: bool) -> WheelFile:
    """Write the wheel at ``path`` under another name into ``output``; only WHEEL and RECORD are made anew.

    :raises WheelError: when a member cannot be copied as it is.
    """
    with Archive(path) as archive, final_file(output / str(name)) as file:
        home = _dist_info(path.name, {i.name: i for i in archive.items})
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
            raise WheelError(f"{archive.path.name}: {item.name} cannot be copied: {error}") from error
        packer.copy(item.name, raw, method=item.method, crc=item.crc, size=item.size, mode=item.mode)
    row = packer.add(f"{home}/WHEEL", wheel, executable=False)
    rows = parse_record(_text(archive, record) or "")
    kept = [r for r in rows if r.path not in (f"{home}/RECORD", f"{home}/WHEEL")]
    kept.append(RecordRow(path=row.name, algorithm="sha256", digest=row.sha256, size=row.size))
    kept.append(RecordRow(path=f"{home}/RECORD", algorithm=None, digest=None, size=None))
    packer.add(f"{home}/RECORD", record_text(kept), executable=False)

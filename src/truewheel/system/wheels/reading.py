"""Wheels on disk, read with suspicion: everything that a judge needs to know, and no opinion.

Source: the binary distribution format specification. Writing is :mod:`~truewheel.system.wheels.writing`'s.
"""

from __future__ import annotations

import os

from ... import formats
from ...model.contents import Contents, File, Member, WheelFacts
from ...model.errors import FormatError, WheelError
from ...model.header_files import parse_headers
from ...model.record_file import parse_record
from ...model.wheel_name import VARIANT, parse_wheel_name
from .zip_reader import Archive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ...formats.cursor import Buffer
    from ...model.binary import Binary
    from ...model.variants import Variant
    from .zip_reader import Item

    Looked = tuple[File | None, Member]

_LARGE = 4_000_000
"""Bytes from which on a wheel is worth several threads."""
_LONGEST = 32 << 20
"""Bytes of the largest text in ``.dist-info`` that is read: RECORD of 200,000 files."""
_HEADERS = 1 << 12
"""Bytes in which the headers of METADATA nearly always end."""
_TEXTS = frozenset({"entry_points.txt", "top_level.txt", "direct_url.json", VARIANT})


def read_wheel(path: str | os.PathLike[str], *, digests: bool = False) -> WheelFacts:
    """Everything a judge needs to know of the wheel at ``path``.

    Only members that begin like a binary are unpacked, and of METADATA only the headers, unless ``digests`` asks for the hash
    of each.

    :raises WheelError: when it is not a ZIP file, or has no ``.dist-info``.
    """
    with Archive(path) as archive:
        by_name = {item.name: item for item in archive.items}
        home = metadata_directory(archive.name, by_name)
        looked = _look_at_all(archive, digests=digests)
        strange: list[str] = []
        record = text_of(archive, by_name.get(f"{home}/RECORD"), strange)
        wheel = text_of(archive, by_name.get(f"{home}/WHEEL"), strange)
        metadata = (text_of if digests else _headers_of)(archive, by_name.get(f"{home}/METADATA"), strange)
        texts = {n: text_of(archive, by_name[f"{home}/{n}"], strange) or "" for n in _TEXTS if f"{home}/{n}" in by_name}
        return WheelFacts(
            filename=archive.name,
            path=os.fspath(path),
            size=archive.size,
            contents=Contents(
                files=tuple([f for f, _ in looked if f is not None]),
                dist_info=home,
                variant=_variant(archive.name, texts.get(VARIANT)),
            ),
            members=tuple([m for _, m in looked]),
            record=None if record is None else parse_record(record),
            wheel_headers=parse_headers(wheel or ""),
            metadata=metadata,
            oddities=archive.oddities() if digests else (),
            undecodable=tuple(sorted(strange)),
            texts=texts,
        )


def _variant(filename: str, text: str | None) -> Variant | None:
    """The label in the name with the properties that ``variant.json`` gives it, or gives the only label that is there."""
    parts = parse_wheel_name(filename)
    if parts is None or not parts.variant:
        return None
    from ...model.variant_file import read_variant_file  # few wheels are variants
    from ...model.variants import Variant

    known = read_variant_file(text).variants if text else ()
    found = next((v for v in known if v.label == parts.variant), known[0] if len(known) == 1 else None)
    return Variant(label=parts.variant, properties=found.properties if found else ())


def metadata_directory(filename: str, by_name: Mapping[str, Item]) -> str:
    """The name of the wheel's ``.dist-info``: the one that its file name asks for, or the first.

    :raises WheelError: when there is none.
    """
    homes = sorted(top for top in {n.partition("/")[0] for n in by_name if "/" in n} if top.endswith(".dist-info"))
    if not homes:
        raise WheelError(f"{filename} is not a wheel: it has no .dist-info directory")
    parts = parse_wheel_name(filename)
    wanted = f"{parts.name}-{parts.version}.dist-info" if parts else homes[0]
    return wanted if wanted in homes else homes[0]


def text_of(archive: Archive, item: Item | None, strange: list[str]) -> str | None:
    """A member as text; ``None`` when it is missing, cannot be unpacked, or is no text by its size.

    :param strange: takes its base name when it is not UTF-8.
    """
    if item is None or item.size > _LONGEST:
        return None
    try:
        return _decoded(archive.read(item), item, strange)
    except ValueError:
        return None


def _headers_of(archive: Archive, item: Item | None, strange: list[str]) -> str | None:
    """METADATA as far as judges read it: what follows its headers may be a whole book."""
    head = archive.head(item, _HEADERS)[0] if item is not None else b""
    end = head.find(b"\n\n")
    if item is None or end < 0:
        return text_of(archive, item, strange)
    return _decoded(head[:end], item, strange)


def _decoded(raw: bytes | bytearray, item: Item, strange: list[str]) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        strange.append(item.name.rpartition("/")[2])
        return raw.decode("utf-8", "backslashreplace")


def _look_at_all(archive: Archive, *, digests: bool) -> list[Looked]:
    """Every member; those of a large wheel side by side, for most of the time goes into inflating."""
    if archive.size < _LARGE:
        return [_look(archive, item, digests=digests) for item in archive.items]
    from .workers import each  # small wheels go without

    return each(lambda item: _look(archive, item, digests=digests), archive.items)


def _look(archive: Archive, item: Item, *, digests: bool) -> Looked:
    content, digest = None, None
    head, problem = archive.head(item, formats.HEAD)
    form = formats.sniff(head)
    try:
        if form is not None:
            content = archive.read(item)
            digest = _sha256((content,)) if digests else None
        elif digests:
            digest = _sha256(archive.pieces(item))
    except ValueError as error:
        problem = str(error)
    if item.name.endswith("/") and not digests:
        problem = None  # there is nothing to unpack
    member = Member(
        name=item.name, size=item.size, compressed_size=item.compressed_size, mode=item.mode,
        sha256=digest, encrypted=item.encrypted, problem=problem,
    )  # fmt: skip
    if item.name.endswith("/"):
        return None, member
    binary, broken = (None, None) if form is None or content is None else read_binary(content)
    file = File(path=item.name, size=item.size, executable=bool(item.mode & 0o111), binary=binary, broken=broken)
    return file, member


def read_binary(content: Buffer) -> tuple[Binary | None, FormatError | None]:
    """The facts of a binary, or why there are none: as a value, without the frames that would keep ``content`` in memory."""
    try:
        return formats.read(content), None
    except FormatError as error:
        error.__traceback__ = error.__context__ = error.__cause__ = None
        return None, error


def _sha256(pieces: Iterable[bytes | bytearray]) -> str:
    """As RECORD has it."""
    import base64  # both are slow to import, and only for digests
    import hashlib

    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
    return base64.urlsafe_b64encode(found.digest()).rstrip(b"=").decode()

"""The texts in a wheel's ``.dist-info``, read with suspicion: what is too long or not UTF-8 does not stop a reader.

Source: the binary distribution format, "The .dist-info directory".
"""

from __future__ import annotations

from ...model.errors import WheelError
from ...model.wheel_name import parse_wheel_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ...model.variants import Variant
    from .zip_directory import Item
    from .zip_reader import Archive

_LONGEST_TEXT = 32 << 20
"""Bytes of the largest text in ``.dist-info`` that is read: RECORD of 200,000 files."""
_HEADERS = 1 << 12
"""Bytes in which the headers of METADATA nearly always end."""


def metadata_directory(filename: str, by_name: Mapping[str, Item]) -> str:
    """Return the name of the wheel's ``.dist-info``: the one that its file name asks for, or the first.

    :raises WheelError: when there is none.
    """
    homes = _metadata_directories(by_name)
    if not homes:
        raise WheelError(f"{filename} is not a wheel: it has no .dist-info directory")
    parts = parse_wheel_name(filename)
    if parts is not None:
        wanted = f"{parts.name}-{parts.version}.dist-info"
        if wanted in homes:
            return wanted
    # That it has another name, or that there are several, is for a check to say.
    return homes[0]


def _metadata_directories(names: Iterable[str]) -> list[str]:
    """Return every directory at the top that ends in ``.dist-info``, sorted."""
    homes: set[str] = set()
    for name in names:
        top, slash, _ = name.partition("/")
        if slash and top.endswith(".dist-info"):
            homes.add(top)
    return sorted(homes)


def text_of(archive: Archive, item: Item | None, undecodable: list[str]) -> str | None:
    """Return a member as text; ``None`` when it is missing, cannot be unpacked, or is too long for a text.

    :param undecodable: takes its base name when it is not UTF-8.
    """
    if item is None or item.size > _LONGEST_TEXT:
        return None
    try:
        return _decoded(archive.read(item), item, undecodable)
    except ValueError:
        return None


def metadata_headers(
    archive: Archive,
    item: Item | None,
    undecodable: list[str],
) -> str | None:
    """Return the headers of METADATA. Judges read no more, and what follows them may be a whole book."""
    if item is None:
        return None
    head, _ = archive.head(item, _HEADERS)
    end = head.find(b"\n\n")
    # Long headers, or none: all of it then.
    if end < 0:
        return text_of(archive, item, undecodable)
    return _decoded(head[:end], item, undecodable)


def _decoded(raw: bytes | bytearray, item: Item, undecodable: list[str]) -> str:
    """Return bytes as text; what is not UTF-8 is escaped, and the member's name noted."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        undecodable.append(item.name.rpartition("/")[2])
        return raw.decode("utf-8", "backslashreplace")


def variant_of(filename: str, text: str | None) -> Variant | None:
    """Return the variant that the file name speaks of, with the properties that ``variant.json`` gives to its label.

    Where the file knows one label only, its properties are those meant, whatever the name says.
    """
    parts = parse_wheel_name(filename)
    if parts is None or not parts.variant:
        return None
    from ...model.variant_file import read_variant_file  # few wheels are variants
    from ...model.variants import Variant

    described = read_variant_file(text).variants if text else ()
    for variant in described:
        if variant.label == parts.variant:
            return Variant(label=parts.variant, properties=variant.properties)
    properties = described[0].properties if len(described) == 1 else ()
    return Variant(label=parts.variant, properties=properties)

"""ZIP archives in memory, to be changed byte by byte; and where their records are (APPNOTE.TXT 4.3)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping


def packed(
    members: Mapping[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED
) -> bytearray:
    """Return an archive with these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return bytearray(file.getvalue())


def directory(data: bytes) -> int:
    """Return the offset of the central directory."""
    return data.find(b"PK\x01\x02")


def end_record(data: bytes) -> int:
    """Return the offset of the end record."""
    return data.rfind(b"PK\x05\x06")

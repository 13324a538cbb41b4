"""Wheels on disk, written by hand: a sound one of a distribution ``p``, and what a test adds to it."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

from support.facts import DIST_INFO

METADATA = b"Metadata-Version: 2.1\nName: p\nVersion: 1\n"
WHEEL = b"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def written_wheel(folder: Path, extra: Mapping[str, bytes], *, unrecorded: Collection[str] = ()) -> Path:
    """Write a pure wheel with these files besides, and return its path.

    :param unrecorded: files that RECORD does not list.
    """
    record = f"{DIST_INFO}/RECORD"
    files = {
        "p/__init__.py": b"",
        f"{DIST_INFO}/METADATA": METADATA,
        f"{DIST_INFO}/WHEEL": WHEEL,
        **extra,
    }
    rows = [row_of(path, data) for path, data in files.items() if path not in unrecorded]
    path = folder / "p-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr(record, "\n".join([*rows, f"{record},,"]) + "\n")
    return path


def row_of(path: str, data: bytes) -> str:
    """Return the row of RECORD for a file."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    return f"{path},sha256={digest},{len(data)}"

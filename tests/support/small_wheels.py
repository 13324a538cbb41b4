"""Wheels on disk that hold no more than a test needs."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

METADATA = b"Metadata-Version: 2.1\nName: p\nVersion: 1\n"


def small_wheel(
    path: Path,
    files: Mapping[str, bytes],
    *,
    unrecorded: Collection[str] = (),
    distribution: str = "p",
) -> Path:
    """Write a wheel of ``p`` 1, or of another distribution, with these files and a sound METADATA, WHEEL and RECORD; return its path.

    The tag in WHEEL is that of the file name.

    :param unrecorded: files that RECORD does not list.
    """
    tag = path.stem.split("-", 2)[2]
    purelib = "true" if tag.endswith("-any") else "false"
    home = f"{distribution}-1.dist-info"
    metadata = METADATA.replace(b"Name: p", f"Name: {distribution}".encode())
    members = {
        **files,
        f"{home}/METADATA": files.get(f"{home}/METADATA", metadata),
        f"{home}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: {purelib}\nTag: {tag}\n".encode(),
    }
    recorded = {
        name: content for name, content in members.items() if name not in unrecorded
    }
    rows = [
        f"{name},sha256={digest(content)},{len(content)}"
        for name, content in recorded.items()
    ]
    rows.append(f"{home}/RECORD,,")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr(f"{home}/RECORD", "\n".join(rows))
    return path


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file as RECORD has it."""
    return (
        base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    )

"""What tells that a file, or what a directory holds, changed; and reading files that may not be there."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

LARGE = 100_000_000
"""Bytes that it takes a tenth of a second to read."""
_CHUNK = 1 << 20


def stamp(path: str | Path) -> str:
    """Return size and time of a file or a directory whose time can be trusted; empty when it is not there."""
    try:
        status = os.stat(path)
    except OSError:
        return ""
    return f"{status.st_size}:{status.st_mtime_ns}"


def seal(path: str | Path, before: str = "") -> str:
    """Return size, times, inode and a digest of a file that no package manager put there; empty when it is not there.

    Some tools give all files one time, so that the content has to be looked at. Very large files are told by size and
    time alone.

    :param before: an earlier seal; returned when the content is the same, which is read only if the status changed.
    """
    try:
        status = os.stat(path)
        facts = f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_ino}"
        if before.startswith(facts + " "):
            return before
        if status.st_size > LARGE:
            return stamp(path)
        content_digest = digest(Path(path))
    except OSError:
        return ""
    return (
        before if before.endswith(f" {content_digest}") else f"{facts} {content_digest}"
    )


def current_mark(path: str, before: str) -> str:
    """Return the stamp or the seal of a file as it is now, whichever ``before`` is: only a seal has a blank in it."""
    return seal(path, before) if " " in before else stamp(path)


def digest(path: str | Path) -> str:
    """Return blake2b of a file's content, in hex."""
    found = hashlib.blake2b(digest_size=20)
    # Without a buffer of Python's own, a small file costs one read.
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


def digest_of_text(text: str) -> str:
    """Return a digest of a text."""
    content = text.encode("utf-8", "surrogateescape")
    return hashlib.blake2b(content, digest_size=20).hexdigest()


def text(path: str | Path) -> str:
    """Return a file's text; empty when it cannot be read."""
    return content(path).decode("utf-8", "surrogateescape")


def content(path: str | Path) -> bytes:
    """Return a file's bytes; none when it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""

"""Systems that are unpacked in a directory: files by their absolute paths there, links as they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def unpack(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below ``root``; text that begins with ``-> `` is the target of a link."""
    for path, content in files.items():
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            place.write_bytes(content)
        elif content.startswith("-> "):
            place.symlink_to(content.removeprefix("-> "))
        else:
            place.write_text(content, encoding="utf-8")
    return root

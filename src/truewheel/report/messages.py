"""What ``init`` and ``cache`` tell: what was made, kept and deleted, and what to type next."""

from __future__ import annotations

import shlex
import time
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from .text import printable, size_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class CacheRow(NamedTuple):
    """One thing in the cache directory.

    :param used: when it was used last, in seconds since 1970 UTC.
    :param size: in bytes.
    :param label: for which project it is, empty when that is not known.
    """

    name: str
    used: float
    size: int
    label: str


class KeptRow(NamedTuple):
    """One thing that was not deleted.

    :param size: in bytes.
    :param trees: build trees elsewhere that need it; empty when it is in use right now.
    """

    size: int
    trees: tuple[str, ...]


def cache_listing(
    root: str,
    rows: Sequence[CacheRow],
) -> str:
    """Return what the cache directory holds, the oldest first."""
    total = _total_size(rows)
    lines = [f"{root}: {total}"]
    # The oldest first: those are what somebody who wants room looks for.
    for row in sorted(rows, key=attrgetter("used")):
        lines.append(_cache_line(row))
    return "\n".join(lines)


def _cache_line(row: CacheRow) -> str:
    """Return one thing in the cache: when it was used, its size, its name, its project."""
    # Local time, for a person compares it with what they remember doing.
    used = time.localtime(row.used)
    day = time.strftime("%Y-%m-%d %H:%M", used)
    size = size_text(row.size)
    name = printable(row.name)
    line = f"  {day}  {size:>12}  {name}"
    if row.label:
        label = printable(row.label)
        line += f"  ({label})"
    return line


def _total_size(rows: Iterable[CacheRow | KeptRow]) -> str:
    """Return how large these are together."""
    return size_text(sum(row.size for row in rows))


def cleaning_text(
    root: str,
    freed: int,
    kept: Sequence[KeptRow],
) -> str:
    """Return what was deleted of the cache, and what was not.

    :param freed: in bytes.

    >>> print(cleaning_text("/cache", 1500, [KeptRow(2000, ("/project/build",)), KeptRow(10, ())]))
    freed 1.5 kB in /cache
    kept 2.0 kB for builds in other directories; without it, editable installs cannot be rebuilt on import:
      /project/build
      hint: delete these directories first, or use truewheel cache clean --all
    kept 10 bytes that is in use
    """
    freed_size = size_text(freed)
    lines = [f"freed {freed_size} in {root}"]
    needed = [row for row in kept if row.trees]
    if needed:
        lines += _needed_lines(needed)
    in_use = [row for row in kept if not row.trees]
    if in_use:
        total = _total_size(in_use)
        lines.append(f"kept {total} that is in use")
    return "\n".join(lines)


def _needed_lines(needed: Iterable[KeptRow]) -> list[str]:
    """Return what was kept for build trees elsewhere, and how to have it deleted."""
    total = _total_size(needed)
    effect = "without it, editable installs cannot be rebuilt on import:"
    lines = [f"kept {total} for builds in other directories; {effect}"]
    # Several things may be kept for one tree, which is named once.
    trees: set[str] = set()
    for row in needed:
        trees.update(row.trees)
    for tree in sorted(trees):
        lines.append(f"  {tree}")
    lines.append(
        "  hint: delete these directories first, or use truewheel cache clean --all"
    )
    return lines


def new_project_text(
    name: str,
    directory: str,
    paths: Iterable[str],
    *,
    needs: str,
    for_windows: bool,
) -> str:
    """Return what ``init`` has made, and what to type next.

    :param needs: what must be there to compile it.
    :param for_windows: whether the shell is one of Windows.
    """
    lines = [f"truewheel made the project {name} in {directory}:"]
    for path in paths:
        lines.append(f"  {path}")
    # Dependency groups (PEP 735) came to pip with its release 25.1.
    lines.append(f"next (it takes {needs}, and pip 25.1 or newer for --group):")
    if directory != ".":
        typed = _as_typed(directory, for_windows=for_windows)
        lines.append(f"  cd {typed}")
    lines.append("  python -m pip install . --group test")
    lines.append("  python -m pytest")
    lines.append(
        "and say in pyproject.toml what only you can: description, license, authors"
    )
    return "\n".join(lines)


def _as_typed(
    path: str,
    *,
    for_windows: bool,
) -> str:
    """Return a path as it is typed into a shell."""
    if path.startswith("-"):
        path = f"./{path}"  # else it would be taken for an option
    if not for_windows:
        return shlex.quote(path)
    # cmd.exe takes no single quotes, which shlex writes; no path there holds a double one.
    if " " in path:
        return f'"{path}"'
    return path

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


def cache_listing(root: str, rows: Sequence[CacheRow]) -> str:
    """Return what the cache directory holds, the oldest first."""
    total = sum(row.size for row in rows)
    lines = [f"{root}: {size_text(total)}"]
    for row in sorted(rows, key=attrgetter("used")):
        day = time.strftime("%Y-%m-%d %H:%M", time.localtime(row.used))
        label = f"  ({printable(row.label)})" if row.label else ""
        lines.append(
            f"  {day}  {size_text(row.size):>12}  {printable(row.name)}{label}"
        )
    return "\n".join(lines)


def cleaning_text(root: str, freed: int, kept: Sequence[KeptRow]) -> str:
    """Return what was deleted of the cache, and what was not.

    :param freed: in bytes.

    >>> print(cleaning_text("/cache", 1500, [KeptRow(2000, ("/project/build",)), KeptRow(10, ())]))
    freed 1.5 kB in /cache
    kept 2.0 kB for builds in other directories; without it, editable installs cannot be rebuilt on import:
      /project/build
      hint: delete these directories first, or use truewheel cache clean --all
    kept 10 bytes that is in use
    """
    lines = [f"freed {size_text(freed)} in {root}"]
    needed = [row for row in kept if row.trees]
    if needed:
        total = size_text(sum(row.size for row in needed))
        effect = "without it, editable installs cannot be rebuilt on import:"
        lines.append(f"kept {total} for builds in other directories; {effect}")
        trees: set[str] = set()
        for row in needed:
            trees.update(row.trees)
        lines += [f"  {tree}" for tree in sorted(trees)]
        lines.append(
            "  hint: delete these directories first, or use truewheel cache clean --all"
        )
    in_use = [row.size for row in kept if not row.trees]
    if in_use:
        lines.append(f"kept {size_text(sum(in_use))} that is in use")
    return "\n".join(lines)


def new_project_text(
    name: str, directory: str, paths: Iterable[str], *, needs: str, for_windows: bool
) -> str:
    """Return what ``init`` has made, and what to type next.

    :param needs: what must be there to compile it.
    :param for_windows: whether the shell is one of Windows.
    """
    lines = [f"truewheel made the project {name} in {directory}:"]
    lines += [f"  {path}" for path in paths]
    lines.append(f"next (it takes {needs}, and pip 25.1 or newer for --group):")
    if directory != ".":
        lines.append(f"  cd {_as_typed(directory, for_windows=for_windows)}")
    lines.append("  python -m pip install . --group test")
    lines.append("  python -m pytest")
    lines.append(
        "and say in pyproject.toml what only you can: description, license, authors"
    )
    return "\n".join(lines)


def _as_typed(path: str, *, for_windows: bool) -> str:
    """Return a path as it is typed into a shell."""
    if path.startswith("-"):
        path = f"./{path}"  # else it would be taken for an option
    if not for_windows:
        return shlex.quote(path)
    return f'"{path}"' if " " in path else path

"""``truewheel cache``: what is kept of earlier builds, where, and how to get rid of it."""

from __future__ import annotations

import os

from ..model.errors import ExitCode, TruewheelError
from ..report.messages import CacheRow, KeptRow, cache_listing, cleaning_text
from ..system.warm import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import SimpleNamespace


def run(options: SimpleNamespace) -> int:
    """List what is kept, delete it, or say where it is; return the exit code."""
    root = _path()
    # Scripts ask for the place before there is one, to restore a cache into it.
    if options.action == "path":
        print(root)
        return int(ExitCode.FINE)
    entries = _entries()
    if options.action == "why":
        # Only this one needs to know what a build is.
        from .cache_why import tell

        return tell(
            options.project,
            entries,
            is_verbose=options.verbose,
            as_json=options.json,
        )
    if options.action == "info":
        print(_listing(root, entries))
    else:
        print(_clean(root, entries, even_needed=options.all))
    return int(ExitCode.FINE)


def _path() -> Path:
    """Return where the cache is, or would be.

    :raises TruewheelError: when there is no place for one.
    """
    try:
        return cache.path(os.environ)
    except cache.UnfitError as error:
        raise _error(error) from None


def _error(error: cache.UnfitError) -> TruewheelError:
    return TruewheelError(str(error), hint=error.cure)


def _entries() -> list[cache.Entry]:
    """Return what is kept; nothing when there is no cache yet.

    :raises TruewheelError: when the directory is not fit to be one.
    """
    try:
        found = cache.existing(os.environ)
    except cache.UnfitError as error:
        raise _error(error) from None
    if found is None:
        return []
    return list(cache.entries(found))


def _listing(root: Path, entries: Iterable[cache.Entry]) -> str:
    """Return what is kept, as text."""
    # Entries have their real paths, and the cache may be reached through a link.
    real = os.path.realpath(root)
    rows = []
    for entry in entries:
        name = os.path.relpath(entry.path, real)
        rows.append(CacheRow(name, entry.used, entry.size, entry.label))
    return cache_listing(str(root), rows)


def _clean(root: Path, entries: Iterable[cache.Entry], *, even_needed: bool) -> str:
    """Delete what may be deleted; return what came of it, as text.

    :param even_needed: whether also what editable installs need to be rebuilt.
    """
    freed = 0
    left = []
    for entry in entries:
        # A build that is running holds a lock on what it uses: that stays.
        if cache.remove(entry.path, even_needed=even_needed):
            freed += entry.size
        else:
            left.append(entry)
    cache.drop_drafts(root)
    # Asked for after everything is deleted: a tree that went needs nothing any more.
    kept = []
    for entry in left:
        trees = tuple(cache.needed_by(entry.path))
        kept.append(KeptRow(entry.size, trees))
    return cleaning_text(str(root), freed, kept)

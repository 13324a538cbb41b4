"""``truewheel cache``: what is kept of earlier builds, where, and how to get rid of it."""

from __future__ import annotations

import os

from ..model.errors import ExitCode, TruewheelError
from ..report.messages import CacheRow, KeptRow, cache_listing, cleaning_text
from ..system.warm import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import SimpleNamespace


def run(options: SimpleNamespace) -> int:
    """List what is kept, delete it, or say where it is; return the exit code."""
    root = cache.path(os.environ)
    if options.action == "path":
        print(root)
        return int(ExitCode.FINE)
    try:
        found = cache.existing(os.environ)
    except cache.UnfitError as error:
        raise TruewheelError(
            str(error), hint=f"set {cache.VARIABLE} to another directory"
        ) from None
    entries = [] if found is None else list(cache.entries(found))
    if options.action == "info":
        real = os.path.realpath(root)
        rows = [
            CacheRow(
                os.path.relpath(entry.path, real), entry.used, entry.size, entry.label
            )
            for entry in entries
        ]
        print(cache_listing(str(root), rows))
        return int(ExitCode.FINE)
    left = [
        entry
        for entry in entries
        if not cache.remove(entry.path, even_needed=options.all)
    ]
    cache.drop_drafts(root)
    freed = sum(entry.size for entry in entries) - sum(entry.size for entry in left)
    kept = [KeptRow(entry.size, tuple(cache.needed_by(entry.path))) for entry in left]
    print(cleaning_text(str(root), freed, kept))
    return int(ExitCode.FINE)

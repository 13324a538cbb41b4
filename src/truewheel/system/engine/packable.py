"""What can be packed: files, directories and links. A source may have more in it: sockets, pipes, what nobody may read.

Nothing here opens a file: reading a named pipe waits for a writer that may never come.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...model.left_out import Reason


def obstacle_to_wheel(path: Path) -> Reason | None:
    """Return why a wheel cannot have a file, which is packed with the content that a link leads to; ``None`` if it can."""
    try:
        mode = path.stat().st_mode
    except PermissionError:
        return Reason.UNREADABLE
    except OSError:
        # Links that lead nowhere, or in a circle. Editors lock files with them.
        return Reason.DANGLING if path.is_symlink() else Reason.VANISHED
    return None if stat.S_ISREG(mode) else Reason.SPECIAL


def unreadable_directories(
    files: Iterable[Path], *, top: Path
) -> Iterator[tuple[str, Reason]]:
    """Yield the directories beside ``files`` in which this user cannot look; whoever walks a tree passes them by.

    Reading a directory gives names, searching it gives what they name (path_resolution(7)): it takes both.

    :param top: the directory in which the files were looked for.
    """
    searched = {top}
    for path in files:
        searched.update(path.parents)
    for folder in sorted(searched):
        if not folder.is_relative_to(top):
            continue
        try:
            found = list(os.scandir(folder))
        except OSError:
            continue
        for entry in found:
            # A link to a directory may be packed as the link.
            if entry.is_dir(follow_symlinks=False) and not os.access(
                entry.path, os.R_OK | os.X_OK
            ):
                yield Path(entry.path).as_posix(), Reason.UNREADABLE

"""Files that are handed out: they have their name when they are complete, and never before."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ...model.errors import TruewheelError


@contextlib.contextmanager
def final_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that appears under ``path`` when the block ends well, and leaves nothing when it does not.

    :raises TruewheelError: when it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(
            prefix=".truewheel-", suffix=".part", dir=path.parent
        )
    except (FileExistsError, NotADirectoryError) as error:
        raise TruewheelError(
            f"{path.parent} cannot be written: it, or a part of it, is a file and not a directory",
            hint="choose another output directory",
        ) from error
    except OSError as error:
        hint = "choose another output directory, or make this one writable"
        raise TruewheelError(
            f"{path.parent} cannot be written", context=[str(error)], hint=hint
        ) from error
    try:
        with open(handle, "w+b") as file:  # noqa: PTH123  # a descriptor, not a path
            yield file
        # mkstemp made it for its owner alone; everybody else's files follow the umask.
        Path(draft).chmod(0o666 & ~_umask())
        Path(draft).replace(path)
    except OSError as error:
        raise TruewheelError(
            f"{path.name} cannot be written", context=[str(error)]
        ) from error
    finally:
        Path(draft).unlink(missing_ok=True)


def _umask() -> int:
    """Return the permissions that new files do not get. There is no way to ask without setting it for a moment."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask

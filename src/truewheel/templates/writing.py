"""The templates of ``truewheel init`` and the directory that they fill: all of it, or nothing.

What they are filled with is decided in ``templates/kinds.py``.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from ..model.errors import TruewheelError
from .kinds import Kind, filled

TEMPLATES = Path(__file__).parent / "starters"
_SUFFIX = ".in"


def files(kind: Kind, values: Mapping[str, str]) -> dict[str, str]:
    """What a new project holds: path (with ``/``) to content, sorted by path."""
    found = {}
    # In the order of the layers: a later one has the same file for a reason of its own.
    for layer in kind.layers:
        home = TEMPLATES / layer
        for template in home.rglob(f"*{_SUFFIX}"):
            path = _target(PurePosixPath(template.relative_to(home).as_posix()), values)
            found[path] = filled(template.read_text(encoding="utf-8"), values)
    return dict(sorted(found.items()))


def _target(template: PurePosixPath, values: Mapping[str, str]) -> str:
    """Where a template's content goes. No file here is hidden or looks like Python, which installers would compile."""
    parts = []
    for part in template.parts:
        if part == "PACKAGE":
            parts.append(values["package"])
        elif part.startswith("dot_"):
            # Under its own name, git would obey a .gitignore in this very repository.
            parts.append("." + part.removeprefix("dot_"))
        else:
            parts.append(part)
    return "/".join(parts).removesuffix(_SUFFIX)


def create(directory: Path, contents: Mapping[str, str]) -> None:
    """Make ``directory``, and its parents, with these files. One that is there must be empty, but for a ``.git``.

    The files are written into a directory beside it (or in it, when it is there: it may be a file system of its own) and
    moved when all of them are complete.

    :param directory: an absolute path without ``..`` and links.
    :raises TruewheelError: when there is something in the way, or the place cannot be written to; nothing is left behind.
    """
    place = _place(directory)
    try:
        with tempfile.TemporaryDirectory(prefix=".truewheel-init-", dir=place) as room:
            _write(Path(room, directory.relative_to(place)), contents)
            _move(Path(room), place)
    except OSError as error:
        because = error.strerror or str(error)
        raise TruewheelError(
            f"{directory} cannot be made", context=[f"{place}: {because}"]
        ) from error


def _place(directory: Path) -> Path:
    """The directory itself when it is there, or else the nearest parent that is.

    :raises TruewheelError: when something is in the way.
    """
    place = directory
    # lexists: a link that leads nowhere is in the way as well, and mkdir would fail at it.
    while not os.path.lexists(place):
        place = place.parent
    if not place.is_dir():
        raise TruewheelError(
            f"{directory} cannot be made",
            context=[f"{place} is there, and is no directory"],
        )
    if place == directory:
        _refuse_what_is_in(directory)
    return place


def _refuse_what_is_in(directory: Path) -> None:
    """Refuse a directory that holds anything.

    :raises TruewheelError: naming the first of what is there, or when it cannot be read.
    """
    try:
        # A repository that was just made, or cloned empty, is where projects begin.
        there = sorted(
            entry.name for entry in directory.iterdir() if entry.name != ".git"
        )
    except OSError as error:
        raise TruewheelError(
            f"{directory} cannot be read", context=[error.strerror or str(error)]
        ) from error
    if not there:
        return
    because = f"{there[0]} is in it"
    if len(there) > 1:
        because += f", and {len(there) - 1} more"
    raise TruewheelError(
        f"{directory} is not empty",
        context=[because],
        hint="name a directory that is not there yet, or an empty one",
    )


def _write(home: Path, contents: Mapping[str, str]) -> None:
    for path, text in contents.items():
        file = home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        # As bytes: write_text() would write \r\n on Windows, and the same project would differ there.
        file.write_bytes(text.encode())


def _move(room: Path, place: Path) -> None:
    """Everything in ``room`` goes to ``place``, or nothing: what was moved is taken away again."""
    with contextlib.ExitStack() as undo:
        for path in sorted(room.iterdir()):
            target = place / path.name
            # Made by someone else in the meantime; rename() would replace it without a word on Unix.
            if os.path.lexists(target):
                raise FileExistsError(
                    errno.EEXIST, os.strerror(errno.EEXIST), str(target)
                )
            path.rename(target)
            undo.callback(_remove, target)
        # All is there: what would have been undone stays.
        undo.pop_all()


def _remove(path: Path) -> None:
    # The error that led here is the one to tell, not that of cleaning up.
    with contextlib.suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()

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
    for layer in kind.layers:
        home = TEMPLATES / layer
        for template in home.rglob(f"*{_SUFFIX}"):
            path = _target(PurePosixPath(template.relative_to(home).as_posix()), values)
            found[path] = filled(template.read_text(encoding="utf-8"), values)
    return dict(sorted(found.items()))


def _target(template: PurePosixPath, values: Mapping[str, str]) -> str:
    """Where a template's content goes. No file here is hidden or looks like Python, which installers would compile."""
    parts = [values["package"] if p == "PACKAGE" else p for p in template.parts]
    parts = [f".{p.removeprefix('dot_')}" if p.startswith("dot_") else p for p in parts]
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
    try:
        there = sorted(p.name for p in directory.iterdir() if p.name != ".git")
    except OSError as error:
        raise TruewheelError(
            f"{directory} cannot be read", context=[error.strerror or str(error)]
        ) from error
    if there:
        more = f", and {len(there) - 1} more" if len(there) > 1 else ""
        raise TruewheelError(
            f"{directory} is not empty",
            context=[f"{there[0]} is in it{more}"],
            hint="name a directory that is not there yet, or an empty one",
        )


def _write(home: Path, contents: Mapping[str, str]) -> None:
    for path, text in contents.items():
        file = home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())


def _move(room: Path, place: Path) -> None:
    """Everything in ``room`` goes to ``place``, or nothing: what was moved is taken away again."""
    with contextlib.ExitStack() as undo:
        for path in sorted(room.iterdir()):
            target = place / path.name
            if os.path.lexists(target):  # made by someone else in the meantime
                raise FileExistsError(
                    errno.EEXIST, os.strerror(errno.EEXIST), str(target)
                )
            path.rename(target)
            undo.callback(_remove, target)
        undo.pop_all()


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        shutil.rmtree(path) if path.is_dir() else path.unlink()

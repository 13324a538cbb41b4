"""Source distributions: the engine says which files, this packs them. Whole or not at all, and reproducible.

Sources: the source distribution format specification, PEP 625 (names), reproducible-builds.org.
"""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from ...model.built import Sdist
from ...model.errors import TruewheelError
from ...model.left_out import Reason, phrases_of
from ...model.wheel_name import escape
from .. import host
from .artefacts import final_file

if TYPE_CHECKING:
    from ...model.project import Project
    from ..engine import SdistPlan


def write_sdist(output: Path, plan: SdistPlan, project: Project) -> Sdist:
    """Write the sdist into the directory ``output``; it gets its name when it is complete.

    What is neither a file nor a directory nor a link is left out: installers refuse such members (PEP 706).

    :raises TruewheelError: when ``output`` cannot be written.
    """
    top = f"{escape(project.name)}-{project.version}"
    path = output / f"{top}.tar.gz"
    # gzip has a time of its own, in its header (RFC 1952, 2.3.1).
    epoch = host.source_date_epoch() if plan.reproducible else None
    left_out = list(plan.left_out)
    with (
        final_file(path) as file,
        gzip.GzipFile(path.name, "wb", 9, file, mtime=epoch) as packed,
        tarfile.TarFile(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for member in plan.members:
            source = member.source.resolve() if member.dereference else member.source
            why = obstacle_to_sdist(source)
            if why is not None:
                left_out.append((member.name, why))
                continue
            try:
                info = tar.gettarinfo(source, f"{top}/{member.name}")
                _normalise(info, epoch)
                _add(tar, info, source)
            except FileNotFoundError:
                # Between two looks at it.
                left_out.append((member.name, Reason.VANISHED))
        info = tarfile.TarInfo(f"{top}/PKG-INFO")
        info.size = len(project.metadata)
        _normalise(info, epoch)
        tar.addfile(info, io.BytesIO(project.metadata))
    return Sdist(path=path, notes=phrases_of(left_out))


def obstacle_to_sdist(path: Path) -> Reason | None:
    """Return why a file cannot be a member of an sdist, in which links are stored as such; ``None`` if it can."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        # Others work in the source: editors make files and delete them.
        return Reason.VANISHED
    is_packable = stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode)
    return None if is_packable else Reason.SPECIAL


def _add(tar: tarfile.TarFile, info: tarfile.TarInfo, source: Path) -> None:
    """Append a member with its content, if it has one.

    :raises FileNotFoundError: when its content is gone; nothing is appended then.
    :raises TruewheelError: when this user may not read it.
    """
    if info.islnk():
        # A hard link to an earlier member: its content is stored, so that the order of members does not matter.
        info.type = tarfile.REGTYPE
        info.linkname = ""
        info.size = source.stat().st_size
    if not info.isreg():
        tar.addfile(info)
        return
    try:
        content = source.open("rb")
    except PermissionError as error:
        raise TruewheelError(
            f"{source} cannot be read: {error.strerror}",
            hint="make it readable, or leave it out: sdist.exclude in [tool.scikit-build]",
        ) from error
    with content:
        tar.addfile(info, content)


def _normalise(info: tarfile.TarInfo, epoch: int | None) -> None:
    """Take away who owns a member, when it changed, and all of its mode but whether it is executable."""
    # The project wants the times and modes of its files (`sdist.reproducible = false`).
    if epoch is None:
        return
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mtime = epoch
    info.mode = 0o755 if info.mode & 0o100 else 0o644

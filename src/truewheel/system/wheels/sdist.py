"""Source distributions: the engine says which files, this packs them. Whole or not at all, and reproducible.

Sources: the source distribution format specification, PEP 625 (names), reproducible-builds.org.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from ...model.wheel_name import escape
from .. import host
from .artefacts import final_file

if TYPE_CHECKING:
    from ...model.project import Project
    from ..engine import SdistPlan


def write_sdist(output: Path, plan: SdistPlan, project: Project) -> Path:
    """Write the sdist into the directory ``output``; it gets its name when it is complete.

    :raises TruewheelError: when ``output`` cannot be written.
    """
    top = f"{escape(project.name)}-{project.version}"
    path = output / f"{top}.tar.gz"
    # gzip has a time of its own, in its header (RFC 1952, 2.3.1).
    epoch = host.source_date_epoch() if plan.reproducible else None
    with (
        final_file(path) as file,
        gzip.GzipFile(path.name, "wb", 9, file, mtime=epoch) as packed,
        tarfile.TarFile(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for member in plan.members:
            source = member.source.resolve() if member.dereference else member.source
            info = tar.gettarinfo(source, f"{top}/{member.name}")
            _normalise(info, epoch)
            _add(tar, info, source)
        info = tarfile.TarInfo(f"{top}/PKG-INFO")
        info.size = len(project.metadata)
        _normalise(info, epoch)
        tar.addfile(info, io.BytesIO(project.metadata))
    return path


def _add(tar: tarfile.TarFile, info: tarfile.TarInfo, source: Path) -> None:
    """Append a member with its content, if it has one."""
    if info.islnk():
        # A hard link to an earlier member: its content is stored, so that the order of members does not matter.
        info.type = tarfile.REGTYPE
        info.linkname = ""
        info.size = source.stat().st_size
    if not info.isreg():
        tar.addfile(info)
        return
    with source.open("rb") as content:
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

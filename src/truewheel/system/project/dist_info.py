"""The files of ``.dist-info`` that a backend makes before anything is built, and their promise: they stay the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ...model.errors import TruewheelError
from ...model.project import Project
from ...model.request import Request
from ...model.wheel_name import VARIANT, dist_info_name


def dist_info_files(project: Project) -> dict[str, bytes]:
    """Return METADATA and what a wheel has beside it because of its project, by base name."""
    files = _metadata_files(project)
    if project.variant_json:
        files[VARIANT] = project.variant_json
    return files


def write_dist_info(
    output: Path, project: Project, licences: Mapping[str, bytes]
) -> str:
    """Write ``.dist-info`` into ``output`` without building anything; returns its base name.

    It holds METADATA, entry points and licence files, but no WHEEL: what the wheel may claim is not known before the
    binaries are there, and front ends read METADATA only (PEP 517, ``prepare_metadata_for_build_wheel``).

    :param licences: licence files by their names below ``licenses`` (PEP 639).
    :raises TruewheelError: when it cannot be written.
    """
    home = output / dist_info_name(project.name, project.version)
    files = _metadata_files(project)
    files.update({f"licenses/{name}": content for name, content in licences.items()})
    try:
        home.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        raise TruewheelError(
            f"{home} cannot be written", context=[str(error)]
        ) from error
    return home.name


def require_same_metadata(request: Request, project: Project) -> None:
    """Raise an error when METADATA is not the one that was prepared before, byte for byte.

    Source: https://peps.python.org/pep-0517/#build-wheel
    """
    prepared = request.metadata_directory
    if prepared is None:
        return
    path = prepared / "METADATA"
    # A front end may pass a directory that it has changed, or another one.
    if not path.is_file():
        raise TruewheelError(
            f"{path} is missing",
            hint="pass the directory that prepare_metadata_for_build_wheel made",
        )
    if path.read_bytes() != project.metadata:
        raise TruewheelError(
            "the metadata changed between preparing and building",
            context=[f"{path} is not what the build computes"],
            hint="a metadata provider gives other answers each time; make it depend on files only",
        )


def _metadata_files(project: Project) -> dict[str, bytes]:
    files = {"METADATA": project.metadata}
    if project.entry_points:
        files["entry_points.txt"] = project.entry_points
    return files

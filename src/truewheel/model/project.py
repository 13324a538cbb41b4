"""A project as its ``pyproject.toml`` and its metadata providers describe it."""

from __future__ import annotations

from collections.abc import Mapping

from .record import Record
from .settings import Settings
from .variants import Variant


class Project(Record):
    """One project, with all metadata resolved.

    :param name: as written in METADATA.
    :param version: normalised (PEP 440).
    :param raw_version: as METADATA has it: calendar versions keep their leading zeros.
    :param metadata: the bytes of METADATA, which are those of PKG-INFO too.
    :param entry_points: the bytes of ``entry_points.txt``; empty when there are none.
    :param license_files: paths from ``project.license-files`` (PEP 639); ``None`` when that field is absent.
    :param license_file: ``project.license.file`` of older projects.
    :param template_values: what ``generate`` templates may name.
    :param variant: what the wheel is to be told apart by; ``None`` when it is no variant.
    :param variant_json: the bytes of ``variant.json``; empty when it is no variant.
    """

    name: str
    version: str
    raw_version: str
    metadata: bytes
    entry_points: bytes
    license_files: tuple[str, ...] | None
    license_file: str | None
    template_values: Mapping[str, object]
    settings: Settings
    variant: Variant | None = None
    variant_json: bytes = b""

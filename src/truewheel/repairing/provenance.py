"""Where copied libraries come from: their packages, the licences that go with them, and the bill of materials."""

from __future__ import annotations

from pathlib import Path

from ..model.record import Record, replace
from ..repair.licences import licence_members
from ..repair.sbom import merged_sbom, sbom_path, sbom_text
from ..system.packages import find_packages
from ..system.packages.licence_texts import read_licence_texts
from ..system.wheels.hashing import hex_digest
from ..system.wheels.writing import GENERATOR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..model.bundled import BundledFile, Component, SystemPackage
    from ..system.libraries import LibrariesOnDisk
    from ..system.wheels.sources import SourceMember, WheelSource

_LICENCES = "licenses/bundled/"


class About(Record):
    """What the bill of materials says of the project itself.

    :param sbom: the setting of that name.
    :param components: what was linked into the binaries, if that is to be listed.
    """

    project: str
    version: str
    sbom: str = "bundled"
    components: tuple[Component, ...] = ()


class Papers(Record):
    """What goes with copied libraries.

    :param files: contents by their names in the archive.
    :param without_licence: packages without a licence text.
    """

    files: dict[str, bytes]
    without_licence: tuple[SystemPackage, ...] = ()


def with_packages(
    bundled: Sequence[BundledFile], libraries: LibrariesOnDisk
) -> tuple[BundledFile, ...]:
    """Return copied libraries with the packages that they come from."""
    # All at once: each database is then read once.
    packages = find_packages([Path(file.source) for file in bundled], libraries.root)
    found = []
    for file in bundled:
        package = packages.get(Path(file.source))
        found.append(replace(file, package=package))
    return tuple(found)


def papers_for(
    bundled: Sequence[BundledFile], source: WheelSource, about: About
) -> Papers:
    """Return the licences and the bill of materials of copied libraries.

    :param source: the wheel, which may have some from an earlier repair.
    :raises RepairError: when the bill that is there cannot be read.
    """
    home = source.dist_info
    texts = read_licence_texts(_packages(bundled))
    present: dict[str, str] = {}
    old_bill: SourceMember | None = None
    # What an earlier repair has put there stays, byte for byte.
    for member in source.members():
        if member.name.startswith(f"{home}/{_LICENCES}"):
            present[member.name] = hex_digest(member.pieces())
        elif member.name == sbom_path(home):
            old_bill = member
    files = licence_members(home, texts.texts, present=present)
    # A bill without a line says nothing.
    if about.sbom != "off" and (bundled or about.components):
        files[sbom_path(home)] = _bill(bundled, about, old_bill).encode()
    return Papers(files=files, without_licence=texts.without)


def _packages(bundled: Sequence[BundledFile]) -> Iterator[SystemPackage]:
    for file in bundled:
        if file.package is not None:
            yield file.package


def _bill(
    bundled: Sequence[BundledFile], about: About, old: SourceMember | None
) -> str:
    """Return the bill of materials; what an earlier repair listed stays in it."""
    if old is None:
        return sbom_text(
            project=about.project,
            version=about.version,
            bundled=bundled,
            components=about.components,
            generator=GENERATOR,
        )
    return merged_sbom(
        bytes(old.read()).decode("utf-8", "replace"),
        project=about.project,
        version=about.version,
        bundled=bundled,
        components=about.components,
        generator=GENERATOR,
    )

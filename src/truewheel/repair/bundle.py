"""What goes into a wheel for one platform: libraries, their new names, and their places. Pure."""

from __future__ import annotations

from ..model.record import Record
from .libraries import external_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..model.audit import Linkage, PlatformAudit
    from .libraries import Library


def links_by_file(part: PlatformAudit) -> dict[str, list[Linkage]]:
    """Return what each file of the wheel needs, by its path; files that need nothing as well."""
    found: dict[str, list[Linkage]] = {code.path: [] for code in part.files}
    for link in part.linkage:
        found[link.file].append(link)
    return found


class Bundle(Record):
    """The libraries that are copied.

    :param directory: where they go in the archive, unless the format puts them beside their users.
    :param libraries: by each path of the machine that leads to them.
    :param names: the new file name of each, by its source.
    :param places: the directories of the archive that each goes to, by its source; ``""`` is the root.
    """

    directory: str
    libraries: Mapping[str, Library]
    names: Mapping[str, str]
    places: Mapping[str, tuple[str, ...]]

    def new_name(self, link: Linkage) -> str | None:
        """Return the new file name of the library that a need leads to; ``None`` when it is not copied."""
        path = external_path(link)
        library = self.libraries.get(path) if path is not None else None
        return None if library is None else self.names[library.source]

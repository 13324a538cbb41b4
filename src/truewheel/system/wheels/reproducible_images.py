"""PE images that were linked in this build, made the same bytes each time: linkers write the moment of the link into them."""

from __future__ import annotations

import posixpath

from ... import formats
from ...model.binary import Format
from ...model.errors import FormatError, RepairError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from ...model.contents import Contents, File
    from ...model.link_facts import LinkFacts
    from .sources import SourceMember, WheelSource

_DEBUG_DATA = ".pdb"


def with_reproducible_images(
    source: WheelSource, contents: Contents, link_facts: Callable[[], LinkFacts]
) -> WheelSource:
    """Return what was built, with the same bytes each time in the images that CMake linked. What others have linked stays as it is.

    :param contents: what ``source`` holds.
    :param link_facts: reads what CMake knows of the links; called only for Windows.
    """
    images = [file for file in contents.files if _is_image(file)]
    if not images:
        return source
    made: set[str] = set()
    for target in link_facts().targets:
        made.update(posixpath.basename(path) for path in target.artifacts)
    names: set[str] = set()
    for file in images:
        if posixpath.basename(file.path) in made:
            names.add(file.path)
    # Debuggers look for the number that both files have.
    keeps_id = any(file.path.endswith(_DEBUG_DATA) for file in contents.files)
    return _WithFixedStamps(source, names, keeps_id=keeps_id)


def _is_image(file: File) -> bool:
    return file.binary is not None and file.binary.format is Format.PE


class _WithFixedStamps:
    """A source with fixed stamps in some files; see :class:`~truewheel.system.wheels.sources.WheelSource`."""

    def __init__(
        self, source: WheelSource, names: Collection[str], *, keeps_id: bool
    ) -> None:
        """Change nothing yet."""
        self.dist_info = source.dist_info
        self._source = source
        self._names = names
        self._keeps_id = keeps_id

    def members(self) -> Iterator[SourceMember]:
        """Yield every file."""
        for member in self._source.members():
            if member.name in self._names:
                yield self._with_fixed_stamps(member)
            else:
                yield member

    def _with_fixed_stamps(self, member: SourceMember) -> SourceMember:
        """Return an image without the moment of its link, or as it is where its tables cannot be followed."""
        from .repaired import EditedMember  # for Windows alone

        try:
            with member.content() as data:
                pieces = formats.with_fixed_stamps(data, keeps_id=self._keeps_id)
        except (FormatError, RepairError):
            # The loader does not read these tables.
            return member
        return EditedMember(member.name, member, pieces, executable=member.executable)

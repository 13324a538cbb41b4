"""What CMake knows of the links of a build: which libraries went into which file, and what those are."""

from __future__ import annotations

from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .bundled import Component


class TargetLinks(Record):
    """What one module, library or program of the project is linked with.

    :param name: of the target.
    :param artifacts: the files that are built, absolute, in the build tree.
    :param libraries: the shared libraries that it is linked with, absolute, with links resolved, in order of the link.
    :param folders: where it is installed, as ``install(TARGETS)`` says: absolute, or from the prefix.
    """

    name: str
    artifacts: tuple[str, ...]
    libraries: tuple[str, ...]
    folders: tuple[str, ...] = ()


class LinkFacts(Record):
    """What the targets of a project are linked with. Nothing, where CMake was not asked or did not answer.

    :param linked_libraries: all shared libraries, those that the project made too: absolute, with links resolved, sorted.
    :param static_libraries: static libraries that the project did not make, likewise.
    :param components: what was linked statically and has a name, in order of name.
    :param targets: in order of name.
    """

    linked_libraries: tuple[str, ...] = ()
    static_libraries: tuple[str, ...] = ()
    components: tuple[Component, ...] = ()
    targets: tuple[TargetLinks, ...] = ()

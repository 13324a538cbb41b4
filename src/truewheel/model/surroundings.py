"""Where the libraries of a machine lie: what its loader searches besides what the files themselves say, as a value."""

from __future__ import annotations

from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LinkedLibrary = tuple[str, str]
"""The name by which a library is needed, and its path."""


class Surroundings(Record):
    """What a machine, a project and its build add to the loader's search. All paths are absolute.

    :param library_path: ``LD_LIBRARY_PATH``, ``DYLD_LIBRARY_PATH`` or ``PATH``, by what the files are for.
    :param linked: the libraries that CMake linked into the project's targets: the name by which each is needed (SONAME,
        install name, DLL), and its path.
    :param linked_into: the same, of one file each: by its path in the wheel, or where it was built. Two targets may be
        linked with different libraries of one name.
    :param search: directories that the project or the user names (setting ``search``).
    :param configured: directories of ``/etc/ld.so.conf`` (glibc) in their order.
    :param musl: directories of ``/etc/ld-musl-ARCH.path``, or musl's own default, in their order.
    :param libc: of the Python that runs here, ``glibc`` or ``musl``: for wheels whose files name none.
    :param lib_names: what ``$LIB`` may stand for, most likely first: ``lib/x86_64-linux-gnu``, ``lib64``.
    """

    library_path: tuple[str, ...] = ()
    linked: tuple[LinkedLibrary, ...] = ()
    linked_into: Mapping[str, tuple[LinkedLibrary, ...]] = {}
    search: tuple[str, ...] = ()
    configured: tuple[str, ...] = ()
    musl: tuple[str, ...] = ()
    libc: str = ""
    lib_names: tuple[str, ...] = ("lib64", "lib")

    def linked_for(self, files: Iterable[str]) -> Iterator[LinkedLibrary]:
        """Yield what CMake linked: first into the file that needs a library, then into those that need that file.

        What it linked into others comes last: the file may be none of CMake's.
        """
        for file in files:
            yield from self.linked_into.get(file, ())
        yield from self.linked

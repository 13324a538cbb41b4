"""What Linux and Android share: ELF files, and how their loaders find the libraries that these need.

A library is needed by its SONAME, and looked for in the directories of DT_RPATH or DT_RUNPATH, where ``$ORIGIN`` is the
directory of the file itself; then where the system keeps its own. One that was loaded already serves every later file that
needs its SONAME. Sources: ld.so(8), https://man7.org/linux/man-pages/man8/ld.so.8.html; gABI, chapter 5. Pure.
"""

from __future__ import annotations

import posixpath

from ..model.binary import ElfSlice, Format
from ..model.contents import place_from
from ..model.record import worked_out
from .base import Platform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..model.audit import LoadableSlice
    from ..model.binary import Need, SearchPath, Slice
    from ..model.surroundings import Surroundings

ORIGIN = ("$ORIGIN", "${ORIGIN}")
"""The two spellings of a file's own directory."""


@worked_out
def is_android(piece: ElfSlice) -> bool:
    """Return whether code is for Android: by its note, its interpreter, or the symbol versions that only bionic has."""
    # The NDK's .note.android.ident.
    if any(stated.platform == "android" for stated in piece.minimum_os):
        return True
    for need in piece.needs:
        if any(
            version == "LIBC" or version.startswith("LIBC_")
            for version in need.versions
        ):
            return True
    return (piece.interpreter or "").startswith("/system/bin/linker")


class ElfPlatform(Platform):
    """A system whose files are ELF."""

    reads_rpath = True
    """Whether the loader reads DT_RPATH, as it does DT_RUNPATH."""

    def is_mine(self, piece: ElfSlice) -> bool:
        """Return whether an ELF file is for this system."""
        raise NotImplementedError

    def owns(self, form: Format, piece: Slice) -> bool:
        """Return whether a slice is an ELF file for this system."""
        return (
            form is Format.ELF and isinstance(piece, ElfSlice) and self.is_mine(piece)
        )

    def names_of_file(self, code: LoadableSlice) -> tuple[str, ...]:
        """Return the file's name and its SONAME, by which loaded libraries are known."""
        # ld.so(8) compares DT_NEEDED with the SONAMEs of what is loaded, and looks for a file of that name.
        name = posixpath.basename(code.path)
        if code.slice.name and code.slice.name != name:
            return name, code.slice.name
        return (name,)

    def name_in_wheel(self, need: Need) -> str | None:
        """Return the name as it is written."""
        return need.library

    def reaches(
        self,
        code: LoadableSlice,
        need: Need,
        library: LoadableSlice,
    ) -> bool:
        """Return whether a search path of ``code`` leads to the directory of ``library``."""
        return library.directory in self._directories(code)

    def inherits(
        self,
        code: LoadableSlice,
        loader: LoadableSlice,
        need: Need,
        library: LoadableSlice,
    ) -> bool:
        """Return whether the DT_RPATH of ``loader`` leads to the library: a DT_RUNPATH of either one switches that off."""
        # ld.so(8): DT_RPATH counts for all that is loaded for a file, DT_RUNPATH for its own needs alone.
        if not self.reads_rpath or _has_runpath(code) or _has_runpath(loader):
            return False
        return library.directory in self._directories(loader)

    def searched(self, code: LoadableSlice, need: Need) -> tuple[str, ...]:
        """Return the directories, sorted, and other search paths as they are written."""
        elsewhere = {
            search.path
            for search in self._search_paths(code)
            if not self.is_portable(search)
        }
        return (*sorted(self._directories(code)), *sorted(elsewhere))

    def directories_searched(self, files: Sequence[LoadableSlice]) -> frozenset[str]:
        """Return the directories that all search paths lead to."""
        found: set[str] = set()
        for code in files:
            found.update(self._directories(code))
        return frozenset(found)

    def places_outside(
        self,
        loaders: Sequence[LoadableSlice],
        need: Need,
        around: Surroundings,
    ) -> Iterator[tuple[str, str]]:
        """Yield what ld.so tries, in its order, then what the build knows."""
        from .elf_search import places_for  # only repair looks outside

        yield from places_for(
            loaders,
            need,
            around,
            reads_rpath=self.reads_rpath,
            is_musl=self.is_for_musl(loaders),
            defaults=self.system_directories(loaders, around),
        )

    def is_for_musl(self, loaders: Sequence[LoadableSlice]) -> bool:
        """Return whether musl's loader loads these files."""
        return False

    def system_directories(
        self, loaders: Sequence[LoadableSlice], around: Surroundings
    ) -> Sequence[tuple[str, str]]:
        """Return the directories that the loader searches last, each with what is to be said of it."""
        return ()

    def is_portable(self, path: SearchPath) -> bool:
        """Return whether a search path is relative to the file."""
        return path.path.startswith(ORIGIN)

    def _search_paths(self, code: LoadableSlice) -> list[SearchPath]:
        return [
            path
            for path in code.slice.search_paths
            if self.reads_rpath or path.kind == "RUNPATH"
        ]

    def _directories(self, code: LoadableSlice) -> set[str]:
        """Return the directories of the wheel that a file's search paths lead to."""
        # An absolute path means another place, and a relative one is relative to where the program was started (ld.so(8)).
        return {
            expand_origin(search.path, code.directory)
            for search in self._search_paths(code)
            if self.is_portable(search)
        }


def _has_runpath(code: LoadableSlice) -> bool:
    return any(path.kind == "RUNPATH" for path in code.slice.search_paths)


def expand_origin(path: str, directory: str) -> str:
    """Return the directory that a search path means for a file that is installed in ``directory``.

    >>> expand_origin("$ORIGIN/../p.libs", "p/sub"), expand_origin("${ORIGIN}", ".")
    ('p/p.libs', '.')
    """
    # "Rpath token expansion" in ld.so(8). An absolute path has no place in the wheel, and meets no file there.
    relative = path.replace("${ORIGIN}", "$ORIGIN").replace("$ORIGIN", ".", 1)
    return place_from(directory, relative.lstrip("/"))

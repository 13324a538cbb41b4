"""What macOS and iOS share: Mach-O files, and how dyld finds the libraries that these need.

A need of ``@rpath``, ``@loader_path`` or ``@executable_path`` is looked for inside the wheel; an absolute one is the
system's when it lies where the system keeps its own. Sources: dyld(1), https://keith.github.io/xcode-man-pages/dyld.1.html;
Mach-O's ``loader.h``. Pure.
"""

from __future__ import annotations

import posixpath
import re

from ..model.audit import Supplied
from ..model.binary import MachOSlice
from ..model.contents import place_from
from ..model.finding import Finding, Severity
from .base import COPY_OR_LINK, Platform, Words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..model.audit import LoadableSlice
    from ..model.binary import Need, SearchPath, Slice
    from ..model.surroundings import Surroundings

PYTHON = r"""(?x)
    (.*/)?
    (
        PythonT?\.framework/(Versions/\d[\w.]*/)?PythonT?
        | libpython\d[\d.]*[a-z]*\.dylib
        | libpypy\d[\d.]*-c\.dylib
    )
"""
"""Install names of Python itself, as a framework or a library. Free-threaded ones have a T or a t."""


def systems(piece: Slice) -> frozenset[str]:
    """Return which of Apple's systems the slice was built for; none when it does not say."""
    return frozenset(stated.platform for stated in piece.minimum_os)


class ApplePlatform(Platform):
    """One of Apple's systems.

    Its libraries come as absolute paths, so a need of one is never looked for in the wheel.
    """

    words = Words(
        nowhere="no place in the wheel",
        reach="give it an @loader_path RPATH, or load the library first from __init__.py",
        search_path="an LC_RPATH",
        set_search_path='set_target_properties(NAME PROPERTIES INSTALL_RPATH "@loader_path"), and install the target',
    )

    def supplied(self) -> tuple[str, ...]:
        """Return the beginnings of paths of the system's own libraries."""
        raise NotImplementedError

    def removed(self) -> tuple[str, ...]:
        """Return those of libraries that later systems have no more."""
        return ()

    def names_of_file(self, code: LoadableSlice) -> tuple[str, ...]:
        """Return the base names of the file and of its install name."""
        # delocate and CMake give a library an install name that ends like its file; others need not.
        name = posixpath.basename(code.path)
        installed = posixpath.basename(code.slice.name or name)
        return (name,) if installed == name else (name, installed)

    def name_in_wheel(self, need: Need) -> str | None:
        """Return the base name, unless the path is the system's."""
        # dyld takes an absolute path at its word; the wheel's namesake is another library.
        if self._is_supplied(need.library):
            return None
        return posixpath.basename(need.library)

    def names_to_exclude(self, need: Need) -> tuple[str, ...]:
        """Return the path as written, and its base name."""
        return (need.library, posixpath.basename(need.library))

    def reaches(
        self,
        code: LoadableSlice,
        need: Need,
        library: LoadableSlice,
    ) -> bool:
        """Return whether dyld looks at the very path."""
        return library.installed in self.searched(code, need)

    def inherits(
        self,
        code: LoadableSlice,
        loader: LoadableSlice,
        need: Need,
        library: LoadableSlice,
    ) -> bool:
        """Return whether an LC_RPATH of ``loader`` leads to the library: dyld puts those of the whole chain for @rpath."""
        return need.library.startswith("@rpath/") and self.reaches(
            loader, need, library
        )

    def searched(self, code: LoadableSlice, need: Need) -> tuple[str, ...]:
        """Return the paths in the wheel that dyld tries, as installed."""
        here = posixpath.dirname(code.installed)
        if not need.library.startswith("@rpath/"):
            path = _expand(need.library, here)
            return () if path is None else (path,)
        # dyld(1): each LC_RPATH is put in the place of @rpath, in order.
        name = need.library.removeprefix("@rpath/")
        directories = [_expand(search.path, here) for search in code.slice.search_paths]
        found = [
            posixpath.join(directory, name)
            for directory in directories
            if directory is not None
        ]
        return tuple(map(posixpath.normpath, found))

    def places_outside(
        self,
        loaders: Sequence[LoadableSlice],
        need: Need,
        around: Surroundings,
    ) -> Iterator[tuple[str, str]]:
        """Yield what dyld tries, in its order, then what the build knows."""
        library = need.library
        name = posixpath.basename(library)
        for directory in around.library_path:
            yield posixpath.join(directory, name), f"DYLD_LIBRARY_PATH {directory}"
        yield from _named_places(loaders, library)
        users = [loader.path for loader in loaders]
        for known, path in around.linked_for(users):
            if library == known or name == posixpath.basename(path):
                yield path, "linked by CMake"
        for directory in around.search:
            yield posixpath.join(directory, name), f"search {directory}"
        # DYLD_FALLBACK_LIBRARY_PATH, when nobody sets it.
        for directory in ("/usr/local/lib", "/usr/lib"):
            yield posixpath.join(directory, name), "dyld's fallback"

    def supplies(
        self,
        code: LoadableSlice,
        need: Need,
        kind: str | None,
    ) -> Supplied | None:
        """Return whether the path is one of the system's: since when it is there, nothing tells."""
        is_there = self._is_supplied(need.library)
        return Supplied() if is_there else None

    def is_portable(self, path: SearchPath) -> bool:
        """Return whether a search path is relative, or the system's."""
        return path.path.startswith(("@", *self.supplied()))

    def explain_missing(self, need: Need) -> tuple[str, str]:
        """Return what to do about a library that Apple's systems lack."""
        message = "is neither in the wheel nor part of the system"
        return message, COPY_OR_LINK

    def _is_supplied(self, library: str) -> bool:
        return library.startswith(self.supplied()) and not library.startswith(
            self.removed()
        )


def is_python(library: str) -> bool:
    """Return whether an install name is Python's, as a framework or a library."""
    return re.fullmatch(PYTHON, library) is not None


def unsigned(files: Sequence[LoadableSlice]) -> Iterator[Finding]:
    """Yield code for Apple's own CPUs that no kernel of theirs would load (TW312)."""
    # https://developer.apple.com/documentation/macos-release-notes/macos-big-sur-11_0_1-universal-apps-release-notes
    for code in files:
        piece = code.slice
        if (
            code.cpu.startswith("arm64")
            and isinstance(piece, MachOSlice)
            and not piece.signed
        ):
            yield Finding(
                code="TW312",
                severity=Severity.WARNING,
                where=code.path,
                message="code for arm64 without a signature, which the kernel refuses to run",
                evidence=(f"no LC_CODE_SIGNATURE in the {code.cpu} slice",),
                hint="sign it after the last change, ad hoc at least: codesign --force --sign - FILE",
            )


def without_system(
    files: Sequence[LoadableSlice], *, variable: str
) -> Iterator[Finding]:
    """Yield slices that do not say which system they need (TW313).

    :param variable: the environment variable that states it.
    """
    for code in files:
        if not code.slice.minimum_os:
            yield Finding(
                code="TW313",
                severity=Severity.WARNING,
                where=code.path,
                message="does not say which system it needs, so the tag cannot rest on it",
                evidence=(
                    f"neither LC_BUILD_VERSION nor LC_VERSION_MIN_* in the {code.cpu} slice",
                ),
                hint=f"link it anew with {variable} set",
            )


def _expand(path: str, here: str) -> str | None:
    # The main program of an extension module is Python's; for a program in the wheel both words mean the same place.
    for prefix in ("@loader_path", "@executable_path"):
        if path == prefix or path.startswith(prefix + "/"):
            relative = path.removeprefix(prefix).lstrip("/")
            return place_from(here, relative)
    return None


def _named_places(
    loaders: Sequence[LoadableSlice], library: str
) -> Iterator[tuple[str, str]]:
    """Yield the absolute paths that an install name means.

    ``@rpath`` stands for the LC_RPATHs of the file, then of its loaders (dyld(1)). What is relative to a file of the wheel
    leads into the wheel, where the library was looked for before.
    """
    if not library.startswith("@rpath/"):
        path = _outside(library, loaders[0])
        if path is not None:
            yield path, "install name"
        return
    name = library.removeprefix("@rpath/")
    for loader in loaders:
        for search in loader.slice.search_paths:
            directory = _outside(search.path, loader)
            if directory is not None:
                yield posixpath.join(directory, name), f"LC_RPATH {directory}"


def _outside(path: str, code: LoadableSlice) -> str | None:
    """Return the absolute path that a path means for a file; ``None`` when it is in the wheel, or the program's."""
    if path == "@loader_path" or path.startswith("@loader_path/"):
        path = code.directory + path.removeprefix("@loader_path")
    return posixpath.normpath(path) if path.startswith("/") else None

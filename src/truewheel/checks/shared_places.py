"""Files at the top level of ``site-packages`` whose places others take as well (TW543). Pure.

All distributions are unpacked into one directory. Of two files with one path the last that is installed stays, and whoever
is uninstalled takes it along: RECORD lists it for both. Source: the binary distribution format; PEP 376.
"""

from __future__ import annotations

import re

from ..model.contents import is_module
from ..model.finding import Finding, Severity
from .top_level_names import (
    DIRECTORIES,
    FILES,
    SHARED_NAMESPACES,
    STANDARD_LIBRARY,
    TEXT_SUFFIXES,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model.contents import Contents, File

_NAMED_BY_CONTENT = r"-[0-9a-f]{8}(?:[0-9a-f]{24})?(?=\.|$)"
"""The hash in the name of a library that a repair copied: 8 digits of auditwheel, 32 of delvewheel."""
_FOR_PYTHON = (".py", ".pyc", ".pyi", ".pyd", ".pth", ".start", ".egg-link")
_SHORT = 3
"""Characters of a name that may be in any other name by chance."""
_MOST_PATHS = 4


def find_shared_places(contents: Contents) -> Iterator[Finding]:
    """Report what lies at the top level under a name that others use."""
    own = contents.dist_info.partition("-")[0]
    data_directory = contents.data_dir + "/"
    by_directory: dict[str, list[File]] = {}
    for file in contents.payload():
        place = file.path
        # Of most wheels that is none, and they may have very many.
        if place.startswith(data_directory):
            place = contents.installed(place)
        top, slash, _ = place.partition("/")
        # What is installed elsewhere has a place of its own, and so have data directories.
        if top.endswith((".data", ".dist-info")) or top == "<prefix>":
            continue
        if slash:
            by_directory.setdefault(top, []).append(file)
        elif not _is_named_for(place, own):
            yield from _find_shared_file(file, place)
        else:
            yield from _find_hidden_module(file.path, place)
    for top, files in sorted(by_directory.items()):
        yield from _find_shared_directory(top, files, contents, own)


def _is_named_for(name: str, distribution: str) -> bool:
    """Return whether a name has that of the distribution in it, so that nobody else is likely to use it.

    >>> _is_named_for("libnetworkit.so", "networkit"), _is_named_for("msvcp140-a4c2.dll", "ujson")
    (True, False)
    """
    words = re.split(r"[-_.]+", distribution.lower())
    folded = name.lower()
    if len("".join(words)) < _SHORT:
        return "".join(words) in re.split(r"[-_.]+", folded)
    return "".join(words) in re.sub(r"[-_.]+", "", folded)


def _find_shared_file(file: File, place: str) -> Iterator[Finding]:
    """Report one file at the top level that is not named for its distribution."""
    if file.binary is not None and file.binary.is_loadable:
        if _is_own_module(file, place):
            yield from _find_hidden_module(file.path, place)
        else:
            yield _shared_library(file, place)
        return
    if _general_name(place) in FILES:
        yield _shared_file(file, Severity.WARNING)
    elif place.endswith(_FOR_PYTHON):
        yield from _find_hidden_module(file.path, place)
    else:
        yield _shared_file(file, Severity.NOTE)


def _is_own_module(file: File, place: str) -> bool:
    """Return whether a binary is an extension module: by its name, or by the function that Python calls in it."""
    if is_module(place):
        return True
    name = place.partition(".")[0]
    slices = file.binary.slices if file.binary is not None else ()
    # A broken or unread file may be anything. Python 2 called another function.
    functions = {f"PyInit_{name}", f"init{name}"}
    return not slices or any(
        not functions.isdisjoint(piece.exports) for piece in slices
    )


def _shared_library(file: File, place: str) -> Finding:
    """Return the finding on a library that lies beside all packages."""
    if re.search(_NAMED_BY_CONTENT, place):
        message = "a library at the top level of site-packages, named by its content: other wheels bring the same file"
    else:
        message = "a library at the top level of site-packages, where another wheel may put one of this name"
    return Finding(
        code="TW543",
        severity=Severity.WARNING,
        where=file.path,
        message=message,
        evidence=(f"installed as site-packages/{place}", *_WHAT_HAPPENS),
        hint="put the module into a package, so that its libraries lie there as well; or give the library "
        "a name with the distribution's in it",
    )


_WHAT_HAPPENS = (
    "uninstalling either of two distributions removes what both installed",
)


def _general_name(name: str) -> str:
    """Return a file's name in lower case, without the suffix of a text: ``LICENSE.txt`` → ``license``."""
    folded = name.lower()
    if folded in FILES:
        return folded
    for suffix in TEXT_SUFFIXES:
        folded = folded.removesuffix(suffix)
    return folded


def _shared_file(file: File, severity: Severity) -> Finding:
    """Return the finding on a file that is no library."""
    return Finding(
        code="TW543",
        severity=severity,
        where=file.path,
        message="lies at the top level of site-packages, where other distributions may put a file of this name",
        evidence=_WHAT_HAPPENS,
        hint="install it into the package, or leave it out of the wheel; a licence belongs to license-files",
    )


def _find_hidden_module(path: str, place: str) -> Iterator[Finding]:
    """Report a module or package with the name of one of the standard library, which Python finds first."""
    name = place.partition("/")[0].partition(".")[0]
    if name in STANDARD_LIBRARY:
        yield Finding(
            code="TW543",
            severity=Severity.WARNING,
            where=path,
            message=f"import {name} gets the module of the standard library, which comes before site-packages",
            evidence=(f"every Python 3 has a module {name}",),
            hint="give it another name, or put it into a package",
        )


def _find_shared_directory(
    top: str, files: list[File], contents: Contents, own: str
) -> Iterator[Finding]:
    """Report one directory at the top level."""
    paths = [file.path for file in files]
    initial = _file_installed_at(f"{top}/__init__.py", files, contents)
    if top in STANDARD_LIBRARY and initial is not None:
        yield from _find_hidden_module(initial.path, f"{top}/__init__.py")
    elif top.lower() in DIRECTORIES and top.lower() != own.lower():
        yield Finding(
            code="TW543",
            severity=Severity.WARNING,
            where=f"{top}/",
            message=f"would be installed as site-packages/{top}, where other distributions put files as well",
            evidence=(*paths[:_MOST_PATHS], *_WHAT_HAPPENS),
            hint=f"leave {top} out of the wheel (wheel.packages, wheel.exclude, install.components), "
            "or move it into the package",
        )
    # An empty file extends no path, as pkgutil and pkg_resources do.
    elif top in SHARED_NAMESPACES and initial is not None and not initial.size:
        yield Finding(
            code="TW543",
            severity=Severity.WARNING,
            where=initial.path,
            message=f"makes a package of {top}, which several distributions fill together",
            evidence=(f"{initial.path} is empty", f"portions of {top} in other directories are no longer found"),
            hint="leave it out: a portion of a namespace package has no __init__.py (PEP 420)",
        )  # fmt: skip


def _file_installed_at(
    place: str, files: list[File], contents: Contents
) -> File | None:
    for file in files:
        if contents.installed(file.path) == place:
            return file
    return None

"""The sdist of a version against its wheels: whether it is the same release, and holds what they are compiled from (TW555).

Pure. Sources: the source distribution format, the core metadata specification ("Dynamic"), PEP 625, PEP 643.
"""

from __future__ import annotations

import re

from packaging.utils import canonicalize_version

from ...model.contents import module_path, parent_directories
from ...model.finding import Finding, Severity
from ...model.header_files import each_header
from ...model.wheel_name import escape
from .members import headers_of
from .metadata import normalised, spelt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...model.sets import SdistFacts, WheelSet

_SOURCES = (
    *(".asm", ".c", ".c++", ".cc", ".cpp", ".cu", ".cxx", ".cython", ".d", ".go", ".hs", ".i"),
    *(".f", ".f03", ".f08", ".f77", ".f90", ".f95", ".for", ".m", ".mm", ".nim", ".pas"),
    *(".pyf", ".pyx", ".rs", ".s", ".swift", ".v", ".zig"),
)  # fmt: skip
"""Suffixes of files that are compiled, in lower case."""
_BUILDS = frozenset(
    (
        *("build.bazel", "build.zig", "cargo.toml", "cmakelists.txt", "configure", "configure.ac"),
        *("go.mod", "makefile", "makefile.am", "meson.build", "sconstruct", "workspace"),
    )
)  # fmt: skip
"""Files that tell how something is compiled, in lower case: the source may be fetched by them."""
_MAKES_BINARIES_OF_PYTHON = re.compile(r"cffi|mypyc|nuitka|pycc|pythran|codon")
"""What compiles code that Python files hold, as build files call it."""
_STATIC_FROM = (2, 2)
"""The version of PKG-INFO from which on a field is that of all wheels, unless ``Dynamic`` names it (PEP 643)."""
_LINES = 10
"""Requirements that are told."""


def find_sdist_at_odds(one: WheelSet) -> Iterator[Finding]:
    """Report an sdist that is not that of its wheels (TW555)."""
    sdist = one.sdist
    if sdist is None:
        return
    yield from _find_missing_sources(one, sdist)
    if sdist.metadata is None:
        yield Finding(
            code="TW555",
            severity=Severity.WARNING,
            where=sdist.filename,
            message="has no PKG-INFO in the directory at its top; indexes refuse it",
            evidence=(f"the directory is {sdist.top or 'not the only one'}",),
            hint="build it with a PEP 517 front end: python -m build --sdist",
        )
        return
    yield from _find_other_release(one, sdist, sdist.metadata)
    yield from _find_other_requirements(one, sdist, sdist.metadata)


# --- sources ----------------------------------------------------------------------------------------------------


def _find_missing_sources(one: WheelSet, sdist: SdistFacts) -> Iterator[Finding]:
    """Report an sdist without anything that the modules of the wheels could be compiled from (TW555)."""
    compiled = one.modules
    if not compiled or _has_sources(sdist):
        return
    # Python files are compiled, too: by Cython, by mypyc, or by cffi, to which they hand C as a text.
    if _is_made_of_python(compiled, sdist):
        return
    yield Finding(
        code="TW555",
        severity=Severity.WARNING,
        where=sdist.filename,
        message="holds no source of the compiled modules that the wheels have",
        evidence=(
            f"{compiled[0]} is in a wheel",
            f"none of the {len(sdist.paths)} files is C, C++, Cython, Rust or Fortran, or says how to compile it",
        ),
        hint="put the sources into the sdist: sdist.include, or MANIFEST.in",
    )


def _has_sources(sdist: SdistFacts) -> bool:
    """Return whether a file can be compiled, or says how something is."""
    for path in sdist.paths:
        name = path.rpartition("/")[2].lower()
        if name in _BUILDS or name.endswith(_SOURCES):
            return True
    return False


def _is_made_of_python(modules: Iterable[str], sdist: SdistFacts) -> bool:
    """Return whether modules may be compiled from the Python files of an sdist."""
    texts = "\n".join(sdist.build_texts)
    if _MAKES_BINARIES_OF_PYTHON.search(texts.lower()):
        return True
    names = {module_path(module) + ".py" for module in modules}
    for path in sdist.paths:
        if not path.endswith(".py"):
            continue
        # The package may lie in another directory, such as `src`.
        places = (path, *_below_each_directory(path))
        if not names.isdisjoint(places):
            return True
    return False


def _below_each_directory(path: str) -> Iterator[str]:
    """Yield a path as seen from each directory above it.

    >>> list(_below_each_directory("src/p/x.py"))
    ['p/x.py', 'x.py']
    """
    for directory in parent_directories(path):
        yield path[len(directory) + 1 :]


# --- PKG-INFO ---------------------------------------------------------------------------------------------------


def _find_other_release(
    one: WheelSet, sdist: SdistFacts, metadata: str
) -> Iterator[Finding]:
    """Report a name or version in PKG-INFO that is not the file name's (TW555): installers stop there."""
    headers = {}
    for header, value in each_header(metadata):
        headers[header.lower()] = value
    name = headers.get("name", "")
    version = headers.get("version", "")
    told = []
    if escape(name) != escape(one.name):
        told.append(f"Name: {name}")
    if canonicalize_version(version) != canonicalize_version(one.version):
        told.append(f"Version: {version}")
    if told:
        yield Finding(
            code="TW555",
            severity=Severity.ERROR,
            where=sdist.filename,
            message="PKG-INFO gives another name or version than the file name",
            evidence=tuple(told),
            hint="build the sdist again",
        )


def _find_other_requirements(
    one: WheelSet, sdist: SdistFacts, metadata: str
) -> Iterator[Finding]:
    """Report requirements that PKG-INFO says are those of all wheels, and that one has not (TW555)."""
    static = _static_headers(metadata)
    if static is None:
        return
    own = _only(static, headers_of(metadata))
    for member in one.members:
        theirs = _only(static, member.headers)
        lines = []
        for header in sorted(own - theirs):
            lines.append(f"{spelt(header)} (only in the sdist)")
        for header in sorted(theirs - own):
            lines.append(f"{spelt(header)} (only in {member.filename})")
        if not lines:
            continue
        # One wheel shows it. That wheels differ among themselves is told elsewhere.
        yield Finding(
            code="TW555",
            severity=Severity.WARNING,
            where=sdist.filename,
            message="PKG-INFO and METADATA of a wheel disagree on a field that is not dynamic",
            evidence=tuple(lines[:_LINES]),
            hint="build both from the same source, or list the field in project.dynamic",
        )
        return


def _only(names: set[str], headers: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the headers with one of these names, as they are meant."""
    return {header for header in normalised(headers) if header[0] in names}


def _static_headers(metadata: str) -> set[str] | None:
    """Return the headers that all wheels must have as they are in the sdist; ``None`` when PKG-INFO is older than that rule."""
    version: tuple[int, ...] = ()
    dynamic = set()
    for name, value in each_header(metadata):
        if name.lower() == "metadata-version":
            version = _numbers(value)
        elif name.lower() == "dynamic":
            dynamic.add(value.lower())
    if version < _STATIC_FROM:
        return None
    return {"requires-dist", "requires-python", "provides-extra"} - dynamic


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version of METADATA, nothing if it is not one."""
    numbers = []
    for part in version.split("."):
        # Of more digits there is no version, and Python refuses to read thousands.
        if not part.isdecimal() or len(part) > 4:
            return ()
        numbers.append(int(part))
    return tuple(numbers)

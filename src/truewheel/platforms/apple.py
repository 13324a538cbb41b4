"""What macOS and iOS share: slices of Mach-O files, and how dyld finds the libraries that they need.

A need of ``@rpath``, ``@loader_path`` or ``@executable_path`` is looked for inside the wheel; an absolute one is the
system's when it lies where the system keeps its own. Sources: dyld(1), and Mach-O's ``loader.h``. Pure.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Collection, Iterator, Mapping

from ..model.binary import LOADABLE, Format, MachOSlice, Need, NeedKind
from ..model.contents import Contents
from ..model.finding import Finding, Severity
from ..model.record import Record

PYTHON = r"(.*/)?(Python\.framework/(Versions/\d[\w.]*/)?Python|libpython\d[\d.]*[a-z]*\.dylib)"
"""Install names of Python itself, as a framework or a library."""
_BUILD_PLACES = ("/Users/", "/private/", "/tmp/", "/var/folders/", "/Volumes/", "/build", "/project", "/home/")


class Piece(Record):
    """One slice of one file.

    :param place: the path that it is installed under.
    """

    path: str
    place: str
    slice: MachOSlice


class Held(Record):
    """What the wheel has to offer to a loader: where its Mach-O files are installed, and their paths by base name."""

    places: frozenset[str]
    by_name: Mapping[str, str]


def systems(piece: MachOSlice) -> frozenset[str]:
    """Which of Apple's systems the slice was built for; empty when it does not say."""
    return frozenset(m.platform for m in piece.minimum_os)


def pieces(contents: Contents, *, of: Collection[str], unstated: bool) -> tuple[Piece, ...]:
    """Loadable slices for one of the systems ``of``; with ``unstated`` those that name no system as well."""
    return tuple(
        Piece(path=f.path, place=contents.installed(f.path), slice=s)
        for f, b in contents.binaries()
        for s in b.slices
        if b.format is Format.MACHO and isinstance(s, MachOSlice) and s.kind in LOADABLE
        if (systems(s) & set(of) if systems(s) else unstated)
    )


def held(found: tuple[Piece, ...]) -> Held:
    """The files of the wheel as a loader may look for them."""
    names: dict[str, str] = {}
    for piece in found:
        names.setdefault(posixpath.basename(piece.path), piece.path)
        if piece.slice.name:
            names.setdefault(posixpath.basename(piece.slice.name), piece.path)
    return Held(places=frozenset(p.place for p in found), by_name=names)


def candidates(piece: Piece, library: str) -> tuple[str, ...]:
    """Where in the wheel dyld would look for ``library``, as installed; absolute places are not in it."""
    here = posixpath.dirname(piece.place)
    if library.startswith("@rpath/"):
        name = library.removeprefix("@rpath/")
        places = [_expand(s.path, here) for s in piece.slice.search_paths]
        return tuple(posixpath.normpath(posixpath.join(p, name)) for p in places if p is not None)
    place = _expand(library, here)
    return () if place is None else (place,)


def _expand(path: str, here: str) -> str | None:
    # The main program of an extension module is Python's; for a program in the wheel both words mean the same place.
    for prefix in ("@loader_path", "@executable_path"):
        if path == prefix or path.startswith(prefix + "/"):
            return posixpath.normpath(posixpath.join(here, path.removeprefix(prefix).lstrip("/")))
    return None


def needs_findings(
    found: tuple[Piece, ...], *, system: tuple[str, ...], removed: tuple[str, ...], exclude: tuple[str, ...]
) -> Iterator[Finding]:
    """Libraries that neither the system nor the wheel has (TW201), or that dyld would not find (TW202).

    :param system: prefixes of what the system supplies.
    :param removed: prefixes of what it no longer does.
    """
    ours = held(found)
    for piece in found:
        for need in piece.slice.needs:
            supplied = need.library.startswith(system) and not need.library.startswith(removed)
            if supplied or re.fullmatch(PYTHON, need.library) or _excluded(need.library, exclude):
                continue
            if not set(candidates(piece, need.library)) & ours.places:
                yield from _lost(piece, need, ours)


def _excluded(library: str, patterns: tuple[str, ...]) -> bool:
    names = (library, posixpath.basename(library))
    return any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _lost(piece: Piece, need: Need, ours: Held) -> Iterator[Finding]:
    name = posixpath.basename(need.library)
    path = ours.by_name.get(name)
    if path == piece.path:
        return
    if path is not None:
        searched = ", ".join(candidates(piece, need.library)) or "no place in the wheel"
        yield Finding(
            code="TW202",
            severity=Severity.NOTE,
            where=piece.path,
            message=f"{need.library} is in the wheel, but the loader is not told where",
            evidence=(f"{piece.path} needs {need.library}, which is {path}", f"searches {searched}"),
            hint="give it an @loader_path RPATH, or load the library first from __init__.py",
        )
    elif need.kind is not NeedKind.WEAK:
        yield Finding(
            code="TW201",
            severity=Severity.NOTE if need.kind is NeedKind.DELAYED else Severity.WARNING,
            where=piece.path,
            message=f"{need.library} is neither in the wheel nor part of the system",
            evidence=(f"{piece.path} needs {need.library}",),
            hint="install it into the wheel and give the module an @loader_path RPATH, link it statically, or, when "
            f'someone else supplies it, set tool.truewheel.exclude = ["{name}"], or --exclude {name}',
        )


def path_findings(found: tuple[Piece, ...], *, system: tuple[str, ...]) -> Iterator[Finding]:
    """RPATHs that mean nothing on another machine (TW204, TW205)."""
    for piece in found:
        for search in piece.slice.search_paths:
            if search.path.startswith(("@", *system)):
                continue
            built = search.path.startswith(_BUILD_PLACES)
            what = "points into a build tree" if built else "is not relative to the file"
            yield Finding(
                code="TW205" if built else "TW204",
                severity=Severity.WARNING,
                where=piece.path,
                message=f"an LC_RPATH that {what}: it means nothing elsewhere",
                evidence=(f"LC_RPATH {search.path}",),
                hint='set_target_properties(NAME PROPERTIES INSTALL_RPATH "@loader_path"), and install the target',
            )


def signature_findings(found: tuple[Piece, ...]) -> Iterator[Finding]:
    """Code for Apple's own CPUs that no kernel of theirs would load (TW312)."""
    for piece in found:
        if piece.slice.cpu.startswith("arm64") and not piece.slice.signed:
            yield Finding(
                code="TW312",
                severity=Severity.WARNING,
                where=piece.path,
                message="code for arm64 without a signature, which the kernel refuses to run",
                evidence=(f"no LC_CODE_SIGNATURE in the {piece.slice.cpu} slice",),
                hint="sign it after the last change, ad hoc at least: codesign --force --sign - FILE",
            )


def unstated_findings(found: tuple[Piece, ...], *, variable: str) -> Iterator[Finding]:
    """Slices that do not say which system they need (TW313)."""
    for piece in found:
        if not piece.slice.minimum_os:
            yield Finding(
                code="TW313",
                severity=Severity.WARNING,
                where=piece.path,
                message="does not say which system it needs, so the tag cannot rest on it",
                evidence=(f"neither LC_BUILD_VERSION nor LC_VERSION_MIN_* in the {piece.slice.cpu} slice",),
                hint=f"link it anew with {variable} set",
            )

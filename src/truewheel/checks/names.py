"""Names of files and directories that some file system cannot hold, or takes for one another. Pure.

Sources: "Naming Files, Paths, and Namespaces" (Windows); Unicode normalisation as macOS's file systems do it.
"""

from __future__ import annotations

from collections import defaultdict

from ..model.contents import directory_of, parent_directories
from ..model.finding import Finding, Severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..model.contents import Contents

_DEVICES = frozenset({"con", "prn", "aux", "nul", "conin$", "conout$"})
"""Names that Windows keeps for devices, whatever suffix follows."""
_NUMBERED_DEVICES = ("com", "lpt")
_DEVICE_NUMBERS = frozenset("123456789¹²³")
"""What follows their names: superscripts count as digits there."""
_LONGEST_DEVICE = 7
_FORBIDDEN = frozenset('<>:"|?*') | frozenset(map(chr, range(32)))
"""Characters that no name on Windows has."""
_DEEPEST = 2048
"""Parts of a path that are looked at: no file system takes as many."""


def check_names(contents: Contents, platforms: Iterable[str]) -> Iterator[Finding]:
    """Yield what is wrong with the names of the files in a wheel for these platforms."""
    files, directories = contents.paths(), contents.directories()
    yield from find_names_taken_for_one(files, directories)
    yield from find_files_that_are_directories(files, directories)
    if any(map(_is_for_windows, platforms)):
        yield from find_names_windows_cannot_have(contents)


def find_names_taken_for_one(
    files: frozenset[str], directories: frozenset[str]
) -> Iterator[Finding]:
    """Report names that one file system takes for the same (TW501)."""
    paths = files | directories
    # Nearly always all names differ, and no file is called as a directory.
    if len(set(map(_folded, paths))) == len(paths):
        return
    spellings: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(paths):
        spellings[_folded(path)].append(path)
    for paths_taken_for_one in spellings.values():
        # Files below two directories that differ in the same way are not told: their directories are.
        parents = set(map(directory_of, paths_taken_for_one))
        if len(paths_taken_for_one) > 1 and len(parents) == 1:
            yield _taken_for_one(paths_taken_for_one, files)


def _taken_for_one(paths: list[str], files: frozenset[str]) -> Finding:
    """Return the finding on several spellings that are one name to Windows or macOS."""
    if len(set(map(str.casefold, paths))) == 1:
        difference = "case: on Windows and macOS"
    else:
        difference = "how its letters are composed: on macOS"
    are_directories = files.isdisjoint(paths)
    consequence = "these directories become one" if are_directories else "one is lost"
    return Finding(
        code="TW501",
        severity=Severity.WARNING,
        where=paths[0],
        message=f"another name differs only in {difference} {consequence}",
        evidence=tuple(paths[:5]),
        hint="rename one of them",
    )


def _folded(path: str) -> str:
    """Return what Windows and macOS take for the same name."""
    if path.isascii():
        return path.lower()
    import unicodedata  # few names have other letters

    return unicodedata.normalize("NFC", path).casefold()


def find_files_that_are_directories(
    files: frozenset[str], directories: frozenset[str]
) -> Iterator[Finding]:
    """Report names that a file and a directory share, which no file system can hold (TW527)."""
    # Nearly always all names differ, and no file is called as a directory.
    if files.isdisjoint(directories):
        return
    for path in sorted(files):
        shared = next(
            (directory for directory in parent_directories(path) if directory in files),
            None,
        )
        if shared is not None:
            yield Finding(
                code="TW527",
                severity=Severity.ERROR,
                where=path,
                message="a file and a directory have the same name",
                evidence=(shared,),
                hint="rename one of them",
            )


def find_names_windows_cannot_have(contents: Contents) -> Iterator[Finding]:
    """Report names that cannot be unpacked on Windows (TW538); that of a directory once, not for each of its files."""
    reasons: dict[str, str] = {}
    for file in contents.files:
        end = 0
        for name in file.path.split("/")[:_DEEPEST]:
            end += len(name) + 1
            reason = _why_windows_refuses(name)
            if reason:
                reasons.setdefault(file.path[: end - 1], reason)
                break
    for path, reason in reasons.items():
        yield Finding(
            code="TW538",
            severity=Severity.WARNING,
            where=path,
            message="Windows cannot have this name",
            evidence=(reason,),
            hint="rename it",
        )


def _is_for_windows(tag: str) -> bool:
    """Return whether a wheel with this platform tag is installed on Windows, maybe among other systems."""
    return tag == "any" or tag.startswith("win")


def _why_windows_refuses(name: str) -> str:
    """Return why Windows cannot have a file or directory of this name, empty if it can."""
    # "aux.py" and "aux .txt" are the device as well; Windows 11 is not as strict, older systems are.
    stem = name.partition(".")[0].rstrip(" ")
    if len(stem) <= _LONGEST_DEVICE and _is_device(stem.lower()):
        return f"{stem} is a device there, whatever suffix follows"
    if name.endswith((".", " ")) and name not in (".", ".."):
        return "dots and blanks at the end are dropped there"
    if not _FORBIDDEN.isdisjoint(name):
        return f"{min(_FORBIDDEN.intersection(name))} is not allowed in names there"
    return ""


def _is_device(name: str) -> bool:
    """Return whether Windows keeps a name, in lower case and without suffixes, for a device."""
    return name in _DEVICES or (
        name[:3] in _NUMBERED_DEVICES and len(name) == 4 and name[3] in _DEVICE_NUMBERS
    )

"""What load commands of Mach-O files say that a newer dyld refuses, or that means nothing on another Mac.

Sources: dyld's ``mach_o/Header.cpp`` (``validSemanticsRPath``, ``validSemanticsLinkedDylibs``), ``mach_o/Policy.cpp`` and
``mach_o/Platform.cpp``, https://github.com/apple-oss-distributions/dyld; Mach-O's ``loader.h``. Pure.
"""

from __future__ import annotations

from collections import Counter

from ..model.binary import NeedKind
from ..model.finding import Finding, Severity
from ..model.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..model.audit import LoadableSlice
    from ..model.binary import Slice


class _Rule(NamedTuple):
    """A load command that dyld refuses a second time.

    :param command: its name in ``loader.h``.
    :param what: what it holds, for people.
    :param since: the SDK of each system from which on dyld refuses it. dyld goes by the SDK that the file was built with,
        so that what was built with an older one still loads.
    """

    command: str
    what: str
    since: tuple[tuple[str, tuple[int, int]], ...]


# The releases of spring 2025 and of fall 2024: dyld counts in epochs, and knows which release of each system they are.
_SEARCH_PATH = _Rule(
    "LC_RPATH",
    "search path",
    (("macos", (15, 4)), ("ios", (18, 4)), ("ios-simulator", (18, 4))),
)
_LIBRARY = _Rule(
    "LC_LOAD_DYLIB",
    "library",
    (("macos", (15, 0)), ("ios", (18, 0)), ("ios-simulator", (18, 0))),
)
_PLACEHOLDER = "/DLC/"
"""How delocate begins the install names of what it copies: nobody is to link with these."""


def repeated_commands(files: Sequence[LoadableSlice]) -> Iterator[Finding]:
    """Yield search paths and libraries that one file names twice, which dyld refuses (TW213)."""
    for code in files:
        piece = code.slice
        # Most files have neither twice.
        paths = [path.path for path in piece.search_paths]
        if len(set(paths)) < len(paths):
            yield from _repeated(code, _SEARCH_PATH, paths)
        # What is loaded on first use has a command of its own, which is not looked at.
        needs = [
            need.library for need in piece.needs if need.kind is not NeedKind.DELAYED
        ]
        if len(set(needs)) < len(needs):
            yield from _repeated(code, _LIBRARY, needs)


def _repeated(code: LoadableSlice, rule: _Rule, values: list[str]) -> Iterator[Finding]:
    """Yield a finding for each value that stands there more than once."""
    refused, sdk = _is_refused(code.slice, rule)
    if refused:
        message = f"the same {rule.what} twice: dyld of macOS 15.4, iOS 18.4 and newer refuses to load the file"
    else:
        message = f"the same {rule.what} twice: dyld refuses that in files built with a newer SDK"
    for value, count in Counter(values).items():
        if count > 1:
            yield Finding(
                code="TW213",
                severity=Severity.ERROR if refused else Severity.NOTE,
                where=code.path,
                message=message,
                evidence=(f"{rule.command} {value}, {count} times", sdk),
                hint=_CURES[rule.command],
            )


_CURES = {
    "LC_RPATH": "truewheel repair takes one out, as install_name_tool -delete_rpath PATH FILE does; or name it once when linking",
    "LC_LOAD_DYLIB": "link with the library once; install_name_tool -change OLD NEW leaves two when NEW was there already",
}


def _is_refused(piece: Slice, rule: _Rule) -> tuple[bool, str]:
    """Return whether dyld refuses a repetition in this code, and the SDK that says so, as evidence."""
    limits = dict(rule.since)
    for stated in piece.minimum_os:
        limit = limits.get(stated.platform)
        if limit is None or stated.sdk is None:
            continue
        version = ".".join(map(str, stated.sdk))
        newest = ".".join(map(str, limit))
        if stated.sdk >= limit:
            return True, f"built with SDK {version}; refused from {newest} on"
        return False, f"built with SDK {version}; refused from {newest} on only"
    return False, "does not say with which SDK it was built"


def names_of_this_machine(
    files: Sequence[LoadableSlice], supplied: tuple[str, ...]
) -> Iterator[Finding]:
    """Yield libraries whose install name is a path of the machine that built them (TW214).

    Linkers write the install name into whatever is linked with the library. The library itself loads all the same.

    :param supplied: the beginnings of paths of the system's own libraries.
    """
    for code in files:
        name = code.slice.name or ""
        if not name.startswith("/") or name.startswith((_PLACEHOLDER, *supplied)):
            continue
        yield Finding(
            code="TW214",
            severity=Severity.NOTE,
            where=code.path,
            message="its install name is a path of another machine: what is linked with it looks for it there",
            evidence=(f"LC_ID_DYLIB {name}",),
            hint="in CMake: set_target_properties(NAME PROPERTIES INSTALL_NAME_DIR @rpath), and install the target; "
            "or install_name_tool -id @rpath/NAME FILE, and sign the file again",
        )

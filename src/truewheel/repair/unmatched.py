"""What was asked of a repair in vain: libraries that are nowhere, and globs that match none.

A glob that matches nothing is a slip as a rule, or meant for other wheels that are repaired in the same way. Pure.
"""

from __future__ import annotations

import re
from fnmatch import translate

from ..model.audit import Missing
from ..model.binary import Format
from ..platforms import platform_of
from ..platforms.exclude_sets import expand_exclude, set_names
from .ways import base_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..model.audit import Audit, Linkage, PlatformAudit
    from ..model.repair_plan import Copy

_ENDS = {
    ".so": Format.ELF,
    ".dylib": Format.MACHO,
    ".framework": Format.MACHO,
    ".dll": Format.PE,
}
"""How names of libraries end, and for which files they are: no bytes tell what a glob is meant for."""


def links_not_included(audit: Audit) -> Iterator[Linkage]:
    """Yield the libraries that the project includes, and that were not found."""
    for part in audit.platforms:
        for link in part.included:
            if isinstance(link.source, Missing):
                yield link


def unmatched_exclude(audit: Audit, patterns: Sequence[str]) -> Iterator[str]:
    """Yield the globs on excluded libraries that match none which a file needs.

    :param patterns: the globs, with those of a set in its place.
    """
    unmatched = list(dict.fromkeys(patterns))
    for part in audit.platforms:
        names = _names_needed(part)
        fold = platform_of(part.family).fold
        for glob in patterns:
            if glob in unmatched and _is_matched(fold(glob), names):
                unmatched.remove(glob)
    # A set is for all versions of many libraries: most of it matches nothing. Its table is large.
    in_sets = frozenset(expand_exclude(set_names()) if unmatched else ())
    for pattern in unmatched:
        if pattern not in in_sets:
            yield pattern


def unmatched_keep_names(
    copies: Sequence[Copy], patterns: Sequence[str]
) -> Iterator[str]:
    """Yield the globs on names to keep that match no library which is copied."""
    names: list[str] = []
    for copy in copies:
        names += map(base_name, (*copy.names, copy.source))
    for pattern in patterns:
        if not _is_matched(pattern, names):
            yield pattern


def of_formats(patterns: Sequence[str], formats: frozenset[Format]) -> Iterator[str]:
    """Yield the globs that may be meant for libraries of some formats, as their ends tell.

    >>> list(of_formats(["libx.so.*", "x*.dll", "libx*"], frozenset([Format.ELF])))
    ['libx.so.*', 'libx*']
    """
    for pattern in patterns:
        meant = {form for end, form in _ENDS.items() if end in pattern.lower()}
        if not meant or meant & formats:
            yield pattern


def _names_needed(part: PlatformAudit) -> list[str]:
    """Return the names of all libraries that files for one platform need, as its loader compares names."""
    platform = platform_of(part.family)
    links = list(part.linkage)
    for library in part.outside:
        links += library.linkage
    names: list[str] = []
    for link in links:
        names += platform.names_to_exclude(link.need)
    return names


def _is_matched(pattern: str, names: Sequence[str]) -> bool:
    matches = re.compile(translate(pattern)).match
    return any(map(matches, names))

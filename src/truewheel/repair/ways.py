"""The way from a file to a library's directory, as a search path says it. Pure.

All wheels are unpacked into one ``site-packages``, so the way from one distribution to another is the same on every machine.
Sources: "Rpath token expansion" in ld.so(8); dyld(1).
"""

from __future__ import annotations

import posixpath

ELF_ORIGIN = "$ORIGIN"
MACHO_ORIGIN = "@loader_path"

_PREFIX = "<prefix>"


def relative_way(
    from_installed: str, to_directory: str, *, origin: str = ELF_ORIGIN
) -> str:
    """Return the search path that leads from a file to a directory.

    :param from_installed: where the file comes to lie, from ``site-packages``.
    :param to_directory: the directory, from ``site-packages`` as well, ``.`` for that itself. ``<prefix>/lib`` is known, too:
        on Unix it is two steps up.
    :param origin: how the file's own directory is written.
    :raises ValueError: when the way is another one for each Python: from a file that lies outside of ``site-packages``.

    >>> relative_way("pkg/_core.so", "other/lib"), relative_way("m.so", "other")
    ('$ORIGIN/../other/lib', '$ORIGIN/other')
    >>> relative_way("a/b/m.so", "a/b", origin=MACHO_ORIGIN), relative_way("a/m.so", "<prefix>/lib")
    ('@loader_path', '$ORIGIN/../../..')
    """
    here = posixpath.dirname(from_installed) or "."
    start, goal = (_below_prefix(place) for place in (here, to_directory))
    is_outside = here.startswith(_PREFIX)
    if is_outside and not to_directory.startswith(_PREFIX):
        raise ValueError(f"no fixed way leads from {from_installed} to {to_directory}")
    way = posixpath.relpath(goal, start)
    return origin if way == "." else f"{origin}/{way}"


def _below_prefix(place: str) -> str:
    """Return a place as a path below the prefix, where site-packages lies in ``lib/python``."""
    if place.startswith(_PREFIX):
        return "/prefix" + place.removeprefix(_PREFIX)
    return posixpath.join("/prefix/lib/python/site-packages", place)

"""The way from a file to a library's directory, as a search path says it, and whose directory it is. Pure.

All wheels are unpacked into one ``site-packages``, so the way from one distribution to another is the same on every machine.
Sources: "Rpath token expansion" in ld.so(8); dyld(1).
"""

from __future__ import annotations

import posixpath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

ELF_ORIGIN = "$ORIGIN"
MACHO_ORIGIN = "@loader_path"

_PREFIX = "<prefix>"
"""How the installed place of a file begins that does not go to ``site-packages``: scripts and data."""


def base_name(name: str) -> str:
    """Return the last part of a path, or of a name that a loader looks for.

    >>> base_name("@rpath/libx.dylib"), base_name("libx.so.1")
    ('libx.dylib', 'libx.so.1')
    """
    _, _, base = name.rpartition("/")
    return base


def is_in_site_packages(installed: str) -> bool:
    """Return whether a file is installed below ``site-packages``, so that the way to another such file is known."""
    return not installed.startswith(_PREFIX)


def relative_way(
    from_installed: str,
    to_directory: str,
    *,
    origin: str = ELF_ORIGIN,
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
    here = posixpath.dirname(from_installed)
    # Where site-packages lies below the prefix, its name tells the Python.
    if here.startswith(_PREFIX) and not to_directory.startswith(_PREFIX):
        raise ValueError(f"no fixed way leads from {from_installed} to {to_directory}")
    start = _from_the_prefix(here)
    goal = _from_the_prefix(to_directory)
    way = posixpath.relpath(goal, start)
    if way == ".":
        return origin
    return f"{origin}/{way}"


def package_above(
    directory: str,
    packages: Container[str],
) -> str | None:
    """Return the outermost directory with an ``__init__.py`` above one, or itself.

    Without one, other distributions may put files there as well: it is the root, or part of a namespace package.

    >>> package_above("ns/p/q", {"ns/p", "ns/p/q"}), package_above("ns", {"ns/p"})
    ('ns/p', None)
    """
    above = ""
    for part in directory.split("/"):
        above = posixpath.join(above, part)
        if above in packages:
            return above
    return None


def _from_the_prefix(place: str) -> str:
    """Return a place as an absolute path, with the prefix as the root."""
    if place.startswith(_PREFIX):
        return place.removeprefix(_PREFIX) or "/"
    # Any Python's will do: only the number of steps counts.
    return posixpath.join("/lib/python/site-packages", place)

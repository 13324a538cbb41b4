"""Ways from one file of a wheel to another, by the places where they are installed. Pure."""

from __future__ import annotations

import posixpath

OUTSIDE = "<prefix>"
"""How the installed place of a file begins that does not go to ``site-packages``: scripts and data."""


def is_in_site_packages(installed: str) -> bool:
    """Return whether a file is installed below ``site-packages``, so that the way to another such file is known."""
    return not installed.startswith(OUTSIDE)


def relative_way(installed: str, directory: str, *, origin: str) -> str:
    """Return the search path that leads from a file to a directory, both from ``site-packages``.

    :param installed: the file.
    :param origin: how the loader writes a file's own directory: ``$ORIGIN``, ``@loader_path``.

    >>> relative_way("p/sub/_m.so", "p.libs", origin="$ORIGIN")
    '$ORIGIN/../../p.libs'
    >>> relative_way("_m.so", "p.libs", origin="$ORIGIN"), relative_way("p.libs/x.so", "p.libs", origin="$ORIGIN")
    ('$ORIGIN/p.libs', '$ORIGIN')
    """
    here = posixpath.dirname(installed) or "."
    way = posixpath.relpath(directory, here)
    return origin if way == "." else f"{origin}/{way}"

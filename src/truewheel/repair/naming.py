"""The names of bundled libraries: by content, so that two wheels never bring different files of one name.

A name holds eight hex digits of a hash, before the first dot, as auditwheel's does: ``libfoo-0123abcd.so.1``. Of a library
that needs no other bundled one, it is the hash of the file. Otherwise the names of those are part of it: loaders take two
files of one name for the same library, and the same file with another dependency is another library. Libraries that need
each other in a circle are hashed together. Pure.
"""

from __future__ import annotations

import hashlib
import posixpath
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DIGITS = 8
"""Hex digits of a hash in a name: two of ten thousand files meet once in a hundred times."""
_HASHED = re.compile(r"-[0-9a-f]{8}(?=\.|$)")
"""The hash in a name that another tool, or an earlier repair, gave."""


def new_names(
    digests: Mapping[str, str],
    needs: Mapping[str, Iterable[str]],
) -> dict[str, str]:
    """Return the new file name of each library.

    :param digests: SHA-256 of each library, in hex digits, by its path.
    :param needs: the other libraries among these that each needs, by path.

    >>> new_names({"/lib/libw-1.2.so.3": "48d854ed" * 8}, {})
    {'/lib/libw-1.2.so.3': 'libw-1-48d854ed.2.so.3'}
    """
    hashes: dict[str, str] = {}
    for group in _in_order(digests, needs):
        below: set[str] = set()
        for path in group:
            for need in needs.get(path, ()):
                # Those of the same circle have none yet.
                if need in hashes:
                    below.add(hashes[need])
        together = sorted(digests[path] for path in group)
        for path in group:
            own = digests[path]
            hashes[path] = _hash_of(own, together, sorted(below))
    names: dict[str, str] = {}
    for path in digests:
        name = posixpath.basename(path)
        names[path] = _with_hash(name, hashes[path])
    return names


def _hash_of(
    own: str,
    together: list[str],
    below: list[str],
) -> str:
    """Return the hash of one library.

    :param together: the digests of all that it stands in a circle with, and its own.
    :param below: the hashes of the libraries that these need besides.
    """
    if len(together) == 1 and not below:
        return own
    text = "\n".join([own, *together, "", *below])
    content = text.encode()
    return hashlib.sha256(content).hexdigest()


def _with_hash(
    name: str,
    digest: str,
) -> str:
    """Return a file's name with a hash before its first dot."""
    # A hash that is there already belongs to another content.
    name = _HASHED.sub("", name)
    # The dot of a hidden file begins its name.
    base, dot, rest = name.lstrip(".").partition(".")
    digits = digest[:DIGITS]
    return f"{base}-{digits}{dot}{rest}"


def _in_order(
    libraries: Mapping[str, str],
    needs: Mapping[str, Iterable[str]],
) -> list[list[str]]:
    """Return the libraries in groups, each after those that it needs; a group of several is a circle.

    Source: R. Tarjan, Depth-first search and linear graph algorithms, 1972; here without recursion.
    """
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []
    for first in sorted(libraries):
        if first in number:
            continue
        number[first] = lowest[first] = len(number)
        stack.append(first)
        work = [(first, iter(sorted(needs.get(first, ()))))]
        while work:
            path, left = work[-1]
            need = next(left, None)
            if need is None:
                work.pop()
                if work:
                    above = work[-1][0]
                    lowest[above] = min(lowest[above], lowest[path])
                if lowest[path] == number[path]:
                    place = stack.index(path)
                    groups.append(sorted(stack[place:]))
                    del stack[place:]
            elif need in libraries and need not in number:
                number[need] = lowest[need] = len(number)
                stack.append(need)
                work.append((need, iter(sorted(needs.get(need, ())))))
            elif need in stack:
                lowest[path] = min(lowest[path], number[need])
    return groups

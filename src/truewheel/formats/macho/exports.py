"""The exports trie: the names that a slice offers, by their common beginnings.

Source: https://github.com/apple-oss-distributions/dyld/blob/main/common/ExportsTrie.cpp. A node has the size of what is
said about its symbol (zero where none ends), that many bytes, the number of its edges, and for each the text and the place
of the next node.
"""

from __future__ import annotations

from .commands import read_fields, read_linkedit
from .layout import LC_DYLD_EXPORTS_TRIE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from ..cursor import Cursor
    from .commands import Commands

_SMALL_FILE = 65536
"""Bytes that all names may take in any case before they are taken for a flood."""
_SMALLEST_NODE = 5
"""A node takes at least two bytes, and the one edge to it three."""


def read_exports(cursor: Cursor, commands: Commands) -> Collection[bytes] | None:
    """Return the names in the exports trie; ``None`` when the file is from before there were any.

    :raises FormatError: when the trie leaves its area, is a loop, or becomes a flood of names.
    """
    area = None
    if LC_DYLD_EXPORTS_TRIE in commands.first:
        area = read_linkedit(cursor, commands, LC_DYLD_EXPORTS_TRIE, "exports trie")
    elif commands.dyld_info is not None:
        offset, size = read_fields(cursor, commands.dyld_info, "32xII", "LC_DYLD_INFO")
        area = cursor.part(offset, size, "exports trie") if size else None
    else:
        return None
    # A library may export nothing.
    if area is None:
        return ()
    try:
        return _names_in_trie(area, 4 * len(cursor) + _SMALL_FILE)
    except (IndexError, ValueError):
        return area.fail(
            "the exports trie leads out of its area",
            offset=0,
            field="exports trie",
        )


def _names_in_trie(area: Cursor, limit: int) -> Collection[bytes]:
    """Return the names at the nodes that have a symbol.

    Nodes have a least size, and names share their beginnings only so much: this bounds loops, shared nodes and depth.
    Libraries have thousands of nodes, most of them leaves, so that numbers of one byte are read here, and leaves at once.

    :param limit: how many bytes all names may have, beginnings of names included.
    :raises IndexError: when a node leaves the trie; ValueError: when the text of an edge does.
    """
    data = bytes(area.data)
    edges_left = len(data) // _SMALLEST_NODE
    names: list[bytes] = []
    waiting = [(0, b"")]
    while waiting:
        at, prefix = waiting.pop()
        size, at = read_uleb128(data, at)
        # What is said about a symbol is its address and flags, or the library that it is re-exported from.
        if size:
            names.append(prefix)
            at += size
        edges = data[at]
        at += 1
        edges_left -= edges
        for _ in range(edges):
            end = data.index(0, at)
            name = prefix + data[at:end]
            limit -= len(name)
            place = data[end + 1]
            at = end + 2
            if place >= 0x80:
                place, at = read_uleb128(data, end + 1)
            size = data[place]
            is_leaf = 0 < size < 0x80 and not data[place + 1 + size]
            if is_leaf:
                names.append(name)
            else:
                waiting.append((place, name))
        if edges_left < 0 or limit < 0:
            area.fail(
                "the exports trie is a loop, or overlaps itself",
                offset=0,
                field="exports trie",
            )
    return names


def read_uleb128(data: bytes, at: int) -> tuple[int, int]:
    """Return an unsigned LEB128 number of at most 64 bits, and where it ends.

    :raises IndexError: when it leaves ``data``.
    """
    value = data[at]
    at += 1
    if value < 0x80:
        return value, at
    value &= 0x7F
    for shift in range(7, 64, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
    return value, at

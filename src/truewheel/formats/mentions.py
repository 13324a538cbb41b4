"""Names that a file holds as whole strings: what its code may open while it runs (``dlopen("libfoo.so.1")``).

Nothing is parsed: a string in the data of a program ends with a zero byte, in every format, and a whole one begins after a
zero byte. The tables of a loader hold names in the same way, so whoever asks has to know how often they do.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def count_whole_strings(
    pieces: Iterable[bytes], names: Iterable[str]
) -> dict[str, int]:
    """Return how often each name stands in a file as a whole string; names that do not are left out.

    :param pieces: the file, in order, cut anywhere.

    >>> count_whole_strings([b"\\0liba.so\\0lib", b"b.so\\0xliba.so\\0"], ["liba.so", "libb.so", "libc.so"])
    {'liba.so': 1, 'libb.so': 1}
    """
    wanted = {name: b"\0" + name.encode() + b"\0" for name in names}
    if not wanted:
        return {}
    counts = dict.fromkeys(wanted, 0)
    # What may be the beginning of a string is kept until the next piece, without what was counted already.
    overlap = max(map(len, wanted.values())) - 1
    tail = b""
    for piece in pieces:
        window = tail + piece
        tail = window[-overlap:]
        for name, text in wanted.items():
            counts[name] += _count(window, text) - _count(tail, text)
    # What is left is counted at the end.
    for name, text in wanted.items():
        counts[name] += _count(tail, text)
    return {name: count for name, count in counts.items() if count}


def _count(window: bytes, text: bytes) -> int:
    """Return how often ``text`` stands in ``window``; two may share a zero byte."""
    found, place = 0, window.find(text)
    while place >= 0:
        found += 1
        place = window.find(text, place + len(text) - 1)
    return found

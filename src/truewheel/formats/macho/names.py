"""Names and ordinals of symbols, as all tables of a slice write them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from ..cursor import Cursor

    Imports = dict[bytes, tuple[int, bool]]
    """Imported names as written, with the ordinal of their library, and whether they may be missing."""

_SMALL_TABLE = 65536
"""Bytes that names may take in any case before they are taken for a flood."""


def without_underscores(names: Collection[bytes]) -> Sequence[str]:
    """Return names as in C, without the underscore that compilers put before them.

    All names are one text while they are changed and decoded: there are thousands, and one by one is slow.
    """
    if not names:
        return ()
    text = (b"\0" + b"\0".join(names)).replace(b"\0_", b"\0")
    return text.decode("utf-8", "backslashreplace").split("\0")[1:]


def name_reader(strings: Cursor, field: str) -> Callable[[int], bytes]:
    """Return a function from places in a string table to its NUL-terminated strings.

    Names may share their ends, but not so many that a small table becomes a large amount of text. The function is called for
    each symbol, so it has what it needs in local names.
    """
    text = bytes(strings.data)
    find_end = text.find
    left = 8 * len(text) + _SMALL_TABLE

    def name_at(place: int) -> bytes:
        """Return the string that begins at ``place``."""
        nonlocal left
        end = find_end(0, place)
        left -= end - place
        if end < 0 or left < 0:
            reason = "a name lies outside of" if end < 0 else "names overlap in"
            strings.fail(
                f"{reason} the {field}",
                offset=min(place, len(text)),
                field=field,
                value=place,
            )
        return text[place:end]

    return name_at


def ordinal_of(value: int, bits: int) -> int:
    """Return a library ordinal that was written with so many bits; the highest few are negative.

    >>> ordinal_of(1, 8), ordinal_of(0xFE, 8), ordinal_of(0xFFFD, 16)
    (1, -2, -3)
    """
    # BIND_SPECIAL_DYLIB_*: -1 to -3 are used, 16 values are set aside for them.
    values = 1 << bits
    return value - values if value > values - 16 else value

"""Where rpm keeps headers: three kinds of database. A reader yields all headers, or those of packages with certain files.

Sources: rpm, "lib/backend/sqlite.c", "lib/backend/ndb/rpmpkg.c" and "lib/backend/db3.c"; Berkeley DB, "dbinc/db_page.h".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from ...formats.cursor import Cursor
from ...model.record import NamedTuple

_BERKELEY_HASH = 0x061561
_PAGE_SIZES = frozenset({512, 1024, 2048, 4096, 8192, 16384, 32768, 65536})
_HASH_PAGES = frozenset({2, 13})
"""P_HASH_UNSORTED and P_HASH: version 9 of the format sorts the items of a page."""
_OVERFLOW_PAGE = 7
_ON_PAGE = 1
_ON_OTHER_PAGES = 3
"""H_KEYDATA and H_OFFPAGE: an item that lies on the page, or on pages of its own."""
_PAGE_HEAD = "QIIIHHBB"
_PAGE_HEAD_SIZE = 26
_NDB_MAGIC = int.from_bytes(b"RpmP", "little")
_NDB_SLOT = int.from_bytes(b"Slot", "little")
_NDB_BLOB = int.from_bytes(b"BlbS", "little")
_BY_FILE_NAME = "SELECT DISTINCT hnum FROM Basenames WHERE key = ?"
_HEADER = "SELECT blob FROM Packages WHERE hnum = ?"
_NDB_BLOCK = 16
_NDB_PAGE_SIZE = 4096
_NDB_FIRST_SLOT = 2


def sqlite_headers(
    path: Path,
    names: Collection[str],
) -> Iterator[bytes]:
    """Yield headers of ``rpmdb.sqlite``, which has an index of file names.

    It is opened so that nothing is written, not even beside it: directories of images may be read-only.
    """
    try:
        import sqlite3
    except ImportError:  # of a Python that was built without it
        return
    address = path.absolute().as_uri()
    try:
        connection = sqlite3.connect(f"{address}?{_mode(path)}", uri=True)
        try:
            numbers: set[tuple[int]] = set()
            for name in names:
                # The few packages that have a file of this name.
                rows = connection.execute(_BY_FILE_NAME, (name,))
                numbers.update(rows)
            for number in sorted(numbers):
                row = connection.execute(_HEADER, number).fetchone()
                yield bytes(row[0])
        finally:
            connection.close()
    # A row that is not there, or whose value is not of the kind that the schema has.
    except (sqlite3.Error, TypeError):
        return


def _mode(path: Path) -> str:
    """Return how to open an SQLite database (https://www.sqlite.org/uri.html)."""
    journal = Path(f"{path}-wal")
    # What a journal holds counts, too. Without one, nobody is writing.
    if journal.is_file() and journal.stat().st_size:
        return "mode=ro"
    return "mode=ro&immutable=1"


def ndb_headers(
    path: Path,
    _: Collection[str],
) -> Iterator[bytes]:
    """Yield all headers of ``Packages.db``: slots tell where each lies, in blocks of 16 bytes."""
    cursor = Cursor(path.read_bytes(), what="Packages.db")
    magic, _, _, pages = cursor.unpack("IIII", 0, "header")
    if magic != _NDB_MAGIC:
        return
    first = _NDB_FIRST_SLOT * _NDB_BLOCK
    end = pages * _NDB_PAGE_SIZE
    count = (end - first) // _NDB_BLOCK
    slots = cursor.rows("IIII", first, count, "slots")
    for magic, package, block, _ in slots:
        # A slot without a package is free.
        if magic == _NDB_SLOT and package:
            yield _ndb_header(cursor, block * _NDB_BLOCK)


def _ndb_header(
    cursor: Cursor,
    start: int,
) -> bytes:
    """Return the header that a slot leads to."""
    magic, _, _, size = cursor.unpack("IIII", start, "blob")
    if magic != _NDB_BLOB:
        cursor.fail("not a header", offset=start, field="BlbS", value=magic)
    blob = cursor.bytes(start + _NDB_BLOCK, size, "blob")
    return bytes(blob)


def berkeley_headers(
    path: Path,
    _: Collection[str],
) -> Iterator[bytes]:
    """Yield all headers of ``Packages``: a hash table of Berkeley DB, as rpm had until version 4.15 (CentOS 7 and 8)."""
    data = path.read_bytes()
    # Numbers have the byte order of the machine that made it.
    for is_little in (True, False):
        cursor = Cursor(data, little=is_little, what="Packages")
        magic = cursor.number("I", 12, "magic")
        page_size = cursor.number("I", 20, "pagesize")
        # Any other size would make a loop over nothing, or for very long.
        if magic == _BERKELEY_HASH and page_size in _PAGE_SIZES:
            yield from _values(cursor, page_size)


class _Page(NamedTuple):
    """The head of a page.

    :param start: offset of the page in the file.
    :param following: number of the next page of the same value.
    :param entries: how many items the page has.
    :param used: of a page with a part of a value, the bytes of it.
    """

    start: int
    following: int
    entries: int
    used: int
    kind: int


def _page(
    cursor: Cursor,
    start: int,
) -> _Page:
    """Read the head of a page: ``lsn``, ``pgno``, ``prev_pgno``, ``next_pgno``, ``entries``, ``hf_offset``, ``level``, ``type``."""
    fields = cursor.unpack(_PAGE_HEAD, start, "page")
    _, _, _, following, entries, used, _, kind = fields
    return _Page(
        start=start,
        following=following,
        entries=entries,
        used=used,
        kind=kind,
    )


def _values(
    cursor: Cursor,
    page_size: int,
) -> Iterator[bytes]:
    """Yield the values of a hash table."""
    for start in range(page_size, len(cursor), page_size):
        page = _page(cursor, start)
        if page.kind in _HASH_PAGES:
            yield from _values_of_page(cursor, page, page_size)


def _values_of_page(
    cursor: Cursor,
    page: _Page,
    page_size: int,
) -> Iterator[bytes]:
    """Yield the values of a page. Keys and values take turns; each begins where the page's table says, before the last one."""
    start = page.start + _PAGE_HEAD_SIZE
    table = cursor.bytes(start, 2 * page.entries, "inp")
    places = cursor.unpack_all("H", table)
    keys = places[0::2]
    values = places[1::2]
    for end, place in zip(keys, values, strict=False):
        start = page.start + place
        kind = cursor.number("B", start, "item")
        if kind == _ON_PAGE:
            size = end - place - 1
            yield bytes(cursor.bytes(start + 1, size, "item"))
        if kind == _ON_OTHER_PAGES:
            first, size = cursor.unpack("II", start + 4, "item")
            yield _overflowing(cursor, first, size, page_size)


def _overflowing(
    cursor: Cursor,
    number: int,
    size: int,
    page_size: int,
) -> bytes:
    """Return a value that lies on pages of its own, each of which names the next."""
    parts: list[bytes] = []
    missing = size
    # Each page makes it shorter, so that links in a circle end, too.
    while missing > 0:
        start = number * page_size
        page = _page(cursor, start)
        if page.kind != _OVERFLOW_PAGE or not page.used:
            cursor.fail(
                "an item ends too early",
                offset=start,
                field="overflow",
                value=missing,
            )
        part = cursor.bytes(start + _PAGE_HEAD_SIZE, page.used, "overflow")
        parts.append(bytes(part))
        missing -= page.used
        number = page.following
    return b"".join(parts)

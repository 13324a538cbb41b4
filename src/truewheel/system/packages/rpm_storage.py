"""Where rpm keeps headers: three kinds of database. Each reader yields the headers that may have one of some file names.

Sources: rpm, "lib/backend/sqlite.c", "lib/backend/ndb/rpmpkg.c" and "lib/backend/db3.c"; Berkeley DB, "dbinc/db_page.h".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from ...formats.cursor import Cursor
from ...model.errors import FormatError

_BERKELEY_HASH = 0x061561
_HASH_PAGES = frozenset({2, 13})
"""P_HASH_UNSORTED and P_HASH: version 9 of the format sorts the items of a page."""
_OVERFLOW_PAGE = 7
_ON_PAGE, _ON_OTHER_PAGES = 1, 3
"""H_KEYDATA and H_OFFPAGE: an item that lies on the page, or on pages of its own."""
_PAGE_HEADER = 26
_NDB_MAGIC = int.from_bytes(b"RpmP", "little")
_NDB_SLOT = int.from_bytes(b"Slot", "little")
_NDB_BLOB = int.from_bytes(b"BlbS", "little")
_BY_FILE_NAME = "SELECT DISTINCT hnum FROM Basenames WHERE key = ?"
_HEADER = "SELECT blob FROM Packages WHERE hnum = ?"
_NDB_SLOT_SIZE, _NDB_PAGE_SIZE, _NDB_FIRST_SLOT = 16, 4096, 2


def sqlite_headers(path: Path, names: Collection[str]) -> Iterator[bytes]:
    """Yield headers of ``rpmdb.sqlite``, which has an index of file names.

    It is opened so that nothing is written, not even beside it: directories of images may be read-only.
    """
    try:
        import sqlite3
    except ImportError:  # of a Python that was built without it
        return
    journal = Path(f"{path}-wal")
    # Without a journal, nobody is writing. With one, what it holds counts, too.
    is_busy = journal.is_file() and journal.stat().st_size > 0
    mode = "mode=ro" if is_busy else "mode=ro&immutable=1"
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True)
        try:
            numbers = set()
            for name in names:
                # The few packages that have a file of this name.
                numbers |= set(connection.execute(_BY_FILE_NAME, (name,)))
            for number in sorted(numbers):
                yield from map(bytes, connection.execute(_HEADER, number).fetchone())
        finally:
            connection.close()
    # A row that is not there, or whose value is not of the kind that the schema has.
    except (sqlite3.Error, TypeError):
        return


def ndb_headers(path: Path, names: Collection[str]) -> Iterator[bytes]:
    """Yield headers of ``Packages.db``: slots that tell where each header lies, in blocks of 16 bytes."""
    data = path.read_bytes()
    cursor = Cursor(data, what="Packages.db")
    magic, _, _, pages = cursor.unpack("IIII", 0, "header")
    if magic != _NDB_MAGIC:
        return
    first = _NDB_FIRST_SLOT * _NDB_SLOT_SIZE
    count = (pages * _NDB_PAGE_SIZE - first) // _NDB_SLOT_SIZE
    for mark, package, block, _ in cursor.rows("IIII", first, count, "slots"):
        # A slot without a package is free.
        if mark != _NDB_SLOT or not package:
            continue
        start = block * _NDB_SLOT_SIZE
        blob_mark, owner, _, size = cursor.unpack("IIII", start, "blob")
        if blob_mark == _NDB_BLOB and owner == package:
            blob = bytes(cursor.bytes(start + 16, size, "blob"))
            if _may_have(blob, names):
                yield blob


def berkeley_headers(path: Path, names: Collection[str]) -> Iterator[bytes]:
    """Yield headers of ``Packages``: a hash table of Berkeley DB, as rpm had until version 4.15 (CentOS 7 and 8).

    Its numbers have the byte order of the machine that made it.
    """
    data = path.read_bytes()
    cursor = Cursor(data, what="Packages")
    if cursor.number("I", 12, "magic") != _BERKELEY_HASH:
        cursor = Cursor(data, little=False, what="Packages")
    if cursor.number("I", 12, "magic") != _BERKELEY_HASH:
        return
    page_size = cursor.number("I", 20, "pagesize")
    # Sizes that the library allows; any other would make this loop over nothing, or for ever.
    if page_size not in {1 << power for power in range(9, 17)}:
        return
    for page in range(page_size, len(data), page_size):
        if cursor.number("B", page + 25, "type") in _HASH_PAGES:
            for blob in _items_of_page(cursor, page, page_size):
                if _may_have(blob, names):
                    yield blob


def _items_of_page(cursor: Cursor, page: int, page_size: int) -> Iterator[bytes]:
    """Yield the values of a page. Keys and values take turns; each begins where the page's table says, before the last one."""
    count = cursor.number("H", page + 20, "entries")
    table = cursor.bytes(page + _PAGE_HEADER, 2 * count, "inp")
    places = [page_size, *cursor.unpack_all("H", table)]
    # The first is a key, and ends where the page does.
    for end, place in zip(places[1::2], places[2::2], strict=False):
        start = page + place
        kind = cursor.number("B", start, "item")
        if kind == _ON_PAGE:
            yield bytes(cursor.bytes(start + 1, end - place - 1, "item"))
        elif kind == _ON_OTHER_PAGES:
            first, size = cursor.unpack("II", start + 4, "item")
            yield _overflowing(cursor, first, size, page_size)


def _overflowing(cursor: Cursor, number: int, size: int, page_size: int) -> bytes:
    """Return a value that lies on pages of its own, each of which names the next."""
    parts: list[bytes] = []
    missing = size
    # Each page makes it shorter, so that links in a circle end, too.
    while number and missing > 0:
        page = number * page_size
        if cursor.number("B", page + 25, "type") != _OVERFLOW_PAGE:
            break
        length = cursor.number("H", page + 22, "hf_offset")
        if not length:
            break
        parts.append(bytes(cursor.bytes(page + _PAGE_HEADER, length, "overflow")))
        missing -= length
        number = cursor.number("I", page + 16, "next_pgno")
    if missing:
        raise FormatError(
            "broken Packages: an item ends too early",
            offset=number * page_size,
            field="overflow",
            value=missing,
        )
    return b"".join(parts)


def _may_have(blob: bytes, names: Collection[str]) -> bool:
    """Return whether a header has one of some file names among its strings: to read it in full takes longer."""
    for name in names:
        if name.encode("utf-8", "surrogateescape") + b"\0" in blob:
            return True
    return False

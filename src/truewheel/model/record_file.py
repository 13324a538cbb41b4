"""RECORD: which files a wheel installs, with their hashes and sizes. Pure text.

Sources: the binary distribution format, PEP 376.
"""

from __future__ import annotations

from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


_MOST_DIGITS = 19
"""Digits of a size that no file has."""


class RecordRow(Record):
    """One row of RECORD: path, hash algorithm and value (``None`` when empty), size in bytes."""

    path: str
    algorithm: str | None
    digest: str | None
    size: int | None


def record_text(rows: Iterable[RecordRow]) -> bytes:
    """Return the content of RECORD."""
    # Only who writes wheels needs these, and to import them takes time.
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        # RECORD lists itself without either (binary distribution format, "The .dist-info directory").
        digest = f"{row.algorithm}={row.digest}" if row.digest else ""
        size = "" if row.size is None else str(row.size)
        writer.writerow([row.path, digest, size])
    content = text.getvalue()
    return content.encode()


def parse_record(text: str) -> tuple[RecordRow, ...]:
    """Return the rows of RECORD.

    A row that makes no sense keeps what sense it has; what is not CSV any more ends the file.
    """
    rows = []
    for fields in _fields(text):
        # Rows may be short: older tools left out what they did not know.
        path, digest, size = (*fields, "", "")[:3]
        algorithm, _, value = digest.partition("=")
        row = RecordRow(
            path=path,
            algorithm=algorithm or None,
            digest=value or None,
            size=_size(size),
        )
        rows.append(row)
    return tuple(rows)


def _size(text: str) -> int | None:
    """Return a number of bytes, ``None`` for what no file can have: int() would take other scripts' digits, too."""
    is_number = text.isdecimal() and text.isascii() and len(text) < _MOST_DIGITS
    return int(text) if is_number else None


def _fields(text: str) -> Iterator[list[str]]:
    """Yield the fields of each line."""
    # Without a quote, a comma only separates fields.
    if '"' not in text:
        for line in text.replace("\r\n", "\n").split("\n"):
            if line:
                yield line.split(",")
        return
    # These are slow to import, and few names hold a comma or a quote.
    import contextlib
    import csv
    import io

    # It raises on a field of more than 131,072 characters, and on a NUL (before Python 3.11).
    with contextlib.suppress(csv.Error):
        yield from filter(None, csv.reader(io.StringIO(text)))

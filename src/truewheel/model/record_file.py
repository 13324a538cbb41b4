"""RECORD: which files a wheel installs, with their hashes and sizes. Pure text.

Sources: the binary distribution format, PEP 376.
"""

from __future__ import annotations

from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class RecordRow(Record):
    """One row of RECORD: path, hash algorithm and value (``None`` when empty), size in bytes."""

    path: str
    algorithm: str | None
    digest: str | None
    size: int | None


def record_text(rows: Iterable[RecordRow]) -> bytes:
    """The content of RECORD."""
    import csv  # what only judges never needs it
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        digest = f"{row.algorithm}={row.digest}" if row.digest else ""
        writer.writerow([row.path, digest, "" if row.size is None else row.size])
    return text.getvalue().encode()


def parse_record(text: str) -> tuple[RecordRow, ...]:
    """The rows of RECORD; a row that makes no sense keeps what sense it has, and what is no CSV any more ends it."""
    rows = []
    for fields in _fields(text):
        path, digest, size = (*fields, "", "")[:3]
        algorithm, _, value = digest.partition("=")
        rows.append(
            RecordRow(
                path=path,
                algorithm=algorithm or None,
                digest=value or None,
                size=int(size) if size.isdecimal() and size.isascii() and len(size) < 19 else None,
            )
        )
    return tuple(rows)


def _fields(text: str) -> Iterator[list[str]]:
    if '"' not in text:
        yield from (line.split(",") for line in text.replace("\r\n", "\n").split("\n") if line)
        return
    import contextlib  # these are slow to import, and few names hold a comma or a quote
    import csv
    import io

    with contextlib.suppress(csv.Error):  # a field of more than 131,072 characters, a NUL (before Python 3.11)
        yield from filter(None, csv.reader(io.StringIO(text)))

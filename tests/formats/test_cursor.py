"""Reading bytes and names, which every reader is built on."""

from __future__ import annotations

import gc

import pytest

from truewheel.formats.cursor import Cursor, Strings
from truewheel.model.errors import FormatError


def test_an_unfinished_table_in_a_cycle_can_be_collected() -> None:
    """A reader that raises leaves its iterators in the frames of a traceback, and those are often garbage in a cycle. With an
    iterator over a memoryview, CPython before 3.12.5 raises BufferError or dies here."""
    for _ in range(50):
        rows = Cursor(bytes(80)).rows("II", 0, 10, "table")
        next(rows)
        cycle: list[object] = [rows]
        cycle.append(cycle)
        del rows, cycle
        gc.collect()
    assert not gc.garbage


def test_records_are_read_in_either_byte_order() -> None:
    cursor = Cursor(bytes(range(8)), little=False)
    assert list(cursor.records("HH", cursor.data)) == [
        (0x0001, 0x0203),
        (0x0405, 0x0607),
    ]
    assert list(cursor.rows("I", 4, 1, "table")) == [(0x04050607,)]


@pytest.mark.parametrize(
    "many", [False, True], ids=["a usual table", "little else than ends"]
)
def test_a_string_table_gives_whole_names_and_the_ends_of_names(many: bool) -> None:
    raw = (
        b"\0malloc\0na\xc3\xafve\0bad\xff\0"
        + (b"\0" * 40_000 if many else b"")
        + b"cut"
    )
    names = Strings(Cursor(raw), "DT_STRTAB")
    assert names[0] == ""
    assert names[1] == "malloc"
    assert names[3] == "lloc"
    assert names[8] == "naïve"
    assert names[15] == "bad\\xff"
    for offset in (len(raw) - 3, len(raw), len(raw) + 7):
        with pytest.raises(FormatError, match="outside of DT_STRTAB"):
            names[offset]


def test_an_empty_string_table_has_no_names() -> None:
    for raw in (b"", b"cut"):
        with pytest.raises(FormatError, match="outside"):
            Strings(Cursor(raw), "DT_STRTAB")[0]


def test_a_name_without_an_end_is_not_read() -> None:
    names = Strings(Cursor(b"\0one\0two"), "DT_STRTAB")
    assert names[0] == ""
    assert names[1] == "one"
    with pytest.raises(FormatError, match="outside"):
        names[5]

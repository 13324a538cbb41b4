"""What every reader stands on."""

from __future__ import annotations

import gc

from truewheel.formats.cursor import Cursor


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


def test_records_are_whole() -> None:
    cursor = Cursor(bytes(range(8)), little=False)
    assert list(cursor.records("HH", cursor.data)) == [(0x0001, 0x0203), (0x0405, 0x0607)]
    assert list(cursor.rows("I", 4, 1, "table")) == [(0x04050607,)]

"""RECORD: rows are read as they were written, and broken files are read as far as they go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from truewheel.model.record_file import RecordRow, parse_record, record_text

PATHS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1)


@given(st.lists(st.tuples(PATHS, st.integers(0, 9))))
def test_rows_are_read_as_they_were_written(rows: list[tuple[str, int]]) -> None:
    written = tuple(
        RecordRow(path=path, algorithm="sha256", digest="abc", size=size)
        for path, size in rows
    )
    assert parse_record(record_text(written).decode()) == written


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    """Broken wheels must not cost an exception."""
    parse_record(text)
    parse_record(f"a,sha256=b,{text}")


def test_a_text_that_is_not_csv_is_read_as_far_as_it_goes() -> None:
    rows = parse_record('a,,\n"' + "x" * 200_000)
    assert [row.path for row in rows] == ["a"]


def test_a_size_that_is_not_a_number_is_left_out() -> None:
    assert parse_record("a,,\u00b2")[0].size is None
    assert parse_record("a,," + "9" * 5000)[0].size is None

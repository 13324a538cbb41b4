"""RECORD: read as it was written, and read whatever it holds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from truewheel.model.record_file import RecordRow, parse_record, record_text


@given(
    st.lists(
        st.tuples(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1), st.integers(0, 9))
    )
)
def test_law_record_is_read_as_it_was_written(rows: list[tuple[str, int]]) -> None:
    written = tuple(RecordRow(path=p, algorithm="sha256", digest="abc", size=n) for p, n in rows)
    assert parse_record(record_text(written).decode()) == written


@given(st.text())
def test_law_any_text_is_read(text: str) -> None:
    """RECORD of a broken wheel has no exceptions of its own."""
    parse_record(text)
    parse_record(f"a,sha256=b,{text}")


def test_what_is_not_csv_ends_the_rows() -> None:
    assert [r.path for r in parse_record('a,,\n"' + "x" * 200_000)] == ["a"]
    assert parse_record("a,,\u00b2")[0].size is None
    assert parse_record("a,," + "9" * 5000)[0].size is None

"""A cursor that reads parts of a file tells what a cursor over all of it tells, and reads no more than it is asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truewheel.formats.cursor import Cursor
from truewheel.formats.file_cursor import Composed, FileCursor
from truewheel.model.edits import Kept, Pieces, chunks_of
from truewheel.model.errors import FormatError

DATA = bytes(range(1, 256)) * 3 + b"\0" + b"\xc3\xa4end\0rest"


class Counted:
    """Bytes that note what was read of them."""

    def __init__(self, data: bytes) -> None:
        self.data, self.read = data, 0

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, part: slice) -> bytes:
        found = self.data[part]
        self.read += len(found)
        return found


def outcome(cursor: Cursor, question: str, *arguments: object) -> object:
    """Return an answer, or where and about what it failed."""
    try:
        answer = getattr(cursor, question)(*arguments)
    except FormatError as error:
        return error.offset, error.field
    return bytes(answer) if isinstance(answer, memoryview) else answer


@given(
    start=st.integers(0, 50),
    size=st.integers(0, 800),
    offset=st.integers(-3, 900),
    length=st.integers(-1, 900),
    little=st.booleans(),
)
def test_both_cursors_agree(
    start: int, size: int, offset: int, length: int, little: bool
) -> None:
    size = min(size, len(DATA) - start)
    whole = Cursor(DATA, little=little).part(start, size, "part")
    part = FileCursor(DATA, little=little).part(start, size, "part")
    assert len(whole) == len(part)
    for question in (
        ("unpack", "HIQ", offset, "x"),
        ("number", "I", offset, "x"),
        ("bytes", offset, length, "x"),
    ):
        assert outcome(part, *question) == outcome(whole, *question)
    if offset >= 0:
        assert outcome(part, "string", offset, "x") == outcome(
            whole, "string", offset, "x"
        )


def test_only_what_is_asked_for_is_read() -> None:
    file = Counted(bytes(1 << 20))
    cursor = FileCursor(file).part(1000, 100_000, "part")
    assert file.read == 0
    cursor.unpack("Q", 8, "x")
    assert file.read == 8
    assert len(list(cursor.rows("II", 0, 10, "x"))) == 10
    assert file.read == 88


def test_a_file_that_is_cut_while_it_is_read() -> None:
    class Shrunk(Counted):
        def __len__(self) -> int:
            return 100

    with pytest.raises(FormatError, match="cut while it was read"):
        FileCursor(Shrunk(b"abc")).bytes(2, 4, "x")


PIECES = st.lists(
    st.one_of(
        st.binary(max_size=5),
        st.tuples(st.integers(0, 20), st.integers(0, 9)).map(
            lambda pair: Kept(pair[0], pair[0] + pair[1])
        ),
    ),
    max_size=8,
).map(tuple)


@given(pieces=PIECES, start=st.integers(0, 60), stop=st.integers(0, 60))
def test_a_composed_file_is_its_pieces(pieces: Pieces, start: int, stop: int) -> None:
    old = bytes(range(40))
    new = b"".join(chunks_of(old, pieces))
    composed = Composed(old, pieces)
    assert len(composed) == len(new)
    assert composed[start:stop] == new[start:stop]
    assert composed[:] == new

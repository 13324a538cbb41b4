"""WHEEL and METADATA: read as email does, written as they are read."""

from __future__ import annotations

import email

from hypothesis import given
from hypothesis import strategies as st

from truewheel.model.header_files import parse_headers, wheel_text


@given(st.text("NV:- \t\r\n\x0b\x0c\x1c\u0085\u2028ab"))
def test_law_headers_are_what_email_reads(text: str) -> None:
    """As installers and indexes do: what ends a line, what goes on with one, and where the headers end. Whitespace within
    and around values is nobody's concern here."""
    ours = [(name, value.split()) for name, value in parse_headers("Name: p\n" + text)]
    message = email.message_from_string("Name: p\n" + text)
    theirs = [(name, str(value).split()) for name, value in message.raw_items()]
    assert ours[: len(theirs)] == theirs or message.defects


def test_wheel_is_read_as_it_was_written() -> None:
    text = wheel_text(generator="g 1", purelib=False, tags=["py3-none-any"], build="1").decode()
    assert parse_headers(text) == (
        ("Wheel-Version", "1.0"), ("Generator", "g 1"), ("Root-Is-Purelib", "false"), ("Tag", "py3-none-any"), ("Build", "1"),
    )  # fmt: skip


@given(st.text())
def test_law_any_text_is_read(text: str) -> None:
    parse_headers(text)

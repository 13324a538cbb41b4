"""WHEEL and METADATA: headers as the email standard has them."""

from __future__ import annotations

import email

from hypothesis import given
from hypothesis import strategies as st

from truewheel.model.header_files import parse_headers, wheel_text


@given(st.text("NV:- \t\r\n\x0b\x0c\x1c\u0085\u2028ab"))
def test_headers_are_read_as_python_reads_them(text: str) -> None:
    """What ends a line, what goes on with one, and where the headers end is as installers and indexes have it. Whitespace
    within and around values does not matter here."""
    ours = [(name, value.split()) for name, value in parse_headers("Name: p\n" + text)]
    message = email.message_from_string("Name: p\n" + text)
    theirs = [(name, str(value).split()) for name, value in message.raw_items()]
    if not message.defects:
        assert ours[: len(theirs)] == theirs


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    """Broken wheels must not cost an exception."""
    parse_headers(text)


def test_a_wheel_file_has_its_headers_in_order() -> None:
    text = wheel_text(
        generator="g 1", purelib=False, tags=["py3-none-any"], build="1"
    ).decode()
    assert parse_headers(text) == (
        ("Wheel-Version", "1.0"),
        ("Generator", "g 1"),
        ("Root-Is-Purelib", "false"),
        ("Tag", "py3-none-any"),
        ("Build", "1"),
    )

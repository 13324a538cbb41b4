"""Names and texts of wheels."""

from __future__ import annotations

import email

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from truewheel.model.header_files import parse_headers, wheel_text
from truewheel.model.record_file import RecordRow, parse_record, record_text
from truewheel.model.wheel_name import WheelName, escape, parse_wheel_name


@given(st.text("NV:- \t\r\n\x0b\x0c\x1c\u0085\u2028ab"))
def test_headers_are_what_email_reads(text: str) -> None:
    """As installers and indexes do: what ends a line, what goes on with one, and where the headers end. Whitespace within
    and around values is nobody's concern here."""
    ours = [(name, value.split()) for name, value in parse_headers("Name: p\n" + text)]
    message = email.message_from_string("Name: p\n" + text)
    theirs = [(name, str(value).split()) for name, value in message.raw_items()]
    assert ours[: len(theirs)] == theirs or message.defects


@given(st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", fullmatch=True))
def test_names_are_escaped_as_packaging_would(name: str) -> None:
    assert escape(name) == canonicalize_name(name).replace("-", "_")


def test_file_names_are_packagings() -> None:
    name = WheelName(
        name="p", version="1.0", build="2b", interpreters=("py2", "py3"), abis=("none",), platforms=("manylinux_2_17_x86_64", "manylinux2014_x86_64")
    )  # fmt: skip
    parsed = parse_wheel_filename(str(name))
    assert {str(t) for t in parsed[3]} == set(name.expanded)
    assert parse_wheel_name(str(name)) == name


@pytest.mark.parametrize("build", ["", "2b"])
@pytest.mark.parametrize("label", ["x86_64_v3", "null", "1.2"])
def test_names_of_variants(build: str, label: str) -> None:
    """PEP 825's draft; packaging refuses them, for it takes what follows the version for a build tag."""
    name = WheelName(
        name="p", version="1.0", build=build, interpreters=("cp313",), abis=("cp313",),
        platforms=("linux_x86_64", "any"), variant=label,
    )  # fmt: skip
    assert str(name).endswith(f"-linux_x86_64.any-{label}.whl")
    assert parse_wheel_name(str(name)) == name
    with pytest.raises(InvalidWheelFilename):
        parse_wheel_filename(str(name))


@pytest.mark.parametrize(
    "name",
    [
        "p-1-py3-none-any-X86.whl",
        "p-1-py3-none-any-.whl",
        "p-1-py3-none-any-a-b.whl",
        "p-1-2-3py-none-any-null.whl",
        "p.zip",
        "p-1.whl",
        "p-1-py3-none.whl",
        "p-1-x-py3-none-any.whl",
        "-1-py3-none-any.whl",
        "a-1-2-3-py3-none-any.whl",
    ],
)
def test_not_wheel_names(name: str) -> None:
    assert parse_wheel_name(name) is None


@given(
    st.lists(
        st.tuples(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1), st.integers(0, 9))
    )
)
def test_law_record_is_read_as_it_was_written(rows: list[tuple[str, int]]) -> None:
    written = tuple(RecordRow(path=p, algorithm="sha256", digest="abc", size=n) for p, n in rows)
    assert parse_record(record_text(written).decode()) == written


def test_wheel_text() -> None:
    text = wheel_text(generator="g 1", purelib=False, tags=["py3-none-any"], build="1").decode()
    assert parse_headers(text) == (
        ("Wheel-Version", "1.0"), ("Generator", "g 1"), ("Root-Is-Purelib", "false"), ("Tag", "py3-none-any"), ("Build", "1"),
    )  # fmt: skip


@given(st.text())
def test_law_any_text_is_read(text: str) -> None:
    """RECORD and METADATA of broken wheels have no exceptions of their own."""
    parse_record(text)
    parse_record(f"a,sha256=b,{text}")
    parse_headers(text)
    parse_wheel_name(text + ".whl")


def test_record_that_is_no_csv() -> None:
    assert [r.path for r in parse_record('a,,\n"' + "x" * 200_000)] == ["a"]
    assert parse_record("a,,\u00b2")[0].size is None
    assert parse_record("a,," + "9" * 5000)[0].size is None

"""Adds to a package's ``__init__.py`` the call that tells Windows' loader about a directory of DLLs.

It has to run before anything is imported that needs them, and Python wants docstring and ``from __future__ import …`` to come
first. Source may be of a newer Python than runs here: so only its beginning is read, token by token. Pure.
"""

from __future__ import annotations

import tokenize

from ..model.errors import RepairError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from tokenize import TokenInfo

_BLOCK = """\
def _add_dll_directory():  # of truewheel: Windows finds the libraries of this wheel there
    import os

    here = os.path.dirname(os.path.abspath(__file__))
    libraries = os.path.normpath(os.path.join(here, {directory}))
    if hasattr(os, "add_dll_directory") and os.path.isdir(libraries):
        os.add_dll_directory(libraries)


_add_dll_directory()
del _add_dll_directory
"""
_BLANKS = b" \t\f"
_BRACKETS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_NOT_CODE = {
    tokenize.ENCODING,
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.INDENT,
    tokenize.DEDENT,
}


def with_dll_directory(
    source: bytes,
    directory: str,
) -> bytes:
    """Return the source of an ``__init__.py`` that adds a directory; the same source when it does that already.

    The call does nothing on systems other than Windows, and nothing where the directory is missing.

    :param directory: relative to the file's own, with ``/``.
    :raises RepairError: when the beginning cannot be read as Python.
    """
    lines = source.splitlines(keepends=True)
    newline = _line_end(lines)
    block = _BLOCK.format(directory=ascii(directory)).encode("ascii")
    block = block.replace(b"\n", newline)
    if block in source:
        return source
    try:
        place = _place(lines)
    except (SyntaxError, tokenize.TokenError) as error:
        raise RepairError(
            f"no call can be added to an __init__.py that is not Python: {error}"
        ) from error
    return _joined(source[:place], block, source[place:], newline)


def _place(lines: list[bytes]) -> int:
    """Return where the call goes, in bytes: in front of the first statement that is not a header.

    :raises SyntaxError: when that is not Python, or a line goes on in a way that this cannot cut.
    """
    position = _first_code(lines)
    if position is None:
        return sum(map(len, lines))
    (line, column), follows_semicolon = position
    place = sum(map(len, lines[: line - 1]))
    if not follows_semicolon:
        return place
    # Columns are characters. A byte order mark is in front of the text, not in it.
    encoding, _ = tokenize.detect_encoding(iter(lines).__next__)
    text = lines[line - 1].decode(encoding)
    if encoding == "utf-8-sig":
        encoding = "utf-8"
    rest = text[column:].encode(encoding)
    place += len(lines[line - 1]) - len(rest)
    before = b"".join(lines)[:place]
    if not before.rstrip(_BLANKS).endswith(b";"):
        raise SyntaxError("a line goes on behind a backslash")
    return place


def _line_end(lines: list[bytes]) -> bytes:
    if lines and lines[0].endswith(b"\r\n"):
        return b"\r\n"
    return b"\n"


def _joined(
    before: bytes,
    block: bytes,
    rest: bytes,
    newline: bytes,
) -> bytes:
    """Return the parts, with an empty line around the block."""
    before = _ended(before, newline)
    if before.strip():
        before += newline
    if rest:
        rest = newline + rest
    return before + block + rest


def _ended(
    text: bytes,
    newline: bytes,
) -> bytes:
    """Return text with an end of line, which takes the place of a semicolon."""
    if not text or text.endswith((b"\n", b"\r")):
        return text
    return text.rstrip(_BLANKS).removesuffix(b";") + newline


def _first_code(lines: list[bytes]) -> tuple[tuple[int, int], bool] | None:
    """Return where the first statement begins that is neither the docstring nor a ``from __future__ import``.

    :return: line and column, and whether it follows another one and a semicolon.
    """
    follows_semicolon = False
    is_first = True
    for *statement, end in _statements(lines):
        is_header = _is_future_import(statement)
        # A string is the docstring only in front of all else.
        if is_first and _is_docstring(statement):
            is_header = True
        if not is_header:
            return statement[0].start, follows_semicolon
        follows_semicolon = end.string == ";"
        is_first = False
    return None


def _statements(lines: list[bytes]) -> Iterator[list[TokenInfo]]:
    """Yield the tokens of each simple statement, the last being its end; of compound ones, a line's at a time.

    Comments and empty lines are left out.
    """
    statement: list[TokenInfo] = []
    depth = 0
    for token in tokenize.tokenize(iter(lines).__next__):
        if token.type in _NOT_CODE:
            continue
        if token.type == tokenize.OP:
            depth += _BRACKETS.get(token.string, 0)
        is_end = token.type in (tokenize.NEWLINE, tokenize.ENDMARKER)
        # Within brackets, it is an error that Python will find.
        if token.string == ";" and not depth:
            is_end = True
        statement.append(token)
        if not is_end:
            continue
        # The end of the file is no statement.
        if len(statement) > 1:
            yield statement
        statement = []


def _is_docstring(statement: list[TokenInfo]) -> bool:
    """Whether a statement is nothing but a string; strings side by side are one, and brackets do not count."""
    parts = [token for token in statement if token.string not in ("(", ")")]
    return bool(parts) and all(map(_is_text, parts))


def _is_text(token: TokenInfo) -> bool:
    if token.type != tokenize.STRING:
        return False
    quote = token.string[-1]
    prefix, _, _ = token.string.partition(quote)
    # Bytes are no text, and f-strings are code; a newer Python has other tokens for these.
    return {"b", "f", "t"}.isdisjoint(prefix.lower())


def _is_future_import(statement: list[TokenInfo]) -> bool:
    return [token.string for token in statement[:2]] == ["from", "__future__"]

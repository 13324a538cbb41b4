"""Files of headers in ``.dist-info``: WHEEL and METADATA. Pure text.

Sources: the binary distribution format, the core metadata specification.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def wheel_text(
    *, generator: str, purelib: bool, tags: Iterable[str], build: str = ""
) -> bytes:
    """Return the content of WHEEL.

    :param tags: expanded tags, one per line.
    """
    lines = [
        "Wheel-Version: 1.0",
        f"Generator: {generator}",
        f"Root-Is-Purelib: {str(purelib).lower()}",
    ]
    lines += [f"Tag: {tag}" for tag in tags]
    if build:
        lines.append(f"Build: {build}")
    # An empty line ends the headers (RFC 822), as `wheel` and setuptools write it.
    return ("\n".join(lines) + "\n\n").encode()


def parse_headers(text: str) -> tuple[tuple[str, str], ...]:
    """Return the headers of WHEEL (or of METADATA, without its body), in order; continued lines are joined."""
    return tuple(each_header(text))


def each_header(text: str) -> Iterator[tuple[str, str]]:
    """Yield the headers one by one, for those who look for the first of a name.

    As :mod:`email` has it, an empty line ends them, and one of blanks goes on with the header before.

    >>> list(each_header("License: one\\n \\n two\\nName: p\\n\\nName: none"))
    [('License', 'one\\n\\ntwo'), ('Name', 'p')]
    """
    # A project's whole README may follow, which need not be split into lines.
    end = text.find("\n\n")
    head = text if end < 0 else text[:end]
    last: tuple[str, str] | None = None
    for line in head.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if not line:
            break
        # A folded header goes on here (RFC 5322, 2.2.3).
        if line[0] in " \t" and last is not None:
            last = (last[0], f"{last[1]}\n{line.strip()}")
            continue
        name, colon, value = line.partition(":")
        # What has no colon is skipped: other readers stop there, and would see less.
        if colon:
            if last is not None:
                yield last
            last = (name.strip(), value.strip())
    if last is not None:
        yield last

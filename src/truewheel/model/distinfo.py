"""How wheels and their ``.dist-info`` files are spelt. Pure text; what a tag *should* be is decided elsewhere.

Sources: the binary distribution format, PEP 427, PEP 425, PEP 491, PEP 625 (names), PEP 376 (RECORD); the draft PEP 825
(labels of variants).
"""

from __future__ import annotations

import functools

from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

VARIANT = "variant.json"
"""The file in ``.dist-info`` that describes a wheel variant (a draft)."""
_OF_LABELS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_.")


class RecordRow(Record):
    """One row of RECORD: path, hash algorithm and value (``None`` when empty), size in bytes."""

    path: str
    algorithm: str | None
    digest: str | None
    size: int | None


class WheelName(Record):
    """A wheel's file name in its parts; compressed tag sets as tuples, in the order in which they stand there.

    :param name: the distribution as spelt in the name (``my_pkg``).
    :param build: the build tag, empty when there is none.
    :param variant: the label of a wheel variant (a draft), empty when it is none.
    """

    name: str
    version: str
    build: str = ""
    interpreters: tuple[str, ...]
    abis: tuple[str, ...]
    platforms: tuple[str, ...]
    variant: str = ""

    def __str__(self) -> str:
        """The file name.

        >>> str(WheelName(name="p", version="1", interpreters=("py3",), abis=("none",), platforms=("any",)))
        'p-1-py3-none-any.whl'
        """
        stem = [self.name, self.version, self.build, self.tag, self.variant]
        return "-".join(part for part in stem if part) + ".whl"

    @property
    def tag(self) -> str:
        """The compressed tag set."""
        return "-".join(".".join(part) for part in (self.interpreters, self.abis, self.platforms))

    @property
    def expanded(self) -> tuple[str, ...]:
        """One tag per combination, sorted."""
        return tuple(sorted(f"{i}-{a}-{p}" for i in self.interpreters for a in self.abis for p in self.platforms))


def escape(name: str) -> str:
    """A distribution name as file names spell it (PEP 625).

    >>> escape("My.Pkg-two")
    'my_pkg_two'
    """
    text = name.lower().replace("-", "_").replace(".", "_")
    while "__" in text:
        text = text.replace("__", "_")
    return text


def dist_info_name(name: str, version: str) -> str:
    """The metadata directory: ``my_pkg-1.0.dist-info``."""
    return f"{escape(name)}-{version.replace('-', '_')}.dist-info"


@functools.lru_cache(maxsize=256)
def parse_wheel_name(filename: str) -> WheelName | None:
    """The parts of a wheel's file name; ``None`` when it is not one.

    >>> parse_wheel_name("p-1-2b-cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl").platforms
    ('manylinux_2_17_x86_64', 'manylinux2014_x86_64')
    >>> parse_wheel_name("p-1-cp313-cp313-linux_x86_64-x86_64_v3.whl").variant
    'x86_64_v3'
    """
    parts = filename.removesuffix(".whl").split("-")
    if not filename.endswith(".whl") or len(parts) not in (5, 6, 7) or not all(parts):
        return None
    # A build tag begins with a digit, which a Python tag must not: that tells both names of six parts apart.
    build = parts[2] if len(parts) > 5 and parts[2][0].isdecimal() else ""
    *tags, label = parts[3:] if build else parts[2:]
    if len(tags) == 2:
        tags, label = [*tags, label], ""
    if len(tags) != 3 or (label and not _is_of_variant(tags, label)):
        return None
    interpreters, abis, platforms = (tuple(part.split(".")) for part in tags)
    return WheelName(
        name=parts[0], version=parts[1], build=build, interpreters=interpreters, abis=abis, platforms=platforms,
        variant=label,
    )  # fmt: skip


def is_label(text: str) -> bool:
    """Whether ``text`` can be a variant's label in a file name.

    >>> is_label("x86_64_v3"), is_label("X86"), is_label("")
    (True, False, False)
    """
    return bool(text) and _OF_LABELS.issuperset(text)


def _is_of_variant(tags: list[str], label: str) -> bool:
    """Whether what follows a platform is a label. No platform is called ``none``: that is an ABI behind a bad build tag."""
    return is_label(label) and tags[2] != "none" and not tags[0][0].isdecimal()


def wheel_text(*, generator: str, purelib: bool, tags: Iterable[str], build: str = "") -> bytes:
    """The content of WHEEL.

    :param tags: expanded tags, one per line.
    """
    lines = ["Wheel-Version: 1.0", f"Generator: {generator}", f"Root-Is-Purelib: {str(purelib).lower()}"]
    lines += [f"Tag: {tag}" for tag in tags]
    if build:
        lines.append(f"Build: {build}")
    return ("\n".join(lines) + "\n\n").encode()


def record_text(rows: Iterable[RecordRow]) -> bytes:
    """The content of RECORD."""
    import csv  # noqa: PLC0415  # what only judges never needs it
    import io  # noqa: PLC0415

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        digest = f"{row.algorithm}={row.digest}" if row.digest else ""
        writer.writerow([row.path, digest, "" if row.size is None else row.size])
    return text.getvalue().encode()


def parse_record(text: str) -> tuple[RecordRow, ...]:
    """The rows of RECORD; a row that makes no sense keeps what sense it has, and what is no CSV any more ends it."""
    rows = []
    for fields in _fields(text):
        path, digest, size = (*fields, "", "")[:3]
        algorithm, _, value = digest.partition("=")
        rows.append(
            RecordRow(
                path=path,
                algorithm=algorithm or None,
                digest=value or None,
                size=int(size) if size.isdecimal() and size.isascii() and len(size) < 19 else None,
            )
        )
    return tuple(rows)


def _fields(text: str) -> Iterator[list[str]]:
    if '"' not in text:
        yield from (line.split(",") for line in text.replace("\r\n", "\n").split("\n") if line)
        return
    import contextlib  # noqa: PLC0415  # these are slow to import, and few names hold a comma or a quote
    import csv  # noqa: PLC0415
    import io  # noqa: PLC0415

    with contextlib.suppress(csv.Error):  # a field of more than 131,072 characters, a NUL (before Python 3.11)
        yield from filter(None, csv.reader(io.StringIO(text)))


def parse_headers(text: str) -> tuple[tuple[str, str], ...]:
    """The headers of WHEEL (or of METADATA, without its body), in order; continued lines are joined."""
    return tuple(each_header(text))


def each_header(text: str) -> Iterator[tuple[str, str]]:
    """The headers one by one, for those who look for the first of a name.

    As :mod:`email` has it, an empty line ends them, and one of blanks goes on with the header before.

    >>> list(each_header("License: one\\n \\n two\\nName: p\\n\\nName: none"))
    [('License', 'one\\n\\ntwo'), ('Name', 'p')]
    """
    body = text.find("\n\n")  # a project's whole README may follow
    last: tuple[str, str] | None = None
    for line in (text if body < 0 else text[:body]).replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if not line:
            break
        if line[0] in " \t" and last is not None:
            last = (last[0], f"{last[1]}\n{line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if colon:
            if last is not None:
                yield last
            last = (name.strip(), value.strip())
    if last is not None:
        yield last

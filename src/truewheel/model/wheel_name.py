"""The file name of a wheel and of its ``.dist-info`` directory. Pure text; what a tag *should* be is decided elsewhere.

Sources: the binary distribution format, PEP 427, PEP 425, PEP 491, PEP 625 (names); the draft PEP 825 (labels of variants).
"""

from __future__ import annotations

import functools

from .record import Record

VARIANT = "variant.json"
"""The file in ``.dist-info`` that describes a wheel variant (a draft)."""
_OF_LABELS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_.")


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

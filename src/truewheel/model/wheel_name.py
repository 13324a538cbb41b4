"""The file name of a wheel and of its ``.dist-info`` directory. Pure text; what a tag *should* be is decided elsewhere.

Sources: the binary distribution format, PEP 427, PEP 425, PEP 491, PEP 625 (names); the draft PEP 825 (labels of variants).
"""

from __future__ import annotations

import functools
from itertools import product

from .record import Record

VARIANT = "variant.json"
"""The file in ``.dist-info`` that describes a wheel variant (a draft)."""
_IN_LABELS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_.")


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
        """Return the file name.

        >>> str(WheelName(name="p", version="1", interpreters=("py3",), abis=("none",), platforms=("any",)))
        'p-1-py3-none-any.whl'
        """
        stem = [self.name, self.version, self.build, self.tag, self.variant]
        return "-".join(part for part in stem if part) + ".whl"

    @property
    def tag(self) -> str:
        """The compressed tag set."""
        return "-".join(
            ".".join(part) for part in (self.interpreters, self.abis, self.platforms)
        )

    @property
    def expanded(self) -> tuple[str, ...]:
        """One tag per combination, sorted."""
        # Every combination, as a compressed tag set means it (PEP 425, "Compressed Tag Sets").
        combinations = product(self.interpreters, self.abis, self.platforms)
        return tuple(sorted(map("-".join, combinations)))


def expand_tag(tag: str) -> tuple[str, ...]:
    """Return the tags that one with dots stands for; itself when it has not three parts.

    >>> expand_tag("py2.py3-none-any")
    ('py2-none-any', 'py3-none-any')
    """
    parts = tag.split("-")
    if len(parts) != 3:
        return (tag,)
    return tuple(map("-".join, product(*[part.split(".") for part in parts])))


def escape(name: str) -> str:
    """Return a distribution name as file names spell it (PEP 625).

    >>> escape("My.Pkg-two")
    'my_pkg_two'
    """
    # Not by `re`, whose pattern would be compiled each time that `show` starts.
    text = name.lower().replace("-", "_").replace(".", "_")
    while "__" in text:
        text = text.replace("__", "_")
    return text


def dist_info_name(name: str, version: str) -> str:
    """Return the name of the metadata directory: ``my_pkg-1.0.dist-info``."""
    return f"{escape(name)}-{version.replace('-', '_')}.dist-info"


@functools.lru_cache(maxsize=256)
def parse_wheel_name(filename: str) -> WheelName | None:
    """Return the parts of a wheel's file name, ``None`` if it is not one.

    >>> parse_wheel_name("p-1-2b-cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl").platforms
    ('manylinux_2_17_x86_64', 'manylinux2014_x86_64')
    >>> parse_wheel_name("p-1-cp313-cp313-linux_x86_64-x86_64_v3.whl").variant
    'x86_64_v3'
    """
    if not filename.endswith(".whl"):
        return None
    parts = filename.removesuffix(".whl").split("-")
    # Five parts, with a build tag or a label six, with both seven.
    if len(parts) not in (5, 6, 7) or not all(parts):
        return None
    name, version, *rest = parts
    # A build tag begins with a digit, which a Python tag must not: that tells both names of six parts apart.
    build = ""
    if len(rest) > 3 and rest[0][0].isdecimal():
        build, *rest = rest
    if len(rest) not in (3, 4):
        return None
    interpreters, abis, platforms, *labels = rest
    if labels and not _is_label_behind(interpreters, platforms, labels[0]):
        return None
    return WheelName(
        name=name,
        version=version,
        build=build,
        interpreters=tuple(interpreters.split(".")),
        abis=tuple(abis.split(".")),
        platforms=tuple(platforms.split(".")),
        variant="".join(labels),
    )


def is_label(text: str) -> bool:
    """Return whether ``text`` can be a variant's label in a file name.

    >>> is_label("x86_64_v3"), is_label("X86"), is_label("")
    (True, False, False)
    """
    return bool(text) and _IN_LABELS.issuperset(text)


def _is_label_behind(interpreters: str, platforms: str, text: str) -> bool:
    """Return whether the last part of a name is a label, and not the platform behind a build tag that is not valid."""
    # No platform is called "none": that is an ABI tag, one place too late.
    return is_label(text) and platforms != "none" and not interpreters[0].isdecimal()

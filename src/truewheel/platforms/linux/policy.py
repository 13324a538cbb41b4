"""The levels of Linux: how tags spell them, and from which one on a library or a symbol version is there.

The table is ``policy/linux.json``. For a glibc without an entry of its own the GLIBC symbols go up to its version, and
everything else is as at the nearest level below: nothing is promised that the older distributions would not keep. Pure; see ``docs/regenerate/linux_policy.py``.
"""

from __future__ import annotations

import functools

from ...data_tables import table
from ...model.audit import Supplied
from ...model.tags import ANY, NEVER, PlatformTag
from ..base import whole_number
from .libc import is_musl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ...model.tags import Level

CPUS = frozenset(
    {
        "x86_64",
        "i686",
        "aarch64",
        "armv7l",
        "armv6l",
        "ppc64le",
        "ppc64",
        "s390x",
        "riscv64",
        "loongarch64",
    }
)
"""CPUs that tags with a promise are for."""
CPUS_WITHOUT_POLICY = frozenset(
    {"aarch64_be", "alpha", "arm", "hppa", "ia64", "loongarch32", "m68k", "mips", "mips64", "mips64el", "mipsel", "ppc",
     "riscv32", "s390", "sh4", "sparc", "sparc64", "x32"}
)  # fmt: skip
"""What else ELF files are for, by the names that the reader gives them."""
NAMED_CPUS = CPUS | CPUS_WITHOUT_POLICY
UNNAMED_CPU = "machine-"
"""How what the reader calls other CPUs begins."""
LOADERS = ("ld-linux", "ld64.so.", "ld.so.", "ld-musl-")
"""How the names of dynamic loaders begin."""

MUSL_BASELINE: Level = (1, 2)
"""The oldest musl that is maintained; that a file runs on 1.1 cannot be shown without a list of 1.1's symbols."""


KINDS = ("manylinux", "musllinux")
FIRST_LEVEL: Level = (2, 5)
"""The first manylinux level that there is (PEP 513)."""
OLD_NAMES: Mapping[str, Level] = {
    "manylinux1": (2, 5),
    "manylinux2010": (2, 12),
    "manylinux2014": (2, 17),
}
"""Names of levels from before PEP 600 (PEP 513, PEP 571, PEP 599)."""


# --- tags -------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=256)
def parse_tag(text: str) -> PlatformTag | None:
    """Return the tag that ``text`` spells, ``None`` when it is not one of Linux.

    >>> parse_tag("manylinux2014_x86_64").level, parse_tag("musllinux_1_2_aarch64").cpu, parse_tag("manylinux_2_4_x86_64")
    ((2, 17), 'aarch64', None)
    """
    first, _, rest = text.partition("_")
    kind, level = first, NEVER
    if first in KINDS:
        # PEP 600 and PEP 656: manylinux_${GLIBCMAJOR}_${GLIBCMINOR}_${ARCH}
        major, _, rest = rest.partition("_")
        minor, _, rest = rest.partition("_")
        level = _parse_level(major, minor)
    elif first in OLD_NAMES:
        kind, level = "manylinux", OLD_NAMES[first]
    elif first != "linux":
        return None
    is_too_old = kind == "manylinux" and level < FIRST_LEVEL
    if not level or is_too_old or not _is_cpu(rest):
        return None
    return PlatformTag(text=text, family="linux", kind=kind, level=level, cpu=rest)


def _parse_level(
    major: str,
    minor: str,
) -> Level:
    """Return the two numbers of a level, nothing when they are none."""
    first, second = whole_number(major), whole_number(minor)
    return (first, second) if first and second is not None else ()


def _is_cpu(text: str) -> bool:
    return text[:1].islower() and text.isascii() and text.replace("_", "").isalnum()


def lacks_cpu(promise: str) -> bool:
    """Return whether a promise is a kind or a level alone: ``linux``, ``manylinux2014``, ``musllinux_1_2``."""
    if promise == "linux" or promise in OLD_NAMES:
        return True
    kind, *numbers = promise.split("_")
    return (
        kind in KINDS
        and len(numbers) == 2
        and all(number.isdecimal() for number in numbers)
    )


def old_names_from(
    cpu: str,
    level: Level,
) -> list[str]:
    """Return the names from before PEP 600 of a level, or of the next one that has such a name."""
    for known, policy in levels(cpu):
        if known >= level and policy["aliases"]:
            names: list[str] = policy["aliases"]
            return names
    return []


# --- what systems have ------------------------------------------------------------------------------------------


def musl_policy() -> Mapping[str, Any]:
    """Return what systems with musl have (PEP 656)."""
    policy: Mapping[str, Any] = table("platforms/policy/linux.json")["musllinux"]
    return policy


@functools.cache
def levels(cpu: str) -> tuple[tuple[Level, Mapping[str, Any]], ...]:
    """Return the manylinux levels of a CPU that have an entry, lowest first."""
    found = []
    for policy in table("platforms/policy/linux.json")["manylinux"]:
        if cpu in policy["cpus"]:
            major, minor = policy["glibc"]
            found.append(((major, minor), policy))
    return tuple(found)


def policy_of(
    cpu: str,
    level: Level,
) -> Mapping[str, Any]:
    """Return the entry of a level: its own, or that of the nearest below."""
    known = levels(cpu)
    found = known[0][1]
    for start, policy in known:
        if start <= level:
            found = policy
    return found


def lowest(cpu: str) -> Level:
    """Return the lowest manylinux level that exists for ``cpu``.

    >>> lowest("aarch64"), lowest("x86_64")
    ((2, 17), (2, 5))
    """
    known = levels(cpu)
    return known[0][0] if known else NEVER


@functools.cache
def level_of_version(
    cpu: str,
    version: str,
) -> Level | None:
    """Return the manylinux level from which on ``version`` is there; ``None`` when its family is not spoken of.

    What the lowest level of the CPU has already asks for nothing (``ANY``).

    >>> level_of_version("x86_64", "GLIBC_2.29"), level_of_version("x86_64", "GLIBCXX_3.4.20")
    ((2, 29), (2, 24))
    """
    family, _, text = version.partition("_")
    known = levels(cpu)
    if not known or family not in known[0][1]["cpus"][cpu]:
        return None
    numbers = parse_version(text)
    # PEP 600: of glibc the level is the version itself.
    if family == "GLIBC" and numbers is not None:
        return numbers[:2] if len(numbers) > 1 else ANY
    lowest_level = known[0][0]
    for level, policy in known:
        if _allows(policy["cpus"][cpu][family], text, numbers):
            return ANY if level == lowest_level else level
    return NEVER


def _allows(
    allowed: Mapping[str, Any],
    text: str,
    numbers: tuple[int, ...] | None,
) -> bool:
    """Return whether a level has a version: it goes up to a number, and has some words besides (``CXXABI_FLOAT128``)."""
    if text in allowed["also"]:
        return True
    highest = parse_version(allowed["to"])
    return numbers is not None and highest is not None and numbers <= highest


def parse_version(text: str) -> tuple[int, ...] | None:
    """Return the numbers of a symbol version, ``None`` when it is a word (``GLIBC_PRIVATE``)."""
    parts = text.split(".")
    if not all(part.isdecimal() for part in parts):
        return None
    return tuple(map(int, parts))


@functools.cache
def level_of_library(
    cpu: str,
    library: str,
) -> Level:
    """Return the manylinux level from which on ``library`` is supplied."""
    for level, policy in levels(cpu):
        if library in policy["libraries"]:
            return level
    return NEVER


@functools.cache
def supplied_by(
    kind: str,
    cpu: str,
    library: str,
) -> Supplied | None:
    """Return from which level of ``manylinux`` or ``musllinux`` on ``library`` is there; ``None`` when no level has it."""
    if kind == "musllinux":
        return _supplied_by_musl(library)
    # A CPU without manylinux levels has no promise to keep, so nothing is outside of one.
    if library.startswith(LOADERS) or not levels(cpu):
        return Supplied()
    level = level_of_library(cpu, library)
    if level == NEVER:
        return None
    # What the first level has, every Linux with glibc has.
    is_always_there = level <= lowest(cpu)
    return Supplied(since=ANY if is_always_there else level)


def _supplied_by_musl(library: str) -> Supplied | None:
    """Return whether a system with musl has a library: the loader, which is the libc, and the few that PEP 656 grants."""
    if library.startswith(LOADERS) or is_musl(library):
        return Supplied()
    if library in musl_policy()["libraries"]:
        return Supplied()
    return None


@functools.cache
def private_symbols(
    cpu: str,
    library: str,
) -> Mapping[str, Level]:
    """Return symbols of a supplied library that one may not use, and from which level on one may."""
    found: dict[str, Level] = {}
    for level, policy in levels(cpu):
        names = policy["private"].get(library, ())
        # What a level no longer lists is public from there on.
        for name, since in found.items():
            if since is NEVER and name not in names:
                found[name] = level
        found.update(dict.fromkeys(names, NEVER))
    return found


@functools.cache
def symbols_new_in_musl() -> Mapping[str, str]:
    """Return the release that each symbol of musl came with, where it is not older than all releases that count."""
    found = {}
    for release, names in musl_policy()["added"].items():
        found.update(dict.fromkeys(names, release))
    return found

"""From which level on Linux systems have a library, a symbol version or a private symbol: ``policy/linux.json``, looked up.

For a glibc without an entry of its own the GLIBC symbols go up to its version, and everything else is as at the nearest
level below: nothing is promised that the older distributions would not keep. Pure; see ``docs/regenerate/linux_policy.py``.
"""

from __future__ import annotations

import functools

from ...data_tables import table
from ...model.audit import Supplied
from ...model.tags import ANY, NEVER
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


def lowest(cpu: str) -> Level:
    """Return the lowest manylinux level that exists for ``cpu``.

    >>> lowest("aarch64"), lowest("x86_64")
    ((2, 17), (2, 5))
    """
    known = levels(cpu)
    return known[0][0] if known else NEVER


@functools.cache
def level_of_version(cpu: str, version: str) -> Level | None:
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
    if family == "GLIBC" and numbers is not None:
        return (numbers[0], numbers[1]) if len(numbers) > 1 else ANY
    for level, policy in known:
        allowed = policy["cpus"][cpu][family]
        highest = parse_version(allowed["to"]) or ()
        if text in allowed["also"] or (numbers is not None and numbers <= highest):
            return ANY if level == known[0][0] else level
    return NEVER


def parse_version(text: str) -> tuple[int, ...] | None:
    """Return the numbers of a symbol version, ``None`` when it is a word (``GLIBC_PRIVATE``)."""
    parts = text.split(".")
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else None


@functools.cache
def level_of_library(cpu: str, library: str) -> Level:
    """Return the manylinux level from which on ``library`` is supplied."""
    for level, policy in levels(cpu):
        if library in policy["libraries"]:
            return level
    return NEVER


@functools.cache
def supplied_by(kind: str, cpu: str, library: str) -> Supplied | None:
    """Return from which level of ``manylinux`` or ``musllinux`` on ``library`` is there; ``None`` when no level has it."""
    if library.startswith(LOADERS):
        return Supplied()
    if kind == "musllinux":
        return (
            Supplied()
            if is_musl(library) or library in musl_policy()["libraries"]
            else None
        )
    # A CPU without manylinux levels has no promise to keep, so nothing is outside of one.
    if not levels(cpu):
        return Supplied()
    level = level_of_library(cpu, library)
    if level == NEVER:
        return None
    return Supplied(since=ANY if level <= lowest(cpu) else level)


@functools.cache
def private_symbols(cpu: str, library: str) -> Mapping[str, Level]:
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

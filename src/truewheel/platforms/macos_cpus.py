"""Which CPUs each file of a wheel for macOS is for, as far as a tag has to ask. Pure."""

from __future__ import annotations

import posixpath

from ..model.binary import Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..model.audit import LoadableSlice

_FOR_SOME_MACHINES = {"arm64e": "arm64", "x86_64h": "x86_64"}
"""Code for some machines of a CPU only, or for Apple's own programs, and that CPU: no tag promises so little."""


def machines_of(cpu: str) -> str:
    """Return the CPU whose machines may run the code.

    >>> machines_of("x86_64h"), machines_of("arm64")
    ('x86_64', 'arm64')
    """
    return _FOR_SOME_MACHINES.get(cpu, cpu)


def cpus_by_file(files: Sequence[LoadableSlice]) -> Mapping[str, frozenset[str]]:
    """Return the CPUs of each file that count: code for some machines of a CPU adds nothing to code for all of them.

    A library that is asked for by code of its own CPU alone is left out: the other CPU never looks for it. Two wheels that
    were made self-contained by themselves, and then joined, have such libraries, each named by a hash of its content.
    """
    by_file: dict[str, set[str]] = {}
    for code in files:
        by_file.setdefault(code.path, set()).add(code.cpu)
    found = {}
    for path, cpus in sorted(by_file.items()):
        found[path] = frozenset(
            cpu for cpu in cpus if _FOR_SOME_MACHINES.get(cpu) not in cpus
        )
    counting = dict(found)
    for path in _asked_for_by_own_cpu(files, found):
        del counting[path]
    # Libraries that need each other, and nothing else: then they are what the wheel is for.
    return counting or found


def _asked_for_by_own_cpu(
    files: Sequence[LoadableSlice], cpus: Mapping[str, frozenset[str]]
) -> set[str]:
    """Return the libraries that files need, and only on CPUs for which they have code."""
    needed: dict[str, set[str]] = {}
    for code in files:
        for need in code.slice.needs:
            users = needed.setdefault(posixpath.basename(need.library), set())
            users.add(machines_of(code.cpu))
    found = set()
    for code in files:
        users = needed.get(posixpath.basename(code.path), set())
        own = set(map(machines_of, cpus[code.path]))
        is_library = code.slice.kind is Kind.SHARED
        # A file for dlopen() is asked for by nobody: whether the other CPU wants it, nothing tells.
        if is_library and users and users <= own:
            found.add(code.path)
    return found

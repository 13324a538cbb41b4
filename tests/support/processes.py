"""What several processes of a watched build did together: tests ask for it, while builds go step by step."""

from __future__ import annotations

from collections.abc import Iterable

from truewheel.model.observation import Process, Trace

SETS = (
    "read",
    "missing",
    "looked_at",
    "listed",
    "trees",
    "run",
    "written",
    "removed",
    "variables",
    "network",
    "unseen",
)
"""The fields of a process that add up."""


def descendants(trace: Trace, number: int) -> tuple[Process, ...]:
    """Return a process and all that it started, directly or not, in the order of their starts."""
    family = {number}
    found = []
    # A parent starts before its children, so that one pass finds them all.
    for process in sorted(trace.processes.values(), key=lambda each: each.number):
        if process.number in family or process.parent in family:
            family.add(process.number)
            found.append(process)
    return tuple(found)


def together(processes: Iterable[Process]) -> Process:
    """Return what several processes did, as if the first of them had done it all.

    :raises ValueError: when there is none.
    """
    processes = tuple(processes)
    if not processes:
        raise ValueError("no process was observed")
    first = processes[0]
    sums = {}
    for field in SETS:
        sums[field] = frozenset[str]().union(
            *(getattr(process, field) for process in processes)
        )
    return Process(
        number=first.number,
        parent=first.parent,
        program=first.program,
        folder=first.folder,
        arguments=first.arguments,
        **sums,  # type: ignore[arg-type]
    )

"""All cores at work on a list. ``concurrent.futures`` would do, but it imports ``logging`` and more."""

from __future__ import annotations

import os
import threading
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    T = TypeVar("T")
    R = TypeVar("R")


def cores() -> int:
    """Return how many cores this process may use."""
    # From Python 3.13 on, there is one question for it, which users may answer (PYTHON_CPU_COUNT).
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or 1
    # In a container or under taskset there may be fewer than the machine has.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def each(
    work: Callable[[T], R], items: Sequence[T], *, threads: int | None = None
) -> list[R]:
    """Return what ``work`` makes of each item, in their order; it should be work that lets other threads run.

    :param threads: how many may run; as many as there are cores by default.
    :raises BaseException: whatever ``work`` raised first; items that were not begun by then are left.
    """
    waiting = deque(enumerate(items))
    done: dict[int, R] = {}
    failures: list[BaseException] = []

    def run() -> None:
        """Take items and work on them, until none is left or a thread has failed."""
        # Both are looked at without a lock: deque and list are safe to use from several threads.
        while waiting and not failures:
            try:
                index, item = waiting.popleft()
            except IndexError:  # another thread was quicker
                return
            try:
                done[index] = work(item)
            except BaseException as error:  # noqa: BLE001  # raised again below
                failures.append(error)

    helpers = min(threads or cores(), len(items)) - 1  # this thread works as well
    started = [threading.Thread(target=run) for _ in range(helpers)]
    for thread in started:
        thread.start()
    run()
    # All have ended before anything is raised: a thread may still read the file that the caller closes.
    for thread in started:
        thread.join()
    if failures:
        raise failures[0]
    return [done[index] for index in range(len(items))]

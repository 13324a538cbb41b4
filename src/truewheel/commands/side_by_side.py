"""Several wheels at once, each in a process: what ``check`` and ``repair`` do with more than one.

Python runs one thing at a time in a process, and most of what is asked of a wheel is Python. Whether processes are worth
their start is decided here, and how many cores each wheel may have.
"""

from __future__ import annotations

import contextlib
import os
from functools import partial

from ..model.errors import TruewheelError
from ..model.record import NamedTuple
from ..system.wheels.workers import cores

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .judging import Judge, Judged, Named

_EACH = 300_000
"""What a wheel costs besides its size, in bytes that could be read meanwhile."""
_WORTH = 20_000_000
"""Bytes from which on processes are worth their start, which takes some hundredths of a second."""


class Share(NamedTuple):
    """One wheel to be judged.

    :param threads: how many may look at it.
    """

    named: Named
    threads: int


def judge_all(
    judge: Judge, wheels: Sequence[Named], *, jobs: int | None
) -> Iterator[Judged | TruewheelError]:
    """Yield what came of each wheel, in their order, as soon as it is known.

    :param jobs: how many cores may be used; all that this process may use by default.
    """
    weights = [_weight(named.path) for named in wheels]
    most = cores() if jobs is None else jobs
    processes = min(most, len(wheels))
    if processes < 2 or sum(weights) < _WORTH:
        for named in wheels:
            yield judge.judge_or_explain(named, threads=jobs)
        return
    _import_what_is_needed(judge, wheels, weights)
    from ..system.worker_processes import Died, worker_processes

    shares = [
        Share(named, _threads(weight, sum(weights), most))
        for named, weight in zip(wheels, weights, strict=True)
    ]
    work = partial(_judge_share, judge)
    with worker_processes(work, processes=processes) as workers:
        order = _order(weights, processes)
        answers = workers.each(shares, order, _light(weights, processes))
        for named, answer in zip(wheels, answers, strict=True):
            if isinstance(answer, Died):
                yield death(named.path, "checked", answer.how)
            else:
                yield answer


def _import_what_is_needed(
    judge: Judge, wheels: Sequence[Named], weights: Sequence[int]
) -> None:
    """Judge one wheel for nothing: processes are copies of this one, and need not import what it has imported.

    That takes longer than the wheel, which is one of middle size: the smallest ones have no binary.
    """
    by_weight = sorted(range(len(wheels)), key=weights.__getitem__)
    middle = wheels[by_weight[len(wheels) // 2]]
    # Whatever is wrong with it is told when its turn has come.
    with contextlib.suppress(Exception):
        judge.judge(middle, threads=1)


def death(path: str | os.PathLike[str], done: str, how: str) -> TruewheelError:
    """Return that a process has died over a wheel, as an error.

    :param done: what it did with it: ``checked``.
    """
    return TruewheelError(
        f"{os.fspath(path)}: the process that {done} it was killed",
        context=[how],
        hint="there may be too little memory for several at once: --jobs 1",
    )


def _judge_share(judge: Judge, share: Share) -> Judged | TruewheelError:
    """Judge one wheel in a process of its own."""
    try:
        return judge.judge_or_explain(share.named, threads=share.threads)
    except MemoryError:
        # The others are in other processes, and go on.
        return TruewheelError(
            f"{share.named.path}: there is not enough memory",
            hint="give it more, or look at fewer wheels at once: --jobs 1",
        )


def _weight(path: str) -> int:
    """Return how much work a wheel is, in bytes."""
    try:
        return os.stat(path).st_size + _EACH
    except (OSError, ValueError):
        # What is not there is told by whoever reads it.
        return 0


def _threads(weight: int, total: int, most: int) -> int:
    """Return how many cores a wheel may have: its share of all work, rounded up.

    So all that are looked at together never use many more than there are, and memory stays bounded by the cores.

    >>> _threads(10, 1000, 2), _threads(900, 1000, 4)
    (1, 4)
    """
    return max(1, -(-weight * most // total))


def _light(weights: Sequence[int], processes: int) -> frozenset[int]:
    """Return the wheels that nobody has to wait for, by their numbers.

    >>> sorted(_light([1, 50, 1, 48], 1))
    [0, 2]
    """
    most = sum(weights) // (32 * processes)
    light = [number for number, weight in enumerate(weights) if weight <= most]
    return frozenset(light)


def _order(weights: Sequence[int], processes: int) -> list[int]:
    """Return in which order wheels are begun, by their numbers: as they are named, so that reports come early, and yet so
    that all processes end at about the same time.

    A wheel that would keep one process busy for long after the others have ended is begun first. The last third is begun
    with its largest: at the end, only small ones are left to wait for.

    >>> _order([1, 1, 1, 1, 9], 2)
    [4, 0, 1, 2, 3]
    """
    total = sum(weights)
    large = total // (4 * processes)
    first = []
    middle = []
    last = []
    begun = 0
    for number, weight in enumerate(weights):
        begun += weight
        if weight > large:
            first.append(number)
        elif begun <= total * 2 // 3:
            middle.append(number)
        else:
            last.append(number)

    def largest_first(number: int) -> int:
        return -weights[number]

    return [
        *sorted(first, key=largest_first),
        *middle,
        *sorted(last, key=largest_first),
    ]

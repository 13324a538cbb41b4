"""Processes that work on a list side by side: answers in the order of the list, and one that dies takes nothing with it.

``concurrent.futures`` gives up all that is waiting when one of its processes is killed, and does not tell at what it was. Here
the item is told, and another process goes on with the rest. Nothing here knows what the work is.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import pickle
import signal
import threading
import traceback
from collections import deque
from functools import partial
from multiprocessing import connection
from typing import TYPE_CHECKING

from ..model.record import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkContext, SpawnContext
    from multiprocessing.process import BaseProcess
    from types import FrameType
    from typing import Any

_PATIENCE = 5.0
"""Seconds in which a process that is told to end may clean up."""


class Died(NamedTuple):
    """The answer about an item at which its process ended.

    :param how: ``signal 9 (SIGKILL)`` or ``exit code 3``.
    """

    how: str


class _Failure(NamedTuple):
    """An exception that the work raised, on its way to the parent.

    :param text: its traceback, which pickle does not take along.
    """

    error: Exception
    text: str


class _RemoteError(Exception):
    """The traceback of another process, shown as the cause of what is raised here."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


class _Worker:
    """One process, seen from its parent."""

    def __init__(
        self,
        context: ForkContext | SpawnContext,
        work: Callable[[Any], Any],
        others: Sequence[Connection],
    ) -> None:
        """Start it.

        :param others: our ends of the pipes to other processes.
        """
        self.pipe, theirs = context.Pipe()
        # A process that is spawned has none of our ends; one that is forked has all.
        is_copy = context.get_start_method() == "fork"
        serve = partial(
            _serve,
            work,
            theirs,
            not_ours=(*others, self.pipe) if is_copy else (),
            collects=gc.isenabled(),
        )
        self.process: BaseProcess = context.Process(target=serve, daemon=True)
        # At most two: the one that it works on, and one that waits there already.
        self.items: deque[int] = deque()
        with _interrupts_held():
            self.process.start()
        # Ours would keep the pipe open after the process has ended.
        theirs.close()

    def give(self, number: int, item: object) -> None:
        """Hand an item to it. One that is dead does not take it, and is found out when its answer is asked for."""
        self.items.append(number)
        with contextlib.suppress(OSError):
            self.pipe.send(item)

    def answer(self) -> object:
        """Return what it made of its item, or that it died."""
        try:
            return self.pipe.recv()
        # Killed before it answered, or while it did: half of a message is no message.
        except (EOFError, OSError, pickle.UnpicklingError):
            self.stop()
            return Died(_how(self.process.exitcode))

    def tell_to_end(self) -> None:
        """Have it end soon. One that has nothing to do has nothing to clean up, either."""
        if not self.items:
            self.process.kill()
        else:
            self.process.terminate()

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        self.process.join(_PATIENCE)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
        self.pipe.close()


@contextlib.contextmanager
def worker_processes(
    work: Callable[[Any], Any], *, processes: int
) -> Iterator[WorkerProcesses]:
    """Let so many processes wait for work; they have ended when the context is left, however it is left.

    :param work: a function at the top of a module, or an object that can be pickled.
    """
    workers = WorkerProcesses(work, processes=processes)
    try:
        yield workers
    finally:
        workers.stop()


class WorkerProcesses:
    """Processes that all do the same work; they are started when there is some."""

    def __init__(self, work: Callable[[Any], Any], *, processes: int) -> None:
        self._work = work
        self._count = processes
        self._context = _context()
        self._workers: list[_Worker] = []
        self._light: Collection[int] = frozenset()

    def stop(self) -> None:
        """End all: those that are still at work are of no use to anybody."""
        for worker in self._workers:
            worker.tell_to_end()
        for worker in self._workers:
            worker.stop()
        self._workers.clear()

    def each(
        self,
        items: Sequence[Any],
        order: Iterable[int] = (),
        light: Collection[int] = frozenset(),
    ) -> Iterator[Any]:
        """Yield what the work makes of each item, in the order of the items, as soon as it is known.

        :param order: numbers of items that are to be begun first; the others follow in their order.
        :param light: numbers of items that take so little time that a process may get the next one while it is at one of
            them. To wake the parent takes longer than many an item, if all cores are busy.
        :raises Exception: what the work raised, when its turn has come.
        """
        waiting = deque(dict.fromkeys([*order, *range(len(items))]))
        done: dict[int, object] = {}
        self._light = light
        self._hand_out(items, waiting)
        for number in range(len(items)):
            # Many answers may lie here already, which are told one by one: meanwhile, nobody is to be idle.
            self._exchange(items, waiting, done, patience=0)
            while number not in done:
                self._exchange(items, waiting, done, patience=None)
            yield _raised_or_returned(done.pop(number))

    def _exchange(
        self,
        items: Sequence[Any],
        waiting: deque[int],
        done: dict[int, object],
        *,
        patience: float | None,
    ) -> None:
        """Take the answers that there are, and give new items for them.

        :param patience: seconds to wait for an answer; ``None`` for as long as it takes.
        """
        for number, answer, left in self._answers(patience):
            done[number] = answer
            waiting.extendleft(left)
        self._hand_out(items, waiting)

    def _hand_out(self, items: Sequence[Any], waiting: deque[int]) -> None:
        """Give an item to every process that has none; start processes while there is more work than they are."""
        for worker in self._workers:
            if waiting and not worker.items:
                number = waiting.popleft()
                worker.give(number, items[number])
        while waiting and len(self._workers) < self._count:
            others = [worker.pipe for worker in self._workers]
            worker = _Worker(self._context, self._work, others)
            self._workers.append(worker)
            number = waiting.popleft()
            worker.give(number, items[number])
        for worker in self._workers:
            # At the end, each goes to whoever is free first.
            if len(waiting) <= len(self._workers):
                return
            if self._may_have_next(worker, waiting[0]):
                number = waiting.popleft()
                worker.give(number, items[number])

    def _may_have_next(self, worker: _Worker, number: int) -> bool:
        """Return whether an item may wait at a process that is at another one."""
        if len(worker.items) != 1:
            return False
        return number in self._light and worker.items[0] in self._light

    def _answers(
        self, patience: float | None
    ) -> Iterator[tuple[int, object, tuple[int, ...]]]:
        """Wait until a process has an answer. Yield the number of each item that has one, the answer, and what waited there.

        :param patience: seconds to wait at most.
        """
        busy: dict[object, _Worker] = {
            worker.pipe: worker for worker in self._workers if worker.items
        }
        pipes = [worker.pipe for worker in busy.values()]
        for pipe in connection.wait(pipes, patience):
            worker = busy[pipe]
            number = worker.items.popleft()
            answer = worker.answer()
            left: tuple[int, ...] = ()
            # Another one is started for what is left, and gets also what waited at this one.
            if isinstance(answer, Died):
                self._workers.remove(worker)
                left = tuple(worker.items)
            yield number, answer, left


def _raised_or_returned(answer: object) -> object:
    if isinstance(answer, _Failure):
        raise answer.error from _RemoteError(answer.text)
    return answer


def _context() -> ForkContext | SpawnContext:
    """Return how processes are started: as copies of this one where that is safe, for those have everything imported."""
    # macOS and Windows spawn by default: there a copy is not safe, or not possible. A thread would not be copied.
    is_safe = multiprocessing.get_context().get_start_method() != "spawn"
    if is_safe and threading.active_count() == 1:
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context("spawn")


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let Ctrl-C wait while a process is started: the new one inherits that, and leaves Ctrl-C to its parent."""
    # Windows has no such mask; there the process ignores it a moment later.
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _how(exitcode: int | None) -> str:
    """Return how a process ended, as people say it.

    >>> _how(-9), _how(3)
    ('signal 9 (SIGKILL)', 'exit code 3')
    """
    if exitcode is None or exitcode >= 0:
        return f"exit code {exitcode}"
    number = -exitcode
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
    return f"signal {number} ({name})"


# --- in the process ---------------------------------------------------------------------------------------------


def _serve(
    work: Callable[[Any], Any],
    pipe: Connection,
    *,
    not_ours: Sequence[Connection],
    collects: bool,
) -> None:
    """Answer every item that comes, until no more can come.

    :param not_ours: ends of pipes that came with the copy. While they are open here, nobody learns that the parent is gone.
    :param collects: whether cyclic garbage is collected, as in the parent.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    for other in not_ours:
        other.close()
    if not collects:
        gc.disable()
    # The parent may go at any time: there is nobody to tell.
    with contextlib.suppress(EOFError, OSError):
        while True:
            item = pipe.recv()
            pipe.send_bytes(_pickled_answer(work, item))


def _pickled_answer(work: Callable[[Any], Any], item: object) -> bytes:
    """Return what the work makes of an item, or what it raises, as bytes."""
    try:
        return pickle.dumps(work(item), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001  # raised again in the parent
        text = traceback.format_exc()
        try:
            packed = pickle.dumps(_Failure(error, text))
            # Some errors can be packed and not unpacked.
            pickle.loads(packed)  # noqa: S301  # our own bytes
        except Exception:  # noqa: BLE001  # whatever their own methods raise
            return pickle.dumps(_Failure(RuntimeError(repr(error)), text))
        return packed


def _leave(_signal: int, _frame: FrameType | None) -> None:
    """End the process as if it were done, so that files that are half written are removed."""
    raise SystemExit(0)

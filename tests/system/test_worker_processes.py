"""Processes that work side by side: their order, their deaths, their errors, and their end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Collection
from pathlib import Path

import pytest

from support.paths import ROOT
from truewheel.model.errors import WheelError
from truewheel.system.worker_processes import Died, worker_processes


def doubled(number: int) -> int:
    """Double a number, the first ones last."""
    time.sleep(0.05 / (number + 1))
    return 2 * number


def fatal(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 4:
        os._exit(7)
    return number


def raising(number: int) -> int:
    if number == 1:
        raise WheelError("one is not a wheel", context=["it is a number"])
    if number == 3:
        raise LookupError("three")
    if number == 4:
        raise UnpackableError(4, 5)
    return number


class UnpackableError(Exception):
    """An error that pickle cannot make anew: its constructor wants two values, and hands on one."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(first)
        self.second = second


def asleep(place: Path) -> None:
    """Say who is at work, and go on for longer than a test."""
    (place / str(os.getpid())).write_text("")
    time.sleep(600)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("light", [(), range(5)])
@pytest.mark.parametrize("processes", [1, 2, 3, 9])
def test_answers_come_in_the_order_of_the_items(
    processes: int, light: Collection[int]
) -> None:
    with worker_processes(doubled, processes=processes) as workers:
        assert list(workers.each(range(7), light=light)) == [0, 2, 4, 6, 8, 10, 12]
        # The processes are still there, and take more.
        assert list(workers.each([3, 1], order=[1])) == [6, 2]
        assert list(workers.each([])) == []


@pytest.mark.parametrize("light", [(), range(8)])
def test_a_process_that_dies_costs_its_item_alone(light: Collection[int]) -> None:
    """What waited at it already is given to another one."""
    with worker_processes(fatal, processes=2) as workers:
        answers = list(workers.each(range(8), light=light))
    dead = Died("signal 9 (SIGKILL)")
    assert answers == [0, 1, dead, 3, Died("exit code 7"), 5, 6, 7]


def test_what_the_work_raises_is_raised_when_its_turn_has_come() -> None:
    with worker_processes(raising, processes=2) as workers:
        answers = workers.each(range(6), order=[3])
        assert next(answers) == 0
        with pytest.raises(WheelError, match="one is not a wheel") as caught:
            next(answers)
    assert caught.value.context == ("it is a number",)


@pytest.mark.parametrize(("number", "kind"), [(3, LookupError), (4, RuntimeError)])
def test_a_mistake_keeps_its_traceback(number: int, kind: type[Exception]) -> None:
    with (
        worker_processes(raising, processes=1) as workers,
        pytest.raises(kind) as caught,
    ):
        list(workers.each([number]))
    assert "in raising" in str(caught.value.__cause__)


def test_all_have_ended_when_the_context_is_left(tmp_path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 1.5)
    try:
        with (
            pytest.raises(KeyboardInterrupt),
            worker_processes(asleep, processes=2) as workers,
        ):
            list(workers.each([tmp_path, tmp_path, tmp_path]))
    finally:
        signal.signal(signal.SIGALRM, before)
    at_work = [path.name for path in tmp_path.iterdir()]
    assert len(at_work) == 2
    assert [name for name in at_work if is_alive(int(name))] == []


def test_processes_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    """Each finishes what it is at, and finds that nobody asks for more."""
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent(
            """
            import os, signal, time
            from truewheel.system.worker_processes import worker_processes
            def work(number):
                print(os.getpid(), flush=True)
                time.sleep(0.3)
                return number
            with worker_processes(work, processes=3) as workers:
                for number in workers.each(range(100)):
                    if number == 2:
                        os.kill(os.getpid(), signal.SIGKILL)
            """
        )
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    # It ends when all who may write have ended.
    done = subprocess.run(
        [sys.executable, script], env=environ, capture_output=True, text=True, check=False, timeout=60
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    assert done.stderr == ""
    assert len(set(done.stdout.split())) == 3


def test_processes_are_spawned_where_a_copy_is_not_safe() -> None:
    """A thread may hold a lock that would stay locked in a copy of this process."""
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)
    thread.start()
    try:
        with worker_processes(doubled, processes=2) as workers:
            assert list(workers.each(range(3))) == [0, 2, 4]
    finally:
        ended.set()
        thread.join()

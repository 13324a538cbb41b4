"""Work that several threads share."""

from __future__ import annotations

import threading
import time

import pytest

from truewheel.system.wheels.workers import cores, each


def test_results_stand_in_the_order_of_the_items() -> None:
    def slow_first(number: int) -> int:
        time.sleep(0.02 if number == 0 else 0)
        return number * number

    assert each(slow_first, range(50)) == [n * n for n in range(50)]
    assert each(slow_first, []) == []


def test_several_threads_work() -> None:
    seen = set()

    def look(_: int) -> None:
        seen.add(threading.get_ident())
        time.sleep(0.01)

    each(look, range(20))
    assert len(seen) == min(cores(), 20)


def test_the_first_failure_is_raised_and_the_rest_left() -> None:
    begun = []

    def fail(number: int) -> None:
        begun.append(number)
        raise KeyError(number)

    with pytest.raises(KeyError):
        each(fail, range(1000))
    assert len(begun) <= cores()

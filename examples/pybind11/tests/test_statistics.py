import statistics

import pytest
from example_pybind11 import Running


def test_agrees_with_the_standard_library():
    values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]
    running = Running()
    running.extend(values)
    assert len(running) == 8
    assert running.mean == pytest.approx(statistics.mean(values))
    assert running.variance == pytest.approx(statistics.variance(values))


def test_says_when_there_is_nothing_to_say():
    with pytest.raises(ValueError, match="no values"):
        Running().mean

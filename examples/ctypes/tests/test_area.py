import pytest
from example_ctypes import area


def test_simple_shapes():
    assert area([(0, 0), (2, 0), (2, 3), (0, 3)]) == 6.0
    assert area([(0, 0), (0, 1), (1, 0)]) == 0.5


@pytest.mark.parametrize("corners", [[], [(1, 1)], [(1, 1), (2, 2)]])
def test_less_than_three_corners_have_no_area(corners):
    assert area(corners) == 0.0

import pytest
from example_nanobind import Polynomial


def test_value_and_derivative():
    square = Polynomial([1.0, 2.0, 3.0])
    assert square(2.0) == 17.0
    assert square.derivative().coefficients == [2.0, 6.0]


def test_needs_a_coefficient():
    with pytest.raises(ValueError, match="coefficient"):
        Polynomial([])

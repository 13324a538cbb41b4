import numpy as np
import pytest
from example_fortran_bind_c import smooth


def test_draws_towards_what_was_before():
    np.testing.assert_allclose(smooth([0.0, 1.0, 1.0], 0.5), [0.0, 0.5, 0.75])


def test_takes_strided_and_other_types():
    values = np.arange(10, dtype=np.float32)[::2]
    np.testing.assert_array_equal(smooth(values, 1.0), values)


def test_nothing_stays_nothing():
    assert smooth([], 0.5).shape == (0,)


@pytest.mark.parametrize("weight", [0.0, -1.0, 1.5, float("nan")])
def test_refuses_other_weights(weight):
    with pytest.raises(ValueError, match="weight"):
        smooth([1.0], weight)


def test_refuses_two_dimensions():
    with pytest.raises(ValueError):
        smooth(np.zeros((2, 2)), 0.5)

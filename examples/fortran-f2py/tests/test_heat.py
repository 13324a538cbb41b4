import numpy as np
from example_fortran_f2py import step


def test_agrees_with_numpy():
    plate = np.random.default_rng(1).random((7, 9))
    expected = plate.copy()
    expected[1:-1, 1:-1] += 0.1 * (
        plate[:-2, 1:-1] + plate[2:, 1:-1] + plate[1:-1, :-2] + plate[1:-1, 2:] - 4 * plate[1:-1, 1:-1]
    )
    np.testing.assert_allclose(step(plate, 0.1), expected)


def test_an_even_plate_stays_even():
    plate = np.full((5, 5), 20.0)
    np.testing.assert_array_equal(step(plate, 0.25), plate)

import numpy as np
from example_fortran_f2py import rod_step, step


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


def test_a_rod_agrees_with_numpy():
    rod = np.random.default_rng(2).random(6)
    system = np.eye(6)
    for i in range(1, 5):
        system[i, i - 1 : i + 2] = (-3, 7, -3)
    np.testing.assert_allclose(rod_step(rod, 3.0), np.linalg.solve(system, rod))


def test_a_rod_keeps_its_ends():
    after = rod_step([20.0, 0.0, 0.0, 80.0], 1e9)
    np.testing.assert_allclose(after, [20.0, 40.0, 60.0, 80.0], rtol=1e-6)

import numpy as np
import pytest
from example_numpy_ufunc import logistic


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-6), (np.float64, 1e-15)])
def test_values_keep_their_type(dtype, tolerance):
    x = np.linspace(-5, 5, 101, dtype=dtype)
    y = logistic(x)
    assert y.dtype == dtype
    np.testing.assert_allclose(y, 1 / (1 + np.exp(-x)), rtol=tolerance * 10)


def test_far_out_there_is_no_overflow():
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_array_equal(logistic([-1e6, 0.0, 1e6]), [0.0, 0.5, 1.0])


def test_numpy_does_the_rest():
    assert isinstance(logistic, np.ufunc)
    out = np.zeros((2, 3))
    logistic(np.zeros(3), out=out, where=[True, False, True])
    np.testing.assert_array_equal(out, [[0.5, 0, 0.5]] * 2)
    np.testing.assert_array_equal(logistic(np.zeros(6)[::2]), [0.5] * 3)

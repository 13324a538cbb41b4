from example_cython import primes


def test_small_limits():
    assert primes(0) == primes(2) == []
    assert primes(12) == [2, 3, 5, 7, 11]


def test_counts_what_is_known():
    assert len(primes(100_000)) == 9592

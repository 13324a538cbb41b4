import os
import random

import pytest
from example_cpu_variants import compiled_for, distance


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 1000])
def test_agrees_with_python(size):
    chance = random.Random(size)
    x, y = chance.randbytes(size), chance.randbytes(size)
    difference = int.from_bytes(x, "big") ^ int.from_bytes(y, "big")
    assert distance(x, y) == bin(difference).count("1")


def test_refuses_different_lengths():
    with pytest.raises(ValueError, match="same length"):
        distance(b"1", b"12")


def test_is_the_wheel_that_was_meant():
    assert compiled_for == os.environ.get("EXAMPLE_CPU_VARIANTS", compiled_for)

import importlib.metadata
import os

import example_accelerator
import pytest
from example_accelerator import _python, distance

WORDS = ["", "a", "kitten", "sitting", "Straße", "Strasse", "日本語", "日本", "\U0001f40d snake"]


@pytest.mark.parametrize("first", WORDS)
@pytest.mark.parametrize("second", WORDS)
def test_both_agree(first, second):
    assert distance(first, second) == _python.distance(first, second) == distance(second, first)


def test_known_values():
    assert distance("kitten", "sitting") == 3
    assert distance("", "four") == 4


def test_the_wheel_says_which_it_is():
    text = importlib.metadata.distribution("example-accelerator").read_text("WHEEL")
    assert ("py3-none-any" not in text) is example_accelerator.COMPILED
    if (wanted := os.environ.get("EXPECT_COMPILED")) is not None:
        assert example_accelerator.COMPILED is (wanted == "1")

import pytest
from example_several_modules import read, write


@pytest.mark.parametrize("number", [0, 1, 31, 32, 1234, 2**63, 2**64 - 1])
def test_there_and_back(number):
    assert read(write(number)) == number


def test_known_text():
    assert write(1234) == "16J"
    assert read("16j") == read("L6J") == 1234
    assert read("O") == 0


@pytest.mark.parametrize("text", ["", "U", "1 2", "G" + "0" * 12, "é"])
def test_refuses_what_is_no_number(text):
    with pytest.raises(ValueError, match="base 32"):
        read(text)


@pytest.mark.parametrize("number", [-1, 2**64])
def test_refuses_what_is_too_large(number):
    with pytest.raises(OverflowError):
        write(number)

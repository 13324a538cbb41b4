import pytest
from example_c_library_consumer import square


def test_known_places():
    assert square(48.14666, 11.60833) == "JN58td"
    assert square(-34.91, -56.21166) == "GF15vc"


def test_the_edges_of_the_map():
    assert square(90, 180) == "RR99xx"
    assert square(-90, -180) == "AA00aa"


def test_refuses_other_worlds():
    with pytest.raises(ValueError, match="no such place"):
        square(91, 0)

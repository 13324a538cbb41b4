import re

import pytest
from example_bundled_library import libyaml_version, outline

TEXT = """\
city: Bath
roads: [A4, {name: A36, lanes: 2}]
"""


def test_scalars_have_their_depth():
    assert outline(TEXT) == [
        (0, "city"),
        (0, "Bath"),
        (0, "roads"),
        (1, "A4"),
        (2, "name"),
        (2, "A36"),
        (2, "lanes"),
        (2, "2"),
    ]


def test_what_is_not_yaml_is_told_with_its_line():
    with pytest.raises(ValueError, match=r"line 2: did not find expected"):
        outline("a: [1,\n")


def test_the_library_is_libyaml():
    assert re.fullmatch(r"0\.\d+\.\d+", libyaml_version())

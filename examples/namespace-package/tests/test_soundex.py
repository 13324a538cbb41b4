import importlib

import example_space
import pytest
from example_space.text import soundex


@pytest.mark.parametrize(
    ("name", "code"),
    [("Robert", "R163"), ("Rupert", "R163"), ("Ashcraft", "A261"), ("Tymczak", "T522"), ("Pfister", "P236"), ("Lee", "L000")],
)
def test_known_codes(name, code):
    assert soundex(name) == code


def test_refuses_what_has_no_letter():
    with pytest.raises(ValueError, match="no letter"):
        soundex("42")


def test_another_distribution_can_add_its_part(tmp_path, monkeypatch):
    (tmp_path / "example_space").mkdir()
    (tmp_path / "example_space" / "colour.py").write_text("red = 0xFF0000\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    assert importlib.import_module("example_space.colour").red == 0xFF0000
    assert getattr(example_space, "__file__", None) is None

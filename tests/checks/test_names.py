"""Names that file systems take for one another, or cannot hold."""

from __future__ import annotations

import time

import pytest

from support.checks import codes_of_wheel
from support.facts import contents, wheel
from truewheel.checks import check_tree, check_wheel
from truewheel.model.contents import File


@pytest.mark.parametrize(("path", "code"), [("P/__INIT__.py", "TW501"), ("p/__init__.py/x", "TW527")])
def test_names_that_file_systems_take_for_one_are_told(path: str, code: str) -> None:
    assert codes_of_wheel(wheel(path)) == [code]


def test_directories_that_differ_in_case_become_one() -> None:
    (finding,) = check_wheel(wheel("P/a.py", "P/b.py"))
    assert (finding.code, finding.evidence) == ("TW501", ("P", "p"))
    assert "become one" in finding.message


def test_names_whose_letters_are_composed_differently_are_one_on_macos() -> None:
    (finding,) = check_wheel(wheel("p/\u00e9.py", "p/e\u0301.py"))
    assert (finding.code, finding.where) == ("TW501", "p/e\u0301.py")
    assert finding.message == "another name differs only in how its letters are composed: on macOS one is lost"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("p/aux.py", "aux is a device"), ("p/CON", "CON is a device"), ("p/nul.tar.gz", "nul is"), ("com1/x.py", "com1 is"),
        ("p/lpt\N{SUPERSCRIPT TWO}.c", "is a device"), ("p/aux /x", "aux is"), ("p/x.", "at the end"), ("p/x /a.py", "at the end"),
        ("p/12:30.txt", ": is not allowed"), ("p/what?.py", "? is not"), ("p/a\x01", "not allowed"),
        ("p/auxiliary.py", None), ("p/com10.py", None), ("p/.aux", None), ("p/conin.py", None), ("p/a b.py", None),
    ],
)  # fmt: skip
def test_names_that_windows_cannot_have_are_told_of_wheels_for_it(path: str, words: str | None) -> None:
    for tag, told in (
        ("any", True),
        ("win_arm64", True),
        ("manylinux_2_17_x86_64", False),
        ("macosx_11_0_arm64", False),
    ):
        facts = wheel(path, filename=f"p-1-py3-none-{tag}.whl")
        found = [f.evidence[0] for f in check_wheel(facts) if f.code == "TW538"]
        assert len(found) == (1 if words and told else 0)
        assert not found or (words or "") in found[0]


def test_a_directory_that_windows_cannot_have_is_told_once() -> None:
    files = tuple(File(path=f"p/aux/{n}.py", size=1) for n in range(9))
    found = check_tree(contents(*files))
    assert [f.where for f in found if f.code == "TW538"] == ["p/aux"]
    assert "TW538" not in [f.code for f in check_tree(contents(*files), platforms=("linux_x86_64",))]


def test_thousands_of_names_taken_for_one_are_found_in_seconds() -> None:
    names = [f"p/{'a' * n}{'A' * (3000 - n)}" for n in range(3000)]
    started = time.monotonic()
    assert len(codes_of_wheel(wheel(*names))) == 1
    deep = "/".join("d" * 2000)
    assert codes_of_wheel(wheel(*(f"{deep}/{n}.py" for n in range(50)))) == []
    assert time.monotonic() - started < 5

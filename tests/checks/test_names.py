"""Names that file systems take for one another, or cannot hold."""

from __future__ import annotations

import time

import pytest

from support.checks import codes_of_wheel, with_code
from support.facts import contents, files_at, wheel
from truewheel.checks import check_tree, check_wheel


@pytest.mark.parametrize(
    ("path", "code"), [("P/__INIT__.py", "TW501"), ("p/__init__.py/x", "TW527")]
)
def test_names_that_file_systems_take_for_one_are_told(path: str, code: str) -> None:
    assert codes_of_wheel(wheel(path)) == [code]


def test_directories_that_differ_in_case_become_one() -> None:
    (finding,) = check_wheel(wheel("P/a.py", "P/b.py"))
    assert finding.code == "TW501"
    assert finding.evidence == ("P", "p")
    assert "become one" in finding.message


def test_names_whose_letters_are_composed_differently_are_one_on_macos() -> None:
    (finding,) = check_wheel(wheel("p/\u00e9.py", "p/e\u0301.py"))
    assert finding.code == "TW501"
    assert finding.where == "p/e\u0301.py"
    assert (
        finding.message
        == "another name differs only in how its letters are composed: on macOS one is lost"
    )


@pytest.mark.parametrize("tag", ["any", "win_arm64"])
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("p/aux.py", "aux is a device"),
        ("p/CON", "CON is a device"),
        ("p/nul.tar.gz", "nul is"),
        ("com1/x.py", "com1 is"),
        ("p/lpt\N{SUPERSCRIPT TWO}.c", "is a device"),
        ("p/aux /x", "aux is"),
        ("p/x.", "at the end"),
        ("p/x /a.py", "at the end"),
        ("p/12:30.txt", ": is not allowed"),
        ("p/what?.py", "? is not"),
        ("p/a\x01", "not allowed"),
    ],
)
def test_names_that_windows_cannot_have_are_told(
    path: str, reason: str, tag: str
) -> None:
    (finding,) = with_code(
        "TW538", check_wheel(wheel(path, filename=f"p-1-py3-none-{tag}.whl"))
    )
    assert reason in finding.evidence[0]


@pytest.mark.parametrize(
    "path", ["p/auxiliary.py", "p/com10.py", "p/.aux", "p/conin.py", "p/a b.py"]
)
def test_names_that_windows_can_have_are_not_told(path: str) -> None:
    assert with_code("TW538", check_wheel(wheel(path))) == []


@pytest.mark.parametrize("tag", ["manylinux_2_17_x86_64", "macosx_11_0_arm64"])
def test_wheels_that_are_not_for_windows_may_have_any_name(tag: str) -> None:
    assert (
        with_code(
            "TW538", check_wheel(wheel("p/aux.py", filename=f"p-1-py3-none-{tag}.whl"))
        )
        == []
    )


def test_a_directory_that_windows_cannot_have_is_told_once() -> None:
    files = files_at(*(f"p/aux/{number}.py" for number in range(9)))
    (finding,) = with_code("TW538", check_tree(contents(*files)))
    assert finding.where == "p/aux"


def test_a_build_for_another_system_may_have_any_name() -> None:
    files = files_at("p/aux.py")
    assert (
        with_code("TW538", check_tree(contents(*files), platforms=("linux_x86_64",)))
        == []
    )


def test_thousands_of_names_taken_for_one_are_found_in_seconds() -> None:
    names = [f"p/{'a' * number}{'A' * (3000 - number)}" for number in range(3000)]
    started = time.monotonic()
    assert len(codes_of_wheel(wheel(*names))) == 1
    assert time.monotonic() - started < 5


def test_deep_folders_are_looked_at_in_seconds() -> None:
    deep = "/".join("d" * 2000)
    started = time.monotonic()
    assert codes_of_wheel(wheel(*(f"{deep}/{number}.py" for number in range(50)))) == []
    assert time.monotonic() - started < 5

"""What METADATA requires of one distribution, with the Pythons that take the wheel."""

from __future__ import annotations

import pytest

from truewheel.audit.requirements import Requirements


def required(*requires: str, requires_python: str = "", family: str = "linux") -> Requirements:  # fmt: skip
    """Return the requirements of a wheel for Python 3.10 and 3.11."""
    return Requirements(
        requires,
        family=family,
        cpu="x86_64",
        takes=lambda python: python in ((3, 10), (3, 11)),
        requires_python=requires_python,
    )


def test_names_are_compared_as_installers_do() -> None:
    found = required("Some.Dist[x] >=2", "some_dist<4", "other", "-what")
    assert [str(one) for one in found.of("some-dist")] == ["Some.Dist[x]>=2", "some_dist<4"]  # fmt: skip
    assert found.others() == ["other", "some-dist"]
    assert found.of("what") == []


def test_what_is_not_a_requirement_is_left_to_others_to_tell() -> None:
    found = required("torch what", "numpy")
    assert found.named("torch") == []
    assert found.are_unclear("torch")
    assert not found.are_unclear("numpy")
    assert not found.are_unclear("other")


def test_nothing_tells_which_version_lies_at_an_address() -> None:
    found = required("a @ https://example.invalid/a-1.tar.gz", "b")
    assert found.of("a")
    assert found.allowed("a", ["1", "2"], "3.10") == []
    assert found.allowed("b", ["1", "2"], "3.10") == ["1", "2"]


def test_markers_and_extras() -> None:
    found = required(
        'a ; python_version < "3.11"', 'b ; python_version < "3.10"', 'c ; extra == "x"'
    )
    assert found.pythons == ["3.10", "3.11"]
    assert found.of("a")
    assert not found.of("b")
    assert not found.of("c")
    assert found.named("c")
    assert found.allowed("a", ["1", "2"], "3.10") == ["1", "2"]
    assert found.allowed("a", ["1", "2"], "3.11") == []
    assert not required('a ; sys_platform == "win32"').of("a")
    assert required('a ; sys_platform == "win32"', family="windows").of("a")


def test_every_requirement_that_holds_counts() -> None:
    found = required("a>=2", 'a<4 ; python_version < "3.11"')
    versions = ["1", "2", "3", "4"]
    assert found.allowed("a", versions, "3.10") == ["2", "3"]
    assert found.allowed("a", versions, "3.11") == ["2", "3", "4"]
    assert found.allowed("b", versions, "3.11") == []


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("", True),
        (">=3.10", True),
        (">=3.10.4,<3.10.5", False),
        (">=3.10.4", True),
        ("<3.10", False),
        (">=3.11", False),
        ("what", True),
    ],
)
def test_requires_python(text: str, allowed: bool) -> None:
    assert required(requires_python=text).allow_python("3.10") == allowed

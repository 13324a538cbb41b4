"""The archive's entries."""

from __future__ import annotations

import dataclasses

import pytest

from support.checks import codes_of_wheel, with_code
from support.facts import wheel
from truewheel.checks import check_wheel
from truewheel.model.contents import WheelFacts


@pytest.mark.parametrize(
    "names",
    [
        ("p/x.py", "p//x.py"),
        ("./p/x.py", "p/./x.py"),
        ("p/x.py", "p-1.data/platlib/p/x.py"),
    ],
)
def test_members_that_are_installed_as_one_file_are_told(
    names: tuple[str, str],
) -> None:
    (finding,) = check_wheel(wheel(*names))
    assert finding.code == "TW509"
    assert finding.where == names[1]
    assert finding.message == f"is installed as p/x.py, as is {names[0]}"


def wheel_with_changed_member(**change: object) -> WheelFacts:
    """Return a wheel whose first member is otherwise."""
    sound = wheel()
    changed = dataclasses.replace(sound.members[0], **change)
    return dataclasses.replace(sound, members=(changed, *sound.members[1:]))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/abs", "absolute"),
        ("C:/abs", "absolute"),
        ("C:x", "absolute"),
        ("../evil", "leaves"),
        ("p/../../x", "leaves"),
        ("p\\x", "a backslash"),
        ("..\\x", "leaves"),
    ],
)
def test_a_path_that_is_refused_is_told_with_the_reason(name: str, reason: str) -> None:
    (finding,) = with_code("TW508", check_wheel(wheel_with_changed_member(name=name)))
    assert reason in finding.message


def test_a_member_that_cannot_be_unpacked_is_told() -> None:
    assert "TW520" in codes_of_wheel(
        wheel_with_changed_member(problem="its CRC is wrong")
    )


def test_a_symbolic_link_is_told() -> None:
    assert "TW507" in codes_of_wheel(wheel_with_changed_member(mode=0o120777))


def test_a_name_that_is_there_twice_is_told() -> None:
    sound = wheel()
    assert "TW509" in codes_of_wheel(
        dataclasses.replace(sound, members=(sound.members[0], *sound.members))
    )


def test_a_second_dist_info_is_told() -> None:
    assert "TW525" in codes_of_wheel(wheel("q-1.dist-info/METADATA"))


def test_a_file_behind_dist_info_is_told() -> None:
    sound = wheel()
    assert codes_of_wheel(
        dataclasses.replace(sound, members=(*sound.members[1:], sound.members[0]))
    ) == ["TW521"]

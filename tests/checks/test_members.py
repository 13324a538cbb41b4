"""The archive's entries."""

from __future__ import annotations

import dataclasses

import pytest

from support.checks import codes_of_wheel
from support.facts import wheel
from truewheel.checks import check_wheel


@pytest.mark.parametrize(
    "names", [("p/x.py", "p//x.py"), ("./p/x.py", "p/./x.py"), ("p/x.py", "p-1.data/platlib/p/x.py")]
)
def test_members_that_are_installed_as_one_file_are_told(names: tuple[str, str]) -> None:
    (finding,) = check_wheel(wheel(*names))
    assert (finding.code, finding.where) == ("TW509", names[1])
    assert finding.message == f"is installed as p/x.py, as is {names[0]}"


def test_a_path_that_is_refused_is_told_with_the_reason() -> None:
    sound = wheel()
    for name, words in (("/abs", "absolute"), ("C:/abs", "absolute"), ("p/../../x", "leaves"), ("p\\x", "a backslash")):
        changed = dataclasses.replace(sound.members[0], name=name)
        found = check_wheel(dataclasses.replace(sound, members=(changed, *sound.members[1:])))
        assert [words in f.message for f in found if f.code == "TW508"] == [True]


@pytest.mark.parametrize(
    ("change", "code"),
    [({"name": "p/../../x"}, "TW508"), ({"name": "..\\x"}, "TW508"), ({"name": "C:x"}, "TW508"), ({"problem": "its CRC is wrong"}, "TW520"), ({"mode": 0o120777}, "TW507"), ({"name": "../evil"}, "TW508"), ({"name": "/abs"}, "TW508"),
     ({"name": "a\\b"}, "TW508")],
)  # fmt: skip
def test_members_that_no_wheel_may_have_are_told(change: dict[str, object], code: str) -> None:
    sound = wheel()
    changed = dataclasses.replace(sound.members[0], **change)
    facts = dataclasses.replace(sound, members=(changed, *sound.members[1:]))
    assert code in codes_of_wheel(facts)


def test_a_name_that_is_there_twice_is_told() -> None:
    sound = wheel()
    assert "TW509" in codes_of_wheel(dataclasses.replace(sound, members=(sound.members[0], *sound.members)))


def test_dist_info_is_one_and_at_the_end() -> None:
    sound = wheel("q-1.dist-info/METADATA")
    assert "TW525" in codes_of_wheel(sound)
    assert codes_of_wheel(dataclasses.replace(wheel(), members=(*wheel().members[1:], wheel().members[0]))) == ["TW521"]

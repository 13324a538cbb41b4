"""The checks together: a sound wheel, and how many findings are listed."""

from __future__ import annotations

from support.checks import codes_of_wheel
from support.facts import wheel
from truewheel.checks import check_wheel


def test_a_sound_wheel_has_no_finding() -> None:
    assert codes_of_wheel(wheel()) == []


def test_of_many_like_findings_fifty_are_listed_and_the_rest_is_counted() -> None:
    many = [f"p/{n}.pyc" for n in range(1000)]
    found = check_wheel(wheel(*many))
    assert len(found) == 51
    assert found[-1].message == "and 950 more like these, which are not listed"

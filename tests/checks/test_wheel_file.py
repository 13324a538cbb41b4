"""WHEEL against the file name and the files."""

from __future__ import annotations

import dataclasses

from support.checks import codes_of_wheel, with_code
from support.facts import contents, module, wheel
from truewheel.checks import check_wheel
from truewheel.model.finding import Severity


def test_a_wheel_file_without_tags_is_told() -> None:
    (finding,) = check_wheel(
        wheel(wheel_headers=(("Wheel-Version", "1.0"), ("Root-Is-Purelib", "true")))
    )
    assert finding.code == "TW512"
    assert finding.message == "has no tag"


def test_several_tags_in_a_line_are_the_same_tags() -> None:
    """As maturin 1.9.3 and older wrote them: rpds_py 0.27.1, orjson 3.10.15."""
    headers = (
        ("Wheel-Version", "1.0"),
        ("Root-Is-Purelib", "true"),
        ("Tag", "py2.py3-none-any"),
    )
    both = wheel(filename="p-1-py2.py3-none-any.whl", wheel_headers=headers)
    (finding,) = with_code("TW512", check_wheel(both))
    assert finding.severity is Severity.NOTE
    assert finding.evidence == ("Tag: py2.py3-none-any",)
    other = wheel(wheel_headers=headers)
    (finding,) = with_code("TW512", check_wheel(other))
    assert finding.severity is Severity.WARNING
    assert finding.evidence == ("only WHEEL says py2-none-any",)


def test_a_wheel_file_without_headers_is_not_called_missing() -> None:
    sound = wheel(wheel_headers=())
    (finding,) = check_wheel(sound)
    assert finding.message == "has no headers that can be read"


def test_a_missing_wheel_file_is_told() -> None:
    sound = wheel(wheel_headers=())
    members = tuple(
        member for member in sound.members if not member.name.endswith("/WHEEL")
    )
    messages = [
        finding.message
        for finding in with_code(
            "TW524", check_wheel(dataclasses.replace(sound, members=members))
        )
    ]
    assert "is missing" in messages


def test_tags_are_told_with_the_side_on_which_they_stand() -> None:
    (finding,) = check_wheel(
        wheel(wheel_headers=(("Wheel-Version", "1.0"), ("Tag", "py2-none-any")))
    )
    assert finding.evidence == (
        "only WHEEL says py2-none-any",
        "only the file name says py3-none-any",
    )


def test_purelib_with_binaries_is_told() -> None:
    library = module("p/x.so", exports="x")
    facts = wheel(
        "p/x.so", contents=contents(library), filename="p-1-py3-none-linux_x86_64.whl"
    )
    assert "TW511" in codes_of_wheel(facts)


def test_platlib_without_binaries_is_told() -> None:
    headers = (
        ("Wheel-Version", "1.0"),
        ("Root-Is-Purelib", "false"),
        ("Tag", "py3-none-any"),
    )
    (finding,) = check_wheel(wheel(wheel_headers=headers))
    assert finding.code == "TW511"
    assert finding.severity is Severity.NOTE

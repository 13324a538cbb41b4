"""WHEEL against the file name and the files."""

from __future__ import annotations

import dataclasses

from support.checks import codes_of_wheel
from support.facts import contents, wheel
from truewheel.checks import check_wheel
from truewheel.model.binary import Binary, ElfSlice, Format, Kind
from truewheel.model.contents import File
from truewheel.model.finding import Severity


def test_a_wheel_file_without_tags_is_told() -> None:
    (finding,) = check_wheel(wheel(wheel_headers=(("Wheel-Version", "1.0"), ("Root-Is-Purelib", "true"))))
    assert (finding.code, finding.message) == ("TW512", "has no tag")


def test_a_wheel_file_without_headers_is_not_called_missing() -> None:
    sound = wheel(wheel_headers=())
    assert [f.message for f in check_wheel(sound)] == ["has no headers that can be read"]
    gone = dataclasses.replace(sound, members=tuple(m for m in sound.members if not m.name.endswith("/WHEEL")))
    assert "is missing" in [f.message for f in check_wheel(gone) if f.code == "TW524"]


def test_tags_are_told_with_the_side_on_which_they_stand() -> None:
    (finding,) = check_wheel(wheel(wheel_headers=(("Wheel-Version", "1.0"), ("Tag", "py2-none-any"))))
    assert finding.evidence == ("only WHEEL says py2-none-any", "only the file name says py3-none-any")


def test_purelib_with_binaries_is_told() -> None:
    piece = ElfSlice(cpu="x86_64", bits=64, machine=62, kind=Kind.SHARED)
    files = (File(path="p/x.so", size=1, binary=Binary(format=Format.ELF, slices=(piece,))),)
    facts = wheel("p/x.so", contents=contents(*files), filename="p-1-py3-none-linux_x86_64.whl")
    assert "TW511" in codes_of_wheel(facts)


def test_platlib_without_binaries_is_told() -> None:
    headers = (("Wheel-Version", "1.0"), ("Root-Is-Purelib", "false"), ("Tag", "py3-none-any"))
    (finding,) = check_wheel(wheel(wheel_headers=headers))
    assert (finding.code, finding.severity) == ("TW511", Severity.NOTE)

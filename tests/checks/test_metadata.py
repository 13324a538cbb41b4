"""METADATA against the file name."""

from __future__ import annotations

import dataclasses

from support.checks import codes_of_wheel
from support.facts import wheel


def test_each_way_in_which_metadata_and_file_name_disagree() -> None:
    sound = wheel()
    assert codes_of_wheel(dataclasses.replace(sound, metadata=None)) == ["TW522"]
    assert codes_of_wheel(dataclasses.replace(sound, metadata="Name: p\n")) == ["TW522"]
    assert codes_of_wheel(dataclasses.replace(sound, metadata="Metadata-Version: 2.1\nName: q\nVersion: 1\n")) == [
        "TW519"
    ]
    assert codes_of_wheel(dataclasses.replace(sound, filename="p-2-py3-none-any.whl")) == ["TW519"]
    assert codes_of_wheel(dataclasses.replace(sound, metadata="Metadata-Version: 2.1\nName: p\nVersion: 01.0\n")) == []
    assert codes_of_wheel(dataclasses.replace(sound, wheel_headers=())) == ["TW524"]
    assert codes_of_wheel(
        dataclasses.replace(sound, wheel_headers=(*sound.wheel_headers[:2], ("Tag", "py2-none-any")))
    ) == ["TW512"]
    assert codes_of_wheel(dataclasses.replace(sound, filename="P-1-py3-none-any.whl")) == ["TW502"]

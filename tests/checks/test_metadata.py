"""METADATA against the file name."""

from __future__ import annotations

import pytest

from support.checks import codes_of_wheel
from support.facts import wheel


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"metadata": None}, ["TW522"]),
        ({"metadata": "Name: p\n"}, ["TW522"]),
        ({"metadata": "Metadata-Version: 2.1\nName: q\nVersion: 1\n"}, ["TW519"]),
        ({"filename": "p-2-py3-none-any.whl"}, ["TW519"]),
        ({"filename": "P-1-py3-none-any.whl"}, ["TW502"]),
        ({"wheel_headers": ()}, ["TW524"]),
        (
            {
                "wheel_headers": (
                    ("Wheel-Version", "1.0"),
                    ("Root-Is-Purelib", "true"),
                    ("Tag", "py2-none-any"),
                )
            },
            ["TW512"],
        ),
    ],
    ids=[
        "no METADATA",
        "no version of it",
        "another name",
        "another version",
        "not normalised",
        "no WHEEL",
        "another tag",
    ],
)
def test_each_way_in_which_metadata_and_file_name_disagree(
    change: dict[str, object], codes: list[str]
) -> None:
    assert codes_of_wheel(wheel(**change)) == codes


def test_versions_that_are_equal_need_not_be_spelt_alike() -> None:
    assert (
        codes_of_wheel(
            wheel(metadata="Metadata-Version: 2.1\nName: p\nVersion: 01.0\n")
        )
        == []
    )

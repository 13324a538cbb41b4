"""File names of wheels, as packaging reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import (
    InvalidWheelFilename,
    canonicalize_name,
    parse_wheel_filename,
)

from truewheel.model.wheel_name import WheelName, escape, parse_wheel_name


@given(st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", fullmatch=True))
def test_names_of_distributions_are_escaped_as_packaging_would(name: str) -> None:
    assert escape(name) == canonicalize_name(name).replace("-", "_")


def test_packaging_reads_the_same_tags() -> None:
    name = WheelName(
        name="p",
        version="1.0",
        build="2b",
        interpreters=("py2", "py3"),
        abis=("none",),
        platforms=("manylinux_2_17_x86_64", "manylinux2014_x86_64"),
    )
    *_, tags = parse_wheel_filename(str(name))
    assert {str(tag) for tag in tags} == set(name.expanded)
    assert parse_wheel_name(str(name)) == name


@pytest.mark.parametrize("build", ["", "2b"])
@pytest.mark.parametrize("label", ["x86_64_v3", "null", "1.2"])
def test_the_label_of_a_variant_stands_at_the_end(build: str, label: str) -> None:
    """PEP 825's draft; packaging refuses such names, for it takes what follows the version for a build tag."""
    name = WheelName(
        name="p",
        version="1.0",
        build=build,
        interpreters=("cp313",),
        abis=("cp313",),
        platforms=("linux_x86_64", "any"),
        variant=label,
    )
    assert str(name).endswith(f"-linux_x86_64.any-{label}.whl")
    assert parse_wheel_name(str(name)) == name
    with pytest.raises(InvalidWheelFilename):
        parse_wheel_filename(str(name))


@pytest.mark.parametrize(
    "name",
    [
        "p-1-py3-none-any-X86.whl",
        "p-1-py3-none-any-.whl",
        "p-1-py3-none-any-a-b.whl",
        "p-1-2-3py-none-any-null.whl",
        "p.zip",
        "p-1.whl",
        "p-1-py3-none.whl",
        "p-1-x-py3-none-any.whl",
        "-1-py3-none-any.whl",
        "a-1-2-3-py3-none-any.whl",
    ],
)
def test_other_names_are_not_names_of_wheels(name: str) -> None:
    assert parse_wheel_name(name) is None


@given(st.text())
def test_any_name_can_be_looked_at(text: str) -> None:
    parse_wheel_name(text + ".whl")

"""File names of wheels, as packaging reads and writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from truewheel.model.wheel_name import WheelName, escape, parse_wheel_name


@given(st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", fullmatch=True))
def test_law_names_are_escaped_as_packaging_would(name: str) -> None:
    assert escape(name) == canonicalize_name(name).replace("-", "_")


def test_file_names_are_those_of_packaging() -> None:
    name = WheelName(
        name="p", version="1.0", build="2b", interpreters=("py2", "py3"), abis=("none",), platforms=("manylinux_2_17_x86_64", "manylinux2014_x86_64")
    )  # fmt: skip
    parsed = parse_wheel_filename(str(name))
    assert {str(t) for t in parsed[3]} == set(name.expanded)
    assert parse_wheel_name(str(name)) == name


@pytest.mark.parametrize("build", ["", "2b"])
@pytest.mark.parametrize("label", ["x86_64_v3", "null", "1.2"])
def test_names_of_variants_have_a_label_at_the_end(build: str, label: str) -> None:
    """PEP 825's draft; packaging refuses them, for it takes what follows the version for a build tag."""
    name = WheelName(
        name="p", version="1.0", build=build, interpreters=("cp313",), abis=("cp313",),
        platforms=("linux_x86_64", "any"), variant=label,
    )  # fmt: skip
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
def test_what_is_not_a_wheels_name_has_no_parts(name: str) -> None:
    assert parse_wheel_name(name) is None


@given(st.text())
def test_law_any_text_is_read(text: str) -> None:
    parse_wheel_name(text + ".whl")

"""The name under which ``truewheel tag`` writes a wheel, and why there may be none."""

from __future__ import annotations

import pytest

from support.facts import INIT, contents, module, needing, wheel_named
from truewheel.audit.naming import agrees_with_wheel_file, true_name
from truewheel.audit.verdict import check
from truewheel.model.contents import Contents, WheelFacts
from truewheel.model.errors import VerdictError, WheelError
from truewheel.model.wheel_name import WheelName, parse_wheel_name

FOR_313 = "p/m.cpython-313-x86_64-linux-gnu.so"


def named(filename: str, inside: Contents) -> str:
    """Return the true name of a wheel with these contents."""
    facts = wheel_named(filename, inside)
    return str(true_name(facts, check(facts)))


def refused(filename: str, inside: Contents) -> VerdictError:
    """Return the error about a wheel that has no true name."""
    facts = wheel_named(filename, inside)
    with pytest.raises(VerdictError) as caught:
        true_name(facts, check(facts))
    return caught.value


def sound(*files: object) -> Contents:
    """Return the contents of a package with these files."""
    return contents(INIT, *files)  # type: ignore[arg-type]


def parsed(filename: str) -> WheelName:
    found = parse_wheel_name(filename)
    assert found is not None
    return found


def with_tags(*tags: str) -> WheelFacts:
    """Return a wheel whose WHEEL file has these ``Tag:`` lines."""
    headers = (("Wheel-Version", "1.0"), *(("Tag", tag) for tag in tags))
    return wheel_named("p-1-py3-none-any.whl", sound(), wheel_headers=headers)


# --- names ------------------------------------------------------------------------------------------------------


def test_a_wrong_platform_is_replaced_by_the_true_one() -> None:
    inside = sound(needing(FOR_313, "GLIBC_2.28"))
    assert (
        named("p-1-cp313-cp313-manylinux_2_17_x86_64.whl", inside)
        == "p-1-cp313-cp313-manylinux_2_28_x86_64.whl"
    )


def test_a_wrong_python_is_replaced_by_the_one_that_the_modules_name() -> None:
    inside = sound(needing(FOR_313, "GLIBC_2.28"))
    assert (
        named("p-1-cp312-cp312-manylinux_2_28_x86_64.whl", inside)
        == "p-1-cp313-cp313-manylinux_2_28_x86_64.whl"
    )


def test_build_tags_stay() -> None:
    inside = sound(needing(FOR_313, "GLIBC_2.28"))
    assert named("p-1-7-cp312-cp312-manylinux_2_28_x86_64.whl", inside).startswith(
        "p-1-7-cp313-"
    )


def test_a_true_name_that_says_all_stays() -> None:
    assert named("p-1-py3-none-any.whl", sound()) == "p-1-py3-none-any.whl"


# --- wheels without one -----------------------------------------------------------------------------------------


def test_a_file_that_is_not_named_as_a_wheel_has_no_true_name() -> None:
    facts = wheel_named("p.whl", sound())
    with pytest.raises(WheelError, match="not the file name of a wheel"):
        true_name(facts, check(facts))


def test_errors_that_no_name_cures_are_told() -> None:
    error = refused(
        "p-1-cp313-cp313-linux_x86_64.whl", sound(module(FOR_313, cpu="aarch64"))
    )
    assert "errors that have to be mended first" in error.message
    assert {finding.code for finding in error.findings} == {"TW412"}


def test_nobody_chooses_between_systems() -> None:
    inside = sound(needing("p/x.so", "GLIBC_2.17"), module("p/y.dll"))
    error = refused("p-1-py3-none-any.whl", inside)
    assert "binaries for several systems" in error.message
    assert {finding.code for finding in error.findings} == {"TW307"}


def test_a_name_that_names_one_of_the_systems_chooses() -> None:
    inside = sound(
        needing("p/x.so", "GLIBC_2.17", library="libc.so.6"), module("p/y.dll")
    )
    assert named("p-1-py3-none-win_amd64.whl", inside) == "p-1-py3-none-win_amd64.whl"


def test_a_broken_stable_abi_tells_to_build_for_the_right_python() -> None:
    error = refused(
        "p-1-cp39-abi3-linux_x86_64.whl", sound(module("p/m.abi3.so", "_PyLong_Sign"))
    )
    assert "no true name for it is known" in error.message
    assert [finding.code for finding in error.findings] == ["TW402"]
    assert error.hint == "build it again for the Python that it is meant for"


def test_a_cpu_that_no_tag_is_for_has_nothing_to_do_with_pythons() -> None:
    inside = sound(module("p/m.cpython-39.so", cpu="machine-0x9999"))
    error = refused("p-1-cp39-cp39-linux_x86_64.whl", inside)
    assert "no true name for it is known" in error.message
    assert error.hint is None


# --- WHEEL ------------------------------------------------------------------------------------------------------


def test_a_wheel_file_with_the_same_tags_agrees() -> None:
    assert agrees_with_wheel_file(
        with_tags("py3-none-any", "py2-none-any"), parsed("p-1-py2.py3-none-any.whl")
    )


def test_a_wheel_file_with_other_tags_does_not_agree() -> None:
    assert not agrees_with_wheel_file(
        with_tags("py2-none-any"), parsed("p-1-py3-none-any.whl")
    )


def test_a_wheel_file_without_tags_agrees_with_any_name() -> None:
    assert agrees_with_wheel_file(with_tags(), parsed("p-1-py3-none-any.whl"))

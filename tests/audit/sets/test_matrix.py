"""Which Pythons and systems a version has wheels for, and where one is missing between others."""

from __future__ import annotations

import pytest

from truewheel.audit.sets import check_sets
from truewheel.audit.sets.matrix import rows_of
from truewheel.audit.sets.members import sets_of
from truewheel.model.finding import Finding
from truewheel.model.sets import SetMember
from truewheel.model.wheel_name import parse_wheel_name

LINUX, ARM, MUSL = (
    "manylinux_2_17_x86_64.manylinux2014_x86_64",
    "manylinux_2_28_aarch64",
    "musllinux_1_2_x86_64",
)
MAC, WINDOWS = "macosx_11_0_arm64", "win_amd64"


def member(tags: str, *headers: tuple[str, str]) -> SetMember:
    filename = f"p-1-{tags}.whl"
    name = parse_wheel_name(filename)
    assert name is not None
    return SetMember(filename=filename, name=name, headers=headers)


def cpython(platform: str, *minors: int, abi: str = "") -> list[SetMember]:
    return [member(f"cp3{m}-cp3{m}{abi}-{platform}") for m in minors]


def holes(members: list[SetMember]) -> list[Finding]:
    found = []
    for checked in check_sets("dist", sets_of("dist", members), select=("TW551",)):
        found += checked.findings
    return found


def told(members: list[SetMember]) -> list[str]:
    return [f"{f.severity.value}: {f.message}" for f in holes(members)]


def test_a_python_that_is_missing_between_others_is_a_hole() -> None:
    (found,) = holes(cpython(LINUX, 10, 11, 13))
    assert found.severity.value == "warning"
    assert found.where == "p 1"
    assert found.message == "no wheel for CPython 3.12 on manylinux x86_64"
    assert found.evidence == (
        "manylinux x86_64: there are wheels for CPython 3.10, 3.11, 3.13",
    )
    assert found.hint == 'build it, or exclude that Python: requires-python = "…, !=3.12.*"'  # fmt: skip


def test_one_system_that_lacks_what_others_have() -> None:
    members = cpython(LINUX, 10, 11, 12, 13) + cpython(WINDOWS, 10, 11, 13)
    assert told(members) == ["warning: no wheel for CPython 3.12 on win_amd64"]
    assert "CPython 3.12 has a wheel on manylinux x86_64" in holes(members)[0].evidence
    # Another Python on another system is a finding of its own, and the same Python on several systems is one.
    assert told(members + cpython(MAC, 10, 13) + cpython(ARM, 11, 13)) == [
        "warning: no wheel for CPython 3.11 on macosx arm64",
        "warning: no wheel for CPython 3.12 on macosx arm64, manylinux aarch64, win_amd64",
    ]


@pytest.mark.parametrize(
    "members",
    [
        pytest.param(cpython(LINUX, 10, 11, 12), id="none is missing"),
        pytest.param(cpython(LINUX, 9, 10, 11, 12) + cpython(MAC, 11, 12), id="a system begins later"),
        pytest.param(cpython(LINUX, 9, 10, 11, 12) + cpython("win32", 9, 10), id="a system ends earlier"),
        pytest.param(cpython(LINUX, 9, 10, 11) + cpython(ARM, 11), id="a single wheel"),
        pytest.param(cpython(LINUX, 9, 10) + cpython(LINUX, 14, abi="t"), id="free-threaded is a row of its own"),
        pytest.param([*cpython(LINUX, 12), member(f"cp313-abi3-{LINUX}")], id="the stable ABI serves newer ones"),
        pytest.param([*cpython(LINUX, 9, 12), member(f"cp39-abi3-{LINUX}")], id="the stable ABI fills a hole"),
        pytest.param([*cpython(LINUX, 9, 12), member("py3-none-manylinux_2_17_x86_64")], id="any Python"),
        pytest.param(cpython("manylinux_2_17_x86_64", 11, 13) + cpython("manylinux_2_28_x86_64", 12), id="levels are one system"),
        pytest.param(cpython("macosx_11_0_arm64", 11, 13) + cpython("macosx_11_0_universal2", 12), id="universal2 is for both CPUs"),
        pytest.param([member("cp312-cp312-pyodide_2024_0_wasm32"), member("cp314-cp314-pyodide_2026_0_wasm32")], id="each Pyodide has one Python"),
        pytest.param([member(f"cp27-cp27mu-{LINUX}"), *cpython(LINUX, 10)], id="Python 2"),
        pytest.param([member(f"cp3999999999-none-{LINUX}"), member("cp3-none-win32"), member(f"cp-none-{LINUX}"), member(f"{'9' * 90}-x-{LINUX}"), *cpython(LINUX, 9)], id="tags that mean nothing"),
        pytest.param([member("py3-none-any"), member("py2-none-any")], id="no platform"),
    ],
)  # fmt: skip
def test_what_is_no_hole(members: list[SetMember]) -> None:
    assert told(members) == []


def test_a_python_that_is_excluded_is_not_missing() -> None:
    header = ("requires-python", ">=3.10, !=3.12.*")
    members = [member(f"cp3{m}-cp3{m}-{LINUX}", header) for m in (10, 11, 13)]
    assert told(members) == []
    # What is not a specifier excludes nothing, and is told of the wheel itself.
    broken = [member(f"cp3{m}-cp3{m}-{LINUX}", ("requires-python", "3.x")) for m in (10, 11, 13)]  # fmt: skip
    assert len(told(broken)) == 1


@pytest.mark.parametrize(
    ("members", "python"),
    [
        ([*cpython(LINUX, 10, 11, 13), member("py3-none-any")], "CPython 3.12"),
        ([member(f"pp3{m}-pypy3{m}_pp73-{LINUX}") for m in (9, 11)], "PyPy 3.10"),
        (cpython(LINUX, 7, 9), "CPython 3.8"),
    ],
)
def test_a_hole_that_may_be_meant_is_a_note(
    members: list[SetMember], python: str
) -> None:
    assert told(members) == [f"note: no wheel for {python} on manylinux x86_64"]


def test_free_threaded_wheels_have_holes_of_their_own() -> None:
    members = cpython(LINUX, 13, 15, abi="t") + cpython(LINUX, 13, 14, 15)
    members += cpython(MUSL, 13, 14, 15, abi="t")
    assert told(members) == [
        "warning: no wheel for free-threaded CPython 3.14 on manylinux x86_64"
    ]


def test_names_of_systems() -> None:
    platforms = "win32.win_arm64.macosx_10_9_universal2.ios_13_0_arm64_iphoneos.android_21_arm64_v8a"
    rows = rows_of([member(f"cp313-cp313-{platforms}")])
    assert sorted(row.system for row in rows) == [
        "android arm64_v8a", "ios arm64 iphoneos", "macosx arm64", "macosx x86_64", "win32", "win_arm64",
    ]  # fmt: skip


def test_a_collection_of_wheels_need_not_be_complete() -> None:
    members = cpython(LINUX, 10, 11, 13)
    name = parse_wheel_name("p-2-py3-none-any.whl")
    assert name is not None
    members.append(SetMember(filename=str(name), name=name))
    assert told(members) == ["note: no wheel for CPython 3.12 on manylinux x86_64"]

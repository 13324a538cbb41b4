"""Files that two distributions install in one place."""

from __future__ import annotations

import pytest

from support.facts import binary_file, wheel_named
from support.slices import windows
from truewheel.audit.shared_places import places_shared_with
from truewheel.audit.verdict import check
from truewheel.model.contents import Contents, File, WheelFacts
from truewheel.model.finding import Finding, Severity
from truewheel.model.neighbours import neighbour_of
from truewheel.model.record import replace

DLL = "msvcp140-a4c2229bdc2a2a630acdc095b4d86008.dll"


def facts_of(name: str, *files: File, platform: str = "win_amd64") -> WheelFacts:
    inside = Contents(files=files, dist_info=f"{name}-1.dist-info")
    filename = f"{name}-1-cp312-cp312-{platform}.whl"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"
    return wheel_named(filename, inside, metadata=metadata)


def dll(path: str = DLL, size: int = 1) -> File:
    return replace(binary_file(path, windows()), size=size)


def shared(own: WheelFacts, other: WheelFacts) -> list[Finding]:
    found = places_shared_with(own, (neighbour_of(other),))
    return list(found)


def test_a_library_of_two_wheels_is_told_with_both_names() -> None:
    one = facts_of("pyodbc", dll(f"pyodbc-1.data/platlib/{DLL}"))
    (finding,) = shared(one, facts_of("ujson", dll()))
    assert finding.severity is Severity.WARNING
    assert finding.where == f"pyodbc-1.data/platlib/{DLL}"
    assert finding.message.startswith("ujson 1 installs the same file: ")
    assert finding.evidence == (f"{DLL}: 1 bytes, 1 in ujson",)


def test_other_code_in_one_place_is_an_error() -> None:
    text = File(path="cv2/LICENSE.txt", size=3)
    one = facts_of("opencv", dll("cv2/cv2.pyd", size=5), text)
    other = facts_of("opencv_headless", dll("cv2/cv2.pyd", size=4), text)
    (finding,) = shared(one, other)
    assert finding.severity is Severity.ERROR
    assert "2 of the same files" in finding.message
    assert finding.evidence[0] == "cv2/cv2.pyd: 5 bytes, 4 in opencv_headless"


def test_text_of_another_size_is_a_warning() -> None:
    one = facts_of("a", File(path="tests/__init__.py", size=1))
    other = facts_of("b", File(path="tests/__init__.py", size=2))
    assert [found.severity for found in shared(one, other)] == [Severity.WARNING]


@pytest.mark.parametrize(
    ("platform", "is_told"),
    [
        ("any", True),
        ("win_amd64", True),
        ("win_arm64", False),
        ("manylinux_2_28_x86_64", False),
        ("plan9_mips", False),
    ],
)
def test_wheels_of_other_systems_do_not_meet(platform: str, is_told: bool) -> None:
    other = facts_of("b", dll(), platform=platform)
    assert bool(shared(facts_of("a", dll()), other)) == is_told


def test_macs_and_linux_systems_of_one_cpu_meet() -> None:
    file = File(path="tests/__init__.py", size=1)
    for one, other in (
        ("macosx_11_0_arm64", "macosx_10_13_universal2"),
        ("manylinux_2_17_x86_64.manylinux2014_x86_64", "musllinux_1_2_x86_64"),
    ):
        first = facts_of("a", file, platform=one)
        assert shared(first, facts_of("b", file, platform=other))


def test_metadata_and_places_of_their_own_are_not_shared() -> None:
    one = facts_of("a", File(path="a/x.py", size=1), File(path="a-1.dist-info/R", size=1))  # fmt: skip
    other = facts_of("b", File(path="b/x.py", size=1))
    assert shared(one, other) == []


def test_scripts_are_compared_where_they_are_installed() -> None:
    one = facts_of("a", File(path="a-1.data/scripts/tool", size=1))
    other = facts_of("b", File(path="b-1.data/scripts/tool", size=1))
    assert [found.where for found in shared(one, other)] == ["a-1.data/scripts/tool"]


def test_a_check_beside_another_wheel_tells_it() -> None:
    other = neighbour_of(facts_of("ujson", dll()))
    found = check(facts_of("pyodbc", dll()), neighbours=(other,)).findings
    messages = [finding.message for finding in found if finding.code == "TW543"]
    assert len(messages) == 2

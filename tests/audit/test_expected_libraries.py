"""Libraries that a required distribution is known to have: the rest of the wheel decides the tag, and a warning says so."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support import wheel_pairs
from support.facts import CP313, binary_file, contents, wheel_named
from support.slices import linux, mac, windows
from support.wheel_pairs import compiled
from truewheel.audit.questions import Question
from truewheel.audit.truth import Checked
from truewheel.audit.verdict import check, judge
from truewheel.cli import main
from truewheel.model.binary import Need, Slice
from truewheel.model.contents import Contents
from truewheel.model.finding import Finding, Severity
from truewheel.model.neighbours import Neighbour
from truewheel.model.record import replace
from truewheel.platforms.known_suppliers import find_distributions, known_suppliers

QT = "libQt5Core.so.5"
QT_OF_NOBODY = "libQt5Xml.so.5"
"""A library that lies on no machine of the tests."""
TAG = "manylinux_2_17_x86_64"


def judged(
    *requires: str,
    piece: Slice | None = None,
    tag: str = TAG,
    beside: tuple[Neighbour, ...] = (),
) -> Checked:
    """Return what is concluded of a wheel with these requirements, whose library needs Qt."""
    lines = "".join(f"Requires-Dist: {text}\n" for text in requires)
    inside = contents(binary_file("p/libm.so", piece or linux(QT)))
    facts = wheel_named(
        f"p-1-py3-none-{tag}.whl",
        inside,
        metadata=f"Metadata-Version: 2.1\nName: p\nVersion: 1\n{lines}",
    )
    return check(facts, neighbours=beside)


def with_code(checked: Checked, code: str) -> list[Finding]:
    return [one for one in checked.findings if one.code == code]


@pytest.mark.parametrize(
    "requirement",
    [
        "PyQt5-Qt5",
        "pyqt5.qt5 (>=5.15.2, <5.16.0)",
        'PyQt5-Qt5 ; sys_platform == "linux"',
        'PyQt5-Qt5 ; python_version >= "3.13"',
    ],
)
def test_the_rest_of_the_wheel_decides_the_tag_when_a_required_wheel_is_known_to_have_it(
    requirement: str,
) -> None:
    checked = judged("numpy", requirement)
    assert checked.is_true
    assert with_code(checked, "TW201") == with_code(checked, "TW301") == []
    (finding,) = with_code(checked, "TW208")
    assert finding.severity is Severity.WARNING
    assert finding.where == "p-1.dist-info/METADATA"
    assert finding.evidence == (f"PyQt5-Qt5: {QT}",)
    assert "--with" in (finding.hint or "")
    assert not checked.passes(strict=True)


def test_what_the_rest_needs_still_makes_the_tag_untrue() -> None:
    piece = linux(QT)
    newer = Need(library="libc.so.6", versions=("GLIBC_2.28",))
    checked = judged("PyQt5-Qt5", piece=replace(piece, needs=(*piece.needs, newer)))
    (finding,) = with_code(checked, "TW301")
    assert "GLIBC_2.28" in finding.evidence[0]
    assert checked.truth.platforms == ("manylinux_2_28_x86_64",)
    assert len(with_code(checked, "TW208")) == 1


@pytest.mark.parametrize(
    "requirement",
    [
        "PyQt6-Qt6",
        'PyQt5-Qt5 ; sys_platform == "win32"',
        'PyQt5-Qt5 ; extra == "gui"',
        "PyQt5-Qt5 @ ",
        "",
    ],
)
def test_what_is_not_required_on_the_platform_supplies_nothing(
    requirement: str,
) -> None:
    checked = judged(requirement)
    assert not checked.is_true
    assert with_code(checked, "TW208") == []
    (finding,) = with_code(checked, "TW201")
    assert "PyQt5-Qt5 has one of that name: if that is meant, require it" in (
        finding.hint or ""
    )


def test_what_the_table_does_not_know_is_an_error_that_names_with() -> None:
    checked = judged("numpy", "scipy", piece=linux("libnobody.so.1"))
    (untrue,) = with_code(checked, "TW301")
    (missing,) = with_code(checked, "TW201")
    assert "name the required wheels that have the libraries: --with WHEEL" in (
        untrue.hint or ""
    )
    assert "(numpy, scipy), name that with --with" in (missing.hint or "")


def test_without_requirements_nobody_is_to_be_named() -> None:
    checked = judged(piece=linux("libnobody.so.1"))
    for finding in checked.findings:
        assert "--with" not in (finding.hint or "")


def test_what_was_looked_at_is_known_better_than_by_the_table() -> None:
    nothing = Contents(files=(), dist_info="PyQt5_Qt5-5.15.2.dist-info")
    qt = Neighbour(distribution="PyQt5-Qt5", version="5.15.2", contents=nothing)
    checked = judged("PyQt5-Qt5", beside=(qt,))
    assert not checked.is_true
    assert with_code(checked, "TW208") == []
    (finding,) = with_code(checked, "TW201")
    assert "name that with --with" not in (finding.hint or "")


def test_a_distribution_may_be_required_through_others() -> None:
    # torch requires cuda-toolkit[cublas, …], and that requires nvidia-cublas.
    piece = linux("libtorch.so", "libcublas.so.13")
    (finding,) = with_code(judged("torch", piece=piece), "TW208")
    assert sorted(finding.evidence) == [
        "nvidia-cublas: libcublas.so.13",
        "torch: libtorch.so",
    ]
    # By the extras that are asked for, and no others.
    assert judged("cuda-toolkit[cublas]", piece=linux("libcublas.so.13")).is_true
    assert not judged("cuda-toolkit[cudart]", piece=linux("libcublas.so.13")).is_true


@pytest.mark.parametrize(
    ("requirement", "library", "is_known"),
    [
        # the table is about 1.90
        ("cmeel-boost ~= 1.90.0", "libboost_graph.so.1.90.0", True),
        ("cmeel-boost ~= 1.90.0", "libboost_graph.so.1.83.0", False),
        ("cmeel-boost", "libboost_graph.so.1.83.0", False),
        ("cmeel-boost ~= 1.83.0", "libboost_graph.so.1.83.0", True),
        ("cmeel-boost", "libboost_graph.so.1.99.0", True),
        ("cmeel-boost ~= 1.83.0", "libboost_nothing.so.1.83.0", False),
        # Boost has such a library for each Python
        ("cmeel-boost", "libboost_python314.so.1.90.0", True),
        ("nvidia-cublas-cu12", "libcublas.so.11", False),
        ("pyarrow", "libarrow.so.2600", True),
    ],
)
def test_numbers_in_names_count_as_far_as_the_table_is_about_that_version(
    requirement: str, library: str, is_known: bool
) -> None:
    assert judged(requirement, piece=linux(library)).is_true is is_known


@pytest.mark.parametrize(
    ("piece", "tag", "requirement", "library"),
    [
        (
            windows("qt5core.DLL"),
            "win_amd64",
            "PyQt5-Qt5",
            "qt5core.DLL",
        ),
        (
            mac("@rpath/QtCore.framework/Versions/A/QtCore"),
            "macosx_11_0_arm64",
            "PyQt6-Qt6",
            "@rpath/QtCore.framework/Versions/A/QtCore",
        ),
    ],
)
def test_libraries_are_known_by_the_names_of_each_system(
    piece: Slice, tag: str, requirement: str, library: str
) -> None:
    assert with_code(judged(piece=piece, tag=tag), "TW201")
    checked = judged(requirement, piece=piece, tag=tag)
    (finding,) = with_code(checked, "TW208")
    assert finding.evidence == (f"{requirement}: {library}",)
    assert with_code(checked, "TW201") == []


def test_a_path_of_the_systems_comes_from_no_wheel() -> None:
    piece = mac("/usr/local/lib/QtCore.framework/Versions/A/QtCore")
    checked = judged("PyQt6-Qt6", piece=piece, tag="macosx_11_0_arm64")
    assert with_code(checked, "TW208") == []


def test_many_names_and_long_ones_cost_little() -> None:
    names = [f"libboost_{n}.so.1.{n}" for n in range(20_000)]
    piece = linux(*names, "libboost_graph.so." + "1." * 100_000, "l" * 100_000)
    assert with_code(judged("cmeel-boost", "torch", piece=piece), "TW208") == []


def test_the_table_names_each_distribution_once_and_none_has_a_runtime() -> None:
    rows = known_suppliers()
    names = [row.distribution for row in rows]
    assert len(set(names)) == len(names)
    for row in rows:
        assert row.libraries or row.requires
    for library in ("msvcp140.dll", "libstdc++.so.6", "libc.so.6"):
        assert find_distributions(library) == ()


def test_a_build_believes_its_environment_and_not_the_table() -> None:
    inside = contents(binary_file("p/libm.so", linux(QT)))
    question = Question(target=CP313, requires=("PyQt5-Qt5",))
    verdict = judge(inside, question)
    assert verdict.platforms == ("linux_x86_64",)
    codes = {one.code for one in verdict.findings}
    assert "TW201" in codes
    assert "TW208" not in codes
    promised = judge(inside, replace(question, promise="manylinux_2_17"))
    assert "TW301" in {one.code for one in promised.errors}


def test_repair_does_not_believe_the_table_either(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if sys.platform != "linux":
        pytest.skip("gcc for Linux")
    library = compiled(tmp_path, QT_OF_NOBODY, "int q(void) { return 1; }\n", soname=QT_OF_NOBODY)  # fmt: skip
    assert library
    text = "int q(void);\nint used(void) { return q(); }\n"
    module = compiled(tmp_path, "user.so", text, QT_OF_NOBODY)
    wheel = wheel_pairs.wheel(tmp_path, "user", {"user/user.so": module}, "PyQt5-Qt5")
    assert main(["repair", "-o", str(tmp_path / "out"), str(wheel)]) != 0
    told = capsys.readouterr()
    assert f"{QT_OF_NOBODY} was not found" in told.err + told.out
    assert "--with WHEEL" in told.err + told.out

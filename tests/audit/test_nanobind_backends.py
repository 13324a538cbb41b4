"""Modules in nanobind's split mode, and whether users get the backend that they ask for (TW416)."""

from __future__ import annotations

import pytest

from support.facts import CP313, contents, wheel_named
from support.said import backend, saying
from truewheel.audit import verdict
from truewheel.audit.questions import Question
from truewheel.model.contents import File
from truewheel.model.finding import Finding, Severity

LINUX = "manylinux_2_28_x86_64"


def about(
    *requires: str, platform: str = LINUX, extra: tuple[File, ...] = ()
) -> list[Finding]:
    """Return what is said of a wheel with a module in split mode and these requirements."""
    inside = contents(saying("p/m.abi3.so", nanobind=backend()), *extra)
    lines = "".join(f"Requires-Dist: {text}\n" for text in requires)
    metadata = f"Metadata-Version: 2.1\nName: p\nVersion: 1\n{lines}"
    facts = wheel_named(f"p-1-cp310-abi3-{platform}.whl", inside, metadata=metadata)
    return [one for one in verdict.check(facts).findings if one.code == "TW416"]


def test_a_wheel_that_requires_nothing_cannot_be_imported() -> None:
    (finding,) = about()
    assert finding.severity is Severity.ERROR
    assert finding.where == "p-1.dist-info/METADATA"
    assert (
        finding.message
        == "a module needs nanobind's backend, and nanobind-backend is not required"
    )
    assert finding.hint == 'in [project]: dependencies = ["nanobind-backend"]'


def test_something_else_may_require_it() -> None:
    (finding,) = about("other")
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize("text", ["nanobind-backend", "nanobind_backend>=1,<2"])
def test_a_requirement_is_enough(text: str) -> None:
    assert about(text) == []


@pytest.mark.parametrize("text", ['nanobind-backend; extra == "x"', 'nanobind-backend; sys_platform == "win32"'])  # fmt: skip
def test_a_requirement_under_another_condition_is_not(text: str) -> None:
    (finding,) = about(text)
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize("path", ["nanobind_backend/__init__.py", "nanobind_backend.abi3.so"])  # fmt: skip
def test_a_wheel_may_bring_its_own(path: str) -> None:
    assert about(extra=(File(path=path, size=1),)) == []


@pytest.mark.parametrize(
    "platform",
    ["musllinux_1_2_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_i686", "win32", "macosx_10_13_x86_64"],
)  # fmt: skip
def test_platforms_without_a_wheel_of_the_backend_are_told(platform: str) -> None:
    (finding,) = about("nanobind-backend", platform=platform)
    assert finding.severity is Severity.WARNING
    assert finding.message.startswith(
        f"nanobind-backend has no wheel for all systems of {platform}"
    )
    assert "2026-11-29" in finding.evidence[1]


@pytest.mark.parametrize(
    "platform",
    ["manylinux_2_27_x86_64", "manylinux_2_28_aarch64", "macosx_11_0_universal2", "win_arm64", "linux_x86_64"],
)  # fmt: skip
def test_nothing_is_said_of_platforms_with_one(platform: str) -> None:
    assert about("nanobind-backend", platform=platform) == []


def test_nothing_is_known_of_a_backend_of_the_projects_own() -> None:
    inside = contents(saying("p/m.abi3.so", nanobind=backend(distribution="")))
    facts = wheel_named(f"p-1-cp310-abi3-{LINUX}.whl", inside)
    assert all(one.code != "TW416" for one in verdict.check(facts).findings)


@pytest.mark.parametrize(
    ("requires", "severities"),
    [((), [Severity.ERROR]), (("nanobind-backend>=1",), [])],
)
def test_a_build_is_told_as_well(
    requires: tuple[str, ...], severities: list[Severity]
) -> None:
    inside = contents(saying("p/m.abi3.so", nanobind=backend()))
    question = Question(target=CP313, requires=requires, promise="manylinux_2_28")
    findings = verdict.judge(inside, question).findings
    assert [one.severity for one in findings if one.code == "TW416"] == severities

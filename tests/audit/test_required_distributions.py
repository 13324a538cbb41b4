"""Whether METADATA requires the distributions whose libraries a wheel uses."""

from __future__ import annotations

import pytest

from support.facts import binary_file, contents
from support.slices import linux, mac, windows
from truewheel.audit.linkage import audit_of
from truewheel.audit.required_distributions import unrequired_distributions
from truewheel.model.binary import Slice
from truewheel.model.contents import Contents, File
from truewheel.model.finding import Finding
from truewheel.model.neighbours import Neighbour


def other(
    name: str = "Other.Lib", *requires: str, files: tuple[File, ...] = ()
) -> Neighbour:
    inside = Contents(files=files, dist_info="other_lib-2.0.dist-info")
    return Neighbour(
        distribution=name, version="2.0", contents=inside, requires=requires
    )


LIBRARY = binary_file("other/lib/libx.so", linux())
MODULE = linux("libx.so", runpath="$ORIGIN/other/lib")


def told(
    *requires: str,
    module: Slice = MODULE,
    path: str = "m.so",
    library: File = LIBRARY,
    more: tuple[Neighbour, ...] = (),
) -> list[Finding]:
    """Return the findings on a wheel with these requirements, whose module needs a library of ``Other.Lib``."""
    neighbours = (other(files=(library,)), *more)
    audit = audit_of(contents(binary_file(path, module)), neighbours=neighbours)
    found = unrequired_distributions(audit, requires, neighbours, where="METADATA")
    return list(found)


@pytest.mark.parametrize(
    "requirement",
    [
        "other-lib",
        "Other_Lib==2.0",
        'other.lib>=1 ; sys_platform == "linux"',
        'other-lib ; python_version < "3.10"',
        'other-lib ; python_version >= "3.13"',
        'other-lib ; platform_machine == "x86_64" and os_name == "posix"',
    ],
)
def test_a_requirement_that_may_hold_on_the_platform_is_enough(
    requirement: str,
) -> None:
    assert told("numpy", requirement) == []


def test_without_a_requirement_the_line_to_add_is_told() -> None:
    (finding,) = told("numpy", "not a requirement !")
    assert finding.code == "TW207"
    assert (
        finding.message
        == "Other.Lib supplies a library of this wheel, and nothing that is known requires it"
    )
    assert finding.evidence == (
        "m.so needs libx.so, which is other/lib/libx.so of Other.Lib 2.0",
        "not known are the requirements of numpy",
    )
    assert 'dependencies = ["Other.Lib==2.0"]' in (finding.hint or "")


@pytest.mark.parametrize(
    "requirement",
    [
        'other-lib ; extra == "cuda"',
        'other-lib ; sys_platform == "win32"',
        'other-lib ; platform_machine == "aarch64"',
    ],
)
def test_a_requirement_that_does_not_hold_is_shown(requirement: str) -> None:
    (finding,) = told(requirement)
    assert finding.message.endswith("and it is required only under a condition")
    assert finding.evidence[-1] == f"Requires-Dist: {requirement}"


def test_what_a_required_distribution_requires_is_installed_too() -> None:
    bundle = other("bundle", "other-lib ; extra == 'x'")
    assert told("bundle[x]", more=(bundle,)) == []
    assert [one.code for one in told("bundle", more=(bundle,))] == ["TW207"]
    circle = (other("a", "b"), other("b", "a", "other-lib"))
    assert told("a", more=circle) == []


def test_markers_are_those_of_the_wheels_platform_and_not_of_this_machine() -> None:
    on_windows = {
        "module": windows("x.dll"),
        "path": "other/m.pyd",
        "library": binary_file("other/x.dll", windows()),
    }
    assert told('other-lib ; platform_machine == "AMD64"', **on_windows) == []  # type: ignore[arg-type]
    assert len(told('other-lib ; sys_platform == "linux"', **on_windows)) == 1  # type: ignore[arg-type]
    on_macos = {
        "module": mac("@rpath/libx.dylib", rpath="@loader_path/other"),
        "library": binary_file("other/libx.dylib", mac()),
    }
    assert told('other-lib ; platform_system == "Darwin"', **on_macos) == []  # type: ignore[arg-type]
    assert len(told('other-lib ; sys_platform == "linux"', **on_macos)) == 1  # type: ignore[arg-type]


def test_a_distribution_that_supplies_nothing_need_not_be_required() -> None:
    assert told(module=linux("libc.so.6")) == []


def test_several_libraries_of_one_distribution_are_one_finding() -> None:
    module = linux("libx.so", "liby.so", runpath="$ORIGIN/other/lib")
    files = (LIBRARY, binary_file("other/lib/liby.so", linux()))
    neighbours = (other(files=files),)
    audit = audit_of(contents(m=module), neighbours=neighbours)
    (finding,) = unrequired_distributions(audit, (), neighbours, where="METADATA")
    assert finding.evidence[-1] == "and 1 more"

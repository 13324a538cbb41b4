"""truewheel beside auditwheel on published wheels: the same platform, or a listed difference with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from auditwheel.wheel_abi import NonPlatformWheelError, analyze_wheel_abi

from support import published
from truewheel.audit.truth import Checked
from truewheel.audit.verdict import check
from truewheel.system.wheels.reading import read_wheel

pytestmark = pytest.mark.network
DIFFERENCES = published.differences("disagreements.toml")


def verdict(path: Path) -> Checked:
    return check(read_wheel(path, digests=True))


def platform_by_auditwheel(path: Path) -> str:
    try:
        found = analyze_wheel_abi(
            None,
            None,
            path,
            frozenset(),
            disable_isa_ext_check=False,
            allow_graft=False,
        )
    except NonPlatformWheelError:
        return "any"
    return found.overall_policy.name


@pytest.mark.parametrize("row", published.listed(), ids=lambda r: r.filename)
def test_the_platform_is_that_of_auditwheel_unless_listed(
    row: published.Published,
) -> None:
    path = published.path_of(row)
    ours = verdict(path).truth.platforms[0]
    theirs = platform_by_auditwheel(path)
    difference = DIFFERENCES.get(row.filename)
    if difference is None:
        assert ours == theirs
    else:
        assert ours == difference["ours"]
        assert theirs == difference["theirs"]
        assert ours != theirs, "the difference is gone: take it off the list"


@pytest.mark.parametrize("row", published.listed(), ids=lambda r: r.filename)
def test_published_wheels_are_true(row: published.Published) -> None:
    checked = verdict(published.path_of(row))
    assert checked.is_true, checked.findings
    assert not checked.has_errors, checked.findings


def test_the_list_of_wheels_is_broad_enough() -> None:
    names = {row.filename for row in published.listed()}
    assert len(names) >= 40
    assert len([name for name in names if "musllinux" in name]) >= 8
    for cpu in ("x86_64", "aarch64", "i686", "armv7l", "ppc64le", "s390x", "riscv64"):
        assert [name for name in names if cpu in name], cpu


def test_differences_are_listed_for_tested_wheels_only() -> None:
    assert DIFFERENCES.keys() <= {row.filename for row in published.listed()}

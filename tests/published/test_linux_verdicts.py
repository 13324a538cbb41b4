"""truewheel beside auditwheel on published wheels: the same platform, or a listed difference with its reason."""

from __future__ import annotations

import functools
from collections import Counter
from pathlib import Path

import pytest
import tomllib
from auditwheel.wheel_abi import NonPlatformWheelError, analyze_wheel_abi

from support import needs, published
from support.paths import CORPUS
from truewheel.audit.verdict import Checked, check
from truewheel.system.wheels.reading import read_wheel

pytestmark = pytest.mark.network
DIFFERENCES = CORPUS / "disagreements.toml"


@functools.cache
def listed() -> dict[str, dict[str, str]]:
    rows = tomllib.loads(DIFFERENCES.read_text(encoding="utf-8"))["difference"]
    return {row["file"]: row for row in rows}


def wheel(row: published.Published) -> Path:
    path = published.fetched().get(row.filename)
    return path if path is not None else needs.missing(f"{row.filename} from the package index")


def verdict(path: Path) -> Checked:
    return check(read_wheel(path, digests=True))


def auditwheels(path: Path) -> str:
    try:
        found = analyze_wheel_abi(None, None, path, frozenset(), disable_isa_ext_check=False, allow_graft=False)
    except NonPlatformWheelError:
        return "any"
    return found.overall_policy.name


@pytest.mark.parametrize("row", published.listed(), ids=lambda r: r.filename)
def test_platform_is_auditwheels(row: published.Published) -> None:
    path = wheel(row)
    ours, theirs = verdict(path).truth.platforms[0], auditwheels(path)
    expected = listed().get(row.filename)
    if expected is None:
        assert ours == theirs
    else:
        assert (ours, theirs) == (expected["ours"], expected["theirs"])
        assert ours != theirs, "the difference is gone: take it off the list"


@pytest.mark.parametrize("row", published.listed(), ids=lambda r: r.filename)
def test_what_projects_publish_is_true(row: published.Published) -> None:
    checked = verdict(wheel(row))
    assert checked.is_true, checked.findings
    assert not checked.has_errors, checked.findings


def test_the_list_is_broad_enough_and_names_only_what_is_tested() -> None:
    names = {row.filename for row in published.listed()}
    assert listed().keys() <= names
    cpus = Counter(
        row.filename.removesuffix(".whl").rpartition("linux_")[2].partition("_")[2].partition("_")[2]
        for row in published.listed()
    )
    assert len(names) >= 40
    for cpu in ("x86_64", "aarch64", "i686", "armv7l", "ppc64le", "s390x", "riscv64"):
        assert any(cpu in row.filename for row in published.listed()), (cpu, cpus)
    assert sum("musllinux" in n for n in names) >= 8

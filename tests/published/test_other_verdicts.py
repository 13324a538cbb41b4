"""truewheel on published wheels for macOS, Windows, Android, iOS and Pyodide, beside the tools of each system.

The second opinions are delocate's deployment targets (by macholib), pefile's machines and imports, and abi3audit's versions.
A wheel whose name is untrue, or on which the other tool disagrees, is listed with the reason in
``corpus/disagreements-others.toml``.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pefile
import pytest
from delocate.delocating import _get_macos_min_version

from support import published
from truewheel.audit.truth import Checked
from truewheel.audit.verdict import check
from truewheel.model.binary import Format, NeedKind
from truewheel.system.wheels.reading import read_wheel

pytestmark = pytest.mark.network
ROWS = published.sample(published.OTHERS)
DIFFERENCES = published.differences("disagreements-others.toml")
MACHINES = {0x14C: "win32", 0x8664: "win_amd64", 0xAA64: "win_arm64"}


def wheel(row: published.Published) -> Path:
    return published.path_of(row, published.OTHERS)


@functools.cache
def verdict(path: Path) -> Checked:
    return check(read_wheel(path, digests=True))


def wheels_for(family: str) -> list[published.Published]:
    return [row for row in ROWS if row.family == family]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.filename)
def test_published_wheels_are_true_unless_listed(row: published.Published) -> None:
    checked = verdict(wheel(row))
    reason = DIFFERENCES.get(row.filename, {}).get("untrue")
    if reason is None:
        assert checked.is_true, checked.findings
        return
    assert not checked.is_true
    evidence = "\n".join("\n".join(finding.evidence) for finding in checked.findings)
    assert reason in evidence


@pytest.mark.parametrize("row", wheels_for("macos"), ids=lambda r: r.filename)
def test_deployment_targets_are_those_of_delocate(
    row: published.Published, tmp_path: Path
) -> None:
    path = wheel(row)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path)
    theirs = targets_by_delocate(tmp_path)
    truth = verdict(path).truth
    ours = {
        floor.cpu: floor.version[:2] for floor in truth.floors if floor.of == "macos"
    }
    assert ours == theirs

    # arm64 never had an older system than 11, so beside another CPU it does not raise the level of a universal wheel.
    deciding = [
        version
        for cpu, version in theirs.items()
        if len(theirs) == 1 or (cpu, version[0]) != ("arm64", 11)
    ]
    major, minor = truth.platforms[0].removeprefix("macosx_").split("_")[:2]
    assert (int(major), int(minor)) == max(deciding, default=(0, 0))


def targets_by_delocate(folder: Path) -> dict[str, tuple[int, int]]:
    """Return the newest deployment target of the files in a folder, for each CPU."""
    targets: dict[str, tuple[int, int]] = {}
    for file in (path for path in folder.rglob("*") if path.is_file()):
        for name, version in _get_macos_min_version(file):
            cpu = {"ARM64": "arm64", "i386": "i686"}.get(
                name, name
            )  # as macholib spells them
            targets[cpu] = max(targets.get(cpu, (0, 0)), (version.major, version.minor))
    return targets


@pytest.mark.parametrize("row", wheels_for("windows"), ids=lambda r: r.filename)
def test_machines_and_imports_are_those_of_pefile(row: published.Published) -> None:
    path = wheel(row)
    with zipfile.ZipFile(path) as archive:
        for file, binary in read_wheel(path).contents.binaries():
            if binary.format is not Format.PE:
                continue
            image = pefile.PE(data=archive.read(file.path))
            theirs = {
                entry.dll.decode()
                for entry in getattr(image, "DIRECTORY_ENTRY_IMPORT", ())
            }
            ours = {
                need.library
                for need in binary.slices[0].needs
                if need.kind is NeedKind.NORMAL
            }
            assert ours == theirs
            assert verdict(path).truth.platforms == (
                MACHINES[image.FILE_HEADER.Machine],
            )


@pytest.mark.parametrize(
    "row", [row for row in ROWS if "-abi3-" in row.filename], ids=lambda r: r.filename
)
def test_the_stable_abi_is_kept_if_abi3audit_says_so(row: published.Published) -> None:
    path = wheel(row)
    command = [sys.executable, "-m", "abi3audit", "--report", str(path)]
    report = json.loads(
        subprocess.run(command, capture_output=True, check=False).stdout
    )
    is_kept = True
    for wheel_report in report["specs"].values():
        for file in wheel_report["wheel"]:
            is_kept &= (
                file["result"]["is_abi3"]
                and file["result"]["is_abi3_baseline_compatible"]
            )
    broken = [
        finding
        for finding in verdict(path).findings
        if finding.code in {"TW401", "TW402", "TW403"}
    ]
    if DIFFERENCES.get(row.filename, {}).get("reason") != "stable ABI":
        assert (broken == []) == is_kept


def test_the_lists_of_wheels_are_broad_enough() -> None:
    everything = [*published.listed(), *published.listed(published.OTHERS)]
    names = {row.filename for row in everything}
    assert len(names) >= 250
    assert len(everything) == len(names), "a wheel is listed twice"
    for part, least in LEAST.items():
        assert len([name for name in names if part in name]) >= least, part


LEAST = {
    "macosx_": 60,
    "universal2": 10,
    "win32": 15,
    "win_amd64": 40,
    "win_arm64": 20,
    "-abi3-": 25,
    "-cp314t-": 8,
    "-pypy311_pp73-": 5,
    "-py3-none-": 3,
    "android_": 5,
    "ios_": 10,
    "wasm32": 3,
}
"""How many wheels with this in their names there must be."""


def test_differences_are_listed_for_known_wheels_only() -> None:
    assert DIFFERENCES.keys() <= {
        row.filename for row in published.listed(published.OTHERS)
    }

"""truewheel on published wheels for macOS, Windows, Android, iOS and Pyodide, beside the tools of each system.

The second opinions: delocate's deployment targets (by macholib), pefile's machines and imports, abi3audit's versions.
A wheel whose name is found untrue, and a ruling that is not the second opinion's, stands with its reason in
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
import tomllib
from delocate.delocating import _get_macos_min_version

from support import needs, published
from truewheel.audit.verdict import Checked, check
from truewheel.system.wheels.reading import read_wheel

pytestmark = pytest.mark.network
ROWS = published.sample(published.OTHERS)
MACHINES = {0x14C: "win32", 0x8664: "win_amd64", 0xAA64: "win_arm64"}


@functools.cache
def listed() -> dict[str, dict[str, str]]:
    text = (published.CORPUS / "disagreements-others.toml").read_text(encoding="utf-8")
    return {row["file"]: row for row in tomllib.loads(text)["difference"]}


def wheel(row: published.Published) -> Path:
    path = published.fetched(published.OTHERS).get(row.filename)
    return path if path is not None else needs.missing(f"{row.filename} from the package index")


@functools.cache
def verdict(path: Path) -> Checked:
    return check(read_wheel(path, digests=True))


def of(*families: str) -> list[published.Published]:
    return [r for r in ROWS if r.family in families]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.filename)
def test_what_projects_publish_is_true_unless_listed(row: published.Published) -> None:
    checked = verdict(wheel(row))
    untrue = listed().get(row.filename, {}).get("untrue")
    assert checked.is_true == (untrue is None), checked.findings
    if untrue is not None:
        assert any(untrue in line for f in checked.findings for line in f.evidence)


@pytest.mark.parametrize("row", of("macos"), ids=lambda r: r.filename)
def test_deployment_targets_are_delocates(row: published.Published, tmp_path: Path) -> None:
    path = wheel(row)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path)
    theirs: dict[str, tuple[int, ...]] = {}
    for file in (p for p in tmp_path.rglob("*") if p.is_file()):
        for name, version in _get_macos_min_version(file):
            cpu = {"ARM64": "arm64", "i386": "i686"}.get(name, name)  # as macholib spells them
            theirs[cpu] = max(theirs.get(cpu, (0,)), version.release)
    ours = {f.cpu: f.version for f in verdict(path).truth.floors if f.of == "macos"}
    assert {cpu: v[:2] for cpu, v in ours.items()} == {cpu: (*v, 0)[:2] for cpu, v in theirs.items()}
    oldest = max(
        (v for cpu, v in theirs.items() if len(theirs) == 1 or (cpu, v[:1]) != ("arm64", (11,))), default=(0, 0)
    )
    named = verdict(path).truth.platforms[0].removeprefix("macosx_").split("_")[:2]
    assert tuple(map(int, named)) == (*oldest, 0)[:2]


@pytest.mark.parametrize("row", of("windows"), ids=lambda r: r.filename)
def test_machines_and_imports_are_pefiles(row: published.Published) -> None:
    path = wheel(row)
    ours = {f.path: b for f, b in read_wheel(path).contents.binaries() if b.format.value == "PE"}
    with zipfile.ZipFile(path) as archive:
        for name, binary in ours.items():
            image = pefile.PE(data=archive.read(name))
            theirs = {i.dll.decode() for i in getattr(image, "DIRECTORY_ENTRY_IMPORT", ())}
            assert {n.library for n in binary.slices[0].needs if n.kind.value == "normal"} == theirs
            assert verdict(path).truth.platforms == (MACHINES[image.FILE_HEADER.Machine],)


@pytest.mark.parametrize("row", [r for r in ROWS if "-abi3-" in r.filename], ids=lambda r: r.filename)
def test_the_stable_abi_is_abi3audits(row: published.Published) -> None:
    path = wheel(row)
    command = [sys.executable, "-m", "abi3audit", "--report", str(path)]
    report = json.loads(subprocess.run(command, capture_output=True, check=False).stdout)
    results = [r["result"] for spec in report["specs"].values() for r in spec["wheel"]]
    theirs = all(r["is_abi3"] and r["is_abi3_baseline_compatible"] for r in results)
    ours = not any(f.code in {"TW401", "TW402", "TW403"} for f in verdict(path).findings)
    assert ours == theirs or listed()[row.filename]["reason"] == "stable ABI"


def test_the_lists_are_broad_enough() -> None:
    everything = [*published.listed(), *published.listed(published.OTHERS)]
    names = [row.filename for row in everything]
    assert len(set(names)) == len(names) >= 250
    for part, least in {
        "macosx_": 60, "universal2": 10, "win32": 15, "win_amd64": 40, "win_arm64": 20, "-abi3-": 25, "-cp314t-": 8,
        "-pypy311_pp73-": 5, "-py3-none-": 3, "android_": 5, "ios_": 10, "wasm32": 3,
    }.items():  # fmt: skip
        assert sum(part in n for n in names) >= least, part
    assert listed().keys() <= set(names)

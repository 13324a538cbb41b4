"""truewheel is a drop-in: each sample project gives the same files as under scikit-build-core, byte for byte.

The tag in the file name, WHEEL and RECORD may differ, and of modes all but the executable bits (truewheel normalises them).
The projects are written for scikit-build-core; for truewheel the two lines of ``[build-system]`` are changed. Both backends
build at the same path, one after the other, so that binaries can be compared as bytes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import tomllib

from support import needs
from support.paths import PROJECTS

HOOK = """
import importlib, json, sys
sys.path = [p for p in sys.path if p]
backend = importlib.import_module(sys.argv[1])
settings = json.loads(sys.argv[4])
kind, out = sys.argv[2], sys.argv[3]
if kind == "metadata":
    backend.prepare_metadata_for_build_wheel(out, settings)
else:
    getattr(backend, "build_" + kind)(out, settings)
"""


def cases() -> list[Any]:
    found = []
    for project in sorted(p for p in PROJECTS.iterdir() if p.is_dir()):
        path = project / "cases.toml"
        listed = (
            tomllib.loads(path.read_text(encoding="utf-8"))["case"]
            if path.is_file()
            else [{"kind": "wheel"}]
        )
        for case in listed:
            words = [
                f"{k}={v}"
                for k, v in {**case.get("settings", {}), **case.get("env", {})}.items()
            ]
            found.append(
                pytest.param(
                    project, case, id="-".join([project.name, case["kind"], *words])
                )
            )
    return found


def build(
    backend: str, project: Path, case: dict[str, Any], place: Path, output: Path
) -> dict[str, tuple[bytes, int]]:
    """Build the project at ``place``; return content and mode of each member of the product."""
    import json

    source = place / "source"
    if place.exists():
        shutil.rmtree(place)
    shutil.copytree(
        project, source, symlinks=True, ignore=shutil.ignore_patterns("cases.toml")
    )
    if backend == "truewheel.backend":
        table = source / "pyproject.toml"
        text = table.read_text(encoding="utf-8")
        assert text.count("scikit_build_core.build") == 1
        requires = (
            '"truewheel"'
            if "build-system.requires" not in text
            else '"truewheel", "scikit-build-core>=1.1"'
        )
        text = text.replace("scikit_build_core.build", backend, 1)
        for old in ('"scikit-build-core>=1.1"', '"scikit-build-core"'):
            if old in text:
                text = text.replace(old, requires, 1)
                break
        table.write_text(text, encoding="utf-8")
    output.mkdir(parents=True)
    environ = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("SKBUILD", "CMAKE_", "TRUEWHEEL"))
    }
    environ |= {
        "TMPDIR": str(place),
        "TRUEWHEEL_CACHE_DIR": str(place / "tmpcache"),
        **case.get("env", {}),
    }
    # Only truewheel maps paths out of debug information; here it steps back, as for any project that uses this door.
    environ["CMAKE_ARGS"] = (
        f"{environ.get('CMAKE_ARGS', '')} -DCMAKE_PROJECT_INCLUDE_BEFORE=".strip()
    )
    run = subprocess.run(
        [sys.executable, "-c", HOOK, backend, case["kind"], str(output), json.dumps(case.get("settings", {}))],
        cwd=source, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    return members(output)


def members(output: Path) -> dict[str, tuple[bytes, int]]:
    (product,) = output.iterdir()
    if product.is_dir():
        return {
            f"{product.name}/{p.relative_to(product)}": (p.read_bytes(), 0)
            for p in product.rglob("*")
            if p.is_file()
        }
    if product.suffix == ".whl":
        with zipfile.ZipFile(product) as archive:
            return {
                i.filename: (archive.read(i), i.external_attr >> 16)
                for i in archive.infolist()
            }
    with tarfile.open(product) as tar:
        found = {}
        for info in tar:
            content = (
                tar.extractfile(info).read()
                if info.isreg()
                else b"-> " + info.linkname.encode()
            )
            found[info.name] = (content, info.mode)
        return found


def normalised(
    found: dict[str, tuple[bytes, int]], place: Path
) -> dict[str, tuple[bytes, int]]:
    """Return the members without what may differ: WHEEL, RECORD, the two changed lines, and names of temporary directories."""
    import re

    kept = {}
    for name, (original, mode) in found.items():
        content = original
        if name.endswith((".dist-info/WHEEL", ".dist-info/RECORD")):
            continue
        if name.endswith("/pyproject.toml"):
            content = b"\n".join(
                line
                for line in content.splitlines()
                if not line.startswith((b"requires = ", b"build-backend = "))
            )
        content = re.sub(
            re.escape(str(place).encode()) + rb"/(tmp|truewheel-)\w+",
            b"TEMPORARY",
            content,
        )
        kept[name] = (content, mode & 0o111)
    return kept


@pytest.mark.parametrize(("project", "case"), cases())
def test_both_backends_make_the_same_files(
    project: Path, case: dict[str, Any], tmp_path: Path
) -> None:
    needs.program("gcc")
    place = tmp_path / "place"
    theirs = normalised(
        build("scikit_build_core.build", project, case, place, tmp_path / "theirs"),
        place,
    )
    ours = normalised(
        build("truewheel.backend", project, case, place, tmp_path / "ours"), place
    )
    assert sorted(ours) == sorted(theirs)
    for name in theirs:
        assert ours[name] == theirs[name], name

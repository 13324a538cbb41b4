"""The workflows of this project: well formed, pinned, with no more rights than they need, and for files that are there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import needs
from support.paths import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())["jobs"]
    return found


def test_there_are_workflows() -> None:
    assert WORKFLOWS


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_keeps_the_schema(path: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", path]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_no_weakness_that_is_known(path: Path) -> None:
    command = [needs.program("zizmor"), "--offline", "--no-config", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_and_scripts_are_there(path: Path) -> None:
    for name, job in jobs(path).items():
        # A job without a limit runs for six hours.
        assert "timeout-minutes" in job, name
        for step in job["steps"]:
            if "uses" in step:
                assert PINNED.fullmatch(step["uses"]), step["uses"]
            for file in re.findall(r"\S+\.py\b|\.ci/\w+", step.get("run", "")):
                assert (ROOT / file).is_file(), file


def test_the_rooms_that_are_tested_everywhere_are_there() -> None:
    path = ROOT / ".github" / "workflows" / "ci.yml"
    rooms = yaml.safe_load(path.read_text())["env"]["PURE_ROOMS"].split()
    for room in rooms:
        assert (ROOT / room).is_dir(), room

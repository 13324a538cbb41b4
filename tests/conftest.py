"""Fixtures and rules for every test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.paths import ROOT


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("TRUEWHEEL_EXTENDED", "") in {"", "0"}:
        skip = pytest.mark.skip(reason="extended run only: set TRUEWHEEL_EXTENDED=1")
        for item in items:
            if "extended" in item.keywords:
                item.add_marker(skip)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> None:
    """Tests never touch the cache of whoever runs them."""
    os.environ["TRUEWHEEL_CACHE_DIR"] = str(
        tmp_path_factory.mktemp(f"cache-{worker_id}")
    )


@pytest.fixture(scope="session")
def distribution(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A directory with truewheel's own wheel, built by itself, for front ends to find."""
    place = tmp_path_factory.mktemp(f"distribution-{worker_id}")
    script = "import sys; sys.path.insert(0, 'src'); import truewheel.backend as b; b.build_wheel(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", script, str(place)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return place


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """Name of this pytest-xdist worker; ``main`` without that plug-in."""
    return getattr(request.config, "workerinput", {}).get("workerid", "main")


@pytest.fixture(scope="session")
def environ(distribution: Path) -> dict[str, str]:
    """An environment in which pip and uv find truewheel, and nothing else of ours is on the way."""
    kept = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(
            ("SKBUILD", "CMAKE_", "TRUEWHEEL", "PYTHONPATH", "VIRTUAL_ENV", "COV_")
        )
    }
    kept["PIP_FIND_LINKS"] = f"{distribution} {kept.get('PIP_FIND_LINKS', '')}".strip()
    kept["UV_FIND_LINKS"] = str(distribution)
    kept["TRUEWHEEL_CACHE_DIR"] = os.environ["TRUEWHEEL_CACHE_DIR"]
    kept["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    return kept


@pytest.fixture
def ran(
    record_property: Callable[[str, object], None],
) -> Callable[[str, str, str], None]:
    """Note in the test report that a kind of extension was built with a Python by a front end, installed and tested."""

    def note(kind: str, python: str, front_end: str) -> None:
        record_property("cell", f"{kind}/{python}/{front_end}")

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Counts that tests recorded: faults that were injected, and how the builds after them went."""
    counted = [
        (report.nodeid.rpartition("::")[2], name, value)
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name != "cell"  # those become a table: docs/regenerate/tested.py
    ]
    if counted:
        terminalreporter.section("counts")
    for test, name, value in counted:
        terminalreporter.write_line(f"{test}: {name}: {value}")

"""Builds of modules that are linked with a library of another wheel, which the build environment holds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import hooks, wheel_pairs
from support.wheel_pairs import LIBRARY
from truewheel.audit.verdict import check
from truewheel.model.neighbours import required_by
from truewheel.system.wheels.installed import installed_neighbours
from truewheel.system.wheels.reading import read_wheel

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="gcc for Linux")

CMAKE = (
    hooks.CMAKE
    + """
target_link_libraries(_m PRIVATE ${SUPPLIED})
set_target_properties(_m PROPERTIES INSTALL_RPATH "${WAY}")
"""
)
TABLE = """dependencies = [{requires}]
[tool.scikit-build]
cmake.define.SUPPLIED = "{library}"
cmake.define.WAY = "{way}"
[tool.truewheel]
{settings}
"""
HEAD = "int supplied(void);"
WAY = "$ORIGIN/../supplier/lib"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A ``site-packages`` with the wheel that has the library."""
    place = tmp_path / "library"
    place.mkdir()
    files = {f"supplier/lib/{LIBRARY}": wheel_pairs.library(place)}
    supplier = wheel_pairs.wheel(tmp_path, "supplier", files)
    return wheel_pairs.unpacked(tmp_path / "site", supplier)


def build(
    place: Path,
    site: Path,
    *,
    way: str = WAY,
    requires: str = '"supplier"',
    settings: str = "",
    to_build: str = '"truewheel", "supplier"',
) -> subprocess.CompletedProcess[str]:
    """Build the project with that environment."""
    table = TABLE.format(
        requires=requires,
        library=site / "supplier" / "lib" / LIBRARY,
        way=way,
        settings=settings,
    )
    source = hooks.project(
        place, head=HEAD, value="supplied()", pyproject=table, cmake=CMAKE
    )
    project_file = source / "pyproject.toml"
    text = project_file.read_text().replace('"truewheel"', to_build, 1)
    project_file.write_text(text)
    path = f"{site}{os.pathsep}{os.environ['PYTHONPATH']}"
    environ = {"PYTHONPATH": path, "TRUEWHEEL_CACHE": "off"}
    return hooks.hook(source, "build_wheel", place / "out", environ=environ)


def test_the_wheel_keeps_its_promise_and_runs_beside_the_other(
    tmp_path: Path, site: Path
) -> None:
    name = hooks.result(build(tmp_path, site))
    assert "manylinux" in name
    wheel = tmp_path / "out" / name
    assert [file.path for file in read_wheel(wheel).contents.files if LIBRARY in file.path] == []  # fmt: skip
    installed = wheel_pairs.unpacked(tmp_path / "installed", wheel)
    wheel_pairs.unpacked(installed, tmp_path / f"supplier-1.0-{wheel_pairs.TAG}.whl")
    (site / "supplier" / "lib" / LIBRARY).unlink()
    code = "from pkg._m import call; print(call())"
    environ = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.stdout.strip() == "42", done.stderr


def test_a_requirement_that_is_missing_is_told(tmp_path: Path, site: Path) -> None:
    done = build(tmp_path, site, requires="")
    assert "manylinux" in hooks.result(done)
    told = done.stdout + done.stderr
    assert "TW207" in told
    assert 'dependencies = ["supplier==1.0"]' in told


def test_the_setting_that_binds_the_version_adds_the_requirement(
    tmp_path: Path, site: Path
) -> None:
    done = build(
        tmp_path,
        site,
        requires='"numpy"]\ndynamic = ["dependencies"',
        settings='pin = ["supplier"]',
    )
    wheel = tmp_path / "out" / hooks.result(done)
    metadata = read_wheel(wheel).metadata or ""
    assert required_by(metadata) == ("numpy", "supplier==1.0")
    assert "TW207" not in done.stdout + done.stderr


def unreached(wheel: Path, site: Path) -> list[str]:
    """Return what is said of the libraries of a wheel beside the other distribution."""
    beside = installed_neighbours([site], [LIBRARY])
    found = check(read_wheel(wheel), neighbours=beside, select=("TW2",)).findings
    return [one.message for one in found]


def test_a_library_that_the_loader_does_not_reach_keeps_no_promise_from_being_made(
    tmp_path: Path, site: Path
) -> None:
    done = build(tmp_path, site, way="$ORIGIN", settings='repair = "off"')
    wheel = tmp_path / "out" / hooks.result(done)
    assert "manylinux" in wheel.name
    assert "TW201" not in done.stdout + done.stderr
    # Python code may import the other package first: no more than a note.
    assert unreached(wheel, site) == [
        f"{LIBRARY} is in supplier 1.0, but the loader is not told where"
    ]


def test_a_search_path_to_the_other_wheel_is_added(tmp_path: Path, site: Path) -> None:
    done = build(tmp_path, site, way="$ORIGIN")
    wheel = tmp_path / "out" / hooks.result(done)
    assert "manylinux" in wheel.name
    assert unreached(wheel, site) == []
    files = read_wheel(wheel).contents.files
    (module,) = [file for file in files if file.binary is not None]
    assert module.binary is not None
    paths = [path.path for path in module.binary.slices[0].search_paths]
    assert paths == ["$ORIGIN", WAY]


def test_what_the_project_requires_nowhere_is_there_by_chance(
    tmp_path: Path, site: Path
) -> None:
    done = build(
        tmp_path, site, requires="", to_build='"truewheel"', settings='repair = "off"'
    )
    assert "manylinux" not in hooks.result(done)
    assert "TW201" in done.stdout + done.stderr


def test_a_library_that_is_there_by_chance_is_copied_like_any_other(
    tmp_path: Path, site: Path
) -> None:
    done = build(tmp_path, site, requires="", to_build='"truewheel"')
    wheel = tmp_path / "out" / hooks.result(done)
    assert "manylinux" in wheel.name
    names = [file.path for file in read_wheel(wheel).contents.files]
    assert [name for name in names if name.startswith("pkg.libs/libsupplied-")]

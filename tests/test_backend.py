"""The hooks, called in processes of their own."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support import hooks, needs

HOOKS = [
    "build_wheel",
    "build_sdist",
    "build_editable",
    "get_requires_for_build_wheel",
    "get_requires_for_build_sdist",
    "get_requires_for_build_editable",
    "prepare_metadata_for_build_wheel",
    "prepare_metadata_for_build_editable",
]


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_names_its_pep(name: str) -> None:
    import truewheel.backend

    assert "https://peps.python.org/pep-0" in str(
        getattr(truewheel.backend, name).__doc__
    )


def test_importing_the_backend_imports_nothing_else() -> None:
    script = "import sys, truewheel.backend; print([m for m in sys.modules if m.startswith(('truewheel.', 'scikit_build_core'))])"
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "['truewheel.backend']"


def test_prepared_metadata_is_that_of_the_wheel_and_needs_no_cmake(
    tmp_path: Path,
) -> None:
    source = hooks.project(
        tmp_path, pyproject='[project.scripts]\ntool = "pkg:main"\n', LICENSE="licence"
    )
    crippled = {"CMAKE_EXECUTABLE": "/nonexistent", "PATH": ""}
    prepared = tmp_path / "prepared"
    home = hooks.result(
        hooks.hook(
            source, "prepare_metadata_for_build_wheel", prepared, environ=crippled
        )
    )
    assert home == "pkg-1.0.dist-info"
    needs.program("gcc")
    name = hooks.result(
        hooks.hook(source, "build_wheel", tmp_path / "out", None, prepared / home)
    )
    files = [path for path in (prepared / home).rglob("*") if path.is_file()]
    with zipfile.ZipFile(tmp_path / "out" / name) as archive:
        for path in files:
            assert (
                archive.read(path.relative_to(prepared).as_posix()) == path.read_bytes()
            )
        assert archive.namelist()[-1] == f"{home}/RECORD"


def test_metadata_that_changes_between_two_hooks_is_an_error(tmp_path: Path) -> None:
    source = hooks.project(tmp_path)
    prepared = tmp_path / "prepared"
    home = hooks.result(
        hooks.hook(source, "prepare_metadata_for_build_wheel", prepared)
    )
    (source / "pyproject.toml").write_text(
        (source / "pyproject.toml").read_text().replace("1.0", "1.1")
    )
    run = hooks.hook(source, "build_wheel", tmp_path / "out", None, prepared / home)
    assert run.returncode == 2
    assert "metadata changed" in run.stderr
    assert list((tmp_path / "out").glob("*")) == []


def test_two_builds_make_the_same_bytes_and_say_why_the_tag_is_what_it_is(
    tmp_path: Path,
) -> None:
    needs.program("gcc")
    source = hooks.project(tmp_path)
    wheels = []
    for output in ("one", "two"):
        run = hooks.hook(source, "build_wheel", tmp_path / output)
        wheels.append((tmp_path / output / hooks.result(run)).read_bytes())
        assert "why: manylinux_2_" in run.stderr
        assert "tag: cp3" in run.stderr
    assert wheels[0] == wheels[1]


def test_an_editable_wheel_makes_no_promise(tmp_path: Path) -> None:
    needs.program("gcc")
    source = hooks.project(
        tmp_path, pyproject='[tool.truewheel]\ntag = "manylinux_2_5"\n'
    )
    assert "-linux_" in hooks.result(
        hooks.hook(source, "build_editable", tmp_path / "out")
    )


@pytest.mark.parametrize("variable", ["DEB_BUILD_ARCH", "CONDA_BUILD", "NIX_BUILD_TOP"])
def test_package_builds_of_distributions_get_the_plain_tag(
    tmp_path: Path, variable: str
) -> None:
    needs.program("gcc")
    run = hooks.hook(
        hooks.project(tmp_path),
        "build_wheel",
        tmp_path / "out",
        environ={variable: "1"},
    )
    assert "-linux_" in hooks.result(run)


def test_truewheel_builds_itself(distribution: Path) -> None:
    (wheel,) = distribution.glob("truewheel-*.whl")
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "truewheel/cmake/TruewheelConfig.cmake" in names
    assert "truewheel/findings/TW301.md" in names
    assert "truewheel/platforms/policy/linux.json" in names


def test_the_source_is_left_as_it_was(tmp_path: Path) -> None:
    needs.program("gcc")
    source = hooks.project(tmp_path)
    before = sorted(source.rglob("*"))
    hooks.result(hooks.hook(source, "build_wheel", tmp_path / "out"))
    hooks.result(hooks.hook(source, "build_sdist", tmp_path / "out"))
    assert sorted(source.rglob("*")) == before
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_a_wheel_of_dependencies_only_may_be_empty(tmp_path: Path) -> None:
    source = hooks.project(
        tmp_path,
        cmake="",
        pyproject="[tool.scikit-build]\nwheel.cmake = false\nwheel.packages = []\n",
    )
    assert (
        hooks.result(hooks.hook(source, "build_wheel", tmp_path / "out"))
        == "pkg-1.0-py3-none-any.whl"
    )

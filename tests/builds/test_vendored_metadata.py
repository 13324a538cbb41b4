"""What a package holds is the package's, metadata of vendored projects and byte code included; what is left out is said."""

from __future__ import annotations

import importlib.util
import py_compile
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from support import hooks, needs

PURE = "[tool.scikit-build]\nwheel.cmake = false\n"
INSTALLING = """cmake_minimum_required(VERSION 3.18...4.0)
project(${SKBUILD_PROJECT_NAME} LANGUAGES NONE)
install(DIRECTORY tree/ DESTINATION .)
"""
VENDORED = (
    "pkg/six-1.16.0.dist-info/METADATA",
    "pkg/_vendor/six-1.16.0.dist-info/METADATA",
    "pkg/_vendor/a/b/six-1.16.0.dist-info/licenses/LICENSE",
    "pkg/_vendor/six-1.16.0.data/scripts/six",
    "pkg/_vendor/six.egg-info/PKG-INFO",
    "pkg/pkg-1.0.dist-info/METADATA",
)
"""Files of a package: two directories deep and at its top, with the name of the package's own metadata, too."""


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"text of {name}\n")


def installing(place: Path) -> Path:
    """Make a project that installs the directory ``tree``, and has no package beside it."""
    table = "[tool.scikit-build]\nwheel.packages = []\n"
    return hooks.project(place, pyproject=table, cmake=INSTALLING)


def names_in(path: Path) -> list[str]:
    """Return what a wheel or an sdist holds; of an sdist without its top directory."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return wheel.namelist()
    with tarfile.open(path) as archive:
        return [name.partition("/")[2] for name in archive.getnames()]


def notes(run: subprocess.CompletedProcess[str]) -> list[str]:
    lines = run.stderr.splitlines()
    return [line.strip() for line in lines if line.startswith("  note: ")]


def byte_code(path: Path) -> None:
    """Compile a module that says 42."""
    source = path.with_name("compiled_from.txt")
    path.parent.mkdir(parents=True, exist_ok=True)
    source.write_text("ANSWER = 42\n")
    py_compile.compile(str(source), str(path), doraise=True)
    source.unlink()


@pytest.mark.parametrize("product", ["sdist", "wheel"])
def test_a_packages_own_files_are_packed(product: str, tmp_path: Path) -> None:
    source = hooks.project(tmp_path, pyproject=PURE)
    write(source / "src", *VENDORED)
    run = hooks.hook(source, f"build_{product}", tmp_path)
    found = names_in(tmp_path / hooks.result(run))
    prefix = "src/" if product == "sdist" else ""
    for name in VENDORED:
        assert prefix + name in found
    assert notes(run) == []


def test_what_cmake_installs_into_a_package_is_packed(tmp_path: Path) -> None:
    needs.program("ninja")
    source = installing(tmp_path)
    write(source / "tree", *VENDORED)
    run = hooks.hook(source, "build_wheel", tmp_path)
    assert set(VENDORED) <= set(names_in(tmp_path / hooks.result(run)))
    assert notes(run) == []


def test_a_directory_of_force_include_is_packed(tmp_path: Path) -> None:
    table = PURE + 'wheel.force-include = { "vendored" = "pkg/_vendor" }\n'
    source = hooks.project(tmp_path, pyproject=table)
    write(source / "vendored", "six-1.16.0.dist-info/METADATA")
    run = hooks.hook(source, "build_wheel", tmp_path)
    found = names_in(tmp_path / hooks.result(run))
    assert "pkg/_vendor/six-1.16.0.dist-info/METADATA" in found


def test_the_project_can_still_exclude_them(tmp_path: Path) -> None:
    table = PURE + 'sdist.exclude = ["*.dist-info/"]\n'
    source = hooks.project(tmp_path, pyproject=table)
    write(source / "src", *VENDORED)
    for product in ("sdist", "wheel"):
        run = hooks.hook(source, f"build_{product}", tmp_path)
        found = names_in(tmp_path / hooks.result(run))
        assert not [name for name in found if "six-1.16.0.dist-info" in name]


@pytest.mark.parametrize("name", ["six-1.16.0.dist-info", "pkg-1.0.dist-info"])
def test_at_the_top_of_a_wheel_there_is_metadata_of_one_project(
    name: str, tmp_path: Path
) -> None:
    """Installers refuse a wheel with two such directories (the binary distribution format has one)."""
    needs.program("ninja")
    source = installing(tmp_path)
    write(source / "tree", "pkg/module.py", f"{name}/METADATA", f"{name}/more.txt")
    run = hooks.hook(source, "build_wheel", tmp_path)
    wheel = tmp_path / hooks.result(run)
    tops = {name.partition("/")[0] for name in names_in(wheel)}
    assert tops == {"pkg", "pkg-1.0.dist-info"}
    assert "pkg-1.0.dist-info/more.txt" not in names_in(wheel)
    (note,) = notes(run)
    assert note.startswith(f"note: {name}/METADATA and 1 more are left out: at its top")


def test_metadata_at_the_top_of_a_source_is_not_in_the_sdist(tmp_path: Path) -> None:
    """Front ends leave it there."""
    source = hooks.project(tmp_path, pyproject=PURE)
    write(source, "pkg-1.0.dist-info/METADATA")
    run = hooks.hook(source, "build_sdist", tmp_path)
    found = names_in(tmp_path / hooks.result(run))
    assert not [name for name in found if ".dist-info" in name]


def test_byte_code_of_sources_is_left_out_and_said(tmp_path: Path) -> None:
    needs.program("ninja")
    source = installing(tmp_path)
    write(source / "tree", "pkg/module.py")
    tag = sys.implementation.cache_tag
    byte_code(source / "tree" / "pkg" / "__pycache__" / f"module.{tag}.pyc")
    byte_code(source / "tree" / "pkg" / "module.pyc")
    run = hooks.hook(source, "build_wheel", tmp_path)
    found = names_in(tmp_path / hooks.result(run))
    assert "pkg/module.py" in found
    assert not [name for name in found if name.endswith(".pyc")]
    (note,) = notes(run)
    first = f"pkg/__pycache__/module.{tag}.pyc"
    assert note.startswith(f"note: {first} and 1 more are left out: Python compiles")


def test_a_module_of_byte_code_alone_is_packed_and_imported(tmp_path: Path) -> None:
    needs.program("ninja")
    source = installing(tmp_path)
    write(source / "tree", "pkg/data.txt")
    byte_code(source / "tree" / "pkg" / "hidden.pyc")
    run = hooks.hook(source, "build_wheel", tmp_path)
    wheel = tmp_path / hooks.result(run)
    assert "pkg/hidden.pyc" in names_in(wheel)
    # Only the Python that compiled it can import it.
    assert "TW513" in run.stderr
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    spec = importlib.util.spec_from_file_location(
        "hidden", tmp_path / "site" / "pkg" / "hidden.pyc"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.ANSWER == 42

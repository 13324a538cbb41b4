"""Metadata and settings: every mistake at once, each with its TOML path."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from truewheel.model.errors import ConfigError
from truewheel.model.project import Project
from truewheel.model.request import Product, Request
from truewheel.system.engine import Engine
from truewheel.system.project.metadata import read_project
from truewheel.system.project.pyproject_toml import read_project_file

HEAD = (
    '[project]\nname = "p"\nversion = "1"\n[tool.scikit-build]\nwheel.cmake = false\n'
)
DYNAMIC = HEAD.replace('version = "1"', 'dynamic = ["version"]')


def project(place: Path, text: str, **settings: str) -> Project:
    """Read a project with this pyproject.toml."""
    (place / "pyproject.toml").write_text(text, encoding="utf-8")
    request = Request(
        product=Product.WHEEL,
        source=place,
        output=place,
        config_settings=settings,
        environ=dict(os.environ),
    )
    project_file = read_project_file(request)
    return read_project(project_file, request, Engine(request, project_file.table))


def problems(place: Path, text: str, **settings: str) -> dict[str, str]:
    """Return what is wrong with a project, by the TOML path."""
    with pytest.raises(ConfigError) as caught:
        project(place, text, **settings)
    return {p.where: f"{p.message} {p.hint or ''}" for p in caught.value.problems}


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """
[project]
name = "p"
version = "not a version"
requires-python = "3"
descripton = "x"
dependencies = ["ok", "not ok !"]
[tool.scikit-build]
wheel.cmake = false
[tool.truewheel]
tagg = "auto"
exclude = "libx.so"
""",
    )
    assert {"tool.truewheel.tagg", "tool.truewheel.exclude"} <= set(found)
    assert "did you mean tag?" in found["tool.truewheel.tagg"]
    assert "list of strings" in found["tool.truewheel.exclude"]
    assert "did you mean description" in " ".join(found.values())
    places = " ".join(found)
    assert "project.version" in places
    assert "project.requires-python" in places
    assert "project.dependencies" in places


def test_a_missing_or_broken_pyproject_is_told(tmp_path: Path) -> None:
    assert "pyproject.toml" in problems_of_reading(tmp_path, None)
    assert "project" in problems_of_reading(tmp_path, "[build-system]\n")
    assert "pyproject.toml" in problems_of_reading(tmp_path, "not toml [")


def problems_of_reading(place: Path, text: str | None) -> dict[str, str]:
    if text is not None:
        (place / "pyproject.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_project_file(Request(product=Product.WHEEL, source=place, output=place))
    return {p.where: p.message for p in caught.value.problems}


def test_a_dynamic_version_needs_a_provider(tmp_path: Path) -> None:
    found = problems(tmp_path, DYNAMIC)
    assert "provider" in found["project.version"]


def test_a_provider_that_fails_is_one_clear_error(tmp_path: Path) -> None:
    provider = 'provider = "scikit_build_core.metadata.regex"\nfield = "version"\ninput = "gone.py"\n'
    found = problems(tmp_path, f"{DYNAMIC}[[tool.dynamic-metadata]]\n{provider}")
    assert "gone.py" in found["project.dynamic"]


def test_options_win_over_variables_and_these_over_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = HEAD + '[tool.truewheel]\ntag = "native"\nexclude = ["a"]\n'
    assert project(tmp_path, text).settings.tag == "native"
    monkeypatch.setenv("TRUEWHEEL_TAG", "manylinux_2_17")
    monkeypatch.setenv("TRUEWHEEL_EXCLUDE", "b;c")
    found = project(tmp_path, text).settings
    assert found.tag == "manylinux_2_17"
    assert found.exclude == ("b", "c")
    assert project(tmp_path, text, **{"truewheel.tag": "auto"}).settings.tag == "auto"
    assert "-Ctruewheel.tga" in problems(tmp_path, text, **{"truewheel.tga": "auto"})


def test_licences_go_into_the_metadata(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("l")
    text = HEAD.replace(
        'version = "1"\n',
        'version = "1"\nlicense = "mit"\nlicense-files = ["LICENSE"]\n',
    )
    found = project(tmp_path, text)
    assert b"License-Expression: MIT\n" in found.metadata
    assert b"License-File: LICENSE\n" in found.metadata
    assert found.license_files == ("LICENSE",)


def test_import_names_are_found_in_the_packages(tmp_path: Path) -> None:
    """PEP 794, when they are dynamic; by scikit-build-core."""
    package = tmp_path / "src" / "p"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    made = project(
        tmp_path,
        HEAD.replace('version = "1"\n', 'version = "1"\ndynamic = ["import-names"]\n'),
    )
    assert b"\nImport-Name: p\n" in made.metadata
    assert b"Import-Name" not in project(tmp_path, HEAD).metadata

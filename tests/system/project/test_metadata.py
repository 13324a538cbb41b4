"""Metadata and settings: every mistake at once, each with its TOML path."""

from __future__ import annotations

from pathlib import Path

import pytest

from truewheel.model.errors import ConfigError
from truewheel.model.project import Project
from truewheel.model.request import Product, Request
from truewheel.system.engine import Engine
from truewheel.system.project.metadata import read_project
from truewheel.system.project.pyproject_toml import read_table

HEAD = '[project]\nname = "p"\nversion = "1"\n[tool.scikit-build]\nwheel.cmake = false\n'


def project(place: Path, text: str, **settings: str) -> Project:
    (place / "pyproject.toml").write_text(text, encoding="utf-8")
    request = Request(product=Product.WHEEL, source=place, output=place, config_settings=settings)
    table = read_table(place)
    return read_project(table, request, Engine(request, table))


def problems(place: Path, text: str, **settings: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        project(place, text, **settings)
    return {p.where: f"{p.message} {p.hint or ''}" for p in caught.value.problems}


def test_all_mistakes_at_once(tmp_path: Path) -> None:
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
    text = " ".join(found.values())
    assert "did you mean description" in text
    assert any("version" in where for where in found)
    assert any("requires-python" in where for where in found)
    assert any("dependencies" in where for where in found)


def test_no_project_and_no_toml(tmp_path: Path) -> None:
    assert "pyproject.toml" in problems_of_reading(tmp_path, None)
    assert "project" in problems_of_reading(tmp_path, "[build-system]\n")
    assert "pyproject.toml" in problems_of_reading(tmp_path, "not toml [")


def problems_of_reading(place: Path, text: str | None) -> dict[str, str]:
    if text is not None:
        (place / "pyproject.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_table(place)
    return {p.where: p.message for p in caught.value.problems}


def test_version_that_nobody_provides(tmp_path: Path) -> None:
    found = problems(
        tmp_path, '[project]\nname = "p"\ndynamic = ["version"]\n[tool.scikit-build]\nwheel.cmake = false\n'
    )
    assert "provider" in found["project.version"]


def test_provider_that_fails_is_one_clear_error(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        '[project]\nname = "p"\ndynamic = ["version"]\n[tool.scikit-build]\nwheel.cmake = false\n'
        '[[tool.dynamic-metadata]]\nprovider = "scikit_build_core.metadata.regex"\nfield = "version"\ninput = "gone.py"\n',
    )
    assert "gone.py" in found["project.dynamic"]


def test_settings_from_table_variable_and_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = HEAD + '[tool.truewheel]\ntag = "native"\nexclude = ["a"]\n'
    assert project(tmp_path, text).settings.tag == "native"
    monkeypatch.setenv("TRUEWHEEL_TAG", "manylinux_2_17")
    monkeypatch.setenv("TRUEWHEEL_EXCLUDE", "b;c")
    found = project(tmp_path, text).settings
    assert (found.tag, found.exclude) == ("manylinux_2_17", ("b", "c"))
    assert project(tmp_path, text, **{"truewheel.tag": "auto"}).settings.tag == "auto"
    assert "-Ctruewheel.tga" in problems(tmp_path, text, **{"truewheel.tga": "auto"})


def test_licence_expression_and_files(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("l")
    text = HEAD.replace('version = "1"\n', 'version = "1"\nlicense = "mit"\nlicense-files = ["LICENSE"]\n')
    found = project(tmp_path, text)
    assert b"License-Expression: MIT\n" in found.metadata
    assert b"License-File: LICENSE\n" in found.metadata
    assert found.license_files == ("LICENSE",)


def test_import_names_are_found_in_the_packages(tmp_path: Path) -> None:
    """PEP 794, when they are dynamic; by scikit-build-core."""
    package = tmp_path / "src" / "p"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    made = project(tmp_path, HEAD.replace('version = "1"\n', 'version = "1"\ndynamic = ["import-names"]\n'))
    assert b"\nImport-Name: p\n" in made.metadata
    assert b"Import-Name" not in project(tmp_path, HEAD).metadata

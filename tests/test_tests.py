"""How the tests themselves are arranged."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from support.paths import PROJECTS, ROOT, SOURCE

TESTS = ROOT / "tests"
MODULES = sorted(
    path for path in TESTS.rglob("*.py") if not path.is_relative_to(PROJECTS)
)
TEST_MODULES = [path for path in MODULES if path.name.startswith("test_")]
OF_THE_WHOLE = {"builds", "commands", "docs", "hostile", "published", "report", "warm"}
"""Folders of tests that go through several rooms, or are about the documentation."""
SHARED = [path for path in MODULES if path.is_relative_to(TESTS / "support")]


def imported_modules(path: Path) -> set[str]:
    """Return the names, without packages and with their last part only, of all modules that a module may import."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
            names.update(alias.name for alias in node.names)
    return {name.rpartition(".")[2] for name in names}


@pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: path.relative_to(TESTS).as_posix()
)
def test_no_module_imports_a_test_module(path: Path) -> None:
    """What two of them need belongs into ``support``: else nobody can change one test without reading another."""
    test_modules = {path.stem for path in TEST_MODULES} | {"conftest"}
    assert imported_modules(path) & test_modules == set()


def test_folders_mirror_the_rooms_of_the_source() -> None:
    """Who looks for the tests of a module finds them where the module is; tests of the whole stand in folders of their own."""
    folders = {path.parent.relative_to(TESTS) for path in TEST_MODULES}
    mirrored = {
        folder
        for folder in folders
        if folder.parts and folder.parts[0] not in OF_THE_WHOLE
    }
    assert mirrored
    for folder in mirrored:
        assert (SOURCE / folder).is_dir(), folder


@pytest.mark.parametrize("path", SHARED, ids=lambda path: path.name)
def test_what_tests_share_holds_no_tests(path: Path) -> None:
    """Pytest would not find them there."""
    functions = [
        node.name
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    ]
    assert [name for name in functions if name.startswith("test_")] == []


@pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: path.relative_to(TESTS).as_posix()
)
def test_every_module_says_what_it_is_about(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))

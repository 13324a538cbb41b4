"""The arrows between the rooms of the house, and the guests each may have (docs/explanation/architecture.md)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "truewheel"
ROOMS = {"model", "formats", "platforms", "judge", "system"}
MAY_IMPORT = {
    "model": {"model"},
    "formats": {"model", "formats"},
    "platforms": {"model", "platforms"},
    "judge": {"model", "platforms", "judge"},
    "system": {"model", "formats", "system"},
}
GUESTS = {"scikit_build_core": "system/engine/", "pyproject_metadata": "system/project/metadata.py"}
WORLD = {"os", "subprocess", "pathlib", "shutil", "tempfile", "socket", "time", "sysconfig", "io"}
PURE = {"formats", "platforms", "judge"}


def imports(path: Path) -> set[tuple[str, ...]]:
    """Dotted names that the module imports, ours as ``("truewheel", room, …)``."""
    here = path.relative_to(SOURCE.parent).with_suffix("").parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {tuple(a.name.split(".")) for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = tuple(node.module.split(".")) if node.module else ()
            base = here[: len(here) - node.level + 1] + module if node.level else module
            found |= {(*base, a.name) for a in node.names}
    return found


MODULES = sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(SOURCE).as_posix())
def test_arrows(path: Path) -> None:
    room = path.relative_to(SOURCE).parts[0]
    ours = {name[1] for name in imports(path) if name[0] == "truewheel" and len(name) > 1}
    if room in MAY_IMPORT:
        assert ours & (ROOMS | {"pipeline", "cli", "backend", "report"}) <= MAY_IMPORT[room]
    names = {name[0] for name in imports(path)}
    for guest, home in GUESTS.items():
        if guest in names:
            assert path.relative_to(SOURCE).as_posix().startswith(home)
    if room in PURE:
        assert not names & WORLD


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        p
        for p in MODULES
        if p.read_text(encoding="utf-8").strip() and not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))
    ]
    assert not silent

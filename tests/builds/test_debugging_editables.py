"""An editable install is debugged here, so that what is compiled says where its sources are; a wheel says it nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support import hooks, needs
from support.editable import MODES

MAPPED = b"/usr/src/truewheel"
HEAD = "static const char *here = __FILE__;"
VALUE = "here[0] + 1"
DEBUG = "\n[tool.scikit-build.cmake]\nbuild-type = 'Debug'\n"
KEPT, OFF = {}, {"truewheel.cache": "off"}  # type: ignore[var-annotated]


def project(place: Path, mode: str) -> Path:
    table, placed = MODES[mode]
    cmake = hooks.CMAKE.replace("install(TARGETS _m DESTINATION pkg)", placed)
    source = hooks.project(
        place, head=HEAD, value=VALUE, pyproject=table + DEBUG, cmake=cmake
    )
    (source / "src" / "pkg" / "__init__.py").write_text("from ._m import call\n")
    return source


def site_of(source: Path, place: Path, settings: dict[str, str]) -> Path:
    """Build an editable wheel, and unpack it."""
    needs.program("gcc")
    name = hooks.result(hooks.hook(source, "build_editable", place, settings))
    with zipfile.ZipFile(place / name) as archive:
        archive.extractall(place / "site")
    return place / "site"


def imported(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Import the package in a process of its own, and print where its module is.

    :param words: what stands before the interpreter.
    """
    script = f"import site; site.addsitedir({str(site)!r}); import pkg; pkg.call(); print('at', pkg._m.__file__)"
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        [*words, sys.executable, "-c", script], env={**os.environ, "PATH": programs}, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    return run


def module_of(site: Path) -> Path:
    (line,) = (x for x in imported(site).stdout.splitlines() if x.startswith("at "))
    return Path(line.removeprefix("at "))


def debug_information(module: Path) -> str:
    command = [needs.program("readelf"), "--debug-dump=info", str(module)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("settings", [KEPT, OFF], ids=["kept", "off"])
@pytest.mark.parametrize("mode", MODES)
def test_an_editable_install_says_where_its_sources_are(
    mode: str, settings: dict[str, str], tmp_path: Path
) -> None:
    source = project(tmp_path, mode)
    module = module_of(site_of(source, tmp_path, settings))
    built = module.read_bytes()
    assert MAPPED not in built
    assert os.fsencode(source / "m.c") in built  # __FILE__
    assert str(source) in debug_information(module)


def test_it_does_so_after_a_rebuild_on_import(tmp_path: Path) -> None:
    source = project(tmp_path, "redirect")
    site = site_of(source, tmp_path, {})
    before = module_of(site).read_bytes()
    (source / "m.c").write_text(hooks.MODULE.format(head=HEAD, value="here[0] + 22"))
    after = module_of(site).read_bytes()
    assert after != before
    assert MAPPED not in after


def test_an_object_from_a_compiler_cache_says_where_it_was_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wheels share objects between directories; an object that says its directory is another one in each."""
    needs.program("ccache")
    monkeypatch.setenv("CCACHE_DIR", str(tmp_path / "objects"))
    source = project(tmp_path, "redirect")
    for name in ("first", "second"):
        settings = {"truewheel.launcher": "ccache", "build-dir": f"trees/{name}"}
        module = module_of(site_of(source, tmp_path / name, settings))
        assert str(source / "trees" / name) in debug_information(module)


@pytest.mark.parametrize("settings", [KEPT, OFF], ids=["kept", "off"])
def test_a_wheel_says_it_nowhere(settings: dict[str, str], tmp_path: Path) -> None:
    needs.program("gcc")
    source = hooks.project(tmp_path, head=HEAD, value=VALUE, pyproject=DEBUG)
    name = hooks.result(hooks.hook(source, "build_wheel", tmp_path, settings))
    with zipfile.ZipFile(tmp_path / name) as archive:
        (module,) = (m for m in archive.namelist() if m.startswith("pkg/_m"))
        built = archive.read(module)
    assert MAPPED + b"/m.c" in built
    assert os.fsencode(source) not in built


@pytest.mark.parametrize("mode", MODES)
def test_a_debugger_stops_at_a_line_of_a_source(mode: str, tmp_path: Path) -> None:
    """A breakpoint by path, as editors set it, is pending until a module is loaded that says that path."""
    gdb = needs.program("gdb")
    source = project(tmp_path, mode)
    site = site_of(source, tmp_path, {})
    lines = (source / "m.c").read_text().splitlines()
    (line,) = (n for n, text in enumerate(lines, 1) if "*call(" in text)
    words = [gdb, "-nx", "-batch", "-ex", "set breakpoint pending on", "-ex", f"break {source / 'm.c'}:{line}"]  # fmt: skip
    words += ["-ex", "run", "-ex", "info breakpoints", "-ex", "continue", "--args"]
    shown = imported(site, *words).stdout
    assert "breakpoint already hit 1 time" in shown, shown

"""Small projects, and the hooks called on them in a process of their own, as front ends do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

MODULE = """#define PY_SSIZE_T_CLEAN
#include <Python.h>
{head}
static PyObject *call(PyObject *self, PyObject *args) {{ return PyLong_FromLong((long)({value})); }}
static PyMethodDef methods[] = {{{{"call", call, METH_NOARGS, ""}}, {{NULL, NULL, 0, NULL}}}};
static struct PyModuleDef definition = {{PyModuleDef_HEAD_INIT, "_m", NULL, 0, methods, NULL, NULL, NULL, NULL}};
PyMODINIT_FUNC PyInit__m(void) {{ return PyModule_Create(&definition); }}
"""
CMAKE = """cmake_minimum_required(VERSION 3.18...4.0)
project(${SKBUILD_PROJECT_NAME} LANGUAGES C)
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
Python_add_library(_m MODULE WITH_SOABI m.c)
install(TARGETS _m DESTINATION pkg)
"""
PYPROJECT = """[build-system]
requires = ["truewheel"]
build-backend = "truewheel.backend"

[project]
name = "pkg"
version = "1.0"
"""


def project(
    place: Path,
    *,
    head: str = "",
    value: str = "42",
    pyproject: str = "",
    cmake: str = CMAKE,
    **files: str,
) -> Path:
    """Make a package with one C module whose ``call()`` gives ``value``; return its folder."""
    source = place / "source"
    (source / "src" / "pkg").mkdir(parents=True)
    (source / "pyproject.toml").write_text(PYPROJECT + pyproject)
    (source / "src" / "pkg" / "__init__.py").touch()
    (source / "m.c").write_text(MODULE.format(head=head, value=value))
    if cmake:
        (source / "CMakeLists.txt").write_text(cmake)
    for name, text in files.items():
        (source / name).write_text(text)
    return source


def hook(
    source: Path,
    name: str,
    *arguments: object,
    environ: dict[str, str] | None = None,
    python: tuple[str | Path, ...] = (sys.executable,),
) -> subprocess.CompletedProcess[str]:
    """Call one hook with positional ``arguments``; its result is printed last, as ``= RESULT``.

    :param python: another interpreter, and words before it.
    """
    script = f"import truewheel.backend as b; print('=', b.{name}(*{tuple(map(_plain, arguments))!r}))"
    return subprocess.run(
        [*python, "-c", script], cwd=source, env={**os.environ, **(environ or {})}, capture_output=True, text=True, check=False
    )  # fmt: skip


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def result(run: subprocess.CompletedProcess[str]) -> str:
    """Return what a hook returned, which must have succeeded."""
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout.strip().splitlines()[-1].removeprefix("= ")

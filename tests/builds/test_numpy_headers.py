"""Modules compiled against one NumPy and imported with another: what ``check`` says of it is what happens.

Each NumPy lies in a directory of its own, so that none is in the environment that a module is compiled in.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import interpreters, needs
from support.paths import TOOLS
from support.programs import run
from support.small_wheels import METADATA, small_wheel
from truewheel.audit.verdict import check
from truewheel.model.binary import NumpyApi
from truewheel.model.contents import WheelFacts
from truewheel.model.finding import Finding
from truewheel.system.wheels.reading import read_wheel

pytestmark = [pytest.mark.network, pytest.mark.slow]

PYTHON = "3.10"
NUMPYS = ("1.21.6", "1.23.5", "1.26.4", "2.0.2", "2.2.6")
"""Releases that have wheels for one Python: the oldest and the newest, and those where the C API changed."""
MACROS = ("", "NPY_1_23_API_VERSION", "NPY_2_0_API_VERSION")
"""What a project may define as ``NPY_TARGET_VERSION``."""
SOURCE = """
#include <Python.h>
#define NPY_NO_DEPRECATED_API NPY_1_7_API_VERSION
#include <numpy/arrayobject.h>
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_m"};
PyMODINIT_FUNC PyInit__m(void) { import_array(); return PyModule_Create(&definition); }
"""


class Numpys:
    """Releases of NumPy, each in a directory, and modules compiled against them."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.python = interpreters.needed(PYTHON)
        self.environ = dict(os.environ)
        for version in NUMPYS:
            run(
                TOOLS / "uv",
                "pip",
                "install",
                "-q",
                "-p",
                self.python,
                "--target",
                place / version,
                f"numpy=={version}",
                cwd=place,
                environ=self.environ,
            )

    def module(self, headers: str, macro: str) -> Path:
        """Return a module that is compiled with the headers of a release."""
        (include,) = (self.place / headers).glob("numpy/*core/include")
        where = self.place / f"module-{headers}-{macro}"
        where.mkdir(exist_ok=True)
        made = where / "_m.cpython-310-x86_64-linux-gnu.so"
        source = where / "m.c"
        source.write_text(SOURCE)
        words = [f"-DNPY_TARGET_VERSION={macro}"] if macro else []
        python = self.python.resolve().parent.parent / "include" / f"python{PYTHON}"
        run(
            needs.program("gcc"), "-shared", "-fPIC", "-O2", f"-I{include}", f"-I{python}", *words, "-o", made, source,
            cwd=where, environ=self.environ,
        )  # fmt: skip
        return made

    def imports(self, module: Path, numpy: str) -> bool:
        """Return whether a module can be imported beside a release."""
        code = f"import sys; sys.path[:0] = [{str(module.parent)!r}, {str(self.place / numpy)!r}]; import _m"
        done = subprocess.run(
            [self.python, "-I", "-c", code],
            cwd=self.place,
            env=self.environ,
            capture_output=True,
            check=False,
        )
        return done.returncode == 0

    def facts(self, module: Path, requirement: str) -> WheelFacts:
        """Return a wheel that holds a module and requires a NumPy."""
        path = module.parent / "p-1-cp310-cp310-linux_x86_64.whl"
        metadata = METADATA + f"Requires-Dist: {requirement}\n".encode()
        files = {"p-1.dist-info/METADATA": metadata, module.name: module.read_bytes()}
        return read_wheel(small_wheel(path, files), digests=True)

    def told(self, module: Path, requirement: str) -> list[Finding]:
        """Return what is said of the requirement of a wheel that holds a module."""
        found = check(self.facts(module, requirement)).findings
        return [one for one in found if one.code in {"TW211", "TW212"}]


@pytest.fixture(scope="module")
def numpys(tmp_path_factory: pytest.TempPathFactory) -> Numpys:
    return Numpys(tmp_path_factory.mktemp("numpys"))


def compiled(numpys: Numpys) -> Iterator[tuple[str, Path]]:
    """Yield each module that can be compiled, with the release whose headers it has."""
    for headers in NUMPYS:
        for macro in MACROS:
            # Headers do not know what came after them, and older ones take no macro at all.
            is_known = headers >= "2" or (headers == "1.26.4" and "2_0" not in macro)
            if not macro or is_known:
                yield headers, numpys.module(headers, macro)


def test_a_release_is_refused_by_check_if_it_refuses_the_module(numpys: Numpys) -> None:
    seen = set()
    for headers, module in compiled(numpys):
        for release in NUMPYS:
            works = numpys.imports(module, release)
            is_told = bool(numpys.told(module, f"numpy=={release}"))
            # How old a NumPy 1 may be, its headers do not tell in words.
            unknown = headers < "2" and release < "2" and not works
            assert is_told == (not works and not unknown), (module.parent.name, release)
            seen.add((works, is_told))
    assert seen == {(True, False), (False, True), (False, False)}


def test_what_modules_say(numpys: Numpys) -> None:
    said = {}
    for headers in NUMPYS:
        module = numpys.module(headers, "")
        ((_, binary),) = numpys.facts(module, "numpy").contents.binaries()
        said[headers] = binary.numpy_api
    assert said == {
        "1.21.6": NumpyApi(headers=1),
        "1.23.5": NumpyApi(headers=1),
        "1.26.4": NumpyApi(headers=1),
        # The oldest NumPy that has all of the C API of 1.19, and of 1.21.
        "2.0.2": NumpyApi(headers=2, oldest="1.16"),
        "2.2.6": NumpyApi(headers=2, oldest="1.20"),
    }

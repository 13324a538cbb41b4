"""Wheels of real modules and libraries: compiled by gcc, repaired by the command, loaded where the build is gone."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping
from pathlib import Path

from support import needs
from support.small_wheels import METADATA, small_wheel
from truewheel.cli import main

TAG = "cp310-abi3-linux_x86_64"
LIBS = "p.libs"
_MODULE = """#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030A0000
#include <Python.h>
{head}
static PyObject *call(PyObject *self, PyObject *args) {{ return PyLong_FromLong((long)({value})); }}
static PyMethodDef methods[] = {{{{"call", call, METH_NOARGS, ""}}, {{NULL, NULL, 0, NULL}}}};
static struct PyModuleDef definition = {{PyModuleDef_HEAD_INIT, "{name}", NULL, 0, methods, NULL, NULL, NULL, NULL}};
PyMODINIT_FUNC PyInit_{name}(void) {{ return PyModule_Create(&definition); }}
"""
_TAGS = re.compile(r"\((NEEDED|SONAME|RPATH|RUNPATH)\)[^\[]*\[(.*)\]")


def gives(name: str, value: object, *uses: str) -> str:
    """Return C code of a function that returns a number, with what others of the same kind return added."""
    declared = "".join(f"int {use}(void); " for use in uses)
    total = " + ".join([str(value), *(f"{use}()" for use in uses)])
    return f"{declared}int {name}(void) {{ return {total}; }}\n"


def runpath(*directories: object) -> str:
    """Return the option by which a file gets these in its DT_RUNPATH."""
    return f"-Wl,--enable-new-dtags,-rpath,{_joined(directories)}"


def rpath(*directories: object) -> str:
    """Return the option by which a file gets these in its DT_RPATH."""
    return f"-Wl,--disable-new-dtags,-rpath,{_joined(directories)}"


def _joined(directories: tuple[object, ...]) -> str:
    return ":".join(map(str, directories))


def soname(name: str) -> str:
    return f"-Wl,-soname,{name}"


def gcc(*words: object, cwd: Path) -> None:
    """Run the compiler, which must succeed."""
    command = [needs.program("gcc"), *map(str, words)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"


@functools.cache
def _include() -> str:
    return sysconfig.get_path("include")


class Workshop:
    """A directory in which wheels are built, repaired and unpacked.

    :ivar build: where libraries lie that are not installed; it can be taken away.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self.build = place / "build"
        self.out = place / "out"
        self.build.mkdir()

    # --- making -----------------------------------------------------------------------------------------------

    def library(self, path: str, text: str, *flags: object, named: bool = True) -> Path:
        """Return a shared library in the build, compiled from C. Its SONAME is its file name, unless flags say more."""
        made = self.build / path
        made.parent.mkdir(parents=True, exist_ok=True)
        source = made.with_name(made.name + ".c")
        source.write_text(text)
        words = (soname(made.name),) if named else ()
        gcc("-shared", "-fPIC", "-O1", "-o", made, source, *words, *flags, cwd=self.build)  # fmt: skip
        source.unlink()
        return made

    def module(self, name: str, *flags: object, use: str = "", head: str = "", value: str = "") -> bytes:  # fmt: skip
        """Return a module whose ``call()`` gives what a function of a library gives.

        :param use: the function; or ``head`` and ``value`` for more than that.
        """
        source = self.place / f"{name}.c"
        source.write_text(
            _MODULE.format(
                name=name,
                head=f"int {use}(void);" if use else head,
                value=value or f"{use}()",
            )
        )
        made = self.place / f"{name}.abi3.so"
        gcc("-shared", "-fPIC", "-O1", f"-I{_include()}", "-o", made, source, *flags, cwd=self.build)  # fmt: skip
        return made.read_bytes()

    def wheel(self, files: Mapping[str, bytes], *, tag: str = TAG, name: str = "p") -> Path:  # fmt: skip
        """Write a wheel of version 1 with these files, as build backends leave it."""
        folder = self.place / "dist"
        folder.mkdir(exist_ok=True)
        home = f"{name}-1.dist-info/METADATA"
        files = {"p/__init__.py": b"", **files}
        if name != "p":
            files = {
                **files,
                home: METADATA.replace(b"Name: p", f"Name: {name}".encode()),
            }
        return small_wheel(folder / f"{name}-1-{tag}.whl", files)

    # --- repairing --------------------------------------------------------------------------------------------

    def repair(self, *words: object) -> Path:
        """Run the command, which must succeed; return the wheel that it wrote last."""
        status = main(["repair", *map(str, words), "-o", str(self.out)])
        assert status == 0
        return max(self.out.glob("*.whl"), key=lambda path: path.stat().st_mtime_ns)

    def fail(self, *words: object, status: int = 1) -> None:
        """Run the command, which must fail and leave nothing."""
        assert main(["repair", *map(str, words), "-o", str(self.out)]) == status
        assert not self.out.exists() or list(self.out.iterdir()) == []

    def installed(self, wheel: Path) -> Path:
        """Unpack a wheel, and take the build away."""
        site = self.place / "site"
        shutil.rmtree(site, ignore_errors=True)
        shutil.rmtree(self.build, ignore_errors=True)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
        return site

    def value(self, wheel: Path, *modules: str) -> list[str]:
        """Return what modules give in one process, from the unpacked wheel, without the build."""
        return called(self.installed(wheel), *modules or ("p.m",))


def called(site: Path, *modules: str, environ: Mapping[str, str] | None = None) -> list[str]:  # fmt: skip
    """Return what each module's ``call()`` gives, all in one process."""
    lines = [f"import sys; sys.path.insert(0, {str(site)!r})", "import importlib"]
    for module in modules:
        lines.append(f"print(importlib.import_module({module!r}).call())")
    done = subprocess.run(
        [sys.executable, "-I", "-c", "\n".join(lines)],
        env={"PATH": os.environ["PATH"], **(environ or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


# --- looking --------------------------------------------------------------------------------------------------------


def members(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def libraries(wheel: Path) -> list[str]:
    """Return the file names of the libraries that were copied."""
    prefix = f"{LIBS}/"
    return sorted(name.removeprefix(prefix) for name in members(wheel) if name.startswith(prefix))  # fmt: skip


def dynamic(content: bytes, place: Path) -> dict[str, list[str]]:
    """Return what readelf says of a file's dynamic section: NEEDED, SONAME, RPATH, RUNPATH."""
    path = place / "looked-at"
    path.write_bytes(content)
    done = subprocess.run(
        [needs.program("readelf"), "-dW", path], capture_output=True, text=True, check=True
    )  # fmt: skip
    found: dict[str, list[str]] = {}
    for kind, text in _TAGS.findall(done.stdout):
        found.setdefault(kind, []).extend(text.split(":") if "PATH" in kind else [text])
    return found

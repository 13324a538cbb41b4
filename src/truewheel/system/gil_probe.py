"""Whether importing a module that was just built switches the GIL on: the interpreter of the build is asked.

Each module is created in another process, as ``import`` would do it, and nothing of it is run beyond that: a free-threaded
Python decides then (CPython's ``Python/import.c``). What fails or takes long gives no answer, and is no fault of this kind.
"""

from __future__ import annotations

import subprocess
import sys
import time

from ..model.module_facts import NO_ANSWERS, ImportAnswers
from ..model.record import Record
from ..model.tree import Scheme, Tree
from . import host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

_SECONDS = 20
"""How long all modules together may take."""
_CROSS_BUILDING = ("_PYTHON_HOST_PLATFORM", "_PYTHON_SYSCONFIGDATA_NAME")
"""Variables by which an interpreter speaks for another machine (crossenv, cibuildwheel)."""
_MARK = "GIL"
"""What an answer begins with; modules may print something as well."""
_SCRIPT = """
import sys
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
for number, argument in enumerate(sys.argv[1:]):
    name, _, path = argument.partition("=")
    if sys._is_gil_enabled():
        break
    try:
        loader = ExtensionFileLoader(name, path)
        module_from_spec(spec_from_file_location(name, path, loader=loader))
        answer = int(sys._is_gil_enabled())
    except BaseException:
        answer = 2
    print(f"\\nGIL {number} {answer}", flush=True)
"""
"""Prints the number of each module, and 1 if it switched the GIL on, 0 if not, 2 if it could not be imported."""


class BuiltModules(Record):
    """The modules of a staged tree, which are imported only when somebody asks.

    :param environ: the build's environment.
    """

    tree: Tree
    environ: Mapping[str, str]

    def gil_after(self, paths: Collection[str]) -> ImportAnswers:
        """Return whether the GIL is on after modules were imported, by their paths in the wheel."""
        if not host.is_free_threaded() or _speaks_for_another(self.environ):
            return NO_ANSWERS
        files = {
            entry.path: entry.source
            for entry in self.tree.entries
            if entry.scheme is Scheme.LIB and entry.path in paths
        }
        # Generated files are no modules.
        waiting = {
            path: source
            for path, source in files.items()
            if not isinstance(source, bytes)
        }
        return _ask_about(waiting)


def _speaks_for_another(environ: Mapping[str, str]) -> bool:
    """Return whether the interpreter speaks for another machine."""
    return any(environ.get(name) for name in _CROSS_BUILDING)


def _ask_about(waiting: dict[str, Path]) -> ImportAnswers:
    """Import modules, in a new process after each that switched the GIL on: it stays on in its process."""
    end = time.monotonic() + _SECONDS
    comes_back: set[str] = set()
    stays_off: set[str] = set()
    while waiting:
        answers = _import(waiting, end - time.monotonic())
        # The process did not get to an answer.
        if not answers:
            break
        for path, answer in answers.items():
            del waiting[path]
            if answer == "1":
                comes_back.add(path)
            elif answer == "0":
                stays_off.add(path)
    return ImportAnswers(
        comes_back=frozenset(comes_back), stays_off=frozenset(stays_off)
    )


def _import(files: Mapping[str, Path], seconds: float) -> dict[str, str]:
    """Import modules one after the other, up to the first that switches the GIL on; return the answers."""
    if seconds <= 0:
        return {}
    paths = list(files)
    arguments = [f"{_module_name(path)}={files[path]}" for path in paths]
    # Isolated: a variable may keep the GIL off, or on (PYTHON_GIL).
    command = [sys.executable, "-I", "-W", "ignore", "-c", _SCRIPT, *arguments]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=seconds,
        )
        output = done.stdout
    except subprocess.TimeoutExpired as error:
        output = error.stdout or b""
    except OSError:
        output = b""
    found = {}
    for line in output.decode("utf-8", "replace").splitlines():
        mark, _, answer = line.partition(" ")
        number, _, value = answer.partition(" ")
        if mark == _MARK and number.isdecimal() and int(number) < len(paths):
            found[paths[int(number)]] = value
    return found


def _module_name(path: str) -> str:
    """Return what an import statement would call a module.

    >>> _module_name("p/_m.cpython-313t-x86_64-linux-gnu.so")
    'p._m'
    """
    directory, _, name = path.rpartition("/")
    parts = [*directory.split("/"), name.partition(".")[0]]
    return ".".join(part for part in parts if part)

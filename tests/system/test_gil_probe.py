"""Modules that were just built are imported by a free-threaded Python, which says whether the GIL is on (TW414)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support import interpreters, needs
from support.paths import ROOT
from truewheel.model.module_facts import ImportAnswers
from truewheel.model.tree import Entry, Scheme, Tree
from truewheel.system import gil_probe, host

HEAD = "#include <Python.h>\n#include <stdlib.h>\n#include <unistd.h>\n#include <stdio.h>\n"
DEFINITION = 'static struct PyModuleDef d = {PyModuleDef_HEAD_INIT, "m", NULL, 0, NULL, NULL, NULL, NULL, NULL};\n'
INIT = "PyMODINIT_FUNC PyInit_NAME(void) { BEFORE PyObject *m = PyModule_Create(&d); AFTER return m; }\n"
OFF = "PyUnstable_Module_SetGIL(m, Py_MOD_GIL_NOT_USED);"
ASK = """
import json, sys
from pathlib import Path
from truewheel.model.tree import Entry, Scheme, Tree
from truewheel.system.gil_probe import BuiltModules
files = [Path(name) for name in sys.argv[1:]]
tree = Tree(entries=tuple(Entry(scheme=Scheme.LIB, path=f"p/{file.name}", source=file) for file in files))
answers = BuiltModules(tree=tree, environ={}).gil_after({f"p/{file.name}" for file in files})
print(json.dumps([sorted(answers.comes_back), sorted(answers.stays_off)]))
"""


def compiled(
    place: Path, python: Path, name: str, before: str = "", after: str = ""
) -> Path:
    """Compile a module that creates itself."""
    source = (
        INIT.replace("NAME", name).replace("BEFORE", before).replace("AFTER", after)
    )
    (place / f"{name}.c").write_text(HEAD + DEFINITION + source)
    script = "import sysconfig; print(sysconfig.get_path('include'))"
    headers = subprocess.run([python, "-I", "-c", script], capture_output=True, text=True, check=True).stdout.strip()  # fmt: skip
    path = place / f"{name}.cpython-313t-x86_64-linux-gnu.so"
    command = [needs.program("gcc"), "-shared", "-fPIC", f"-I{headers}", f"{name}.c", "-o", path]  # fmt: skip
    subprocess.run(command, cwd=place, check=True)
    return path


def threaded() -> Path:
    """Return a free-threaded Python."""
    found = list(interpreters.threaded().values())
    return found[0] if found else needs.missing("a free-threaded CPython with headers")


def asked(python: Path, *files: Path) -> list[list[str]]:
    """Return for which modules the GIL is on and off, as that Python says."""
    done = subprocess.run(
        [python, "-c", ASK, *files],
        env={"PYTHONPATH": str(ROOT / "src"), "PYTHON_GIL": "0"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found: list[list[str]] = json.loads(done.stdout)
    return [[Path(path).name.partition(".")[0] for path in paths] for paths in found]


def test_each_module_is_asked_for_itself(tmp_path: Path) -> None:
    """The GIL stays on once it is, so that a new process is begun."""
    python = threaded()
    files = [
        compiled(tmp_path, python, "a", after=OFF),
        compiled(tmp_path, python, "b"),
        compiled(tmp_path, python, "c", after=OFF),
        compiled(tmp_path, python, "d", 'printf("GIL 0 0\\n"); fflush(stdout);'),
    ]
    assert asked(python, *files) == [["b", "d"], ["a", "c"]]


@pytest.mark.parametrize("before", ["return NULL;", "abort();", "_exit(0);"])
def test_a_module_that_fails_gives_no_answer(tmp_path: Path, before: str) -> None:
    python = threaded()
    good = compiled(tmp_path, python, "a", after=OFF)
    bad = compiled(tmp_path, python, "b", before)
    assert asked(python, good, bad) == [[], ["a"]]


def tree(place: Path) -> Tree:
    """Return a tree with a module that is none, and one that was generated."""
    (place / "m.so").write_bytes(b"none")
    return Tree(
        entries=(
            Entry(scheme=Scheme.LIB, path="m.so", source=place / "m.so"),
            Entry(scheme=Scheme.LIB, path="n.so", source=b"none"),
        )
    )


def test_a_python_with_the_gil_is_not_asked(tmp_path: Path) -> None:
    modules = gil_probe.BuiltModules(tree=tree(tmp_path), environ={})
    assert modules.gil_after({"m.so", "n.so"}) == ImportAnswers()


def test_an_interpreter_that_speaks_for_another_machine_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "is_free_threaded", lambda: True)
    monkeypatch.setattr(gil_probe, "_ask_about", lambda _: pytest.fail("asked"))
    environ = {"_PYTHON_HOST_PLATFORM": "linux-aarch64"}
    modules = gil_probe.BuiltModules(tree=tree(tmp_path), environ=environ)
    assert modules.gil_after({"m.so"}) == ImportAnswers()


def test_a_module_that_does_not_come_back_takes_no_longer_than_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gil_probe, "_SECONDS", 0.5)
    monkeypatch.setattr(gil_probe, "_SCRIPT", "import time; time.sleep(60)")
    monkeypatch.setattr(host, "is_free_threaded", lambda: True)
    modules = gil_probe.BuiltModules(tree=tree(tmp_path), environ={})
    assert modules.gil_after({"m.so"}) == ImportAnswers()


def test_without_an_interpreter_there_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    monkeypatch.setattr(host, "is_free_threaded", lambda: True)
    modules = gil_probe.BuiltModules(tree=tree(tmp_path), environ={})
    assert modules.gil_after({"m.so"}) == ImportAnswers()

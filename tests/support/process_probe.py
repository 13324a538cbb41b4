"""A project that writes down what a hook's process is like: seen by a metadata provider, and by a program of CMake's."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

PROVIDER = """
import json, locale, os, resource, signal, sys, warnings

def dynamic_metadata(field, settings, project=None):
    mask = os.umask(0)
    os.umask(mask)
    found = {
        "path": sys.path,
        "flags": {n: getattr(sys.flags, n) for n in dir(sys.flags) if n[0] != "_" and n[:2] != "n_" and n not in ("count", "index")},
        "options": sys._xoptions,
        "warnings": sys.warnoptions,
        "filters": [str(f) for f in warnings.filters],
        "encodings": [sys.getfilesystemencoding(), sys.stdout.encoding, sys.stdout.errors, sys.stderr.encoding],
        "locale": locale.setlocale(locale.LC_ALL),
        "umask": mask,
        "cwd": os.getcwd(),
        "limits": {n: resource.getrlimit(getattr(resource, n)) for n in dir(resource) if n.startswith("RLIMIT_")},
        "signals": {str(s): str(signal.getsignal(s)) for s in signal.valid_signals()},
        "blocked": [str(s) for s in sorted(signal.pthread_sigmask(signal.SIG_BLOCK, []))],
        "stdin": [os.fstat(0).st_dev, os.fstat(0).st_ino, os.fstat(0).st_mode],
        "descriptors": sorted(os.listdir("/proc/self/fd")),
        "argv": sys.argv[1:2],
        "hash": hash("truewheel") if os.environ.get("PYTHONHASHSEED", "random") != "random" else "",
        "variables": dict(os.environ),
        "no bytecode": sys.dont_write_bytecode,
        "niceness": os.nice(0),
        "recursion": sys.getrecursionlimit(),
    }
    with open(os.environ["PROBE"] + ".python", "w") as file:
        json.dump(found, file)
    return "1.0"
"""
WRAPPER = """
import os
from truewheel import backend
from truewheel.backend import *

def build_wheel(directory, settings=None, metadata=None):
    with open(os.environ["PROBE"] + ".calls", "a") as file:
        file.write("wrapper\\n")
    os.environ["SAID_BY_THE_WRAPPER"] = "yes"
    return backend.build_wheel(directory, settings, metadata)
"""
SCRIPT = """
import json, os, resource, signal, sys
mask = os.umask(0)
found = {
    "umask": mask,
    "cwd": os.path.basename(os.getcwd()),
    "limits": {n: resource.getrlimit(getattr(resource, n)) for n in dir(resource) if n.startswith("RLIMIT_")},
    "status": [l for l in open("/proc/self/status") if l.startswith(("Sig", "Shd", "NoNewPrivs", "Uid", "Gid", "Groups"))],
    "stdin": os.readlink("/proc/self/fd/0"),
    "variables": dict(os.environ),
}
json.dump(found, open(os.environ["PROBE"] + ".cmake", "w"))
"""
FILES = {
    "pyproject.toml": """
[build-system]
requires = ["truewheel", "cmake>=3.15", "ninja"]
build-backend = "wrapper"
backend-path = ["backend"]
[project]
name = "probe"
dynamic = ["version"]
[tool.scikit-build.metadata.version]
provider = "probe_provider"
[tool.scikit-build]
experimental = true
""",
    "CMakeLists.txt": """
cmake_minimum_required(VERSION 3.15...4.0)
project(probe LANGUAGES C)
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
execute_process(COMMAND @PYTHON@ -I "${CMAKE_CURRENT_SOURCE_DIR}/probe.py" COMMAND_ERROR_IS_FATAL ANY)
Python_add_library(probe MODULE WITH_SOABI probe.c)
install(TARGETS probe DESTINATION .)
""",
    "probe.py": SCRIPT,
    "probe.c": """
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "probe", NULL, 0, NULL};
PyMODINIT_FUNC PyInit_probe(void) { return PyModuleDef_Init(&module); }
""",
    "backend/wrapper.py": WRAPPER,
    "backend/probe_provider.py": PROVIDER,
}  # fmt: skip
_OF_AN_ENVIRONMENT = re.compile(
    r"""/[^\s:;"']*?/(build-env-\w+|pip-build-env-\w+/(overlay|normal)|environments/[0-9a-f]{16}|builds-v\d+/\.tmp\w+)"""
)
_RANDOM = re.compile(r"(?<=/)(tmp|pip-|\.tmp)[\w.-]+|(?<=PID=)\d+")


def write_project(place: Path) -> Path:
    """Write the project that tells of its process."""
    for name, text in FILES.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(
            text.replace("@PYTHON@", os.path.realpath(sys.executable)), encoding="utf-8"
        )
    return place


def probe(
    command: list[str],
    source: Path,
    environ: dict[str, str],
    note: Path,
    **options: Any,
) -> tuple[dict[str, Any], str]:
    """Run a front end; return what the hook's process and CMake's were like, and what was printed.

    :param note: where that is written; names of environments are made equal.
    """
    for ending in ("python", "cmake", "calls"):
        note.with_suffix(f".{ending}").unlink(missing_ok=True)
    done = subprocess.run(
        command,
        cwd=source,
        env={**environ, "PROBE": str(note)},
        capture_output=True,
        text=True,
        check=False,
        **options,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    found: dict[str, Any] = {}
    for ending in ("python", "cmake"):
        text = note.with_suffix(f".{ending}").read_text(encoding="utf-8")
        text = _OF_AN_ENVIRONMENT.sub("/ENVIRONMENT", text)
        found[ending] = json.loads(_RANDOM.sub("RANDOM", text))
    found["calls"] = note.with_suffix(".calls").read_text().split()
    return found, said

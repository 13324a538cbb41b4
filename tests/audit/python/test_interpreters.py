"""Who takes a wheel, and what they look for: beside packaging's tags and the suffixes of real interpreters."""

from __future__ import annotations

import itertools
import json
import subprocess

import pytest
from packaging import tags

from support import interpreters, needs
from support.facts import contents, module
from truewheel.audit.python.import_obstacles import find_obstacle
from truewheel.audit.python.interpreters import CompatiblePythons, compatible_pythons
from truewheel.audit.python.modules import modules

MINORS = range(2, 21)


def accepted() -> set[tuple[str, str]]:
    """All pairs of Python and ABI tag that packaging lets some CPython 3 take."""
    found: set[tuple[str, str]] = set()
    for minor in MINORS:
        own = f"cp3{minor}"
        malloc = [own + "m"] if minor < 8 else [own]  # packaging.tags._cpython_abis
        for abis in ([own], [own + "d", own], malloc, [own + "t"], [own + "td", own + "t"]):
            found |= {(t.interpreter, t.abi) for t in tags.cpython_tags((3, minor), abis, ["any"])}
        found |= {(t.interpreter, t.abi) for t in tags.compatible_tags((3, minor), own, ["any"])}
    return found


def test_pairs_are_packagings() -> None:
    known = accepted()
    pythons = [f"{kind}3{minor}" for kind in ("cp", "py") for minor in MINORS] + ["py3"]
    abis = [f"cp3{minor}{flags}" for minor in MINORS for flags in ("", "t", "d", "m", "td")] + ["abi3", "abi3t", "none"]
    wrong = []
    for pair in itertools.product(pythons, abis):
        pythons = compatible_pythons((pair[0],), (pair[1],))
        if bool(pythons) != (pair in known):
            wrong.append(pair)
    assert wrong == []


def test_who_they_are() -> None:
    assert compatible_pythons(("cp39",), ("abi3",)) == (
        CompatiblePythons(pair="cp39-abi3", implementation="cp", version=(3, 9), and_newer=True, free_threaded=False),
    )
    assert compatible_pythons(("cp313",), ("cp313t",)) == (
        CompatiblePythons(pair="cp313-cp313t", implementation="cp", version=(3, 13), free_threaded=True),
    )
    assert compatible_pythons(("cp312", "cp313"), ("cp312", "cp313")) is not None
    assert [t.pair for t in compatible_pythons(("cp312", "cp313"), ("cp312", "cp313")) or ()] == [
        "cp312-cp312",
        "cp313-cp313",
    ]
    assert compatible_pythons(("jy27",), ("none",)) is None


def suffixes(version: str) -> list[str]:
    python = interpreters.found().get(version) or needs.missing(f"CPython {version}")
    script = "import importlib.machinery as m, json; print(json.dumps(m.EXTENSION_SUFFIXES))"
    run = subprocess.run([python, "-I", "-c", script], capture_output=True, text=True, check=True)
    found: list[str] = json.loads(run.stdout)
    return found


@pytest.mark.parametrize("version", interpreters.WANTED)
def test_suffixes_are_those_of_real_interpreters(version: str) -> None:
    """What an interpreter looks for has no obstacle, and what only others look for has one."""
    own, every = suffixes(version), {s for v in interpreters.WANTED for s in suffixes(v)}
    tag = "cp" + version.replace(".", "")
    (pythons,) = compatible_pythons((tag,), (tag,)) or ()
    for suffix in every | {".abi3t.so"}:
        (found,) = modules(contents(module(f"p/m{suffix}")))
        assert (find_obstacle(found, pythons) is None) == (suffix in own), suffix

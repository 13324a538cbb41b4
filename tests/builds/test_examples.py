"""Every kind of extension in ``examples/``: built by a real front end, judged, installed elsewhere, and tested there.

Each is built once, with one Python and one front end; the wheel is installed into a fresh environment of each Python that
it is meant for. The four examples that differ by binding tool go through every front end and Python in
``test_front_ends.py``.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import itertools
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support import interpreters, needs
from support.examples import (
    BINDING_TOOLS,
    BUILD,
    FRONT_ENDS,
    MANYLINUX,
    PIP,
    PURE,
    TABLE,
    UV,
    Example,
)
from support.paths import EXAMPLES
from support.programs import run
from support.shop import Shop

pytestmark = [pytest.mark.network, pytest.mark.slow]

Ran = Callable[[str, str, str], None]


@pytest.mark.parametrize("name", TABLE)
def test_an_example_builds_is_true_and_passes_its_tests(
    name: str, tmp_path: Path, environ: dict[str, str], ran: Ran
) -> None:
    shop = Shop(name, tmp_path / name, environ)
    shop.take_what_comes_first()
    shop.build()
    assert re.fullmatch(shop.example.tag, shop.tag())
    if (
        not shop.example.is_linked_to_them
    ):  # else CMake's RPATH leaves the length of the other wheel's path behind
        assert shop.wheel().read_bytes() == shop.twin().read_bytes(), (
            "the same sources, other bytes"
        )
    shop.judge()
    for version in shop.example.runs_on or (shop.example.python,):
        shop.test(version)
    shop.compare_stubs(version)
    ran(name, shop.example.python, FRONT_ENDS[shop.example.built])


PLAIN = Example(
    built=PIP, python="", tag=r"cp3\d+-(cp|abi)3\d*-" + MANYLINUX, programs=("g++",)
)


@pytest.mark.extended
@pytest.mark.parametrize("version", interpreters.WANTED)
@pytest.mark.parametrize("name", sorted({*TABLE, *BINDING_TOOLS}))
def test_every_front_end_makes_the_same_wheel_of_every_kind(
    name: str, version: str, tmp_path: Path, environ: dict[str, str], ran: Ran
) -> None:
    """All front ends give one and the same wheel, so it is enough to install and test one of them."""
    known = TABLE.get(name, PLAIN)
    # A requirement on an old release tells that it works with that one; not every Python has it.
    beside = tuple(re.split("[<>=]", requirement)[0] for requirement in known.beside)
    shop = Shop(
        name,
        tmp_path / name,
        environ,
        dataclasses.replace(known, python=version, beside=beside),
    )
    shop.take_what_comes_first()
    made = set()
    for front_end, short in FRONT_ENDS.items():
        shop.example = dataclasses.replace(shop.example, built=front_end)
        shop.out = shop.place / short
        shop.build()
        made.add(shop.wheel().read_bytes())
    assert len(made) == 1
    assert re.fullmatch(known.tag, shop.tag())
    shop.test(version)
    for short in FRONT_ENDS.values():
        ran(name, version, short)


def test_a_stable_abi_wheel_serves_the_newest_python(
    tmp_path: Path, environ: dict[str, str], ran: Ran
) -> None:
    """Built with the oldest, tested on the newest; and built by truewheel on the newest."""
    version = max(interpreters.newer(), default=None) or needs.missing(
        "a CPython newer than 3.13 (.ci/debian)"
    )
    shop = Shop("stable-abi", tmp_path / "old", environ)
    shop.build()
    shop.test(version)
    example = Example(built=BUILD, python=version, tag=TABLE["stable-abi"].tag)
    shop = Shop("stable-abi", tmp_path / "new", environ, example)
    shop.build()
    assert re.fullmatch(example.tag, shop.tag())
    shop.judge()
    shop.test("3.10")
    ran("stable-abi", version, "build")


def test_every_example_is_in_a_table() -> None:
    folders = {path.parent.name for path in EXAMPLES.glob("*/pyproject.toml")}
    assert folders == set(TABLE) | set(BINDING_TOOLS)


@pytest.mark.parametrize("name", sorted({*TABLE, *BINDING_TOOLS}))
def test_every_example_has_its_pages_and_tests(name: str) -> None:
    home = EXAMPLES / name
    assert (
        (home / "README.md")
        .read_text(encoding="utf-8")
        .startswith(f"# example-{name}\n")
    )
    assert list((home / "tests").glob("test_*.py"))
    assert name == "executable" or list(home.glob("src/**/py.typed"))


def test_the_page_of_what_is_tested_knows_every_kind() -> None:
    """Its content comes from reports of these tests (``docs/regenerate/tested.py``); here it is only counted."""
    spec = importlib.util.spec_from_file_location(
        "tested", EXAMPLES.parent / "docs" / "regenerate" / "tested.py"
    )
    tested = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tested)
    told = tested.listed(tested.TARGET.read_text(encoding="utf-8"))
    kinds = {*TABLE, *BINDING_TOOLS}
    assert told >= set(
        itertools.product(kinds, interpreters.WANTED, FRONT_ENDS.values())
    )
    assert tested.listed(tested.page(told)) == told


def test_the_page_about_kinds_is_up_to_date() -> None:
    command = (
        sys.executable,
        EXAMPLES.parent / "docs" / "regenerate" / "kinds.py",
        "--check",
    )
    run(*command, cwd=EXAMPLES.parent, environ=os.environ)


# --- free-threaded Python ---------------------------------------------------------------------------------------


def _free_threaded(name: str, tmp_path: Path, environ: dict[str, str]) -> Shop:
    """Return an example that is built for a free-threaded Python."""
    version = max(interpreters.threaded(), default=None) or needs.missing(
        "a free-threaded CPython (.ci/free-threaded)"
    )
    tag = rf"cp3\d+-cp{version.replace('.', '')}-{MANYLINUX}"
    example = Example(built=UV, python=version, tag=tag, programs=("g++",))
    return Shop(name, tmp_path / name, environ, example)


@pytest.mark.parametrize("name", ["c-module", "pybind11", "nanobind"])
def test_a_free_threaded_python_gets_its_own_tag_and_keeps_its_gil_off(
    name: str, tmp_path: Path, environ: dict[str, str], ran: Ran
) -> None:
    shop = _free_threaded(name, tmp_path, environ)
    version = shop.example.python
    # The slots of pybind11 and nanobind cannot be read, so that their modules were imported.
    assert "TW414" not in shop.build()
    assert re.fullmatch(shop.example.tag, shop.tag())
    shop.judge()
    shop.test(version, PYTHONWARNINGS="error:The global interpreter lock")
    ran(name, version, "uv")


def test_a_build_imports_a_module_whose_file_does_not_show_whether_the_gil_comes_back(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    shop = _free_threaded("pybind11", tmp_path, environ)
    source = shop.source / "src" / "statistics.cpp"
    text = source.read_text(encoding="utf-8")
    source.write_text(text.replace(", py::mod_gil_not_used()", ""), encoding="utf-8")
    said = shop.build()
    assert "warning TW414" in said
    assert "was imported here, and the GIL was on" in said
    # Nobody is asked who does not want to know.
    assert "TW414" not in shop.build(TRUEWHEEL_IGNORE="TW414")


# --- PyPy -------------------------------------------------------------------------------------------------------

PYPY = rf"pp(?P<n>3\d+)-pypy(?P=n)_pp\d+-{MANYLINUX}"


@pytest.mark.parametrize("name", ["c-module", "cffi"])
def test_truewheel_runs_on_pypy(
    name: str, tmp_path: Path, environ: dict[str, str], ran: Ran
) -> None:
    """The front end runs on PyPy as well."""
    new_enough = [
        version
        for version in interpreters.pypys()
        if version not in {"pypy3.8", "pypy3.9"}
    ]
    version = next(iter(new_enough), None) or needs.missing(
        "PyPy 3.10 or newer with headers (.ci/debian)"
    )
    shop = Shop(
        name,
        tmp_path / name,
        environ,
        Example(built=PIP, python=version, tag=PYPY, programs=("gcc",)),
    )
    said = shop.build()
    assert "warning TW" not in said
    assert re.fullmatch(PYPY, shop.tag())
    shop.judge()
    shop.test(version)
    ran(name, version.replace("pypy", "PyPy "), "pip")


def test_cpython_builds_for_a_pypy_that_is_too_old_for_truewheel(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    """A PyPy that is too old for truewheel is built for by a CPython: the tag comes from the module that was built."""
    needs.program("pypy3")
    example = Example(built=PIP, python="3.12", tag=PYPY)
    shop = Shop("c-module", tmp_path / "shop", environ, example)
    path = shutil.which("pypy3")
    include = run(
        path,
        "-c",
        "import sysconfig; print(sysconfig.get_path('include'))",
        cwd=tmp_path,
        environ=environ,
    )
    hints = {
        "EXECUTABLE": path,
        "INCLUDE_DIR": include.strip(),
        "ROOT_DIR": "/usr",
        "FIND_IMPLEMENTATIONS": "PyPy",
    }
    definitions = [f"-DPython_{name}={value}" for name, value in hints.items()]
    shop.build("-Ccmake.args=" + ";".join(definitions))
    assert re.fullmatch(PYPY, shop.tag())
    shop.judge()
    home = tmp_path / "unpacked"
    shutil.unpack_archive(shop.wheel(), home, "zip")
    script = "import zlib; from example_c_module import checksum; assert checksum(b'pypy') == zlib.adler32(b'pypy')"
    run(path, "-c", script, cwd=home, environ=environ)


# --- absence, asked for and never by itself ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "variables"),
    [(("-Cwheel.cmake=false",), {}), ((), {"EXAMPLE_ACCELERATOR": "python"})],
    ids=["option", "variable"],
)
def test_an_accelerator_is_left_out_when_that_is_asked_for(
    options: tuple[str, ...],
    variables: dict[str, str],
    tmp_path: Path,
    environ: dict[str, str],
) -> None:
    shop = Shop("accelerator", tmp_path / "shop", environ)
    shop.build(*options, CC="false", **variables)
    assert shop.tag() == PURE
    shop.judge()
    shop.test(shop.example.python, EXPECT_COMPILED="0")


def test_an_accelerator_fails_if_the_compiler_does(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    shop = Shop("accelerator", tmp_path / "shop", environ)
    said = shop.build(status=2, CC="false")
    assert "EXAMPLE_ACCELERATOR=python" in said
    assert not list(tmp_path.glob("shop/out/*.whl"))


def test_an_optional_accelerator_goes_on_without_a_compiler(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    shop = Shop("accelerator", tmp_path / "shop", environ)
    said = shop.build(CC="false", EXAMPLE_ACCELERATOR="optional")
    assert shop.tag() == PURE
    assert "nothing was compiled" in said
    shop.test(shop.example.python, EXPECT_COMPILED="0")


def test_a_module_that_the_system_cannot_serve_is_left_out(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    shop = Shop("system-access", tmp_path / "shop", environ)
    said = shop.build("-Ccmake.define.HAVE_INOTIFY=OFF")
    assert "no inotify" in said
    assert shop.tag() == PURE
    shop.judge()
    shop.test("3.13")

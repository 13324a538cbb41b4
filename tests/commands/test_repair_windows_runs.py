"""Repaired wheels for Windows, unpacked, in wine's loader: every module finds its libraries as CPython has Windows look for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import wine
from support.repairs import Repairer, put, repairer, wheel_of
from support.windows_builds import (
    Dll,
    library,
    mingw_cpp_module,
    mingw_directory,
    module,
)

pytestmark = pytest.mark.slow
TAG = "cp312-cp312-win_amd64"
NOT_FOUND = "error 126"


@pytest.fixture
def repair(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Repairer:
    return repairer(tmp_path, capsys)


def load(
    place: Path,
    repair: Repairer,
    files: dict[str, bytes],
    libraries: dict[str, Dll] | Path,
    *modules: str,
) -> list[str]:
    """Repair a wheel, and load modules of it in one process; return what each counted to.

    The first module of the wheel as it was does not load.
    """
    where = libraries if isinstance(libraries, Path) else put(place / "lib", libraries)
    made = repair(wheel_of(place, TAG, files), "--search", where)
    assert made.status == 0, made.told
    put(place / "before", files)
    put(place / "after", made.members)
    names = [f"before/{modules[0]}"]
    for path in modules:
        plus = "+" * path.startswith("+")
        names.append(f"{plus}after/{path.removeprefix('+')}")
    before, *after = wine.load(place, *names)
    assert before == NOT_FOUND
    return after


def test_modules_of_packages_namespaces_and_the_root_share_one_library(
    tmp_path: Path, repair: Repairer
) -> None:
    """Copies lie beside each; the loader knows them by their names, and takes one."""
    leaf = library("leaf.dll")
    foo = library("foo.dll", leaf)
    code = module(foo)
    modules = ("p/_m.pyd", "p/q/_m.pyd", "ns/_m.pyd", "_m.pyd")
    files = {**dict.fromkeys(modules, code), "p/__init__.py": b""}
    counted = load(
        tmp_path, repair, files, {"foo.dll": foo, "leaf.dll": leaf}, *modules
    )
    # Each call adds what the library below has counted: 1 + 1, 1 + 2, ...
    assert counted == ["3", "6", "10", "15"]


def test_a_large_library_is_found_in_the_folder_that_the_package_adds(
    tmp_path: Path, repair: Repairer
) -> None:
    """And is not before the package has added it."""
    big = library("big.dll", size=3 << 20)
    modules = ("p/_m.pyd", "p/q/_m.pyd")
    files = {**dict.fromkeys(modules, module(big)), "p/__init__.py": b""}
    order = ("p/_m.pyd", "+p.libs", *modules)
    counted = load(tmp_path, repair, files, {"big.dll": big}, *order)
    assert counted == [NOT_FOUND, "2", "3"]


def test_circles_and_forwarders_load(tmp_path: Path, repair: Repairer) -> None:
    two = library("two.dll", mentions=(library("one.dll"),))
    one = library("one.dll", two)
    foo = library("foo.dll", value=4)
    fwd = library("fwd.dll", forwards=(("other", "foo.foo_dll"),))
    code = module(one, fwd, other="other")
    files = {"p/_m.pyd": code, "p/__init__.py": b""}
    libraries = {"one.dll": one, "two.dll": two, "foo.dll": foo, "fwd.dll": fwd}
    counted = load(tmp_path, repair, files, libraries, "p/_m.pyd")
    # 1, one and two, the forwarder's own, and ten times what it forwards.
    assert counted == [str(1 + 2 + 1 + 10 * 4)]


def test_mingws_runtime_carries_an_exception(tmp_path: Path, repair: Repairer) -> None:
    files = {"p/_m.pyd": mingw_cpp_module(), "p/__init__.py": b""}
    assert load(tmp_path, repair, files, mingw_directory(), "p/_m.pyd") == ["7"]

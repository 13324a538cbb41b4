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


def installed(
    place: Path,
    repair: Repairer,
    files: dict[str, bytes],
    libraries: dict[str, Dll] | Path,
) -> Path:
    """Return a folder with the repaired wheel's files; unrepaired ones do not load."""
    where = libraries if isinstance(libraries, Path) else put(place / "lib", libraries)
    made = repair(wheel_of(place, TAG, files), "--search", where)
    assert made.status == 0, made.told
    (first, *_) = (name for name in files if name.endswith(".pyd"))
    put(place / "before", files)
    assert wine.load(place / "before", first) == [NOT_FOUND]
    return put(place / "site", made.members)


def test_modules_of_packages_namespaces_and_the_root_share_one_library(
    tmp_path: Path, repair: Repairer
) -> None:
    """Copies lie beside each; the loader knows them by their names, and takes one."""
    leaf = library("leaf.dll")
    foo = library("foo.dll", leaf)
    code = module(foo)
    files = {"p/_m.pyd": code, "p/q/_m.pyd": code, "ns/_m.pyd": code, "_m.pyd": code}
    site = installed(
        tmp_path,
        repair,
        files | {"p/__init__.py": b""},
        {"foo.dll": foo, "leaf.dll": leaf},
    )
    # Each call adds what the library below has counted: 1 + 1, 1 + 2, ...
    assert wine.load(site, *files) == ["3", "6", "10", "15"]


def test_a_large_library_is_found_in_the_folder_that_the_package_adds(
    tmp_path: Path, repair: Repairer
) -> None:
    big = library("big.dll", size=3 << 20)
    code = module(big)
    files = {"p/_m.pyd": code, "p/q/_m.pyd": code, "p/__init__.py": b""}
    site = installed(tmp_path, repair, files, {"big.dll": big})
    assert wine.load(site, "+p.libs", "p/_m.pyd", "p/q/_m.pyd") == ["2", "3"]
    assert wine.load(site, "p/_m.pyd") == [NOT_FOUND]


def test_circles_and_forwarders_load(tmp_path: Path, repair: Repairer) -> None:
    two = library("two.dll", mentions=(library("one.dll"),))
    one = library("one.dll", two)
    foo = library("foo.dll", value=4)
    fwd = library("fwd.dll", forwards=(("other", "foo.foo_dll"),))
    code = module(one, fwd, other="other")
    files = {"p/_m.pyd": code, "p/__init__.py": b""}
    libraries = {"one.dll": one, "two.dll": two, "foo.dll": foo, "fwd.dll": fwd}
    site = installed(tmp_path, repair, files, libraries)
    # 1, one and two, the forwarder's own, and ten times what it forwards.
    assert wine.load(site, "p/_m.pyd") == [str(1 + 2 + 1 + 10 * 4)]


def test_mingws_runtime_carries_an_exception(tmp_path: Path, repair: Repairer) -> None:
    files = {"p/_m.pyd": mingw_cpp_module(), "p/__init__.py": b""}
    site = installed(tmp_path, repair, files, mingw_directory())
    assert wine.load(site, "p/_m.pyd") == ["7"]

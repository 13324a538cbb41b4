"""Examples whose modules need libraries: installed and run in a root that has none of the build's, for glibc and musl.

``-Ctruewheel.repair=off`` is the counter-proof: the same module does not load there without the copies.
"""

from __future__ import annotations

import dataclasses
import re
import sys
import zipfile
from pathlib import Path

import pytest

from support import fresh_roots, toolchains
from support.examples import PIP, TABLE
from support.fresh_roots import FreshRoot
from support.shop import Shop

pytestmark = [
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="roots of Linux"),
]

BUNDLED = {
    "bundled-library": ["libexample_outline", "libyaml-0"],
    "fortran-f2py": ["libgfortran", "libopenblasp-r0", "libquadmath"],
}


def opened(name: str, place: Path, environ: dict[str, str], root: FreshRoot) -> Shop:
    """Return a shop for the root's Python."""
    example = dataclasses.replace(TABLE[name], python=root.version)
    return Shop(name, place / name, environ, example)


def bundled(wheel: Path) -> list[str]:
    """Return the names of the bundled libraries, without their hashes."""
    names = zipfile.ZipFile(wheel).namelist()
    libraries = [Path(name).name for name in names if ".libs/" in name]
    return sorted(re.split(r"-[0-9a-f]{8}\.|\.so", name)[0] for name in libraries)


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_libraries_are_all_that_is_needed(
    name: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    root = fresh_roots.debian(tmp_path / "root")
    shop = opened(name, tmp_path, environ, root)
    shop.build()
    assert bundled(shop.wheel()) == BUNDLED[name]
    root.install(shop.wheel(), "pytest", *shop.example.beside)
    root.test(shop.place / "tests")

    shop.out = shop.place / "as it was linked"
    shop.build("-Ctruewheel.repair=off")
    assert bundled(shop.wheel()) == []
    assert shop.tag().endswith("-linux_x86_64")
    root.install(shop.wheel(), *shop.example.beside)
    package = f"example_{name.replace('-', '_')}"
    said = root.python("-c", f"import {package}", status=1)
    assert re.search(r"ImportError: lib[\w.-]+: cannot open shared object file", said)


def test_a_library_of_another_wheel_is_found_there(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    root = fresh_roots.debian(tmp_path / "root")
    shop = opened("c-library-consumer", tmp_path, environ, root)
    shop.take_what_comes_first()
    shop.build()
    assert bundled(shop.wheel()) == []
    root.install(shop.wheel(), *shop.came_first, "pytest")
    root.test(shop.place / "tests")

    supplied = root.root / fresh_roots.SITE / "example_c_library" / "lib"
    (supplied / "libexample_grid_1.so").unlink()
    said = root.python("-c", "import example_c_library_consumer", status=1)
    assert "ImportError: libexample_grid_1.so: cannot open shared object file" in said


def test_a_library_that_is_installed_keeps_its_name_and_the_other_is_copied(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    """``truewheel_bundle`` for the project's own library, ``repair = "auto"`` for libyaml."""
    root = fresh_roots.debian(tmp_path / "root")
    shop = opened("bundled-library", tmp_path, environ, root)
    shop.build("-Ccmake.define.EXAMPLE_KEEP_NAME=ON")
    names = zipfile.ZipFile(shop.wheel()).namelist()
    assert "example_bundled_library.libs/libexample_outline.so" in names
    assert bundled(shop.wheel()) == BUNDLED["bundled-library"]
    root.install(shop.wheel(), "pytest")
    root.test(shop.place / "tests")


def test_bundled_libraries_are_all_that_is_needed_on_musl(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    """Cross-built by zig: a Python that runs on glibc drives the build for one that is linked with musl."""
    root = fresh_roots.musl(tmp_path / "root")
    library = fresh_roots.musl_library()
    tag = r"cp311-cp311-musllinux_1_\d_x86_64"
    known = TABLE["bundled-library"]
    example = dataclasses.replace(known, built=PIP, python=root.version, tag=tag)
    shop = Shop("bundled-library", tmp_path / "shop", environ, example)
    compiler = f"{toolchains.zig()} c++ -target x86_64-linux-musl"
    definitions = {
        "Python_EXECUTABLE": fresh_roots.musl_python(),
        "YAML_LIBRARY": library / "libyaml.so",
        "YAML_INCLUDE_DIR": library,
    }
    options = [f"-Ccmake.define.{name}={value}" for name, value in definitions.items()]
    shop.build(*options, CXX=compiler)
    assert re.fullmatch(tag, shop.tag())
    assert bundled(shop.wheel()) == BUNDLED["bundled-library"]
    shop.judge()
    root.install("pytest")
    root.unpack(shop.wheel())
    root.test(shop.place / "tests")

    shop.out = shop.place / "as it was linked"
    shop.build("-Ctruewheel.repair=off", *options, CXX=compiler)
    root.install("pytest")
    root.unpack(shop.wheel())
    said = root.python("-c", "import example_bundled_library", status=1)
    assert "ImportError: Error loading shared library lib" in said

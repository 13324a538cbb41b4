"""``truewheel repair``: where files lie in the wheel, and where they are installed."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support.real_wheels import (
    Workshop,
    called,
    dynamic,
    gcc,
    gives,
    libraries,
    members,
    rpath,
    runpath,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="gcc for Linux")

BASE = getattr(sys, "_base_executable", sys.executable)
MAIN = '#include <stdio.h>\nint of_x(void);\nint main(int n, char **v) { printf("%d %s\\n", of_x(), n > 1 ? v[1] : ""); return 0; }\n'  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def pip(*words: object, into: object = sys.executable, environ: dict[str, str] | None = None) -> None:  # fmt: skip
    """Install with pip and without an index.

    :param into: the Python, which need not have a pip of its own.
    """
    command = [sys.executable, "-m", "pip", "--python", into, "install", "--no-index", "--no-deps", "-q"]  # fmt: skip
    done = subprocess.run(
        [*map(str, command), *map(str, words)],
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **(environ or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def printed(*words: object, environ: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        list(map(str, words)), capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], **(environ or {})},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# --- data and scripts ---------------------------------------------------------------------------------------------------


def test_a_module_in_platlib_finds_its_library_where_pip_installs_it(
    shop: Workshop,
) -> None:
    library = shop.library("libx.so.1", gives("of_x", 7))
    module = shop.module("m", library, runpath(shop.build), use="of_x")
    made = shop.repair(shop.wheel({"p-1.data/platlib/p/m.abi3.so": module}))
    found = dynamic(members(made)["p-1.data/platlib/p/m.abi3.so"], shop.place)
    assert found["RPATH"] == ["$ORIGIN/../p.libs"]
    shop.installed(made)
    pip("--target", shop.place / "target", made)
    assert called(shop.place / "target", "p.m") == ["7"]


def program_wheel(shop: Workshop) -> Path:
    library = shop.library("libx.so.1", gives("of_x", 8))
    source = shop.place / "main.c"
    source.write_text(MAIN)
    program = shop.place / "tool"
    gcc(source, "-o", program, library, runpath(shop.build), cwd=shop.place)
    return shop.repair(shop.wheel({"p-1.data/scripts/tool": program.read_bytes()}))


def test_a_program_runs_in_an_environment_and_in_a_target_and_for_a_user(
    shop: Workshop,
) -> None:
    made = program_wheel(shop)
    shop.installed(made)
    environment = shop.place / "venv"
    subprocess.run([BASE, "-m", "venv", "--without-pip", environment], check=True)
    pip(made, into=environment / "bin/python")
    assert printed(environment / "bin" / "tool", "one") == "8 one"
    target = shop.place / "target"
    pip("--target", target, made)
    assert printed(target / "bin" / "tool", "two") == "8 two"
    home = {"PYTHONUSERBASE": str(shop.place / "home")}
    pip("--user", "--break-system-packages", made, into=BASE, environ=home)
    assert printed(shop.place / "home/bin/tool", "3", environ=home) == "8 3"


def test_a_program_runs_below_a_prefix(shop: Workshop) -> None:
    made = program_wheel(shop)
    shop.installed(made)
    prefix = shop.place / "prefix"
    pip("--prefix", prefix, "--ignore-installed", made)
    (program,) = prefix.rglob("bin/tool")
    (packages,) = prefix.rglob("p.scripts")
    assert printed(program, "one") == "8 one"
    # Where other systems have it: 64-bit ones, and Debian.
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for folder in (f"lib64/{version}/site-packages", "lib/python3/dist-packages"):
        place = program.parent.parent / folder
        place.mkdir(parents=True)
        packages = packages.rename(place / "p.scripts")
        # The libraries are beside it.
        (libs,) = prefix.rglob("p.libs")
        libs.rename(place / "p.libs")
        assert printed(program, folder) == f"8 {folder}"


def test_a_program_keeps_its_place_when_it_needs_nothing(shop: Workshop) -> None:
    library = shop.library("libx.so.1", gives("of_x", 8))
    module = shop.module("m", library, runpath(shop.build), use="of_x")
    source = shop.place / "main.c"
    source.write_text("int main(void) { return 0; }\n")
    gcc(source, "-o", shop.place / "tool", cwd=shop.place)
    tool = (shop.place / "tool").read_bytes()
    made = shop.repair(shop.wheel({"p/m.abi3.so": module, "p-1.data/scripts/tool": tool}))  # fmt: skip
    assert members(made)["p-1.data/scripts/tool"] == tool


def test_a_wheel_that_says_it_is_pure_becomes_one_for_its_platform(
    shop: Workshop,
) -> None:
    library = shop.library("libx.so.1", gives("of_x", 9))
    module = shop.module("m", library, runpath(shop.build), use="of_x")
    made = shop.repair(
        shop.wheel({"p/m.abi3.so": module}, tag="cp310-abi3-any")
    )  # fmt: skip
    assert "manylinux" in made.name
    assert b"Root-Is-Purelib: false" in members(made)["p-1.dist-info/WHEEL"]
    assert shop.value(made) == ["9"]


def test_a_module_of_purelib_finds_its_library(shop: Workshop) -> None:
    library = shop.library("libx.so.1", gives("of_x", 9))
    module = shop.module("m", library, runpath(shop.build), use="of_x")
    made = shop.repair(shop.wheel({"p-1.data/purelib/p/m.abi3.so": module}))
    shop.installed(made)
    pip("--target", shop.place / "target", made)
    assert called(shop.place / "target", "p.m") == ["9"]


# --- search paths -------------------------------------------------------------------------------------------------------


def test_search_paths_of_the_machine_go_from_every_file(shop: Workshop) -> None:
    library = shop.library("libx.so.1", gives("of_x", 1), runpath("/opt/x", "$ORIGIN"))
    module = shop.module("m", library, runpath(shop.build, "$ORIGIN/sub"), use="of_x")
    other = shop.module("n", runpath(shop.build, "$ORIGIN/../other"), head="", value="5")  # fmt: skip
    own = shop.module("o", rpath("/opt/x"), head="", value="6")
    made = shop.repair(
        shop.wheel({"p/m.abi3.so": module, "p/n.abi3.so": other, "p/o.abi3.so": own})
    )
    files = members(made)
    (name,) = libraries(made)
    paths = {}
    for path in ("p/m.abi3.so", "p/n.abi3.so", "p/o.abi3.so", f"p.libs/{name}"):
        found = dynamic(files[path], shop.place)
        paths[path] = found.get("RPATH", []) + found.get("RUNPATH", [])
    assert paths == {
        "p/m.abi3.so": ["$ORIGIN/sub", "$ORIGIN/../p.libs"],
        "p/n.abi3.so": ["$ORIGIN/../other"],
        "p/o.abi3.so": [],
        f"p.libs/{name}": [],
    }
    assert shop.value(made, "p.m", "p.n", "p.o") == ["1", "5", "6"]


def test_a_wheel_without_outside_needs_loses_search_paths_of_the_machine(
    shop: Workshop,
) -> None:
    own = shop.module("m", runpath("/home/me/build/lib"), head="", value="6")
    made = shop.repair(shop.wheel({"p/m.abi3.so": own}))
    found = dynamic(members(made)["p/m.abi3.so"], shop.place)
    assert "RUNPATH" not in found
    assert "RPATH" not in found
    assert shop.value(made) == ["6"]


def test_a_repaired_wheel_cannot_be_overridden_from_outside(shop: Workshop) -> None:
    library = shop.library("libx.so.1", gives("of_x", 1))
    module = shop.module("m", library, runpath(shop.build), use="of_x")
    made = shop.repair(shop.wheel({"p/m.abi3.so": module}))
    (name,) = libraries(made)
    site = shop.installed(made)
    shop.build.mkdir()
    shop.library(name, gives("of_x", 2))
    environ = {"LD_LIBRARY_PATH": str(shop.build)}
    assert called(site, "p.m", environ=environ) == ["1"]


# --- libraries of the same wheel ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "paths",
    [
        ("$ORIGIN/../other",),
        ("${ORIGIN}/../other",),
        ("BUILD", "$ORIGIN/../other"),
        ("$ORIGIN/../other", "BUILD"),
        ("BUILD",),
        (),
    ],
    ids=":".join,
)
def test_a_library_of_the_wheel_goes_before_any_outside(
    shop: Workshop, paths: tuple[str, ...]
) -> None:
    library = shop.library("libx.so.1", gives("of_x", 4))
    expanded = [path.replace("BUILD", str(shop.build)) for path in paths]
    option = (runpath(*expanded),) if expanded else ()
    module = shop.module("m", library, *option, use="of_x")
    made = shop.repair(
        shop.wheel({"p/m.abi3.so": module, "other/libx.so.1": library.read_bytes()})
    )
    assert libraries(made) == []
    with zipfile.ZipFile(made) as archive:
        assert archive.read("other/libx.so.1") == library.read_bytes()
    found = dynamic(members(made)["p/m.abi3.so"], shop.place)
    (way,) = found.get("RPATH", []) + found.get("RUNPATH", [])
    assert way.replace("{", "").replace("}", "") == "$ORIGIN/../other"
    assert shop.value(made) == ["4"]

"""A platform's module and table are loaded when a file or a tag of its kind turns up, and not before."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from support.paths import ROOT
from truewheel.platforms import PLATFORMS, parse_platform_tag

SCRIPT = """
import sys
from support import facts, slices
from truewheel import data_tables
from truewheel.audit.verdict import check
piece = slices.{maker}()
wheel = facts.wheel_named("p-1-py3-none-{tag}.whl", facts.contents(facts.binary_file(slices.module_path(piece), piece)))
check(wheel)
modules = {{name.split(".")[2] for name in sys.modules if name.startswith("truewheel.platforms.")}}
print(*sorted(modules), *sorted(data_tables._read))
"""


@pytest.mark.parametrize(
    ("maker", "tag", "loaded"),
    [
        ("linux", "manylinux_2_17_x86_64", {"elf", "linux"}),
        ("android", "android_24_arm64_v8a", {"elf", "android"}),
        ("mac", "macosx_11_0_arm64", {"apple", "macos", "load_commands", "macos_cpus"}),
        ("windows", "win_amd64", {"pe_slices", "windows"}),
        ("web", "pyodide_2025_0_wasm32", {"elf", "emscripten"}),
    ],
)
def test_a_wheel_loads_its_own_platform_alone(
    maker: str, tag: str, loaded: set[str]
) -> None:
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")]),
    }
    command = [sys.executable, "-c", SCRIPT.format(maker=maker, tag=tag)]
    told = subprocess.run(
        command, env=environ, capture_output=True, text=True, check=True
    ).stdout.split()
    families = {platform.family for platform in PLATFORMS}
    own = parse_platform_tag(tag)
    assert own is not None
    # Which of two platforms a file of their format is for, the first has to be asked.
    asked = {"android": {"linux"}}.get(own.family, set())
    assert {name for name in told if "/" not in name} - {"base"} == loaded | asked
    tables = {
        name.rpartition("/")[2].removesuffix(".json") for name in told if "/" in name
    }
    assert tables & families == {own.family}


def test_a_tag_that_nobody_knows_loads_nothing() -> None:
    script = "import sys; from truewheel.platforms import parse_platform_tag as parse; parse('plan9_mips'); parse('any')"
    show = "print(*[name for name in sys.modules if name.startswith('truewheel.platforms.')])"
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", f"{script}; {show}"]
    assert (
        subprocess.run(
            command, env=environ, capture_output=True, text=True, check=True
        ).stdout.split()
        == []
    )

"""Files that a wheel only carries: they tie it to no system, and those that an import loads do."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from support import needs
from support.facts import binary_file, contents, wheel_named
from support.slices import linux, mac, web, windows
from support.small_wheels import small_wheel
from support.wasm_modules import module as wasm_module
from truewheel.audit.truth import Checked
from truewheel.audit.verdict import check
from truewheel.model.binary import Kind, Slice
from truewheel.model.contents import File
from truewheel.model.finding import Finding, Severity
from truewheel.model.record import replace
from truewheel.system.wheels.reading import read_wheel

LINUX_MODULE = "p/_m.cpython-313-x86_64-linux-gnu.so"
CP313 = "cp313-cp313-manylinux_2_17_x86_64"


def judged(*files: File, tags: str = CP313) -> Checked:
    return check(wheel_named(f"p-1-{tags}.whl", contents(*files)))


def with_code(checked: Checked, code: str) -> list[Finding]:
    return [one for one in checked.findings if one.code == code]


def program(piece: Slice) -> Slice:
    return replace(piece, kind=Kind.EXECUTABLE)


MODULE = binary_file(LINUX_MODULE, linux())


def test_programs_of_other_systems_beside_a_module_are_a_note_with_the_reason() -> None:
    checked = judged(
        MODULE,
        binary_file("p/drivers/win32/driver.exe", program(windows())),
        binary_file("p/drivers/mac/driver", program(mac())),
    )
    assert checked.is_true
    (finding,) = with_code(checked, "TW307")
    assert finding.severity is Severity.NOTE
    assert finding.where == "macos, windows"
    assert finding.message.startswith("programs, which Python does not load, for macos")
    assert finding.evidence == (
        "p/drivers/mac/driver is for macos",
        "p/drivers/win32/driver.exe is for windows",
    )


def test_libraries_that_no_module_needs_are_a_note_too() -> None:
    checked = judged(MODULE, binary_file("p/lib/x.dll", windows()))
    (finding,) = with_code(checked, "TW307")
    assert finding.severity is Severity.NOTE
    assert finding.message.startswith("libraries that no extension module needs")


def test_extension_modules_for_several_systems_are_a_warning() -> None:
    checked = judged(MODULE, binary_file("p/_m.cp313-win_amd64.pyd", windows()))
    (finding,) = with_code(checked, "TW307")
    assert finding.severity is Severity.WARNING
    assert finding.evidence == (
        f"{LINUX_MODULE} is for linux",
        "p/_m.cp313-win_amd64.pyd is for windows",
    )


def test_a_bare_name_is_a_module_when_it_exports_an_init_function() -> None:
    bare = replace(windows(), exports=frozenset({"PyInit_m"}))
    checked = judged(MODULE, binary_file("p/m.dll", bare))
    (finding,) = with_code(checked, "TW307")
    assert finding.severity is Severity.WARNING


def test_programs_for_several_cpus_are_a_note_and_libraries_that_a_module_needs_are_not() -> None:  # fmt: skip
    arm = linux(cpu="aarch64")
    programs = judged(MODULE, binary_file("p/arm/tool", program(arm)), tags="py3-none-any")  # fmt: skip
    (finding,) = with_code(programs, "TW306")
    assert finding.severity is Severity.NOTE
    assert finding.message.startswith("programs, which Python does not load, for several CPUs")  # fmt: skip
    needed = binary_file("p/libx.so.1", replace(linux(), name="libx.so.1"))
    module = binary_file(LINUX_MODULE, linux("libx.so.1", runpath="$ORIGIN"))
    other = binary_file("p/_m.cpython-313-aarch64-linux-gnu.so", arm)
    (finding,) = with_code(judged(module, needed, other), "TW306")
    assert finding.severity is Severity.WARNING


def test_a_wheel_for_any_platform_with_programs_for_each_is_made_so() -> None:
    files = (
        binary_file("p/linux/tool", program(linux())),
        binary_file("p/windows/tool.exe", program(windows())),
    )
    checked = judged(*files, tags="py3-none-any")
    about_systems = [one for one in checked.findings if one.code.startswith("TW3")]
    assert {one.severity for one in about_systems} == {Severity.NOTE}
    (finding,) = with_code(checked, "TW301")
    assert "several systems (linux, windows), none of which an import loads" in finding.message  # fmt: skip
    # For one system alone, the others lack it.
    (finding,) = with_code(judged(files[0], tags="py3-none-any"), "TW301")
    assert finding.severity is Severity.WARNING


def test_webassembly_that_is_no_side_module_is_data() -> None:
    viewer = binary_file("p/static/viewer.wasm", replace(web(), dylink=False, kind=Kind.EXECUTABLE))  # fmt: skip
    checked = judged(MODULE, viewer)
    assert checked.is_true
    (finding,) = with_code(checked, "TW307")
    assert (finding.severity, finding.where) == (Severity.NOTE, "p/static/viewer.wasm")
    assert finding.evidence == ("it has no dylink.0 section",)
    anywhere = judged(viewer, tags="py3-none-any")
    about_systems = [one.code for one in anywhere.findings if one.code[2] == "3"]
    assert about_systems == ["TW307"]
    assert anywhere.is_best


def test_a_side_module_is_code_of_emscripten_wherever_it_lies() -> None:
    side = binary_file("p/static/viewer.wasm", web())
    (finding,) = with_code(judged(side, tags="py3-none-any"), "TW301")
    assert finding.severity is Severity.WARNING
    # So is what is named like a module, which then is a broken one.
    named = binary_file(
        "p/_m.cpython-313-wasm32-emscripten.so",
        replace(web(), dylink=False, kind=Kind.EXECUTABLE),
    )
    checked = judged(named, tags="cp313-cp313-pyemscripten_2026_0_wasm32")
    assert {one.code for one in checked.findings} >= {"TW517"}
    assert not with_code(checked, "TW307")


def test_real_files_of_several_systems(tmp_path: Path) -> None:
    needs.program("gcc")
    source = tmp_path / "m.c"
    source.write_text("int main(void) { return 0; }\nint PyInit__m(void) { return 0; }\n")  # fmt: skip
    elf, module = tmp_path / "tool", tmp_path / "m.so"
    subprocess.run(["gcc", source, "-o", elf], check=True)
    subprocess.run(["gcc", "-shared", "-fPIC", source, "-o", module], check=True)
    files = {
        "p/__init__.py": b"",
        LINUX_MODULE: module.read_bytes(),
        "p/linux/tool": elf.read_bytes(),
        "p/viewer.wasm": wasm_module(),
    }
    mingw = shutil.which("x86_64-w64-mingw32-gcc")
    if mingw is not None:
        subprocess.run([mingw, source, "-o", tmp_path / "tool.exe"], check=True)
        files["p/windows/tool.exe"] = (tmp_path / "tool.exe").read_bytes()
    path = small_wheel(tmp_path / "p-1-cp313-cp313-manylinux_2_39_x86_64.whl", files)
    checked = check(read_wheel(path))
    assert checked.is_true
    found = {one.where: one.severity for one in with_code(checked, "TW307")}
    expected = {"p/viewer.wasm": Severity.NOTE}
    if mingw is not None:
        expected["windows"] = Severity.NOTE
    assert found == expected


@pytest.mark.parametrize("cut", [4, 8, 9])
def test_broken_webassembly_is_told_as_broken_or_as_data(
    cut: int, tmp_path: Path
) -> None:
    files = {"p/__init__.py": b"", "p/viewer.wasm": wasm_module()[:cut] + b"\x00\xff"[: cut - 8]}  # fmt: skip
    path = small_wheel(tmp_path / "p-1-py3-none-any.whl", files)
    codes = {one.code for one in check(read_wheel(path)).findings}
    assert codes <= {"TW307", "TW517"}
    assert codes

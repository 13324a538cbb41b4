"""The verdict where no Linux binary is concerned: rulings without a plain tag, without any tag, and files not read."""

from __future__ import annotations

import pytest

from support.facts import binary_file, contents, package, wheel_named
from truewheel.audit.questions import Question
from truewheel.audit.truth import Checked
from truewheel.audit.verdict import check, judge
from truewheel.model.binary import (
    ElfSlice,
    Format,
    Kind,
    MachOSlice,
    MinimumOS,
    Need,
    PeSlice,
    WasmSlice,
)
from truewheel.model.contents import Contents, File
from truewheel.model.record import replace
from truewheel.model.target import Target
from truewheel.platforms import PLATFORMS, examples_like
from truewheel.platforms.base import Platform

MAC = Target(implementation="cpython", version=(3, 13), python_tag="cp313", abi_tag="cp313",
             suffix=".cpython-313-darwin.so", platform_tag="macosx_14_0_arm64")  # fmt: skip
WEB = Target(implementation="cpython", version=(3, 14), python_tag="cp314", abi_tag="cp314",
             suffix=".cpython-314-wasm32-emscripten.so", platform_tag="pyemscripten_2026_0_wasm32")  # fmt: skip


def mac(
    minos: tuple[int, int] = (11, 0),
    *needs: str,
    cpu: str = "arm64",
    system: str = "macos",
) -> Contents:
    piece = MachOSlice(
        cpu=cpu, bits=64, kind=Kind.BUNDLE, file_type=8, signed=True, exports=frozenset({"PyInit_m"}),
        minimum_os=(MinimumOS(platform=system, version=minos),), needs=tuple(Need(library=n) for n in needs),
    )  # fmt: skip
    return package(binary_file("p/m.cpython-313-darwin.so", piece))


def named(tags: str, found: Contents) -> Checked:
    return check(wheel_named(f"p-1-{tags}.whl", found), ignore=("TW5",))


def test_a_build_is_tagged_by_its_binaries_not_by_its_interpreter() -> None:
    verdict = judge(mac(), Question(target=MAC))
    assert verdict.tag == "cp313-cp313-macosx_11_0_arm64"
    assert "minos 11.0" in verdict.reasons[0]


def test_a_library_from_elsewhere_leaves_the_tag_and_is_told() -> None:
    verdict = judge(
        mac((11, 0), "/opt/homebrew/lib/libfoo.dylib"), Question(target=MAC)
    )
    assert verdict.platforms == ("macosx_11_0_arm64",)
    assert [f.code for f in verdict.findings] == ["TW201"]
    assert "minos" in verdict.reasons[0]


def test_promises_are_kept_or_broken() -> None:
    kept = judge(mac(), Question(target=MAC, promise="macosx_12_0"))
    assert (kept.platforms, kept.errors) == (("macosx_12_0_arm64",), ())
    broken = judge(mac((13, 0)), Question(target=MAC, promise="macosx_12_0"))
    assert [f.code for f in broken.errors] == ["TW301"]


@pytest.mark.parametrize("promise", ["auto", "native", "macosx_14_0"])
def test_a_build_never_claims_what_its_binaries_cannot_keep(promise: str) -> None:
    (error,) = judge(mac(cpu="arm64e"), Question(target=MAC, promise=promise)).errors
    assert error.code == "TW305"
    assert "code for arm64e alone" in error.evidence[0]


def test_claims_of_code_for_some_machines_and_for_other_systems() -> None:
    (error,) = named("cp313-cp313-macosx_14_0_arm64", mac(cpu="arm64e")).findings
    assert (error.code, error.hint) == (
        "TW305",
        "build it for the CPU that the tag names",
    )
    reasons = named("cp313-cp313-macosx_14_0_arm64", mac(cpu="arm64e")).truth.reasons
    assert (
        reasons[0]
        == "p/m.cpython-313-darwin.so is code for arm64e, for which there is no tag"
    )
    found = named("cp313-cp313-macosx_14_0_arm64", mac(system="catalyst"))
    assert (
        "built for catalyst"
        in next(f for f in found.findings if f.code == "TW305").evidence[0]
    )


def test_side_modules_take_the_targets_tag() -> None:
    piece = WasmSlice(
        cpu="wasm32",
        bits=32,
        kind=Kind.SHARED,
        dylink=True,
        exports=frozenset({"PyInit_m"}),
    )
    found = package(binary_file("p/m.cpython-314-wasm32-emscripten.so", piece))
    verdict = judge(found, Question(target=WEB))
    assert verdict.tag == "cp314-cp314-pyemscripten_2026_0_wasm32"
    assert "do not say" in verdict.reasons[0]
    assert named("cp314-cp314-pyemscripten_2026_0_wasm32", found).is_true
    assert not named("cp314-cp314-macosx_11_0_arm64", found).is_true


def test_a_tag_of_pyodides_belongs_to_one_python() -> None:
    """Nobody has an interpreter that takes both; any and stable ABIs of older Pythons are taken by it as well."""
    for name, tags, true in (
        (
            "m.cpython-314-wasm32-emscripten.so",
            "cp314-cp314-pyemscripten_2026_0_wasm32",
            True,
        ),
        (
            "m.cpython-313-wasm32-emscripten.so",
            "cp313-cp313-pyemscripten_2026_0_wasm32",
            False,
        ),
        (
            "m.cpython-313-wasm32-emscripten.so",
            "cp313-cp313-pyodide_2025_0_wasm32",
            True,
        ),
        ("m.abi3.so", "cp39-abi3-pyemscripten_2026_0_wasm32", True),
        ("m.abi3.so", "cp315-abi3-pyemscripten_2026_0_wasm32", False),
        ("lib.so", "py3-none-pyodide_2024_0_wasm32", True),
        (
            "m.cpython-313-wasm32-emscripten.so",
            "cp313-cp313-pyemscripten_2031_0_wasm32",
            True,
        ),
    ):
        piece = WasmSlice(
            cpu="wasm32",
            bits=32,
            kind=Kind.SHARED,
            dylink=True,
            exports=frozenset({"PyInit_m"}),
        )
        checked = named(tags, package(binary_file(f"p/{name}", piece)))
        assert ("TW411" in [f.code for f in checked.findings]) is not true
        assert checked.is_true is true


def test_a_promise_of_another_pythons_pyodide() -> None:
    piece = WasmSlice(
        cpu="wasm32",
        bits=32,
        kind=Kind.SHARED,
        dylink=True,
        exports=frozenset({"PyInit_m"}),
    )
    found = package(binary_file("p/m.cpython-314-wasm32-emscripten.so", piece))
    assert (
        judge(found, Question(target=WEB, promise="pyemscripten_2026_0")).errors == ()
    )
    (error,) = judge(found, Question(target=WEB, promise="pyodide_2025_0")).errors
    assert (error.code, error.hint) == (
        "TW411",
        "build it for Python 3.13, or for the platform of the Python that it names",
    )


def test_claims_of_other_systems() -> None:
    assert named("cp313-cp313-macosx_11_0_arm64", mac()).is_true
    stricter = named("cp313-cp313-macosx_12_0_arm64", mac())
    assert stricter.is_true
    assert [f.code for f in stricter.findings] == ["TW302"]
    assert [
        f.code for f in named("cp313-cp313-macosx_11_0_arm64", mac((12, 0))).findings
    ] == ["TW301"]
    assert [
        f.code
        for f in named("cp313-cp313-win_amd64", mac()).findings
        if f.severity.value == "error"
    ] == ["TW305"]
    windows = PeSlice(
        cpu="arm64",
        bits=64,
        kind=Kind.SHARED,
        machine=0xAA64,
        exports=frozenset({"PyInit_m"}),
    )
    found = package(binary_file("p/m.cp313-win_arm64.pyd", windows))
    assert [f.code for f in named("cp313-cp313-win_amd64", found).findings] == ["TW305"]


def test_a_file_that_was_not_read_contradicts_no_tag() -> None:
    found = package(binary_file("p/m.cpython-313-darwin.so", form=Format.MACHO))
    assert named("cp313-cp313-macosx_11_0_arm64", found).is_true
    assert named("cp313-cp313-macosx_11_0_arm64", found).truth.platforms == (
        "macosx_11_0_arm64",
    )


@pytest.mark.parametrize(
    ("tags", "code", "hint"),
    [
        ("cp313-cp313-macosx_11_0_arm64", "TW301", "tag it macosx_12_0_arm64, which is true; or build everything in it for that release"),
        ("cp313-cp313-macosx_13_0_arm64", "TW302", "truewheel tag renames it"),
        ("cp313-cp313-win_amd64", "TW305", "tag it macosx_12_0_arm64, which is true; or build it for the system"),
        ("cp313-cp313-macosx_12_0_x86_64", "TW305", "tag it macosx_12_0_arm64, which is true; or build it for the CPU"),
        ("cp313-cp313-macos_12_0_arm64", "TW315", "such tags are spelt macosx_11_0_arm64, macosx_10_13_x86_64"),
        ("cp313-cp313-windows_amd64", "TW315", "such tags are spelt win_amd64, win_arm64, win32"),
        ("cp313-cp313-solaris", "TW315", "such tags are spelt manylinux_2_28_x86_64, macosx_11_0_arm64, win_amd64, android_24_arm64_v8a, ios"),
    ],
)  # fmt: skip
def test_hints_speak_of_the_system_in_question(tags: str, code: str, hint: str) -> None:
    (finding,) = [f for f in named(tags, mac((12, 0))).findings if f.code == code]
    assert str(finding.hint).startswith(hint)
    assert "glibc" not in str(finding.hint)
    assert "sysroot" not in str(finding.hint)


def test_hints_of_builds_speak_of_settings() -> None:
    (unknown,) = judge(mac(), Question(target=MAC, promise="macos_11_0")).errors
    assert str(unknown.hint).startswith(
        "such tags are spelt auto, native, macosx_11_0_arm64"
    )
    strict = judge(
        mac((12, 0)),
        Question(target=MAC, forced_tags=("cp313-cp313-macosx_13_0_arm64",)),
    ).findings
    assert [
        "tool.scikit-build.wheel.tags" in str(f.hint)
        for f in strict
        if f.code == "TW302"
    ] == [True]


def strange(form: Format, cpu: str, system: str = "") -> Contents:
    """A module for a CPU that the system may not have."""
    stated = (MinimumOS(platform=system, version=(21, 0)),) if system else ()
    facts = {
        "cpu": cpu,
        "bits": 64,
        "kind": Kind.SHARED,
        "minimum_os": stated,
        "exports": frozenset({"PyInit_m"}),
    }
    piece = {
        Format.ELF: lambda: ElfSlice(machine=0x9999, **facts),
        Format.PE: lambda: PeSlice(machine=0x9999, **facts),
        Format.MACHO: lambda: MachOSlice(file_type=8, **facts),
    }[form]()
    return package(binary_file("p/m.cpython-313.so", piece, form=form))


SYSTEMS = {
    "linux_x86_64": (Format.ELF, ""), "android_21_x86_64": (Format.ELF, "android"), "win_amd64": (Format.PE, ""),
    "macosx_11_0_x86_64": (Format.MACHO, "macos"), "ios_21_0_arm64_iphoneos": (Format.MACHO, "ios"),
}  # fmt: skip


@pytest.mark.parametrize("tag", SYSTEMS)
@pytest.mark.parametrize(
    "cpu",
    [
        "machine-0x9999",
        "armv7l",
        "arm64ec",
        "ppc",
        "ppc64",
        "riscv64",
        "i686",
        "x86_64",
        "arm64",
    ],
)
def test_no_tag_is_proposed_that_would_be_refused(tag: str, cpu: str) -> None:
    """Where there is none, that is said, and the name that the wheel has is left alone."""
    form, system = SYSTEMS[tag]
    if form is Format.ELF and cpu.startswith("arm64"):
        return  # not ELF's names
    checked = named(f"cp313-cp313-{tag}", strange(form, cpu, system))
    again = named(checked.truth.tag, strange(form, cpu, system))
    assert again.is_true is ("for which" not in checked.truth.reasons[0])
    if not again.is_true:
        assert checked.truth.tag == f"cp313-cp313-{tag}"
        assert "believed" not in checked.truth.reasons[0]
        assert not any("tag it" in str(f.hint) for f in checked.findings)


def test_builds_for_what_has_no_tag() -> None:
    """They take the target's: what its Python calls an unknown machine may be that one's name."""
    unknown = strange(Format.ELF, "machine-0x9999")
    here = replace(MAC, platform_tag="linux_x86_64", suffix=".cpython-313.so")
    assert [f.code for f in judge(unknown, Question(target=here)).errors] == ["TW305"]
    assert [
        f.code for f in judge(unknown, Question(target=here, promise="native")).errors
    ] == ["TW305"]
    there = judge(unknown, Question(target=replace(here, platform_tag="linux_arc")))
    assert (there.platforms, there.errors) == (("linux_arc",), ())
    assert named("cp313-cp313-linux_arc", unknown).is_true
    assert not named("cp313-cp313-linux_arc", strange(Format.ELF, "x86_64")).is_true


def test_a_cpu_without_a_name_beside_one_that_has_one() -> None:
    both = (*strange(Format.ELF, "machine-0x9999").files, File(
        path="p/n.cpython-313.so", size=1, binary=strange(Format.ELF, "x86_64").binaries()[0][1],
    ))  # fmt: skip
    checked = named("cp313-cp313-linux_x86_64", contents(*both))
    assert checked.truth.platforms == ("linux_x86_64",)


def test_no_tag_of_another_pythons_pyodide_is_proposed() -> None:
    piece = WasmSlice(
        cpu="wasm32",
        bits=32,
        kind=Kind.SHARED,
        dylink=True,
        exports=frozenset({"PyInit_m"}),
    )
    found = package(binary_file("p/m.cpython-314-wasm32-emscripten.so", piece))
    checked = named("cp313-cp313-pyodide_2025_0_wasm32", found)
    assert [f.code for f in checked.findings] == ["TW401"]
    assert checked.truth.tag == "cp313-cp313-pyodide_2025_0_wasm32"
    assert checked.truth.reasons[-1].endswith("no true name is known")
    assert (
        named("cp313-cp313-pyodide_2026_0_wasm32", found).truth.tag
        == "cp314-cp314-pyodide_2026_0_wasm32"
    )


@pytest.mark.parametrize("row", PLATFORMS, ids=lambda p: p.family)
def test_tags_that_are_told_as_examples_are_tags(row: Platform) -> None:
    told = examples_like(row.family)
    assert told
    assert all(row.parse_tag(tag) for tag in told)

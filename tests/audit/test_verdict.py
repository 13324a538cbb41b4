"""From facts to what a wheel may say of itself, and whether what one says is true."""

from __future__ import annotations

import dataclasses
import sys

import packaging.tags
import pytest

from support.facts import CP313, module, needing, package, wheel_named
from truewheel.audit.build_tags import impossible
from truewheel.audit.questions import Question
from truewheel.audit.verdict import check, judge
from truewheel.formats.elf import machine
from truewheel.model.binary import (
    Binary,
    ElfSlice,
    Format,
    Kind,
    Need,
    PeSlice,
    Slice,
    WasmSlice,
)
from truewheel.model.contents import File, WheelFacts
from truewheel.model.errors import FormatError
from truewheel.model.finding import Severity
from truewheel.platforms.linux import policy as linux


def ask(*files: File, **more: object) -> tuple[str, list[str]]:
    found = judge(
        package(*files), Question(target=CP313, plain_tags=("linux_x86_64",), **more)
    )  # type: ignore[arg-type]
    return found.tag, [
        f.code for f in found.findings if f.severity is not Severity.NOTE
    ]


MODULE = needing("p/m.cpython-313-x86_64-linux-gnu.so", "GLIBC_2.34")


def test_pure_trees_are_for_any() -> None:
    assert ask() == ("py3-none-any", [])
    assert judge(package(), Question(target=CP313)).purelib


def test_extension() -> None:
    assert ask(MODULE) == ("cp313-cp313-manylinux_2_34_x86_64", [])
    assert not judge(package(MODULE), Question(target=CP313)).purelib


def test_library_or_program_without_extension() -> None:
    library = File(path="p/libx.so", size=1, binary=Binary(format=Format.ELF, slices=(
        ElfSlice(cpu="x86_64", bits=64, kind=Kind.SHARED, machine=62, executable_stack=False, needs=(Need(library="libc.so.6", versions=("GLIBC_2.17",)),)),)))  # fmt: skip
    assert ask(library)[0] == "py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64"
    program = dataclasses.replace(library, path="p-1.data/scripts/tool")
    assert ask(program)[0] == "py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64"


def test_static_libraries_are_bound_to_a_platform() -> None:
    archive = File(path="p/libx.a", size=1, binary=Binary(format=Format.ARCHIVE))
    assert ask(archive)[0] == "py3-none-linux_x86_64"
    assert (
        check(facts("p-1-py3-none-linux_x86_64.whl", archive)).truth.tag
        == "py3-none-linux_x86_64"
    )


@pytest.mark.parametrize(
    ("name", "taken"),
    [("cp313-cp313-any", False), ("cp39-abi3-any", False), ("cp313-none-any", True)],
)
def test_an_abi_without_a_platform_is_looked_for_by_nobody(
    name: str, taken: bool
) -> None:
    found = check(facts(f"p-1-{name}.whl", File(path="p/__init__.py", size=0)))
    assert [f.where for f in found.findings if f.code == "TW411"] == (
        [] if taken else [name]
    )
    mine = f"cp{sys.version_info.major}{sys.version_info.minor}"
    assert (
        name.replace("cp313", mine) in set(map(str, packaging.tags.sys_tags()))
    ) == taken


def test_any_beside_a_platform_leaves_that_to_be_taken() -> None:
    found = check(facts("p-1-cp313-cp313-any.manylinux_2_34_x86_64.whl", MODULE))
    assert [f.code for f in found.findings if f.severity is Severity.ERROR] == [
        "TW301"
    ]  # of any, and nothing of Pythons


def test_a_promise_for_another_system_is_untrue() -> None:
    for promise in (
        "win_amd64",
        "macosx_11_0_x86_64",
        "pyodide_2025_0",
        "android_24_x86_64",
    ):
        (finding,) = judge(
            package(MODULE), Question(target=CP313, promise=promise)
        ).errors
        assert (finding.code, finding.where) == ("TW305", MODULE.path), promise
        assert finding.evidence == ("it is an ELF file for x86_64",)


POSSIBLE = """auto native linux linux_x86_64 linux_sparc64 linux_mips64el manylinux_2_17 manylinux2014 manylinux2014_aarch64
manylinux_2_99_riscv64 musllinux_1_2 musllinux_1_2_armv7l macosx_10_9 macosx_11_0 macosx_26_0 macosx_11_0_arm64
macosx_10_13_universal2 win32 win_amd64 win_arm64 android_24 android_21_x86_64 ios_13_0 ios_13_0_arm64_iphoneos
pyodide_2025_0 pyemscripten_2026_0_wasm32 emscripten_3_1_58"""
IMPOSSIBLE = """foo nativ any windows win win64 win_amd65 linux_ linux_x86-64 linux_x86_63 manylinux manylinux2013
manylinux_2_17_x86_63 manylinux_2_17_amd64 manylinux_2_4_x86_64 manylinux_2_17_x86_64_x86_64 manylinux_2 musllinux
MANYLINUX_2_17 macosx macosx_11 macosx_9_0 macos_11_0 macosx_11_0_riscv64 android android_24_riscv ios ios_13
ios_13_0_x86_64_iphoneos pyodide manylinux_2_17_x86_64.manylinux2014_x86_64"""


@pytest.mark.parametrize("promise", POSSIBLE.split())
def test_promises_that_a_binary_could_keep(promise: str) -> None:
    assert impossible(promise) == ()


@pytest.mark.parametrize("promise", [*IMPOSSIBLE.split(), "manylinux_2_17 ", "win32\n"])
def test_promises_that_no_binary_could_keep(promise: str) -> None:
    """They are refused before anything is built, with the words that stood there after it."""
    (finding,) = impossible(promise)
    assert finding.code == "TW315"
    assert finding.severity is Severity.ERROR
    assert str(finding.hint).startswith("such tags are spelt auto, native, ")


def test_every_cpu_that_elf_files_are_for_may_be_promised() -> None:
    ours = {
        *machine.CPUS.values(),
        *machine.CPUS_BY_BITS.values(),
        *machine.CPUS_BY_BITS_AND_ORDER.values(),
    }
    assert [cpu for cpu in ours if impossible(f"linux_{cpu}")] == []
    assert [cpu for cpu in linux.CPUS if impossible(f"manylinux_2_99_{cpu}")] == []


def test_promises() -> None:
    assert ask(MODULE, promise="manylinux_2_35") == (
        "cp313-cp313-manylinux_2_35_x86_64",
        [],
    )
    assert ask(MODULE, promise="manylinux_2_17")[1] == ["TW301"]
    (finding,) = judge(
        package(MODULE), Question(target=CP313, promise="manylinux_2_17")
    ).errors
    assert (
        "f@GLIBC_2.34 of libc.so.6; manylinux_2_17 has glibc 2.17"
        in finding.evidence[0]
    )
    assert "manylinux_2_34_x86_64" in str(finding.hint)
    assert ask(MODULE, promise="manylinux_2_17", ignore=("TW",))[1] == ["TW301"]
    assert ask(MODULE, promise="manylinux_2_34_aarch64")[1] == ["TW305"]
    assert ask(MODULE, promise="manylinx_2_17")[1] == ["TW315"]
    assert ask(promise="manylinux_2_17") == ("py3-none-any", [])
    assert [
        f.code
        for f in judge(
            package(), Question(target=CP313, promise="manylinux_2_17")
        ).findings
    ] == ["TW316"]


def test_native() -> None:
    assert ask(MODULE, promise="native")[0] == "cp313-cp313-linux_x86_64"
    assert ask(needing("p/m.so", "GLIBC_2.17", cpu="aarch64"), promise="native")[
        0
    ].endswith("linux_aarch64")


def test_unknown_library_is_told_with_the_plain_tag() -> None:
    tag, codes = ask(needing("p/m.abi3.so", "", library="libfoo.so.1"))
    assert tag.endswith("-linux_x86_64")
    assert codes == ["TW201"]
    assert (
        ask(needing("p/m.abi3.so", "", library="libfoo.so.1"), ignore=("TW2",))[1] == []
    )
    assert ask(
        needing("p/m.abi3.so", "", library="libfoo.so.1"),
        ignore=("TW2",),
        select=("TW201",),
    )[1] == ["TW201"]


def test_demanded_tags_are_checked() -> None:
    assert ask(MODULE, forced_tags=("cp313-cp313-manylinux_2_34_x86_64",)) == (
        "cp313-cp313-manylinux_2_34_x86_64",
        [],
    )
    assert ask(MODULE, forced_tags=("cp312-cp312-manylinux_2_17_x86_64",))[1] == [
        "TW301",
        "TW401",
    ]


def facts(name: str, *files: File) -> WheelFacts:
    return wheel_named(name, package(*files))


def test_claims_of_published_wheels() -> None:
    good = check(facts("p-1-cp313-cp313-manylinux_2_34_x86_64.whl", MODULE))
    assert good.is_true
    assert not good.has_errors
    bad = check(
        facts("p-1-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", MODULE)
    )
    assert [f.code for f in bad.findings] == ["TW301"]
    assert not bad.is_true
    assert bad.truth.tag == "cp313-cp313-manylinux_2_34_x86_64"
    strict = check(facts("p-1-cp313-cp313-manylinux_2_39_x86_64.whl", MODULE))
    assert strict.is_true
    assert [f.code for f in strict.findings] == ["TW302"]
    plain = check(facts("p-1-cp313-cp313-linux_x86_64.whl", MODULE))
    assert [f.code for f in plain.findings] == ["TW302", "TW309"]


def test_claims_that_contradict_the_binaries() -> None:
    assert not check(facts("p-1-cp312-cp312-manylinux_2_34_x86_64.whl", MODULE)).is_true
    assert [
        f.code
        for f in check(
            facts("p-1-cp313-cp313-manylinux_2_34_aarch64.whl", MODULE)
        ).findings
    ] == ["TW305"]
    assert [
        f.code for f in check(facts("p-1-cp313-cp313-win_amd64.whl", MODULE)).findings
    ] == ["TW305"]
    (stranger,) = check(facts("p-1-cp313-cp313-win_amd64.whl", MODULE)).findings
    assert stranger.evidence == ("it is an ELF file for x86_64",)
    assert [
        f.code for f in check(facts("p-1-cp313-cp313-amiga_68k.whl", MODULE)).findings
    ] == ["TW315"]
    assert "TW301" in [
        f.code for f in check(facts("p-1-py3-none-any.whl", MODULE)).findings
    ]
    assert not check(facts("p-1-cp313-none-any.whl", MODULE)).is_true


def test_binaries_that_may_be_data_do_not_make_any_untrue() -> None:
    """Launchers, fixtures and libraries for several systems are in pure wheels on purpose; a module of one is not."""
    program = dataclasses.replace(MODULE, path="p/launcher")
    fixture = dataclasses.replace(
        MODULE, path="p/tests/data/m.cpython-313-x86_64-linux-gnu.so"
    )
    windows = module("p/m.cp313-win_amd64.pyd")
    for files, true in (
        ((program,), True),
        ((fixture,), True),
        ((MODULE, windows), True),
        ((MODULE, program), False),
    ):
        checked = check(facts("p-1-cp313-none-any.whl", *files))
        told = [f.severity for f in checked.findings if f.code == "TW301"]
        assert (checked.is_true, told) == (
            true,
            [Severity.WARNING if true else Severity.ERROR],
        )
    assert not check(facts("p.zip", MODULE)).is_true


def program(path: str, form: Format) -> File:
    common = {"cpu": "x86_64", "bits": 64, "kind": Kind.EXECUTABLE}
    pieces: dict[Format, Slice] = {
        Format.ELF: ElfSlice(machine=62, executable_stack=False, **common),  # type: ignore[arg-type]
        Format.PE: PeSlice(machine=0x8664, **common),  # type: ignore[arg-type]
        Format.WASM: WasmSlice(**{**common, "cpu": "wasm32", "bits": 32}),  # type: ignore[arg-type]
    }
    return File(path=path, size=1, binary=Binary(format=form, slices=(pieces[form],)))


@pytest.mark.parametrize(
    ("files", "true"),
    [
        ({"p-1.data/scripts/tool": Format.ELF}, False),
        ({"p-1.data/scripts/tool.exe": Format.PE}, False),
        ({"p-1.data/data/bin/tool": Format.ELF}, False),
        ({"p-1.data/scripts/tool": Format.ELF, "p/fixture.exe": Format.PE}, False),
        (
            {
                "p-1.data/scripts/tool": Format.ELF,
                "p-1.data/scripts/tool.exe": Format.PE,
            },
            True,
        ),
        ({"p/bin/tool": Format.ELF}, True),
        ({"p-1.data/data/share/tool": Format.ELF}, True),
    ],
)
def test_a_native_command_is_for_one_system(
    files: dict[str, Format], true: bool
) -> None:
    checked = check(
        facts(
            "p-1-py3-none-any.whl",
            *(program(path, form) for path, form in files.items()),
        )
    )
    (told,) = [f for f in checked.findings if f.code == "TW301"]
    # Programs for several systems are there on purpose.
    harmless = Severity.NOTE if len(files) > 1 else Severity.WARNING
    assert (checked.is_true, told.severity) == (
        true,
        harmless if true else Severity.ERROR,
    )
    if not true:
        assert (told.where in files, "installs a program" in told.message) == (
            True,
            True,
        )
        assert (
            told.evidence[0]
            == f"{told.where}: {files[told.where].value}, executable for x86_64"
        )


def test_of_several_systems_the_name_says_which_is_meant() -> None:
    both = (program("p/tool", Format.ELF), program("p/tool.exe", Format.PE))
    for tags, platforms in (
        ("linux_x86_64", ("manylinux_2_5_x86_64", "manylinux1_x86_64")),
        ("win_amd64", ("win_amd64",)),
        (
            "linux_x86_64.win_amd64",
            ("manylinux_2_5_x86_64", "manylinux1_x86_64", "win_amd64"),
        ),
    ):
        known = check(facts(f"p-1-py3-none-{tags}.whl", *both))
        assert (known.truth.platforms, known.systems) == (platforms, ())
        assert "TW307" in [f.code for f in known.findings]
    for tags in ("any", "macosx_11_0_arm64"):
        open_ = check(facts(f"p-1-py3-none-{tags}.whl", *both))
        assert open_.systems == ("linux", "windows")
        assert open_.truth.platforms == (tags,)
        assert "several systems" in open_.truth.reasons[0]
        (told,) = [f for f in open_.findings if f.code == "TW307"]
        assert told.evidence == ("p/tool is for linux", "p/tool.exe is for windows")


def test_unread_formats_are_believed() -> None:
    mach = File(
        path="p/m.cpython-313-darwin.so", size=1, binary=Binary(format=Format.MACHO)
    )
    found = check(facts("p-1-cp313-cp313-macosx_11_0_arm64.whl", mach))
    assert found.is_true
    assert [f.code for f in found.findings] == ["TW307"]
    assert (
        judge(
            package(mach), Question(target=CP313, plain_tags=("macosx_11_0_arm64",))
        ).tag
        == "cp313-cp313-macosx_11_0_arm64"
    )


def test_a_broken_binary_is_bound_to_a_platform_too() -> None:
    broken = File(
        path="p/x.dll",
        size=1,
        broken=FormatError("broken PE file: cut", offset=0, field="e_lfanew"),
    )
    found = check(facts("p-1-py3-none-win_amd64.whl", broken))
    assert (found.truth.tag, [f.code for f in found.findings]) == (
        "py3-none-win_amd64",
        ["TW517"],
    )
    assert ask(broken)[0] == "py3-none-linux_x86_64"


def test_promises_that_cannot_be_checked_are_not_made() -> None:
    archive = File(path="p/libx.a", size=1, binary=Binary(format=Format.ARCHIVE))
    assert ask(archive, promise="manylinux_2_17")[1] == ["TW315"]
    assert ask(archive, promise="linux_x86_64") == ("py3-none-linux_x86_64", [])
    mach = File(
        path="p/m.cpython-313-darwin.so", size=1, binary=Binary(format=Format.MACHO)
    )
    for promise, codes in (("macosx_11_0_arm64", []), ("macosx_10_9_arm64", ["TW315"])):
        found = judge(
            package(mach),
            Question(
                target=CP313,
                plain_tags=("macosx_11_0_arm64",),
                promise=promise,
                ignore=("TW307",),
            ),
        )
        assert [f.code for f in found.findings] == codes


def test_older_arm_code_keeps_the_promises_of_newer_arm() -> None:
    old = needing("p/m.cpython-313-arm-linux-gnueabihf.so", "GLIBC_2.17", cpu="armv6l")
    assert check(facts("p-1-cp313-cp313-manylinux_2_31_armv7l.whl", old)).is_true
    new = needing("p/m.cpython-313-arm-linux-gnueabihf.so", "GLIBC_2.34", cpu="armv6l")
    assert not check(facts("p-1-cp313-cp313-manylinux_2_31_armv7l.whl", new)).is_true


def test_nothing_compiled_is_bound_to_no_abi() -> None:
    assert (
        check(facts("p-1-cp313-cp313-linux_x86_64.whl")).truth.tag == "cp313-none-any"
    )


@pytest.mark.parametrize(
    ("name", "inside", "opinion"),
    [
        ("manylinux_2_34_x86_64", "linux_x86_64", "the file name is true"),
        ("manylinux_2_17_x86_64", "manylinux_2_34_x86_64", "WHEEL is true"),
        ("manylinux_2_17_x86_64", "win_amd64", "neither is true"),
    ],
)
def test_where_wheel_and_file_name_differ_one_may_be_true(
    name: str, inside: str, opinion: str
) -> None:
    known = facts(f"p-1-cp313-cp313-{name}.whl", MODULE)
    known = dataclasses.replace(
        known,
        wheel_headers=(("Wheel-Version", "1.0"), ("Tag", f"cp313-cp313-{inside}")),
    )
    (finding,) = [f for f in check(known).findings if f.code == "TW512"]
    assert finding.evidence[-1] == opinion


def test_a_module_of_one_python_that_is_not_needed_narrows_no_name() -> None:
    """As debugpy has them: modules for one Python on Windows, libraries for the other systems, and Python code for all."""
    windows, linux = (
        module("p/m.cp39-win_amd64.pyd"),
        program("p/attach.so", Format.ELF),
    )
    known = check(facts("p-1-py2.py3-none-any.whl", windows, linux))
    assert (known.is_true, known.truth.tag) == (True, "py2.py3-none-any")
    assert [f.severity for f in known.findings if f.code == "TW409"] == [
        Severity.WARNING
    ]
    assert (
        check(facts("p-1-py3-none-win_amd64.whl", windows)).truth.tag
        == "cp39-cp39-win_amd64"
    )


def test_a_true_name_that_says_more_is_the_best() -> None:
    """A static program runs on any libc; what it is called for musl is not to be taken from it."""
    static = program("p-1.data/scripts/tool", Format.ELF)
    both = check(
        facts(
            "p-1-py3-none-manylinux_2_5_x86_64.manylinux1_x86_64.musllinux_1_1_x86_64.whl",
            static,
        )
    )
    assert both.is_best
    older = check(
        facts("p-1-py3-none-manylinux_2_17_x86_64.musllinux_1_1_x86_64.whl", static)
    )
    assert older.truth.platforms == (
        "manylinux_2_5_x86_64",
        "manylinux1_x86_64",
        "musllinux_1_1_x86_64",
    )
    assert check(
        facts("p-1-cp313-cp313-manylinux_2_34_x86_64.musllinux_1_1_x86_64.whl", MODULE)
    ).truth.platforms == ("manylinux_2_34_x86_64",)
    assert not check(facts("p-1-py3-none-linux_x86_64.whl", static)).is_best
    assert not check(facts("p-1-py3-none-manylinux_2_5_aarch64.whl", static)).is_best

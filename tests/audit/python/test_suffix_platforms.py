"""Whether a module's suffix names the system that its code is for: every pair of a format and a suffix."""

from __future__ import annotations

import pytest

from support.facts import CP313, binary_file, contents
from truewheel.audit.python.tags import python_claim_findings, true_python_tags
from truewheel.model.binary import (
    ElfSlice,
    Format,
    Kind,
    MachOSlice,
    MinimumOS,
    Need,
    PeSlice,
    Slice,
    WasmSlice,
)
from truewheel.model.finding import Finding, Severity
from truewheel.model.record import replace

COMMON = {"bits": 64, "kind": Kind.SHARED, "exports": frozenset({"PyInit_m"})}


def elf(*needs: str, cpu: str = "x86_64", system: str = "") -> ElfSlice:
    stated = (MinimumOS(platform=system, version=(24,)),) if system else ()
    return ElfSlice(
        machine=62,
        cpu=cpu,
        needs=tuple(Need(library=n) for n in needs),
        minimum_os=stated,
        **COMMON,
    )  # type: ignore[arg-type]


def macho(system: str) -> MachOSlice:
    return MachOSlice(
        file_type=8,
        cpu="arm64",
        minimum_os=(MinimumOS(platform=system, version=(13, 0)),),
        **COMMON,
    )  # type: ignore[arg-type]


def pe(cpu: str = "x86_64") -> PeSlice:
    return PeSlice(machine=0x8664, cpu=cpu, **COMMON)  # type: ignore[arg-type]


def wasm() -> WasmSlice:
    return WasmSlice(cpu="wasm32", **COMMON)  # type: ignore[arg-type]


GLIBC, MUSL, NONE = elf("libc.so.6"), elf("libc.musl-x86_64.so.1"), elf()


def findings_about(
    suffix: str, piece: Slice | None, platforms: str = "", *, form: Format | None = None
) -> list[Finding]:
    """Return what is said of the suffix of a module.

    :param platforms: the platform tags that are claimed, with blanks between them.
    """
    pieces = (piece,) if piece else ()
    inside = contents(binary_file(f"p/m{suffix}", *pieces, form=form))
    found = python_claim_findings(
        inside,
        interpreters=("xy3",),
        abis=("none",),
        platforms=tuple(platforms.split()),
    )
    return [finding for finding in found if finding.code == "TW412"]


@pytest.mark.parametrize(
    ("suffix", "piece"),
    [
        (".cpython-312-x86_64-linux-gnu.so", GLIBC), (".cpython-312-x86_64-linux-gnu.so", NONE),
        (".cpython-312-arm-linux-gnueabihf.so", elf("libc.so.6", cpu="armv7l")),
        (".cpython-312-x86_64-linux-musl.so", MUSL), (".cpython-312-x86_64-linux-musl.so", NONE),
        (".cpython-312-arm-linux-musleabihf.so", elf("libc.musl-armv7.so.1", cpu="armv7l")),
        (".cpython-310-x86_64-linux-gnu.so", MUSL), (".pypy311-pp73-x86_64-linux-gnu.so", MUSL),
        (".graalpy250-312-native-x86_64-linux.so", GLIBC), (".graalpy250-312-native-aarch64-darwin.so", macho("macos")),
        (".cpython-313-aarch64-linux-android.so", elf("libc.so", cpu="aarch64", system="android")),
        (".cpython-312.so", GLIBC), (".abi3.so", GLIBC), (".cpython-312-x86_64-gnu.so", GLIBC), (".so", NONE),
        (".cpython-312-darwin.so", macho("macos")), (".pypy311-pp73-darwin.so", macho("macos")), (".abi3.so", macho("ios")),
        (".cpython-313-iphoneos.so", macho("ios")), (".cpython-313-iphonesimulator.so", macho("ios-simulator")),
        (".cp312-win_amd64.pyd", pe()), (".cp312-win32.pyd", pe("i686")), (".cp312-win_arm64.pyd", pe("arm64")),
        (".cp312-mingw_x86_64_ucrt_gnu.pyd", pe()), (".cp38-mingw_i686.pyd", pe("i686")), (".pyd", pe()),
        (".cpython-39-x86_64-cygwin.dll", pe()), (".cpython-39-x86_64-msys.dll", pe()), (".pypy311-pp73-win_amd64.pyd", pe()),
        (".cpython-313-wasm32-emscripten.so", wasm()), (".cpython-312-appletvos.so", macho("tvos")),
    ],
)  # fmt: skip
def test_names_that_pythons_there_look_for(suffix: str, piece: Slice) -> None:
    assert findings_about(suffix, piece) == []


@pytest.mark.parametrize(
    ("suffix", "piece", "here"),
    [
        (".cpython-312-darwin.so", GLIBC, "Linux"), (".cp312-win_amd64.pyd", GLIBC, "Linux"), (".pyd", GLIBC, "Linux"),
        (".cpython-313-iphoneos.so", NONE, "Linux"), (".cpython-313-wasm32-emscripten.so", MUSL, "Linux"),
        (".cpython-313-x86_64-linux-android.so", GLIBC, "Linux"), (".pypy311-pp73-darwin.so", GLIBC, "Linux"),
        (".cpython-312-x86_64-linux-musl.so", GLIBC, "glibc"), (".cp312-mingw_x86_64_ucrt_gnu.pyd", GLIBC, "Linux"),
        (".cpython-313-x86_64-linux-gnu.so", elf(system="android"), "Android"),
        (".cpython-312-x86_64-linux-gnu.so", macho("macos"), "macOS"), (".cp312-win_amd64.pyd", macho("macos"), "macOS"),
        (".cpython-313-iphoneos.so", macho("macos"), "macOS"), (".cpython-313-darwin.so", macho("ios"), "iOS"),
        (".cpython-313-iphonesimulator.so", macho("ios"), "iOS"),
        (".cpython-313-iphoneos.so", macho("ios-simulator"), "the iOS simulator"),
        (".cpython-312-x86_64-linux-gnu.so", pe(), "Windows"), (".cpython-312-darwin.so", pe(), "Windows"),
        (".abi3.so", pe(), "Windows"), (".cpython-312-x86_64-linux-gnu.so", wasm(), "Emscripten"),
    ],
)  # fmt: skip
def test_names_that_no_python_there_looks_for(
    suffix: str, piece: Slice, here: str
) -> None:
    (finding,) = findings_about(suffix, piece)
    assert finding.severity is Severity.ERROR
    assert f"for {here}" in finding.message


@pytest.mark.parametrize(
    ("suffix", "piece"),
    [
        (".cpython-313-x86_64-linux-gnu.so", elf(cpu="aarch64")),
        (".cpython-313-aarch64-linux-android.so", elf(system="android")),
        (".cp313-win_arm64.pyd", pe()),
        (".cp313-win_amd64.pyd", pe("arm64")),
    ],
)
def test_names_of_another_cpu(suffix: str, piece: Slice) -> None:
    (finding,) = findings_about(suffix, piece)
    cpu = {"arm64": "aarch64"}.get(piece.cpu, piece.cpu)
    assert finding.severity is Severity.ERROR
    assert f"holds code for {cpu}" in finding.message
    assert finding.evidence == (f"its code is for {cpu}",)


def test_a_build_of_modules_for_another_cpu_fails() -> None:
    inside = contents(binary_file(f"p/m{CP313.suffix}", elf(cpu="aarch64")))
    (finding,) = true_python_tags(inside, target=CP313).findings
    assert finding.code == "TW412"
    assert finding.severity is Severity.ERROR


def test_a_cpu_that_several_spellings_mean_is_not_compared() -> None:
    assert findings_about(".cpython-313-x86_64-linux-gnu.so", elf(cpu="armv7l")) == []


def test_a_bare_so_for_windows_may_be_anything() -> None:
    (finding,) = findings_about(".so", pe())
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(
    "suffix", [".cpython-312-x86_64-linux-gnu.so", ".abi3-x86_64-linux-gnu.so"]
)
def test_gnu_with_musl_is_odd_since_pythons_tell_them_apart(suffix: str) -> None:
    (finding,) = findings_about(suffix, MUSL)
    assert finding.severity is Severity.WARNING
    assert "for musl" in finding.message


@pytest.mark.parametrize(
    ("suffix", "platforms", "severity"),
    [
        ("gnu", "musllinux_1_2_x86_64", Severity.WARNING), ("musl", "manylinux_2_17_x86_64", Severity.ERROR),
        ("musl", "manylinux1_x86_64 manylinux_2_5_x86_64", Severity.ERROR), ("gnu", "manylinux_2_17_x86_64", None),
        ("musl", "musllinux_1_2_x86_64", None), ("musl", "linux_x86_64", None),
        ("musl", "manylinux_2_17_x86_64 musllinux_1_2_x86_64", None), ("gnu", "manylinux_2_17_x86_64 musllinux_1_2_x86_64", None),
    ],
)  # fmt: skip
def test_the_claim_tells_the_libc_where_the_file_does_not(
    suffix: str, platforms: str, severity: Severity | None
) -> None:
    found = findings_about(f".cpython-312-x86_64-linux-{suffix}.so", NONE, platforms)
    assert [finding.severity for finding in found] == ([severity] if severity else [])


def test_the_file_knows_better_than_the_claim() -> None:
    assert (
        findings_about(
            ".cpython-312-x86_64-linux-musl.so", MUSL, "manylinux_2_17_x86_64"
        )
        == []
    )


def test_a_file_without_androids_mark_is_for_android_where_that_is_claimed() -> None:
    assert (
        findings_about(
            ".cpython-313-x86_64-linux-android.so", NONE, "android_24_x86_64"
        )
        == []
    )


def test_a_file_that_was_not_read_is_for_any_system_of_its_format() -> None:
    assert findings_about(".cpython-312-darwin.so", None, form=Format.MACHO) == []
    (finding,) = findings_about(
        ".cpython-312-x86_64-linux-gnu.so", None, form=Format.MACHO
    )
    assert "macOS or iOS" in finding.message


@pytest.mark.parametrize(
    ("own_suffix", "codes"),
    [
        (".cpython-312-x86_64-linux-gnu.so", []),
        (".cpython-312-x86_64-linux-musl.so", ["TW412"]),
    ],
)
def test_a_build_knows_what_its_own_python_looks_for(
    own_suffix: str, codes: list[str]
) -> None:
    target = replace(
        CP313, version=(3, 12), python_tag="cp312", abi_tag="cp312", suffix=own_suffix
    )
    inside = contents(binary_file("p/m.cpython-312-x86_64-linux-gnu.so", MUSL))
    assert [
        finding.code for finding in true_python_tags(inside, target=target).findings
    ] == codes

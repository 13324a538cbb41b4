"""Whether a module's suffix names the system that its code is for: every pair of a format and a suffix."""

from __future__ import annotations

import pytest

from support.facts import binary_file, contents
from truewheel.audit.python.tags import python_violations, true_python_tags
from truewheel.model.binary import ElfSlice, Format, Kind, MachOSlice, MinimumOS, Need, PeSlice, Slice, WasmSlice
from truewheel.model.finding import Finding, Severity
from truewheel.model.target import Target

COMMON = {"bits": 64, "kind": Kind.SHARED, "exports": frozenset({"PyInit_m"})}


def elf(*needs: str, cpu: str = "x86_64", system: str = "") -> ElfSlice:
    stated = (MinimumOS(platform=system, version=(24,)),) if system else ()
    return ElfSlice(machine=62, cpu=cpu, needs=tuple(Need(library=n) for n in needs), minimum_os=stated, **COMMON)  # type: ignore[arg-type]


def macho(system: str) -> MachOSlice:
    return MachOSlice(file_type=8, cpu="arm64", minimum_os=(MinimumOS(platform=system, version=(13, 0)),), **COMMON)  # type: ignore[arg-type]


def pe(cpu: str = "x86_64") -> PeSlice:
    return PeSlice(machine=0x8664, cpu=cpu, **COMMON)  # type: ignore[arg-type]


def wasm() -> WasmSlice:
    return WasmSlice(cpu="wasm32", **COMMON)  # type: ignore[arg-type]


GLIBC, MUSL, NONE = elf("libc.so.6"), elf("libc.musl-x86_64.so.1"), elf()


def told(suffix: str, piece: Slice | None, platforms: str = "", *, form: Format | None = None) -> list[Finding]:
    pieces = (piece,) if piece else ()
    inside = contents(binary_file(f"p/m{suffix}", *pieces, form=form))
    found = python_violations(inside, interpreters=("xy3",), abis=("none",), platforms=tuple(platforms.split()))
    return [f for f in found if f.code == "TW412"]


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
    assert told(suffix, piece) == []


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
def test_names_that_no_python_there_looks_for(suffix: str, piece: Slice, here: str) -> None:
    (finding,) = told(suffix, piece)
    assert finding.severity is Severity.ERROR
    assert f"for {here}" in finding.message


def test_a_bare_so_for_windows_may_be_anything() -> None:
    assert [f.severity for f in told(".so", pe())] == [Severity.WARNING]


def test_gnu_with_musl_is_odd_since_pythons_tell_them_apart() -> None:
    (finding,) = told(".cpython-312-x86_64-linux-gnu.so", MUSL)
    assert (finding.severity, "for musl" in finding.message) == (Severity.WARNING, True)
    assert [f.severity for f in told(".abi3-x86_64-linux-gnu.so", MUSL)] == [Severity.WARNING]


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
    found = told(f".cpython-312-x86_64-linux-{suffix}.so", NONE, platforms)
    assert [f.severity for f in found] == ([severity] if severity else [])


def test_the_file_knows_better_than_the_claim() -> None:
    assert told(".cpython-312-x86_64-linux-musl.so", MUSL, "manylinux_2_17_x86_64") == []


def test_a_file_without_androids_mark_is_for_android_where_that_is_claimed() -> None:
    assert told(".cpython-313-x86_64-linux-android.so", NONE, "android_24_x86_64") == []


def test_a_file_that_was_not_read_is_for_any_system_of_its_format() -> None:
    assert told(".cpython-312-darwin.so", None, form=Format.MACHO) == []
    (finding,) = told(".cpython-312-x86_64-linux-gnu.so", None, form=Format.MACHO)
    assert "macOS or iOS" in finding.message


def test_a_build_knows_what_its_own_python_looks_for() -> None:
    suffix = ".cpython-312-x86_64-linux-gnu.so"
    inside = contents(binary_file(f"p/m{suffix}", MUSL))
    for own, expected in ((suffix, []), (".cpython-312-x86_64-linux-musl.so", ["TW412"])):
        target = Target(
            implementation="cpython", version=(3, 12), python_tag="cp312", abi_tag="cp312", suffix=own,
            platform_tag="linux_x86_64",
        )  # fmt: skip
        assert [f.code for f in true_python_tags(inside, target=target).findings] == expected

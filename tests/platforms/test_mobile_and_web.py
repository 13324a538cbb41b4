"""Android, iOS and Emscripten on hand-made facts; and that exactly one platform owns each slice."""

from __future__ import annotations

from typing import Any

import pytest

from support.audits import best_of, expanded, tag_of, violations_of
from support.facts import contents
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
from truewheel.model.record import replace
from truewheel.platforms import PLATFORMS
from truewheel.platforms.android import ANDROID
from truewheel.platforms.emscripten import EMSCRIPTEN
from truewheel.platforms.ios import IOS


def droid(cpu: str = "aarch64", level: int | None = 21, *needs: str) -> ElfSlice:
    return ElfSlice(
        cpu=cpu, bits=64, kind=Kind.SHARED, machine=183, needs=tuple(Need(library=n) for n in needs),
        minimum_os=() if level is None else (MinimumOS(platform="android", version=(level,)),),
        interpreter=None if level else "/system/bin/linker64",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cpu", "level", "tag"),
    [
        ("aarch64", 21, "android_21_arm64_v8a"),
        ("x86_64", 24, "android_24_x86_64"),
        ("armv7l", 21, "android_21_armeabi_v7a"),
        ("arm", 21, "android_21_armeabi_v7a"),
        ("i686", 21, "android_21_x86"),
    ],
)
def test_android_levels(cpu: str, level: int, tag: str) -> None:
    found = contents(m=(droid(cpu, level),))
    assert best_of(ANDROID, found).tags == (tag,)
    assert ANDROID.parse_tag(tag)
    assert not violations_of(ANDROID, found, tag)
    assert expanded(ANDROID, f"android_{level}", found) == tag


def test_android_claims() -> None:
    found = contents(m=(droid("aarch64", 24),))
    (late,) = violations_of(ANDROID, found, "android_21_arm64_v8a")
    assert "API level 24" in str(late.evidence)
    (strange,) = violations_of(ANDROID, found, "android_24_x86_64")
    assert "code for aarch64" in str(strange.evidence)
    assert not ANDROID.parse_tag("android_21_mips")


@pytest.mark.parametrize(
    ("facts", "level"),
    [
        ({"packed_relocations": ("DT_RELR",)}, 30),
        ({"packed_relocations": ("DT_ANDROID_RELR", "DT_ANDROID_RELA")}, 28),
        ({"packed_relocations": ("DT_ANDROID_REL",)}, 23),
        ({"hash_tables": ("DT_GNU_HASH",)}, 23),
        ({"hash_tables": ("DT_HASH", "DT_GNU_HASH")}, 21),
        ({"thread_local": True}, 29),
    ],
)
def test_what_only_later_loaders_read_raises_the_level(
    facts: dict[str, Any], level: int
) -> None:
    found = contents(m=(replace(droid("aarch64", 21), **facts),))
    ruling = best_of(ANDROID, found)
    assert ruling.tags == (f"android_{level}_arm64_v8a",)
    late = [o.evidence for o in violations_of(ANDROID, found, "android_21_arm64_v8a")]
    assert bool(late) == (level > 21)
    assert set(ruling.floors[0].evidence) <= {
        *late,
        *(best_of(ANDROID, contents(m=(droid(),))).floors[0].evidence),
    }
    stated = contents(m=(replace(droid("aarch64", level), **facts),))
    assert [str(e) for e in best_of(ANDROID, stated).floors[0].evidence] == [
        f"m.so: its note says API level {level}"
    ]


def test_static_programs_need_no_loader() -> None:
    static = replace(
        droid("aarch64", 21), kind=Kind.EXECUTABLE, interpreter=None, thread_local=True
    )
    assert best_of(ANDROID, contents(m=(static,))).tags == ("android_21_arm64_v8a",)


def test_a_library_of_a_later_android_raises_the_level() -> None:
    found = contents(
        m=(droid("aarch64", 21, "libc.so", "libaaudio.so", "libpython3.13.so"),)
    )
    ruling = best_of(ANDROID, found)
    assert ruling.tags == ("android_26_arm64_v8a",)
    assert ruling.floors[0].evidence[0].library == "libaaudio.so"
    assert not ruling.findings


def test_android_findings() -> None:
    shared = best_of(ANDROID, contents(m=(droid("aarch64", 21, "libc++_shared.so"),)))
    assert [f.code for f in shared.findings] == ["TW201"]
    both = {"m": (droid("aarch64", 21, "libfoo.so"),), "libfoo": (droid(),)}
    assert [f.code for f in best_of(ANDROID, contents(**both)).findings] == ["TW202"]
    assert [
        f.code for f in best_of(ANDROID, contents(m=(droid(level=None),))).findings
    ] == ["TW313"]
    mixed = best_of(ANDROID, contents(a=(droid(),), b=(droid("x86_64"),)))
    assert [f.code for f in mixed.findings] == ["TW306"]


def phone(
    cpu: str = "arm64",
    system: str = "ios",
    minos: tuple[int, ...] = (13, 0),
    *needs: str,
) -> MachOSlice:
    return MachOSlice(
        cpu=cpu, bits=64, kind=Kind.SHARED, file_type=6, needs=tuple(Need(library=n) for n in needs),
        minimum_os=(MinimumOS(platform=system, version=minos),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("piece", "tag"),
    [
        (phone(), "ios_13_0_arm64_iphoneos"),
        (phone(minos=(15, 4)), "ios_15_4_arm64_iphoneos"),
        (phone(minos=(11, 0)), "ios_13_0_arm64_iphoneos"),
        (phone("x86_64", "ios-simulator"), "ios_13_0_x86_64_iphonesimulator"),
        (phone("arm64", "ios-simulator", (14, 0)), "ios_13_0_arm64_iphonesimulator"),
        (phone("arm64", "ios-simulator", (15, 0)), "ios_15_0_arm64_iphonesimulator"),
    ],
)
def test_ios_devices_and_simulators(piece: MachOSlice, tag: str) -> None:
    found = contents(m=(piece,))
    assert best_of(IOS, found).tags == (tag,)
    assert IOS.parse_tag(tag)
    assert not violations_of(IOS, found, tag)
    assert expanded(IOS, "ios_13_0", found).startswith("ios_13_0_")


def test_fat_simulator_files_have_two_tags() -> None:
    fat = (phone("x86_64", "ios-simulator"), phone("arm64", "ios-simulator", (14, 0)))
    tags = best_of(IOS, contents(m=fat)).tags
    assert tags == ("ios_13_0_arm64_iphonesimulator", "ios_13_0_x86_64_iphonesimulator")


def test_ios_claims() -> None:
    found = contents(m=(phone(minos=(15, 0)),))
    assert "minos 15.0" in str(
        violations_of(IOS, found, "ios_13_0_arm64_iphoneos")[0].evidence
    )
    assert "code for arm64 iphoneos" in str(
        violations_of(IOS, found, "ios_15_0_arm64_iphonesimulator")[0].evidence
    )
    assert not IOS.parse_tag("ios_13_0_x86_64_iphoneos")


def test_ios_libraries() -> None:
    given = phone(
        "arm64",
        "ios",
        (13, 0),
        "@rpath/Python.framework/Python",
        "/usr/lib/libSystem.B.dylib",
    )
    assert not best_of(IOS, contents(m=(given,))).findings
    foreign = phone("arm64", "ios", (13, 0), "@rpath/libfoo.dylib")
    assert [f.code for f in best_of(IOS, contents(m=(foreign,))).findings] == ["TW201"]


def web(cpu: str = "wasm32", *, dylink: bool = True, **more: object) -> WasmSlice:
    return WasmSlice(cpu=cpu, bits=32, kind=Kind.SHARED, dylink=dylink, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "tag",
    ["pyemscripten_2026_0_wasm32", "pyodide_2025_0_wasm32", "emscripten_3_1_58_wasm32"],
)
def test_emscripten_tags_are_believed_of_side_modules(tag: str) -> None:
    found = contents(m=(web(),))
    assert EMSCRIPTEN.parse_tag(tag)
    assert not violations_of(EMSCRIPTEN, found, tag)
    assert best_of(EMSCRIPTEN, found).tags == ()
    assert expanded(EMSCRIPTEN, tag.removesuffix("_wasm32"), found) == tag


@pytest.mark.parametrize(
    ("tag", "version"),
    [("pyemscripten_2026_0_wasm32", (3, 14)), ("pyodide_2025_0_wasm32", (3, 13)), ("pyodide_2024_1_wasm32", (3, 12)),
     ("pyemscripten_2099_0_wasm32", None), ("emscripten_2024_0_0_wasm32", None)],
)  # fmt: skip
def test_each_abi_of_pyodide_belongs_to_one_python(
    tag: str, version: tuple[int, int] | None
) -> None:
    assert EMSCRIPTEN.python_of(tag_of(EMSCRIPTEN, tag)) == version


def test_other_tags_belong_to_no_python() -> None:
    tags = (
        "manylinux_2_28_x86_64",
        "macosx_11_0_arm64",
        "win_amd64",
        "android_24_arm64_v8a",
        "ios_13_0_arm64_iphoneos",
    )
    for tag in tags:
        (platform,) = [p for p in PLATFORMS if p.parse_tag(tag)]
        assert platform.python_of(tag_of(platform, tag)) is None


def test_what_no_emscripten_python_loads() -> None:
    tag = "pyemscripten_2026_0_wasm32"
    assert "dylink.0" in str(
        violations_of(EMSCRIPTEN, contents(m=(web(dylink=False),)), tag)[0].evidence
    )
    assert "code for wasm64" in str(
        violations_of(EMSCRIPTEN, contents(m=(web("wasm64"),)), tag)[0].evidence
    )
    assert not EMSCRIPTEN.parse_tag("pyodide_25_wasm32")


def test_side_modules_need_libraries_and_names() -> None:
    needing = web(
        needs=(Need(library="libfoo.so"),), import_modules=("env", "GOT.mem", "wbg")
    )
    findings = best_of(EMSCRIPTEN, contents(m=(needing,))).findings
    assert [f.message.split()[0] for f in findings] == ["libfoo.so", "wbg"]
    assert not best_of(
        EMSCRIPTEN, contents(m=(needing,)), exclude=("wbg", "libfoo*")
    ).findings


@pytest.mark.parametrize(
    ("form", "piece", "family"),
    [
        (
            Format.ELF,
            ElfSlice(cpu="x86_64", bits=64, kind=Kind.SHARED, machine=62),
            "linux",
        ),
        (Format.ELF, droid(), "android"),
        (
            Format.ELF,
            ElfSlice(
                cpu="aarch64",
                bits=64,
                kind=Kind.SHARED,
                machine=183,
                needs=(Need(library="libc.so", versions=("LIBC",)),),
            ),
            "android",
        ),
        (Format.MACHO, phone(), "ios"),
        (Format.MACHO, phone(system="ios-simulator"), "ios"),
        (Format.MACHO, phone(system="macos"), "macos"),
        (Format.MACHO, phone(system="catalyst"), None),
        (Format.MACHO, phone(system="tvos"), None),
        (
            Format.PE,
            PeSlice(cpu="x86_64", bits=64, kind=Kind.SHARED, machine=0x8664),
            "windows",
        ),
        (Format.WASM, web(), "emscripten"),
    ],
)
def test_one_platform_owns_each_slice(
    form: Format, piece: Slice, family: str | None
) -> None:
    assert [p.family for p in PLATFORMS if p.owns(form, piece)] == (
        [] if family is None else [family]
    )


@pytest.mark.parametrize(
    ("tag", "family"),
    [("manylinux_2_17_x86_64", "linux"), ("macosx_11_0_arm64", "macos"), ("win_amd64", "windows"), ("android_21_x86", "android"),
     ("ios_13_0_arm64_iphoneos", "ios"), ("pyodide_2025_0_wasm32", "emscripten")],
)  # fmt: skip
def test_one_platform_understands_each_tag(tag: str, family: str) -> None:
    assert [p.family for p in PLATFORMS if p.parse_tag(tag)] == [family]

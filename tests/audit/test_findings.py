"""Findings on libraries, search paths and CPUs, which hold for every platform."""

from __future__ import annotations

import pytest

from support.facts import binary_file, contents, wheel_named
from support.slices import android, linux, mac, module_path, web, windows
from truewheel.audit.findings import findings_of
from truewheel.audit.linkage import audit_of
from truewheel.audit.verdict import check
from truewheel.model.binary import (
    Kind,
    MachOSlice,
    MinimumOS,
    Need,
    NeedKind,
    SearchPath,
    Slice,
)
from truewheel.model.contents import Contents
from truewheel.model.finding import Finding
from truewheel.model.record import replace


def told(inside: Contents, *codes: str, exclude: tuple[str, ...] = ()) -> list[Finding]:
    """Return the findings with these codes."""
    found = [
        finding
        for part in audit_of(inside, exclude).platforms
        for finding in findings_of(part)
    ]
    return [finding for finding in found if finding.code in codes]


def module(piece: Slice) -> Contents:
    return contents(binary_file(module_path(piece), piece))


@pytest.mark.parametrize(
    ("piece", "message"),
    [
        (
            linux("libx.so"),
            "libx.so is neither in the wheel nor promised by any manylinux or musllinux level",
        ),
        (
            android("libx.so"),
            "libx.so is neither in the wheel nor a library of Android or Python",
        ),
        (
            mac("@rpath/libx.dylib"),
            "@rpath/libx.dylib is neither in the wheel nor part of the system",
        ),
        (
            windows("x.dll"),
            "x.dll is neither in the wheel nor part of Windows or Python",
        ),
        (
            web("libx.so"),
            "libx.so is neither in the wheel nor part of an Emscripten program",
        ),
    ],
)
def test_a_missing_library_is_told_on_every_platform(
    piece: Slice, message: str
) -> None:
    (finding,) = told(module(piece), "TW201")
    assert finding.message == message
    name = piece.needs[0].library.rpartition("/")[2]
    assert f'tool.truewheel.exclude = ["{name}"]' in (finding.hint or "")
    assert told(module(piece), "TW201", exclude=(name,)) == []


def test_a_library_that_is_needed_later_is_a_note_and_one_that_may_be_missing_is_none() -> (
    None
):
    late = replace(windows(), needs=(Need(library="x.dll", kind=NeedKind.DELAYED),))
    (finding,) = told(module(late), "TW201")
    assert (finding.severity.value, finding.evidence) == (
        "note",
        ("p/m.pyd imports x.dll when it is first used",),
    )
    weak = replace(
        mac(), needs=(Need(library="@rpath/libx.dylib", kind=NeedKind.WEAK),)
    )
    assert told(module(weak), "TW201") == []


@pytest.mark.parametrize(
    ("piece", "library", "path", "searched"),
    [
        (linux("libx.so"), linux(), "p/libs/libx.so", "searches nothing"),
        (android("libx.so"), android(), "p/libs/libx.so", "searches nothing"),
        (
            mac("/build/libx.dylib"),
            mac(),
            "p/libs/libx.dylib",
            "searches no place in the wheel",
        ),
        (windows("x.dll"), windows(), "p/libs/x.dll", "searches p"),
        (web("libx.so"), web(), "p/libs/libx.so", "searches NAME.libs, p, ."),
    ],
)
def test_a_library_that_the_loader_does_not_find_is_told_on_every_platform(
    piece: Slice, library: Slice, path: str, searched: str
) -> None:
    inside = contents(
        binary_file(module_path(piece), piece), binary_file(path, library)
    )
    (finding,) = told(inside, "TW202")
    verb = "imports" if path.endswith(".dll") else "needs"
    name = piece.needs[0].library
    assert finding.evidence == (
        f"{module_path(piece)} {verb} {name}, which is {path}",
        searched,
    )
    assert told(inside, "TW202", exclude=(path.rpartition("/")[2],)) == []


@pytest.mark.parametrize(
    ("piece", "is_told"),
    [
        (linux("libpython3.13.so.1.0"), True),
        (mac("/Library/Frameworks/Python.framework/Versions/3.13/Python"), True),
        (android("libpython3.13.so"), False),  # PEP 738 has modules linked with it
        (android("libpython3.13d.so"), True),
        (windows("python313.dll"), False),
    ],
)
def test_libpython_is_told_where_modules_must_not_be_linked_with_it(
    piece: Slice, is_told: bool
) -> None:
    assert [finding.code for finding in told(module(piece), "TW201", "TW203")] == [
        "TW203"
    ] * is_told


@pytest.mark.parametrize(
    "path", ["/home/me/build", "/tmp/x", "/github/workspace/lib", "/Users/me/lib"]
)
def test_the_same_search_path_is_told_alike_on_linux_android_and_macos(
    path: str,
) -> None:
    for piece, kind in (
        (linux(runpath=path), "RUNPATH"),
        (android(path=path), "RUNPATH"),
        (mac(rpath=path), "LC_RPATH"),
    ):
        (finding,) = told(module(piece), "TW204", "TW205")
        assert (finding.code, finding.evidence) == ("TW205", (f"{kind} {path}",))


@pytest.mark.parametrize(
    ("piece", "fact"),
    [
        (linux("libz.so.1", "/opt/x.so", "libm.so.6"), "libz.so.1, libm.so.6"),
        (android("libdl.so", "libm.so", "liblog.so", "libz.so"), "libdl.so, libm.so, liblog.so and 1 more"),
        # A process that loads a module has its C library already.
        (linux("libc.so.6", "ld-linux-x86-64.so.2"), None),
        (replace(linux("libc.so.6"), interpreter="/lib64/ld-linux-x86-64.so.2"), "libc.so.6"),
        (replace(linux("libc.musl-x86_64.so.1"), interpreter="/lib/ld-musl-x86_64.so.1"), None),
        (mac("@rpath/libx.dylib", "/usr/lib/libSystem.B.dylib"), "@rpath/libx.dylib"),
        (mac("/usr/lib/libSystem.B.dylib"), None),
    ],
)  # fmt: skip
def test_a_search_path_of_the_machine_names_what_may_come_from_there(
    piece: Slice, fact: str | None
) -> None:
    path = SearchPath(path="/tmp/x", kind="RUNPATH")
    (finding,) = told(module(replace(piece, search_paths=(path,))), "TW205")
    expected = () if fact is None else (f"{fact} may come from there",)
    assert finding.evidence == ("RUNPATH /tmp/x", *expected)


@pytest.mark.parametrize(
    ("path", "codes"),
    [
        ("/opt/lib", ["TW204"]),
        ("lib", ["TW204"]),
        ("$ORIGIN/libs", []),
        ("${ORIGIN}/../libs", []),
    ],
)
def test_android_is_told_of_search_paths_as_linux_is(
    path: str, codes: list[str]
) -> None:
    for piece in (
        linux(runpath=path),
        android(path=path),
        android(path=path, kind="RPATH"),
        web(runtime_path=path),
    ):
        assert [
            finding.code for finding in told(module(piece), "TW204", "TW205")
        ] == codes


def test_search_paths_of_the_system_are_portable_on_macos() -> None:
    assert told(module(mac(rpath="/usr/lib/swift")), "TW204", "TW205") == []


@pytest.mark.parametrize(
    ("one", "other", "evidence"),
    [
        (linux(), linux(cpu="aarch64"), ("a.so: x86_64", "b.so: aarch64")),
        (
            android(),
            replace(android(), cpu="x86_64"),
            ("a.so: aarch64", "b.so: x86_64"),
        ),
        (mac(), replace(mac(), cpu="x86_64"), ("a.so: arm64", "b.so: x86_64")),
        (web(), replace(web(), cpu="wasm64"), ("a.so: wasm32", "b.so: wasm64")),
    ],
)
def test_files_for_several_cpus_are_told_on_every_platform(
    one: Slice, other: Slice, evidence: tuple[str, ...]
) -> None:
    (finding,) = told(contents(a=one, b=other), "TW306")
    assert finding.evidence == evidence


def test_two_cpus_of_one_android_abi_are_no_mixture() -> None:
    arm = replace(android(), cpu="armv7l")
    assert told(contents(a=arm, b=replace(arm, cpu="arm")), "TW306") == []


# --- untrue tags ------------------------------------------------------------------------------------------------


def phone(cpu: str, system: str) -> MachOSlice:
    stated = (MinimumOS(platform=system, version=(14, 0)),)
    return MachOSlice(
        cpu=cpu, bits=64, kind=Kind.SHARED, file_type=6, minimum_os=stated
    )


@pytest.mark.parametrize(
    ("piece", "tag", "hint"),
    [
        (
            phone("arm64", "ios-simulator"),
            "ios_13_0_arm64_iphoneos",
            (
                "tag it ios_13_0_arm64_iphonesimulator, which is true; or build it with the SDK that the tag names, "
                "CMAKE_OSX_SYSROOT=iphoneos, for arm64"
            ),
        ),
        (
            phone("x86_64", "ios-simulator"),
            "ios_13_0_arm64_iphoneos",
            (
                "tag it ios_14_0_x86_64_iphonesimulator, which is true; or build it with the SDK that the tag names, "
                "CMAKE_OSX_SYSROOT=iphoneos, for arm64"
            ),
        ),
        (
            phone("x86_64", "ios-simulator"),
            "ios_13_0_arm64_iphonesimulator",
            "tag it ios_14_0_x86_64_iphonesimulator, which is true; or build it for the CPU that the tag names",
        ),
        (
            linux("libc.so.6", cpu="aarch64"),
            "linux_x86_64",
            "tag it manylinux_2_17_aarch64, which is true; or build it for the CPU that the tag names",
        ),
    ],
)
def test_the_hint_says_whether_the_cpu_or_the_sdk_is_another(
    piece: Slice, tag: str, hint: str
) -> None:
    inside = contents(binary_file("p/m.so", piece))
    found = check(wheel_named(f"p-1-py3-none-{tag}.whl", inside)).findings
    (untrue,) = [finding for finding in found if finding.code in ("TW301", "TW305")]
    assert (untrue.code, untrue.hint) == ("TW305", hint)


def test_repair_is_the_cure_for_a_missing_library_and_not_an_older_system() -> None:
    inside = contents(binary_file("p/m.so", linux("libgomp.so.1")))
    found = check(
        wheel_named("p-1-py3-none-manylinux_2_17_x86_64.whl", inside)
    ).findings
    (untrue,) = [finding for finding in found if finding.code == "TW301"]
    assert (
        untrue.hint == "tag it linux_x86_64, which is true; "
        "or truewheel repair copies the missing libraries into the wheel"
    )


def test_a_file_of_another_cpu_and_a_later_android_is_of_another_cpu() -> None:
    needing = replace(
        android("libaaudio.so"),
        cpu="x86_64",
        search_paths=(SearchPath(path="$ORIGIN", kind="RUNPATH"),),
    )
    inside = contents(binary_file("p/m.so", needing))
    found = check(wheel_named("p-1-py3-none-android_21_arm64_v8a.whl", inside)).findings
    (untrue,) = [finding for finding in found if finding.code in ("TW301", "TW305")]
    assert untrue.code == "TW305"
    assert untrue.evidence[0].startswith(
        "p/m.so needs libaaudio.so (new in API level 26)"
    )


@pytest.mark.parametrize(
    ("files", "cures"),
    [
        (module(linux("libfoo.so.1")), "{copy}, or link it statically"),
        (module(mac("@rpath/libfoo.dylib")), "{copy}, or link it statically"),
        (module(windows("foo.dll")), "{copy}, or link it statically"),
        (
            module(windows("msvcp140.dll")),
            "link the runtime statically, CMAKE_MSVC_RUNTIME_LIBRARY=MultiThreaded, or {copy}",
        ),
        (
            module(windows("libgcc_s_seh-1.dll")),
            "link with -static, or -static-libgcc -static-libstdc++, or {copy}",
        ),
    ],
    ids=["Linux", "macOS", "Windows", "Visual C++", "MinGW"],
)
def test_a_missing_library_is_what_repair_copies(files: Contents, cures: str) -> None:
    (finding,) = told(files, "TW201")
    copy = "truewheel repair copies it into the wheel (search names its directory)"
    hint = finding.hint or ""
    assert hint.startswith(f"{cures.format(copy=copy)}, or, when someone else")


@pytest.mark.parametrize(
    ("library", "hint"),
    [
        (
            "libcublas.so.12",
            (
                'set tool.truewheel.exclude = ["@cuda"], or --exclude @cuda, and require what supplies it: '
                'dependencies = ["nvidia-cublas-cu12"]'
            ),
        ),
        (
            "libcublas.so.99",
            'set tool.truewheel.exclude = ["@cuda"], or --exclude @cuda, and require the distribution that supplies it',
        ),
        (
            "libcuda.so.1",
            'set tool.truewheel.exclude = ["@cuda"], or --exclude @cuda: it comes with a driver, or with the vendor\'s installation',
        ),
        (
            "libtorch.so",
            'set tool.truewheel.exclude = ["@torch"], or --exclude @torch, and require what supplies it: dependencies = ["torch"]',
        ),
    ],
)
def test_a_library_of_a_ready_set_is_to_be_left_to_its_supplier(
    library: str, hint: str
) -> None:
    (finding,) = told(module(linux(library)), "TW201")
    assert finding.hint == hint

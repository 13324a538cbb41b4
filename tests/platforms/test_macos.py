"""The macOS judge on hand-made facts: deployment targets, fat files, libraries from elsewhere, claims."""

from __future__ import annotations

import pytest
from packaging.tags import mac_platforms

from support.audits import best_of, expanded, notes_on, violations_of
from support.facts import contents
from truewheel.model.binary import (
    Binary,
    Format,
    Kind,
    MachOSlice,
    MinimumOS,
    Need,
    NeedKind,
    SearchPath,
)
from truewheel.model.contents import Contents, File
from truewheel.platforms.macos import MACOS, release


def piece(
    cpu: str = "arm64",
    minos: tuple[int, ...] | None = (11, 0),
    *needs: str,
    **more: object,
) -> MachOSlice:
    stated = () if minos is None else (MinimumOS(platform="macos", version=minos),)
    facts = {
        "signed": True,
        "needs": tuple(Need(library=n) for n in needs),
        "minimum_os": stated,
        **more,
    }
    return MachOSlice(cpu=cpu, bits=64, kind=Kind.BUNDLE, file_type=8, **facts)  # type: ignore[arg-type]


def codes(found: Contents, **more: tuple[str, ...]) -> list[str]:
    return sorted(f.code for f in best_of(MACOS, found, **more).findings)


@pytest.mark.parametrize(
    ("cpu", "minos", "tag"),
    [
        ("x86_64", (10, 9), "macosx_10_9_x86_64"),
        ("x86_64", (10, 15), "macosx_10_15_x86_64"),
        ("x86_64", (10, 9, 5), "macosx_10_10_x86_64"),
        ("x86_64", (10, 16), "macosx_11_0_x86_64"),
        ("arm64", (10, 9), "macosx_11_0_arm64"),
        ("arm64", (11, 0), "macosx_11_0_arm64"),
        ("arm64", (11, 3), "macosx_12_0_arm64"),
        ("arm64", (15, 0), "macosx_15_0_arm64"),
        ("arm64", (15, 4), "macosx_26_0_arm64"),
        ("arm64", (16, 0), "macosx_26_0_arm64"),
        ("arm64", (26, 0), "macosx_26_0_arm64"),
        ("i686", (10, 6), "macosx_10_6_i386"),
    ],
)
def test_a_thin_file_is_as_new_as_its_deployment_target(
    cpu: str, minos: tuple[int, ...], tag: str
) -> None:
    found = contents(m=(piece(cpu, minos),))
    ruling = best_of(MACOS, found)
    assert ruling.tags == (tag,)
    assert MACOS.parse_tag(tag)
    assert not violations_of(MACOS, found, tag)


@pytest.mark.parametrize(
    "minos",
    [
        (10, 9),
        (10, 13, 6),
        (11, 0),
        (11, 3),
        (13, 0),
        (15, 6),
        (16, 0),
        (26, 0),
        (26, 2),
    ],
)
def test_installers_on_the_named_system_ask_for_the_tag(minos: tuple[int, ...]) -> None:
    tag = best_of(MACOS, contents(m=(piece("x86_64", minos),))).tags[0]
    assert tag in set(mac_platforms(release(minos), "x86_64"))  # type: ignore[arg-type]


def test_the_newest_file_decides_and_is_named() -> None:
    ruling = best_of(
        MACOS,
        contents(a=(piece(),), b=(piece(minos=(13, 0)),), c=(piece(minos=(12, 0)),)),
    )
    assert ruling.tags == ("macosx_13_0_arm64",)
    assert str(ruling.floors[0].evidence[0]) == "b.so: minos 13.0 (arm64)"


@pytest.mark.parametrize(
    ("intel", "apple", "tag"),
    [
        ((10, 9), (11, 0), "macosx_10_9_universal2"),
        ((10, 13), (12, 0), "macosx_12_0_universal2"),
        ((13, 0), (11, 0), "macosx_13_0_universal2"),
        ((11, 0), (11, 0), "macosx_11_0_universal2"),
    ],
)
def test_universal2_has_a_floor_per_slice(
    intel: tuple[int, ...], apple: tuple[int, ...], tag: str
) -> None:
    found = contents(m=(piece("x86_64", intel), piece("arm64", apple)))
    ruling = best_of(MACOS, found)
    assert ruling.tags == (tag,)
    assert {f.cpu: f.version for f in ruling.floors} == {
        "x86_64": intel,
        "arm64": apple,
    }
    assert ruling.floors[0].cpu == ("arm64" if apple > (11, 0) else "x86_64")
    assert not violations_of(MACOS, found, tag)


def test_universal2_needs_both_slices_in_every_file() -> None:
    both = (piece("x86_64", (10, 9)), piece())
    found = contents(a=both, b=(piece("x86_64", (10, 9)),))
    assert best_of(MACOS, found).tags == ("macosx_10_9_x86_64",)
    assert codes(found) == ["TW311"]
    objections = violations_of(MACOS, found, "macosx_10_9_universal2")
    assert [o.evidence.file for o in objections] == ["b.so"]
    assert "code for x86_64 alone" in str(objections[0].evidence)
    assert [
        (f.code, f.severity.value)
        for f in notes_on(MACOS, found, "macosx_10_9_universal2")
    ] == [("TW311", "error")]
    assert not notes_on(MACOS, contents(a=both), "macosx_10_9_universal2")


def test_a_library_counts_for_the_cpus_that_ask_for_it() -> None:
    """Two wheels that were repaired apart and then joined: their libraries are named by their content."""
    arm64 = piece("arm64", (11, 0), "@loader_path/libd-1.dylib")
    intel = piece("x86_64", (10, 9), "@loader_path/libd-2.dylib")
    library = {"kind": Kind.SHARED, "file_type": 6}
    one = MachOSlice(
        cpu="arm64", bits=64, minimum_os=arm64.minimum_os, signed=True, **library
    )  # type: ignore[arg-type]
    other = MachOSlice(cpu="x86_64", bits=64, minimum_os=intel.minimum_os, **library)  # type: ignore[arg-type]
    universal2 = "macosx_10_9_universal2"

    def joined(*module: MachOSlice, **libraries: MachOSlice) -> Contents:
        files = [
            File(
                path="p/m.so", size=1, binary=Binary(format=Format.MACHO, slices=module)
            )
        ]
        for name, code in libraries.items():
            path = f"p/{name.replace('_', '-')}.dylib"
            files.append(
                File(
                    path=path,
                    size=1,
                    binary=Binary(format=Format.MACHO, slices=(code,)),
                )
            )
        return Contents(files=tuple(files), dist_info="p-1.dist-info")

    found = joined(intel, arm64, libd_1=one, libd_2=other)
    assert best_of(MACOS, found).tags == (universal2,)
    assert codes(found) == []
    assert not violations_of(MACOS, found, universal2)
    assert not notes_on(MACOS, found, universal2)

    # A CPU asks for a library without code for it, or nobody says who asks.
    for wrong in (
        joined(intel, arm64, libd_1=other, libd_2=other),
        joined(intel, arm64, libd_1=one, libd_2=other, libd_3=one),
    ):
        assert violations_of(MACOS, wrong, universal2)
        assert best_of(MACOS, wrong).tags != (universal2,)
    # Libraries that need each other are all that there is.
    ring = MachOSlice(
        cpu="arm64", bits=64, minimum_os=arm64.minimum_os, needs=(Need(library="libd-1.dylib"),), **library,  # type: ignore[arg-type]
    )  # fmt: skip
    alone = Contents(
        files=joined(arm64, libd_1=ring).files[:1], dist_info="p-1.dist-info"
    )
    assert best_of(MACOS, alone).tags == ("macosx_11_0_arm64",)


def test_thin_files_for_both_cpus_are_a_mixture() -> None:
    found = contents(a=(piece("x86_64"),), b=(piece(),))
    assert codes(found) == ["TW306"]
    assert violations_of(MACOS, found, "macosx_11_0_universal2")
    assert violations_of(MACOS, found, "macosx_11_0_arm64")


def test_fat_files_keep_thin_promises() -> None:
    found = contents(m=(piece("x86_64", (10, 9)), piece()))
    assert not violations_of(MACOS, found, "macosx_10_9_x86_64")
    assert not violations_of(MACOS, found, "macosx_11_0_arm64")


@pytest.mark.parametrize(("cpu", "plain"), [("arm64e", "arm64"), ("x86_64h", "x86_64")])
def test_code_for_some_machines_of_a_cpu_is_not_for_all(cpu: str, plain: str) -> None:
    found = contents(m=(piece(cpu),))
    ruling = best_of(MACOS, found)
    assert (ruling.tags, ruling.has_no_tag) == ((), True)
    assert ruling.reason == f"m.so is code for {cpu}, for which there is no tag"
    (objection,) = violations_of(MACOS, found, f"macosx_11_0_{plain}")
    assert objection.evidence.fact == f"it is code for {cpu} alone"
    both = contents(m=(piece(plain), piece(cpu)))
    assert best_of(MACOS, both).tags == (f"macosx_11_0_{plain}",)
    assert not violations_of(MACOS, both, f"macosx_11_0_{plain}")


def test_a_fat_file_with_arm64e_alone_is_for_intel() -> None:
    found = contents(m=(piece("x86_64", (10, 9)), piece("arm64e", (12, 0))))
    assert best_of(MACOS, found).tags == ("macosx_10_9_x86_64",)
    assert violations_of(MACOS, found, "macosx_12_0_universal2")
    assert not violations_of(MACOS, found, "macosx_10_9_x86_64")
    assert [f.code for f in notes_on(MACOS, found, "macosx_12_0_universal2")] == [
        "TW311"
    ]


def test_of_a_fat_file_the_code_that_runs_decides() -> None:
    apple = contents(
        m=(piece("x86_64", (10, 9)), piece("arm64"), piece("arm64e", (14, 0)))
    )
    assert best_of(MACOS, apple).tags == ("macosx_10_9_universal2",)
    assert not violations_of(MACOS, apple, "macosx_10_9_universal2")
    haswell = contents(m=(piece("x86_64", (10, 9)), piece("x86_64h", (13, 0))))
    assert best_of(MACOS, haswell).tags == ("macosx_13_0_x86_64",)


def test_catalyst_counts_beside_macos_only() -> None:
    stated = tuple(
        MinimumOS(platform=system, version=(14, 0)) for system in ("macos", "catalyst")
    )
    assert MACOS.owns(Format.MACHO, piece(minimum_os=stated))
    assert not MACOS.owns(Format.MACHO, piece(minimum_os=stated[1:]))
    assert best_of(MACOS, contents(m=(piece(minimum_os=stated),))).tags == (
        "macosx_14_0_arm64",
    )


def test_old_fat_names_are_understood() -> None:
    found = contents(m=(piece("x86_64", (10, 6)), piece("i686", (10, 6))))
    assert best_of(MACOS, found).tags == ("macosx_10_6_intel",)
    assert not violations_of(MACOS, found, "macosx_10_6_intel")
    assert violations_of(
        MACOS, contents(m=(piece("x86_64", (10, 6)),)), "macosx_10_6_intel"
    )
    assert MACOS.parse_tag("macosx_10_4_fat64")


def test_a_claim_for_an_older_system_is_untrue() -> None:
    found = contents(m=(piece(minos=(11, 3)),))
    (objection,) = violations_of(MACOS, found, "macosx_11_0_arm64")
    assert str(objection.evidence) == "m.so: minos 11.3 (arm64)"
    assert objection.allows == "macosx_11_0_arm64 starts at macOS 11.0"
    assert not violations_of(MACOS, found, "macosx_11_3_arm64")
    assert [f.code for f in notes_on(MACOS, found, "macosx_11_3_arm64")] == ["TW317"]
    assert not violations_of(
        MACOS, contents(m=(piece(minos=(26, 0)),)), "macosx_16_0_arm64"
    )


def test_no_installer_asks_for_arm64_before_11() -> None:
    found = contents(m=(piece(minos=(11, 0)),))
    assert [f.code for f in notes_on(MACOS, found, "macosx_10_9_arm64")] == ["TW317"]
    assert not notes_on(MACOS, found, "macosx_11_0_arm64")


@pytest.mark.parametrize(
    "tag",
    [
        "macosx_11_0",
        "macosx_11_arm64",
        "macosx_11_0_riscv",
        "macosx_9_0_ppc",
        "manylinux1_x86_64",
    ],
)
def test_what_is_no_macos_tag(tag: str) -> None:
    assert not MACOS.parse_tag(tag)


def test_promises_are_completed() -> None:
    both = contents(m=(piece("x86_64"), piece()))
    assert expanded(MACOS, "macosx_11_0", both) == "macosx_11_0_universal2"
    assert expanded(MACOS, "macosx_11_0", contents(m=(piece(),))) == "macosx_11_0_arm64"
    assert expanded(MACOS, "macosx_11_0_arm64", both) == "macosx_11_0_arm64"
    assert expanded(MACOS, "manylinux_2_17", both) == "manylinux_2_17"


@pytest.mark.parametrize(
    "library",
    ["/usr/lib/libSystem.B.dylib", "/System/Library/Frameworks/Metal.framework/Metal"],
)
def test_the_system_supplies_its_own(library: str) -> None:
    assert codes(contents(m=(piece("arm64", (11, 0), library),))) == []


@pytest.mark.parametrize(
    "library",
    [
        "/opt/homebrew/lib/libfoo.1.dylib",
        "/usr/local/lib/libfoo.1.dylib",
        "@rpath/libfoo.1.dylib",
        "libfoo.1.dylib",
    ],
)
def test_libraries_from_elsewhere(library: str) -> None:
    found = contents(m=(piece("arm64", (11, 0), library),))
    assert codes(found) == ["TW201"]
    assert codes(found, exclude=("libfoo.*",)) == []
    weak = contents(m=(piece(needs=(Need(library=library, kind=NeedKind.WEAK),)),))
    assert codes(weak) == []


def test_bundled_libraries_are_found_where_dyld_looks() -> None:
    rpath = SearchPath(path="@loader_path/.dylibs", kind="LC_RPATH")
    library = (piece(name="@rpath/libfoo.so"),)
    ways = {
        "direct": piece("arm64", (11, 0), "@loader_path/.dylibs/libfoo.so"),
        "rpath": piece("arm64", (11, 0), "@rpath/libfoo.so", search_paths=(rpath,)),
    }
    for way in ways.values():
        assert (
            codes(contents(pkg___x=(way,), **{"pkg__.dylibs__libfoo": library})) == []
        )
    assert (
        codes(
            contents(
                pkg___x=(ways["rpath"],),
                **{"p-1.data__platlib__pkg__.dylibs__libfoo": library},
            )
        )
        == []
    )
    assert codes(
        contents(
            pkg___x=(ways["rpath"],),
            **{"p-1.data__data__pkg__.dylibs__libfoo": library},
        )
    ) == ["TW202"]
    lost = piece("arm64", (11, 0), "@rpath/libfoo.so")
    assert codes(contents(pkg___x=(lost,), **{"pkg__.dylibs__libfoo": library})) == [
        "TW202"
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/opt/homebrew/lib", ["TW204"]),
        ("/Users/ci/build/lib", ["TW205"]),
        ("/usr/lib/swift", []),
        ("@loader_path/x", []),
    ],
)
def test_search_paths(path: str, expected: list[str]) -> None:
    assert (
        codes(
            contents(m=(piece(search_paths=(SearchPath(path=path, kind="LC_RPATH"),)),))
        )
        == expected
    )


@pytest.mark.parametrize(
    "library",
    [
        "/Library/Frameworks/Python.framework/Versions/3.13/Python",
        "@rpath/libpython3.13.dylib",
        "/opt/x/libpython3.13t.dylib",
    ],
)
def test_python_is_not_to_be_linked(library: str) -> None:
    assert codes(contents(m=(piece("arm64", (11, 0), library),))) == ["TW203"]


def test_unsigned_and_unstated() -> None:
    assert codes(contents(m=(piece(signed=False),))) == ["TW312"]
    assert codes(contents(m=(piece("x86_64", signed=False),))) == []
    unstated = contents(m=(piece(minos=None),))
    assert codes(unstated) == ["TW313"]
    assert best_of(MACOS, unstated).tags == ("macosx_11_0_arm64",)
    assert not violations_of(MACOS, unstated, "macosx_11_0_arm64")


def test_only_its_own_files_are_owned() -> None:
    ios = MachOSlice(
        cpu="arm64",
        bits=64,
        kind=Kind.SHARED,
        file_type=6,
        minimum_os=(MinimumOS(platform="ios", version=(13, 0)),),
    )
    assert not MACOS.owns(Format.MACHO, ios)
    assert MACOS.owns(Format.MACHO, piece())
    assert MACOS.owns(Format.MACHO, piece(minos=None))

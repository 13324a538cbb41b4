"""The Windows judge on hand-made facts: machines, DLLs of the system and of the interpreter, claims."""

from __future__ import annotations

import pytest

from support.audits import best_of, violations_of
from support.facts import contents
from truewheel.model.binary import Kind, Need, NeedKind, PeSlice
from truewheel.platforms.windows import WINDOWS

MACHINES = {"i686": 0x14C, "x86_64": 0x8664, "arm64": 0xAA64, "arm64ec": 0x8664}


def piece(cpu: str = "x86_64", *needs: str, **more: object) -> PeSlice:
    facts = {
        "kind": Kind.SHARED,
        "needs": tuple(Need(library=n) for n in needs),
        **more,
    }
    return PeSlice(cpu=cpu, bits=64, machine=MACHINES[cpu], **facts)  # type: ignore[arg-type]


def codes(files: dict[str, PeSlice], **more: tuple[str, ...]) -> list[str]:
    return [f.code for f in best_of(WINDOWS, contents(**files), **more).findings]


@pytest.mark.parametrize(
    ("cpu", "tag"), [("i686", "win32"), ("x86_64", "win_amd64"), ("arm64", "win_arm64")]
)
def test_the_machine_is_the_tag(cpu: str, tag: str) -> None:
    found = contents(**{"m.pyd": piece(cpu)})
    assert best_of(WINDOWS, found).tags == (tag,)
    for other in ("win32", "win_amd64", "win_arm64"):
        assert WINDOWS.parse_tag(other)
        objections = violations_of(WINDOWS, found, other)
        assert bool(objections) == (other != tag)
        assert all(f"code for {cpu}" in str(o.evidence) for o in objections)


@pytest.mark.parametrize("tag", ["win64", "win_amd64_v2", "windows_amd64", "win_arm32"])
def test_what_is_no_windows_tag(tag: str) -> None:
    assert not WINDOWS.parse_tag(tag)


def test_hybrids() -> None:
    assert best_of(
        WINDOWS, contents(**{"m.pyd": piece("arm64", hybrid="arm64x")})
    ).tags == ("win_arm64",)
    ec = {"m.pyd": piece("x86_64", hybrid="arm64ec")}
    assert codes(ec) == ["TW314"]
    assert violations_of(WINDOWS, contents(**ec), "win_amd64")


def test_arm64ec_is_told_as_the_header_has_it() -> None:
    """A machine field that says so hides nothing, and what the load configuration has is then not known."""
    hidden, said = (
        piece("x86_64", hybrid="arm64ec"),
        PeSlice(cpu="arm64ec", bits=64, kind=Kind.SHARED, machine=0xA641),
    )
    told = [
        f
        for s in (hidden, said)
        for f in best_of(WINDOWS, contents(**{"m.pyd": s})).findings
    ]
    assert [f.code for f in told] == ["TW314", "TW314"]
    assert [("AMD64" in f.message, f.evidence[0]) for f in told] == [
        (True, "its header says AMD64, and its load configuration has CHPE metadata"),
        (False, "its header's machine is 0xa641"),
    ]


@pytest.mark.parametrize("cpu", ["armv7l", "arm64ec", "machine-0x1234"])
def test_machines_without_a_tag(cpu: str) -> None:
    found = contents(
        **{"m.pyd": PeSlice(cpu=cpu, bits=32, kind=Kind.SHARED, machine=1)}
    )
    ruling = best_of(WINDOWS, found)
    assert (ruling.tags, ruling.has_no_tag) == ((), True)
    assert ruling.reason == f"m.pyd is code for {cpu}, for which there is no tag"
    assert all(
        violations_of(WINDOWS, found, tag)
        for tag in ("win32", "win_amd64", "win_arm64")
    )


def test_a_program_is_for_the_machines_that_start_it() -> None:
    found = contents(
        **{
            "p.exe": PeSlice(
                cpu="arm64ec", bits=64, kind=Kind.EXECUTABLE, machine=0xA641
            )
        }
    )
    assert best_of(WINDOWS, found).tags == ("win_arm64",)
    assert not violations_of(WINDOWS, found, "win_arm64")


def test_programs_may_be_for_another_machine_but_libraries_may_not() -> None:
    program = piece("i686", kind=Kind.EXECUTABLE)
    found = contents(**{"m.pyd": piece(), "p/gui-32.exe": program})
    assert best_of(WINDOWS, found).tags == ("win_amd64",)
    assert not violations_of(WINDOWS, found, "win_amd64")
    assert best_of(WINDOWS, contents(**{"p/gui-32.exe": program})).tags == ("win32",)
    assert codes({"m.pyd": piece(), "n.pyd": piece("i686")}) == ["TW306"]


def objected(files: dict[str, PeSlice], tag: str) -> list[str]:
    return [o.evidence.file for o in violations_of(WINDOWS, contents(**files), tag)]


def test_a_library_for_others_beside_the_modules_is_no_untruth() -> None:
    """As debugpy's, which it injects into 32-bit programs; but one that a module needs has to be for its process."""
    files = {"p/m.pyd": piece(), "p/attach_x86.dll": piece("i686")}
    assert best_of(WINDOWS, contents(**files)).tags == ("win_amd64",)
    assert (objected(files, "win_amd64"), codes(files)) == ([], [])
    needing = files | {"p/m.pyd": piece("x86_64", "attach_x86.dll")}
    assert (objected(needing, "win_amd64"), codes(needing)) == (
        ["p/attach_x86.dll"],
        ["TW306"],
    )
    deeper = needing | {
        "p/m.pyd": piece("x86_64", "b.dll"),
        "p/b.dll": piece("x86_64", "ATTACH_X86.dll", "m.pyd"),
    }
    assert objected(deeper, "win_amd64") == ["p/attach_x86.dll"]
    both = needing | {"q/attach_x86.dll": piece()}
    assert objected(both, "win_amd64") == []
    assert objected({"m.pyd": piece("i686"), "n.pyd": piece()}, "win_amd64") == [
        "m.pyd"
    ]


def test_libraries_that_python_code_chooses_from() -> None:
    files = {"amd64/l.dll": piece(), "x86/l.dll": piece("i686")}
    ruling = best_of(WINDOWS, contents(**files))
    assert (ruling.tags, [f.severity.value for f in ruling.findings]) == ((), ["note"])
    assert [bool(objected(files, t)) for t in ("win32", "win_amd64", "win_arm64")] == [
        False,
        False,
        True,
    ]


def test_programs_that_a_machine_can_start() -> None:
    def program(cpu: str) -> PeSlice:
        return piece(cpu, kind=Kind.EXECUTABLE)

    launchers = {
        "t32.exe": program("i686"),
        "t64.exe": program("x86_64"),
        "t64-arm.exe": program("arm64"),
    }
    assert (best_of(WINDOWS, contents(**launchers)).tags, codes(launchers)) == ((), [])
    starts = {"win32": "100", "win_amd64": "110", "win_arm64": "111"}
    for tag, expected in starts.items():
        alone = [objected({n: p}, tag) for n, p in launchers.items()]
        assert "".join("01"[not found] for found in alone) == expected


@pytest.mark.parametrize(
    "library",
    ["KERNEL32.dll", "ucrtbase.dll", "api-ms-win-crt-runtime-l1-1-0.dll", "VCRUNTIME140.dll", "VCRUNTIME140_1.dll",
     "python313.dll", "python3.dll", "python314t.dll", "python3t.dll", "libpypy3.11-c.dll", "WS2_32.dll", "bcrypt.dll"],
)  # fmt: skip
def test_windows_and_python_supply(library: str) -> None:
    assert codes({"m.pyd": piece("x86_64", library)}) == []


@pytest.mark.parametrize("cpu", ["i686", "x86_64", "arm64"])
@pytest.mark.parametrize(
    "library",
    ["cldapi.dll", "WebAuthn.dll", "CoreMessaging.dll", "OPENGL32.dll", "GLU32.dll", "AVICAP32.dll", "MSVFW32.dll", "wldp.dll",
     "dxcore.dll", "bthprops.cpl", "hhctrl.ocx", "mscoree.dll", "d3d12.dll", "msvcrt.dll", "BluetoothApis.dll", "rtworkq.dll"],
)  # fmt: skip
def test_what_the_sdk_knows_is_on_every_machine(cpu: str, library: str) -> None:
    assert codes({"m.pyd": piece(cpu, library)}) == []


@pytest.mark.parametrize(
    "library",
    [
        "dxcompiler.dll",
        "winhvplatform.dll",
        "projectedfslib.dll",
        "opencl.dll",
        "vulkan-1.dll",
    ],
)
def test_what_the_sdk_knows_and_users_may_lack(library: str) -> None:
    assert codes({"m.pyd": piece("x86_64", library)}) == ["TW201"]


@pytest.mark.parametrize(
    ("library", "words"),
    [
        ("MSVCP140.dll", "Visual C++"),
        ("mfc140u.dll", "Visual C++"),
        ("libstdc++-6.dll", "MinGW"),
        ("libgcc_s_seh-1.dll", "MinGW"),
        ("foo.dll", "Windows or Python"),
    ],
)
def test_libraries_from_elsewhere(library: str, words: str) -> None:
    (finding,) = best_of(
        WINDOWS, contents(**{"m.pyd": piece("x86_64", library)})
    ).findings
    assert (finding.code, finding.severity.value) == ("TW201", "warning")
    assert words in finding.message
    assert codes({"m.pyd": piece("x86_64", library)}, exclude=(library,)) == []
    delayed = piece(needs=(Need(library=library, kind=NeedKind.DELAYED),))
    assert [
        f.severity.value
        for f in best_of(WINDOWS, contents(**{"m.pyd": delayed})).findings
    ] == ["note"]


def test_the_x86_runtime_of_python_has_no_second_part() -> None:
    assert codes({"m.pyd": piece("i686", "vcruntime140_1.dll")}) == ["TW201"]


@pytest.mark.parametrize(
    ("place", "expected"), [("pkg/foo.dll", []), ("pkg.libs/foo.dll", []), ("pkg/bin/FOO.dll", ["TW202"]),
                           ("p-1.data/platlib/pkg/foo.dll", []), ("p-1.data/platlib/foo.dll", ["TW202"])],
)  # fmt: skip
def test_bundled_libraries_are_found_where_windows_looks(
    place: str, expected: list[str]
) -> None:
    assert codes({"pkg/m.pyd": piece("x86_64", "Foo.dll"), place: piece()}) == expected


def test_the_subsystem_version_is_a_floor() -> None:
    ruling = best_of(
        WINDOWS,
        contents(
            **{
                "a.pyd": piece(subsystem_version=(6, 0)),
                "b.pyd": piece(subsystem_version=(10, 0)),
            }
        ),
    )
    assert (ruling.floors[0].of, ruling.floors[0].text) == ("windows", "10.0")
    assert [e.file for e in ruling.floors[0].evidence] == ["b.pyd"]


def test_the_reason_is_the_machine_and_not_the_floor() -> None:
    ruling = best_of(
        WINDOWS, contents(**{"a.pyd": piece("arm64", subsystem_version=(6, 2))})
    )
    assert ruling.reason == "a.pyd is code for arm64"
    launchers = {
        f"{cpu}.exe": piece(cpu, kind=Kind.EXECUTABLE) for cpu in ("i686", "x86_64")
    }
    assert (
        best_of(WINDOWS, contents(**launchers)).reason
        == "the binaries are for i686, x86_64"
    )

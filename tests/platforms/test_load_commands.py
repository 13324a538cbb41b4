"""Load commands that dyld refuses a second time, and install names of the building machine."""

from __future__ import annotations

import pytest

from support import macho_modules
from support.audits import best_of
from support.facts import binary_file, contents
from support.slices import mac
from truewheel import formats
from truewheel.audit.findings import findings_of
from truewheel.audit.linkage import audit_of
from truewheel.model.binary import (
    Kind,
    MachOSlice,
    MinimumOS,
    Need,
    NeedKind,
    SearchPath,
)
from truewheel.model.contents import Contents
from truewheel.model.finding import Finding, Severity
from truewheel.model.record import replace
from truewheel.platforms.ios import IOS
from truewheel.platforms.macos import MACOS

SDK = (15, 4)
OLD = (14, 5)


def built_with(
    sdk: tuple[int, ...] | None,
    *,
    system: str = "macos",
    paths: tuple[str, ...] = (),
    libraries: tuple[str, ...] = (),
    kind: NeedKind = NeedKind.NORMAL,
) -> MachOSlice:
    return replace(
        mac(),
        minimum_os=(MinimumOS(platform=system, version=(11, 0), sdk=sdk),),
        search_paths=tuple(SearchPath(path=path, kind="LC_RPATH") for path in paths),
        needs=tuple(Need(library=library, kind=kind) for library in libraries),
    )


def told(inside: Contents, code: str) -> list[Finding]:
    """Return the findings with a code."""
    return [
        finding
        for part in audit_of(inside).platforms
        for finding in findings_of(part)
        if finding.code == code
    ]


def repeated(piece: MachOSlice) -> list[tuple[Severity, tuple[str, ...]]]:
    found = told(contents(m=(piece,)), "TW213")
    return [(finding.severity, finding.evidence) for finding in found]


@pytest.mark.parametrize(
    ("sdk", "system", "severity", "fact"),
    [
        (SDK, "macos", Severity.ERROR, "built with SDK 15.4; refused from 15.4 on"),
        ((26, 0), "macos", Severity.ERROR, "built with SDK 26.0; refused from 15.4 on"),
        (OLD, "macos", Severity.NOTE, "built with SDK 14.5; refused from 15.4 on only"),
        (None, "macos", Severity.NOTE, "does not say with which SDK it was built"),
        ((18, 4), "ios", Severity.ERROR, "built with SDK 18.4; refused from 18.4 on"),
        (
            (18, 2),
            "ios-simulator",
            Severity.NOTE,
            "built with SDK 18.2; refused from 18.4 on only",
        ),
    ],
)
def test_a_repeated_search_path_is_refused_by_the_sdk(
    sdk: tuple[int, ...] | None, system: str, severity: Severity, fact: str
) -> None:
    piece = built_with(sdk, system=system, paths=("@loader_path", "@loader_path"))
    assert repeated(piece) == [(severity, ("LC_RPATH @loader_path, 2 times", fact))]


@pytest.mark.parametrize(
    ("sdk", "severity"), [((15, 0), Severity.ERROR), (OLD, Severity.NOTE)]
)
def test_a_repeated_library_is_refused_since_an_older_sdk(
    sdk: tuple[int, ...], severity: Severity
) -> None:
    twice = ("/usr/lib/libz.1.dylib",) * 3
    ((told_severity, evidence),) = repeated(built_with(sdk, libraries=twice))
    assert told_severity is severity
    assert evidence[0] == "LC_LOAD_DYLIB /usr/lib/libz.1.dylib, 3 times"


def test_what_is_named_once_or_loaded_later_is_fine() -> None:
    assert repeated(built_with(SDK, paths=("@loader_path", "@loader_path/"))) == []
    later = built_with(SDK, libraries=("/usr/lib/libz.1.dylib",) * 2, kind=NeedKind.DELAYED)  # fmt: skip
    assert repeated(later) == []


@pytest.mark.parametrize(
    ("name", "is_told"),
    [
        ("/Users/runner/work/x/libx.dylib", True),
        ("/opt/homebrew/lib/libx.dylib", True),
        ("@rpath/libx.dylib", False),
        ("/DLC/p/.dylibs/libx.dylib", False),
        ("/usr/lib/libx.dylib", False),
        (None, False),
    ],
)
def test_install_names_of_the_building_machine_are_told(
    name: str | None, is_told: bool
) -> None:
    found = told(contents(m=(mac(name=name),)), "TW214")
    assert [finding.evidence for finding in found] == [(f"LC_ID_DYLIB {name}",)] * is_told  # fmt: skip


def test_ios_is_told_alike() -> None:
    piece = replace(built_with((18, 5), system="ios", paths=("@loader_path",) * 2), name="/tmp/libx.dylib")  # fmt: skip
    found = [finding.code for finding in best_of(IOS, contents(m=(piece,))).findings]
    assert found == ["TW213", "TW214"]


@pytest.mark.parametrize("cpu", [macho_modules.ARM64, macho_modules.X86_64])
def test_a_module_that_a_linker_made(cpu: str) -> None:
    data = macho_modules.module(cpu)
    first, second = (path.encode() for path in macho_modules.OLD_PATHS)
    # install_name_tool -rpath writes a path over another in the same way.
    data = data.replace(second, first.ljust(len(second), b"\0"))
    (piece,) = formats.read(data).slices
    assert isinstance(piece, MachOSlice)
    assert piece.kind is not Kind.OBJECT
    (finding,) = told(contents(binary_file("p/m.so", piece)), "TW213")
    assert finding.evidence[0] == "LC_RPATH /build/one, 2 times"
    assert best_of(MACOS, contents(binary_file("p/m.so", piece))).findings

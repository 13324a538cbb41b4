"""Modules of Visual C++ whose runtime is too old for them (TW209): on values, on published files, and where it crashes."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from support import needs, published, visual_cpp
from support.facts import CP313, contents
from support.windows_runtimes import locking_program, run_with
from truewheel import formats
from truewheel.audit.findings import findings_of
from truewheel.audit.linkage import audit_of
from truewheel.audit.questions import Question
from truewheel.audit.verdict import judge
from truewheel.model.binary import Kind, Need, PeSlice, Symbol
from truewheel.model.contents import Contents
from truewheel.model.finding import Finding, Severity
from truewheel.model.neighbours import Neighbour
from truewheel.model.record import replace

RENAMED = "msvcp140-0123abcd.dll"
MUTEX, CALLED = ("_Mtx_lock",), ("_Mtx_lock", "_Mtx_init_in_situ")
OLD, NEW = (14, 34, 31931, 0), (14, 44, 35211, 0)


def piece(**more: object) -> PeSlice:
    known = {"cpu": "x86_64", "bits": 64, "kind": Kind.SHARED, "machine": 0x8664}
    return PeSlice(**{**known, **more})  # type: ignore[arg-type]


def module(
    *imports: str,
    linker: tuple[int, int] = (14, 44),
    library: str = RENAMED,
) -> PeSlice:
    return piece(
        linker_version=linker,
        needs=(Need(library=library),),
        imports=tuple(Symbol(name=name, library=library) for name in imports),
        exports=frozenset({"PyInit__m"}),
    )


def runtime(
    version: tuple[int, int, int, int] | None = OLD,
    name: str = "MSVCP140.dll",
    **more: object,
) -> PeSlice:
    return piece(name=name, file_version=version, **more)


def told(
    inside: Contents,
    *,
    exclude: tuple[str, ...] = (),
    neighbours: tuple[Neighbour, ...] = (),
) -> list[Finding]:
    audit = audit_of(inside, exclude, neighbours=neighbours)
    found = [one for part in audit.platforms for one in findings_of(part)]
    return [finding for finding in found if finding.code == "TW209"]


def wheel(
    code: PeSlice, own: PeSlice | None = None, name: str = "p.libs/" + RENAMED
) -> Contents:
    files: dict[str, PeSlice] = {"p/_m.pyd": code}
    if own is not None:
        files[name] = own
    return contents(**files)


# --- the wheel's own runtime --------------------------------------------------------------------------------------


def test_an_older_runtime_of_the_wheel_crashes_its_module() -> None:
    (found,) = told(wheel(module(*MUTEX), runtime()))
    assert found.severity is Severity.ERROR
    assert found.where == "p.libs/" + RENAMED
    assert found.message == (
        "modules crash when they first lock a std::mutex: the C++ runtime of the wheel is older than 14.40"
    )
    assert found.evidence == (
        f"p.libs/{RENAMED} is MSVCP140.dll, file version 14.34.31931.0",
        "p/_m.pyd imports _Mtx_lock without _Mtx_init_in_situ (linker 14.44)",
    )
    assert "_DISABLE_CONSTEXPR_MUTEX_CONSTRUCTOR" in (found.hint or "")


@pytest.mark.parametrize(
    ("code", "own"),
    [
        (module(*MUTEX), runtime((14, 40, 33810, 0))),
        (module(*CALLED), runtime((14, 42, 0, 0))),
        # Another DLL's mutex, before 14.40.
        (module(*MUTEX, linker=(14, 39)), runtime()),
        (module(), runtime((14, 40, 33810, 0))),
        (module(linker=(2, 40)), runtime()),
        # Python's own is in the process before.
        (
            module(linker=(14, 51)),
            runtime(name="VCRUNTIME140.dll"),
        ),
        # A library that is no runtime, whatever its file is called.
        (module(*MUTEX), runtime(name="other.dll")),
        # Code for another machine is not loaded.
        (module(*MUTEX), runtime(cpu="i686")),
    ],
)
def test_what_is_new_enough_or_no_runtime_is_not_told(
    code: PeSlice, own: PeSlice
) -> None:
    assert told(wheel(code, own)) == []


def test_a_runtime_without_a_version_is_as_old_as_its_linker() -> None:
    own = runtime(None, linker_version=(14, 29))
    (found,) = told(wheel(module(*MUTEX), own))
    assert found.severity is Severity.ERROR
    assert found.evidence[0].endswith("is MSVCP140.dll, linked by linker 14.29")


def test_a_build_with_an_older_runtime_is_refused() -> None:
    found = judge(wheel(module(*MUTEX), runtime()), Question(target=CP313)).findings
    assert Severity.ERROR in {one.severity for one in found if one.code == "TW209"}


def test_the_library_that_locks_is_what_has_to_be_new() -> None:
    names = (RENAMED, "vcomp140.dll")
    code = replace(module(*MUTEX), needs=tuple(Need(library=name) for name in names))
    inside = contents(
        **{
            "p/_m.pyd": code,
            "p/" + RENAMED: runtime(NEW),
            "p/vcomp140.dll": runtime(name="VCOMP140.DLL"),
        }
    )
    (found,) = told(inside)
    assert found.where == "p/vcomp140.dll"
    assert found.severity is Severity.NOTE


def test_a_linker_that_tells_no_toolset_leaves_a_doubt() -> None:
    (found,) = told(wheel(module(*MUTEX, linker=(14, 0)), runtime()))
    assert found.severity is Severity.WARNING


def test_a_runtime_that_the_loader_may_not_find_leaves_a_doubt() -> None:
    inside = wheel(module(*MUTEX), runtime(), name="q/data/" + RENAMED)
    (found,) = told(inside)
    assert found.severity is Severity.WARNING


def test_an_older_generation_is_a_note() -> None:
    (found,) = told(wheel(module(*CALLED, linker=(14, 51)), runtime(NEW)))
    assert found.severity is Severity.NOTE
    assert found.message == (
        "the wheel has a runtime of Visual C++ that is older than toolset 14.51, with which its modules were linked"
    )
    assert found.evidence[1:] == ("p/_m.pyd was linked by linker 14.51",)


def test_modules_of_several_toolsets_are_each_judged() -> None:
    inside = contents(
        **{
            "p/_a.pyd": module(*CALLED, linker=(14, 29)),
            "p/_b.pyd": module(*MUTEX, linker=(14, 44)),
            "p/_c.pyd": module(*MUTEX, linker=(14, 51)),
            "p/_d.pyd": module(*CALLED, linker=(14, 44)),
            "p/" + RENAMED: runtime(),
        }
    )
    (found,) = told(inside)
    assert [line.partition(" ")[0] for line in found.evidence[1:]] == [
        "p/_b.pyd",
        "p/_c.pyd",
    ]


def test_many_modules_are_counted() -> None:
    files = {f"p/_{number:03}.pyd": module(*MUTEX) for number in range(300)}
    (found,) = told(contents(**files, **{"p/" + RENAMED: runtime()}))
    assert len(found.evidence) == 7
    assert found.evidence[-1] == "and 295 more"


# --- somebody else's runtime --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exclude", "severity"),
    [((), Severity.NOTE), (("msvcp140.dll",), Severity.WARNING)],
)
def test_the_machines_runtime_has_to_be_new(
    exclude: tuple[str, ...], severity: Severity
) -> None:
    inside = wheel(module(*MUTEX, library="MSVCP140.dll"))
    (found,) = told(inside, exclude=exclude)
    assert found.severity is severity
    assert found.where == "p/_m.pyd"
    assert found.message == (
        "needs 14.40 or newer of the user's Visual C++ runtime: with an older one, the first lock of a std::mutex crashes"
    )


@pytest.mark.parametrize("imports", [CALLED, (), ("_Mtx_init_in_situ",)])
def test_any_runtime_of_the_machine_will_do_for_others(
    imports: tuple[str, ...],
) -> None:
    assert told(wheel(module(*imports, library="MSVCP140.dll"))) == []


@pytest.mark.parametrize(("version", "count"), [(OLD, 1), (NEW, 0)])
def test_another_distributions_runtime_is_judged(
    version: tuple[int, int, int, int], count: int
) -> None:
    other = Neighbour(
        distribution="runtime",
        version="1.0",
        contents=replace(
            contents(**{"p/msvcp140.dll": runtime(version)}), dist_info="r-1.dist-info"
        ),
    )
    inside = wheel(module(*MUTEX, library="MSVCP140.dll"))
    found = told(inside, neighbours=(other,))
    assert len(found) == count
    for finding in found:
        assert finding.severity is Severity.WARNING
        assert "the C++ runtime of runtime 1.0 is older" in finding.message


# --- published and real files -------------------------------------------------------------------------------------

HIGHSPY = published.Published(
    requirement="highspy==1.16.0",
    filename="highspy-1.16.0-cp312-cp312-win_amd64.whl",
    sha256="a22c5e1ce37254f19c01cc640a45d4afaec613d6648834636b5ce377c73b5cb1",
    family="windows",
)


def read(data: bytes) -> PeSlice:
    binary = formats.read(data)
    assert binary is not None
    (found,) = binary.slices
    assert isinstance(found, PeSlice)
    return found


def published_pieces(row: published.Published) -> dict[str, PeSlice]:
    path = published.have(row) or needs.missing(row.filename)
    with zipfile.ZipFile(path) as archive:
        return {
            name: read(archive.read(name))
            for name in archive.namelist()
            if name.endswith((".pyd", ".dll"))
        }


@pytest.mark.network
def test_a_published_wheel_with_an_older_runtime_crashes() -> None:
    """Highspy brings 14.40, the first that will do. With 14.34, its module would crash."""
    pieces = published_pieces(HIGHSPY)
    assert told(contents(**pieces)) == []
    (name,) = (name for name in pieces if "msvcp140" in name)
    older = read(visual_cpp.libraries(visual_cpp.X64_BEFORE_14_40)["msvcp140.dll"])
    assert older.file_version is not None
    assert older.file_version[:2] == (14, 34)
    (found,) = told(contents(**{**pieces, name: older}))
    assert found.severity is Severity.ERROR
    assert "highspy/_core" in found.evidence[1]


@pytest.mark.network
@pytest.mark.parametrize(
    ("row", "is_fine"),
    [(visual_cpp.X64_BEFORE_14_40, False), (visual_cpp.X64, True)],
    ids=["14.34", "14.51"],
)
def test_microsofts_older_runtime_really_crashes(
    tmp_path: Path, row: published.Published, *, is_fine: bool
) -> None:
    """A mutex of 14.40 is locked by Microsoft's own files, in Wine."""
    program = locking_program(tmp_path)
    libraries = visual_cpp.libraries(row)
    code = read(program.read_bytes())
    # MinGW's linker made it: the symbols and the runtime are what counts.
    code = replace(code, linker_version=(14, 44))
    own = read(libraries["msvcp140.dll"])
    found = told(wheel(code, own, "p/msvcp140.dll"))
    assert (found == []) is is_fine
    result = run_with(program, libraries)
    lines = result.stdout.splitlines()
    assert lines[0] == "locks"
    # Wine's debugger prints more when a program crashes.
    assert ("locked" in lines) is is_fine
    assert (result.returncode == 0) is is_fine

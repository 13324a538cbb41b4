"""Which runtime of Visual C++ is too old for which module: on values, and on published files."""

from __future__ import annotations

import zipfile

import pytest

from support import needs, published, visual_cpp
from truewheel import formats
from truewheel.model.binary import Kind, Need, PeSlice, Symbol
from truewheel.platforms.msvc_runtime import (
    BROUGHT_BY_PYTHON,
    DEBUG_RUNTIMES,
    RUNTIMES,
    Misfit,
    RuntimeMisfit,
    is_debug_runtime,
    misfits,
)

LIBRARY = "msvcp140.dll"


def piece(
    linker: tuple[int, int] = (14, 50),
    version: tuple[int, int, int, int] | None = None,
    *imports: str,
    library: str = "MSVCP140.dll",
) -> PeSlice:
    return PeSlice(
        cpu="x86_64",
        bits=64,
        kind=Kind.SHARED,
        machine=0x8664,
        linker_version=linker,
        file_version=version,
        needs=(Need(library=library),),
        imports=tuple(Symbol(name=name, library=library) for name in imports),
    )


@pytest.mark.parametrize(
    ("linker", "version", "kind"),
    [
        ((14, 44), (14, 44, 35211, 0), None),
        ((14, 29), (14, 44, 35211, 0), None),
        ((14, 44), (14, 40, 33810, 0), Misfit.OLDER_UPDATE),
        ((14, 51), (14, 44, 35211, 0), Misfit.OLDER_GENERATION),
        ((14, 29), (14, 16, 27012, 0), Misfit.OLDER_GENERATION),
        ((2, 40), (14, 0, 0, 0), None),  # binutils
        ((14, 0), (14, 0, 24215, 0), None),  # LLD, whatever it links
    ],
)
def test_a_runtime_is_compared_with_the_linker(
    linker: tuple[int, int],
    version: tuple[int, int, int, int],
    kind: Misfit | None,
) -> None:
    found = misfits(LIBRARY, piece(version=version), {"m.pyd": piece(linker)})
    if kind is None:
        assert found == ()
        return
    (row,) = found
    assert row == RuntimeMisfit(
        module="m.pyd", kind=kind, wanted=linker, found=version[:2]
    )


def test_a_runtime_without_a_version_is_as_old_as_its_linker() -> None:
    (found,) = misfits(LIBRARY, piece((14, 29)), {"m.pyd": piece((14, 44))})
    assert found.found == (14, 29)
    assert found.kind is Misfit.OLDER_GENERATION


def test_modules_that_do_not_need_it_ask_for_nothing() -> None:
    other = piece((14, 51), library="vcomp140.dll")
    assert misfits(LIBRARY, piece(version=(14, 20, 0, 0)), {"m.pyd": other}) == ()


@pytest.mark.parametrize(
    ("version", "imports", "is_wrong"),
    [
        ((14, 34, 0, 0), ("_Mtx_lock",), True),
        ((14, 39, 0, 0), ("_Mtx_lock", "other"), True),
        ((14, 40, 0, 0), ("_Mtx_lock",), False),
        ((14, 34, 0, 0), ("_Mtx_lock", "_Mtx_init_in_situ"), False),
        ((14, 34, 0, 0), ("_Mtx_init_in_situ",), False),
    ],
)
def test_a_mutex_that_nobody_initialises_needs_a_runtime_that_knows_it(
    version: tuple[int, int, int, int], imports: tuple[str, ...], is_wrong: bool
) -> None:
    module = piece((14, 0), None, *imports)
    found = misfits(LIBRARY, piece(version=version), {"m.pyd": module})
    if not is_wrong:
        assert found == ()
        return
    (row,) = found
    assert row.kind is Misfit.MUTEX
    assert row.wanted == (14, 40)


def test_what_may_crash_is_told_from_what_may_not() -> None:
    assert {kind for kind in Misfit if kind.is_fatal} == {
        Misfit.MUTEX,
        Misfit.OLDER_GENERATION,
    }


def test_debug_runtimes_are_told_from_others() -> None:
    assert not RUNTIMES & DEBUG_RUNTIMES
    assert all(
        map(is_debug_runtime, ("VCRUNTIME140D.dll", "ucrtbased.dll", "MFC140UD.DLL"))
    )
    assert not any(map(is_debug_runtime, (*RUNTIMES, "vcruntime140.dll", "d.dll")))


@pytest.mark.network
@pytest.mark.parametrize(
    "wheel",
    [visual_cpp.X64_OLD, visual_cpp.X64, visual_cpp.ARM64],
    ids=lambda wheel: wheel.filename[13:],
)
def test_microsofts_libraries_are_those_of_the_table(
    wheel: published.Published,
) -> None:
    found = visual_cpp.libraries(wheel)
    assert found.keys() <= RUNTIMES
    assert found.keys() >= BROUGHT_BY_PYTHON | {"msvcp140.dll", "vcomp140.dll"}
    # Each fits those that came with it.
    slices = {name: read(data) for name, data in found.items()}
    for name, runtime in slices.items():
        assert misfits(name, runtime, slices) == ()


def read(data: bytes) -> PeSlice:
    binary = formats.read(data)
    assert binary is not None
    (found,) = binary.slices
    assert isinstance(found, PeSlice)
    return found


SHAPELY = published.Published(
    requirement="shapely==2.2.0",
    filename="shapely-2.2.0-cp313-cp313-win_amd64.whl",
    sha256="1eaa2cb64cdedaf65d6bc86f2819c9cd7d6d68f969aa3ebfdc93743ab581f437",
    family="windows",
)


@pytest.mark.network
def test_a_published_module_with_an_older_runtime_is_told() -> None:
    """Shapely brings 14.44 with it; 14.42, which another build machine may have, is older than its modules' linker."""
    path = published.have(SHAPELY) or needs.missing(SHAPELY.filename)
    with zipfile.ZipFile(path) as archive:
        modules = {
            name: read(archive.read(name))
            for name in archive.namelist()
            if name.endswith((".pyd", ".dll"))
        }
    needed = {need.library for module in modules.values() for need in module.needs}
    (library,) = {name for name in needed if name.lower().startswith("msvcp140")}
    own = next(module for name, module in modules.items() if name.endswith(library))
    assert own.file_version is not None
    assert misfits(library, own, modules) == ()
    older = read(visual_cpp.libraries(visual_cpp.X64_OLD)["msvcp140.dll"])
    found = misfits(library, older, modules)
    assert found
    assert {row.kind for row in found} == {Misfit.OLDER_UPDATE}
    assert {row.found for row in found} == {(14, 42)}

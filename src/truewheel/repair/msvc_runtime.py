"""Which of Visual C++'s runtime libraries may go into a wheel, and whether one is too old for the modules that use it.

Sources:

* what may be redistributed: https://learn.microsoft.com/en-us/cpp/windows/determining-which-dlls-to-redistribute
* a runtime has to be at least as new as the newest toolset that any part was compiled with:
  https://learn.microsoft.com/en-us/cpp/porting/binary-compat-2015-2017
* ``std::mutex`` without ``_Mtx_init_in_situ``: its constructor became constexpr in 14.40, and a mutex made so crashes in an
  older runtime: https://github.com/microsoft/STL/wiki/Changelog

The files themselves bear the second out: 14.51.36247 of 2026 was linked by linker 14.50, and modules of one wheel by up to
14.44 with a runtime of 14.40. Exports tell nothing: ``msvcp140.dll`` has had the same 1,515 from 14.23 to 14.51. Pure.
"""

from __future__ import annotations

from ..model.record import Enum, Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..model.binary import PeSlice

BROUGHT_BY_PYTHON = frozenset({"vcruntime140.dll", "vcruntime140_1.dll"})
"""What CPython's installations for Windows have beside ``python.exe``: never to be bundled. Its own extension modules use it,
so it is loaded before any module of a wheel."""

RUNTIMES = BROUGHT_BY_PYTHON | {
    "concrt140.dll",
    "mfc140.dll",
    "mfc140u.dll",
    "mfcm140.dll",
    "mfcm140u.dll",
    "msvcp140.dll",
    "msvcp140_1.dll",
    "msvcp140_2.dll",
    "msvcp140_atomic_wait.dll",
    "msvcp140_codecvt_ids.dll",
    "vcamp140.dll",
    "vccorlib140.dll",
    "vcomp140.dll",
    "vcruntime140_threads.dll",
}
"""The libraries of Visual C++ 2015 and newer, which share one version."""

DEBUG_RUNTIMES = frozenset(
    {
        "concrt140d.dll",
        "mfc140d.dll",
        "mfc140ud.dll",
        "mfcm140d.dll",
        "mfcm140ud.dll",
        "msvcp140_1d.dll",
        "msvcp140_2d.dll",
        "msvcp140d.dll",
        "msvcp140d_atomic_wait.dll",
        "msvcp140d_codecvt_ids.dll",
        "ucrtbased.dll",
        "vcamp140d.dll",
        "vccorlib140d.dll",
        "vcomp140d.dll",
        "vcruntime140_1d.dll",
        "vcruntime140_threadsd.dll",
        "vcruntime140d.dll",
        # Visual C++ 2013, 2012, 2010 and 2008
        "msvcp120d.dll",
        "msvcp110d.dll",
        "msvcp100d.dll",
        "msvcp90d.dll",
        "msvcr120d.dll",
        "msvcr110d.dll",
        "msvcr100d.dll",
        "msvcr90d.dll",
        # Visual C++ 6 and mingw
        "msvcrtd.dll",
    }
)
"""What a debug configuration needs. Its licence forbids to pass it on, and no other machine has it."""

_VISUAL_CPP = 14
"""The first number of linkers since 2015. Others: 2 is binutils; LLD says 14.0, which asks for nothing."""
CONSTEXPR_MUTEX = (14, 40)
"""The first runtime that takes a ``std::mutex`` on which no function was called before it is locked."""


class Misfit(Enum):
    """Why a runtime does not fit a module."""

    MUTEX = "locks a mutex that this runtime believes to be initialised"
    OLDER_GENERATION = "compiled by a toolset of a later generation"
    OLDER_UPDATE = "compiled by a later update of the same generation"

    @property
    def is_fatal(self) -> bool:
        """Whether modules may crash. Within a generation (14.40 to 14.49) the runtime's own interface has not changed."""
        return self is not Misfit.OLDER_UPDATE


class RuntimeMisfit(Record):
    """A runtime that is older than a module asks for.

    :param module: its path.
    :param wanted: major and minor number of the runtime that it asks for, at least.
    :param found: of the runtime that is to be bundled.
    """

    module: str
    kind: Misfit
    wanted: tuple[int, int]
    found: tuple[int, int]


def is_debug_runtime(library: str) -> bool:
    """Whether a library is for debugging alone; upper and lower case are the same.

    >>> is_debug_runtime("MSVCP140D.dll"), is_debug_runtime("msvcp140.dll")
    (True, False)
    """
    return library.lower() in DEBUG_RUNTIMES


def misfits(
    library: str,
    runtime: PeSlice,
    modules: Mapping[str, PeSlice],
) -> tuple[RuntimeMisfit, ...]:
    """Return the modules for which a runtime library is too old, in order of path, each with the gravest reason.

    :param library: what modules call it: one of :data:`RUNTIMES`.
    :param runtime: what is to be bundled.
    :param modules: the modules and libraries of the wheel, by path. Those that do not need it ask for nothing.
    """
    found = _version(runtime)
    wrong = []
    for path, module in sorted(modules.items()):
        if not _needs(module, library):
            continue
        reason = _misfit(found, module)
        if reason is None:
            continue
        kind, wanted = reason
        row = RuntimeMisfit(
            module=path,
            kind=kind,
            wanted=wanted,
            found=found,
        )
        wrong.append(row)
    return tuple(wrong)


def _needs(
    module: PeSlice,
    library: str,
) -> bool:
    # Upper and lower case are the same to Windows.
    wanted = library.lower()
    return any(need.library.lower() == wanted for need in module.needs)


def _version(runtime: PeSlice) -> tuple[int, int]:
    """Return major and minor number of a runtime; where it has no version resource, those of its linker, which is as old."""
    if runtime.file_version is None:
        return runtime.linker_version
    return runtime.file_version[0], runtime.file_version[1]


def _misfit(
    found: tuple[int, int],
    module: PeSlice,
) -> tuple[Misfit, tuple[int, int]] | None:
    """Return why a module needs a newer runtime, and which."""
    linker = module.linker_version
    if found < CONSTEXPR_MUTEX and _has_constexpr_mutex(module):
        return Misfit.MUTEX, max(CONSTEXPR_MUTEX, linker)
    # Other linkers have numbers of their own.
    if linker[0] != _VISUAL_CPP:
        return None
    if linker <= found:
        return None
    if _generation(linker) > _generation(found):
        return Misfit.OLDER_GENERATION, linker
    return Misfit.OLDER_UPDATE, linker


def _generation(version: tuple[int, int]) -> tuple[int, int]:
    # Toolsets of Visual Studio 2017, 2019, 2022 and 2026 begin with 14.1, 14.2, 14.3 and 14.4, 14.5.
    major, minor = version
    return major, minor // 10


def _has_constexpr_mutex(module: PeSlice) -> bool:
    """Whether a module locks mutexes of the C++ library, and lets nothing initialise them."""
    names = {symbol.name for symbol in module.imports}
    return "_Mtx_lock" in names and "_Mtx_init_in_situ" not in names

"""The runtime libraries of Visual C++: which there are, and whether one is too old for the modules that use it.

One rule for both who ask: the audit, of the runtime that a wheel brings, and a repair, of the one that it is to copy.

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
"""The first number of linkers since 2015. Others: 2 is binutils."""
_LLD = (14, 0)
"""LLD's linker version, whatever toolset's objects it links: it tells nothing. So does that of Visual Studio 2015."""
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
    wrong = []
    for path, module in sorted(modules.items()):
        if not _needs(module, library):
            continue
        misfit = misfit_of(
            path,
            module,
            library,
            runtime,
        )
        if misfit is not None:
            wrong.append(misfit)
    return tuple(wrong)


def misfit_of(
    path: str,
    module: PeSlice,
    library: str,
    runtime: PeSlice,
) -> RuntimeMisfit | None:
    """Return the gravest reason why a runtime is too old for a module that uses it; ``None`` when it is not.

    :param library: what the module calls the runtime.
    """
    found = _version(runtime)
    reason = _misfit(found, module, library)
    if reason is None:
        return None
    kind, wanted = reason
    return RuntimeMisfit(
        module=path,
        kind=kind,
        wanted=wanted,
        found=found,
    )


def runtime_name(piece: PeSlice) -> str | None:
    """Return which of :data:`RUNTIMES` a file is, by the name in its export table; ``None`` when it is none of them.

    Tools that rename a copy (``msvcp140-0123abcd.dll``) leave that name as it is: Windows does not look at it.
    """
    name = (piece.name or "").lower()
    return name if name in RUNTIMES else None


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
    library: str,
) -> tuple[Misfit, tuple[int, int]] | None:
    """Return why a module needs a newer runtime, and which."""
    linker = module.linker_version
    if found < CONSTEXPR_MUTEX and locks_constexpr_mutex(module, library):
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


def locks_constexpr_mutex(module: PeSlice, library: str) -> bool:
    """Return whether a module lets a library lock mutexes of C++, and nothing initialise them.

    Before 14.40, a module could do so with the mutexes of another DLL only. One that was compiled with
    ``_DISABLE_CONSTEXPR_MUTEX_CONSTRUCTOR`` imports what initialises them.
    """
    # A linker has to be as new as the newest object that it links.
    if _LLD < module.linker_version < CONSTEXPR_MUTEX:
        return False
    names = _imports_from(module, library)
    return "_Mtx_lock" in names and "_Mtx_init_in_situ" not in names


def _imports_from(module: PeSlice, library: str) -> set[str]:
    wanted = library.lower()
    found = set()
    for symbol in module.imports:
        if symbol.library is not None and symbol.library.lower() == wanted:
            found.add(symbol.name)
    return found


def is_linker_of_constexpr_mutex(module: PeSlice) -> bool:
    """Return whether Visual C++'s own linker made a module, with a toolset whose mutexes need no call."""
    major, _ = module.linker_version
    return major == _VISUAL_CPP and module.linker_version >= CONSTEXPR_MUTEX

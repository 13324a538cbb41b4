"""Whether the runtime libraries of Visual C++ that modules get are new enough for them (TW209).

Which one is too old is decided by :mod:`~truewheel.platforms.msvc_runtime`, for repairs as well. Here it is decided which
runtime a module gets: one of the wheel, one of another distribution, or whatever the user's machine has. Modules of one wheel
come from different compilers, so each is judged for itself. Pure.
"""

from __future__ import annotations

from ..model.audit import ExcludedBy, External, InWheel, Missing, SuppliedBy
from ..model.binary import PeSlice
from ..model.finding import Finding, Severity
from ..model.record import Record
from ..model.tags import dotted
from ..platforms.msvc_runtime import (
    BROUGHT_BY_PYTHON,
    CONSTEXPR_MUTEX,
    Misfit,
    is_linker_of_constexpr_mutex,
    locks_constexpr_mutex,
    misfit_of,
    runtime_name,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..model.audit import Linkage, LoadableSlice, PlatformAudit
    from ..platforms.msvc_runtime import RuntimeMisfit

_CPP_LIBRARY = "msvcp140.dll"
"""Where ``std::mutex`` lives, as modules name it whose runtime was not renamed."""
_MUTEX = dotted(CONSTEXPR_MUTEX)
_MOST_TOLD = 5
"""How many modules are told of by name."""
_TAKE_NEWER = "take the runtime of the newest compiler that built a part of the wheel, or a newer one: truewheel repair --search DIR"
_COMPILE = "or compile with /D_DISABLE_CONSTEXPR_MUTEX_CONSTRUCTOR"


class _Pair(Record):
    """A module, and the runtime that it gets.

    :param whose: who brings the runtime: the wheel, or another distribution with its version.
    :param is_found: whether the loader finds it from the module.
    :param misfit: why it is too old.
    """

    module: PeSlice
    runtime: LoadableSlice
    whose: str
    is_found: bool
    misfit: RuntimeMisfit


def old_runtimes(part: PlatformAudit) -> Iterator[Finding]:
    """Yield what is to be said of runtimes of Visual C++ (TW209): one finding for each, and one for the user's own."""
    modules = {
        code.path: code.slice for code in part.files if isinstance(code.slice, PeSlice)
    }
    runtimes = _Runtimes(part)
    pairs: dict[str, list[_Pair]] = {}
    asks_the_machine = []
    for link in part.linkage:
        module = modules.get(link.file)
        if module is None:
            continue
        if _is_the_machines(link) and locks_constexpr_mutex(module):
            asks_the_machine.append((link, module))
        pair = _pair(link, module, runtimes.of(link))
        if pair is not None:
            pairs.setdefault(pair.runtime.path, []).append(pair)
    for group in pairs.values():
        yield _of_one_runtime(group)
    if asks_the_machine:
        yield _machines_runtime(asks_the_machine)


# --- which runtime a module gets --------------------------------------------------------------------------------


def _is_the_machines(link: Linkage) -> bool:
    """Return whether the user's machine is to have the C++ library: its installer is called Redistributable."""
    if link.need.library.lower() != _CPP_LIBRARY:
        return False
    return isinstance(link.source, (Missing, External, ExcludedBy))


class _Runtimes:
    """The runtimes of the wheel and of other distributions, by the places that a linkage names."""

    def __init__(self, part: PlatformAudit) -> None:
        self._own = {code.path: code for code in part.files if _is_runtime(code)}
        self._beside = {
            (other.distribution, other.code.installed): other.code
            for other in part.beside
            if _is_runtime(other.code)
        }

    def of(self, link: Linkage) -> LoadableSlice | None:
        """Return the runtime that a library is; ``None`` when it is another library, or nobody's."""
        source = link.source
        if isinstance(source, InWheel):
            return self._own.get(source.path)
        if isinstance(source, SuppliedBy):
            return self._beside.get((source.distribution, source.path))
        return None


def _is_runtime(code: LoadableSlice) -> bool:
    if not isinstance(code.slice, PeSlice):
        return False
    name = runtime_name(code.slice)
    # Python's own is in the process already, so a copy of it is never used.
    return name is not None and name not in BROUGHT_BY_PYTHON


def _pair(
    link: Linkage, module: PeSlice, runtime: LoadableSlice | None
) -> _Pair | None:
    """Return a module with the runtime that it gets, when that is too old for it."""
    if runtime is None or not isinstance(runtime.slice, PeSlice):
        return None
    # Microsoft's runtime for arm64 serves code for x64 as well (ARM64X).
    if runtime.cpu != link.cpu and runtime.slice.hybrid is None:
        return None
    misfit = misfit_of(link.file, module, runtime.slice)
    # Within a generation, the runtime's own interface has not changed, and many published wheels have an older one.
    if misfit is None or not misfit.kind.is_fatal:
        return None
    source = link.source
    is_own = isinstance(source, InWheel)
    whose = "the wheel"
    if isinstance(source, SuppliedBy):
        whose = f"{source.distribution} {source.version}"
    return _Pair(
        module=module,
        runtime=runtime,
        whose=whose,
        is_found=is_own and source.reachable,
        misfit=misfit,
    )


# --- what is said of it -----------------------------------------------------------------------------------------


def _of_one_runtime(group: Sequence[_Pair]) -> Finding:
    """Return what is to be said of one runtime and the modules that it is too old for."""
    crashing = [pair for pair in group if pair.misfit.kind is Misfit.MUTEX]
    if crashing:
        return _crash(crashing)
    first = group[0]
    newest = max(pair.misfit.wanted for pair in group)
    return Finding(
        code="TW209",
        # Nothing is known to fail. Microsoft promises nothing, and published wheels do so.
        severity=Severity.NOTE,
        where=first.runtime.path,
        message=f"{first.whose} has a runtime of Visual C++ that is older than toolset {dotted(newest)}, with which its modules were linked",
        evidence=(_version_line(first), *_limited(map(_linked, group))),
        hint=f"Microsoft supports a runtime that is at least as new as every toolset: {_TAKE_NEWER}",
    )


def _crash(group: Sequence[_Pair]) -> Finding:
    """Return that modules crash: a mutex without an initialiser is a null pointer to an older runtime."""
    first = group[0]
    # What LLD linked does not say its toolset, and what the loader does not find may not be what is loaded.
    is_certain = any(
        pair.is_found and is_linker_of_constexpr_mutex(pair.module) for pair in group
    )
    return Finding(
        code="TW209",
        severity=Severity.ERROR if is_certain else Severity.WARNING,
        where=first.runtime.path,
        message=f"modules crash when they first lock a std::mutex: the C++ runtime of {first.whose} is older than {_MUTEX}",
        evidence=(
            _version_line(first),
            *_limited(_locks(pair.misfit.module, pair.module) for pair in group),
        ),
        hint=f"{_TAKE_NEWER}, {_COMPILE}",
    )


def _machines_runtime(asking: Sequence[tuple[Linkage, PeSlice]]) -> Finding:
    """Return that the user's own runtime has to be new: an old one is there more often than none."""
    return Finding(
        code="TW209",
        # That nobody brings the runtime is a warning of its own (TW201), unless the project says who does.
        severity=Severity.NOTE,
        where=asking[0][0].file,
        message=f"needs {_MUTEX} or newer of the user's Visual C++ runtime: with an older one, the first lock of a std::mutex crashes",
        evidence=_limited(_locks(link.file, module) for link, module in asking),
        hint=f"let truewheel repair copy the runtime into the wheel, tell users which Redistributable they need, {_COMPILE}",
    )


def _locks(path: str, module: PeSlice) -> str:
    return f"{path} imports _Mtx_lock without _Mtx_init_in_situ (linker {dotted(module.linker_version)})"


def _linked(pair: _Pair) -> str:
    return f"{pair.misfit.module} was linked by linker {dotted(pair.misfit.wanted)}"


def _version_line(pair: _Pair) -> str:
    piece = pair.runtime.slice
    name = piece.name or ""
    version = piece.file_version if isinstance(piece, PeSlice) else None
    if version is None:
        return f"{pair.runtime.path} is {name}, linked by linker {dotted(pair.misfit.found)}"
    return f"{pair.runtime.path} is {name}, file version {dotted(version)}"


def _limited(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the first lines, and how many more there are."""
    every = list(dict.fromkeys(lines))
    more = len(every) - _MOST_TOLD
    if more <= 0:
        return tuple(every)
    return (*every[:_MOST_TOLD], f"and {more} more")

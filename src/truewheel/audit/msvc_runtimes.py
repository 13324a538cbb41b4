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
    for group in _too_old(part).values():
        crashing = [pair for pair in group if pair.misfit.kind is Misfit.MUTEX]
        yield _crash(crashing) if crashing else _older_generation(group)
    asking = tuple(_asking_the_machine(part))
    if asking:
        yield _machines_runtime(asking)


# --- which runtime a module gets --------------------------------------------------------------------------------


def _too_old(part: PlatformAudit) -> dict[str, list[_Pair]]:
    """Return the modules with runtimes that are too old for them, by the path of the runtime."""
    runtimes = _Runtimes(part)
    found: dict[str, list[_Pair]] = {}
    for link, module in _linkage_of_modules(part):
        runtime = runtimes.of(link)
        pair = None if runtime is None else _pair(link, module, runtime)
        if pair is not None:
            found.setdefault(pair.runtime.path, []).append(pair)
    return found


def _asking_the_machine(part: PlatformAudit) -> Iterator[tuple[Linkage, PeSlice]]:
    """Yield the modules whose mutexes the C++ library of the user's machine has to know."""
    for link, module in _linkage_of_modules(part):
        library = link.need.library
        # Its installer for users is called Redistributable.
        is_the_machines = isinstance(link.source, (Missing, External, ExcludedBy))
        if not is_the_machines or library.lower() != _CPP_LIBRARY:
            continue
        if locks_constexpr_mutex(module, library):
            yield link, module


def _linkage_of_modules(part: PlatformAudit) -> Iterator[tuple[Linkage, PeSlice]]:
    """Yield every library that is needed, with what needs it."""
    # A PE file has one slice.
    modules = {code.path: code.slice for code in part.files}
    for link in part.linkage:
        module = modules.get(link.file)
        if isinstance(module, PeSlice):
            yield link, module


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


def _pair(link: Linkage, module: PeSlice, runtime: LoadableSlice) -> _Pair | None:
    """Return a module with the runtime that it gets, when that is too old for it."""
    piece = runtime.slice
    if not isinstance(piece, PeSlice):
        return None
    # Microsoft's runtime for arm64 serves code for x64 as well (ARM64X).
    if runtime.cpu != link.cpu and piece.hybrid is None:
        return None
    misfit = misfit_of(
        link.file,
        module,
        link.need.library,
        piece,
    )
    # Within a generation, the runtime's own interface has not changed, and many published wheels have an older one.
    if misfit is None or not misfit.kind.is_fatal:
        return None
    return _Pair(
        module=module,
        runtime=runtime,
        whose=_supplier(link),
        is_found=_is_found(link),
        misfit=misfit,
    )


def _supplier(link: Linkage) -> str:
    if isinstance(link.source, SuppliedBy):
        return f"{link.source.distribution} {link.source.version}"
    return "the wheel"


def _is_found(link: Linkage) -> bool:
    """Return whether a module gets this runtime for sure: another distribution may be installed in another version."""
    return isinstance(link.source, InWheel) and link.source.reachable


# --- what is said of it -----------------------------------------------------------------------------------------


def _older_generation(group: Sequence[_Pair]) -> Finding:
    """Return that a runtime is older than the toolset of its modules."""
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
    is_excluded = any(isinstance(link.source, ExcludedBy) for link, _ in asking)
    return Finding(
        code="TW209",
        # That nobody brings the runtime is a warning of its own (TW201), with the same cure, unless it is excluded.
        severity=Severity.WARNING if is_excluded else Severity.NOTE,
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

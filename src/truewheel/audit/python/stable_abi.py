"""The stable ABI as a table, and what a module that keeps to it may not import. Pure.

:func:`find_breaches` decides TW402 (a name that is not in it) and TW403 (one that is newer than the claimed Python).

Sources:

* CPython's ``Misc/stable_abi.toml`` through abi3info (``stable_abi.json``, written by ``docs/regenerate/stable_abi.py``);
* PEP 384 and https://docs.python.org/3/c-api/stable.html;
* ``early_exports.json``, written by ``docs/regenerate/early_exports.py`` from what interpreters export;
* PEP 803 (``abi3t`` hides how references are counted).
"""

from __future__ import annotations

import functools

from ...data_tables import table
from ...model.binary import Format
from ...model.finding import Finding, Severity
from ...model.floor import Evidence, Floor
from ...model.record import Enum, Record, replace
from . import c_api
from .libraries import names_from_beside, own_names, unknown_libraries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from ...model.audit import LibraryBeside
    from ...model.contents import Contents
    from .interpreters import CompatiblePythons, Version
    from .modules import Module


class BreachCause(Enum):
    """Why a module may not import a name; the value follows "NAME is"."""

    NOT_THERE = "not in the stable ABI"
    WINDOWS_ONLY = "in the stable ABI on Windows only"
    FORK_ONLY = "in the stable ABI on systems with fork() only"
    DEBUG_ONLY = "in the stable ABI in debug builds only"
    COUNTS_REFERENCES = "not for free-threaded Pythons: abi3t hides reference counts"
    DEFINES_MODULE = "not for free-threaded Pythons: abi3t has no PyModuleDef"
    TOO_NEW = "in the stable ABI only from a later Python on"


_CONDITIONS: Mapping[str | None, tuple[BreachCause | None, frozenset[Format]]] = {
    "MS_WINDOWS": (
        BreachCause.WINDOWS_ONLY,
        frozenset({Format.ELF, Format.MACHO, Format.WASM}),
    ),
    "HAVE_FORK": (BreachCause.FORK_ONLY, frozenset({Format.PE, Format.WASM})),
    "Py_REF_DEBUG": (BreachCause.DEBUG_ONLY, frozenset(Format)),
}
"""By the macro of ``stable_abi.toml``: where such names are, and the formats of the systems where they are not."""
_UNCONDITIONAL: tuple[BreachCause | None, frozenset[Format]] = (None, frozenset())
_MOST_NAMES = 8
"""Names of one module that are listed."""


class Breach(Record):
    """Names that a module may not import, all for one cause.

    :param names: sorted.
    :param claimed: the oldest Python that the wheel claims.
    :param maybe_from: libraries outside of the wheel that may define the names, so that nothing is proved.
    """

    module: Module
    cause: BreachCause
    names: tuple[str, ...]
    claimed: Version
    maybe_from: tuple[str, ...] = ()

    @property
    def evidence(self) -> tuple[str, ...]:
        """The imports that break the promise, and what leaves doubt about them."""
        listed = [
            _import_as_evidence(self.module, name) for name in self.names[:_MOST_NAMES]
        ]
        if len(self.names) > _MOST_NAMES:
            listed.append(f"and {len(self.names) - _MOST_NAMES} more")
        if self.maybe_from:
            listed.append(
                f"it may be from {', '.join(self.maybe_from)}, which is not in the wheel"
            )
        return tuple(listed)


# --- the table --------------------------------------------------------------------------------------------------


def _document() -> Mapping[str, Any]:
    """Return the table as it is stored: ``added`` and ``conditions``, both by name."""
    return table("audit/python/stable_abi.json")


@functools.cache
def symbols() -> Mapping[str, Version]:
    """Return the names of the stable ABI, with the version that each came in."""
    added: Mapping[str, str] = _document()["added"]
    return {name: _version(version) for name, version in added.items()}


def _version(text: str) -> Version:
    """Return ``(3, 10)`` for ``3.10``."""
    major, minor = text.split(".")
    return int(major), int(minor)


def _written(version: Version) -> str:
    """Return ``3.10`` for ``(3, 10)``."""
    return f"{version[0]}.{version[1]}"


# --- floors -----------------------------------------------------------------------------------------------------


def oldest_python_floors(modules: Iterable[Module]) -> tuple[Floor, ...]:
    """Return the oldest Python that has every name of the stable ABI which modules import, with the newest names."""
    by_version: dict[Version, list[Evidence]] = {}
    for module in modules:
        for name in sorted(module.imports() & symbols().keys()):
            added = symbols()[name]
            evidence = Evidence(
                file=module.path,
                symbol=name,
                fact=f"in the stable ABI since {_written(added)}",
            )
            by_version.setdefault(added, []).append(evidence)
    if not by_version:
        return ()
    newest = max(by_version)
    return (Floor(of="python", version=newest, evidence=tuple(by_version[newest])),)


# --- breaches ---------------------------------------------------------------------------------------------------


def find_breaches(
    modules: Iterable[Module],
    version: Version,
    *,
    threaded: bool,
    contents: Contents,
    beside: Sequence[LibraryBeside] = (),
) -> Iterator[Breach]:
    """Yield what modules import that the stable ABI of ``version`` has not: for each module one breach a cause.

    :param threaded: whether ``abi3t`` is claimed, which hides how references are counted (PEP 803).
    :param contents: of the wheel: names that it defines itself are not Python's.
    :param beside: libraries of other distributions, whose names are not Python's either.
    """
    own = own_names(contents)
    for module in modules:
        by_cause: dict[BreachCause, list[str]] = {}
        # A module may have a file for each: only Pythons with the GIL look for .abi3.so.
        is_shared = threaded and module.abi_tag != "abi3"
        known = own | names_from_beside(module, beside)
        for name in sorted(module.imports() - known):
            cause = _find_cause(name, module.format, version, threaded=is_shared)
            if cause is not None:
                by_cause.setdefault(cause, []).append(name)
        for cause, names in by_cause.items():
            # A name that Python's table lacks may be another library's, where the file does not say whose it is.
            others = (
                unknown_libraries(module, contents, beside)
                if cause is BreachCause.NOT_THERE
                else ()
            )
            yield Breach(
                module=module,
                cause=cause,
                names=tuple(names),
                claimed=version,
                maybe_from=others,
            )


def _find_cause(
    name: str, form: Format, version: Version, *, threaded: bool
) -> BreachCause | None:
    """Return why a module may not import ``name``; ``None`` when it may."""
    if name not in symbols():
        return BreachCause.NOT_THERE
    macro = _document()["conditions"].get(name)
    cause, missing_in = _CONDITIONS.get(macro, _UNCONDITIONAL)
    if form in missing_in:
        return cause
    # PEP 803: inlined reference counting calls it, and abi3t has none.
    if threaded and name == c_api.GIL_ONLY:
        return BreachCause.COUNTS_REFERENCES
    if threaded and name in c_api.TAKES_DEFINITION:
        return BreachCause.DEFINES_MODULE
    if symbols()[name] > version:
        return BreachCause.TOO_NEW
    return None


def check_stable_abi(
    modules: Sequence[Module],
    claimed: Sequence[CompatiblePythons],
    contents: Contents,
    beside: Sequence[LibraryBeside] = (),
) -> Iterator[Finding]:
    """Report what is not in the stable ABI of the oldest Python that claims it: TW402, TW403.

    :param modules: and libraries whose names tell no version.
    :param beside: libraries of other distributions that are installed beside the wheel.
    """
    versions = [pythons.version for pythons in claimed if pythons.version is not None]
    oldest = min(versions)
    is_threaded = any(pythons.free_threaded for pythons in claimed)
    for breach in find_breaches(
        modules, oldest, threaded=is_threaded, contents=contents, beside=beside
    ):
        yield breach_finding(breach, is_exported=is_exported_early(breach))


def is_exported_early(breach: Breach) -> bool:
    """Return whether names that are only too new were in the interpreters of the claimed Python all the same.

    Most functions are much older than their place in the stable ABI. A module on Linux and macOS takes names from the
    interpreter, which does not ask what was promised. On Windows it takes them from python3.dll, which has the promised
    ones only.
    """
    if breach.cause is not BreachCause.TOO_NEW:
        return False
    if breach.module.format is Format.PE:
        return False
    return all(_is_exported(name, breach.claimed) for name in breach.names)


def _is_exported(name: str, version: Version) -> bool:
    """Return whether a CPython exports a name that came into the stable ABI after it."""
    exported: Mapping[str, str] = table("audit/python/early_exports.json")["exported"]
    since = exported.get(name)
    return since is not None and _version(since) <= version


# --- findings ---------------------------------------------------------------------------------------------------


def breach_finding(breach: Breach, *, is_exported: bool = False) -> Finding:
    """Return the finding about a breach in a wheel that claims the stable ABI: TW403 when it is only too new.

    :param is_exported: whether the claimed Python has the names by chance, so that the import succeeds.
    """
    if breach.cause is BreachCause.TOO_NEW:
        return _too_new(breach, is_exported=is_exported)
    hint = "compile with Py_LIMITED_API, or drop wheel.py-api to get a version-specific wheel"
    if breach.maybe_from:
        hint = f"if another wheel has that library, name it: --with WHEEL; else {hint}"
    return Finding(
        code="TW402",
        severity=Severity.WARNING if breach.maybe_from else Severity.ERROR,
        where=breach.module.path,
        message=f"{_name_all(breach.names)} {breach.cause.value}",
        evidence=breach.evidence,
        hint=hint,
    )


def _too_new(breach: Breach, *, is_exported: bool) -> Finding:
    """Return TW403, newest names first."""
    names = sorted(breach.names, key=symbols().__getitem__, reverse=True)
    breach = replace(breach, names=tuple(names))
    newest, oldest = symbols()[names[0]], symbols()[names[-1]]
    since = f"Python {_written(newest)}"
    if newest != oldest:
        since = f"Pythons {_written(oldest)} to {_written(newest)}"
    limit = f"0x03{breach.claimed[1]:02X}0000"
    evidence = [
        *breach.evidence,
        f"the wheel claims Python {_written(breach.claimed)}",
    ]
    if is_exported:
        evidence.append(
            "CPython of that version exports it, though it does not promise to"
        )
    return Finding(
        code="TW403",
        severity=Severity.WARNING if is_exported else Severity.ERROR,
        where=breach.module.path,
        message=f"{_name_all(breach.names)} in the stable ABI only from {since} on",
        evidence=tuple(evidence),
        hint=f'set Py_LIMITED_API to {limit}, or claim wheel.py-api = "cp{newest[0]}{newest[1]}"',
    )


def _name_all(names: tuple[str, ...]) -> str:
    """Return the beginning of a sentence about several names."""
    if len(names) == 1:
        return f"{names[0]} is"
    return f"{names[0]} and {len(names) - 1} more are"


def _import_as_evidence(module: Module, name: str) -> str:
    """Return an import in words, with the version that the name came in."""
    added = symbols().get(name)
    if added is None:
        return f"{module.path} imports {name}"
    return f"{module.path} imports {name}, new in {_written(added)}"

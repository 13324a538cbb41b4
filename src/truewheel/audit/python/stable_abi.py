"""The stable ABI as a table: which symbols it has, since which Python, and where. Pure.

Source: CPython's ``Misc/stable_abi.toml`` through abi3info (``stable_abi.json``, ``docs/regenerate/stable_abi.py``).
"""

from __future__ import annotations

import functools

from ...data_tables import table
from ...model.binary import Format
from ...model.finding import Finding, Severity
from ...model.floor import Evidence, Floor
from .modules import GIL_ONLY, own_names, strangers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from ...model.contents import Contents
    from .modules import Module

_ELSEWHERE: Mapping[str, tuple[str, frozenset[Format]]] = {
    "MS_WINDOWS": ("on Windows only", frozenset({Format.ELF, Format.MACHO, Format.WASM})),
    "HAVE_FORK": ("on systems with fork() only", frozenset({Format.PE, Format.WASM})),
    "Py_REF_DEBUG": ("in debug builds only", frozenset(Format)),
}
"""By the macro of ``stable_abi.toml``: where such symbols are, and the formats of the systems where they are not."""
_MOST = 8
"""Symbols that are named of one module."""


def _document() -> Mapping[str, Any]:
    return table("audit/python/stable_abi.json")


@functools.cache
def symbols() -> Mapping[str, tuple[int, int]]:
    """Names of the stable ABI, with the version that each came in."""
    return {name: _version(added) for name, added in _document()["added"].items()}


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)


def breaches(
    found: Iterable[Module], version: tuple[int, int], *, threaded: bool, contents: Contents
) -> Iterator[Finding]:
    """Symbols that a stable-ABI module of ``version`` may not import: of each module one finding for each reason.

    :param threaded: whether ``abi3t`` is claimed, which hides how references are counted (PEP 803).
    :param contents: of the wheel: names that it defines itself are not Python's, and those that another library may
        define are a warning only.
    """
    found = tuple(found)
    own = own_names(contents) if found else frozenset()
    for module in found:
        by_reason: dict[str, list[str]] = {}
        for symbol in sorted(module.imports() - own):
            reason = _reason(symbol, module.format, version, threaded=threaded)
            if reason:
                by_reason.setdefault(reason, []).append(symbol)
        others = strangers(module, contents)
        for reason, names in by_reason.items():
            if reason == _LATER:
                yield _too_new(module, names, version)
            else:
                yield _outside(module, names, reason, others if reason == _NOWHERE else ())


_NOWHERE, _LATER = "not in the stable ABI", "in the stable ABI only from Python 3.N on"


def _reason(symbol: str, form: Format, version: tuple[int, int], *, threaded: bool) -> str:
    """Why a module may not import ``symbol``: what it is; empty when it may."""
    added = symbols().get(symbol)
    if added is None:
        return _NOWHERE
    where, formats = _ELSEWHERE.get(_document()["conditions"].get(symbol, ""), ("", frozenset()))
    if form in formats:
        return f"in the stable ABI {where}"
    if threaded and symbol == GIL_ONLY:
        return "not for free-threaded Pythons: abi3t hides reference counts"
    return _LATER if added > version else ""


def _outside(module: Module, names: Sequence[str], reason: str, others: Sequence[str]) -> Finding:
    doubt = (f"it may be from {', '.join(others)}, which is not in the wheel",) if others else ()
    return Finding(
        code="TW402",
        severity=Severity.WARNING if others else Severity.ERROR,
        where=module.path,
        message=f"{_some(names)} {reason}",
        evidence=(*_imports(module, names), *doubt),
        hint="compile with Py_LIMITED_API, or drop wheel.py-api to get a version-specific wheel",
    )


def _too_new(module: Module, names: Sequence[str], version: tuple[int, int]) -> Finding:
    names = sorted(names, key=lambda name: symbols()[name], reverse=True)
    newest, oldest = symbols()[names[0]], symbols()[names[-1]]
    since = (
        f"Python {newest[0]}.{newest[1]}"
        if newest == oldest
        else f"Pythons {oldest[0]}.{oldest[1]} to {newest[0]}.{newest[1]}"
    )
    return Finding(
        code="TW403",
        severity=Severity.ERROR,
        where=module.path,
        message=f"{_some(names)} in the stable ABI only from {since} on",
        evidence=(*_imports(module, names), f"the wheel claims Python {version[0]}.{version[1]}"),
        hint=f'set Py_LIMITED_API to 0x03{version[1]:02X}0000, or claim wheel.py-api = "cp{newest[0]}{newest[1]}"',
    )


def _some(names: Sequence[str]) -> str:
    """The beginning of a sentence about all of them."""
    return f"{names[0]} is" if len(names) == 1 else f"{names[0]} and {len(names) - 1} more are"


def _imports(module: Module, names: Sequence[str]) -> Iterator[str]:
    """The imports as evidence, with the versions that they came in."""
    for name in names[:_MOST]:
        added = symbols().get(name)
        yield f"{module.path} imports {name}" + (f", new in {added[0]}.{added[1]}" if added else "")
    if len(names) > _MOST:
        yield f"and {len(names) - _MOST} more"


def floors(found: Iterable[Module]) -> tuple[Floor, ...]:
    """The oldest Python that has every symbol, with the symbols that set it."""
    known = symbols()
    wanted = [(known[name], m.path, name) for m in found for name in sorted(m.imports()) if name in known]
    if not wanted:
        return ()
    top = max(version for version, _, _ in wanted)
    evidence = tuple(
        Evidence(file=path, symbol=name, fact=f"in the stable ABI since {top[0]}.{top[1]}")
        for version, path, name in wanted
        if version == top
    )
    return (Floor(of="python", version=top, evidence=evidence),)

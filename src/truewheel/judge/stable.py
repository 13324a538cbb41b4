"""The stable ABI as a table: which symbols it has, since which Python, and where. Pure.

Source: CPython's ``Misc/stable_abi.toml`` through abi3info (``stable_abi.json``, ``docs/regenerate/stable_abi.py``).
"""

from __future__ import annotations

import functools

from ..model.binary import Format
from ..model.diagnostics import Finding, Severity
from ..model.floor import Evidence, Floor
from ..tables import table
from .modules import GIL_ONLY, own_names, strangers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from ..model.contents import Contents
    from .modules import Module

_ELSEWHERE: Mapping[str, tuple[str, frozenset[Format]]] = {
    "MS_WINDOWS": ("on Windows only", frozenset({Format.ELF, Format.MACHO, Format.WASM})),
    "HAVE_FORK": ("on systems with fork() only", frozenset({Format.PE, Format.WASM})),
    "Py_REF_DEBUG": ("in debug builds only", frozenset(Format)),
}
"""By the macro of ``stable_abi.toml``: where such symbols are, and the formats of the systems where they are not."""


def _document() -> Mapping[str, Any]:
    return table("judge/stable_abi.json")


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
    """Symbols that a stable-ABI module of ``version`` may not import.

    :param threaded: whether ``abi3t`` is claimed, which hides how references are counted (PEP 803).
    :param contents: of the wheel: names that it defines itself are not Python's, and those that another library may
        define are a warning only.
    """
    found = tuple(found)
    own = own_names(contents) if found else frozenset()
    known, conditions = symbols(), _document()["conditions"]
    for module in found:
        others = strangers(module, contents)
        for symbol in sorted(module.imports() - own):
            added = known.get(symbol)
            where, formats = _ELSEWHERE.get(conditions.get(symbol, ""), ("", frozenset()))
            if added is None:
                yield _outside(module, symbol, f"{symbol} is not in the stable ABI", others)
            elif module.format in formats:
                yield _outside(module, symbol, f"{symbol} is in the stable ABI {where}")
            elif threaded and symbol == GIL_ONLY:
                yield _outside(
                    module, symbol, f"{symbol} is not for free-threaded Pythons: abi3t hides reference counts"
                )
            elif added > version:
                yield _too_new(module, symbol, added, version)


def _outside(module: Module, symbol: str, message: str, others: Sequence[str] = ()) -> Finding:
    doubt = (f"it may be from {', '.join(others)}, which is not in the wheel",) if others else ()
    return Finding(
        code="TW402",
        severity=Severity.WARNING if others else Severity.ERROR,
        where=module.path,
        message=message,
        evidence=(f"{module.path} imports {symbol}", *doubt),
        hint="compile with Py_LIMITED_API, or drop wheel.py-api to get a version-specific wheel",
    )


def _too_new(module: Module, symbol: str, added: tuple[int, int], version: tuple[int, int]) -> Finding:
    return Finding(
        code="TW403",
        severity=Severity.ERROR,
        where=module.path,
        message=f"{symbol} is in the stable ABI only from Python {added[0]}.{added[1]} on",
        evidence=(f"{module.path} imports {symbol}", f"the wheel claims Python {version[0]}.{version[1]}"),
        hint=f'set Py_LIMITED_API to 0x03{version[1]:02X}0000, or claim wheel.py-api = "cp{added[0]}{added[1]}"',
    )


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

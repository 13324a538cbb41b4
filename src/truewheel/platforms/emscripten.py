"""Emscripten and Pyodide: WebAssembly side modules (PEP 783, ``pyemscripten_2026_0_wasm32``).

Which ABI a side module was built for stands nowhere in it: the compiler's version is at best a comment that linkers
strip. So a ruling has no tags: it says whether the binaries can be side modules of a Python at all, and what the target
or the file name says of the ABI is to be believed, as long as Python and ABI tags are those of its Python. Pure; see ``docs/regenerate/emscripten.py``.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..data_tables import table
from ..model.binary import LOADABLE, Format, Kind, Slice, WasmSlice
from ..model.contents import Contents
from ..model.finding import Finding, Severity
from ..model.floor import Evidence
from ..model.record import Record
from ..model.verdict import Objection, PlatformRuling


def _policy() -> Mapping[str, Any]:
    return table("platforms/policy/emscripten.json")


class _Piece(Record):
    path: str
    slice: WasmSlice


def _pieces(contents: Contents) -> tuple[_Piece, ...]:
    return tuple(
        _Piece(path=f.path, slice=s)
        for f, b in contents.binaries()
        for s in b.slices
        if b.format is Format.WASM and isinstance(s, WasmSlice) and s.kind in LOADABLE
    )


class Emscripten:
    """Emscripten, Pyodide above all; see :class:`~truewheel.platforms.protocol.Platform`."""

    family = "emscripten"

    def owns(self, fmt: Format, piece: Slice) -> bool:
        """All WebAssembly modules: no other Python loads them as extension modules."""
        return fmt is Format.WASM and isinstance(piece, WasmSlice)

    def understands(self, tag: str) -> bool:
        """``pyemscripten_YEAR_PATCH_wasm32``, and the older ``pyodide_…`` and ``emscripten_…``."""
        return any(re.fullmatch(pattern, tag) for pattern in _policy()["tags"])

    def could_be(self, promise: str) -> bool:
        """A release with or without the one CPU that there is."""
        return self.understands(promise) or self.understands(f"{promise}_wasm32")

    def complete(self, promise: str, contents: Contents) -> str:  # noqa: ARG002  # the protocol's
        """Add the one CPU that there is."""
        whole = f"{promise}_wasm32"
        return whole if self.understands(whole) else promise

    def aliases(self, tag: str) -> tuple[str, ...]:  # noqa: ARG002  # the protocol's
        """None: the older names stand for other compilers."""
        return ()

    def rule(self, contents: Contents, *, exclude: tuple[str, ...] = ()) -> PlatformRuling:
        """No tags: the target's has to be believed."""
        return PlatformRuling(
            family="emscripten", tags=(), native="wasm32", findings=tuple(_findings(_pieces(contents), exclude)),
            cure="link its libraries as side modules for 32 bits (-sSIDE_MODULE), as pyodide build does",
        )  # fmt: skip

    def objections(self, contents: Contents, tag: str, *, exclude: tuple[str, ...] = ()) -> tuple[Objection, ...]:  # noqa: ARG002
        """Libraries that no Emscripten program could load: those for 64 bits, and those that are no side modules."""
        found = []
        for piece in _pieces(contents):
            if piece.slice.cpu != "wasm32":
                evidence = Evidence(file=piece.path, fact=f"it is code for {piece.slice.cpu}")
                found.append(Objection(evidence=evidence, allows=f"{tag} means wasm32"))
            elif piece.slice.kind is Kind.SHARED and not piece.slice.dylink:
                evidence = Evidence(file=piece.path, fact="it has no dylink.0 section")
                found.append(Objection(evidence=evidence, allows=f"Python on {tag} loads side modules alone"))
        return tuple(found)

    def notes(self, contents: Contents, tag: str) -> tuple[Finding, ...]:  # noqa: ARG002  # the protocol's
        """Nothing."""
        return ()

    def python(self, tag: str) -> tuple[int, int] | None:
        """By the year; ``None`` for years that are not known, and for the oldest names."""
        kind, year = tag.split("_")[:2]
        version = _policy()["pythons"].get(year) if kind != "emscripten" else None
        return (version[0], version[1]) if version else None


def _findings(found: tuple[_Piece, ...], exclude: tuple[str, ...]) -> Iterator[Finding]:
    held = {posixpath.basename(p.path) for p in found}
    for piece in found:
        if not piece.slice.dylink:
            continue
        needed = [n.library for n in piece.slice.needs if posixpath.basename(n.library) not in held]
        modules = [m for m in piece.slice.import_modules if m not in _policy()["modules"]]
        for library in (*needed, *modules):
            if not any(fnmatch.fnmatchcase(library, pattern) for pattern in exclude):
                yield Finding(
                    code="TW201",
                    severity=Severity.WARNING,
                    where=piece.path,
                    message=f"{library} is neither in the wheel nor part of an Emscripten program",
                    evidence=(f"{piece.path} needs {library}",),
                    hint="put it into the wheel, or link it statically",
                )


EMSCRIPTEN = Emscripten()

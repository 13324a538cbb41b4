"""Windows: for which machine PE images are, and which of their libraries a user's machine has.

A tag names a machine and no more: ``win32``, ``win_amd64``, ``win_arm64``. So libraries from elsewhere are findings and
leave the tag as it is. The system supplies its own DLLs and the UCRT; the interpreter ``pythonXY.dll``, ``python3.dll``
and ``vcruntime140`` (not the C++ runtime, ``msvcp140.dll``). ARM64X images serve arm64 and, emulated, x64 processes;
ARM64EC ones call themselves AMD64, but run on arm64 machines alone. Pure; see ``docs/regenerate/windows.py``.
"""

from __future__ import annotations

import fnmatch
import functools
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..data_tables import table
from ..model.binary import LOADABLE, Format, Kind, Need, NeedKind, PeSlice, Slice
from ..model.contents import Contents
from ..model.finding import Finding, Severity
from ..model.floor import Evidence, Floor
from ..model.record import Record
from ..model.verdict import Objection, PlatformRuling

_INIT = frozenset({"PyInit", "PyModE"})
"""How the names of init functions begin."""
_STARTS = {
    "i686": frozenset({"i686"}),
    "x86_64": frozenset({"x86_64", "i686"}),
    "arm64": frozenset({"arm64", "arm64ec", "x86_64", "i686"}),
}
"""Whose programs a machine can start: emulation is part of Windows."""
_API_SET = r"(api|ext)-(ms-\w+-)?[\w-]+\.dll"
_PYTHON = r"python\d+t?(_d)?\.dll|libpypy[\d.]+-c\.dll|python-native\.dll"
_MSVC = r"(msvcp|vcruntime|concrt|vccorlib|vcamp|vcomp|mfc)[\d_a-z]*\.dll"
_MINGW = r"lib(gcc_s_\w+-1|stdc\+\+-6|winpthread-1|gfortran-\d|quadmath-0|gomp-1|ssp-0)\.dll"


def _policy() -> Mapping[str, Any]:
    return table("platforms/policy/windows.json")


@functools.cache
def _system(cpu: str) -> frozenset[str]:
    """Lower-case names of the DLLs that Windows for ``cpu`` has."""
    table = _policy()["system"]
    return frozenset([*table[""], *table.get(cpu, ()), *_policy()["windows_10"]])


def supplies(cpu: str, library: str) -> bool:
    """Whether Windows or the interpreter has ``library``, whatever its case.

    >>> supplies("x86_64", "KERNEL32.dll"), supplies("x86_64", "vcruntime140.dll"), supplies("x86_64", "MSVCP140.dll")
    (True, True, False)
    """
    name = library.lower()
    return (
        name in _system(cpu)
        or name in _policy()["interpreter"].get(cpu, ())
        or re.fullmatch(_API_SET, name) is not None
        or re.fullmatch(_PYTHON, name) is not None
    )


class _Piece(Record):
    """:param place: the directory that it is installed into."""

    path: str
    place: str
    slice: PeSlice


def _pieces(contents: Contents) -> tuple[_Piece, ...]:
    return tuple(
        _Piece(path=f.path, place=posixpath.dirname(contents.installed(f.path)), slice=s)
        for f, b in contents.binaries()
        for s in b.slices
        if b.format is Format.PE and isinstance(s, PeSlice) and s.kind in LOADABLE
    )


def _machine(piece: PeSlice) -> str:
    """The CPU whose machines run it."""
    if "arm64ec" in (piece.cpu, piece.hybrid):
        return "arm64ec"
    return "arm64" if piece.hybrid == "arm64x" else piece.cpu


def _tags() -> Mapping[str, str]:
    tags: Mapping[str, str] = _policy()["tags"]
    return tags


def _modules(found: tuple[_Piece, ...]) -> tuple[_Piece, ...]:
    """The extension modules, and the libraries of the wheel that are loaded with them.

    Other libraries may be for whom they like: debuggers bring one to inject into 32-bit programs.
    """
    reached = [p for p in found if p.path.lower().endswith(".pyd") or _INIT & {n[:6] for n in p.slice.exports}]
    held: dict[str, list[_Piece]] = {}
    for piece in found:
        held.setdefault(posixpath.basename(piece.path).lower(), []).append(piece)
    known = {p.path for p in reached}
    for piece in reached:  # grows while it is gone through
        for need in piece.slice.needs:
            same = held.pop(need.library.lower(), [])
            fitting = [p for p in same if _machine(p.slice) == _machine(piece.slice)] or same
            reached += [p for p in fitting if p.path not in known]
            known |= {p.path for p in fitting}
    return tuple(reached)


def _bound(found: tuple[_Piece, ...]) -> tuple[_Piece, ...]:
    """The pieces that tell the tag's machine: what shares a process with Python, else libraries, else programs."""
    return _modules(found) or tuple(p for p in found if p.slice.kind is not Kind.EXECUTABLE) or found


def _misplaced(found: tuple[_Piece, ...], cpu: str) -> tuple[_Piece, ...]:
    """The pieces without which the wheel cannot work on machines with ``cpu``.

    Of libraries that nothing but Python code loads, and of programs, that code may choose: one that fits is enough.
    """
    modules = _modules(found)
    if modules:
        return tuple(p for p in modules if _machine(p.slice) != cpu)
    bound = _bound(found)
    programs = all(p.slice.kind is Kind.EXECUTABLE for p in bound)
    fitting = _STARTS.get(cpu, frozenset()) if programs else {cpu}
    return () if any(_machine(p.slice) in fitting for p in bound) else bound


class Windows:
    """The Windows platform; see :class:`~truewheel.platforms.protocol.Platform`."""

    family = "windows"

    def owns(self, fmt: Format, piece: Slice) -> bool:
        """All PE images."""
        return fmt is Format.PE and isinstance(piece, PeSlice)

    def understands(self, tag: str) -> bool:
        """``win32``, ``win_amd64``, ``win_arm64``."""
        return tag in _tags()

    def could_be(self, promise: str) -> bool:
        """There is nothing that could be left out."""
        return self.understands(promise)

    def complete(self, promise: str, contents: Contents) -> str:  # noqa: ARG002  # the protocol's
        """Nothing to add: a Windows tag is the CPU."""
        return promise

    def aliases(self, tag: str) -> tuple[str, ...]:  # noqa: ARG002  # the protocol's
        """None: a Windows tag has one name."""
        return ()

    def rule(self, contents: Contents, *, exclude: tuple[str, ...] = ()) -> PlatformRuling:
        """The machine that Python's modules are for; without any, that of all libraries, or of all programs."""
        found = _pieces(contents)
        bound = _bound(found)
        cpus = sorted({_machine(p.slice) for p in bound})
        native = next((t for cpu in cpus for t, own in _tags().items() if own == cpu), None)
        native = native or next((t for t, cpu in _tags().items() if not _misplaced(found, cpu)), "win")
        # Libraries and programs for several machines: which of them the wheel is for, nothing in it tells.
        tags = (native,) if native in _tags() and (len(cpus) < 2 or _modules(found)) else ()
        findings = (*_findings(found, exclude), *_mixtures(bound, cpus))
        return PlatformRuling(
            family="windows", tags=tags, native=native, floors=_floors(found), findings=tuple(dict.fromkeys(findings)),
            reason=_reason(bound, cpus, native), nameless=native not in _tags(),
        )  # fmt: skip

    def objections(self, contents: Contents, tag: str, *, exclude: tuple[str, ...] = ()) -> tuple[Objection, ...]:  # noqa: ARG002
        """Modules for another machine, or nothing but libraries and programs for others."""
        cpu = _tags().get(tag)
        return tuple(
            Objection(
                evidence=Evidence(file=p.path, fact=f"it is code for {_machine(p.slice)}"),
                allows=f"{tag} means {cpu}",
            )
            for p in (_misplaced(_pieces(contents), cpu) if cpu is not None else ())
        )

    def notes(self, contents: Contents, tag: str) -> tuple[Finding, ...]:  # noqa: ARG002  # the protocol's
        """Nothing: the three tags are all fine."""
        return ()

    def python(self, tag: str) -> tuple[int, int] | None:  # noqa: ARG002  # the protocol's
        """None: its tags say nothing of Pythons."""
        return None


def _reason(bound: tuple[_Piece, ...], cpus: list[str], native: str) -> str:
    """Why the tag is ``native``, or why there is none."""
    if native not in _tags():
        return f"{bound[0].path} is code for {_machine(bound[0].slice)}, for which there is no tag" if bound else ""
    if len(cpus) > 1 and not _modules(bound):
        return f"the binaries are for {', '.join(cpus)}"
    witness = next((p for p in bound if _machine(p.slice) == _tags()[native]), bound[0] if bound else None)
    return f"{witness.path} is code for {_machine(witness.slice)}" if witness is not None else ""


def _floors(found: tuple[_Piece, ...]) -> tuple[Floor, ...]:
    """The least Windows by the images' headers. Linkers write 6.0 or less unless told; no tag can say it."""
    newest = max((p.slice.subsystem_version for p in found), default=(0, 0))
    if newest == (0, 0):
        return ()
    text = f"subsystem version {newest[0]}.{newest[1]}"
    evidence = tuple(Evidence(file=p.path, fact=text) for p in found if p.slice.subsystem_version == newest)
    return (Floor(of="windows", version=newest, evidence=evidence),)


# --- findings ---------------------------------------------------------------------------------------------------


def _findings(found: tuple[_Piece, ...], exclude: tuple[str, ...]) -> Iterator[Finding]:
    held = {posixpath.basename(p.path).lower(): p for p in found}
    for piece in found:
        for need in piece.slice.needs:
            name = need.library.lower()
            if name in held:
                yield from _unreachable(piece, need, held[name])
            elif not supplies(_machine(piece.slice), name) and not _excluded(name, exclude):
                yield _outside(piece, need)


def _excluded(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern.lower()) for pattern in patterns)


def _outside(piece: _Piece, need: Need) -> Finding:
    name = need.library.lower()
    hint = "copy it into the wheel beside the module, or link it statically"
    message = f"{need.library} is neither in the wheel nor part of Windows or Python"
    if re.fullmatch(_MSVC, name):
        message = f"{need.library} is part of the Visual C++ runtime, which neither Windows nor Python has"
        hint = "link the runtime statically, CMAKE_MSVC_RUNTIME_LIBRARY=MultiThreaded, or copy it into the wheel"
    elif re.fullmatch(_MINGW, name):
        message = f"{need.library} is part of MinGW's runtime, which users do not have"
        hint = "link with -static, or -static-libgcc -static-libstdc++"
    delayed = need.kind is NeedKind.DELAYED
    return Finding(
        code="TW201",
        severity=Severity.NOTE if delayed else Severity.WARNING,
        where=piece.path,
        message=message,
        evidence=(f"{piece.path} imports {need.library}" + (" when it is first used" if delayed else ""),),
        hint=f'{hint}; when someone else supplies it, set tool.truewheel.exclude = ["{name}"], or --exclude {name}',
    )


def _unreachable(piece: _Piece, need: Need, library: _Piece) -> Iterator[Finding]:
    """A library in a directory that Windows does not search, unless Python code adds it first.

    A directory that is called ``NAME.libs`` is what delvewheel makes, which adds the call as well.
    """
    if library.place == piece.place or library.place.endswith(".libs"):
        return
    yield Finding(
        code="TW202",
        severity=Severity.NOTE,
        where=piece.path,
        message=f"{need.library} is in the wheel, but not where Windows looks",
        evidence=(
            f"{piece.path} imports {need.library}, which is {library.path}",
            f"searches {piece.place or 'the top'}",
        ),
        hint="put it beside the module, or call os.add_dll_directory() in __init__.py",
    )


def _mixtures(found: tuple[_Piece, ...], cpus: list[str]) -> Iterator[Finding]:
    if len(cpus) > 1 and any(p.slice.kind is not Kind.EXECUTABLE for p in found):
        yield Finding(
            code="TW306",
            severity=Severity.WARNING if _modules(found) else Severity.NOTE,
            where=found[0].path,
            message="libraries for several CPUs in one wheel",
            evidence=tuple(f"{p.path}: {_machine(p.slice)}" for p in found),
            hint="build one wheel per CPU",
        )
    for piece in found:
        if _machine(piece.slice) == "arm64ec":
            hidden = piece.slice.hybrid == "arm64ec"
            yield Finding(
                code="TW314",
                severity=Severity.WARNING,
                where=piece.path,
                message=("ARM64EC code calls itself AMD64, but" if hidden else "ARM64EC code")
                + " runs in emulated processes on arm64 machines alone",
                evidence=(
                    "its header says AMD64, and its load configuration has CHPE metadata"
                    if hidden
                    else f"its header's machine is {piece.slice.machine:#06x}",
                ),
                hint="build it for x64 or arm64, or as ARM64X",
            )


WINDOWS = Windows()

"""Which Pythons can load the modules of a wheel: from file suffixes, init functions and imported symbols.

Sources: PEP 3149 and PEP 384 (suffixes, stable ABI), PEP 489 (``PyInitU_``), PEP 703 and PEP 803 (free-threaded builds,
abi3t), PEP 793 (``PyModExport_``), CPython ``Misc/stable_abi.toml`` (``stable_abi.json``). Pure.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import pkgutil
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

from ..model.binary import LOADABLE, Slice, Symbol
from ..model.contents import Contents
from ..model.diagnostics import Finding, Severity
from ..model.floor import Evidence, Floor
from ..model.target import Target
from ..model.verdict import PythonRuling

_SUFFIX = re.compile(
    r"""\.(?:
      cpython-(?P<cpython>3\d+)(?P<flags>[a-z]*)(?:-[\w-]+)?\.so
    | cp(?P<windows>3\d+)(?P<wflags>t?)-[\w]+\.pyd
    | (?P<pypy>pypy\d+)-(?P<pp>pp\d+)(?:-[\w-]+)?\.(?:so|pyd)
    | (?P<graalpy>graalpy\d+)-[\w-]+\.(?:so|pyd)
    | (?P<stable>abi3t?)(?:-[\w-]+)?\.so
    | (?P<bare>so|pyd|dylib)
    )$""",
    re.VERBOSE,
)
_INIT = re.compile(r"(PyInit_|PyInitU_|PyModExport_|PyModExportU_|_cffi_pypyinit_)(.+)")
"""The last is what cffi's API mode writes for PyPy (cffi, ``recompiler.py``)."""
_PYTHON_NAME = re.compile(r"_?Py[A-Z_]\w*")


@functools.cache
def stable_symbols() -> Mapping[str, tuple[int, int]]:
    """Names of the stable ABI, with the version that each came in."""
    text = pkgutil.get_data(__package__, "stable_abi.json") or b"{}"
    return {name: _version(added) for name, added in json.loads(text)["added"].items()}


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Module:
    """One extension module.

    :param stem: its path without the suffix: what is imported.
    :param tag: the Python tag that its suffix names (``cp313``, ``pp39``); ``None`` when any Python would try it.
    :param abi: the ABI tag that its suffix names (``cp313t``, ``abi3``, ``pypy39_pp73``); ``None`` when it names none.
    """

    path: str
    stem: str
    tag: str | None
    abi: str | None
    pieces: tuple[Slice, ...]

    @property
    def loads_by_name(self) -> bool:
        """Whether its suffix names no version, so that only its symbols tell."""
        return self.tag is None


def modules(contents: Contents) -> tuple[Module, ...]:
    """The extension modules: loadable, in an importable place, and with an extension's suffix or init function."""
    found = []
    for file, binary in contents.binaries():
        pieces = tuple(s for s in binary.slices if s.kind in LOADABLE)
        match = _SUFFIX.search(posixpath.basename(file.path))
        if not binary.is_loadable or match is None or not _is_importable(file.path, contents):
            continue
        tag, abi = _named(match)
        # A bare .so may be any library: its init function tells. Where that cannot be read, it is taken for a module.
        if match["bare"] and pieces and not any(_inits(s) for s in pieces):
            continue
        stem = file.path[: len(file.path) - len(match[0])]
        found.append(Module(path=file.path, stem=stem, tag=tag, abi=abi, pieces=pieces))
    return tuple(found)


def _is_importable(path: str, contents: Contents) -> bool:
    data = contents.data_dir + "/"
    if path.startswith(data):
        path = path.removeprefix(data)
        if not path.startswith(("purelib/", "platlib/")):
            return False
    return not any(part.endswith((".libs", ".dylibs")) for part in path.split("/")[:-1])


def _named(match: re.Match[str]) -> tuple[str | None, str | None]:
    number = match["cpython"] or match["windows"]
    if number:
        flags = match["flags"] or match["wflags"] or ""
        return f"cp{number}", f"cp{number}{flags}"
    if match["pypy"]:
        return "pp" + match["pypy"].removeprefix("pypy"), f"{match['pypy']}_{match['pp']}"
    if match["graalpy"]:
        return match["graalpy"], None
    return None, match["stable"]


def _inits(piece: Slice) -> list[str]:
    """Names of the modules that it can initialise; non-ASCII ones as spelt in the symbol (punycode)."""
    return [m[2] for name in piece.exports if (m := _INIT.fullmatch(name))]


# --- builds -----------------------------------------------------------------------------------------------------


def rule(contents: Contents, *, target: Target | None, py_api: str = "") -> PythonRuling:
    """The Python and ABI tags that are true of the modules.

    :param target: what the wheel was built for; decides where a module's suffix names no version.
    :param py_api: scikit-build-core's ``wheel.py-api``: ``cp39``, ``cp315.cp315t``, ``py3``, ``py2.py3``.
    """
    found = modules(contents)
    findings = tuple(_module_findings(found))
    declared = tuple(py_api.split(".")) if py_api.startswith("py") else ("py3",)
    if not found:
        return PythonRuling(interpreters=declared, abis=("none",), reason="no extension modules")
    named = {(m.tag, m.abi) for m in found if m.tag is not None and m.abi is not None}
    if named:
        return _by_suffix(_by_preference(named, target), found, py_api, findings)
    if target is None:
        return PythonRuling(interpreters=(), abis=(), reason="the suffixes name no Python", findings=findings)
    return _by_symbols(contents, found, target, py_api, findings)


def _by_preference(named: set[tuple[str, str]], target: Target | None) -> list[tuple[str, str]]:
    """Suffixes of several Pythons, the likeliest last: the target's own, then by version and not by spelling."""
    own = (target.python_tag, target.abi_tag) if target is not None else None
    return sorted(
        named, key=lambda n: (n == own, [int(d) for d in re.findall(r"\d+", n[0].replace("cp3", "cp3 "))], n[1])
    )


def _by_suffix(
    named: list[tuple[str, str]], found: tuple[Module, ...], py_api: str, findings: tuple[Finding, ...]
) -> PythonRuling:
    if len(named) > 1:
        findings += (_mixed(found),)
    tag, abi = named[-1]
    example = next(m for m in found if m.tag == tag)
    # Other Pythons have no stable ABI, so a request for it asks nothing of them.
    if py_api and (tag.startswith("cp") or py_api.startswith("py")):
        findings += (_api_not_kept(py_api, example),)
    return PythonRuling(
        interpreters=(tag,), abis=(abi,), reason=f"{example.path} is named for {abi}", findings=findings
    )


def _by_symbols(
    contents: Contents, found: tuple[Module, ...], target: Target, py_api: str, findings: tuple[Finding, ...]
) -> PythonRuling:
    own = PythonRuling(
        interpreters=(target.python_tag,),
        abis=(target.abi_tag,),
        reason=f"built for {target.abi_tag}; {found[0].path} is named for no Python",
        findings=findings,
    )
    stable = all(m.abi is not None for m in found)
    wanted = _stable_request(py_api, target)
    if target.implementation != "cpython" or not (stable or wanted):
        if py_api.startswith("py"):
            return _versionless(found, py_api, own)
        return own
    abis = tuple(sorted({m.abi or "abi3" for m in found}))
    tag, version = wanted or (target.python_tag, target.version)
    broken = tuple(_unstable(found, version, own_names=_own_names(contents)))
    if broken:
        return dataclasses.replace(own, findings=(*findings, *broken))
    return PythonRuling(
        interpreters=(tag,),
        abis=abis,
        reason=f"stable ABI of Python {version[0]}.{version[1]}" + (f" (wheel.py-api = {py_api!r})" if py_api else ""),
        floors=_stable_floor(found),
        findings=findings,
    )


def _stable_request(py_api: str, target: Target) -> tuple[str, tuple[int, int]] | None:
    """The part of ``py-api`` that this build can honour: scikit-build-core builds one ABI, by the GIL mode."""
    for part in py_api.split("."):
        match = re.fullmatch(r"cp3(\d+)(t?)", part)
        if match and bool(match[2]) == target.abi_tag.endswith("t") and int(match[1]) <= target.version[1]:
            return f"cp3{match[1]}", (3, int(match[1]))
    return None


def _versionless(found: tuple[Module, ...], py_api: str, own: PythonRuling) -> PythonRuling:
    """``py3`` over modules with bare suffixes: believable when they keep to the oldest stable ABI."""
    if any(True for _ in _unstable(found, (3, 2))):
        return dataclasses.replace(own, findings=(*own.findings, _api_not_kept(py_api, found[0])))
    return PythonRuling(
        interpreters=tuple(py_api.split(".")),
        abis=("none",),
        reason=f"wheel.py-api = {py_api!r}, and the modules use the oldest stable ABI only",
        findings=own.findings,
    )


def _imports(module: Module) -> Iterator[Symbol]:
    for piece in module.pieces:
        yield from (s for s in piece.imports if not s.weak and _PYTHON_NAME.fullmatch(s.name))


def _own_names(contents: Contents) -> frozenset[str]:
    """Names that the wheel itself defines: ``Py…`` is anybody's prefix (PySide, PyMOL …)."""
    return frozenset(name for _, b in contents.binaries() for s in b.slices for name in s.exports)


def _unstable(
    found: Iterable[Module], version: tuple[int, int], *, own_names: frozenset[str] = frozenset()
) -> Iterator[Finding]:
    """Symbols that a stable-ABI module of ``version`` may not import."""
    known = stable_symbols()
    for module in found:
        for symbol in dict.fromkeys(s.name for s in _imports(module) if s.name not in own_names):
            added = known.get(symbol)
            if added is None:
                yield Finding(
                    code="TW402",
                    severity=Severity.ERROR,
                    where=module.path,
                    message=f"{symbol} is not in the stable ABI",
                    evidence=(f"{module.path} imports {symbol}",),
                    hint="compile with Py_LIMITED_API, or drop wheel.py-api to get a version-specific wheel",
                )
            elif added > version:
                yield Finding(
                    code="TW403",
                    severity=Severity.ERROR,
                    where=module.path,
                    message=f"{symbol} is in the stable ABI only from Python {added[0]}.{added[1]} on",
                    evidence=(f"{module.path} imports {symbol}", f"the wheel claims Python {version[0]}.{version[1]}"),
                    hint=f'set Py_LIMITED_API to 0x03{version[1]:02X}0000, or claim wheel.py-api = "cp{added[0]}{added[1]}"',
                )


def _stable_floor(found: Iterable[Module]) -> tuple[Floor, ...]:
    known = stable_symbols()
    wanted = [(known[s.name], m.path, s.name) for m in found for s in _imports(m) if s.name in known]
    if not wanted:
        return ()
    top = max(version for version, _, _ in wanted)
    evidence = tuple(
        Evidence(file=path, symbol=name, fact=f"in the stable ABI since {top[0]}.{top[1]}")
        for version, path, name in dict.fromkeys(wanted)
        if version == top
    )
    return (Floor(of="python", version=top, evidence=evidence),)


# --- claims -----------------------------------------------------------------------------------------------------


def objections(contents: Contents, *, interpreters: tuple[str, ...], abis: tuple[str, ...]) -> tuple[Finding, ...]:
    """Why the Python and ABI tags of a wheel are untrue of its modules, and what is odd about those."""
    found = modules(contents)
    findings = [*_module_findings(found)]
    by_stem: dict[str, list[Module]] = {}
    for module in found:
        by_stem.setdefault(module.stem, []).append(module)
    for interpreter in interpreters:
        findings += [
            _cannot_load(group[0], interpreter, abis)
            for group in by_stem.values()
            if not any(_may_load(m, interpreter, abis) for m in group)
        ]
    claimed = [v for i in interpreters if (v := _cpython(i))]
    if {"abi3", "abi3t"} & set(abis) and claimed:
        plain = [m for m in found if m.loads_by_name]
        findings += _unstable(plain, min(claimed), own_names=_own_names(contents))
    if abis == ("none",) and any(not m.loads_by_name for m in found):
        findings.append(_versioned_under_none(next(m for m in found if not m.loads_by_name)))
    return tuple(dict.fromkeys(findings))


def _cpython(tag: str) -> tuple[int, int] | None:
    match = re.fullmatch(r"cp3(\d+)", tag)
    return (3, int(match[1])) if match else None


def _may_load(module: Module, interpreter: str, abis: tuple[str, ...]) -> bool:
    if module.tag is None:
        free_threaded = any(re.fullmatch(r"cp3\d+t", abi) for abi in abis)
        return not (module.abi == "abi3" and free_threaded and not {"abi3", "none"} & set(abis))
    if interpreter.startswith("py"):
        return True  # said once for the wheel: TW409
    if abis and "none" not in abis and module.abi is not None and not {"abi3", "abi3t"} & set(abis):
        return module.tag == interpreter and module.abi.removesuffix("d") in abis
    return module.tag == interpreter


def _cannot_load(module: Module, interpreter: str, abis: tuple[str, ...]) -> Finding:
    return Finding(
        code="TW401",
        severity=Severity.ERROR,
        where=module.path,
        message=f"no Python of {interpreter}-{'.'.join(abis)} can import it",
        evidence=(f"its file name says {module.abi or module.tag}",),
        hint="tag the wheel for the Python that its modules are named for",
    )


# --- findings ---------------------------------------------------------------------------------------------------


def _module_findings(found: Iterable[Module]) -> Iterator[Finding]:
    for module in found:
        name = posixpath.basename(module.stem)
        for piece in module.pieces:
            inits = _inits(piece)
            if not inits and piece.exports_complete:
                yield Finding(
                    code="TW404",
                    severity=Severity.WARNING,
                    where=module.path,
                    message="named like an extension module, but exports no init function",
                    evidence=(f"no PyInit_{name} among {len(piece.exports)} exports",),
                    hint=f"add PyMODINIT_FUNC PyInit_{name}(void), or do not hide it",
                )
            elif inits and name.isascii() and name not in inits and name != "__init__":
                yield Finding(
                    code="TW405",
                    severity=Severity.WARNING,
                    where=module.path,
                    message=f"import {name} looks for PyInit_{name}, which is not there",
                    evidence=tuple(f"exports PyInit_{i}" for i in sorted(inits)[:4]),
                    hint=f"name the CMake target {min(inits)}, or the module {name}",
                )


def _mixed(found: tuple[Module, ...]) -> Finding:
    return Finding(
        code="TW406",
        severity=Severity.WARNING,
        where=found[0].path,
        message="modules for several Pythons in one wheel",
        evidence=tuple(f"{m.path}: {m.abi}" for m in found if m.abi),
        hint="delete the build directory: modules of an earlier Python were installed with the new ones",
    )


def _api_not_kept(py_api: str, module: Module) -> Finding:
    return Finding(
        code="TW408",
        severity=Severity.WARNING,
        where=module.path,
        message=f"wheel.py-api = {py_api!r} is not kept, so the wheel is tagged for one Python",
        evidence=(
            f"{module.path} is {'named for ' + module.abi if module.abi else 'bound to more than the stable ABI'}",
        ),
        hint="in CMake: Python_add_library(NAME MODULE USE_SABI ${SKBUILD_SABI_VERSION} WITH_SOABI …), or remove wheel.py-api",
    )


def _versioned_under_none(module: Module) -> Finding:
    return Finding(
        code="TW409",
        severity=Severity.WARNING,
        where=module.path,
        message=f"a module for {module.abi or module.tag} in a wheel that claims any Python",
        evidence=(f"its file name says {module.abi or module.tag}", "the ABI tag is none"),
        hint="tag the wheel for that Python, unless the package works without the module",
    )


def contradicts(interpreters: tuple[str, ...], abis: tuple[str, ...], ruling: PythonRuling) -> bool:
    """Whether what the suffixes say cannot be what ``interpreters`` and ``abis`` say."""
    return not set(interpreters) & set(ruling.interpreters) or not set(abis) & set(ruling.abis)

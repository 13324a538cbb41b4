"""What a wheel may say of Pythons, and whether what one says is true of its extension modules. Pure.

:mod:`~truewheel.audit.python.modules` tells what the modules are, :mod:`~truewheel.audit.python.interpreters` who would load them,
:mod:`~truewheel.audit.python.stable_abi` what the stable ABI has. Both a build's tags and a published wheel's go through
:func:`objections`, so that a build never claims what ``truewheel check`` would call untrue.
"""

from __future__ import annotations

import posixpath
import re

from ...model.finding import Finding, Severity
from ...model.record import replace
from ...model.verdict import PythonRuling
from . import stable_abi as stable
from .interpreters import PLACED_ABI3, all_takers, knows_suffix, obstacle
from .modules import (
    CFFI_PYPY,
    THREADED_ONLY,
    bound_libraries,
    expected_inits,
    initialised,
    inits,
    modules,
    without_embedded,
)
from .suffix_platforms import misplaced

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...model.contents import Contents
    from ...model.target import Target
    from .interpreters import Takers
    from .modules import Module

# --- builds -----------------------------------------------------------------------------------------------------


def rule(contents: Contents, *, target: Target | None, py_api: str = "") -> PythonRuling:
    """The Python and ABI tags that are true of the modules.

    :param target: what the wheel was built for; decides where a module's suffix names no version.
    :param py_api: scikit-build-core's ``wheel.py-api``: ``cp39``, ``cp315.cp315t``, ``py3``, ``py2.py3``.
    """
    found = (*modules(contents), *bound_libraries(contents))
    if not found:
        declared = tuple(py_api.split(".")) if py_api.startswith("py") else ("py3",)
        return PythonRuling(interpreters=declared, abis=("none",), reason="no extension modules")
    ruling = _chosen(contents, found, target, py_api)
    if target is None:
        return ruling
    told = objections(contents, interpreters=ruling.interpreters, abis=ruling.abis, platforms=(target.platform_tag,))
    kept = (f for f in told if not _is_no_news(f, target))
    return replace(ruling, findings=tuple(dict.fromkeys((*ruling.findings, *kept))))


def _is_no_news(finding: Finding, target: Target) -> bool:
    """What those who just built it know: that a file name names no Python, or names its libc as their own Python does."""
    if finding.code == "TW412":
        return finding.severity is Severity.WARNING and finding.where.endswith(target.suffix)
    return (finding.code, finding.severity) == ("TW410", Severity.NOTE)


def _chosen(contents: Contents, found: tuple[Module, ...], target: Target | None, py_api: str) -> PythonRuling:
    named = {n for m in found if (n := _identity(m, trust_library=target is None)) is not None}
    if named:
        return _by_suffix(_by_preference(named, target), found, py_api)
    if target is None:
        return _of_many(found)
    return _by_symbols(contents, found, target, py_api)


def _of_many(found: tuple[Module, ...]) -> PythonRuling:
    """Of modules that name no one Python: no tags, but the oldest Python where they say that they keep to a stable ABI."""
    for module in found:
        library = next((linked.library for linked in module.linked if linked.implementation == "cp"), None)
        if module.abi is not None or library is not None:
            witness = f"is named for {module.abi}" if module.abi is not None else f"needs {library}"
            return PythonRuling(
                interpreters=(), abis=(), reason=f"{module.path} {witness}, a stable ABI", floors=stable.floors(found)
            )
    reason = f"{found[0].path} does not tell for which Python it is, so the claim is believed"
    return PythonRuling(interpreters=(), abis=(), reason=reason)


def _identity(module: Module, *, trust_library: bool) -> tuple[str, str] | None:
    """The Python and ABI that a module is for, where something in it tells.

    :param trust_library: whether the library of Python's that it needs is a witness; a build knows better.
    """
    if module.tag is not None:
        return module.tag, module.abi or "none"
    linked = module.python_library
    if trust_library and module.is_module and linked is not None and linked.implementation == "cp" and linked.version:
        tag = f"cp3{linked.version[1]}"
        return tag, tag + linked.flags
    return None


def _by_preference(named: set[tuple[str, str]], target: Target | None) -> list[tuple[str, str]]:
    """Suffixes of several Pythons, the likeliest last: the target's own, then by version and not by spelling."""
    own = (target.python_tag, target.abi_tag) if target is not None else None
    return sorted(
        named, key=lambda n: (n == own, [int(d) for d in re.findall(r"\d+", n[0].replace("cp3", "cp3 "))], n[1])
    )


def _by_suffix(named: list[tuple[str, str]], found: tuple[Module, ...], py_api: str) -> PythonRuling:
    tag, abi = named[-1]
    example = next(m for m in found if _identity(m, trust_library=True) == (tag, abi))
    # Other Pythons have no stable ABI, so a request for it asks nothing of them.
    asked = py_api and (tag.startswith("cp") or py_api.startswith("py"))
    witness = "is named for" if example.tag else f"needs {example.linked[0].library} of"
    return PythonRuling(
        interpreters=(tag,),
        abis=(abi,),
        reason=f"{example.path} {witness} {abi}",
        findings=(_api_not_kept(py_api, example),) if asked else (),
    )


def _by_symbols(contents: Contents, found: tuple[Module, ...], target: Target, py_api: str) -> PythonRuling:
    example = found[0]
    own = PythonRuling(
        interpreters=(target.python_tag,),
        abis=(target.abi_tag,),
        reason=f"built for {target.abi_tag}; {example.path} "
        + ("is named for no Python" if example.is_module else "imports Python's symbols"),
    )
    wanted = _stable_request(py_api, target)
    if target.implementation != "cpython" or not (wanted or all(m.abi is not None for m in found)):
        return _versionless(contents, found, py_api, own) if py_api.startswith("py") else own
    pinned = next((m for m in found if m.python_library is not None), None)
    if pinned is not None:
        return replace(own, findings=(_api_not_kept(py_api, pinned),) if py_api else ())
    abis = wanted[2] if wanted else _stable_abis(found, target)
    if not abis:
        return own
    tag, version = wanted[:2] if wanted else (target.python_tag, target.version)
    unknown = next((m for m in found if not knows_suffix(m, version)), None)
    if unknown is not None:
        tag, version = f"cp3{PLACED_ABI3[1]}", PLACED_ABI3
    broken = tuple(stable.breaches(found, version, threaded="abi3t" in abis, contents=contents))
    if broken:
        return replace(own, findings=broken)
    return PythonRuling(
        interpreters=(tag,),
        abis=abis,
        reason=f"stable ABI of Python {version[0]}.{version[1]}" + (f" (wheel.py-api = {py_api!r})" if py_api else ""),
        floors=stable.floors(found),
        findings=(_suffix_too_new(py_api, unknown),) if unknown is not None else (),
    )


def _stable_request(py_api: str, target: Target) -> tuple[str, tuple[int, int], tuple[str, ...]] | None:
    """The part of ``py-api`` that this build can honour: scikit-build-core builds one ABI, by the GIL mode. A
    free-threaded build serves Pythons with the GIL too (PEP 803), when they were asked for."""
    threaded = target.abi_tag.endswith("t")
    parts = [m for part in py_api.split(".") if (m := re.fullmatch(r"cp3(\d+)(t?)", part))]
    for match in parts:
        if bool(match[2]) == threaded and int(match[1]) <= target.version[1]:
            both = threaded and any(not m[2] and int(m[1]) <= int(match[1]) for m in parts)
            abis = ("abi3", "abi3t") if both else ("abi3t",) if threaded else ("abi3",)
            return f"cp3{match[1]}", (3, int(match[1])), abis
    return None


def _stable_abis(found: tuple[Module, ...], target: Target) -> tuple[str, ...]:
    """What the suffixes say without a request; nothing where the target's own build does not look for them."""
    named = {m.abi for m in found}
    if target.abi_tag.endswith("t"):
        return ("abi3t",) if named == {"abi3t"} else ()
    return ("abi3", "abi3t") if named == {"abi3t"} else ("abi3",)


def _versionless(contents: Contents, found: tuple[Module, ...], py_api: str, own: PythonRuling) -> PythonRuling:
    """``py3`` over modules with bare suffixes: believable when they keep to the stable ABI of the oldest such Python."""
    minors = [int(m[1]) for part in py_api.split(".") if (m := re.fullmatch(r"py3(\d+)", part))]
    oldest = (3, min(minors, default=2))
    if any(True for _ in stable.breaches(found, oldest, threaded=False, contents=contents)):
        return replace(own, findings=(*own.findings, _api_not_kept(py_api, found[0])))
    return PythonRuling(
        interpreters=tuple(py_api.split(".")),
        abis=("none",),
        reason=f"wheel.py-api = {py_api!r}, and the modules use the oldest stable ABI only",
    )


# --- claims -----------------------------------------------------------------------------------------------------


def objections(
    contents: Contents, *, interpreters: tuple[str, ...], abis: tuple[str, ...], platforms: Sequence[str] = ()
) -> tuple[Finding, ...]:
    """Why the Python and ABI tags of a wheel are untrue of its modules, and what is odd about those.

    :param platforms: its platform tags, for the libc where a module does not tell it.
    """
    found, bound = modules(contents), bound_libraries(contents)
    told = [*_module_findings(found, platforms), *_silent_libraries(bound, contents)]
    takers = all_takers(interpreters, abis)
    if any(t.implementation == "py" for t in takers or ()):
        found = without_embedded(found, contents)
    if takers is not None:
        told += _of_takers(contents, takers, found, bound, interpreters, abis)
    if "none" in abis:
        told += _versioned_under_none(found, takers or (), set(interpreters), contents)
    return tuple(dict.fromkeys(told))


def _of_takers(
    contents: Contents,
    takers: tuple[Takers, ...],
    found: tuple[Module, ...],
    bound: tuple[Module, ...],
    interpreters: tuple[str, ...],
    abis: tuple[str, ...],
) -> Iterator[Finding]:
    if not takers:
        yield _nobody(interpreters, abis)
        return
    groups: dict[str, list[Module]] = {}
    for module in found:
        groups.setdefault(module.stem, []).append(module)
    for taker in takers:
        for group in groups.values():
            yield from _refusal(group, taker)
    stables = [t for t in takers if t.later and t.implementation == "cp" and t.version]
    plain = [m for m in (*found, *bound) if m.loads_by_name]
    if stables and plain:
        oldest = min(t.version for t in stables if t.version)
        threaded = any(t.threaded for t in stables)
        yield from stable.breaches(plain, oldest, threaded=threaded, contents=contents)
    if all(not t.later and t.implementation != "py" for t in takers):
        yield from _leftovers(found, takers)
        yield from _unproved(groups.values(), takers)
    if any(t.implementation == "py" for t in takers):
        yield from _outside_under_none(plain, takers, contents)


def _refusal(group: list[Module], takers: Takers) -> Iterator[Finding]:
    """When no file of a module can be imported by those who take the wheel for a pair of its tags."""
    obstacles = [obstacle(m, takers) for m in group]
    if any(o is None for o in obstacles):
        return
    worst = next((o for o in obstacles if o is not None and o.code == "TW407"), obstacles[0])
    module = group[obstacles.index(worst)]
    if worst is None:
        return
    yield Finding(
        code=worst.code,
        severity=Severity.ERROR,
        where=module.path,
        message=f"no Python of {takers.pair} can import it"
        if not takers.later
        else f"not every Python of {takers.pair} can import it",
        evidence=(worst.evidence,),
        hint="tag the wheel for the Python that its modules were compiled for, or compile them for the one it names",
    )


def _versioned_under_none(
    found: tuple[Module, ...], takers: tuple[Takers, ...], interpreters: set[str], contents: Contents
) -> Iterator[Finding]:
    """Modules for particular Pythons in a wheel that any takes. Modules of several Pythons, or binaries for several
    systems, are there on purpose; those of one are missing everywhere else."""
    systems = {binary.format for _, binary in contents.binaries() if binary.is_loadable}
    if not any(t.implementation == "py" for t in takers):
        return
    groups: dict[str, set[str]] = {}
    for module in found:
        groups.setdefault(module.stem, set()).add(module.tag or "")
    for module in found:
        tags = groups.pop(module.stem, {""})
        if "" in tags or module.tag in interpreters:
            continue
        named = module.abi or module.tag
        yield Finding(
            code="TW409",
            severity=Severity.ERROR if len(tags) == 1 and len(systems) == 1 else Severity.WARNING,
            where=module.path,
            message=f"a module for {named} in a wheel that claims any Python",
            evidence=(f"its file name says {named}", "the ABI tag is none"),
            hint="tag the wheel for that Python",
        )
        return


def _leftovers(found: tuple[Module, ...], takers: tuple[Takers, ...]) -> Iterator[Finding]:
    """Modules beside the right ones that no taker of the wheel looks for."""
    if len(found) < 2:
        return
    dead = [m for m in found if not m.loads_by_name and all(obstacle(m, t) is not None for t in takers)]
    if dead and len(dead) < len(found):
        yield Finding(
            code="TW406",
            severity=Severity.WARNING,
            where=dead[0].path,
            message="modules for several Pythons in one wheel",
            evidence=tuple(f"{m.path}: {m.abi or m.tag}" for m in (*dead[:4], next(m for m in found if m not in dead))),
            hint="delete the build directory: modules of an earlier Python were installed with the new ones",
        )


def _unproved(groups: Iterable[list[Module]], takers: tuple[Takers, ...]) -> Iterator[Finding]:
    """Version-specific claims on modules that nothing tells the version of."""
    silent = [
        group[0]
        for group in groups
        if all(m.loads_by_name and m.python_library is None for m in group)
        and any(obstacle(m, t) is None for m in group for t in takers)
    ]
    threaded = any(t.threaded for t in takers)
    if threaded:
        misnamed = [m for m in silent if m.abi == "abi3" and not m.imports() & THREADED_ONLY]
        if misnamed:
            yield _unproved_finding(
                misnamed, Severity.WARNING, "it is named for abi3, which free-threaded Pythons lack"
            )
    bare = [m for m in silent if m.abi is None and m.pieces and m.is_importable]
    if bare and any(t.implementation == "cp" for t in takers):
        yield _unproved_finding(bare, Severity.NOTE, "any Python would try to import it")


def _unproved_finding(found: list[Module], severity: Severity, why: str) -> Finding:
    return Finding(
        code="TW410",
        severity=severity,
        where=found[0].path,
        message=f"nothing in the file tells for which Python it was compiled: {why}",
        evidence=tuple(f"{m.path} has no version in its name" for m in found[:5]),
        hint="in CMake: Python_add_library(NAME MODULE WITH_SOABI …)",
    )


def _outside_under_none(plain: list[Module], takers: tuple[Takers, ...], contents: Contents) -> Iterator[Finding]:
    """Private symbols of one Python in a wheel that any takes."""
    oldest = min((t.version for t in takers if t.implementation == "py" and t.version), default=(3, 2))
    private = [
        f for f in stable.breaches(plain, max(oldest, (3, 2)), threaded=False, contents=contents) if f.code == "TW402"
    ]
    for path in dict.fromkeys(f.where for f in private):
        yield Finding(
            code="TW413",
            severity=Severity.WARNING,
            where=path,
            message="is bound to the Python that it was compiled for, in a wheel that claims any",
            evidence=tuple(e for f in private if f.where == path for e in f.evidence)[:5],
            hint="tag the wheel for that Python, or keep to the stable ABI",
        )


def _nobody(interpreters: tuple[str, ...], abis: tuple[str, ...]) -> Finding:
    tag = f"{'.'.join(interpreters)}-{'.'.join(abis)}"
    return Finding(
        code="TW411",
        severity=Severity.ERROR,
        where=tag,
        message=f"no Python takes a wheel that is tagged {tag}",
        evidence=tuple(f"{i}-{a} is no pair that an interpreter accepts" for i in interpreters for a in abis)[:5],
        hint="the stable ABI is claimed as cp3N-abi3, one Python's as cp3N-cp3N, none at all as py3-none",
    )


# --- findings ---------------------------------------------------------------------------------------------------


def _module_findings(found: Iterable[Module], platforms: Sequence[str]) -> Iterator[Finding]:
    for module in found:
        name = posixpath.basename(module.stem)
        for piece in module.pieces if module.is_importable else ():
            there, wanted = inits(piece), expected_inits(name)
            if (module.tag or "").startswith("cp"):
                there = frozenset(i for i in there if not i.startswith(CFFI_PYPY))  # CPython does not look for it
            if not there and piece.exports_complete:
                yield _no_init(module, wanted[0], f"no {wanted[0]} among {len(piece.exports)} exports")
            elif there and not there.intersection(wanted) and name != "__init__":
                yield _other_init(module, name, wanted[0], there)
        if not module.is_importable and not any(part in name for part in (".pypy", ".graalpy")):  # old ones of theirs
            yield _unimportable(module, name)
        yield from misplaced(module, platforms)


def _no_init(module: Module, wanted: str, evidence: str) -> Finding:
    return Finding(
        code="TW404",
        severity=Severity.WARNING,
        where=module.path,
        message="named like an extension module, but exports no init function",
        evidence=(evidence,),
        hint=f"add PyMODINIT_FUNC {wanted}(void), or do not hide it",
    )


def _other_init(module: Module, name: str, wanted: str, there: frozenset[str]) -> Finding:
    return Finding(
        code="TW405",
        severity=Severity.WARNING,
        where=module.path,
        message=f"import {name} looks for {wanted}, which is not there",
        evidence=tuple(f"exports {i}" for i in sorted(there)[:4]),
        hint=f"name the CMake target {initialised(min(there))}, or the module {name}"
        if len({initialised(i) for i in there}) == 1
        else "a module that holds several others needs a loader of its own",
    )


def _unimportable(module: Module, name: str) -> Finding:
    there = sorted({i for piece in module.pieces for i in inits(piece)})
    return Finding(
        code="TW405",
        severity=Severity.WARNING,
        where=module.path,
        message=f"no import statement finds it: {name} is no module's name, for it has a dot",
        evidence=tuple(f"exports {i}" for i in there[:4]),
        hint="name it without the dot, unless a loader of your own knows it"
        if module.abi or module.tag
        else "give the file a suffix that Python looks for: sysconfig.get_config_var('EXT_SUFFIX')",
    )


def _silent_libraries(bound: Iterable[Module], contents: Contents) -> Iterator[Finding]:
    """What imports Python's symbols and is named as a module might be: its init function is probably hidden."""
    scripts = contents.data_dir + "/"
    for library in bound:
        name = posixpath.basename(library.stem)
        if name.startswith("lib") or library.path.startswith(scripts) or not library.path.endswith((".so", ".dylib")):
            continue
        if all(s.exports_complete for s in library.pieces):
            wanted = expected_inits(name)[0]
            yield _no_init(library, wanted, f"imports Python's symbols, but exports no {wanted}")


def _api_not_kept(py_api: str, module: Module) -> Finding:
    bond = "bound to more than the stable ABI"
    if module.abi:
        bond = f"named for {module.abi}"
    elif module.python_library:
        bond = f"linked to {module.python_library.library}"
    return Finding(
        code="TW408",
        severity=Severity.WARNING,
        where=module.path,
        message=f"wheel.py-api = {py_api!r} is not kept, so the wheel is tagged for one Python",
        evidence=(f"{module.path} is {bond}",),
        hint="in CMake: Python_add_library(NAME MODULE USE_SABI ${SKBUILD_SABI_VERSION} WITH_SOABI …), or remove wheel.py-api",
    )


def _suffix_too_new(py_api: str, module: Module) -> Finding:
    return Finding(
        code="TW408",
        severity=Severity.WARNING,
        where=module.path,
        message=f"wheel.py-api = {py_api!r} is not kept: Pythons look for such a file name from 3.15 on",
        evidence=(f"{module.path} is named for abi3-{module.place}",),
        hint='in CMake: truewheel_add_module(NAME STABLE_ABI …), or set_target_properties(NAME PROPERTIES SUFFIX ".abi3.so")',
    )


def contradicts(interpreters: tuple[str, ...], abis: tuple[str, ...], ruling: PythonRuling) -> bool:
    """Whether what the suffixes say cannot be what ``interpreters`` and ``abis`` say."""
    return not set(interpreters) & set(ruling.interpreters) or not set(abis) & set(ruling.abis)

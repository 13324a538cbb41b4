"""How much of an earlier build tree may be used again, so that the result equals that of a build from nothing.

The rule behind every line: whatever the build tool cannot see by itself must be seen here. Pure; never looks at disk.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..model.reuse import BuildRecord, Difference, Inputs, Reuse, ReuseDecision, Traces, difference

SILENT = frozenset({
    "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "LIBRARY_PATH", "COMPILER_PATH",
    "GCC_EXEC_PREFIX", "LD_RUN_PATH", "LD_LIBRARY_PATH", "SDKROOT", "MACOSX_DEPLOYMENT_TARGET", "INCLUDE", "LIB",
    "LIBPATH", "CL", "_CL_", "SOURCE_DATE_EPOCH", "ZERO_AR_DATE", "CCC_OVERRIDE_OPTIONS",
    "PATH of tools",
})  # fmt: skip
"""Variables that compilers and linkers read behind the build tool's back (GCC manual "Environment Variables", MSVC
"CL Environment Variables", reproducible-builds.org); and what PATH says of the tools that they run."""

PROSE = (".md", ".rst", ".pyi", "PKG-INFO", "LICENSE", ".gitignore")
"""Ends of names that custom commands are not taken to read unless they declare it."""

ASIDE = ("tests/", "test/", "docs/", "doc/", "benchmarks/", ".github/", ".ci/")
"""Directories of which the same holds, when nothing in them was read before."""

HEADERS = (".h", ".hh", ".hpp", ".hxx", ".inc", ".inl", ".ipp", ".tpp", ".tcc", ".def", ".pxd", ".pxi", ".i", ".mod")
"""Ends of names that compilers find by searching directories; so do names without any suffix."""


def decide(before: BuildRecord | None, now: Inputs, *, outside: Mapping[str, str]) -> ReuseDecision:
    """What may be reused of the tree that ``before`` describes, for a build from ``now``.

    :param outside: the present stamps of ``before``'s files outside; a path that is gone has none.
    """
    if before is None:
        return ReuseDecision(reuse=Reuse.CLEAN, because="nothing was built here before")
    change = difference(before.inputs.sources, now.sources)
    if because := _unusable(before, now, outside) or _unusable_sources(before, now, change):
        return ReuseDecision(reuse=Reuse.CLEAN, because=because)
    if because := _outdated(before, now, change):
        ninja = before.traces.generator == "Ninja"  # of "Ninja Multi-Config", build.ninja does not tell all
        return ReuseDecision(reuse=Reuse.CONFIGURE if ninja else Reuse.CLEAN, because=because)
    return ReuseDecision(reuse=Reuse.KEEP, because=_several(change) if change else "nothing changed")


def _unusable(before: BuildRecord, now: Inputs, outside: Mapping[str, str]) -> str | None:
    """Why even objects must go, the sources aside."""
    was, traces = before.inputs, before.traces
    if was.software != now.software:
        return "another version of truewheel or of its engine built here"
    if now.now < traces.finished:
        return "the clock was set back"
    if path := _first_change(traces.outside, outside):
        return f"{path} changed"
    variables = _changed_variables(was, now)
    if silent := sorted(SILENT & set(variables)):
        return f"the environment variable {silent[0]} changed"
    if variables and traces.commands:
        return f"the environment variable {variables[0]} changed, and the project runs commands of its own"
    return None


def _unusable_sources(before: BuildRecord, now: Inputs, change: Difference) -> str | None:
    """Why objects must go because of a change that the build tool would not see."""
    traces = before.traces
    for name in (*change.added, *change.changed):
        stamp, old = now.sources[name], before.inputs.sources.get(name)
        is_new = old is None or old.digest != stamp.digest
        if is_new and any(s is not None and s.digest.startswith("link:") for s in (old, stamp)):
            return f"{name} is a link that leads elsewhere now: what it leads to may be older than what was built"
        if is_new and stamp.digest != "dir" and stamp.status[1] <= traces.finished:
            return f"{name} changed, but its time stamp is older than what was built from it"
    files = [n for n in change.names if (now.sources.get(n) or before.inputs.sources[n]).digest != "dir"]
    for name in files:
        if traces.commands and _may_be_read(name, traces):
            return f"{name} changed, which a command of the project's may read without declaring it"
        if name in change.added and _may_be_found(name, traces):
            return f"{name} is new, and may be found before a file that was used"
    return None


def _may_be_read(name: str, traces: Traces) -> bool:
    """Whether the project's own commands may read a file without anybody knowing."""
    if name in traces.compiled or name in traces.configured or _is_packed(name, traces):
        return False
    return not (name.endswith(PROSE) or name.startswith(ASIDE))


def _may_be_found(name: str, traces: Traces) -> bool:
    """Whether a new file may stand before one that a compiler found, or be what ``__has_include`` asked for."""
    base = name.rpartition("/")[2]
    if traces.probes and (base.endswith(HEADERS) or "." not in base):
        return True
    return any(path.rpartition("/")[2] == base for path in (*traces.compiled, *traces.outside))


def _outdated(before: BuildRecord, now: Inputs, change: Difference) -> str | None:
    """Why CMake must begin anew."""
    was, traces = before.inputs, before.traces
    if not traces.steady:
        return "the last build did not end well"
    if was.settings != now.settings:
        return "settings changed"
    if variables := _changed_variables(was, now):
        return f"the environment variable {variables[0]} changed"
    if path := _first_change(was.search, now.search) or _first_change(now.search, was.search):
        return f"{path} changed"
    plain = not (change.added or change.removed or traces.reads)
    known = traces.compiled - traces.configured
    if change and not (plain and all(n in known or _is_packed(n, traces) for n in change.changed)):
        return _several(change)
    return None


def _is_packed(name: str, traces: Traces) -> bool:
    """Whether this is Python code that goes into the wheel as it is: not what builds look at."""
    folders = {n.rpartition("/")[0] for n in traces.packed}
    return name.endswith(".py") and name.rpartition("/")[0] in folders and name not in traces.configured


def _several(change: Difference) -> str:
    names = change.names
    return f"{names[0]} changed" + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def _changed_variables(was: Inputs, now: Inputs) -> list[str]:
    names = was.variables.keys() | now.variables.keys()
    return sorted(n for n in names if was.variables.get(n) != now.variables.get(n))


def _first_change(before: Mapping[str, str], after: Mapping[str, str]) -> str | None:
    return next((path for path, stamp in before.items() if after.get(path) != stamp), None)

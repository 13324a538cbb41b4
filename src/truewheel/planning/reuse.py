"""How much of an earlier build tree may be used again, so that the result equals that of a build from nothing.

The rule behind every line: whatever the build tool cannot see by itself must be seen here. Pure; never looks at disk.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..model.build_record import ANY, COMMIT, BuildRecord, Difference, Inputs, Reuse, ReuseDecision, Traces, difference

SILENT = frozenset({
    "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "LIBRARY_PATH", "COMPILER_PATH",
    "GCC_EXEC_PREFIX", "LD_RUN_PATH", "LD_LIBRARY_PATH", "SDKROOT", "MACOSX_DEPLOYMENT_TARGET", "INCLUDE", "LIB",
    "LIBPATH", "CL", "_CL_", "SOURCE_DATE_EPOCH", "ZERO_AR_DATE", "CCC_OVERRIDE_OPTIONS",
    "PATH of tools",
})  # fmt: skip
"""Variables that compilers and linkers read behind the build tool's back (GCC manual "Environment Variables", MSVC
"CL Environment Variables", reproducible-builds.org); and what PATH says of the tools that they run."""

RESTLESS = frozenset({
    "PWD", "OLDPWD", "SHLVL", "_", "TERM", "COLUMNS", "LINES", "COLORTERM", "HOSTNAME", "DISPLAY", "WAYLAND_DISPLAY",
    "WINDOWID", "INVOCATION_ID", "JOURNAL_STREAM", "VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "TMPDIR", "TEMP",
    "TMP", "LS_COLORS", "PYTHONNOUSERSITE", "PYTHONDONTWRITEBYTECODE", "CI", "PYTHONIOENCODING", "PYTHONUTF8",
    "PYTHONUNBUFFERED", "PYTHONWARNINGS", "EDITOR", "VISUAL", "PAGER", "LESS", "LESSOPEN", "LESSCLOSE", "MAIL", "PS1",
    "PROMPT_COMMAND", "HISTFILE", "HISTSIZE", "HISTCONTROL", "SESSION_MANAGER", "DESKTOP_SESSION", "XAUTHORITY", "STY",
    "PYCHARM_HOSTED", "IDEA_INITIAL_DIRECTORY", "WT_SESSION", "WT_PROFILE_ID", "LC_TERMINAL",
    "LC_TERMINAL_VERSION", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "UV",
})  # fmt: skip
RESTLESS_PREFIXES = (
    "PIP_", "UV_", "_PYPROJECT_HOOKS_", "PEP517_", "SSH_", "XDG_SESSION", "DBUS_", "GPG_", "TERM_PROGRAM", "GITHUB_",
    "RUNNER_", "CI_", "BUILDKITE_", "PYTEST_", "COV_", "TMUX", "VSCODE_", "KONSOLE_", "GNOME_TERMINAL_", "ITERM_",
    "STARSHIP_", "DIRENV_", "TRUEWHEEL_",
)  # fmt: skip
"""Variables of sessions, terminals, front ends and CI services, which differ between builds that are the same. They count
when the project names them. ``TRUEWHEEL_*`` are settings, and counted as such."""

COMMITS = ("_SHA", "_REF", "_REF_NAME", "_COMMIT", "_COMMIT_SHA", "_COMMIT_TAG", "_TAG")
"""Ends of names of those that say what is built: they count in any case."""

UNITS = (".c", ".cc", ".cpp", ".cxx", ".c++", ".m", ".mm", ".cu", ".f", ".f90", ".F90", ".for", ".ixx", ".cppm")
"""Ends of names that compilers and linkers never open by themselves."""

TEXTS = (".toml", ".py", ".json", ".yml", ".yaml", ".cfg", ".ini", ".csv", ".sh", ".lock", ".ipynb")
"""Ends of names that linkers never open by themselves, either."""

PROSE = (".md", ".rst", ".pyi", "PKG-INFO", "LICENSE", ".gitignore")
"""Ends of names that custom commands are not taken to read unless they declare it."""

ASIDE = ("tests/", "test/", "docs/", "doc/", "benchmarks/", ".github/", ".ci/")
"""Directories of which the same holds, when nothing in them was read before."""

HEADERS = (".h", ".hh", ".hpp", ".hxx", ".inc", ".inl", ".ipp", ".tpp", ".tcc", ".def", ".pxd", ".pxi", ".i", ".mod")
"""Ends of names that compilers find by searching directories; so do names without any suffix."""


def decide(before: BuildRecord | None, now: Inputs, *, outside: Mapping[str, str]) -> ReuseDecision:
    """What may be reused of the tree that ``before`` describes, for a build from ``now``.

    :param outside: the present stamps of ``before``'s files outside, and the present digests of its folders; empty for what is
        gone.
    """
    if before is None:
        return ReuseDecision(reuse=Reuse.CLEAN, because="nothing was built here before")
    change = difference(before.inputs.sources, now.sources)
    if because := _unusable(before, now, outside) or _unusable_sources(before, now, change):
        return ReuseDecision(reuse=Reuse.CLEAN, because=because)
    because = _outdated(before, now, change)
    if kept := _nobody_would_delete(before.traces, change, because):
        return ReuseDecision(reuse=Reuse.CLEAN, because=kept)
    if because:
        ninja = before.traces.generator == "Ninja"  # others keep no account of what they made
        return ReuseDecision(reuse=Reuse.CONFIGURE if ninja else Reuse.CLEAN, because=because)
    return ReuseDecision(reuse=Reuse.KEEP, because=_several(change) if change else "nothing changed")


def _unusable(before: BuildRecord, now: Inputs, outside: Mapping[str, str]) -> str | None:
    """Why even objects must go, the sources aside."""
    was, traces = before.inputs, before.traces
    if was.software != now.software:
        return "another version of truewheel or of its engine built here"
    if now.shared and "Multi-Config" not in traces.generator:
        return "its build types take turns in one tree"
    if now.now < traces.finished:
        return "the clock was set back"
    if path := _first_change(traces.outside, outside):
        return f"{path} changed"
    if path := _first_change(traces.folders, outside):
        return f"{path} holds other files"
    if traces.probes and (path := _first_change(_headers(was.search), _headers(now.search))):
        return f"{path} changed, and a source asks which headers there are"
    variables = _changed_variables(was, now, traces)
    if silent := sorted(SILENT & set(variables)):
        return f"{_named(silent[0])} changed"
    asked = [n for n in variables if n != COMMIT or n in traces.variables]
    if asked and traces.commands:
        return f"{_named(asked[0])} changed, and the project runs commands of its own"
    if asked and traces.scripted:
        return f"{_named(asked[0])} changed, and a tool of the build is a script, which may ask for it"
    return None


def _nobody_would_delete(traces: Traces, change: Difference, because: str | None) -> str | None:
    """Why a tree must go that holds what commands left there: from other sources, they may leave something else."""
    if not traces.strays or not (because or any(not _is_packed(n, traces) for n in change.names)):
        return None
    return f"{because or _several(change)}, and a command left {min(traces.strays)} without declaring it"


def _unusable_sources(before: BuildRecord, now: Inputs, change: Difference) -> str | None:
    """Why objects must go because of a change that the build tool would not see."""
    traces = before.traces
    for name in (*change.added, *change.changed):
        stamp, old = now.sources[name], before.inputs.sources.get(name)
        is_new = old is None or old.digest != stamp.digest
        if is_new and any(s is not None and s.digest.startswith("link:") for s in (old, stamp)):
            return f"{name} is, or was, a link: what stands there now may be older than what was built"
        if is_new and stamp.digest != "dir" and stamp.status[1] <= traces.finished:
            return f"{name} changed, but its time stamp is older than what was built from it"
    files = [n for n in change.names if (now.sources.get(n) or before.inputs.sources[n]).digest != "dir"]
    for name in files:
        if _may_be_read(name, traces):
            return f"{name} changed, which a command or a linker may read without declaring it"
        if name in change.added and _may_be_found(name, traces):
            return f"{name} is new, and may be found before a file that was used"
    return None


def _may_be_read(name: str, traces: Traces) -> bool:
    """Whether commands, assemblers or linkers may read a file without the build tool's knowing."""
    if name in traces.mentioned:
        return True
    if name in traces.compiled or name in traces.configured or _is_packed(name, traces):
        return False
    if not traces.commands and name.endswith((*UNITS, *TEXTS)):
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
    if traces.reads:
        return "its CMake files read what CMake does not watch"
    if was.settings != now.settings:
        return "settings changed"
    if variables := _changed_variables(was, now, traces):
        return f"{_named(variables[0])} changed"
    if path := _first_change(was.search, now.search) or _first_change(now.search, was.search):
        return f"{path} changed"
    plain = not (change.added or change.removed)
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


def _changed_variables(was: Inputs, now: Inputs, traces: Traces) -> list[str]:
    names = was.variables.keys() | now.variables.keys()
    changed = sorted(n for n in names if was.variables.get(n) != now.variables.get(n))
    return [n for n in changed if n in traces.variables or ANY in traces.variables or not _is_restless(n)]


def _is_restless(name: str) -> bool:
    return name in RESTLESS or (name.startswith(RESTLESS_PREFIXES) and not name.endswith(COMMITS))


def _named(variable: str) -> str:
    """Of the workspace's own, names are words."""
    return variable if " " in variable else f"the environment variable {variable}"


def _headers(search: Mapping[str, str]) -> dict[str, str]:
    """Stamps of those directories that hold headers; the same names on both sides."""
    return {p: s for p, s in search.items() if p.endswith("/include")}


def _first_change(before: Mapping[str, str], after: Mapping[str, str]) -> str | None:
    return next((path for path, stamp in before.items() if after.get(path) != stamp), None)

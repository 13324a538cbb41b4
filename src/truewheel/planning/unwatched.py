"""How much of an earlier build tree may be used again of which only the build tool knows what it read.

The rule behind every line: whatever the build tool cannot see by itself must be seen here. Where builds can be watched,
evidence decides instead (``evidence.py``). Pure; never looks at disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..model.build_record import (
    ANY,
    COMMIT,
    Difference,
    Inputs,
    Reuse,
    ReuseDecision,
    Stamp,
    Traces,
)
from ..model.record import Record
from .input_names import SILENT, is_restless, may_be_a_header

_DIRECTORY = "dir"
"""The digest of a directory."""


class Comparison(Record):
    """An earlier build beside the one that is to begin.

    :param was: what went into the earlier build.
    :param traces: what it left behind.
    :param now: what goes into this one.
    :param outside: the present stamps of files outside, and the present digests of folders; empty for what is gone.
    :param change: the sources that are new, gone or changed.
    """

    was: Inputs
    traces: Traces
    now: Inputs
    outside: Mapping[str, str]
    change: Difference

    @property
    def changed_variables(self) -> list[str]:
        """The environment variables that changed and that count, sorted."""
        names = self.was.variables.keys() | self.now.variables.keys()
        changed = [
            name
            for name in names
            if self.was.variables.get(name) != self.now.variables.get(name)
        ]
        return sorted(name for name in changed if self._counts(name))

    def _counts(self, variable: str) -> bool:
        """Return whether a variable may make a difference to the build."""
        is_named = variable in self.traces.variables or ANY in self.traces.variables
        return is_named or not is_restless(variable)

    def stamp_of(self, name: str) -> Stamp:
        """Return what is known of a source that is among the changed ones: now, or before it was deleted."""
        return self.now.sources.get(name) or self.was.sources[name]


def decide_unwatched(builds: Comparison) -> ReuseDecision:
    """Return how much of a tree is used again of which only the build tool knows what it read."""
    reason = first_reason(REASONS_TO_START_OVER, builds)
    if reason:
        return ReuseDecision(reuse=Reuse.CLEAN, because=reason)
    reason = first_reason(REASONS_TO_CONFIGURE, builds)
    leftover = _command_left_files(builds, reason)
    if leftover:
        return ReuseDecision(reuse=Reuse.CLEAN, because=leftover)
    if not reason:
        change = builds.change
        return ReuseDecision(
            reuse=Reuse.KEEP,
            because=_what_changed(change) if change else "nothing changed",
        )
    # Only Ninja keeps an account of what it made, and deletes what nobody makes any more.
    if builds.traces.generator == "Ninja":
        return ReuseDecision(reuse=Reuse.CONFIGURE, because=reason)
    return ReuseDecision(reuse=Reuse.CLEAN, because=reason)


def first_reason(
    questions: Iterable[Callable[[Comparison], str]], builds: Comparison
) -> str:
    """Return the first answer that is not empty."""
    for question in questions:
        reason = question(builds)
        if reason:
            return reason
    return ""


# --- reasons to start over: objects may be of no use --------------------------------------------------------------


def _other_software(builds: Comparison) -> str:
    if builds.was.software != builds.now.software:
        return "another version of truewheel or of its engine built here"
    return ""


def _build_types_take_turns(builds: Comparison) -> str:
    """Ask whether several build types share a tree that is made for one."""
    if builds.now.is_shared and "Multi-Config" not in builds.traces.generator:
        return "its build types take turns in one tree"
    return ""


def _clock_was_set_back(builds: Comparison) -> str:
    # Build tools compare time stamps: what is edited now would seem older than what was built from it.
    if builds.now.started < builds.traces.finished:
        return "the clock was set back"
    return ""


def _file_outside_changed(builds: Comparison) -> str:
    # Ninja is not told of compilers and libraries, which are no sources of the project.
    return _changed(_first_change(builds.traces.outside, builds.outside))


def _folder_outside_changed(builds: Comparison) -> str:
    # A new header may be found before the one that was used.
    path = _first_change(builds.traces.folders, builds.outside)
    if path:
        return f"{path} holds other files"
    return ""


def _probed_headers_changed(builds: Comparison) -> str:
    # ``__has_include`` leaves no dependency on a file that is not there.
    if not builds.traces.asks_for_headers:
        return ""
    path = _first_change(
        _header_directories(builds.was.search), _header_directories(builds.now.search)
    )
    if path:
        return f"{path} changed, and a source asks which headers there are"
    return ""


def _silent_variable_changed(builds: Comparison) -> str:
    first = min(SILENT.intersection(builds.changed_variables), default="")
    return _changed(_phrase_for(first))


def _variable_of_a_command_changed(builds: Comparison) -> str:
    """Ask whether a variable changed that a command of the project, or a tool that is a script, may look at."""
    variables = builds.changed_variables
    # The commit counts only for projects that ask for it: else every commit would start over.
    if COMMIT in variables and COMMIT not in builds.traces.variables:
        variables.remove(COMMIT)
    if not variables:
        return ""
    changed = f"{_phrase_for(variables[0])} changed"
    if builds.traces.runs_own_commands:
        return f"{changed}, and the project runs commands of its own"
    if builds.traces.has_script_tools:
        return f"{changed}, and a tool of the build is a script, which may ask for it"
    return ""


def _time_stamps_do_not_tell(builds: Comparison) -> str:
    """Ask whether a changed source looks to the build tool as if it had not changed."""
    for name in (*builds.change.added, *builds.change.changed):
        reason = _why_time_stamp_does_not_tell(name, builds)
        if reason:
            return reason
    return ""


def _why_time_stamp_does_not_tell(name: str, builds: Comparison) -> str:
    """Return why a changed source may look older than what was built from it, empty if it does not."""
    stamp, old = builds.now.sources[name], builds.was.sources.get(name)
    has_same_content = old is not None and old.digest == stamp.digest
    if has_same_content:
        return ""
    if _is_link(stamp) or _is_link(old):
        return f"{name} is, or was, a link: what stands there now may be older than what was built"
    if stamp.digest != _DIRECTORY and stamp.modified <= builds.traces.finished:
        return (
            f"{name} changed, but its time stamp is older than what was built from it"
        )
    return ""


def _undeclared_input_changed(builds: Comparison) -> str:
    """Ask whether a source changed of which the build tool does not know that something reads it."""
    for name in builds.change.names:
        reason = _why_a_reader_may_be_missed(name, builds)
        if reason:
            return reason
    return ""


def _why_a_reader_may_be_missed(name: str, builds: Comparison) -> str:
    """Return why something may read a changed source without the build tool's knowing, empty if nothing does."""
    if builds.stamp_of(name).digest == _DIRECTORY:
        return ""
    if _may_be_read(name, builds.traces):
        return (
            f"{name} changed, which a command or a linker may read without declaring it"
        )
    if name in builds.change.added and _may_be_found(name, builds.traces):
        return f"{name} is new, and may be found before a file that was used"
    return ""


REASONS_OF_ANY_BUILD: tuple[Callable[[Comparison], str], ...] = (
    _other_software,
    _build_types_take_turns,
    _clock_was_set_back,
)
"""Those that hold for watched builds, too."""
REASONS_TO_START_OVER: tuple[Callable[[Comparison], str], ...] = (
    *REASONS_OF_ANY_BUILD,
    _file_outside_changed,
    _folder_outside_changed,
    _probed_headers_changed,
    _silent_variable_changed,
    _variable_of_a_command_changed,
    _time_stamps_do_not_tell,
    _undeclared_input_changed,
)
"""Questions whose answers are why a tree must go, in the order in which they are told."""


def _may_be_read(name: str, traces: Traces) -> bool:
    """Return whether commands, assemblers or linkers may read a file without the build tool's knowing.

    They may read any, whatever it is called: assemblers have ``.incbin``, and linkers take a file of any name.
    """
    return name in traces.mentioned or not _is_watched(name, traces)


def _is_watched(name: str, traces: Traces) -> bool:
    """Return whether the build tool, CMake or the packer knows a file, so that a change of it is not missed."""
    return (
        name in traces.compiled or name in traces.configured or _is_packed(name, traces)
    )


def _may_be_found(name: str, traces: Traces) -> bool:
    """Return whether a new file may stand before one that was found, or be what ``__has_include`` asked for."""
    base = _base_name(name)
    if traces.asks_for_headers and may_be_a_header(base):
        return True
    used = (*traces.compiled, *traces.outside)
    return any(_base_name(path) == base for path in used)


# --- reasons to configure again: objects stay ---------------------------------------------------------------------


def ended_badly(builds: Comparison) -> str:
    """Return that the last build failed, empty if it did not."""
    if builds.traces.ended_well:
        return ""
    return "the last build did not end well"


def _cmake_reads_unwatched_files(builds: Comparison) -> str:
    # file(READ) and execute_process() leave no dependency.
    if builds.traces.cmake_reads_files:
        return "its CMake files read what CMake does not watch"
    return ""


def settings_changed(builds: Comparison) -> str:
    """Return that CMake is told something else, empty if it is not."""
    if builds.was.settings != builds.now.settings:
        return "settings changed"
    return ""


def _variable_changed(builds: Comparison) -> str:
    return _changed(_phrase_for(min(builds.changed_variables, default="")))


def _searched_directory_changed(builds: Comparison) -> str:
    # find_package() and its like may find something else there now.
    before, after = builds.was.search, builds.now.search
    return _changed(_first_change(before, after) or _first_change(after, before))


def _sources_changed(builds: Comparison) -> str:
    """Ask whether sources changed in a way that the build tool alone cannot deal with."""
    change = builds.change
    # New and deleted files may be matched by file(GLOB).
    if change.added or change.removed:
        return _what_changed(change)
    if all(_is_left_to_the_build_tool(name, builds.traces) for name in change.changed):
        return ""
    return _what_changed(change)


def _is_left_to_the_build_tool(name: str, traces: Traces) -> bool:
    """Return whether CMake does not look at a source, so that the build tool or the packer deals with a change of it."""
    is_only_compiled = name in traces.compiled and name not in traces.configured
    return is_only_compiled or _is_packed(name, traces)


REASONS_TO_CONFIGURE: tuple[Callable[[Comparison], str], ...] = (
    ended_badly,
    _cmake_reads_unwatched_files,
    settings_changed,
    _variable_changed,
    _searched_directory_changed,
    _sources_changed,
)
"""Questions whose answers are why CMake must begin anew, in the order in which they are told."""


def _command_left_files(builds: Comparison, reason: str) -> str:
    """Return why a tree must go that holds what commands left there: from other sources they may leave something else.

    :param reason: why CMake must begin anew, empty if it need not.
    """
    # Python code that goes into the wheel as it is makes no command leave anything else.
    is_all_packed = all(_is_packed(name, builds.traces) for name in builds.change.names)
    if not builds.traces.strays or (is_all_packed and not reason):
        return ""
    changed = reason or _what_changed(builds.change)
    return f"{changed}, and a command left {min(builds.traces.strays)} without declaring it"


# --- words for names ----------------------------------------------------------------------------------------------


def _is_packed(name: str, traces: Traces) -> bool:
    """Return whether this is Python code that goes into the wheel as it is: builds do not look at it."""
    if not name.endswith(".py") or name in traces.configured:
        return False
    return _directory(name) in {_directory(path) for path in traces.packed}


def _is_link(stamp: Stamp | None) -> bool:
    """Return whether there is a symbolic link."""
    return stamp is not None and stamp.digest.startswith("link:")


def _header_directories(search: Mapping[str, str]) -> dict[str, str]:
    """Return the stamps of directories that hold headers; they have the same name on all systems."""
    return {path: stamp for path, stamp in search.items() if path.endswith("/include")}


def _first_change(before: Mapping[str, str], after: Mapping[str, str]) -> str | None:
    """Return the first path whose stamp is another one, ``None`` if all are as they were."""
    for path, stamp in before.items():
        if after.get(path) != stamp:
            return path
    return None


def _changed(name: str | None) -> str:
    """Return that something changed, empty if nothing did."""
    return f"{name} changed" if name else ""


def _what_changed(change: Difference) -> str:
    """Return the changed sources in words: the first, and how many more."""
    first, *others = change.names
    if others:
        return f"{first} changed and {len(others)} more"
    return f"{first} changed"


def _phrase_for(variable: str) -> str:
    """Return a variable in words, empty for none. A pseudo-variable is a phrase with spaces already."""
    if not variable or " " in variable:
        return variable
    return f"the environment variable {variable}"


def _directory(path: str) -> str:
    return path.rpartition("/")[0]


def _base_name(path: str) -> str:
    return path.rpartition("/")[2]

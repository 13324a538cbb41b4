"""Windows: for which machine PE images are, and which of their libraries a user's machine has.

A tag names a machine and no more: ``win32``, ``win_amd64``, ``win_arm64``. So libraries from elsewhere are findings and
leave the tag as it is. The system supplies its own DLLs and the UCRT; the interpreter ``pythonXY.dll``, ``python3.dll``
and ``vcruntime140`` (not the C++ runtime, ``msvcp140.dll``). Source:
https://learn.microsoft.com/en-us/windows/win32/dlls/dynamic-link-library-search-order.
Pure; see ``docs/regenerate/windows.py``.
"""

from __future__ import annotations

import functools
import posixpath
import re

from ..data_tables import table
from ..model.audit import Supplied, TagBasis, ViolationCause
from ..model.binary import Format, Kind, PeSlice
from ..model.finding import Finding, Severity
from ..model.floor import Evidence
from ..model.record import worked_out
from ..model.tags import PlatformTag, dotted
from .base import COPY, COPY_OR_LINK, Mixture, Platform, Words, mismatch, require
from .pe_slices import emulated_only, machine_of, with_forwarders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from ..model.audit import Linkage, LoadableSlice, Requirement, Violation
    from ..model.binary import Need, Slice
    from ..model.surroundings import Surroundings
    from ..model.tags import Level

_INIT = ("PyInit", "PyModE")
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
_MINGW = (
    r"lib(gcc_s_\w+-1|stdc\+\+-6|winpthread-1|gfortran-\d|quadmath-0|gomp-1|ssp-0)\.dll"
)


def _policy() -> Mapping[str, Any]:
    return table("platforms/policy/windows.json")


def _tags() -> Mapping[str, str]:
    tags: Mapping[str, str] = _policy()["tags"]
    return tags


@functools.cache
def _system(cpu: str) -> frozenset[str]:
    """Return lower-case names of the DLLs that Windows for ``cpu`` has."""
    system = _policy()["system"]
    return frozenset([*system[""], *system.get(cpu, ()), *_policy()["windows_10"]])


def has_library(cpu: str, library: str) -> bool:
    """Return whether Windows or the interpreter has ``library``, whatever its case.

    >>> has_library("x86_64", "KERNEL32.dll"), has_library("x86_64", "vcruntime140.dll"), has_library("x86_64", "MSVCP140.dll")
    (True, True, False)
    """
    name = library.lower()
    if name in _system(cpu) or name in _policy()["interpreter"].get(cpu, ()):
        return True
    return (
        re.fullmatch(_API_SET, name) is not None
        or re.fullmatch(_PYTHON, name) is not None
    )


class Windows(Platform):
    """The Windows platform."""

    family = "windows"
    words = Words(
        needs="imports",
        nowhere="the top",
        unreachable="{library} is in the wheel, but not where Windows looks",
        reach="put it beside the module, or call os.add_dll_directory() in __init__.py",
    )

    # --- which files and tags belong to it ----------------------------------------------------------------------

    def owns(self, form: Format, piece: Slice) -> bool:
        """Return whether it is a PE image."""
        return form is Format.PE and isinstance(piece, PeSlice)

    def parse_tag(self, text: str) -> PlatformTag | None:
        """Return ``win32``, ``win_amd64`` and ``win_arm64`` as a tag."""
        if text not in _tags():
            return None
        return PlatformTag(text=text, family="windows", kind="win", cpu=_tags()[text])

    # --- where its loader finds libraries -----------------------------------------------------------------------

    def fold(self, name: str) -> str:
        """Return the name in lower case: file names have none that counts."""
        return name.lower()

    def needs(self, code: LoadableSlice) -> Sequence[Need]:
        """Return the libraries that a file imports from, and those that its exports are forwarded to (re-exported)."""
        return with_forwarders(code.slice)

    def names_to_exclude(self, need: Need) -> tuple[str, ...]:
        """Return the name in lower case."""
        return (need.library.lower(),)

    def reaches(
        self,
        code: LoadableSlice,
        need: Need,
        library: LoadableSlice,
    ) -> bool:
        """Return whether the library is beside the file, which Python has Windows search.

        A directory that is called ``NAME.libs`` is what delvewheel makes, which adds the call of ``os.add_dll_directory``.
        """
        # https://docs.python.org/3/library/os.html#os.add_dll_directory
        return library.directory == code.directory or library.directory.endswith(
            ".libs"
        )

    def searched(self, code: LoadableSlice, need: Need) -> tuple[str, ...]:
        """Return the directory of the file."""
        return () if code.directory == "." else (code.directory,)

    def obstacle_between(
        self, code: LoadableSlice, library: Slice, kind: str | None = None
    ) -> str | None:
        """Return whether it is for another machine; code of ARM64EC runs beside code for x64, not the other way round."""
        user, found = _machine(code), machine_of(library)
        if found == user or (user, found) == ("arm64ec", "x86_64"):
            return None
        return f"code for {found}, not for {user}"

    ignores_case = True

    def places_outside(
        self,
        loaders: Sequence[LoadableSlice],
        need: Need,
        around: Surroundings,
    ) -> Iterator[tuple[str, str]]:
        """Yield the directories of the files that need it, what the build knows, and PATH."""
        name = need.library
        for loader in loaders:
            if loader.directory.startswith("/") or ":" in loader.directory:
                yield posixpath.join(loader.directory, name), "beside its user"
        users = [loader.path for loader in loaders]
        for known, path in around.linked_for(users):
            if self.fold(name) in (
                self.fold(known),
                self.fold(posixpath.basename(path)),
            ):
                yield path, "linked by CMake"
        for directory in around.search:
            yield posixpath.join(directory, name), f"search {directory}"
        for directory in around.library_path:
            yield posixpath.join(directory, name), f"PATH {directory}"

    def supplies(
        self,
        code: LoadableSlice,
        need: Need,
        kind: str | None,
    ) -> Supplied | None:
        """Return whether Windows or the interpreter has a DLL: since when, no tag can say."""
        is_there = has_library(_machine(code), need.library)
        return Supplied() if is_there else None

    def explain_missing(self, need: Need) -> tuple[str, str]:
        """Return what to do about a DLL that users do not have; mostly it is a compiler's runtime."""
        name = need.library.lower()
        if re.fullmatch(_MSVC, name):
            return (
                "is part of the Visual C++ runtime, which neither Windows nor Python has",
                f"link the runtime statically, CMAKE_MSVC_RUNTIME_LIBRARY=MultiThreaded, or {COPY}",
            )
        if re.fullmatch(_MINGW, name):
            return (
                "is part of MinGW's runtime, which users do not have",
                f"link with -static, or -static-libgcc -static-libstdc++, or {COPY}",
            )
        message = "is neither in the wheel nor part of Windows or Python"
        return message, COPY_OR_LINK

    # --- what its tags are made of ------------------------------------------------------------------------------

    def basis(self, files: Sequence[LoadableSlice]) -> TagBasis:
        """Return the machine that Python's modules are for; without any, that of all libraries, or of all programs."""
        bound = _bound(files)
        machines = sorted(_machines(bound))
        tag = _tag_for(files, machines)
        if tag is None:
            reason = f"{_describe(bound[0])}, for which there is no tag"
            return TagBasis(
                kind="win", endings=(), plain="win", reason=reason, has_no_tag=True
            )
        # Libraries and programs for several machines: which of them the wheel is for, nothing in it tells.
        if len(machines) > 1 and not _modules(files):
            reason = f"the binaries are for {', '.join(machines)}"
            return TagBasis(kind="win", endings=(), plain=tag, reason=reason)
        fitting = [code for code in bound if _machine(code) == _tags()[tag]]
        reason = _describe((fitting or bound)[0])
        return TagBasis(kind="win", endings=(tag,), plain=tag, reason=reason)

    def requirements(
        self,
        code: LoadableSlice,
        linkage: Sequence[Linkage],
        kind: str | None,
    ) -> Iterator[Requirement]:
        """Yield the least Windows by the image's header. Linkers write 6.0 or less unless told; no tag can say it."""
        version = getattr(code.slice, "subsystem_version", (0, 0))
        if version != (0, 0):
            evidence = Evidence(
                file=code.path, fact=f"subsystem version {dotted(version)}"
            )
            yield require(code, "windows", version, evidence, ViolationCause.TOO_NEW)

    def level_in(
        self,
        requirement: Requirement,
        ending: str,
    ) -> Level | None:
        """Return nothing: a tag names a machine and no system."""
        return None

    def format_tag(
        self,
        kind: str,
        level: Level,
        ending: str,
    ) -> str:
        """Return ``win_amd64``."""
        return ending

    # --- whether a tag is true ----------------------------------------------------------------------------------

    def mismatches(
        self,
        files: Sequence[LoadableSlice],
        tag: PlatformTag,
    ) -> Iterator[Violation]:
        """Yield modules for another machine, or nothing but libraries and programs for others."""
        for code in _misplaced(files, tag.cpu):
            fact = f"it is code for {_machine(code)}"
            yield mismatch(
                code.path,
                fact,
                allows=f"{tag} means {tag.cpu}",
                cause=ViolationCause.OTHER_CPU,
            )

    def limit(
        self,
        requirement: Requirement,
        tag: PlatformTag,
    ) -> Level | None:
        """Return nothing: a tag names a machine and no system."""
        return None

    # --- what else may be wrong ---------------------------------------------------------------------------------

    def mixture(self, files: Sequence[LoadableSlice]) -> Mixture | None:
        """Return the files that share a process with Python, if for several machines; programs may be."""
        bound = _bound(files)
        if len(_machines(bound)) < 2 or _are_programs(bound):
            return None
        return Mixture(
            rows=tuple((code.path, _machine(code)) for code in bound),
            what="libraries for several CPUs in one wheel",
            severity=Severity.WARNING if _modules(bound) else Severity.NOTE,
        )

    def hazards(self, files: Sequence[LoadableSlice]) -> Iterator[Finding]:
        """Yield ARM64EC code, which looks like code for x64."""
        for code in _bound(files):
            if _machine(code) == "arm64ec":
                yield emulated_only(code)


# --- machines ---------------------------------------------------------------------------------------------------


def _machine(code: LoadableSlice) -> str:
    """Return the CPU whose machines run the code."""
    return machine_of(code.slice)


def _machines(files: Sequence[LoadableSlice]) -> set[str]:
    return {_machine(code) for code in files}


def _describe(code: LoadableSlice) -> str:
    return f"{code.path} is code for {_machine(code)}"


def _tag_for(files: Sequence[LoadableSlice], machines: Sequence[str]) -> str | None:
    """Return the tag of the first machine that has one, else one on whose machines the files work all the same."""
    tag_of = {cpu: tag for tag, cpu in _tags().items()}
    for machine in machines:
        if machine in tag_of:
            return tag_of[machine]
    for cpu, tag in tag_of.items():
        if not _misplaced(files, cpu):
            return tag
    return None


def _modules(files: Sequence[LoadableSlice]) -> list[LoadableSlice]:
    """Return the extension modules, and the libraries of the wheel that are loaded with them.

    Other libraries may be for whom they like: debuggers bring one to inject into 32-bit programs.
    """
    reached = [code for code in files if _is_module(code)]
    libraries = _by_name(files)
    known = {code.path for code in reached}
    for code in reached:  # grows while it is gone through
        for need in code.slice.needs:
            namesakes = libraries.pop(need.library.lower(), [])
            new = [
                library
                for library in _fitting(code, namesakes)
                if library.path not in known
            ]
            reached += new
            known.update(library.path for library in new)
    return reached


def _by_name(files: Sequence[LoadableSlice]) -> dict[str, list[LoadableSlice]]:
    """Return the files by their names in lower case."""
    found: dict[str, list[LoadableSlice]] = {}
    for code in files:
        found.setdefault(posixpath.basename(code.path).lower(), []).append(code)
    return found


def _fitting(
    code: LoadableSlice, namesakes: list[LoadableSlice]
) -> list[LoadableSlice]:
    """Return the libraries of one name that are for the machine of a file; all when none is."""
    # A debugger's wheel may have one DLL of a name for each machine.
    fitting = [library for library in namesakes if _machine(library) == _machine(code)]
    return fitting or namesakes


@worked_out
def _is_module(code: LoadableSlice) -> bool:
    if code.path.lower().endswith(".pyd"):
        return True
    return any(name.startswith(_INIT) for name in code.slice.exports)


def _are_programs(files: Sequence[LoadableSlice]) -> bool:
    return all(code.slice.kind is Kind.EXECUTABLE for code in files)


def _bound(files: Sequence[LoadableSlice]) -> Sequence[LoadableSlice]:
    """Return the files that tell the tag's machine: what shares a process with Python, else libraries, else programs."""
    libraries = [code for code in files if code.slice.kind is not Kind.EXECUTABLE]
    return _modules(files) or libraries or files


def _misplaced(files: Sequence[LoadableSlice], cpu: str) -> Sequence[LoadableSlice]:
    """Return the files without which the wheel cannot work on machines with ``cpu``.

    Of libraries that nothing but Python code loads, and of programs, that code may choose: one that fits is enough.
    """
    modules = _modules(files)
    if modules:
        return [code for code in modules if _machine(code) != cpu]
    bound = _bound(files)
    fitting = _STARTS.get(cpu, frozenset()) if _are_programs(bound) else {cpu}
    return bound if _machines(bound).isdisjoint(fitting) else []


WINDOWS = Windows()

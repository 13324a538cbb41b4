"""Environment variables that change what CMake's steps mean: which of them the steps do not get, and why. A table.

A build installs into a directory of its own and packs what lies there. Whoever calls it may have set variables for another
purpose: ``make`` exports ``DESTDIR``, and says in ``MAKEFLAGS`` how it was called itself. What would send the files elsewhere,
or would leave a step undone, is withheld. What chooses how to build (``CMAKE_GENERATOR``, ``CMAKE_TOOLCHAIN_FILE``,
``CMAKE_PREFIX_PATH``, ``CMAKE_BUILD_TYPE``, ``CMAKE_BUILD_PARALLEL_LEVEL``, ``CMAKE_<LANG>_COMPILER_LAUNCHER``, ``CFLAGS``),
or only what is printed (``VERBOSE``, ``NINJA_STATUS``), is the user's. ``CMAKE_INSTALL_PREFIX`` stays: the steps name theirs.

Sources: cmake-env-variables(7) of CMake 4.4; GNU make manual, "Communicating Options to a Sub-make", "The Variable MAKEFILES"
and "Summary of Options"; Ninja manual, "Environment variables" and "GNU Jobserver support".
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator, Mapping

from scikit_build_core.settings.skbuild_model import ScikitBuildSettings

from .make_flags import harmless_flags

WITHHELD: Mapping[str, str] = {
    "DESTDIR": "it would have files installed outside of the wheel",
    "CMAKE_INSTALL_MODE": "it would install links to the build tree instead of files",
    "CMAKE_CONFIG_TYPE": "cmake.build-type says which configuration is built",
    "MAKEFILES": "make would read other makefiles before CMake's",
}
"""Variables that no step gets, and what each would do."""
_MAKE_OPTIONS = ("MAKEFLAGS", "GNUMAKEFLAGS")
"""Variables with options for make, of which the harmless ones stay."""


def withheld_notes(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return a sentence for each variable that is set and that CMake's steps do not get as it is.

    >>> withheld_notes({"DESTDIR": "/stage", "CC": "clang"})
    ('DESTDIR is not passed on to CMake: it would have files installed outside of the wheel',)
    >>> withheld_notes({"MAKEFLAGS": "n -j4"})
    ('MAKEFLAGS is passed on to CMake without -n, which is meant for the make that was called',)
    """
    notes = []
    for name, effect in WITHHELD.items():
        # An empty one does nothing: CMake asks for its value.
        if environ.get(name):
            notes.append(f"{name} is not passed on to CMake: {effect}")
    for name in _MAKE_OPTIONS:
        _, dropped = harmless_flags(environ.get(name, ""))
        if dropped:
            words = " ".join(dropped)
            notes.append(
                f"{name} is passed on to CMake without {words}, which is meant for the make that was called"
            )
    return tuple(notes)


def variables_for_steps(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that CMake's steps get."""
    kept = {name: value for name, value in environ.items() if name not in WITHHELD}
    for name in _MAKE_OPTIONS:
        if name in kept:
            flags, _ = harmless_flags(kept[name])
            kept[name] = flags
    return kept


def without_withheld(
    settings: ScikitBuildSettings, environ: Mapping[str, str]
) -> tuple[ScikitBuildSettings, tuple[str, ...]]:
    """Return the settings without withheld variables in their ``env``, and a sentence for each that is set anywhere."""
    given = dict(environ)
    kept = dict(settings.env)
    for name in WITHHELD.keys() & kept.keys():
        # Its value may depend on other variables; that it is named is enough to tell of it.
        given[name] = "set by tool.scikit-build.env"
        del kept[name]
    return dataclasses.replace(settings, env=kept), withheld_notes(given)


@contextlib.contextmanager
def step_environment() -> Iterator[None]:
    """Have this process hold only what CMake's steps get, and give back afterwards what it had.

    scikit-build-core copies the variables of the process when it configures.
    """
    before = dict(os.environ)
    wanted = variables_for_steps(before)
    touched = {name for name in before if wanted.get(name) != before[name]}
    for name in touched:
        if name in wanted:
            os.environ[name] = wanted[name]
        else:
            del os.environ[name]
    try:
        yield
    finally:
        for name in touched:
            os.environ[name] = before[name]

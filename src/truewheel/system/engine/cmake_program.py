"""Which CMake a build uses, and what to say when there is none that fits."""

from __future__ import annotations

import contextlib
import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path

from scikit_build_core.cmake import CMake
from scikit_build_core.errors import NotFoundError
from scikit_build_core.program_search import (
    Program,
    get_cmake_program,
    get_cmake_programs,
)
from scikit_build_core.settings.skbuild_model import ScikitBuildSettings

from ...model.errors import EngineError


def find_cmake(
    settings: ScikitBuildSettings, environ: Mapping[str, str]
) -> CMake | None:
    """Return the CMake to use: the user's, that of PyPI's package, or one on PATH; ``None`` when the project needs none.

    :raises EngineError: when none fits.
    """
    if not settings.wheel.cmake:
        return None
    wanted = settings.cmake.version
    packaged = _find_packaged_cmake()
    if packaged is not None and not environ.get("CMAKE_EXECUTABLE"):
        _require_program(packaged)
        with contextlib.suppress(NotFoundError):  # another one may fit
            return CMake.default_search(
                version=wanted, env={"CMAKE_EXECUTABLE": packaged}
            )
    try:
        return CMake.default_search(version=wanted, env=environ)
    except NotFoundError:
        raise _no_cmake_error(settings, environ) from None


def _find_packaged_cmake() -> str | None:
    """Return the program in PyPI's package ``cmake``; ``None`` when it is not installed, or keeps it elsewhere.

    scikit-build-core asks the package, which reads the names of its 4,000 files to answer: a tenth of a hook's own time
    (``benchmarks/overhead.py``). Its wheels have the program in ``cmake/data/bin``.
    """
    # find_spec looks for the package without running it.
    spec = importlib.util.find_spec("cmake")
    if (
        spec is None or spec.origin is None
    ):  # a directory that happens to be called so has no origin
        return None
    data = Path(spec.origin).with_name("data")
    program = data / "bin" / "cmake"
    return str(program.resolve()) if program.is_file() else None


def _require_program(packaged: str) -> None:
    """Raise an error for a CMake that is installed and cannot be run: another one is not the one that was asked for.

    The kernel also forbids it for all of a file system (``noexec``, access(2)).
    """
    if os.access(packaged, os.X_OK):
        return
    raise EngineError(
        "the CMake of the build environment cannot be run",
        phase="find CMake",
        context=[f"{packaged} has no right to be run, or its file system gives none"],
        hint="if it lies in a temporary directory: set TMPDIR to one from which programs can be run (not noexec)",
    )


def _no_cmake_error(
    settings: ScikitBuildSettings, environ: Mapping[str, str]
) -> EngineError:
    """Return the error that no CMake here fits: which ones there are, and who asks for another."""
    wanted = settings.cmake.version
    programs = _found_programs(environ)
    message = (
        f"no CMake here fits: {wanted} is wanted"
        if programs
        else "there is no CMake here"
    )
    context = [
        f"{program.path} is {program.version or 'not a CMake that answers'}"
        for program in programs
    ]
    context.append(f"{_who_asks(settings)} asks for {wanted}")
    install = f'pip install "cmake{wanted or ""}"'
    return EngineError(
        message,
        phase="find CMake",
        context=context,
        hint=f"build with isolation, as front ends do by default; or install one here: {install}",
    )


def _found_programs(environ: Mapping[str, str]) -> list[Program]:
    """Return what was looked at: the program that the user names, or every CMake that there is."""
    given = environ.get("CMAKE_EXECUTABLE")
    if given:
        return [get_cmake_program(Path(given))]
    return list(get_cmake_programs(module=True))


def _who_asks(settings: ScikitBuildSettings) -> str:
    """Return where the version of CMake is written that is wanted."""
    listed = Path(settings.cmake.source_dir) / "CMakeLists.txt"
    if settings.cmake.version is not None and listed.is_file():
        # scikit-build-core puts the version from CMakeLists.txt into the settings when nothing else sets it.
        text = listed.read_text(encoding="utf-8", errors="replace")
        if any(specifier.version in text for specifier in settings.cmake.version):
            return f"cmake_minimum_required in {listed.as_posix()}"
    return "tool.scikit-build.cmake.version"

"""Mistakes in the engine's settings, each with the place that it was made in: a table, an option, or a variable.

The engine tells them in ways of its own; nothing here imports it, and nothing here is right or wrong by our standards.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence

from packaging.version import InvalidVersion

from ..model import schema
from ..model.diagnostics import ConfigError, Problem
from ..model.request import Request

WRONG = "the settings of the build engine are wrong"
_TABLE = "tool.scikit-build."


def unknown(name: str, guesses: Sequence[str]) -> Problem:
    """A key of a table that the engine does not have."""
    where = name if name.startswith("tool.") else _TABLE + name
    hint = f"did you mean {', '.join(guesses)}?" if guesses else None
    return Problem(where=where, message="there is no such setting", hint=hint)


def unknown_option(name: str, guesses: Sequence[str], given: Iterable[str]) -> Problem:
    """An option of the front end that neither the engine nor truewheel has.

    :param name: as the engine tells it: where it does not have the table either, the name of that.
    :param guesses: the best first.
    :param given: all options.
    """
    whole = next((key for key in given if key == name or key.startswith(f"{name}.")), name)
    near = schema.options_like(whole) or guesses[:1]
    hint = f"did you mean {' or '.join(f'-C{guess}' for guess in near)}?" if near else None
    return Problem(where=f"-C{whole}", message="there is no such setting", hint=hint)


@contextlib.contextmanager
def wrong_values(request: Request) -> Iterator[None]:
    """Values that are not of their setting's type, for which the engine raises a group of exceptions with notes, and a
    version in CMakeLists.txt that is none.

    :raises ConfigError: with all of them.
    """
    try:
        yield
    except InvalidVersion as error:  # of the settings' own versions, the groups below tell
        raise _no_version(str(error).partition(": ")[2]) from None
    except Exception as error:
        problems = list(_misfits(error, request))
        if not problems:
            raise
        raise ConfigError(WRONG, problems=problems) from None


def _no_version(written: str) -> ConfigError:
    problem = Problem(where="CMakeLists.txt", message=f"cmake_minimum_required names {written}, which is no version")
    hint = "write cmake_minimum_required(VERSION 3.18...4.0); or set tool.scikit-build.cmake.version"
    return ConfigError("CMakeLists.txt does not say which CMake it needs", problems=[problem], hint=hint)


def _misfits(error: BaseException, request: Request) -> Iterator[Problem]:
    for inner in getattr(error, "exceptions", ()):
        yield from _misfits(inner, request)
    for note in getattr(error, "__notes__", ()):
        if note.startswith(f"Field {_TABLE}"):
            path = note.removeprefix("Field ").replace("_", "-")
            yield Problem(where=said_by(path, request), message=str(error) or type(error).__name__)


def said_by(path: str, request: Request) -> str:
    """Where the value of a setting comes from, the strongest first: a variable, an option, a table.

    :param path: ``tool.scikit-build.cmake.build-type``.
    """
    key = path.removeprefix(_TABLE)
    variable = "SKBUILD_" + re.sub("[-.]", "_", key).upper()
    if variable in os.environ:
        return variable
    option = next((o for o in (f"skbuild.{key}", key) if o in request.config_settings), None)
    return path if option is None else f"-C{option}"


@contextlib.contextmanager
def without_idle_advice() -> Iterator[None]:
    """Leaves out that there is no CMakeLists.txt to look for a version in: nothing needs one without CMake, and with it
    the build says so itself."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            yield
    finally:
        for line in said.getvalue().splitlines(keepends=True):
            if "CMakeLists.txt not found when looking for" not in line:
                sys.stderr.write(line)

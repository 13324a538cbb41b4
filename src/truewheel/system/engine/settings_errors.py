"""Mistakes in the engine's settings, each with the place that it was made in: a table, an option, or a variable.

Imported when there is one. Nothing here judges: what is told was found by the engine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence

from packaging.version import InvalidVersion
from scikit_build_core.settings.skbuild_read_settings import SettingsReader
from scikit_build_core.settings.sources import ConfSource

from ...model.errors import ConfigError, Problem
from ...model.request import Request
from ...project_settings import schema

_TABLE = "tool.scikit-build."


def unknown(reader: SettingsReader) -> list[Problem]:
    """Every key that the engine does not have, of whatever source."""
    problems = []
    for index, source in enumerate(reader.sources.sources):
        for name, guesses in reader.suggestions(index).items():
            if isinstance(source, ConfSource):
                problems.append(_option(name, guesses, source.settings))
            else:
                problems.append(_key(name, guesses))
    return problems


def _key(name: str, guesses: Sequence[str]) -> Problem:
    where = name if name.startswith("tool.") else _TABLE + name
    hint = f"did you mean {', '.join(guesses)}?" if guesses else None
    return Problem(where=where, message="there is no such setting", hint=hint)


def _option(name: str, guesses: Sequence[str], given: Iterable[str]) -> Problem:
    """An option of the front end that neither the engine nor truewheel has.

    :param name: as the engine tells it: where it does not have the table either, the name of that.
    :param guesses: the best first.
    :param given: all options.
    """
    whole = next((key for key in given if key == name or key.startswith(f"{name}.")), name)
    near = schema.options_like(whole) or guesses[:1]
    hint = f"did you mean {' or '.join(f'-C{guess}' for guess in near)}?" if near else None
    return Problem(where=f"-C{whole}", message="there is no such setting", hint=hint)


def no_version(error: InvalidVersion) -> ConfigError:
    """That the version in CMakeLists.txt, which the engine looks for, is none."""
    written = str(error).partition(": ")[2]
    problem = Problem(where="CMakeLists.txt", message=f"cmake_minimum_required names {written}, which is no version")
    hint = "write cmake_minimum_required(VERSION 3.18...4.0); or set tool.scikit-build.cmake.version"
    return ConfigError("CMakeLists.txt does not say which CMake it needs", problems=[problem], hint=hint)


def misfits(error: BaseException, request: Request) -> Iterator[Problem]:
    """What is told in the notes of a group of exceptions: values that are not of their setting's type."""
    for inner in getattr(error, "exceptions", ()):
        yield from misfits(inner, request)
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

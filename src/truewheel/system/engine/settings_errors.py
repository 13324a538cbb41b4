"""Mistakes in scikit-build-core's settings, each with the place it was made in: a table, an option or a variable.

Imported only after a mistake was found. Nothing here judges: scikit-build-core found what is told here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from packaging.version import InvalidVersion
from scikit_build_core.settings.skbuild_read_settings import SettingsReader
from scikit_build_core.settings.sources import ConfSource

from ...model.errors import ConfigError, Problem
from ...model.request import Request
from ...project_settings.misspellings import options_like
from ...project_settings.schema import fields

_TABLE = "tool.scikit-build."


def unknown_settings(reader: SettingsReader) -> list[Problem]:
    """Return a problem for every key that scikit-build-core does not have, whatever its source."""
    problems = []
    for index, source in enumerate(reader.sources.sources):
        for name, guesses in reader.suggestions(index).items():
            if isinstance(source, ConfSource):
                problems.append(_unknown_option(name, guesses, source.settings))
            else:
                problems.append(_unknown_key(name, guesses))
    return problems


def _unknown_key(name: str, guesses: Sequence[str]) -> Problem:
    where = name if name.startswith("tool.") else _TABLE + name
    listed = ", ".join(guesses)
    hint = f"did you mean {listed}?" if listed else None
    return Problem(where=where, message="there is no such setting", hint=hint)


def _unknown_option(name: str, guesses: Sequence[str], given: Iterable[str]) -> Problem:
    """Return the problem of an option that neither scikit-build-core nor truewheel has.

    :param name: the unknown key, or only its first part if the whole table is unknown.
    :param guesses: the best first.
    :param given: all options.
    """
    option = _whole_option(name, given)
    # A name that is like one of truewheel's own is more likely meant for truewheel than for its engine.
    near = options_like(option, [field.key for field in fields()]) or guesses[:1]
    options = " or ".join(f"-C{guess}" for guess in near)
    hint = f"did you mean {options}?" if options else None
    return Problem(where=f"-C{option}", message="there is no such setting", hint=hint)


def _whole_option(name: str, given: Iterable[str]) -> str:
    """Return the option that was given, of which scikit-build-core may tell the first part only."""
    for option in given:
        if option == name or option.startswith(f"{name}."):
            return option
    return name


def invalid_minimum_error(error: InvalidVersion) -> ConfigError:
    """Return the error that the version of ``cmake_minimum_required`` in CMakeLists.txt is not a version.

    scikit-build-core looks for that version itself, and lets the exception of ``packaging`` through.
    """
    written = str(error).partition(": ")[2]
    problem = Problem(
        where="CMakeLists.txt",
        message=f"cmake_minimum_required names {written}, which is not a version",
    )
    return ConfigError(
        "CMakeLists.txt does not say which CMake it needs",
        problems=[problem],
        hint="write cmake_minimum_required(VERSION 3.18...4.0); or set tool.scikit-build.cmake.version",
    )


def values_of_another_type(error: BaseException, request: Request) -> Iterator[Problem]:
    """Yield the problems that a group of exceptions tells in its notes: values that do not fit their setting.

    scikit-build-core notes ``Field tool.scikit-build.cmake.build_type`` on each exception (PEP 678).
    """
    for inner in getattr(error, "exceptions", ()):
        yield from values_of_another_type(inner, request)
    for note in getattr(error, "__notes__", ()):
        # Other notes are for people and name no setting.
        if note.startswith(f"Field {_TABLE}"):
            path = note.removeprefix("Field ").replace("_", "-")
            yield Problem(
                where=find_source(path, request),
                message=str(error) or type(error).__name__,
            )


def find_source(path: str, request: Request) -> str:
    """Return where the value of a setting comes from, the strongest first: a variable, an option, a table.

    :param path: ``tool.scikit-build.cmake.build-type``.
    """
    key = path.removeprefix(_TABLE)
    # Variables are stronger than options, and options than the table (scikit-build-core, "Configuration").
    variable = "SKBUILD_" + re.sub("[-.]", "_", key).upper()
    if variable in request.environ:
        return variable
    for option in (f"skbuild.{key}", key):
        if option in request.config_settings:
            return f"-C{option}"
    return path

"""Which settings there are, and reading and checking them. Pure.

The model of the settings (``model/settings.py``) is the only list of them: keys, variables, allowed values and
documentation are made of it. Pages about settings are made in ``reference.py``; what is misspelt is found in
``misspellings.py``.
"""

from __future__ import annotations

import functools
import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..model.errors import Problem
from ..model.record import Record, parts
from ..model.settings import Settings
from ..platforms.exclude_sets import expand_exclude, set_names, unknown_sets
from .misspellings import closest, did_you_mean
from .precedence import statements

_CODES = frozenset({"select", "ignore"})
"""Settings that are prefixes of codes."""
_SETS = frozenset({"exclude"})
"""Settings that may name sets of libraries."""
_SIZES = frozenset({"cache-limit"})
"""Settings that are numbers of bytes."""
_OF_ONE_BUILD = frozenset({"variant", "variant-label"})
"""Settings that belong to one build, and not to a project, so that they cannot stand in its table."""
_CODE = re.compile(r"TW\d{0,3}")
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kMGT]?)i?B?\s*")
_MULTIPLES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_PREFIX = "TRUEWHEEL_"
"""How the names of our variables begin."""
_NOT_SETTINGS = (
    # where the cache is belongs to a machine (``system/warm/cache.py``)
    "TRUEWHEEL_CACHE_DIR",
    # truewheel's own tests look at these, and no build
    "TRUEWHEEL_EXTENDED",
    "TRUEWHEEL_SEED",
    "TRUEWHEEL_TEST_WHEELS",
)
"""Variables without a setting of their name."""


class Field(Record):
    """One setting.

    :param key: as in TOML, with dashes.
    :param attribute: of :class:`Settings`.
    :param choices: allowed values, empty when any string will do.
    :param many: whether it is a list of strings.
    """

    key: str
    attribute: str
    default: Any
    choices: tuple[str, ...]
    many: bool

    @property
    def in_table(self) -> bool:
        """Whether it may stand in a project's table, because it does not belong to one build only."""
        return self.key not in _OF_ONE_BUILD

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return _PREFIX + self.attribute.upper()


@functools.cache
def fields() -> tuple[Field, ...]:
    """Return all settings, in the order of the model."""
    # Annotations are strings there; this makes types of them again.
    hints = typing.get_type_hints(Settings)
    found = []
    for name, default in parts(Settings()).items():
        origin = typing.get_origin(hints[name])
        choices = typing.get_args(hints[name]) if origin is typing.Literal else ()
        field = Field(
            key=name.replace("_", "-"),
            attribute=name,
            default=default,
            choices=choices,
            many=origin is tuple,
        )
        found.append(field)
    return tuple(found)


# --- reading ------------------------------------------------------------------------------------------------------


def read(
    table: Mapping[str, Any],
    options: Mapping[str, object],
    environ: Mapping[str, str],
) -> tuple[Settings, tuple[Problem, ...]]:
    """Return the settings, and every mistake; a setting with a mistake keeps its default.

    An option is stronger than a variable, and a variable than the table.

    :param table: ``[tool.truewheel]``.
    :param options: those of the front end, ``-Ctruewheel.KEY=…``, by KEY.
    :param environ: all environment variables.
    """
    # All mistakes are told at once, so that nobody has to run a build for each of them.
    problems = [
        *_unknown_keys(table, "tool.truewheel."),
        *_keys_of_one_build(table),
        *_unknown_keys(options, "-Ctruewheel."),
        *_unknown_variables(environ),
    ]
    values: dict[str, Any] = {}
    for field in fields():
        own_part = table if field.in_table else {}
        for where, value in statements(
            field.key, own_part, options, environ, is_list=field.many
        ):
            mistake = _mistake_in(field, value)
            if mistake:
                hint = _expected(field, value)
                problems.append(Problem(where=where, message=mistake, hint=hint))
            else:
                values[field.attribute] = (
                    tuple(value) if isinstance(value, list) else value
                )
    if "exclude" in values:
        values["exclude"] = expand_exclude(values["exclude"])
    return Settings(**values), tuple(problems)


# --- mistakes -----------------------------------------------------------------------------------------------------


def _unknown_keys(names: Iterable[str], prefix: str) -> Iterator[Problem]:
    """Yield the keys of a table, or of options, that are not settings."""
    known = [field.key for field in fields()]
    for name in names:
        if name.replace("_", "-") not in known:
            near = closest(name, known)
            hint = did_you_mean(near) or f"there are {', '.join(sorted(known))}"
            yield Problem(
                where=prefix + name, message="there is no such setting", hint=hint
            )


def _keys_of_one_build(table: Iterable[str]) -> Iterator[Problem]:
    """Yield the keys of a project's table that belong to one build."""
    for field in fields():
        if not field.in_table and field.key in table:
            yield Problem(
                where=f"tool.truewheel.{field.key}",
                message="belongs to one build, not to the project",
                hint=f"-Ctruewheel.{field.key}=… or {field.variable}",
            )


def _unknown_variables(environ: Iterable[str]) -> Iterator[Problem]:
    """Yield the variables ``TRUEWHEEL_*`` that nothing reads."""
    known = [field.variable for field in fields()]
    for name in sorted(environ):
        # Windows has no lower-case variables, and elsewhere one is a slip.
        is_ours = name.upper().startswith(_PREFIX)
        if is_ours and name not in (*known, *_NOT_SETTINGS):
            near = _closest_variables(name, known)
            hint = did_you_mean(near) or f"there are {', '.join(known)}"
            yield Problem(where=name, message="there is no such variable", hint=hint)


def _closest_variables(name: str, known: Iterable[str]) -> list[str]:
    """Return the variables whose names are like ``name``, not counting the beginning that all have in common."""
    by_rest = {variable.removeprefix(_PREFIX): variable for variable in known}
    rest = name.upper().removeprefix(_PREFIX)
    return [by_rest[near] for near in closest(rest, by_rest)]


def _mistake_in(field: Field, value: Any) -> str:
    """Return what is wrong with a value, empty if nothing is."""
    if field.many:
        return _mistake_in_list(field, value)
    return _mistake_in_text(field, value)


def _mistake_in_list(field: Field, value: Any) -> str:
    """Return what is wrong with a list of strings, empty if nothing is."""
    if not _is_list_of_strings(value):
        return f"{value!r} is not a list of strings"
    # A slip in a code would leave a finding out, or tell all of them, without anybody's notice.
    wrong = [
        item for item in value if field.key in _CODES and not _CODE.fullmatch(item)
    ]
    if wrong:
        return f"{wrong[0]!r} is not the beginning of a finding's code"
    if field.key in _SETS:
        return _mistake_in_sets(value)
    return ""


def _mistake_in_sets(value: list[str]) -> str:
    """Return which name is not one of a set, empty if all are."""
    # A name that is not known would exclude nothing, in silence.
    for name in unknown_sets(value):
        return f"{name!r} is not a set of libraries"
    return ""


def _meant_sets(value: list[str]) -> str:
    """Return which sets may be meant by names that are not known, or which there are."""
    known = set_names()
    near: list[str] = []
    for name in unknown_sets(value):
        near += closest(name, known)
    if near:
        return did_you_mean(near)
    listed = ", ".join(known)
    return f"there are {listed}"


def _is_list_of_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _mistake_in_text(field: Field, value: Any) -> str:
    """Return what is wrong with a string, empty if nothing is."""
    # In TOML, numbers and booleans need no quotes, and then are none of ours.
    if not isinstance(value, str):
        return f"{value!r} is not a string"
    if not value:
        return "is empty"
    if field.key in _SIZES and bytes_of(value) is None:
        return f"{value!r} is not a size"
    if field.choices and value not in field.choices:
        return f"{value!r} is not allowed"
    return ""


def _expected(field: Field, value: Any) -> str:
    """Return what a setting may be, for those who gave it something else."""
    if field.key in _CODES:
        return 'for example ["TW3"] or ["TW301"]; truewheel explain lists them'
    if field.key in _SIZES:
        return 'for example "10 GB" or "500 MB"'
    if field.key in _SETS and _is_list_of_strings(value):
        return _meant_sets(value)
    if field.choices:
        return "one of " + ", ".join(map(repr, field.choices))
    if field.many:
        return 'a list of strings, ["…"]'
    return "a string"


def bytes_of(text: str) -> int | None:
    """Return a size as people write it, in bytes; ``None`` if it is not one.

    >>> bytes_of("10 GB"), bytes_of("512MB"), bytes_of("many")
    (10000000000, 512000000, None)
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        return None
    # As disks are sold, and as people count: 1 GB is 10**9 bytes.
    number, multiple = match.groups()
    return int(float(number) * _MULTIPLES[multiple])


# --- where mistakes are -------------------------------------------------------------------------------------------

_FILE = "pyproject.toml"


def headline(problems: Iterable[Problem]) -> str:
    """Return what has the mistakes: the project's file, options of the front end, variables, or several of them.

    >>> headline([Problem(where="-Ctruewheel.tga", message="")])
    'options of the front end (-C) have mistakes'
    """
    places = sorted(set(map(_place_of, problems)), reverse=True)
    verb = "has" if places == [_FILE] else "have"
    return f"{' and '.join(places)} {verb} mistakes"


def _place_of(problem: Problem) -> str:
    """Return where a person has to look for a mistake."""
    if problem.where.startswith("-C"):
        return "options of the front end (-C)"
    if problem.where.startswith("truewheel.variant"):
        return "options or variables of this build"
    # Variables begin with a word in capitals; paths in TOML have dots.
    if re.match(r"[A-Z]+_", problem.where):
        return "environment variables"
    return _FILE

"""One model, many products: reading, checking, and documenting :class:`~truewheel.model.settings.Settings`.

The docstring under each field of the model is the only place where a setting is explained. Pure functions.
"""

from __future__ import annotations

import difflib
import functools
import itertools
import re
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from ..model.errors import Problem
from ..model.record import Record, parts
from ..model.settings import Settings

_CODES = frozenset({"select", "ignore"})
"""Settings that are prefixes of codes."""
_SIZES = frozenset({"cache-limit"})
"""Settings that are numbers of bytes."""
_OF_ONE_BUILD = frozenset({"variant", "variant-label"})
"""Settings that are no property of a project, so that they cannot stand in its table."""
_TABLES = {"truewheel": "truewheel", "scikitbuild": "scikit-build", "scikitbuildcore": "scikit-build"}
"""Tables that are read here, by how they look without hyphens, and the name that one of them is mistaken for."""
_FILE = "pyproject.toml"
_CODE = re.compile(r"TW\d{0,3}")
_OF_OUR_TESTS = frozenset({"TRUEWHEEL_EXTENDED", "TRUEWHEEL_SEED", "TRUEWHEEL_TEST_WHEELS"})
"""Variables that truewheel's own tests look at, and no build."""
_NO_SETTINGS = frozenset({"TRUEWHEEL_CACHE_DIR"})
"""Variables without a setting of their name: where the cache is belongs to a machine (``system.cache``)."""


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
    def text(self) -> str:
        """Its documentation, one paragraph."""
        return _docstrings()[self.attribute]

    @property
    def in_table(self) -> bool:
        """Whether it may stand in a project's table, and is not said of one build only."""
        return self.key not in _OF_ONE_BUILD

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "TRUEWHEEL_" + self.attribute.upper()


@functools.cache
def fields() -> tuple[Field, ...]:
    """All settings, in the order of the model."""
    hints = typing.get_type_hints(Settings)
    return tuple(
        Field(
            key=name.replace("_", "-"),
            attribute=name,
            default=default,
            choices=typing.get_args(hints[name]) if typing.get_origin(hints[name]) is typing.Literal else (),
            many=typing.get_origin(hints[name]) is tuple,
        )
        for name, default in parts(Settings()).items()
    )


@functools.cache
def _docstrings() -> dict[str, str]:
    """The string that follows each annotated name in the model's source."""
    import ast  # builds do not document
    import inspect
    import textwrap

    body = ast.parse(textwrap.dedent(inspect.getsource(Settings))).body[0]
    statements = body.body if isinstance(body, ast.ClassDef) else []
    found = {}
    for name, text in itertools.pairwise(statements):
        if isinstance(name, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            found[ast.unparse(name.target)] = re.sub(r"\s+", " ", str(text.value.value)).strip()
    return found


def read(
    table: Mapping[str, Any], options: Mapping[str, str | tuple[str, ...]], environ: Mapping[str, str]
) -> tuple[Settings, tuple[Problem, ...]]:
    """Settings from ``[tool.truewheel]``, from ``-Ctruewheel.KEY=…`` and from ``TRUEWHEEL_KEY``; the later the
    stronger, but a variable yields to an option.

    :returns: the settings, and every mistake; a setting with a mistake keeps its default.
    """
    problems = [
        *_unknown(table, "tool.truewheel."),
        *_misplaced(table),
        *_unknown(options, "-Ctruewheel."),
        *_unknown_variables(environ),
    ]
    values: dict[str, Any] = {}
    for field in fields():
        for where, value in _given(field, table, options, environ):
            converted, mistake = _convert(field, value)
            if mistake:
                problems.append(Problem(where=where, message=mistake, hint=_expected(field)))
            else:
                values[field.attribute] = converted
    return Settings(**values), tuple(problems)


def _unknown(names: Iterable[str], prefix: str) -> Iterable[Problem]:
    known = {f.key for f in fields()}
    for name in names:
        if name.replace("_", "-") not in known:
            near = difflib.get_close_matches(name, known, n=2)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(sorted(known))}"
            yield Problem(where=prefix + name, message="there is no such setting", hint=hint)


def _misplaced(table: Iterable[str]) -> Iterable[Problem]:
    for key in sorted(_OF_ONE_BUILD.intersection(table)):
        yield Problem(
            where=f"tool.truewheel.{key}",
            message="belongs to one build, not to the project",
            hint=f"-Ctruewheel.{key}=… or TRUEWHEEL_{key.replace('-', '_').upper()}",
        )


def _unknown_variables(environ: Iterable[str]) -> Iterable[Problem]:
    known = {f.attribute.upper(): f.variable for f in fields()}
    for name in sorted(environ):
        prefix, _, rest = name.upper().partition("_")
        if prefix == "TRUEWHEEL" and name not in {*known.values(), *_NO_SETTINGS, *_OF_OUR_TESTS}:
            near = [known[n] for n in difflib.get_close_matches(rest, known, n=2)]
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known.values())}"
            yield Problem(where=name, message="there is no such variable", hint=hint)


def misspelt_tables(document: Mapping[str, Any]) -> Iterable[Problem]:
    """Tables that were meant for truewheel or its engine, and that nobody would read. Only what is a slip of the finger away
    from one of the two names is meant; other tools' tables are their own.

    :param document: the parsed ``pyproject.toml``.

    >>> [problem.where for problem in misspelt_tables({"tool": {"black": {}, "truewheel": {}, "truewhel": {}}})]
    ['tool.truewhel']
    """
    for path in _tables(document):
        meant = f"tool.{_meant(path[-1])}"
        where = ".".join(path)
        if meant not in {"tool.", where}:
            yield Problem(where=where, message="nobody reads this table", hint=f"did you mean {meant}?")


def _tables(document: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    """Where a tool's table might stand: in ``[tool]``, in what was meant for it, or beside it."""
    for name, value in document.items():
        if name.lower() in {"tool", "tools"} and isinstance(value, dict):
            yield from ((name, inner) for inner in value)
        elif isinstance(value, dict):
            yield (name,)


def _meant(name: str) -> str:
    """Which of the two names is meant; empty when neither is."""
    plain = re.sub(r"[-_.]", "", name).lower()
    near = difflib.get_close_matches(plain, _TABLES, n=1, cutoff=0.85)
    return _TABLES[near[0]] if near else ""


def options_like(name: str) -> tuple[str, ...]:
    """Options of truewheel's own that may be meant by one that there is not.

    >>> options_like("tag"), options_like("true-wheel.cach"), options_like("cmake.build-typ")
    (('truewheel.tag',), ('truewheel.cache',), ())
    """
    keys = {f.key: f"truewheel.{f.key}" for f in fields()}
    known = {**keys, **{option: option for option in keys.values()}}
    near = difflib.get_close_matches(name.replace("_", "-"), known, n=2, cutoff=0.8)
    return tuple(dict.fromkeys(known[n] for n in near))


def headline(problems: Iterable[Problem]) -> str:
    """What has the mistakes: the project's file, options of the front end, variables, or several of them.

    >>> headline([Problem(where="-Ctruewheel.tga", message="")])
    'options of the front end (-C) have mistakes'
    """
    places = dict.fromkeys(map(_place, problems))
    verb = "has" if list(places) == [_FILE] else "have"
    return f"{' and '.join(sorted(places, reverse=True))} {verb} mistakes"


def _place(problem: Problem) -> str:
    if problem.where.startswith("-C"):
        return "options of the front end (-C)"
    if problem.where.startswith("truewheel.variant"):
        return "options or variables of this build"
    return "environment variables" if re.match(r"[A-Z]+_", problem.where) else _FILE


def _given(
    field: Field, table: Mapping[str, Any], options: Mapping[str, Any], environ: Mapping[str, str]
) -> Iterable[tuple[str, Any]]:
    if field.in_table and field.key in table:
        yield f"tool.truewheel.{field.key}", table[field.key]
    if field.variable in environ:
        text = environ[field.variable]
        yield field.variable, [t for t in text.split(";") if t] if field.many else text
    for spelling in dict.fromkeys((field.key, field.attribute)):
        if spelling in options:
            value = options[spelling]
            several = [value] if isinstance(value, str) else list(value)
            split = [t for v in several for t in v.split(";") if t]
            yield f"-Ctruewheel.{spelling}", split if field.many else several[-1]


def _convert(field: Field, value: Any) -> tuple[Any, str | None]:
    if field.many:
        if isinstance(value, list) and all(isinstance(v, str) for v in value):
            slip = next((v for v in value if field.key in _CODES and not _CODE.fullmatch(v)), None)
            return tuple(value), f"{slip!r} is not the beginning of a finding's code" if slip is not None else None
        return None, f"{value!r} is not a list of strings"
    if not isinstance(value, str) or not value:
        return None, f"{value!r} is not a string" if not isinstance(value, str) else "is empty"
    if field.key in _SIZES and bytes_of(value) is None:
        return None, f"{value!r} is not a size"
    if field.choices and value not in field.choices:
        return None, f"{value!r} is not allowed"
    return value, None


def bytes_of(text: str) -> int | None:
    """A size as people write it; ``None`` when it is none.

    >>> bytes_of("10 GB"), bytes_of("512MB"), bytes_of("many")
    (10000000000, 512000000, None)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kMGT]?)i?B?\s*", text)
    if found is None:
        return None
    return int(float(found[1]) * 1000 ** "kMGT".find(found[2]) * 1000) if found[2] else int(float(found[1]))


def _expected(field: Field) -> str:
    if field.key in _CODES:
        return 'for example ["TW3"] or ["TW301"]; truewheel explain lists them'
    if field.key in _SIZES:
        return 'for example "10 GB" or "500 MB"'
    if field.choices:
        return "one of " + ", ".join(repr(c) for c in field.choices)
    return 'a list of strings, ["…"]' if field.many else "a string"


def json_schema(tool: str = "truewheel") -> dict[str, Any]:
    """JSON schema (draft 7) of ``[tool.truewheel]``; validate-pyproject finds it as its plug-in for that table.

    :param tool: the name of the table, as validate-pyproject passes it.
    """
    properties = {}
    for field in fields():
        if not field.in_table:
            continue
        kind: dict[str, Any] = {"type": "array", "items": {"type": "string"}} if field.many else {"type": "string"}
        if field.choices:
            kind["enum"] = list(field.choices)
        default = list(field.default) if field.many else field.default
        properties[field.key] = {**kind, "default": default, "description": field.text}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"[tool.{tool}]",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def reference() -> str:
    """The reference page of the settings, in Markdown."""
    parts = [
        "# Settings",
        "Everything that scikit-build-core understands stays in `[tool.scikit-build]` and keeps its meaning.",
        (
            "`[tool.truewheel]` adds the keys below. Each is also an option of the front end (`-Ctruewheel.KEY=…`) and "
            "an environment variable; an option is stronger than a variable, and a variable than the table. "
            "Lists are written with `;` between their items there."
        ),
    ]
    for field in fields():
        default = list(field.default) if field.many else field.default
        allowed = f" · one of {', '.join(f'`{c}`' for c in field.choices)}" if field.choices else ""
        allowed += "" if field.in_table else " · not in the table"
        parts += [
            f"## `{field.key}`",
            f"Default: `{default}` · `{field.variable}`{allowed}"
            if default != ""
            else f"Default: none · `{field.variable}`{allowed}",
            field.text.replace("``", "`"),
        ]
    return "\n\n".join(parts) + "\n"

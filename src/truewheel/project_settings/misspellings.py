"""What was meant by a name that nothing reads: tables of ``pyproject.toml``, options. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..model.errors import Problem

_TABLES = {
    "truewheel": "truewheel",
    "scikitbuild": "scikit-build",
    "scikitbuildcore": "scikit-build",
}
"""Tables that are read here, by how they look without hyphens, and the name that one of them is mistaken for."""
_SLIP = 0.85
"""How alike a table's name must be to one of these, from 0 to 1: other tools have tables of their own."""
_SLIP_IN_AN_OPTION = 0.8


def closest(name: str, known: Iterable[str]) -> list[str]:
    """Return at most two of the known names that are like ``name``, the best first."""
    return difflib.get_close_matches(name, list(known), n=2)


def did_you_mean(names: Iterable[str]) -> str:
    """Return a question that offers these names, empty if there are none."""
    offered = " or ".join(names)
    if offered:
        return f"did you mean {offered}?"
    return ""


def misspelt_tables(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield tables that were meant for truewheel or its engine, and that nothing reads.

    Only what is a slip of the finger away from one of the two names is meant; other tools' tables are their own.

    :param document: the parsed ``pyproject.toml``.

    >>> [problem.where for problem in misspelt_tables({"tool": {"black": {}, "truewheel": {}, "truewhel": {}}})]
    ['tool.truewhel']
    """
    for path in _tables_of_tools(document):
        meant = _table_that_is_meant(path[-1])
        where = ".".join(path)
        if meant and where != f"tool.{meant}":
            yield Problem(
                where=where,
                message="nothing reads this table",
                hint=f"did you mean tool.{meant}?",
            )


def _tables_of_tools(document: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield where a tool's table might stand: in ``[tool]``, in what was meant for it, or beside it."""
    for name, value in document.items():
        if not isinstance(value, dict):
            continue
        if name.lower() in {"tool", "tools"}:
            for inner in value:
                yield name, inner
        else:
            yield (name,)


def _table_that_is_meant(name: str) -> str:
    """Return which of the two names is meant, empty if neither is."""
    plain = re.sub(r"[-_.]", "", name).lower()
    near = difflib.get_close_matches(plain, _TABLES, n=1, cutoff=_SLIP)
    if near:
        return _TABLES[near[0]]
    return ""


def options_like(name: str, keys: Iterable[str]) -> tuple[str, ...]:
    """Return options of truewheel's own that may be meant by one that nothing reads.

    :param keys: of truewheel's settings.

    >>> keys = ["tag", "cache"]
    >>> options_like("tag", keys), options_like("true-wheel.cach", keys), options_like("cmake.build-typ", keys)
    (('truewheel.tag',), ('truewheel.cache',), ())
    """
    options: dict[str, str] = {}
    for key in keys:
        # Some forget to say whose option it is.
        options[key] = options[f"truewheel.{key}"] = f"truewheel.{key}"
    near = difflib.get_close_matches(
        name.replace("_", "-"), options, n=2, cutoff=_SLIP_IN_AN_OPTION
    )
    return tuple(dict.fromkeys(options[found] for found in near))

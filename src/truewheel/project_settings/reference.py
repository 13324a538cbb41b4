"""Pages about the settings, made of the model: the reference in Markdown, the JSON schema. Pure.

The docstring under each field of the model is the only place where a setting is explained. Builds do not come here.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import textwrap
from collections.abc import Iterator
from typing import Any

from ..model.settings import Settings
from .schema import Field, fields

_INTRODUCTION = (
    "Everything that scikit-build-core understands stays in `[tool.scikit-build]` and keeps its meaning.",
    (
        "`[tool.truewheel]` adds the keys below. Each is also an option of the front end (`-Ctruewheel.KEY=…`) and an "
        "environment variable; an option is stronger than a variable, and a variable than the table. "
        "Lists are written with `;` between their items there."
    ),
)


@functools.cache
def _docstrings() -> dict[str, str]:
    """Return the string that follows each annotated name in the model's source, on one line."""
    # Python forgets the strings below fields, so they are read in the source.
    source = textwrap.dedent(inspect.getsource(Settings))
    (model,) = ast.parse(source).body
    # A class has a body; everything else that a source may begin with has not.
    statements = model.body if isinstance(model, ast.ClassDef) else []
    found = {}
    for statement, following in itertools.pairwise(statements):
        text = _string_of(following)
        if isinstance(statement, ast.AnnAssign) and text is not None:
            found[ast.unparse(statement.target)] = " ".join(text.split())
    return found


def _string_of(statement: ast.stmt) -> str | None:
    """Return the string that a statement is, ``None`` if it is something else."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return str(statement.value.value)
    return None


def explanation(field: Field) -> str:
    """Return the documentation of a setting, one paragraph."""
    return _docstrings()[field.attribute]


def json_schema(tool: str = "truewheel") -> dict[str, Any]:
    """Return the JSON schema (draft 7) of ``[tool.truewheel]``.

    validate-pyproject finds this function as its plug-in for that table.

    :param tool: the name of the table, as validate-pyproject passes it.
    """
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"[tool.{tool}]",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            field.key: _property_of(field) for field in fields() if field.in_table
        },
    }


def _property_of(field: Field) -> dict[str, Any]:
    """Return the schema of one setting."""
    schema: dict[str, Any] = {"type": "string"}
    if field.many:
        schema = {"type": "array", "items": {"type": "string"}}
    if field.choices:
        schema["enum"] = list(field.choices)
    schema["default"] = _default_of(field)
    schema["description"] = explanation(field)
    return schema


def _default_of(field: Field) -> Any:
    """Return the default of a setting as TOML and JSON have it."""
    return list(field.default) if field.many else field.default


def reference() -> str:
    """Return the reference page of the settings, in Markdown."""
    paragraphs = ["# Settings", *_INTRODUCTION]
    for field in fields():
        paragraphs += [
            f"## `{field.key}`",
            " · ".join(_facts_about(field)),
            explanation(field).replace("``", "`"),
        ]
    return "\n\n".join(paragraphs) + "\n"


def _facts_about(field: Field) -> Iterator[str]:
    """Yield what the page says of a setting in short: its default, its variable, what it may be."""
    default = _default_of(field)
    yield "Default: none" if default == "" else f"Default: `{default}`"
    yield f"`{field.variable}`"
    if field.choices:
        choices = ", ".join(f"`{choice}`" for choice in field.choices)
        yield f"one of {choices}"
    if not field.in_table:
        yield "not in the table"

"""How the source reads, measured by ``docs/regenerate/shape.py`` and held to a ceiling a room.

``GOAL`` is where every room is to arrive, and what a new room has to keep. ``CEILINGS`` are for rooms that are not there yet:
a row may only be lowered, and goes when its room keeps the goal. Figures are a means: where a rule would make a function
worse, the function wins, and the row says why.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "truewheel"


class Limits(NamedTuple):
    """The most of each figure, but the least of comments; see the docstring of the script."""

    nodes: float
    comprehensions: float
    conditionals: float
    decisions: float
    decisions_p90: float
    comments: float
    suppressions: float
    silent_functions: int


GOAL = Limits(8.0, 25, 25, 0.25, 0.45, 4.0, 1.0, 0)
GOAL_OF_ALL = GOAL._replace(nodes=7.5)
CEILINGS = {
    #                         nodes comp cond dec.  p90  comm suppr silent
    "audit":            Limits( 8.0,  45, 25, 0.27, 0.50, 4.0, 1.0,   0),
    "audit/python":     Limits( 8.0,  31, 25, 0.27, 0.54, 4.0, 1.0,   0),
    # Small functions over all wheels of a set: a loop and what it passes over, of eight lines.
    "audit/sets":       Limits( 8.1,  25, 25, 0.34, 0.50, 4.0, 1.0,   0),
    "checks":           Limits( 8.0,  25, 25, 0.25, 0.45, 3.9, 1.0,   0),
    "model":            Limits( 8.1,  25, 25, 0.26, 0.45, 4.0, 1.0,   0),
    "planning":         Limits( 8.0,  25, 25, 0.40, 0.50, 4.0, 1.0,   1),
    "platforms":        Limits( 8.0,  36, 25, 0.25, 0.45, 4.0, 1.0,   0),
    "platforms/linux":  Limits( 8.0,  36, 25, 0.31, 0.62, 3.7, 1.0,   0),
    "project_settings": Limits( 8.2,  26, 28, 0.31, 0.56, 4.0, 1.0,   0),
    "all":              Limits( 7.5,  25, 25, 0.25, 0.45, 4.0, 1.0,   1),
}  # fmt: skip
LARGE_FUNCTIONS_STILL: set[str] = set()
LARGE_MODULES_STILL: set[str] = set()


def load_script() -> ModuleType:
    path = ROOT / "docs" / "regenerate" / "shape.py"
    spec = importlib.util.spec_from_file_location("shape", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["shape"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


shape = load_script()
ROOMS = shape.rooms(shape.modules_of(SOURCE))


def test_every_ceiling_has_its_room() -> None:
    assert CEILINGS.keys() <= ROOMS.keys()


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_reads_no_worse_than_its_ceiling(room: str) -> None:
    found = ROOMS[room]
    limits = CEILINGS.get(room, GOAL_OF_ALL if room == "all" else GOAL)
    densities = found.decisions
    worse = {
        "syntax nodes a line": found.nodes > limits.nodes,
        "comprehensions a thousand lines": found.comprehensions > limits.comprehensions,
        "conditional expressions a thousand lines": found.conditionals
        > limits.conditionals,
        "decisions a line, median": densities[0] > limits.decisions,
        "decisions a line, nine in ten": densities[1] > limits.decisions_p90,
        "comments a hundred lines": found.comments < limits.comments,
        "suppressions a hundred lines": found.suppressions > limits.suppressions,
        "functions of ten lines without a docstring": found.silent_functions
        > limits.silent_functions,
    }
    assert [figure for figure, is_worse in worse.items() if is_worse] == []


def test_no_function_is_over_sixty_lines() -> None:
    large = {
        f"{f.file}:{f.name}"
        for f in ROOMS["all"].functions
        if f.length > shape.MANY_LINES
    }
    assert large == LARGE_FUNCTIONS_STILL


def test_no_module_is_over_four_hundred_lines() -> None:
    large = {
        module.file
        for module in ROOMS["all"].modules
        if module.physical > shape.LARGE_MODULE
    }
    assert large == LARGE_MODULES_STILL


def test_what_the_script_counts(tmp_path: Path) -> None:
    text = '''\
"""A docstring."""

NAMES = ("a", "b")  # noqa: X
"""What documents a constant."""


def first(numbers):
    # a reason
    return [n if n else 1 for n in numbers if n or n > 2]


async def second(x):
    """It says what it does."""
    if x and not x:
        def inner():
            return 1 if x else 2
        return inner
'''
    (tmp_path / "one.py").write_text(text, encoding="utf-8")
    module = shape.measure(tmp_path / "one.py", tmp_path)
    assert module.physical == 17
    assert module.lines == 8
    assert module.comments == 1
    assert module.suppressions == 1
    assert module.comprehensions == 1
    assert module.conditionals == 2
    functions = {function.name: function for function in module.functions}
    assert list(functions) == ["first", "second", "second.inner"]
    assert [function.decisions for function in functions.values()] == [4, 2, 1]
    assert [function.length for function in functions.values()] == [3, 6, 2]
    assert [function.lines for function in functions.values()] == [2, 5, 2]
    assert [function.is_documented for function in functions.values()] == [
        False,
        True,
        False,
    ]


def test_a_line_of_code_has_as_many_nodes_as_ast_walks(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("total = a + b\n", encoding="utf-8")
    module = shape.measure(tmp_path / "one.py", tmp_path)
    # Module, Assign, Name and Store, BinOp, Add, Name and Load, Name and Load
    assert module.nodes == 10
    assert module.lines == 1

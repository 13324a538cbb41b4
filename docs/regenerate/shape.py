"""Measure how the source reads: size, density, comments, suppressions. Prints tables; changes nothing.

    python docs/regenerate/shape.py                      # src/truewheel, a row per room
    python docs/regenerate/shape.py --against OLD/src/truewheel    # before and after, side by side
    python docs/regenerate/shape.py --worst 20           # the densest functions, with file and line
    python docs/regenerate/shape.py --module src/truewheel/report.py    # each function of one file

A room is a folder; ``(top)`` are the modules beside them. What is counted, by Python's own ``tokenize`` and ``ast``:

* *code lines*: lines with a token of code; no blank lines, no comments, no docstrings (nor the strings that document a
  constant below it).
* *nodes*: every node that ``ast.walk`` yields for a file, over its code lines. A name counts two (itself and its Load or
  Store), an attribute one more, an operator itself: ``total = a + b`` is 10.
* *comprehensions* (generator expressions too) and *conditional expressions* (``a if b else c``), a thousand code lines.
* *decisions* of a function: ``if``, ``elif``, ``for``, ``while``, ``except``, ``case``, ``assert``, each ``and`` or ``or``,
  each conditional expression, each ``for`` and ``if`` of a comprehension, over its code lines; of functions of 8 code lines
  and more. What a nested function decides counts for it, not for the one around it.
* *a function's length*: all lines from ``def`` to its end, docstring, comments and blank lines included.
* *a module's length*: all lines of the file.
* *comments*: lines with nothing but a comment, a hundred code lines. Suppressions are none.
* *suppressions*: ``noqa``, ``type: ignore``, ``fmt: skip/off/on``, ``pragma``, a hundred code lines.
* *long lines*: code lines of more than 100 columns.
* *silent functions*: ten lines and more, and no docstring.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import statistics
import tokenize
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "truewheel"
SUPPRESSION = re.compile(
    r"#\s*(noqa|type:\s*ignore|fmt:\s*(skip|off|on)|pragma|ruff:|mypy:|isort:)"
)
NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
BRANCHES = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
    ast.IfExp,
    ast.Assert,
    ast.match_case,
)
MANY_LINES, LARGE_MODULE, WIDE = 60, 400, 100
WORTH_MEASURING, WORTH_A_DOCSTRING = 8, 10


@dataclass(frozen=True)
class Function:
    """One function or method.

    :param length: all its lines.
    :param lines: its code lines.
    :param decisions: see the module's docstring.
    :param nodes: its syntax nodes, those of nested functions included.
    """

    file: str
    name: str
    line: int
    length: int
    lines: int
    decisions: int
    nodes: int
    is_documented: bool

    @property
    def decisions_a_line(self) -> float:
        """Return its decisions over its code lines."""
        return self.decisions / max(self.lines, 1)

    @property
    def nodes_a_line(self) -> float:
        """Return its syntax nodes over its code lines."""
        return self.nodes / max(self.lines, 1)


@dataclass(frozen=True)
class Module:
    """What was counted in one file. ``physical`` lines are all of them."""

    file: str
    physical: int
    lines: int
    nodes: int
    comprehensions: int
    conditionals: int
    comments: int
    suppressions: int
    long_lines: int
    functions: tuple[Function, ...]


class Shape:
    """The figures of several modules together."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self.modules = list(modules)
        self.functions = [
            function for module in self.modules for function in module.functions
        ]
        self.lines = sum(module.lines for module in self.modules)

    def a_line(self, count: Callable[[Module], int], per: int = 1) -> float:
        """Return what ``count`` says of each module, summed, for ``per`` code lines."""
        return sum(map(count, self.modules)) * per / max(self.lines, 1)

    @property
    def nodes(self) -> float:
        """Return syntax nodes a code line."""
        return self.a_line(lambda module: module.nodes)

    @property
    def comprehensions(self) -> float:
        """Return comprehensions a thousand code lines."""
        return self.a_line(lambda module: module.comprehensions, 1000)

    @property
    def conditionals(self) -> float:
        """Return conditional expressions a thousand code lines."""
        return self.a_line(lambda module: module.conditionals, 1000)

    @property
    def comments(self) -> float:
        """Return own-line comments a hundred code lines."""
        return self.a_line(lambda module: module.comments, 100)

    @property
    def suppressions(self) -> float:
        """Return suppressions a hundred code lines."""
        return self.a_line(lambda module: module.suppressions, 100)

    @property
    def long_lines(self) -> float:
        """Return the percentage of code lines that are wider than 100 columns."""
        return self.a_line(lambda module: module.long_lines, 100)

    @property
    def decisions(self) -> tuple[float, float]:
        """Return decisions a line, the median and the 90th percentile, of functions that are worth measuring."""
        densities = [
            f.decisions_a_line for f in self.functions if f.lines >= WORTH_MEASURING
        ]
        return median(densities), p90(densities)

    @property
    def lengths(self) -> tuple[float, float, float]:
        """Return the length of functions: median, 90th percentile, most."""
        lengths = [float(function.length) for function in self.functions]
        return median(lengths), p90(lengths), max(lengths, default=0)

    @property
    def large_functions(self) -> int:
        """Return how many functions are over 60 lines."""
        return sum(function.length > MANY_LINES for function in self.functions)

    @property
    def large_modules(self) -> int:
        """Return how many modules are over 400 lines, all lines counted."""
        return sum(module.physical > LARGE_MODULE for module in self.modules)

    @property
    def silent_functions(self) -> int:
        """Return how many functions of ten lines and more have no docstring."""
        large = [
            function
            for function in self.functions
            if function.length >= WORTH_A_DOCSTRING
        ]
        return sum(not function.is_documented for function in large)


def median(values: list[float]) -> float:
    """Return the median, 0 of nothing."""
    return statistics.median(values) if values else 0.0


def p90(values: list[float]) -> float:
    """Return the value that nine in ten do not exceed, 0 of nothing."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * 0.9), len(ordered) - 1)]


# --- counting ---------------------------------------------------------------------------------------------------


def measure(path: Path, root: Path) -> Module:
    """Return the figures of one file."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    code = code_lines(tokens) - documentation_lines(tree)
    comments = [token for token in tokens if token.type == tokenize.COMMENT]
    suppressions = [token for token in comments if SUPPRESSION.search(token.string)]
    on_their_own = [
        token
        for token in comments
        if token.start[0] not in code and token not in suppressions
    ]
    lines = text.split("\n")
    nodes = list(ast.walk(tree))
    file = path.relative_to(root).as_posix()
    return Module(
        file=file,
        physical=text.count("\n"),
        lines=len(code),
        nodes=len(nodes),
        comprehensions=sum(isinstance(node, COMPREHENSIONS) for node in nodes),
        conditionals=sum(isinstance(node, ast.IfExp) for node in nodes),
        comments=len(on_their_own),
        suppressions=len(suppressions),
        long_lines=sum(len(lines[number - 1]) > WIDE for number in code),
        functions=tuple(functions_of(tree, code, file)),
    )


def code_lines(tokens: Iterable[tokenize.TokenInfo]) -> set[int]:
    """Return the numbers of the lines on which a token of code stands."""
    found: set[int] = set()
    for token in tokens:
        if token.type not in NO_CODE:
            found.update(range(token.start[0], token.end[0] + 1))
    return found


def documentation_lines(tree: ast.AST) -> set[int]:
    """Return the lines of docstrings, and of the strings that stand below what they document."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and is_string(node.value):
            found.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return found


def is_string(node: ast.AST) -> bool:
    """Return whether the expression is a literal string."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def functions_of(
    node: ast.AST, code: set[int], file: str, prefix: str = ""
) -> Iterator[Function]:
    """Yield all functions below ``node``, nested ones after the one around them."""
    for child in ast.iter_child_nodes(node):
        name = f"{prefix}{getattr(child, 'name', '')}"
        if isinstance(child, FUNCTIONS):
            span = range(child.lineno, (child.end_lineno or child.lineno) + 1)
            yield Function(
                file=file,
                name=name,
                line=child.lineno,
                length=len(span),
                lines=sum(number in code for number in span),
                decisions=decisions_of(child),
                nodes=sum(1 for _ in ast.walk(child)),
                is_documented=ast.get_docstring(child) is not None,
            )
        is_named = isinstance(child, (*FUNCTIONS, ast.ClassDef))
        yield from functions_of(child, code, file, f"{name}." if is_named else prefix)


def decisions_of(function: ast.AST) -> int:
    """Return how often the way through ``function`` may part; nested functions are not entered."""
    count = 0
    for node in ast.iter_child_nodes(function):
        if isinstance(node, FUNCTIONS):
            continue
        if isinstance(node, BRANCHES):
            count += 1
        elif isinstance(node, ast.BoolOp):
            count += len(node.values) - 1
        elif isinstance(node, ast.comprehension):
            count += 1 + len(node.ifs)
        count += decisions_of(node)
    return count


def modules_of(root: Path) -> list[Module]:
    """Return the figures of every Python file below ``root``, by path."""
    return [measure(path, root) for path in sorted(root.rglob("*.py"))]


def room_of(file: str) -> str:
    """Return the folder that a file lies in, ``(top)`` for modules beside the folders.

    >>> room_of("system/engine/staging.py"), room_of("cli.py")
    ('system/engine', '(top)')
    """
    return file.rpartition("/")[0] or "(top)"


def rooms(modules: Iterable[Module]) -> dict[str, Shape]:
    """Return the figures of every room, sorted, and of everything together at the end."""
    every = list(modules)
    by_room: dict[str, list[Module]] = {}
    for module in every:
        by_room.setdefault(room_of(module.file), []).append(module)
    shapes = {room: Shape(by_room[room]) for room in sorted(by_room)}
    return {**shapes, "all": Shape(every)}


# --- printing ---------------------------------------------------------------------------------------------------

COLUMNS: dict[str, Callable[[Shape], str]] = {
    "lines": lambda shape: str(shape.lines),
    "nodes/line": lambda shape: f"{shape.nodes:.1f}",
    "compr/1000": lambda shape: f"{shape.comprehensions:.0f}",
    "cond/1000": lambda shape: f"{shape.conditionals:.0f}",
    "dec/line med": lambda shape: f"{shape.decisions[0]:.2f}",
    "p90": lambda shape: f"{shape.decisions[1]:.2f}",
    "comments/100": lambda shape: f"{shape.comments:.1f}",
    "suppr/100": lambda shape: f"{shape.suppressions:.1f}",
    "fn med/p90/max": lambda shape: "/".join(f"{n:.0f}" for n in shape.lengths),
    "fn>60": lambda shape: str(shape.large_functions),
    "mod>400": lambda shape: str(shape.large_modules),
    ">100col %": lambda shape: f"{shape.long_lines:.1f}",
    "silent fn": lambda shape: str(shape.silent_functions),
}


def print_table(head: list[str], rows: list[list[str]]) -> None:
    """Print aligned columns, the first to the left, the others to the right."""
    widths = [
        max(len(row[column]) for row in [head, *rows]) for column in range(len(head))
    ]
    for row in [head, *rows]:
        cells = [row[0].ljust(widths[0])]
        cells += [
            cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)
        ]
        print("  ".join(cells).rstrip())


def print_rooms(directories: list[Path]) -> None:
    """Print a row per room; with several directories one below the other for each room, named by a number."""
    measured = [rooms(modules_of(directory)) for directory in directories]
    names = sorted({room for one in measured for room in one} - {"all"})
    rows = []
    for room in [*names, "all"]:
        for number, shapes in enumerate(measured, 1):
            if room in shapes:
                label = room if len(directories) == 1 else f"{room} [{number}]"
                rows.append([label, *(cell(shapes[room]) for cell in COLUMNS.values())])
    for number, directory in enumerate(directories, 1):
        if len(directories) > 1:
            print(f"[{number}] {directory}")
    print_table(["room", *COLUMNS], rows)


def print_functions(functions: Iterable[Function]) -> None:
    """Print one row a function, with the place where it begins."""
    rows = []
    for function in functions:
        documented = "" if function.is_documented else "no docstring"
        figures = [
            str(function.length),
            f"{function.nodes_a_line:.1f}",
            f"{function.decisions_a_line:.2f}",
        ]
        rows.append(
            [f"{function.file}:{function.line} {function.name}", *figures, documented]
        )
    print_table(["function", "lines", "nodes/line", "dec/line", ""], rows)


def main() -> int:
    """Print what is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "directories",
        nargs="*",
        type=Path,
        metavar="DIR",
        help="what to measure: src/truewheel",
    )
    parser.add_argument(
        "--against",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="shown before DIR",
    )
    parser.add_argument(
        "--worst",
        type=int,
        metavar="N",
        help="the N functions with most decisions a line",
    )
    parser.add_argument(
        "--module", type=Path, metavar="FILE", help="each function of one file"
    )
    options = parser.parse_args()
    directories = options.directories or [SOURCE]
    if options.module is not None:
        module = measure(options.module.resolve(), options.module.resolve().parent)
        print_functions(module.functions)
        print()
        print_table(
            ["module", *COLUMNS],
            [[module.file, *(cell(Shape([module])) for cell in COLUMNS.values())]],
        )
    elif options.worst is not None:
        functions = [
            f
            for directory in directories
            for f in Shape(modules_of(directory)).functions
        ]
        measured = [
            function for function in functions if function.lines >= WORTH_MEASURING
        ]
        measured.sort(
            key=lambda function: (-function.decisions_a_line, -function.nodes_a_line)
        )
        print_functions(measured[: options.worst])
    else:
        print_rooms([*options.against, *directories])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""The catalogue of findings agrees with the pages, and the source raises each code as its row says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from truewheel import finding_pages as pages
from truewheel.model.codes import CODES
from truewheel.model.finding import Severity

SOURCE = Path(__file__).parents[2] / "src" / "truewheel"
A_CODE = re.compile(r"TW[1-9]\d\d")
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


@pytest.mark.parametrize("code", sorted(CODES.keys() | pages.titles().keys()))
def test_a_row_says_what_its_page_says(code: str) -> None:
    row = CODES[code]
    assert row.code == code
    assert row.title == pages.titles()[code]
    stated = re.search(r"^Severity: (.*)$", pages.page(code), re.MULTILINE)
    assert stated is not None
    words = set(re.findall(r"\b(error|warning|note)\b", stated[1]))
    assert words == {severity.value for severity in row.severities}


def test_rows_are_in_order_and_name_each_severity_once() -> None:
    assert list(CODES) == sorted(CODES)
    for row in CODES.values():
        assert row.severities == tuple(
            s
            for s in (Severity.ERROR, Severity.WARNING, Severity.NOTE)
            if s in row.severities
        )


def test_only_an_error_can_make_something_untrue() -> None:
    for row in CODES.values():
        if row.makes_name_untrue or row.makes_label_untrue:
            assert Severity.ERROR in row.severities
        assert not (row.makes_name_untrue and row.makes_label_untrue)


class Module:
    """The syntax tree of one file, with what is needed to follow a value back to constants."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.parents = {
            child: node
            for node in ast.walk(self.tree)
            for child in ast.iter_child_nodes(node)
        }
        self.functions = {
            node.name: node
            for node in ast.walk(self.tree)
            if isinstance(node, FUNCTION)
        }
        self.calls = [
            node for node in ast.walk(self.tree) if isinstance(node, ast.Call)
        ]

    def function_around(self, node: ast.AST) -> ast.FunctionDef | None:
        """Return the function that ``node`` stands in."""
        while node in self.parents:
            node = self.parents[node]
            if isinstance(node, FUNCTION):
                return node
        return None

    def calls_of(self, function: ast.FunctionDef) -> list[tuple[Module, ast.Call]]:
        """Return the calls of ``function`` by its bare name, or as an attribute; if there is none here, those elsewhere."""
        found = [
            (self, call) for call in self.calls if last_name(call) == function.name
        ]
        if found:
            return found
        for module in every_module():
            found += [
                (module, call)
                for call in module.calls
                if last_name(call) == function.name
            ]
        return found

    def values(
        self, node: ast.AST | None, call: ast.Call | None, depth: int = 0
    ) -> set[str]:
        """Return the codes and severities that an expression may have.

        :param call: the call of the enclosing function for which parameters are looked up; ``None`` for any call.
        """
        if node is None or depth > 5:
            return set()
        if isinstance(node, ast.Constant):
            return (
                {node.value}
                if isinstance(node.value, str) and A_CODE.fullmatch(node.value)
                else set()
            )
        if isinstance(node, ast.Attribute):
            is_severity = (
                isinstance(node.value, ast.Name) and node.value.id == "Severity"
            )
            return {node.attr.lower()} if is_severity else values_of_field(node.attr)
        if isinstance(node, ast.Call) and named(node) in self.functions:
            returns = [
                one
                for one in ast.walk(self.functions[named(node)])
                if isinstance(one, ast.Return)
            ]
            return set[str]().union(
                *(self.values(one.value, None, depth + 1) for one in returns)
            )
        if isinstance(node, ast.IfExp):
            return self.values(node.body, call, depth + 1) | self.values(
                node.orelse, call, depth + 1
            )
        if isinstance(node, ast.Name):
            return self.values_of_name(node, call, depth)
        return set()

    def values_of_name(
        self, node: ast.Name, call: ast.Call | None, depth: int
    ) -> set[str]:
        function = self.function_around(node)
        if function is None:
            return set()
        if node.id in parameters(function):
            calls = [(self, call)] if call is not None else self.calls_of(function)
            found = set()
            for module, one in calls:
                found |= module.values(
                    argument(one, function, node.id), None, depth + 1
                )
            return found
        found = set()
        for assignment in ast.walk(function):
            targets = assignment.targets if isinstance(assignment, ast.Assign) else ()
            if any(
                isinstance(target, ast.Name) and target.id == node.id
                for target in targets
            ):
                found |= self.values(assignment.value, call, depth + 1)
        return found


CARRIERS = {"Mixture"}
"""Values that carry a severity until a finding is made of them."""


@cache
def values_of_field(name: str) -> set[str]:
    """Return what the field of that name may be in a value that carries it: its default, and what it is made with."""
    found = set()
    for module in every_module():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef) and node.name in CARRIERS:
                defaults = [one for one in node.body if isinstance(one, ast.AnnAssign)]
                fields = {
                    one.target.id: one.value
                    for one in defaults
                    if isinstance(one.target, ast.Name)
                }
            elif isinstance(node, ast.Call) and named(node) in CARRIERS:
                fields = dict(keywords_of(node))
            else:
                continue
            found |= module.values(fields.get(name), None)
    return found


@cache
def every_module() -> list[Module]:
    return [Module(path) for path in sorted(SOURCE.rglob("*.py"))]


def last_name(call: ast.Call) -> str:
    """Return the name of what is called, without what it is an attribute of."""
    return (
        call.func.attr
        if isinstance(call.func, ast.Attribute)
        else getattr(call.func, "id", "")
    )


def parameters(function: ast.FunctionDef) -> list[str]:
    arguments = function.args
    return [
        a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    ]


def argument(call: ast.Call, function: ast.FunctionDef, name: str) -> ast.AST | None:
    """Return what ``call`` hands over as ``name``: by keyword, by position, or the parameter's default."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    positional = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    is_method = positional[:1] in (["self"], ["cls"])
    at = positional.index(name) - is_method if name in positional else len(call.args)
    if at < len(call.args):
        return call.args[at]
    defaults = dict(
        zip(reversed(positional), reversed(function.args.defaults), strict=False)
    )
    defaults |= {
        a.arg: d
        for a, d in zip(
            function.args.kwonlyargs, function.args.kw_defaults, strict=True
        )
        if d
    }
    return defaults.get(name)


def keywords_of(call: ast.Call) -> dict[str, ast.AST]:
    return {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}


def named(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def constructions(module: Module) -> Iterator[tuple[set[str], set[str], int]]:
    """Yield every ``Finding(…)`` of a module: codes, severities, line. A helper's are those of each of its calls."""
    for made in module.calls:
        if named(made) != "Finding":
            continue
        given = keywords_of(made)
        code, severity = given["code"], given["severity"]
        function = module.function_around(made)
        is_helper = (
            function is not None
            and isinstance(code, ast.Name)
            and code.id in parameters(function)
        )
        if not is_helper:
            yield module.values(code, None), module.values(severity, None), made.lineno
            continue
        for owner, call in module.calls_of(function):
            assert owner is module, "a helper that makes findings is its module's own"
            yield module.values(code, call), module.values(severity, call), call.lineno


@cache
def raised() -> dict[str, dict[str, str]]:
    """Return the places where each code is constructed at each severity."""
    found: dict[str, dict[str, str]] = {}
    for module in every_module():
        for codes, severities, line in constructions(module):
            for code in codes:
                for severity in severities:
                    place = f"{module.path.relative_to(SOURCE).as_posix()}:{line}"
                    found.setdefault(code, {}).setdefault(severity, place)
    return found


def test_every_code_is_raised_at_the_severities_of_its_row() -> None:
    found = {code: set(severities) for code, severities in raised().items()}
    assert found == {
        code: {s.value for s in row.severities} for code, row in CODES.items()
    }, raised()

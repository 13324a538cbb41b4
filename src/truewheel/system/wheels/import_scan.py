"""Which of its own modules a package imports as soon as it is imported itself: facts from its source text.

What is imported under a condition, in a function or inside ``try`` may well be missing, and is not told. Nothing is run
here, and whether the modules are there is the judge's question (``checks/layout.py``).
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

from ...model.contents import Import
from ...model.tree import Entry, Scheme, Tree

_MAKERS = (
    "__path__", "sys.modules", "meta_path", "path_hooks", "ModuleType", "globals(", "setattr(", "exec(",
    "spec_from_", "FileLoader", "__import__",
)  # fmt: skip
"""Words of sources that make modules while they run, or change how they are found."""


def own_imports(tree: Tree) -> tuple[Import, ...]:
    """What the regular packages of ``tree`` ask of themselves; files that are not Python are passed over. Nothing, when one of
    them makes modules, or finds them in ways of its own: then what is imported need not be in a file."""
    sources = {e.path: _text(e) for e in tree.entries if e.scheme is Scheme.LIB and e.path.endswith(".py")}
    if any(word in text for text in sources.values() for word in _MAKERS):
        return ()
    regular = _regular(sources)
    return tuple(i for p in sorted(sources) if _package(p) in regular for i in _of_file(p, sources[p], regular))


def named_modules(tree: Tree) -> frozenset[str]:
    """Top-level names that the Python files of ``tree`` import anywhere, were it in a function or in ``try``."""
    texts = (_text(e) for e in tree.entries if e.scheme is Scheme.LIB and e.path.endswith(".py"))
    return frozenset(
        name.partition(".")[0] for text in texts for node in ast.walk(_parsed(text)) for name in _named(node)
    )


def _named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.level == 0:
        yield node.module or ""
    elif isinstance(node, ast.Call) and "import" in ast.unparse(node.func):
        yield from (a.value for a in node.args[:1] if isinstance(a, ast.Constant) and isinstance(a.value, str))


def _text(entry: Entry) -> str:
    content = entry.source.read_bytes() if isinstance(entry.source, Path) else entry.source
    return content.decode("utf-8", "replace")


def _package(path: str) -> str:
    return path.rpartition("/")[0]


def _regular(sources: Mapping[str, str]) -> frozenset[str]:
    """Packages that nobody but this wheel fills: with ``__init__.py``."""
    return frozenset(_package(p) for p in sources if p.endswith("/__init__.py"))


def _of_file(path: str, text: str, regular: frozenset[str]) -> Iterator[Import]:
    tree = _parsed(text)
    for node in tree.body:
        for base, names in _asked(node, path, tree):
            if base in regular and names:
                yield Import(where=f"{path}:{node.lineno}", package=base, names=names)


def _parsed(text: str) -> ast.Module:
    """The syntax tree; an empty one of what is not Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])


def _asked(node: ast.stmt, path: str, tree: ast.Module) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Packages, and the names of modules below them that a statement needs."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            top, *rest = alias.name.split(".")
            yield top, tuple(rest)
    elif isinstance(node, ast.ImportFrom) and node.level == 0:
        top, *rest = (node.module or "").split(".")
        yield top, tuple(rest)
    elif isinstance(node, ast.ImportFrom):
        base = "/".join(_package(path).split("/")[: -(node.level - 1) or None])
        if node.module:
            yield base, tuple(node.module.split("."))
        elif path == f"{base}/__init__.py":  # elsewhere a name may be one that __init__.py defines
            yield from ((base, (a.name,)) for a in node.names if a.name not in _defined(tree, node))


def _defined(tree: ast.Module, asking: ast.stmt) -> set[str]:
    """Names that a module may define by itself, besides what ``asking`` imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom) and node is not asking:
            found.update((a.asname or a.name).partition(".")[0] for a in node.names)
    if {"*", "__getattr__"} & found and isinstance(asking, ast.ImportFrom):
        found.update(a.name for a in asking.names)
    return found

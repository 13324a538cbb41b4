"""Which of its own modules a package imports as soon as it is imported itself: facts from its source text.

What is imported under a condition, in a function or inside ``try`` may be absent on purpose, so it is not reported. Nothing is run
here, and whether the modules are there is for the checks to say (``checks/``).
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

from ...model.contents import Import
from ...model.tree import Entry, Scheme, Tree

_MAKES_MODULES = (
    "__path__",
    "sys.modules",
    "meta_path",
    "path_hooks",
    "ModuleType",
    "globals(",
    "setattr(",
    "exec(",
    "spec_from_",
    "FileLoader",
    "__import__",
)
"""Words of sources that make modules while they run, or change how they are found."""


def own_imports(tree: Tree) -> tuple[Import, ...]:
    """Return what the regular packages of ``tree`` import of themselves.

    Nothing, when one of their files makes modules, or finds them in ways of its own: then what is imported need not be in a
    file. Files that are not Python are passed over.
    """
    sources: dict[str, str] = {}
    for entry in _python_files(tree):
        text = _text(entry)
        # One such file is enough: it may make the modules of any other.
        if _may_make_modules(text):
            return ()
        sources[entry.path] = text
    regular = _regular_packages(sources)
    imports: list[Import] = []
    for path in sorted(sources):
        if _package(path) in regular:
            imports += _imports_of_file(path, sources[path], regular)
    return tuple(imports)


def named_modules(tree: Tree) -> frozenset[str]:
    """Return the top-level names that the Python files of ``tree`` import anywhere, also in functions and ``try``."""
    names: set[str] = set()
    for entry in _python_files(tree):
        for node in ast.walk(_parsed(_text(entry))):
            for name in _imported_names(node):
                names.add(name.partition(".")[0])
    return frozenset(names)


def _python_files(tree: Tree) -> list[Entry]:
    """Return the Python files that go to site-packages."""
    return [
        entry
        for entry in tree.entries
        if entry.scheme is Scheme.LIB and entry.path.endswith(".py")
    ]


def _may_make_modules(text: str) -> bool:
    return any(word in text for word in _MAKES_MODULES)


def _imported_names(node: ast.AST) -> Iterator[str]:
    """Yield the absolute names that a statement, or a call of an import function, imports."""
    # A relative import names a module of the package itself, not one at the top.
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name
    elif isinstance(node, ast.ImportFrom) and node.level == 0:
        yield node.module or ""
    elif isinstance(node, ast.Call):
        yield from _imported_by_call(node)


def _imported_by_call(call: ast.Call) -> Iterator[str]:
    """Yield what is imported by ``import_module("name")`` and its like."""
    if not call.args or "import" not in ast.unparse(call.func):
        return
    first = call.args[0]
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        yield first.value


def _text(entry: Entry) -> str:
    content = entry.source
    if isinstance(content, Path):
        content = content.read_bytes()
    # In another encoding (PEP 263), names of modules are ASCII all the same as a rule.
    return content.decode("utf-8", "replace")


def _package(path: str) -> str:
    return path.rpartition("/")[0]


def _regular_packages(sources: Mapping[str, str]) -> frozenset[str]:
    """Return the packages that nobody but this wheel fills: those with ``__init__.py``."""
    return frozenset(
        _package(path) for path in sources if path.endswith("/__init__.py")
    )


def _imports_of_file(path: str, text: str, regular: frozenset[str]) -> Iterator[Import]:
    """Yield what the statements at the top of a file import from regular packages."""
    module = _parsed(text)
    for node in module.body:
        for base, names in _needed_modules(node, path, module):
            if base in regular and names:
                yield Import(where=f"{path}:{node.lineno}", package=base, names=names)


def _parsed(text: str) -> ast.Module:
    """Return the syntax tree; an empty one for what is not Python."""
    try:
        with warnings.catch_warnings():
            # An invalid escape in somebody's source is not for the log of this build.
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])


def _needed_modules(
    node: ast.stmt,
    path: str,
    module: ast.Module,
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield packages, and the names of modules below them, that a statement needs."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield _split(alias.name)
    elif isinstance(node, ast.ImportFrom) and node.level == 0:
        yield _split(node.module or "")
    elif isinstance(node, ast.ImportFrom):
        yield from _needed_relatively(node, path, module)


def _needed_relatively(
    node: ast.ImportFrom,
    path: str,
    module: ast.Module,
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the package, and the names below it, that a relative import needs."""
    base = _base_of_relative_import(node, path)
    if node.module:
        yield base, tuple(node.module.split("."))
        return
    # In other files a name may be one that __init__.py defines.
    if path != f"{base}/__init__.py":
        return
    defined = _names_defined(module, node)
    for alias in node.names:
        if alias.name not in defined:
            yield base, (alias.name,)


def _split(dotted: str) -> tuple[str, tuple[str, ...]]:
    """Return the top-level name, and what follows it."""
    top, *rest = dotted.split(".")
    return top, tuple(rest)


def _base_of_relative_import(node: ast.ImportFrom, path: str) -> str:
    """Return the package that the dots of a relative import lead to, as a path."""
    packages = _package(path).split("/")
    ascents = node.level - 1
    return "/".join(packages[:-ascents] if ascents else packages)


def _names_defined(module: ast.Module, asking: ast.stmt) -> set[str]:
    """Return the names that a module may define by itself, besides what the statement ``asking`` imports."""
    names: set[str] = set()
    # In functions and branches, too: a global statement, or a version check, may define it there.
    for node in ast.walk(module):
        if node is not asking:
            names |= _names_defined_by(node)
    # Then nobody can tell what the module has.
    may_define_anything = not names.isdisjoint({"*", "__getattr__"})
    if may_define_anything and isinstance(asking, ast.ImportFrom):
        names.update(alias.name for alias in asking.names)
    return names


def _names_defined_by(node: ast.AST) -> set[str]:
    """Return the names that one node of a syntax tree defines by itself."""
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Store) else set()
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return _bound_names(node)
    return set()


def _bound_names(node: ast.Import | ast.ImportFrom) -> set[str]:
    """Return the names that an import statement binds."""
    bound = [alias.asname or alias.name for alias in node.names]
    return {name.partition(".")[0] for name in bound}

"""Where a package's imports of its own modules lead: which modules are loaded as soon as the package is imported.

Values and plain walks over them; the statements themselves were read elsewhere.
"""

from __future__ import annotations

from collections import defaultdict

from .contents import directory_of, module_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .contents import Contents, Import


def imports_file(path: str, contents: Contents, imports: Iterable[Import]) -> bool:
    """Return whether importing a package of the wheel imports the module that a file is by its name."""
    wanted = module_path(path)
    return any(target == wanted for _, target in reached_imports(contents, imports))


def reached_imports(
    contents: Contents, imports: Iterable[Import]
) -> Iterator[tuple[Import, str]]:
    """Yield the imports that importing a package leads to, each with the path of what it asks for.

    The walk begins at the ``__init__.py`` of every package that lies in no other. What it does not come to may be for
    another system: psutil's ``_pswindows.py`` is in every one of its wheels.
    """
    paths, directories = contents.paths(), contents.directories()
    imports_in: defaultdict[str, list[Import]] = defaultdict(list)
    for statement in imports:
        imports_in[statement.where.rpartition(":")[0]].append(statement)
    waiting = [path for path in paths if _begins_a_package(path, paths)]
    while waiting:
        # A file is read once: what it imports is taken out of the table.
        for statement in imports_in.pop(waiting.pop(), ()):
            steps = _steps_to_module(statement, directories)
            # Importing a.b.c runs a and a.b first (the language reference, 5.2.1).
            for step in steps:
                waiting += [f"{step}/__init__.py", f"{step}.py"]
            yield statement, steps[-1]


def _begins_a_package(path: str, paths: frozenset[str]) -> bool:
    """Return whether a file is the ``__init__.py`` of a package that lies in no other package."""
    if not path.endswith("/__init__.py"):
        return False
    around = directory_of(directory_of(path))
    return f"{around}/__init__.py" not in paths


def _steps_to_module(statement: Import, directories: frozenset[str]) -> list[str]:
    """Return the packages on the way to a module, and the module, by their paths.

    A name below something that is not a directory is no concern of ours: a module may define anything.
    """
    steps = [statement.package]
    for name in statement.names:
        steps.append(f"{steps[-1]}/{name}")
        if steps[-1] not in directories:
            break
    return steps

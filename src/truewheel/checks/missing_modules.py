"""Modules that a package of the wheel imports and that the wheel does not hold. Pure.

Only builds are asked: who just built a wheel can correct CMakeLists.txt, and has its Python files at hand.
"""

from __future__ import annotations

from ..model.contents import directory_of, is_module, module_path
from ..model.finding import Finding, Severity
from ..model.imports import reached_imports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..model.contents import Contents, Import

_SUFFIXES = (".py", ".pyc", ".so", ".pyd", ".dylib")
"""What a module's file may end in."""


def is_doubtful(contents: Contents) -> bool:
    """Return whether extension modules may not lie where the packages look for them.

    That is so if there is none, or if one lies in a directory without Python files. To find out, the Python files have to
    be read, which takes time that most builds can save.
    """
    python = {
        directory_of(file.path) for file in contents.files if file.path.endswith(".py")
    }
    if not python:
        return False
    modules = set(map(directory_of, _extension_modules(contents)))
    return not modules or not modules <= python


def _extension_modules(contents: Contents) -> list[str]:
    """Return the paths of files that have an extension module's name and can be loaded."""
    return [path for path in contents.loadable_paths() if is_module(path)]


def find_missing_modules(
    contents: Contents, imports: Iterable[Import], outside: tuple[str, ...]
) -> Iterator[Finding]:
    """Report modules without which a package cannot be imported (TW540).

    :param outside: files that were installed outside of the wheel, where such a module may be.
    """
    present = _modules_in_the_wheel(contents)
    importers: dict[str, list[str]] = {}
    for statement, target in reached_imports(contents, imports):
        if target not in present:
            importers.setdefault(target, []).append(statement.where)
    for target, places in sorted(importers.items()):
        yield _missing_module(
            target, sorted(places), _what_is_there_instead(target, contents, outside)
        )


def _modules_in_the_wheel(contents: Contents) -> set[str]:
    """Return the path of everything that may be imported, without suffixes."""
    # A directory is a module as well, be it a package or a portion of a namespace.
    modules = set(contents.directories())
    for path in contents.paths():
        if path.endswith(_SUFFIXES):
            modules.add(module_path(path))
    return modules


def _missing_module(target: str, importers: list[str], instead: list[str]) -> Finding:
    """Return the finding on one module, with where it is imported and what is there instead of it."""
    name = target.rpartition("/")[2]
    return Finding(
        code="TW540",
        severity=Severity.ERROR,
        where=target,
        message=f"{target.replace('/', '.')} is imported, but is not in the wheel",
        subject=target.replace("/", "."),
        alike="modules: each is imported, but is not in the wheel",
        evidence=(*(f"{place} imports it" for place in importers[:3]), *instead),
        hint=f"in CMakeLists.txt: install(TARGETS {name} DESTINATION {directory_of(target)}), "
        f"{name} being the name of the target",
    )


def _what_is_there_instead(
    target: str, contents: Contents, outside: tuple[str, ...]
) -> list[str]:
    """Return where a missing module lies, in lines of evidence; if nowhere, which modules there are."""
    name = target.rpartition("/")[2]
    # A wrong DESTINATION is the most likely cause, an absolute one the next, another name of the target the last.
    elsewhere = _files_of_module(name, contents.loadable_paths())
    if elsewhere:
        return [f"{path} lies elsewhere" for path in elsewhere[:2]]
    not_in_the_wheel = _files_of_module(name, outside)
    if not_in_the_wheel:
        return [f"outside of the wheel: {not_in_the_wheel[0]}"]
    others = _extension_modules(contents)
    if others:
        return [f"what is there: {path}" for path in others[:3]]
    return ["no extension module is in the wheel"]


def _files_of_module(name: str, paths: Iterable[str]) -> list[str]:
    """Return the files that are a module of this name, in whatever directory."""
    return [path for path in paths if module_path(path).rpartition("/")[2] == name]

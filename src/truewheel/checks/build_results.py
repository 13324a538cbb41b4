"""What CMake built and where it installed it: what only a build can be asked. Pure."""

from __future__ import annotations

from ..model.contents import is_module, module_path
from ..model.finding import Finding, Severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..model.contents import Contents

_MOST_PATHS = 4
"""Files that a finding lists."""


def check_installation(
    contents: Contents, lost: Iterable[str], outside: tuple[str, ...]
) -> Iterator[Finding]:
    """Yield what CMake installed in the wrong place, or not at all.

    :param lost: modules and libraries that CMake built, where it installed no file.
    :param outside: files that it installed outside of the wheel: then it is known what became of the others.
    """
    # Files outside explain why none is in the wheel, which need not be told as well.
    if outside:
        yield from find_files_outside(outside)
    elif contents.payload():
        yield from find_nothing_installed(contents, lost)


def find_nothing_installed(
    contents: Contents, lost: Iterable[str]
) -> Iterator[Finding]:
    """Report what was built in vain (TW541).

    A package that builds its files into its own directory has them without an ``install()``.
    """
    names = set(map(_base_name, contents.paths()))
    in_vain = [path for path in lost if _base_name(path) not in names]
    if not in_vain:
        return
    # The first is named, as an example: CMake calls the target of _m.abi3.so _m, and that of libx.so.1 x.
    target = _base_name(module_path(in_vain[0])).removeprefix("lib")
    yield Finding(
        code="TW541",
        severity=Severity.WARNING,
        where="CMakeLists.txt",
        message="CMake ran, and installed nothing: only Python's files are in the wheel",
        evidence=tuple(f"{path} was built" for path in in_vain[:_MOST_PATHS]),
        hint=f"install(TARGETS {target} DESTINATION {_main_package(contents)}), {target} being the name of the target",
    )


def find_files_outside(paths: tuple[str, ...]) -> Iterator[Finding]:
    """Report files that were installed on this machine, and not into the wheel (TW542). Modules are told first."""
    first, *others = sorted(paths, key=lambda path: not is_module(path))
    evidence = [f"so was {path}" for path in others[:_MOST_PATHS]]
    if len(others) > _MOST_PATHS:
        evidence.append(f"and {len(others) - _MOST_PATHS} more")
    yield Finding(
        code="TW542",
        severity=Severity.WARNING,
        where=first,
        message="was installed on this machine, outside of the wheel, which lacks it",
        evidence=tuple(evidence),
        hint="give install() a DESTINATION that begins with no /: it is taken from the root of the wheel, "
        "DESTINATION PACKAGE for a module of that package",
    )


def find_modules_beside_packages(
    contents: Contents, named: frozenset[str]
) -> Iterator[Finding]:
    """Report modules beside a package that nothing imports (TW503): a ``DESTINATION .`` where the package was meant.

    :param named: modules at the top level that the wheel's Python files import.
    """
    package = _main_package(contents)
    # Some projects put a module there on purpose, as cffi does with _cffi_backend; then Python code imports it by its name.
    for path in modules_beside_packages(contents):
        name = module_path(path)
        if name not in named:
            yield Finding(
                code="TW503",
                severity=Severity.WARNING,
                where=path,
                message=f"lies beside {package}/: it is imported as {name}, not as {package}.{name}",
                hint=f"install(TARGETS {name} DESTINATION {package}), unless that is meant",
            )


def modules_beside_packages(contents: Contents) -> Iterator[str]:
    """Yield the extension modules at the top level of a wheel that has packages."""
    if not _packages(contents):
        return
    for path in contents.loadable_paths():
        if "/" not in path and is_module(path):
            yield path


def _packages(contents: Contents) -> list[str]:
    """Return the packages at the top level, in order of their names."""
    packages = []
    for path in contents.paths():
        directory, _, name = path.rpartition("/")
        if name == "__init__.py" and directory and "/" not in directory:
            packages.append(directory)
    return sorted(packages)


def _main_package(contents: Contents) -> str:
    """Return the package with the project's name; if there is none, the first; without any package, that name."""
    name = contents.dist_info.partition("-")[0]
    packages = _packages(contents)
    # dist-info names are normalised, while packages may have upper-case letters (PEP 625).
    for package in packages:
        if package.lower() == name.lower():
            return package
    return packages[0] if packages else name


def _base_name(path: str) -> str:
    """Return the last part of a path."""
    return path.rpartition("/")[2]

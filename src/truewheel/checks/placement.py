"""Where files lie in a wheel: outside of any package, in an unknown install scheme, where no import finds them. Pure.

Sources: the binary distribution format ("The .data directory"), sysconfig's install schemes, PEP 420 (namespace packages).
"""

from __future__ import annotations

from ..model.contents import is_module
from ..model.finding import Finding, Severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model.contents import Contents, File

SCHEMES = frozenset({"purelib", "platlib", "headers", "scripts", "data"})
"""Directories below ``.data`` that installers know."""
_MEANT_FOR_A_SYSTEM = frozenset({"bin", "lib", "lib64", "include", "share", "etc"})
"""Directories that belong below a system's prefix, and not beside packages."""
_IMPORTABLE = (".py", ".pyc", ".pyi", ".pyd", ".so", ".pth", ".start", ".dylib", ".dll")
_NOT_PACKAGES = (".libs", ".dylibs", "-stubs")
"""Ends of names of directories that hold libraries or stubs, and need no ``__init__.py``."""


def check_placement(
    contents: Contents, *, severity_of_namespaces: Severity | None
) -> Iterator[Finding]:
    """Yield what is wrong with where files lie.

    :param severity_of_namespaces: of extension modules in a directory without ``__init__.py``; ``None`` where the Python
        files lie elsewhere.
    """
    files = contents.payload()
    yield from find_system_directories(files)
    yield from find_other_data_directories(files, contents.data_dir)
    yield from find_unknown_schemes(files, contents.data_dir)
    yield from find_nothing_to_import(files, contents.data_dir)
    if severity_of_namespaces is not None:
        yield from find_namespace_packages(
            files, contents.data_dir, severity_of_namespaces
        )


def find_system_directories(files: tuple[File, ...]) -> Iterator[Finding]:
    """Report ``lib/`` and the like at the top level, which an ``install()`` without a destination leaves (TW503)."""
    by_directory: dict[str, list[str]] = {}
    for file in files:
        top, slash, _ = file.path.partition("/")
        if slash and top in _MEANT_FOR_A_SYSTEM:
            by_directory.setdefault(top, []).append(file.path)
    for top, paths in sorted(by_directory.items()):
        # Nothing forbids a package to be called so.
        is_package = f"{top}/__init__.py" in paths
        if not is_package:
            yield Finding(
                code="TW503",
                severity=Severity.WARNING,
                where=f"{top}/",
                message=f"would be installed as site-packages/{top}, outside of any package",
                evidence=tuple(paths[:4]),
                hint="give install() a DESTINATION inside the package, or keep that sub-project's install rules out "
                "with install.components",
                subject=f"{top}/",
                alike="directories: each would be installed into site-packages itself, outside of any package",
            )


def find_other_data_directories(
    files: tuple[File, ...], data_directory: str
) -> Iterator[Finding]:
    """Report data directories that are named for another wheel (TW510)."""
    # Few paths have this in them, and a wheel may have very many.
    tops = {file.path.partition("/")[0] for file in files if ".data/" in file.path}
    for top in sorted(tops - {data_directory}):
        if top.endswith(".data"):
            yield Finding(
                code="TW510",
                severity=Severity.WARNING,
                where=f"{top}/",
                message="is another wheel's data directory: some installers take it for this one's, others do not",
                hint=f"the one of this wheel is {data_directory}",
            )


def find_unknown_schemes(
    files: tuple[File, ...], data_directory: str
) -> Iterator[Finding]:
    """Report directories below ``.data`` that installers do not know (TW510)."""
    prefix = data_directory + "/"
    schemes = set()
    for file in files:
        if file.path.startswith(prefix):
            schemes.add(file.path.removeprefix(prefix).partition("/")[0])
    # pip refuses such a wheel.
    for scheme in sorted(schemes - SCHEMES):
        yield Finding(
            code="TW510",
            severity=Severity.ERROR,
            where=prefix + scheme,
            message=f"there is no install scheme named {scheme}",
            hint=f"use one of {', '.join(sorted(SCHEMES))}",
        )


def find_nothing_to_import(
    files: tuple[File, ...], data_directory: str
) -> Iterator[Finding]:
    """Report a wheel of which nothing can be imported or run (TW516)."""
    for file in files:
        # Scripts, headers and data are of use without an import; so are programs.
        is_installed_elsewhere = file.path.startswith(data_directory + "/")
        if is_installed_elsewhere or file.executable or file.path.endswith(_IMPORTABLE):
            return
    if files:
        yield Finding(
            code="TW516",
            severity=Severity.WARNING,
            where=files[0].path,
            message="nothing in the wheel can be imported",
            evidence=tuple(file.path for file in files[:4]),
            hint="put Python files where wheel.packages finds them, or use the data scheme",
        )


def find_namespace_packages(
    files: tuple[File, ...], data_directory: str, severity: Severity
) -> Iterator[Finding]:
    """Report directories with extension modules and no Python file: namespace packages by oversight (TW516).

    Without ``__init__.py`` a directory is a portion of a namespace package, which any other distribution may enter:
    https://peps.python.org/pep-0420/#specification
    """
    paths: set[str] = set()
    modules: dict[str, str] = {}
    for file in files:
        path = _importable_path(file.path, data_directory)
        paths.add(path)
        top = path.partition("/")[0]
        if path.count("/") == 1 and is_module(path) and top != data_directory:
            modules[top] = path
    for top, module in sorted(modules.items()):
        # auditwheel and delocate put libraries into NAME.libs and .dylibs; NAME-stubs are those of PEP 561.
        if top.endswith(_NOT_PACKAGES) or _holds_python_files(top, paths):
            continue
        yield Finding(
            code="TW516",
            severity=severity,
            where=f"{top}/",
            message="holds extension modules and no __init__.py: a namespace package, which others may enter",
            evidence=(module,),
            hint="add __init__.py, unless that is meant; where there is one, wheel.packages must name its directory: "
            f'["src/{top}"]',
        )


def _importable_path(path: str, data_directory: str) -> str:
    """Return where a file lies below ``site-packages``; one that is installed elsewhere keeps its path."""
    return path.removeprefix(f"{data_directory}/purelib/").removeprefix(
        f"{data_directory}/platlib/"
    )


def _holds_python_files(directory: str, paths: set[str]) -> bool:
    """Return whether a Python file or a stub lies below a directory."""
    prefix = directory + "/"
    return any(
        path.startswith(prefix) and path.endswith((".py", ".pyi")) for path in paths
    )

"""What ``truewheel init`` starts projects with: the kinds, how a project may be called, and what its templates are filled
with. It reads no template and writes no file."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterable, Mapping

from ..model.errors import TruewheelError
from ..model.record import Record

PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
"""Those that a new project's CI tests on."""


class Kind(Record):
    """One kind of extension.

    :param summary: the first sentence of its README.
    :param layers: the folders of templates that make it up; a later one overrides an earlier one, file by file.
    :param needs: what must be there to compile.
    :param requires: what builds it, besides truewheel.
    :param dependencies: what it needs at run time.
    :param settings: lines for ``[tool.scikit-build]``.
    :param builds: the Pythons that CI builds with; where one wheel serves several, the oldest of them.
    :param packaged: whether there is a Python package.
    :param windows: whether CI builds on Windows.
    :param macos: the version of macOS that CI builds for.
    :param prepares: steps of CI before the build, in YAML.
    """

    summary: str
    layers: tuple[str, ...]
    needs: str = "a C compiler"
    requires: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    builds: tuple[str, ...] = PYTHONS
    packaged: bool = True
    windows: bool = True
    macos: str = "11.0"
    prepares: str = ""


_MODULE = ("common", "package", "gcd")
_CFFI = "cffi>=1.17; implementation_name != 'pypy'"  # PyPy has its own
_FORTRAN = """\
      - if: runner.os == 'macOS'
        run: |
          brew install gcc
          echo "FC=$(ls "$(brew --prefix)"/bin/gfortran* | head -n 1)" >> "$GITHUB_ENV"
"""

KINDS: Mapping[str, Kind] = {
    "c": Kind(
        summary="A function in C, called from Python through the plain C API.",
        layers=(*_MODULE, "c"),
    ),
    "cython": Kind(
        summary="A function in Cython.",
        layers=(*_MODULE, "cython"),
        requires=("cython>=3.1",),
    ),
    "cffi": Kind(
        summary="A function in C, called from Python through cffi; one wheel for Python 3.10 and newer.",
        layers=(*_MODULE, "library", "cffi"),
        requires=(_CFFI,),
        dependencies=(_CFFI,),
        settings=(
            'wheel.py-api = "cp310"  # what cffi writes keeps to the stable ABI',
        ),
        builds=PYTHONS[:1],
    ),
    "swig": Kind(
        summary="A function in C, wrapped by SWIG.",
        layers=(*_MODULE, "library", "swig"),
        requires=("swig>=4.3",),
    ),
    "pybind11": Kind(
        summary="A function in C++, called from Python through pybind11.",
        layers=(*_MODULE, "pybind11"),
        needs="a C++ compiler",
        requires=("pybind11>=3",),
    ),
    "nanobind": Kind(
        summary="A function in C++, called from Python through nanobind; one wheel for Python 3.12 and newer.",
        layers=(*_MODULE, "nanobind"),
        needs="a C++ compiler",
        requires=("nanobind>=2.2",),
        settings=('wheel.py-api = "cp312"',),
        # Up to 3.11, nanobind has no stable ABI: CI builds a wheel for each, and one from 3.12 on.
        builds=PYTHONS[:3],
    ),
    "f2py": Kind(
        summary="A Fortran subroutine over NumPy arrays, wrapped by f2py.",
        layers=("common", "package", "f2py"),
        needs="a C and a Fortran compiler",
        requires=("numpy>=2", "f2py-cmake>=0.3"),
        dependencies=("numpy>=1.25",),
        windows=False,  # no Fortran compiler there works with Microsoft's without more ado
        macos="15.0",  # Homebrew's libgfortran, which is linked statically, asks for the system that it was made for
        prepares=_FORTRAN,
    ),
    "ctypes": Kind(
        summary="A function in C, in a shared library that ctypes loads; one wheel for every Python.",
        layers=(*_MODULE, "ctypes"),
        # Nothing in it is linked with Python, so one build serves all of them.
        builds=PYTHONS[:1],
    ),
    "executable": Kind(
        summary="A command in C++, installed with pip; one wheel for every Python.",
        layers=("common", "executable"),
        needs="a C++ compiler",
        builds=PYTHONS[:1],
        packaged=False,
    ),
}

_CURE = "give the project another name: --name NAME"
_SPELLING = "a name is made of the letters A to Z, digits, and - _ . between them"
_TARGETS = {"all", "clean", "help", "install", "package", "rebuild_cache", "test"}
"""What no executable can be called in CMake."""


_TOOLS = frozenset(
    {"build", "cibuildwheel", "cmake", "distlib", "exceptiongroup", "iniconfig", "installer", "ninja", "packaging",
     "pathspec", "pip", "pkg-resources", "platformdirs", "pluggy", "pyproject-hooks", "pyproject-metadata", "pytest",
     "scikit-build-core", "setuptools", "tomli", "truewheel", "uv", "virtualenv", "wheel"}
)  # fmt: skip
"""Projects that take part in building, testing and installing any other."""
_LONGEST = 100
"""Letters of a name; the longest of much used projects has 55."""


def derived_name(directory: str) -> str:
    """A project's name from that of its directory: blanks become hyphens, and it stands in its normal form.

    >>> derived_name("My Geometry_2")
    'my-geometry-2'

    :raises TruewheelError: when the directory's name has what no project's has.
    """
    name = re.sub(r"\s+", "-", directory).strip("-_.")
    if not _is_valid(name):
        raise TruewheelError(
            f"no project can be called {directory!r}", context=[_SPELLING], hint=_CURE
        )
    return _normalised(name)


def checked_name(name: str, kind: Kind) -> str:
    """``name`` in its normal form (PEP 503), when such a project can be built, imported and run.

    :raises TruewheelError: when it cannot.
    """
    if not _is_valid(name):
        raise TruewheelError(
            f"no project can be called {name!r}", context=[_SPELLING], hint=_CURE
        )
    normalised = _normalised(name)
    objection = _objection(normalised, kind)
    if objection:
        raise TruewheelError(
            f"this project cannot be called {normalised}",
            context=[objection],
            hint=_CURE,
        )
    return normalised


def package_of(name: str) -> str:
    """What is imported.

    >>> package_of("my-geometry-2")
    'my_geometry_2'
    """
    return name.replace("-", "_")


def _is_valid(name: str) -> bool:
    """Whether it keeps to the specification "Names and normalization" (PEP 508)."""
    # ASCII alone: with IGNORECASE, [A-Z] would also take the Kelvin sign and the long s.
    pattern = r"[A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9]"
    return re.fullmatch(pattern, name, re.IGNORECASE | re.ASCII) is not None


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _objection(name: str, kind: Kind) -> str | None:
    """Why a project of this kind cannot have a name that is a name otherwise."""
    # pip would take the project for its own build requirement, and ask it to build itself.
    if name in {*_TOOLS, *map(_required, kind.requires)}:
        return f"{name} is what builds, tests or installs it"
    if len(name) > _LONGEST:
        return f"{len(name)} letters are too many: a wheel's file name has version and tags beside it, and ends at 255"
    if kind.packaged:
        return _of_package(package_of(name))
    return _of_command(name)


def _required(requirement: str) -> str:
    """The name in a requirement.

    >>> _required("cffi>=1.17; implementation_name != 'pypy'")
    'cffi'
    """
    return _normalised(re.split(r"[^\w.-]", requirement, maxsplit=1)[0])


def _of_package(package: str) -> str | None:
    """Why a package cannot have this name; ``None`` when it can."""
    if keyword.iskeyword(package):
        return f"it could not be imported: {package} is a keyword of Python"
    if not package.isidentifier():
        return f"it could not be imported: {package} begins with a digit"
    # Python's own "test" is not among sys.stdlib_module_names, which leaves it out on purpose.
    is_of_python = package in sys.stdlib_module_names or package == "test"
    if is_of_python:
        return f"{package} is a module of Python's standard library"
    if package == "tests":
        return "tests is the directory of its tests"
    return None


def _of_command(command: str) -> str | None:
    """Why an executable cannot have this name; ``None`` when it can."""
    # Such a target name is refused by CMake's policy CMP0037.
    if package_of(command) in _TARGETS:
        return f"CMake has a target {package_of(command)} of its own"
    if re.fullmatch(r"(python|pip)[\d-]*", command):
        return f"it would take the place of {command} where it is installed"
    return None


def values(name: str, kind: Kind) -> dict[str, str]:
    """What stands in a template for each ``@word@``."""
    package = package_of(name)
    # Lines that a kind does not need are empty, and filled() drops an empty line of its own.
    dependencies = ""
    if kind.dependencies:
        dependencies = f"dependencies = [{_quoted(kind.dependencies)}]"
    # scikit-build-core would look for a package by the project's name, so that there is none is said.
    packages = "wheel.packages = []  # no Python in it"
    if kind.packaged:
        packages = f'wheel.packages = ["src/{package}"]'
    return {
        "name": name,
        "package": package,
        "summary": kind.summary,
        "needs": kind.needs,
        "requires": _quoted(["truewheel", *kind.requires]),
        "dependencies": dependencies,
        "packages": packages,
        "settings": "\n".join(kind.settings),
        "builds": " ".join(kind.builds),
        "tests": " ".join(PYTHONS),
        "macos": kind.macos,
        "prepares": kind.prepares.rstrip("\n"),
        "windows": _WINDOWS if kind.windows else _NO_WINDOWS,
        "systems": "Linux, macOS and Windows" if kind.windows else "Linux and macOS",
    }


_WINDOWS = """\
          - runner: windows-2025
            pythons: only-managed"""
_NO_WINDOWS = """\
          # Windows is not here: it needs a Fortran compiler that goes with Python's C compiler there."""


def _quoted(words: Iterable[str]) -> str:
    """Strings of TOML, between commas."""
    return ", ".join(f'"{word}"' for word in words)


def filled(template: str, given: Mapping[str, str]) -> str:
    """A template with its values; a line that is nothing but a ``@word@`` goes when its value is empty.

    >>> filled("a\\n@x@\\nb @y@\\n", {"x": "", "y": "c"})
    'a\\nb c\\n'

    :raises KeyError: when the template has a word without a value.
    """
    # First the lines that go: afterwards, nothing tells an empty value from a line that was meant to be empty.
    absent = re.sub(
        r"^@(\w+)@\n",
        lambda word: word[0] if given[word[1]] else "",
        template,
        flags=re.MULTILINE,
    )
    return re.sub(r"@(\w+)@", lambda word: given[word[1]], absent)

"""The examples: how each is built and tested. Data for ``builds/test_examples.py`` and for the documentation."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Mapping

from support import interpreters

MANYLINUX = rf"manylinux_2_\d+_{platform.machine()}(\.manylinux\w+)?"
VERSIONED = rf"cp(?P<n>3\d+)-cp(?P=n)-{MANYLINUX}"
ANY_PYTHON = rf"py3-none-{MANYLINUX}"
STABLE = rf"cp310-abi3-{MANYLINUX}"
PURE = "py3-none-any"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """How an example is built, and how its wheel must be.

    :param built: the front end.
    :param python: the Python that it is built with.
    :param tag: what the wheel is tagged, as a regular expression.
    :param runs_on: the Pythons that its tests run on; only its own when empty.
    :param package: what is imported; the name of the folder when empty.
    :param programs: what must be on PATH.
    :param headers: what a compiler must find.
    :param beside: what else is installed where the tests run.
    :param after: examples whose wheels must be to be had.
    :param is_linked_to_them: whether its modules use libraries in the wheels of those.
    :param odd_stubs: what mypy may object to: libraries that it takes for modules, functions that are none (regular expressions).
    :param oddities: codes of check-wheel-contents that are meant.
    """

    built: str
    python: str
    tag: str
    runs_on: tuple[str, ...] = ()
    package: str = ""
    programs: tuple[str, ...] = ("gcc",)
    headers: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    is_linked_to_them: bool = False
    odd_stubs: tuple[str, ...] = ()
    oddities: tuple[str, ...] = ()


PIP, BUILD, UV = "pip wheel", "python -m build", "uv build"
FRONT_ENDS: Mapping[str, str] = {PIP: "pip", BUILD: "build", UV: "uv"}
TABLE: Mapping[str, Example] = {
    "accelerator": Example(built=UV, python="3.11", tag=VERSIONED),
    "cffi": Example(built=BUILD, python="3.10", tag=STABLE, runs_on=("3.10", "3.13"), headers=("zlib.h",)),
    "swig": Example(built=UV, python="3.12", tag=VERSIONED, headers=("zlib.h",)),
    "ctypes": Example(
        built=UV, python="3.13", tag=ANY_PYTHON, runs_on=("3.10", "3.13"), odd_stubs=("example_ctypes.polygon",)
    ),
    "system-access": Example(built=UV, python="3.12", tag=VERSIONED),
    "fortran-f2py": Example(
        built=UV, python="3.13", tag=VERSIONED, programs=("gcc", "gfortran"), headers=("cblas.h",),
        odd_stubs=(r"example_fortran_f2py\._heat\.(step|rod_step|__f2py_numpy_version__)",),
        # Two packages of GCC come with the same licences; for the others see bundled-library.
        oddities=("W002", "W004", "W009"),
    ),
    "fortran-bind-c": Example(built=PIP, python="3.10", tag=VERSIONED, programs=("gcc", "gfortran")),
    "stable-abi": Example(built=PIP, python="3.10", tag=STABLE, runs_on=interpreters.WANTED),
    "executable": Example(
        built=UV, python="3.12", tag=ANY_PYTHON, programs=("g++",), package="-", oddities=("W007",)
    ),
    "several-modules": Example(
        built=BUILD, python="3.13", tag=VERSIONED, odd_stubs=("example_several_modules.libcrockford",)
    ),
    "namespace-package": Example(built=UV, python="3.11", tag=VERSIONED, package="example_space.text"),
    "c-library": Example(built=PIP, python="3.13", tag=ANY_PYTHON),
    "c-library-consumer": Example(
        built=UV, python="3.11", tag=VERSIONED, after=("c-library",), is_linked_to_them=True
    ),
    "bundled-library": Example(
        built=BUILD, python="3.11", tag=VERSIONED, programs=("g++",), headers=("yaml.h",),
        # The folder NAME.libs stands at the top level, and in it a library whose name a module could have.
        oddities=("W004", "W009"),
    ),
    "cpu-dispatch": Example(built=UV, python="3.13", tag=VERSIONED),
    "cpu-variants": Example(built=BUILD, python="3.12", tag=VERSIONED),
    "numpy-ufunc": Example(built=UV, python="3.12", tag=VERSIONED, beside=("numpy<2",)),
}  # fmt: skip
BINDING_TOOLS = ("c-module", "pybind11", "nanobind", "cython")
"""Examples that are one extension, written with another tool each: they go through every front end and Python."""

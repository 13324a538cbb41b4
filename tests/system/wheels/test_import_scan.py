"""Imports of a package's own modules that happen when the package is imported, and so must be there."""

from __future__ import annotations

import pytest

from truewheel.model.tree import Entry, Scheme, Tree
from truewheel.system.wheels.import_scan import named_modules, own_imports


def imported(**files: str) -> dict[str, str]:
    """Return where each module, as ``package.module``, is imported; ``a__b`` is the file ``a/b.py``."""
    entries = []
    for name, text in files.items():
        path = f"{name.replace('__', '/')}.py".replace("/init.py", "/__init__.py")
        entries.append(Entry(scheme=Scheme.LIB, path=path, source=text.encode()))
    found = {}
    for own in own_imports(Tree(entries=tuple(entries))):
        found[f"{own.package}.{'.'.join(own.names)}"] = own.where
    return found


@pytest.mark.parametrize(
    ("text", "name"),
    [("from ._m import call", "pkg._m"), ("from . import _m", "pkg._m"), ("import pkg._m", "pkg._m"),
     ("from pkg._m import call", "pkg._m"), ("from .deep._m import call", "pkg.deep._m")],
)  # fmt: skip
def test_imports_of_a_packages_own_modules_are_found(text: str, name: str) -> None:
    assert imported(pkg__init=f'"""Text."""\n{text}\n') == {name: "pkg/__init__.py:2"}


@pytest.mark.parametrize(
    "text",
    ["try:\n    from ._m import call\nexcept ImportError:\n    pass", "def late():\n    from ._m import call",
     "if TYPE_CHECKING:\n    from ._m import call", "import os\nfrom collections import abc", "from . import x\nx = 1",
     "from . import x\nfrom .other import *\n__path__ = []", "print 'Python 2'\nfrom ._m import call",
     "def __getattr__(name): ...\nfrom . import x", "\0from ._m import call", "__path__.append('/else')\nfrom ._m import call"],
)  # fmt: skip
def test_imports_that_may_fail_are_passed_over(text: str) -> None:
    assert imported(pkg__init=text) == {}


@pytest.mark.parametrize(
    "text",
    ["import sys\nsys.modules[__name__ + '._m'] = x", "globals()['_m'] = 1", "import pkg\npkg.__path__.append('/else')",
     "import sys\nsys.meta_path.insert(0, Finder())", "from importlib.util import spec_from_file_location as load"],
)  # fmt: skip
def test_a_package_that_makes_modules_while_it_runs_is_passed_over(text: str) -> None:
    """Whichever of its files does so."""
    package = "from . import _boot\nfrom ._m import call"
    assert imported(pkg__init=package, pkg___boot=text) == {}
    assert "pkg._m" in imported(pkg__init=package, pkg___boot="import sys")


def test_imports_within_packages_below_packages_are_found() -> None:
    found = imported(
        pkg__init="",
        pkg__sub__init="from .._core import f",
        pkg__sub__mod="from . import name\nfrom ._x import y",
    )
    assert found == {
        "pkg._core": "pkg/sub/__init__.py:1",
        "pkg/sub._x": "pkg/sub/mod.py:2",
    }


def test_a_namespace_may_be_filled_by_other_wheels() -> None:
    text = "from space._other import x\nfrom .._other import y\nfrom ._own import z"
    assert imported(space__text__init=text) == {
        "space/text._own": "space/text/__init__.py:3"
    }


def test_a_module_without_a_package_has_no_own_modules() -> None:
    assert imported(lone="from ._m import x\nimport lone._m") == {}


def test_every_module_that_is_named_in_an_import_is_found() -> None:
    text = """
import _a, os.path
def late():
    from _b.deep import x
    return importlib.import_module("_c") or __import__("_d")
try:
    import _e as e
except ImportError:
    from . import _f
open("_g")
"""
    entries = [
        Entry(scheme=Scheme.LIB, path="p/__init__.py", source=text.encode()),
        Entry(scheme=Scheme.LIB, path="p/broken.py", source=b"import ("),
        Entry(scheme=Scheme.DATA, path="x.py", source=b"import _h"),
    ]
    assert named_modules(Tree(entries=tuple(entries))) - {"os"} == {
        "_a",
        "_b",
        "_c",
        "_d",
        "_e",
    }

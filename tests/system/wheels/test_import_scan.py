"""What packages ask of themselves at import: what is told, and what may well be missing."""

from __future__ import annotations

import pytest

from truewheel.model.tree import Entry, Scheme, Tree
from truewheel.system.wheels.import_scan import named_modules, own_imports


def asked(**files: str) -> list[tuple[str, str]]:
    """``package.module`` and where it is asked for; ``a__b`` stands for ``a/b.py``."""
    entries = [
        Entry(
            scheme=Scheme.LIB,
            path=f"{name.replace('__', '/')}.py".replace("/init.py", "/__init__.py"),
            source=text.encode(),
        )
        for name, text in files.items()
    ]
    found = own_imports(Tree(entries=tuple(entries)))
    return [(f"{i.package}.{'.'.join(i.names)}", i.where) for i in found]


@pytest.mark.parametrize(
    ("text", "name"),
    [("from ._m import call", "pkg._m"), ("from . import _m", "pkg._m"), ("import pkg._m", "pkg._m"),
     ("from pkg._m import call", "pkg._m"), ("from .deep._m import call", "pkg.deep._m")],
)  # fmt: skip
def test_what_is_asked_for(text: str, name: str) -> None:
    assert asked(pkg__init=f'"""Text."""\n{text}\n') == [(name, "pkg/__init__.py:2")]


@pytest.mark.parametrize(
    "text",
    ["try:\n    from ._m import call\nexcept ImportError:\n    pass", "def late():\n    from ._m import call",
     "if TYPE_CHECKING:\n    from ._m import call", "import os\nfrom collections import abc", "from . import x\nx = 1",
     "from . import x\nfrom .other import *\n__path__ = []", "print 'Python 2'\nfrom ._m import call",
     "def __getattr__(name): ...\nfrom . import x", "\0from ._m import call", "__path__.append('/else')\nfrom ._m import call"],
)  # fmt: skip
def test_what_may_be_missing(text: str) -> None:
    assert asked(pkg__init=text) == []


@pytest.mark.parametrize(
    "text",
    ["import sys\nsys.modules[__name__ + '._m'] = x", "globals()['_m'] = 1", "import pkg\npkg.__path__.append('/else')",
     "import sys\nsys.meta_path.insert(0, Finder())", "from importlib.util import spec_from_file_location as load"],
)  # fmt: skip
def test_who_makes_modules_while_running_is_not_asked(text: str) -> None:
    """In whichever file of the package."""
    assert asked(pkg__init="from . import _boot\nfrom ._m import call", pkg___boot=text) == []
    assert asked(pkg__init="from . import _boot\nfrom ._m import call", pkg___boot="import sys") != []


def test_packages_within_packages() -> None:
    found = asked(
        pkg__init="", pkg__sub__init="from .._core import f", pkg__sub__mod="from . import name\nfrom ._x import y"
    )
    assert found == [("pkg._core", "pkg/sub/__init__.py:1"), ("pkg/sub._x", "pkg/sub/mod.py:2")]


def test_a_namespace_may_be_filled_by_others() -> None:
    assert asked(space__text__init="from space._other import x\nfrom .._other import y\nfrom ._own import z") == [
        ("space/text._own", "space/text/__init__.py:3")
    ]


def test_scripts_and_lone_modules_are_no_packages() -> None:
    assert asked(lone="from ._m import x\nimport lone._m") == []


def test_every_module_that_is_imported_by_name() -> None:
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
    assert named_modules(Tree(entries=tuple(entries))) - {"os"} == {"_a", "_b", "_c", "_d", "_e"}

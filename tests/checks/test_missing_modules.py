"""Modules of its own that a package imports."""

from __future__ import annotations

import pytest

from support.checks import with_code
from support.facts import contents, files_at
from truewheel.checks import check_tree
from truewheel.checks.missing_modules import is_doubtful
from truewheel.model.contents import Import


def missing_modules(files: list[str], imports: list[Import]) -> list[str]:
    """Return the modules that are told to be missing."""
    findings = check_tree(contents(*files_at(*files)), imports=imports)
    return [finding.where for finding in with_code("TW540", findings)]


@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("p/_m.cpython-313-x86_64-linux-gnu.so", ("_m",)),
        ("p/_m.so", ("_m",)),
        ("p/_m.py", ("_m",)),
        ("p/_m/data.py", ("_m",)),
        ("p/_m.py", ("_m", "moves")),
    ],
)
def test_a_module_that_is_in_the_wheel_is_not_missing(
    file: str, names: tuple[str, ...]
) -> None:
    asked = [Import(where="p/__init__.py:1", package="p", names=names)]
    assert missing_modules(["p/__init__.py", file], asked) == []


@pytest.mark.parametrize(
    ("files", "names", "missing"),
    [
        (["p/_m/a.py"], ("_m", "b"), "p/_m/b"),
        (["p/_m.pyi", "p/_m.c"], ("_m",), "p/_m"),
        (["_m.abi3.so"], ("_m",), "p/_m"),
        (["p/_mm.abi3.so"], ("_m",), "p/_m"),
    ],
)
def test_a_module_that_its_package_imports_must_be_in_the_wheel(
    files: list[str], names: tuple[str, ...], missing: str
) -> None:
    asked = [Import(where="p/__init__.py:1", package="p", names=names)]
    assert missing_modules(["p/__init__.py", *files], asked) == [missing]


@pytest.mark.parametrize(
    ("start", "missing"), [("_linux", []), ("_windows", ["p/_w"]), ("sub", ["p/_w"])]
)
def test_only_what_importing_the_package_leads_to_must_be_there(
    start: str, missing: list[str]
) -> None:
    """As in psutil, which has the modules for each system in all of its wheels, and imports one of them."""
    files = [
        "p/__init__.py",
        "p/_linux.py",
        "p/_windows.py",
        "p/sub/__init__.py",
        "p/sub/deep.py",
    ]
    asked = [
        Import(where="p/__init__.py:9", package="p", names=(start,)),
        Import(where="p/_windows.py:1", package="p", names=("_w",)),
        Import(where="p/_windows.py:2", package="p", names=("sub",)),
        Import(where="p/sub/__init__.py:1", package="p/sub", names=("deep",)),
        Import(where="p/sub/deep.py:1", package="p", names=("_windows",)),
    ]
    assert missing_modules(files, asked) == missing


@pytest.mark.parametrize(
    ("files", "doubtful"),
    [
        (["p/__init__.py"], True),
        (["p/__init__.py", "_m.abi3.so"], True),
        (["p/__init__.py", "p/_m.abi3.so", "lib/_n.abi3.so"], True),
        (["p/__init__.py", "p/_m.abi3.so"], False),
        (["_m.abi3.so"], False),
        (["p/data.txt"], False),
    ],
)
def test_imports_are_read_only_where_modules_may_lie_elsewhere(
    files: list[str], doubtful: bool
) -> None:
    listed = files_at(*files)
    assert is_doubtful(contents(*listed)) is doubtful

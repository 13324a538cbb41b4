"""Modules of its own that a package imports."""

from __future__ import annotations

import pytest

from support.facts import contents, files_at
from truewheel.checks import check_tree
from truewheel.checks.missing_modules import is_doubtful
from truewheel.model.contents import Import


@pytest.mark.parametrize(
    ("files", "names", "missing"),
    [
        (["p/_m.cpython-313-x86_64-linux-gnu.so"], ("_m",), False), (["p/_m.so"], ("_m",), False), (["p/_m.py"], ("_m",), False),
        (["p/_m/data.py"], ("_m",), False), (["p/_m.py"], ("_m", "moves"), False), (["p/_m/a.py"], ("_m", "b"), True),
        (["p/_m.pyi", "p/_m.c"], ("_m",), True), (["_m.abi3.so"], ("_m",), True), (["p/_mm.abi3.so"], ("_m",), True),
    ],
)  # fmt: skip
def test_a_module_that_a_package_imports_must_be_in_the_wheel(
    files: list[str], names: tuple[str, ...], missing: bool
) -> None:
    listed = files_at("p/__init__.py", *files)
    asked = [Import(where="p/__init__.py:1", package="p", names=names)]
    found = check_tree(contents(*listed), imports=asked)
    assert [f.where for f in found if f.code == "TW540"] == (["p/" + "/".join(names)] if missing else [])


@pytest.mark.parametrize(("start", "missing"), [("_linux", []), ("_windows", ["p/_w"]), ("sub", ["p/_w"])])
def test_only_what_importing_the_package_leads_to_must_be_there(start: str, missing: list[str]) -> None:
    """As in psutil, which has the modules for each system in all of its wheels, and imports one of them."""
    files = ["p/__init__.py", "p/_linux.py", "p/_windows.py", "p/sub/__init__.py", "p/sub/deep.py"]
    asked = [
        Import(where="p/__init__.py:9", package="p", names=(start,)), Import(where="p/_windows.py:1", package="p", names=("_w",)),
        Import(where="p/sub/__init__.py:1", package="p/sub", names=("deep",)),
        Import(where="p/sub/deep.py:1", package="p", names=("_windows",)), Import(where="p/_windows.py:2", package="p", names=("sub",)),
    ]  # fmt: skip
    tree = contents(*files_at(*files))
    assert [f.where for f in check_tree(tree, imports=asked) if f.code == "TW540"] == missing


@pytest.mark.parametrize(
    ("files", "doubtful"),
    [(["p/__init__.py"], True), (["p/__init__.py", "p/_m.abi3.so"], False), (["p/__init__.py", "_m.abi3.so"], True),
     (["p/__init__.py", "p/_m.abi3.so", "lib/_n.abi3.so"], True), (["_m.abi3.so"], False), (["p/data.txt"], False)],
)  # fmt: skip
def test_imports_are_read_only_where_modules_may_lie_elsewhere(files: list[str], doubtful: bool) -> None:
    listed = files_at(*files)
    assert is_doubtful(contents(*listed)) is doubtful

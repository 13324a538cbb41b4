"""The call that is added to an ``__init__.py``: Python itself says what the new source means."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from truewheel.model.errors import RepairError
from truewheel.repair.dll_directory import with_dll_directory

DIRECTORY = "../dist.libs"
SOURCES = [
    b"",
    b"\n\n",
    b"import os\n",
    b"import os",
    b"# a comment\n# another\nimport os\n",
    b"#!/usr/bin/python\n# -*- coding: latin-1 -*-\nname = '\xe9'\n",
    b"# -*- coding: latin-1 -*-\n'\xe9'; from __future__ import annotations; name = '\xe9\xe9'; x = 1\n",
    b"\xef\xbb\xbf'doc \xc3\xa9'; name = 1\n",
    b"\xef\xbb\xbf'doc'\nfrom __future__ import annotations; name = '\xc3\xa9'\n",
    b'"""A docstring.\n\nWith import os in it.\n"""\nimport os\n',
    b'"""A docstring."""',
    b'"""A docstring."""  # a comment\n\n# of the import\nimport os\n',
    b"('in brackets'\n 'on two lines')\nfrom __future__ import annotations\nimport os\n",
    b"'a string'.join([])\nimport os\n",
    b"'one', 'two'\n",
    b"f'{1}'\nimport os\n",
    b"'doc'\n'another'\nfrom os import path\n",
    b'r"""raw"""\r\nfrom __future__ import (\r\n    annotations,\r\n    division,\r\n)\r\nimport os\r\n',
    b"from __future__ import annotations\nfrom __future__ import division; import os; x = 1\n",
    b"if True:\n    import os\n",
    b"@property\ndef x(self): ...\n",
    b"class A: 'not of the module'\n",
    b"async def f(): pass\n",
    b"\x0c\nimport os\n",
    b"from __future__ import annotations\\\n\nimport os\n",
    b"x = 1; y = 2\n",
]


@pytest.mark.parametrize("source", SOURCES)
def test_everything_else_stays_as_it_is(source: bytes) -> None:
    new = with_dll_directory(source, DIRECTORY)
    before, after = ast.parse(source), ast.parse(new)
    assert ast.get_docstring(after, clean=False) == ast.get_docstring(
        before, clean=False
    )
    parts = [ast.dump(node) for node in after.body]
    function = next(
        number
        for number, node in enumerate(after.body)
        if isinstance(node, ast.FunctionDef) and node.name == "_add_dll_directory"
    )
    headers, rest = after.body[:function], after.body[function + 3 :]
    assert parts[:function] + [ast.dump(node) for node in rest] == [
        ast.dump(node) for node in before.body
    ]
    # In front of it is only what Python wants there: a compiler would refuse a future import behind the call.
    for node in headers:
        is_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        assert is_future or node is headers[0]
    compile(new, "__init__.py", "exec", dont_inherit=True)
    for line in source.splitlines():
        assert b";" in line or line in new.splitlines()


@pytest.mark.parametrize("source", SOURCES)
def test_the_call_is_not_added_twice(source: bytes) -> None:
    once = with_dll_directory(source, DIRECTORY)
    assert with_dll_directory(once, DIRECTORY) == once


def test_line_ends_are_those_of_the_file() -> None:
    new = with_dll_directory(b"import os\r\nimport sys\r\n", DIRECTORY)
    assert new.count(b"\n") == new.count(b"\r\n")
    assert b"\r" not in with_dll_directory(b"import os\n", DIRECTORY)


def test_source_of_a_newer_python_is_no_obstacle() -> None:
    source = b'"""Doc."""\ntype X = int\nf"{"nested"}"\nsome new statement\n'
    new = with_dll_directory(source, DIRECTORY)
    assert new.startswith(b'"""Doc."""\n\ndef _add_dll_directory')
    assert new.endswith(source.partition(b"\n")[2])


@pytest.mark.parametrize(
    "source",
    [
        b"'''no end",
        b"# coding: nonsense\n",
        b"from __future__ import annotations; \\\nimport os\n",
    ],
)
def test_what_cannot_be_read_is_told(source: bytes) -> None:
    with pytest.raises(RepairError) as caught:
        with_dll_directory(source, DIRECTORY)
    message = "no call can be added to an __init__.py that is not Python: "
    assert str(caught.value).startswith(message)


def imported(place: Path, *, windows: bool, folder: bool = True) -> str:
    """Import a package with the call; return what it prints."""
    package = place / "p"
    package.mkdir()
    if folder:
        (place / "dist.libs").mkdir()
    init = package / "__init__.py"
    init.write_bytes(with_dll_directory(b"'Doc.'\nimport sys\n", DIRECTORY))
    code = "import os\n"
    if windows:
        code += "os.add_dll_directory = lambda path: print('added', path)\n"
    code += "import p; print(sorted(name for name in vars(p) if name[:2] != '__'))"
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            f"import sys; sys.path[:0] = [{str(place)!r}]\n{code}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_call_adds_the_directory_and_leaves_no_name_behind(tmp_path: Path) -> None:
    """Stand-in for Windows: os.add_dll_directory, which has no effect here but what it prints."""
    added = os.path.realpath(tmp_path / "dist.libs")
    assert imported(tmp_path, windows=True) == f"added {added}\n['sys']\n"


def test_without_the_directory_and_elsewhere_nothing_happens(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert imported(tmp_path / "a", windows=True, folder=False) == "['sys']\n"
    assert imported(tmp_path / "b", windows=False) == "['sys']\n"

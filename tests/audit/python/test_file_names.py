"""Suffixes of extension modules: what their labels tell, and which names only look like one."""

from __future__ import annotations

import pytest

from truewheel.audit.python.file_names import find_suffix


@pytest.mark.parametrize(
    ("name", "python_tag", "abi_tag", "platform"),
    [
        ("m.cpython-313-x86_64-linux-gnu.so", "cp313", "cp313", "x86_64-linux-gnu"),
        ("m.cpython-313t-darwin.so", "cp313", "cp313t", "darwin"),
        ("m.cpython-37m-x86_64-linux-gnu.so", "cp37", "cp37m", "x86_64-linux-gnu"),
        ("m.cpython-312.dll", "cp312", "cp312", ""),
        ("m.cp313-win_amd64.pyd", "cp313", "cp313", "win_amd64"),
        ("m.cp313t-win32.pyd", "cp313", "cp313t", "win32"),
        ("m.pypy311-pp73-x86_64-linux-gnu.so", "pp311", "pypy311_pp73", "x86_64-linux-gnu"),
        ("m.pypy39-pp73-win_amd64.pyd", "pp39", "pypy39_pp73", "win_amd64"),
        ("m.graalpy250-312-native-x86_64-linux.so", "graalpy312", "graalpy250_312_native", "x86_64-linux"),
        ("m.abi3.so", None, "abi3", ""),
        ("m.abi3-x86_64-linux-gnu.so", None, "abi3", "x86_64-linux-gnu"),
        ("m.abi3t.pyd", None, "abi3t", ""),
    ],
)
def test_a_label_names_its_python(name: str, python_tag: str | None, abi_tag: str, platform: str) -> None:
    found = find_suffix(name)
    assert found is not None
    assert (found.python_tag, found.abi_tag, found.platform) == (python_tag, abi_tag, platform)
    assert (found.text, found.is_bare) == (name.removeprefix("m"), False)


@pytest.mark.parametrize(
    "name",
    [
        "m.so",
        "m.cpython-3-x86_64-linux-gnu.so",  # no minor version
        "m.cpython-27m-x86_64-linux-gnu.so",
        "m.cpython-313-.so",
        "m.cpython-313-a b.so",
        "m.cpython.so",
        "m.pypy311.so",
        "m.pypy311-73.so",
        "m.graalpy250-312.so",
        "m.abi4.so",
        "m.cp313-win_amd64.so",
    ],
)
def test_a_label_that_is_not_complete_tells_nothing(name: str) -> None:
    found = find_suffix(name)
    assert found is not None
    assert (found.text, found.python_tag, found.abi_tag, found.platform, found.is_bare) == (".so", None, None, "", True)


@pytest.mark.parametrize(
    ("name", "text"), [("m.cpython-313.pyd", ".pyd"), ("m.cp313-win-amd64.pyd", ".pyd"), ("m.pyd", ".pyd")]
)
def test_a_module_of_windows_is_never_bare(name: str, text: str) -> None:
    found = find_suffix(name)
    assert found is not None
    assert (found.text, found.abi_tag, found.is_bare) == (text, None, False)


@pytest.mark.parametrize("name", ["m", "m.dll", "m.py", "libm.so.1", "so", "m.cpython-313.txt"])
def test_other_files_have_no_suffix(name: str) -> None:
    assert find_suffix(name) is None

"""What suffixes and names of libraries say of Pythons."""

from __future__ import annotations

import pytest

from truewheel.audit.python.file_names import find_python_library, find_suffix


@pytest.mark.parametrize(
    ("name", "python_tag", "abi_tag", "platform"),
    [
        ("m.cpython-313-x86_64-linux-gnu.so", "cp313", "cp313", "x86_64-linux-gnu"),
        ("m.cpython-313t-x86_64-linux-gnu.so", "cp313", "cp313t", "x86_64-linux-gnu"),
        ("m.cpython-37m-x86_64-linux-gnu.so", "cp37", "cp37m", "x86_64-linux-gnu"),
        ("m.cpython-310-darwin.so", "cp310", "cp310", "darwin"),
        ("m.cpython-39.so", "cp39", "cp39", ""),
        ("m.cpython-39-x86_64-cygwin.dll", "cp39", "cp39", "x86_64-cygwin"),
        ("m.cp314t-win_arm64.pyd", "cp314", "cp314t", "win_arm64"),
        # The tag has the flag that the suffix leaves out.
        ("m.cp36-win32.pyd", "cp36", "cp36m", "win32"),
        ("m.cp38-win32.pyd", "cp38", "cp38", "win32"),
        (
            "m.pypy39-pp73-x86_64-linux-gnu.so",
            "pp39",
            "pypy39_pp73",
            "x86_64-linux-gnu",
        ),
        (
            "m.graalpy250-312-native-x86_64-linux.so",
            "graalpy312",
            "graalpy250_312_native",
            "x86_64-linux",
        ),
        (
            "m.graalpy-38-native-x86_64-linux.so",
            "graalpy38",
            "graalpy_38_native",
            "x86_64-linux",
        ),
        ("m.abi3.so", None, "abi3", ""),
        ("m.abi3-x86_64-linux-gnu.so", None, "abi3", "x86_64-linux-gnu"),
        ("m.abi3t.so", None, "abi3t", ""),
        ("m.pyd", None, None, ""),
    ],
)
def test_a_suffix_names_tags_and_a_system(
    name: str, python_tag: str, abi_tag: str, platform: str
) -> None:
    suffix = find_suffix(name)
    assert suffix is not None
    assert suffix.python_tag == python_tag
    assert suffix.abi_tag == abi_tag
    assert suffix.platform == platform
    assert name == f"m{suffix.text}"


@pytest.mark.parametrize(
    "name",
    [
        "m.cpython-3-x86_64-linux-gnu.so",  # without a minor version
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
def test_a_label_that_is_not_complete_names_nothing(name: str) -> None:
    suffix = find_suffix(name)
    assert suffix is not None
    assert (suffix.text, suffix.python_tag, suffix.abi_tag, suffix.platform) == (
        ".so",
        None,
        None,
        "",
    )
    assert suffix.is_bare


@pytest.mark.parametrize("name", ["m.cpython-313.pyd", "m.cp313-win-amd64.pyd"])
def test_a_module_of_windows_is_never_bare(name: str) -> None:
    suffix = find_suffix(name)
    assert suffix is not None
    assert (suffix.text, suffix.abi_tag, suffix.is_bare) == (".pyd", None, False)


@pytest.mark.parametrize("name", ["m.so", "m.dylib"])
def test_bare_suffixes_may_be_any_librarys(name: str) -> None:
    suffix = find_suffix(name)
    assert suffix is not None
    assert suffix.is_bare


@pytest.mark.parametrize("name", ["m.py", "libx.so.1", "python313.dll", "m"])
def test_other_files_have_no_suffix_of_modules(name: str) -> None:
    assert find_suffix(name) is None


@pytest.mark.parametrize(
    ("name", "implementation", "version", "flags"),
    [
        ("python3.dll", "cp", None, ""),
        ("python3t.dll", "cp", None, "t"),
        ("PYTHON312.DLL", "cp", (3, 12), ""),
        ("python313_d.dll", "cp", (3, 13), "d"),
        ("libpython3.7m.so.1.0", "cp", (3, 7), ""),
        ("libpython3.13td.so.1.0", "cp", (3, 13), "td"),
        ("libpython3.so", "cp", None, ""),
        (
            "/Library/Frameworks/PythonT.framework/Versions/3.13/PythonT",
            "cp",
            (3, 13),
            "t",
        ),
        ("libpypy3.11-c.so", "pp", (3, 11), ""),
    ],
)
def test_the_name_of_a_python_library_tells_its_build(
    name: str, implementation: str, version: tuple[int, int] | None, flags: str
) -> None:
    library = find_python_library(name)
    assert library is not None
    assert library.implementation == implementation
    assert library.version == version
    assert library.flags == flags


@pytest.mark.parametrize(
    "name", ["libpyside6.so", "python.exe", "libpython2.7.so", "shiboken6.abi3.dll"]
)
def test_other_libraries_are_no_pythons(name: str) -> None:
    assert find_python_library(name) is None

"""Which files are extension modules, and which names they take from Python."""

from __future__ import annotations

import pytest

from support.claims import codes_about
from support.facts import contents, module
from truewheel.audit.python.modules import modules
from truewheel.model.binary import Binary, Format, Kind, PeSlice, Symbol
from truewheel.model.contents import Contents, File


def paths(inside: Contents) -> list[str]:
    return [found.path for found in modules(inside)]


def test_a_suffix_of_modules_makes_a_module() -> None:
    assert paths(contents(module("p/m.abi3.so", exports=""))) == ["p/m.abi3.so"]


def test_a_bare_suffix_needs_an_init_function() -> None:
    assert paths(contents(module("p/m.so"))) == ["p/m.so"]
    assert paths(contents(module("p/libx.so", exports="x_new"))) == []


def test_bundled_libraries_are_not_modules() -> None:
    assert paths(contents(module("p.libs/libx.so"))) == []


@pytest.mark.parametrize(
    ("scheme", "is_module"), [("platlib", True), ("purelib", True), ("scripts", False)]
)
def test_only_what_is_installed_where_import_looks_is_a_module(
    scheme: str, is_module: bool
) -> None:
    assert bool(paths(contents(module(f"p-1.data/{scheme}/m.abi3.so")))) is is_module


def test_debug_builds_of_windows_look_for_a_name_with_d() -> None:
    inside = contents(
        module(
            "p/m_d.cp313-win_amd64.pyd", linked="python313_d.dll", exports="PyInit_m"
        )
    )
    (found,) = modules(inside)
    assert found.stem == "p/m"
    assert found.abi_tag == "cp313d"
    assert codes_about(inside, "cp313-cp313d") == []


def test_a_module_may_be_called_with_d_in_release_builds() -> None:
    inside = contents(
        module(
            "p/m_d.cp313-win_amd64.pyd", linked="python313.dll", exports="PyInit_m_d"
        )
    )
    (found,) = modules(inside)
    assert found.stem == "p/m_d"
    assert codes_about(inside, "cp313-cp313") == []


@pytest.mark.parametrize("name", ["Pyramid", "printf", "_Pyx", "Py-List"])
def test_names_that_do_not_look_like_the_c_api_are_left_out(name: str) -> None:
    (found,) = modules(contents(module("p/m.abi3.so", name, "PyList_New")))
    assert found.imports() == {"PyList_New"}


def test_names_that_may_be_missing_are_left_out() -> None:
    (found,) = modules(contents(module("p/m.abi3.so", weak="_PyLong_Sign")))
    assert found.imports() == frozenset()


@pytest.mark.parametrize(
    ("library", "is_pythons"),
    [
        (None, True),
        ("python3.dll", True),
        ("@rpath/Python.framework/Python", True),
        ("shiboken6.abi3.dll", False),
    ],
)
def test_a_name_that_is_taken_from_another_library_is_not_pythons(
    library: str | None, is_pythons: bool
) -> None:
    piece = PeSlice(
        machine=0x8664,
        cpu="x86_64",
        bits=64,
        kind=Kind.SHARED,
        exports=frozenset({"PyInit_m"}),
        imports=(Symbol(name="PyRun_String", library=library),),
    )
    file = File(
        path="p/m.pyd", size=1, binary=Binary(format=Format.PE, slices=(piece,))
    )
    (found,) = modules(contents(file))
    assert ("PyRun_String" in found.imports()) is is_pythons

"""Libraries that are bound to a Python without being modules, or that bring one."""

from __future__ import annotations

from support.claims import codes_about
from support.facts import CP313, contents, module
from truewheel.audit.python.libraries import bound_libraries
from truewheel.audit.python.tags import true_python_tags


def test_a_library_that_imports_pythons_symbols_is_bound_to_a_python() -> None:
    inside = contents(module("p/libbind.so.1", "PyList_New", exports="bind"))
    assert [library.path for library in bound_libraries(inside)] == ["p/libbind.so.1"]


def test_a_dot_in_the_name_of_a_folder_leaves_the_library_its_own_name() -> None:
    inside = contents(module("a.b/libbind.so", "PyList_New", exports="bind"))
    assert [library.name for library in bound_libraries(inside)] == ["libbind"]
    assert codes_about(inside, "cp313-cp313") == []


def test_a_library_with_names_of_another_project_is_not_bound() -> None:
    inside = contents(module("p/libdata.so", "PyMOLList_New", exports="f"))
    assert bound_libraries(inside) == ()
    assert true_python_tags(inside, target=CP313).abis == ("none",)


def test_a_library_that_takes_pythons_symbols_from_the_wheel_is_not_bound() -> None:
    python = module("p/libpython3.13.so.1.0", exports="PyList_New")
    inside = contents(python, module("p/libapp.so", "PyList_New", exports="f"))
    assert bound_libraries(inside) == ()
    assert true_python_tags(inside, target=CP313).abis == ("none",)


def test_a_bound_library_that_keeps_to_the_stable_abi_leaves_it_to_the_modules() -> (
    None
):
    library = module("p/libbind.so.1", "PyList_New", exports="bind")
    inside = contents(library, module("p/m.abi3.so", "bind"))
    assert true_python_tags(inside, target=CP313, py_api="cp310").abis == ("abi3",)


def test_a_bound_library_that_breaks_the_stable_abi_breaks_it_for_the_wheel() -> None:
    library = module("p/libbind.so.1", "PyList_New", "_PyLong_Sign", exports="bind")
    inside = contents(library, module("p/m.abi3.so"))
    assert codes_about(inside, "cp310-abi3") == ["TW402"]
    assert true_python_tags(inside, target=CP313, py_api="cp310").abis == ("cp313",)


def test_modules_of_a_python_that_the_wheel_brings_are_not_for_the_one_that_installs_it() -> (
    None
):
    linked = module("app/DLLs/_ssl.pyd", linked="python312.dll", exports="PyInit__ssl")
    library = module("app/python312.dll", exports="PyList_New")
    assert codes_about(contents(linked), "py3-none") == ["TW407"]
    assert codes_about(contents(linked, library), "py3-none") == []


def test_only_modules_of_the_version_that_the_wheel_brings_are_left_out() -> None:
    named = module(
        "app/lib-dynload/_ssl.cpython-312-x86_64-linux-gnu.so", exports="PyInit__ssl"
    )
    own = module("app/lib/libpython3.12.so.1.0", exports="PyList_New")
    other = module("app/lib/libpython3.11.so.1.0", exports="PyList_New")
    assert codes_about(contents(named, own), "py3-none") == []
    assert codes_about(contents(named, other), "py3-none") == ["TW409"]


def test_a_wheel_for_one_python_that_brings_its_library_is_checked_all_the_same() -> (
    None
):
    linked = module("app/DLLs/_ssl.pyd", linked="python312.dll", exports="PyInit__ssl")
    library = module("app/python312.dll", exports="PyList_New")
    assert codes_about(contents(linked, library), "cp311-cp311") == ["TW407"]

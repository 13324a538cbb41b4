"""Which Pythons load a module: by suffix, by symbols, by what the project asks for."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support import interpreters, needs
from support.facts import CP313, CP313T, contents, module
from support.paths import ROOT
from truewheel import formats
from truewheel.audit.python import c_api, stable_abi
from truewheel.audit.python.modules import modules
from truewheel.audit.python.tags import python_violations, true_python_tags
from truewheel.model.binary import Binary, Format, Kind, PeSlice, Symbol
from truewheel.model.contents import Contents, File
from truewheel.model.finding import Finding, Severity
from truewheel.model.record import replace
from truewheel.model.target import Target


@pytest.mark.parametrize(
    ("name", "tag", "abi"),
    [
        ("p/m.cpython-313-x86_64-linux-gnu.so", "cp313", "cp313"),
        ("p/m.cpython-313t-x86_64-linux-gnu.so", "cp313", "cp313t"),
        ("p/m.cpython-310-darwin.so", "cp310", "cp310"),
        ("p/m.cpython-313-wasm32-emscripten.so", "cp313", "cp313"),
        ("p/m.cp313-win_amd64.pyd", "cp313", "cp313"),
        ("p/m.cp314t-win_arm64.pyd", "cp314", "cp314t"),
        ("p/m.pypy39-pp73-x86_64-linux-gnu.so", "pp39", "pypy39_pp73"),
    ],
)
def test_suffixes_decide(name: str, tag: str, abi: str) -> None:
    ruling = true_python_tags(contents(module(name)), target=CP313)
    assert (ruling.interpreters, ruling.abis) == ((tag,), (abi,))
    assert name in ruling.reason


def test_nothing_to_load() -> None:
    library = module("p/libx.so", exports="x_new")
    assert true_python_tags(contents(library), target=CP313).abis == ("none",)
    assert true_python_tags(contents(), target=CP313).interpreters == ("py3",)
    assert true_python_tags(contents(library), target=CP313, py_api="py2.py3").interpreters == ("py2", "py3")
    assert modules(contents(module("p.libs/libx.so"))) == ()


def test_stable_abi_as_asked_for() -> None:
    files = contents(module("p/m.abi3.so", "PyModule_Create2", "PyType_GetModuleState"))
    ruling = true_python_tags(files, target=CP313, py_api="cp310")
    assert (ruling.interpreters, ruling.abis) == (("cp310",), ("abi3",))
    (floor,) = ruling.floors
    assert floor.version == (3, 10)
    assert floor.evidence[0].symbol == "PyType_GetModuleState"


def test_the_flag_for_pymalloc_went_with_3_8() -> None:
    assert codes(contents(module("p/m.cpython-37m-x86_64-linux-gnu.so")), "cp37-cp37m") == []
    assert codes(contents(module("p/m.cpython-38-x86_64-linux-gnu.so")), "cp38-cp38m") == ["TW411"]


def test_cpython_looks_for_no_init_function_of_pypys() -> None:
    files = contents(module("p/m.cpython-313-x86_64-linux-gnu.so", exports="_cffi_pypyinit_m"))
    assert codes(files, "cp313-cp313") == ["TW404"]


@pytest.mark.parametrize("exports", ["PyInit_m", "_cffi_pypyinit_m"])
def test_pypy_is_asked_for_no_stable_abi_and_has_an_init_function_of_its_own(exports: str) -> None:
    files = contents(module("p/m.pypy311-pp73-x86_64-linux-gnu.so", exports=exports))
    ruling = true_python_tags(files, target=CP313, py_api="cp310")
    assert (ruling.interpreters, ruling.abis) == (("pp311",), ("pypy311_pp73",))
    assert ruling.findings == ()


def test_stable_abi_under_a_name_that_only_newer_pythons_look_for() -> None:
    target = replace(CP313, version=(3, 15), python_tag="cp315", abi_tag="cp315")
    ruling = true_python_tags(contents(module("p/m.abi3-x86_64-linux-gnu.so")), target=target, py_api="cp310")
    assert (ruling.interpreters, ruling.abis) == (("cp315",), ("abi3",))
    assert [(f.code, "from 3.15 on" in f.message) for f in ruling.findings] == [("TW408", True)]


def test_stable_abi_broken_by_a_private_symbol() -> None:
    ruling = true_python_tags(contents(module("p/m.abi3.so", "_PyLong_AsByteArray")), target=CP313, py_api="cp310")
    assert [f.code for f in ruling.findings] == ["TW402"]
    assert "_PyLong_AsByteArray" in ruling.findings[0].message
    assert ruling.abis == ("cp313",)


def test_names_that_the_wheel_defines_itself_are_not_pythons() -> None:
    library = module("p/libpyside.so", exports="PySideProperty_New")
    files = contents(module("p/m.abi3.so", "PySideProperty_New"), library)
    assert true_python_tags(files, target=CP313, py_api="cp310").findings == ()
    assert python_violations(files, interpreters=("cp310",), abis=("abi3",)) == ()


def test_stable_abi_broken_by_a_newer_symbol() -> None:
    ruling = true_python_tags(contents(module("p/m.abi3.so", "PyBuffer_FillInfo")), target=CP313, py_api="cp39")
    (finding,) = ruling.findings
    assert (finding.code, finding.where) == ("TW403", "p/m.abi3.so")
    assert "3.11" in finding.message


def test_one_finding_tells_of_all_symbols_that_are_too_new() -> None:
    wanted = ("PyObject_Vectorcall", "PyType_GetName", "PyModule_AddObjectRef", "_PyLong_Sign", "_PyTime_Now")
    found = contents(module("p/m.abi3.so", *wanted))
    newer, private = python_violations(found, interpreters=("cp39",), abis=("abi3",))
    assert (newer.code, private.code) == ("TW403", "TW402")
    assert newer.message == "PyObject_Vectorcall and 2 more are in the stable ABI only from Pythons 3.10 to 3.12 on"
    assert newer.evidence[-1] == "the wheel claims Python 3.9"
    assert 'py-api = "cp312"' in str(newer.hint)
    assert private.message == "_PyLong_Sign and 1 more are not in the stable ABI"


def test_version_specific_module_keeps_its_tag_whatever_is_asked() -> None:
    ruling = true_python_tags(contents(module("p/m.cpython-313-x86_64-linux-gnu.so")), target=CP313, py_api="cp310")
    assert ruling.interpreters == ("cp313",)
    assert [f.code for f in ruling.findings] == ["TW408"]


def test_free_threaded_build_does_not_claim_abi3() -> None:
    ruling = true_python_tags(contents(module("p/m.so", "PyModule_Create2")), target=CP313T, py_api="cp310")
    assert (ruling.interpreters, ruling.abis) == (("cp313",), ("cp313t",))


def test_bare_suffix_follows_the_build() -> None:
    ruling = true_python_tags(contents(module("p/m.so", "PyModule_Create2")), target=CP313)
    assert (ruling.interpreters, ruling.abis) == (("cp313",), ("cp313",))


def test_init_functions() -> None:
    none = true_python_tags(contents(module("p/m.abi3.so", exports="")), target=CP313)
    assert "TW404" in [f.code for f in none.findings]
    other = true_python_tags(contents(module("p/m.abi3.so", exports="PyInit_n")), target=CP313)
    assert "TW405" in [f.code for f in other.findings]
    new = true_python_tags(contents(module("p/m.abi3.so", exports="PyModExport_m")), target=CP313)
    assert not {"TW404", "TW405"} & {f.code for f in new.findings}


def test_mixed_suffixes() -> None:
    """A module for another Python that has no twin for this one cannot be imported; one with a twin is dead weight."""
    apart = contents(module("p/a.cpython-312-x86_64-linux-gnu.so"), module("p/b.cpython-313-x86_64-linux-gnu.so"))
    assert [f.code for f in true_python_tags(apart, target=CP313).findings] == ["TW401", "TW406"]
    twins = contents(module("p/a.cpython-312-x86_64-linux-gnu.so"), module("p/a.cpython-313-x86_64-linux-gnu.so"))
    (finding,) = true_python_tags(twins, target=CP313).findings
    assert (finding.code, finding.severity) == ("TW406", Severity.WARNING)
    assert finding.evidence[0] == "p/a.cpython-312-x86_64-linux-gnu.so: cp312"
    stale = contents(module("p/a.cpython-39-x86_64-linux-gnu.so"), module("p/b.cpython-313-x86_64-linux-gnu.so"))
    assert true_python_tags(stale, target=CP313).interpreters == ("cp313",)
    assert true_python_tags(stale, target=None).interpreters == ("cp313",)
    stable_beside = contents(module("p/a.abi3.so"), module("p/b.cpython-313-x86_64-linux-gnu.so"))
    assert true_python_tags(stable_beside, target=CP313).findings == ()


@pytest.mark.parametrize(
    ("name", "interpreters", "abis", "codes"),
    [
        ("m.cpython-313-x86_64-linux-gnu.so", ("cp313",), ("cp313",), []),
        ("m.cpython-313-x86_64-linux-gnu.so", ("cp312",), ("cp312",), ["TW401"]),
        ("m.cpython-313t-x86_64-linux-gnu.so", ("cp313",), ("cp313",), ["TW401"]),
        ("m.abi3.so", ("cp313",), ("cp313",), []),
        ("m.abi3.so", ("cp313",), ("cp313t",), ["TW410"]),
        ("m.abi3.so", ("cp315",), ("cp315t",), ["TW401"]),
        ("m.abi3.so", ("cp315",), ("abi3t",), ["TW401"]),
        ("m.abi3.so", ("pp311",), ("pypy311_pp73",), ["TW401"]),
        ("m.abi3-x86_64-linux-gnu.so", ("cp312",), ("abi3",), ["TW401"]),
        ("m.abi3-x86_64-linux-gnu.so", ("cp315",), ("abi3",), []),
        ("m.abi3t.so", ("cp315",), ("abi3t",), []),
        ("m.abi3t.so", ("cp315",), ("abi3", "abi3t"), []),
        ("m.abi3t.so", ("cp314",), ("abi3t",), ["TW401"]),
        ("m.abi3t.so", ("cp311",), ("abi3",), ["TW401"]),
        ("m.so", ("cp313",), ("cp313",), ["TW410"]),
        ("m.so", ("pp311",), ("pypy311_pp73",), ["TW401"]),
        ("m.so", ("cp39",), ("abi3",), []),
        ("m.pypy311-pp73-x86_64-linux-gnu.so", ("pp311",), ("pypy311_pp73",), []),
        ("m.pypy310-pp73-x86_64-linux-gnu.so", ("pp311",), ("pypy311_pp73",), ["TW401"]),
        ("m.cpython-311-x86_64-linux-gnu.so", ("pp311",), ("pypy311_pp73",), ["TW401"]),
        ("m.graalpy250-312-native-x86_64-linux.so", ("graalpy312",), ("graalpy250_312_native",), []),
        ("m.graalpy240-311-native-x86_64-linux.so", ("graalpy312",), ("graalpy250_312_native",), ["TW401"]),
        ("m.cpython-312d-x86_64-linux-gnu.so", ("cp312",), ("cp312",), ["TW401"]),
        ("m.cpython-312d-x86_64-linux-gnu.so", ("cp312",), ("cp312d",), []),
        ("m.cpython-312-x86_64-linux-gnu.so", ("cp312",), ("cp312d",), []),
        ("m.cpython-313-x86_64-linux-gnu.so", ("cp313",), ("cp313t",), ["TW401"]),
        ("m.graalpy250-312-native-x86_64-linux.so", ("graalpy312",), ("graalpy242_312_native",), ["TW401"]),
        ("m.graalpy250-312-native-x86_64-linux.so", ("graalpy312",), ("none",), []),
        ("m.graalpy-38-native-x86_64-linux.so", ("graalpy38",), ("graalpy223_38_native",), []),
        ("m.pypy311-pp72-x86_64-linux-gnu.so", ("pp311",), ("pypy311_pp73",), ["TW401"]),
        ("m.pypy311-pp72-x86_64-linux-gnu.so", ("pp311",), ("none",), []),
        ("m.cpython-37m-x86_64-linux-gnu.so", ("cp37",), ("cp37m",), []),
        ("m.cpython-37-x86_64-linux-gnu.so", ("cp37",), ("cp37m",), ["TW401"]),
        ("m.cpython-37m-x86_64-linux-gnu.so", ("cp37",), ("cp37",), ["TW401"]),
        ("m.cpython-37-x86_64-linux-gnu.so", ("cp37",), ("cp37",), []),
        ("m.cpython-37m-x86_64-linux-gnu.so", ("cp37",), ("none",), []),
        ("m.cpython-36dm-x86_64-linux-gnu.so", ("cp36",), ("cp36dm",), []),
        ("m.cp37-win_amd64.pyd", ("cp37",), ("cp37m",), []),
        ("m.cpython-313-x86_64-linux-gnu.so", ("cp313",), ("none",), []),
        ("m.cpython-39-x86_64-linux-gnu.so", ("cp39",), ("abi3",), ["TW401"]),
        ("m.cpython-313-x86_64-linux-gnu.so", ("py3",), ("abi3",), ["TW411"]),
        ("m.abi3.so", ("cp313",), ("cp312",), ["TW411"]),
        ("m.cp312-win_amd64.pyd", ("cp312",), ("cp312",), []),
        ("m.cp313t-win_amd64.pyd", ("cp313",), ("cp313t",), []),
        ("m.cp313t-win_amd64.pyd", ("cp313",), ("cp313",), ["TW401"]),
        ("m.pyd", ("cp312",), ("cp312",), ["TW410"]),
        ("m.pyd", ("cp39",), ("abi3",), []),
        ("m.pypy311-pp73-win_amd64.pyd", ("pp311",), ("pypy311_pp73",), []),
        ("m.cpython-313-aarch64-linux-android.so", ("cp313",), ("cp313",), ["TW412"]),
        ("m.cpython-313-x86_64-linux-gnu.so", ("xy9",), ("xy9",), []),
        ("m.cpython-313-x86_64-linux-gnu.so", ("py3",), ("none",), ["TW409"]),
        ("m.cpython-313-x86_64-linux-gnu.so", ("py2", "py3"), ("none",), ["TW409"]),
        ("m.cpython-313-x86_64-linux-gnu.so", ("cp39",), ("abi3",), ["TW401"]),
    ],
)
def test_claims(name: str, interpreters: tuple[str, ...], abis: tuple[str, ...], codes: list[str]) -> None:
    found = python_violations(contents(module(f"p/{name}")), interpreters=interpreters, abis=abis)
    assert [f.code for f in found] == codes


def test_one_module_for_each_claimed_python_is_enough() -> None:
    both = contents(module("p/m.cpython-312-x86_64-linux-gnu.so"), module("p/m.cpython-313-x86_64-linux-gnu.so"))
    assert codes(both, "cp312.cp313-none") == []
    assert codes(both, "cp312.cp313-cp312.cp313") == []
    assert codes(both, "cp312.cp313.cp314-none") == ["TW401"]


def codes(files: Contents, tag: str) -> list[str]:
    interpreters, abis = (tuple(part.split(".")) for part in tag.split("-"))
    return [f.code for f in python_violations(files, interpreters=interpreters, abis=abis)]


@pytest.mark.parametrize(
    ("name", "linked", "tag", "expected"),
    [
        ("m.pyd", "python3.dll", "cp39-abi3", []),
        ("m.pyd", "python312.dll", "cp39-abi3", ["TW407"]),
        ("m.pyd", "PYTHON312.dll KERNEL32.dll", "cp312-cp312", []),
        ("m.cp312-win_amd64.pyd", "python311.dll", "cp312-cp312", ["TW407"]),
        ("m.cp313t-win_amd64.pyd", "python313t.dll", "cp313-cp313t", []),
        ("m.cp313t-win_amd64.pyd", "python313.dll", "cp313-cp313t", ["TW407"]),
        ("m.cp313-win_amd64.pyd", "python313t.dll", "cp313-cp313", ["TW407"]),
        ("m.cp313-win_amd64.pyd", "python313_d.dll", "cp313-cp313", ["TW407"]),
        ("m_d.cp313-win_amd64.pyd", "python313_d.dll", "cp313-cp313", ["TW405", "TW401"]),
        ("m.pyd", "python3.dll", "cp315-abi3t", ["TW407"]),
        ("m.pyd", "python3t.dll", "cp315-abi3.abi3t", []),
        ("m.pyd", "python3t.dll", "cp314-abi3", ["TW407"]),
        ("m.pyd", "python312.dll", "py3-none", ["TW407"]),
        ("m.pyd", "python3.dll", "py3-none", []),
        ("m.pypy311-pp73-win_amd64.pyd", "libpypy3.11-c.dll", "pp311-pypy311_pp73", []),
        ("m.pypy311-pp73-win_amd64.pyd", "python311.dll", "pp311-pypy311_pp73", ["TW407"]),
        ("m.so", "libpython3.12.so.1.0", "cp312-cp312", []),
        ("m.so", "libpython3.12.so.1.0", "cp311-cp311", ["TW407"]),
        ("m.abi3.so", "libpython3.12.so.1.0", "cp311-abi3", ["TW407"]),
        ("m.so", "/Library/Frameworks/Python.framework/Versions/3.12/Python", "cp312-cp312", []),
        ("m.so", "/Library/Frameworks/PythonT.framework/Versions/3.13/PythonT", "cp313-cp313", ["TW407"]),
    ],
)
def test_libraries_of_python(name: str, linked: str, tag: str, expected: list[str]) -> None:
    assert codes(contents(module(f"p/{name}", linked=linked)), tag) == expected


def test_modules_of_a_python_that_the_wheel_brings() -> None:
    """Applications come with their own; its modules are not for the Python that installs the wheel."""
    standard = module("app/DLLs/_ssl.pyd", linked="python312.dll", exports="PyInit__ssl")
    assert codes(contents(standard, module("app/python312.dll", exports="PyList_New")), "py3-none") == []
    assert codes(contents(standard), "py3-none") == ["TW407"]
    named = module("app/lib-dynload/_ssl.cpython-312-x86_64-linux-gnu.so", exports="PyInit__ssl")
    assert codes(contents(named, module("app/lib/libpython3.12.so.1.0", exports="PyList_New")), "py3-none") == []
    assert codes(contents(named, module("app/lib/libpython3.11.so.1.0", exports="PyList_New")), "py3-none") == ["TW409"]
    # A wheel for one Python that brings that Python's library is another matter.
    assert codes(contents(standard, module("app/python312.dll", exports="PyList_New")), "cp311-cp311") == ["TW407"]


def test_a_library_of_python_tells_what_the_name_does_not() -> None:
    files = contents(module("p/m.pyd", linked="python313t.dll"))
    ruling = true_python_tags(files, target=None)
    assert (ruling.interpreters, ruling.abis) == (("cp313",), ("cp313t",))
    assert ruling.reason == "p/m.pyd needs python313t.dll of cp313t"
    # A build for 3.13 that linked the library of another build is not renamed, but told.
    assert [f.code for f in true_python_tags(files, target=CP313).findings] == ["TW407"]


def test_linked_to_one_python_the_stable_abi_is_not_claimed() -> None:
    files = contents(module("p/m.pyd", "PyModule_Create2", linked="python313.dll"))
    ruling = true_python_tags(files, target=CP313, py_api="cp310")
    assert (ruling.interpreters, ruling.abis) == (("cp313",), ("cp313",))
    assert [f.code for f in ruling.findings] == ["TW408"]
    assert "linked to python313.dll" in ruling.findings[0].evidence[0]


def test_reference_counts_tell_the_build() -> None:
    """Measured on published cp314t wheels: all that import one of the shared ones import no _Py_Dealloc."""
    threaded = contents(module("p/m.so", "_Py_DecRefShared", "_Py_MergeZeroLocalRefcount"))
    assert codes(threaded, "cp313-cp313") == ["TW401"]
    assert codes(threaded, "cp313-cp313t") == ["TW410"]
    locked = contents(module("p/m.abi3.so", "_Py_Dealloc"))
    assert codes(locked, "cp313-cp313t") == ["TW401"]
    assert codes(locked, "cp39-abi3") == []
    assert codes(contents(module("p/m.abi3t.so", "_Py_Dealloc")), "cp315-abi3t") == ["TW401", "TW402"]
    counting = contents(module("p/m.so", "_Py_INCREF_IncRefTotal"))
    assert codes(counting, "cp313-cp313") == ["TW401"]
    assert codes(counting, "cp313-cp313d") == ["TW410"]


def test_symbols_of_pypy() -> None:
    own = module(
        "p/m.pypy311-pp73-x86_64-linux-gnu.so", "PyPyList_New", "PyPyModule_Create2", "PyPyErr_Occurred", "PyPy_IncRef"
    )
    assert codes(contents(own), "pp311-pypy311_pp73") == []
    renamed = contents(module("p/m.so", "PyPyList_New", "PyPyModule_Create2", "PyPyErr_Occurred", "PyPy_IncRef"))
    assert codes(renamed, "cp311-cp311") == ["TW401"]
    cpythons = contents(module("p/m.pypy311-pp73-x86_64-linux-gnu.so", "PyList_New"))
    assert codes(cpythons, "pp311-pypy311_pp73") == ["TW401"]


def test_init_functions_of_pep_793_and_names_beyond_ascii() -> None:
    new = contents(module("p/m.abi3.so", exports="PyModExport_m"))
    assert codes(new, "cp315-abi3") == []
    assert codes(new, "cp312-abi3") == ["TW401"]
    cafe = "p/caf\u00e9.cpython-313-x86_64-linux-gnu.so"
    assert codes(contents(module(cafe, exports="PyInitU_caf_dma")), "cp313-cp313") == []
    assert codes(contents(module(cafe, exports="PyInitU_caf_other")), "cp313-cp313") == ["TW405"]
    assert codes(contents(module(cafe, exports="")), "cp313-cp313") == ["TW404"]
    assert codes(contents(module("p/m.pyd", exports="")), "cp39-abi3") == ["TW404"]


def test_debug_modules_of_windows() -> None:
    files = contents(module("p/m_d.cp313-win_amd64.pyd", linked="python313_d.dll", exports="PyInit_m"))
    assert codes(files, "cp313-cp313d") == []
    assert [m.stem for m in modules(files)] == ["p/m"]


def test_suffix_of_another_cpu() -> None:
    files = contents(module("p/m.cpython-313-x86_64-linux-gnu.so", cpu="aarch64"))
    (finding,) = true_python_tags(files, target=CP313).findings
    assert (finding.code, finding.severity) == ("TW412", Severity.ERROR)
    assert "holds code for aarch64" in finding.message
    assert codes(contents(module("p/m.cp313-win_arm64.pyd", cpu="x86_64")), "cp313-cp313") == ["TW412"]
    assert codes(contents(module("p/m.cpython-313-arm-linux-gnueabihf.so", cpu="armv7l")), "cp313-cp313") == []

    assert codes(contents(module("p/m.cp313-win_amd64.pyd", cpu="arm64")), "cp313-cp313") == ["TW412"]
    assert codes(contents(module("p/m.cp313-win_arm64.pyd", cpu="arm64")), "cp313-cp313") == []


def test_a_name_with_a_dot_is_no_modules() -> None:
    for path in ("p/m.cpython-312-darwin.dylib", "p/m.cp312-win_amd64.so", "p/q.m.cpython-313-x86_64-linux-gnu.so"):
        (found,) = [f for f in objected(contents(module(path)), "cp313-cp313") if f.code in ("TW404", "TW405", "TW410")]
        assert (found.code, found.evidence) == ("TW405", (f"exports PyInit_{'q' if 'q' in path else 'm'}",))
        assert "no import statement finds it" in found.message
        assert found.hint is not None
        assert ("EXT_SUFFIX" in found.hint) == ("q.m" not in path)
        assert "looks for" not in found.message
    assert codes(contents(module("p/m.pypy3-71-x86_64-linux-gnu.so", exports="PyInit_m")), "pp36-none") == ["TW401"]


def objected(files: Contents, tag: str) -> tuple[Finding, ...]:
    interpreters, abis = (tuple(part.split(".")) for part in tag.split("-"))
    return python_violations(files, interpreters=interpreters, abis=abis)


def test_symbols_of_other_systems_are_not_in_the_stable_abi_here() -> None:
    assert codes(contents(module("p/m.abi3.so", "PyErr_SetFromWindowsErr")), "cp39-abi3") == ["TW402"]
    assert codes(contents(module("p/m.pyd", "PyErr_SetFromWindowsErr")), "cp39-abi3") == []
    assert codes(contents(module("p/m.pyd", "PyOS_AfterFork_Child")), "cp39-abi3") == ["TW402"]
    assert codes(contents(module("p/m.abi3.so", "_Py_RefTotal")), "cp310-abi3") == ["TW402"]
    assert codes(contents(module("p/m.abi3.so", weak="_PyLong_Sign")), "cp310-abi3") == []


def test_free_threaded_stable_abi() -> None:
    cp315t = Target(
        implementation="cpython", version=(3, 15), python_tag="cp315", abi_tag="cp315t", suffix="", platform_tag=""
    )
    files = contents(module("p/m.abi3t.so", "PyList_New", exports="PyModExport_m"))
    for py_api, abis in (
        ("cp315t", ("abi3t",)),
        ("cp315.cp315t", ("abi3", "abi3t")),
        ("cp312.cp315t", ("abi3", "abi3t")),
    ):
        ruling = true_python_tags(files, target=cp315t, py_api=py_api)
        assert (ruling.interpreters, ruling.abis, ruling.findings) == (("cp315",), abis, ())
    cp315 = Target(
        implementation="cpython", version=(3, 15), python_tag="cp315", abi_tag="cp315", suffix="", platform_tag=""
    )
    assert true_python_tags(files, target=cp315).abis == ("abi3", "abi3t")
    named = contents(module("p/m.abi3.so", "PyList_New"))
    ruling = true_python_tags(named, target=cp315t, py_api="cp312")
    assert (ruling.abis, [f.code for f in ruling.findings]) == (("cp315t",), ["TW401"])
    private = contents(module("p/m.abi3t.so", "_PyLong_Sign"))
    assert codes(private, "cp315-abi3.abi3t") == ["TW402"]
    newer = contents(module("p/m.abi3t.so", next(n for n, v in stable_abi.symbols().items() if v == (3, 16))))
    assert codes(newer, "cp315-abi3t") == ["TW403"]


def test_what_speaks_python_without_being_a_module() -> None:
    """A module whose init function is hidden, and a library that bindings share, are bound to a Python all the same."""
    hidden = contents(module("p/m.so", "PyList_New", "_PyLong_Sign", exports=""))
    ruling = true_python_tags(hidden, target=CP313)
    assert (ruling.interpreters, ruling.abis) == (("cp313",), ("cp313",))
    assert [(f.code, f.severity) for f in ruling.findings] == [("TW404", Severity.WARNING)]
    assert codes(hidden, "py3-none") == ["TW404", "TW413"]
    shared = contents(module("p/libbind.so.1", "PyList_New", exports="bind"), module("p/m.abi3.so", "bind"))
    assert true_python_tags(shared, target=CP313, py_api="cp310").abis == ("abi3",)
    broken = contents(module("p/libbind.so.1", "PyList_New", "_PyLong_Sign", exports="bind"), module("p/m.abi3.so"))
    assert codes(broken, "cp310-abi3") == ["TW402"]
    assert true_python_tags(broken, target=CP313, py_api="cp310").abis == ("cp313",)
    embedded = contents(
        module("p/libpython3.13.so.1.0", exports="PyList_New"), module("p/libapp.so", "PyList_New", exports="f")
    )
    assert true_python_tags(embedded, target=CP313).abis == ("none",)
    assert true_python_tags(contents(module("p/libdata.so", "PyMOLList_New", exports="f")), target=CP313).abis == (
        "none",
    )


def test_py_api_for_any_python() -> None:
    old = contents(module("p/m.so", "PyList_New"))
    assert true_python_tags(old, target=CP313, py_api="py3").abis == ("none",)
    newer = contents(module("p/m.so", "PyType_GetModuleState"))
    assert [f.code for f in true_python_tags(newer, target=CP313, py_api="py3").findings] == ["TW408"]
    assert true_python_tags(newer, target=CP313, py_api="py310").interpreters == ("py310",)


def test_modules_of_several_pythons_on_purpose() -> None:
    several = contents(*(module(f"p/m.cpython-{v}-x86_64-linux-gnu.so") for v in (311, 312, 313)))
    (finding,) = python_violations(several, interpreters=("py3",), abis=("none",))
    assert (finding.code, finding.severity) == ("TW409", Severity.WARNING)
    fallback = contents(module("p/m.cpython-313-x86_64-linux-gnu.so"), module("p/m.so"))
    assert codes(fallback, "py3-none") == []


def exported_by(python: Path) -> frozenset[str]:
    """What an interpreter exports: its program, or the library that this one is linked to."""
    script = (
        "import os, sys, sysconfig as s; print(os.path.join(s.get_config_var('LIBDIR'), s.get_config_var('INSTSONAME'))"
        " if s.get_config_var('Py_ENABLE_SHARED') else os.path.realpath(sys.executable))"
    )
    where = subprocess.run([python, "-I", "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    binary = formats.read(Path(where).read_bytes())
    return binary.slices[0].exports if binary is not None and binary.slices else frozenset()


@pytest.mark.parametrize("version", interpreters.WANTED)
def test_interpreters_have_the_stable_abi_that_the_table_says(version: str) -> None:
    """The table against what real interpreters export: a symbol of 3.N is there from 3.N on."""
    python = interpreters.found().get(version) or needs.missing(f"CPython {version}")
    exports = exported_by(python)
    limit, conditional = (3, int(version[2:])), stable_abi._document()["conditions"]
    table = {n for n, added in stable_abi.symbols().items() if added <= limit and n not in conditional}
    assert table - exports == set()
    assert c_api.GIL_ONLY in exports
    assert not exports & c_api.THREADED_ONLY
    assert not exports & c_api.DEBUG_ONLY
    assert not {n for n, macro in conditional.items() if macro == "MS_WINDOWS"} & exports


def test_the_table_is_what_abi3info_says() -> None:
    spec = importlib.util.spec_from_file_location("regenerate", ROOT / "docs" / "regenerate" / "stable_abi.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    document = script.document()
    for name, table in stable_abi._document().items():
        if name != "source":  # a later edition has more, and changes nothing that was released
            assert {k: document[name].get(k) for k in table} == table


TAGS = st.from_regex(r"(cp|pp|py|graalpy|abi|none|any|x)[0-9]{0,5}t?d?", fullmatch=True) | st.text(max_size=6)


@settings(max_examples=200, deadline=None)
@given(
    tags=st.lists(TAGS, min_size=1, max_size=3), abis=st.lists(TAGS, min_size=1, max_size=3), name=st.text(max_size=12)
)
def test_law_any_tags_are_judged(tags: list[str], abis: list[str], name: str) -> None:
    files = contents(
        module("p/m.abi3.so", "PyList_New"),
        module(f"p/{name}.cpython-313-x86_64-linux-gnu.so"),
        module(f"q/{name}.pyd"),
    )
    python_violations(files, interpreters=tuple(tags), abis=tuple(abis))
    true_python_tags(files, target=None, py_api=".".join(tags))


@settings(max_examples=200, deadline=None)
@given(
    suffix=st.sampled_from([".abi3.so", ".abi3t.so", ".so", ".cpython-313-x86_64-linux-gnu.so", ".cpython-313t-x86_64-linux-gnu.so", ".cpython-312-x86_64-linux-gnu.so", ".pyd"]),
    imports=st.lists(st.sampled_from(["PyList_New", "_Py_Dealloc", "_Py_DecRefShared", "_PyLong_Sign", "PyType_GetModuleState"])),
    linked=st.sampled_from(["", "python3.dll", "python313.dll", "python313t.dll", "python312.dll"]),
    target=st.sampled_from([CP313, CP313T]),
    py_api=st.sampled_from(["", "cp39", "cp310", "cp313t", "py3", "cp39.cp313t"]),
)  # fmt: skip
def test_law_a_build_claims_what_check_believes(
    suffix: str, imports: list[str], linked: str, target: Target, py_api: str
) -> None:
    """Either the tags of a build are true, or it fails and says why: never a claim that only ``check`` would refute."""
    files = contents(module(f"p/m{suffix}", *imports, linked=linked))
    ruling = true_python_tags(files, target=target, py_api=py_api)
    untrue = [
        f
        for f in python_violations(files, interpreters=ruling.interpreters, abis=ruling.abis)
        if f.severity is Severity.ERROR
    ]
    told = [f for f in ruling.findings if f.severity is Severity.ERROR]
    assert set(untrue) <= set(told)
    if "abi3" in ruling.abis and not told:
        assert set(imports) <= set(stable_abi.symbols())
        assert linked in ("", "python3.dll")


def test_the_table_knows_old_and_new_symbols() -> None:
    table = stable_abi.symbols()
    assert table["PyList_New"] == (3, 2)
    assert table["PyObject_Vectorcall"] == (3, 12)
    assert "_PyLong_AsByteArray" not in table


@pytest.mark.parametrize(
    ("library", "codes"),
    [("shiboken6.abi3.dll", []), ("python3.dll", ["TW402"]), (None, ["TW402"]), ("@rpath/Python.framework/Python", ["TW402"])],
)  # fmt: skip
def test_names_that_are_taken_from_another_library_are_not_pythons(library: str | None, codes: list[str]) -> None:
    symbol = Symbol(name="PyRun_String", library=library)
    exported = frozenset({"PyInit_m"})
    piece = PeSlice(machine=0x8664, cpu="x86_64", bits=64, kind=Kind.SHARED, exports=exported, imports=(symbol,))
    file = File(path="p/m.pyd", size=1, binary=Binary(format=Format.PE, slices=(piece,)))
    found = python_violations(contents(file), interpreters=("cp310",), abis=("abi3",))
    assert [f.code for f in found if f.code == "TW402"] == codes


@pytest.mark.parametrize(
    ("name", "linked", "reason", "oldest"),
    [
        ("p/m.abi3.so", "", "p/m.abi3.so is named for abi3, a stable ABI", "3.10"),
        ("p/m.pyd", "python3.dll", "p/m.pyd needs python3.dll, a stable ABI", "3.10"),
        ("p/m.so", "", "p/m.so does not tell for which Python it is, so the claim is believed", None),
    ],
)
def test_modules_of_many_pythons_tell_the_oldest(name: str, linked: str, reason: str, oldest: str | None) -> None:
    found = contents(module(name, "PyLong_FromLong", "PyModule_AddObjectRef", linked=linked))
    ruling = true_python_tags(found, target=None)
    assert (ruling.interpreters, ruling.reason) == ((), reason)
    assert [f.text for f in ruling.floors] == ([oldest] if oldest else [])

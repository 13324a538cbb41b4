"""Modules are compiled with Python's own headers and imported: what they do is what truewheel reads in them (TW414, TW415)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from support import interpreters, needs
from support.claims import findings_about
from support.facts import contents
from truewheel.model.contents import Contents, File
from truewheel.model.finding import Severity
from truewheel.system.wheels.reading import read_binary

SOURCE = """
#include <Python.h>
static int run(PyObject *module) { return 0; }
"""
DEFINED = """
static PyModuleDef_Slot slots[] = {{Py_mod_exec, run}, %s {0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "m", NULL, 0, NULL, slots, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_m(void) { return PyModuleDef_Init(&definition); }
"""
CREATED = """
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "m", NULL, 0, NULL, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_m(void) { PyObject *m = PyModule_Create(&definition); %s return m; }
"""
AT_RUN_TIME = """
static PyModuleDef_Slot slots[4];
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "m", NULL, 0, NULL, slots, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_m(void) {
  slots[0].slot = Py_mod_gil; slots[0].value = %s; return PyModuleDef_Init(&definition);
}
"""
EXPORTED = """
PyABIInfo_VAR(abi);
static PySlot slots[] = {PySlot_STATIC_DATA(Py_mod_abi, &abi), PySlot_FUNC(Py_mod_exec, run), PySlot_END};
PyMODEXPORT_FUNC PyModExport_m(void) { return slots; }
"""
FREE = "PyUnstable_Module_SetGIL(m, Py_MOD_GIL_NOT_USED);"
ASK = "import sys, m; print(sys._is_gil_enabled())"


def compiled(
    place: Path, python: Path, name: str, source: str, *flags: str
) -> Contents:
    """Compile a module with a Python's headers; return what is read in it."""
    script = "import sysconfig; print(sysconfig.get_path('include'))"
    headers = subprocess.run([python, "-I", "-c", script], capture_output=True, text=True, check=True).stdout.strip()  # fmt: skip
    (place / "m.c").write_text(SOURCE + source)
    command = [needs.program("gcc"), "-shared", "-fPIC", "-O1", *flags, f"-I{headers}", "m.c", "-o", name]  # fmt: skip
    subprocess.run(command, cwd=place, check=True)
    data = (place / name).read_bytes()
    binary, _ = read_binary(data, name)
    return contents(File(path=name, size=len(data), binary=binary))


def imported(place: Path, python: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Return what a Python does with the module."""
    command = [python, "-W", "ignore", "-c", code]
    return subprocess.run(
        command, cwd=place, capture_output=True, text=True, check=False
    )


# --- the GIL ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [(), ("-fuse-ld=lld", "-Wl,--pack-dyn-relocs=relr")])
@pytest.mark.parametrize(
    ("source", "severity"),
    [
        (DEFINED % "{Py_mod_gil, Py_MOD_GIL_NOT_USED},", None),
        (DEFINED % "{Py_mod_gil, Py_MOD_GIL_USED},", Severity.WARNING),
        (DEFINED % "", Severity.WARNING),
        (CREATED % FREE, None),
        (CREATED % "", Severity.WARNING),
        (AT_RUN_TIME % "Py_MOD_GIL_USED", Severity.NOTE),
        (AT_RUN_TIME % "Py_MOD_GIL_NOT_USED", Severity.NOTE),
    ],
)
def test_the_interpreter_agrees_on_the_gil(
    tmp_path: Path, source: str, severity: Severity | None, flags: tuple[str, ...]
) -> None:
    if flags:
        needs.program("ld.lld")
    version, python = _threaded()
    name = f"m.cpython-{version}-x86_64-linux-gnu.so"
    inside = compiled(tmp_path, python, name, source, *flags)
    findings = findings_about(inside, f"cp{version.removesuffix('t')}-cp{version}")
    assert [one.severity for one in findings] == [severity] * (severity is not None)
    assert all(one.code == "TW414" for one in findings)
    (tmp_path / name).rename(tmp_path / "m.so")
    answer = imported(tmp_path, python, ASK)
    # A note is where nobody can tell.
    if severity is not Severity.NOTE:
        comes_back = severity is Severity.WARNING
        assert answer.stdout == f"{comes_back}\n", answer.stderr


def _threaded() -> tuple[str, Path]:
    """Return a free-threaded Python, as ``313t``."""
    found = interpreters.threaded()
    version = max(found, default=None)
    if version is None:
        needs.missing("a free-threaded CPython with headers")
    return version.replace(".", ""), found[version]


# --- the ABI record ---------------------------------------------------------------------------------------------

LIMITED = ("-DPy_LIMITED_API=0x030f0000",)
SHARED = ("-DPy_TARGET_ABI3T=0x030f0000",)
THREADED = ("-DPy_GIL_DISABLED=1",)


@pytest.mark.parametrize(
    ("name", "flags", "tag", "codes"),
    [
        ("m.cpython-315-x86_64-linux-gnu.so", (), "cp315-cp315", []),
        ("m.cpython-315-x86_64-linux-gnu.so", THREADED, "cp315-cp315", ["TW415"]),
        ("m.abi3.so", LIMITED, "cp315-abi3", []),
        ("m.abi3t.so", SHARED, "cp315-abi3.abi3t", ["TW414"]),
    ],
)
def test_the_interpreter_agrees_on_the_record(
    tmp_path: Path, name: str, flags: tuple[str, ...], tag: str, codes: list[str]
) -> None:
    python = interpreters.newer().get("3.15") or needs.missing("CPython 3.15")
    inside = compiled(tmp_path, python, name, EXPORTED, *flags)
    assert [one.code for one in findings_about(inside, tag)] == codes
    answer = imported(tmp_path, python, "import m")
    if "TW415" in codes:
        assert "only compatible with free-threaded CPython" in answer.stderr
    else:
        assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(
    ("name", "flags", "tag"),
    [
        ("m.cpython-315t-x86_64-linux-gnu.so", (), "cp315-cp315t"),
        ("m.abi3.so", (), "cp315-abi3"),
        ("m.abi3t.so", LIMITED, "cp315-abi3.abi3t"),
        ("m.abi3t.so", THREADED, "cp315-abi3t"),
    ],
)
def test_mistakes_that_only_other_pythons_refuse_are_told_as_well(
    tmp_path: Path, name: str, flags: tuple[str, ...], tag: str
) -> None:
    """Headers and suffix of different Pythons, as they meet in a matrix of builds."""
    python = interpreters.newer().get("3.15") or needs.missing("CPython 3.15")
    inside = compiled(tmp_path, python, name, EXPORTED, *flags)
    assert "TW415" in [one.code for one in findings_about(inside, tag)]


def test_a_definition_with_a_record_is_read_as_well(tmp_path: Path) -> None:
    python = interpreters.newer().get("3.15") or needs.missing("CPython 3.15")
    source = "PyABIInfo_VAR(abi);" + DEFINED % "{Py_mod_abi, &abi},"
    name = "m.cpython-315t-x86_64-linux-gnu.so"
    inside = compiled(tmp_path, python, name, source)
    assert "TW415" in [one.code for one in findings_about(inside, "cp315-cp315t")]

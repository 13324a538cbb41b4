"""Modules are compiled here: the Pythons that import them are those that truewheel says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from support import interpreters, needs
from support.facts import contents
from truewheel import formats
from truewheel.audit.python.tags import python_claim_findings
from truewheel.model.contents import File

PLAIN = """
#include <Python.h>
static struct PyModuleDef definition = {{PyModuleDef_HEAD_INIT, "m", NULL, 0, NULL, NULL, NULL, NULL, NULL}};
{before}
{export} PyObject *{init}(void) {{ {inside} return {make}(&definition); }}
"""
NEW_HOOK = "int PyModExport_m(void) { return 0; }"


def compiled(
    place: Path, name: str, *, limited: str = "", source: str = "", **parts: str
) -> File:
    """Compile a module named ``name`` with the headers of the newest Python that there is.

    :param limited: the value of ``Py_LIMITED_API``.
    """
    python = max(
        interpreters.found().items(), key=lambda i: int(i[0][2:]), default=None
    )
    if python is None:
        needs.missing("a CPython with headers")
    script = "import sysconfig; print(sysconfig.get_path('include'))"
    headers = subprocess.run(
        [python[1], "-I", "-c", script], capture_output=True, text=True, check=True
    ).stdout.strip()
    parts = {
        "before": "",
        "export": "PyMODINIT_FUNC",
        "init": "PyInit_m",
        "inside": "",
        "make": "PyModule_Create",
        **parts,
    }
    parts["export"] = parts["export"].replace(
        "PyMODINIT_FUNC", '__attribute__((visibility("default")))'
    )
    (place / "m.c").write_text(source or PLAIN.format(**parts))
    define = [f"-DPy_LIMITED_API={limited}"] if limited else []
    command = [
        needs.program("gcc"),
        "-shared",
        "-fPIC",
        "-O1",
        *define,
        f"-I{headers}",
        "m.c",
        "-o",
        name,
    ]
    subprocess.run(command, cwd=place, check=True)
    data = (place / name).read_bytes()
    return File(path=name, size=len(data), binary=formats.read(data))


def importable(place: Path, module: str) -> set[str]:
    """Return the Pythons here that import it."""
    script = f"import sys; sys.path.insert(0, {str(place)!r}); import {module}"
    importing = set()
    for version, python in interpreters.found().items():
        done = subprocess.run(
            [python, "-I", "-c", script], capture_output=True, check=False
        )
        if done.returncode == 0:
            importing.add(version)
    return importing


def errors(file: File, tag: str) -> list[str]:
    """Return the codes of what truewheel has against the module in a wheel of this tag."""
    python, abi = tag.split("-")
    inside = contents(file)
    found = python_claim_findings(inside, interpreters=(python,), abis=(abi,))
    return [f.code for f in found if f.severity.value != "note"]


def since(oldest: str) -> set[str]:
    """Return the Pythons here that are not older."""
    return {v for v in interpreters.found() if int(v[2:]) >= int(oldest[2:])}


def test_a_stable_abi_module_is_imported_from_its_oldest_python_on(
    tmp_path: Path,
) -> None:
    file = compiled(tmp_path, "m.abi3.so", limited="0x030A0000")
    assert errors(file, "cp310-abi3") == []
    assert importable(tmp_path, "m") == since("3.10")


def test_a_newer_stable_symbol_needs_the_newer_python(tmp_path: Path) -> None:
    if "3.13" not in interpreters.found():
        needs.missing("CPython 3.13")
    file = compiled(
        tmp_path, "m.abi3.so", limited="0x030D0000", inside="Py_GetConstant(0);"
    )
    assert errors(file, "cp310-abi3") == ["TW403"]
    assert errors(file, "cp313-abi3") == []
    assert importable(tmp_path, "m") == since("3.13")


def test_a_name_that_is_older_than_its_place_in_the_stable_abi_is_imported_all_the_same(
    tmp_path: Path,
) -> None:
    if "3.12" not in interpreters.found():
        needs.missing("CPython 3.12")
    file = compiled(
        tmp_path, "m.abi3.so", limited="0x030D0000", inside="PyMem_RawFree(NULL);"
    )
    inside = contents(file)
    found = python_claim_findings(inside, interpreters=("cp310",), abis=("abi3",))
    assert [(f.code, f.severity.value) for f in found] == [("TW403", "warning")]
    assert importable(tmp_path, "m") == since("3.10")


def test_a_symbol_of_free_threaded_builds_needs_one(tmp_path: Path) -> None:
    """No Python here is one, so none has it."""
    file = compiled(
        tmp_path,
        "m.so",
        before="void _Py_DecRefShared(PyObject *);",
        inside="_Py_DecRefShared(NULL);",
    )
    assert errors(file, "cp313-cp313") == ["TW401"]
    assert errors(file, "cp313-cp313t") == []
    assert importable(tmp_path, "m") == set()


@pytest.mark.parametrize("version", interpreters.WANTED)
def test_a_versioned_suffix_is_for_one_python(tmp_path: Path, version: str) -> None:
    tag = version.replace(".", "")
    file = compiled(
        tmp_path, f"m.cpython-{tag}-{interpreters_triplet()}.so", limited="0x030A0000"
    )
    assert errors(file, f"cp{tag}-cp{tag}") == []
    assert errors(file, "cp310-abi3") == ["TW401"]
    assert errors(file, "py3-none") == ["TW409"]
    assert importable(tmp_path, "m") == {version} & set(interpreters.found())


def test_a_debug_suffix_is_for_debug_builds(tmp_path: Path) -> None:
    file = compiled(
        tmp_path, f"m.cpython-313d-{interpreters_triplet()}.so", limited="0x030A0000"
    )
    assert errors(file, "cp313-cp313") == ["TW401"]
    assert importable(tmp_path, "m") == set()


def interpreters_triplet() -> str:
    """Return what the Pythons here call this machine in suffixes."""
    python = next(iter(interpreters.found().values()), None) or needs.missing(
        "a CPython"
    )
    script = "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX').partition('-')[2].partition('-')[2].partition('.')[0])"
    return subprocess.run(
        [python, "-I", "-c", script], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_module_export_hook_needs_python_3_15(tmp_path: Path) -> None:
    file = compiled(tmp_path, "m.abi3.so", source=NEW_HOOK)
    assert errors(file, "cp310-abi3") == ["TW401"]
    assert errors(file, "cp315-abi3") == []
    assert importable(tmp_path, "m") == set()


def test_a_hidden_init_function_is_not_found(tmp_path: Path) -> None:
    file = compiled(
        tmp_path,
        "m.abi3.so",
        limited="0x030A0000",
        export='__attribute__((visibility("hidden")))',
    )
    assert errors(file, "cp310-abi3") == ["TW404"]
    assert importable(tmp_path, "m") == set()


def test_an_init_function_under_another_name_is_not_found(tmp_path: Path) -> None:
    file = compiled(tmp_path, "m.abi3.so", limited="0x030A0000", init="PyInit_other")
    assert errors(file, "cp310-abi3") == ["TW405"]
    assert importable(tmp_path, "m") == set()


@pytest.mark.parametrize(
    "name", ["caf\u00e9", "\u0441\u043b\u043e\u0432\u043e", "m\u00fc_1"]
)
def test_names_beyond_ascii_have_init_functions_in_punycode(
    tmp_path: Path, name: str
) -> None:
    """PEP 489: only with the initialisation in several phases."""
    spelt = "PyInitU_" + name.encode("punycode").decode().replace("-", "_")
    file = compiled(
        tmp_path,
        f"{name}.abi3.so",
        limited="0x030A0000",
        init=spelt,
        make="PyModuleDef_Init",
    )
    assert errors(file, "cp310-abi3") == []
    assert importable(tmp_path, name) == since("3.10")
    wrong = compiled(
        tmp_path,
        f"x{name}.abi3.so",
        limited="0x030A0000",
        init=spelt,
        make="PyModuleDef_Init",
    )
    assert errors(wrong, "cp310-abi3") == ["TW405"]
    assert importable(tmp_path, f"x{name}") == set()

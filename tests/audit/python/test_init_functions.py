"""Whether ``import`` finds the init function of a module (TW404, TW405)."""

from __future__ import annotations

import pytest

from support.claims import codes_about, findings_about
from support.facts import CP313, binary_file, contents, module, wheel_named
from support.slices import linux
from truewheel.audit.python.tags import true_python_tags
from truewheel.audit.verdict import check
from truewheel.model.binary import Symbol
from truewheel.model.contents import File
from truewheel.model.finding import Severity
from truewheel.model.record import replace

FOR_313 = "p/m.cpython-313-x86_64-linux-gnu.so"
CAFE = "p/caf\u00e9.cpython-313-x86_64-linux-gnu.so"


def codes_of(file: File, tag: str = "cp313-cp313") -> list[str]:
    return codes_about(contents(file), tag)


def test_a_module_without_an_init_function_is_told() -> None:
    assert codes_of(module(FOR_313, exports="")) == ["TW404"]
    assert codes_of(module("p/m.pyd", exports=""), "cp39-abi3") == ["TW404"]


def test_a_library_with_the_suffix_of_a_module_is_worth_a_note() -> None:
    """As pycryptodome's: ``ctypes`` loads them, and they know nothing of Python."""

    def severity(*imports: str, exports: str) -> Severity:
        inside = contents(module("p/_aes.abi3.so", *imports, exports=exports))
        (finding,) = findings_about(inside, "cp37-abi3")
        assert finding.code == "TW404"
        return finding.severity

    assert severity("malloc", exports="AES_start") is Severity.NOTE
    assert severity("PyModuleDef_Init", exports="AES_start") is Severity.WARNING
    # With everything hidden, a linker may drop the module's code and all that it imports.
    assert severity("malloc", exports="_init") is Severity.WARNING


def test_an_init_function_of_another_name_is_told() -> None:
    assert codes_of(module(FOR_313, exports="PyInit_n")) == ["TW405"]


def test_a_prefix_alone_is_not_an_init_function() -> None:
    assert codes_of(module(FOR_313, exports="PyInit_")) == ["TW404"]


def test_the_init_function_of_pep_793_is_enough() -> None:
    assert codes_of(module("p/m.abi3.so", exports="PyModExport_m"), "cp315-abi3") == []


def test_names_beyond_ascii_are_spelt_in_punycode() -> None:
    assert codes_of(module(CAFE, exports="PyInitU_caf_dma")) == []
    assert codes_of(module(CAFE, exports="PyInitU_caf_other")) == ["TW405"]
    assert codes_of(module(CAFE, exports="")) == ["TW404"]


def test_a_module_called_init_may_have_the_name_of_its_package() -> None:
    init = module("p/__init__.cpython-313-x86_64-linux-gnu.so", exports="PyInit_p")
    assert codes_of(init) == []


def test_pypy_has_an_init_function_of_its_own() -> None:
    for_pypy = module(
        "p/m.pypy311-pp73-x86_64-linux-gnu.so", exports="_cffi_pypyinit_m"
    )
    assert codes_of(for_pypy, "pp311-pypy311_pp73") == []


def test_python_2_had_init_functions_of_another_kind() -> None:
    """Wheels for Python 2.7 are still in the index: of PyYAML 5.4.1, cffi 1.15.1 and many others."""
    on_linux = module("yaml/_yaml.so", "PyList_New", exports="init_yaml")
    on_windows = module("yaml/_yaml.pyd", "PyList_New", exports="init_yaml")
    assert codes_of(on_linux, "cp27-cp27mu") == []
    assert codes_of(on_windows, "cp27-cp27m") == []


def test_cpython_does_not_look_for_pypys_init_function() -> None:
    assert codes_of(module(FOR_313, exports="_cffi_pypyinit_m")) == ["TW404"]


@pytest.mark.parametrize(
    "path", ["p/m.cpython-312-darwin.dylib", "p/m.cp312-win_amd64.so"]
)
def test_a_suffix_that_no_python_looks_for_makes_a_name_with_a_dot(path: str) -> None:
    (finding,) = [
        found
        for found in findings_about(contents(module(path)), "cp313-cp313")
        if found.code == "TW405"
    ]
    assert "no import statement finds it" in finding.message
    assert "looks for" not in finding.message
    assert finding.evidence == ("exports PyInit_m",)
    assert "EXT_SUFFIX" in str(finding.hint)


def test_a_name_with_a_dot_and_a_good_suffix_is_to_lose_the_dot() -> None:
    inside = contents(module("p/q.m.cpython-313-x86_64-linux-gnu.so"))
    (finding,) = findings_about(inside, "cp313-cp313")
    assert finding.code == "TW405"
    assert finding.evidence == ("exports PyInit_q",)
    assert "name it without the dot" in str(finding.hint)


def test_suffixes_of_early_pypys_are_not_held_against_a_wheel() -> None:
    old = module("p/m.pypy3-71-x86_64-linux-gnu.so", exports="PyInit_m")
    assert codes_of(old, "pp36-none") == ["TW401"]


def test_what_imports_pythons_symbols_beside_modules_has_probably_hidden_its_init_function() -> (
    None
):
    hidden = contents(module("p/m.so", "PyList_New", "_PyLong_Sign", exports=""))
    assert codes_about(hidden, "py3-none") == ["TW404", "TW413"]
    tags = true_python_tags(hidden, target=CP313)
    assert tags.abis == ("cp313",)
    assert [(found.code, found.severity) for found in tags.findings] == [
        ("TW404", Severity.WARNING)
    ]


@pytest.mark.parametrize("path", ["p/libm.so", "p/m.so.1", "p-1.data/scripts/m.so"])
def test_what_is_not_named_as_a_module_need_not_have_an_init_function(
    path: str,
) -> None:
    inside = contents(module(path, "PyList_New", exports="f"))
    assert codes_about(inside, "cp313-cp313") == []


def test_a_dot_in_a_directory_does_not_end_the_name_of_a_library() -> None:
    # cmeel installs everything into cmeel.prefix.
    piece = replace(linux(), imports=(Symbol(name="PyLong_FromLong"),))
    inside = contents(binary_file("cmeel.prefix/lib/libx.so", piece))
    found = check(wheel_named("p-1-cp313-cp313-linux_x86_64.whl", inside)).findings
    assert "TW404" not in {one.code for one in found}

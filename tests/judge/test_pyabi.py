"""Which Pythons load a module: by suffix, by symbols, by what the project asks for."""

from __future__ import annotations

import pytest

from truewheel.judge import pyabi
from truewheel.model.binary import Binary, ElfSlice, Format, Kind, Symbol
from truewheel.model.contents import Contents, File
from truewheel.model.target import Target

CP313 = Target(implementation="cpython", version=(3, 13), python_tag="cp313", abi_tag="cp313",
               suffix=".cpython-313-x86_64-linux-gnu.so", platform_tag="linux_x86_64")  # fmt: skip
CP313T = Target(implementation="cpython", version=(3, 13), python_tag="cp313", abi_tag="cp313t",
                suffix=".cpython-313t-x86_64-linux-gnu.so", platform_tag="linux_x86_64")  # fmt: skip


def module(path: str, *imports: str, exports: str | None = None) -> File:
    stem = path.rpartition("/")[2].partition(".")[0]
    names = frozenset({f"PyInit_{stem}" if exports is None else exports} - {""})
    piece = ElfSlice(
        cpu="x86_64",
        bits=64,
        kind=Kind.SHARED,
        machine=62,
        exports=names,
        imports=tuple(Symbol(name=n) for n in imports),
    )
    return File(path=path, size=1, binary=Binary(format=Format.ELF, slices=(piece,)))


def contents(*files: File) -> Contents:
    return Contents(files=files, dist_info="p-1.dist-info")


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
    ruling = pyabi.rule(contents(module(name)), target=CP313)
    assert (ruling.interpreters, ruling.abis) == ((tag,), (abi,))
    assert name in ruling.reason


def test_nothing_to_load() -> None:
    library = module("p/libx.so", exports="x_new")
    assert pyabi.rule(contents(library), target=CP313).abis == ("none",)
    assert pyabi.rule(contents(), target=CP313).interpreters == ("py3",)
    assert pyabi.rule(contents(library), target=CP313, py_api="py2.py3").interpreters == ("py2", "py3")
    assert pyabi.modules(contents(module("p.libs/libx.so"))) == ()


def test_stable_abi_as_asked_for() -> None:
    files = contents(module("p/m.abi3.so", "PyModule_Create2", "PyType_GetModuleState"))
    ruling = pyabi.rule(files, target=CP313, py_api="cp310")
    assert (ruling.interpreters, ruling.abis) == (("cp310",), ("abi3",))
    (floor,) = ruling.floors
    assert floor.version == (3, 10)
    assert floor.evidence[0].symbol == "PyType_GetModuleState"


@pytest.mark.parametrize("exports", ["PyInit_m", "_cffi_pypyinit_m"])
def test_pypy_is_asked_for_no_stable_abi_and_has_an_init_function_of_its_own(exports: str) -> None:
    files = contents(module("p/m.pypy311-pp73-x86_64-linux-gnu.so", exports=exports))
    ruling = pyabi.rule(files, target=CP313, py_api="cp310")
    assert (ruling.interpreters, ruling.abis) == (("pp311",), ("pypy311_pp73",))
    assert ruling.findings == ()


def test_stable_abi_broken_by_a_private_symbol() -> None:
    ruling = pyabi.rule(contents(module("p/m.abi3.so", "_PyLong_AsByteArray")), target=CP313, py_api="cp310")
    assert [f.code for f in ruling.findings] == ["TW402"]
    assert "_PyLong_AsByteArray" in ruling.findings[0].message
    assert ruling.abis == ("cp313",)


def test_names_that_the_wheel_defines_itself_are_not_pythons() -> None:
    library = module("p/libpyside.so", exports="PySideProperty_New")
    files = contents(module("p/m.abi3.so", "PySideProperty_New"), library)
    assert pyabi.rule(files, target=CP313, py_api="cp310").findings == ()
    assert pyabi.objections(files, interpreters=("cp310",), abis=("abi3",)) == ()


def test_stable_abi_broken_by_a_newer_symbol() -> None:
    ruling = pyabi.rule(contents(module("p/m.abi3.so", "PyBuffer_FillInfo")), target=CP313, py_api="cp39")
    (finding,) = ruling.findings
    assert (finding.code, finding.where) == ("TW403", "p/m.abi3.so")
    assert "3.11" in finding.message


def test_version_specific_module_keeps_its_tag_whatever_is_asked() -> None:
    ruling = pyabi.rule(contents(module("p/m.cpython-313-x86_64-linux-gnu.so")), target=CP313, py_api="cp310")
    assert ruling.interpreters == ("cp313",)
    assert [f.code for f in ruling.findings] == ["TW408"]


def test_free_threaded_build_does_not_claim_abi3() -> None:
    ruling = pyabi.rule(contents(module("p/m.so", "PyModule_Create2")), target=CP313T, py_api="cp310")
    assert (ruling.interpreters, ruling.abis) == (("cp313",), ("cp313t",))


def test_bare_suffix_follows_the_build() -> None:
    ruling = pyabi.rule(contents(module("p/m.so", "PyModule_Create2")), target=CP313)
    assert (ruling.interpreters, ruling.abis) == (("cp313",), ("cp313",))


def test_init_functions() -> None:
    none = pyabi.rule(contents(module("p/m.abi3.so", exports="")), target=CP313)
    assert "TW404" in [f.code for f in none.findings]
    other = pyabi.rule(contents(module("p/m.abi3.so", exports="PyInit_n")), target=CP313)
    assert "TW405" in [f.code for f in other.findings]
    new = pyabi.rule(contents(module("p/m.abi3.so", exports="PyModExport_m")), target=CP313)
    assert not {"TW404", "TW405"} & {f.code for f in new.findings}


def test_mixed_suffixes() -> None:
    both = contents(module("p/a.cpython-312-x86_64-linux-gnu.so"), module("p/b.cpython-313-x86_64-linux-gnu.so"))
    assert "TW406" in [f.code for f in pyabi.rule(both, target=CP313).findings]
    stale = contents(module("p/a.cpython-39-x86_64-linux-gnu.so"), module("p/b.cpython-313-x86_64-linux-gnu.so"))
    assert pyabi.rule(stale, target=CP313).interpreters == ("cp313",)
    assert pyabi.rule(stale, target=None).interpreters == ("cp313",)


@pytest.mark.parametrize(
    ("name", "interpreters", "abis", "codes"),
    [
        ("m.cpython-313-x86_64-linux-gnu.so", ("cp313",), ("cp313",), []),
        ("m.cpython-313-x86_64-linux-gnu.so", ("cp312",), ("cp312",), ["TW401"]),
        ("m.cpython-313t-x86_64-linux-gnu.so", ("cp313",), ("cp313",), ["TW401"]),
        ("m.abi3.so", ("cp313",), ("cp313",), []),
        ("m.abi3.so", ("cp313",), ("cp313t",), ["TW401"]),
        ("m.so", ("cp313",), ("cp313",), []),
        ("m.cpython-313-x86_64-linux-gnu.so", ("py3",), ("none",), ["TW409"]),
        ("m.cpython-313-x86_64-linux-gnu.so", ("cp39",), ("abi3",), ["TW401"]),
    ],
)
def test_claims(name: str, interpreters: tuple[str, ...], abis: tuple[str, ...], codes: list[str]) -> None:
    found = pyabi.objections(contents(module(f"p/{name}")), interpreters=interpreters, abis=abis)
    assert [f.code for f in found] == codes


def test_one_module_for_each_claimed_python_is_enough() -> None:
    both = contents(module("p/m.cpython-312-x86_64-linux-gnu.so"), module("p/m.cpython-313-x86_64-linux-gnu.so"))
    assert pyabi.objections(both, interpreters=("cp312", "cp313"), abis=("none",)) != ()
    assert "TW401" not in [f.code for f in pyabi.objections(both, interpreters=("cp312", "cp313"), abis=("none",))]


def test_the_table_knows_old_and_new_symbols() -> None:
    table = pyabi.stable_symbols()
    assert table["PyList_New"] == (3, 2)
    assert table["PyObject_Vectorcall"] == (3, 12)
    assert "_PyLong_AsByteArray" not in table

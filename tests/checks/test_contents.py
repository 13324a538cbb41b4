"""Files that are broken, or of no use at run time."""

from __future__ import annotations

import pytest

from support.checks import codes_of_wheel
from support.facts import contents, package, wheel
from truewheel.checks import check_tree
from truewheel.model.binary import Binary, ElfSlice, Format, Kind, MachOSlice, PeSlice, Slice
from truewheel.model.contents import File
from truewheel.model.errors import FormatError
from truewheel.model.finding import Finding, Severity

MODULE = "p/m.cpython-312-x86_64-linux-gnu.so"


def codes_beside_a_package(file: File) -> list[str]:
    """Return the codes of what is told of a build with a package and one more file."""
    return [finding.code for finding in check_tree(package(file))]


def test_byte_code_is_told() -> None:
    assert codes_of_wheel(wheel("p/__pycache__/a.cpython-313.pyc")) == ["TW513"]


def test_an_empty_wheel_is_an_error_with_a_cure() -> None:
    (finding,) = check_tree(contents())
    assert (finding.code, finding.severity) == ("TW523", Severity.ERROR)
    assert "install(TARGETS" in str(finding.hint)


def test_files_that_nothing_loads_are_told() -> None:
    def elf(**more: object) -> Binary:
        return Binary(format=Format.ELF, slices=(ElfSlice(cpu="x86_64", bits=64, machine=62, **more),))  # type: ignore[arg-type]

    assert codes_beside_a_package(File(path="p/a.a", size=1, binary=Binary(format=Format.ARCHIVE))) == ["TW514"]
    assert codes_beside_a_package(File(path="p/a.o", size=1, binary=elf(kind=Kind.OBJECT))) == ["TW518"]
    assert codes_beside_a_package(File(path="p/a.so", size=1, binary=elf(kind=Kind.SHARED, debug_bytes=2_000_000))) == [
        "TW515"
    ]
    broken = FormatError("broken ELF file", offset=4, field="EI_CLASS", value=9)
    assert codes_beside_a_package(File(path="p/a.so", size=1, broken=broken)) == ["TW517"]
    for path, severity in (
        ("p/data.so", Severity.WARNING),
        ("p/m.abi3.so", Severity.ERROR),
        ("p/m.pyd", Severity.ERROR),
    ):
        files = (File(path=path, size=1, broken=broken), File(path="p/__init__.py", size=0))
        assert [f.severity for f in check_tree(contents(*files))] == [severity]


@pytest.mark.parametrize(
    ("form", "piece", "what"),
    [
        (Format.ELF, ElfSlice(cpu="x86_64", bits=64, machine=62, kind=Kind.EXECUTABLE, program=True), "a program for x86_64"),
        (Format.MACHO, MachOSlice(cpu="arm64", bits=64, file_type=2, kind=Kind.EXECUTABLE), "a program for arm64"),
        (Format.PE, PeSlice(cpu="x86_64", bits=64, machine=0x8664, kind=Kind.EXECUTABLE), "a program for x86_64"),
        (Format.MACHO, MachOSlice(cpu="arm64", bits=64, file_type=10, kind=Kind.OTHER), "neither a library nor a program, but something else for arm64"),
        (Format.ELF, ElfSlice(cpu="x86_64", bits=64, machine=62, kind=Kind.OBJECT), "a relocatable object for x86_64"),
        (Format.ELF, ElfSlice(cpu="x86_64", bits=64, machine=62, kind=Kind.SHARED), None),
        (Format.ELF, ElfSlice(cpu="x86_64", bits=64, machine=62, kind=Kind.EXECUTABLE), None),
        (Format.MACHO, MachOSlice(cpu="arm64", bits=64, file_type=8, kind=Kind.BUNDLE), None),
    ],
)  # fmt: skip
def test_what_has_a_modules_name_must_be_a_library(form: Format, piece: Slice, what: str | None) -> None:
    def told(path: str) -> list[Finding]:
        files = (
            File(path=path, size=1, binary=Binary(format=form, slices=(piece,))),
            File(path="p/__init__.py", size=0),
        )
        return [f for f in check_tree(contents(*files)) if f.code == "TW517"]

    assert [(f.severity, f.evidence) for f in told(MODULE)] == ([(Severity.ERROR, (f"it is {what}",))] if what else [])
    assert [f.severity for f in told(MODULE.replace("p/", "p/tests/"))] == ([Severity.WARNING] if what else [])
    assert told("p/tool") == []


@pytest.mark.parametrize(
    ("path", "severity"),
    [("p/m.pyd", Severity.ERROR), ("p/m.cpython-312-darwin.so", Severity.ERROR), ("p/m.abi3.so", Severity.ERROR),
     ("p/tests/m.pyd", Severity.WARNING), ("p/libc.so", None), ("p/m.py", None)],
)  # fmt: skip
def test_what_has_a_modules_name_must_be_a_binary(path: str, severity: Severity | None) -> None:
    files = (File(path=path, size=0), File(path="p/__init__.py", size=0))
    found = check_tree(contents(*files))
    assert [f.severity for f in found if f.code == "TW517"] == ([severity] if severity else [])


def test_a_module_that_no_system_can_load() -> None:
    zeroed = Binary(format=Format.ELF, slices=(Slice(cpu="x86_64", bits=64, kind=Kind.OTHER),))
    for path, severity in (
        ("p/m.cpython-312-x86_64-linux-gnu.so", Severity.ERROR),
        ("p/tests/m.abi3.so", Severity.WARNING),
    ):
        found = check_tree(contents(File(path=path, size=9000, binary=zeroed)))
        assert [f.severity for f in found if f.code == "TW517"] == [severity]

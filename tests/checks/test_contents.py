"""Files that are broken, or of no use at run time."""

from __future__ import annotations

import pytest

from support.checks import codes_of_wheel, severities_of, with_code
from support.facts import binary_file, contents, package, wheel
from truewheel.checks import check_tree, check_wheel
from truewheel.model.binary import ElfSlice, Format, Kind, MachOSlice, PeSlice, Slice
from truewheel.model.contents import File
from truewheel.model.errors import FormatError
from truewheel.model.finding import Severity

MODULE = "p/m.cpython-312-x86_64-linux-gnu.so"


def codes_beside_a_package(file: File) -> list[str]:
    """Return the codes of what is told of a build with a package and one more file."""
    return [finding.code for finding in check_tree(package(file))]


def test_byte_code_is_told() -> None:
    assert codes_of_wheel(wheel("p/__pycache__/a.cpython-313.pyc")) == ["TW513"]


def test_byte_code_without_its_source_is_another_matter() -> None:
    beside = package(File(path="p/a.py", size=1), File(path="p/a.pyc", size=1))
    alone = package(File(path="p/a.pyc", size=1))
    (told,) = check_tree(beside)
    assert "installers write" in told.message
    (told,) = check_tree(alone)
    assert told.code == "TW513"
    assert "only the Python that compiled it" in told.message


def test_an_empty_wheel_is_an_error_with_a_cure() -> None:
    (finding,) = check_tree(contents())
    assert finding.code == "TW523"
    assert finding.severity is Severity.ERROR
    assert "install(TARGETS" in str(finding.hint)


def test_an_empty_wheel_that_requires_others_is_made_on_purpose() -> None:
    metadata = (
        "Name: p\nVersion: 1\nRequires-Dist: notebook\nRequires-Dist: ipykernel\n"
    )
    (finding,) = with_code(
        "TW523", check_wheel(wheel(contents=contents(), metadata=metadata))
    )
    assert finding.severity is Severity.NOTE
    assert finding.evidence == ("Requires-Dist: notebook", "and 1 more")
    assert finding.hint is None


def test_an_empty_wheel_that_requires_nothing_is_a_warning() -> None:
    findings = check_wheel(wheel(contents=contents()))
    assert severities_of("TW523", findings) == [Severity.WARNING]


def test_a_wheel_with_a_file_is_not_empty_whatever_it_requires() -> None:
    metadata = "Name: p\nVersion: 1\nRequires-Dist: notebook\n"
    assert with_code("TW523", check_wheel(wheel(metadata=metadata))) == []


def elf(kind: Kind, **more: object) -> ElfSlice:
    return ElfSlice(cpu="x86_64", bits=64, machine=62, kind=kind, **more)  # type: ignore[arg-type]


def test_static_libraries_objects_and_debug_information_are_told() -> None:
    assert codes_beside_a_package(binary_file("p/a.a", form=Format.ARCHIVE)) == [
        "TW514"
    ]
    assert codes_beside_a_package(binary_file("p/a.o", elf(Kind.OBJECT))) == ["TW518"]
    assert codes_beside_a_package(
        binary_file("p/a.so", elf(Kind.SHARED, debug_bytes=2_000_000))
    ) == ["TW515"]


@pytest.mark.parametrize(
    ("path", "severity"),
    [
        ("p/data.so", Severity.WARNING),
        ("p/m.abi3.so", Severity.ERROR),
        ("p/m.pyd", Severity.ERROR),
    ],
)
def test_a_broken_binary_is_told_and_an_error_if_it_is_a_module(
    path: str, severity: Severity
) -> None:
    broken = FormatError("broken ELF file", offset=4, field="EI_CLASS", value=9)
    (finding,) = check_tree(package(File(path=path, size=1, broken=broken)))
    assert finding.code == "TW517"
    assert finding.severity is severity


@pytest.mark.parametrize(
    ("piece", "evidence"),
    [
        (elf(Kind.EXECUTABLE, program=True), "it is a program for x86_64"),
        (elf(Kind.OBJECT), "it is a relocatable object for x86_64"),
        (
            MachOSlice(cpu="arm64", bits=64, file_type=2, kind=Kind.EXECUTABLE),
            "it is a program for arm64",
        ),
        (
            MachOSlice(cpu="arm64", bits=64, file_type=10, kind=Kind.OTHER),
            "it is neither a library nor a program, but something else for arm64",
        ),
        (
            PeSlice(cpu="x86_64", bits=64, machine=0x8664, kind=Kind.EXECUTABLE),
            "it is a program for x86_64",
        ),
    ],
    ids=[
        "ELF program",
        "ELF object",
        "Mach-O program",
        "Mach-O for debuggers",
        "PE program",
    ],
)
def test_a_file_with_a_modules_name_must_be_a_library(
    piece: Slice, evidence: str
) -> None:
    (finding,) = with_code("TW517", check_tree(package(binary_file(MODULE, piece))))
    assert finding.severity is Severity.ERROR
    assert finding.evidence == (evidence,)

    (in_tests,) = with_code(
        "TW517",
        check_tree(package(binary_file(MODULE.replace("p/", "p/tests/"), piece))),
    )
    assert in_tests.severity is Severity.WARNING
    assert with_code("TW517", check_tree(package(binary_file("p/tool", piece)))) == []


@pytest.mark.parametrize(
    "piece",
    [
        elf(Kind.SHARED),
        elf(Kind.EXECUTABLE),
        MachOSlice(cpu="arm64", bits=64, file_type=8, kind=Kind.BUNDLE),
    ],
    ids=["library", "library that can be run", "bundle"],
)
def test_a_library_may_have_a_modules_name(piece: Slice) -> None:
    assert with_code("TW517", check_tree(package(binary_file(MODULE, piece)))) == []


@pytest.mark.parametrize(
    ("path", "severities"),
    [
        ("p/m.pyd", [Severity.ERROR]),
        ("p/m.cpython-312-darwin.so", [Severity.ERROR]),
        ("p/m.abi3.so", [Severity.ERROR]),
        ("p/tests/m.pyd", [Severity.WARNING]),
        ("p/libc.so", []),
        ("p/m.py", []),
    ],
)
def test_a_file_with_a_modules_name_must_be_a_binary(
    path: str, severities: list[Severity]
) -> None:
    findings = check_tree(package(File(path=path, size=0)))
    assert severities_of("TW517", findings) == severities


@pytest.mark.parametrize(
    ("path", "severity"),
    [
        ("p/m.cpython-312-x86_64-linux-gnu.so", Severity.ERROR),
        ("p/tests/m.abi3.so", Severity.WARNING),
    ],
)
def test_a_module_that_no_system_can_load_is_told(
    path: str, severity: Severity
) -> None:
    zeroed = Slice(cpu="x86_64", bits=64, kind=Kind.OTHER)
    findings = check_tree(contents(binary_file(path, zeroed, form=Format.ELF)))
    assert severities_of("TW517", findings) == [severity]

"""Wheels of one version together: pure ones beside others, requirements that differ, wheels that nobody takes, sdists."""

from __future__ import annotations

import pickle

import pytest

from truewheel.audit.sets import check_sets
from truewheel.audit.sets.members import (
    headers_of,
    roles_of,
    sdists_of,
    sets_of,
    with_sdists,
)
from truewheel.model.finding import Finding
from truewheel.model.sets import Role, SdistFacts, SetMember
from truewheel.model.wheel_name import parse_wheel_name

LINUX = "cp313-cp313-manylinux_2_17_x86_64"
WINDOWS = "cp313-cp313-win_amd64"


def member(stem: str, metadata: str = "", **more: object) -> SetMember:
    filename = f"{stem}.whl" if stem.startswith(("p-", "P-", "q-")) else f"p-1-{stem}.whl"  # fmt: skip
    name = parse_wheel_name(filename)
    assert name is not None
    return SetMember(filename=filename, name=name, headers=headers_of(metadata), **more)  # type: ignore[arg-type]


def found(
    *members: SetMember, code: str, sdist: SdistFacts | None = None
) -> list[Finding]:
    sets = sets_of("dist", members)
    if sdist is not None:
        sets = with_sdists(sets, {"p 1": sdist})
    findings = []
    for checked in check_sets("dist", sets, select=(code,)):
        findings += checked.findings
    return findings


# --- what is a set ------------------------------------------------------------------------------------------------


def test_names_and_versions_are_compared_as_they_are_meant() -> None:
    sets = sets_of("dist", [member("P-1.0-py3-none-any"), member("p-1-py2-none-any"), member("p-2-py3-none-any")])  # fmt: skip
    assert [(one.label, len(one.members)) for one in sets] == [("P 1.0", 2), ("p 2", 1)]
    names = ["p-1.0.0.tar.gz", "P-1.tar.gz", "p-3.tar.gz", "p-docs.tar.gz", "p-1.zip"]
    assert list(sdists_of(sets, names)) == ["p-1.0.0.tar.gz", "P-1.tar.gz"]


def test_a_single_wheel_is_no_set() -> None:
    assert list(check_sets("dist", sets_of("dist", [member("py3-none-any")]))) == []


def test_roles() -> None:
    names = [
        f"p-1-{LINUX}.whl",
        "p-1-py3-none-any.whl",
        "q-1-py3-none-any.whl",
        "x.whl",
    ]
    assert roles_of(names) == [Role.COMPARED, Role.COMPARED, Role.MEMBER, None]
    assert pickle.loads(pickle.dumps(Role.MEMBER)) is Role.MEMBER


def test_findings_can_be_ignored() -> None:
    sets = sets_of("dist", [member("p-1-py3-none-any"), member("p-2-py3-none-any")])
    (checked,) = check_sets("dist", sets)
    assert checked.name is None
    assert checked.passes(strict=True)
    assert list(check_sets("dist", sets, ignore=("TW55",))) == []


# --- TW552: pure wheels -------------------------------------------------------------------------------------------

FILES = {"p/__init__.py": "a", "p/x.py": "b"}
COMPILED = {"modules": ("p/_m.so",), "is_bound": True}


def test_a_pure_wheel_with_the_same_files_may_be_a_fallback() -> None:
    bound = member(LINUX, python=FILES, **COMPILED)
    (told,) = found(bound, member("py3-none-any", python={**FILES, "p/_fallback.py": "c"}), code="TW552")  # fmt: skip
    assert told.severity.value == "note"
    assert told.where == "p-1-py3-none-any.whl"
    assert told.evidence == ("it has no extension module such as p/_m.so",)


def test_a_pure_wheel_with_other_files_runs_other_code() -> None:
    bound = member(LINUX, python=FILES, **COMPILED)
    (told,) = found(bound, member("py3-none-any", python={"p/x.py": "c"}), code="TW552")
    assert told.severity.value == "warning"
    assert "other Python files" in told.message
    assert told.evidence[1:] == (
        f"compared with {bound.filename}:", "p/__init__.py is missing", "p/x.py differs"
    )  # fmt: skip


def test_wheels_for_platforms_may_differ_among_themselves() -> None:
    """Tools that repair wheels for Windows write into __init__.py."""
    repaired = member(WINDOWS, python={**FILES, "p/__init__.py": "z"}, **COMPILED)
    (told,) = found(repaired, member(LINUX, python=FILES, **COMPILED), member("py3-none-any", python=FILES), code="TW552")  # fmt: skip
    assert told.severity.value == "note"


def test_files_without_a_hash_are_not_compared() -> None:
    bound = member(LINUX, python={"p/x.py": ""})
    (told,) = found(bound, member("py3-none-any", python={"p/x.py": "c"}), code="TW552")
    assert told.severity.value == "note"


def test_pure_wheels_alone_are_fine() -> None:
    assert found(member("py3-none-any"), member("py2-none-any"), code="TW552") == []


# --- TW553: requirements ------------------------------------------------------------------------------------------


def test_requirements_that_differ_are_told_with_their_wheels() -> None:
    one = member(LINUX, "Requires-Dist: numpy>=1\nRequires-Python: >=3.9\n")
    other = member(WINDOWS, "Requires-Dist: numpy>=1\nRequires-Dist: colorama\nRequires-Python: >=3.10")  # fmt: skip
    (told,) = found(one, other, code="TW553")
    assert told.severity.value == "warning"
    assert told.where == "p 1"
    assert told.evidence == (
        f"Requires-Dist: colorama (only in {other.filename})",
        f"Requires-Python: >=3.10 (only in {other.filename})",
        f"Requires-Python: >=3.9 (only in {one.filename})",
    )


def test_the_same_requirements_in_other_words() -> None:
    one = "Requires-Dist: Foo_bar (>=1,<2)\nRequires-Dist: b\nRequires-Python: >=3.9, <4\nProvides-Extra: a_b"
    other = "requires-dist: b\nRequires-Dist: foo-bar<2,>=1\nRequires-Python: <4,>=3.9\nProvides-Extra: A-B"
    assert found(member(LINUX, one), member(WINDOWS, other), code="TW553") == []


def test_many_differences_are_counted() -> None:
    lines = "".join(f"Requires-Dist: a{number}\n" for number in range(100))
    pythons = [member(f"cp3{m}-cp3{m}-win_amd64", lines) for m in range(8, 14)]
    (told,) = found(*pythons, member(LINUX, "Requires-Dist: ? what"), code="TW553")
    assert told.evidence[-1] == "and 81 more"
    assert "(in 6 of 7 wheels, the first is p-1-cp38" in told.evidence[1]
    assert told.evidence[0].startswith("Requires-Dist: ? what (only in")


# --- TW554: company -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (f"p-1-{LINUX}", f"p-1-1-{LINUX}", "a higher build tag"),
        (f"p-1-2-{LINUX}", f"p-1-10-{LINUX}", "a higher build tag"),
        (f"p-1-2a-{LINUX}", f"p-1-2b-{LINUX}", "a higher build tag"),
        ("p-1-py3-none-any", "p-1-py2.py3-none-any", "nothing tells which"),
        (f"P-1-{LINUX}", f"p-1-{LINUX}", "nothing tells which"),
        (f"p-1-{LINUX}", f"p-1-3-cp312.cp313-cp313-{LINUX[12:]}", "a higher build tag"),
    ],
)
def test_a_wheel_that_no_installer_needs(first: str, second: str, why: str) -> None:
    for pair in ((first, second), (second, first)):
        (told,) = found(*map(member, pair), code="TW554")
        assert told.where == f"{first}.whl"
        assert told.evidence[0].startswith(f"{second}.whl has the same tags, and ")
        assert why in told.evidence[0]


def test_wheels_that_are_all_needed() -> None:
    stems = [LINUX, WINDOWS, "cp312-abi3-win_amd64", f"p-1-{LINUX}-x86_64_v3", "p-1-2-cp314-cp314-win_amd64"]  # fmt: skip
    assert found(*map(member, stems), code="TW554") == []


def test_several_projects_and_versions_are_told() -> None:
    (told,) = found(member("p-1-py3-none-any"), member("p-2-py3-none-any"), member("p-2-py2-none-any"), code="TW554")  # fmt: skip
    assert told.message == "holds the wheels of several versions"
    assert told.evidence == ("p 1: 1 wheel", "p 2: 2 wheels")
    many = [member(f"p-{number}-py3-none-any") for number in range(15)]
    (told,) = found(*many, member("q-1-py3-none-any"), code="TW554")
    assert told.message == "holds the wheels of several projects"
    assert told.evidence[-1] == "and 6 more"


# --- TW555: sdists ------------------------------------------------------------------------------------------------

PKG_INFO = "Metadata-Version: 2.2\nName: p\nVersion: 1\n"


def sdist(*paths: str, metadata: str | None = PKG_INFO, build: str = "") -> SdistFacts:
    return SdistFacts(
        filename="p-1.tar.gz",
        top="p-1",
        paths=("PKG-INFO", *paths),
        metadata=metadata,
        build_texts=(build,),
    )


def test_an_sdist_without_the_sources_of_the_modules() -> None:
    (told,) = found(member(LINUX, **COMPILED), sdist=sdist("p/__init__.py", "setup.py"), code="TW555")  # fmt: skip
    assert told.severity.value == "warning"
    assert told.where == "p-1.tar.gz"
    assert (
        told.message == "holds no source of the compiled modules that the wheels have"
    )
    assert told.evidence[0] == "p/_m.so is in a wheel"


@pytest.mark.parametrize(
    "held",
    [
        sdist("src/p/_m.c"),
        sdist("src/lib.RS"),
        sdist("CMakeLists.txt"),
        sdist("native/Cargo.toml"),
        sdist("p/_m.pyx"),
        sdist("src/p/_m.py"),
        sdist("setup.py", build='cffi_modules=["build.py:ffi"]'),
        sdist("p/x.py", build='requires = ["hatch-mypyc"]'),
    ],
)
def test_an_sdist_with_sources(held: SdistFacts) -> None:
    assert found(member(LINUX, **COMPILED), sdist=held, code="TW555") == []


def test_wheels_without_modules_need_no_sources() -> None:
    assert found(member(LINUX, is_bound=True), sdist=sdist(), code="TW555") == []


@pytest.mark.parametrize("line", ["Name: q", "Version: 2"])
def test_an_sdist_of_another_release_is_an_error(line: str) -> None:
    field = line.partition(":")[0]
    lines = [line if text.startswith(f"{field}:") else text for text in PKG_INFO.split("\n")]  # fmt: skip
    (told,) = found(member(LINUX), sdist=sdist(metadata="\n".join(lines)), code="TW555")
    assert told.severity.value == "error"
    assert told.evidence == (line,)


def test_an_sdist_without_pkg_info() -> None:
    (told,) = found(member(LINUX), sdist=sdist(metadata=None), code="TW555")
    assert told.severity.value == "warning"
    assert "no PKG-INFO" in told.message


def test_requirements_that_are_not_dynamic_are_those_of_the_wheels() -> None:
    wheel = member(LINUX, "Requires-Dist: a\nRequires-Python: >=3.9\n")
    static = PKG_INFO + "Requires-Dist: b\nRequires-Python: >=3.9\n"
    (told,) = found(wheel, sdist=sdist(metadata=static), code="TW555")
    assert told.severity.value == "warning"
    assert told.evidence == ("Requires-Dist: b (only in the sdist)", f"Requires-Dist: a (only in {wheel.filename})")  # fmt: skip
    for metadata in (static + "Dynamic: Requires-Dist\n", static.replace("2.2", "2.1"), static.replace("2.2", "x")):  # fmt: skip
        assert found(wheel, sdist=sdist(metadata=metadata), code="TW555") == []


def test_texts_that_mean_harm_cost_little() -> None:
    lines = "".join(f"Requires-Dist: a{number}\n" for number in range(100_000))
    assert len(headers_of(lines)) == 2000
    many = ".".join(f"cp3{number}" for number in range(30))
    names = [f"p-1-{many}-{many}-{build}linux_x86_64" for build in ("", "any.")]
    assert found(*map(member, names), code="TW554") == []

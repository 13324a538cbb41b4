"""Files at the top level of site-packages whose places others take as well."""

from __future__ import annotations

import sys

import pytest

from support.facts import binary_file, contents, files_at, wheel
from support.slices import linux, windows
from truewheel.checks import check_tree, check_wheel
from truewheel.checks.top_level_names import STANDARD_LIBRARY
from truewheel.model.contents import Contents, File
from truewheel.model.finding import Finding, Severity
from truewheel.model.record import replace


def told(inside: Contents) -> list[Finding]:
    found = check_wheel(wheel(contents=inside))
    return [finding for finding in found if finding.code == "TW543"]


def of_distribution(name: str, *files: File) -> Contents:
    return Contents(files=files, dist_info=f"{name}-1.dist-info")


@pytest.mark.parametrize(
    ("path", "severity", "where"),
    [
        ("tests/__init__.py", Severity.WARNING, "tests/"),
        ("Docs/conf.py", Severity.WARNING, "Docs/"),
        ("p-1.data/purelib/examples/a.py", Severity.WARNING, "examples/"),
        ("README.md", Severity.WARNING, "README.md"),
        ("LICENSE", Severity.WARNING, "LICENSE"),
        ("__init__.py", Severity.WARNING, "__init__.py"),
        ("package_readme.md", Severity.NOTE, "package_readme.md"),
        ("types.py", Severity.WARNING, "types.py"),
        ("email/__init__.py", Severity.WARNING, "email/__init__.py"),
        ("math.pyd", Severity.WARNING, "math.pyd"),
    ],
)
def test_names_that_others_use_are_told(
    path: str, severity: Severity, where: str
) -> None:
    (finding,) = told(contents(*files_at(path)))
    assert (finding.severity, finding.where) == (severity, where)


@pytest.mark.parametrize(
    "path",
    [
        "p.py",
        "module.py",
        "p/tests/__init__.py",
        "p-1.data/scripts/tests",
        "p-1.data/data/docs/x",
        "p-1.dist-info/licenses/LICENSE",
        "argparse.py",
        "typing.py",
        "x.pth",
        "p.version.txt",
        "p.libs/libz-12345678.so.1",
        "email/other.py",
    ],
)
def test_what_has_a_place_of_its_own_is_not_told(path: str) -> None:
    assert told(contents(*files_at(path))) == []


def test_a_directory_that_is_named_for_the_distribution_is_its_own() -> None:
    files = files_at("build/__init__.py")
    assert told(of_distribution("build", *files)) == []
    assert [found.where for found in told(of_distribution("p", *files))] == ["build/"]


@pytest.mark.parametrize(
    ("name", "path", "message"),
    [
        ("ujson", f"msvcp140-{'a4' * 16}.dll", "named by its content"),
        ("ujson", "msvcp140.dll", "where another wheel may put one"),
        ("ujson", "msvcp140-ujson-12345678.dll", ""),
        ("net-work", "libnet_work.dll", ""),
    ],
)
def test_libraries_beside_all_packages_are_told(
    name: str, path: str, message: str
) -> None:
    found = told(of_distribution(name, binary_file(path, windows())))
    assert len(found) == bool(message)
    for finding in found:
        assert finding.severity is Severity.WARNING
        assert message in finding.message
        assert finding.evidence[0] == f"installed as site-packages/{path}"


def test_a_module_is_told_by_its_init_function() -> None:
    module = replace(linux(), exports=frozenset({"PyInit_fast"}))
    assert told(contents(binary_file("fast.so", module))) == []
    of_python_2 = replace(linux(), exports=frozenset({"initfast"}))
    assert told(contents(binary_file("fast.so", of_python_2))) == []
    assert len(told(contents(binary_file("slow.so", module)))) == 1
    assert told(contents(binary_file("fast.pyd", windows()))) == []


def test_an_empty_init_file_of_a_shared_namespace_is_told() -> None:
    (finding,) = told(contents(File(path="google/__init__.py", size=0)))
    assert finding.evidence[0] == "google/__init__.py is empty"
    assert told(contents(File(path="google/__init__.py", size=80))) == []
    assert told(contents(File(path="google/p/__init__.py", size=0))) == []


def test_a_build_is_told_as_well() -> None:
    found = check_tree(contents(*files_at("p/__init__.py", "tests/__init__.py")))
    assert [finding.code for finding in found] == ["TW543"]


def test_the_table_holds_modules_that_this_python_has() -> None:
    assert sys.stdlib_module_names >= STANDARD_LIBRARY

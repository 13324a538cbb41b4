"""The libraries that CMake built, and where it installed them."""

from __future__ import annotations

import pytest

from support.checks import with_code
from support.facts import contents, files_at, module
from truewheel.checks import check_tree
from truewheel.model.contents import File
from truewheel.model.finding import Severity


def test_files_installed_outside_of_the_wheel_are_one_finding() -> None:
    """The module is named first; that it is missing from the wheel is then not told as well."""
    tree = contents(File(path="p/__init__.py", size=0))
    headers = [f"/usr/lib/{number}.h" for number in range(9)]
    module_path = "/usr/lib/p/_m.cpython-313-x86_64-linux-gnu.so"
    (finding,) = check_tree(
        tree,
        lost=["_m.cpython-313-x86_64-linux-gnu.so"],
        outside=(*headers, module_path),
    )
    assert finding.code == "TW542"
    assert finding.severity is Severity.WARNING
    assert finding.where == module_path
    assert finding.evidence == (
        *(f"so was {header}" for header in headers[:4]),
        "and 5 more",
    )


@pytest.mark.parametrize(
    ("files", "lost", "target", "package"),
    [
        (["p/__init__.py"], ["_m.abi3.so"], "_m", "p"),
        (["other/__init__.py"], ["sub/_m.abi3.so", "libx.so.1"], "_m", "other"),
        (["a/__init__.py", "P/__init__.py"], ["libx.so"], "x", "P"),
        (["single.py"], ["_m.pyd"], "_m", "p"),
    ],
)
def test_a_library_that_was_not_installed_is_told_with_its_target(
    files: list[str], lost: list[str], target: str, package: str
) -> None:
    tree = contents(*files_at(*files))
    (finding,) = check_tree(tree, lost=lost)
    assert finding.code == "TW541"
    assert finding.evidence == tuple(f"{path} was built" for path in lost)
    assert str(finding.hint).startswith(
        f"install(TARGETS {target} DESTINATION {package})"
    )


def test_a_library_that_was_built_into_the_package_is_not_missed() -> None:
    tree = contents(File(path="p/__init__.py", size=1), module("p/_m.abi3.so"))
    assert check_tree(tree, lost=["/source/src/p/_m.abi3.so"]) == ()


def test_a_module_beside_a_package_is_told_unless_it_is_imported_by_its_name() -> None:
    def is_told(*files: str, named: str = "") -> bool:
        findings = check_tree(contents(*files_at(*files)), named=frozenset({named}))
        return bool(with_code("TW503", findings))

    assert is_told("p/__init__.py", "_m.abi3.so")
    assert not is_told("p.py", "_m.abi3.so")
    assert not is_told("p/__init__.py", "_m.abi3.so", named="_m")
    assert is_told("p/__init__.py", "_m.abi3.so", named="_n")
    assert not is_told("p/__init__.py", "p/_m.abi3.so")

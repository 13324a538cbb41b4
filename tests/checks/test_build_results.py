"""What CMake built and where it installed it."""

from __future__ import annotations

import pytest

from support.facts import contents, files_at, module
from truewheel.checks import check_tree
from truewheel.model.contents import File
from truewheel.model.finding import Severity


def test_what_was_installed_outside_of_the_wheel_is_told_and_nothing_else() -> None:
    """The module is named first; that nothing was installed is then no riddle."""
    tree = contents(File(path="p/__init__.py", size=0))
    paths = (*(f"/usr/lib/{n}.h" for n in range(9)), "/usr/lib/p/_m.cpython-313-x86_64-linux-gnu.so")
    (finding,) = check_tree(tree, lost=["_m.cpython-313-x86_64-linux-gnu.so"], outside=paths)
    assert (finding.code, finding.severity, finding.where) == ("TW542", Severity.WARNING, paths[-1])
    assert finding.evidence == (*(f"so was /usr/lib/{n}.h" for n in range(4)), "and 5 more")


@pytest.mark.parametrize(
    ("files", "lost", "target", "package"),
    [
        (["p/__init__.py"], ["_m.abi3.so"], "_m", "p"),
        (["other/__init__.py"], ["sub/_m.abi3.so", "libx.so.1"], "_m", "other"),
        (["a/__init__.py", "P/__init__.py"], ["libx.so"], "x", "P"),
        (["single.py"], ["_m.pyd"], "_m", "p"),
    ],
)
def test_what_was_built_and_not_installed_is_told_with_its_target(
    files: list[str], lost: list[str], target: str, package: str
) -> None:
    tree = contents(*files_at(*files))
    (finding,) = check_tree(tree, lost=lost)
    assert (finding.code, finding.evidence) == ("TW541", tuple(f"{path} was built" for path in lost))
    assert str(finding.hint).startswith(f"install(TARGETS {target} DESTINATION {package})")


def test_what_was_built_into_the_package_is_not_lost() -> None:
    tree = contents(File(path="p/__init__.py", size=1), module("p/_m.abi3.so"))
    assert check_tree(tree, lost=["/source/src/p/_m.abi3.so"]) == ()


def test_a_module_beside_a_package_is_told_unless_it_is_imported_by_its_name() -> None:
    def found(*files: str, named: str = "") -> list[str]:
        listed = files_at(*files)
        tree = contents(*listed)
        return [f.where for f in check_tree(tree, named=frozenset({named})) if f.code == "TW503"]

    assert found("p/__init__.py", "_m.abi3.so") == ["_m.abi3.so"]
    assert found("p.py", "_m.abi3.so") == []
    assert found("p/__init__.py", "_m.abi3.so", named="_m") == []
    assert found("p/__init__.py", "_m.abi3.so", named="_n") == ["_m.abi3.so"]
    assert found("p/__init__.py", "p/_m.abi3.so") == []

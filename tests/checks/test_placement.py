"""Where files lie: beside packages, in install schemes, out of reach of any import."""

from __future__ import annotations

import pytest

from support.checks import codes_of_wheel, severities_of
from support.facts import contents, files_at, wheel
from truewheel.checks import check_tree, check_wheel
from truewheel.model.finding import Severity


@pytest.mark.parametrize(
    ("path", "code"),
    [("lib/libx.so", "TW503"), ("bin/tool", "TW503"), ("p-1.data/lib64/x", "TW510")],
)
def test_files_outside_of_packages_and_schemes_are_told(path: str, code: str) -> None:
    assert codes_of_wheel(wheel(path)) == [code]


def test_a_data_directory_of_another_wheel_is_told() -> None:
    (finding,) = check_wheel(wheel("q-1.data/scripts/x"))
    assert finding.code == "TW510"
    assert finding.severity is Severity.WARNING
    assert finding.where == "q-1.data/"
    assert codes_of_wheel(wheel("p-1.data/scripts/x", "p/q.data/x")) == []


@pytest.mark.parametrize(
    ("paths", "severities"),
    [
        (["p/data.txt"], [Severity.WARNING]),
        (["p/_m.cpython-313-x86_64-linux-gnu.so"], [Severity.NOTE]),
        (["p/_m.abi3.so", "p/__init__.pyi"], []),
        (["p-1.data/data/share/x"], []),
        (["a.py"], []),
        (["p-1.data/purelib/p/__init__.py"], []),
        (["p-stubs/__init__.pyi"], []),
        (["x.pth"], []),
    ],
)
def test_packages_without_python_files_are_told(
    paths: list[str], severities: list[Severity]
) -> None:
    findings = check_wheel(wheel(contents=contents(*files_at(*paths))))
    assert severities_of("TW516", findings) == severities


def test_an_editable_install_leaves_its_python_files_in_the_source() -> None:
    module = contents(*files_at("p/_m.abi3.so"))
    assert check_tree(module, is_editable=True) == ()


def test_a_build_without_an_init_file_is_warned_about() -> None:
    (finding,) = check_tree(contents(*files_at("p/_m.abi3.so")))
    assert finding.code == "TW516"
    assert finding.severity is Severity.WARNING


def test_a_package_called_lib_is_a_package() -> None:
    assert codes_of_wheel(wheel("lib/__init__.py", "lib/x.py")) == []

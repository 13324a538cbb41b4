"""Whether METADATA requires a NumPy with which the modules can be imported."""

from __future__ import annotations

import pytest

from support.facts import binary_file, contents, files_at
from support.slices import linux
from truewheel.audit.numpy_requirement import (
    numpy_findings,
    uses_of_numpy,
)
from truewheel.audit.requirements import Requirements
from truewheel.model.binary import NumpyApi
from truewheel.model.contents import Contents, File
from truewheel.model.finding import Finding, Severity
from truewheel.model.record import replace

MODULE = "p/_m.cpython-310-x86_64-linux-gnu.so"
OLD = NumpyApi(headers=1)
NEW = NumpyApi(headers=2, oldest="1.23")


def module(api: NumpyApi | None, path: str = MODULE) -> File:
    file = binary_file(path, linux())
    assert file.binary is not None
    return replace(file, binary=replace(file.binary, numpy_api=api))


def told(
    *requires: str,
    api: NumpyApi = NEW,
    python: tuple[int, int] = (3, 10),
    and_newer: bool = False,
    requires_python: str = "",
    more: tuple[File, ...] = (),
) -> list[Finding]:
    """Return the findings on a wheel with one module, and maybe others, for one Python, and maybe newer ones."""
    files = contents(module(api), *more)
    requirements = Requirements(
        requires,
        family="linux",
        cpu="x86_64",
        takes=lambda one: one == python or (and_newer and one > python),
        requires_python=requires_python,
    )
    uses = uses_of_numpy(files)
    return list(numpy_findings(uses, files, requirements, where="METADATA"))


def test_an_address_or_a_slip_is_not_taken_for_any_release() -> None:
    assert told("numpy @ https://example.invalid/numpy-1.26.4.tar.gz", api=OLD) == []
    # TW529 tells of it.
    assert told("numpy>>1", api=OLD) == []


# --- NumPy 2's headers ----------------------------------------------------------------------------------------------


def test_an_older_release_than_the_modules_need_is_told() -> None:
    (finding,) = told("numpy>=1.20")
    assert (finding.code, finding.severity) == ("TW211", Severity.WARNING)
    assert finding.message == "NumPy 1.22.4 is allowed, and the modules need 1.23 or newer"  # fmt: skip
    assert finding.evidence == (
        f'{MODULE} has the check of the C API from the headers of NumPy 2, for "NumPy 1.23"',
        "Requires-Dist: numpy>=1.20",
        "for Python 3.10 there is NumPy 1.21.2 to 1.22.4",
    )
    hint = finding.hint or ""
    assert '"numpy>=1.23"' in hint
    assert "NPY_TARGET_VERSION=NPY_1_21_API_VERSION" in hint


@pytest.mark.parametrize(
    "requirement",
    [
        "numpy>=1.23",
        "numpy>1.22.4,<3",
        "NumPy~=2.0",
        "numpy==1.26.4",
        'numpy>=1.20 ; python_version < "3.10"\nnumpy>=1.24 ; python_version >= "3.10"',
    ],
)
def test_a_requirement_that_allows_no_older_release_is_fine(requirement: str) -> None:
    assert told(*requirement.splitlines()) == []


def test_releases_without_a_wheel_for_the_python_do_not_count() -> None:
    # The oldest NumPy for Python 3.12 is 1.26.
    assert told("numpy", python=(3, 12)) == []
    assert told("numpy", python=(3, 9)) != []


def test_an_abi3_wheel_is_asked_about_each_python_that_it_is_for() -> None:
    (finding,) = told("numpy", python=(3, 9), and_newer=True)
    assert "Python 3.10" in finding.evidence[-1]
    wanted = ">=3.11"
    assert told("numpy", python=(3, 9), and_newer=True, requires_python=wanted) == []
    # What Requires-Python means is unknown then.
    assert told("numpy", requires_python="what") != []


def test_no_allowed_release_works() -> None:
    (finding,) = told("numpy<1.22")
    assert finding.message.startswith("NumPy 1.21.6 is allowed")


def test_modules_that_need_more_than_the_others_are_a_note() -> None:
    # h5py's _npystrings, which is imported with NumPy 2 only.
    special = module(NumpyApi(headers=2, oldest="2.0"), "p/_s.cpython-310-x86_64-linux-gnu.so")  # fmt: skip
    (finding,) = told("numpy>=1.23", more=(special,))
    assert (finding.code, finding.severity) == ("TW211", Severity.NOTE)
    assert finding.message == "NumPy 1.26.4 is allowed, and some modules cannot be imported with it"  # fmt: skip
    assert finding.evidence[0].startswith("p/_s.cpython-310")
    assert told("numpy>=2", more=(special,)) == []
    assert told("numpy>=2", more=(module(OLD, "p/_o.so"),))[0].severity is Severity.NOTE


# --- NumPy 1's headers ----------------------------------------------------------------------------------------------


def test_numpy_2_refuses_what_was_compiled_with_the_headers_of_numpy_1() -> None:
    (finding,) = told("numpy>=1.20", api=OLD)
    assert (finding.code, finding.severity) == ("TW211", Severity.WARNING)
    assert finding.message == (
        "NumPy 2.2.6 is allowed, and the modules were compiled with the headers of NumPy 1, which NumPy 2 refuses"
    )
    assert '"numpy<2"' in (finding.hint or "")


@pytest.mark.parametrize("requirement", ["numpy<2", "numpy~=1.24", "numpy==1.22.4"])
def test_numpy_1_takes_it(requirement: str) -> None:
    assert told(requirement, api=OLD) == []


def test_there_is_no_numpy_2_for_old_pythons() -> None:
    assert told("numpy", api=OLD, python=(3, 8)) == []


# --- nothing is required --------------------------------------------------------------------------------------------


def test_numpy_is_not_required() -> None:
    (finding,) = told()
    assert (finding.code, finding.severity) == ("TW212", Severity.WARNING)
    assert finding.message == "the wheel uses NumPy's C API, and does not require numpy"
    assert 'dependencies = ["numpy"]' in (finding.hint or "")


def test_something_else_may_bring_it() -> None:
    (finding,) = told("pandas")
    assert finding.severity is Severity.NOTE
    assert finding.evidence[-1] == "not known are the requirements of pandas"


def test_a_module_that_does_without_it_makes_a_note_of_it() -> None:
    other = binary_file("p/_n.cpython-310-x86_64-linux-gnu.so", linux())
    assert told(more=(other,))[0].severity is Severity.NOTE


def test_an_extra_says_that_it_is_optional() -> None:
    assert told("numpy>=1.20 ; extra == 'arrays'") == []


def test_a_marker_for_another_platform_does_not_help() -> None:
    text = 'numpy; sys_platform == "win32"'
    (finding,) = told(text)
    assert finding.code == "TW212"
    assert finding.evidence[1] == f"Requires-Dist: {text}, which does not hold here"


# --- which files count ----------------------------------------------------------------------------------------------


def test_numpy_itself_and_test_data_are_not_asked() -> None:
    (core,) = files_at("numpy/_core/_multiarray_umath.so")
    assert uses_of_numpy(contents(module(NEW), core)) == []
    assert uses_of_numpy(contents(module(NEW, "p/tests/_m.so"))) == []
    assert uses_of_numpy(Contents(files=(), dist_info="p-1.dist-info")) == []

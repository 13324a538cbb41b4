"""Who accepts a wheel, beside ``packaging``'s tags."""

from __future__ import annotations

import itertools

from packaging import tags

from truewheel.audit.python.interpreters import CompatiblePythons, compatible_pythons

MINORS = range(2, 21)
PYTHONS = [f"{kind}3{minor}" for kind in ("cp", "py") for minor in MINORS] + ["py3"]
ABIS = [
    f"cp3{minor}{flags}" for minor in MINORS for flags in ("", "t", "d", "m", "td")
] + ["abi3", "abi3t", "none"]


def accepted_pairs() -> set[tuple[str, str]]:
    """Return all pairs of Python and ABI tag that ``packaging`` lets some CPython 3 accept."""
    found: set[tuple[str, str]] = set()
    for minor in MINORS:
        own = f"cp3{minor}"
        malloc = [own + "m"] if minor < 8 else [own]  # packaging.tags._cpython_abis
        for abis in (
            [own],
            [own + "d", own],
            malloc,
            [own + "t"],
            [own + "td", own + "t"],
        ):
            found |= {
                (tag.interpreter, tag.abi)
                for tag in tags.cpython_tags((3, minor), abis, ["any"])
            }
        found |= {
            (tag.interpreter, tag.abi)
            for tag in tags.compatible_tags((3, minor), own, ["any"])
        }
    return found


def test_the_pairs_that_some_python_accepts_are_packagings() -> None:
    ours = {
        (python, abi)
        for python, abi in itertools.product(PYTHONS, ABIS)
        if compatible_pythons((python,), (abi,))
    }
    assert ours == accepted_pairs() & set(itertools.product(PYTHONS, ABIS))


def test_a_stable_abi_is_for_all_later_pythons() -> None:
    assert compatible_pythons(("cp39",), ("abi3",)) == (
        CompatiblePythons(
            pair="cp39-abi3",
            implementation="cp",
            version=(3, 9),
            and_newer=True,
            free_threaded=False,
        ),
    )


def test_a_version_specific_abi_is_for_one_build() -> None:
    assert compatible_pythons(("cp313",), ("cp313t",)) == (
        CompatiblePythons(
            pair="cp313-cp313t",
            implementation="cp",
            version=(3, 13),
            free_threaded=True,
        ),
    )


def test_pairs_that_nobody_accepts_are_left_out() -> None:
    found = compatible_pythons(("cp312", "cp313"), ("cp312", "cp313"))
    assert found is not None
    assert [pythons.pair for pythons in found] == ["cp312-cp312", "cp313-cp313"]


def test_nobody_knows_who_accepts_unknown_tags() -> None:
    assert compatible_pythons(("jy27",), ("none",)) is None

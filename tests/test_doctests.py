"""The examples in docstrings run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import truewheel

MODULES = [
    m.name
    for m in pkgutil.walk_packages(truewheel.__path__, "truewheel.")
    if not m.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_docstrings_are_true(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


def test_there_are_examples_in_docstrings() -> None:
    assert (
        sum(
            doctest.testmod(importlib.import_module(name)).attempted for name in MODULES
        )
        >= 10
    )
